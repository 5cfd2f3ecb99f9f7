"""Numbers and strangers' texts as the report and the terminal show them."""

import unicodedata
from html import escape

DASH = "–"
# Figures of evaluate.Figures, as people call them, and whether more is better. One not named here is not shown.
FIGURES = {
    "ham_held": ("good comments held", False),
    "ham_rejected": ("good comments rejected", False),
    "spam_approved": ("spam let through", False),
    "lam": ("lam (logistic average of the two)", False),
    "caught_at_1_percent": ("spam caught where 1 % of good ones are held", True),
    "caught_at_half_percent": ("spam caught where 0.5 % of good ones are held", True),
    "roc_auc": ("ROC-AUC", True),
    "average_precision": ("average precision", True),
    "brier": ("Brier score", False),
    "calibration_error": ("calibration error", False),
}
SHARES = frozenset(
    {"ham_held", "ham_rejected", "spam_approved", "lam", "caught_at_1_percent", "caught_at_half_percent"}
)
# Formatting characters change how a line looks from within; these two are part of ordinary words and emoji.
JOINERS = "\u200c\u200d"


def percent(share: float | None) -> str:
    """A share as a percentage with two or three digits that count."""
    if share is None:
        return DASH
    value = share * 100
    digits = 2 if value < 10 or value > 99 else 1
    shown = f"{value:.{digits}f}"
    return f"{shown.rstrip('0').rstrip('.') if float(shown) == round(float(shown)) else shown} %"


def day(iso: str) -> str:
    """A time of ISO 8601 to the minute."""
    return iso[:16].replace("T", " ") + " UTC" if iso.endswith("+00:00") else iso


def figure(name: str, value: float | None) -> str:
    """A figure by its name: shares as percentages, the others with four digits."""
    if value is None:
        return DASH
    return percent(value) if name in SHARES else f"{value:.4f}"


def change(name: str, value: float) -> str:
    """A difference of a figure, with its sign."""
    return f"{value * 100:+.2f}" if name in SHARES else f"{value:+.4f}"


def of_a_thousand(share: float) -> str:
    """How many of a thousand; below ten with a decimal, where that says more."""
    many = share * 1_000
    rounded = f"{many:.1f}"
    return f"{many:,.0f}" if many >= 10 or rounded.endswith(".0") else rounded


def visible(text: str) -> str:
    """A stranger's text on one piece of paper: what would command the display is written out, as ⟨U+202E⟩."""
    return "".join(character if _is_plain(character) else f"⟨U+{ord(character):04X}⟩" for character in text)


def _is_plain(character: str) -> bool:
    if character in "\n\t" or character in JOINERS:
        return True
    return unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def safe(text: object) -> str:
    """Any text for HTML: escaped, visible, and apart from the direction of what stands around it."""
    return f"<bdi>{escape(visible(str(text)))}</bdi>"

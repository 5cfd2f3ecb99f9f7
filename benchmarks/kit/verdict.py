"""The line under a table: where this project beats every peer, where it does not, and what was asked for."""

from collections.abc import Sequence

from .measures import Run

# Shares caught and blocked at one cut trade against each other, so each alone can be had for the asking; what is
# compared is what such a trade does not change, or what counts both.
COMPARED = {
    "accuracy": ("accuracy", True),
    "mcc": ("MCC", True),
    "lam": ("LAM", False),
    "roc_auc": ("ROC-AUC", True),
    "caught_at_half_percent": ("caught at 0.5 %", True),
    "caught_at_1_percent": ("caught at 1 %", True),
}
NAMES = {"caught": "spam caught", "blocked": "ham blocked", **{key: name for key, (name, _) in COMPARED.items()}}
LESS_IS_MORE = {"blocked", "lam"}
FINE = {"mcc", "roc_auc"}  # shown as they are; all else in percent


def against_peers(mine: tuple[str, Run], peers: Sequence[tuple[str, Run]]) -> str:
    """Our row beside the best peer of each figure."""
    if not peers:
        return "No peer was run."
    name, run = mine
    ahead, behind = [], []
    for key, (shown, more) in COMPARED.items():
        own = getattr(run, key)
        peer, best = max(peers, key=lambda row: getattr(row[1], key) * (1 if more else -1))
        theirs = getattr(best, key)
        if (own > theirs) if more else (own < theirs):
            ahead.append(shown)
        else:
            behind.append(f"{shown} ({_shown(key, own)}; {peer} {_shown(key, theirs)})")
    plain = name.replace("*", "")
    if not behind:
        return f"{plain} beats every peer in every compared figure: {', '.join(ahead)}."
    if not ahead:
        return f"{plain} beats the best peer in none of the compared figures: {', '.join(behind)}."
    return f"{plain} beats every peer in {', '.join(ahead)}; not in {', '.join(behind)}."


def against_reach(mine: tuple[str, Run], reach: dict[str, float]) -> str:
    """What was asked for, and whether it is there."""
    told = []
    for key, wanted in reach.items():
        own = getattr(mine[1], key)
        less = key in LESS_IS_MORE
        met = own <= wanted if less else own >= wanted
        sign = "≤" if less else "≥"
        told.append(
            f"{NAMES[key]} {sign} {_shown(key, wanted)}: {'reached' if met else f'missed ({_shown(key, own)})'}"
        )
    return f"Asked for: {', '.join(told)}." if told else ""


def _shown(key: str, value: float) -> str:
    if key in FINE:
        return f"{value:.4f}".rstrip("0") if key == "roc_auc" else f"{value:.3f}"
    return f"{value * 100:.2f}".rstrip("0").rstrip(".") + " %"

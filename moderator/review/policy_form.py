"""A site's policy as a form has it: thresholds in per cent, lists one entry a line."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation

from moderator import links
from moderator.comment import Comment
from moderator.policy import SitePolicy
from moderator.reading import read
from moderator.review.language import decimals, gettext, marked, number

MOST_ENTRIES, MOST_OF_AN_ENTRY = 500, 200
LISTS = {
    "blocked_words": marked("Blocked words"),
    "blocked_hosts": marked("Blocked hosts"),
    "blocked_authors": marked("Blocked authors"),
    "allowed_words": marked("Allowed words"),
    "allowed_hosts": marked("Allowed hosts"),
    "allowed_authors": marked("Allowed authors"),
}
THRESHOLDS = {"hold_above": marked("Hold above"), "reject_above": marked("Reject above")}
BUDGETS = {
    "hold_budget": marked("Of 1,000 good comments, hold at most"),
    "reject_budget": marked("Of 1,000 good comments, reject at most"),
}
SHADOW = {"shadow": marked("Only watch")}
FIELDS = (*BUDGETS, *THRESHOLDS, *LISTS, *SHADOW)
# Of what a budget means: 2,995 good comments prove 1 in 1,000; less than that no site has enough for.
LEAST_BUDGET, MOST_BUDGET = 0.0005, 0.2


@dataclass(frozen=True, slots=True)
class Asked:
    """What a form asks for: the policy, or what is wrong by field. ``typed`` is the form's text by field."""

    policy: SitePolicy
    typed: Mapping[str, str]
    problems: Mapping[str, str]


def typed(policy: SitePolicy) -> dict[str, str]:
    """The form's fields for a policy; :func:`asked` makes the same policy of them."""
    fields = {name: _per_thousand(getattr(policy, name)) for name in BUDGETS}
    fields |= {name: _per_cent(getattr(policy, name)) for name in THRESHOLDS}
    fields |= {"shadow": "yes" if policy.shadow else ""}
    return fields | {name: "\n".join(getattr(policy, name)) for name in LISTS}


def asked(form: Mapping[str, str]) -> Asked:
    """The policy that a form asks for. Entries become what the rules compare with; the same twice is one."""
    given = {name: form.get(name, "") for name in FIELDS}
    problems: dict[str, str] = {}
    values: dict[str, float | tuple[str, ...] | bool | None] = {"shadow": given["shadow"] == "yes"}
    for name in BUDGETS:
        try:
            values[name] = _budget(given[name])
        except ValueError as wrong:
            problems[name] = str(wrong)
    for name in THRESHOLDS:
        try:
            values[name] = _threshold(given[name])
        except ValueError as wrong:
            problems[name] = str(wrong)
    for name in LISTS:
        try:
            values[name] = _entries(given[name], _NORMAL[name])
        except ValueError as wrong:
            problems[name] = str(wrong)
    for budget, line in (("hold_budget", "hold_above"), ("reject_budget", "reject_above")):
        if values.get(budget) is not None and values.get(line) is not None:
            problems[line] = gettext("There is a budget above. Keep one of the two, and leave the other empty.")
    hold, reject = values.get("hold_above"), values.get("reject_above")
    if isinstance(hold, float) and isinstance(reject, float) and reject < hold:
        problems["reject_above"] = gettext(
            "This is below the line for holding, so nothing would ever be held. Raise it."
        )
    both = set(values.get("blocked_authors") or ()) & set(values.get("allowed_authors") or ())  # type: ignore[arg-type]
    if both:
        problems["allowed_authors"] = gettext(
            "“%(author)s” is blocked above, which counts more. Take it out of one list.", author=min(both)
        )
    policy = SitePolicy() if problems else SitePolicy(**values)  # type: ignore[arg-type]
    return Asked(policy, given, problems)


def chosen(policy: SitePolicy) -> SitePolicy:
    """What somebody chose of it, without what was derived from that."""
    return replace(policy, derived_model="", derived_from=0, derived_hold=None, derived_reject=None)


def fingerprint(policy: SitePolicy) -> str:
    """By which a form knows whether the policy is still the one that it was made for."""
    return hashlib.sha256(repr(chosen(policy)).encode("utf-8", "replace")).hexdigest()[:24]


def differing(one: SitePolicy, other: SitePolicy) -> list[str]:
    """The names of the fields in which two policies differ, as people read them."""
    titles = BUDGETS | THRESHOLDS | LISTS | SHADOW
    return [gettext(titles[name]) for name in FIELDS if getattr(one, name) != getattr(other, name)]


def _per_thousand(budget: float | None) -> str:
    return "" if budget is None else f"{Decimal(repr(budget)) * 1000:f}".rstrip("0").rstrip(".") or "0"


def _budget(text: str) -> float | None:
    text = text.strip().replace(",", ".")
    if not text:
        return None
    try:
        share = Decimal(text) / 1000 if len(text) <= 20 else Decimal("NaN")
    except ArithmeticError:  # no number, or none that can be divided
        share = Decimal("NaN")
    if not (share.is_finite() and LEAST_BUDGET <= share <= MOST_BUDGET):
        raise ValueError(
            gettext(
                "This must be a number from %(least)s to %(most)s. Leave it empty for the model’s own line.",
                least=decimals(LEAST_BUDGET * 1000, 1),
                most=number(MOST_BUDGET * 1000),
            )
        )
    return float(share)


def _per_cent(threshold: float | None) -> str:
    return "" if threshold is None else f"{Decimal(repr(threshold)) * 100:f}".rstrip("0").rstrip(".") or "0"


def _threshold(text: str) -> float | None:
    text = text.strip().removesuffix("%").strip().replace(",", ".")
    if not text:
        return None
    try:
        share = Decimal(text) if len(text) <= 20 else Decimal("NaN")
    except InvalidOperation:
        share = Decimal("NaN")
    if not (share.is_finite() and 0 <= share <= 100):
        raise ValueError(
            gettext("This must be a number from 0 to 100, in per cent. Leave it empty for the model’s own.")
        )
    return float(share / 100)


def _entries(text: str, normal: Callable[[str], str]) -> tuple[str, ...]:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > MOST_ENTRIES:
        raise ValueError(
            gettext(
                "These are %(number)s lines; at most %(most)s are taken.",
                number=number(len(lines)),
                most=number(MOST_ENTRIES),
            )
        )
    too_long = next((line for line in lines if len(line) > MOST_OF_AN_ENTRY), "")
    if too_long:
        raise ValueError(
            gettext(
                "A line has %(number)s characters; at most %(most)s are taken.",
                number=number(len(too_long)),
                most=number(MOST_OF_AN_ENTRY),
            )
        )
    return tuple(dict.fromkeys(normal(line) for line in lines))


def _word(line: str) -> str:
    words = " ".join(read(Comment(line)).words)
    if not words:
        raise ValueError(
            gettext("“%(line)s” has no word in it that could be looked for. Write words, or block its host.", line=line)
        )
    return words


def _host(line: str) -> str:
    text = line.removeprefix("*.")
    if text.count(":") > 1 and not any(sign in text for sign in "[/"):
        text = f"http://[{text}]"  # IPv6, as we write it ourselves
    link = links.make(text) or links.make(f"http://{text}")  # a host that is a number needs the scheme
    if link is None or any(character.isspace() for character in link.host):
        raise ValueError(
            gettext("“%(line)s” is no host. Write it as evil.example; its subdomains are meant with it.", line=line)
        )
    return link.host


def _author(line: str) -> str:
    return line.lower()


_NORMAL: dict[str, Callable[[str], str]] = {
    "blocked_words": _word,
    "blocked_hosts": _host,
    "blocked_authors": _author,
    "allowed_words": _word,
    "allowed_hosts": _host,
    "allowed_authors": _author,
}

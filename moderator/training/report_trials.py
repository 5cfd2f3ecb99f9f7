"""What the page says of trials beside the yardstick: the search for a setting, and the split by time."""

from collections.abc import Mapping
from typing import Any

from moderator.training.measure import SURE
from moderator.training.report_tables import row, section, table
from moderator.training.wording import DASH, FIGURES, day, figure, percent, safe

Content = Mapping[str, Any]
SETTING = {
    "strength": "strength (inverse regularisation)",
    "author": "room of the author's name",
    "address": "room of the author's address",
    "signals": "room of the signals",
    "dropped": "how much copies without a field count",
}


def _figures(found: Content) -> list[str]:
    rows = []
    for name, value in found["figures"].items():
        pair = found["intervals"].get(name)
        between = f"{figure(name, pair[0])} to {figure(name, pair[1])}" if pair else DASH
        rows.append(row(FIGURES[name][0], f"<strong>{figure(name, value)}</strong>", between))
    return rows


def search(content: Content) -> str:
    """The setting that was picked, what was picked in each outer fold, and what the search is worth."""
    found = content.get("search")
    if not found:
        return ""
    by = "whole sources" if found["folds_by"] == "source" else "groups of comments that belong together"
    lead = (
        f"{found['candidates']} settings were tried. What the search is worth was measured on {found['comments']:,} "
        f"comments by folds of {by}; no fold was seen by the search that it judges."
    )
    picks = [
        row(
            says,
            f"<strong>{found['setting'][name]:g}</strong>",
            f"{found['usual'][name]:g}",
            ", ".join(f"{picked[name]:g}" for picked in found["picked"]),
        )
        for name, says in SETTING.items()
    ]
    chosen = table(["", "picked", "usual", "picked in the outer folds"], picks)
    return section(
        "The search for a setting", lead, chosen + table(["", "", f"between, at {percent(SURE)}"], _figures(found))
    )


def in_time(content: Content) -> str:
    """Learned from the past, tried on the newest fifth; or why there is no such figure."""
    found = content.get("in_time")
    title = "Learned from the past, tried on the newest"
    if not found:
        return ""
    if isinstance(found, str):
        return section(title, "", f"<p>{safe(found[0].upper() + found[1:])}.</p>")
    sources = ", ".join(safe(name) for name in found["sources"])
    lead = (
        f"A fit on {found['learned']:,} comments, none of them newer than {safe(day(found['since']))} in its source, "
        f"judged {found['comments']:,} newer ones ({found['spam']:,} spam) of {sources}."
    )
    return section(title, lead, table(["", "", f"between, at {percent(SURE)}"], _figures(found)))

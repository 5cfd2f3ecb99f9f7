"""Tables as Markdown, and the page that they make together."""

import importlib.metadata
import json
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from . import verdict
from .kept import digest_of_files
from .measures import Run
from .methods import AUTHOR, Field, Grid, Table

HEADS = (
    "accuracy %",
    "spam caught %",
    "ham blocked %",
    "MCC",
    "LAM %",
    "ROC-AUC",
    "caught at 0.5 % ham blocked",
    "at 1 %",
)
PAGE = """# Benchmarks of quality

Written by `make bench-quality`. Every row was run there, on the same splits, peers unmodified: textbook pipelines of
scikit-learn; what pip brings (fastText, Vowpal Wabbit, river, LightGBM, a sentence transformer); and Debian's mail
filters (bogofilter, SpamAssassin, rspamd), for which a comment is put into the plainest mail there is. A comment counts
as spam above a probability of one half. “Caught at x % ham blocked” has its threshold from the tested ham: an upper
bound on what a shipped threshold reaches. LAM is the logistic average of missed spam and blocked ham. Minutes are those
of the latest run, which does not ask peers again whose answers were kept.
"""


@dataclass(frozen=True)
class Part:
    """One protocol as it was run: Markdown, with what, when, and how long it took."""

    shown: str
    ran: str
    code: str  # a name for this project's code and model then
    minutes: float

    def keep(self, path: Path) -> None:
        """Write it, to be put together with others later."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), ensure_ascii=False, indent=1), "utf-8")


def kept_part(path: Path) -> Part | None:
    """What an earlier run kept."""
    return Part(**json.loads(path.read_text("utf-8"))) if path.is_file() else None


def code_now(root: Path) -> str:
    """A name for the code and the model as they are."""
    return digest_of_files(root / "moderator", root / "benchmarks" / "kit", root / "model" / "current.json")


def shown(table: Table | Grid) -> tuple[str, object]:
    """A protocol's figures as Markdown, and as values for JSON."""
    if isinstance(table, Table):
        return markdown(table), {name.replace("*", ""): run.to_json() for name, run in table.rows}
    lines = [
        f"### {table.key}: {table.title}",
        "",
        f"| | {' | '.join(table.heads)} |",
        "|---" * (len(table.heads) + 1) + "|",
    ]
    lines += [f"| {name} | {' | '.join(cells)} |" for name, cells in table.rows]
    values = {name.replace("*", ""): dict(zip(table.heads, cells, strict=True)) for name, cells in table.rows}
    return "\n".join([*lines, *_apart(table.notes)]).rstrip() + "\n", values


def markdown(table: Table) -> str:
    """One protocol; ours first, peers in falling order of ROC-AUC; then in words who is ahead."""
    mine = [row for row in table.rows if row[0].startswith("**")]
    others = sorted((row for row in table.rows if not row[0].startswith("**")), key=lambda row: -row[1].roc_auc)
    lines = [
        f"### {table.key}: {table.title}",
        "",
        f"| method | {' | '.join(HEADS)} |",
        "|---" * (len(HEADS) + 1) + "|",
    ]
    for name, run in [*mine, *others]:
        cells = (
            f"{run.accuracy:.1%}", f"{run.caught:.1%}", f"{run.blocked:.2%}", f"{run.mcc:.3f}", f"{run.lam:.2%}",
            f"{run.roc_auc:.4f}", f"{run.caught_at_half_percent:.1%}", f"{run.caught_at_1_percent:.1%}",
        )  # fmt: skip
        lines.append(f"| {name} | {' | '.join(cell.rstrip('%') for cell in cells)} |")
    told = [verdict.against_peers(row, [other for other in others if _same_view(row, other)]) for row in mine]
    told += [verdict.against_reach(mine[0], table.reach)] if table.reach else []
    told += [*table.notes, *(f"Not run: {name}: {why}" for name, why in table.skipped.items())]
    return "\n".join([*lines, *_apart(told)]).rstrip() + "\n"


def _same_view(row: tuple[str, Run], other: tuple[str, Run]) -> bool:
    """Whether both saw the authors, or neither did."""
    return (AUTHOR in row[0]) == (AUTHOR in other[0])


def _apart(paragraphs: Iterable[str]) -> list[str]:
    return [line for paragraph in paragraphs for line in ("", paragraph)]


def ran(field: Field) -> str:
    """What it ran on and with, and when."""
    used = [f"{name} {importlib.metadata.version(name)}" for name in ("numpy", "scikit-learn")]
    used += [f"{name} {version}" for name, version in sorted(field.versions().items())]
    return f"{date.today().isoformat()}, Python {platform.python_version()}, {', '.join(used)}"


def page(parts: Sequence[Part], code: str, skipped: dict[str, str]) -> str:
    """docs/benchmarks.md."""
    runs: dict[str, list[str]] = {}
    told = []
    for part in parts:
        key = part.shown.removeprefix("### ").partition(":")[0]
        runs.setdefault(part.ran, []).append(f"{key} in {max(part.minutes, 0.1):.1f} minutes")
        stale = "" if part.code == code else "\n(Run before the latest change of the code.)\n"
        told.append(part.shown + stale)
    head = [f"{ran}: {', '.join(keys)}." for ran, keys in runs.items()]
    return "\n".join(
        [PAGE, *(f"{line}\n" for line in head), *(f"Not run: {n}: {w}.\n" for n, w in skipped.items()), *told]
    )

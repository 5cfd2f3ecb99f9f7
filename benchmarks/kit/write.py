"""Tables as Markdown."""

import importlib.metadata
import platform
from collections.abc import Sequence
from datetime import date

from .methods import Field, Grid, Table

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
    return "\n".join([*lines, "", *table.notes]).rstrip() + "\n", values


def markdown(table: Table) -> str:
    """One protocol; ours first, peers in falling order of ROC-AUC."""
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
    lines += ["", *table.notes]
    lines += [f"Not run: {name}: {why}" for name, why in table.skipped.items()]
    return "\n".join(lines).rstrip() + "\n"


def versions(field: Field) -> str:
    """What it ran on and with."""
    used = [f"{name} {importlib.metadata.version(name)}" for name in ("numpy", "scikit-learn")]
    if field.outside:
        used += sorted({f"{name.split()[0]} {version}" for name, version in field.outside.versions.items()})
    return f"{date.today().isoformat()}, Python {platform.python_version()}, {', '.join(used)}."


def page(parts: Sequence[str], field: Field) -> str:
    """docs/benchmarks.md."""
    head = (
        "# Benchmarks of quality\n\nWritten by `python benchmarks/quality.py --write docs/benchmarks.md`; every row "
        "was run there, on the same splits. “Caught at x % ham blocked” has its threshold from the tested ham: an "
        "upper bound on what a shipped threshold reaches.\n"
    )
    return "\n".join([head, versions(field) + "\n", *parts])

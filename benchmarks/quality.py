"""The classifier beside its peers, on the same comments and the same splits, in one run.

    python benchmarks/quality.py                           every protocol, peers that are here
    python benchmarks/quality.py --only Q1,Q5 --install    some protocols; peers that pip and apt bring come first
    python benchmarks/quality.py --install --resume --write docs/benchmarks.md

Answers of peers are kept under build/quality; with --resume a run that was broken off goes on with them. This project's
own figures are always those of the code that runs. Each protocol's table is kept there too, and --write makes the page
of all that are kept, whether they were run now or before.

The data is found through MODERATOR_SHARED (default: ``shared`` beside the project); without it nothing here can run.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"  # one core, before NumPy is loaded
sys.path.insert(0, str(Path(__file__).parent.parent))

import click

from benchmarks.kit import cold, data, evasion, external, kept, mail, protocols, write
from benchmarks.kit.methods import Field, Grid, Table, say

PROTOCOLS: tuple[tuple[str, Callable[[Field], Table | Grid | list[Grid]]], ...] = (
    ("Q1", protocols.youtube_forward),
    ("Q2", protocols.youtube_leave_out),
    ("Q3", protocols.youtube_online),
    ("Q4", protocols.sms),
    ("Q5", cold.blogs),
    ("Q5a", protocols.haacked),
    ("Q5b", protocols.datacamp),
    ("Q6", evasion.disguises),
    ("Q7", protocols.blog_online),
)


@click.command()
@click.option("--only", default="", help="Which protocols, with commas between them.  [default: all]")
@click.option("--peers", type=click.Choice(["none", "textbook", "all"]), default="all", show_default=True)
@click.option(
    "--install", is_flag=True, help="Bring peers: by pip into an environment of their own, by apt-get as root."
)
@click.option("--resume", is_flag=True, help="Take answers of peers that an earlier run kept.")
@click.option(
    "--folder", type=click.Path(path_type=Path), default=data.ROOT / "build", help="Where peers and answers are."
)
@click.option("--every", default=50, show_default=True, help="How often peers that cannot learn online are refitted.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--write", "into", type=click.Path(path_type=Path), help="Write the tables to this Markdown file.")
def main(
    only: str, peers: str, install: bool, resume: bool, folder: Path, every: int, as_json: bool, into: Path | None
) -> None:
    """Accuracy, ROC-AUC and what an operator feels, protocol by protocol."""
    wanted = {key.strip().upper() for key in only.split(",") if key.strip()}
    unknown = wanted - {key.upper() for key, _ in PROTOCOLS}
    if unknown:
        raise click.UsageError(
            f"no protocol {', '.join(sorted(unknown))}; there are {', '.join(key for key, _ in PROTOCOLS)}"
        )
    answers = kept.Kept(folder / "quality" / "answers", resume=resume)
    field = Field(answers, textbook=peers != "none", every=every)
    if peers == "all":
        field.others = (
            external.Outside(folder / "peers", answers, bring=install),
            mail.MailFilters(folder / "mail", answers, bring=install),
        )
    for name, why in field.skipped().items():
        say(f"not run: {name}: {why}")
    found: dict[str, object] = {}
    tables = folder / "quality" / "tables"
    code = write.code_now(data.ROOT)
    try:
        for key, run in PROTOCOLS:
            if not wanted or key.upper() in wanted:
                found |= _run(key, run, field, code, tables / f"{key}.json", quiet=as_json)
                if into:  # after each protocol: a run that is broken off has written what it had
                    _write(into, tables, code, field)
    finally:
        field.close()
    if as_json:
        print(json.dumps(found, indent=1))


def _run(
    key: str,
    run: Callable[[Field], Table | Grid | list[Grid]],
    field: Field,
    code: str,
    kept_in: Path,
    *,
    quiet: bool,
) -> dict[str, object]:
    """One protocol, shown and kept; its figures."""
    start = time.monotonic()
    try:
        tables = run(field)
    except data.Missing as missing:
        say(f"{key}: {missing}")
        return {}
    found, shown = {}, []
    for table in tables if isinstance(tables, list) else [tables]:
        text, found[f"{key} {table.title}"] = write.shown(table)
        shown.append(text)
    if not quiet:
        print("\n".join(shown), flush=True)
    write.Part("\n".join(shown), write.ran(field), code, (time.monotonic() - start) / 60).keep(kept_in)
    return found


def _write(into: Path, tables: Path, code: str, field: Field) -> None:
    """The page, of every protocol that was run now or before."""
    parts = [part for key, _ in PROTOCOLS if (part := write.kept_part(tables / f"{key}.json"))]
    into.parent.mkdir(parents=True, exist_ok=True)
    into.write_text(write.page(parts, code, field.skipped()), "utf-8")


if __name__ == "__main__":
    main()

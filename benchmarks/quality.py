"""The classifier beside its peers, on the same comments and the same splits, in one run.

    python benchmarks/quality.py                           every protocol, peers that are here
    python benchmarks/quality.py --only Q1,Q5 --install    some protocols; peers that pip brings are installed first
    python benchmarks/quality.py --install --write docs/benchmarks.md

The data is found through MODERATOR_SHARED (default: ``shared`` beside the project); without it nothing here can run
but the starter corpus' own protocol.
"""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"  # one core, before NumPy is loaded
sys.path.insert(0, str(Path(__file__).parent.parent))

import click

from benchmarks.kit import cold, data, evasion, methods, protocols, write
from benchmarks.kit.methods import Field, Grid, Table, say

PROTOCOLS: tuple[tuple[str, Callable[[Field], Table | Grid | list[Grid]]], ...] = (
    ("Q1", protocols.youtube_forward),
    ("Q2", protocols.youtube_leave_out),
    ("Q3", protocols.youtube_online),
    ("Q4", protocols.sms),
    ("Q5", cold.blogs),
    ("Q5a", lambda field: protocols.same_blog(field, "blog_haacked", "Q5a", ham=3_000)),
    ("Q5b", lambda field: protocols.same_blog(field, "blog_datacamp", "Q5b")),
    ("Q6", evasion.disguises),
    ("Q7", protocols.blog_online),
)


@click.command()
@click.option("--only", default="", help="Which protocols, with commas between them.  [default: all]")
@click.option("--peers", type=click.Choice(["none", "textbook", "all"]), default="all", show_default=True)
@click.option("--install", is_flag=True, help="Install the peers that pip brings into an environment of their own.")
@click.option(
    "--peers-folder", type=click.Path(path_type=Path), default=data.ROOT / "build" / "peers", help="Where that is."
)
@click.option("--every", default=50, show_default=True, help="How often peers that cannot learn online are refitted.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--write", "into", type=click.Path(path_type=Path), help="Write the tables to this Markdown file.")
def main(
    only: str, peers: str, install: bool, peers_folder: Path, every: int, as_json: bool, into: Path | None
) -> None:
    """Accuracy, ROC-AUC and what an operator feels, protocol by protocol."""
    wanted = {key.strip().upper() for key in only.split(",") if key.strip()}
    unknown = wanted - {key.upper() for key, _ in PROTOCOLS}
    if unknown:
        raise click.UsageError(
            f"no protocol {', '.join(sorted(unknown))}; there are {', '.join(key for key, _ in PROTOCOLS)}"
        )
    outside = None
    if peers == "all":
        if install or (peers_folder / "bin" / "python").is_file():
            outside = methods.outside(peers_folder)
        else:
            say("peers from pip are not run; pass --install to bring them")
    field = Field(textbook=peers != "none", outside=outside, every=every)
    found: dict[str, object] = {}
    parts: list[str] = []
    for key, run in PROTOCOLS:
        if wanted and key.upper() not in wanted:
            continue
        try:
            tables = run(field)
        except data.Missing as missing:
            say(f"{key}: {missing}")
            continue
        for table in tables if isinstance(tables, list) else [tables]:
            shown, figures = write.shown(table)
            parts.append(shown)
            found[f"{key} {table.title}"] = figures
            if not as_json:
                print(shown, flush=True)
        if into and parts:  # after each protocol: a run that is broken off has written what it had
            into.parent.mkdir(parents=True, exist_ok=True)
            into.write_text(write.page(parts, field), "utf-8")
    if outside:
        outside.close()
    if as_json:
        print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()

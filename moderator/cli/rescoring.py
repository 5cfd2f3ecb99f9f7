"""rescore: shards of comments scored anew, here or on a cluster."""

import sys
from pathlib import Path
from typing import Any

import click

from moderator.cli.common import as_json, finds_installation, print_json, settings_of


@click.command()
@click.argument("shards", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--into", required=True, type=click.Path(path_type=Path), help="The folder that the scores go into.")
@click.option("--model", metavar="ID", help="Another model than the one in force.")
@click.option("--jobs", type=click.IntRange(1), help="Processes at work.  [default: one a core]")
@click.option("--cluster", metavar="ADDRESS", help="Work on a Dask cluster: its scheduler, as tcp://host:8786.")
@finds_installation
@as_json
def rescore(
    shards: tuple[Path, ...],
    into: Path,
    model: str | None,
    jobs: int | None,
    cluster: str | None,
    as_json: bool,
    **flags: Any,
) -> None:
    """Score SHARDS, files of JSON lines (also gzipped), anew: for each a file of the same name with a score a line.

    Shards that are in the folder already are passed over, so that a run that was broken off goes on. Nothing is stored.

    \b
    moderator rescore more.jsonl --into scores
    """
    from moderator.server import open_shelf

    try:
        from moderator.training import parallel
        from moderator.training.rescore import RescoreError
        from moderator.training.rescore import rescore as run
    except ModuleNotFoundError as error:
        raise click.ClickException(
            f"rescoring needs {error.name}; install it with: pip install 'moderator[train]'"
        ) from None
    if jobs and cluster:
        raise click.ClickException("--jobs is for this machine; a cluster has the workers that it has: leave one out")
    shelf = open_shelf(settings_of(**flags))
    current = shelf.current()
    if model is None and current is None:
        raise click.ClickException(shelf.problem)
    folder = shelf.folder_of(model or (current.id if current else ""))
    try:
        with parallel.cluster(cluster) if cluster else parallel.local(jobs) as workers:
            done = run(shards, into, folder, workers, show=_show)
    except (RescoreError, parallel.ClusterError) as error:
        raise click.ClickException(str(error)) from None
    if as_json:
        print_json({"shards": done.shards, "comments": done.comments, "broken": done.broken, "skipped": done.skipped})
        return
    broken = f", {done.broken} lines could not be read (each says why)" if done.broken else ""
    there = f"; {done.skipped} shards were there already" if done.skipped else ""
    click.echo(f"{done.comments:,} comments of {done.shards} shards are scored into {into}{broken}{there}")


def _show(shard: int, of: int, comments: int) -> None:
    print(f"shard {shard} of {of}: {comments:,} comments", file=sys.stderr)

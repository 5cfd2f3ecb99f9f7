"""train: learn from everything that is labelled, here or on a cluster."""

from pathlib import Path
from typing import Any

import click

from moderator.cli.common import finds_installation, settings_of


@click.command()
@finds_installation
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--keep-good-rows", is_flag=True, help="Pass over broken rows instead of stopping.")
@click.option("--force", is_flag=True, help="Promote the new model even where it is worse.")
@click.option("--fresh", is_flag=True, help="Start from nothing instead of from the current model.")
@click.option(
    "--search", "searched", is_flag=True, help="With --fresh: look for a better setting first; takes some 200 fits."
)
@click.option("--by-source", is_flag=True, help="With --search: a source is learned or tested as a whole.")
@click.option(
    "--doubt",
    type=click.Choice(["others", "all", "none"]),
    default="others",
    show_default=True,
    help="Whose labels are left out where all others deny them: files' and blogs', also moderators', nobody's.",
)
@click.option("--jobs", type=click.IntRange(1), help="Processes at work.  [default: one a core]")
@click.option("--cluster", metavar="ADDRESS", help="Work on a Dask cluster: its scheduler, as tcp://host:8786.")
@click.option("--into", type=click.Path(path_type=Path), help="Where models are put.  [default: DATA/model]")
@click.option("--quiet", is_flag=True, help="Show no progress.")
def train(
    files: tuple[Path, ...],
    keep_good_rows: bool,
    force: bool,
    fresh: bool,
    searched: bool,
    by_source: bool,
    doubt: str,
    jobs: int | None,
    cluster: str | None,
    into: Path | None,
    quiet: bool,
    **flags: Any,
) -> int:
    """Fit a model to the verdicts, the starter corpus and FILES (labelled JSONL or CSV); promote it if no worse.

    FILES may be larger than memory: comments and their features lie on disk, in the data folder, while it works.

    \b
    moderator train --data ./data more.jsonl
    """
    if jobs and cluster:
        raise click.ClickException("--jobs is for this machine; a cluster has the workers that it has: leave one out")
    if searched and not fresh:
        raise click.ClickException("--search looks for the setting of a model that starts from nothing: add --fresh")
    if by_source and not searched:
        raise click.ClickException("--by-source says how --search splits; add --search")
    try:
        from moderator.training import command, parallel
        from moderator.training.corpus import CorpusError
        from moderator.training.doubt import Doubt
    except ModuleNotFoundError as error:
        raise click.ClickException(
            f"training needs {error.name}; install it with: pip install 'moderator[train]'"
        ) from None
    from moderator.server import open_shelf, open_store

    settings = settings_of(**flags)
    store = open_store(settings)
    try:
        with parallel.cluster(cluster) if cluster else parallel.local(jobs) as workers:
            return command.train(
                store,
                open_shelf(settings),
                files=files,
                keep_good_rows=keep_good_rows,
                force=force,
                fresh=fresh,
                into=into,
                searched=searched,
                by_source=by_source,
                doubt=Doubt(doubt),
                scratch=settings.data,
                workers=workers,
                progress=command.Console(quiet=quiet),
            )
    except (CorpusError, parallel.ClusterError) as error:
        raise click.ClickException(str(error)) from None
    finally:
        store.close()

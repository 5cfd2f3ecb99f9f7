"""train · score."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from moderator.cli.common import finds_installation, print_json, settings_of
from moderator.comment import Comment, CommentError
from moderator.labelled import comment_of
from moderator.policy import SitePolicy


@click.command()
@finds_installation
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--keep-good-rows", is_flag=True, help="Pass over broken rows instead of stopping.")
@click.option("--force", is_flag=True, help="Promote the new model even where it is worse.")
@click.option("--fresh", is_flag=True, help="Start from nothing instead of from the current model.")
@click.option("--into", type=click.Path(path_type=Path), help="Where models are put.  [default: DATA/model]")
@click.option("--quiet", is_flag=True, help="Show no progress.")
def train(
    files: tuple[Path, ...],
    keep_good_rows: bool,
    force: bool,
    fresh: bool,
    into: Path | None,
    quiet: bool,
    **flags: Any,
) -> int:
    """Fit a model to the verdicts, the starter corpus and FILES (labelled JSONL or CSV); promote it if no worse.

    \b
    moderator train --data ./data more.jsonl
    """
    try:
        from moderator.training import command
        from moderator.training.corpus import CorpusError
    except ModuleNotFoundError as error:
        raise click.ClickException(
            f"training needs {error.name}; install it with: pip install 'moderator[train]'"
        ) from None
    from moderator.server import open_shelf, open_store

    settings = settings_of(**flags)
    store = open_store(settings)
    try:
        return command.train(
            store,
            open_shelf(settings),
            files=files,
            keep_good_rows=keep_good_rows,
            force=force,
            fresh=fresh,
            into=into,
            progress=command.Console(quiet=quiet),
        )
    except CorpusError as error:
        raise click.ClickException(str(error)) from None
    finally:
        store.close()


@click.command()
@finds_installation
@click.option("--jsonl", help="A file with one labelled comment a line; - is standard input.")
@click.option("--export", type=click.Path(path_type=Path), help="A blog's export, or a saved page with its comments.")
def score(jsonl: str | None, export: Path | None, **flags: Any) -> int:
    """Score a file of comments: one JSON line out for each line in, in order. Nothing is stored.

    A line that cannot be read gives {"error": …} in its place, and the status 1 at the end.

    \b
    moderator score --jsonl comments.jsonl > scores.jsonl
    moderator score --export page.html
    """
    from moderator.moderation import assess
    from moderator.server import open_shelf

    if (jsonl is None) == (export is None):
        raise click.ClickException("say which file: either --jsonl FILE or --export FILE")
    shelf = open_shelf(settings_of(**flags))
    status = 0
    for comment in _lines(jsonl) if jsonl is not None else _exported(export or Path()):
        if isinstance(comment, str):
            print_json({"error": comment})
            status = 1
            continue
        decision = assess(comment, SitePolicy(), shelf)
        print_json(
            {
                "score": decision.score,
                "decision": decision.action,
                "rule": decision.rule,
                "reasons": [reason.to_json() for reason in decision.reasons],
            }
        )
    return status


def _lines(jsonl: str) -> Iterator[Comment | str]:
    """The comments of a file of JSON lines; in the place of one that cannot be read, why."""
    try:
        lines = click.open_file(jsonl, "rb")
    except OSError as error:
        raise click.ClickException(f"{jsonl} cannot be read: {error.strerror}") from None
    with lines:
        for number, line in enumerate(lines, start=1):
            try:
                yield _comment(line)
            except CommentError as error:
                yield f"line {number}: {error}"


def _exported(path: Path) -> Iterator[Comment | str]:
    """The comments of an export, alike."""
    from moderator.training.readers import BrokenRow, read_comments

    for found in read_comments(path):
        yield str(found) if isinstance(found, BrokenRow) else found


def _comment(line: bytes) -> Comment:
    try:
        return comment_of(json.loads(line))
    except CommentError:
        raise
    except (ValueError, RecursionError):
        raise CommentError("(the whole)", "is no JSON object in UTF-8") from None

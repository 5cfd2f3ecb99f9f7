"""score."""

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

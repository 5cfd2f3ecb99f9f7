"""train · score · explain."""

import json
from pathlib import Path
from typing import Any

import click

from moderator.cli.common import as_json, finds_installation, print_json, settings_of
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
@click.option("--jsonl", required=True, help="A file with one labelled comment a line; - is standard input.")
def score(jsonl: str, **flags: Any) -> int:
    """Score a file of comments: one JSON line out for each line in, in order. Nothing is stored.

    A line that cannot be read gives {"error": …} in its place, and the status 1 at the end.

    \b
    moderator score --jsonl comments.jsonl > scores.jsonl
    """
    from moderator.moderation import assess
    from moderator.server import open_shelf

    shelf = open_shelf(settings_of(**flags))
    status = 0
    try:
        lines = click.open_file(jsonl, "rb")
    except OSError as error:
        raise click.ClickException(f"{jsonl} cannot be read: {error.strerror}") from None
    with lines:
        for number, line in enumerate(lines, start=1):
            try:
                decision = assess(_comment(line), SitePolicy(), shelf)
            except CommentError as error:
                print_json({"error": f"line {number}: {error}"})
                status = 1
                continue
            print_json(
                {
                    "score": decision.score,
                    "decision": decision.action,
                    "rule": decision.rule,
                    "reasons": [reason.to_json() for reason in decision.reasons],
                }
            )
    return status


def _comment(line: bytes) -> Comment:
    try:
        return comment_of(json.loads(line))
    except CommentError:
        raise
    except (ValueError, RecursionError):
        raise CommentError("(the whole)", "is no JSON object in UTF-8") from None


@click.command()
@finds_installation
@click.argument("text")
@click.option("--author", default="", help="The author's name.")
@click.option("--author-url", default="", help="The author's web address.")
@click.option("--post-title", default="", help="The title of the post.")
@as_json
def explain(text: str, author: str, author_url: str, post_title: str, as_json: bool, **flags: Any) -> None:
    """Say what would be decided on TEXT, and why. Nothing is stored.

    \b
    moderator explain "http://example.com/" --author Bob
    """
    from moderator.moderation import assess
    from moderator.reading import read
    from moderator.server import open_shelf

    comment = comment_of({"text": text, "author": author, "author_url": author_url, "post_title": post_title})
    shelf = open_shelf(settings_of(**flags))
    decision = assess(comment, SitePolicy(), shelf)
    classifier, reading = shelf.current(), read(comment)
    account = classifier.explain(reading) if classifier and not reading.too_complex else None
    parts = account.parts if account else ()
    if as_json:
        print_json(
            {
                "decision": decision.action,
                "rule": decision.rule,
                "score": decision.score,
                "reasons": [reason.to_json() for reason in decision.reasons],
                "model": decision.model,
                "logit": account.logit if account else None,
                "bias": account.bias if account else None,
                "parts": parts,
            }
        )
        return
    said = f"score {decision.score:.3f}, model {decision.model}" if decision.score is not None else "no score"
    click.echo(f"{decision.action} ({decision.rule}; {said})")
    for reason in decision.reasons:
        click.echo(f"  {reason.text}")
    for sentence, weight in parts:
        click.echo(f"  {weight:+7.3f}  {sentence}")

"""export: a site's comments and what people said of them, as JSON lines."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import click

from moderator.cli.common import finds_installation, site_named, store_of
from moderator.cli.progress import progress
from moderator.comment import Comment, Word
from moderator.labelled import Example, row_of
from moderator.store import Filter, Order, Site, Store, StoredComment

AT_ONCE = 500
TEACHES = (Word.HAM, Word.SPAM)


@click.command("export")
@click.argument("site")
@click.option("--labelled", is_flag=True, help="Only what somebody called ham or spam.")
@click.option("--without-people", is_flag=True, help="No names, addresses, IPs or user agents of authors.")
@click.option("--quiet", is_flag=True, help="No progress.")
@finds_installation
def export_site(site: str, labelled: bool, without_people: bool, quiet: bool, **flags: Any) -> None:
    """Print all comments of SITE as labelled JSON lines, oldest first: what `train`, `evaluate` and `import` read.

    Beside the fields of the format each line has the status, our id, the decision and when the comment came in; label
    only where somebody said ham or spam. (The whole store, with keys and people: `moderator db export`.)

    \b
    moderator export my-blog > my-blog.jsonl
    moderator export my-blog --labelled --without-people > labels.jsonl
    """
    with store_of(**flags) as store, progress(quiet=quiet) as show:
        found = site_named(store, site)
        for number, stored in enumerate(_comments(store, found), start=1):
            if not labelled or _label(stored) is not None:
                # Escaped: a lone surrogate can't break the output, and no terminal obeys what a comment says.
                click.echo(json.dumps(_row(stored, without_people=without_people), separators=(",", ":")))
            show("comments", number, 0)


def _comments(store: Store, site: Site) -> Iterator[StoredComment]:
    place: str | None = None
    while True:
        page = store.queue(Filter(status=None, site_id=site.id), Order.OLDEST, limit=AT_ONCE, before=place)
        yield from page.comments
        if page.further is None:
            return
        place = page.further


def _label(stored: StoredComment) -> Word | None:
    word = stored.verdict.word if stored.verdict is not None else None
    return word if word in TEACHES else None


def _row(stored: StoredComment, *, without_people: bool) -> dict[str, Any]:
    comment = stored.comment
    if without_people:
        comment = replace(comment, author=Comment("").author, ip="", user_agent="")
    label = _label(stored)
    row = row_of(Example(comment, label or Word.HAM, stored.site_name))
    if label is None:
        del row["label"]
    return row | {
        "our_id": stored.id,
        "status": stored.status.value,
        "received": stored.received.isoformat(),
        "decision": stored.decision.action.value,
        "rule": stored.decision.rule,
        "score": stored.decision.score,
        "model": stored.decision.model,
    }

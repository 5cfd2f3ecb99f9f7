"""explain: what would be decided on a text, and what pushed which way."""

import sys
from typing import Any

import click

from moderator.cli import painting
from moderator.cli.common import as_json, finds_installation, print_json, settings_of
from moderator.labelled import comment_of
from moderator.policy import SitePolicy


@click.command()
@finds_installation
@click.argument("text")
@click.option("--author", default="", help="The author's name.")
@click.option("--author-url", default="", help="The author's web address.")
@click.option("--email", default="", help="The author's e-mail address.")
@click.option("--title", "--post-title", "title", default="", help="The title of the post.")
@click.option("--kind", default="", help="comment, reply, pingback, trackback …  [default: comment]")
@as_json
def explain(
    text: str, author: str, author_url: str, email: str, title: str, kind: str, as_json: bool, **flags: Any
) -> None:
    """Say what would be decided on TEXT, and why; - reads it from standard input. Nothing is stored.

    \b
    moderator explain "http://example.com/" --author Bob
    """
    from moderator.moderation import assess
    from moderator.reading import read
    from moderator.server import open_shelf

    if text == "-":
        text = sys.stdin.read()
    sent = {"text": text, "author": author, "author_url": author_url, "author_email": email, "post_title": title}
    comment = comment_of({**sent, "kind": kind or None})
    shelf = open_shelf(settings_of(**flags))
    decision = assess(comment, SitePolicy(), shelf)
    classifier, reading = shelf.current(), read(comment)
    account = classifier.explain(reading) if classifier and not reading.too_complex else None
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
                "parts": account.parts if account else (),
            }
        )
        return
    colour = painting.has_colour(sys.stdout)
    said = f"score {decision.score:.3f}, model {decision.model}" if decision.score is not None else "no score"
    action = click.style(decision.action, bold=True) if colour else decision.action
    click.echo(f"{action} ({decision.rule}; {said})", color=colour)
    for reason in decision.reasons:
        click.echo(f"  {painting.plain(reason.text)}")
    if classifier and account:
        thresholds = classifier.thresholds
        reject = (
            f"rejected above {thresholds.reject:.3f}" if thresholds.reject is not None else "none is rejected by score"
        )
        click.echo(f"  A comment is held above {thresholds.hold:.3f}; {reject}.")
        click.echo(f"\n{painting.painted(reading.text, account.words, colour=colour)}", color=colour)
        click.echo(f"\n{painting.legend(colour=colour)}\n", color=colour)
        for line in painting.table(account, colour=colour):
            click.echo(line, color=colour)

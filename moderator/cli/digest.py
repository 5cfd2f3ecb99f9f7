"""digest: the daily letter, now."""

from typing import Any

import click

from moderator.cli.common import finds_installation, settings_of


@click.command()
@click.option("--print", "print_", is_flag=True, help="Print each reader's letter and send none.")
@click.option("--now", is_flag=True, help="Send each reader's letter now, also where it was sent today.")
@finds_installation
def digest(print_: bool, now: bool, **flags: Any) -> None:
    """What is held, as the daily e-mail tells it to those who asked for it on their account's page.

    \b
    moderator digest --print
    """
    from moderator.mail import MailError, send
    from moderator.review import post
    from moderator.server import base_url, make_app

    if print_ == now:
        raise click.UsageError("say either --print or --now")
    settings = settings_of(**flags)
    if now and not settings.smtp_host:
        raise MailError("there is no server to send by; set smtp_host (docs/settings.md)")
    app, _ = make_app(settings, announce=lambda made: None)
    letters = post.digest_of(app, settings, base_url(settings, settings.port))
    sent = 0
    try:
        for letter in filter(None, map(letters.letter, letters.readers())):
            sent += 1
            if print_:
                body = letter.get_body(("plain",))
                click.echo(f"To: {letter['To']}\nSubject: {letter['Subject']}\n\n{body.get_content() if body else ''}")
            else:
                send(post.server_of(settings), letter)
    finally:
        post.close(app)
    click.echo(f"{sent} letter{'' if sent == 1 else 's'}{' sent' if now else ''}", err=True)

"""privacy: what is known of one person, handed out or erased; and addresses masked that nobody needs any more."""

from datetime import timedelta
from typing import Any

import click

from moderator.cli.common import as_json, finds_installation, print_json, settings_of, store_of


@click.group()
def privacy() -> None:
    """What is known of one person: hand it out, or erase it.

    A person is an e-mail address, in any spelling. Addresses that were masked are found too, as long as the file
    secret in the data folder is the same.
    """


@privacy.command("export")
@click.option("--email", required=True, help="The person's address.")
@finds_installation
def export(email: str, **flags: Any) -> None:
    """Print all that is stored of a person, as JSON: what they wrote with its history, and who mentions them.

    \b
    moderator privacy export --email ann@example.org
    """
    from moderator.settings import secret

    settings = settings_of(**flags)
    with store_of(**flags) as store:
        found = store.privacy.find(email, secret(settings.data))
        wrote = [history.to_json() for id in found.wrote if (history := store.history(id)) is not None]
    print_json({"email": email, "wrote": wrote, "mentioned_in": list(found.mentioned)})


@privacy.command("erase")
@click.option("--email", required=True, help="The person's address.")
@click.option("--dry-run", is_flag=True, help="Only say what would be erased.")
@finds_installation
@as_json
def erase(email: str, dry_run: bool, as_json: bool, **flags: Any) -> None:
    """Erase what a person wrote, and their address in what others wrote. It cannot be undone.

    That there was a comment, when, and what was decided stays. A model that learned from it holds none of its words;
    the next `moderator train` no longer learns from it. Backups keep what they have until they are deleted.

    \b
    moderator privacy erase --email ann@example.org --dry-run
    """
    from moderator.settings import secret

    settings = settings_of(**flags)
    with store_of(**flags) as store:
        key = secret(settings.data)
        found = store.privacy.find(email, key) if dry_run else store.privacy.erase(email, key)
    if as_json:
        print_json({"erased": not dry_run, "wrote": list(found.wrote), "mentioned_in": list(found.mentioned)})
        return
    verb = "would be erased" if dry_run else "erased"
    click.echo(f"{len(found.wrote)} comments {verb}, and the address in {len(found.mentioned)} others")


@privacy.command("mask")
@click.option("--dry-run", is_flag=True, help="Only say how many.")
@finds_installation
@as_json
def mask(dry_run: bool, as_json: bool, **flags: Any) -> None:
    """Mask addresses now that are older than the setting address_days; a server does so by the hour.

    \b
    moderator privacy mask --dry-run
    """
    from moderator.server import now
    from moderator.settings import secret

    settings = settings_of(**flags)
    before = now() - timedelta(days=settings.address_days)
    with store_of(**flags) as store:
        if dry_run:
            count = store.privacy.unmasked(before)
        else:
            count = store.privacy.mask(before, secret(settings.data))
    if as_json:
        print_json({"masked": not dry_run, "comments": count})
    else:
        click.echo(f"the addresses of {count} comments {'would be' if dry_run else 'are'} masked")

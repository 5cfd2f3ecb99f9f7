"""privacy: what is known of one person, handed out or erased; and addresses masked that nobody needs any more."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import click

from moderator.cli.common import as_json, finds_installation, print_json, settings_of, site_named, store_of


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
    from moderator.server import shared_secret
    from moderator.wire.native.answers import history

    settings = settings_of(**flags)
    with store_of(**flags) as store:
        found = store.privacy.find(email, shared_secret(store, settings))
        wrote = [history(whole) for id in found.wrote if (whole := store.history(id)) is not None]
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
    from moderator.server import shared_secret

    settings = settings_of(**flags)
    with store_of(**flags) as store:
        key = shared_secret(store, settings)
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
    from moderator.server import now, shared_secret

    settings = settings_of(**flags)
    before = now() - timedelta(days=settings.address_days)
    with store_of(**flags) as store:
        own = store.privacy
        count = own.unmasked(before) if dry_run else own.mask(before, shared_secret(store, settings))
    if as_json:
        print_json({"masked": not dry_run, "comments": count})
    else:
        click.echo(f"the addresses of {count} comments {'would be' if dry_run else 'are'} masked")


@click.command("addresses")
@click.argument("site")
@click.option("--keep/--mask", default=None, help="Keep raw addresses while a comment waits, or never.")
@finds_installation
def addresses(site: str, keep: bool | None, **flags: Any) -> None:
    """Say whether e-mail and IP addresses are kept while a comment waits, or only ever as pseudonyms.

    \b
    moderator sites addresses my-blog --mask
    """
    with store_of(**flags) as store:
        found = site_named(store, site)
        if keep is not None:
            found = store.set_doors(found.id, replace(found.doors, addresses=keep))
    how = "are kept while a comment waits" if found.doors.addresses else "are stored as pseudonyms alone"
    click.echo(f"addresses of those who comment on {found.name!r} {how}")

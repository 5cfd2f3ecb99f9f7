"""sites coral: the secrets that Coral signs with, and what an approval says to it."""

import sys
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import click

from moderator.cli.common import as_json, finds_installation, print_json, settings_of, site_named, store_of
from moderator.store import Purpose, StoreError


@click.group()
def coral() -> None:
    """Coral's external moderation phase, for a site."""


@coral.command("add")
@click.argument("site")
@finds_installation
def add_secret(site: str, **flags: Any) -> None:
    """Take the signing secret that Coral shows for its phase, and print the phase's address.

    The secret is asked for, or read from standard input. Two may be live: while Coral changes one, it signs with
    both.

    \b
    moderator sites coral add my-blog
    """
    secret = click.prompt("Coral's signing secret", hide_input=True) if sys.stdin.isatty() else sys.stdin.readline()
    with store_of(**flags) as store:
        found = site_named(store, site)
        store.secrets.add(found.id, Purpose.CORAL, secret.strip())
    click.echo(f"the phase's callback address in Coral: {_address(found.name, flags)}")


@coral.command("list")
@click.argument("site")
@finds_installation
@as_json
def show(site: str, as_json: bool, **flags: Any) -> None:
    """Show the phase's address, the numbers of its secrets, and what an approval says to Coral.

    \b
    moderator sites coral list my-blog
    """
    with store_of(**flags) as store:
        found = site_named(store, site)
        secrets = [secret for secret in store.secrets.listed(found.id) if secret.purpose is Purpose.CORAL]
    address = _address(found.name, flags)
    if as_json:
        shown = [{"id": secret.id, "revoked": secret.revoked is not None} for secret in secrets]
        print_json({"site": found.name, "address": address, "approves": found.doors.coral_approves, "secrets": shown})
        return
    click.echo(address)
    click.echo(f"an approval says: {'APPROVED' if found.doors.coral_approves else 'no opinion'}")
    for secret in secrets:
        click.echo(f"  secret {secret.id}, added {secret.created:%Y-%m-%d}{' (revoked)' if secret.revoked else ''}")


@coral.command("revoke")
@click.argument("number", type=int)
@finds_installation
def revoke_secret(number: int, **flags: Any) -> None:
    """Take no signature by this secret any more. NUMBER is what `sites coral list` shows.

    \b
    moderator sites coral revoke 3
    """
    with store_of(**flags) as store:
        secrets = [secret for site in store.sites() for secret in store.secrets.listed(site.id)]
        if not any(secret.id == number and secret.purpose is Purpose.CORAL for secret in secrets):
            raise StoreError(f"Coral has no secret number {number}; see `moderator sites coral list SITE`")
        store.secrets.revoke(number)
    click.echo(f"secret {number} is revoked; nothing that it signs is taken any more")


@coral.command("approval")
@click.argument("site")
@click.argument("says", type=click.Choice(["no-opinion", "approved"]))
@finds_installation
def set_approval(site: str, says: str, **flags: Any) -> None:
    """Choose what an approval says to Coral: no opinion, so that its later phases decide, or APPROVED, without them.

    \b
    moderator sites coral approval my-blog approved
    """
    with store_of(**flags) as store:
        found = site_named(store, site)
        store.set_doors(found.id, replace(found.doors, coral_approves=says == "approved"))
    click.echo(f"an approval of {found.name!r} says {says.replace('-', ' ')} to Coral from now on")


def _address(name: str, flags: dict[str, Any]) -> str:
    from moderator.server import base_url

    settings = settings_of(**flags)
    return f"{base_url(settings, settings.port)}/coral/{quote(name)}"

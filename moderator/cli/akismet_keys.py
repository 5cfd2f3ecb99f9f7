"""sites akismet-key · sites akismet: what a site needs whose blog speaks Akismet's protocol."""

from dataclasses import replace
from typing import Any

import click

from moderator.cli.common import as_json, finds_installation, print_json, settings_of, store_of
from moderator.store import Site, Store, StoreError


@click.group("akismet-key")
def akismet_key() -> None:
    """A site's keys of the Akismet protocol."""


@akismet_key.command("add")
@click.argument("site")
@finds_installation
@as_json
def add_key(site: str, as_json: bool, **flags: Any) -> None:
    """Give a site an Akismet key; it is shown only now, and the old one stays valid until revoked. Two may live.

    \b
    moderator sites akismet-key add my-blog
    """
    from moderator.server import shared_secret

    settings = settings_of(**flags)
    with store_of(**flags) as store:
        found = _site(store, site)
        key = store.akismet_keys.add(found.id, pepper=shared_secret(store, settings))
    if as_json:
        print_json({"site": found.name, "id": found.id, "key": key})
    else:
        click.echo(f"an Akismet key of {found.name!r}, shown only now:\n{key}")


@akismet_key.command("list")
@click.argument("site")
@finds_installation
@as_json
def list_keys(site: str, as_json: bool, **flags: Any) -> None:
    """List a site's Akismet keys by their numbers.

    \b
    moderator sites akismet-key list my-blog
    """
    with store_of(**flags) as store:
        found = store.akismet_keys.listed(_site(store, site).id)
    for key in found:
        if as_json:
            print_json({"id": key.id, "created": key.created.isoformat(), "revoked": key.revoked is not None})
        else:
            click.echo(f"key {key.id}, of {key.created:%Y-%m-%d %H:%M} UTC{' (revoked)' if key.revoked else ''}")


@akismet_key.command("revoke")
@click.argument("site")
@click.argument("number", type=int)
@finds_installation
def revoke_key(site: str, number: int, **flags: Any) -> None:
    """Make an Akismet key invalid within a second. NUMBER is what `list` shows.

    \b
    moderator sites akismet-key revoke my-blog 3
    """
    with store_of(**flags) as store:
        if not any(key.id == number for key in store.akismet_keys.listed(_site(store, site).id)):
            raise StoreError(f"{site!r} has no Akismet key number {number}; see `moderator sites akismet-key list`")
        store.akismet_keys.revoke(number)
    click.echo(f"Akismet key {number} is revoked")


@click.command("akismet")
@click.argument("site")
@click.option("--hold", type=click.Choice(["spam", "ham"]), help="What to tell of held comments who knows no other.")
@click.option("--discard/--keep", default=None, help="Whether blogs may throw away what is rejected, unseen.")
@finds_installation
@as_json
def akismet(site: str, hold: str | None, discard: bool | None, as_json: bool, **flags: Any) -> None:
    """Show or change what a site's blog is told over the Akismet protocol.

    A held comment is `spam` to clients that know only two answers (it waits in their spam folder, or is lost to the
    blog, as the client has it), or `ham` (it is published). WordPress and Discourse know better: there it waits.

    \b
    moderator sites akismet my-blog --hold ham
    """
    with store_of(**flags) as store:
        found = _site(store, site)
        doors = found.doors
        if hold is not None:
            doors = replace(doors, akismet_hold_is_spam=hold == "spam")
        if discard is not None:
            doors = replace(doors, akismet_discard=discard)
        if doors != found.doors:
            doors = store.set_doors(found.id, doors).doors
    told = "spam" if doors.akismet_hold_is_spam else "ham"
    if as_json:
        print_json({"site": found.name, "hold": told, "discard": doors.akismet_discard})
    else:
        click.echo(f"held comments are told as {told}; blogs {'may' if doors.akismet_discard else 'may not'} discard")


def _site(store: Store, name: str) -> Site:
    site = store.site_by_name(name)
    if site is None:
        raise StoreError(f"there is no site {name!r}; see `moderator sites list`")
    return site

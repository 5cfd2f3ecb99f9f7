"""sites blogspam: open and shut a site's door for BlogSpam's protocol."""

import hashlib
import secrets
from dataclasses import replace
from typing import Any

import click

from moderator.cli.common import as_json, finds_installation, print_json, settings_of, site_named, store_of


@click.group()
def blogspam() -> None:
    """BlogSpam's protocol (ikiwiki), for a site. It is shut until you open it."""


@blogspam.command("open")
@click.argument("site")
@click.option(
    "--hold", type=click.Choice(["spam", "ok"]), default="spam", show_default=True, help="What a hold is called."
)
@finds_installation
@as_json
def open_door(site: str, hold: str, as_json: bool, **flags: Any) -> None:
    """Open it, and print its address, which has a key in it and is shown only now; an earlier one dies.

    --hold says how a hold is answered, as the protocol has no word for it.

    \b
    moderator sites blogspam open my-wiki
    """
    from moderator.server import base_url

    settings = settings_of(**flags)
    with store_of(**flags) as store:
        found = site_named(store, site)
        key = f"bs_{found.id}_{secrets.token_urlsafe(32)}"
        digest = hashlib.sha256(key.encode()).hexdigest()
        store.set_doors(found.id, replace(found.doors, blogspam_digest=digest, blogspam_holds_are_ok=hold == "ok"))
    address = f"{base_url(settings, settings.port)}/blogspam/{key}/"
    if as_json:
        print_json({"site": found.name, "address": address, "hold": hold})
    else:
        click.echo(f"the BlogSpam server of {found.name!r}, shown only now:\n{address}")


@blogspam.command("shut")
@click.argument("site")
@finds_installation
def shut_door(site: str, **flags: Any) -> None:
    """Shut it: the address dies.

    \b
    moderator sites blogspam shut my-wiki
    """
    with store_of(**flags) as store:
        found = site_named(store, site)
        store.set_doors(found.id, replace(found.doors, blogspam_digest=""))
    click.echo(f"{found.name!r} has no BlogSpam address any more")

"""sites secret add · list · revoke: the secrets that a site shares with us, to sign with."""

import sys
from typing import Any

import click

from moderator.cli.common import as_json, finds_installation, print_json, print_table, store_of
from moderator.store import Purpose, Site, Store, StoreError

purpose_option = click.option(
    "--purpose",
    type=click.Choice([purpose.value for purpose in Purpose]),
    default=Purpose.WEBHOOK.value,
    show_default=True,
    help="webhook: the blog signs what it sends us. callback: we sign what we tell the blog. coral: Coral signs.",
)


@click.group()
def secret() -> None:
    """The secrets that a site shares with us; two of a purpose may live, so that one can be changed without a gap."""


@secret.command("add")
@click.argument("site")
@purpose_option
@click.option("--stdin", is_flag=True, help="Read the secret from standard input instead of making one.")
@finds_installation
@as_json
def add_secret(site: str, purpose: str, stdin: bool, as_json: bool, **flags: Any) -> None:
    """Give a site another secret and print it, now only.

    \b
    moderator sites secret add my-blog --purpose webhook
    """
    given = _given(Purpose(purpose)) if stdin else None
    with store_of(**flags) as store:
        found = _site(store, site)
        made = store.secrets.add(found.id, Purpose(purpose), given)
    if as_json:
        print_json({"site": found.name, "id": found.id, "purpose": purpose, "secret": made})
    elif given:
        click.echo(f"the {purpose} secret of {found.name!r} is added")
    else:
        click.echo(f"a {purpose} secret of {found.name!r}, shown only now:\n{made}")


@secret.command("list")
@click.argument("site")
@click.option("--purpose", type=click.Choice([purpose.value for purpose in Purpose]), help="Only those for this.")
@finds_installation
@as_json
def list_secrets(site: str, purpose: str | None, as_json: bool, **flags: Any) -> None:
    """List a site's secrets by number, without the secrets.

    \b
    moderator sites secret list my-blog
    """
    with store_of(**flags) as store:
        listed = store.secrets.listed(_site(store, site).id)
    rows = [one for one in listed if purpose in (None, one.purpose)]
    if as_json:
        for one in rows:
            print_json({"id": one.id, "purpose": one.purpose, "revoked": one.revoked is not None})
    elif rows:
        print_table(
            [(f"secret {one.id}", one.purpose, f"{one.created:%Y-%m-%d}", "revoked" if one.revoked else "live")
             for one in rows]
        )  # fmt: skip


@secret.command("revoke")
@click.argument("number", type=int)
@finds_installation
def revoke_secret(number: int, **flags: Any) -> None:
    """Make a secret invalid, at once. NUMBER is what `sites secret list` shows.

    \b
    moderator sites secret revoke 3
    """
    with store_of(**flags) as store:
        store.secrets.revoke(number)
    click.echo(f"secret {number} is revoked")


def _given(purpose: Purpose) -> str:
    """The secret on standard input: never on the command line, which everybody on the machine can read."""
    given = sys.stdin.readline().strip()
    if purpose is not Purpose.CORAL:
        from moderator.wire.native.signatures import key_of

        key = key_of(given)
        if key is None or not 24 <= len(key) <= 64:
            raise click.ClickException("this is no secret of Standard Webhooks: whsec_ and base64 of 24 to 64 bytes")
    return given


def _site(store: Store, name: str) -> Site:
    site = store.site_by_name(name)
    if site is None:
        raise StoreError(f"there is no site {name!r}; see `moderator sites list`")
    return site

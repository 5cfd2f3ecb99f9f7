"""sites · users: who is served, and who decides."""

from dataclasses import replace
from typing import Any

import click

from moderator.cli.common import (
    as_json,
    finds_installation,
    print_json,
    print_table,
    settings_of,
    site_named,
    store_of,
)
from moderator.store import Role, StoreError


@click.group()
def sites() -> None:
    """The blogs that are served, and their keys."""


@sites.command("add")
@click.argument("name")
@finds_installation
@as_json
def add_site(name: str, as_json: bool, **flags: Any) -> None:
    """Add a site and print its key, which is shown only now.

    \b
    moderator sites add my-blog --data ./data
    """
    with store_of(**flags) as store:
        site, key = store.add_site(name)
    if as_json:
        print_json({"site": site.name, "id": site.id, "key": key})
    else:
        click.echo(f"site {site.name!r} is added; its key, shown only now:\n{key}")


@sites.command("list")
@finds_installation
@as_json
def list_sites(as_json: bool, **flags: Any) -> None:
    """List the sites with their keys' first characters.

    \b
    moderator sites list --data ./data
    """
    with store_of(**flags) as store:
        found = [(site, store.keys(site.id)) for site in store.sites()]
    if as_json:
        for site, keys in found:
            shown = [{"id": key.id, "shown": key.shown, "revoked": key.revoked is not None} for key in keys]
            print_json({"site": site.name, "id": site.id, "keys": shown})
        return
    for site, keys in found:
        click.echo(site.name)
        for key in keys:
            click.echo(f"  key {key.id}: {key.shown}…{' (revoked)' if key.revoked else ''}")


@sites.command("outage")
@click.argument("site")
@click.option("--answer", "wanted", type=click.Choice(["hold", "503"]), help="What the blog is answered then.")
@finds_installation
@as_json
def outage(site: str, wanted: str | None, as_json: bool, **flags: Any) -> None:
    """Say what the webhook answers while nothing can be stored: 503 (as it is), or a hold that is kept nowhere.

    Choose hold where the blog publishes what gets an error. Either way the blog must send the comment again, or nobody
    here ever sees it. Nothing is ever approved that is not stored.

    \b
    moderator sites outage my-blog --answer hold
    """
    with store_of(**flags) as store:
        found = site_named(store, site)
        if wanted is not None:
            found = store.set_doors(found.id, replace(found.doors, outage_holds=wanted == "hold"))
    answer = "hold" if found.doors.outage_holds else "503"
    if as_json:
        print_json({"site": found.name, "answer": answer})
    else:
        click.echo(f"while nothing can be stored, the blog of {found.name!r} is answered {answer}")


@sites.group("key")
def key() -> None:
    """A site's keys."""


@key.command("add")
@click.argument("site")
@finds_installation
@as_json
def add_key(site: str, as_json: bool, **flags: Any) -> None:
    """Give a site another key; the old one stays valid until it is revoked. Two may be live.

    \b
    moderator sites key add my-blog
    """
    with store_of(**flags) as store:
        found = site_named(store, site)
        made = store.add_key(found.id)
    if as_json:
        print_json({"site": found.name, "id": found.id, "key": made})
    else:
        click.echo(f"another key of {found.name!r}, shown only now:\n{made}")


@key.command("revoke")
@click.argument("number", type=int)
@finds_installation
def revoke_key(number: int, **flags: Any) -> None:
    """Make a key invalid within a second. NUMBER is what `sites list` shows.

    \b
    moderator sites key revoke 3
    """
    with store_of(**flags) as store:
        if not any(key.id == number for site in store.sites() for key in store.keys(site.id)):
            raise StoreError(f"there is no key number {number}; see `moderator sites list`")
        store.revoke_key(number)
    click.echo(f"key {number} is revoked")


@click.group()
def users() -> None:
    """The people who moderate."""


@users.command("add")
@click.argument("login")
@click.option("--admin", is_flag=True, help="May also manage sites and people.")
@finds_installation
@as_json
def add_user(login: str, admin: bool, as_json: bool, **flags: Any) -> None:
    """Add a person and print the one-time link to set the password.

    \b
    moderator users add alice
    """
    with store_of(**flags) as store:
        person = store.add_person(login, Role.ADMIN if admin else Role.MODERATOR)
        token = store.add_link(person.id)
    _print_link(person.login, token, as_json=as_json, flags=flags)


@users.command("list")
@finds_installation
@as_json
def list_users(as_json: bool, **flags: Any) -> None:
    """List the people who may log in.

    \b
    moderator users list
    """
    with store_of(**flags) as store:
        people = store.people()
    if as_json:
        for person in people:
            print_json(
                {
                    "login": person.login,
                    "role": person.role,
                    "disabled": person.disabled is not None,
                    "has_password": person.has_password,
                }
            )
    elif people:
        print_table(
            [
                (p.login, p.role, "disabled" if p.disabled else "active" if p.has_password else "no password yet")
                for p in people
            ]
        )


@users.command("link")
@click.argument("login")
@finds_installation
@as_json
def link_user(login: str, as_json: bool, **flags: Any) -> None:
    """Print a new one-time link to set a password; earlier links of the person die.

    \b
    moderator users link moderator
    """
    with store_of(**flags) as store:
        person = store.person_by_login(login)
        if person is None:
            raise StoreError(f"there is nobody called {login!r}; see `moderator users list`")
        token = store.add_link(person.id)
    _print_link(person.login, token, as_json=as_json, flags=flags)


def _print_link(login: str, token: str, *, as_json: bool, flags: dict[str, Any]) -> None:
    from moderator.server import base_url, link_to_set_password

    settings = settings_of(**flags)
    link = link_to_set_password(base_url(settings, settings.port), token)
    if as_json:
        print_json({"login": login, "link": link})
    else:
        click.echo(f"{login!r} sets the password here, once and within 24 hours:\n{link}")

"""sites callback · callbacks: where blogs are told of verdicts, and what they have not heard yet."""

import sys
from typing import Any

import click

from moderator.cli.common import as_json, finds_installation, print_json, print_table, store_of
from moderator.store import Callback, CallbackKind, Delivery, Message, Purpose, Site, Store, StoreError


@click.group()
def callback() -> None:
    """Where a site's blog is told what its moderators decided."""


@callback.command("set")
@click.argument("site")
@click.argument("url")
@click.option(
    "--kind",
    type=click.Choice([kind.value for kind in CallbackKind]),
    default=CallbackKind.NATIVE.value,
    show_default=True,
    help="What the blog understands.",
)
@click.option("--allow-private", is_flag=True, help="It may be on this machine or in a private network.")
@click.option("--stdin", is_flag=True, help="Read the secret from standard input: the Akismet key, Isso's session key.")
@finds_installation
@as_json
def set_callback(site: str, url: str, kind: str, allow_private: bool, stdin: bool, as_json: bool, **flags: Any) -> None:
    """Tell the blog of SITE, at URL, of each verdict that is given here. docs/callbacks.md tells what it is sent.

    \b
    moderator sites callback set my-blog https://blog.example.org/moderated
    """
    from moderator.callbacks.kinds import KINDS
    from moderator.callbacks.registering import checked

    chosen = CallbackKind(kind)
    # Never on the command line, which everybody on the machine can read.
    secret = sys.stdin.readline().strip() if stdin else None
    address = checked(chosen, url, allow_private=allow_private, secret=secret)
    with store_of(**flags) as store:
        found = _site(store, site)
        before = store.callbacks.of(found.id)
        if KINDS[chosen].secret and secret is None and (before is None or before.kind is not chosen):
            raise StoreError(f"{kind} needs {KINDS[chosen].secret}: give it on standard input, with --stdin")
        made = store.callbacks.set(found.id, chosen, str(address), allow_private=allow_private, secret=secret)
    if address.scheme == "http":
        click.echo(
            "warning: over http anybody on the way can read what is told; use https if the blog has it", err=True
        )
    if as_json:
        print_json({"site": found.name, "kind": kind, "url": str(address), "secret": made})
        return
    click.echo(f"verdicts on comments of {found.name!r} are told to {address}")
    if made:
        click.echo(f"the secret that they are signed with, shown only now:\n{made}")


@callback.command("show")
@click.argument("site")
@finds_installation
@as_json
def show_callback(site: str, as_json: bool, **flags: Any) -> None:
    """Show where the blog is told, and how that goes.

    \b
    moderator sites callback show my-blog
    """
    with store_of(**flags) as store:
        found = _callback(store, site)
        counts = store.outbox.counts(site_id=found.site_id)
    if as_json:
        shown = {"site": found.site_name, "kind": found.kind, "url": found.url, "allow_private": found.allow_private}
        print_json(shown | {"state": _state(found), "trouble": found.trouble, "messages": counts})
        return
    click.echo(f"{found.url} ({found.kind}{', private addresses allowed' if found.allow_private else ''})")
    click.echo(f"  {_state(found)}{': ' if found.trouble else ''}{found.trouble}")
    click.echo("  " + ", ".join(f"{count} {state}" for state, count in counts.items()))


@callback.command("test")
@click.argument("site")
@finds_installation
def test_callback(site: str, **flags: Any) -> None:
    """Send a message that tells nothing, and say how the blog took it.

    \b
    moderator sites callback test my-blog
    """
    from moderator.callbacks.exchange import over_the_network
    from moderator.callbacks.registering import try_out
    from moderator.server import now
    from moderator.store.ids import micros, new_id

    with store_of(**flags) as store:
        found = _callback(store, site)
        secrets = store.secrets.live(found.site_id, Purpose.CALLBACK)
    at = now()
    try_out(found, secrets, over_the_network, message_id=new_id(micros(at)), at=at)
    click.echo(f"{found.url} took it")


@callback.command("enable")
@click.argument("site")
@finds_installation
def enable_callback(site: str, **flags: Any) -> None:
    """Use it again, at once, after the blog had said that the address is gone, or could not be reached.

    \b
    moderator sites callback enable my-blog
    """
    with store_of(**flags) as store:
        found = _callback(store, site)
        store.callbacks.enable(found.site_id)
    click.echo(f"{found.url} is in use")


@callback.command("clear")
@click.argument("site")
@finds_installation
def clear_callback(site: str, **flags: Any) -> None:
    """Tell the blog nothing any more, also not what still waits.

    \b
    moderator sites callback clear my-blog
    """
    with store_of(**flags) as store:
        found = _callback(store, site)
        store.callbacks.clear(found.site_id)
    click.echo(f"{found.site_name!r} is told nothing any more")


@click.group()
def callbacks() -> None:
    """What blogs were told, or are still to be told."""


@callbacks.command("list")
@click.option("--failed", is_flag=True, help="Only those that were given up.")
@click.option("--site", help="Only those of this site.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True, help="At most so many.")
@finds_installation
@as_json
def list_callbacks(failed: bool, site: str | None, limit: int, as_json: bool, **flags: Any) -> None:
    """List what blogs are told, newest first. Finished ones are kept for 30 days.

    \b
    moderator callbacks list --failed
    """
    with store_of(**flags) as store:
        site_id = _site(store, site).id if site else None
        listed = store.outbox.listed(state=Delivery.FAILED if failed else None, site_id=site_id, limit=limit)
    if as_json:
        for message in listed:
            print_json(_shown(message))
    elif listed:
        print_table(
            [
                (m.id, m.site_name, m.comment_id, m.state, f"{m.queued:%Y-%m-%d %H:%M}", f"{m.attempts}×", m.note)
                for m in listed
            ]
        )


@callbacks.command("retry")
@click.argument("ids", nargs=-1)
@click.option("--site", help="Only those of this site.")
@finds_installation
def retry_callbacks(ids: tuple[str, ...], site: str | None, **flags: Any) -> None:
    """Send failed messages again, at once: those with these IDS, or all. A running server takes it up.

    \b
    moderator callbacks retry --site my-blog
    """
    with store_of(**flags) as store:
        site_id = _site(store, site).id if site else None
        count = store.outbox.retry(ids or None, site_id=site_id)
    if ids and count < len(set(ids)):
        raise StoreError(f"{count} of {len(set(ids))} are sent again; see `moderator callbacks list --failed`")
    click.echo(f"{count} {'is' if count == 1 else 'are'} sent again")


def _shown(message: Message) -> dict[str, Any]:
    return {
        "id": message.id,
        "site": message.site_name,
        "comment": message.comment_id,
        "version": message.version,
        "state": message.state,
        "attempts": message.attempts,
        "queued": message.queued.isoformat(),
        "finished": message.finished.isoformat() if message.finished else None,
        "note": message.note,
    }


def _state(found: Callback) -> str:
    if found.disabled:
        return f"disabled since {found.disabled:%Y-%m-%d %H:%M} UTC (`moderator sites callback enable` uses it again)"
    return f"not reached; asked again at {found.paused:%Y-%m-%d %H:%M} UTC" if found.paused else "in use"


def _site(store: Store, name: str) -> Site:
    site = store.site_by_name(name)
    if site is None:
        raise StoreError(f"there is no site {name!r}; see `moderator sites list`")
    return site


def _callback(store: Store, name: str) -> Callback:
    found = store.callbacks.of(_site(store, name).id)
    if found is None:
        raise StoreError(f"the site {name!r} has no callback; see `moderator sites callback set --help`")
    return found

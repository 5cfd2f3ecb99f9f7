"""What blogs are told of moderators' verdicts."""

from collections.abc import Iterator
from typing import Any

from moderator.cli.common import now
from moderator.cli.examining.findings import Finding, Patient, well, wrong
from moderator.store import Delivery, Purpose, Store

WAITED = 3600.0  # seconds that a message to a blog may wait


def callbacks(patient: Patient) -> Iterator[Finding]:
    """Blogs hear what moderators decide."""
    if patient.store is None:
        return
    for site in patient.store.sites():
        found = patient.store.callbacks.of(site.id)
        if found is None:
            continue
        again = f"mend the blog, then: moderator sites callback enable {site.name}"
        if found.disabled is not None:
            yield wrong("callbacks", f"{site.name!r}: its blog said that {found.url} is gone", again)
        elif found.trouble:
            yield wrong("callbacks", f"{site.name!r}: {found.trouble}", f"moderator sites callback test {site.name}")
        elif patient.reach:
            yield from _reach(patient.store, site.name, found)
    watched = patient.store.watching.look()
    failed = watched.outbox.get(Delivery.FAILED, 0)
    if failed:
        yield wrong("callbacks", f"{failed:,} messages were given up", "moderator callbacks list --failed; … retry")
    oldest = watched.outbox_oldest
    if oldest is not None and (now() - oldest).total_seconds() > WAITED:
        yield wrong("callbacks", f"a message waits since {oldest:%Y-%m-%d %H:%M} UTC", "is a server running?")


def _reach(store: Store, name: str, found: Any) -> Iterator[Finding]:
    """Send a message that tells nothing."""
    from moderator.callbacks.errors import CallbackError
    from moderator.callbacks.exchange import over_the_network
    from moderator.callbacks.registering import try_out
    from moderator.store.ids import micros, new_id

    at = now()
    secrets = store.secrets.live(found.site_id, Purpose.CALLBACK)
    try:
        try_out(found, secrets, over_the_network, message_id=new_id(micros(at)), at=at)
    except CallbackError as error:
        yield wrong("callbacks", f"{name!r}: {error}", "look at the blog, and at the address: moderator sites callback")
    else:
        yield well("callbacks", f"{name!r}: {found.url} took a test message")

"""Where blogs are told of verdicts: at most one address a site, which its operator chose."""

from typing import Any

from sqlalchemy import Connection, Select, delete, insert, select, update

from moderator.store.access import Access
from moderator.store.ids import maybe_moment, moment
from moderator.store.schema import callbacks, outbox, site_secrets, sites
from moderator.store.shared_secrets import add, live, new_secret
from moderator.store.sites import by_id, no_site
from moderator.store.values import Callback, CallbackKind, Delivery, Purpose

CLEARED = "the site's callback was cleared"


class Callbacks:
    """The callbacks of all sites; ``store.callbacks``."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def set(
        self, site_id: int, kind: CallbackKind, url: str, *, allow_private: bool, secret: str | None = None
    ) -> str | None:
        """Tell the site's blog of verdicts, from now on, there; the secret that was made, if one was.

        The address is taken as it is: moderator.callbacks checks it. A ``secret`` becomes the newest; another kind
        starts with none of the old ones; what is signed with one of ours gets one. StoreError: no such site.
        """
        at = self._access.now()
        return self._access.write(lambda c: _set(c, site_id, kind, url, allow_private, secret, at))

    def of(self, site_id: int) -> Callback | None:
        """The site's callback."""
        return self._access.read(lambda c: callback_of(c, site_id))

    def all(self) -> tuple[Callback, ...]:
        """All callbacks by the names of their sites."""
        query = _WHOLE.order_by(sites.c.name)
        return self._access.read(lambda c: tuple(_callback(row) for row in c.execute(query)))

    def enable(self, site_id: int) -> bool:
        """Use a disabled or paused one again, at once. Whether there is one."""
        again = {"disabled_at": None, "paused_until": None, "failures": 0, "trouble": ""}
        which = callbacks.c.site_id == site_id
        return self._access.write(lambda c: c.execute(update(callbacks).where(which).values(again)).rowcount > 0)

    def clear(self, site_id: int) -> bool:
        """Tell the blog nothing any more, also not what waits; its secrets end too. Whether there was one."""
        at = self._access.now()
        return self._access.write(lambda c: _clear(c, site_id, at))


_WHOLE: Select[Any] = select(callbacks, sites.c.name.label("site_name")).join(sites, sites.c.id == callbacks.c.site_id)


def callback_of(connection: Connection, site_id: int) -> Callback | None:
    """The site's callback."""
    row = connection.execute(_WHOLE.where(callbacks.c.site_id == site_id)).first()
    return _callback(row) if row else None


def _callback(row: Any) -> Callback:
    return Callback(
        site_id=row.site_id,
        site_name=row.site_name,
        kind=CallbackKind(row.kind),
        url=row.url,
        allow_private=row.allow_private,
        created=moment(row.created_at),
        disabled=maybe_moment(row.disabled_at),
        trouble=row.trouble,
        failures=row.failures,
        paused=maybe_moment(row.paused_until),
    )


def _set(
    connection: Connection,
    site_id: int,
    kind: CallbackKind,
    url: str,
    allow_private: bool,
    secret: str | None,
    at: int,
) -> str | None:
    if by_id(connection, site_id) is None:
        raise no_site(site_id)
    before = callback_of(connection, site_id)
    if before is None or before.kind is not kind:
        _end_secrets(connection, site_id, at)
    connection.execute(delete(callbacks).where(callbacks.c.site_id == site_id))
    connection.execute(
        insert(callbacks).values(
            site_id=site_id,
            kind=kind.value,
            url=url,
            allow_private=allow_private,
            created_at=at,
            trouble="",
            failures=0,
        )
    )
    made = None
    if secret is None and kind is CallbackKind.NATIVE and not live(connection, site_id, Purpose.CALLBACK):
        secret = made = new_secret()
    if secret is not None:
        add(connection, site_id, Purpose.CALLBACK, secret, at=at)
    return made


def _clear(connection: Connection, site_id: int, at: int) -> bool:
    there_was_one = connection.execute(delete(callbacks).where(callbacks.c.site_id == site_id)).rowcount > 0
    connection.execute(
        update(outbox)
        .where(outbox.c.site_id == site_id, outbox.c.state == Delivery.WAITING.value)
        .values(state=Delivery.DROPPED.value, finished_at=at, note=CLEARED)
    )
    _end_secrets(connection, site_id, at)
    return there_was_one


def _end_secrets(connection: Connection, site_id: int, at: int) -> None:
    which = (
        (site_secrets.c.site_id == site_id)
        & (site_secrets.c.purpose == Purpose.CALLBACK.value)
        & site_secrets.c.revoked_at.is_(None)
    )
    connection.execute(update(site_secrets).where(which).values(revoked_at=at))

"""What somebody who watches asks of the store, cheaply: what waits, for how long, and the database's own time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, func, literal_column, select, text

from moderator.comment import Status
from moderator.store.access import Access
from moderator.store.ids import moment
from moderator.store.schema import comments, outbox, rescorings, sites, verdicts
from moderator.store.values import Delivery


class Waiting(NamedTuple):
    """How many comments wait for a moderator, and since when the oldest does."""

    number: int
    oldest: datetime


@dataclass(frozen=True, slots=True)
class Watched:
    """What waits: of each site that has something, and of all blogs' messages. The database's clock, if it has one."""

    held: Mapping[str, Waiting]
    outbox: Mapping[Delivery, int]
    outbox_oldest: datetime | None
    untaught_oldest: datetime | None  # the oldest verdict that its site's classifier has not taken in
    database_time: datetime | None


class Watching:
    """Figures for who watches; ``store.watching``."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def look(self) -> Watched:
        """All of them at one moment. StoreError."""
        return self._access.read(_look)

    def time(self) -> datetime | None:
        """What the database's clock says; None on SQLite, which has that of its machine. StoreError."""
        return self._access.read(_time)

    def newest(self) -> datetime | None:
        """When the newest comment was received; None where there is none. StoreError."""
        newest = select(comments.c.received_at).order_by(comments.c.id.desc()).limit(1)
        found = self._access.read(lambda c: c.scalar(newest))
        return moment(found) if found is not None else None


# By the index of each site's verdicts: where all are taken in, one look-up a site.
_UNTAUGHT = (
    select(func.min(verdicts.c.at))
    .select_from(sites)
    .outerjoin(rescorings, rescorings.c.site_id == sites.c.id)
    .join(
        comments,
        (comments.c.site_id == sites.c.id) & (comments.c.verdict_id > func.coalesce(rescorings.c.upto, 0)),
    )
    .join(verdicts, verdicts.c.id == comments.c.verdict_id)
)


def _look(connection: Connection) -> Watched:
    # The literal text lets both engines see that the index of what is held will do.
    held = (
        select(sites.c.name, func.count(), func.min(comments.c.received_at))
        .join(sites, sites.c.id == comments.c.site_id)
        .where(comments.c.status == literal_column(f"'{Status.HELD.value}'"))
        .group_by(sites.c.name)
    )
    waiting = {name: Waiting(count, moment(oldest)) for name, count, oldest in connection.execute(held)}
    states = (Delivery.WAITING.value, Delivery.FAILED.value)
    counts = select(outbox.c.state, func.count()).where(outbox.c.state.in_(states)).group_by(outbox.c.state)
    oldest = select(func.min(outbox.c.queued_at)).where(outbox.c.state == literal_column(f"'{Delivery.WAITING.value}'"))
    since = connection.scalar(oldest)
    return Watched(
        waiting,
        {Delivery(state): count for state, count in connection.execute(counts)},
        moment(since) if since is not None else None,
        moment(untaught) if (untaught := connection.scalar(_UNTAUGHT)) is not None else None,
        _time(connection),
    )


def _time(connection: Connection) -> datetime | None:
    if connection.dialect.name == "sqlite":
        return None
    found: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    return found

"""What blogs are to be told: put in with the verdict, in its own transaction, and taken out by who delivers it.

A message says nothing itself: it points to a comment at a version, and what is told is read when it is sent. So a
later verdict, or an edit by the blog, supersedes what still waits: a blog never hears what has ceased to be true.

The queue of a site is worked by one holder at a time, which keeps the order. A holder that dies without a word (kill
-9) loses its claim after ``CLAIM``; what it had sent but not noted is sent again under the same id.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, delete, exists, func, insert, literal, select, update

from moderator.store import comments as stored_comments
from moderator.store.access import Access
from moderator.store.callbacks import callback_of
from moderator.store.ids import MICROSECOND, maybe_moment, micros, moment, new_id
from moderator.store.schema import callbacks, outbox, sites
from moderator.store.shared_secrets import live
from moderator.store.values import CallbackKind, Delivery, Message, Outcome, Parcel, Purpose

CLAIM = timedelta(seconds=90)  # longer than any attempt (its limits: moderator/callbacks), and renewed at each
GIVE_UP = timedelta(hours=84)
KEPT = timedelta(days=30)  # that finished messages stay visible

# What came in through a blog's own door is not told to it; what came in through another one is.
OWN_DOORS: Mapping[str, tuple[CallbackKind, ...]] = {
    "webhook": (CallbackKind.NATIVE, CallbackKind.CUSDIS, CallbackKind.ISSO),
    "akismet": (CallbackKind.WORDPRESS_AKISMET,),
    "import": tuple(CallbackKind),  # history, which the blog knows
}

SUPERSEDED = "the comment has changed since"
GIVEN_UP = f"given up after {GIVE_UP // timedelta(hours=1)} hours"


def put(connection: Connection, *, site_id: int, comment_id: str, version: int, door: str, at: int) -> None:
    """Within a verdict's transaction: the site's blog is to be told, if it has a callback and did not say it itself."""
    told_to = (
        select(
            literal(new_id(at), outbox.c.id.type),
            callbacks.c.site_id,
            literal(comment_id, outbox.c.comment_id.type),
            literal(version),
            literal(Delivery.WAITING.value, outbox.c.state.type),
            literal(0),
            literal(at, outbox.c.queued_at.type),
            literal(at, outbox.c.next_at.type),
            literal("", outbox.c.note.type),
        )
        .where(callbacks.c.site_id == site_id)
        .where(callbacks.c.kind.not_in([kind.value for kind in OWN_DOORS.get(door, ())]))
    )
    columns = ["id", "site_id", "comment_id", "version", "state", "attempts", "queued_at", "next_at", "note"]
    connection.execute(insert(outbox).from_select(columns, told_to))


def put_many(connection: Connection, changed: Sequence[tuple[int, str, int]], *, door: str, at: int) -> None:
    """The same for many comments: site, id and version of each."""
    heard = callbacks.c.kind.not_in([kind.value for kind in OWN_DOORS.get(door, ())])
    told_to = set(connection.scalars(select(callbacks.c.site_id).where(heard)))
    rows = [
        {
            "id": new_id(at),
            "site_id": site_id,
            "comment_id": comment_id,
            "version": version,
            "state": Delivery.WAITING.value,
            "attempts": 0,
            "queued_at": at,
            "next_at": at,
            "note": "",
        }
        for site_id, comment_id, version in changed
        if site_id in told_to
    ]
    if rows:
        connection.execute(insert(outbox), rows)


class Outbox:
    """The messages of all sites; ``store.outbox``."""

    def __init__(self, access: Access) -> None:
        self._access = access
        # Called when there is something new to send, if somebody in this process wants to know.
        self.on_new: Callable[[], None] | None = None
        # The same for who learns: what there is to send came with a verdict.
        self.on_verdict: Callable[[], None] | None = None

    def announce(self) -> None:
        """There may be something new to send and to learn, and it is on disk."""
        for told in (self.on_new, self.on_verdict):
            if told is not None:
                told()

    # For who delivers

    def due(self) -> tuple[int, ...]:
        """The sites that have something to be sent now and that nobody works on. Cheap: asked every second."""
        now = self._access.now()
        return self._access.read(lambda c: tuple(c.scalars(_due(now))))

    def claim(self, holder: str, *, most: int) -> tuple[int, ...]:
        """Make ``holder`` the one who works on sites that are due; which ones."""
        now = self._access.now()
        return self._access.write(lambda c: _claim(c, holder, most, now))

    def take(self, site_id: int, holder: str) -> Parcel | None:
        """The next message of a site that ``holder`` has claimed; None: there is none, or the claim is lost."""
        now = self._access.now()
        return self._access.write(lambda c: _take(c, site_id, holder, now))

    def note(self, parcel: Parcel, outcome: Outcome, holder: str) -> None:
        """What came of a message that was taken."""
        now = self._access.now()
        self._access.write(lambda c: _note(c, parcel, outcome, holder, now))

    def release(self, site_id: int, holder: str) -> None:
        """End a claim; for one that is lost already, nothing."""
        mine = (callbacks.c.site_id == site_id) & (callbacks.c.claimed_by == holder)
        free = update(callbacks).where(mine).values(claimed_by=None, claimed_until=None)
        self._access.write(lambda c: c.execute(free))

    def sweep(self) -> None:
        """Give up what has waited for ``GIVE_UP``, and forget what has been finished for ``KEPT``."""
        now = self._access.now()
        self._access.write(lambda c: _sweep(c, now))

    # For people

    def listed(
        self,
        *,
        state: Delivery | None = None,
        site_id: int | None = None,
        limit: int = 100,
        before: str | None = None,
    ) -> tuple[Message, ...]:
        """Messages, newest first: of one state and one site, or of any; those before this id, if one is given."""
        wanted = _wanted(state, site_id)
        if before is not None:
            wanted.append(outbox.c.id < before)
        query = _MESSAGES.where(*wanted).order_by(outbox.c.id.desc()).limit(limit)
        return self._access.read(lambda c: tuple(_message(row) for row in c.execute(query)))

    def of_comment(self, comment_id: str) -> tuple[Message, ...]:
        """What the blog was told of one comment, oldest first."""
        query = _MESSAGES.where(outbox.c.comment_id == comment_id).order_by(outbox.c.id)
        return self._access.read(lambda c: tuple(_message(row) for row in c.execute(query)))

    def counts(self, *, site_id: int | None = None) -> Mapping[Delivery, int]:
        """How many messages there are of each state (each is in it)."""
        query = select(outbox.c.state, func.count()).where(*_wanted(None, site_id)).group_by(outbox.c.state)
        found: dict[str, int] = self._access.read(lambda c: dict(c.execute(query).all()))
        return {state: found.get(state.value, 0) for state in Delivery}

    def retry(self, ids: Sequence[str] | None = None, *, site_id: int | None = None) -> int:
        """Send failed messages again, at once: these, or all (of a site). How many there were.

        Those of a site that has no callback any more are left alone.
        """
        now = self._access.now()
        count = self._access.write(lambda c: _retry(c, ids, site_id, now))
        self.announce()
        return count


_MESSAGES = select(outbox, sites.c.name.label("site_name")).join(sites, sites.c.id == outbox.c.site_id)


def _message(row: Any) -> Message:
    return Message(
        id=row.id,
        site_id=row.site_id,
        site_name=row.site_name,
        comment_id=row.comment_id,
        version=row.version,
        state=Delivery(row.state),
        attempts=row.attempts,
        queued=moment(row.queued_at),
        next=moment(row.next_at),
        finished=maybe_moment(row.finished_at),
        note=row.note,
    )


def _wanted(state: Delivery | None, site_id: int | None) -> list[ColumnElement[bool]]:
    wanted = []
    if state is not None:
        wanted.append(outbox.c.state == state.value)
    if site_id is not None:
        wanted.append(outbox.c.site_id == site_id)
    return wanted


def _in_use(now: int) -> ColumnElement[bool]:
    """The callbacks that may be used now."""
    return callbacks.c.disabled_at.is_(None) & (func.coalesce(callbacks.c.paused_until, 0) <= now)


def _is_due(now: int) -> ColumnElement[bool]:
    return (outbox.c.state == Delivery.WAITING.value) & (outbox.c.next_at <= now)


def _due(now: int) -> Select[int]:
    waits = exists().where(outbox.c.site_id == callbacks.c.site_id, _is_due(now))
    free = func.coalesce(callbacks.c.claimed_until, 0) <= now
    return select(callbacks.c.site_id).where(_in_use(now), free, waits).order_by(callbacks.c.site_id)


def _claim(connection: Connection, holder: str, most: int, now: int) -> tuple[int, ...]:
    # SKIP LOCKED: what another process is claiming at this moment, it gets. SQLite has one writer anyway.
    found = _due(now).limit(most).with_for_update(of=callbacks, skip_locked=True)
    claimed = tuple(connection.scalars(found))
    until = now + CLAIM // MICROSECOND
    connection.execute(
        update(callbacks).where(callbacks.c.site_id.in_(claimed)).values(claimed_by=holder, claimed_until=until)
    )
    return claimed


def _take(connection: Connection, site_id: int, holder: str, now: int) -> Parcel | None:
    mine = (callbacks.c.site_id == site_id) & (callbacks.c.claimed_by == holder) & _in_use(now)
    renewed = update(callbacks).where(mine).values(claimed_until=now + CLAIM // MICROSECOND)
    if not connection.execute(renewed).rowcount:
        return None
    oldest = select(outbox).where(outbox.c.site_id == site_id, _is_due(now)).order_by(outbox.c.id).limit(1)
    while row := connection.execute(oldest).first():
        comment = stored_comments.by_id(connection, row.comment_id, site_id=site_id)
        if comment is not None and comment.version == row.version:
            callback = callback_of(connection, site_id)
            assert callback is not None  # its row was just renewed
            secrets = live(connection, site_id, Purpose.CALLBACK)
            return Parcel(row.id, row.attempts, moment(row.queued_at), callback, secrets, comment)
        dropped = {"state": Delivery.DROPPED.value, "finished_at": now, "note": SUPERSEDED}
        connection.execute(update(outbox).where(outbox.c.id == row.id).values(dropped))
    return None


# Whoever changes both tables changes ``callbacks`` first, so that no two wait for each other.


def _note(connection: Connection, parcel: Parcel, outcome: Outcome, holder: str, now: int) -> None:
    if outcome.state is not Delivery.DROPPED:  # for which the blog was not asked
        site: dict[str, Any] = {"failures": 0, "paused_until": None, "trouble": outcome.note}
        if outcome.pause is not None:
            site |= {"failures": callbacks.c.failures + 1, "paused_until": micros(outcome.pause)}
        if outcome.disable:
            site["disabled_at"] = now
        # Only for who still has the claim: what an old address said is nothing against the new one.
        mine = (callbacks.c.site_id == parcel.callback.site_id) & (callbacks.c.claimed_by == holder)
        connection.execute(update(callbacks).where(mine).values(site))
    # If it is finished meanwhile (the callback was cleared), it stays so.
    connection.execute(
        update(outbox)
        .where(outbox.c.id == parcel.id, outbox.c.state == Delivery.WAITING.value)
        .values(
            state=outcome.state.value,
            attempts=outbox.c.attempts + 1,
            next_at=micros(outcome.next) if outcome.next else outbox.c.next_at,
            finished_at=None if outcome.state is Delivery.WAITING else now,
            note=outcome.note,
        )
    )


def _sweep(connection: Connection, now: int) -> None:
    too_old = outbox.c.queued_at <= now - GIVE_UP // MICROSECOND
    last = func.coalesce(func.nullif(outbox.c.note, ""), "never sent")
    connection.execute(
        update(outbox)
        .where(too_old, outbox.c.state == Delivery.WAITING.value)
        .values(state=Delivery.FAILED.value, finished_at=now, note=literal(f"{GIVEN_UP}: ") + last)
    )
    connection.execute(delete(outbox).where(outbox.c.finished_at <= now - KEPT // MICROSECOND))


def _retry(connection: Connection, ids: Sequence[str] | None, site_id: int | None, now: int) -> int:
    chosen = [*_wanted(Delivery.FAILED, site_id), outbox.c.site_id.in_(select(callbacks.c.site_id))]
    if ids is not None:
        chosen.append(outbox.c.id.in_(ids))
    of_sites = tuple(connection.scalars(select(outbox.c.site_id).where(*chosen).distinct()))
    at_once = update(callbacks).where(callbacks.c.site_id.in_(of_sites)).values(paused_until=None, failures=0)
    connection.execute(at_once)
    again = {"state": Delivery.WAITING.value, "attempts": 0, "queued_at": now, "next_at": now, "finished_at": None}
    return connection.execute(update(outbox).where(*chosen).values(again)).rowcount

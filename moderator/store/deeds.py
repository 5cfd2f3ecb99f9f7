"""What a person did last, kept so that it can be taken back, and done again: fifty deeds deep, a batch as one.

A deed is noted in the transaction of its verdicts. What was taken back can be done again until something else is done.
"""

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from moderator.comment import Word
from moderator.store import queue, skipping, verdicts
from moderator.store.access import Access
from moderator.store.ids import micros, moment, new_id
from moderator.store.outbox import Outbox
from moderator.store.schema import deeds, new_number
from moderator.store.values import Counted, Deed, Deeds, Filter, Order, Person, Sureness

DOOR = "page"
KEPT = 50
SKIP = "skip"
LONGEST = 20.0  # seconds that all that fits a filter may take; who asked is waiting, and the server ends it after 60


class Doings:
    """What people do on the pages, with undo and redo; ``store.deeds``."""

    def __init__(self, access: Access, outbox: Outbox) -> None:
        self._access = access
        self._outbox = outbox

    def recent(self, person_id: int) -> Deeds:
        """What the person did last, on any machine."""
        return self._access.read(lambda c: recent(c, person_id))

    def give(self, person: Person, comment_id: str, word: Word | None, *, version: int) -> Deed | None:
        """A word on one comment, or None: put it off. UnknownComment; StaleVersion where it is not at this version.

        None where it stands so already by the same person, as after a double click.
        """
        at = self._access.now()
        work = _skip_one if word is None else partial(_give_one, word=word)
        done = self._access.write(lambda c: work(c, person, comment_id, version=version, at=at))
        self._outbox.announce()
        return done

    def give_many(self, person: Person, versions: Mapping[str, int], word: Word | None) -> Deed | None:
        """The same for many (id → version) in one transaction; those on which somebody was faster are left out.

        None where that is all of them.
        """
        at = self._access.now()
        done = self._access.write(lambda c: _give_many(c, person, versions, word, at=at))
        self._outbox.announce()
        return done

    def give_all(self, person: Person, which: Filter, word: Word | None, *, seen: datetime) -> tuple[Deed | None, bool]:
        """The same for all that the filter lets through and that have not changed since the moment ``seen``.

        In transactions of ``verdicts.AT_ONCE`` comments, so that blogs need not wait for a large one, but one deed.
        Also whether it is all of them: after ``LONGEST`` seconds it stops where it is.
        """
        at, began = self._access.now(), time.monotonic()
        which = which.as_of(seen)
        batch, deed, left_out = new_id(at), None, 0
        place: queue.Place | None = None
        while time.monotonic() - began < LONGEST:
            walk = queue.Walk(which, Order.OLDEST, Sureness())
            found = self._access.read(partial(queue.walked, walk=walk, start=place, limit=verdicts.AT_ONCE))
            ids = [one.id for one in found.places]
            if ids:
                done, late = self._access.write(
                    partial(
                        _give_some, person=person, ids=ids, word=word, at=at, batch=batch, seen=micros(seen), deed=deed
                    )
                )
                deed, left_out = done or deed, left_out + late
            place = found.further
            if place is None:
                break
        if deed is not None and left_out:
            deed = self._access.write(partial(_left_out, deed=deed, number=left_out))
        self._outbox.announce()
        return deed, place is None

    def undo(self, person: Person, batch: str) -> tuple[Deed | None, int]:
        """Take back the last deed if it is this one, and on how many of its comments somebody has spoken since.

        None where it is not: a double click, or another window has done it.
        """
        return self._turn(person, batch, undone=True)

    def redo(self, person: Person, batch: str) -> tuple[Deed | None, int]:
        """Do again what was taken back last, if it is this."""
        return self._turn(person, batch, undone=False)

    def _turn(self, person: Person, batch: str, *, undone: bool) -> tuple[Deed | None, int]:
        at = self._access.now()
        to = new_id(at)
        deed, stale, last = self._access.write(partial(_turn, person=person, batch=batch, to=to, undone=undone, at=at))
        while deed is not None and last is not None:
            more = partial(verdicts.undo_some, what=batch, by=person.login, door=DOOR, at=at, batch=to, after=last)
            _, late, last = self._access.write(more)
            stale += len(late)
        if deed is not None and stale:
            deed = self._access.write(partial(_settle, deed=deed, stale=stale))
        self._outbox.announce()
        return deed, stale

    # Questions about many comments, for who is about to do something with all of them

    def count(self, which: Filter) -> Counted:
        """How many comments the filter lets through."""
        return self._access.read(lambda c: queue.count(c, which))

    def arrived(self, which: Filter, *, since: datetime, most: int = 100) -> int:
        """How many more there are since that moment, up to ``most``."""
        return self._access.read(lambda c: queue.arrived(c, which, since=since, most=most))


def recent(connection: Connection, person_id: int) -> Deeds:
    """The person's deeds."""
    rows = connection.execute(select(deeds).where(deeds.c.person_id == person_id).order_by(deeds.c.id.desc())).all()
    last = max(rows, key=lambda row: int(row.turn), default=None)
    return Deeds(
        done=tuple(_deed(row) for row in rows if not row.undone),
        undone=tuple(_deed(row) for row in reversed(rows) if row.undone),
        last=_deed(last) if last is not None else None,
    )


def _deed(row: Any) -> Deed:
    word = None if row.word == SKIP else Word(row.word)
    return Deed(row.id, word, row.comment_id, row.number, row.left_out, row.batch, row.undone, moment(row.at))


def _give_one(
    connection: Connection, person: Person, comment_id: str, *, word: Word, version: int, at: int
) -> Deed | None:
    batch = new_id(at)
    given = verdicts.give(
        connection, comment_id, word, by=person.login, door=DOOR, at=at, batch=batch, expected_version=version
    )
    if given.batch != batch:
        return None
    return _note(connection, person, word, [comment_id], batch=batch, at=at)


def _skip_one(connection: Connection, person: Person, comment_id: str, *, version: int, at: int) -> Deed | None:
    verdicts.check_held(connection, comment_id, version)
    batch = new_id(at)
    ids = skipping.put_off(connection, [comment_id], person_id=person.id, batch=batch, at=at)
    return _note(connection, person, None, ids, batch=batch, at=at) if ids else None


def _give_many(
    connection: Connection, person: Person, versions: Mapping[str, int], word: Word | None, *, at: int
) -> Deed | None:
    if word is None:
        batch = new_id(at)
        ids = skipping.put_off(connection, list(versions), person_id=person.id, batch=batch, at=at)
        stale = len(versions) - len(ids)
    else:
        given = verdicts.give_many(connection, versions, word, by=person.login, door=DOOR, at=at)
        batch, ids, stale = given.id, [one.comment_id for one in given.given], len(given.stale)
    return _note(connection, person, word, ids, batch=batch, at=at, left_out=stale) if ids else None


def _give_some(
    connection: Connection,
    *,
    person: Person,
    ids: Sequence[str],
    word: Word | None,
    at: int,
    batch: str,
    seen: int,
    deed: Deed | None,
) -> tuple[Deed | None, int]:
    """One transaction of many: it begins the deed, or adds to it."""
    late = 0
    if word is None:
        done = skipping.put_off(connection, ids, person_id=person.id, batch=batch, at=at)
    else:
        given, late = verdicts.give_seen(
            connection, ids, word, by=person.login, door=DOOR, at=at, batch=batch, seen=seen
        )  # fmt: skip
        done = [one.comment_id for one in given]
    if not done:
        return deed, late
    if deed is None:
        return _note(connection, person, word, done, batch=batch, at=at), late
    return _change(connection, deed.id, number=deeds.c.number + len(done)), late


def _left_out(connection: Connection, *, deed: Deed, number: int) -> Deed:
    return _change(connection, deed.id, left_out=number)


def _note(
    connection: Connection,
    person: Person,
    word: Word | None,
    ids: Sequence[str],
    *,
    batch: str,
    at: int,
    left_out: int = 0,
) -> Deed:
    """Keep it as the last deed; what was taken back before it cannot be done again, and the oldest go."""
    own = deeds.c.person_id == person.id
    undone = connection.scalars(select(deeds.c.batch).where(own, deeds.c.undone.is_(True))).all()
    if undone:
        skipping.forget(connection, person_id=person.id, batches=undone)
        connection.execute(delete(deeds).where(own, deeds.c.undone.is_(True)))
    row = {
        "person_id": person.id,
        "word": SKIP if word is None else word.value,
        "comment_id": ids[0],
        "number": len(ids),
        "left_out": left_out,
        "batch": batch,
        "undone": False,
        "turn": _next_turn(connection, person.id),
        "at": at,
    }
    number = new_number(connection, insert(deeds).values(row))
    oldest = connection.scalar(select(deeds.c.id).where(own).order_by(deeds.c.id.desc()).limit(1).offset(KEPT))
    if oldest is not None:
        connection.execute(delete(deeds).where(own, deeds.c.id <= oldest))
    return Deed(number, word, ids[0], len(ids), left_out, batch, False, moment(at))


def _next_turn(connection: Connection, person_id: int) -> int:
    last = connection.scalar(select(func.max(deeds.c.turn)).where(deeds.c.person_id == person_id))
    return int(last or 0) + 1


def _turn(
    connection: Connection, *, person: Person, batch: str, to: str, undone: bool, at: int
) -> tuple[Deed | None, int, int | None]:
    """Take the last deed back, or do it again, if ``batch`` names it: what it is now, on how many of its comments
    somebody has spoken since, and after which verdict to go on."""
    own = (deeds.c.person_id == person.id) & deeds.c.undone.is_(not undone)
    order = deeds.c.id.desc() if undone else deeds.c.id
    row = connection.execute(select(deeds).where(own).order_by(order).limit(1).with_for_update()).first()
    if row is None or row.batch != batch:
        return None, 0, None
    turn = _next_turn(connection, person.id)
    if row.word == SKIP:
        skipping.turn(connection, person_id=person.id, batch=batch, to=to, undone=undone)
        return _change(connection, row.id, batch=to, undone=undone, turn=turn, at=at), 0, None
    _, stale, last = verdicts.undo_some(connection, batch, by=person.login, door=DOOR, at=at, batch=to)
    return _change(connection, row.id, batch=to, undone=undone, turn=turn, at=at), len(stale), last


def _settle(connection: Connection, *, deed: Deed, stale: int) -> Deed:
    """After others spoke on ``stale`` of its comments: of those it is no deed of this person's any more."""
    if stale < deed.number:
        return _change(connection, deed.id, number=deed.number - stale, left_out=deed.left_out + stale)
    connection.execute(delete(deeds).where(deeds.c.id == deed.id))
    return deed


def _change(connection: Connection, deed_id: int, **values: Any) -> Deed:
    connection.execute(update(deeds).where(deeds.c.id == deed_id).values(values))
    return _deed(connection.execute(select(deeds).where(deeds.c.id == deed_id)).one())

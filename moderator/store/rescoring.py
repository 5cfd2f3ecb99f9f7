"""Waiting comments scored anew after their site's verdicts: which, what came of it, and who is at it.

They stay held: a human is to see them, whatever the score says now. Only the score, and so the place in the queue,
changes; what was decided, and by which score, stays in ``rescored.decided_score``.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, bindparam, delete, func, insert, or_, select, update

from moderator.comment import Action, Status
from moderator.store.access import Access
from moderator.store.ids import MICROSECOND, moment
from moderator.store.schema import comments, rescored, rescorings

CLAIM = timedelta(seconds=15)  # renewed at each verdict, so that one process keeps the features of a site's queue
WRITTEN_AT_ONCE = 1000  # a transaction: 20 ms on SQLite, for which decisions wait


class Waiting(NamedTuple):
    """A held comment, as far as scoring it anew needs to know it; ``would`` None: it was not scored anew before."""

    id: str
    number: int
    rule: str
    score: float | None
    would: Action | None
    standing: float = 0.0


class Rescored(NamedTuple):
    """A new score for a held comment, and what the score alone would decide now."""

    id: str
    number: int
    score: float
    would: Action


class Changes(NamedTuple):
    """What a site's verdicts changed among what waits.

    ``changed``: how many crossed a threshold when they were last scored anew, ``at`` that time, of ``waiting``;
    ``fine`` and ``spam``: how many of those that wait now would be approved and rejected by today's score.
    """

    at: datetime | None = None
    waiting: int = 0
    changed: int = 0
    fine: int = 0
    spam: int = 0


class Rescoring:
    """Scoring anew; ``store.rescoring``."""

    def __init__(self, access: Access) -> None:
        self._access = access

    # For who does it

    def behind(self, model: str) -> dict[int, int]:
        """The sites that were not scored anew by this model with all that was said, and each one's newest verdict."""
        newest = func.max(comments.c.verdict_id)
        query = (
            select(comments.c.site_id, newest)
            .outerjoin(rescorings, rescorings.c.site_id == comments.c.site_id)
            .where(comments.c.verdict_id.is_not(None))
            .group_by(comments.c.site_id, rescorings.c.model, rescorings.c.upto)
            .having(or_(rescorings.c.model.is_(None), rescorings.c.model != model, rescorings.c.upto < newest))
        )
        return self._access.read(lambda c: dict(c.execute(query).all()))

    def claim(self, site_id: int, holder: str, *, model: str, upto: int) -> bool | None:
        """Whether ``holder`` is to score this site's waiting comments now; None: it is done already, up to there."""
        now = self._access.now()
        return self._access.write(lambda c: _claim(c, site_id, holder, model, upto, now))

    def waiting(self, site_id: int, *, most: int) -> tuple[Waiting, ...]:
        """What waits on a site, the newest first."""
        query = _WAITING.where(comments.c.site_id == site_id).limit(most)
        return self._access.read(lambda c: tuple(map(_waiting, c.execute(query))))

    def store(self, found: Sequence[Rescored]) -> None:
        """Put new scores in; a comment that is held no more, or was edited meanwhile, is left as it is."""
        for start in range(0, len(found), WRITTEN_AT_ONCE):
            some = found[start : start + WRITTEN_AT_ONCE]
            self._access.write(partial(_store, found=some))

    def done(self, site_id: int, holder: str, *, model: str, upto: int, waiting: int, changed: int) -> None:
        """Note how far it came, if the claim is still the holder's; the claim is kept until it runs out."""
        now = self._access.now()
        mine = (rescorings.c.site_id == site_id) & (rescorings.c.claimed_by == holder)
        note = update(rescorings).where(mine).values(model=model, upto=upto, at=now, waiting=waiting, changed=changed)
        self._access.write(lambda c: c.execute(note))

    # For people

    def changes(self, site_id: int | None = None) -> Changes:
        """What changed among what waits, on one site or on all: for "12 waiting comments changed"."""
        return self._access.read(lambda c: _changes(c, site_id))

    def latest(self, site_id: int | None = None) -> Changes:
        """The same without ``fine`` and ``spam``, for each page of a queue: from one row a site."""
        return self._access.read(lambda c: _latest(c, site_id))


_WAITING: Select[Any] = (
    select(comments.c.id, comments.c.decision, comments.c.rule, comments.c.score, rescored.c.would, comments.c.standing)
    .outerjoin(rescored, (rescored.c.comment_id == comments.c.id) & (rescored.c.decision == comments.c.decision))
    .where(comments.c.status == Status.HELD.value)
    .order_by(comments.c.id.desc())
)


def _waiting(row: Any) -> Waiting:
    return Waiting(row[0], row[1], row[2], row[3], Action(row[4]) if row[4] is not None else None, row[5])


def _claim(connection: Connection, site_id: int, holder: str, model: str, upto: int, now: int) -> bool | None:
    until = now + CLAIM // MICROSECOND
    one = rescorings.c.site_id == site_id
    row = connection.execute(select(rescorings).where(one).with_for_update()).first()
    if row is None:
        made = {"model": "", "upto": 0, "at": now, "waiting": 0, "changed": 0}
        connection.execute(
            insert(rescorings).values(site_id=site_id, claimed_by=holder, claimed_until=until, **made)
        )  # of two at once one fails, is tried again, and finds the other's
        return True
    if row.model == model and row.upto >= upto:
        return None
    # A claim that is good for longer than any claim is (the clock went back) is nobody's.
    if row.claimed_by not in (None, holder) and now < (row.claimed_until or 0) <= until:
        return False
    connection.execute(update(rescorings).where(one).values(claimed_by=holder, claimed_until=until))
    return True


_HELD_STILL = (
    (comments.c.id == bindparam("own"))
    & (comments.c.decision == bindparam("number"))
    & (comments.c.status == Status.HELD.value)
)


def _store(connection: Connection, found: Sequence[Rescored]) -> None:
    rows = sorted(
        ({"own": one.id, "number": one.number, "new": one.score, "what": one.would.value} for one in found),
        key=lambda row: str(row["own"]),  # in one order everywhere, so that two cannot wait for each other
    )
    ids = [row["own"] for row in rows]
    before = select(rescored.c.comment_id, rescored.c.decision, rescored.c.would).where(rescored.c.comment_id.in_(ids))
    known, would = dict[str, int](), dict[str, str]()
    for own, number, what in connection.execute(before):
        known[own], would[own] = number, what
    edited = [row["own"] for row in rows if known.get(str(row["own"]), row["number"]) != row["number"]]
    if edited:
        connection.execute(delete(rescored).where(rescored.c.comment_id.in_(edited)))
    # Nearly all change their score and hardly any what it says of them: half the writing.
    again = [
        row for row in rows if known.get(str(row["own"])) == row["number"] and would[str(row["own"])] != row["what"]
    ]
    first = [row for row in rows if known.get(str(row["own"])) != row["number"]]
    if again:
        connection.execute(
            update(rescored).where(rescored.c.comment_id == bindparam("own")).values(would=bindparam("what")),
            [{"own": row["own"], "what": row["what"]} for row in again],
        )
    if first:
        names = ["comment_id", "site_id", "decision", "decided_score", "would"]
        was = select(comments.c.id, comments.c.site_id, comments.c.decision, comments.c.score, bindparam("what")).where(
            _HELD_STILL
        )
        connection.execute(
            insert(rescored).from_select(names, was),
            [{name: row[name] for name in ("own", "number", "what")} for row in first],
        )
    connection.execute(
        update(comments).where(_HELD_STILL).values(score=bindparam("new")),
        [{name: row[name] for name in ("own", "number", "new")} for row in rows],
    )


def _latest(connection: Connection, site_id: int | None) -> Changes:
    wanted: list[ColumnElement[bool]] = [] if site_id is None else [rescorings.c.site_id == site_id]
    at, waiting, changed = connection.execute(
        select(func.max(rescorings.c.at), func.sum(rescorings.c.waiting), func.sum(rescorings.c.changed)).where(*wanted)
    ).one()
    return Changes(moment(at) if at is not None else None, int(waiting or 0), int(changed or 0))


def _changes(connection: Connection, site_id: int | None) -> Changes:
    latest = _latest(connection, site_id)
    crossed = (
        select(rescored.c.would, func.count())
        .join(comments, (comments.c.id == rescored.c.comment_id) & (comments.c.decision == rescored.c.decision))
        .where(comments.c.status == Status.HELD.value, rescored.c.would != Action.HOLD.value)
        .group_by(rescored.c.would)
    )
    if site_id is not None:
        crossed = crossed.where(rescored.c.site_id == site_id)
    counts: dict[str, int] = dict(connection.execute(crossed).all())
    return latest._replace(fine=counts.get(Action.APPROVE.value, 0), spam=counts.get(Action.REJECT.value, 0))

"""Spot checks: a small share of what the machine decided alone comes before moderators, so that its errors are counted.

Which comments, a keyed hash of their ids tells: any process finds the same ones, and nobody who does not know the key
can guess them. They are drawn from what has come in since the last time, never on a comment's way in; the share of the
time stands beside each, so that another share later changes no figure of before.
"""

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from moderator.comment import Action, Status, Word
from moderator.store.access import Access
from moderator.store.comments import WHOLE, stored_of
from moderator.store.ids import least_id, micros
from moderator.store.schema import comments, marks, spot_checks
from moderator.store.values import StoredComment

LOOKED_AT_ONCE = 5_000
# What came in a moment ago may still be on its way to the disk of another process, with a smaller id.
SETTLED = 60 * 1_000_000
FIRST_DRAW = 7 * 24 * 3600 * 1_000_000
# Only the newest of them wait for a moderator: what was published a month ago is read by nobody any more.
OPEN_AMONG = 500
MARK = "spot checks"
ALONE = (Action.APPROVE.value, Action.REJECT.value)


def falls_on(comment_id: str, share: float, key: bytes, *, purpose: str = "spot check") -> bool:
    """Whether a keyed hash chooses this comment; so for a ``share`` of all."""
    digest = hmac.new(key, f"{purpose}\n{comment_id}".encode(), hashlib.sha256).digest()
    return int.from_bytes(digest[:8], "big") < share * 2**64


class SpotChecks:
    """Drawn, open, and what came of them; ``store.spot_checks``."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def draw(self, key: bytes, share: float) -> int:
        """Choose among what has come in since the last time, at most ``LOOKED_AT_ONCE``; how many were chosen."""
        now = self._access.now()
        if not self._access.read(lambda c: _next(c, now)):
            return 0
        return self._access.write(lambda c: _draw(c, key, share, now))

    def open(self, *, site_ids: Sequence[int] | None = None, limit: int) -> tuple[StoredComment, ...]:
        """Those that no human has judged yet, newest first; of these sites, None: of all."""
        return self._access.read(lambda c: _open(c, site_ids, limit))

    def is_open(self, comment_id: str) -> bool:
        """Whether this comment is one of them, and not judged."""
        query = (
            select(spot_checks.c.comment_id)
            .join(comments, comments.c.id == spot_checks.c.comment_id)
            .where(spot_checks.c.comment_id == comment_id, comments.c.verdict_id.is_(None))
        )
        return self._access.read(lambda c: c.scalar(query)) is not None

    def seen(self, *, since: datetime, until: datetime, site_ids: Sequence[int]) -> dict[Action, tuple[int, int, int]]:
        """By what the machine decided: how many were drawn, and how many of them humans called spam, and ham.

        Counted by when the comments were received, ``since`` included and ``until`` not.
        """
        return self._access.read(lambda c: _seen(c, micros(since), micros(until), site_ids))


def _after(connection: Connection, now: int) -> str:
    """The last id that was looked at."""
    found = connection.scalar(select(marks.c.value).where(marks.c.name == MARK))
    return found or least_id(now - FIRST_DRAW)


def _next(connection: Connection, now: int) -> Sequence[Any]:
    ids = (comments.c.id > _after(connection, now), comments.c.id < least_id(now - SETTLED))
    query = select(comments.c.id, comments.c.action).where(*ids).order_by(comments.c.id).limit(LOOKED_AT_ONCE)
    return connection.execute(query).all()


def _draw(connection: Connection, key: bytes, share: float, now: int) -> int:
    """Under a lock on the mark, so that no comment is looked at twice."""
    known = connection.scalar(select(marks.c.value).where(marks.c.name == MARK).with_for_update())
    rows = _next(connection, now)
    if not rows:
        return 0
    if known is None:
        connection.execute(insert(marks).values(name=MARK, value=rows[-1].id))
    else:
        connection.execute(update(marks).where(marks.c.name == MARK).values(value=rows[-1].id))
    chosen = [row for row in rows if row.action in ALONE and falls_on(row.id, share, key)]
    if chosen:
        values = [{"comment_id": row.id, "action": row.action, "share": share, "drawn_at": now} for row in chosen]
        connection.execute(insert(spot_checks), values)
    return len(chosen)


def _open(connection: Connection, site_ids: Sequence[int] | None, limit: int) -> tuple[StoredComment, ...]:
    newest = select(spot_checks.c.comment_id).order_by(spot_checks.c.comment_id.desc()).limit(OPEN_AMONG).subquery()
    # For no index but that of the ids: of a million comments SQLite would rather walk all of a status, for 600 ms.
    status = func.coalesce(comments.c.status, "")
    which = [comments.c.verdict_id.is_(None), status.in_([Status.APPROVED.value, Status.REJECTED.value])]
    if site_ids is not None:
        which.append(func.coalesce(comments.c.site_id, 0).in_(site_ids))
    ids = (
        select(comments.c.id)
        .join(newest, newest.c.comment_id == comments.c.id)
        .where(*which)
        .order_by(newest.c.comment_id.desc())
        .limit(limit)
    )
    chosen = connection.scalars(ids).all()
    if not chosen:
        return ()
    return tuple(stored_of(row) for row in connection.execute(WHOLE.where(comments.c.id.in_(chosen))))


def _seen(
    connection: Connection, since: int, until: int, site_ids: Sequence[int]
) -> dict[Action, tuple[int, int, int]]:
    # From the few spot checks to their comments: else SQLite walks all comments of these days, 700 ms for a million.
    own = func.coalesce(spot_checks.c.comment_id, "")
    query = (
        select(spot_checks.c.action, comments.c.word, func.count())
        .join(comments, comments.c.id == own)
        .where(
            spot_checks.c.comment_id >= least_id(since),
            spot_checks.c.comment_id < least_id(until),
            (comments.c.site_id + 0).in_(site_ids),
            comments.c.action == spot_checks.c.action,  # else it was edited, and decided anew
        )
        .group_by(spot_checks.c.action, comments.c.word)
    )
    found: dict[Action, list[int]] = {}
    for action, word, number in connection.execute(query):
        counts = found.setdefault(Action(action), [0, 0, 0])
        counts[0] += number
        if word in (Word.SPAM.value, Word.HAM.value):
            counts[1 if word == Word.SPAM.value else 2] += number
    return {action: (drawn, spam, ham) for action, (drawn, spam, ham) in found.items()}

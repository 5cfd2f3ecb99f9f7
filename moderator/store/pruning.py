"""Forgetting what is old and teaches nothing: a few rows at a time, so that who stores comments hardly waits for it.

Comments that were approved, rejected or deleted, of which no human said ham or spam, with their former contents,
decisions, verdicts and messages; the former contents of those that teach, where nobody judged them. What waits for a
moderator stays, however old. Beside them logins and links that have ended.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy import ColumnElement, Connection, Table, delete, func, select

from moderator.comment import Status
from moderator.store.access import Access
from moderator.store.deletion import TEACHES
from moderator.store.ids import least_id, micros
from moderator.store.schema import comments, decisions, failed_logins, links, metadata, revisions, sessions, verdicts

AT_ONCE = 200  # comments a transaction, which is 5 ms
PAUSE = 1.0  # times what a transaction took: at most half of the time belongs to this
GONE = (Status.APPROVED.value, Status.REJECTED.value, Status.DELETED.value)


@dataclass(frozen=True, slots=True)
class Pruned:
    """How much was forgotten, or would be."""

    looked_at: int = 0
    comments: int = 0
    former: int = 0  # contents and decisions of comments that stay
    logins: int = 0

    def __add__(self, more: "Pruned") -> "Pruned":
        return Pruned(
            self.looked_at + more.looked_at,
            self.comments + more.comments,
            self.former + more.former,
            self.logins + more.logins,
        )


class Pruning:
    """Forgetting; ``store.pruning``."""

    def __init__(self, access: Access, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._access = access
        self._sleep = sleep

    def prune(
        self, before: datetime, *, dry_run: bool = False, show: Callable[[int, int], None] = lambda done, of: None
    ) -> Pruned:
        """Forget what came in before this moment. What a run that is broken off has forgotten is forgotten.

        ``show`` is told how many old comments were looked at, and of how many. StoreError.
        """
        end, at = least_id(micros(before)), ""
        of = self._access.read(lambda c: c.scalar(select(func.count()).where(comments.c.id < end)) or 0)
        found = Pruned()
        while True:
            page = self._access.read(partial(_page, after=at, end=end))
            if not page:
                break
            at = page[-1][0]
            ids = [id for id, goes in page if goes]
            stay = [id for id, goes in page if not goes]
            found += Pruned(len(page)) + self._step(ids, stay, dry_run=dry_run)
            show(found.looked_at, of)
        limit = micros(before)
        if dry_run:
            return found + Pruned(logins=self._access.read(lambda c: _count_logins(c, limit)))
        return found + Pruned(logins=self._access.write(lambda c: _forget_logins(c, limit)))

    def _step(self, ids: Sequence[str], stay: Sequence[str], *, dry_run: bool) -> Pruned:
        if dry_run:
            return Pruned(comments=len(ids), former=self._access.read(lambda c: len(_silent(c, stay))))
        begun = time.monotonic()
        done = self._access.write(lambda c: Pruned(comments=_forget(c, ids), former=_forget_former(c, stay)))
        self._sleep((time.monotonic() - begun) * PAUSE)
        return done


def _page(connection: Connection, after: str, end: str) -> list[tuple[str, bool]]:
    """The next old comments by id, and whether each may go."""
    query = (
        select(comments.c.id, comments.c.status, comments.c.word)
        .where(comments.c.id > after, comments.c.id < end)
        .order_by(comments.c.id)
        .limit(AT_ONCE)
    )
    return [(row.id, row.status in GONE and row.word not in TEACHES) for row in connection.execute(query)]


def _forget(connection: Connection, ids: Sequence[str]) -> int:
    """Delete these comments, if they are still as they were looked at, and whatever points to them."""
    still = (
        select(comments.c.id)
        .where(comments.c.id.in_(ids), comments.c.status.in_(GONE))
        .where(comments.c.word.is_(None) | comments.c.word.not_in(TEACHES))
        .with_for_update()
    )
    sure = list(connection.scalars(still))
    # A content that was judged once may have been edited since: what was learned from it stays.
    taught = select(revisions.c.comment_id).where(revisions.c.comment_id.in_(sure), revisions.c.word.in_(TEACHES))
    sure = sorted(set(sure) - set(connection.scalars(taught)))
    if not sure:
        return 0
    undone = select(verdicts.c.id).where(verdicts.c.comment_id.in_(sure))
    connection.execute(verdicts.update().where(verdicts.c.undoes.in_(undone)).values(undoes=None))
    for table, column in _pointing_to_comments():
        connection.execute(delete(table).where(table.c[column].in_(sure)))
    return connection.execute(delete(comments).where(comments.c.id.in_(sure))).rowcount


def _pointing_to_comments() -> list[tuple[Table, str]]:
    """Tables with a foreign key to a comment, those that others point to last."""
    return [
        (table, key.parent.name)
        for table in reversed(metadata.sorted_tables)
        for key in sorted(table.foreign_keys, key=lambda key: key.parent.name)
        if key.column is comments.c.id
    ]


def _silent(connection: Connection, ids: Sequence[str]) -> list[tuple[str, int]]:
    """Former contents of these comments that nobody judged."""
    query = select(revisions.c.comment_id, revisions.c.number).where(
        revisions.c.comment_id.in_(ids), revisions.c.word.is_(None) | revisions.c.word.not_in(TEACHES)
    )
    return [(row.comment_id, row.number) for row in connection.execute(query)]


def _forget_former(connection: Connection, ids: Sequence[str]) -> int:
    found = _silent(connection, ids)
    for table in (revisions, decisions):
        for comment_id, number in found:
            connection.execute(delete(table).where(table.c.comment_id == comment_id, table.c.number == number))
    return len(found)


def _old_logins(limit: int) -> tuple[tuple[Table, ColumnElement[bool]], ...]:
    return (
        (sessions, sessions.c.created_at < limit),
        (links, links.c.expires_at < limit),
        (failed_logins, failed_logins.c.last_at < limit),
    )


def _count_logins(connection: Connection, limit: int) -> int:
    counts = (
        connection.scalar(select(func.count()).select_from(table).where(old)) for table, old in _old_logins(limit)
    )
    return sum(count or 0 for count in counts)


def _forget_logins(connection: Connection, limit: int) -> int:
    return sum(connection.execute(delete(table).where(old)).rowcount for table, old in _old_logins(limit))

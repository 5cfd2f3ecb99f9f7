"""Withdrawing words as a set: all that came from somebody, through a door or with a key, since some time.

Nothing is erased: withdrawn verdicts are marked, and the word that stands on a comment is the last of the others. Where
that is another one, a verdict through the door ``forget`` says so, and training and adaptation have it at once. On a
content that was edited since, the revision is marked, and a verdict that changes nothing tells those who learn. How
comments stand on the blog stays as it is, unless they are to be held again.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, and_, func, insert, select, update

from moderator.comment import STATUS_AFTER_WORD, Status, Word
from moderator.store import verdicts as words
from moderator.store.access import Access
from moderator.store.errors import UnknownVerdict
from moderator.store.ids import micros, moment, new_id
from moderator.store.schema import comments, revisions, verdicts

DOOR = "forget"
AT_ONCE = 200  # comments a transaction


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose words: of a site, and by all else that is given. ``key`` is a key's first characters, as they are shown."""

    site_id: int
    by: str = ""
    door: str = ""
    key: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Words of one person through one door with one key: how many of each, and when the first and the last."""

    door: str
    by: str
    key: str
    ham: int
    spam: int
    other: int
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was withdrawn, or would be: ``words`` in all, on ``comments`` whose standing word that changes.

    ``batch`` is what undo takes.
    """

    batch: str
    words: int
    comments: int


class Forgetting:
    """Withdrawals; ``store.forgetting``."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def look(self, which: Origin) -> tuple[Group, ...]:
        """Whose words these are, the most first."""
        return self._access.read(lambda c: _groups(c, which))

    def would(self, which: Origin) -> Forgotten:
        """What ``forget`` would withdraw, without doing it."""

        def count(connection: Connection) -> Forgotten:
            ids, affected = _chosen(connection, which)
            changed = sum(bool(_changes(connection, one, ids)) for one in affected)
            return Forgotten("", len(ids), changed)

        return self._access.read(count)

    def forget(self, which: Origin, *, by: str, hold: bool = False) -> Forgotten:
        """Withdraw them. ``hold``: those comments wait for a human again, and the blog is told."""
        at = self._access.now()
        batch = new_id(at)
        ids, affected = self._access.read(lambda c: _chosen(c, which))
        step = partial(_forget, ids=ids, by=by, at=at, batch=batch, hold=hold)
        changed = sum(
            self._access.write(partial(step, affected=affected[start : start + AT_ONCE]))
            for start in range(0, len(affected), AT_ONCE)
        )
        return Forgotten(batch, len(ids), changed)

    def undo(self, batch: str, *, by: str) -> int:
        """Let what a batch withdrew count again; the word of how many comments that changed. UnknownVerdict.

        A comment that was held for it goes back to where its word had put it, if nobody has spoken since.
        """
        at = self._access.now()
        affected = self._access.read(lambda c: _marked(c, batch))
        if not affected:
            raise UnknownVerdict(f"there is no withdrawal {batch!r}; `moderator forget` said its name when it was made")
        step = partial(_undo, batch=batch, by=by, at=at)
        return sum(
            self._access.write(partial(step, affected=affected[start : start + AT_ONCE]))
            for start in range(0, len(affected), AT_ONCE)
        )


def _wanted(which: Origin, columns: Sequence[Any]) -> Select[Any]:
    query = select(*columns).join(comments, comments.c.id == verdicts.c.comment_id)
    query = query.where(comments.c.site_id == which.site_id, verdicts.c.undoes.is_(None))
    query = query.where(verdicts.c.door != DOOR, verdicts.c.forgotten.is_(None))
    for column, value in ((verdicts.c.by, which.by), (verdicts.c.door, which.door), (verdicts.c.key, which.key)):
        query = query.where(column == value) if value else query
    if which.since is not None:
        query = query.where(verdicts.c.at >= micros(which.since))
    if which.until is not None:
        query = query.where(verdicts.c.at < micros(which.until))
    return query


def _groups(connection: Connection, which: Origin) -> tuple[Group, ...]:
    origin = (verdicts.c.door, verdicts.c.by, verdicts.c.key)
    counts = [func.count().filter(verdicts.c.word == word.value) for word in (Word.HAM, Word.SPAM)]
    columns = (*origin, func.count(), *counts, func.min(verdicts.c.at), func.max(verdicts.c.at))
    found = connection.execute(_wanted(which, columns).group_by(*origin).order_by(func.count().desc(), *origin))
    return tuple(
        Group(door, by, key, ham, spam, total - ham - spam, moment(first), moment(last))
        for door, by, key, total, ham, spam, first, last in found
    )


def _chosen(connection: Connection, which: Origin) -> tuple[frozenset[int], list[str]]:
    """The verdicts, and the comments they are on, in one order everywhere, so that two cannot wait for each other."""
    rows = connection.execute(_wanted(which, (verdicts.c.id, verdicts.c.comment_id))).all()
    return frozenset(row[0] for row in rows), sorted({row[1] for row in rows})


class _Change(NamedTuple):
    """A content of a comment on which another word is to stand; ``revision`` None: today's."""

    revision: int | None
    word: str | None


def _changes(connection: Connection, comment_id: str, ids: Collection[int] = ()) -> list[_Change]:
    """Where the words that stand are not those that are left without the withdrawn ones, and without these."""
    said = connection.execute(select(verdicts).where(verdicts.c.comment_id == comment_id).order_by(verdicts.c.id)).all()
    former = connection.execute(
        select(revisions.c.number, revisions.c.verdict_id, revisions.c.word, revisions.c.forgotten)
        .where(revisions.c.comment_id == comment_id, revisions.c.verdict_id.is_not(None))
        .order_by(revisions.c.number)
    ).all()
    found, after = [], 0
    for number, last, word, forgotten in former:
        left = _left([row for row in said if after < row.id <= last], ids)
        # A former word is as it was, or teaches nothing: what it would be instead, nobody said of that content last.
        if (left == word) == (forgotten is not None):
            found.append(_Change(number, left))
        after = last
    # A verdict that only tells those who learn has a version that no comment has.
    now = [row for row in said if row.id > after and row.version]
    if now:
        left = _left(now, ids)
        if left != (now[-1].word if now[-1].word != Word.OPEN else None):
            found.append(_Change(None, left))
    return found


def _left(said: Sequence[Any], ids: Collection[int]) -> str | None:
    """The word that stands after these verdicts, as if the withdrawn ones, and these, had not been given."""
    standing: str | None = None
    before: dict[int, str | None] = {}
    gone = {row.id for row in said if row.forgotten is not None or row.id in ids}
    for row in said:
        before[row.id] = standing
        if row.id in gone or row.undoes in gone or row.door == DOOR:
            continue
        standing = before.get(row.undoes) if row.undoes is not None else row.word
        standing = None if standing == Word.OPEN else standing
    return standing


def _forget(
    connection: Connection, affected: Sequence[str], ids: Collection[int], *, by: str, at: int, batch: str, hold: bool
) -> int:
    changed = 0
    for comment_id in affected:
        row = words.current(connection, comment_id)
        found = _changes(connection, comment_id, ids)
        own = verdicts.c.comment_id == comment_id
        connection.execute(
            update(verdicts).where(own, verdicts.c.id.in_(ids), verdicts.c.forgotten.is_(None)).values(forgotten=batch)
        )
        _apply(connection, row, found, by=by, at=at, batch=batch, hold=hold)
        changed += bool(found)
    return changed


def _apply(
    connection: Connection, row: Any, found: Sequence[_Change], *, by: str, at: int, batch: str | None, hold: bool
) -> None:
    """Let the words stand that are left; ``batch`` None: some that were withdrawn count again."""
    mark = batch or new_id(at)
    for change in found:
        if change.revision is not None:
            one = and_(revisions.c.comment_id == row.id, revisions.c.number == change.revision)
            connection.execute(update(revisions).where(one).values(forgotten=batch))
            connection.execute(
                insert(verdicts).values(
                    comment_id=row.id, word=Word.OPEN.value, by=by, door=DOOR, at=at, batch=new_id(at),
                    word_before=None, status_before=row.status, version=0,
                )
            )  # fmt: skip
            continue
        word, status = Word(change.word) if change.word else Word.OPEN, Status(row.status)
        if hold and status in (Status.APPROVED, Status.REJECTED):
            status = Status.HELD
        elif batch is None and status is Status.HELD:
            status = STATUS_AFTER_WORD[word]
        told = status is not Status(row.status)
        words.append(connection, row, word, status, by=by, door=DOOR, at=at, batch=mark, tell=told)


def _marked(connection: Connection, batch: str) -> list[str]:
    query = select(verdicts.c.comment_id).where(verdicts.c.forgotten == batch)
    return sorted(set(connection.scalars(query)))


def _undo(connection: Connection, affected: Sequence[str], *, batch: str, by: str, at: int) -> int:
    changed = 0
    for comment_id in affected:
        row = words.current(connection, comment_id)
        connection.execute(
            update(verdicts)
            .where(verdicts.c.comment_id == comment_id, verdicts.c.forgotten == batch)
            .values(forgotten=None)
        )
        found = _changes(connection, comment_id)
        _apply(connection, row, found, by=by, at=at, batch=None, hold=False)
        changed += bool(found)
    return changed

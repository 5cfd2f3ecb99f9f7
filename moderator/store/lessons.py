"""What a site's verdicts teach, in the order in which they were given, and how to notice that there are new ones."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, func, or_, select, tuple_

from moderator.comment import Comment, Word
from moderator.store.access import Access
from moderator.store.comments import comment_of
from moderator.store.schema import comments, revisions, verdicts

TEACHES = (Word.HAM.value, Word.SPAM.value)
# PostgreSQL numbers rows before they are committed, so that one may come to light after later ones. Among so many.
OVERLAP = 256
AT_ONCE = 200


class Said(NamedTuple):
    """That something was said: a verdict's number, and on what."""

    verdict_id: int
    site_id: int
    comment_id: str


class Taught(NamedTuple):
    """A standing word, and on which content of which comment: ``number`` counts a comment's contents."""

    verdict_id: int
    comment_id: str
    number: int
    spam: bool
    by: str
    door: str
    at: int
    key: str


class Lessons:
    """What teaches; ``store.lessons``."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def last(self) -> int:
        """The greatest number that a verdict has; 0 before the first."""
        return self._access.read(lambda c: int(c.scalar(select(func.max(verdicts.c.id))) or 0))

    def said_after(self, verdict_id: int) -> tuple[Said, ...]:
        """All verdicts with a greater number, and the last few before it: they may have been hidden until now."""
        return self._access.read(lambda c: _said_after(c, verdict_id))

    def count(self, site_id: int, *, most: int) -> int:
        """How many comments of a site somebody has spoken on; at most so many are counted."""
        some = select(comments.c.id).where(comments.c.site_id == site_id, comments.c.verdict_id.is_not(None))
        query = select(func.count()).select_from(some.limit(most).subquery())
        return self._access.read(lambda c: int(c.scalar(query) or 0))

    def of(self, site_id: int, *, after: int = 0, newest: int) -> tuple[Taught, ...]:
        """The words that stand, of verdicts with a greater number than ``after``, in order; the newest so many."""
        return self._access.read(lambda c: _of(c, site_id, after, newest))

    def contents(self, wanted: Sequence[tuple[str, int]]) -> dict[tuple[str, int], Comment]:
        """The contents with these comments' ids and numbers; those that are gone are not among them."""
        return self._access.read(lambda c: _contents(c, wanted))


def _said_after(connection: Connection, verdict_id: int) -> tuple[Said, ...]:
    after = verdict_id - (OVERLAP if connection.dialect.name == "postgresql" else 0)
    query = (
        select(verdicts.c.id, comments.c.site_id, comments.c.id)
        .join(comments, comments.c.id == verdicts.c.comment_id)
        .where(verdicts.c.id > after)
        .order_by(verdicts.c.id)
    )
    return tuple(Said(*row) for row in connection.execute(query))


_SPOKEN = (verdicts.c.by, verdicts.c.door, verdicts.c.at, verdicts.c.key)
_NOW = select(comments.c.verdict_id, comments.c.id, comments.c.decision, comments.c.word, *_SPOKEN).join(
    verdicts, verdicts.c.id == comments.c.verdict_id
)
_LATER = revisions.alias("later")
# A former content teaches while nothing was said of what came after it, as it does in training (comments.py).
_FORMER = (
    select(revisions.c.verdict_id, comments.c.id, revisions.c.number, revisions.c.word, *_SPOKEN)
    .select_from(revisions)
    .join(comments, comments.c.id == revisions.c.comment_id)
    .join(verdicts, verdicts.c.id == revisions.c.verdict_id)
    .where(
        comments.c.verdict_id.is_(None),
        revisions.c.word.in_(TEACHES),
        revisions.c.forgotten.is_(None),
        ~select(_LATER.c.number)
        .where(
            _LATER.c.comment_id == revisions.c.comment_id,
            _LATER.c.number > revisions.c.number,
            _LATER.c.word.is_not(None),
        )
        .exists(),
    )
)


def _of(connection: Connection, site_id: int, after: int, newest: int) -> tuple[Taught, ...]:
    found: list[Taught] = []
    now = _NOW.where(comments.c.site_id == site_id, comments.c.word.in_(TEACHES))
    # Not by the site's index: of 100,000 comments a handful was edited, and those are found from the revisions.
    former = _FORMER.where(func.coalesce(comments.c.site_id, 0) == site_id)
    for query, number in ((now, comments.c.verdict_id), (former, revisions.c.verdict_id)):
        wanted = query.where(number > after).order_by(number.desc()).limit(newest)
        found += [_taught(row) for row in connection.execute(wanted)]
    found.sort()
    return tuple(found[-newest:])


def _taught(row: Any) -> Taught:
    verdict_id, comment_id, number, word, by, door, at, key = row
    return Taught(verdict_id, comment_id, number, word == Word.SPAM, by, door, at, key)


def _contents(connection: Connection, wanted: Sequence[tuple[str, int]]) -> dict[tuple[str, int], Comment]:
    found: dict[tuple[str, int], Comment] = {}
    for start in range(0, len(wanted), AT_ONCE):
        some = list(wanted[start : start + AT_ONCE])
        now: Select[Any] = select(comments.c.id, comments.c.decision, comments.c.content).where(
            comments.c.id.in_([comment_id for comment_id, _ in some])
        )
        rows = [row for row in connection.execute(now) if (row[0], row[1]) in set(some)]
        missing = set(some) - {(row[0], row[1]) for row in rows}
        if missing:
            former = select(revisions.c.comment_id, revisions.c.number, revisions.c.content)
            rows += connection.execute(
                former.where(or_(*(tuple_(revisions.c.comment_id, revisions.c.number) == pair for pair in missing)))
            ).all()
        found |= {(row[0], row[1]): comment_of(row[2]) for row in rows}
    return found

"""Humans' words: append-only, so that taking one back is another word."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, insert, select, update

from moderator.comment import STATUS_AFTER_WORD, Status, Word
from moderator.store import outbox
from moderator.store.errors import StaleVersion, UnknownComment, UnknownVerdict
from moderator.store.ids import moment, new_id
from moderator.store.schema import comments, new_number, verdicts
from moderator.store.values import Batch, Given


def give(
    connection: Connection,
    comment_id: str,
    word: Word,
    *,
    by: str,
    door: str,
    at: int,
    batch: str,
    expected_version: int | None = None,
    site_id: int | None = None,
) -> Given:
    """Append one word. UnknownComment, StaleVersion."""
    row = _current(connection, comment_id)
    if row is None or (site_id is not None and row.site_id != site_id):
        raise UnknownComment(f"there is no comment {comment_id[:64]!r} here; send its id as we answered it")
    if row.status == Status.DELETED.value:
        raise UnknownComment(f"the blog has deleted the comment {comment_id!r}; there is nothing to judge any more")
    if row.word == word.value and row.by == by and row.door == door and expected_version in (None, row.version):
        return Given(comment_id, row.verdict_id, row.batch, word, Status(row.status), row.version)
    if expected_version is not None and expected_version != row.version:
        raise _stale(row)
    return _append(connection, row, word, STATUS_AFTER_WORD[word], by=by, door=door, at=at, batch=batch)


def give_many(
    connection: Connection, versions: Mapping[str, int | None], word: Word, *, by: str, door: str, at: int
) -> Batch:
    """The same word for many; those that somebody was faster with, or that are gone, come back as stale."""
    batch = new_id(at)
    given: list[Given] = []
    stale: list[str] = []
    for comment_id in sorted(versions):  # in one order everywhere, so that two batches cannot wait for each other
        try:
            expected = versions[comment_id]
            one = give(
                connection, comment_id, word, by=by, door=door, at=at, batch=batch, expected_version=expected
            )  # fmt: skip
            given.append(one)
        except (StaleVersion, UnknownComment):
            stale.append(comment_id)
    return Batch(batch, tuple(given), tuple(stale))


def undo(connection: Connection, what: str | int, *, by: str, door: str, at: int) -> Batch:
    """Restore the word and status from before a verdict or a batch, by new verdicts. UnknownVerdict."""
    which = verdicts.c.batch == what if isinstance(what, str) else verdicts.c.id == what
    taken = connection.execute(select(verdicts).where(which).order_by(verdicts.c.comment_id, verdicts.c.id.desc()))
    rows = taken.all()
    if not rows:
        raise UnknownVerdict(f"there is no verdict or batch {what!r} to undo")
    batch = new_id(at)
    given: list[Given] = []
    stale: list[str] = []
    for old in rows:
        row = _current(connection, old.comment_id)
        if row is None or row.version != old.version:
            stale.append(old.comment_id)
            continue
        word = Word(old.word_before) if old.word_before else Word.OPEN
        status = Status(old.status_before)
        given.append(_append(connection, row, word, status, by=by, door=door, at=at, batch=batch, undoes=old.id))
    return Batch(batch, tuple(given), tuple(stale))


def _current(connection: Connection, comment_id: str) -> Any:
    """The comment as it stands with its latest word, held for us until the commit."""
    query = (
        select(
            comments.c.id,
            comments.c.site_id,
            comments.c.status,
            comments.c.version,
            comments.c.changed_at,
            comments.c.word,
            comments.c.verdict_id,
            verdicts.c.by,
            verdicts.c.door,
            verdicts.c.batch,
        )
        .outerjoin(verdicts, verdicts.c.id == comments.c.verdict_id)
        .where(comments.c.id == comment_id)
        .with_for_update(of=comments)
    )
    return connection.execute(query).first()


def _stale(row: Any) -> StaleVersion:
    return StaleVersion(
        row.id,
        version=row.version,
        status=Status(row.status),
        word=Word(row.word) if row.word else None,
        by=row.by,
        at=moment(row.changed_at),
    )


def _append(
    connection: Connection,
    row: Any,
    word: Word,
    status: Status,
    *,
    by: str,
    door: str,
    at: int,
    batch: str,
    undoes: int | None = None,
) -> Given:
    version = row.version + 1
    verdict_id = new_number(
        connection,
        insert(verdicts).values(
            comment_id=row.id,
            word=word.value,
            by=by,
            door=door,
            at=at,
            batch=batch,
            undoes=undoes,
            word_before=row.word,
            status_before=row.status,
            version=version,
        ),
    )
    connection.execute(
        update(comments)
        .where(comments.c.id == row.id)
        .values(word=word.value, verdict_id=verdict_id, status=status.value, version=version, changed_at=at)
    )
    outbox.put(connection, site_id=row.site_id, comment_id=row.id, version=version, door=door, at=at)
    return Given(row.id, verdict_id, batch, word, status, version)

"""Humans' words: append-only, so that taking one back is another word."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, insert, literal, null, select, update

from moderator.comment import STATUS_AFTER_WORD, Status, Word
from moderator.store import outbox
from moderator.store.errors import StaleVersion, UnknownComment, UnknownVerdict
from moderator.store.ids import moment, new_id
from moderator.store.schema import comments, new_number, verdicts
from moderator.store.sightings import shift
from moderator.store.values import Batch, Given

AT_ONCE = 2000  # comments a transaction: others have to write too


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
    key: str = "",
) -> Given:
    """Append one word. UnknownComment, StaleVersion. ``key``: whose the sender had, by its first characters."""
    row = current(connection, comment_id)
    if row is None or (site_id is not None and row.site_id != site_id):
        raise UnknownComment(f"there is no comment {comment_id[:64]!r} here; send its id as we answered it")
    if row.status == Status.DELETED.value:
        raise UnknownComment(f"the blog has deleted the comment {comment_id!r}; there is nothing to judge any more")
    if row.word == word.value and row.by == by and row.door == door and expected_version in (None, row.version):
        return Given(comment_id, row.verdict_id, row.batch, word, Status(row.status), row.version)
    if expected_version is not None and expected_version != row.version:
        raise _stale(row)
    return append(connection, row, word, STATUS_AFTER_WORD[word], by=by, door=door, at=at, batch=batch, key=key)


def check_held(connection: Connection, comment_id: str, version: int) -> None:
    """UnknownComment; StaleVersion where it is not held any more, or not at this version."""
    row = current(connection, comment_id)
    if row is None or row.status == Status.DELETED.value:
        raise UnknownComment(f"there is no comment {comment_id[:64]!r} here any more")
    if row.version != version or row.status != Status.HELD.value:
        raise _stale(row)


def give_many(
    connection: Connection, versions: Mapping[str, int | None], word: Word, *, by: str, door: str, at: int
) -> Batch:
    """The same word for many; those that somebody was faster with, or that are gone, come back as stale."""
    batch = new_id(at)
    given: list[Given] = []
    stale: list[str] = []
    ids = sorted(versions)  # in one order everywhere, so that two batches cannot wait for each other
    for start in range(0, len(ids), AT_ONCE):
        some = ids[start : start + AT_ONCE]
        standing = _lock(connection, some)
        ours = [one for one in some if _is_as_expected(standing.get(one), versions[one])]
        stale += sorted(set(some) - set(ours))
        given += _append_many(connection, ours, word, STATUS_AFTER_WORD[word], by=by, door=door, at=at, batch=batch)
    return Batch(batch, tuple(given), tuple(stale))


def give_seen(
    connection: Connection,
    comment_ids: Sequence[str],
    word: Word,
    *,
    by: str,
    door: str,
    at: int,
    batch: str,
    seen: int,
) -> tuple[list[Given], int]:
    """The same word for those that have not changed since they were seen, and how many have; AT_ONCE of them at most.

    Those on which the word stands already are neither.
    """
    standing = _lock(connection, comment_ids)
    todo = [one for one in comment_ids if one in standing and standing[one].word != word.value]
    ours = [one for one in todo if standing[one].changed_at <= seen and standing[one].status != Status.DELETED.value]
    given = _append_many(connection, ours, word, STATUS_AFTER_WORD[word], by=by, door=door, at=at, batch=batch)
    return given, len(todo) - len(ours)


def undo(connection: Connection, what: str | int, *, by: str, door: str, at: int) -> Batch:
    """Restore the word and status from before a verdict or a batch, by new verdicts. UnknownVerdict."""
    batch = new_id(at)
    given, stale, last = undo_some(connection, what, by=by, door=door, at=at, batch=batch)
    if not given and not stale:
        raise UnknownVerdict(f"there is no verdict or batch {what!r} to undo")
    while last is not None:
        more, late, last = undo_some(connection, what, by=by, door=door, at=at, batch=batch, after=last)
        given += more
        stale += late
    return Batch(batch, tuple(given), tuple(stale))


def undo_some(
    connection: Connection, what: str | int, *, by: str, door: str, at: int, batch: str, after: int = 0
) -> tuple[list[Given], list[str], int | None]:
    """The same for the next AT_ONCE verdicts after that number, as a part of ``batch``: what was restored, on what
    somebody has spoken since, and after which number to go on (None: those were the last)."""
    which = verdicts.c.batch == what if isinstance(what, str) else verdicts.c.id == what
    old = connection.execute(
        select(
            verdicts.c.id,
            verdicts.c.comment_id,
            verdicts.c.batch,
            verdicts.c.version,
            verdicts.c.word_before,
            verdicts.c.status_before,
        )
        .where(which, verdicts.c.id > after)
        .order_by(verdicts.c.id)
        .limit(AT_ONCE)
    ).all()
    if not old:
        return [], [], None
    standing = _lock(connection, sorted(row.comment_id for row in old))
    stale: list[str] = []
    alike: dict[tuple[Word, Status], list[str]] = {}
    for row in old:
        if row.comment_id not in standing or standing[row.comment_id].version != row.version:
            stale.append(row.comment_id)
            continue
        word = Word(row.word_before) if row.word_before else Word.OPEN
        alike.setdefault((word, Status(row.status_before)), []).append(row.comment_id)
    given: list[Given] = []
    for (word, status), ids in alike.items():
        given += _append_many(
            connection, ids, word, status, by=by, door=door, at=at, batch=batch, undoes=old[0].batch
        )  # fmt: skip
    return given, stale, old[-1].id if len(old) == AT_ONCE else None


def _is_as_expected(row: Any, version: int | None) -> bool:
    return row is not None and row.status != Status.DELETED.value and version in (None, row.version)


def _lock(connection: Connection, comment_ids: Sequence[str]) -> dict[str, Any]:
    """How the comments stand, held for us until the commit."""
    columns = (comments.c[name] for name in ("id", "site_id", "status", "version", "changed_at", "word"))
    query = select(*columns).where(comments.c.id.in_(comment_ids)).order_by(comments.c.id).with_for_update()
    return {row.id: row for row in connection.execute(query)}


def _append_many(
    connection: Connection,
    ids: Sequence[str],
    word: Word,
    status: Status,
    *,
    by: str,
    door: str,
    at: int,
    batch: str,
    undoes: str | None = None,
) -> list[Given]:
    """What ``append`` does, for many comments that are locked, in a few statements."""
    if not ids:
        return []
    those = comments.c.id.in_(ids)
    old = verdicts.alias("old")
    taken = select(old.c.id).where(old.c.comment_id == comments.c.id, old.c.batch == undoes).scalar_subquery()
    said: dict[str, Any] = {
        "comment_id": comments.c.id,
        "word": literal(word.value),
        "by": literal(by),
        "door": literal(door),
        "at": literal(at, verdicts.c.at.type),
        "batch": literal(batch, verdicts.c.batch.type),
        "undoes": taken if undoes is not None else null(),
        "word_before": comments.c.word,
        "status_before": comments.c.status,
        "version": comments.c.version + 1,
    }
    rows = select(*(value.label(name) for name, value in said.items())).where(those).order_by(comments.c.id)
    connection.execute(insert(verdicts).from_select(list(said), rows))
    former = connection.execute(select(comments.c.traces, comments.c.word).where(those)).all()
    new = select(verdicts.c.id).where(verdicts.c.comment_id == comments.c.id, verdicts.c.batch == batch)
    connection.execute(
        update(comments)
        .where(those)
        .values(
            word=word.value,
            verdict_id=new.scalar_subquery(),
            status=status.value,
            version=comments.c.version + 1,
            changed_at=at,
        )
    )
    found = connection.execute(
        select(comments.c.id, comments.c.site_id, comments.c.version, comments.c.verdict_id)
        .where(those)
        .order_by(comments.c.id)
    ).all()
    shift(connection, [(row.traces, row.word, word) for row in former])
    outbox.put_many(connection, [(row.site_id, row.id, row.version) for row in found], door=door, at=at)
    return [Given(row.id, row.verdict_id, batch, word, status, row.version) for row in found]


def current(connection: Connection, comment_id: str) -> Any:
    """The comment as it stands with its latest word, held for us until the commit."""
    query = (
        select(
            comments.c.id,
            comments.c.site_id,
            comments.c.status,
            comments.c.version,
            comments.c.changed_at,
            comments.c.word,
            comments.c.traces,
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


def append(
    connection: Connection,
    row: Any,
    word: Word,
    status: Status,
    *,
    by: str,
    door: str,
    at: int,
    batch: str,
    key: str = "",
    tell: bool = True,
) -> Given:
    """Append a word to a comment that :func:`current` gave, and put it into the status; ``tell`` its blog."""
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
            word_before=row.word,
            status_before=row.status,
            version=version,
            key=key,
        ),
    )
    connection.execute(
        update(comments)
        .where(comments.c.id == row.id)
        .values(word=word.value, verdict_id=verdict_id, status=status.value, version=version, changed_at=at)
    )
    shift(connection, [(row.traces, row.word, word)])
    if tell:
        outbox.put(connection, site_id=row.site_id, comment_id=row.id, version=version, door=door, at=at)
    return Given(row.id, verdict_id, batch, word, status, version)

"""The hot path: a comment and its decision, stored as one row, many rows at a time.

What can be done once and by the caller alone (JSON, the fingerprint, the id) is done in ``Remember``; what is done
while others wait only inserts, and looks up what was there before.
"""

import json
import re
from collections.abc import Sequence
from contextlib import closing
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, Insert, bindparam, insert, select, update
from sqlalchemy.engine import Dialect

from moderator.comment import STATUS_AFTER_ACTION, Action, Comment, Decision, Reason, Status, clean
from moderator.known import NO_MARKS, Belongs, Marks
from moderator.store.engine import cursor_of
from moderator.store.ids import new_id
from moderator.store.schema import comments, decisions, rescored, revisions, verdicts
from moderator.store.sightings import Noted, note, packed, shift
from moderator.store.values import Judged, Remembered
from moderator.store.writer import Job

# RFC 5646, section 2.1: two or three letters, or up to eight for a registered one.
PRIMARY = re.compile(r"\s*([A-Za-z]{2,8})(?![^\s_,;-])")

# json.dumps with settings of one's own makes an encoder at every call: 5 µs.
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Remember(Job[Remembered]):
    """One comment with its decision on the way to the disk; ``row`` is in the table's own order.

    ``edits`` False: if the comment is known, its answer is given, also where the content is another one.
    """

    __slots__ = ("decision", "edits", "external_id", "fingerprint", "id", "noted", "row", "site_id")

    def __init__(
        self,
        site_id: int,
        comment: Comment,
        decision: Decision,
        at: int,
        *,
        has_link: bool,
        marks: Marks = NO_MARKS,
        belongs: Belongs | None = None,
        standing: float = 0.0,
    ) -> None:
        super().__init__()
        self.site_id = site_id
        self.decision = decision
        self.edits = True
        self.noted = Noted(marks, belongs, at)
        self.external_id = comment.id or None
        self.fingerprint = fingerprint = comment.fingerprint()
        self.id = own_id = new_id(at)
        self.row = (
            own_id, site_id, self.external_id, fingerprint, comment_text(comment), comment.kind,
            STATUS_AFTER_ACTION[decision.action].value, 1, at, at,
            1, at, decision.action.value, decision.rule, decision.score, reasons_text(decision.reasons), decision.model,
            None, None, language_of(comment.language), has_link,
            belongs.campaign if belongs else None, packed(marks.traces),
            bool(comment.author.email or comment.ip or comment.user_agent), standing,
        )  # fmt: skip

    def run(self, connection: Connection) -> None:
        """Alone: look it up, then answer as before, edit, or insert it."""
        row = self._known(connection)
        if row is None:
            if insert_rows(connection, [self]):
                note(connection, [self.noted])
            else:
                row = self._known(connection)  # another process was faster: the insert waited for its commit
        if row is None or row.id == self.id:
            self.result = self.as_new()
        elif row.fingerprint == self.fingerprint or not self.edits:
            self.result = _as_known(row)
        else:
            self.result = _edit(connection, row, self)

    def _known(self, connection: Connection) -> "Row | None":
        return find(connection, self.site_id, [self.external_id], lock=True).get(self.external_id or "")

    def as_new(self) -> Remembered:
        """The answer to a comment that was not there before."""
        return Remembered(self.id, self.decision, STATUS_AFTER_ACTION[self.decision.action], 1, False, False)


def job_of(site_id: int, judged: Judged, at: int) -> Remember:
    """The job that stores this."""
    comment, decision, has_link, marks, belongs, standing = judged
    return Remember(site_id, comment, decision, at, has_link=has_link, marks=marks, belongs=belongs, standing=standing)


@lru_cache(maxsize=256)
def language_of(tag: str) -> str:
    """The primary subtag of what a blog calls a language (``de`` of ``de-AT``, ``en`` of ``en, fr_ca``), or nothing."""
    found = PRIMARY.match(tag)
    return found[1].lower() if found else ""


def comment_text(comment: Comment) -> str:
    """The comment as it is stored. Not ASCII-escaped: half the size for most scripts, and searchable."""
    return clean(_encode(comment.to_json()))


def reasons_text(reasons: Sequence[Reason]) -> str:
    """The reasons as they are stored."""
    return clean(_encode([reason.to_json() for reason in reasons]))


def decision_of(row: Any) -> Decision:
    """The Decision in a row that has the columns of one."""
    reasons = tuple(Reason.from_json(reason) for reason in json.loads(row.reasons))
    return Decision(Action(row.action), row.rule, row.score, reasons, row.model)


def remember_alone(connection: Connection, jobs: Sequence[Remember]) -> Sequence[Remember]:
    """What ``remember_group`` does, on a connection that commits each statement by itself.

    One statement stores them all where there is nothing to note beside them: no BEGIN, no COMMIT.
    """
    if not any(job.noted.anything for job in jobs):
        return remember_group(connection, jobs)
    with closing(cursor_of(connection)) as cursor:
        cursor.execute("BEGIN IMMEDIATE" if connection.dialect.name == "sqlite" else "BEGIN")
        rest = remember_group(connection, jobs)  # where it fails, the writer lets go of the connection
        cursor.execute("COMMIT")
        return rest


def remember_group(connection: Connection, jobs: Sequence[Remember]) -> Sequence[Remember]:
    """Insert what is new, at once, and give back the rest: edits, and what comes twice in the group.

    They are inserted as if all were new, which most are, and the database passes over those that are not; only if it
    did, they are looked up.
    """
    first: dict[tuple[int, str], Remember] = {}
    new: list[Remember] = []
    rest: list[Remember] = []
    for job in jobs:
        if job.external_id is None:
            new.append(job)
        elif first.setdefault((job.site_id, job.external_id), job) is not job:
            rest.append(job)  # the same comment twice at once: the second meets the first
    # In one order everywhere, so that two processes with the same comments cannot wait for each other.
    new += [first[key] for key in sorted(first)]
    if insert_rows(connection, new) == len(new):
        note(connection, [job.noted for job in new])
        for job in new:
            job.result = job.as_new()
        return rest
    known: dict[tuple[int, str], Row] = {}
    for site_id in {site_id for site_id, _ in first}:
        found = find(connection, site_id, [external_id for site, external_id in first if site == site_id])
        known |= {(site_id, external_id): row for external_id, row in found.items()}
    stored: list[Noted] = []
    for job in new:
        row = known.get((job.site_id, job.external_id or ""))
        if row is None or row.id == job.id:
            job.result = job.as_new()
            stored.append(job.noted)
        elif row.fingerprint == job.fingerprint or not job.edits:
            job.result = _as_known(row)
        else:
            rest.append(job)
    note(connection, stored)
    return rest


def insert_rows(connection: Connection, jobs: Sequence[Remember]) -> int:
    """Insert those whose ids their sites have not used before, in one statement; how many those were."""
    # Closed at once also where it fails: SQLite keeps a connection open, and its log full, as long as one is.
    with closing(cursor_of(connection)) as cursor:
        cursor.execute(_insert_sql(connection.dialect, len(jobs)), [value for job in jobs for value in job.row])
        return int(cursor.rowcount)


class Row(NamedTuple):
    """What is stored of a comment that comes again."""

    id: str
    external_id: str
    fingerprint: str
    content: str
    status: str
    version: int
    verdict_id: int | None
    word: str | None
    decision: int
    decided_at: int
    action: str
    rule: str
    score: float | None
    reasons: str
    model: str
    traces: bytes | None


_ROW = tuple(comments.c[name] for name in Row._fields)
_LOOKED_UP = 64  # ids a look-up at most


def find(
    connection: Connection, site_id: int, external_ids: Sequence[str | None], *, lock: bool = False
) -> dict[str, Row]:
    """The rows of the known ones of these ids, by id; with ``lock`` nobody else changes them before our commit."""
    found: dict[str, Row] = {}
    for start in range(0, len(external_ids), _LOOKED_UP):
        some = list(external_ids[start : start + _LOOKED_UP])
        # Padded to a power of two, so that there are seven texts for the database to prepare, not sixty-four.
        some += some[-1:] * ((1 << (len(some) - 1).bit_length()) - len(some))
        sql = _find_sql(connection.dialect, len(some), lock)
        with closing(cursor_of(connection)) as cursor:
            cursor.execute(sql, (site_id, *some))
            for row in cursor.fetchall():
                found[row[1]] = Row(*row)
    return found


# SQLAlchemy writes each statement once, and its text goes to the driver.


@lru_cache(maxsize=64)
def _find_sql(dialect: Dialect, size: int, lock: bool) -> str:
    ids: list[Any] = [bindparam(f"external_{number}") for number in range(size)]
    query = select(*_ROW)
    query = query.where(comments.c.site_id == bindparam("site"), comments.c.external_id.in_(ids))
    return str((query.with_for_update(of=comments) if lock else query).compile(dialect=dialect))


@lru_cache(maxsize=256)
def _insert_sql(dialect: Dialect, size: int) -> str:
    """The text for so many rows. One statement a group: the driver lets go of the GIL and takes it again at each.

    That is two waits for the other threads instead of two for each row and four for BEGIN and COMMIT.
    """
    one = str(_insert_new(dialect).compile(dialect=dialect))
    head, _, tail = one.partition(" VALUES ")
    row = tail[: tail.index(")") + 1]
    return f"{head} VALUES {', '.join([row] * size)}{tail[len(row) :]}"


def _insert_new(dialect: Dialect) -> Insert:
    if dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql  # loads four drivers' modules, in 0.1 s; not needed on SQLite

        return postgresql.insert(comments).on_conflict_do_nothing(index_elements=["site_id", "external_id"])
    from sqlalchemy.dialects import sqlite

    return sqlite.insert(comments).on_conflict_do_nothing(index_elements=["site_id", "external_id"])


def _as_known(row: Row) -> Remembered:
    return Remembered(row.id, decision_of(row), Status(row.status), row.version, known=True, edited=False)


def _edit(connection: Connection, row: Row, job: Remember) -> Remembered:
    """The blog sent other content under the same id: decided anew, whatever a human said of the former content."""
    new: dict[str, Any] = dict(zip(comments.c.keys(), job.row, strict=True))
    at, number, version = new["decided_at"], row.decision + 1, row.version + 1
    word_at = None
    if row.verdict_id is not None:
        word_at = connection.scalar(select(verdicts.c.at).where(verdicts.c.id == row.verdict_id))
    connection.execute(
        insert(revisions).values(
            comment_id=row.id,
            number=row.decision,  # each content has the number of the decision on it
            fingerprint=row.fingerprint,
            content=row.content,
            until=at,
            word=row.word,
            word_at=word_at,
            verdict_id=row.verdict_id,
        )
    )
    was = select(rescored.c.decided_score).where(rescored.c.comment_id == row.id, rescored.c.decision == row.decision)
    before = connection.execute(was).first()
    connection.execute(
        insert(decisions).values(
            comment_id=row.id,
            number=row.decision,
            at=row.decided_at,
            action=row.action,
            rule=row.rule,
            score=row.score if before is None else before.decided_score,
            reasons=row.reasons,
            model=row.model,
            fingerprint=row.fingerprint,
        )
    )
    for name in ("id", "site_id", "external_id", "received_at"):
        del new[name]
    new |= {"version": version, "decision": number}
    connection.execute(update(comments).where(comments.c.id == row.id).values(new))
    # What was said, was said of the former content. Nothing is counted: whoever corrects a comment twice sent one.
    shift(connection, [(row.traces, row.word, None)])
    note(connection, [job.noted.sketch_alone()])
    return Remembered(row.id, job.decision, Status(new["status"]), version, known=True, edited=True)

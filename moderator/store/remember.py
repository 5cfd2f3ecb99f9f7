"""The hot path: a comment and its decision, stored as one, many at a time.

What can be done once and by the caller's thread (JSON, the fingerprint, the id) is done in ``Remember``; the writer's
thread only inserts, and looks up what was there before.
"""

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect

from moderator.comment import STATUS_AFTER_ACTION, Action, Comment, Decision, Reason, Status, clean
from moderator.store.engine import cursor_of
from moderator.store.ids import new_id
from moderator.store.schema import comments, decisions, revisions, verdicts
from moderator.store.values import Remembered
from moderator.store.writer import Job


class Remember(Job[Remembered]):
    """One comment with its decision on the way to the disk; ``row`` and ``decided`` are in the tables' own order."""

    __slots__ = ("content", "decided", "decision", "external_id", "fingerprint", "row", "site_id")

    def __init__(self, site_id: int, comment: Comment, decision: Decision, at: int) -> None:
        super().__init__()
        self.site_id = site_id
        self.decision = decision
        self.external_id = comment.id or None
        self.fingerprint = fingerprint = comment.fingerprint()
        self.content = content = comment_text(comment)
        own_id = new_id(at)
        status = STATUS_AFTER_ACTION[decision.action].value
        score = decision.score
        self.row = (
            own_id, site_id, self.external_id, fingerprint, content, comment.kind, status, 1, at, at, 1, score,
            None, None,
        )  # fmt: skip
        self.decided = (
            own_id, 1, at, decision.action.value, decision.rule, score, reasons_text(decision.reasons), decision.model,
            fingerprint,
        )  # fmt: skip

    def run(self, connection: Connection) -> None:
        """Alone: look it up, then answer as before, edit, or insert it."""
        row = find(connection, self.site_id, [self.external_id], lock=True).get(self.external_id or "")
        if row is None:
            remember_group(connection, [self])
        elif row.fingerprint == self.fingerprint:
            self.result = _as_known(row)
        else:
            self.result = _edit(connection, row, self)


def comment_text(comment: Comment) -> str:
    """The comment as it is stored. Not ASCII-escaped: half the size for most scripts, and searchable."""
    return clean(json.dumps(comment.to_json(), ensure_ascii=False, separators=(",", ":")))


def reasons_text(reasons: Sequence[Reason]) -> str:
    """The reasons as they are stored."""
    return clean(json.dumps([reason.to_json() for reason in reasons], ensure_ascii=False, separators=(",", ":")))


def decision_of(row: Any) -> Decision:
    """The Decision in a row that has the columns of ``decisions``."""
    reasons = tuple(Reason.from_json(reason) for reason in json.loads(row.reasons))
    return Decision(Action(row.action), row.rule, row.score, reasons, row.model)


def remember_group(connection: Connection, jobs: Sequence[Remember]) -> None:
    """All of the jobs in the transaction that is open.

    They are inserted as if all were new, which most are, and the database passes over those that are not; only if it
    did, they are looked up. Looking up first cost 11 to 21 µs more a comment (user CPU, eight callers, three pairs of
    runs on a noisy machine), and lost races on PostgreSQL.
    """
    wanted: dict[tuple[int, str], Remember] = {}
    new: list[Remember] = []
    rest: list[Remember] = []
    for job in jobs:
        if job.external_id is None:
            new.append(job)
        elif wanted.setdefault((job.site_id, job.external_id), job) is not job:
            rest.append(job)  # the same comment twice at once: the second meets the first
    # In one order everywhere, so that two processes with the same comments cannot wait for each other.
    new += [wanted[key] for key in sorted(wanted)]
    into_comments, into_decisions = _insert_sql(connection.dialect)
    cursor = cursor_of(connection)
    cursor.executemany(into_comments, [job.row for job in new])
    if cursor.rowcount != len(new):
        new, known = _apart(connection, new)
        for job, row in known:
            if row.fingerprint == job.fingerprint:
                job.result = _as_known(row)
            else:
                rest.append(job)
    if new:
        cursor.executemany(into_decisions, [job.decided for job in new])
    cursor.close()
    for job in new:
        job.result = Remembered(job.row[0], job.decision, STATUS_AFTER_ACTION[job.decision.action], 1, False, False)
    for job in rest:
        job.run(connection)


def _apart(connection: Connection, jobs: list[Remember]) -> tuple[list[Remember], list[tuple[Remember, "Known"]]]:
    """Those that have just been inserted, and those that were known with what is stored of them."""
    found: dict[tuple[int, str | None], Known] = {}
    for site_id in {job.site_id for job in jobs}:
        ids = [job.external_id for job in jobs if job.site_id == site_id and job.external_id is not None]
        # What was inserted a moment ago has no decision yet, so it is not found.
        found |= {(site_id, external_id): row for external_id, row in find(connection, site_id, ids).items()}
    new = [job for job in jobs if (job.site_id, job.external_id) not in found]
    return new, [(job, found[job.site_id, job.external_id]) for job in jobs if (job.site_id, job.external_id) in found]


class Known(NamedTuple):
    """What is stored of a comment that comes again: columns of ``comments``, then of its latest decision."""

    id: str
    external_id: str
    fingerprint: str
    content: str
    status: str
    version: int
    decision: int
    verdict_id: int | None
    word: str | None
    action: str
    rule: str
    score: float | None
    reasons: str
    model: str


_KNOWN = tuple((comments if number < 9 else decisions).c[name] for number, name in enumerate(Known._fields))
_LATEST = (decisions.c.comment_id == comments.c.id) & (decisions.c.number == comments.c.decision)
_LOOKED_UP = 64  # ids a look-up at most


def find(
    connection: Connection, site_id: int, external_ids: Sequence[str | None], *, lock: bool = False
) -> dict[str, Known]:
    """The rows of the known ones of these ids, by id; with ``lock`` nobody else changes them before our commit."""
    found: dict[str, Known] = {}
    for start in range(0, len(external_ids), _LOOKED_UP):
        some = list(external_ids[start : start + _LOOKED_UP])
        # Padded to a power of two, so that there are seven texts for the database to prepare, not sixty-four.
        some += some[-1:] * ((1 << (len(some) - 1).bit_length()) - len(some))
        sql = _find_sql(connection.dialect, len(some), lock)
        cursor = cursor_of(connection)
        cursor.execute(sql, (site_id, *some))
        for row in cursor.fetchall():
            found[row[1]] = Known(*row)
        cursor.close()
    return found


# SQLAlchemy writes each statement once, and its text goes to the driver. With this and the kept connection a comment
# cost 228 µs of CPU at eight callers, and 249 with SQLAlchemy's execute() (one run each on a noisy machine).


@lru_cache(maxsize=64)
def _find_sql(dialect: Dialect, size: int, lock: bool) -> str:
    ids: list[Any] = [bindparam(f"external_{number}") for number in range(size)]
    query = select(*_KNOWN).join(decisions, _LATEST)
    query = query.where(comments.c.site_id == bindparam("site"), comments.c.external_id.in_(ids))
    return str((query.with_for_update(of=comments) if lock else query).compile(dialect=dialect))


@lru_cache(maxsize=64)
def _insert_sql(dialect: Dialect) -> tuple[str, str]:
    if dialect.name == "postgresql":
        first: Any = postgresql.insert(comments).on_conflict_do_nothing(index_elements=["site_id", "external_id"])
    else:
        first = sqlite.insert(comments).on_conflict_do_nothing(index_elements=["site_id", "external_id"])
    return str(first.compile(dialect=dialect)), str(insert(decisions).compile(dialect=dialect))


def _as_known(row: Known) -> Remembered:
    return Remembered(row.id, decision_of(row), Status(row.status), row.version, known=True, edited=False)


def _edit(connection: Connection, row: Known, job: Remember) -> Remembered:
    """The blog sent other content under the same id: decided anew, whatever a human said of the former content."""
    at = job.decided[2]
    number, version = row.decision + 1, row.version + 1
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
        )
    )
    cursor_of(connection).execute(_insert_sql(connection.dialect)[1], (row.id, number, *job.decided[2:]))
    status = STATUS_AFTER_ACTION[job.decision.action]
    connection.execute(
        update(comments)
        .where(comments.c.id == row.id)
        .values(
            fingerprint=job.fingerprint,
            content=job.content,
            kind=job.row[5],
            status=status.value,
            version=version,
            changed_at=at,
            decision=number,
            score=job.decision.score,
            verdict_id=None,
            word=None,
        )
    )
    return Remembered(row.id, job.decision, status, version, known=True, edited=True)

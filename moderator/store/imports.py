"""History that a blog brings: comments with the word that its people had said of them, many in one transaction.

Not by ``remember`` and ``give_verdict``: nothing of it was decided here, and two commits a comment would make an hour
of what takes a minute.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, insert, select, update

from moderator.comment import STATUS_AFTER_WORD, Action, Comment, Decision, Reason, Status, Word
from moderator.known import NO_MARKS, Marks
from moderator.reading import Reading, read
from moderator.store.access import Access
from moderator.store.ids import micros, new_id
from moderator.store.remember import Remember, find, insert_rows
from moderator.store.schema import comments, verdicts
from moderator.store.sightings import note_past, packed, shift

# Not one of policy.RULES: nothing judged it here.
IMPORTED = "imported"
DECISION = Decision(
    Action.HOLD,
    IMPORTED,
    None,
    (Reason(IMPORTED, "It came with an import, with what the blog's own people had said of it."),),
    "",
)
RECEIVED = list(comments.c.keys()).index("received_at")
Mark = Callable[[Reading, Comment], Marks]


def unmarked(reading: Reading, comment: Comment) -> Marks:
    """Of a history whose authors and hosts nobody is to know again."""
    return NO_MARKS


@dataclass(frozen=True, slots=True)
class Taken:
    """How many of some comments were new; were here already; and have an id that another content has here."""

    new: int = 0
    known: int = 0
    other: int = 0

    def __add__(self, more: "Taken") -> "Taken":
        return Taken(self.new + more.new, self.known + more.known, self.other + more.other)


class Imports:
    """Histories; ``store.imports``."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def begin(self) -> str:
        """A name for one import, by which its verdicts belong together."""
        return new_id(self._access.now())

    def take(
        self, site_id: int, said: Sequence[tuple[Comment, Word]], *, by: str, batch: str, mark: Mark = unmarked
    ) -> Taken:
        """Store those that this site does not have yet, each with its word; all in one transaction, some hundreds.

        Each comment needs its id. It and its verdict get the comment's own time, where it has one: when the word was
        said, nobody knows any more. What is known, also with another content, is left as it is. Authors and hosts are
        known from then on by what ``mark`` makes of a comment.
        """
        at = self._access.now()
        jobs = _jobs(site_id, said, at, mark)
        return self._access.write(lambda c: take(c, site_id, jobs, by=by, batch=batch))

    def look(self, site_id: int, said: Sequence[tuple[Comment, Word]]) -> Taken:
        """What ``take`` would do with them, without doing it."""
        jobs = _jobs(site_id, said, self._access.now(), unmarked)
        return self._access.read(lambda c: sort_out(c, site_id, jobs)[1])


Job = tuple[Remember, Word]


def _jobs(site_id: int, said: Sequence[tuple[Comment, Word]], now: int, mark: Mark) -> list[Job]:
    """The rows, made by the caller alone while others write."""
    jobs = []
    for comment, word in said:
        reading = read(comment)
        marks, has_link = mark(reading, comment), bool(reading.links)
        jobs.append((Remember(site_id, comment, DECISION, _at(comment, now), has_link=has_link, marks=marks), word))
    return jobs


def _at(comment: Comment, now: int) -> int:
    return micros(comment.created) if comment.created else now


def sort_out(connection: Connection, site_id: int, jobs: Sequence[Job]) -> tuple[list[Job], Taken]:
    """Those that are new, each id once, and how many are what."""
    stored = find(connection, site_id, [job.external_id for job, _ in jobs])
    known = {own_id: row.fingerprint for own_id, row in stored.items()}
    new: list[Job] = []
    taken = Taken()
    for job, word in jobs:
        own_id = job.external_id or ""
        if own_id not in known:
            known[own_id] = job.fingerprint
            new.append((job, word))
            taken += Taken(new=1)
        elif known[own_id] == job.fingerprint:
            taken += Taken(known=1)
        else:
            taken += Taken(other=1)
    return new, taken


def take(connection: Connection, site_id: int, jobs: Sequence[Job], *, by: str, batch: str) -> Taken:
    """Store the new ones with their verdicts."""
    new, taken = sort_out(connection, site_id, jobs)
    if not new:
        return taken
    if insert_rows(connection, [job for job, _ in new]) < len(new):
        # The blog has sent one of them in this very moment (PostgreSQL; SQLite has one writer): that one stands.
        stored = find(connection, site_id, [job.external_id for job, _ in new])
        mine = [(job, word) for job, word in new if stored[job.external_id or ""].id == job.id]
        taken = replace(taken, new=len(mine), known=taken.known + len(new) - len(mine))
        new = mine
        if not new:
            return taken
    connection.execute(insert(verdicts), [_verdict(job, word, by=by, batch=batch) for job, word in new])
    verdict_id = select(verdicts.c.id).where(verdicts.c.comment_id == comments.c.id).scalar_subquery()
    for word in {word for _, word in new}:
        ids = [job.id for job, said in new if said is word]
        connection.execute(
            update(comments)
            .where(comments.c.id.in_(ids))
            .values(word=word.value, status=STATUS_AFTER_WORD[word].value, version=2, verdict_id=verdict_id)
        )
    note_past(connection, [job.noted for job, _ in new])
    shift(connection, [(packed(job.noted.marks.traces), None, word.value) for job, word in new])
    return taken


def _verdict(job: Remember, word: Word, *, by: str, batch: str) -> dict[str, object]:
    return {
        "comment_id": job.id,
        "word": word.value,
        "by": by,
        "door": "import",
        "at": job.row[RECEIVED],
        "batch": batch,
        "word_before": None,
        "status_before": Status.HELD.value,
        "version": 2,
    }

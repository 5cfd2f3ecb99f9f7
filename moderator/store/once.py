"""What a request did that is to happen once: receipts, each written in the transaction of what it is the receipt of.

A receipt's name is that of an Idempotency-Key or of a signed message. The same request under the same name is told
again what it did; another request under it is refused. Answers are not stored twice: a receipt says which decision or
verdict it was, and that one is looked up.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from moderator.comment import STATUS_AFTER_WORD, Status, Word
from moderator.store import verdicts as words
from moderator.store.access import Access
from moderator.store.errors import KeyReused, Replayed
from moderator.store.ids import micros, new_id
from moderator.store.remember import Remember, decision_of, job_of, remember_group
from moderator.store.schema import comments, decisions, receipts, verdicts
from moderator.store.values import Given, Judged, Receipt, Remembered, RememberedBatch, Site

KEPT = 24 * 3600 * 1_000_000  # microseconds; far longer than a signature is good for


class Once:
    """Deeds that happen once, and many comments in one transaction; ``store.once``.

    They raise KeyReused and Replayed besides what all deeds raise.
    """

    def __init__(self, access: Access) -> None:
        self._access = access

    def remember(self, site: Site, judged: Judged, wanted: Sequence[Receipt], *, at: datetime) -> Remembered:
        """What ``Store.remember`` does, or the answer that was given under one of these names."""
        job = job_of(site.id, judged, micros(at))
        return self._access.write(lambda c: _remember(c, job, wanted, at=micros(at)))

    def remember_many(
        self,
        site: Site,
        judged: Sequence[Judged],
        wanted: Sequence[Receipt] = (),
        *,
        at: datetime,
        again: bool = False,
    ) -> RememberedBatch:
        """Many comments in one transaction, answers in their order.

        ``again``: this batch, or a former part of it, was sent before (as a receipt may tell, too). Then those that are
        known give the answer that stands: what came late must not undo an edit that came after the first time.
        """
        jobs = [job_of(site.id, one, micros(at)) for one in judged]
        return self._access.write(lambda c: _remember_many(c, site.id, jobs, wanted, at=micros(at), again=again))

    def give_verdict(
        self, site: Site, comment_id: str, word: Word, wanted: Sequence[Receipt], *, by: str, door: str, key: str = ""
    ) -> Given:
        """What ``Store.give_verdict`` does, or what was answered under one of these names. UnknownComment."""
        at = self._access.now()

        def give(connection: Connection) -> Given:
            before = _before(connection, site.id, wanted, at=at)
            if before is not None:
                return _given_again(connection, before)
            batch = new_id(at)
            given = words.give(
                connection, comment_id, word, by=by, door=door, at=at, batch=batch, site_id=site.id, key=key
            )
            _keep(connection, site.id, wanted, at=at, comment_id=given.comment_id, verdict_id=given.verdict_id)
            return given

        return self._access.write(give)


def _remember(connection: Connection, job: Remember, wanted: Sequence[Receipt], *, at: int) -> Remembered:
    before = _before(connection, job.site_id, wanted, at=at)
    if before is not None:
        return _remembered_again(connection, before)
    job.run(connection)
    made = job.result
    number = connection.scalar(select(comments.c.decision).where(comments.c.id == made.id))
    _keep(connection, job.site_id, wanted, at=at, comment_id=made.id, decision=number, known=made.known)
    return made


def _remember_many(
    connection: Connection, site_id: int, jobs: Sequence[Remember], wanted: Sequence[Receipt], *, at: int, again: bool
) -> RememberedBatch:
    if wanted:
        again = _before(connection, site_id, wanted, at=at) is not None or again
        _keep(connection, site_id, wanted, at=at)
    for job in jobs:
        job.edits = not again
    for job in remember_group(connection, jobs) if jobs else ():
        job.run(connection)
    return RememberedBatch(tuple(job.result for job in jobs), again)


def _digest(receipt: Receipt) -> str:
    return hashlib.sha256(receipt.name.encode("utf-8", "replace")).hexdigest()


def _before(connection: Connection, site_id: int, wanted: Sequence[Receipt], *, at: int) -> Any:
    """The receipt of the same request under one of these names, if there is one. KeyReused, Replayed."""
    connection.execute(delete(receipts).where(receipts.c.at <= at - KEPT))
    found = None
    for receipt in wanted:
        which = (receipts.c.site_id == site_id) & (receipts.c.name == _digest(receipt))
        row = connection.execute(select(receipts).where(which).with_for_update()).first()
        if row is None:
            continue
        if receipt.stamp and receipt.stamp <= row.stamp:
            raise Replayed("this signed message came before; a message that is sent again is signed again")
        if row.fingerprint != receipt.fingerprint:
            raise KeyReused("another request came with the same key or message id; each request has its own")
        if receipt.stamp:
            connection.execute(update(receipts).where(which).values(stamp=receipt.stamp))
        found = row
    if found is not None:  # under one name of two: the other one is its receipt as well from now on
        what = {name: getattr(found, name) for name in ("comment_id", "decision", "known", "verdict_id")}
        _keep(connection, site_id, wanted, at=at, **what)
    return found


def _keep(connection: Connection, site_id: int, wanted: Sequence[Receipt], *, at: int, **what: Any) -> None:
    """Write the receipts that are not there yet."""
    for receipt in wanted:
        which = (receipts.c.site_id == site_id) & (receipts.c.name == _digest(receipt))
        if connection.execute(select(receipts.c.at).where(which)).first() is None:
            row = {"name": _digest(receipt), "fingerprint": receipt.fingerprint, "stamp": receipt.stamp, "at": at}
            connection.execute(insert(receipts).values(site_id=site_id, **row, **what))


def _remembered_again(connection: Connection, receipt: Any) -> Remembered:
    row: Any = connection.execute(select(comments).where(comments.c.id == receipt.comment_id)).one()
    decided = row
    if row.decision != receipt.decision:
        former = (decisions.c.comment_id == row.id) & (decisions.c.number == receipt.decision)
        decided = connection.execute(select(decisions).where(former)).one()
    return Remembered(row.id, decision_of(decided), Status(row.status), row.version, receipt.known, False)


def _given_again(connection: Connection, receipt: Any) -> Given:
    row: Any = connection.execute(select(verdicts).where(verdicts.c.id == receipt.verdict_id)).one()
    word = Word(row.word)
    return Given(row.comment_id, row.id, row.batch, word, STATUS_AFTER_WORD[word], row.version)

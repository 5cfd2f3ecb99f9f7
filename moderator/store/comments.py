"""Questions about comments: one, its history, the counts, and what teaches; the queue is in queue.py."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, func, literal, or_, select

from moderator.comment import Action, Comment, Status, Verdict, Word
from moderator.store import skipping
from moderator.store.ids import maybe_moment, moment
from moderator.store.remember import decision_of
from moderator.store.schema import comments, decisions, rescored, revisions, sites, verdicts
from moderator.store.values import (
    Counted,
    History,
    Labelled,
    PastDecision,
    PastVerdict,
    Revision,
    StoredComment,
)

# As far as a page counts: what waits somebody has to empty, of the others it is enough to know that they are many.
COUNTED = {Status.HELD: 100_000, Status.APPROVED: 10_000, Status.REJECTED: 10_000}

WHOLE = (
    select(
        comments,
        sites.c.name.label("site_name"),
        verdicts.c.by,
        verdicts.c.door,
        verdicts.c.at.label("word_at"),
        rescored.c.decision.label("rescored"),
        rescored.c.decided_score,
        rescored.c.would,
    )
    .join(sites, sites.c.id == comments.c.site_id)
    .outerjoin(verdicts, verdicts.c.id == comments.c.verdict_id)
    .outerjoin(rescored, (rescored.c.comment_id == comments.c.id) & (rescored.c.decision == comments.c.decision))
)


def comment_of(content: str) -> Comment:
    """The Comment in a ``content`` column. Without an id or a body where its protocol asks for none."""
    return Comment.from_json(json.loads(content), needs_id=False, needs_body=False)


def stored_of(row: Any) -> StoredComment:
    """The comment in a row of WHOLE."""
    verdict = Verdict(Word(row.word), row.by, row.door, moment(row.word_at)) if row.verdict_id is not None else None
    decision, would = decision_of(row), None
    if row.rescored is not None:
        decision, would = replace(decision, score=row.decided_score), Action(row.would)
    return StoredComment(
        id=row.id,
        site_id=row.site_id,
        site_name=row.site_name,
        comment=comment_of(row.content),
        status=Status(row.status),
        version=row.version,
        received=moment(row.received_at),
        changed=moment(row.changed_at),
        decision=decision,
        decided=moment(row.decided_at),
        verdict=verdict,
        campaign=row.campaign,
        standing=row.standing,
        score=row.score,
        would=would,
    )


def sites_of(connection: Connection, comment_ids: Sequence[str]) -> frozenset[int]:
    """The sites whose comments these are."""
    query = select(comments.c.site_id).where(comments.c.id.in_(comment_ids)).distinct()
    return frozenset(connection.scalars(query))


def by_id(connection: Connection, comment_id: str, *, site_id: int | None) -> StoredComment | None:
    """The comment with our id, of this site if one is given."""
    row = _row(connection, comment_id, site_id)
    return stored_of(row) if row else None


def _row(connection: Connection, comment_id: str, site_id: int | None) -> Any:
    query = WHOLE.where(comments.c.id == comment_id)
    if site_id is not None:
        query = query.where(comments.c.site_id == site_id)
    return connection.execute(query).first()


def by_external_id(connection: Connection, site_id: int, external_id: str) -> StoredComment | None:
    """The comment that the site calls so."""
    query = WHOLE.where(comments.c.site_id == site_id, comments.c.external_id == external_id)
    row = connection.execute(query).first()
    return stored_of(row) if row else None


def history(connection: Connection, comment_id: str, *, site_id: int | None) -> History | None:
    """The comment now, and all decisions, verdicts and former contents, oldest first."""
    row = _row(connection, comment_id, site_id)
    if row is None:
        return None
    now = stored_of(row)
    decided = connection.execute(
        select(decisions).where(decisions.c.comment_id == comment_id).order_by(decisions.c.number)
    )
    said = connection.execute(select(verdicts).where(verdicts.c.comment_id == comment_id).order_by(verdicts.c.id))
    former = connection.execute(
        select(revisions).where(revisions.c.comment_id == comment_id).order_by(revisions.c.number)
    )
    return History(
        now=now,
        decisions=(
            *(PastDecision(past.number, decision_of(past), moment(past.at), past.fingerprint) for past in decided),
            PastDecision(row.decision, now.decision, now.decided, row.fingerprint),
        ),
        verdicts=tuple(
            PastVerdict(past.id, Verdict(Word(past.word), past.by, past.door, moment(past.at)), past.batch, past.undoes)
            for past in said
        ),
        revisions=tuple(
            Revision(
                number=past.number,
                comment=comment_of(past.content),
                fingerprint=past.fingerprint,
                until=moment(past.until),
                word=Word(past.word) if past.word else None,
            )
            for past in former
        ),
        unsure=skipping.who(connection, [comment_id]).get(comment_id, ()),
    )


def parents(connection: Connection, answers: Sequence[StoredComment]) -> Mapping[str, StoredComment]:
    """The comments that these answer, where we know them, by the ids of the answers."""
    asked = {(one.site_id, one.comment.parent.id) for one in answers if one.comment.parent.id}
    if not asked:
        return {}
    these = [(comments.c.site_id == site_id) & (comments.c.external_id == own_id) for site_id, own_id in asked]
    rows = [stored_of(row) for row in connection.execute(WHOLE.where(or_(*these)))]
    found = {(row.site_id, row.comment.id): row for row in rows if row.status is not Status.DELETED}
    return {
        one.id: found[one.site_id, one.comment.parent.id]
        for one in answers
        if (one.site_id, one.comment.parent.id) in found
    }


def counts(connection: Connection, *, site_id: int | None) -> Mapping[Status, int]:
    """How many comments each status has."""
    query = select(comments.c.status, func.count()).group_by(comments.c.status)
    if site_id is not None:
        query = query.where(comments.c.site_id == site_id)
    found: dict[str, int] = dict(connection.execute(query).all())
    return {status: found.get(status.value, 0) for status in Status}


def counts_upto(connection: Connection, *, site_id: int | None) -> Mapping[Status, Counted]:
    """The same, counting no further than a page has the time for: of a million rows a database looks at each."""
    found: dict[Status, Counted] = {}
    for status, most in COUNTED.items():
        # Bound, not written out: so SQLite walks the index of the status, not the thrice as wide one of what is held.
        which = select(literal(1)).where(comments.c.status == status.value)
        if site_id is not None:
            which = which.where(comments.c.site_id == site_id)
        number = connection.scalar(select(func.count()).select_from(which.limit(most + 1).subquery())) or 0
        found[status] = Counted(min(number, most), whole=number <= most)
    return found


# What teaches: the content that stands, if a human spoke on it; else the latest former content that was spoken on. An
# edit must never carry the old content's verdict: a spammer would let a good comment be approved and then exchange it.

_FORMER = revisions.alias("former")
_LATEST_JUDGED = (
    select(func.max(_FORMER.c.number))
    .where(_FORMER.c.comment_id == comments.c.id, _FORMER.c.word.is_not(None))
    .correlate(comments)
    .scalar_subquery()
)
_NOW_JUDGED = (
    select(comments.c.id, comments.c.content, comments.c.word, verdicts.c.at, sites.c.name, verdicts.c.door)
    .select_from(comments)
    .join(verdicts, verdicts.c.id == comments.c.verdict_id)
    .join(sites, sites.c.id == comments.c.site_id)
    .where(comments.c.word.is_not(None))
)
_ONCE_JUDGED = (
    select(
        comments.c.id,
        revisions.c.content,
        revisions.c.word,
        revisions.c.word_at.label("at"),
        sites.c.name,
        func.coalesce(verdicts.c.door, "").label("door"),
    )
    .select_from(comments)
    .join(revisions, (revisions.c.comment_id == comments.c.id) & (revisions.c.number == _LATEST_JUDGED))
    .outerjoin(verdicts, verdicts.c.id == revisions.c.verdict_id)
    .join(sites, sites.c.id == comments.c.site_id)
    .where(comments.c.word.is_(None), revisions.c.forgotten.is_(None))
)


def labelled_page(connection: Connection, *, after: str, limit: int) -> tuple[list[tuple[str, Labelled | None]], bool]:
    """The next comments by id that a human has spoken on (None: not a word that teaches), and whether more follow."""
    pages = [
        connection.execute(query.where(comments.c.id > after).order_by(comments.c.id).limit(limit)).all()
        for query in (_NOW_JUDGED, _ONCE_JUDGED)
    ]
    rows = sorted((row for page in pages for row in page), key=lambda row: str(row.id))[:limit]
    return [(row.id, _labelled(row)) for row in rows], len(rows) == limit


def _labelled(row: Any) -> Labelled | None:
    if row.word not in (Word.HAM, Word.SPAM):
        return None
    at = maybe_moment(row.at)
    assert at is not None  # a word has its verdict, and that has a time
    return Labelled(comment_of(row.content), Word(row.word), row.name, at, row.door)

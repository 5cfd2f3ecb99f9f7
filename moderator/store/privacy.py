"""What is personal in the store: masking addresses when nobody needs them any more, and what is known of one person.

Raw addresses (e-mail, IP, user agent) stand in comments' contents alone, and in their former contents. Everything else
that refers to people who comment is a keyed hash.
"""

import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, or_, select, text, update

from moderator.comment import Comment, Status, Word
from moderator.known import Kind
from moderator.pseudonyms import masked, masked_email, normal_email
from moderator.store.access import Access
from moderator.store.comments import comment_of
from moderator.store.deletion import NO_FINGERPRINT
from moderator.store.ids import micros, new_id
from moderator.store.remember import comment_text
from moderator.store.schema import comments, decisions, revisions, sightings, sites
from moderator.store.sightings import unpacked
from moderator.store.verdicts import append

AT_ONCE = 200  # comments a transaction, some 10 ms
PAUSE = 1.0  # times what a transaction took: at most half of the time belongs to this
ERASED = "[erased]"
BY = "erasure"  # who takes back what was said of an erased comment, and through which door
CHECKPOINT_TRIES = 20


@dataclass(frozen=True, slots=True)
class Found:
    """What the store has of a person: comments that they wrote, and others in whose text their address stands."""

    wrote: tuple[str, ...] = ()
    mentioned: tuple[str, ...] = ()


class Privacy:
    """Masking, finding and erasing; ``store.privacy``."""

    def __init__(self, access: Access, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._access = access
        self._sleep = sleep

    def unmasked(self, before: datetime) -> int:
        """How many decided comments have not changed since ``before`` and may still have raw addresses."""
        limit = micros(before)
        return self._access.read(lambda c: c.scalar(select(func.count()).where(*_due(limit))) or 0)

    def mask(self, before: datetime, secret: bytes, *, go_on: Callable[[], bool] = lambda: True) -> int:
        """Give pseudonyms to the addresses of decided comments that have not changed since ``before``; how many.

        A few at a time, so that who stores comments hardly waits; ``go_on`` is asked between. StoreError.
        """
        limit, done = micros(before), 0
        while go_on():
            begun = time.monotonic()
            step = self._access.write(lambda c: _mask_some(c, limit, secret))
            if not step:
                break
            done += step
            self._sleep((time.monotonic() - begun) * PAUSE)
        return done

    def find(self, email: str, secret: bytes) -> Found:
        """The comments of the person with this address, in whatever spelling and also where it is masked."""
        return self._access.read(lambda c: _find(c, email, secret))

    def erase(self, email: str, secret: bytes) -> Found:
        """Erase what this person wrote, and their address in what others wrote, in one transaction; what was erased.

        Of their comments stays that there was one, when, and what was decided; none of them teaches any more. Erasing
        again erases nothing. StoreError; the bytes themselves are overwritten too, see :meth:`overwrite`.
        """
        at = self._access.now()
        found = self._access.write(lambda c: _erase(c, email, secret, at))
        if found.wrote or found.mentioned:
            self.overwrite()
        return found

    def overwrite(self) -> bool:
        """See that what was erased is in no file any more: SQLite's log is emptied, PostgreSQL's old rows vacuumed.

        False where readers kept SQLite's log in use all the time; the next erasure, or a stop, empties it.
        """
        for _ in range(CHECKPOINT_TRIES):
            if self._access.maintain(_overwrite):
                return True
            self._sleep(0.1)
        return False


def _due(limit: int) -> tuple[Any, ...]:
    return (comments.c.addresses, comments.c.status != Status.HELD.value, comments.c.changed_at < limit)


def _mask_some(connection: Connection, limit: int, secret: bytes) -> int:
    query = select(comments.c.id, comments.c.site_id, comments.c.content).where(*_due(limit)).limit(AT_ONCE)
    rows = connection.execute(query.with_for_update(skip_locked=True)).all()
    for row in rows:
        content = _masked(row.content, secret, row.site_id)
        connection.execute(update(comments).where(comments.c.id == row.id).values(content=content, addresses=False))
    sites = {row.id: row.site_id for row in rows}
    former = connection.execute(select(revisions).where(revisions.c.comment_id.in_(list(sites)))).all()
    for row in former:
        content = _masked(row.content, secret, sites[row.comment_id])
        connection.execute(update(revisions).where(_same(row)).values(content=content))
    return len(rows)


def _masked(content: str, secret: bytes, site_id: int) -> str:
    return comment_text(masked(comment_of(content), secret, site_id))


def _same(row: Any) -> Any:
    return (revisions.c.comment_id == row.comment_id) & (revisions.c.number == row.number)


def _contents(connection: Connection, email: str, secret: bytes) -> Iterator[tuple[str, Comment, bool]]:
    """Comment id, content (the standing one or a former) and whether it is theirs; of all else that mentions them."""
    address = normal_email(email)
    for site_id in connection.scalars(select(sites.c.id)).all():
        alias = masked_email(address, secret, site_id)
        for table, own in ((comments, comments.c.id), (revisions, revisions.c.comment_id)):
            query = select(own, table.c.content).where(comments.c.site_id == site_id)
            if table is revisions:
                query = query.join(comments, comments.c.id == own)
            if address.isascii():  # the engines fold the case of these letters alone; for others all is looked at
                sign = or_(table.c.content.icontains(address, autoescape=True), table.c.content.contains(alias))
                query = query.where(sign)
            for comment_id, content in connection.execute(query):
                comment = comment_of(content)
                theirs = comment.author.email == alias or normal_email(comment.author.email) == address
                if theirs or _pattern(email).search(_words(comment)):
                    yield comment_id, comment, theirs


def _words(comment: Comment) -> str:
    """All texts of a comment that may mention somebody."""
    return "\n".join((comment.body, comment.author.name, comment.author.url, comment.post.text, comment.parent.text))


def _pattern(email: str) -> re.Pattern[str]:
    return re.compile(re.escape(normal_email(email)), re.IGNORECASE)


def _find(connection: Connection, email: str, secret: bytes) -> Found:
    found = [(comment_id, theirs) for comment_id, _, theirs in _contents(connection, email, secret)]
    wrote = {comment_id: None for comment_id, theirs in found if theirs}
    return Found(tuple(wrote), tuple({id: None for id, _ in found if id not in wrote}))


def _erase(connection: Connection, email: str, secret: bytes, at: int) -> Found:
    found = _find(connection, email, secret)
    batch = new_id(at)
    for comment_id in found.wrote:
        row = connection.execute(select(comments).where(comments.c.id == comment_id).with_for_update()).one()
        if row.word is not None or row.verdict_id is not None or row.status != Status.DELETED.value:
            # Said aloud, so that every process that learned from it looks again.
            append(connection, row, Word.OPEN, Status.DELETED, by=BY, door=BY, at=at, batch=batch)
        nothing = json.dumps({"id": row.external_id} if row.external_id else {}, ensure_ascii=False)
        gone = {"content": nothing, "fingerprint": NO_FINGERPRINT, "word": None, "verdict_id": None}
        empty = {"reasons": "[]", "fingerprint": NO_FINGERPRINT}
        connection.execute(update(revisions).where(revisions.c.comment_id == comment_id).values(gone))
        connection.execute(update(decisions).where(decisions.c.comment_id == comment_id).values(empty))
        shown = {"status": Status.DELETED.value, "reasons": "[]", "language": "", "has_link": False}
        seen = {"campaign": None, "traces": None}
        of_comment = update(comments).where(comments.c.id == comment_id)
        connection.execute(of_comment.values(**gone, **shown, **seen, addresses=False))
        # What was counted of its author; its hosts, network and wording are not theirs alone.
        author = (sightings.c.key.in_(unpacked(row.traces))) & (sightings.c.kind == int(Kind.AUTHOR))
        connection.execute(delete(sightings).where(author))
    _strike_out(connection, found.mentioned, email)
    return found


def _strike_out(connection: Connection, ids: Sequence[str], email: str) -> None:
    """Put ``[erased]`` for the address wherever it stands in these comments and in what was said of them."""
    pattern = _pattern(email)
    for table, own, columns in (
        (comments, comments.c.id, ("content", "reasons")),
        (revisions, revisions.c.comment_id, ("content",)),
        (decisions, decisions.c.comment_id, ("reasons",)),
    ):
        for row in connection.execute(select(table).where(own.in_(ids))).all():
            values = {name: pattern.sub(ERASED, getattr(row, name)) for name in columns}
            keys = [column == getattr(row, column.name) for column in table.primary_key]
            connection.execute(update(table).where(*keys).values(values))


def _overwrite(connection: Connection) -> bool:
    """Outside of a transaction."""
    if connection.dialect.name == "sqlite":
        busy = connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)")).one()[0]
        return not busy
    for table in (comments, revisions, decisions):
        connection.execute(text(f"VACUUM {table.name}"))
    return True

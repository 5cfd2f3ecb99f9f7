"""What is known from before when a comment comes, and what is noted of it for the next ones.

One look before the decision (``look``), one note in the transaction that stores the comment (``note``), and a change of
two counts in the transaction of each verdict (``shift``). All by primary keys, and each bounded, however much there is.

How many came lately is a sliding window of two counters: those of the span of time that is now, and the part of those
of the span before that the window still covers. A clock that goes back counts into the span that was.
"""

import os
import random
import struct
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, bindparam, case, func, literal_column, select, union_all, update
from sqlalchemy.engine import Dialect

from moderator.comment import Status, Word
from moderator.known import (
    NO_MARKS,
    NOTHING,
    Belongs,
    Campaign,
    Choose,
    Host,
    Kind,
    Known,
    Marks,
    Sighting,
    Sketch,
    Trace,
)
from moderator.store.engine import cursor_of
from moderator.store.fading import EVERY, SKETCH_KEPT, anywhere, forget_some
from moderator.store.schema import bands, comments, sightings, sketches

SECOND = 1_000_000
DAY = 86_400 * SECOND
SPANS = {kind: DAY if kind is Kind.CAMPAIGN else 600 * SECOND for kind in Kind}
# Which of them a human's word on the comment is about.
JUDGED = frozenset({Kind.AUTHOR, Kind.ADDRESS, Kind.HOST, Kind.HOST_HERE})
APPROVED = Status.APPROVED.value
NONE_LEFT_OUT: Any = literal_column("0")  # SQLite would be given a value for it
NEWEST = 16  # sketches looked at for each key
MOST_SKETCHES = 32  # of one campaign
ALIKE = 0.7  # a comment that is more like one that is kept tells the next ones nothing new
MOST_WORDS_COUNTED = 200
MOST_KEYS = 512  # of sightings that are asked for at once
MOST_BANDS = 256  # of keys of sketches; SQLite joins at most 500 answers
MOST_ABSORBED = 1000  # comments that change their campaign in one transaction
RANDOM_BITS = 21  # the rest is milliseconds since 1970: until 2109

Row = tuple[Any, ...]
COLUMNS = tuple(sightings.c.keys())


class Batch:
    """What came before in the same batch, as it is not stored yet."""

    def __init__(self) -> None:
        self.sketches: dict[int, list[tuple[int, Sketch]]] = {}
        self.counts: Counter[int] = Counter()

    def keep(self, marks: Marks, belongs: Belongs | None) -> None:
        """The wording of one more."""
        if belongs is not None and marks.sketch is not None:
            for key in marks.sketch.keys:
                self.sketches.setdefault(key, []).append((belongs.campaign, marks.sketch))

    def count(self, marks: Marks, belongs: Belongs | None) -> None:
        """What one more came with."""
        self.counts.update([trace.key for trace in marks.traces])
        if belongs is not None and belongs.sketch_id != belongs.campaign:
            self.counts[belongs.campaign] += 1  # the first one of a campaign counts nowhere, see _campaign

    def like(self, sketch: Sketch) -> list[tuple[int, Sketch]]:
        """Those that share a key with it."""
        return [one for key in sketch.keys for one in self.sketches.get(key, ())[-NEWEST:]]

    def with_those_before(
        self, found: Mapping[int, Sighting], marks: Marks, nearest: tuple[int, float] | None, at: int
    ) -> Mapping[int, Sighting]:
        """The sightings under a comment's keys, with those of the batch that are not stored yet."""
        if not self.counts:
            return found
        keys = [trace.key for trace in marks.traces]
        if nearest is not None:
            keys.append(nearest[0])
        its = {}
        for key in keys:
            before, more = found.get(key), self.counts[key]
            if more:
                before = before or Sighting(Kind.SITE, key, at, at, 0, 0.0, 1, 0, 0)
                before = before._replace(total=before.total + more, lately=before.lately + more)
            if before is not None:
                its[key] = before
        return its


def look(
    connection: Connection, asked: Sequence[tuple[int, Marks]], choose: Choose, *, at: int, batch: Batch
) -> list[tuple[Known, Belongs | None]]:
    """What is known of each (its site, its marks), and to which campaign it belongs.

    Each also knows those before it and what the batch has, to which they are added. The sightings of all are one
    question: of eight comments it costs as much as of two.
    """
    stored = _sketches(connection, [key for _, marks in asked if marks.sketch for key in marks.sketch.keys])
    near = []
    for _, marks in asked:
        nearest, belongs = _near(marks.sketch, stored, batch, choose, at=at)
        batch.keep(marks, belongs)
        near.append((nearest, belongs))
    keys = [trace.key for _, marks in asked for trace in marks.traces]
    keys += [nearest[0] for nearest, _ in near if nearest is not None]
    found = seen(connection, keys, at=at) if keys else {}
    words = {number: said(connection, number) for number in {nearest[0] for nearest, _ in near if nearest is not None}}
    looked = []
    for (site_id, marks), (nearest, belongs) in zip(asked, near, strict=True):
        its = batch.with_those_before(found, marks, nearest, at)
        campaign = None if nearest is None else _campaign(nearest, its, words[nearest[0]], site_id=site_id, at=at)
        if campaign is not None and belongs is not None and campaign.seen.total >= MOST_SKETCHES:
            belongs = belongs._replace(sketch_id=None)
        batch.count(marks, belongs)
        looked.append((_known(marks, its, campaign, at), belongs))
    return looked


def _near(
    mine: Sketch | None, stored: Mapping[int, list[tuple[int, Sketch]]], batch: Batch, choose: Choose, *, at: int
) -> tuple[tuple[int, float] | None, Belongs | None]:
    """The campaign that is nearest, with how much it shares; and where the comment belongs."""
    if mine is None:
        return None, None
    others = [one for key in dict.fromkeys(mine.keys) for one in stored.get(key, ())]
    others += batch.like(mine)
    like = [(others[number][0], share) for number, share in choose(mine, [sketch for _, sketch in others])]
    if not like:
        own = new_number(at)
        return None, Belongs(own, own)
    oldest = min(campaign for campaign, _ in like)
    nearest = max(share for _, share in like)
    absorbs = tuple(sorted({campaign for campaign, _ in like} - {oldest}))
    return (oldest, nearest), Belongs(oldest, new_number(at) if nearest < ALIKE else None, absorbs)


def new_number(at: int) -> int:
    """A number that sorts by time, to the millisecond."""
    return max(at // 1000, 0) << RANDOM_BITS | int.from_bytes(os.urandom(3)) & (1 << RANDOM_BITS) - 1


def time_of(number: int) -> int:
    """When such a number was made, in microseconds since 1970."""
    return (number >> RANDOM_BITS) * 1000


def _sketches(connection: Connection, keys: Sequence[int]) -> dict[int, list[tuple[int, Sketch]]]:
    """The newest sketches under each of these keys, with their campaigns."""
    found: dict[int, list[tuple[int, Sketch]]] = {}
    for some in _by_powers(keys, MOST_BANDS):
        with closing(cursor_of(connection)) as cursor:
            cursor.execute(_near_sql(connection.dialect, len(some)), some)
            for key, campaign, places, words in cursor.fetchall():
                found.setdefault(key, []).append((campaign, Sketch((), bytes(places), words)))
    return found


def _by_powers(keys: Iterable[int], most: int) -> Iterator[list[int]]:
    """Each key once, in pieces as long as a power of two, so that there are few texts for the database to prepare.

    The last key fills up its piece, so what is under it may be found more than once.
    """
    every = list(dict.fromkeys(keys))
    for start in range(0, len(every), most):
        some = every[start : start + most]
        yield some + some[-1:] * ((1 << (len(some) - 1).bit_length()) - len(some))


@lru_cache(maxsize=32)
def _near_sql(dialect: Dialect, size: int) -> str:
    each = [
        select(
            select(bands.c.key, bands.c.sketch_id)
            .where(bands.c.key == bindparam(f"key_{number}"))
            .order_by(bands.c.sketch_id.desc())
            .limit(literal_column(str(NEWEST)))
            .offset(NONE_LEFT_OUT)
            .subquery()
        )
        for number in range(size)
    ]
    near = union_all(*each).subquery()
    return str(
        select(near.c.key, sketches.c.campaign, sketches.c.places, sketches.c.words)
        .join(sketches, sketches.c.id == near.c.sketch_id)
        .compile(dialect=dialect)
    )


def seen(connection: Connection, keys: Sequence[int], *, at: int) -> dict[int, Sighting]:
    """The sightings under these keys."""
    found: dict[int, Sighting] = {}
    for some in _by_powers(keys, MOST_KEYS):
        with closing(cursor_of(connection)) as cursor:
            cursor.execute(_seen_sql(connection.dialect, len(some)), some)
            for row in cursor.fetchall():
                found[row[0]] = sighting_of(row, at)
    return found


@lru_cache(maxsize=32)
def _seen_sql(dialect: Dialect, size: int) -> str:
    keys: list[Any] = [bindparam(f"key_{number}") for number in range(size)]
    return str(select(sightings).where(sightings.c.key.in_(keys)).compile(dialect=dialect))


def sighting_of(row: Row, at: int) -> Sighting:
    """A row of the table, in its order, as seen at this moment."""
    key, kind, first, last, total, slot, now, before, spread, ham, spam = row
    span = SPANS[Kind(kind)]
    lately = sliding(slot, now, before, span=span, at=at)
    return Sighting(Kind(kind), key, first, last, total, lately, max(int(spread).bit_count(), 1), ham, spam)


def sliding(slot: int, now: int, before: int, *, span: int, at: int) -> float:
    """How many came within the last ``span`` microseconds, as far as two counters tell."""
    here, passed = divmod(at, span)
    covered = 1.0 - passed / span
    if here <= slot:  # a clock that went back sees what came in the time to come
        return now + before * (covered if here == slot else 1.0)
    return now * covered if here == slot + 1 else 0.0


def _campaign(
    near: tuple[int, float],
    found: Mapping[int, Sighting],
    words: Counter[tuple[str, int]],
    *,
    site_id: int,
    at: int,
) -> Campaign:
    """What is known of the campaign. Its sighting counts those after the first one, which most campaigns end with."""
    number, like = near
    first = time_of(number)
    after = found.get(number)
    fresh = 1.0 if at - first < DAY else 0.0
    if after is None:
        whole = Sighting(Kind.CAMPAIGN, number, first, first, 1, fresh, 1, 0, 0)
    else:
        whole = after._replace(kind=Kind.CAMPAIGN, first=first, total=after.total + 1, lately=after.lately + fresh)
    many: Counter[str] = Counter()
    for (word, _), count in words.items():
        many[word] += count
    here = words[Word.SPAM.value, site_id]
    return Campaign(number, like, whole, many[Word.HAM.value], many[Word.SPAM.value], here, many[APPROVED] > 0)


def said(connection: Connection, campaign: int) -> Counter[tuple[str, int]]:
    """How often humans called its comments ham or spam, by word and site, up to some hundreds; with one that stands
    approved, if any does."""
    with closing(cursor_of(connection)) as cursor:
        cursor.execute(_said_sql(connection.dialect), (campaign, campaign, campaign))
        return Counter((word, site) for word, site in cursor.fetchall())


@lru_cache(maxsize=4)
def _said_sql(dialect: Dialect) -> str:
    each = [
        select(
            select(comments.c.word, comments.c.site_id)
            .where(comments.c.campaign == bindparam(f"campaign_{word}"), comments.c.word == literal_column(f"'{word}'"))
            .limit(literal_column(str(MOST_WORDS_COUNTED)))
            .offset(NONE_LEFT_OUT)
            .subquery()
        )
        for word in (Word.HAM.value, Word.SPAM.value)
    ]
    stands = select(comments.c.status, comments.c.site_id).where(
        comments.c.campaign == bindparam("campaign"), comments.c.status == literal_column(f"'{APPROVED}'")
    )
    each.append(select(stands.limit(literal_column("1")).offset(NONE_LEFT_OUT).subquery()))
    return str(union_all(*each).compile(dialect=dialect))


def _known(marks: Marks, found: Mapping[int, Sighting], campaign: Campaign | None, at: int) -> Known:
    if not found and campaign is None:
        return Known(hosts=tuple(Host(name) for name in marks.hosts), at=at) if marks.hosts else NOTHING
    of = {trace.kind: found.get(trace.key) for trace in marks.traces}
    anywhere = [found.get(trace.key) for trace in marks.traces if trace.kind is Kind.HOST]
    here = [found.get(trace.key) for trace in marks.traces if trace.kind is Kind.HOST_HERE]
    return Known(
        campaign=campaign,
        author=of.get(Kind.AUTHOR),
        address=of.get(Kind.ADDRESS),
        post=of.get(Kind.POST),
        site=of.get(Kind.SITE),
        hosts=tuple(map(Host, marks.hosts, anywhere, here)),
        at=at,
    )


# What is noted


class Noted:
    """What a comment that is being stored leaves for the next ones."""

    __slots__ = ("at", "belongs", "marks")

    def __init__(self, marks: Marks, belongs: Belongs | None, at: int) -> None:
        self.marks = marks
        self.belongs = belongs
        self.at = at

    @property
    def anything(self) -> bool:
        """Whether there is something to note."""
        return bool(self.marks.traces) or self.belongs is not None

    def sketch_alone(self) -> "Noted":
        """Its wording, so that others like it are known, without counting anything."""
        belongs = self.belongs
        if belongs is None or belongs.sketch_id != belongs.campaign:
            return Noted(NO_MARKS, None, self.at)
        return Noted(self.marks._replace(traces=()), belongs, self.at)


def packed(traces: Iterable[Trace]) -> bytes | None:
    """The keys that a human's word will count under, as a comment's row keeps them."""
    keys = [trace.key for trace in traces if trace.kind in JUDGED]
    return struct.pack(f">{len(keys)}q", *keys) if keys else None


def unpacked(traces: bytes | None) -> tuple[int, ...]:
    """Those keys again."""
    return struct.unpack(f">{len(traces) // 8}q", traces) if traces else ()


def note(connection: Connection, noted: Sequence[Noted]) -> None:
    """Count what these comments, which were stored in this transaction, came with, and keep their sketches."""
    new_sketches: list[Row] = []
    new_bands: list[Row] = []
    counted: dict[int, list[int]] = {}
    for one in noted:
        bit = 1 << one.marks.group
        for trace in one.marks.traces:
            _count(counted, trace, one.at, bit)
        if one.belongs is None or one.marks.sketch is None:
            continue
        campaign, own, absorbed = one.belongs
        for other in absorbed:
            absorb(connection, campaign, other)
        if own != campaign:
            _count(counted, Trace(Kind.CAMPAIGN, campaign), one.at, bit)
        if own is not None:
            new_sketches.append((own, campaign, one.marks.sketch.places, one.marks.sketch.words))
            new_bands += [(key, own) for key in dict.fromkeys(one.marks.sketch.keys)]
    if new_sketches:
        _insert(connection, "sketches", new_sketches)
        _insert(connection, "bands", sorted(new_bands))
    if counted and random.randrange(EVERY) == 0:
        at = max(one.at for one in noted)
        forget_some(connection, at=at, least_sketch=new_number(at - SKETCH_KEPT), begin=anywhere())
    if counted:
        # In one order everywhere, so that two processes with the same authors cannot wait for each other.
        _insert(connection, "sightings", [(key, *counted[key], 0, 0) for key in sorted(counted)])


def note_past(connection: Connection, noted: Sequence[Noted]) -> None:
    """Count the authors and hosts of a history that was stored in this transaction: in all, and not as coming now.

    Its wordings are not kept: campaigns fade within months, and what is imported is mostly older.
    """
    counted: dict[int, list[int]] = {}
    for one in noted:
        for trace in one.marks.traces:
            if trace.kind in JUDGED:
                _count(counted, trace, one.at, 1 << one.marks.group)
    for row in counted.values():
        row[5] = 0
    if counted:
        _insert(connection, "sightings", [(key, *counted[key], 0, 0) for key in sorted(counted)])


def _count(counted: dict[int, list[int]], trace: Trace, at: int, bit: int) -> None:
    slot = at // SPANS[trace.kind]
    row = counted.get(trace.key)
    if row is None:
        counted[trace.key] = [int(trace.kind), at, at, 1, slot, 1, 0, bit]
        return
    row[1], row[2] = min(row[1], at), max(row[2], at)
    row[3] += 1
    row[4] = max(row[4], slot)  # of one group: the same span, but for a moment's turn
    row[5] += 1
    row[7] |= bit


def _insert(connection: Connection, table: str, rows: Sequence[Row]) -> None:
    with closing(cursor_of(connection)) as cursor:
        for start in range(0, len(rows), 512):
            some = rows[start : start + 512]
            cursor.execute(_insert_sql(connection.dialect, table, len(some)), [value for row in some for value in row])


@lru_cache(maxsize=512)
def _insert_sql(dialect: Dialect, name: str, size: int) -> str:
    """The text for so many rows, in the tables' own order of columns."""
    if dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert
    else:
        from sqlalchemy.dialects.sqlite import insert  # type: ignore[assignment]
    if name == "sightings":
        statement = insert(sightings)
        new, old = statement.excluded, sightings.c
        query = statement.on_conflict_do_update(
            index_elements=["key"],
            set_={
                "first_at": case((new.first_at < old.first_at, new.first_at), else_=old.first_at),
                "last_at": case((new.last_at > old.last_at, new.last_at), else_=old.last_at),
                "total": old.total + new.total,
                "before": case(
                    (new.slot > old.slot + literal_column("1"), literal_column("0")),
                    (new.slot > old.slot, old.now),
                    else_=old.before,
                ),
                "now": case((new.slot > old.slot, new.now), else_=old.now + new.now),
                "slot": case((new.slot > old.slot, new.slot), else_=old.slot),
                "spread": old.spread.op("|")(new.spread),
                # Rows of a merge bring words with them; those of comments bring none.
                "ham": old.ham + new.ham,
                "spam": old.spam + new.spam,
            },
        )
    else:
        query = insert(sketches if name == "sketches" else bands).on_conflict_do_nothing()
    one = str(query.compile(dialect=dialect))
    head, _, tail = one.partition(" VALUES ")
    end = tail.index(")") + 1
    return f"{head} VALUES {', '.join([tail[:end]] * size)}{tail[end:]}"


def absorb(connection: Connection, campaign: int, other: int) -> None:
    """Make one campaign of two. A large one is left as it is: its comments are decided on by its own words anyway."""
    members = select(comments.c.id).where(comments.c.campaign == other).limit(MOST_ABSORBED + 1).subquery()
    if (connection.scalar(select(func.count()).select_from(members)) or 0) > MOST_ABSORBED:
        return
    connection.execute(update(comments).where(comments.c.campaign == other).values(campaign=campaign))
    for which in (sketches.c.id == other, (sketches.c.campaign == other) & (sketches.c.campaign != sketches.c.id)):
        connection.execute(update(sketches).where(which).values(campaign=campaign))
    gone = connection.execute(sightings.delete().where(sightings.c.key == other).returning(*sightings.c)).first()
    first = time_of(other)
    row: Row = tuple(gone) if gone else (other, int(Kind.CAMPAIGN), first, first, 0, first // DAY, 0, 0, 0, 0, 0)
    _, kind, first_at, last_at, total, slot, now, before, spread, ham, spam = row
    # Its first one has counted nowhere yet.
    one_more = 1 if slot == first // DAY else 0
    merged = (campaign, kind, first_at, last_at, total + 1, slot, now + one_more, before, spread, ham, spam)
    _insert(connection, "sightings", [merged])


Change = tuple[bytes | None, str | None, str | None]  # a comment's traces, the word on it before, and the one now


def shift(connection: Connection, changes: Iterable[Change]) -> None:
    """Humans say other words of some comments than before: count them so under the comments' keys."""
    ham: Counter[int] = Counter()
    spam: Counter[int] = Counter()
    for traces, before, after in changes:
        for counts, word in ((ham, Word.HAM), (spam, Word.SPAM)):
            step = (after == word) - (before == word)
            if step:
                counts.update(dict.fromkeys(unpacked(traces), step))
    # In one order, so that two transactions cannot wait for each other.
    steps = [{"own": key, "hams": ham[key], "spams": spam[key]} for key in sorted(ham.keys() | spam.keys())]
    if steps:
        connection.execute(_SHIFT, steps)


_SHIFT = (
    update(sightings)
    .where(sightings.c.key == bindparam("own"))
    .values(ham=sightings.c.ham + bindparam("hams"), spam=sightings.c.spam + bindparam("spams"))
)

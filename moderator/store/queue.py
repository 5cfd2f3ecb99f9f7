"""The queue: comments that a filter lets through, a page at a time, in one of four orders.

Keyset paging throughout: a place is the row's own rank, so that a page deep down costs what the first one does, and
nothing is skipped or shown twice when comments come and go. Two steps: which ones, where an index alone can often tell,
then those rows.

No filter may read the whole table for one page. Where no index helps, it is tried on ``LOOKED`` comments, and the page
says so and where to go on.
"""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Float,
    case,
    cast,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.types import JSON

from moderator.comment import Status
from moderator.store import skipping
from moderator.store.comments import COUNTED, WHOLE, stored_of
from moderator.store.errors import BadPlace
from moderator.store.ids import least_id, micros
from moderator.store.schema import comments, rescored
from moderator.store.values import MILLISECOND, Counted, Filter, Order, QueuePage, StoredComment, Sureness

LOOKED = 5_000
CHECKED_AT_ONCE = 500
STANDING = (Status.APPROVED, Status.HELD, Status.REJECTED)
# In the order USEFUL a tenth of distance from the threshold weighs as much as a day of waiting. Both who is near and
# who is far rise by a day each day, so that the order among them never changes, and can be paged.
DAY = 86_400 * 1_000_000
DISTANCE = 10.0 * DAY

# For a filter that the index of what is held knows. SQLite would rather walk another one, which is in the right order,
# and read every row: of a million comments, 50,000 of them held, in 150 ms; this way it is 10.
UNINDEXED_ID: ColumnElement[str] = func.coalesce(comments.c.id, "")

LAST = "~"  # begins the places among what the person has put off
ID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")
PLACE = re.compile(r"(-?[0-9][0-9.e+-]{0,30})~([0-9A-HJKMNP-TV-Z]{26})")


class Place(NamedTuple):
    """Where a row stands: its rank in orders that have one, then its id."""

    rank: float | int | None
    id: str

    def __str__(self) -> str:
        return self.id if self.rank is None else f"{self.rank!r}~{self.id}"


class Slice(NamedTuple):
    """Places in order; where to go on, and back; whether it ends only because enough rows were looked at."""

    places: list[Place]
    further: Place | None
    back: Place | None
    looked: bool


class Walk(NamedTuple):
    """What is walked through, and how; ``also`` is one more condition on each."""

    which: Filter
    order: Order
    sureness: Sureness
    also: ColumnElement[bool] | None = None


def queue(
    connection: Connection,
    which: Filter,
    order: Order,
    *,
    limit: int,
    before: str | None,
    after: str | None,
    sureness: Sureness,
    person_id: int | None = None,
) -> QueuePage:
    """One page: what comes after the place ``before``, or else what comes just before the place ``after``.

    What the person was not sure of comes after all else, and its places begin with ``~``.
    """
    if order in (Order.SCORE, Order.USEFUL) and which.status is not Status.HELD:
        raise ValueError("only what is held has an order by score")
    walk = Walk(which, order, sureness)
    if person_id is not None and which.status is Status.HELD and skipping.any_of(connection, person_id):
        return _in_two_parts(connection, walk, person_id, limit=limit, before=before, after=after)
    start = _place(order, before if after is None else after)
    found = walked(connection, walk, start, limit=limit, onwards=after is None)
    return _page(connection, found.places, _named(found.further), _named(found.back), looked=found.looked)


def _in_two_parts(
    connection: Connection, walk: Walk, person_id: int, *, limit: int, before: str | None, after: str | None
) -> QueuePage:
    """The same where the person has put some off: first the others, then those."""
    put_off = skipping.of(person_id)
    first, last = walk._replace(also=~put_off), walk._replace(also=put_off)
    asked, onwards = before if after is None else after, after is None
    in_last = asked is not None and asked.startswith(LAST)
    at_start = asked == LAST
    start = None if at_start or asked is None else _place(walk.order, asked.removeprefix(LAST))
    later = Slice([], None, None, looked=False)
    sooner = later
    if onwards:
        if not in_last:
            sooner = walked(connection, first, start, limit=limit)
        if in_last or (sooner.further is None and not sooner.looked):
            room = limit - len(sooner.places)
            later = walked(connection, last, start if in_last else None, limit=max(room, 1))
            if room == 0:  # whether there are any is all that was asked
                later = Slice([], later.places[0] if later.places else None, None, looked=False)
    else:
        if in_last and not at_start:
            later = walked(connection, last, start, limit=limit, onwards=False)
        room = limit - len(later.places)
        if not in_last or (room and later.back is None):
            sooner = walked(connection, first, None if in_last else start, limit=room, onwards=False)
    places = sooner.places + later.places
    further = _named(sooner.further)
    if later.places:
        further = _named(later.further, LAST)
    elif further is None and (later.further is not None or (in_last and not onwards)):
        further = LAST
    if onwards:
        begin = _named(places[0], "" if sooner.places else LAST) if places else None
        back = begin if asked is not None else None
    elif sooner.places:
        back = _named(sooner.back)
    else:
        back = _named(places[0], LAST) if places else None
    return _page(connection, places, further, back, looked=sooner.looked or later.looked, put_off=len(later.places))


def _named(place: Place | None, part: str = "") -> str | None:
    return None if place is None else f"{part}{place}"


def _page(
    connection: Connection,
    places: list[Place],
    further: str | None,
    back: str | None,
    *,
    looked: bool,
    put_off: int = 0,
) -> QueuePage:
    return QueuePage(
        comments=_whole(connection, places),
        further=further,
        back=back,
        looked=LOOKED if looked else None,
        unsure=skipping.who(connection, [place.id for place in places]),
        put_off=put_off,
    )


def walked(connection: Connection, walk: Walk, start: Place | None, *, limit: int, onwards: bool = True) -> Slice:
    """The next places onwards from ``start``, or those just before it; None is the one end or the other."""
    which, order = walk.which, walk.order
    rank = _rank(order, walk.sureness)
    step = partial(_by_score, start=start) if order is Order.SCORE else _walk
    down = (order in (Order.NEWEST, Order.SCORE)) == onwards
    found: list[Place] = []
    ends: list[Place] = []
    # Each status by itself: one index walk each, in this order already, of which only the heads are merged.
    statuses = (which.status,) if which.status is not None else STANDING
    for status in statuses:
        told = _told(connection, which)
        covered = _covered(which, status)
        own = UNINDEXED_ID if told and covered else comments.c.id
        within = _within(which, status, own)
        if walk.also is not None:
            within.append(walk.also)
        if start is not None:
            within.append(_beyond(rank, own, start, down=down))
        if order is Order.USEFUL and which.campaign is None:
            told = [*told, _stands_for_all_like_it(which)]
            covered = False
        if told and not covered and rank is not None:
            some, end = _checked(connection, step, within, told, rank, down=down, limit=limit + 1)
            found += some
            ends += end
            continue
        if told and not covered:
            end = _walk(connection, within, rank, own, down=down, limit=1, offset=max(LOOKED // len(statuses), 1) - 1)
            ends += end
            within += [_beyond(rank, own, end[0], down=not down, too=True)] if end else []
        found += step(connection, within + told, rank, own, down=down, limit=limit + 1)
    found.sort(reverse=down)
    end_of_all = (max(ends) if down else min(ends)) if ends else None  # the one that is met first
    if end_of_all is not None:
        found = [place for place in found if (place >= end_of_all if down else place <= end_of_all)]
    more: Place | None = found[limit - 1] if len(found) > limit else end_of_all
    looked = end_of_all is not None and len(found) <= limit
    shown = found[:limit]
    if onwards:
        return Slice(shown, more, shown[0] if shown and start is not None else None, looked)
    further = shown[0] if shown else None
    return Slice(shown[::-1], further, more, looked)


def _stands_for_all_like_it(which: Filter) -> ColumnElement[bool]:
    """Of those that say nearly the same and wait on these sites, the first: people are shown one of each."""
    twin = comments.alias("twin")
    before = (twin.c.campaign == comments.c.campaign) & (twin.c.status == literal_column("'held'"))
    site = func.coalesce(twin.c.site_id, 0)  # not by its index
    here = [site == which.site_id] if which.site_id is not None else []
    here += [site.in_(which.site_ids)] if which.site_ids is not None else []
    return ~exists().where(before, twin.c.id < comments.c.id, *here)


def _covered(which: Filter, status: Status) -> bool:
    """Whether the index of what is held can tell all that the filter asks."""
    says = which.author or which.text or which.unsure or which.would or which.campaign is not None
    return status is Status.HELD and not says


def count(connection: Connection, which: Filter) -> Counted:
    """How many there are, as far as an index can tell, and a page has the time: of the others none is counted."""
    number, whole = 0, True
    for status in (which.status,) if which.status is not None else STANDING:
        told = _told(connection, which)
        if told and not _covered(which, status):
            whole = False
            continue
        within = _within(which, status, UNINDEXED_ID if told else comments.c.id)
        most = COUNTED[status]
        some = select(literal(1)).select_from(comments).where(*within, *told).limit(most + 1)
        counted = connection.scalar(select(func.count()).select_from(some.subquery())) or 0
        number += min(counted, most)
        whole = whole and counted <= most
    return Counted(number, whole)


def arrived(connection: Connection, which: Filter, *, since: datetime, most: int) -> int:
    """How many more there are than at that moment, up to ``most``."""
    later = since + MILLISECOND
    newer = replace(which, since=later if which.since is None else max(which.since, later))
    return len(walked(connection, Walk(newer, Order.NEWEST, Sureness()), None, limit=most).places)


def _place(order: Order, text: str | None) -> Place | None:
    """The place that a page's ``further`` or ``back`` named. BadPlace."""
    if text is None:
        return None
    if order in (Order.NEWEST, Order.OLDEST):
        if ID.fullmatch(text):
            return Place(None, text)
        raise BadPlace("that is no place in this order")
    parts = PLACE.fullmatch(text)
    try:
        if parts is not None:
            rank = float(parts[1]) if order is Order.SCORE else int(parts[1])
            if abs(rank) < 1 << 62:
                return Place(rank, parts[2])
    except ValueError:
        pass  # said below
    raise BadPlace("that is no place in this order")


def _rank(order: Order, sureness: Sureness) -> ColumnElement[Any] | None:
    """What is sorted by before the id; None: by the id alone, which sorts by time."""
    if order is Order.SCORE:
        return func.coalesce(comments.c.score, -1.0)
    if order is Order.USEFUL:
        threshold: ColumnElement[float] = literal(sureness.threshold, Float)
        if sureness.own:
            own = ((comments.c.site_id == site_id, literal(value, Float)) for site_id, value in sureness.own.items())
            threshold = case(*own, else_=threshold)
        distance = func.abs(func.coalesce(comments.c.score, threshold) - threshold)
        return comments.c.received_at + cast(distance * literal(DISTANCE, Float), BigInteger)
    return None


def _beyond(
    rank: ColumnElement[Any] | None, own: ColumnElement[str], place: Place, *, down: bool, too: bool = False
) -> ColumnElement[bool]:
    """Further on than the place, or with ``too`` at it."""
    past = {(True, False): own < place.id, (True, True): own <= place.id,
            (False, False): own > place.id, (False, True): own >= place.id}[down, too]  # fmt: skip
    if rank is None:
        return past
    return or_(rank < place.rank if down else rank > place.rank, (rank == place.rank) & past)


def _walk(
    connection: Connection,
    conditions: list[ColumnElement[bool]],
    rank: ColumnElement[Any] | None,
    own: ColumnElement[str],
    *,
    down: bool,
    limit: int,
    offset: int = 0,
) -> list[Place]:
    """The places of the rows that meet the conditions, in order."""
    columns: list[ColumnElement[Any]] = [own] if rank is None else [rank.label("rank"), own]
    query = select(*columns).where(*conditions).limit(limit).offset(offset)
    query = query.order_by(*(column.desc() if down else column for column in columns))
    return [Place(None, row[0]) if rank is None else Place(row[0], row[1]) for row in connection.execute(query)]


def _by_score(
    connection: Connection,
    conditions: list[ColumnElement[bool]],
    rank: ColumnElement[Any] | None,
    own: ColumnElement[str],
    *,
    down: bool,
    limit: int,
    start: Place | None,
) -> list[Place]:
    """The same in the order of the score, in which the index of what is held stands already: no row is sorted.

    Those without a score are lowest, and walked apart: databases do not agree on where they stand in an index.
    """
    score, last = comments.c.score, start.rank if start is not None else None
    having: list[ColumnElement[bool]] = [score.is_not(None)]
    if last is not None:  # besides what the conditions say: from there the index is read
        having.append(score <= last if down else score >= last)
    found: list[Place] = []
    for half in (having, [score.is_(None)]) if down else ([score.is_(None)], having):
        order = [column.desc() if down else column for column in (score, comments.c.id)]
        query = select(func.coalesce(score, -1.0), comments.c.id).where(*conditions, *half).order_by(*order)
        found += [Place(row[0], row[1]) for row in connection.execute(query.limit(limit - len(found)))]
        if len(found) == limit:
            break
    return found


def _checked(
    connection: Connection,
    step: Callable[..., list[Place]],
    within: list[ColumnElement[bool]],
    told: list[ColumnElement[bool]],
    rank: ColumnElement[Any],
    *,
    down: bool,
    limit: int,
) -> tuple[list[Place], list[Place]]:
    """The places of rows that meet what only they can tell, and the place where no more were looked at.

    The order by rank is had from an index alone; then the rows are read in that order, some at a time, until there are
    enough: they lie all over the table. Mostly the first few hundred are, and no more are put in order then.
    """
    found: list[Place] = []
    done = 0
    for most in (CHECKED_AT_ONCE, LOOKED):
        candidates = step(connection, within, rank, UNINDEXED_ID, down=down, limit=most)
        for start in range(done, len(candidates), CHECKED_AT_ONCE):
            some = candidates[start : start + CHECKED_AT_ONCE]
            fits = select(comments.c.id).where(comments.c.id.in_([place.id for place in some]), *told)
            fitting = set(connection.scalars(fits))
            found += [place for place in some if place.id in fitting]
            if len(found) >= limit:
                return found[:limit], []
        done = len(candidates)
        if done < most:
            return found, []
    return found, candidates[-1:]


def _whole(connection: Connection, places: list[Place]) -> tuple[StoredComment, ...]:
    """The comments at these places, in their order."""
    if not places:
        return ()
    rows = connection.execute(WHOLE.where(comments.c.id.in_([place.id for place in places])))
    found = {row.id: stored_of(row) for row in rows}
    return tuple(found[place.id] for place in places)


def _within(which: Filter, status: Status, own: ColumnElement[str]) -> list[ColumnElement[bool]]:
    """What an index on the id can tell: the status, the site, and the time, which the id begins with."""
    # Written out, not bound: only then a database knows that the index of what is held will do.
    within = [comments.c.status == literal_column(f"'{status.value}'")]
    if which.campaign is not None:  # few, and an index of their own
        within.append(comments.c.campaign == which.campaign)
        if which.site_id is not None:
            within.append(func.coalesce(comments.c.site_id, 0) == which.site_id)
    elif which.site_id is not None:
        within.append(comments.c.site_id == which.site_id)
    if which.site_ids is not None:
        within.append(comments.c.site_id.in_(which.site_ids))
    if which.since is not None:
        within.append(own >= least_id(micros(which.since)))
    if which.until is not None:
        within.append(own < least_id(micros(which.until)))
    return within


def _told(connection: Connection, which: Filter) -> list[ColumnElement[bool]]:
    """What only the row itself can tell."""
    told: list[ColumnElement[bool]] = []
    if which.rule:
        told.append(comments.c.rule == which.rule)
    if which.language:
        told.append(comments.c.language == which.language)
    if which.has_link is not None:
        told.append(comments.c.has_link.is_(which.has_link))
    if which.would is not None:
        crossed = (rescored.c.comment_id == comments.c.id) & (rescored.c.decision == comments.c.decision)
        told.append(select(rescored.c.would).where(crossed).scalar_subquery() == which.would.value)
    if which.least is not None:
        told.append(comments.c.score >= which.least)
    if which.most is not None:
        told.append(comments.c.score <= which.most)
    if which.unsure:
        told.append(skipping.by_anybody())
    if which.author:
        told.append(_says(connection, which.author, body=False))
    if which.text:
        told.append(_says(connection, which.text, body=True))
    return told


def _says(connection: Connection, text: str, *, body: bool) -> ColumnElement[bool]:
    """The author's fields, or the body as well, have this text, in any case (on SQLite only ASCII's case is folded)."""
    whole: Any = type_coerce(comments.c.content, JSON)
    if connection.dialect.name == "postgresql":
        whole = cast(comments.c.content, JSON)
    fields = [whole["author", name] for name in ("name", "email", "url")]
    if body:
        fields.append(whole["body"])
    # First in the JSON as it is written: most comments are through with that, and nothing has to be parsed.
    written = json.dumps(text, ensure_ascii=False)[1:-1]
    return comments.c.content.icontains(written, autoescape=True) & or_(
        *(field.as_string().icontains(text, autoescape=True) for field in fields)
    )

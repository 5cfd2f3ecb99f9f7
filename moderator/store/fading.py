"""What is no longer known: sightings, sketches and their keys that are too old, a few at a time.

Nothing runs for it. One in ``EVERY`` groups of comments also looks at some rows from a random place on, in the same
transaction, so that for each comment that is stored about as many rows are looked at as it left.
"""

import random

from sqlalchemy import Connection, and_, delete, exists, func, or_, select

from moderator.known import Kind
from moderator.store.schema import bands, sightings, sketches

DAY = 86_400 * 1_000_000
EVERY = 256
# Days since the last time that it came: of what no human has judged, and of what one has.
KEPT = {
    Kind.CAMPAIGN: (180, 180),
    Kind.AUTHOR: (400, 1100),
    Kind.ADDRESS: (30, 90),
    Kind.HOST: (400, 1100),
    Kind.HOST_HERE: (400, 1100),
    Kind.POST: (30, 30),
    Kind.SITE: (400, 400),
}
SKETCH_KEPT = 180 * DAY
AT_ONCE = 2 * EVERY
_END = (1 << 63) - 1


def anywhere() -> float:
    """Where to begin: half the time at the first row, as that is where the oldest sketches are, else anywhere."""
    return random.choice((0.0, random.random()))


def forget_some(connection: Connection, *, at: int, least_sketch: int, begin: float) -> None:
    """Look at some rows of each table, from that part of it (0 to 1) on.

    ``least_sketch`` is the least number of a sketch that is young enough.
    """
    start = int(begin * _END)
    _forget_sightings(connection, at, start)
    _forget_sketches(connection, at, least_sketch, begin)
    _forget_bands(connection, start, least_sketch)


def _forget_sightings(connection: Connection, at: int, start: int) -> None:
    some = select(sightings.c.key).where(sightings.c.key >= start).order_by(sightings.c.key).limit(AT_ONCE)
    judged = or_(sightings.c.ham > 0, sightings.c.spam > 0)
    old = [
        and_(sightings.c.kind == int(kind), sightings.c.last_at < at - days * DAY, judged if said else ~judged)
        for kind, kept in KEPT.items()
        for said, days in enumerate(kept)
    ]
    keys = connection.scalars(select(sightings.c.key).where(sightings.c.key.in_(some), or_(*old)).order_by("key")).all()
    if keys:
        connection.execute(delete(sightings).where(sightings.c.key.in_(keys)))


def _forget_sketches(connection: Connection, at: int, least: int, begin: float) -> None:
    """Those of campaigns that still come are kept."""
    oldest = connection.scalar(select(func.min(sketches.c.id)))
    if oldest is None or oldest >= least:
        return
    start = oldest + int((least - oldest) * begin)
    some = select(sketches.c.id).where(sketches.c.id >= start, sketches.c.id < least).order_by(sketches.c.id)
    comes = exists().where(sightings.c.key == sketches.c.campaign, sightings.c.last_at >= at - SKETCH_KEPT)
    gone = select(sketches.c.id).where(sketches.c.id.in_(some.limit(AT_ONCE)), ~comes)
    ids = connection.scalars(gone).all()
    if ids:
        connection.execute(delete(sketches).where(sketches.c.id.in_(ids)))


def _forget_bands(connection: Connection, start: int, least: int) -> None:
    some = select(bands.c.key, bands.c.sketch_id).where(bands.c.key >= start).order_by(bands.c.key).limit(4 * AT_ONCE)
    rows = some.subquery()
    stands = exists().where(sketches.c.id == rows.c.sketch_id)
    gone = connection.execute(select(rows).where(rows.c.sketch_id < least, ~stands)).all()
    for key, sketch_id in sorted(tuple(row) for row in gone):
        connection.execute(delete(bands).where(bands.c.key == key, bands.c.sketch_id == sketch_id))

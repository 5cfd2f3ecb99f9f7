"""Our ids, and times as the tables hold them."""

import os
from datetime import UTC, datetime, timedelta

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
# Two characters at a time: 13 look-ups for an id, 3.2 µs rather than 5.0 (best of 5 runs of 20,000).
PAIRS = tuple(high + low for high in CROCKFORD for low in CROCKFORD)
SHIFTS = tuple(range(120, -1, -10))

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def micros(moment: datetime) -> int:
    """An aware datetime as whole microseconds since 1970."""
    return (moment - EPOCH) // MICROSECOND


def moment(at: int) -> datetime:
    """The aware UTC datetime again."""
    return EPOCH + timedelta(microseconds=at)


def maybe_moment(at: int | None) -> datetime | None:
    """The same for a time that may not have come."""
    return None if at is None else moment(at)


def new_id(at: int) -> str:
    """A fresh ULID: 26 characters that sort by time, to the millisecond, and cannot be guessed.

    Times before 1970 count as 1970.
    """
    number = (max(at // 1000, 0) << 80) | int.from_bytes(os.urandom(10))
    return "".join([PAIRS[number >> shift & 1023] for shift in SHIFTS])


def least_id(at: int) -> str:
    """The least id that can be made in the millisecond of ``at``: no comment of an earlier one has a greater id."""
    number = max(at // 1000, 0) << 80
    return "".join([PAIRS[number >> shift & 1023] for shift in SHIFTS])

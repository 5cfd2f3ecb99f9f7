"""Geometry of the insights' charts: plain numbers, which the templates write as SVG. Without script and inline style.

A chart is a drawing for those who see; what it says stands in the table beside it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

WIDTH, HEIGHT = 720.0, 180.0
# More columns than that are too thin to be told apart; weeks take their place.
MOST_DAYS = 93


@dataclass(frozen=True, slots=True)
class Bar:
    """One rectangle; ``css`` is its class."""

    x: float
    y: float
    width: float
    height: float
    css: str


@dataclass(frozen=True, slots=True)
class Column:
    """What happened in one stretch of time: how many, by kind."""

    start: date
    days: int
    counts: Mapping[str, int]

    @property
    def total(self) -> int:
        """All kinds together."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Stacked:
    """Columns with what is drawn of them; ``top`` is the number at the upper edge."""

    columns: tuple[Column, ...]
    bars: tuple[Bar, ...]
    top: int


def columns(counts: Mapping[date, Mapping[str, int]], first: date, last: date, kinds: Sequence[str]) -> list[Column]:
    """Each day from ``first`` to ``last``, or each seven days where there are many; days without a comment too."""
    length = 1 if (last - first).days < MOST_DAYS else 7
    found = []
    start = first
    while start <= last:
        days = min(length, (last - start).days + 1)
        within = [counts.get(start + timedelta(days=number), {}) for number in range(days)]
        found.append(Column(start, days, {kind: sum(day.get(kind, 0) for day in within) for kind in kinds}))
        start += timedelta(days=length)
    return found


def stacked(found: Sequence[Column], kinds: Sequence[str]) -> Stacked:
    """The columns side by side, their kinds upon one another in this order."""
    top = nice(max((column.total for column in found), default=0))
    step = WIDTH / max(len(found), 1)
    bars = []
    for number, column in enumerate(found):
        floor = HEIGHT
        for kind in kinds:
            height = HEIGHT * column.counts[kind] / top
            if height:
                floor -= height
                bars.append(Bar(number * step + step * 0.1, floor, step * 0.8, height, kind))
    return Stacked(tuple(found), tuple(bars), top)


def nice(number: int) -> int:
    """The next number of the form 1, 2 or 5 times a power of ten; at least 1."""
    size = 1
    while True:
        for factor in (1, 2, 5):
            if factor * size >= number:
                return factor * size
        size *= 10

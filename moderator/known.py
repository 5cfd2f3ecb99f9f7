"""What is known from before when a comment comes: its campaign, its author, the hosts that it links to, how many come.

The nouns only. ``traces.py`` and ``campaigns.py`` say under which keys to look, the store looks and counts,
``policy.py`` and ``standing.py`` say what follows.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple


class Kind(IntEnum):
    """Of what a sighting is; the number is stored."""

    CAMPAIGN = 1
    AUTHOR = 2  # who gives this name and address on this site
    ADDRESS = 3  # the network's, on this site
    HOST = 4  # that a comment links to, on any site
    HOST_HERE = 5  # the same, on this site
    POST = 6
    SITE = 7


class Trace(NamedTuple):
    """One thing that a comment came with: its kind, and the keyed hash that stands for it."""

    kind: Kind
    key: int


class Sketch(NamedTuple):
    """By what a comment's wording is recognised; see campaigns.py. ``words``: how many different ones it has."""

    keys: tuple[int, ...]
    places: bytes
    words: int


class Marks(NamedTuple):
    """All by which a comment can be recognised: ``traces``, its host names in the order of their traces, its sketch.

    ``group`` is a number below 62 that stands for the author: how many different ones there are of some comments tells
    roughly how many authors they have.
    """

    traces: tuple[Trace, ...] = ()
    hosts: tuple[str, ...] = ()
    sketch: Sketch | None = None
    group: int = 0


NO_MARKS = Marks()


class Belongs(NamedTuple):
    """To which campaign a comment belongs.

    ``sketch_id``: under which number its own sketch is kept, None where others like it are kept. ``absorbs``: campaigns
    that turned out to be the same, as this comment is like them too.
    """

    campaign: int
    sketch_id: int | None
    absorbs: tuple[int, ...] = ()


# Given a sketch and those that may be like it, which of them are; see campaigns.choose.
Choose = Callable[[Sketch, Sequence[Sketch]], Sequence[tuple[int, float]]]


class Sighting(NamedTuple):
    """How often something came: in all, and lately; times in microseconds since 1970.

    ``lately`` is within a day for a campaign and within ten minutes for all else. ``authors`` is at least 1 and at most
    62, and less than there are where there are many. ``ham`` and ``spam`` count what humans say of those comments now.
    """

    kind: Kind
    key: int
    first: int
    last: int
    total: int
    lately: float
    authors: int
    ham: int
    spam: int


@dataclass(frozen=True, slots=True)
class Campaign:
    """The comments before this one that say nearly the same: how often they came, and what humans said of them.

    ``like`` is how much of the wording the nearest one shares (0 to 1). The counts of words stop at some hundreds.
    ``approved``: at least one of them stands approved now, by whomever.
    """

    id: int
    like: float
    seen: Sighting
    ham: int = 0
    spam: int = 0
    spam_here: int = 0  # on this comment's own site
    approved: bool = False


@dataclass(frozen=True, slots=True)
class Host:
    """A host that the comment links to, as it was seen on any site and on this one before."""

    name: str
    anywhere: Sighting | None = None
    here: Sighting | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What is known from before. None: nothing."""

    campaign: Campaign | None = None
    author: Sighting | None = None
    address: Sighting | None = None
    post: Sighting | None = None
    site: Sighting | None = None
    hosts: tuple[Host, ...] = ()
    at: int = 0


NOTHING = Known()

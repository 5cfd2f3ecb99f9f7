"""Layouts → features: hashed n-grams in NumPy, for one comment or a million through the same code.

A comment is laid out as one array of code points, a **space** after the other (body, author's name, addresses …),
each behind four zeros. Polynomial rolling hashes over that array give all character n-grams at once; words and pairs
of words come from prefix sums of the same polynomial. Every space has a range of its own in the one weight table
(spaces.py). Within a space features are present or absent (the sixth "buy" says no more than the first), and each space
is scaled to length one, so that a long text does not drown a name.
"""

import unicodedata
import zlib
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from moderator.layout import LEAD, ORDERS, WRITTEN, Layout
from moderator.spaces import BODY, NAMED_WORDS, OFFSETS, SPACES, TABLE_SIZE, WORDS
from moderator.weights import Weights

Ints = NDArray[np.intp]

# So many comments hashed together keep their n-grams in the second-level cache: of 16, 32, 64, 128, 256 the
# quickest. At most 4,000 could be, as a row's number and a bucket share 32 bits.
BLOCK = 64


def _constant(value: int) -> NDArray[np.uint32]:
    """An array without dimensions: NumPy takes 0.29 µs to multiply 600 numbers by it, and 0.44 by its own scalar."""
    return np.array(value, dtype=np.uint32)


_BASE = _constant(0x9E3779B1)  # odd: 2**32 / golden ratio (Knuth, TAOCP 6.4)
_MIX = _constant(0x85EBCA6B)  # murmur3's first finaliser constant
_1, _13, _15 = _constant(1), _constant(13), _constant(15)
_SEEDS = np.array([zlib.crc32((space.like or space.name).encode()) for space in SPACES], dtype=np.uint32)
_SHIFTS = np.array([32 - space.bits for space in SPACES], dtype=np.uint32)
_WORDS_SEED, _WORDS_SHIFT = _constant(int(_SEEDS[WORDS])), _constant(int(_SHIFTS[WORDS]))


def _powers(count: int) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """_BASE ** i and its inverse ** i modulo 2**32, for i < count."""
    up = np.full(count, int(_BASE), dtype=np.uint32)
    down = np.full(count, pow(int(_BASE), -1, 1 << 32), dtype=np.uint32)
    up[0] = down[0] = 1
    return np.multiply.accumulate(up, dtype=np.uint32), np.multiply.accumulate(down, dtype=np.uint32)


_UP, _DOWN = _powers(1 << 15)


def _word_character_table() -> NDArray[np.bool_]:
    """Which code points below 0x3000 belong to words: letters, digits, marks and the apostrophe."""
    kinds = [chr(p).isalnum() or chr(p) in "'’_" or unicodedata.category(chr(p))[0] == "M" for p in range(0x3000)]
    return np.array([*kinds, True])  # beyond stand the scripts without spaces: every run is a "word"


_IN_WORD = _word_character_table()


class Grams(NamedTuple):
    """Every n-gram of a block of layouts before repeats are taken out.

    A bucket of the ``i``-th layout is counted from ``i`` × TABLE_SIZE; what is no n-gram (it would start before a text,
    or be a pair of words of two comments) lies beyond the last layout's.
    """

    layouts: Sequence[Layout]
    found: NDArray[np.uint32]  # all of them, marks too, in no order
    buckets: NDArray[np.uint32]  # (orders, characters): row i holds the n-grams of ORDERS[i] that start there
    words: NDArray[np.uint32]
    pairs: NDArray[np.uint32]  # pairs[i] is word i with word i + 1
    word_starts: Ints
    word_ends: Ints


class _Constants(NamedTuple):
    """For a block of so many layouts, by segment: two for each written space, and one for the zeros at the end."""

    seeds: NDArray[np.uint32]
    shifts: NDArray[np.uint32]
    offsets: NDArray[np.uint32]
    worded: NDArray[np.bool_]
    # By layout, for the words of its body and of its name; the same for pairs, each with the one over its end.
    words: NDArray[np.uint32]
    pairs: NDArray[np.uint32]
    # Where the spaces of each row begin.
    edges: NDArray[np.uint32]


@lru_cache(maxsize=BLOCK + 1)
def _constants(count: int) -> _Constants:
    nothing = count * TABLE_SIZE
    firsts = np.arange(count, dtype=np.uint32) * np.uint32(TABLE_SIZE)
    spaces = np.array([space for space in WRITTEN for _ in range(2)] + [BODY])
    offsets = np.full((count, len(spaces)), nothing, dtype=np.uint32)
    offsets[:, 1::2] = firsts[:, None] + OFFSETS[list(WRITTEN)]
    words = (firsts[:, None] + OFFSETS[[WORDS, NAMED_WORDS]]).ravel()
    return _Constants(
        np.tile(_SEEDS[spaces], count),
        np.tile(_SHIFTS[spaces], count),
        offsets.ravel(),
        np.tile(np.isin(np.arange(len(spaces)), (1, 2 * len(WRITTEN) - 1)), count),
        words,
        np.stack([words, np.full_like(words, nothing)], axis=1).ravel(),
        np.append((firsts[:, None] + OFFSETS[:-1]).ravel(), np.uint32(nothing)),
    )


def grams(layouts: Sequence[Layout]) -> Grams:
    """Hash some layouts, at least one and best no more than BLOCK."""
    codes = np.frombuffer("".join([layout.text for layout in layouts]).encode("utf-32-le", "surrogatepass"), np.uint32)
    segments = np.array([length for layout in layouts for length in (*layout.segments, len(LEAD))])
    constants = _constants(len(layouts))
    size = len(codes)
    mixed = codes + _1
    mixed *= _MIX
    mixed ^= mixed >> _15
    starts, ends = _words(codes, constants.worded.repeat(segments))
    count = len(starts)
    marks = [i * TABLE_SIZE + mark for i, layout in enumerate(layouts) for mark in layout.marks]
    # One array for all, so that each step is one call of NumPy: for a single comment the calls are the cost.
    found = np.zeros(2 * count + len(ORDERS) * size + len(marks), dtype=np.uint32)
    words, pairs = found[:count], found[count : 2 * count]
    rest = found[count : 2 * count + len(ORDERS) * size]
    buckets = rest[count:].reshape(len(ORDERS), size)
    # Rolling: an n-gram's hash is that of one character fewer, times the base, plus the next character's.
    before = mixed
    for row, order in enumerate(ORDERS):
        here = buckets[row, : size - order + 1]
        np.multiply(before[: size - order + 1], _BASE, out=here)
        here += mixed[order - 1 :]
        before = here
    buckets ^= constants.seeds.repeat(segments)
    if count:
        _hash_words(mixed, starts, ends, words)
        np.multiply(words, _BASE, out=pairs)
        pairs[:-1] += words[1:]
    rest *= _MIX
    rest ^= rest >> _13
    found *= _BASE
    found[: 2 * count] >>= _WORDS_SHIFT
    buckets >>= constants.shifts.repeat(segments)
    buckets += constants.offsets.repeat(segments)
    if count:
        _place_words(layouts, starts, words, pairs, constants)
    if marks:
        found[-len(marks) :] = marks
    return Grams(layouts, found, buckets, words, pairs, starts, ends)


def _words(codes: NDArray[np.uint32], worded: NDArray[np.bool_]) -> tuple[Ints, Ints]:
    """Where each word of the bodies and the names starts and ends."""
    inside = np.zeros(len(codes) + 2, dtype=np.bool_)
    np.logical_and(_IN_WORD.take(codes, mode="clip"), worded, out=inside[1:-1])
    turns = (inside[1:] != inside[:-1]).nonzero()[0]
    return turns[0::2], turns[1::2]


def _hash_words(mixed: NDArray[np.uint32], starts: Ints, ends: Ints, words: NDArray[np.uint32]) -> None:
    """Fill in the hashes of words: the difference of two sums of the polynomial, brought back to the start."""
    up, down = (_UP, _DOWN) if len(mixed) <= len(_UP) else _powers(len(mixed))
    sums = np.zeros(len(mixed) + 1, dtype=np.uint32)
    np.multiply(mixed, up[: len(mixed)], out=sums[1:])
    np.add.accumulate(sums, out=sums)
    np.subtract(sums.take(ends), sums.take(starts), out=words)
    words *= down.take(starts)
    words ^= _WORDS_SEED
    words *= _MIX
    words ^= words >> _15


def _place_words(
    layouts: Sequence[Layout],
    starts: Ints,
    words: NDArray[np.uint32],
    pairs: NDArray[np.uint32],
    constants: _Constants,
) -> None:
    """Move words and pairs to the ranges of their layout, and the pair after the last word of a text out of all."""
    # Bodies and names take turns: word number reached[2 * i] is the first behind the body of layout i.
    begin, stops = 0, list[int]()
    for layout in layouts:
        stops += (begin + layout.body_end, begin + len(layout.text))
        begin += len(layout.text)
    reached = starts.searchsorted(stops)
    counts = np.empty((len(reached), 2), dtype=np.intp)
    counts[0, 0] = reached[0]
    np.subtract(reached[1:], reached[:-1], out=counts[1:, 0])
    words += constants.words.repeat(counts[:, 0])
    np.minimum(counts[:, 0], 1, out=counts[:, 1])
    counts[:, 0] -= counts[:, 1]
    pairs += constants.pairs.repeat(counts.ravel())


class Rows(NamedTuple):
    """The n-grams of some comments without repeats, one comment after the other."""

    buckets: NDArray[np.uint32]  # rising within a comment
    edges: Ints  # where each space of each comment begins in them, and the end: len(SPACES) × comments + 1

    def counts(self) -> Ints:
        """How many features each space has: (comments, spaces)."""
        return (self.edges[1:] - self.edges[:-1]).reshape(-1, len(SPACES))

    def scales(self) -> NDArray[np.float64]:
        """The value of every feature of each space: one over the root of how many there are; 0 where there are none."""
        counts = self.counts()
        scales = np.zeros(counts.shape)
        np.divide(1.0, np.sqrt(counts), out=scales, where=counts > 0)
        return scales

    def sums(self, weights: Weights) -> NDArray[np.float64]:
        """What ``weights`` (of all buckets: TABLE_SIZE) give each space of each comment: (comments, spaces)."""
        found = np.zeros(len(self.buckets) + 1)  # and a nothing at the end: reduceat asks for it where a space is empty
        found[:-1] = weights.take(self.buckets)
        sums = np.add.reduceat(found, self.edges)[:-1].reshape(-1, len(SPACES))
        sums *= self.scales()
        return sums


def distinct(block: Grams) -> Rows:
    """A hashed block without repeats."""
    found = np.sort(block.found)
    new = np.empty(len(found), dtype=np.bool_)
    new[0] = True
    np.not_equal(found[1:], found[:-1], out=new[1:])
    buckets = found[new]
    edges = buckets.searchsorted(_constants(len(block.layouts)).edges)
    buckets = buckets[: edges[-1]]
    if len(block.layouts) > 1:
        ends = edges[:: len(SPACES)]
        buckets -= (np.arange(len(block.layouts), dtype=np.uint32) * np.uint32(TABLE_SIZE)).repeat(ends[1:] - ends[:-1])
    return Rows(buckets, edges)


def rows(layouts: Sequence[Layout]) -> Rows:
    """The features of some layouts, at least one and best no more than BLOCK."""
    return distinct(grams(layouts))

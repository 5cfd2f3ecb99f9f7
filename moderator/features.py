"""Reading → features: hashed n-grams in NumPy, for one comment or a million through the same code.

A comment is laid out as one array of code points, a **space** after the other (body, author's name, addresses …),
each behind four zeros. Polynomial rolling hashes over that array give all character n-grams at once; words and pairs
of words come from prefix sums of the same polynomial. Every space has a range of its own in the one weight table, so a
word in a name never meets the same word in the text. Within a space features are present or absent (the sixth "buy"
says no more than the first), and each space is scaled to length one, so that a long text does not drown a name.
"""

import re
import unicodedata
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from moderator.links import Link
from moderator.reading import Reading

Ints = NDArray[np.intp]
Floats = NDArray[np.float32]


class Space(NamedTuple):
    """A range of the weight table: 2 ** ``bits`` buckets, and the sentence a reason uses for it."""

    name: str
    bits: int
    says: str


# The order is the order of the weight table. Bits: 2.6 MB in all, of 4 that a model may have.
SPACES = (
    Space("body", 18, "the text's wording"),
    Space("words", 17, "the text's words"),
    Space("author", 16, "the author's name"),
    Space("address", 16, "the author's web address"),
    Space("links", 16, "the addresses in the text"),
    Space("anchors", 15, "what the links say"),
    Space("marks", 15, "the form of name, mail domain and addresses"),
)
SIZES = np.array([1 << space.bits for space in SPACES])
OFFSETS = np.concatenate([[0], np.cumsum(SIZES)]).astype(np.uint32)
TABLE_SIZE = int(OFFSETS[-1])
BODY, WORDS, AUTHOR, ADDRESS, LINKS, ANCHORS, MARKS = range(len(SPACES))

# Spaces that are read as characters, in the order of the layout; the body is read as words too.
WRITTEN = (BODY, AUTHOR, ADDRESS, LINKS, ANCHORS)
_WRITTEN = np.array(WRITTEN)
ORDERS = (2, 3, 4, 5)
LEAD = "\0" * (max(ORDERS) - 1)
MOST_LINKS_READ = 12
# Here the "author" is the title of the page that links to the post: what a link says, and nobody's name.
BACKLINKS = frozenset({"pingback", "trackback"})

_BASE = np.uint32(0x9E3779B1)  # odd: 2**32 / golden ratio (Knuth, TAOCP 6.4)
_MIX = np.uint32(0x85EBCA6B)  # murmur3's first finaliser constant
_SEEDS = np.array([zlib.crc32(space.name.encode()) for space in SPACES], dtype=np.uint32)
_SHIFTS = np.array([32 - space.bits for space in SPACES], dtype=np.uint32)
DIGITS = str.maketrans("123456789", "000000000")
# "v1agra", "c4s1n0": figures between letters are the letters that they look like.
LEET = re.compile(r"(?<=[a-z])[0134578@$]{1,3}(?=[a-z])")
FIGURE = re.compile(r"[0-9@$]")
LETTERS = str.maketrans("0134578@$", "oieastbas")
_LOWER = re.compile(r"[a-zß-öø-ÿ]+")
_TITLE = re.compile(r"[A-ZÀ-ÖØ-Þ]")


def _powers(count: int) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """_BASE ** i and its inverse ** i modulo 2**32, for i < count."""
    up = np.full(count, _BASE, dtype=np.uint32)
    down = np.full(count, pow(int(_BASE), -1, 1 << 32), dtype=np.uint32)
    up[0] = down[0] = 1
    return np.multiply.accumulate(up, dtype=np.uint32), np.multiply.accumulate(down, dtype=np.uint32)


_UP, _DOWN = _powers(1 << 15)


def _word_character_table() -> NDArray[np.bool_]:
    """Which code points below 0x3000 belong to words: letters, digits, marks and the apostrophe."""
    kinds = [chr(p).isalnum() or chr(p) in "'’_" or unicodedata.category(chr(p))[0] == "M" for p in range(0x3000)]
    return np.array([*kinds, True])  # beyond stand the scripts without spaces: every run is a "word"


_IN_WORD = _word_character_table()


class Layout(NamedTuple):
    """A comment's texts as one string, where each written space begins in it, and its whole tokens' buckets."""

    text: str
    starts: tuple[int, ...]
    marks: tuple[int, ...]


def lay_out(reading: Reading) -> Layout:
    """The texts of a reading in the order of WRITTEN, folded: lower case, digits as 0, runs of space as one."""
    read = reading.links[:MOST_LINKS_READ]
    anchors = [link.anchor for link in read if link.anchor]
    name = reading.author
    if reading.kind in BACKLINKS:
        anchors.append(name)
        name = ""
    parts = (
        reading.outside,
        name,
        _address(reading.author_link) if reading.author_link else "",
        " ".join(map(_address, read)) if read else "",
        " ".join(anchors),
    )
    starts, pieces, at = [], [], 0
    for part in parts:
        folded = " ".join(fold_figures(part.lower()).split())
        pieces.append(LEAD + folded if folded else "")
        starts.append(at)
        at += len(pieces[-1])
    return Layout("".join(pieces) + LEAD, tuple(starts), _marks(reading, read))


def fold_figures(lower: str) -> str:
    """Lower-case text with figures inside words as letters and all others as 0; as long as it was."""
    if not FIGURE.search(lower):
        return lower
    if LEET.search(lower):
        lower = LEET.sub(lambda found: found[0].translate(LETTERS), lower)
    return lower.translate(DIGITS)


def _address(link: Link) -> str:
    return f"{link.host}{link.path[:200]}"


def _shape(name: str) -> str:
    """A name's outline: "Anna-Maria Smith 7" → "Xx-Xx Xx 0"."""
    return re.sub(r"\d+", "0", _LOWER.sub("x", _TITLE.sub("X", name)))[:24]


def _marks(reading: Reading, read: Sequence[Link]) -> tuple[int, ...]:
    """Buckets of what is one token as a whole."""
    tokens = [f"kind {reading.kind}"] if reading.kind in BACKLINKS else []
    if reading.author and not tokens:
        tokens += (f"shape {_shape(reading.author)}", f"words {len(reading.author.split())}")
    if reading.email_domain:
        tokens += (f"mail {reading.email_domain}", f"mail tld {reading.email_domain.rpartition('.')[2]}")
    if reading.author_link:
        link = reading.author_link
        tokens += (
            f"home {link.host}",
            f"home tld {link.host.rpartition('.')[2]}",
            f"home depth {min(link.path.count('/'), 4)}",
        )
    for link in read:
        tokens += (f"host {link.host}", f"tld {link.host.rpartition('.')[2]}")
    first, mask = int(OFFSETS[MARKS]), int(SIZES[MARKS]) - 1
    return tuple({first + (zlib.crc32(token.encode("utf-8", "replace")) & mask) for token in tokens})


@dataclass(frozen=True, slots=True)
class Grams:
    """Every n-gram of a block of layouts before repeats are taken out: bucket, and the characters that it covers."""

    buckets: NDArray[np.uint32]  # (orders, characters): row i holds the n-grams of ORDERS[i] that start there
    words: NDArray[np.uint32]
    pairs: NDArray[np.uint32]  # pairs[i] is word i with word i + 1
    word_starts: Ints
    word_ends: Ints
    kept: NDArray[np.bool_]  # where an n-gram may start: not in the zeros before a space, but for the last
    bounds: Ints  # where each layout starts in the block, and the end of the last


def grams(layouts: Sequence[Layout]) -> Grams:
    """Hash a block of layouts. The block's texts together should stay under some 100,000 characters for the caches."""
    codes = np.frombuffer("".join([layout.text for layout in layouts]).encode("utf-32-le", "surrogatepass"), np.uint32)
    bounds = np.array([0, *accumulate([len(layout.text) for layout in layouts])])
    lengths = [length for layout in layouts for length in _lengths(layout)]
    seeds, shifts, offsets, bodies = _constants(len(layouts))
    mixed = (codes + np.uint32(1)) * _MIX
    mixed ^= mixed >> np.uint32(15)
    # Rolling: an n-gram's hash is that of one character fewer, times the base, plus the next character's. All orders
    # are then finished in one array: 17 calls of NumPy where one order after the other took 40.
    hashed = np.zeros((len(ORDERS), len(codes)), dtype=np.uint32)
    before = mixed
    for row, order in enumerate(ORDERS):
        here = hashed[row, : len(codes) - order + 1]
        np.multiply(before[: len(here)], _BASE, out=here)
        here += mixed[order - 1 :]
        before = here
    hashed ^= seeds.repeat(lengths)
    hashed *= _MIX
    hashed ^= hashed >> np.uint32(13)
    hashed *= _BASE
    hashed >>= shifts.repeat(lengths)
    hashed += offsets.repeat(lengths)
    kept = codes != 0
    kept[:-1] |= kept[1:]
    body = bodies.repeat(lengths)
    return Grams(hashed, *_words(codes, mixed, body), kept, bounds)


@lru_cache(maxsize=64)
def _constants(count: int) -> tuple[NDArray[np.uint32], NDArray[np.uint32], NDArray[np.uint32], NDArray[np.bool_]]:
    """Seeds, shifts, offsets and whether it is the body, for each written space of ``count`` layouts."""
    seeds, shifts, offsets = (np.tile(values[_WRITTEN], count) for values in (_SEEDS, _SHIFTS, OFFSETS))
    return seeds, shifts, offsets, np.tile(_WRITTEN == BODY, count)


def _lengths(layout: Layout) -> list[int]:
    """How many characters each written space has in a layout; the zeros at the end count to the last."""
    ends = (*layout.starts[1:], len(layout.text))
    return [end - start for start, end in zip(layout.starts, ends, strict=True)]


def _words(
    codes: NDArray[np.uint32], mixed: NDArray[np.uint32], body: NDArray[np.bool_]
) -> tuple[NDArray[np.uint32], NDArray[np.uint32], Ints, Ints]:
    """Buckets of the body's words and of pairs of neighbours, and where each word starts and ends."""
    inside = np.zeros(len(codes) + 2, dtype=np.bool_)
    np.logical_and(_IN_WORD[np.minimum(codes, 0x3000)], body, out=inside[1:-1])
    turns = (inside[1:] != inside[:-1]).nonzero()[0]
    starts, ends = turns[0::2], turns[1::2]
    up, down = (_UP, _DOWN) if len(codes) <= len(_UP) else _powers(len(codes))
    sums = np.zeros(len(codes) + 1, dtype=np.uint32)
    np.cumsum(mixed * up[: len(codes)], dtype=np.uint32, out=sums[1:])
    words = (sums[ends] - sums[starts]) * down[starts]
    words ^= _SEEDS[WORDS]
    words *= _MIX
    words ^= words >> np.uint32(15)
    pairs = words[:-1] * _BASE
    pairs += words[1:]
    pairs *= _MIX
    pairs ^= pairs >> np.uint32(13)
    return _in_words(words), _in_words(pairs), starts, ends


def _in_words(hashed: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Buckets of the range of single words and pairs."""
    buckets = hashed * _BASE
    buckets >>= _SHIFTS[WORDS]
    buckets += OFFSETS[WORDS]
    return buckets


class Row(NamedTuple):
    """One comment's n-grams: its distinct buckets in rising order, and where each space begins among them."""

    buckets: NDArray[np.uint32]
    edges: Ints  # len(SPACES) + 1

    def scales(self) -> NDArray[np.float64]:
        """The value of every feature of each space: one over the root of how many there are."""
        counts = np.maximum(self.edges[1:] - self.edges[:-1], 1)
        scales: NDArray[np.float64] = 1.0 / np.sqrt(counts)
        return scales


def rows(layouts: Sequence[Layout]) -> Iterator[Row]:
    """A Row for each layout, in order."""
    if layouts:
        block = grams(layouts)
        for i, layout in enumerate(layouts):
            yield row(block, i, layout)


def row(block: Grams, i: int, layout: Layout) -> Row:
    """The Row of the ``i``-th layout of a hashed block."""
    start, end = block.bounds[i], block.bounds[i + 1] - len(LEAD)
    first, last = block.word_starts.searchsorted(block.bounds[i : i + 2])
    parts = [
        block.buckets.take(block.kept[start:end].nonzero()[0] + start, axis=1).ravel(),
        block.words[first:last],
        block.pairs[first : max(last - 1, first)],
        np.array(layout.marks, dtype=np.uint32),
    ]
    found = np.concatenate(parts)
    found.sort()
    new = np.empty(len(found), dtype=np.bool_)
    new[:1] = True
    np.not_equal(found[1:], found[:-1], out=new[1:])
    distinct = found[new]
    return Row(distinct, distinct.searchsorted(OFFSETS))

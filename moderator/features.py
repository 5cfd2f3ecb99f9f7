"""Reading → features: hashed n-grams in NumPy, for one comment or a million through the same code.

A comment is laid out as one array of code points, a **space** after the other (body, author's name, addresses …),
each behind four zeros. Polynomial rolling hashes over that array give all character n-grams at once; words and pairs
of words come from prefix sums of the same polynomial. Every space has a range of its own in the one weight table, so a
word in a name never meets the same word in the text. Within a space features are present or absent (the sixth "buy"
says no more than the first), and each space is scaled to length one, so that a long text does not drown a name.

A name is read twice: as a name, in a space of its own, and as text, with the weights of the text's words and wording
(Daumé III 2007: what is shared beside what is special). "Cheap sofas" is then known from texts when it is a name, and
from names when it is a text.
"""

import re
import unicodedata
import zlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from moderator.links import Link
from moderator.reading import Reading

Ints = NDArray[np.intp]
Floats = NDArray[np.float32]


class Space(NamedTuple):
    """A group of features that is scaled to length one, and the sentence a reason uses for it.

    It has 2 ** ``bits`` weights of its own in the table, or those of the space ``like``.
    """

    name: str
    bits: int
    says: str
    like: str = ""


# The order is that of the weight table; those that share another's weights come last. Bits: 2.6 MB in all, of 4 that a
# model may have.
SPACES = (
    Space("body", 18, "the text's wording"),
    Space("words", 17, "the text's words"),
    Space("author", 16, "the author's name"),
    Space("address", 16, "the author's web address"),
    Space("links", 16, "the addresses in the text"),
    Space("anchors", 15, "what the links say"),
    Space("marks", 15, "the form of name, mail domain and addresses"),
    Space("named", 18, "the wording of the author's name", like="body"),
    Space("named words", 17, "the words of the author's name", like="words"),
)
SIZES = np.array([1 << space.bits for space in SPACES])
OFFSETS = np.concatenate([[0], np.cumsum(SIZES)]).astype(np.uint32)
TABLE_SIZE = int(OFFSETS[-1])
BODY, WORDS, AUTHOR, ADDRESS, LINKS, ANCHORS, MARKS, NAMED, NAMED_WORDS = range(len(SPACES))
_OWNERS = [[space.name for space in SPACES].index(space.like or space.name) for space in SPACES]
# Weights that are fitted and kept, before those that are the same ones again.
OWN_WEIGHTS = sum(1 << space.bits for space in SPACES if not space.like)


def whole(own: NDArray[Any]) -> NDArray[Any]:
    """A value for each bucket, from one for each weight: those that are shared stand twice."""
    return np.concatenate([own[OFFSETS[owner] : OFFSETS[owner + 1]] for owner in _OWNERS])


def folded(by_bucket: NDArray[Any]) -> NDArray[Any]:
    """A value for each weight, from one for each bucket: those of shared weights are added up; :func:`whole` turned."""
    own = by_bucket[:OWN_WEIGHTS].copy()
    for space, owner in enumerate(_OWNERS):
        if owner != space:
            own[OFFSETS[owner] : OFFSETS[owner + 1]] += by_bucket[OFFSETS[space] : OFFSETS[space + 1]]
    return own


# Spaces that are read as characters, in the order of the layout. The first and the last are read as words too, and
# whatever is between the words of the one and of the other belongs to neither.
WRITTEN = (BODY, AUTHOR, ADDRESS, LINKS, ANCHORS, NAMED)
ORDERS = (2, 3, 4, 5)
LEAD = "\0" * (max(ORDERS) - 1)
MOST_LINKS_READ = 12
# Here the "author" is the title of the page that links to the post: what a link says, and nobody's name.
BACKLINKS = frozenset({"pingback", "trackback"})
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
_MARKS_FIRST, _MARKS_MASK = int(OFFSETS[MARKS]), int(SIZES[MARKS]) - 1
DIGIT = re.compile(r"[1-9]")
# "v1agra", "c4s1n0", "fr33": in a word that is letters for a half, figures are the letters that they look like.
LEET = re.compile(r"(?<![a-z0-9@$])[a-z]*[0-9@$][a-z0-9@$]*")
FIGURE = re.compile(r"[0-9@$]")
LETTERS = str.maketrans("0134578@$", "oieastbas")
FIGURES = re.compile(r"\d+")
# Letters with marks, as their bare letters: a mark on each is a disguise, and many people leave honest ones out.
_BARE = {
    point: bare
    for start, end in ((0xC0, 0x250), (0x370, 0x400), (0x1E00, 0x2000))
    for point in range(start, end)
    if (bare := unicodedata.normalize("NFD", chr(point))[0]) != chr(point)
}
_MARKED = re.compile("[\u00c0-\u024f\u0370-\u03ff\u1e00-\u1fff]")
_LOWER = re.compile(r"[a-zß-öø-ÿ]+")
_TITLE = re.compile(r"[A-ZÀ-ÖØ-Þ]")


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


class Layout(NamedTuple):
    """A comment's texts as one string, and its whole tokens' buckets.

    ``segments`` has two lengths for each written space, zero where it is empty: of its lead but for the last zero,
    where no n-gram may start, and of that zero with the text.
    """

    text: str
    segments: tuple[int, ...]
    marks: tuple[int, ...]

    @property
    def body(self) -> str:
        """The body as it is hashed."""
        return self.text[len(LEAD) : self.body_end]

    @property
    def body_end(self) -> int:
        """Where the body ends in the text; 0 where there is none."""
        return self.segments[0] + self.segments[1]


def lay_out(reading: Reading) -> Layout:
    """The texts of a reading in the order of WRITTEN, folded: lower case, digits as 0, runs of space as one."""
    read = reading.links[:MOST_LINKS_READ]
    anchors = " ".join([link.anchor for link in read if link.anchor]) if read else ""
    name = reading.author
    if reading.kind in BACKLINKS:
        anchors, name = f"{anchors} {name}", ""
    parts = (
        reading.text,
        name,
        _address(reading.author_link) if reading.author_link else "",
        " ".join(map(_address, read)) if read else "",
        anchors,
        name,
    )
    text = ""
    segments: list[int] = []
    for part in parts:
        folded = " ".join(fold(part.lower()).split()) if part else ""
        if folded:
            text = f"{text}{LEAD}{folded}"
            segments += (len(LEAD) - 1, len(folded) + 1)
        else:
            segments += (0, 0)
    return Layout(text + LEAD, tuple(segments), _marks(reading, read))


def fold(lower: str) -> str:
    """Lower-case text with bare letters, figures inside words as letters, and all others as 0; as long as it was."""
    if not lower.isascii() and _MARKED.search(lower):
        lower = lower.translate(_BARE)
    if not FIGURE.search(lower):
        return lower
    return DIGIT.sub("0", LEET.sub(_unleet, lower))


def _unleet(found: re.Match[str]) -> str:
    word = found[0]
    return word.translate(LETTERS) if 2 * sum(map(str.isalpha, word)) >= len(word) else word


def _address(link: Link) -> str:
    return f"{link.host}{link.path[:200]}"


def _shape(name: str) -> str:
    """A name's outline: "Anna-Maria Smith 7" → "Xx-Xx Xx 0"."""
    return FIGURES.sub("0", _LOWER.sub("x", _TITLE.sub("X", name)))[:24]


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
    return tuple([_MARKS_FIRST + (zlib.crc32(token.encode("utf-8", "replace")) & _MARKS_MASK) for token in tokens])


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

    def sums(self, weights: NDArray[np.float32]) -> NDArray[np.float64]:
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

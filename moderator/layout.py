"""Reading → Layout: the texts of a comment as one folded string, a written space after the other."""

import re
import unicodedata
import zlib
from collections.abc import Sequence
from typing import NamedTuple

from moderator.links import Link
from moderator.reading import Reading
from moderator.spaces import ADDRESS, ANCHORS, AUTHOR, BODY, LINKS, MARKS, NAMED, OFFSETS, SIZES
from moderator.spelling import LETTERS, figured, mended

# Spaces that are read as characters, in the order of the layout. The first and the last are read as words too, and
# whatever is between the words of the one and of the other belongs to neither.
WRITTEN = (BODY, AUTHOR, ADDRESS, LINKS, ANCHORS, NAMED)
ORDERS = (2, 3, 4, 5)
LEAD = "\0" * (max(ORDERS) - 1)
MOST_LINKS_READ = 12
# Here the "author" is the title of the page that links to the post: what a link says, and nobody's name.
BACKLINKS = frozenset({"pingback", "trackback"})
_MARKS_FIRST, _MARKS_MASK = int(OFFSETS[MARKS]), int(SIZES[MARKS]) - 1
DIGIT = re.compile(r"[1-9]")
ZEROS = str.maketrans("123456789", "000000000")
# "v1agra", "c4s1n0", "fr33": in a word that is letters for a half, figures are the letters that they look like. From
# its first figure on; letters before it are looked for only there: 7 µs fewer than a pattern that tries each word.
FROM_FIGURE = re.compile(r"[0-9@$][a-z0-9@$]*")
FIGURE = re.compile(r"[0-9@$]")
FIGURE_INSIDE = re.compile(r"[0-9@$](?<=[a-z][0-9@$])[0-9@$]{0,3}(?=[a-z])")
MANY_SWAPPED = 2  # so many words with letters out of place are no slip: read as they were meant
MANY_LEET = 4  # such words in one text
SOME_LEET = 2  # are enough where so many are common ones
# What is written "4", "15" or "533" there.
FIGURES_ALONE = frozenset("a i as at be is it its so to too see set sit eat best".split())
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
    body = _folded(reading.text)
    if len(reading.swapped) >= MANY_SWAPPED:
        body = mended(body, reading.swapped)
    name = _folded(name)
    parts = (
        body,
        name,
        _folded(_address(reading.author_link)) if reading.author_link else "",
        _folded(" ".join(map(_address, read))) if read else "",
        _folded(anchors),
        name,
    )
    text = ""
    segments: list[int] = []
    for part in parts:
        if part:
            text = f"{text}{LEAD}{part}"
            segments += (len(LEAD) - 1, len(part) + 1)
        else:
            segments += (0, 0)
    return Layout(text + LEAD, tuple(segments), _marks(reading, read))


def _folded(text: str) -> str:
    return " ".join(fold(text.lower()).split()) if text else ""


def fold(lower: str) -> str:
    """Lower-case text with bare letters, figures inside words as letters, and all others as 0; as long as it was."""
    if not lower.isascii() and _MARKED.search(lower):
        lower = lower.translate(_BARE)
    if not FIGURE.search(lower):
        return lower
    lower = _unleeted(lower)
    return lower.translate(ZEROS) if lower.isascii() else DIGIT.sub("0", lower)


def _unleeted(lower: str) -> str:
    """Figures as letters in words that are letters for a half; where there are many, in "7h15" and "15" too."""
    inside = len(FIGURE_INSIDE.findall(lower))
    all_of_them = inside >= MANY_LEET or (inside >= SOME_LEET and figured(lower) >= SOME_LEET)
    pieces: list[str] = []
    reached = 0
    for found in FROM_FIGURE.finditer(lower):
        start, end = found.span()
        while start > reached and "a" <= lower[start - 1] <= "z":
            start -= 1
        word = lower[start:end]
        if word.isdigit():
            as_letters = all_of_them and word.translate(LETTERS) in FIGURES_ALONE
        else:
            letters = sum(map(str.isalpha, word))
            as_letters = letters > 0 and (all_of_them or 2 * letters >= len(word))
        if as_letters:
            pieces += (lower[reached:start], word.translate(LETTERS))
            reached = end
    return "".join([*pieces, lower[reached:]]) if pieces else lower


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

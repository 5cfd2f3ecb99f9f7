"""Reading → Layout: the texts of a comment as one folded string, a written space after the other."""

import re
import unicodedata
import zlib
from collections.abc import Sequence
from typing import NamedTuple

from moderator.links import Link
from moderator.reading import Reading
from moderator.spaces import ADDRESS, ANCHORS, AUTHOR, BODY, LINKS, MARKS, NAMED, OFFSETS, SIZES
from moderator.spelling import mended

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
# "v1agra", "c4s1n0", "fr33": in a word that is letters for a half, figures are the letters that they look like.
LEET = re.compile(r"(?<![a-z0-9@$])[a-z]*[0-9@$][a-z0-9@$]*")
FIGURE = re.compile(r"[0-9@$]")
FIGURE_INSIDE = re.compile(r"[0-9@$](?<=[a-z][0-9@$])[0-9@$]{0,3}(?=[a-z])")
MANY_SWAPPED = 2  # so many words with letters out of place are no slip: read as they were meant
MANY_LEET = 4  # such words in one text
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
        if not segments and len(reading.swapped) >= MANY_SWAPPED:
            folded = mended(folded, reading.swapped)
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
    return DIGIT.sub("0", LEET.sub(_unleet_all if len(FIGURE_INSIDE.findall(lower)) >= MANY_LEET else _unleet, lower))


def _unleet(found: re.Match[str]) -> str:
    word = found[0]
    return word.translate(LETTERS) if 2 * sum(map(str.isalpha, word)) >= len(word) else word


def _unleet_all(found: re.Match[str]) -> str:
    """Where many words have figures for letters, "7h15" and "0u7" are words too."""
    word = found[0]
    return word.translate(LETTERS) if any(map(str.isalpha, word)) else word


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

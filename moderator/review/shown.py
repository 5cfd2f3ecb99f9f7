"""Hostile text made fit to be looked at: what cannot be seen becomes a labelled sign, piles are flattened, all is cut.

Nothing here makes markup. A text becomes Pieces, which the templates escape one by one.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from markupsafe import escape

from moderator.review.language import gettext, ngettext
from moderator.review.language import number as written
from moderator.shading import Weighed
from moderator.unicode import ranges

# A card shows so much before "show all", and so much at most.
FOLD_CHARACTERS, FOLD_LINES = 700, 12
MOST_SHOWN = 20_000
HEAVIEST_LINE = 240  # bytes of a line, signs and all
# Log-odds from which a word is shaded in step 1 … 5.
STEPS = (0.04, 0.12, 0.3, 0.6, 1.0)


class Piece(NamedTuple):
    """A stretch to show. With a ``name`` it is a sign for something that cannot be seen, and the name says for what.

    ``step`` shades it: 1 … 5 towards spam, -1 … -5 towards a good comment.
    """

    text: str
    name: str = ""
    step: int = 0

    @property
    def css(self) -> str:
        """The class of its shade."""
        return f"spam-{self.step}" if self.step > 0 else f"ham-{-self.step}"


@dataclass(frozen=True, slots=True)
class Folded:
    """A text of any length: what is shown at once, what opens, and how many characters are not shown at all.

    ``elsewhere``: the page had no room for more; the comment's own page has.
    """

    head: tuple[Piece, ...]
    rest: tuple[Piece, ...]
    length: int
    left_out: int
    elsewhere: bool = False


class Room:
    """How many bytes texts may still take on a page; a page of signs is ten times as heavy as one of words."""

    def __init__(self, left: int) -> None:
        self.left = left

    def charge(self, *lines: tuple[Piece, ...]) -> None:
        """What is shown in any case."""
        self.left = max(self.left - sum(map(_weight_of_all, lines)), 0)

    def take(self, found: tuple[Piece, ...], most: int) -> tuple[tuple[Piece, ...], bool]:
        """As many of the pieces as there is room for, ``most`` bytes of it, and whether those are all."""
        room = end = min(most, self.left)
        whole = _weight_of_all(found)
        if whole <= room:
            self.left -= whole
            return found, True
        kept: list[Piece] = []
        for piece in found:
            heavy = _weight(piece)
            if heavy > room and not piece.name and room > CUT_FROM:
                kept.append(piece._replace(text=_within(piece, room)))
            if heavy > room:
                self.left -= end - room
                return tuple(kept), False
            kept.append(piece)
            room -= heavy
        self.left -= end - room
        return tuple(kept), True


CUT_FROM = 120  # a piece is cut only where so many bytes of it stay
MARKUP = 46  # bytes of the element around a sign or a shade


def _weight(piece: Piece) -> int:
    weight = len(escape(piece.text).encode("utf-8", "replace"))
    if piece.name:
        return weight + len(escape(piece.name).encode("utf-8", "replace")) + MARKUP
    return weight + MARKUP if piece.step else weight


def _weight_of_all(found: Sequence[Piece]) -> int:
    """The sum of their weights, in one go: a page has thousands of pieces."""
    text = "".join([piece.text + piece.name if piece.name else piece.text for piece in found])
    marked = sum([1 for piece in found if piece.step or piece.name])
    return len(escape(text).encode("utf-8", "replace")) + MARKUP * marked


def _within(piece: Piece, room: int) -> str:
    """So much of its text as has room, in steps that are quick."""
    end = len(piece.text)
    while end and _weight(piece._replace(text=piece.text[:end])) > room:
        end = end * 3 // 4
    return f"{piece.text[:end]}…"


_MARKS = ranges(
    [p for p in range(0x300, 0x1E94B) if unicodedata.combining(chr(p)) or unicodedata.category(chr(p)) == "Me"]
)
# Controls, format characters, fillers, private use and noncharacters: all that a browser shows as nothing, as a box, or
# by moving its neighbours.
_UNSEEN = (
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff\ufdd0-\ufdef\ue000-\uf8ff\ud800-\udfff"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff\U000f0000-\U0010ffff"
)
SPECIAL = re.compile(
    # Emoji need their joiner and variation selectors, Arabic and Indic scripts the joiners: those stay.
    r"(?P<fine>(?<![^\W\d_])[\ufe0e\ufe0f]|(?<=[^\x00-\u024f\u0370-\u052f\u2000-\u206f\s])[\u200c\u200d])"
    rf"|(?<=[{_MARKS}]{{2}})(?P<pile>[{_MARKS}]+)"
    r"|(?P<tags>[\U000e0020-\U000e007e]+)"
    rf"|(?P<unseen>[{_UNSEEN}]|\r(?!\n))(?P=unseen)*"
    r"|(?P<lines>(?:\r?\n[ \t]{0,20}){4,})"
    r"|(?P<blanks>[ \t\u00a0\u2000-\u200a\u202f\u205f\u3000\u2800]{12,})"
)
# What no text is without that SPECIAL finds something in; a tenth of its cost, and most texts are through with it.
ODD = re.compile(
    "[^\\n\\t -~\u00a1-\u00ac\u00ae-\u02ff\u0391-\u03a1\u03a3-\u03ff\u0400-\u0482\u048a-\u052f"
    "\u2010-\u2027\u2030-\u205e\u20a0-\u20bf\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fff\uac00-\ud7a3]"
    r"|[ \t]{12}|(?:\n[ \t]{0,20}){4}"
)
SHORT = {
    "\u061c": "ALM", "\u200e": "LRM", "\u200f": "RLM", "\u202a": "LRE", "\u202b": "RLE", "\u202c": "PDF",
    "\u202d": "LRO", "\u202e": "RLO", "\u2066": "LRI", "\u2067": "RLI", "\u2068": "FSI", "\u2069": "PDI",
    "\u200b": "ZWSP", "\u200c": "ZWNJ", "\u200d": "ZWJ", "\u2060": "WJ", "\ufeff": "BOM", "\u00ad": "SHY",
    "\u2028": "LS", "\u2029": "PS", "\x85": "NEL", "\x1b": "ESC", "\x00": "NUL", "\r": "CR", "\ufffd": "U+FFFD",
}  # fmt: skip


def _sign(found: re.Match[str]) -> Piece:
    kind, run = found.lastgroup, found[0]
    times = f" ×{written(len(run))}" if len(run) > 1 else ""
    if kind == "pile":
        return Piece(
            ngettext("+%(num)s mark", "+%(num)s marks", len(run)),
            ngettext(
                "%(num)s more mark is stacked on this letter", "%(num)s more marks are stacked on this letter", len(run)
            ),
        )
    if kind == "tags":
        hidden = "".join(chr(ord(character) - 0xE0000) for character in run[:200])
        return Piece(gettext("hidden: %(text)s", text=hidden), gettext("invisible tag characters spell this"))
    if kind == "lines":
        number = run.count("\n")
        return Piece(
            ngettext("%(num)s line break", "%(num)s line breaks", number),
            ngettext("%(num)s line break in a row", "%(num)s line breaks in a row", number),
        )
    if kind == "blanks":
        return Piece(
            ngettext("%(num)s space", "%(num)s spaces", len(run)),
            ngettext("%(num)s space in a row", "%(num)s spaces in a row", len(run)),
        )
    code = f"U+{ord(run[0]):04X}"
    name = unicodedata.name(run[0], "").lower()
    return Piece(
        SHORT.get(run[0], code) + times,
        f"{name} ({code})" if name else gettext("a character without a name (%(code)s)", code=code),
    )


def _pieces(text: str, step: int) -> Iterator[Piece]:
    end = 0
    for found in SPECIAL.finditer(text):
        if found.lastgroup == "fine":
            continue
        if found.start() > end:
            yield Piece(text[end : found.start()], step=step)
        yield _sign(found)
        if found.lastgroup == "lines":
            yield Piece("\n", step=step)
        end = found.end()
    if end < len(text):
        yield Piece(text[end:], step=step)


def step_of(weight: float) -> int:
    """The shade for so many log-odds: 0 (none) to 5 towards spam, to -5 towards a good comment."""
    step = sum(abs(weight) >= least for least in STEPS)
    return step if weight > 0 else -step


def _whole(text: str, step: int) -> tuple[Piece, ...]:
    return (Piece(text, "", step),) if text else ()


def pieces(text: str, words: Sequence[Weighed] = ()) -> tuple[Piece, ...]:
    """``text`` in pieces, its ``words`` (in order, spans of the text) shaded."""
    parts = _pieces if ODD.search(text) else _whole
    found: list[Piece] = []
    end = 0
    for word in words:
        start, stop, step = max(word.start, end), min(word.end, len(text)), step_of(word.weight)
        if stop <= start or not step:
            continue
        found.extend(parts(text[end:start], 0))
        found.extend(parts(text[start:stop], step))
        end = stop
    found.extend(parts(text[end:], 0))
    return tuple(found)


def short(text: str, most: int = 120) -> tuple[Piece, ...]:
    """A name, title or address in one line, cut after ``most`` characters."""
    line = text.replace("\n", " ") if "\n" in text else text
    found = pieces(line if len(line) <= most else line[:most] + "…")
    return found if len(found) == 1 else Room(HEAVIEST_LINE).take(found, HEAVIEST_LINE)[0]


def is_plain(text: str) -> bool:
    """Whether nothing in it needs a sign."""
    return not ODD.search(text) or all(found.lastgroup == "fine" for found in SPECIAL.finditer(text))


def folded(
    text: str, words: Sequence[Weighed] = (), *, most: int = MOST_SHOWN, room: Room | None = None, head: int = 0
) -> Folded:
    """A text of any length, cut where a card would get too long; of a page with little room ``head`` bytes at most."""
    shown = text[:most]
    cut = _cut(shown)
    later = [Weighed(word.start - cut, word.end - cut, word.weight) for word in words if word.start >= cut]
    first = pieces(shown[:cut], [word for word in words if word.start < cut])
    if room is None:
        return Folded(first, pieces(shown[cut:], later), len(text), len(text) - len(shown))
    first, whole = room.take(first, head)
    if not whole or len(text) - cut > room.left:
        return Folded(first, (), len(text), 0, elsewhere=not whole or cut < len(text))
    rest = pieces(shown[cut:], later)
    if _weight_of_all(rest) > room.left:
        return Folded(first, (), len(text), 0, elsewhere=True)
    rest, _ = room.take(rest, room.left)
    return Folded(first, rest, len(text), len(text) - len(shown))


def _cut(text: str) -> int:
    """Where the shown part ends: at a blank, and never for the sake of a few words more."""
    end = FOLD_CHARACTERS if len(text) > FOLD_CHARACTERS * 1.3 else len(text)
    at = -1
    for _ in range(FOLD_LINES):
        at = text.find("\n", at + 1, end)
        if at < 0:
            break
    else:
        end = at + 1
    if end == len(text):
        return end
    blank = max(text.rfind(" ", end - 60, end), text.rfind("\n", max(end - 60, 0), end))
    return blank + 1 if blank > 0 else end

"""Pieces of text from outside as markup: the one place that makes it. Each is escaped; signs and shades are elements.

In Python, as a page of fifteen cards has some hundreds: the macros of a template took three times as long.
"""

from collections.abc import Sequence
from functools import lru_cache

from markupsafe import Markup, escape

from moderator.review.language import locale
from moderator.review.shown import Piece, short

LONGEST_KEPT = 20


def run(pieces: Sequence[Piece]) -> Markup:
    """The pieces one after the other."""
    return Markup("".join(map(_of, pieces)))


def line(text: str, most: int = 120) -> Markup:
    """A name, title or address in one line, cut after ``most`` characters, which turns nothing beside it round."""
    return _kept(locale().language, text, most) if len(text) <= most else _line(text, most)


def _line(text: str, most: int) -> Markup:
    return Markup(f"<bdi>{run(short(text, most))}</bdi>")


@lru_cache(maxsize=1024)
def _kept(language: str, text: str, most: int) -> Markup:
    """By the language as well, as signs have names in it."""
    return _line(text, most)


def _of(piece: Piece) -> str:
    return _kept_piece(piece) if len(piece.text) <= LONGEST_KEPT else _piece(piece)


@lru_cache(maxsize=8192)
def _kept_piece(piece: Piece) -> str:
    """Shaded words are mostly the same few thousand."""
    return _piece(piece)


def _piece(piece: Piece) -> str:
    text = str(escape(piece.text))
    if piece.name:
        return f'<span class="sign" title="{escape(piece.name)}">{text}</span>'
    return f'<mark class="{piece.css}">{text}</mark>' if piece.step else text

"""Words that readers pass over and filters do not know: "vidoe" and "v1deo" for "video".

Readers take a word by its first and last letter and what is between them (Rawlinson 1976). So does this: a word that
nobody knows, with the ends and the letters of one that is known, is that one. The known words are the common ones of
the project's own corpus; of honest comments 1 in 50 has such a slip, and hardly any has two.
"""

import re
from collections.abc import Iterable, Mapping
from importlib import resources

WORD = re.compile(r"[a-z]{4,}")
KNOWN = frozenset(resources.files("moderator").joinpath("common_words.txt").read_text("utf-8").split())


def _shape(word: str) -> str:
    return f"{word[0]}{''.join(sorted(word[1:-1]))}{word[-1]}"


def _by_shape(words: Iterable[str]) -> dict[str, str]:
    """The word of each shape; none where two share it, as then nobody can tell which was meant."""
    found: dict[str, str] = {}
    for word in words:
        found[_shape(word)] = "" if _shape(word) in found else word
    return {shape: word for shape, word in found.items() if word}


_WORDS = _by_shape(KNOWN)
# No other length can be one of a known word with its letters moved.
_LENGTHS = frozenset(map(len, KNOWN))
MOST_KEPT = 1 << 14  # words that were looked at before: 1 to 2 MB, and a quarter of the time


class _Meant(dict[str, str]):
    """The known word that a word is meant for, looked up once each; empty where there is none, or the word is known."""

    def __missing__(self, word: str) -> str:
        if len(self) >= MOST_KEPT:
            self.clear()
        unknown = len(word) in _LENGTHS and word not in KNOWN and word.isascii()
        self[word] = meant = _WORDS.get(_shape(word), "") if unknown else ""
        return meant


_MEANT = _Meant()


def swapped(vocabulary: frozenset[str]) -> dict[str, str]:
    """Words (in lower case) with inner letters out of place, each with what was meant."""
    return {word: meant for word in vocabulary if (meant := _MEANT[word])}


def mended(text: str, meant: Mapping[str, str]) -> str:
    """``text`` (in lower case) with such words as they were meant."""
    return WORD.sub(lambda found: meant.get(found[0], found[0]), text)


# A word with figures for some letters; not inside an address, a path or a number with a unit.
FIGURED = re.compile(r"(?<![\w.@/$#-])(?=[a-z@$]{0,15}[0-9@$])(?=[0-9@$]{0,15}[a-z])[a-z0-9@$]{4,16}(?![\w@/$-])")
LETTERS = str.maketrans("0134578@$", "oieastbas")


def figured(lower: str) -> int:
    """How many words of a text (in lower case) are common ones with figures or signs for letters."""
    return sum(word.translate(LETTERS) in KNOWN for word in FIGURED.findall(lower))

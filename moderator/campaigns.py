"""Comments that say nearly the same: a sketch of the words, which changed links, names, figures and disguises leave be.

A sketch is a weighted MinHash (Broder 1997; words weigh by their length, as long words are the rare ones): in each of
``PLACES`` orders of all words that there are, the first word that the comment has. Two comments agree in as many places
as their words overlap (weighted Jaccard similarity). Eight bits of each are kept (Li and König 2010), and ``BANDS``
pairs of places are keys under which a store finds a sketch again (Indyk and Motwani 1998).

What was compared, and what it finds: docs/campaigns.md.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from zlib import crc32

import numpy as np

from moderator.comment import Comment
from moderator.known import Sketch
from moderator.layout import fold
from moderator.reading import EMAIL, LINK_MARK, UNSPACED, Reading

PLACES = 64
BANDS = 4
# Fewer different words are a phrase, and phrases belong to everybody: "thanks for sharing this great article".
LEAST_WORDS = 10
# Of longer texts only those whose hashes are the least, which are the same ones in two texts that are alike.
MOST_WORDS = 512
# How much of the wording two must share, the more the fewer words they have (see docs/campaigns.md).
LIKE = ((20, 0.42), (14, 0.52), (LEAST_WORDS, 0.7))
# A comment that shares so much with its parent or post is an answer that quotes.
QUOTES = 0.5

WORD = re.compile(r"[^\W_]+")
QUOTED = re.compile(r"^[ \t]*>.*$", re.MULTILINE)
# By a word's length. From "the" nothing can be learned.
WEIGHTS = (0.1, 0.1, 0.2, 0.4, 1.0, 1.5, 2.5, 3.5, 4.0)
UNSPACED_WEIGHT = 2.0  # of two letters of a script without spaces

_GOLDEN = 0x9E3779B1
_chance = np.random.default_rng(20261128)  # stored sketches depend on it: another seed finds none of them again
_TIMES = (_chance.integers(0, 1 << 32, PLACES, dtype=np.uint32) | np.uint32(1))[:, None]
_PLUS = _chance.integers(0, 1 << 32, PLACES, dtype=np.uint32)[:, None]
_BANDED = np.arange(2 * BANDS)
_BAND = np.arange(1, BANDS + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xD6E8FEB86659FD93)


def sketch(reading: Reading, comment: Comment) -> Sketch | None:
    """What this wording is recognised by; None where it has too few words of its own to be anybody's in particular.

    Links, figures, mail addresses, the author's own name and quoted lines do not count, nor does the order of words, or
    of the letters inside one.
    """
    text = reading.outside.replace(LINK_MARK, " ")
    if ">" in text:
        text = QUOTED.sub("", text)
    if "@" in text:
        text = EMAIL.sub(" ", text)
    found = _tokens(text)
    if reading.author:
        for token in _tokens(reading.author):
            found.pop(token, None)
    if len(found) < LEAST_WORDS or _quotes(found, comment):
        return None
    return _sketch(found)


def choose(mine: Sketch, others: Sequence[Sketch]) -> Sequence[tuple[int, float]]:
    """Which of the others (by their number) say nearly the same, and how much of the wording they share (0 to 1)."""
    if not others:
        return ()
    places = np.frombuffer(b"".join([other.places for other in others]), np.uint8).reshape(len(others), PLACES)
    agree = (places == np.frombuffer(mine.places, np.uint8)).mean(axis=1)
    # By chance one place of 256 agrees.
    like = ((agree - 1 / 256) / (1 - 1 / 256)).tolist()
    return [
        (number, share)
        for number, (share, other) in enumerate(zip(like, others, strict=True))
        if share >= _least(min(mine.words, other.words))
    ]


def _least(words: int) -> float:
    return next(share for count, share in LIKE if words >= count)


def _tokens(text: str) -> dict[int, float]:
    """Each word's hash, with one over its weight."""
    lower = fold(text.lower())
    found: dict[int, float] = {}
    spaced = lower.isascii()
    for word in WORD.findall(lower):
        if not spaced and UNSPACED.search(word):
            found.update([_pair(word[at : at + 2]) for at in range(len(word) - 1)])
            continue
        token = _token(word)
        if token is not None:
            found[token[0]] = token[1]
    return found


@lru_cache(maxsize=1 << 16)  # 0.1 µs rather than 2; 10 MB at most
def _token(word: str) -> tuple[int, float] | None:
    """A word's hash and one over its weight; None for figures. Whoever swaps inner letters is read all the same."""
    if 2 * sum(map(str.isdigit, word)) > len(word):
        return None
    bare = word if len(word) < 4 else f"{word[0]}{''.join(sorted(word[1:-1]))}{word[-1]}"
    return _hash(bare), 1.0 / WEIGHTS[min(len(word), len(WEIGHTS) - 1)]


@lru_cache(maxsize=1 << 16)
def _pair(letters: str) -> tuple[int, float]:
    return _hash(letters), 1.0 / UNSPACED_WEIGHT


def _hash(text: str) -> int:
    return crc32(text.encode("utf-8", "replace")) * _GOLDEN & 0xFFFFFFFF


def _quotes(found: dict[int, float], comment: Comment) -> bool:
    """Whether half of the words stand in the parent, or in a post whose text is sent along."""
    return any(
        len(found.keys() & _source(text)) > QUOTES * len(found)
        for text in (comment.parent.text, comment.post.text)
        if text
    )


@lru_cache(maxsize=64)  # a post's text comes with each of its comments
def _source(text: str) -> frozenset[int]:
    return frozenset(_tokens(text[:16_384]))


def _sketch(found: dict[int, float]) -> Sketch:
    hashes = np.fromiter(found, dtype=np.uint32, count=len(found))
    over = np.fromiter(found.values(), dtype=np.float32, count=len(found))
    if len(found) > MOST_WORDS:
        least = hashes.argpartition(MOST_WORDS)[:MOST_WORDS]
        hashes, over = hashes[least], over[least]
    # The first word of an order has the least hash over weight; near nothing, where the first ones are, that
    # is what -log(u) over weight would be, for a third of the time.
    orders = hashes * _TIMES
    orders += _PLUS
    first = hashes[(orders * over).argmin(axis=1)]
    banded = first[_BANDED].astype(np.uint64).reshape(BANDS, 2)
    keys = (banded[:, 0] << np.uint64(32)) ^ banded[:, 1] ^ _BAND
    keys *= _MIX
    keys ^= keys >> np.uint64(32)
    keys >>= np.uint64(1)  # databases' integers have a sign
    return Sketch(tuple(keys.tolist()), (first >> np.uint32(24)).astype(np.uint8).tobytes(), len(found))

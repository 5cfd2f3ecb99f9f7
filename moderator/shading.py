"""What a text's n-grams weigh, laid on the words that a reader sees: for shading them, and for quoting the heaviest."""

import math
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from moderator import features
from moderator.layout import LEAD, ORDERS, Layout, fold
from moderator.spaces import TABLE_SIZE
from moderator.weights import Weights

Span = tuple[int, int]
MOST_SHADED = 400
ALL = slice(None)
LONGEST_WORD = 24
AROUND_WORDS = ".,;:!?()\"'"


class Weighed(NamedTuple):
    """What a stretch of the reading's text weighs: towards spam above zero, towards ham below (log-odds)."""

    start: int
    end: int
    weight: float


class Heaviest:
    """Finds the words that weigh most in each comment of a block; looks up what the n-grams weigh once for all.

    Roughly: by the character n-grams that start in a word, repeats and all. :func:`shade` is exact, at seven times the
    cost (18 and 132 µs).
    """

    def __init__(self, weights: Weights, block: features.Grams) -> None:
        self._layouts = layouts = block.layouts
        if len(layouts) == 1:
            self._begins = [0]
            buckets = block.buckets[:, len(LEAD) : layouts[0].body_end]
        else:
            lengths = [len(layout.text) for layout in layouts]
            self._begins = [len(LEAD) + end for end in accumulate(lengths, initial=0)]
            firsts = np.arange(len(layouts), dtype=np.uint32) * np.uint32(TABLE_SIZE)
            # What begins in the zeros before a text lies beyond all buckets, and is not asked for below.
            buckets = np.minimum(block.buckets - firsts.repeat(lengths), TABLE_SIZE - 1)
        self._weighed = weights.take(buckets).sum(axis=0)

    def of(self, number: int, text: str, within: slice = ALL, *, towards_spam: bool) -> list[Span]:
        """Where up to three words stand in the ``text`` of this comment of the block that weigh most that way.

        Only words ``within`` these characters of the layout's body are looked at.
        """
        body = self._layouts[number].body
        if not body:
            return []
        first, end = _whole_words(body, within) if within.stop else (0, len(body))
        tokens = body[first:end].split(" ")
        starts = [0, *accumulate([len(token) + 1 for token in tokens[:-1]])]
        begin = self._begins[number]
        weighed = np.add.reduceat(self._weighed[begin + first : begin + end], starts)
        order = weighed.argsort()
        chosen = order[::-1][:3] if towards_spam else order[:3]
        words = [(starts[i], tokens[i]) for i in chosen.tolist() if (weighed[i] > 0) == towards_spam]
        if len(body) != len(text) or not (text.isascii() or len(text.lower()) == len(text)):
            return _found_in(text, [word for _, token in words if (word := token.strip(AROUND_WORDS))])
        # Nothing was folded to another length, so what stands here in the body stands here in the text.
        spans = []
        for start, token in words:
            begin = first + start + len(token) - len(token.lstrip(AROUND_WORDS))
            end = first + start + len(token.rstrip(AROUND_WORDS))
            if begin < end:
                spans.append((begin, end))
        return spans


def shade(weights: Weights, block: features.Grams, text: str) -> tuple[Weighed, ...]:
    """Every word of a reading's ``text`` with what it weighs; ``block`` is its alone."""
    layout = block.layouts[0]
    return _placed(text, layout, _tokens(layout, _by_character(weights, block, layout.body_end)))


def _whole_words(body: str, within: slice) -> tuple[int, int]:
    """A stretch of a text from where its first word begins to where its last one ends, if those are near."""
    begin = body.rfind(" ", max(0, within.start - LONGEST_WORD), within.start) + 1 or within.start
    end = body.find(" ", within.stop - 1, within.stop + LONGEST_WORD)
    return begin if within.start else 0, end if end > 0 else min(within.stop, len(body))


def _found_in(text: str, words: Sequence[str]) -> list[Span]:
    """Where words of the layout stand in the reading's text, so that they are quoted as they were written."""
    folded = fold(text.lower())
    if len(folded) != len(text):  # "İ" is two characters in lower case: too rare to be placed here
        return []
    return [(at, at + len(word)) for word in words if (at := folded.find(word)) >= 0]


def _tokens(layout: Layout, characters: NDArray[np.float64]) -> list[tuple[int, int, float]]:
    """(start, end, weight) of each token of the body in the layout, from what its characters weigh."""
    body_end = layout.body_end
    if body_end == 0:
        return []
    lead = len(LEAD)
    text = layout.body
    tokens, at = [], lead
    sums = [0.0, *np.cumsum(characters).tolist()]
    for token in text.split(" "):
        end = at + len(token)
        # A token takes the space before it along, and the last one the end of the text.
        begins, stops = (0 if at == lead else at - 1), (len(characters) if end == body_end else end)
        tokens.append((at, end, sums[stops] - sums[begins]))
        at = end + 1
    return tokens


def _by_character(weights: Weights, block: features.Grams, body_end: int) -> NDArray[np.float64]:
    """The text's log-odds laid on the characters of the body's layout, each n-gram shared out evenly.

    A bucket that is met several times counts once, so its weight is divided among its places.
    """
    grams = block.buckets[:, :body_end]
    distinct, inverse, counts = np.unique(grams.ravel(), return_inverse=True, return_counts=True)
    real = distinct < TABLE_SIZE  # beyond it: what would start in the zeros before the text
    share = np.where(real, weights.take(distinct, mode="clip"), 0.0) / counts
    shares = share[inverse].reshape(grams.shape) / math.sqrt(max(int(real.sum()), 1))
    size = body_end + max(ORDERS)
    spread = np.zeros(size + 1)
    for share, order in zip(shares, ORDERS, strict=True):
        spread[:body_end] += share / order
        spread[order : body_end + order] -= share / order
    words = int(block.word_starts.searchsorted(body_end))  # those behind are the name's
    pairs = max(words - 1, 0)
    both = np.concatenate([block.words[:words], block.pairs[:pairs]])
    if len(both):
        distinct, inverse, counts = np.unique(both, return_inverse=True, return_counts=True)
        starts = np.concatenate([block.word_starts[:words], block.word_starts[:pairs]])
        ends = np.concatenate([block.word_ends[:words], block.word_ends[1:words]])
        share = (weights.take(distinct) / counts / math.sqrt(len(distinct)))[inverse] / (ends - starts)
        spread += np.bincount(starts, share, size + 1) - np.bincount(ends, share, size + 1)
    characters: NDArray[np.float64] = np.cumsum(spread)[:size]
    characters[body_end - 1] += characters[body_end:].sum()  # what covers the end of the text
    return characters[:body_end]


def _placed(text: str, layout: Layout, tokens: Sequence[tuple[int, int, float]]) -> tuple[Weighed, ...]:
    """Tokens of the layout found again in the reading's text, in order.

    What is not found (it folds oddly, or stands beyond MOST_SHADED) weighs on the text between its neighbours.
    """
    folded = text.lower()
    # "İ" becomes two characters in lower case; where[i] is the place in the text of the folded text's character i.
    where = range(len(text) + 1) if len(folded) == len(text) else _places(text)
    folded = fold(folded)
    placed: list[Weighed] = []
    reached = 0
    pending = 0.0
    for start, end, weight in tokens[:MOST_SHADED]:
        token = layout.text[start:end]
        at = folded.find(token, reached)
        if at < 0:
            pending += weight
            continue
        between = _weighed(text, where[reached], where[at], pending)
        placed += [between] if between else []
        weight, pending, reached = weight + (0.0 if between else pending), 0.0, at + end - start
        placed.append(Weighed(where[at], where[reached], weight))
    pending += sum(weight for _, _, weight in tokens[MOST_SHADED:])
    rest = _weighed(text, where[reached], len(text), pending)
    if rest:
        placed.append(rest)
    elif placed:
        last = placed[-1]
        placed[-1] = Weighed(last.start, last.end, last.weight + pending)
    return tuple(placed)


def _places(text: str) -> Sequence[int]:
    return [place for place, character in enumerate(text) for _ in character.lower()] + [len(text)]


def _weighed(text: str, start: int, end: int, weight: float) -> Weighed | None:
    """``weight`` on what is written from ``start`` to ``end``, without the space around it; None where nothing is."""
    between = text[start:end]
    written = between.strip()
    if not written or not weight:
        return None
    start += len(between) - len(between.lstrip())
    return Weighed(start, start + len(written), weight)

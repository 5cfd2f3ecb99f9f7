"""What a site's own verdicts add to the model: a residual on the same hashed features, learned online.

Logistic regression by AdaGrad (Duchi, Hazan & Singer 2011) on top of the model's log-odds, which it may also stretch
and shift, so that a score stays a probability on this site. Each word is taken to be wrong with a small probability, as
in logistic regression with noisy labels (Bootkrajang & Kabán 2012): one that all before it deny pulls little, so that
many false ones cannot outweigh a few true ones. It is a pure function of the model and of the lessons in
their order: no clock, no chance, nothing from elsewhere. Features share 2^13 slots, so a site costs 64 KB however much
it has said; 2^13 to 2^17 slots were equally good (docs/notes.md, "Adaptation").

What anybody can move is bounded. One lesson moves its own comment by at most ``MOST_MOVED`` log-odds. The same text
teaches a label once. Of one author's comments, and of what comes from one origin within an hour, the first few lessons
count whole and the n-th ``(whole / n)²``: all of them together less than twice the first few. Where nearly all lessons
have one label, its further ones count less, as nothing says where that should end. And what the other lessons deny is
left out: a mistake, or somebody's lie.
"""

import math
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from moderator import features
from moderator.classifier import Classifier
from moderator.comment import Comment
from moderator.layout import lay_out
from moderator.reading import read
from moderator.signals import SIGNALS, measure
from moderator.spaces import OWN_WEIGHTS, SPACES, whole
from moderator.weights import Weights

Vector = NDArray[np.float64]

SLOT_BITS = 13
SLOTS = 1 << SLOT_BITS
RATE = 0.3
SMALL = 1e-3  # what AdaGrad's sums of squares begin with
# How large a signal, the constant and the model's own log-odds are beside a space of length one.
SIGNAL, SHIFT, STRETCH = 0.4, 1.0, 0.1
MOST_MOVED = 3.0
WHOLE_OF_AN_AUTHOR = 3
WHOLE_OF_AN_HOUR = 100
EVEN = 20  # so many of one label, and as many more than of the other, before it counts less
HOUR = 3600 * 1_000_000  # microseconds
# This share of words is taken to be wrong. At 0 a twentieth of words turned round costs 6 points more of spam caught.
WRONG = 0.1
# A denied word is taken to be denied by so many log-odds at most; else the model's surest mistakes would teach nothing.
MOST_DENIED = 4.0
# After so many lessons all of them are asked what they say of each other, and those are left out that the others find
# less likely than this.
VETTED_EVERY = 50
FOLDS = 4
LEAST_LIKELY = 0.1
_SIGNALS = slice(SLOTS, SLOTS + len(SIGNALS))
_SHIFT, _STRETCH = SLOTS + len(SIGNALS), SLOTS + len(SIGNALS) + 1
_WIDTH = SLOTS + len(SIGNALS) + 2
_SIDE_BY_SIDE = 256  # comments scored at once: their numbers stay in the cache


@lru_cache(maxsize=1)
def _slots() -> NDArray[np.uint16]:
    """The slot of every bucket; those that share a weight in the model share it here. 2 MB, made at first need."""
    own = np.arange(OWN_WEIGHTS, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)  # 2**64 / golden ratio (Knuth 6.4)
    found: NDArray[np.uint16] = whole((own >> np.uint64(64 - SLOT_BITS)).astype(np.uint16))
    return found


class Row(NamedTuple):
    """What is learned from, of one comment as one model sees it: 1 to 2 KB, and no word can be read from it."""

    slots: NDArray[np.uint16]  # one space's after the other
    counts: tuple[int, ...]  # how many each space has
    signals: tuple[float, ...]  # as they differ from their means
    logit: float  # the model's
    text: int  # a number for the text, 0 where there is none
    author: int  # a number for the author, 0 where nobody signed
    signed: bool

    @property
    def size(self) -> int:
        """Bytes, about."""
        return self.slots.nbytes + 1000


def rows(comments: Sequence[Comment], base: Classifier) -> list[Row]:
    """Read, hash and weigh."""
    found: list[Row] = []
    slots = _slots()
    for start in range(0, len(comments), features.BLOCK):
        some = comments[start : start + features.BLOCK]
        readings = [read(comment) for comment in some]
        layouts = [lay_out(reading) for reading in readings]
        grams = features.grams(layouts)
        block = features.distinct(grams)
        measured = np.array([measure(reading) for reading in readings])
        logits = base.logits(grams, block, measured)
        counts, ends = block.counts().tolist(), block.edges[:: len(SPACES)].tolist()
        taken = slots.take(block.buckets)
        signals = (measured - base.signal_means).tolist()
        for i, comment in enumerate(some):
            body = layouts[i].body
            found.append(
                Row(
                    taken[ends[i] : ends[i + 1]].copy(),  # else each would keep the whole block alive
                    tuple(counts[i]),
                    tuple(signals[i]),
                    float(logits[i]),
                    zlib.crc32(body.encode("utf-8", "replace")) or 1 if body else 0,
                    _author(comment),
                    readings[i].signed,
                )
            )
    return found


def _author(comment: Comment) -> int:
    author = comment.author
    signature = (author.email or author.url or author.name).strip().lower()
    return zlib.crc32(signature.encode("utf-8", "replace")) or 1 if signature else 0


@dataclass(frozen=True, slots=True)
class Lesson:
    """A comment with the human's word on it. ``origin`` is who spoke and through which door; empty: not limited.

    ``worth`` is what words from there count, from 0 to 1; ``at`` is when it was said, in microseconds since 1970.
    """

    row: Row
    spam: bool
    origin: str
    at: int
    worth: float = 1.0


class Residual:
    """What was learned so far. One thread at a time may ``learn``, while others score."""

    def __init__(self) -> None:
        self._weights = np.zeros(_WIDTH, np.float32)
        self._squares = np.full(_WIDTH, SMALL, np.float32)
        self._texts: set[tuple[int, bool]] = set()
        self._authors: Counter[tuple[int, bool]] = Counter()
        self._hours: Counter[tuple[str, int]] = Counter()
        self._labels: Counter[bool] = Counter()

    def learn(self, lesson: Lesson) -> float:
        """Take one lesson in, in 0.1 ms; by how many log-odds that moved its own comment."""
        worth = self._worth(lesson)
        if not worth:
            return 0.0
        row = lesson.row
        whole = np.bincount(row.slots, np.repeat(_scales(row.counts), row.counts), minlength=_WIDTH)
        whole[_SIGNALS] = np.multiply(row.signals, SIGNAL)
        whole[_SHIFT], whole[_STRETCH] = SHIFT, STRETCH * row.logit
        here = whole.nonzero()[0]  # some hundreds
        found, weights = whole[here], self._weights.copy()  # a new array: others may be scoring with the old one
        logit = row.logit + float((found * weights[here]).sum())
        slope = found * _pull(logit, lesson.spam)
        squares = self._squares[here] + worth * slope * slope
        step = slope / np.sqrt(squares)
        move = RATE * float((step * found).sum())
        rate = worth * RATE * min(1.0, MOST_MOVED / max(abs(move), 1e-9))
        weights[here] -= rate * step
        self._squares[here] = squares
        self._weights = weights
        return -move * rate / RATE

    def _worth(self, lesson: Lesson) -> float:
        """What a lesson counts, after those before it."""
        row, spam = lesson.row, lesson.spam
        if row.text:
            if (row.text, spam) in self._texts:
                return 0.0
            self._texts.add((row.text, spam))
        worth = lesson.worth
        if row.author:
            self._authors[row.author, spam] += 1
            worth *= _fading(self._authors[row.author, spam], WHOLE_OF_AN_AUTHOR)
        if lesson.origin:
            # Hours by the calendar, not by what came before: a clock that went backwards changes nothing.
            hour = (lesson.origin, lesson.at // HOUR)
            self._hours[hour] += 1
            worth *= _fading(self._hours[hour], WHOLE_OF_AN_HOUR)
        self._labels[spam] += 1
        count, others = self._labels[spam], self._labels[not spam]
        return worth * min(1.0, (others + EVEN) / count) if spam else worth

    def logits(self, found: Sequence[Row]) -> Vector:
        """Log-odds of many rows with what was learned."""
        logits = np.empty(len(found))
        weights = self._weights
        signal_weights, stretch = (
            weights[_SIGNALS].astype(np.float64) * SIGNAL,
            1.0 + float(weights[_STRETCH]) * STRETCH,
        )
        for start in range(0, len(found), _SIDE_BY_SIDE):
            some = found[start : start + _SIDE_BY_SIDE]
            counts = np.array([row.counts for row in some])
            edges = np.concatenate([[0], np.cumsum(counts.ravel())])
            weighed = np.zeros(edges[-1] + 1)  # and a nothing at the end, for reduceat
            weighed[:-1] = weights[:SLOTS].take(np.concatenate([row.slots for row in some]))
            sums = np.add.reduceat(weighed, edges[:-1]).reshape(counts.shape)
            base = np.array([row.logit for row in some])
            here = (sums * _scales(counts)).sum(axis=1)
            here += np.array([row.signals for row in some]) @ signal_weights
            logits[start : start + len(some)] = here + base * stretch + float(weights[_SHIFT]) * SHIFT
        return logits

    @property
    def shift(self) -> float:
        """What is added to all log-odds of this site."""
        return float(self._weights[_SHIFT]) * SHIFT

    @property
    def stretch(self) -> float:
        """What the model's own log-odds are multiplied by."""
        return 1.0 + float(self._weights[_STRETCH]) * STRETCH

    def adapted(self, base: Classifier) -> Classifier:
        """The model as this site has it. Its log-odds are linear too, so reasons and shades are parts of them."""
        return base.with_weights(
            _Adapted(base.weights, self.stretch, self._weights[:SLOTS]),
            signals=base.signal_weights * self.stretch + self._weights[_SIGNALS].astype(np.float64) * SIGNAL,
            bias=base.bias * self.stretch + self.shift,
            stretch=self.stretch,
        )


def taught(lessons: Sequence[Lesson]) -> Residual:
    """What these lessons teach, in their order. Up to the last multiple of VETTED_EVERY they are vetted."""
    vetted = len(lessons) // VETTED_EVERY * VETTED_EVERY
    left_out = doubted(lessons[:vetted])
    found = Residual()
    for number, lesson in enumerate(lessons):
        if number not in left_out:
            found.learn(lesson)
    return found


def doubted(lessons: Sequence[Lesson]) -> frozenset[int]:
    """The places of those whose label is less likely than LEAST_LIKELY to who learned from the others: in folds."""
    found: set[int] = set()
    for fold in range(FOLDS):
        others = Residual()
        for number, lesson in enumerate(lessons):
            if number % FOLDS != fold:
                others.learn(lesson)
        asked = range(fold, len(lessons), FOLDS)
        for number, logit in zip(asked, others.logits([lessons[number].row for number in asked]).tolist(), strict=True):
            if _sigmoid(logit if lessons[number].spam else -logit) < LEAST_LIKELY:
                found.add(number)
    return frozenset(found)


class _Adapted:
    """Weights of the model and of the residual as one table, without making one: the model's has 4 MB."""

    def __init__(self, base: Weights, stretch: float, own: NDArray[np.float32]) -> None:
        self._base = base
        self._stretch = stretch
        self._own = own

    def take(self, indices: NDArray[Any], *, mode: Literal["raise", "clip"] = "raise") -> NDArray[Any]:
        """The weights of these buckets, as numpy.take gives them."""
        own = self._own.take(_slots().take(indices, mode=mode)).astype(np.float64)
        own += np.multiply(self._base.take(indices, mode=mode), self._stretch, dtype=np.float64)
        return own


def _scales(counts: "tuple[int, ...] | NDArray[Any]") -> Vector:
    """The value of every feature of each space, as features.Rows.scales has them."""
    numbers = np.asarray(counts, dtype=np.float64)
    scales = np.zeros(numbers.shape)
    np.divide(1.0, np.sqrt(numbers), out=scales, where=numbers > 0)
    return scales


def _pull(logit: float, spam: bool) -> float:
    """The slope in the log-odds of the loss of one word, where a share WRONG of words is the contrary of the truth."""
    p = _sigmoid(max(logit, -MOST_DENIED) if spam else min(logit, MOST_DENIED))
    said = (1 - 2 * WRONG) * p + WRONG  # the probability that it is called spam
    return (said - spam) / (said * (1 - said)) * (1 - 2 * WRONG) * p * (1 - p)


def _fading(n: int, whole: int) -> float:
    return min(1.0, (whole / n) ** 2)


def _sigmoid(logit: float) -> float:
    return 1.0 / (1.0 + math.exp(-logit)) if logit >= 0 else math.exp(logit) / (1.0 + math.exp(logit))

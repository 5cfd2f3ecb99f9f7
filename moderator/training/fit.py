"""Logistic regression on hashed features, drawn towards the weights of the model that it starts from."""

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

from moderator import features
from moderator.features import ADDRESS, AUTHOR, MARKS, SPACES, TABLE_SIZE
from moderator.signals import SIGNALS
from moderator.training.objective import TOGETHER, Lesson, View, batches, by_space, slopes, summed
from moderator.training.parallel import ALONE, Workers
from moderator.training.table import WIDTH, Part, Table, Vector, tabulate

__all__ = [
    "ALONE",
    "USUAL",
    "Setting",
    "Table",
    "Vector",
    "Weights",
    "calibrate",
    "fit",
    "recalibrated",
    "room",
    "sigmoid",
    "tabulate",
]

# How much room each space and the signals have: a feature's value is multiplied by this in training, so a greater
# number means less regularisation. Chosen on leave-one-source-out runs, see docs/notes.md.
SCALES = {"body": 1.0, "words": 1.0, "author": 4.0, "address": 2.0, "links": 1.0, "anchors": 1.0, "marks": 0.4}
SIGNAL_SCALE = 0.4
STRENGTH = 2.0  # inverse regularisation, as scikit-learn's C

# What belongs to the author; all else is the text. Field drop-out: every comment that has both is learned from once
# more without its author and once more without its text, so that neither leans on the other being there.
WHO = frozenset({AUTHOR, ADDRESS, MARKS})
WHO_SIGNALS = frozenset(
    {"name_has_words", "name_is_lower_case", "name_is_an_address", "name_in_the_text", "name_in_the_address"}
    | {"hyphens_in_the_address", "long_address", "deep_address", "borrowed_address", "mail_of_own_host", "links_home"}
)
DROPPED = 0.3  # what such a copy counts


@dataclass(frozen=True, slots=True)
class Setting:
    """What a fit may be tuned by; the search tries others than these."""

    strength: float = STRENGTH
    words: float = SCALES["words"]
    author: float = SCALES["author"]
    address: float = SCALES["address"]
    signals: float = SIGNAL_SCALE
    dropped: float = DROPPED
    lean: float = 0.0

    def room(self) -> NDArray[np.float32]:
        """The scale of every bucket of the weight table."""
        scales = {**SCALES, "words": self.words, "author": self.author, "address": self.address}
        return np.repeat(np.array([scales[space.name] for space in SPACES], np.float32), features.SIZES)


USUAL = Setting()


def room() -> NDArray[np.float32]:
    """The usual scale of every bucket of the weight table."""
    return USUAL.room()


@lru_cache(maxsize=1)
def _views() -> tuple[View, View, View]:
    """All of a comment, its text alone, its author alone."""
    spaces = np.isin(np.arange(WIDTH), list(WHO)).astype(np.float64)
    signals = np.array([signal.__name__ in WHO_SIGNALS for signal in SIGNALS], dtype=np.float64)
    return View(spaces * 0 + 1, signals * 0 + 1), View(1 - spaces, 1 - signals), View(spaces, signals)


@dataclass(frozen=True)
class Weights:
    """What is fitted. ``table`` is for scaled features as features.py makes them; signals count from ``means``."""

    table: NDArray[np.float32]
    signals: Vector
    means: Vector
    bias: float

    def logits(self, table: Table, *, signed: bool = True) -> Vector:
        """Log-odds of every row; without ``signed`` as if nobody had signed them."""
        view = _views()[0 if signed else 1]
        wide = self.table.astype(np.float64)
        found = []
        for part in table.parts:
            found.append(self._logits(part, by_space(part, wide), view))
            part.release()
        return np.concatenate(found) if found else np.empty(0)

    def _logits(self, part: Part, spaces: Vector, view: View) -> Vector:
        signals = part.signals * view.signals - self.means
        found: Vector = spaces @ view.spaces + signals @ self.signals + self.bias
        return found


def fit(
    table: Table,
    spam: NDArray[np.bool_],
    weight: Vector,
    *,
    base: Weights | None = None,
    drop_out: bool = False,
    setting: Setting = USUAL,
    rounds: int = 60,
    workers: Workers = ALONE,
) -> Weights:
    """Weights that minimise the weighted logistic loss, by L-BFGS (Liu & Nocedal 1989).

    ``spam`` says which rows are, ``weight`` what each counts. With ``base`` the penalty is on the distance from it, so
    that a few new rows move the model only as far as they say something; without, on the distance from nothing. With
    ``drop_out`` every comment that has both an author and a text is learned from once more without the one and once
    more without the other. Sums go over the parts in their order, so the weights do not depend on ``workers``.
    """
    lessons = _lessons(table, spam, weight, base, setting.dropped if drop_out else 0.0, setting.signals)
    means = lessons[0].means
    scale = setting.room().astype(np.float64)
    if setting.lean:
        scale *= _leaning(table, spam, setting.lean)
    seen = np.zeros(TABLE_SIZE, dtype=np.bool_)
    for part in table.parts:
        seen[part.buckets] = True
        part.release()
    used = np.flatnonzero(seen)  # buckets that no row has keep the base's weight
    count, room = len(used), scale[used]
    strength = setting.strength

    # One thread: the vectors are short for BLAS, and its threads, spinning on busy cores, made 6 s of work 40.
    # On a cluster a task is a batch, as what a task costs beside its work is as much as the work on a part.
    size = 1 if workers.client is None else TOGETHER
    with threadpool_limits(1), workers.beside(list(batches(lessons, size))) as evaluate:

        def loss(point: Vector) -> tuple[float, Vector]:
            wide = np.zeros(TABLE_SIZE)
            wide[used] = point[:count] * room
            sums = evaluate(slopes, wide, point[count:-1], float(point[-1]))
            found = summed(summed(batch) for batch in batches(sums, TOGETHER // size))
            gradient = np.concatenate([found.table[used] * room, found.signals, [found.bias]])
            gradient[:-1] += point[:-1] / strength
            return found.value + 0.5 / strength * float(point[:-1] @ point[:-1]), gradient

        start = np.zeros(count + len(SIGNALS) + 1)
        found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": rounds, "maxcor": 10})
    fitted = np.zeros(TABLE_SIZE, np.float32) if base is None else base.table.copy()
    fitted[used] += (found.x[:count] * room).astype(np.float32)
    signals = found.x[count:-1] * setting.signals
    bias = float(found.x[-1])
    if base is not None:
        signals, bias = signals + base.signals, bias + base.bias
    return Weights(fitted, signals, means, bias)


def _leaning(table: Table, spam: NDArray[np.bool_], power: float) -> Vector:
    """More room for buckets that one label has more often: their naive Bayes log-ratio, raised to ``power``.

    After NB-SVM (Wang & Manning 2012). Scaled so that a feature's room is 1 in the mean of squares over all rows.
    """
    spam_has, ham_has = np.ones(TABLE_SIZE), np.ones(TABLE_SIZE)
    begin = 0
    for part in table.parts:
        of_spam = np.repeat(spam[begin : begin + len(part)], part.sizes().sum(axis=1))
        spam_has += np.bincount(part.buckets[of_spam], minlength=TABLE_SIZE)
        ham_has += np.bincount(part.buckets[~of_spam], minlength=TABLE_SIZE)
        begin += len(part)
        part.release()
    ratio = np.log(spam_has / spam_has.sum()) - np.log(ham_has / ham_has.sum())
    room: Vector = np.abs(ratio) ** power
    often = spam_has + ham_has - 2
    room /= np.sqrt(often @ room**2 / often.sum())
    return room


def _lessons(
    table: Table, spam: NDArray[np.bool_], weight: Vector, base: Weights | None, dropped: float, signal_scale: float
) -> list[Lesson]:
    """Each part with what belongs to it; the copies' weights are 0 for comments that have only one of the fields."""
    bounds = np.cumsum([0, *map(len, table.parts)])
    both = [_has_both(part) for part in table.parts] if dropped else []
    means = base.means if base else _means(table, spam, np.concatenate(both) if both else None)
    views = _views() if dropped else _views()[:1]
    wide = base.table.astype(np.float64) if base else None
    lessons = []
    for number, (part, (begin, end)) in enumerate(zip(table.parts, pairwise(bounds), strict=True)):
        whole = weight[begin:end].astype(np.float64)
        copied = whole * both[number] * dropped if dropped else whole
        if base is None or wide is None:
            offsets: list[Vector] = [np.zeros(len(part)) for _ in views]
        else:
            spaces = by_space(part, wide)
            offsets = [base._logits(part, spaces, view) for view in views]
        sign = np.where(spam[begin:end], 1.0, -1.0)
        weights = (whole, copied, copied)[: len(views)]
        lessons.append(Lesson(part, sign, views, weights, tuple(offsets), means, signal_scale))
    return lessons


def _has_both(part: Part) -> NDArray[np.bool_]:
    sizes, (_, text, who) = part.sizes(), _views()
    found: NDArray[np.bool_] = (sizes @ text.spaces > 0) & (sizes @ who.spaces > 0)
    return found


def _means(table: Table, spam: NDArray[np.bool_], both: NDArray[np.bool_] | None) -> Vector:
    """The mean signals of good comments; a comment's two copies have its signals once between them."""
    signals = table.signals.astype(np.float64)
    ham = signals[~spam]
    if both is None:
        found: Vector = ham.mean(axis=0)
        return found
    copied = signals[~spam & both]
    found = (ham.sum(axis=0) + copied.sum(axis=0)) / (len(ham) + 2 * len(copied))
    return found


def sigmoid(logits: Vector) -> Vector:
    """Probabilities of log-odds."""
    found: Vector = 1.0 / (1.0 + np.exp(-np.clip(logits, -500, 500)))
    return found


def calibrate(logits: Vector, spam: NDArray[np.bool_], weight: Vector) -> tuple[float, float]:
    """(slope, shift) so that sigmoid(slope · logit + shift) is a probability (Platt 1999, with his targets)."""
    positive, negative = float(weight[spam].sum()), float(weight[~spam].sum())
    target = np.where(spam, (positive + 1) / (positive + 2), 1 / (negative + 2))

    def loss(point: Vector) -> tuple[float, Vector]:
        z = point[0] * logits + point[1]
        error = weight * (1.0 / (1.0 + np.exp(-np.clip(z, -500, 500))) - target)
        return float((weight * (np.logaddexp(0.0, z) - target * z)).sum()), np.array([error @ logits, error.sum()])

    found = minimize(loss, np.array([1.0, 0.0]), jac=True, method="L-BFGS-B", bounds=[(1e-3, 100.0), (None, None)])
    return float(found.x[0]), float(found.x[1])


def recalibrated(weights: Weights, slope: float, shift: float) -> Weights:
    """The same order of comments, with log-odds that are slope · logit + shift."""
    return Weights(
        (weights.table * slope).astype(np.float32), weights.signals * slope, weights.means, weights.bias * slope + shift
    )

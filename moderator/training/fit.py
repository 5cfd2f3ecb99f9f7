"""Logistic regression on hashed features, drawn towards the weights of the model that it starts from."""

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

from moderator.signals import SIGNALS
from moderator.spaces import ADDRESS, AUTHOR, MARKS, NAMED, NAMED_WORDS, OWN_WEIGHTS, SPACES, TABLE_SIZE, folded, whole
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
    "sigmoid",
    "tabulate",
]

# How much room each space and the signals have: a feature's value is multiplied by this in training, so a greater
# number means less regularisation. Chosen on leave-one-source-out runs, see docs/notes.md.
SCALES = {"body": 1.0, "words": 1.0, "author": 2.0, "address": 2.0, "links": 0.5, "anchors": 0.5, "marks": 0.4}
SIGNAL_SCALE = 0.2
STRENGTH = 2.0  # inverse regularisation, as scikit-learn's C

# What belongs to the author; all else is the text. Field drop-out: every comment that has both is learned from once
# more without its author and once more without its text, so that neither leans on the other being there; and once more
# as if its author's name were all of its text, so that what is advertised in names is known where a text says it.
WHO = frozenset({AUTHOR, ADDRESS, MARKS, NAMED, NAMED_WORDS})
AS_TEXT = frozenset({NAMED, NAMED_WORDS})
WHO_SIGNALS = frozenset(
    {"name_has_words", "name_is_lower_case", "name_is_an_address", "name_in_the_text", "name_in_the_address"}
    | {"hyphens_in_the_address", "long_address", "deep_address", "borrowed_address", "mail_of_own_host", "links_home"}
)
DROPPED = (0.3, 0.6, 0.3)  # what such copies count: without author, without text, the name as text


@dataclass(frozen=True, slots=True)
class Setting:
    """What a fit may be tuned by; the search tries others than these."""

    strength: float = STRENGTH
    words: float = SCALES["words"]
    author: float = SCALES["author"]
    address: float = SCALES["address"]
    signals: float = SIGNAL_SCALE
    dropped: float = 1.0  # times DROPPED
    lean: float = 0.0
    rare: bool = True  # whether rare features may weigh more; with a lean they may not

    def room(self) -> NDArray[np.float64]:
        """The scale of every weight."""
        scales = {**SCALES, "words": self.words, "author": self.author, "address": self.address}
        own = [space for space in SPACES if not space.like]
        return np.repeat([scales[space.name] for space in own], [1 << space.bits for space in own])


USUAL = Setting()


@lru_cache(maxsize=1)
def _views() -> tuple[View, View, View, View]:
    """All of a comment, its text alone, its author alone, the author's name as a text."""
    who, as_text = (np.isin(np.arange(WIDTH), list(some)).astype(np.float64) for some in (WHO, AS_TEXT))
    signals = np.array([signal.__name__ in WHO_SIGNALS for signal in SIGNALS], dtype=np.float64)
    return (
        View(np.ones(WIDTH), np.ones(len(SIGNALS))),
        View(1 - who, 1 - signals),
        View(who, signals),
        View(as_text, np.zeros(len(SIGNALS))),
    )


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
        wide = whole(self.table.astype(np.float64))
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
    ``drop_out`` every comment that has both an author and a text is learned from once more without the one, once more
    without the other, and once more with its author's name for a text. Sums go over the parts in their order, so the
    weights do not depend on ``workers``.
    """
    lessons = _lessons(table, spam, weight, base, setting.dropped if drop_out else 0.0, setting.signals)
    means = lessons[0].means
    seen = np.zeros(TABLE_SIZE, dtype=np.int64)
    for part in table.parts:
        seen += np.bincount(part.buckets, minlength=TABLE_SIZE)
        part.release()
    seen = folded(seen)
    used = np.flatnonzero(seen)  # weights that no row has keep the base's
    scale = setting.room()
    if setting.lean:
        scale *= _leaning(table, spam, setting.lean)
    elif setting.rare:
        scale *= _rarity(seen, len(table))
    count, room = len(used), scale[used]
    strength = setting.strength

    # One thread: the vectors are short for BLAS, and its threads, spinning on busy cores, made 6 s of work 40.
    # On a cluster a task is a batch, as what a task costs beside its work is as much as the work on a part.
    size = 1 if workers.client is None else TOGETHER
    with threadpool_limits(1), workers.beside(list(batches(lessons, size))) as evaluate:

        def loss(point: Vector) -> tuple[float, Vector]:
            own = np.zeros(OWN_WEIGHTS)
            own[used] = point[:count] * room
            sums = evaluate(slopes, whole(own), point[count:-1], float(point[-1]))
            found = summed(summed(batch) for batch in batches(sums, TOGETHER // size))
            gradient = np.concatenate([folded(found.table)[used] * room, found.signals, [found.bias]])
            gradient[:-1] += point[:-1] / strength
            return found.value + 0.5 / strength * float(point[:-1] @ point[:-1]), gradient

        start = np.zeros(count + len(SIGNALS) + 1)
        found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": rounds, "maxcor": 10})
    fitted = np.zeros(OWN_WEIGHTS, np.float32) if base is None else base.table.copy()
    fitted[used] += (found.x[:count] * room).astype(np.float32)
    signals = found.x[count:-1] * setting.signals
    bias = float(found.x[-1])
    if base is not None:
        signals, bias = signals + base.signals, bias + base.bias
    return Weights(fitted, signals, means, bias)


def _rarity(seen: NDArray[np.int64], rows: int) -> Vector:
    """The inverse document frequency of every weight's features, as a share of the greatest (Spärck Jones 1972).

    As a scale it says how much a weight may grow: what nearly all comments have learns little from any of them.
    """
    found: Vector = (np.log((1 + rows) / (1 + np.minimum(seen, rows))) + 1) / (np.log(1 + rows) + 1)
    return found


def _leaning(table: Table, spam: NDArray[np.bool_], power: float) -> Vector:
    """More room for buckets that one label has more often: their naive Bayes log-ratio, raised to ``power``.

    After NB-SVM (Wang & Manning 2012). Scaled so that a feature's room is 1 in the mean of squares over all rows.
    """
    spam_has, ham_has = np.zeros(TABLE_SIZE), np.zeros(TABLE_SIZE)
    begin = 0
    for part in table.parts:
        of_spam = np.repeat(spam[begin : begin + len(part)], part.sizes().sum(axis=1))
        spam_has += np.bincount(part.buckets[of_spam], minlength=TABLE_SIZE)
        ham_has += np.bincount(part.buckets[~of_spam], minlength=TABLE_SIZE)
        begin += len(part)
        part.release()
    spam_has, ham_has = folded(spam_has) + 1, folded(ham_has) + 1
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
    wide = whole(base.table.astype(np.float64)) if base else None
    lessons = []
    for number, (part, (begin, end)) in enumerate(zip(table.parts, pairwise(bounds), strict=True)):
        counted = weight[begin:end].astype(np.float64)
        copied = counted * both[number] * dropped if dropped else counted
        if base is None or wide is None:
            offsets: list[Vector] = [np.zeros(len(part)) for _ in views]
        else:
            spaces = by_space(part, wide)
            offsets = [base._logits(part, spaces, view) for view in views]
        sign = np.where(spam[begin:end], 1.0, -1.0)
        named = part.sizes()[:, NAMED] > 0  # else there is no name to be taken for a text
        weights = (counted, copied * DROPPED[0], copied * DROPPED[1], copied * named * DROPPED[2])[: len(views)]
        lessons.append(Lesson(part, sign, views, weights, tuple(offsets), means, signal_scale))
    return lessons


def _has_both(part: Part) -> NDArray[np.bool_]:
    sizes, (_, text, who, _) = part.sizes(), _views()
    found: NDArray[np.bool_] = (sizes @ text.spaces > 0) & (sizes @ who.spaces > 0)
    return found


def _means(table: Table, spam: NDArray[np.bool_], both: NDArray[np.bool_] | None) -> Vector:
    """The mean signals of good comments; a comment's copies have its signals once between them."""
    signals = table.signals.astype(np.float64)
    ham = signals[~spam]
    if both is None:
        found: Vector = ham.mean(axis=0)
        return found
    copied = signals[~spam & both]
    found = (ham.sum(axis=0) + copied.sum(axis=0)) / (len(ham) + 3 * len(copied))
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

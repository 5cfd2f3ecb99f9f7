"""Measures of a ranking and of probabilities: curves, reliability, histograms, lam %, and exact bounds of a share.

Everything counts with weights, one a comment, so that the bootstrap can draw a comment twice without copying it.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

Vector = NDArray[np.float64]
Truth = NDArray[np.bool_]

SURE = 0.95  # how sure bounds and intervals are
MOST_POINTS = 240  # of a drawn curve; more than the eye can tell apart


@dataclass(frozen=True)
class Ranking:
    """Comments from the highest score down, and where the runs of equal scores begin."""

    order: NDArray[np.intp]
    starts: NDArray[np.intp]
    levels: Vector  # the score of each run
    spam: Truth  # in that order

    def above(self, weight: Vector | None = None) -> tuple[Vector, Vector]:
        """(ham, spam) that score at least as high as each level, from none at all to all."""
        weighed = np.ones(len(self.order)) if weight is None else weight[self.order]
        ham = np.add.reduceat(np.where(self.spam, 0.0, weighed), self.starts)
        spam = np.add.reduceat(np.where(self.spam, weighed, 0.0), self.starts)
        return np.concatenate([[0.0], np.cumsum(ham)]), np.concatenate([[0.0], np.cumsum(spam)])


def rank(scores: Vector, spam: Truth) -> Ranking:
    """The ranking of at least one comment."""
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    return Ranking(order, starts, ordered[starts], spam[order])


def area(ham: Vector, spam: Vector) -> float:
    """The area under the ROC curve of ``Ranking.above``: the chance that spam stands above ham, a tie counting half."""
    return float(np.trapezoid(spam, ham) / (ham[-1] * spam[-1]))


def precision_area(ham: Vector, spam: Vector) -> float:
    """Average precision: the precision at each level, weighed by the spam that is caught newly there."""
    precision = spam[1:] / np.maximum(ham[1:] + spam[1:], 1e-12)
    return float((np.diff(spam) * precision).sum() / spam[-1])


def caught_at(ham: Vector, spam: Vector, share: float) -> float:
    """The share of spam above the score that at most ``share`` of the ham exceeds, as ``evaluate.caught`` counts it."""
    allowed = int(share * ham[-1])
    first_beyond = int(np.searchsorted(ham, allowed, side="right"))
    return float(spam[first_beyond - 1] / spam[-1])


# Curves


def detection_curve(scores: Vector, spam: Truth) -> list[tuple[float, float]]:
    """(share of ham held, share of spam let through) at every threshold, from the strictest on; thinned for drawing."""
    ham_above, spam_above = rank(scores, spam).above()
    return _thinned(ham_above / ham_above[-1], 1.0 - spam_above / spam_above[-1])


def precision_curve(scores: Vector, spam: Truth) -> list[tuple[float, float]]:
    """(recall, precision) at every threshold, from the strictest on; thinned for drawing."""
    ham_above, spam_above = rank(scores, spam).above()
    return _thinned(spam_above[1:] / spam_above[-1], spam_above[1:] / (ham_above[1:] + spam_above[1:]))


def _thinned(across: Vector, up: Vector) -> list[tuple[float, float]]:
    """Every point that is visibly apart from the one before, with both ends."""
    kept = [0]
    least = 1.0 / MOST_POINTS
    for i in range(1, len(across) - 1):
        last = kept[-1]
        # Across, near zero, a logarithmic axis shows tenfolds: there a twelfth of one counts as visible.
        moved = abs(across[i] - across[last]) > min(least, 0.2 * across[last] + 1e-9)
        if moved or abs(up[i] - up[last]) > least:
            kept.append(i)
    if len(across) > 1:
        kept.append(len(across) - 1)
    return [(round(float(across[i]), 6), round(float(up[i]), 6)) for i in kept]


@dataclass(frozen=True, slots=True)
class Bin:
    """Comments of like score: how many, what the model says on average, how many are spam, and exact bounds of that."""

    comments: int
    said: float
    spam: float
    low: float
    high: float


def reliability(scores: Vector, spam: Truth, *, bins: int = 10) -> list[Bin]:
    """Bins of equal count, from the lowest scores up, as ``evaluate.calibration_error`` makes them."""
    order = np.argsort(scores)
    found = []
    for part in np.array_split(order, bins):
        if len(part):
            count = int(spam[part].sum())
            low, high = share_between(count, len(part))
            found.append(Bin(len(part), float(scores[part].mean()), count / len(part), low, high))
    return found


def histogram(scores: Vector, spam: Truth, *, bins: int = 40) -> tuple[list[int], list[int]]:
    """How many (ham, spam) have a score in each of ``bins`` equal steps from 0 to 1."""
    edges = np.linspace(0.0, 1.0, bins + 1)
    ham, caught = (np.histogram(part, edges)[0] for part in (scores[~spam], scores[spam]))
    return [int(count) for count in ham], [int(count) for count in caught]


# Shares and their bounds


def lam(ham_held: float, spam_through: float) -> float:
    """The logistic average of two misclassification shares (Cormack & Lynam, TREC 2005); strictly within 0 and 1."""
    odds = math.sqrt(ham_held / (1.0 - ham_held) * spam_through / (1.0 - spam_through))
    return odds / (1.0 + odds)


def smoothed(wrong: float, of: float) -> float:
    """A share that is never 0 nor 1: half a comment is added where there is none."""
    return min(max(wrong, 0.5), max(of, 1.0) - 0.5) / max(of, 1.0)


def at_most(wrong: int, of: int, *, sure: float = SURE) -> float:
    """What the true share surely does not exceed: the one-sided Clopper–Pearson (1934) upper bound."""
    return 1.0 if wrong >= of else float(beta.ppf(sure, wrong + 1, of - wrong))


def at_least(right: int, of: int, *, sure: float = SURE) -> float:
    """What the true share surely is not below: the one-sided Clopper–Pearson lower bound."""
    return 0.0 if right == 0 else float(beta.ppf(1.0 - sure, right, of - right + 1))


def share_between(count: int, of: int, *, sure: float = SURE) -> tuple[float, float]:
    """The two-sided Clopper–Pearson interval."""
    half = 1.0 - (1.0 - sure) / 2.0
    return at_least(count, of, sure=half), at_most(count, of, sure=half)

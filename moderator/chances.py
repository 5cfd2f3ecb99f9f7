"""What counts of good and bad ones prove: exact binomial bounds, ranks for an error budget, shares from samples.

Serving has no SciPy, and needs no more of it than this. Counts are whole numbers, budgets and doubts probabilities.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DOUBT = 0.05
DRAWS = 4_000


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate between its bounds, all probabilities."""

    value: float
    low: float
    high: float


def at_most(hits: int, count: int, share: float) -> float:
    """P(Bin(count, share) ≤ hits)."""
    if hits < 0:
        return 0.0
    if hits >= count or share <= 0.0:
        return 1.0
    if share >= 1.0:
        return 0.0
    terms = np.arange(hits + 1)
    logs = _log_choose(count, terms) + terms * math.log(share) + (count - terms) * math.log1p(-share)
    top = float(logs.max())
    return min(1.0, math.exp(top) * float(np.exp(logs - top).sum()))


def _log_choose(count: int, terms: NDArray[np.int64]) -> NDArray[np.float64]:
    """log C(count, k), by the sum of its factors' logarithms."""
    steps = np.log(count - terms[1:] + 1.0) - np.log(terms[1:])
    return np.concatenate([[0.0], np.cumsum(steps)])


def needed(budget: float, *, doubt: float = DOUBT) -> int:
    """How many good comments a threshold for ``budget`` needs: log doubt / log(1 - budget) (Tong et al. 2018)."""
    return math.ceil(math.log(doubt) / math.log1p(-budget))


def allowed_above(count: int, budget: float, *, doubt: float = DOUBT) -> int | None:
    """How many of ``count`` good comments may score above a threshold for ``budget``; None where they are too few.

    The Neyman–Pearson umbrella algorithm (Tong, Feng & Li, Science Advances 2018): the most for which
    P(Bin(count, budget) ≤ above) is at most ``doubt``.
    """
    if count < needed(budget, doubt=doubt):
        return None
    above = 0
    while at_most(above + 1, count, budget) <= doubt:
        above += 1
    return above


def threshold(ham: Sequence[float], budget: float, *, doubt: float = DOUBT) -> float | None:
    """The lowest of good comments' scores that others exceed with probability ``budget`` at most, but for ``doubt``.

    Equal scores count as not above it, which is the good comments' side. None where they are too few.
    """
    above = allowed_above(len(ham), budget, doubt=doubt)
    return None if above is None else sorted(ham)[len(ham) - 1 - above]


def exact(hits: int, count: int, *, doubt: float = DOUBT) -> Interval:
    """The share of hits with its Clopper–Pearson interval (Biometrika 1934); nothing seen proves nothing."""
    if count == 0:
        return Interval(0.5, 0.0, 1.0)
    low = 0.0 if hits == 0 else _solve(lambda share: 1.0 - at_most(hits - 1, count, share), doubt / 2)
    high = 1.0 if hits == count else _solve(lambda share: 1.0 - at_most(hits, count, share), 1.0 - doubt / 2)
    return Interval(hits / count, low, high)


def _solve(rising: Callable[[float], float], wanted: float) -> float:
    low, high = 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < wanted else (low, middle)
    return (low + high) / 2


@dataclass(frozen=True, slots=True)
class Stratum:
    """Comments that were treated alike: how many there are, and how many of those looked at were spam and ham."""

    number: int
    spam: int
    ham: int

    @property
    def seen(self) -> int:
        """How many of them a human has judged."""
        return self.spam + self.ham


def ratio(
    top: Sequence[tuple[Stratum, bool]], bottom: Sequence[tuple[Stratum, bool]], *, doubt: float = DOUBT, seed: int = 0
) -> Interval | None:
    """The share of the ``top`` comments among those of ``bottom``; each with whether its spam or its ham counts.

    Each judged comment stands for number / seen of its stratum (inverse-probability weights, Horvitz & Thompson 1952),
    so that a sample of the approved and the whole of the held add up without bias. The interval is that of draws from
    each stratum's Jeffreys posterior. None where a stratum with comments in it has none judged.
    """
    strata = list(dict.fromkeys(stratum for stratum, _ in (*top, *bottom)))
    if any(stratum.number and not stratum.seen for stratum in strata):
        return None
    random = np.random.default_rng(seed)
    drawn = {stratum: random.beta(stratum.spam + 0.5, stratum.ham + 0.5, DRAWS) * stratum.number for stratum in strata}

    def draws(parts: Sequence[tuple[Stratum, bool]]) -> NDArray[np.float64]:
        total = np.zeros(DRAWS)
        for stratum, spam in parts:
            total += drawn[stratum] if spam else stratum.number - drawn[stratum]
        return total

    def best(parts: Sequence[tuple[Stratum, bool]]) -> float:
        shares = ((stratum.spam if spam else stratum.ham, stratum) for stratum, spam in parts if stratum.seen)
        return sum(hits / stratum.seen * stratum.number for hits, stratum in shares)

    below = best(bottom)
    if below == 0:
        return None
    spread = draws(top) / np.maximum(draws(bottom), 1e-12)
    low, high = np.quantile(spread, [doubt / 2, 1 - doubt / 2])
    value = best(top) / below
    return Interval(value, min(float(low), value), max(float(high), value))


def stability(before: Sequence[float], now: Sequence[float]) -> float:
    """The population stability index of two histograms over the same bins; below 0.1 little has moved, above 0.25 much.

    Empty bins count as half a comment.
    """
    first, second = (np.maximum(np.asarray(counts, dtype=float), 0.5) for counts in (before, now))
    first, second = first / first.sum(), second / second.sum()
    return float(((second - first) * np.log(second / first)).sum())

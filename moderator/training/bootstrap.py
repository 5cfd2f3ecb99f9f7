"""How far a figure could be off by chance: the percentile bootstrap (Efron 1979) over groups of near-equal comments.

Whole groups are drawn, because a copy tells nothing that its original did not: drawing single comments would make
the intervals too narrow. The calibration error has no interval: it is biased upwards in every resample.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from moderator.policy import Thresholds
from moderator.training.measure import (
    SURE,
    Ranking,
    Truth,
    Vector,
    area,
    caught_at,
    lam,
    precision_area,
    rank,
    smoothed,
)

DRAWS = 400
SEED = 20_261_122
Interval = tuple[float, float]


def intervals(
    scores: Vector, spam: Truth, groups: Sequence[int], thresholds: Thresholds, *, draws: int = DRAWS
) -> dict[str, Interval]:
    """95 % intervals of the figures, by their names in ``evaluate.Figures``, and of ``lam``.

    Empty where a class is missing.
    """
    return _between(_drawn(scores, spam, thresholds, list(draw(groups, draws))))


def differences(
    new: tuple[Vector, Thresholds],
    old: tuple[Vector, Thresholds],
    spam: Truth,
    groups: Sequence[int],
    *,
    draws: int = DRAWS,
) -> dict[str, Interval]:
    """95 % intervals of each figure of ``new`` less that of ``old``, both on the same draws of the same comments."""
    weights = list(draw(groups, draws))
    first, second = (_drawn(scores, spam, thresholds, weights) for scores, thresholds in (new, old))
    apart = [
        {name: value - there[name] for name, value in here.items()} for here, there in zip(first, second, strict=True)
    ]
    return _between(apart)


def draw(groups: Sequence[int], draws: int) -> Iterator[Vector]:
    """How often each comment counts, draw by draw: as often as its group was drawn."""
    _, of = np.unique(np.array(groups, dtype=np.int64), return_inverse=True)
    count = int(of.max(initial=-1)) + 1
    chance = np.random.default_rng(SEED)
    for _ in range(draws if count else 0):
        yield np.bincount(chance.integers(count, size=count), minlength=count)[of].astype(np.float64)


def _drawn(scores: Vector, spam: Truth, thresholds: Thresholds, weights: Sequence[Vector]) -> list[dict[str, float]]:
    """The figures of each draw that has both classes."""
    if not spam.any() or spam.all():
        return []
    ranking = rank(scores, spam)
    errors = (scores - spam) ** 2
    return [
        _figures(ranking, scores, spam, thresholds, errors, weight)
        for weight in weights
        if 0 < float(weight[spam].sum()) < float(weight.sum())
    ]


def _figures(
    ranking: Ranking, scores: Vector, spam: Truth, thresholds: Thresholds, errors: NDArray[np.float64], weight: Vector
) -> dict[str, float]:
    ham_above, spam_above = ranking.above(weight)
    over = scores > thresholds.hold
    held, through = float(weight[over & ~spam].sum()), float(weight[~over & spam].sum())
    hams, spams = float(ham_above[-1]), float(spam_above[-1])
    rejected = 0.0 if thresholds.reject is None else float(weight[(scores > thresholds.reject) & ~spam].sum())
    return {
        "roc_auc": area(ham_above, spam_above),
        "average_precision": precision_area(ham_above, spam_above),
        "caught_at_1_percent": caught_at(ham_above, spam_above, 0.01),
        "caught_at_half_percent": caught_at(ham_above, spam_above, 0.005),
        "brier": float((weight * errors).sum() / weight.sum()),
        "ham_held": held / hams,
        "ham_rejected": rejected / hams,
        "spam_approved": through / spams,
        "lam": lam(smoothed(held, hams), smoothed(through, spams)),
    }


def _between(drawn: Sequence[dict[str, float]]) -> dict[str, Interval]:
    """The middle 95 % of each figure."""
    if not drawn:
        return {}
    tail = (1.0 - SURE) / 2.0
    found = {}
    for name in drawn[0]:
        low, high = np.quantile([figures[name] for figures in drawn], [tail, 1.0 - tail])
        found[name] = (float(low), float(high))
    return found

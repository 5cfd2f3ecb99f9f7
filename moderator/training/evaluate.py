"""How good a model is, in figures that an operator can act on."""

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from moderator.policy import Thresholds

Vector = NDArray[np.float64]
Truth = NDArray[np.bool_]

HOLD_BUDGET = 0.01  # of good comments held
REJECT_BUDGET = 0.001  # of good comments rejected
DOUBT = 0.05  # the chance that a budget is exceeded all the same


@dataclass(frozen=True, slots=True)
class Figures:
    """One model on some labelled comments. Shares are of 1; None where a class is missing."""

    comments: int
    spam: int
    roc_auc: float | None
    average_precision: float | None
    caught_at_1_percent: float | None
    caught_at_half_percent: float | None
    brier: float | None
    calibration_error: float | None
    ham_held: float | None
    ham_rejected: float | None
    spam_approved: float | None

    def to_json(self) -> dict[str, Any]:
        """As report.json keeps it."""
        return asdict(self)


def figures(scores: Vector, spam: Truth, thresholds: Thresholds, *, unsigned: Truth | None = None) -> Figures:
    """Figures of probabilities ``scores``; one that is above a threshold is held or rejected.

    ``unsigned`` says which comments name no author, where the thresholds tell them apart.
    """
    hold = np.full(len(scores), thresholds.hold)
    if unsigned is not None and thresholds.unsigned_hold is not None:
        hold[unsigned] = thresholds.unsigned_hold
    both = bool(spam.any() and not spam.all())
    ham = scores[~spam]
    reject = thresholds.reject if thresholds.reject is not None else math.inf
    return Figures(
        comments=len(scores),
        spam=int(spam.sum()),
        roc_auc=float(roc_auc_score(spam, scores)) if both else None,
        average_precision=float(average_precision_score(spam, scores)) if both else None,
        caught_at_1_percent=caught(scores, spam, 0.01) if both else None,
        caught_at_half_percent=caught(scores, spam, 0.005) if both else None,
        brier=float(brier_score_loss(spam, scores)) if both else None,
        calibration_error=calibration_error(scores, spam) if both else None,
        ham_held=float((ham > hold[~spam]).mean()) if len(ham) else None,
        ham_rejected=float((ham > reject).mean()) if len(ham) else None,
        spam_approved=float((scores[spam] <= hold[spam]).mean()) if spam.any() else None,
    )


def caught(scores: Vector, spam: Truth, share: float) -> float:
    """The share of spam above the score that at most ``share`` of these good comments exceed (an upper bound)."""
    ham = np.sort(scores[~spam])[::-1]
    return float((scores[spam] > ham[int(share * len(ham))]).mean())


def calibration_error(scores: Vector, spam: Truth, *, bins: int = 10) -> float:
    """Expected calibration error (Naeini et al. 2015) over bins of equal count."""
    order = np.argsort(scores)
    parts = [part for part in np.array_split(order, bins) if len(part)]
    return float(sum(len(part) * abs(scores[part].mean() - spam[part].mean()) for part in parts) / len(scores))


def needed(budget: float, *, doubt: float = DOUBT) -> int:
    """How many good comments a threshold for ``budget`` needs: log doubt / log(1 - budget) (Tong et al. 2018)."""
    return math.ceil(math.log(doubt) / math.log1p(-budget))


def threshold(ham: Vector, budget: float, *, doubt: float = DOUBT) -> float | None:
    """The lowest score that good comments exceed with probability ``budget`` at most, surely but for ``doubt``.

    The Neyman–Pearson umbrella algorithm (Tong, Feng & Li, Science Advances 2018): an order statistic of held-out good
    comments' scores. None where there are fewer than :func:`needed`.
    """
    count = len(ham)
    if count < needed(budget, doubt=doubt):
        return None
    # The k-th smallest fails with probability P(Bin(count, 1 - budget) >= k); the smallest k that is safe.
    ranks = np.arange(1, count + 1)
    safe = ranks[binom.sf(ranks - 1, count, 1.0 - budget) <= doubt]
    return float(np.sort(ham)[safe[0] - 1])

"""Figures of a run: those of research on filters, and what an operator feels."""

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import matthews_corrcoef, roc_auc_score

from moderator.training.evaluate import caught

Vector = NDArray[np.float64]
Truth = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Run:
    """One method on one protocol, in shares of 1. ``caught_at_…`` sets its threshold on the tested ham: a bound."""

    accuracy: float
    caught: float
    blocked: float
    mcc: float
    lam: float
    roc_auc: float
    caught_at_half_percent: float
    caught_at_1_percent: float

    def to_json(self) -> dict[str, float]:
        """Rounded, for files."""
        return {name: round(value, 5) for name, value in asdict(self).items()}


def measure(scores: Vector, spam: Truth, *, cut: float = 0.5) -> Run:
    """The figures of ``scores``; what is above ``cut`` counts as spam."""
    said = scores > cut
    return Run(
        accuracy=float((said == spam).mean()),
        caught=float(said[spam].mean()),
        blocked=float(said[~spam].mean()),
        mcc=float(matthews_corrcoef(spam, said)),
        lam=lam(int((~said[spam]).sum()), int(spam.sum()), int(said[~spam].sum()), int((~spam).sum())),
        roc_auc=float(roc_auc_score(spam, scores)),
        caught_at_half_percent=caught(scores, spam, 0.005),
        caught_at_1_percent=caught(scores, spam, 0.01),
    )


def lam(missed: int, spam: int, blocked: int, ham: int) -> float:
    """Logistic average misclassification (Cormack & Lynam 2007); a zero counts as a half."""

    def logit(count: int, of: int) -> float:
        share = min(max(count, 0.5), of - 0.5) / of
        return math.log(share / (1 - share))

    return 1 / (1 + math.exp(-(logit(missed, spam) + logit(blocked, ham)) / 2))


def mean(runs: Iterable[Run]) -> Run:
    """The mean of each figure."""
    several = list(runs)
    return Run(*(float(np.mean([getattr(run, field.name) for run in several])) for field in fields(Run)))


def sigmoid(logits: Vector) -> Vector:
    """Log-odds as probabilities."""
    found: Vector = 1.0 / (1.0 + np.exp(-np.clip(logits, -500, 500)))
    return found

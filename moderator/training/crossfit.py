"""What takes more fits than one: scores of comments by models that have not seen them, and how more comments help."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from moderator.training.evaluate import caught
from moderator.training.fit import Table, Vector, Weights, fit, with_drop_out
from moderator.training.measure import Truth, area, rank

FOLDS = 3
STEPS = (8, 4, 2)  # an eighth, a quarter and a half of the groups; then all
# A list of doubtful labels needs the order of the scores, not their last digits.
ROUNDS = 25
Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Learned:
    """A point of the learning curve: from so many comments, so good on the yardstick."""

    comments: int
    roc_auc: float
    caught_at_1_percent: float

    def to_json(self) -> dict[str, Any]:
        """As report.json keeps it."""
        return asdict(self)


def _probabilities(weights: Weights, table: Table) -> Vector:
    found: Vector = 1.0 / (1.0 + np.exp(-np.clip(weights.logits(table), -500, 500)))
    return found


def _fit(table: Table, spam: Truth, weight: Vector, rows: Rows, rounds: int) -> Weights:
    return fit(*with_drop_out(table.take(rows), spam[rows], weight[rows]), rounds=rounds)


def _fits(table: Table, spam: Truth, weight: Vector, parts: Sequence[Rows], rounds: int, jobs: int) -> list[Weights]:
    """A fit from nothing for each part, side by side."""
    found: list[Weights] = Parallel(n_jobs=jobs)(delayed(_fit)(table, spam, weight, rows, rounds) for rows in parts)
    return found


def _both(spam: Truth) -> bool:
    return bool(spam.any() and not spam.all())


def out_of_fold(
    table: Table, spam: Truth, weight: Vector, groups: Sequence[int], *, folds: int = FOLDS, jobs: int = -1
) -> Vector | None:
    """Each comment's probability of spam by a model that has seen neither it nor its like; None with too few groups."""
    fold = np.unique(np.array(groups, dtype=np.int64), return_inverse=True)[1] % folds
    parts = [np.flatnonzero(fold != number) for number in range(folds)]
    if not all(_both(spam[rows]) and len(rows) < len(spam) for rows in parts):
        return None
    scores = np.empty(len(spam))
    for number, weights in enumerate(_fits(table, spam, weight, parts, ROUNDS, jobs)):
        left = np.flatnonzero(fold == number)
        scores[left] = _probabilities(weights, table.take(left))
    return scores


def suspicious(scores: Vector, spam: Truth) -> Rows:
    """Rows whose label a model that has not seen them denies with confidence, the clearest first.

    Confident learning (Northcutt, Jiang & Chuang 2021): the other label is at least as likely here as it is on average
    among the comments that carry it, and likelier than not. ``scores`` are out-of-fold.
    """
    if not _both(spam):
        return np.empty(0, dtype=np.intp)
    usual_spam, usual_ham = float(scores[spam].mean()), float((1.0 - scores[~spam]).mean())
    says_spam = ~spam & (scores >= max(usual_spam, 0.5))
    says_ham = spam & (1.0 - scores >= max(usual_ham, 0.5))
    rows = np.flatnonzero(says_spam | says_ham)
    doubt = np.where(spam, 1.0 - scores, scores)
    clearest: Rows = rows[np.argsort(-doubt[rows], kind="stable")]
    return clearest


def learning_curve(
    table: Table,
    spam: Truth,
    weight: Vector,
    groups: Sequence[int],
    yardstick: tuple[Table, Truth],
    *,
    whole: Weights | None = None,
    jobs: int = -1,
    progress: Callable[[str], None] = lambda text: None,
) -> list[Learned]:
    """How good fits from nothing on parts of the comments are; ``whole`` is the fit on all of them, if there is one.

    Parts are of groups, and each contains the one before. Parts that lack a class are left out.
    """
    measured, truth = yardstick
    if not _both(truth):
        return []
    # Groups are hashes, so their digits are as good as a draw; the last one has chosen the yardstick already.
    place = np.array(groups, dtype=np.int64) // 10 % STEPS[0]
    parts = [np.flatnonzero(place < STEPS[0] // step) for step in STEPS]
    parts = [rows for rows in parts if _both(spam[rows])]
    if whole is None:
        parts.append(np.arange(len(spam)))
    progress(f"learning curve: {len(parts)} fits on {', '.join(f'{len(rows):,}' for rows in parts)} comments")
    fitted = list(zip((len(rows) for rows in parts), _fits(table, spam, weight, parts, 60, jobs), strict=True))
    if whole is not None:
        fitted.append((len(spam), whole))
    return [_learned(count, _probabilities(weights, measured), truth) for count, weights in fitted]


def _learned(count: int, scores: Vector, truth: Truth) -> Learned:
    return Learned(count, area(*rank(scores, truth).above()), caught(scores, truth, 0.01))

"""What takes more fits than one: scores of comments by models that have not seen them, and how more comments help."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from moderator.training.evaluate import caught
from moderator.training.fit import ALONE, USUAL, Setting, Table, Vector, Weights, fit, sigmoid
from moderator.training.measure import Truth, area, rank
from moderator.training.parallel import Workers

FOLDS = 3
STEPS = (8, 4, 2)  # an eighth, a quarter and a half of the groups; then all
# A list of doubtful labels needs the order of the scores, not their last digits.
ROUNDS = 25
# From so many parts on (some 30,000 comments) one fit keeps all cores busy.
MANY_PARTS = 4
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


def _fit(table: Table, spam: Truth, weight: Vector, setting: Setting, rounds: int) -> Weights:
    return fit(table, spam, weight, drop_out=True, setting=setting, rounds=rounds)


def fits(
    table: Table,
    spam: Truth,
    weight: Vector,
    wanted: Iterable[tuple[Rows, Setting]],
    *,
    rounds: int = 60,
    workers: Workers = ALONE,
) -> Iterator[Weights]:
    """A fit from nothing on each choice of rows and setting, in order.

    Few comments: the fits are done side by side. Many: one after the other, each with its parts side by side, so that
    no more than one choice of rows is out at a time.
    """
    if len(table.parts) < MANY_PARTS:
        calls = ((table.take(rows), spam[rows], weight[rows], setting, rounds) for rows, setting in wanted)
        yield from workers.run(_fit, calls)
        return
    for rows, setting in wanted:
        part = table.take(rows)
        yield fit(part, spam[rows], weight[rows], drop_out=True, setting=setting, rounds=rounds, workers=workers)


def fold_of(groups: Sequence[int] | NDArray[np.int64], folds: int) -> NDArray[np.int64]:
    """The fold of each comment, by its group: always the same. The last digit has chosen the yardstick already."""
    found: NDArray[np.int64] = np.asarray(groups, dtype=np.int64) // 10 % folds
    return found


def _both(spam: Truth) -> bool:
    return bool(spam.any() and not spam.all())


def out_of_fold(
    table: Table,
    spam: Truth,
    weight: Vector,
    groups: Sequence[int] | NDArray[np.int64],
    *,
    folds: int = FOLDS,
    setting: Setting = USUAL,
    workers: Workers = ALONE,
) -> Vector | None:
    """Each comment's probability of spam by a model that has seen neither it nor its like; None with too few groups."""
    fold = np.unique(np.array(groups, dtype=np.int64), return_inverse=True)[1] % folds
    parts = [np.flatnonzero(fold != number) for number in range(folds)]
    if not all(_both(spam[rows]) and len(rows) < len(spam) for rows in parts):
        return None
    scores = np.empty(len(spam))
    wanted = ((rows, setting) for rows in parts)
    for number, weights in enumerate(fits(table, spam, weight, wanted, rounds=ROUNDS, workers=workers)):
        left = np.flatnonzero(fold == number)
        scores[left] = sigmoid(weights.logits(table.take(left)))
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
    groups: Sequence[int] | NDArray[np.int64],
    yardstick: tuple[Table, Truth],
    *,
    whole: Weights | None = None,
    setting: Setting = USUAL,
    workers: Workers = ALONE,
    progress: Callable[[str], None] = lambda text: None,
) -> list[Learned]:
    """How good fits from nothing on parts of the comments are; ``whole`` is the fit on all of them, if there is one.

    Parts are of groups, and each contains the one before. Parts that lack a class are left out.
    """
    measured, truth = yardstick
    if not _both(truth):
        return []
    place = fold_of(groups, STEPS[0])
    parts = [np.flatnonzero(place < STEPS[0] // step) for step in STEPS]
    parts = [rows for rows in parts if _both(spam[rows])]
    if whole is None:
        parts.append(np.arange(len(spam)))
    progress(f"learning curve: {len(parts)} fits on {', '.join(f'{len(rows):,}' for rows in parts)} comments")
    wanted = ((rows, setting) for rows in parts)
    fitted = list(zip(map(len, parts), fits(table, spam, weight, wanted, workers=workers), strict=True))
    if whole is not None:
        fitted.append((len(spam), whole))
    return [_learned(count, sigmoid(weights.logits(measured)), truth) for count, weights in fitted]


def _learned(count: int, scores: Vector, truth: Truth) -> Learned:
    return Learned(count, area(*rank(scores, truth).above()), caught(scores, truth, 0.01))

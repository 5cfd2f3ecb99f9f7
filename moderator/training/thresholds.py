"""Thresholds for the error budgets, calibration, and whether a new model is worse than the one before."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from moderator.policy import Thresholds
from moderator.training.console import Progress
from moderator.training.crossfit import fits, fold_of
from moderator.training.evaluate import HOLD_BUDGET, REJECT_BUDGET, figures, needed, threshold
from moderator.training.fit import Setting, Table, Vector, Weights, calibrate, recalibrated, sigmoid
from moderator.training.gathering import Gathered
from moderator.training.parallel import Workers
from moderator.training.serving import classifier_of, served

FOLDS = 5
ENOUGH_HAM = 1_000
# Thresholds until there are good comments enough to derive them.
CAUTIOUS = Thresholds(hold=0.5, reject=None)
# The new model may be worse by chance: refused only where its loss on the yardstick is greater beyond this many
# standard errors of the paired difference, or its ranking is worse by half a point of ROC-AUC.
DOUBTFUL_ERRORS = 1.64
LEAST_AUC_LOSS = 0.005
LEAST_COMPARED = 10


def thresholds_from(ham: Vector, before: Thresholds | None, say: Callable[[str], None]) -> Thresholds:
    """Thresholds for the error budgets; where good comments are too few, those of the model before, and why."""
    hold, reject = threshold(ham, HOLD_BUDGET), threshold(ham, REJECT_BUDGET)
    for name, budget, found in (("hold", HOLD_BUDGET, hold), ("reject", REJECT_BUDGET, reject)):
        if found is None:
            kept = "keeps the earlier model's" if before else "stays cautious"
            say(
                f"threshold to {name}: {budget:.1%} of good comments at 95 % needs {needed(budget):,} held-out good "
                f"comments; has {len(ham):,}; {kept}"
            )
    before = before or CAUTIOUS
    hold = before.hold if hold is None else hold
    reject = before.reject if reject is None else reject
    return Thresholds(hold, max(hold, reject) if reject is not None else None, before.unsigned_hold)


def kept_or_derived(ham: Vector, before: Thresholds, say: Callable[[str], None]) -> Thresholds:
    """The thresholds of a model that started from another: that one's, unless good comments are many.

    With just the 299 that 1 % needs the rule takes the very highest score, and one odd comment lets all spam through.
    """
    if len(ham) < ENOUGH_HAM:
        say(f"the thresholds stay: new ones want {ENOUGH_HAM:,} held-out good comments; there are {len(ham):,}")
        return before
    return thresholds_from(ham, before, say)


def _losses(scores: Vector, spam: NDArray[np.bool_]) -> Vector:
    safe = np.clip(scores, 1e-6, 1 - 1e-6)
    return -np.log(np.where(spam, safe, 1 - safe))


def worse(new: Vector, old: Vector, spam: NDArray[np.bool_]) -> str:
    """Why the new model's scores are worse than the old one's on the same comments; empty where they are not."""
    if len(spam) < LEAST_COMPARED:
        return ""
    difference = _losses(new, spam) - _losses(old, spam)
    error = float(difference.std(ddof=1)) / len(spam) ** 0.5
    if difference.mean() > DOUBTFUL_ERRORS * error and difference.mean() > 0.001:
        return f"its log loss is greater by {difference.mean():.4f} ± {error:.4f}"
    if spam.any() and not spam.all():
        anything = Thresholds(0.5, None)
        new_auc, old_auc = (figures(scores, spam, anything).roc_auc or 0.0 for scores in (new, old))
        if new_auc < old_auc - LEAST_AUC_LOSS:
            return f"its ROC-AUC is {new_auc:.4f}, the current one's {old_auc:.4f}"
    return ""


def settled(
    weights: Weights,
    setting: Setting,
    gathered: Gathered,
    table: Table,
    weight: Vector,
    learned: NDArray[np.intp],
    yard: NDArray[np.intp],
    *,
    workers: Workers,
    progress: Progress,
) -> tuple[Weights, Thresholds]:
    """A fresh model calibrated, and its thresholds, from comments that the scoring model has not seen.

    Those are the yardstick and, out of fold, the project's own comments: they alone carry an author on most rows, as a
    blog's do. Thresholds from data sets without authors held 8 % of a blog's good comments for a budget of 1 %. They
    are of the scores that will be served, so of long texts' worst parts too.
    """
    spam, genre = gathered.spam, gathered.from_sources("starter/")
    fold = fold_of(gathered.groups[learned], FOLDS)
    asked = [learned[(fold == number) & genre[learned]] for number in range(FOLDS)]
    numbers = [number for number in range(FOLDS) if len(asked[number])]
    inside = ((learned[fold != number], setting) for number in numbers)
    fitted = [(yard, weights)]
    for done, partial in enumerate(fits(table, spam, weight, inside, workers=workers), start=1):
        fitted.append((asked[numbers[done - 1]], partial))
        progress.step("folds", done, len(numbers))
    seen = np.concatenate([rows for rows, _ in fitted])
    logits = np.concatenate([some.logits(table.take(rows)) for rows, some in fitted])
    if min(spam[seen].sum(), (~spam[seen]).sum()) < 50:
        return weights, thresholds_from(sigmoid(logits)[~spam[seen]], None, progress.say)
    slope, shift = calibrate(logits, spam[seen], weight[seen])
    scores, unsigned_ham = [], [np.empty(0)]
    for number, (rows, some) in enumerate(fitted):
        classifier = classifier_of("", recalibrated(some, slope, shift))
        comments = [gathered.examples[int(row)].comment for row in rows]
        scores.append(sigmoid(served(classifier, comments)))
        if number:
            good = [comment for comment, is_spam in zip(comments, spam[rows], strict=True) if not is_spam]
            unsigned_ham.append(sigmoid(served(classifier, good, signed=False)))
    found = np.concatenate(scores)
    thresholds = thresholds_from(found[~spam[seen]], None, progress.say)
    hold = threshold(found[~spam[seen] & genre[seen]], HOLD_BUDGET)
    unsigned_hold = threshold(np.concatenate(unsigned_ham), HOLD_BUDGET)
    hold = thresholds.hold if hold is None else hold
    reject = max(hold, thresholds.reject) if thresholds.reject is not None else None
    return recalibrated(weights, slope, shift), Thresholds(hold, reject, unsigned_hold)

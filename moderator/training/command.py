"""``moderator train``: from everything that is labelled to a model that is promoted if it is no worse."""

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from moderator.comment import Word
from moderator.labelled import Example
from moderator.policy import Thresholds
from moderator.shelf import Shelf
from moderator.store import Store
from moderator.training import corpus
from moderator.training.account import Trial, account
from moderator.training.evaluate import HOLD_BUDGET, REJECT_BUDGET, Figures, figures, needed, threshold
from moderator.training.fit import (
    Table,
    Vector,
    Weights,
    calibrate,
    fit,
    recalibrated,
    tabulate,
    with_drop_out,
    without_author,
)
from moderator.training.publish import publish, weights_of

LEAST_OF_A_LABEL = 5
# Every tenth group of like texts is never learned from, by any model: the yardstick on which models are compared.
YARDSTICK = 10
FOLDS = 5
ENOUGH_HAM = 1_000
# A source's rows count for so many at most together, so that no one source decides. The project's own comments are
# of the genre, so they count twice; a verdict of the operator's own moderators five times, so that one is seen.
MOST_OF_A_SOURCE = 1_000
OF_THE_GENRE = 2.0
OWN_VERDICT = 5.0
# Thresholds until there are good comments enough to derive them.
CAUTIOUS = Thresholds(hold=0.5, reject=None)
# The new model may be worse by chance: refused only where its loss on the yardstick is greater beyond this many
# standard errors of the paired difference, or its ranking is worse by half a point of ROC-AUC.
DOUBTFUL_ERRORS = 1.64
LEAST_AUC_LOSS = 0.005

PROMOTED, FAILED, NOT_PROMOTED = 0, 1, 3


class Progress(Protocol):
    """Who is told what goes on."""

    def say(self, text: str) -> None:
        """A line that stays."""

    def step(self, label: str, done: int, total: int) -> None:
        """How far a long step has come."""


class Console:
    """Progress for a person at a terminal (one line that counts), or plain lines in a log."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._live = sys.stderr.isatty()

    def say(self, text: str) -> None:
        """A line that stays."""
        if not self._quiet:
            print(text, file=sys.stderr, flush=True)

    def step(self, label: str, done: int, total: int) -> None:
        """Counts in place on a terminal; in a log only the end is told."""
        if self._quiet or not (self._live or done >= total):
            return
        end = "\n" if done >= total else "\r"
        print(f"{label}: {done:,} of {total:,}", end=end, file=sys.stderr, flush=True)


@dataclass(frozen=True)
class Gathered:
    """Examples and the sources that they came from, counted."""

    examples: list[Example]
    own: int  # how many of them are verdicts of this installation; they stand last

    def spam(self) -> NDArray[np.bool_]:
        """Which are spam."""
        return np.array([example.label is Word.SPAM for example in self.examples], dtype=np.bool_)


def gather(
    store: Store | None, files: Sequence[Path], *, keep_good_rows: bool, names: bool, say: Callable[[str], None]
) -> Gathered:
    """The starter corpus (with ``names`` its names too), the files, and the store's verdicts. Raises CorpusError."""
    examples = corpus.starter() + (corpus.names() if names else [])
    for path in files:
        found, broken = corpus.from_file(path, keep_good_rows=keep_good_rows)
        for row in broken[:20]:
            say(f"passed over {row}")
        if len(broken) > 20:
            say(f"passed over {len(broken) - 20} more rows of {path}")
        examples += found
    examples = corpus.distinct(examples)
    own = corpus.distinct(corpus.from_store(store)) if store else []
    return Gathered(examples + own, len(own))


def _count_table(gathered: Gathered) -> list[str]:
    rows = Counter(example.source for example in gathered.examples)
    spam = Counter(example.source for example in gathered.examples if example.label is Word.SPAM)
    width = max(len(source) for source in rows)
    lines = [
        f"  {source:<{width}} {count:>7,} comments, {spam[source]:>6,} spam" for source, count in sorted(rows.items())
    ]
    return [*lines, f"  {'together':<{width}} {rows.total():>7,} comments, {spam.total():>6,} spam"]


def weigh(gathered: Gathered) -> Vector:
    """What each example counts; both labels count the same together."""
    rows = Counter(example.source for example in gathered.examples)
    weight = np.array([_worth(example.source, rows[example.source]) for example in gathered.examples])
    spam = gathered.spam()
    weight[spam] *= weight[~spam].sum() / weight[spam].sum()
    if gathered.own:
        weight[-gathered.own :] = OWN_VERDICT
    return weight


def _worth(source: str, rows: int) -> float:
    return OF_THE_GENRE if source.startswith(("starter/", "names/")) else min(1.0, MOST_OF_A_SOURCE / rows)


def on_yardstick(gathered: Gathered) -> NDArray[np.bool_]:
    """Which comments are kept for comparing: by the hash of their text, so always the same; never own verdicts."""
    held_out = np.array(
        [corpus.group_of(example) % YARDSTICK == 0 and example.comment.body != "" for example in gathered.examples],
        dtype=np.bool_,
    )
    if gathered.own:
        held_out[-gathered.own :] = False
    return held_out


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


def _kept_or_derived(ham: Vector, before: Thresholds, say: Callable[[str], None]) -> Thresholds:
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
    if len(spam) < 2 * LEAST_OF_A_LABEL:
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


def in_words(found: Figures) -> str:
    """Figures as a sentence."""
    held = "–" if found.ham_held is None else f"{found.ham_held * 1000:.0f}"
    through = "–" if found.spam_approved is None else f"{found.spam_approved * 1000:.0f}"
    auc = "–" if found.roc_auc is None else f"{found.roc_auc:.4f}"
    return (
        f"of 1,000 good comments {held} would be held, of 1,000 spam {through} let through; "
        f"ROC-AUC {auc} on {found.comments:,} comments"
    )


def _comparison(new: Figures, old: Figures | None) -> list[str]:
    rows = []
    for name, value in new.to_json().items():
        before = old.to_json()[name] if old else None
        rows.append(f"  {name.replace('_', ' '):<24}{_number(value):>12}{_number(before):>12}")
    return [f"  {'':<24}{'new':>12}{'current':>12}", *rows]


def _number(value: Any) -> str:
    return "–" if value is None else f"{value:,}" if isinstance(value, int) else f"{value:.4f}"


def _sigmoid(logits: Vector) -> Vector:
    result: Vector = 1.0 / (1.0 + np.exp(-np.clip(logits, -500, 500)))
    return result


def train(
    store: Store | None,
    shelf: Shelf,
    *,
    files: Sequence[Path] = (),
    keep_good_rows: bool = False,
    force: bool = False,
    fresh: bool = False,
    into: Path | None = None,
    progress: Progress | None = None,
) -> int:
    """Fit, report, write, and promote if no worse than the current model. The exit status: 0 promoted, 3 not.

    ``fresh`` starts from nothing instead of the current model's weights; ``force`` promotes in any case; ``into`` is
    where the model is written, the installation's own shelf by default. Raises CorpusError and ModelError.
    """
    progress = progress or Console()
    say = progress.say
    current = shelf.current()
    base = weights_of(current) if current and not fresh else None
    gathered = gather(store, files, keep_good_rows=keep_good_rows, names=base is None, say=say)
    spam = gathered.spam()
    if min(spam.sum(), (~spam).sum()) < LEAST_OF_A_LABEL:
        raise corpus.CorpusError(
            f"training needs at least {LEAST_OF_A_LABEL} comments of each label; "
            f"there are {(~spam).sum()} ham and {spam.sum()} spam"
        )
    say("learning from")
    for line in _count_table(gathered):
        say(line)
    total = len(gathered.examples)
    table = tabulate(
        [example.comment for example in gathered.examples], progress=lambda done: progress.step("read", done, total)
    )

    held_out = on_yardstick(gathered)
    learned = np.flatnonzero(~held_out)
    weight = weigh(gathered)
    say(f"fitting on {len(learned):,} comments" + (f", starting from {current.id}" if base and current else ""))
    weights = fit(*with_drop_out(table.take(learned), spam[learned], weight[learned]), base=base)

    yard = np.flatnonzero(held_out)
    yardstick, truth = table.take(yard), spam[yard]
    before = current.thresholds if current and base else None
    if base is None:
        weights, thresholds = _settled(weights, gathered, table, weight, learned, yard, progress)
    else:  # what starts from another model keeps its calibration, and its thresholds where comments are too few
        thresholds = _kept_or_derived(_sigmoid(weights.logits(yardstick))[~truth], before or CAUTIOUS, say)
    scores = _sigmoid(weights.logits(yardstick))
    unsigned = np.array([not _signed(gathered.examples[row]) for row in yard], dtype=np.bool_)
    new = figures(scores, truth, thresholds, unsigned=unsigned)
    old = None
    verdict = ""
    if current:
        old_scores = _sigmoid(weights_of(current).logits(yardstick))
        old = figures(old_scores, truth, current.thresholds, unsigned=unsigned)
        verdict = worse(scores, old_scores, truth)
    say("on the comments that no model learns from")
    for line in _comparison(new, old):
        say(line)
    trial = Trial(
        gathered.examples,
        table,
        spam,
        weight,
        gathered.own,
        yard,
        scores,
        thresholds,
        whole=weights if base is None else None,
        current=(current.id, old_scores, current.thresholds) if current else None,
    )
    told, texts = account(trial, say=say)
    report = {
        **told,
        "yardstick_of_the_current": old.to_json() if old else None,
        "started_from": current.id if current and base else None,
        "by_topic": _by_topic(gathered, yard, scores, thresholds),
    }
    folder = into or shelf.own
    own = folder == shelf.own  # only there may comments be quoted: a model made elsewhere is made to be given away
    id = publish(
        folder,
        weights,
        thresholds,
        made=datetime.now(UTC),
        report=report,
        texts=texts if own else None,
        summary=in_words(new),
    )
    say(f"wrote {folder / id}")
    if verdict and not force:
        say(f"{id} is not promoted: {verdict}. To use it all the same: moderator models promote {id}")
        return NOT_PROMOTED
    if own:
        shelf.promote(id)
        say(f"{id} is in force: {in_words(new)}")
    return PROMOTED


def _settled(
    weights: Weights,
    gathered: Gathered,
    table: Table,
    weight: Vector,
    learned: NDArray[np.intp],
    yard: NDArray[np.intp],
    progress: Progress,
) -> tuple[Weights, Thresholds]:
    """A fresh model calibrated, and its thresholds, from comments that the scoring model has not seen.

    Those are the yardstick and, out of fold, the project's own comments: they alone carry an author on most rows, as a
    blog's do. Thresholds from data sets without authors held 8 % of a blog's good comments for a budget of 1 %.
    """
    spam = gathered.spam()
    genre = np.array([example.source.startswith("starter/") for example in gathered.examples])
    fold = np.array([corpus.group_of(gathered.examples[row]) // YARDSTICK % FOLDS for row in learned])
    rows, logits = [yard], [weights.logits(table.take(yard))]
    unsigned_ham = []
    for number in range(FOLDS):
        inside = learned[fold != number]
        asked = learned[(fold == number) & genre[learned]]
        if len(asked):
            partial = fit(*with_drop_out(table.take(inside), spam[inside], weight[inside]))
            rows.append(asked)
            logits.append(partial.logits(table.take(asked)))
            unsigned_ham.append(partial.logits(without_author(table.take(asked[~spam[asked]]))))
        progress.step("folds", number + 1, FOLDS)
    seen, found = np.concatenate(rows), np.concatenate(logits)
    if min(spam[seen].sum(), (~spam[seen]).sum()) < 50:
        return weights, thresholds_from(_sigmoid(found)[~spam[seen]], None, progress.say)
    slope, shift = calibrate(found, spam[seen], weight[seen])
    scores = _sigmoid(slope * found + shift)
    thresholds = thresholds_from(scores[~spam[seen]], None, progress.say)
    hold = threshold(scores[~spam[seen] & genre[seen]], HOLD_BUDGET)
    unsigned_hold = (
        threshold(_sigmoid(slope * np.concatenate(unsigned_ham) + shift), HOLD_BUDGET) if unsigned_ham else None
    )
    hold = thresholds.hold if hold is None else hold
    reject = max(hold, thresholds.reject) if thresholds.reject is not None else None
    return recalibrated(weights, slope, shift), Thresholds(hold, reject, unsigned_hold)


def _signed(example: Example) -> bool:
    return bool(example.comment.author.name or example.comment.author.url)


def _by_topic(
    gathered: Gathered, rows: NDArray[np.intp], scores: Vector, thresholds: Thresholds
) -> dict[str, dict[str, int]]:
    """How many held-out comments of each topic stand on the wrong side of the threshold."""
    topics: dict[str, dict[str, int]] = {}
    for row, score in zip(rows, scores, strict=True):
        example = gathered.examples[row]
        counts = topics.setdefault(f"{example.label} {example.topic or example.source}", {"comments": 0, "wrong": 0})
        counts["comments"] += 1
        counts["wrong"] += int((score > thresholds.hold) != (example.label is Word.SPAM))
    return dict(sorted(topics.items()))

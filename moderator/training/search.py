"""A search for a better setting, and an honest word on what it finds.

Nested: the outer folds are never seen by the search that they judge, so the estimate is of the whole procedure and not
of its luckiest try (Varma & Simon 2006). Within, successive halving (Jamieson & Talwalkar 2016): every candidate is
tried on a part of the comments with few rounds, the best on all of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from moderator.policy import Thresholds
from moderator.training import bootstrap
from moderator.training.crossfit import fits, fold_of
from moderator.training.fit import USUAL, Setting, Table, Vector, sigmoid
from moderator.training.gathering import Truth
from moderator.training.groups import Groups
from moderator.training.measure import area, caught_at, rank
from moderator.training.parallel import ALONE, Workers
from moderator.training.table import Rows

# The usual setting, and others about it: one change each, and the two that go together.
CANDIDATES: tuple[Setting, ...] = (
    USUAL,
    replace(USUAL, strength=0.5),
    replace(USUAL, strength=8.0),
    replace(USUAL, strength=30.0),
    replace(USUAL, author=1.0),
    replace(USUAL, author=4.0),
    replace(USUAL, address=1.0),
    replace(USUAL, address=4.0),
    replace(USUAL, signals=0.1),
    replace(USUAL, signals=0.4),
    replace(USUAL, dropped=0.3),
    replace(USUAL, dropped=2.0),
    replace(USUAL, strength=8.0, dropped=2.0),
)
OUTER, INNER = 3, 3
# Rungs of the halving: of how many groups one is looked at, rounds of the fit, and how many candidates go on.
RUNGS = ((4, 15, 4), (1, 30, 1))
LARGE_SHARE = 0.01

Step = Callable[[int, int], None]


@dataclass(frozen=True)
class Found:
    """The setting that the search picks on all comments, what it picked in each outer fold, and what that is worth."""

    setting: Setting
    picked: tuple[Setting, ...]
    figures: dict[str, float]
    intervals: dict[str, bootstrap.Interval]
    comments: int
    folds_by: str

    def to_json(self) -> dict[str, Any]:
        """As report.json keeps it."""
        return {
            "setting": asdict(self.setting),
            "usual": asdict(USUAL),
            "picked": [asdict(setting) for setting in self.picked],
            "candidates": len(CANDIDATES),
            "folds_by": self.folds_by,
            "comments": self.comments,
            "figures": self.figures,
            "intervals": {name: list(pair) for name, pair in self.intervals.items()},
        }


@dataclass(frozen=True)
class Labelled:
    """Comments to search on; ``fold_by`` is what must stay in one fold, groups or whole sources."""

    table: Table
    spam: Truth
    weight: Vector
    groups: Groups
    fold_by: Groups  # below nought: never tested

    def take(self, rows: Rows) -> "Labelled":
        """Some of the rows."""
        return Labelled(
            self.table.take(rows), self.spam[rows], self.weight[rows], self.groups[rows], self.fold_by[rows]
        )


def fits_needed(outer: int = OUTER) -> int:
    """How many fits :func:`search` makes."""
    going, one = len(CANDIDATES), 0
    for _, _, left in RUNGS:
        one += going * INNER
        going = left
    return (outer + 1) * one + outer


def search(
    comments: Labelled,
    *,
    folds_by: str = "group",
    workers: Workers = ALONE,
    progress: Step = lambda done, total: None,
) -> Found | None:
    """The best setting, and what the search is worth on unseen comments; None where a fold has one class."""
    total, done = fits_needed(), 0

    def step() -> None:
        nonlocal done
        done += 1
        progress(min(done, total), total)

    fold = folds_of(comments.fold_by, OUTER)
    scores = np.full(len(fold), np.nan)
    picked = []
    for number in range(OUTER):
        inside, outside = without(comments.groups, fold, number)
        if not (_both(comments.spam[inside]) and _both(comments.spam[outside])):
            return None
        learned = comments.take(inside)
        setting = pick(learned, workers=workers, step=step)
        picked.append(setting)
        (weights,) = fits(
            learned.table, learned.spam, learned.weight, [(np.arange(len(inside)), setting)], workers=workers
        )
        scores[outside] = sigmoid(weights.logits(comments.table.take(outside)))
        step()
    setting = pick(comments, workers=workers, step=step)
    progress(total, total)
    tested = np.flatnonzero(fold >= 0)
    figures, intervals = ranked(scores[tested], comments.spam[tested], comments.groups[tested])
    return Found(setting, tuple(picked), figures, intervals, len(tested), folds_by)


def ranked(scores: Vector, spam: Truth, groups: Groups) -> tuple[dict[str, float], dict[str, bootstrap.Interval]]:
    """What the order of the scores is worth, and 95 % intervals over the groups."""
    ham_above, spam_above = rank(scores, spam).above()
    found = {
        "roc_auc": area(ham_above, spam_above),
        "caught_at_1_percent": caught_at(ham_above, spam_above, 0.01),
    }
    between = bootstrap.intervals(scores, spam, groups.tolist(), Thresholds(0.5, None))
    return found, {name: between[name] for name in found if name in between}


def pick(comments: Labelled, *, workers: Workers = ALONE, step: Callable[[], None] = lambda: None) -> Setting:
    """The candidate whose fits rank unseen comments best; the usual one unless it is clearly beaten."""
    going = list(CANDIDATES)
    place = _other(comments.groups) // 1_000
    for share, rounds, left in RUNGS:
        part = comments if share == 1 else comments.take(np.flatnonzero(place % share == 0))
        found = _tried(part, going, rounds, workers, step)
        if found is None:  # too few comments for this rung
            continue
        going = _best(going, found, left)
    return going[0]


def _tried(
    comments: Labelled, candidates: Sequence[Setting], rounds: int, workers: Workers, step: Callable[[], None]
) -> NDArray[np.float64] | None:
    """ROC-AUC of each candidate on each inner fold; None where there are too few comments for that."""
    folds = min(INNER, len(np.unique(comments.fold_by[comments.fold_by >= 0])))
    fold = folds_of(np.where(comments.fold_by >= 0, _other(comments.fold_by), -1), folds)
    parts = [without(comments.groups, fold, number) for number in range(folds)]
    if not parts[1:] or not all(_both(comments.spam[rows]) for pair in parts for rows in pair):
        return None
    wanted = ((inside, candidate) for inside, _ in parts for candidate in candidates)
    fitted = fits(comments.table, comments.spam, comments.weight, wanted, rounds=rounds, workers=workers)
    found = np.empty((len(candidates), folds))
    for number, (_, outside) in enumerate(parts):
        unseen, truth = comments.table.take(outside), comments.spam[outside]
        for candidate in range(len(candidates)):
            found[candidate, number] = area(*rank(next(fitted).logits(unseen), truth).above())
            step()
    return found


def _best(candidates: Sequence[Setting], found: NDArray[np.float64], count: int) -> list[Setting]:
    """The best by their mean; the usual setting stays, and wins where the best is within a standard error of it."""
    order = np.argsort(-found.mean(axis=1), kind="stable")
    best = [candidates[row] for row in order[:count]]
    usual = candidates.index(USUAL)
    ahead = found[order[0]] - found[usual]
    error = float(ahead.std(ddof=1)) / len(ahead) ** 0.5
    if count == 1:
        return best if float(ahead.mean()) > error else [USUAL]
    return best if USUAL in best else [*best[:-1], USUAL]


def folds_of(groups: Groups, folds: int) -> NDArray[np.int64]:
    """The fold of each row: large groups are dealt to the fold that has least, the others go by their number.

    What has no group (a number below nought) is in no fold (-1): always learned, never tested.
    """
    numbers, of, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    small = (sizes <= max(LARGE_SHARE * len(groups), 1)) & (numbers >= 0)
    large = np.flatnonzero(~small & (numbers >= 0))
    chosen = np.where(numbers >= 0, fold_of(numbers, folds), -1)
    filled = np.bincount(chosen[small], weights=sizes[small], minlength=folds)
    for group in large[np.argsort(-sizes[large], kind="stable")]:
        chosen[group] = np.argmin(filled)
        filled[chosen[group]] += sizes[group]
    return chosen[of]


def _other(groups: Groups) -> Groups:
    """Other numbers for the same groups, so that inner folds do not follow the outer ones (Knuth, TAOCP 6.4)."""
    mixed = groups.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    found: Groups = (mixed >> np.uint64(1)).astype(np.int64)
    return found


def without(groups: Groups, fold: NDArray[np.int64], number: int) -> tuple[Rows, Rows]:
    """(learned, tested) of a fold; a comment whose group is tested is not learned, wherever its fold is."""
    tested = fold == number
    met = np.isin(groups, groups[tested])
    return np.flatnonzero(~tested & ~met), np.flatnonzero(tested)


def _both(spam: Truth) -> bool:
    return bool(spam.any() and not spam.all())

"""Everything that is said of a new model, in one JSON object: ``report.json``. The page shows this and nothing else.

Texts of comments are never in it; they are kept apart in :class:`Texts`, for the page of an installation's own model.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from moderator.comment import Word
from moderator.labelled import Example
from moderator.policy import Thresholds
from moderator.reading import read
from moderator.training import bootstrap, crossfit, measure
from moderator.training.doubt import Doubts
from moderator.training.evaluate import DOUBT, HOLD_BUDGET, REJECT_BUDGET, figures, needed, threshold
from moderator.training.fit import ALONE, USUAL, Setting, Table, Weights
from moderator.training.groups import Groups
from moderator.training.measure import Truth, Vector
from moderator.training.parallel import Workers
from moderator.training.slices import slices
from moderator.training.wording import percent

MOST_TEXTS = 25  # of each list, on the page
MOST_OF_A_TEXT = 600


@dataclass(frozen=True)
class Trial:
    """A fitted model and what it was fitted and tried on. ``scores`` are the yardstick's, ``yard`` its rows,
    ``learned`` the others; comments of one of the ``groups`` are in one of the two.

    ``whole`` is the model's own weights where it started from nothing, so that the learning curve need not fit them
    again; ``current`` the model in force: id, scores of the same comments, thresholds; ``doubts`` which labels are in
    doubt. The last ``own`` examples are this installation's verdicts.
    """

    examples: Sequence[Example]
    groups: Groups
    table: Table
    spam: Truth
    weight: Vector
    own: int
    learned: NDArray[np.intp]
    yard: NDArray[np.intp]
    scores: Vector
    thresholds: Thresholds
    whole: Weights | None = None
    current: tuple[str, Vector, Thresholds] | None = None
    doubts: Doubts | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """A comment that somebody should look at, and what the model thinks of it."""

    text: str
    author: str
    url: str
    label: str
    score: float
    source: str
    topic: str


@dataclass(frozen=True)
class Texts:
    """Comments to read: the most confident mistakes, and labels that are probably wrong."""

    worst: tuple[Shown, ...] = ()
    suspicious: tuple[Shown, ...] = ()


def measured(scores: Vector, spam: Truth, groups: Sequence[int], thresholds: Thresholds) -> dict[str, Any]:
    """The figures, their intervals, lam %, and what they prove at 95 % certainty (exact bounds)."""
    found = figures(scores, spam, thresholds)
    over = scores > thresholds.hold
    hams, spams = int((~spam).sum()), int(spam.sum())
    held, through = int((over & ~spam).sum()), int((~over & spam).sum())
    both = hams > 0 and spams > 0
    between = bootstrap.intervals(scores, spam, groups, thresholds)
    for name, value, of in (("ham_held", found.ham_held, hams), ("ham_rejected", found.ham_rejected, hams)):
        if value == 0 and name in between:  # nothing happened in any resample either; that does not prove never
            between[name] = (0.0, measure.share_between(0, of)[1])
    return {
        "figures": found.to_json(),
        "intervals": {name: list(pair) for name, pair in between.items()},
        "lam": measure.lam(measure.smoothed(held, hams), measure.smoothed(through, spams)) if both else None,
        "counts": {"ham": hams, "spam": spams, "ham_held": held, "spam_approved": through, "groups": len(set(groups))},
        "proven": {
            "ham_held_at_most": measure.at_most(held, hams) if hams else None,
            "spam_caught_at_least": measure.at_least(spams - through, spams) if spams else None,
        },
    }


def account(
    trial: Trial,
    *,
    workers: Workers = ALONE,
    setting: Setting = USUAL,
    fits: bool = True,
    say: Callable[[str], None] = lambda text: None,
) -> tuple[dict[str, Any], Texts]:
    """The report of a trial, and the comments to read.

    Without ``fits`` there is no learning curve: it fits the model anew several times.
    """
    examples = [trial.examples[int(row)] for row in trial.yard]
    spam = trial.spam[trial.yard]
    yard_groups = trial.groups[trial.yard].tolist()
    readings = [read(example.comment) for example in examples]
    shown: dict[str, Any] = measured(trial.scores, spam, yard_groups, trial.thresholds)
    shown["yardstick"] = shown.pop("figures")
    shown["comparison"] = _comparison(trial, spam, yard_groups)
    shown["thresholds"] = how_thresholds(trial.scores[~spam], trial.thresholds, started=trial.whole is None)
    shown["curves"] = _curves(trial.scores, spam)
    shown["reliability"] = [asdict(part) for part in measure.reliability(trial.scores, spam)]
    ham_bars, spam_bars = measure.histogram(trial.scores, spam)
    shown["histogram"] = {"ham": ham_bars, "spam": spam_bars}
    shown["slices"] = [asdict(part) for part in slices(examples, readings, trial.scores, spam, trial.thresholds)]
    shown["learning_curve"] = _curve(trial, workers=workers, setting=setting, say=say) if fits else []
    shown["own"] = _own(trial, trial.doubts.scores) if trial.doubts else None
    worst = worst_errors(trial.scores, spam, trial.thresholds)
    return shown, Texts(
        tuple(_show(examples[row], trial.scores[row]) for row in worst),
        _doubted(trial),
    )


def _curve(trial: Trial, *, workers: Workers, setting: Setting, say: Callable[[str], None]) -> list[dict[str, Any]]:
    learned = trial.learned
    curve = crossfit.learning_curve(
        trial.table.take(learned),
        trial.spam[learned],
        trial.weight[learned],
        trial.groups[learned],
        (trial.table.take(trial.yard), trial.spam[trial.yard]),
        whole=trial.whole,
        setting=setting,
        workers=workers,
        progress=say,
    )
    return [point.to_json() for point in curve]


def _doubted(trial: Trial) -> tuple[Shown, ...]:
    """The labels in doubt that are shown, those that are not learned from first."""
    if trial.doubts is None:
        return ()
    unseen = dict(zip(trial.learned.tolist(), trial.doubts.scores.tolist(), strict=True))
    out = trial.doubts.left_out.tolist()
    rows = [*out, *(row for row in trial.doubts.rows.tolist() if row not in set(out))][:MOST_TEXTS]
    return tuple(_show(trial.examples[row], unseen[row]) for row in rows)


def worst_errors(scores: Vector, spam: Truth, thresholds: Thresholds) -> NDArray[np.intp]:
    """Rows on the wrong side of the threshold to hold, the furthest from the truth first."""
    wrong = np.flatnonzero((scores > thresholds.hold) != spam)
    far = np.abs(scores[wrong] - spam[wrong])
    found: NDArray[np.intp] = wrong[np.argsort(-far, kind="stable")][:MOST_TEXTS]
    return found


def how_thresholds(ham: Vector, thresholds: Thresholds, *, started: bool) -> list[dict[str, Any]]:
    """Each threshold: its budget, how many good comments that needs and has, and how it came about in a sentence."""
    told = []
    for name, budget, value in (
        ("hold", HOLD_BUDGET, thresholds.hold),
        ("reject", REJECT_BUDGET, thresholds.reject),
    ):
        needs, has = needed(budget), len(ham)
        derived = threshold(ham, budget) is not None
        if derived:
            above = int((ham > value).sum()) if value is not None else 0
            how = (
                f"At most {budget * 100:g} % of good comments may score higher, with {percent(1 - DOUBT)} certainty. "
                f"That needs {needs:,} held-out good comments; there are {has:,}, of which {above:,} score higher."
            )
        else:
            kept = "the earlier model's stays" if started else "a cautious one stands in"
            rest = kept if value is not None else "nothing is rejected by score alone"
            goal = f"{budget * 100:g} % with {percent(1 - DOUBT)} certainty"
            how = f"{goal} needs {needs:,} held-out good comments; has {has:,}: {rest}."
        told.append(
            {"name": name, "value": value, "budget": budget, "needs": needs, "has": has, "derived": derived, "how": how}
        )
    return told


def _curves(scores: Vector, spam: Truth) -> dict[str, Any] | None:
    if not spam.any() or spam.all():
        return None
    return {
        "precision": [list(point) for point in measure.precision_curve(scores, spam)],
        "detection": [list(point) for point in measure.detection_curve(scores, spam)],
    }


def _comparison(trial: Trial, spam: Truth, groups: Sequence[int]) -> dict[str, Any] | None:
    """The model in force on the same comments, and intervals of what has changed."""
    if trial.current is None:
        return None
    id, scores, thresholds = trial.current
    wrong = (scores > thresholds.hold) != spam
    shares = [measure.smoothed(float(wrong[part].sum()), float(part.sum())) for part in (~spam, spam)]
    both = bool(spam.any() and not spam.all())
    apart = bootstrap.differences((trial.scores, trial.thresholds), (scores, thresholds), spam, groups)
    return {
        "with": id,
        "figures": {**figures(scores, spam, thresholds).to_json(), "lam": measure.lam(*shares) if both else None},
        "changes": {name: list(pair) for name, pair in apart.items()},
        "curves": _curves(scores, spam),
    }


def _own(trial: Trial, unseen: Vector) -> dict[str, Any] | None:
    """How well this installation's verdicts are foretold by models that have not seen them. Own ones stand last."""
    if not trial.own:
        return None
    scores, spam = unseen[-trial.own :], trial.spam[trial.learned][-trial.own :]
    both = bool(spam.any() and not spam.all())
    auc = measure.area(*measure.rank(scores, spam).above()) if both else None
    return {"comments": len(scores), "spam": int(spam.sum()), "roc_auc": auc}


def _show(example: Example, score: float) -> Shown:
    body = example.comment.body
    label = "spam" if example.label is Word.SPAM else "ham"
    return Shown(
        text=body if len(body) <= MOST_OF_A_TEXT else f"{body[:MOST_OF_A_TEXT]} …",
        author=example.comment.author.name,
        url=example.comment.author.url,
        label=label,
        score=float(score),
        source=example.source,
        topic=example.topic,
    )

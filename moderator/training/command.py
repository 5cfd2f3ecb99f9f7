"""``moderator train``: from everything that is labelled to a model that is promoted if it is no worse."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from moderator.shelf import Shelf
from moderator.store import Store
from moderator.training import corpus
from moderator.training.account import Trial, account
from moderator.training.console import Console, Progress
from moderator.training.crossfit import FOLDS
from moderator.training.doubt import Doubt, Doubts, doubts
from moderator.training.evaluate import Figures, figures
from moderator.training.fit import USUAL, Setting, Table, Vector, Weights, fit, sigmoid
from moderator.training.gate import harmful
from moderator.training.gathering import Gathered, count_table, gather, split, topics, weigh
from moderator.training.groups import Groups
from moderator.training.in_time import measured_in_time
from moderator.training.parallel import ALONE, Workers
from moderator.training.publish import publish, weights_of
from moderator.training.search import Found, Labelled, search
from moderator.training.serving import classifier_of, served
from moderator.training.table import Rows, in_memory, on_disk, tabulate
from moderator.training.thresholds import CAUTIOUS, kept_or_derived, settled, worse
from moderator.training.wording import FIGURES, figure

__all__ = ["FAILED", "NOT_PROMOTED", "PROMOTED", "Console", "Progress", "train"]

LEAST_OF_A_LABEL = 5
PROMOTED, FAILED, NOT_PROMOTED = 0, 1, 3


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


def train(
    store: Store | None,
    shelf: Shelf,
    *,
    files: Sequence[Path] = (),
    keep_good_rows: bool = False,
    force: bool = False,
    fresh: bool = False,
    into: Path | None = None,
    searched: bool = False,
    by_source: bool = False,
    doubt: Doubt = Doubt.OTHERS,
    scratch: Path | None = None,
    workers: Workers = ALONE,
    progress: Progress | None = None,
) -> int:
    """Fit, report, write, and promote if no worse than the current model. The exit status: 0 promoted, 3 not.

    ``fresh`` starts from nothing instead of the current model's weights; ``force`` promotes in any case; ``into`` is
    where the model is written, the installation's own shelf by default. ``searched`` looks for a better setting first,
    with folds of groups or (``by_source``) of whole sources. ``doubt`` says whose labels are left out where all others
    deny them. Comments and features lie in nameless files in the folder
    ``scratch``, without one in memory. Raises CorpusError, ModelError and ClusterError.
    """
    progress = progress or Console()
    say = progress.say
    current = shelf.current()
    base = weights_of(current) if current and not fresh else None
    gathered = gather(store, files, keep_good_rows=keep_good_rows, names=base is None, say=say, scratch=scratch)
    spam, total = gathered.spam, len(gathered)
    if min(spam.sum(), (~spam).sum()) < LEAST_OF_A_LABEL:
        raise corpus.CorpusError(
            f"training needs at least {LEAST_OF_A_LABEL} comments of each label; "
            f"there are {(~spam).sum()} ham and {spam.sum()} spam"
        )
    say("learning from")
    for line in count_table(gathered):
        say(line)
    table = tabulate(
        (example.comment for example in gathered.examples),
        progress=lambda done: progress.step("read", done, total),
        workers=workers,
        keep=on_disk(scratch) if scratch else in_memory,
    )

    learned, yard = split(gathered)
    weight = weigh(gathered)
    found = _searched(gathered, table, weight, learned, by_source, workers, progress) if searched else None
    setting = found.setting if found else USUAL
    say(f"doubtful labels: {FOLDS} fits, each on the comments that it does not judge")
    doubted = doubts(gathered, table, weight, learned, doubt=doubt, setting=setting, workers=workers)
    if doubted is not None:
        say(_doubted(doubted))
        weight[doubted.left_out] = 0.0
    say(f"fitting on {len(learned):,} comments" + (f", starting from {current.id}" if base and current else ""))
    rows, yardstick, truth = table.take(learned), table.take(yard), spam[yard]

    def fitted(counts: Vector) -> Weights:
        return fit(
            rows, spam[learned], counts[learned], base=base, drop_out=True, setting=setting, workers=workers
        )  # fmt: skip

    weights = fitted(weight)
    left_out = harmful(
        gathered.examples,
        gathered.own,
        weight,
        truth,
        weights.logits(yardstick),
        lambda counts: fitted(counts).logits(yardstick),
    )
    if left_out:
        for site, worse_off in left_out.items():
            say(f"the verdicts of {site} are left out: with them {worse_off}")
        weight[[example.source in left_out for example in gathered.examples]] = 0.0
        weights = fitted(weight)
    compared = [gathered.examples[int(row)].comment for row in yard]
    before = current.thresholds if current and base else None
    if base is None:
        weights, thresholds = settled(
            weights, setting, gathered, table, weight, learned, yard, workers=workers, progress=progress
        )
    else:  # what starts from another model keeps its calibration, and its thresholds where comments are too few
        good = sigmoid(served(classifier_of("", weights), compared))[~truth]
        thresholds = kept_or_derived(good, before or CAUTIOUS, say)
    scores = sigmoid(served(classifier_of("", weights), compared))
    unsigned = ~gathered.signed[yard]
    new = figures(scores, truth, thresholds, unsigned=unsigned)
    old = None
    verdict = ""
    if current:
        old_scores = sigmoid(served(current, compared))
        old = figures(old_scores, truth, current.thresholds, unsigned=unsigned)
        verdict = worse(scores, old_scores, truth)
    say("on the comments that no model learns from")
    for line in _comparison(new, old):
        say(line)
    trial = Trial(
        gathered.examples,
        gathered.groups,
        table,
        spam,
        weight,
        gathered.own,
        learned,
        yard,
        scores,
        thresholds,
        whole=weights if base is None else None,
        current=(current.id, old_scores, current.thresholds) if current else None,
        doubts=doubted,
    )
    told, texts = account(trial, workers=workers, setting=setting, say=say)
    later = measured_in_time(gathered, table, weight, setting=setting, workers=workers)
    say(_later(later))
    folder = into or shelf.own
    own = folder == shelf.own  # only there may comments be quoted: a model made elsewhere is made to be given away
    report = {
        **told,
        "suspicious": doubted.told(gathered, learned, own=own) if doubted else None,
        "learned_from": {name: rows for name, (rows, _) in gathered.counts().items()},
        "yardstick_of_the_current": old.to_json() if old else None,
        "started_from": current.id if current and base else None,
        "by_topic": topics(gathered, yard.tolist(), (scores > thresholds.hold) != truth),
        "search": found.to_json() if found else None,
        "left_out": left_out,
        "in_time": later,
    }
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


def _searched(
    gathered: Gathered, table: Table, weight: Vector, rows: Rows, by_source: bool, workers: Workers, progress: Progress
) -> Found | None:
    """A search on the learned comments, told in lines."""
    comments = Labelled(
        table.take(rows),
        gathered.spam[rows],
        weight[rows],
        gathered.groups[rows],
        _by_source(gathered)[rows] if by_source else gathered.groups[rows],
    )
    by = "source" if by_source else "group"
    found = search(
        comments, folds_by=by, workers=workers, progress=lambda done, total: progress.step("search", done, total)
    )
    if found is None:
        progress.say("no search: a fold would lack one of the labels; give it more comments")
        return None
    progress.say(f"the search picks {_setting(found.setting)}")
    for name, value in found.figures.items():
        pair = found.intervals.get(name)
        between = f" ({figure(name, pair[0])} to {figure(name, pair[1])} at 95 %)" if pair else ""
        progress.say(f"  on comments that it has not seen: {FIGURES[name][0]} {figure(name, value)}{between}")
    return found


def _by_source(gathered: Gathered) -> Groups:
    """The number of each comment's source; -1 for sources of one label, which can be learned from but judge nothing."""
    counts = gathered.counts()
    pairs = [counts.get(name, (0, 0)) for name in gathered.sources]
    mixed = np.array([min(spam, rows - spam) >= LEAST_OF_A_LABEL for rows, spam in pairs])
    return np.where(mixed[gathered.source], gathered.source, -1).astype(np.int64)


def _setting(setting: Setting) -> str:
    if setting == USUAL:
        return "the usual setting"
    usual = asdict(USUAL)
    return ", ".join(
        f"{name} {value:g} (usually {usual[name]:g})" for name, value in asdict(setting).items() if value != usual[name]
    )


def _doubted(found: Doubts) -> str:
    left_out = f"; {len(found.left_out):,} of them are left out" if len(found.left_out) else ""
    return f"{len(found.rows):,} labels are denied by models that have not seen them{left_out}"


def _later(later: dict[str, Any] | str) -> str:
    if isinstance(later, str):
        return later
    caught = figure("caught_at_1_percent", later["figures"]["caught_at_1_percent"])
    return (
        f"learned from the past, tried on the {later['comments']:,} newest comments: ROC-AUC "
        f"{later['figures']['roc_auc']:.4f}, {caught} of spam caught where 1 % of good ones are held"
    )

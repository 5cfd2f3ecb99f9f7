"""Learned from the past, tried on what came after it: the split that an operator lives through.

Only where dates are dates: in some data sets only one label carries them, and then they are a mark of the label. So
both labels of a source must be dated about equally often.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from moderator.training.crossfit import fits
from moderator.training.fit import USUAL, Setting, Table, Vector, sigmoid
from moderator.training.gathering import Gathered
from moderator.training.parallel import ALONE, Workers
from moderator.training.search import ranked
from moderator.training.table import Rows

NEWEST = 0.2
LEAST_DATED = 0.5  # of each label of a source
MOST_APART = 0.1  # of the shares of ham and spam that are dated
LEAST_OF_A_SOURCE = 50
LEAST_OF_A_LABEL = 20  # among the newest


@dataclass(frozen=True)
class Turn:
    """Where the past ends: what is learned, what is tested, and of which sources that is the newest fifth."""

    learned: Rows
    tested: Rows
    sources: tuple[str, ...]
    since: datetime


def turn(gathered: Gathered) -> Turn | str:
    """The split by time; where there cannot be one, why."""
    dated = ~np.isnan(gathered.created)
    newest = np.zeros(len(gathered), dtype=np.bool_)
    ours = np.zeros(len(gathered), dtype=np.bool_)
    sources = []
    since = np.inf
    for number, name in enumerate(gathered.sources):
        rows = gathered.source == number
        if not _is_dated(gathered, rows, dated):
            continue
        cut = float(np.quantile(gathered.created[rows & dated], 1.0 - NEWEST))
        after = rows & dated & (gathered.created > cut)
        newest |= after
        ours |= rows
        sources.append(name)
        since = min(since, cut)
    spam = int((newest & gathered.spam).sum())
    ham = int(newest.sum()) - spam
    if min(spam, ham) < LEAST_OF_A_LABEL:
        return (
            f"no split by time: it needs {LEAST_OF_A_LABEL} of each label among the newest fifth of sources whose "
            f"comments have dates on both labels; there are {ham} good comments and {spam} spam"
        )
    # What has no date, in a source that has them, may be from the time after.
    learned = ~newest & ~(ours & ~dated) & ~np.isin(gathered.groups, gathered.groups[newest])
    if min(gathered.spam[learned].sum(), (~gathered.spam[learned]).sum()) < LEAST_OF_A_LABEL:
        return "no split by time: too little of the past is left to learn from"
    return Turn(np.flatnonzero(learned), np.flatnonzero(newest), tuple(sources), datetime.fromtimestamp(since, UTC))


def _is_dated(gathered: Gathered, rows: np.ndarray, dated: np.ndarray) -> bool:
    spam, ham = rows & gathered.spam, rows & ~gathered.spam
    if rows.sum() < LEAST_OF_A_SOURCE or not spam.any() or not ham.any():
        return False
    shares = [float(dated[part].mean()) for part in (spam, ham)]
    return min(shares) >= LEAST_DATED and abs(shares[0] - shares[1]) <= MOST_APART


def measured_in_time(
    gathered: Gathered,
    table: Table,
    weight: Vector,
    *,
    setting: Setting = USUAL,
    workers: Workers = ALONE,
) -> dict[str, Any] | str:
    """The figures of a fit, from nothing, on the past; or why there are none. They are of the ranking alone."""
    found = turn(gathered)
    if isinstance(found, str):
        return found
    spam = gathered.spam
    (weights,) = fits(table, spam, weight, [(found.learned, setting)], workers=workers)
    scores = sigmoid(weights.logits(table.take(found.tested)))
    figures, intervals = ranked(scores, spam[found.tested], gathered.groups[found.tested])
    return {
        "sources": list(found.sources),
        "since": found.since.isoformat(timespec="seconds"),
        "learned": len(found.learned),
        "comments": len(found.tested),
        "spam": int(spam[found.tested].sum()),
        "figures": figures,
        "intervals": {name: list(pair) for name, pair in intervals.items()},
    }

"""Labels that a model which has not seen them denies with confidence: listed, and some of them not learned from.

Confident learning (Northcutt, Jiang & Chuang 2021): out of fold, the other label is at least as likely as it usually is
among comments that carry it. Such a label is a mistake, somebody's lie, or a comment unlike all others, so only part of
a source is ever left out: nobody's whole opinion is. What the project itself and this installation's moderators say is
listed and learned all the same.
"""

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from moderator.training.crossfit import out_of_fold, suspicious
from moderator.training.fit import USUAL, Setting, Table, Vector
from moderator.training.gathering import Gathered
from moderator.training.parallel import ALONE, Workers
from moderator.training.table import Rows

# Of a source's comments of one label so many may be left out, the clearest ones.
MOST_OF_A_LABEL = 0.1
MOST_LISTED = 1_000


class Doubt(StrEnum):
    """Whose labels may be left out."""

    OTHERS = "others"  # files', and verdicts that came through a blog's door or an import
    ALL = "all"  # moderators' too
    NONE = "none"  # they are listed, and learned


@dataclass(frozen=True)
class Doubts:
    """The rows whose labels are in doubt, the clearest first; those of them that are not learned from; and each learned
    row's score by a model that has not seen it."""

    rows: Rows
    left_out: Rows
    scores: Vector

    def told(self, gathered: Gathered, learned: Rows, *, own: bool) -> dict[str, Any]:
        """As report.json keeps it; comments' ids only in an installation's ``own`` model, as others' are not ours."""
        unseen = dict(zip(learned.tolist(), self.scores.tolist(), strict=True))
        by_source = Counter(gathered.sources[gathered.source[row]] for row in self.rows)
        out = Counter(gathered.sources[gathered.source[row]] for row in self.left_out)
        listed = []
        for row in self.left_out[:MOST_LISTED].tolist():
            example = gathered.examples[row]
            one = {"source": example.source, "label": example.label.value, "score": round(unseen[row], 4)}
            listed.append({**one, "id": example.comment.id} if own else one)
        return {
            "looked_at": len(learned),
            "found": len(self.rows),
            "by_source": dict(by_source.most_common()),
            "left_out": len(self.left_out),
            "left_out_by_source": dict(out.most_common()),
            "left_out_labels": listed,
        }


def doubts(
    gathered: Gathered,
    table: Table,
    weight: Vector,
    learned: Rows,
    *,
    doubt: Doubt = Doubt.OTHERS,
    setting: Setting = USUAL,
    workers: Workers = ALONE,
) -> Doubts | None:
    """Which labels of the learned rows are in doubt; None with too few groups to ask one another."""
    spam = gathered.spam[learned]
    scores = out_of_fold(
        table.take(learned), spam, weight[learned], gathered.groups[learned], setting=setting, workers=workers
    )
    if scores is None:
        return None
    rows = learned[suspicious(scores, spam)]
    spared = gathered.project | (gathered.vouched & (doubt is not Doubt.ALL)) | (doubt is Doubt.NONE)
    left_out = bounded(gathered, learned, rows[~spared[rows]])
    return Doubts(rows, left_out, scores)


def bounded(gathered: Gathered, learned: Rows, rows: Rows) -> Rows:
    """The first of ``rows``, as many as may be left out of each source's learned comments of either label."""
    kind = gathered.source * 2 + gathered.spam
    most = (np.bincount(kind[learned]) * MOST_OF_A_LABEL).astype(np.int64)
    seen: Counter[int] = Counter()
    kept = []
    for row in rows.tolist():
        seen[kind[row]] += 1
        if seen[kind[row]] <= most[kind[row]]:
            kept.append(row)
    return np.array(kept, dtype=np.intp)

"""A model that exists, tried on labelled comments: figures, slices, and where it differs from another."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from moderator import policy
from moderator.classifier import Classifier
from moderator.comment import Action, Word
from moderator.labelled import Example
from moderator.policy import Case, SitePolicy, Thresholds
from moderator.reading import Reading, read
from moderator.training import corpus
from moderator.training.account import measured
from moderator.training.bootstrap import Interval, differences
from moderator.training.groups import groups
from moderator.training.measure import Truth, Vector
from moderator.training.slices import slices

BLOCK = 256


@dataclass(frozen=True, slots=True)
class Flip:
    """A comment that two models decide differently."""

    label: str
    before: str
    after: str
    score_before: float
    score_after: float
    text: str


@dataclass(frozen=True)
class Tried:
    """Comments, and the scores that a model gives them."""

    examples: Sequence[Example]
    readings: Sequence[Reading]
    scores: Vector
    thresholds: Thresholds

    @property
    def spam(self) -> Truth:
        """Which are spam."""
        return np.array([example.label is Word.SPAM for example in self.examples], dtype=np.bool_)

    @property
    def groups(self) -> list[int]:
        """Which belong together."""
        return [int(number) for number in groups(self.examples)]

    def told(self) -> dict[str, Any]:
        """Figures with intervals and bounds, and slices."""
        found = measured(self.scores, self.spam, self.groups, self.thresholds)
        parts = slices(self.examples, self.readings, self.scores, self.spam, self.thresholds)
        return {**found, "slices": [asdict(part) for part in parts]}

    def changes(self, before: "Tried") -> dict[str, Interval]:
        """Intervals of each figure of this less that of ``before``, on the same comments."""
        return differences((self.scores, self.thresholds), (before.scores, before.thresholds), self.spam, self.groups)

    def decisions(self) -> list[Action]:
        """What the policy says of each, for a site that chose nothing."""
        site, decided = SitePolicy(), []
        for example, reading, score in zip(self.examples, self.readings, self.scores, strict=True):
            asked = None if reading.too_complex else float(score)
            decided.append(policy.decide(Case(example.comment, reading, site, asked, self.thresholds))[0])
        return decided

    def flips(self, other: "Tried") -> list[Flip]:
        """Where ``other``, tried on the same comments, decides differently; the greatest change of score first."""
        rows = zip(self.examples, self.decisions(), other.decisions(), self.scores, other.scores, strict=True)
        found = [
            Flip(example.label, before, after, float(old), float(new), example.comment.body)
            for example, before, after, old, new in rows
            if before != after
        ]
        return sorted(found, key=lambda flip: -abs(flip.score_after - flip.score_before))


def on_files(classifier: Classifier, files: Sequence[Path], *, keep_good_rows: bool = False) -> Tried:
    """Try a model on the labelled comments of files. Raises CorpusError."""
    examples: list[Example] = []
    for path in files:
        examples += corpus.from_file(path, keep_good_rows=keep_good_rows)[0]
    return on(classifier, examples)


def on(classifier: Classifier, examples: Sequence[Example]) -> Tried:
    """Try a model on examples."""
    readings = [read(example.comment) for example in examples]
    logits = [classifier.scores(readings[start : start + BLOCK]) for start in range(0, len(readings), BLOCK)]
    joined = np.concatenate(logits) if logits else np.empty(0)
    scores = 1.0 / (1.0 + np.exp(-np.clip(joined, -500, 500)))
    return Tried(examples, readings, scores, classifier.thresholds)

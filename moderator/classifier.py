"""Weights × features → Score and Reasons. NumPy only; loading a model can execute nothing."""

from dataclasses import dataclass
from pathlib import Path

from moderator.comment import Reason
from moderator.policy import Thresholds
from moderator.reading import Reading


class ModelError(Exception):
    """A model folder that cannot be used, with the cure."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """What a stretch of the reading's text weighs: towards spam above zero, towards ham below (log-odds)."""

    start: int
    end: int
    weight: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """A score taken apart: ``logit`` = ``bias`` + the sum of ``parts`` (sentence, weight); ``words`` shade the text."""

    score: float
    logit: float
    bias: float
    parts: tuple[tuple[str, float], ...]
    words: tuple[Weighed, ...]


class Classifier:
    """A fitted model, ready to answer. Immutable, shared by threads."""

    id: str
    thresholds: Thresholds

    def score(self, reading: Reading) -> float:
        """The calibrated probability that it is spam."""
        raise NotImplementedError

    def reasons(self, reading: Reading) -> tuple[Reason, ...]:
        """The few weightiest reasons for the score, in sentences, heaviest first."""
        raise NotImplementedError

    def explain(self, reading: Reading) -> Explanation:
        """The whole account of the score; its parts sum to its log-odds."""
        raise NotImplementedError


def load(folder: Path) -> Classifier:
    """The model in ``folder``, checked: digests, shapes, finite weights, and its answers to its probes.

    Raises ModelError for anything missing, truncated, edited, or made by other code.
    """
    raise NotImplementedError

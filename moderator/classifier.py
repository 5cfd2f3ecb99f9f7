"""Weights × features → Score and Reasons. NumPy only; loading a model can execute nothing.

The classifier is logistic regression over the hashed spaces of features.py, each scaled to length one, and the signals
of signals.py. Its log-odds are a sum, so every reason that is shown is a part of the score and not a story about it.
A long text counts as its worst part does, if that is worse than the whole (windows.py).
"""

import math
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from moderator import features, model_file
from moderator.comment import Comment, Reason
from moderator.layout import lay_out
from moderator.model_file import ModelError
from moderator.policy import Thresholds
from moderator.reading import Reading, read
from moderator.shading import Heaviest, Weighed, shade
from moderator.signals import SIGNALS, measure, sentence
from moderator.spaces import AUTHOR, BODY, NAMED, NAMED_WORDS, SPACES, WORDS, whole
from moderator.weights import Weights
from moderator.windows import MARGIN, STEP, Worst, worst

# Models answer their probes to this, across processors and NumPy versions: sums of 32-bit floats in another order.
PROBE_TOLERANCE = 1e-4
# Reasons below this many log-odds are noise to a reader; at most so many are given.
LEAST_WEIGHT = 0.25
MOST_REASONS = 4
# Codes and sentences of reasons. The text has two spaces and one reason, which quotes its words.
SIGNALS_SAY = [(signal.__name__, sentence(signal)) for signal in SIGNALS]
SPACES_SAY = [(space.name, f"{space.says[0].upper()}{space.says[1:]}.") for space in SPACES]
TEXT = (BODY, WORDS)
PART_SAYS = "A part of the text is worse than the whole."
# However it is read, it is one name.
NAME = (AUTHOR, NAMED, NAMED_WORDS)


@dataclass(frozen=True, slots=True)
class Assessment:
    """The calibrated probability of spam, and the few weightiest reasons for it, heaviest first."""

    score: float
    reasons: tuple[Reason, ...]

    def adjusted(self, adjustments: Sequence["Adjustment"]) -> "Assessment":
        """The same with what the model cannot know of: log-odds are added, and those that weigh are told first."""
        if not adjustments:
            return self
        score = sigmoid(logit(self.score) + sum(one.log_odds for one in adjustments))
        told = sorted((one for one in adjustments if abs(one.log_odds) > LEAST_WEIGHT), key=lambda o: -abs(o.log_odds))
        reasons = tuple(Reason(one.code, f"{one.text} {_towards(one.log_odds)}") for one in told)
        return Assessment(score, reasons + self.reasons)


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A part of a score that comes from beyond the model: what this installation knows of author, hosts and site.

    ``code`` and ``text`` are its reason's; ``log_odds`` is what it adds, and whoever makes one bounds it.
    """

    code: str
    text: str
    log_odds: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """A score taken apart: ``logit`` = ``bias`` + the sum of ``parts`` (sentence, weight); ``words`` shade the text.

    ``words`` are spans of the reading's text; their weights sum to the parts of the text's wording and words (where
    there is a text: a link around an image is weighed and shows none).
    """

    score: float
    logit: float
    bias: float
    parts: tuple[tuple[str, float], ...]
    words: tuple[Weighed, ...]

    def adjusted(self, says: str, log_odds: float) -> "Explanation":
        """The same with one more part, which comes from beyond the model."""
        if not log_odds:
            return self
        parts = tuple(sorted((*self.parts, (says, log_odds)), key=lambda part: -abs(part[1])))
        logit = self.logit + log_odds
        return replace(self, score=sigmoid(logit), logit=logit, parts=parts)


def sigmoid(logit: float) -> float:
    """The probability of log-odds, without overflow."""
    return 1.0 / (1.0 + math.exp(-logit)) if logit >= 0 else math.exp(logit) / (1.0 + math.exp(logit))


def logit(probability: float) -> float:
    """The log-odds of a probability; of 0 and 1 those of the numbers next to them."""
    inside = min(max(probability, 1e-15), 1.0 - 1e-15)
    return math.log(inside / (1.0 - inside))


class Classifier:
    """A fitted model, ready to answer. Immutable, shared by threads."""

    def __init__(
        self,
        id: str,
        *,
        weights: NDArray[np.float32],
        bias: float,
        signal_weights: Sequence[float],
        signal_means: Sequence[float],
        thresholds: Thresholds,
    ) -> None:
        """``weights`` has OWN_WEIGHTS entries; signals are taken relative to their means over good comments."""
        self.id = id
        self.thresholds = thresholds
        self.weights: Weights = whole(weights)
        self.bias = bias
        self.signal_weights = np.array(signal_weights, dtype=np.float64)
        self.signal_means = np.array(signal_means, dtype=np.float64)
        # As lists: for one comment's 32 numbers plain arithmetic is quicker than three calls of NumPy.
        self._signal_weights: list[float] = self.signal_weights.tolist()
        self._means: list[float] = self.signal_means.tolist()
        self._parts_by: Weights = self.weights  # what parts of texts are weighed by, on every site
        self._stretch = 1.0

    def score(self, reading: Reading) -> float:
        """The calibrated probability that it is spam."""
        return sigmoid(float(self.scores([reading])[0]))

    def scores(self, readings: Sequence[Reading]) -> NDArray[np.float64]:
        """Log-odds of many readings."""
        logits = np.empty(len(readings))
        for start in range(0, len(readings), features.BLOCK):
            some = readings[start : start + features.BLOCK]
            block = features.grams([lay_out(reading) for reading in some])
            signals = np.array([measure(reading) for reading in some])
            logits[start : start + features.BLOCK] = self.logits(block, features.distinct(block), signals)
        return logits

    def logits(self, block: features.Grams, rows: features.Rows, signals: NDArray[np.float64]) -> NDArray[np.float64]:
        """Log-odds of comments whose features, with and without repeats, and signals are at hand."""
        spaces = rows.sums(self.weights)
        found: NDArray[np.float64] = spaces.sum(axis=1) + self.bias
        found += (signals - self.signal_means) @ self.signal_weights
        parts = worst(self._parts_by, block)
        if parts:
            found[parts.owners] += self._worse(parts, rows, spaces)
        return found

    def _worse(self, parts: Worst, rows: features.Rows, spaces: NDArray[np.float64]) -> NDArray[np.float64]:
        """By how much the worst part of each text is worse than the whole, in log-odds; ``spaces`` are of all rows."""
        texts = (spaces if self._parts_by is self.weights else rows.sums(self._parts_by))[parts.owners][:, TEXT]
        found: NDArray[np.float64] = np.maximum(parts.sums - MARGIN - texts.sum(axis=1), 0.0) * self._stretch
        return found

    def with_weights(
        self, weights: Weights, *, signals: NDArray[np.float64], bias: float, stretch: float
    ) -> "Classifier":
        """The same model with other weights: as a site's own verdicts have moved them (residual.py).

        By how much a part of a text is worse than the whole, this model says with its own weights, times ``stretch``:
        so log-odds stay linear in what a site has learned.
        """
        other = copy(self)
        other.weights, other.bias, other.signal_weights, other._stretch = weights, bias, signals, stretch
        other._signal_weights = signals.tolist()
        return other

    def assess(self, reading: Reading) -> Assessment:
        """Score and reasons."""
        return self.assess_many([reading])[0]

    def assess_many(self, readings: Sequence[Reading]) -> list[Assessment]:
        """Score and reasons of each; those that are assessed together share the calls of NumPy, which are the cost."""
        found: list[Assessment] = []
        for start in range(0, len(readings), features.BLOCK):
            some = readings[start : start + features.BLOCK]
            block, spaces, worse = self._spaces(some)
            words = _Words(self.weights, block)
            for number, (reading, of_spaces) in enumerate(zip(some, spaces, strict=True)):
                signals = self._signals(reading)
                more, part = worse.get(number, (0.0, 0))
                score = sigmoid(self.bias + sum(of_spaces) + sum(signals) + more)
                within = slice(part, part + 2 * STEP) if more else slice(None)
                found.append(Assessment(score, self._reasons(reading, number, of_spaces, signals, more, words, within)))
        return found

    def _spaces(
        self, readings: Sequence[Reading]
    ) -> tuple[features.Grams, list[list[float]], dict[int, tuple[float, int]]]:
        """Their n-grams; what each space adds to the log-odds of each; and of those with a part that is worse than the
        whole, by how much, and where it begins.
        """
        block = features.grams([lay_out(reading) for reading in readings])
        rows = features.distinct(block)
        spaces = rows.sums(self.weights)
        parts = worst(self._parts_by, block)
        worse = {}
        if parts:
            more = zip(self._worse(parts, rows, spaces).tolist(), parts.begins.tolist(), strict=True)
            worse = {owner: found for owner, found in zip(parts.owners.tolist(), more, strict=True) if found[0]}
        return block, spaces.tolist(), worse

    def _signals(self, reading: Reading) -> list[float]:
        """What each signal adds to the log-odds."""
        found = zip(measure(reading), self._means, self._signal_weights, strict=True)
        return [(value - mean) * weight for value, mean, weight in found]

    def _reasons(
        self,
        reading: Reading,
        number: int,
        spaces: Sequence[float],
        signals: Sequence[float],
        worse: float,
        words: "_Words",
        within: slice,
    ) -> tuple[Reason, ...]:
        """The weightiest; words are quoted from ``within`` the text: its part that is worse than the whole, or all."""
        text, name = (sum(spaces[i] for i in group) for group in (TEXT, NAME))
        text += worse
        told: list[tuple[float, str, str]] = [
            # "It has a link" is no sentence for a comment without one.
            (weight, *SIGNALS_SAY[i])
            for i, weight in enumerate(signals)
            if abs(weight) > LEAST_WEIGHT and weight * self._signal_weights[i] > 0
        ]
        told += [
            (weight, *SPACES_SAY[i])
            for i, weight in enumerate(spaces)
            if abs(weight) > LEAST_WEIGHT and i not in TEXT and i not in NAME
        ]
        if abs(name) > LEAST_WEIGHT:
            told.append((name, *SPACES_SAY[AUTHOR]))
        if abs(text) > LEAST_WEIGHT:
            told.append((text, "words", ""))
        told.sort(key=lambda item: -abs(item[0]))
        reasons: list[Reason] = []
        for weight, code, says in told:
            if len(reasons) == MOST_REASONS:
                break
            span = None
            if code == "words":  # looked up only where it is told: half of what reasons cost
                spans = words.heaviest.of(number, reading.text, within, towards_spam=weight > 0)
                if not spans:
                    continue
                span = spans[0]
                says = f"Words such as {', '.join(dict.fromkeys(f'“{reading.text[a:b]}”' for a, b in spans))}."
            reasons.append(Reason(code, f"{says} {_towards(weight)}", span))
        return tuple(reasons)

    def explain(self, reading: Reading) -> Explanation:
        """The whole account of the score; its parts sum to its log-odds."""
        block, (spaces,), worst_part = self._spaces([reading])
        worse, _ = worst_part.get(0, (0.0, 0))
        signals = self._signals(reading)
        said = zip(SPACES_SAY + SIGNALS_SAY, spaces + signals, strict=True)
        parts = [*((says, weight) for (_, says), weight in said), (PART_SAYS, worse)]
        logit = self.bias + sum(spaces) + sum(signals) + worse
        parts = sorted((part for part in parts if part[1]), key=lambda part: -abs(part[1]))
        words = shade(self.weights, block, reading.text)
        return Explanation(sigmoid(logit), logit, self.bias, tuple(parts), words)


class _Words:
    """What the words of a block weigh, looked up when it is first asked for: not every score is told by words."""

    def __init__(self, weights: Weights, block: features.Grams) -> None:
        self._of = (weights, block)

    @cached_property
    def heaviest(self) -> Heaviest:
        """The words that weigh most."""
        return Heaviest(*self._of)


def _towards(weight: float) -> str:
    if weight > 0:
        return "That speaks strongly for spam." if weight > 1.5 else "That speaks for spam."
    return "That speaks strongly for a good comment." if weight < -1.5 else "That speaks for a good comment."


def load(folder: Path) -> Classifier:
    """The model in ``folder``, checked: digests, shapes, finite weights, and its answers to its probes.

    Raises ModelError for anything missing, truncated, edited, or made by other code.
    """
    try:
        found = model_file.read(folder)
        classifier = Classifier(
            found.id,
            weights=found.weights,
            bias=found.bias,
            signal_weights=found.signal_weights,
            signal_means=found.signal_means,
            thresholds=found.thresholds,
        )
        _ask_probes(folder, classifier, found.probes)
    except model_file.BROKEN as broken:
        raise model_file.refusal(folder, broken) from broken
    return classifier


def _ask_probes(folder: Path, classifier: Classifier, probes: list[dict[str, Any]]) -> None:
    """Changed code, libraries or Unicode tables show in the answers."""
    for number, probe in enumerate(probes, 1):
        answer = classifier.score(read(Comment.from_json(probe["comment"], needs_id=False)))
        if not abs(answer - probe["score"]) <= PROBE_TOLERANCE:
            raise ModelError(
                f"{folder}: answers probe {number} with {answer:.4f}, but answered {probe['score']:.4f} "
                "when it was made: the code has changed under it; run: moderator train"
            )

"""Weights × features → Score and Reasons. NumPy only; loading a model can execute nothing.

The classifier is logistic regression over the hashed spaces of features.py, each scaled to length one, and the signals
of signals.py. Its log-odds are a sum, so every reason that is shown is a part of the score and not a story about it.
"""

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from moderator import features
from moderator.comment import Comment, Reason
from moderator.features import BODY, ORDERS, SPACES, TABLE_SIZE, WORDS
from moderator.policy import Thresholds
from moderator.reading import LINK_MARK, Reading, read
from moderator.signals import SIGNALS, measure, sentence

FORMAT = 1
MANIFEST, MODEL, WEIGHTS, PROBES = "manifest.json", "model.json", "weights.npy", "probes.json"
# Models answer their probes to this, across processors and NumPy versions: sums of 32-bit floats in another order.
PROBE_TOLERANCE = 1e-4
# Reasons below this many log-odds are noise to a reader; at most so many are given.
LEAST_WEIGHT = 0.25
MOST_REASONS = 4
MOST_SHADED = 400


class ModelError(Exception):
    """A model folder that cannot be used, with the cure."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """What a stretch of the reading's text weighs: towards spam above zero, towards ham below (log-odds)."""

    start: int
    end: int
    weight: float


@dataclass(frozen=True, slots=True)
class Assessment:
    """The calibrated probability of spam, and the few weightiest reasons for it, heaviest first."""

    score: float
    reasons: tuple[Reason, ...]


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


def sigmoid(logit: float) -> float:
    """The probability of log-odds, without overflow."""
    return 1.0 / (1.0 + math.exp(-logit)) if logit >= 0 else math.exp(logit) / (1.0 + math.exp(logit))


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
        """``weights`` has TABLE_SIZE entries; signals are taken relative to their means over good comments."""
        self.id = id
        self.thresholds = thresholds
        self.weights = weights
        self.bias = bias
        self.signal_weights = np.array(signal_weights, dtype=np.float64)
        self.signal_means = np.array(signal_means, dtype=np.float64)
        # As lists: for one comment's 32 numbers plain arithmetic is quicker than three calls of NumPy.
        self._signal_weights: list[float] = self.signal_weights.tolist()
        self._means: list[float] = self.signal_means.tolist()

    def score(self, reading: Reading) -> float:
        """The calibrated probability that it is spam."""
        return sigmoid(float(self.scores([reading])[0]))

    def scores(self, readings: Sequence[Reading]) -> NDArray[np.float64]:
        """Log-odds of many readings."""
        logits = np.full(len(readings), self.bias)
        for start in range(0, len(readings), features.BLOCK):
            block = readings[start : start + features.BLOCK]
            rows = features.rows([features.lay_out(reading) for reading in block])
            here = logits[start : start + features.BLOCK]
            here += rows.sums(self.weights).sum(axis=1)
            signals = np.array([measure(reading) for reading in block])
            here += (signals - self.signal_means) @ self.signal_weights
        return logits

    def assess(self, reading: Reading) -> Assessment:
        """Score and reasons, from one pass over the features."""
        layout = features.lay_out(reading)
        block = features.grams([layout])
        spaces = self._spaces(block)
        signals = self._signals(reading)
        score = sigmoid(self.bias + sum(spaces) + sum(signals))
        return Assessment(score, self._reasons(reading, layout, block, spaces, signals))

    def _spaces(self, block: features.Grams) -> list[float]:
        """What each space of a block of one adds to the log-odds."""
        spaces: list[float] = features.distinct(block).sums(self.weights)[0].tolist()
        return spaces

    def _signals(self, reading: Reading) -> list[float]:
        """What each signal adds to the log-odds."""
        found = zip(measure(reading), self._means, self._signal_weights, strict=True)
        return [(value - mean) * weight for value, mean, weight in found]

    def _reasons(
        self,
        reading: Reading,
        layout: features.Layout,
        block: features.Grams,
        spaces: Sequence[float],
        signals: Sequence[float],
    ) -> tuple[Reason, ...]:
        told: list[tuple[float, Reason]] = []
        for signal, weight, learned in zip(SIGNALS, signals, self._signal_weights, strict=True):
            # "It has a link" is no sentence for a comment without one.
            if abs(weight) > LEAST_WEIGHT and weight * learned > 0:
                told.append((weight, Reason(signal.__name__, f"{sentence(signal)} {_towards(weight)}")))
        for number in range(len(SPACES)):
            weight = spaces[number]
            if number not in (BODY, WORDS) and abs(weight) > LEAST_WEIGHT:
                space = SPACES[number]
                told.append(
                    (weight, Reason(space.name, f"{space.says[0].upper()}{space.says[1:]}. {_towards(weight)}"))
                )
        text = spaces[BODY] + spaces[WORDS]
        if abs(text) > LEAST_WEIGHT:
            spans = _found_in(reading.text, self._heaviest(layout, block, text > 0))
            if spans:
                quoted = ", ".join(dict.fromkeys(f"“{reading.text[start:end]}”" for start, end in spans))
                told.append((text, Reason("words", f"Words such as {quoted}. {_towards(text)}", spans[0])))
        told.sort(key=lambda item: -abs(item[0]))
        return tuple(reason for _, reason in told[:MOST_REASONS])

    def _heaviest(self, layout: features.Layout, block: features.Grams, towards_spam: bool) -> list[str]:
        """Up to three words of the text that weigh most in the direction asked for.

        Roughly: by the character n-grams that start in a word, repeats and all. :meth:`explain` is exact, at
        seven times the cost (18 and 132 µs).
        """
        text = layout.body
        if not text:
            return []
        tokens = text.split(" ")
        starts = [0, *accumulate([len(token) + 1 for token in tokens[:-1]])]
        here = block.buckets[:, len(features.LEAD) : layout.body_end]
        weights = np.add.reduceat(self.weights.take(here).sum(axis=0), starts)
        heaviest = weights.argsort()[::-1][:3] if towards_spam else weights.argsort()[:3]
        words = [tokens[i].strip(".,;:!?()\"'") for i in heaviest if (weights[i] > 0) == towards_spam]
        return [word for word in words if word and LINK_MARK not in word]

    def _tokens(self, layout: features.Layout, characters: NDArray[np.float64]) -> list[tuple[int, int, float]]:
        """(start, end, weight) of each token of the body in the layout, from what its characters weigh."""
        body_end = layout.body_end
        if body_end == 0:
            return []
        lead = len(features.LEAD)
        text = layout.body
        tokens, at = [], lead
        sums = [0.0, *np.cumsum(characters).tolist()]
        for token in text.split(" "):
            end = at + len(token)
            # A token takes the space before it along, and the last one the end of the text.
            begins, stops = (0 if at == lead else at - 1), (len(characters) if end == body_end else end)
            tokens.append((at, end, sums[stops] - sums[begins]))
            at = end + 1
        return tokens

    def _by_character(self, block: features.Grams, body_end: int) -> NDArray[np.float64]:
        """The text's log-odds laid on the characters of the body's layout, each n-gram shared out evenly.

        A bucket that is met several times counts once, so its weight is divided among its places.
        """
        grams = block.buckets[:, :body_end]
        distinct, inverse, counts = np.unique(grams.ravel(), return_inverse=True, return_counts=True)
        real = distinct < TABLE_SIZE  # beyond it: what would start in the zeros before the text
        weights = np.where(real, self.weights.take(distinct, mode="clip"), 0.0) / counts
        shares = weights[inverse].reshape(grams.shape) / math.sqrt(max(int(real.sum()), 1))
        size = body_end + max(ORDERS)
        spread = np.zeros(size + 1)
        for share, order in zip(shares, ORDERS, strict=True):
            spread[:body_end] += share / order
            spread[order : body_end + order] -= share / order
        words = len(block.words)
        pairs = max(words - 1, 0)
        both = np.concatenate([block.words, block.pairs[:pairs]])
        if len(both):
            distinct, inverse, counts = np.unique(both, return_inverse=True, return_counts=True)
            starts = np.concatenate([block.word_starts, block.word_starts[:pairs]])
            ends = np.concatenate([block.word_ends, block.word_ends[1:]])
            share = (self.weights[distinct] / counts / math.sqrt(len(distinct)))[inverse] / (ends - starts)
            spread += np.bincount(starts, share, size + 1) - np.bincount(ends, share, size + 1)
        characters: NDArray[np.float64] = np.cumsum(spread)[:size]
        characters[body_end - 1] += characters[body_end:].sum()  # what covers the end of the text
        return characters[:body_end]

    def explain(self, reading: Reading) -> Explanation:
        """The whole account of the score; its parts sum to its log-odds."""
        layout = features.lay_out(reading)
        block = features.grams([layout])
        spaces = self._spaces(block)
        signals = self._signals(reading)
        parts = [(space.says[0].upper() + space.says[1:] + ".", w) for space, w in zip(SPACES, spaces, strict=True)]
        parts += [(sentence(signal), w) for signal, w in zip(SIGNALS, signals, strict=True)]
        logit = self.bias + sum(spaces) + sum(signals)
        parts = sorted((part for part in parts if part[1]), key=lambda part: -abs(part[1]))
        words = _placed(reading.text, layout, self._tokens(layout, self._by_character(block, layout.body_end)))
        return Explanation(sigmoid(logit), logit, self.bias, tuple(parts), words)


def _towards(weight: float) -> str:
    if weight > 0:
        return "That speaks strongly for spam." if weight > 1.5 else "That speaks for spam."
    return "That speaks strongly for a good comment." if weight < -1.5 else "That speaks for a good comment."


def _found_in(text: str, words: Sequence[str]) -> list[tuple[int, int]]:
    """Where words of the layout stand in the reading's text, so that they are quoted as they were written."""
    folded = features.fold_figures(text.lower())
    if len(folded) != len(text):  # "İ" is two characters in lower case: too rare to be placed here
        return []
    return [(at, at + len(word)) for word in words if (at := folded.find(word)) >= 0]


def _placed(text: str, layout: features.Layout, tokens: Sequence[tuple[int, int, float]]) -> tuple[Weighed, ...]:
    """Tokens of the layout found again in the reading's text, in order.

    What is not found (a link's mark, what stands beyond MOST_SHADED) weighs on the text between its neighbours.
    """
    folded = text.lower()
    # "İ" becomes two characters in lower case; where[i] is the place in the text of the folded text's character i.
    where = range(len(text) + 1) if len(folded) == len(text) else _places(text)
    folded = features.fold_figures(folded)
    placed: list[Weighed] = []
    reached = 0
    pending = 0.0
    for start, end, weight in tokens[:MOST_SHADED]:
        token = layout.text[start:end]
        at = -1 if LINK_MARK in token else folded.find(token, reached)
        if at < 0:
            pending += weight
            continue
        between = _weighed(text, where[reached], where[at], pending)
        placed += [between] if between else []
        weight, pending, reached = weight + (0.0 if between else pending), 0.0, at + end - start
        placed.append(Weighed(where[at], where[reached], weight))
    pending += sum(weight for _, _, weight in tokens[MOST_SHADED:])
    rest = _weighed(text, where[reached], len(text), pending)
    if rest:
        placed.append(rest)
    elif placed:
        last = placed[-1]
        placed[-1] = Weighed(last.start, last.end, last.weight + pending)
    return tuple(placed)


def _places(text: str) -> Sequence[int]:
    return [place for place, character in enumerate(text) for _ in character.lower()] + [len(text)]


def _weighed(text: str, start: int, end: int, weight: float) -> Weighed | None:
    """``weight`` on what is written from ``start`` to ``end``, without the space around it; None where nothing is."""
    between = text[start:end]
    written = between.strip()
    if not written or not weight:
        return None
    start += len(between) - len(between.lstrip())
    return Weighed(start, start + len(written), weight)


# Files


def load(folder: Path) -> Classifier:
    """The model in ``folder``, checked: digests, shapes, finite weights, and its answers to its probes.

    Raises ModelError for anything missing, truncated, edited, or made by other code.
    """
    try:
        manifest = _json(folder / MANIFEST)
        if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
            raise ModelError(f"{folder}: was made for another version of moderator; train again")
        described = dict(manifest["files"])
        for name in (MODEL, WEIGHTS, PROBES):
            if digest(folder / name) != described.get(name):
                raise ModelError(f"{folder}: {name} is not what was written; restore it or train again")
        # The manifest vouches for the files, and its own last line for itself.
        if manifest["self"] != self_digest(manifest):
            raise ModelError(f"{folder}: {MANIFEST} is not what was written; restore it or train again")
        model = _json(folder / MODEL)
        classifier = _assemble(folder, str(manifest["id"]), model)
        _ask_probes(folder, classifier, _json(folder / PROBES))
    except ModelError:
        raise
    except FileNotFoundError as missing:
        raise ModelError(
            f"no model in {folder}: {Path(str(missing.filename)).name} is missing; run: moderator train"
        ) from None
    except (OSError, ValueError, KeyError, TypeError, IndexError, EOFError, AttributeError, RecursionError) as broken:
        raise ModelError(f"{folder}: cannot be read ({type(broken).__name__}); restore it or train again") from broken
    return classifier


def _assemble(folder: Path, id: str, model: dict[str, Any]) -> Classifier:
    if model["signals"] != [signal.__name__ for signal in SIGNALS] or model["spaces"] != [
        list(space[:2]) for space in SPACES
    ]:
        raise ModelError(f"{folder}: was made with other features than this code has; train again")
    weights = np.lib.format.open_memmap(folder / WEIGHTS, mode="r")  # knows no pickles and no archives
    if weights.shape != (TABLE_SIZE,) or weights.dtype != np.float32 or not np.isfinite(weights).all():
        raise ModelError(f"{folder}: {WEIGHTS} does not hold {TABLE_SIZE:,} finite numbers; train again")
    limits = {name: model["thresholds"][name] for name in ("hold", "reject", "unsigned_hold")}
    given = [limit for limit in limits.values() if limit is not None]
    numbers = [model["bias"], *model["signal_weights"], *model["signal_means"], *given]
    if not all(isinstance(number, int | float) and math.isfinite(number) for number in numbers):
        raise ModelError(f"{folder}: {MODEL} holds a number that is none; train again")
    hold, reject = limits["hold"], limits["reject"]
    ordered = hold is not None and (reject is None or hold <= reject)
    if not ordered or not all(0.0 <= limit <= 1.0 for limit in given):
        raise ModelError(f"{folder}: {MODEL} holds thresholds that are no probabilities in their order; train again")
    return Classifier(
        id,
        # A plain array over the same mapped pages: the memmap subclass costs 1 µs more at every look-up.
        weights=np.asarray(weights).view(np.ndarray),
        bias=float(model["bias"]),
        signal_weights=model["signal_weights"],
        signal_means=model["signal_means"],
        thresholds=Thresholds(**limits),
    )


def _ask_probes(folder: Path, classifier: Classifier, probes: list[dict[str, Any]]) -> None:
    """Changed code, libraries or Unicode tables show in the answers."""
    if not probes:
        raise ModelError(f"{folder}: {PROBES} is empty; train again")
    for number, probe in enumerate(probes, 1):
        answer = classifier.score(read(Comment.from_json(probe["comment"], needs_id=False)))
        if not abs(answer - probe["score"]) <= PROBE_TOLERANCE:
            raise ModelError(
                f"{folder}: answers probe {number} with {answer:.4f}, but answered {probe['score']:.4f} "
                "when it was made: the code has changed under it; run: moderator train"
            )


def _json(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def digest(path: Path) -> str:
    """SHA-256 (hex) of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def self_digest(manifest: dict[str, Any]) -> str:
    """SHA-256 (hex) of a manifest without its own ``self``."""
    rest = {key: value for key, value in manifest.items() if key != "self"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()

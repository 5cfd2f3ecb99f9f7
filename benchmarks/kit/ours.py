"""This project's classifier as benchmarks fit it: default scales, the protocol's own training rows, no base."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from moderator.classifier import Classifier
from moderator.comment import Comment
from moderator.reading import read
from moderator.shelf import Shelf
from moderator.training import fit
from moderator.training.publish import weights_of

from . import data
from .measures import Truth, Vector, sigmoid

NAME = "moderator"


@dataclass
class Hashed:
    """Comments that were read and hashed once, for many folds."""

    table: fit.Table
    spam: Truth

    @classmethod
    def of(cls, found: data.Set) -> "Hashed":
        """Read and hash a set."""
        return cls(fit.tabulate(found.comments), found.spam)


def fit_and_score(hashed: Hashed, train: NDArray[np.intp], test: NDArray[np.intp]) -> Vector:
    """Probabilities of the tested rows, from a fit on the trained ones alone."""
    weights = fit.fit(hashed.table.take(train), hashed.spam[train], np.ones(len(train)))
    return sigmoid(weights.logits(hashed.table.take(test)))


def shipped() -> Classifier:
    """The shipped model, loaded as a server loads it (checked). Raises Missing."""
    folder = data.ROOT / "model"
    shelf = Shelf(folder, folder)
    found = shelf.current()
    if found is None:
        raise data.Missing(f"no usable model in model/ ({shelf.problem}): skipped")
    return found


def scores(classifier: Classifier, comments: Sequence[Comment], *, block: int = 256) -> Vector:
    """Probabilities from a loaded model."""
    parts = [
        classifier.scores([read(comment) for comment in comments[at : at + block]])
        for at in range(0, len(comments), block)
    ]
    return sigmoid(np.concatenate(parts))


def shipped_weights() -> fit.Weights:
    """The shipped model's weights, to learn on from."""
    return weights_of(shipped())

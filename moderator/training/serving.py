"""What a fitted model will answer when it serves, which is what thresholds and figures must be about.

A fit sees whole texts; the classifier also looks at the parts of long ones. So comments are read again here and put to
the very classifier that is published.
"""

from collections.abc import Iterable
from dataclasses import replace
from itertools import islice

import numpy as np

from moderator.classifier import Classifier
from moderator.comment import Author, Comment
from moderator.policy import Thresholds
from moderator.reading import read
from moderator.training.fit import Vector, Weights

AT_ONCE = 256
ANY = Thresholds(0.5, None)


def classifier_of(id: str, weights: Weights, thresholds: Thresholds = ANY) -> Classifier:
    """A classifier with these weights."""
    return Classifier(
        id,
        weights=weights.table,
        bias=weights.bias,
        signal_weights=weights.signals.tolist(),
        signal_means=weights.means.tolist(),
        thresholds=thresholds,
    )


def served(classifier: Classifier, comments: Iterable[Comment], *, signed: bool = True) -> Vector:
    """Log-odds of comments; without ``signed`` as if nobody had signed them."""
    found, rest = [np.empty(0)], iter(comments)
    while some := list(islice(rest, AT_ONCE)):
        asked = some if signed else [replace(comment, author=Author()) for comment in some]
        found.append(classifier.scores([read(comment) for comment in asked]))
    return np.concatenate(found)

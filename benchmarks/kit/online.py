"""Predict then learn, one comment at a time, on this project's hashed features.

Logistic regression by AdaGrad (Duchi, Hazan & Singer 2011): each comment is scored by what was learned from those
before it, then learned from once. Nothing is refitted, nothing kept but the weights, and what a step costs does not
grow. Learning three or ten earlier comments again with each new one gave nothing (docs/notes.md).
"""

import numpy as np
import scipy.sparse as sparse

from moderator.spaces import OWN_WEIGHTS, whole
from moderator.training import fit

from .measures import Truth, Vector, sigmoid
from .ours import FEW

RATE = 0.3
SMALL = 1e-3


def scores(table: fit.Table, spam: Truth, *, base: fit.Weights | None = None) -> Vector:
    """The probability of each row before it was learned, in the order of the rows; ``base`` is where it starts from."""
    place = whole(np.arange(OWN_WEIGHTS))  # the weight of each bucket: some share one
    means = base.means if base else np.full(table.signals.shape[1], 0.0)
    dense = sparse.csr_matrix((table.signals - means).astype(np.float32) * FEW.signals)
    grams = sparse.csr_matrix((table.grams.data, place[table.grams.indices], table.grams.indptr))
    grams.sum_duplicates()
    grams.data = grams.data * FEW.room()[grams.indices]
    ones = sparse.csr_matrix(np.ones((len(table), 1), np.float32))
    rows = sparse.hstack([grams, dense, ones]).tocsr()
    used, inverse = np.unique(rows.indices, return_inverse=True)
    values = rows.data.astype(np.float64)
    starts = rows.indptr
    offset = base.logits(table) if base else np.zeros(len(table))
    weights, squares = np.zeros(len(used)), np.full(len(used), SMALL)
    found = np.zeros(len(table))
    for i in range(len(table)):
        span = slice(starts[i], starts[i + 1])
        where, value = inverse[span], values[span]
        logit = found[i] = offset[i] + weights[where] @ value
        pull = (1.0 / (1.0 + np.exp(-np.clip(logit, -50.0, 50.0))) - spam[i]) * value
        squares[where] += pull * pull
        weights[where] -= RATE * pull / np.sqrt(squares[where])
    return sigmoid(found)

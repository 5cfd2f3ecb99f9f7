"""Predict then learn, one comment at a time, on this project's hashed features.

Stands in for moderator.adaptation until a site's own learning can be asked the same way: :func:`scores` is the whole
interface. Logistic regression by AdaGrad (Duchi et al. 2011); each comment that is learned brings a few earlier ones
along, drawn at random from all that were seen, more of the rarer label: a comment is learned several times, but only
after it was predicted.
"""

import numpy as np
import scipy.sparse as sparse

from moderator.training import fit

from .measures import Truth, Vector, sigmoid

RATE = 0.3
REPLAYED = 3  # earlier comments that are learned again with each new one
SMALL = 1e-3


def scores(
    table: fit.Table, spam: Truth, *, base: fit.Weights | None = None, replayed: int = REPLAYED, rate: float = RATE
) -> Vector:
    """The probability of each row before it was learned, in the order of the rows; ``base`` is where it starts from."""
    room = fit.room()
    means = base.means if base else np.full(table.signals.shape[1], 0.0)
    dense = sparse.csr_matrix((table.signals - means).astype(np.float32) * fit.SIGNAL_SCALE)
    grams = table.grams.copy()
    grams.data = grams.data * room[grams.indices]
    ones = sparse.csr_matrix(np.ones((len(table), 1), np.float32))
    rows = sparse.hstack([grams, dense, ones]).tocsr()
    used, inverse = np.unique(rows.indices, return_inverse=True)
    values = rows.data.astype(np.float64)
    starts = rows.indptr
    offset = base.logits(table) if base else np.zeros(len(table))
    weights, squares = np.zeros(len(used)), np.full(len(used), SMALL)
    chance = np.random.default_rng(11)
    seen: tuple[list[int], list[int]] = ([], [])
    found = np.zeros(len(table))

    def learn(i: int) -> None:
        where, value = inverse[starts[i] : starts[i + 1]], values[starts[i] : starts[i + 1]]
        logit = offset[i] + weights[where] @ value
        pull = (1.0 / (1.0 + np.exp(-max(min(logit, 50.0), -50.0))) - spam[i]) * value
        squares[where] += pull * pull
        weights[where] -= rate * pull / np.sqrt(squares[where])

    for i in range(len(table)):
        span = slice(starts[i], starts[i + 1])
        found[i] = offset[i] + weights[inverse[span]] @ values[span]
        learn(i)
        seen[int(spam[i])].append(i)
        for _ in range(replayed):
            of = seen[int(chance.random() < 0.5)] or seen[int(spam[i])]
            learn(of[int(chance.integers(len(of)))])
    return sigmoid(found)

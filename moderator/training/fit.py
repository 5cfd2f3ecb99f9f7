"""Logistic regression on hashed features, drawn towards the weights of the model that it starts from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

from moderator import features
from moderator.comment import Comment
from moderator.features import ADDRESS, AUTHOR, MARKS, SPACES, TABLE_SIZE
from moderator.reading import read
from moderator.signals import SIGNALS, measure

Vector = NDArray[np.float64]

# How much room each space and the signals have: a feature's value is multiplied by this in training, so a greater
# number means less regularisation. Chosen on leave-one-source-out runs, see docs/notes.md.
SCALES = {"body": 1.0, "words": 1.0, "author": 4.0, "address": 2.0, "links": 1.0, "anchors": 1.0, "marks": 0.4}
SIGNAL_SCALE = 0.4
STRENGTH = 2.0  # inverse regularisation, as scikit-learn's C

# What belongs to the author; all else is the text. Field drop-out: every comment that has both is learned from once
# more without its author and once more without its text, so that neither leans on the other being there.
WHO = frozenset({AUTHOR, ADDRESS, MARKS})
WHO_SIGNALS = frozenset(
    {"name_has_words", "name_is_lower_case", "name_is_an_address", "name_in_the_text", "name_in_the_address"}
    | {"hyphens_in_the_address", "long_address", "deep_address", "borrowed_address", "mail_of_own_host", "links_home"}
)
DROPPED = 0.3  # what such a copy counts


@dataclass(frozen=True)
class Table:
    """Comments as numbers: hashed n-grams (rows × TABLE_SIZE), and signals (rows × len(SIGNALS))."""

    grams: sparse.csr_matrix
    signals: NDArray[np.float32]

    def __len__(self) -> int:
        return int(self.signals.shape[0])

    def take(self, rows: NDArray[np.intp]) -> "Table":
        """Some of the rows."""
        return Table(self.grams[rows], self.signals[rows])


def without_author(table: Table) -> Table:
    """The same comments as if nobody had signed them."""
    text = sparse.diags((~_who_columns()).astype(np.float32))
    return Table((table.grams @ text).tocsr(), table.signals * ~_who_signals())


def _who_columns() -> NDArray[np.bool_]:
    return np.repeat(np.isin(np.arange(len(SPACES)), list(WHO)), features.SIZES)


def _who_signals() -> NDArray[np.bool_]:
    return np.array([signal.__name__ in WHO_SIGNALS for signal in SIGNALS])


def with_drop_out(table: Table, spam: NDArray[np.bool_], weight: Vector) -> tuple[Table, NDArray[np.bool_], Vector]:
    """The rows, and copies of those that have an author and a text, without the one and without the other."""
    who_columns, who_signals = _who_columns(), _who_signals()
    who = sparse.diags(who_columns.astype(np.float32))
    text = sparse.diags((~who_columns).astype(np.float32))
    of_author, of_text = (table.grams @ who).tocsr(), (table.grams @ text).tocsr()
    for part in (of_author, of_text):
        part.eliminate_zeros()
    both = np.flatnonzero((np.diff(of_author.indptr) > 0) & (np.diff(of_text.indptr) > 0))
    grams = sparse.vstack([table.grams, of_text[both], of_author[both]]).tocsr()
    signals = np.concatenate([table.signals, table.signals[both] * ~who_signals, table.signals[both] * who_signals])
    copies = np.concatenate([weight[both], weight[both]]) * DROPPED
    return Table(grams, signals), np.concatenate([spam, spam[both], spam[both]]), np.concatenate([weight, copies])


@dataclass(frozen=True)
class Weights:
    """What is fitted. ``table`` is for scaled features as features.py makes them; signals count from ``means``."""

    table: NDArray[np.float32]
    signals: Vector
    means: Vector
    bias: float

    def logits(self, table: Table) -> Vector:
        """Log-odds of every row."""
        found: Vector = table.grams @ self.table + (table.signals - self.means) @ self.signals + self.bias
        return found


def tabulate(comments: Sequence[Comment], *, progress: Callable[[int], None] = lambda done: None) -> Table:
    """Read and hash comments; ``progress`` is told how many are done."""
    indices: list[NDArray[np.uint32]] = []
    values: list[NDArray[np.float32]] = []
    starts = [np.zeros(1, np.int64)]
    signals = np.empty((len(comments), len(SIGNALS)), dtype=np.float32)
    for begin in range(0, len(comments), features.BLOCK):
        readings = [read(comment) for comment in comments[begin : begin + features.BLOCK]]
        rows = features.rows([features.lay_out(reading) for reading in readings])
        indices.append(rows.buckets)
        values.append(rows.scales().astype(np.float32).ravel().repeat(rows.counts().ravel()))
        starts.append(starts[-1][-1] + rows.counts().sum(axis=1).cumsum())
        signals[begin : begin + len(readings)] = [measure(reading) for reading in readings]
        progress(min(begin + features.BLOCK, len(comments)))
    grams = sparse.csr_matrix(
        (
            np.concatenate(values) if values else np.empty(0, np.float32),
            np.concatenate(indices).astype(np.int32) if indices else np.empty(0, np.int32),
            np.concatenate(starts),
        ),
        shape=(len(comments), TABLE_SIZE),
    )
    return Table(grams, signals)


def _room() -> NDArray[np.float32]:
    """The scale of every bucket of the weight table."""
    return np.repeat(np.array([SCALES[space.name] for space in SPACES], np.float32), features.SIZES)


def fit(
    table: Table,
    spam: NDArray[np.bool_],
    weight: Vector,
    *,
    base: Weights | None = None,
    strength: float = STRENGTH,
    rounds: int = 60,
) -> Weights:
    """Weights that minimise the weighted logistic loss, by L-BFGS (Liu & Nocedal 1989).

    ``spam`` says which rows are, ``weight`` what each counts. With ``base`` the penalty is on the distance from it, so
    that a few new rows move the model only as far as they say something; without, on the distance from nothing.
    """
    sign = np.where(spam, 1.0, -1.0)
    room = _room()
    seen = np.zeros(TABLE_SIZE, dtype=np.bool_)
    seen[table.grams.indices] = True
    used = np.flatnonzero(seen)  # buckets that no row has keep the base's weight
    place = np.cumsum(seen, dtype=np.int32) - 1
    narrow = sparse.csr_matrix(
        (
            table.grams.data * room[table.grams.indices],
            place[table.grams.indices],
            table.grams.indptr,
        ),
        shape=(len(table), len(used)),
    )
    turned = narrow.T.tocsr()
    means = base.means if base else table.signals[~spam].mean(axis=0, dtype=np.float64)
    dense = (table.signals - means) * SIGNAL_SCALE
    offset = base.logits(table) if base else np.zeros(len(table))
    count = len(used)

    def loss(point: Vector) -> tuple[float, Vector]:
        weights, signals, bias = point[:count], point[count:-1], point[-1]
        # In 32 bits: with a 64-bit vector SciPy would copy the whole matrix at every product.
        margin = sign * (offset + narrow @ weights.astype(np.float32) + dense @ signals + bias)
        pull = -sign * weight / (1.0 + np.exp(np.clip(margin, -500, 500)))
        gradient = np.concatenate([turned @ pull.astype(np.float32), dense.T @ pull, [pull.sum()]])
        gradient[:-1] += point[:-1] / strength
        value = float((weight * np.logaddexp(0.0, -margin)).sum() + 0.5 / strength * (point[:-1] @ point[:-1]))
        return value, gradient

    # One thread: the vectors are short for BLAS, and its threads, spinning on busy cores, made 6 s of work 40.
    with threadpool_limits(1):
        start = np.zeros(count + len(SIGNALS) + 1)
        found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": rounds, "maxcor": 10})
    fitted = np.zeros(TABLE_SIZE, np.float32) if base is None else base.table.copy()
    fitted[used] += (found.x[:count] * room[used]).astype(np.float32)
    signals = found.x[count:-1] * SIGNAL_SCALE
    bias = float(found.x[-1])
    if base is not None:
        signals, bias = signals + base.signals, bias + base.bias
    return Weights(fitted, signals, means, bias)


def calibrate(logits: Vector, spam: NDArray[np.bool_], weight: Vector) -> tuple[float, float]:
    """(slope, shift) so that sigmoid(slope · logit + shift) is a probability (Platt 1999, with his targets)."""
    positive, negative = float(weight[spam].sum()), float(weight[~spam].sum())
    target = np.where(spam, (positive + 1) / (positive + 2), 1 / (negative + 2))

    def loss(point: Vector) -> tuple[float, Vector]:
        z = point[0] * logits + point[1]
        error = weight * (1.0 / (1.0 + np.exp(-np.clip(z, -500, 500))) - target)
        return float((weight * (np.logaddexp(0.0, z) - target * z)).sum()), np.array([error @ logits, error.sum()])

    found = minimize(loss, np.array([1.0, 0.0]), jac=True, method="L-BFGS-B", bounds=[(1e-3, 100.0), (None, None)])
    return float(found.x[0]), float(found.x[1])


def recalibrated(weights: Weights, slope: float, shift: float) -> Weights:
    """The same order of comments, with log-odds that are slope · logit + shift."""
    return Weights(
        (weights.table * slope).astype(np.float32), weights.signals * slope, weights.means, weights.bias * slope + shift
    )

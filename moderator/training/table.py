"""Comments as numbers, in parts: what is fitted, in memory or on disk, here or on a worker.

Every feature of a space has the same value (one over the root of how many the comment has there), so a part keeps
which buckets there are and nothing else: half of what a matrix with its values would take. Parts are cut by the number
of their features alone, so the same comments give the same parts wherever they are kept, and sums over parts that are
taken in order are the same to the last bit.
"""

import mmap
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, islice, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray

from moderator import features
from moderator.comment import Comment
from moderator.layout import lay_out
from moderator.reading import read
from moderator.signals import SIGNALS, measure
from moderator.spaces import SPACES, TABLE_SIZE
from moderator.training.parallel import ALONE, Workers

Vector = NDArray[np.float64]
Rows = NDArray[np.intp]

CHUNK = 1_024  # comments that a worker reads at once
# Features of a part: 16 MB of them, some 8,000 comments. Half as many made the gradient's own 5 MB a part weigh as much
# as the sums; twice as many gained nothing (docs/notes.md).
PART = 1 << 22
MANY = 1 << 20
WIDTH = len(SPACES)


@dataclass(frozen=True, slots=True)
class Part:
    """Some comments. Row r's buckets in space s are ``buckets[ends[r * WIDTH + s] : ends[r * WIDTH + s + 1]]``."""

    buckets: NDArray[np.int32]
    ends: NDArray[np.int32]
    signals: NDArray[np.float32]
    mapped: mmap.mmap | None = None

    def __len__(self) -> int:
        return len(self.signals)

    def __sizeof__(self) -> int:
        """With its arrays: by this Dask knows what must travel apart from the task, and what a worker holds."""
        return self.buckets.nbytes + self.ends.nbytes + self.signals.nbytes

    def __reduce__(self) -> tuple[Any, ...]:
        return Part, (np.array(self.buckets), np.array(self.ends), np.array(self.signals))

    def sizes(self) -> NDArray[np.int32]:
        """How many features each comment has in each space."""
        return np.diff(self.ends).reshape(-1, WIDTH)

    def scales(self) -> NDArray[np.float32]:
        """The value of each comment's features of each space."""
        return (1.0 / np.sqrt(np.maximum(self.sizes(), 1))).astype(np.float32)

    def matrix(self) -> sparse.csr_matrix:
        """Which buckets are there: a row of ones for each comment and space."""
        ones = _ones(len(self.buckets))
        return sparse.csr_matrix((ones, self.buckets, self.ends), shape=(len(self) * WIDTH, TABLE_SIZE))

    def take(self, rows: Rows) -> "Part":
        """Some of the rows."""
        edges = self.ends[::WIDTH].astype(np.int64)
        starts, lengths = edges[rows], np.diff(edges)[rows]
        before = np.cumsum(lengths) - lengths
        found = np.arange(int(lengths.sum()), dtype=np.int64) + np.repeat(starts - before, lengths)
        ends = np.concatenate([[0], np.cumsum(self.sizes()[rows].ravel())]).astype(np.int32)
        return Part(self.buckets[found], ends, self.signals[rows])

    def release(self) -> None:
        """Let the system take back the memory of a part that lies on disk; it is read again when it is needed."""
        if self.mapped is not None:
            self.mapped.madvise(mmap.MADV_DONTNEED)


def _ones(count: int) -> Vector:
    return _many_ones(-(-count // MANY) * MANY)[:count]


@lru_cache(maxsize=2)  # all parts but the last are of a length
def _many_ones(count: int) -> Vector:
    """Shared by all parts: SciPy wants a value for every feature, and they are all one."""
    return np.ones(count)


Keep = Callable[[Part], Part]


def in_memory(part: Part) -> Part:
    """A ``keep`` that leaves parts where they are."""
    return part


@dataclass(frozen=True)
class Table:
    """Comments in parts; ``keep`` puts a new part where this table's parts lie."""

    parts: tuple[Part, ...]
    keep: Keep = in_memory

    def __sizeof__(self) -> int:
        return sum(map(sys.getsizeof, self.parts))

    def __reduce__(self) -> tuple[Any, ...]:
        return Table, (self.parts,)

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    def take(self, rows: Rows) -> "Table":
        """Some of the rows, kept where these are."""
        return gathered(self._pieces(rows), keep=self.keep)

    def _pieces(self, rows: Rows) -> Iterator[Part]:
        starts = np.array([0, *accumulate(map(len, self.parts))])
        rows = np.asarray(rows)
        of = np.searchsorted(starts, rows, side="right") - 1
        cuts = [0, *(np.flatnonzero(np.diff(of)) + 1), len(rows)] if len(rows) else []
        for begin, end in pairwise(cuts):
            part = self.parts[of[begin]]
            yield part.take(rows[begin:end] - starts[of[begin]])
            part.release()

    @property
    def signals(self) -> NDArray[np.float32]:
        """The signals of all rows."""
        return np.concatenate([part.signals for part in self.parts] or [np.empty((0, len(SIGNALS)), np.float32)])

    @property
    def grams(self) -> sparse.csr_matrix:
        """All rows as one matrix with values, for those who want it so (a copy, twice as large)."""
        found = []
        for part in self.parts:
            values = np.repeat(part.scales().ravel(), part.sizes().ravel())
            shape = (len(part), TABLE_SIZE)
            found.append(sparse.csr_matrix((values, part.buckets, part.ends[::WIDTH]), shape=shape))
        return sparse.vstack(found).tocsr() if found else sparse.csr_matrix((0, TABLE_SIZE), dtype=np.float32)


def gathered(pieces: Iterable[Part], *, keep: Keep = in_memory, size: int = PART) -> Table:
    """Pieces of any length, in order, as a table of parts with ``size`` features (and the rest of a row)."""
    return Table(tuple(keep(part) for part in _cut(pieces, size)), keep)


def _cut(pieces: Iterable[Part], size: int) -> Iterator[Part]:
    pending: list[Part] = []
    held = 0
    for piece in pieces:
        pending.append(piece)
        held += len(piece.buckets)
        while held >= size:
            whole = _joined(pending)
            row = int(np.searchsorted(whole.ends[WIDTH::WIDTH], size)) + 1
            yield whole.take(np.arange(row))
            rest = whole.take(np.arange(row, len(whole)))
            pending, held = [rest] if len(rest) else [], len(rest.buckets)
    if pending:
        yield _joined(pending)


def _joined(pieces: Sequence[Part]) -> Part:
    if len(pieces) == 1:
        return pieces[0]
    starts = accumulate([len(piece.buckets) for piece in pieces], initial=0)
    ends = [piece.ends[1:] + np.int32(start) for piece, start in zip(pieces, starts, strict=False)]
    return Part(
        np.concatenate([piece.buckets for piece in pieces]),
        np.concatenate([np.zeros(1, np.int32), *ends]),
        np.concatenate([piece.signals for piece in pieces]),
    )


def on_disk(folder: Path) -> Keep:
    """A ``keep`` that puts parts into files without a name in ``folder``.

    Such a file is gone with the process, however that ends: there is nothing to clean up.
    """

    def keep(part: Part) -> Part:
        with tempfile.TemporaryFile(dir=folder) as file:
            for array in (part.buckets, part.ends, part.signals):
                array.tofile(file)
            file.flush()
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        ends_at = part.buckets.nbytes
        signals_at = ends_at + part.ends.nbytes
        return Part(
            np.frombuffer(mapped, np.int32, len(part.buckets)),
            np.frombuffer(mapped, np.int32, len(part.ends), offset=ends_at),
            np.frombuffer(mapped, np.float32, offset=signals_at).reshape(len(part), -1),
            mapped,
        )

    return keep


def hashed(comments: Sequence[Comment]) -> Part:
    """Read and hash comments."""
    buckets: list[NDArray[np.uint32]] = []
    counts: list[NDArray[np.intp]] = [np.zeros(1, np.intp)]
    signals = np.empty((len(comments), len(SIGNALS)), dtype=np.float32)
    for begin in range(0, len(comments), features.BLOCK):
        readings = [read(comment) for comment in comments[begin : begin + features.BLOCK]]
        rows = features.rows([lay_out(reading) for reading in readings])
        buckets.append(rows.buckets)
        counts.append(rows.counts().ravel())
        signals[begin : begin + len(readings)] = [measure(reading) for reading in readings]
    return Part(
        np.concatenate(buckets).astype(np.int32) if buckets else np.empty(0, np.int32),
        np.concatenate(counts).cumsum().astype(np.int32),
        signals,
    )


def tabulate(
    comments: Iterable[Comment],
    *,
    progress: Callable[[int], None] = lambda done: None,
    workers: Workers = ALONE,
    keep: Keep = in_memory,
    size: int = PART,
) -> Table:
    """Read and hash comments, in chunks side by side; ``progress`` is told how many are done."""

    def pieces() -> Iterator[Part]:
        done = 0
        for piece in workers.run(hashed, _chunks(comments)):
            done += len(piece)
            progress(done)
            yield piece

    return gathered(pieces(), keep=keep, size=size)


def _chunks(comments: Iterable[Comment]) -> Iterator[tuple[list[Comment]]]:
    rest = iter(comments)
    while chunk := list(islice(rest, CHUNK)):
        yield (chunk,)

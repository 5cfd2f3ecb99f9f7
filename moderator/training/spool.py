"""Examples in a file without a name, read back one by one: a corpus of any length, in little memory."""

import os
import pickle
import tempfile
import weakref
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from moderator.labelled import Example

BUFFER = 1 << 20


class Spool(Sequence[Example]):
    """Examples on disk. Nobody but this process can open the file, so pickle is safe in it, and it dies with it."""

    def __init__(self, folder: Path) -> None:
        self._file = tempfile.TemporaryFile(dir=folder, buffering=BUFFER)  # noqa: SIM115 – closed with the spool
        weakref.finalize(self, self._file.close)
        self._ends = array("Q", [0])

    def append(self, example: Example) -> None:
        """Add one at the end."""
        written = self._file.write(pickle.dumps(example, pickle.HIGHEST_PROTOCOL))
        self._ends.append(self._ends[-1] + written)

    def __len__(self) -> int:
        return len(self._ends) - 1

    @overload
    def __getitem__(self, at: int) -> Example: ...
    @overload
    def __getitem__(self, at: slice) -> list[Example]: ...
    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, slice):
            return [self[row] for row in range(*at.indices(len(self)))]
        at = range(len(self))[at]
        start, end = self._ends[at], self._ends[at + 1]
        self._file.flush()
        return pickle.loads(os.pread(self._file.fileno(), end - start, start))


class Chosen(Sequence[Example]):
    """Some of the examples of another sequence, in an order of their own."""

    def __init__(self, examples: Sequence[Example], rows: NDArray[np.intp]) -> None:
        self._examples, self._rows = examples, rows

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, at: int) -> Example: ...
    @overload
    def __getitem__(self, at: slice) -> list[Example]: ...
    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, slice):
            return [self._examples[int(row)] for row in self._rows[at]]
        return self._examples[int(self._rows[at])]

    def __iter__(self) -> Iterator[Example]:
        return (self._examples[int(row)] for row in self._rows)

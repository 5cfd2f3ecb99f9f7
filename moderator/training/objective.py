"""The loss that training minimises, and its gradient: sums over parts of the comments, wherever those lie."""

import operator
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import islice
from typing import TypeVar

import numpy as np

from moderator.training.table import WIDTH, Part, Vector

TOGETHER = 4  # parts whose sums are added up first
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class View:
    """A comment as a whole, or one field of it: which spaces and which signals are seen."""

    spaces: Vector
    signals: Vector


def by_space(part: Part, table: Vector) -> Vector:
    """What each space of each comment adds to its log-odds."""
    found: Vector = part.scales() * (part.matrix() @ table).reshape(-1, WIDTH)
    return found


@dataclass(frozen=True, slots=True)
class Lesson:
    """A part with its labels (1 for spam, -1), what its comments and their copies count, and where the logits start."""

    part: Part
    sign: Vector
    views: tuple[View, ...]
    weights: tuple[Vector, ...]  # one a view
    offsets: tuple[Vector, ...]
    means: Vector
    signal_scale: float

    def __sizeof__(self) -> int:
        return sys.getsizeof(self.part) + sum(array.nbytes for array in (self.sign, *self.weights, *self.offsets))


@dataclass(frozen=True, slots=True)
class Slope:
    """The loss of a lesson, and its gradient by table, signals and bias."""

    value: float
    table: Vector
    signals: Vector
    bias: float

    def __add__(self, other: "Slope") -> "Slope":
        return Slope(
            self.value + other.value, self.table + other.table, self.signals + other.signals, self.bias + other.bias
        )


def slope(lesson: Lesson, table: Vector, signals: Vector, bias: float) -> Slope:
    """The weighted logistic loss of a lesson at a point, by one pass over its features forth and one back.

    The copies without a field are never made: what a space adds is the same in a comment and in its copies.
    """
    part = lesson.part
    matrix, scales = part.matrix(), part.scales()
    spaces = scales * (matrix @ table).reshape(-1, WIDTH)
    pulls = np.zeros_like(spaces)
    value, by_signal, by_bias = 0.0, np.zeros(len(signals)), 0.0
    for view, weight, offset in zip(lesson.views, lesson.weights, lesson.offsets, strict=True):
        dense = (part.signals * view.signals - lesson.means) * lesson.signal_scale
        margin = lesson.sign * (offset + spaces @ view.spaces + dense @ signals + bias)
        pull = -lesson.sign * weight / (1.0 + np.exp(np.clip(margin, -500, 500)))
        pulls += pull[:, None] * view.spaces
        value += float((weight * np.logaddexp(0.0, -margin)).sum())
        by_signal += dense.T @ pull
        by_bias += float(pull.sum())
    by_table = matrix.T @ (pulls * scales).ravel()
    part.release()
    return Slope(value, by_table, by_signal, by_bias)


def slopes(lessons: Sequence[Lesson], table: Vector, signals: Vector, bias: float) -> Slope:
    """The sum over lessons, in their order."""
    return summed(slope(lesson, table, signals, bias) for lesson in lessons)


def summed(found: Iterable[Slope]) -> Slope:
    """The sum, in order."""
    return reduce(operator.add, found)


def batches(things: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of so many things, the last of the rest."""
    rest = iter(things)
    while batch := list(islice(rest, size)):
        yield batch

"""Scores of peers, kept in files so that a run that was broken off can go on.

A kept answer is found again by everything that it depends on: the peer and its options, the code that asks it, its
version, and every text and label that went in. So nothing stale is ever met, whatever protocol asks. This project's
own scores are never kept: they are always those of the code that runs.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from .measures import Truth, Vector

Answers = dict[str, Vector]  # a filter that scores a comment in two ways answers with two


def digest(*parts: object) -> str:
    """A name for anything JSON can write."""
    told = json.dumps(parts, default=str).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(told, digest_size=16).hexdigest()


def digest_of_files(*paths: Path) -> str:
    """A name for what these files say; folders stand for the Python files in them."""
    files = [file for path in paths for file in (sorted(path.rglob("*.py")) if path.is_dir() else [path])]
    return digest(*(file.read_bytes().hex() for file in files))


class Kept:
    """Answers by their question: of this run in memory, and in files; those of earlier runs count with ``resume``."""

    def __init__(self, folder: Path, *, resume: bool) -> None:
        self._folder = folder
        self._resume = resume
        self._here: dict[str, Answers] = {}

    def answers(self, question: Sequence[object], ask: Callable[[], Answers]) -> Answers:
        """What was answered before, or is now."""
        name = digest(*question)
        path = self._folder / f"{name}.npz"
        if name in self._here:
            return self._here[name]
        if self._resume and path.is_file():
            with np.load(path) as found:
                return self._here.setdefault(name, {key: found[key] for key in found.files})
        answers = self._here.setdefault(name, ask())
        self._folder.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".part.npz")
        np.savez(unfinished, allow_pickle=False, **answers)
        unfinished.replace(path)
        return answers


def inputs(train: Sequence[str], spam: Truth, test: Sequence[str] = ()) -> tuple[object, ...]:
    """Texts and labels as part of a question."""
    return (list(train), np.asarray(spam).tolist(), list(test))

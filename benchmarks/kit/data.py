"""The labelled comments that benchmarks run on.

The shared folder is found through one setting, the environment variable MODERATOR_SHARED (default: ``shared`` beside
the project). Where it is absent, benchmarks say so and use the starter corpus for what it can answer.
"""

import gzip
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from moderator.comment import Comment, CommentError, Word
from moderator.labelled import comment_of, label_of
from moderator.training import corpus

ROOT = Path(__file__).resolve().parents[2]
SHARED_SETTING = "MODERATOR_SHARED"

# Sets whose licences allow that they train shipped weights; the others are for evaluation only.
MAY_TRAIN = (
    "youtube_spam",
    "sms_spam",
    "scamspot_ig",
    "judol_gbennnn",
    "tg_umputun",
    "spam_templates",
    "ham_cold_zh",
    "ham_mlma_fr_ar_en",
    "ham_korean_news",
    "ham_japanese_toxic",
    "ham_jigsaw_sample",
)


class Missing(Exception):
    """A data set that is not here, said plainly."""


@dataclass(frozen=True)
class Set:
    """Comments with their labels, and the rows that they came from (for dates and the like)."""

    name: str
    comments: list[Comment]
    spam: NDArray[np.bool_]
    rows: list[dict[str, Any]]

    def __len__(self) -> int:
        return len(self.comments)

    def take(self, chosen: Sequence[int] | NDArray[np.intp]) -> "Set":
        """Some of the comments, in the order asked for."""
        return Set(
            self.name, [self.comments[i] for i in chosen], self.spam[np.asarray(chosen)], [self.rows[i] for i in chosen]
        )

    def column(self, name: str) -> NDArray[Any]:
        """One field of every row."""
        return np.array([str(row.get(name) or "") for row in self.rows])


def shared() -> Path:
    """The shared folder. Raises Missing."""
    folder = Path(os.environ.get(SHARED_SETTING) or ROOT.parent / "shared")
    if not (folder / "data").is_dir():
        raise Missing(f"the shared data is not here ({SHARED_SETTING} names no folder with data in it): skipped")
    return folder


def has_shared() -> bool:
    """Whether the shared data is here."""
    try:
        shared()
    except Missing:
        return False
    return True


def load(name: str) -> Set:
    """One of the shared sets, in file order; rows without any text are left out. Raises Missing."""
    path = shared() / "data" / f"{name}.jsonl.gz"
    if not path.is_file():
        raise Missing(f"{name} is not among the shared data: skipped")
    comments, spam, rows = [], [], []
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            try:
                comments.append(comment_of(row))
            except CommentError:
                continue
            spam.append(label_of(row) is Word.SPAM)
            rows.append(row)
    return Set(name, comments, np.array(spam, dtype=np.bool_), rows)


def names(prefix: str = "") -> list[str]:
    """The shared sets whose names begin so."""
    return sorted(path.name.removesuffix(".jsonl.gz") for path in (shared() / "data").glob(f"{prefix}*.jsonl.gz"))


def starter() -> Set:
    """The corpus that this project wrote, as a set."""
    examples = corpus.starter()
    spam = np.array([example.label is Word.SPAM for example in examples], dtype=np.bool_)
    return Set(
        "starter", [example.comment for example in examples], spam, [{"source": example.source} for example in examples]
    )


def with_author(comment: Comment) -> str:
    """Name, addresses and text in one, as a textbook pipeline has to take them."""
    author = comment.author
    return " ".join(part for part in (author.name, author.url, author.email.rpartition("@")[2], comment.body) if part)


def text_only(found: Set) -> Set:
    """The same comments without anything but their text."""
    return Set(found.name, [Comment(comment.body) for comment in found.comments], found.spam, found.rows)

"""Where examples come from: the starter corpus, files of labelled comments, and the store's verdicts."""

import hashlib
import json
from collections.abc import Iterable
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from moderator.labelled import Example, example_of
from moderator.store import Store
from moderator.training.readers import BrokenRow, CorpusError, read_examples

__all__ = [
    "BrokenRow",
    "CorpusError",
    "distinct",
    "from_file",
    "from_store",
    "group_of",
    "names",
    "normalised",
    "starter",
]


def starter() -> list[Example]:
    """The comments that this project wrote; the source of each is ``starter/<file>``."""
    return [
        example_of(json.loads(line), source=f"starter/{file.name[:-6]}")
        for file in _carried("starter")
        for line in file.read_text("utf-8").splitlines()
    ]


def names() -> list[Example]:
    """Names as commenters sign, without any text: people's are good, keywords for a shop are spam.

    Half of the marks of blog spam stand in the author's fields, and 4,800 comments hold too few names to learn from.
    """
    found = []
    for file in _carried("names"):
        source = f"names/{file.name.rpartition('.')[0]}"
        for line in file.read_text("utf-8").splitlines():
            if file.name.endswith(".jsonl"):
                found.append(example_of(json.loads(line), source=source))
            else:
                label = "ham" if file.name.startswith("people") else "spam"
                found.append(example_of({"author": line.partition("\t")[2], "label": label}, source=source))
    return found


def _carried(folder: str) -> list[Traversable]:
    inside = resources.files("moderator.training").joinpath(folder).iterdir()
    return sorted((file for file in inside if file.name.endswith((".jsonl", ".tsv"))), key=lambda file: file.name)


def from_store(store: Store) -> list[Example]:
    """Every comment that a human called ham or spam; its source is its site."""
    return [Example(found.comment, found.label, f"site {found.site}") for found in store.labelled()]


def from_file(path: Path, *, keep_good_rows: bool = False) -> tuple[list[Example], list[BrokenRow]]:
    """The examples of a file in any format that readers/ knows (also ``.gz``), and the rows that are broken.

    Raises CorpusError where the file cannot be read at all, has no good row, or has broken rows and they were not
    allowed (``keep_good_rows``).
    """
    found = read_examples(path, keep_good_rows=keep_good_rows)
    return found.examples, found.broken


def normalised(example: Example) -> str:
    """The text by which two examples count as the same: words alone, without case and numbers."""
    words = "".join(character if character.isalpha() else " " for character in example.comment.body.lower()).split()
    return " ".join(words) or example.comment.body.strip() or f"by {example.comment.author.name.lower()}"


def group_of(example: Example) -> int:
    """A number that near-equal texts share, from their first twelve words; the same on every machine and day."""
    key = " ".join(normalised(example).split()[:12])
    return int.from_bytes(hashlib.blake2b(key.encode("utf-8", "replace"), digest_size=6).digest(), "big")


def distinct(examples: Iterable[Example]) -> list[Example]:
    """Each text of each source once, in first order; the newest label wins where a text has both."""
    found: dict[tuple[str, str, str], Example] = {}
    for example in examples:
        found[(example.source, normalised(example), example.comment.author.name.lower())] = example
    return list(found.values())

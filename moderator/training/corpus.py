"""Where examples come from: the starter corpus, files of labelled comments, and the store's verdicts."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from moderator.comment import CommentError
from moderator.labelled import Example, example_of
from moderator.store import Store
from moderator.training.readers import BrokenRow, CorpusError, format_of, read_examples, refuse_if_bad, rows_of

__all__ = [
    "BrokenRow",
    "CorpusError",
    "distinct",
    "from_file",
    "from_store",
    "group_of",
    "names",
    "normalised",
    "number_of",
    "starter",
    "stream",
]

PAGE = "page"  # the door of this installation's moderators


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


def from_store(store: Store) -> Iterator[Example]:
    """Every comment that a human called ham or spam; its source is its site."""
    return (
        Example(found.comment, found.label, f"site {found.site}", vouched=found.door == PAGE)
        for found in store.labelled()
    )


def from_file(path: Path, *, keep_good_rows: bool = False) -> tuple[list[Example], list[BrokenRow]]:
    """The examples of a file in any format that readers/ knows (also ``.gz``), and the rows that are broken.

    Raises CorpusError where the file cannot be read at all, has no good row, or has broken rows and they were not
    allowed (``keep_good_rows``).
    """
    found = read_examples(path, keep_good_rows=keep_good_rows)
    return found.examples, found.broken


def stream(path: Path, *, keep_good_rows: bool = False) -> Iterator[Example | BrokenRow]:
    """The same one by one, for a file of any length; an id that comes twice comes twice, and the last one counts.

    A broken row is given too where they are allowed; otherwise they raise CorpusError, at the end of the file, so that
    it tells how many there are.
    """
    kind = format_of(path)
    if not kind.labelled:
        from_file(path)  # says what is missing
    source = path.name.removesuffix(".gz").rpartition(".")[0] or path.name
    good, broken = 0, 0
    shown: list[BrokenRow] = []
    passed: Counter[str] = Counter()
    for row in rows_of(path, kind):
        if row.passed:
            passed[row.passed] += 1
            continue
        try:
            if row.problem:
                raise CommentError("", row.problem)
            example = example_of(row.fields, source=source)
        except CommentError as error:
            problem = BrokenRow(path.name, row.line, row.problem or str(error))
            broken += 1
            shown = [*shown, problem][:3]
            if keep_good_rows:
                yield problem
            continue
        good += 1
        yield example
    refuse_if_bad(path, good=good, broken=broken, shown=shown, passed=passed, keep_good_rows=keep_good_rows)


def normalised(example: Example) -> str:
    """The text by which two examples count as the same: words alone, without case and numbers."""
    words = "".join(character if character.isalpha() else " " for character in example.comment.body.lower()).split()
    return " ".join(words) or example.comment.body.strip() or f"by {example.comment.author.name.lower()}"


def group_of(example: Example) -> int:
    """A number that near-equal texts share, from their first twelve words; the same on every machine and day."""
    return number_of(" ".join(normalised(example).split()[:12]))


def number_of(key: str) -> int:
    """48 bits of a text's hash."""
    return int.from_bytes(hashlib.blake2b(key.encode("utf-8", "replace"), digest_size=6).digest(), "big")


def distinct(examples: Iterable[Example]) -> list[Example]:
    """Each text of each source once, in first order; the newest label wins where a text has both."""
    found: dict[tuple[str, str, str], Example] = {}
    for example in examples:
        found[(example.source, normalised(example), example.comment.author.name.lower())] = example
    return list(found.values())

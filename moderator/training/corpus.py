"""Where examples come from: the starter corpus, files of labelled comments, and the store's verdicts."""

import csv
import gzip
import hashlib
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from moderator.comment import CommentError
from moderator.labelled import Example, example_of
from moderator.store import Store

MOST_LINE = 4_000_000  # characters of one row; a longer one is a broken file


class CorpusError(Exception):
    """A file that cannot be learned from, with line numbers and the cure."""


@dataclass(frozen=True, slots=True)
class BrokenRow:
    """A row that was not taken."""

    file: str
    line: int
    problem: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.problem}"


def starter() -> list[Example]:
    """The comments that this project wrote; the source of each is ``starter/<file>``."""
    return [
        example_of(json.loads(line), source=f"starter/{file.name[:-6]}")
        for file in _carried("starter")
        for line in file.read_text("utf-8").splitlines()
    ]


def names() -> list[Example]:
    """Names as commenters sign, without any text: people's are good, keywords for a shop are spam.

    Half of the marks of blog spam stand in the author's fields, and 4,700 comments hold too few names to learn from.
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
    """The examples of a JSONL or CSV file (also ``.gz``), and the rows that are broken.

    Raises CorpusError where the file cannot be read at all, has no good row, or has broken rows and they were not
    allowed (``keep_good_rows``).
    """
    examples: list[Example] = []
    broken: list[BrokenRow] = []
    source = path.name.removesuffix(".gz").rpartition(".")[0] or path.name
    try:
        for line, row in _rows(path):
            if isinstance(row, str):
                broken.append(BrokenRow(path.name, line, row))
                continue
            try:
                examples.append(example_of(row, source=source))
            except CommentError as error:
                broken.append(BrokenRow(path.name, line, str(error)))
    except (OSError, EOFError) as error:
        raise CorpusError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if broken and not keep_good_rows:
        shown = "; ".join(str(row) for row in broken[:3])
        rest = f" (and {len(broken) - 3} more)" if len(broken) > 3 else ""
        raise CorpusError(f"{path} has {len(broken)} broken rows: {shown}{rest}. Mend them, or pass --keep-good-rows to learn from the other {len(examples):,}")
    if not examples:
        raise CorpusError(f"{path} has no labelled comment in it")
    return examples, broken


def _rows(path: Path) -> Iterator[tuple[int, dict[str, object] | str]]:
    """(line number, row or problem) of a JSONL or CSV file; UTF-8, a BOM is passed over."""
    opened = gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")
    with opened as raw:
        text = io.TextIOWrapper(raw, encoding="utf-8-sig", errors="surrogateescape", newline="")
        yield from _csv_rows(text) if ".csv" in path.suffixes else _json_rows(text)


def _json_rows(lines: Iterable[str]) -> Iterator[tuple[int, dict[str, object] | str]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        problem = _undecodable(line)
        if problem or len(line) > MOST_LINE:
            yield number, problem or f"is longer than {MOST_LINE:,} characters"
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield number, f"is no JSON ({getattr(error, 'msg', 'nested too deep')})"
            continue
        yield number, row if isinstance(row, dict) else "is no JSON object"


def _csv_rows(lines: io.TextIOWrapper) -> Iterator[tuple[int, dict[str, object] | str]]:
    csv.field_size_limit(MOST_LINE)
    reader = csv.DictReader(lines)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield reader.line_num, f"is no CSV ({error})"
            continue
        if None in row:
            yield reader.line_num, "has more fields than the first line names"
            continue
        problem = _undecodable("".join(value for value in row.values() if isinstance(value, str)))
        yield reader.line_num, problem or {key: value for key, value in row.items() if value}


def _undecodable(text: str) -> str:
    """Bytes that are no UTF-8 came through as lone surrogates U+DC80 … U+DCFF."""
    if any("\udc80" <= character <= "\udcff" for character in text):
        return "is not UTF-8; convert the file (for instance: iconv -f latin1 -t utf-8)"
    return ""


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

"""Files of comments, whoever wrote them: recognised by what stands in them, read row by row.

A reader is one function from a path to rows in the labelled format; FORMATS lists them, with how each is recognised.
"""

import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from moderator.comment import Comment, CommentError, Word
from moderator.labelled import Example, comment_of, example_of
from moderator.training.readers import disqus, isso, page, plain, wordpress
from moderator.training.readers.rows import BrokenRow, CorpusError, Row, opened

__all__ = [
    "BrokenRow",
    "CorpusError",
    "Format",
    "Found",
    "Row",
    "estimate",
    "format_of",
    "read_comments",
    "read_examples",
    "refuse_if_bad",
    "rows_of",
]

HEAD = 65_536  # bytes by which a file is recognised


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file: how people call it, how its beginning (in lower case) and name tell it, and its reader.

    ``mark`` stands once for each comment, or nearly; where there is none, nothing tells how many are to come.
    """

    name: str
    tells: Callable[[str, str], bool]
    read: Callable[[Path], Iterator[Row]]
    labelled: bool = True
    mark: bytes = b""


def _is_page(head: str, name: str) -> bool:
    marked = head.startswith("<") and (head.startswith("<!doctype html") or "<html" in head[:2_000])
    return marked or name.endswith((".html", ".htm", ".xhtml"))


def _is_wordpress(head: str, _name: str) -> bool:
    return head.startswith("<") and "http://wordpress.org/export/" in head and "<html" not in head[:500]


def _is_disqus(head: str, _name: str) -> bool:
    return head.startswith("<") and ("<disqus" in head[:4_000] or "http://disqus.com" in head[:4_000])


def _is_csv(_head: str, name: str) -> bool:
    return name.removesuffix(".gz").endswith(".csv")


def _is_json_lines(head: str, name: str) -> bool:
    return ".jsonl" in Path(name).suffixes or not head.startswith("<")


FORMATS: tuple[Format, ...] = (
    # Told by their content, whatever their names are.
    Format("an Isso database", lambda head, name: head.startswith("sqlite format 3\0"), isso.read),
    Format("a WordPress export", _is_wordpress, wordpress.read, mark=b"<wp:comment>"),
    Format("a Disqus export", _is_disqus, disqus.read, mark=b"<post "),
    Format("a saved page", _is_page, page.read, labelled=False),
    # The labelled format: what is no CSV by name and begins like an object is JSON lines.
    Format("CSV", _is_csv, plain.csv_rows, mark=b"\n"),
    Format("JSON lines", _is_json_lines, plain.json_lines, mark=b"\n"),
)


@dataclass(frozen=True, slots=True)
class Found:
    """What was in a file: its examples, what is broken, how many were passed over and why, and what to know of it."""

    format: str
    examples: list[Example]
    broken: list[BrokenRow] = field(default_factory=list)
    passed: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)


def format_of(path: Path) -> Format:
    """The format of a file. Raises CorpusError for one that is none of them, or cannot be read."""
    try:
        with opened(path) as stream:
            head = stream.read(HEAD)
    except (OSError, EOFError, zlib.error) as error:
        raise CorpusError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if not head.strip():
        raise CorpusError(f"{path} is empty")
    encoding = "utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    text = head.decode(encoding, "replace").lstrip().lower()
    found = next((kind for kind in FORMATS if kind.tells(text, path.name.lower())), None)
    if found is None and b"<!DOCTYPE" in head:
        raise CorpusError(f"{path} has a document type (<!DOCTYPE …>) of its own, which no export has; export it anew")
    if found is None:
        raise CorpusError(
            f"{path} is XML, but neither a WordPress nor a Disqus export; those, Isso's database, saved pages (HTML), "
            "JSON lines and CSV can be read"
        )
    return found


def read_examples(path: Path, *, keep_good_rows: bool = False, label: Word | None = None, source: str = "") -> Found:
    """The labelled comments of a file of any format.

    ``label`` is for rows that have none (a saved page); ``source`` is their origin where the file tells none. An id
    that comes twice counts once, as its last row has it. Raises CorpusError where the file cannot be read at all, has
    no labelled comment, or has broken rows and they were not allowed (``keep_good_rows``).
    """
    kind = format_of(path)
    if not kind.labelled and label is None:
        raise CorpusError(f"{path} is {kind.name}, and its comments have no label; say --label ham or --label spam")
    source = source or path.name.removesuffix(".gz").rpartition(".")[0] or path.name
    settled: dict[object, Example] = {}
    notes: list[str] = []
    broken: list[BrokenRow] = []
    passed: Counter[str] = Counter()
    for row in rows_of(path, kind):
        if row.passed:
            passed[row.passed] += 1
            continue
        try:
            if row.problem:
                raise CommentError("", row.problem)
            example = _example(row.fields, label=label, source=source)
        except CommentError as error:
            broken.append(BrokenRow(path.name, row.line, row.problem or str(error)))
            continue
        own_id = example.comment.id
        key = (example.source, own_id) if own_id else len(settled)
        earlier = settled.pop(key, None)  # the last row wins, and its place in the order too
        if earlier and earlier.label is not example.label:
            notes.append(
                f"{path.name}:{row.line}: the comment {own_id} was {earlier.label} before; the last word counts"
            )
        settled[key] = example
    return _checked(path, Found(kind.name, list(settled.values()), broken, passed, notes), keep_good_rows)


def refuse_if_bad(
    path: Path, *, good: int, broken: int, shown: Sequence[BrokenRow], passed: Counter[str], keep_good_rows: bool
) -> None:
    """Raise CorpusError for a file with broken rows that are not allowed, or without any good one."""
    if broken and not keep_good_rows:
        told = "; ".join(str(row) for row in shown[:3])
        rest = f" (and {broken - 3:,} more)" if broken > 3 else ""
        raise CorpusError(
            f"{path} has {broken:,} broken row{'s' * (broken > 1)}: {told}{rest}. Mend them, or pass "
            f"--keep-good-rows to take the other {good:,}"
        )
    if not good:
        over = ", ".join(f"{count:,} {why}" for why, count in passed.items())
        raise CorpusError(f"{path} has no labelled comment in it" + (f" (passed over: {over})" if over else ""))


def _checked(path: Path, found: Found, keep_good_rows: bool) -> Found:
    examples, broken = found.examples, found.broken
    refuse_if_bad(
        path,
        good=len(examples),
        broken=len(broken),
        shown=broken,
        passed=found.passed,
        keep_good_rows=keep_good_rows,
    )
    labels = {example.label for example in examples}
    if len(labels) == 1:
        found.notes.append(f"{path.name}: all {len(examples):,} comments are {labels.pop()}; training needs both")
    return found


def _example(fields: Any, *, label: Word | None, source: str) -> Example:
    given = {"label": label.value} if label and not fields.get("label") else {}
    return example_of({**fields, **given}, source=source)


def rows_of(path: Path, kind: Format) -> Iterator[Row]:
    """The rows of a file, one after the other, so that a large one needs no memory. Raises CorpusError."""
    try:
        yield from kind.read(path)
    except CorpusError as error:
        told = str(error)
        raise CorpusError(told if told.startswith((str(path), path.name)) else f"{path}: {told}") from None
    except (OSError, EOFError, zlib.error) as error:
        raise CorpusError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from error


def estimate(path: Path, kind: Format) -> int:
    """How many rows the file has, about, from one quick look; 0 where that cannot be told."""
    if not kind.mark:
        return 0
    found, tail = 0, b""
    try:
        with opened(path) as stream:
            while chunk := stream.read(1 << 20):
                chunk = tail + chunk
                found += chunk.count(kind.mark)
                tail = chunk[len(chunk) - len(kind.mark) + 1 :]
    except (OSError, EOFError, zlib.error):
        return 0  # the reader meets it again, and says so
    return found


def read_comments(path: Path) -> Iterator[Comment | BrokenRow]:
    """The comments of a file of any format, in order, whatever their labels: to be scored. Raises CorpusError."""
    for row in rows_of(path, format_of(path)):
        if row.passed:
            continue
        try:
            yield comment_of(row.fields) if not row.problem else BrokenRow(path.name, row.line, row.problem)
        except CommentError as error:
            yield BrokenRow(path.name, row.line, str(error))

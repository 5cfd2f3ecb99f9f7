"""What every reader gives: rows with their place in the file, and how a file is opened."""

import gzip
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, cast

MOST_LINE = 4_000_000  # characters of one row; a longer one is a broken file
MOST_OF_A_PARENT = 500  # characters of an answered comment that are kept while its answers may come
GZIP = b"\x1f\x8b"
# Stands in a text for bytes that its encoding does not know. A noncharacter: no honest text has it, XML allows it.
UNDECODED = "\ufdd0"


class CorpusError(Exception):
    """A file that cannot be learned from, with line numbers and the cure."""


@dataclass(frozen=True, slots=True)
class BrokenRow:
    """A row that was not taken. ``line`` is where it begins (in a database: its id)."""

    file: str
    line: int
    problem: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.problem}"


@dataclass(frozen=True, slots=True)
class Row:
    """One comment of a file, in the labelled format; or a ``problem``; or the reason why it was ``passed`` over."""

    line: int
    fields: Mapping[str, object] = field(default_factory=dict)
    problem: str = ""
    passed: str = ""


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """The bytes of a file, unpacked where it is gzipped, whatever its name says."""
    with path.open("rb") as raw:
        packed = raw.read(2) == GZIP
        raw.seek(0)
        if packed:
            with gzip.open(raw) as unpacked:
                yield cast(BinaryIO, unpacked)
        else:
            yield raw


def undecodable(text: str, encoding: str = "UTF-8") -> str:
    """The problem of a text with bytes that are not of its encoding, or nothing.

    They came through as lone surrogates U+DC80 … U+DCFF, or as ``UNDECODED``.
    """
    if not text.isascii() and any("\udc80" <= letter <= "\udcff" or letter == UNDECODED for letter in text):
        return f"is not {encoding}; convert the file (for instance: iconv -f latin1 -t utf-8)"
    return ""


def moment(text: str) -> str:
    """``text`` if it is an ISO 8601 time; nothing else (WordPress writes 0000-00-00 for unknown)."""
    try:
        return datetime.fromisoformat(text.strip()).isoformat()
    except ValueError:
        return ""

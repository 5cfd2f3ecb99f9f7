"""JSON lines and CSV in the labelled format (see labelled.py). UTF-8; a BOM is passed over."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

from moderator.training.readers.rows import MOST_LINE, Row, opened, undecodable


def json_lines(path: Path) -> Iterator[Row]:
    """One JSON object a line."""
    with opened(path) as raw:
        number = 0
        while True:
            number += 1
            line = raw.readline(MOST_LINE * 4)
            if not line:
                return
            if len(line) == MOST_LINE * 4 and not line.endswith(b"\n"):
                yield Row(number, problem=f"is longer than {MOST_LINE:,} characters")
                while line and not line.endswith(b"\n"):
                    line = raw.readline(MOST_LINE * 4)
                continue
            text = line.decode("utf-8-sig" if number == 1 else "utf-8", "surrogateescape")
            if text.strip():
                yield _json_row(number, text)


def _json_row(number: int, text: str) -> Row:
    problem = undecodable(text) or (f"is longer than {MOST_LINE:,} characters" if len(text) > MOST_LINE else "")
    if problem:
        return Row(number, problem=problem)
    try:
        row = json.loads(text)
    except (ValueError, RecursionError) as error:
        return Row(number, problem=f"is no JSON ({getattr(error, 'msg', 'nested too deep')})")
    return Row(number, row) if isinstance(row, dict) else Row(number, problem="is no JSON object")


def csv_rows(path: Path) -> Iterator[Row]:
    """Comma-separated values; the first line names the fields. Fields may hold quotes and line breaks."""
    csv.field_size_limit(MOST_LINE)
    with opened(path) as raw:
        reader = csv.DictReader(io.TextIOWrapper(raw, encoding="utf-8-sig", errors="surrogateescape", newline=""))
        while True:
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Row(reader.line_num, problem=f"is no CSV ({error})")
                continue
            if None in row:
                yield Row(reader.line_num, problem="has more fields than the first line names")
                continue
            problem = undecodable("".join(value for value in row.values() if isinstance(value, str)))
            fields = {key: value for key, value in row.items() if value}
            yield Row(reader.line_num, problem=problem) if problem else Row(reader.line_num, fields)

"""Log lines cannot be forged, whatever is logged."""

import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderator.journal import Lines, Text

NASTY = "x\n2026-11-28 10:00:00,000 INFO moderator: all is well\r\x1b[2J\u2028y\u202e"


def record(message: str) -> logging.LogRecord:
    return logging.LogRecord("moderator", logging.WARNING, "", 0, "refused: %s", (message,), None)


@pytest.mark.parametrize("formatter", [Text(), Lines()], ids=["text", "json"])
@given(message=st.one_of(st.text(), st.just(NASTY)))
def test_one_record_begins_one_line(formatter: logging.Formatter, message: str) -> None:
    first, *more = formatter.format(record(message)).splitlines()
    assert "refused: " in first
    assert all(line.startswith("    ") for line in more)


def test_json_is_one_line_that_says_it_all() -> None:
    line = Lines().format(record(NASTY))
    assert len(line.splitlines()) == 1
    assert json.loads(line)["message"] == f"refused: {NASTY}"


def test_nothing_in_a_text_line_moves_a_terminal() -> None:
    assert "\x1b" not in Text().format(record(NASTY))

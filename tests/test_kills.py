"""kill -9 of workers and master under load loses nothing acknowledged; `make kills` does it a thousand times."""

import os
from pathlib import Path

import pytest

from benchmarks.kills import run

KILLS = int(os.environ.get("MODERATOR_TEST_KILLS", "12"))


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_what_was_acknowledged_is_there_exactly_once(
    engine: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    database = str(request.getfixturevalue("postgres_url")) if engine == "postgres" else None
    found = run(KILLS, tmp_path / "data", database)
    assert found["comments"] >= KILLS  # one and more between two kills
    assert found["verdicts"]
    for name in ("wrong_answers", "lost_comments", "verdicts_not_once", "messages_not_once"):
        assert found[name] == [], name
    assert (found["half_written"], found["integrity"]) == (0, "ok")

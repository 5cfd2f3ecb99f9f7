"""A power cut loses nothing acknowledged; `make power-cuts` cuts five hundred times, here it is a few."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.power_cuts import record, replay

pytestmark = pytest.mark.skipif(
    shutil.which("strace") is None and not os.environ.get("CI"), reason="no strace; apt install strace"
)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, bytes], Path]]:
    """The trace of a server that took comments and verdicts, and the files that were there before."""
    folder = tmp_path_factory.mktemp("cuts")
    trace, start = record(folder, 40)
    yield trace, start, folder / "data"
    trace.unlink()


def test_after_a_power_cut_all_that_was_acknowledged_is_there_once(
    served: tuple[Path, dict[str, bytes], Path],
) -> None:
    found = replay(*served, 20)
    assert (found["cuts"], found["comments"], found["verdicts"]) == (20, 40, 16)
    assert found["most_writes_unsynced"] > 10 and found["syncs"] > 10
    assert found["wrong"] == []


def test_on_a_disk_that_says_synced_and_has_not_the_loss_would_be_seen(
    served: tuple[Path, dict[str, bytes], Path],
) -> None:
    assert any("lost comment" in one for one in replay(*served, 6, lying=True)["wrong"])

"""Training as a process: a stop in the middle leaves nothing behind, and files of any length go through it."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from models import published

from moderator.classifier import Classifier
from moderator.cli import main
from moderator.shelf import Shelf
from moderator.training import command, corpus, search
from moderator.training.console import Console
from moderator.training.corpus import CorpusError
from moderator.training.gathering import gather
from moderator.training.parallel import ALONE, Workers
from moderator.training.publish import weights_of

ON_FEW_COMMENTS = """
import sys
from moderator.cli import main
from moderator.training import corpus
whole = corpus.starter()
corpus.starter, corpus.names = lambda: whole[::4], list
main(sys.argv[1:])
"""


def state(folder: Path) -> dict[str, bytes]:
    """All that lies in an installation, but for the store's own log."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith("moderator.sqlite3")
    }


def gone_within(group: int, seconds: float) -> bool:
    """Whether the last process of the group has ended in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


@pytest.mark.parametrize("stopped_at", ["learning from", "fitting on"])
def test_ctrl_c_leaves_the_model_as_it_was_and_nothing_else(tmp_path: Path, stopped_at: str) -> None:
    shelf = Shelf(tmp_path / "model", tmp_path / "model")
    shelf.promote(published(tmp_path / "model"))
    before = state(tmp_path)
    arguments = ["train", "--data", str(tmp_path), "--fresh", "--jobs", "2"]
    words = [sys.executable, "-c", ON_FEW_COMMENTS, *arguments]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith(stopped_at):
                os.killpg(process.pid, signal.SIGINT)  # as a terminal does it: to all of them
                break
        rest = process.stderr.read()
        assert process.wait(30) == 130, rest
    assert "Traceback" not in rest, rest
    assert state(tmp_path) == before
    assert gone_within(process.pid, 15.0)  # no worker lives on


# Files in a stream


ROWS = [
    {"id": "1", "text": "I had the same trouble with my chain", "label": "ham"},
    {
        "id": "2",
        "text": "cheap watches here",
        "label": "ham",
        "author_url": "http://w.com/x",
        "date": "2026-01-02T03:04:05Z",
    },
    {"id": "2", "text": "cheap watches there", "label": "spam", "author": "Watches"},
    {"text": "I had the same trouble with my chain 7", "label": "spam"},
]


def written(folder: Path, *rows: object) -> Path:
    path = folder / "rows.jsonl"
    path.write_text("".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows))
    return path


@pytest.fixture(autouse=True)
def no_starter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus, "starter", list)
    monkeypatch.setattr(corpus, "names", list)


def test_of_an_id_and_of_a_text_the_last_row_counts_in_memory_and_on_disk(tmp_path: Path) -> None:
    path = written(tmp_path, *ROWS)
    for scratch in (None, tmp_path):
        found = gather(None, [path], keep_good_rows=False, names=False, say=print, scratch=scratch)
        assert [example.comment.body for example in found.examples] == [
            "I had the same trouble with my chain 7",
            "cheap watches there",
        ]
        assert found.spam.tolist() == [True, True] and found.signed.tolist() == [False, True]
        assert np.isnan(found.created).all() and found.sources == ("rows",)
        assert found.counts() == {"rows": (2, 2)}
    assert list(tmp_path.iterdir()) == [path]


def test_a_stream_refuses_what_a_whole_file_is_refused_for(tmp_path: Path) -> None:
    for rows in ((*ROWS, "{", "[1]"), ("{",), ("",)):
        path = written(tmp_path, *rows)
        with pytest.raises(CorpusError) as whole:
            corpus.from_file(path)
        with pytest.raises(CorpusError) as streamed:
            list(corpus.stream(path))
        told, other = str(streamed.value), str(whole.value)
        assert told.partition("Mend")[0] == other.partition("Mend")[0]


def test_broken_rows_that_are_allowed_are_told_with_their_lines(tmp_path: Path) -> None:
    path = written(tmp_path, ROWS[0], "{", ROWS[1], *["[1]"] * 25)
    said: list[str] = []
    found = gather(None, [path], keep_good_rows=True, names=False, say=said.append)
    assert len(found) == 2 and "rows.jsonl:2:" in said[0] and len(said) == 21 and "6 more" in said[-1]


def test_a_saved_page_has_no_labels_and_says_so_in_a_stream_too(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text("<!doctype html><html><body><ol class='commentlist'></ol></body></html>")
    with pytest.raises(CorpusError, match="--label"):
        list(corpus.stream(path))


# The whole of it


class Kept(Console):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.steps: list[tuple[str, int, int]] = []

    def say(self, text: str) -> None:
        self.said.append(text)

    def step(self, label: str, done: int, total: int) -> None:
        self.steps.append((label, done, total))


def many(folder: Path) -> Path:
    """A blog's comments of half a year, enough for every split."""
    good, bad = ("chain", "salt", "harbour", "frost", "poem"), ("watches", "casino", "loans", "essays", "pills")
    chance = np.random.default_rng(3)
    rows = []
    for number in range(600):
        spam = number % 3 == 0
        words = chance.choice(bad if spam else good, 2).tolist() + chance.choice([*good, *bad], 3).tolist()
        rows.append(
            {
                "text": " ".join([*words, chr(97 + number % 26) * (2 + number // 26)]),
                "label": "spam" if spam else "ham",
                "author": "Best " + words[0] if spam else "Ann",
                "date": f"2026-{1 + number // 100:02}-{1 + number // 4 % 25:02}T00:00:00Z",
                "source": f"blog {number // 3 % 6}",
            }
        )
    rows += [{"text": f"only spam {chr(97 + number)}", "label": "spam", "source": "one label"} for number in range(20)]
    return written(folder, *rows)


@pytest.mark.parametrize("by_source", [False, True])
def test_a_search_tells_what_it_picked_and_what_it_is_worth(
    tmp_path: Path, by_source: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "CANDIDATES", search.CANDIDATES[:3])
    monkeypatch.setattr(search, "RUNGS", ((2, 4, 2), (1, 6, 1)))
    shelf, told = Shelf(tmp_path / "model", tmp_path / "model"), Kept()
    status = command.train(
        None, shelf, files=[many(tmp_path)], searched=True, by_source=by_source, scratch=tmp_path, progress=told
    )
    assert status == command.PROMOTED
    model = shelf.current()
    assert model is not None
    report = json.loads((shelf.own / model.id / "report.json").read_text("utf-8"))
    found = report["search"]
    assert len(found["picked"]) == 3 and set(found["setting"]) == set(found["usual"])
    assert found["folds_by"] == ("source" if by_source else "group")
    low, high = found["intervals"]["roc_auc"]
    assert low <= found["figures"]["roc_auc"] <= high and found["figures"]["roc_auc"] > 0.8
    steps = [(done, total) for label, done, total in told.steps if label == "search"]
    assert steps[-1][0] == steps[-1][1] and steps == sorted(steps)
    assert any("the search picks" in line for line in told.said)
    assert report["in_time"]["sources"] == [f"blog {number}" for number in range(6)]
    page = (shelf.own / model.id / "report.html").read_text("utf-8")
    assert "The search for a setting" in page and "tried on the newest" in page
    assert {path.name for path in tmp_path.iterdir()} == {"model", "rows.jsonl"}


def test_what_lies_on_disk_gives_the_very_model_of_what_lies_in_memory(tmp_path: Path) -> None:
    def trained(name: str, scratch: Path | None, workers: Workers) -> Classifier:
        shelf = Shelf(tmp_path / name, tmp_path / name)
        command.train(None, shelf, files=[many(tmp_path)], scratch=scratch, workers=workers, progress=Kept())
        model = shelf.current()
        assert model is not None
        return model

    one, other = trained("memory", None, ALONE), trained("disk", tmp_path, Workers(2))
    assert np.array_equal(weights_of(one).table, weights_of(other).table) and one.bias == other.bias
    assert np.array_equal(one.signal_weights, other.signal_weights) and one.thresholds == other.thresholds


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_person_sees_a_bar_and_a_log_has_a_line_for_each_tenth(monkeypatch: pytest.MonkeyPatch) -> None:
    def shown(stream: io.StringIO) -> str:
        monkeypatch.setattr(sys, "stderr", stream)
        console = Console()
        for _ in range(2):  # the same step comes again with other comments
            for done in range(1, 101):
                console.step("search", done, 100)
        return stream.getvalue()

    log, seen = shown(io.StringIO()).splitlines(), shown(Terminal())
    assert log == [f"search: {10 * tenth} of 100" for tenth in range(1, 11)] * 2
    assert seen.count("\n") == 2 and f"\rsearch: {'█' * 12}{'░' * 12} 50 of 100" in seen


@pytest.mark.parametrize(
    ("options", "cure"), [(["--search"], "add --fresh"), (["--by-source"], "add --search"), (["--jobs", "0"], "--jobs")]
)
def test_options_that_do_not_go_together_are_refused_with_the_cure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], cure: str
) -> None:
    with pytest.raises(SystemExit) as left:
        main(["train", "--data", str(tmp_path), *options])
    assert left.value.code == 2 and cure in capsys.readouterr().err


def test_the_inner_folds_do_not_follow_the_outer_ones() -> None:
    groups = np.arange(3_000, dtype=np.int64) * 7_919
    outer, inner = search.folds_of(groups, 3), search.folds_of(search._other(groups), 3)
    for number in range(3):
        assert min(np.bincount(inner[outer == number], minlength=3)) > 250


def test_the_usual_setting_stays_unless_it_is_clearly_beaten() -> None:
    usual, one, two = search.CANDIDATES[:3]
    close = np.array([[0.90, 0.92, 0.91], [0.91, 0.91, 0.92], [0.5, 0.5, 0.5]])
    assert search._best([usual, one, two], close, 1) == [usual]
    assert search._best([usual, one, two], close + np.array([[0], [0.05], [0]]), 1) == [one]
    assert usual in search._best([usual, one, two], np.array([[0.1] * 3, [0.2] * 3, [0.3] * 3]), 2)

"""Shards are scored anew, on this machine and on a real cluster, with the same scores."""

import gzip
import json
import subprocess
from pathlib import Path

import pytest
from test_story import run
from test_training_parallel import scheduler, worker

from moderator.comment import Comment
from moderator.moderation import assess
from moderator.policy import SitePolicy
from moderator.shelf import Shelf, shipped_folder

pytest.importorskip("joblib", reason="rescoring in parallel needs the extra train")

TEXTS = ("Great post! Cheap watches at www.watch-deals-24.shop", "Thank you, the third step was what I was missing.")


@pytest.fixture
def shards(tmp_path: Path) -> list[Path]:
    """Three shards, one gzipped, one with lines that cannot be read."""
    rows = [{"id": str(number), "text": f"{TEXTS[number % 2]} {number}"} for number in range(2500)]
    lines = [json.dumps(row) for row in rows]
    (tmp_path / "a.jsonl").write_text("\n".join(lines[:2200]) + "\n")
    with gzip.open(tmp_path / "b.jsonl.gz", "wt") as file:
        file.write("\n".join(lines[2200:]) + "\n")
    (tmp_path / "c.jsonl").write_bytes(b'{"id": "x"\n{"text": 3}\n' + lines[0].encode() + b"\n\xff\n")
    return [tmp_path / name for name in ("a.jsonl", "b.jsonl.gz", "c.jsonl")]


def told(file: Path) -> list[dict[str, object]]:
    with gzip.open(file, "rt") if file.suffix == ".gz" else file.open() as lines:
        return [json.loads(line) for line in lines]


def rescore(shards: list[Path], into: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return run("rescore", *map(str, shards), "--into", str(into), "--data", str(into / "data"), "--json", *more)


def test_each_shard_gives_a_score_a_line(shards: list[Path], tmp_path: Path) -> None:
    done = rescore(shards, tmp_path / "out", "--jobs", "1")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"shards": 3, "comments": 2504, "broken": 3, "skipped": 0}
    scores = told(tmp_path / "out/a.jsonl")
    assert [one["id"] for one in scores] == [str(number) for number in range(2200)]
    one = assess(Comment(f"{TEXTS[0]} 0", id="0"), SitePolicy(), Shelf(tmp_path / "none", shipped_folder()))
    assert scores[0]["score"] == pytest.approx(one.score, abs=1e-9)
    assert scores[0]["decision"] == one.action
    assert [("error" in line) for line in told(tmp_path / "out/c.jsonl")] == [True, True, False, True]


def test_a_run_that_was_broken_off_goes_on(shards: list[Path], tmp_path: Path) -> None:
    cut = tmp_path / "z.jsonl.gz"
    cut.write_bytes(shards[1].read_bytes()[:500])
    done = rescore([*shards[:1], cut], tmp_path / "out", "--jobs", "1")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("Error: ") and "breaks off" in done.stderr
    assert sorted(path.name for path in (tmp_path / "out").glob("*z*")) == []
    cut.write_bytes(shards[1].read_bytes())
    again = rescore([*shards[:1], cut], tmp_path / "out", "--jobs", "1")
    assert json.loads(again.stdout) == {"shards": 1, "comments": 300, "broken": 0, "skipped": 1}


@pytest.mark.parametrize(
    ("more", "cure"),
    [
        (("--jobs", "2", "--cluster", "tcp://127.0.0.1:1"), "leave one out"),
        (("--cluster", "tcp://127.0.0.1:1"), "dask scheduler"),
        (("--model", "nothing"), "moderator models list"),
    ],
)
def test_a_mistake_is_one_line(more: tuple[str, ...], cure: str, shards: list[Path], tmp_path: Path) -> None:
    done = rescore(shards, tmp_path / "out", *more)
    assert (done.returncode, done.stdout) == (2, "")
    assert cure in done.stderr and "Traceback" not in done.stderr


def test_a_cluster_gives_the_same_scores(shards: list[Path], tmp_path: Path) -> None:
    pytest.importorskip("distributed", reason="a cluster needs the extra cluster")
    here = rescore(shards, tmp_path / "here", "--jobs", "2")
    with scheduler() as address, worker(address, tmp_path / "one"), worker(address, tmp_path / "two"):
        there = rescore(shards, tmp_path / "there", "--cluster", address)
    assert there.returncode == 0, there.stderr
    assert there.stdout == here.stdout
    for shard in shards:
        assert told(tmp_path / "here" / shard.name) == told(tmp_path / "there" / shard.name)

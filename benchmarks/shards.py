"""Scoring shards anew, from 10^5 comments on: seconds, comments a second, and the memory of each process.

    python benchmarks/shards.py --comments 100000 --comments 1000000 --json

The comments are made here: texts of the starter corpus with their words shuffled and a third of them exchanged, so that
hardly two are alike; 100,000 a shard, gzipped. Each run is a process of its own (``moderator rescore``).
"""

import gzip
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.common import machine, ran, write_between
from moderator.training import corpus

SHARD = 100_000
COMMAND = [sys.executable, "-c", "import sys; from moderator.cli import main; main(sys.argv[1:])"]


def comments(count: int, seed: int) -> Iterator[str]:
    """So many labelled rows, each as a line."""
    chance = random.Random(seed)
    own = [(example.comment.body.split(), example.label.value) for example in corpus.starter()]
    words = [word for text, _ in own for word in text]
    for number in range(count):
        text, label = chance.choice(own)
        text = [word if chance.random() < 2 / 3 else chance.choice(words) for word in text]
        chance.shuffle(text)
        yield json.dumps({"id": str(number), "text": " ".join(text) or "x", "label": label}, ensure_ascii=False)


def write(folder: Path, count: int) -> list[Path]:
    """The shards of so many comments."""
    shards = []
    for start in range(0, count, SHARD):
        shards.append(folder / f"{start // SHARD:05}.jsonl.gz")
        with gzip.open(shards[-1], "wt", compresslevel=1, encoding="utf-8") as file:
            file.writelines(line + "\n" for line in comments(min(SHARD, count - start), start))
    return shards


def timed(command: list[str]) -> dict[str, float]:
    """Run it; its seconds, and the most megabytes that any of its processes had."""
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    most, over = [0.0], threading.Event()
    watcher = threading.Thread(target=_watch, args=(process.pid, most, over))
    watcher.start()
    process.wait()
    over.set()
    watcher.join()
    if process.returncode:
        raise SystemExit(f"{' '.join(command[3:5])} ended with status {process.returncode}")
    return {"seconds": time.perf_counter() - begun, "most_mb": most[0]}


def _watch(group: int, most: list[float], over: threading.Event) -> None:
    page = os.sysconf("SC_PAGE_SIZE") / 2**20
    while not over.wait(0.5):
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if os.getpgid(int(folder.name)) == group:
                    most[0] = max(most[0], int((folder / "statm").read_text("ascii").split()[1]) * page)
            except (OSError, IndexError, ValueError):
                continue


@click.command()
@click.option("--comments", "counts", multiple=True, type=int, default=(100_000, 1_000_000), show_default=True)
@click.option("--jobs", default=2, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--write", "page", type=click.Path(path_type=Path), help="Put the table into this page.")
def main(counts: tuple[int, ...], jobs: int, as_json: bool, page: Path | None) -> None:
    """Shards of comments scored anew."""
    found: list[dict[str, Any]] = []
    for count in counts:
        with tempfile.TemporaryDirectory(prefix="moderator-shards-") as temporary:
            folder = Path(temporary)
            shards = write(folder, count)
            size = sum(shard.stat().st_size for shard in shards)
            into = ["--into", str(folder / "out"), "--jobs", str(jobs), "--data", str(folder / "data")]
            cost = timed([*COMMAND, "rescore", *map(str, shards), *into])
        found.append({"comments": count, "jobs": jobs, "gzipped_mb": size / 2**20, **cost,
                      "a_second": count / cost["seconds"]})  # fmt: skip
        if not as_json:
            told = found[-1]
            print(f"{count:10,} comments {told['seconds']:8.1f} s {told['a_second']:8.0f}/s {told['most_mb']:6.0f} MB")
    if page is not None:
        heads = ("comments scored anew", "processes", "seconds", "comments/s", "MB of a process")
        rows = [(one["comments"], jobs, one["seconds"], one["a_second"], one["most_mb"]) for one in found]
        write_between(page, "shards", ran(heads, rows))
    if as_json:
        print(json.dumps({"machine": machine(), "runs": found}, indent=2))


if __name__ == "__main__":
    main()

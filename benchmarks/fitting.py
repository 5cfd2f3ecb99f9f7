"""Reading, hashing and fitting many comments: time and memory, in memory and on disk, beside fastText.

    python benchmarks/fitting.py --comments 20000 --comments 200000 --jobs 2

The comments are those that may train, drawn with repeats, their words shuffled and a third of them exchanged. Each row
is a process of its own, so its memory is its own. ``--fasttext PYTHON`` names an interpreter that has fastText.
"""

import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
sys.path.insert(0, str(Path(__file__).parent.parent))

import click
import numpy as np

from benchmarks.common import ran, write_between
from benchmarks.kit import data
from moderator.comment import Comment
from moderator.training.fit import fit
from moderator.training.parallel import Workers
from moderator.training.table import in_memory, on_disk, tabulate

ROOT = Path(__file__).parent.parent
FASTTEXT = """
import fasttext, sys, time
start = time.perf_counter()
fasttext.train_supervised(sys.argv[1], epoch=25, lr=0.5, wordNgrams=2, dim=50, bucket=200_000, minn=int(sys.argv[2]),
                          maxn=5 if int(sys.argv[2]) else 0, thread=int(sys.argv[3]), verbose=0)
print(time.perf_counter() - start)
"""


def drawn(count: int) -> Iterator[tuple[Comment, bool]]:
    """So many comments with their labels, always the same."""
    sets = [data.starter()]
    if data.has_shared():
        sets += [data.load(name) for name in data.MAY_TRAIN]
    known = [(comment, bool(spam)) for found in sets for comment, spam in zip(found.comments, found.spam, strict=True)]
    words = [word for comment, _ in known for word in comment.body.split()]
    chance = random.Random(7)
    for _ in range(count):
        comment, spam = chance.choice(known)
        body = comment.body.split()
        chance.shuffle(body)
        mixed = " ".join(chance.choice(words) if chance.random() < 1 / 3 else word for word in body)
        yield replace(comment, body=mixed), spam


def run(count: int, jobs: int, disk: str) -> dict[str, float | int | str]:
    """One row."""
    spam = np.empty(count, dtype=np.bool_)

    def comments() -> Iterator[Comment]:
        for number, (comment, label) in enumerate(drawn(count)):
            spam[number] = label
            yield comment

    start = time.perf_counter()
    for _ in comments():
        pass
    drawing = time.perf_counter() - start
    with tempfile.TemporaryDirectory() as folder:
        keep, workers = on_disk(Path(folder)) if disk == "disk" else in_memory, Workers(jobs)
        start = time.perf_counter()
        table = tabulate(comments(), keep=keep, workers=workers)
        hashing = time.perf_counter() - start - drawing / jobs
        features = sum(len(part.buckets) for part in table.parts)
        start = time.perf_counter()
        fit(table, spam, np.ones(count), drop_out=True, workers=workers)
        fitting = time.perf_counter() - start
    return {
        "comments": count,
        "jobs": jobs,
        "parts": f"{len(table.parts)} in {'memory' if disk == 'memory' else 'files'}",
        "features": features,
        "read and hashed / s": round(count / hashing),
        "fit s": round(fitting, 1),
        "both s": round(hashing + fitting, 1),
        "peak MB": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "of a worker MB": round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024),
    }


def fasttext(python: str, count: int, jobs: int) -> Iterator[dict[str, float | int | str]]:
    """fastText on the same texts, words alone and with subwords."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8", errors="replace") as file:
        for comment, spam in drawn(count):
            file.write(f"__label__{int(spam)} {' '.join([comment.author.name, comment.body]).lower()}\n")
        file.flush()
        for name, shortest in (("words", 0), ("subwords", 2)):
            command = [python, "-c", FASTTEXT, file.name, str(shortest), str(jobs)]
            took = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            yield {"comments": count, "jobs": jobs, "fastText": name, "both s": round(float(took), 1)}


@click.command()
@click.option("--comments", "counts", multiple=True, type=int, default=(20_000,), show_default=True)
@click.option("--jobs", multiple=True, type=int, default=(1, 2), show_default=True)
@click.option("--fasttext", "python", help="An interpreter that has fastText.")
@click.option("--memory/--no-memory", default=True, help="Leave out the rows that keep all in memory.")
@click.option("--write", "page", type=click.Path(path_type=Path), help="Put the table into this page.")
@click.option("--one", nargs=3, hidden=True)
def main(
    counts: tuple[int, ...],
    jobs: tuple[int, ...],
    python: str | None,
    memory: bool,
    page: Path | None,
    one: tuple[str, str, str] | None,
) -> None:
    """Print a row of JSON for each."""
    if one:
        print(json.dumps(run(int(one[0]), int(one[1]), one[2])))
        return
    rows: list[dict[str, float | int | str]] = []
    for count in counts:
        for many in jobs:
            for disk in ("memory", "disk")[not memory :]:
                command = [sys.executable, __file__, "--one", str(count), str(many), disk]
                told = subprocess.run(
                    command, check=True, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE
                ).stdout
                print(told.decode(), end="", flush=True)
                rows.append(json.loads(told))
            if python:
                for row in fasttext(python, count, many):
                    print(json.dumps(row), flush=True)
                    rows.append(row)
    if page is not None:
        heads = [*dict.fromkeys(name for row in rows for name in row)]
        write_between(page, "fitting", ran(heads, [[row.get(name, "") for name in heads] for row in rows]))


if __name__ == "__main__":
    main()

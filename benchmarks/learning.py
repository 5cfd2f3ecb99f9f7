"""A new site that learns from its own verdicts: errors beside the model alone and beside refitting, and what it costs.

    python benchmarks/learning.py                        all blogs and videos that are here, then a queue of 10,000
    python benchmarks/learning.py --videos-model FOLDER  the videos as a model sees them that was made without them

The shipped model has learned from the videos, so on them it has next to nothing left to learn; FOLDER is what
``moderator train --fresh --into FOLDER`` wrote from all sets but ``youtube_spam``. Predict, then learn: each comment is
scored by what came before it, in the order of the dates. An error is a good comment that is held or a spam that is
approved, at the thresholds in force. The data is found through MODERATOR_SHARED, as benchmarks/quality.py has it.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"  # one core, before NumPy is loaded
sys.path.insert(0, str(Path(__file__).parent.parent))

import click
import numpy as np

from benchmarks.common import machine
from benchmarks.kit import data, newcomers, online, ours
from benchmarks.kit.measures import Vector, sigmoid
from benchmarks.kit.newcomers import Newcomer
from moderator.adaptation import Adaptation
from moderator.classifier import Classifier, load
from moderator.comment import Action, Comment, Decision, Word
from moderator.reading import read
from moderator.rescoring import Rescorer
from moderator.residual import VETTED_EVERY, Lesson, Residual, taught
from moderator.store import Filter, Store
from moderator.training import fit
from moderator.training.publish import weights_of

FIRST, THEN = 100, 400
EVERY = 50
Method = Callable[[Newcomer], Vector]


def alone(site: Newcomer) -> Vector:
    """The model, and nothing learned."""
    return site.logits


def adapted(site: Newcomer) -> Vector:
    """What this project does."""
    residual, found = Residual(), np.empty(len(site))
    for number, lesson in enumerate(site.lessons):
        found[number] = residual.logits([lesson.row])[0]
        residual.learn(lesson)
        if (number + 1) % VETTED_EVERY == 0:
            residual = taught(site.lessons[: number + 1])
    return found


def held_taught(site: Newcomer) -> Vector:
    """As it is where people see only what waits: words on what is held, and on spam that got through."""
    residual, found = Residual(), np.empty(len(site))
    thresholds = site.thresholds
    said: list[Lesson] = []
    for number, lesson in enumerate(site.lessons):
        found[number] = residual.logits([lesson.row])[0]
        if lesson.spam or sigmoid(found[number : number + 1])[0] > thresholds[number]:
            said.append(lesson)
            residual.learn(lesson)
            if len(said) % VETTED_EVERY == 0:
                residual = taught(said)
    return found


def refitted(site: Newcomer) -> Vector:
    """Drawn on from the model's weights by a whole fit on all that was said, at every fiftieth comment."""
    table, base, found = fit.tabulate(site.comments), weights_of(site.base), site.logits.copy()
    for begin in range(EVERY, len(site), EVERY):
        seen, next_ = np.arange(begin), np.arange(begin, min(begin + EVERY, len(site)))
        weights = fit.fit(table.take(seen), site.spam[seen], np.ones(begin), base=base, setting=ours.MORE)
        found[next_] = weights.logits(table.take(next_))
    return found


def plainly(site: Newcomer) -> Vector:
    """AdaGrad without bounds, on all weights, as the protocols Q3 and Q7 have it."""
    scores = online.scores(fit.tabulate(site.comments), site.spam, base=weights_of(site.base))
    scores = np.clip(scores, 1e-12, 1 - 1e-12)
    found: Vector = np.log(scores) - np.log1p(-scores)
    return found


METHODS: tuple[tuple[str, Method], ...] = (
    ("the model alone", alone),
    ("refitted every 50", refitted),
    ("AdaGrad on all weights, unbounded", plainly),
    ("adapted", adapted),
    ("adapted, taught only what is held or missed", held_taught),
)
COLUMNS = ("errors in 100", "in 400", "fewer", "ham held", "spam missed", "at 50 %", "log loss", "ms a comment")


@click.command()
@click.option(
    "--videos-model", type=click.Path(path_type=Path), help="A model's folder that was made without the videos."
)
@click.option("--waiting", default=10_000, show_default=True, help="How many comments wait.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(videos_model: Path | None, waiting: int, as_json: bool) -> None:
    """Errors of new sites, and the cost of a verdict."""
    try:
        base = ours.shipped()
        videos = load(videos_model) if videos_model else base
        told: dict[str, object] = {"machine": machine(), "model": base.id, "sites": _sites(base, videos, quiet=as_json)}
    except data.Missing as missing:
        base, told = ours.shipped(), {"machine": machine(), "skipped": str(missing)}
        print(missing, file=sys.stderr)
    told["queue"] = queued = queue(base, waiting)
    if as_json:
        print(json.dumps(told, indent=1))
    else:
        print(f"\na queue of {waiting:,}: " + ", ".join(f"{name} {value}" for name, value in queued.items()))


def _sites(base: Classifier, videos: Classifier, *, quiet: bool) -> dict[str, object]:
    several = list(newcomers.sites(base, videos, most=THEN))
    found: dict[str, object] = {}
    for group in (*dict.fromkeys(site.group for site in several), "all"):
        some = [site for site in several if group in ("all", site.group)]
        rows, reference = dict[str, dict[str, object]](), 0.0
        for name, method in METHODS:
            first, then, *rest = _figures(some, method)
            reference = reference or then
            fewer = f"{100 * (1 - then / max(reference, 1)):.0f} %"
            rows[name] = dict(zip(COLUMNS, (first, then, fewer, *rest), strict=True))
        found[group] = rows
        if not quiet:
            print(f"\n{group}: {len(some)} sites, {sum(map(len, some)):,} comments, of which "
                  f"{sum(int(site.spam.sum()) for site in some)} spam")  # fmt: skip
            print(f"  {'':44}{' '.join(f'{column:>13}' for column in COLUMNS)}")
            for name, row in rows.items():
                print(f"  {name:44}{' '.join(f'{value!s:>13}' for value in row.values())}", flush=True)
    return found


_known: dict[tuple[str, str], tuple[Vector, float]] = {}


def _figures(several: list[Newcomer], method: Method) -> list[float]:
    first = then = ham = missed = half = 0
    loss, seconds = 0.0, 0.0
    for site in several:
        key = (method.__name__, site.name)
        if key not in _known:
            start = time.perf_counter()
            logits = method(site)
            _known[key] = logits, time.perf_counter() - start
        logits, took = _known[key]
        seconds += took
        scores = sigmoid(logits)
        held = scores > site.thresholds
        wrong = held != site.spam
        first, then = first + int(wrong[:FIRST].sum()), then + int(wrong.sum())
        ham, missed = ham + int((wrong & ~site.spam).sum()), missed + int((wrong & site.spam).sum())
        half += int(((scores > 0.5) != site.spam).sum())
        loss -= float(np.log(np.clip(np.where(site.spam, scores, 1 - scores), 1e-9, 1)).sum())
    count = sum(map(len, several))
    return [first, then, ham, missed, half, round(loss / count, 4), round(1000 * seconds / count, 3)]


def queue(base: Classifier, waiting: int) -> dict[str, object]:
    """Real comments in a real store, held: one verdict, and how long until all of them have their new scores."""
    try:
        comments = data.load("blog_haacked").comments[: waiting + 400]
    except data.Missing:
        comments = data.starter().comments
    comments = [comments[number % len(comments)] for number in range(waiting + 400)]
    with tempfile.TemporaryDirectory(prefix="moderator-benchmark-") as folder:
        url = os.environ.get("MODERATOR_BENCHMARK_DATABASE") or f"sqlite:///{folder}/moderator.sqlite3"
        Store.upgrade(url)
        store = Store.open(url, clock=lambda: datetime.now(UTC))
        try:
            return _queue(store, base, comments)
        finally:
            store.close()


def _queue(store: Store, base: Classifier, comments: list[Comment]) -> dict[str, object]:
    site = store.add_site(f"queue {time.time()}")[0]
    scores = ours.scores(base, comments)
    ids = []
    for number, (comment, score) in enumerate(zip(comments, scores.tolist(), strict=True)):
        held = Decision(Action.HOLD, "in_doubt", score, (), base.id)
        ids.append(store.remember(site, replace(comment, id=f"q{number}"), held, at=datetime.now(UTC)).id)
    adaptation = Adaptation(store, _Shelf(base))
    worker = Rescorer(store, adaptation, lambda: datetime.now(UTC))
    given = [store.give_verdict(ids[0], Word.HAM, by="ann", door="page").verdict_id]
    start = time.perf_counter()
    worker.step()
    cold = time.perf_counter() - start
    steps, busy, changed = [], [], []
    for number in range(1, 31):
        word = Word.SPAM if number % 3 == 0 else Word.HAM
        given.append(store.give_verdict(ids[number], word, by="ann", door="page").verdict_id)
        start, used = time.perf_counter(), time.process_time()
        changed.append(worker.step())
        steps.append(time.perf_counter() - start)
        busy.append(time.process_time() - used)
    learn = []
    for number in range(31, 331):
        given.append(store.give_verdict(ids[number], Word.HAM, by="ann", door="page").verdict_id)
        start = time.perf_counter()
        adaptation.look()
        adaptation.refresh(site, base)
        learn.append(time.perf_counter() - start)
    start = time.perf_counter()
    Adaptation(store, _Shelf(base)).refresh(site, base)
    rebuilt = time.perf_counter() - start
    for verdict_id in given:
        store.undo(verdict_id, by="ann")
    worker.step()
    waits = {one.id: one.score for one in store.queue(Filter(site_id=site.id), limit=len(ids)).comments}
    off = max(abs((waits[one] or 0.0) - score) for one, score in zip(ids, scores.tolist(), strict=True))
    start = time.perf_counter()
    for comment in comments[:300]:
        base.assess(read(comment))
    decision = (time.perf_counter() - start) / 300
    middle = float(np.median(learn))
    return {
        "seconds at first, features unknown": round(cold, 2),
        "seconds a verdict, median of 30": round(float(np.median(steps)), 3),
        "worst": round(max(steps), 3),
        "… of a processor, median": round(float(np.median(busy)), 3),
        "worst ": round(max(busy), 3),
        "new scores a verdict": round(float(np.mean(changed))),
        "ms to look, fetch, hash and learn one": round(1000 * middle, 2),
        "… beside reading and scoring one": round(middle / decision, 2),
        "ms to make all anew from 331": round(1000 * rebuilt),
        "farthest from the model after undoing all": off,
    }


class _Shelf:
    def __init__(self, model: Classifier) -> None:
        self._model = model

    def current(self) -> Classifier | None:
        return self._model


if __name__ == "__main__":
    main()

"""What one decision costs in process, from a comment to action, score and reasons, beside a textbook pipeline.

    python benchmarks/decide.py --json

Both answer the same real comments one by one, in alternating rounds, so that what else the machine does meets both.
The store and HTTP are not in it; see webhook.py for those.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"  # one core, before NumPy is loaded
sys.path.insert(0, str(Path(__file__).parent.parent))

import click
import numpy as np

from benchmarks.common import machine
from benchmarks.kit import data, ours
from benchmarks.kit.beside import fasttext_batch
from benchmarks.kit.peers import word_and_char
from moderator import features
from moderator.classifier import Classifier
from moderator.comment import Comment
from moderator.layout import lay_out
from moderator.moderation import decide
from moderator.policy import SitePolicy, Thresholds
from moderator.reading import read
from moderator.shelf import Shelf
from moderator.signals import measure as measure_signals
from moderator.training import fit
from moderator.training.publish import publish

PEERS = data.ROOT / "build" / "peers" / "bin" / "python"  # where quality.py --install puts them
# A fresh process that loads the model as a server does; it tells time and memory before and after.
LOADER = """
import json, resource, sys, time
from pathlib import Path
import numpy, moderator.classifier, moderator.shelf
def kilobytes():
    return int(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmRSS")))
before = kilobytes()
start = time.perf_counter()
loaded = moderator.classifier.load(Path(sys.argv[1]))
took = time.perf_counter() - start
assert not any(name.split(".")[0] in ("sklearn", "scipy") for name in sys.modules), "scikit-learn was imported"
print(json.dumps({"ms": took * 1000, "mb": (kilobytes() - before) / 1024, "process_mb": kilobytes() / 1024}))
"""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--comments", default=600, show_default=True, help="How many comments are decided one by one.")
@click.option("--rounds", default=5, show_default=True, help="How many rounds for each side.")
def main(as_json: bool, comments: int, rounds: int) -> None:
    """Milliseconds a decision, comments a second, and loading; fitting.py measures fitting."""
    with tempfile.TemporaryDirectory(prefix="moderator-benchmark-") as temporary:
        found = measure(Path(temporary), comments=comments, rounds=rounds)
    if as_json:
        print(json.dumps(found, indent=2))
        return
    stages = found.pop("batch_stages_us")
    for name, value in (found | {f"batch: {name}, µs": value for name, value in stages.items()}).items():
        print(f"{name:<28}{value if not isinstance(value, float) else f'{value:,.3f}'}")


def measure(temporary: Path, *, comments: int, rounds: int) -> dict[str, Any]:
    """All the figures."""
    training, spread = _comments()
    classifier, folder, which = _model(temporary)
    sample = [spread[i] for i in np.random.default_rng(7).permutation(len(spread))[:comments]]
    site = SitePolicy()
    textbook = word_and_char().fit([data.with_author(comment) for comment in training.comments], training.spam)
    texts = [data.with_author(comment) for comment in sample]

    mine: list[float] = []
    theirs: list[float] = []
    scoring: list[float] = []
    few = texts[: max(len(texts) // 3, 50)]
    for _ in range(rounds):
        mine.append(_each(lambda comment: decide(comment, site, classifier), sample, into=[]))
        scoring.append(_each(lambda comment: classifier.assess(read(comment)), sample, into=[]))
        theirs.append(_each(lambda text: textbook.predict_proba([text]), few, into=[]))
    singles: list[float] = []
    _each(lambda comment: decide(comment, site, classifier), sample, into=singles)
    textbook_singles: list[float] = []
    _each(lambda text: textbook.predict_proba([text]), few, into=textbook_singles)
    # Medians of a round each; the least disturbed round counts for both sides.
    found: dict[str, Any] = {
        "data": training.name,
        "model": which,
        "comments": len(sample),
        "median_characters": int(np.median([len(comment.body) for comment in sample])),
        "median_ms": min(mine),
        "p95_ms": float(np.percentile(singles, 95)),
        "score_median_ms": min(scoring),
        "textbook_median_ms": min(theirs),
        "textbook_p95_ms": float(np.percentile(textbook_singles, 95)),
        "ratio_to_textbook": min(theirs) / min(mine),
        "batch_per_second": _batch(classifier, spread),
        "batch_stages_us": _stages(classifier, spread),
        **_loading(folder),
        "model_mb": sum(path.stat().st_size for path in folder.iterdir()) / 1e6,
    }
    if PEERS.is_file():
        train = [data.with_author(comment) for comment in training.comments]
        asked = [data.with_author(comment) for comment in spread]
        found["fasttext_batch_per_second"] = fasttext_batch(PEERS, train, training.spam, asked)
    else:
        print("fastText is not here; quality.py --install brings it", file=sys.stderr)
    return found | machine()


def _comments() -> tuple[data.Set, list[Comment]]:
    """What the textbook is trained on, and real comments of every sort, some from each set."""
    starter = data.starter()
    if not data.has_shared():
        print("the shared data is not here: the starter corpus alone is used", file=sys.stderr)
        return starter, starter.comments
    parts = [starter.take(range(0, len(starter), 8)).comments]
    for name in ("blog_haacked", "blog_datacamp", "blog_multi", "youtube_spam", "ham_jigsaw_sample", "tg_ru_monalenka"):
        found = data.load(name)
        parts.append(found.take(range(0, len(found), max(len(found) // 700, 1))).comments)
    return starter, [comment for part in parts for comment in part]


def _model(temporary: Path) -> tuple[Classifier, Path, str]:
    """The shipped model; where the code has moved on since it was made, one fitted here, and said so."""
    try:
        classifier = ours.shipped()
        return classifier, data.ROOT / "model" / classifier.id, f"shipped {classifier.id}"
    except data.Missing as missing:
        print(f"{missing}; one is fitted on the starter corpus instead", file=sys.stderr)
    starter = data.starter()
    weights = fit.fit(fit.tabulate(starter.comments), starter.spam, np.ones(len(starter)))
    id = publish(temporary, weights, Thresholds(0.5, None), made=datetime.now(UTC), report={}, summary="")
    found = Shelf(temporary, temporary).current()
    assert found is not None
    return found, temporary / id, "fitted here on the starter corpus"


def _each(call: Callable[[Any], object], over: Sequence[Any], *, into: list[float]) -> float:
    """The median milliseconds of a call; every single one is appended to ``into``."""
    for one in over:
        start = time.perf_counter_ns()
        call(one)
        into.append((time.perf_counter_ns() - start) / 1e6)
    return float(np.median(into))


def _batch(classifier: Classifier, comments: Sequence[Comment]) -> float:
    """Comments a second of processor time, from reading to score; the best of five rounds."""
    best = 0.0
    for _ in range(5):
        start = time.process_time()
        ours.scores(classifier, comments)
        best = max(best, len(comments) / (time.process_time() - start))
    return best


def _stages(classifier: Classifier, comments: Sequence[Comment]) -> dict[str, float]:
    """Microseconds a comment that each step of a batch takes, from the comments to the log-odds; the best of five."""
    best: dict[str, float] = {}
    for _ in range(5):
        took: dict[str, float] = dict.fromkeys(("read", "lay_out", "hash", "distinct", "sum", "signals"), 0.0)
        for at in range(0, len(comments), features.BLOCK):
            times = [time.process_time()]
            readings = [read(comment) for comment in comments[at : at + features.BLOCK]]
            times.append(time.process_time())
            layouts = [lay_out(reading) for reading in readings]
            times.append(time.process_time())
            block = features.grams(layouts)
            times.append(time.process_time())
            rows = features.distinct(block)
            times.append(time.process_time())
            rows.sums(classifier.weights)
            times.append(time.process_time())
            np.array([measure_signals(reading) for reading in readings])
            times.append(time.process_time())
            for name, start, end in zip(took, times[:-1], times[1:], strict=True):
                took[name] += (end - start) / len(comments) * 1e6
        best = {name: min(best.get(name, value), value) for name, value in took.items()}
    return best


def _loading(folder: Path) -> dict[str, float]:
    """Time and memory to load the model in a fresh process that has no scikit-learn in it; the median of five."""
    command = [sys.executable, "-c", LOADER, str(folder)]
    told = [
        json.loads(subprocess.run(command, capture_output=True, check=True, env=_environment()).stdout)
        for _ in range(5)
    ]
    middle = {key: float(np.median([one[key] for one in told])) for key in told[0]}
    return {"load_ms": middle["ms"], "load_mb": middle["mb"], "loaded_process_mb": middle["process_mb"]}


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(data.ROOT)}


if __name__ == "__main__":
    main()

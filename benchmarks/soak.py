"""A server under mixed load for a while: what grows, what slows down.

    python benchmarks/soak.py --minutes 15 --json        (make soak)

Blogs send comments by the native webhook and by Akismet's protocol at a steady pace, give verdicts, and ask again; one
request in twenty is hostile (broken JSON, bodies at the limit, deep markup, wrong keys). Once a minute another model
is promoted, every third minute the SQLite file is copied with its own backup. Each quarter of a minute: memory and
open files of all processes, size of the write-ahead log, and the 99th percentile of the answers to honest requests.
The slopes are by least squares over what comes after the warm-up, with medians of the first and last quarter for the
drift.
"""

import contextlib
import http.client
import itertools
import json
import random
import shutil
import sqlite3
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import click

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.common import comment, machine
from benchmarks.kills import Server
from moderator.model_file import MANIFEST, self_digest
from moderator.settings import secret
from moderator.shelf import Shelf, shipped_folder
from moderator.store import Store

SENDERS = 4
HOSTILE = 0.05
SAMPLE_EVERY = 15.0
WARM_UP = 0.2  # of the whole time
Request = tuple[str, str, dict[str, str], bytes]


@dataclass
class Seen:
    """What came back."""

    latencies: list[tuple[float, float]] = field(default_factory=list)  # when, seconds; honest requests alone
    statuses: Counter[int] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at the server: seconds since the start, megabytes, open files, megabytes of the log."""

    at: float
    rss: float
    files: int
    wal: float


def honest(number: int, key: str, akismet_key: str, ids: Sequence[str]) -> Request:
    """A comment by one protocol or the other, a verdict on an earlier one, or a question about one."""
    ours = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    kind = number % 10
    if kind < 6 or not ids:
        return "POST", "/v1/comments", ours, json.dumps(comment(number)).encode()
    if kind < 8:
        one = comment(number)
        form = {"api_key": akismet_key, "blog": "https://blog.example", "user_ip": one["ip"],
                "comment_author": f"{one['author']['name']} {number}", "comment_content": one["body"]}  # fmt: skip
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Host": "rest.akismet.com"}
        return "POST", "/1.1/comment-check", headers, urlencode(form).encode()
    if kind == 8:
        word = json.dumps({"verdict": "spam" if number % 3 else "ham"}).encode()
        return "POST", f"/v1/comments/{ids[number % len(ids)]}/verdict", ours, word
    return "GET", f"/v1/comments/{ids[number % len(ids)]}", ours, b""


def hostile(number: int, key: str) -> Request:
    """What nobody honest sends."""
    ours = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    bodies = (
        b'{"id": "1", "body": ',
        json.dumps({"id": f"h{number}", "body": "<b>" * 50_000}).encode(),
        json.dumps({"id": f"h{number}", "body": "a" * 1_000_000}).encode(),
        json.dumps({"id": f"h{number}", "body": "\u0301" * 60_000}).encode(),
        b"[" * 20_000,
    )
    if number % 6 == 5:
        return "POST", "/v1/comments", ours | {"Authorization": f"Bearer mk_wrong{number}"}, bodies[0]
    return "POST", "/v1/comments", ours, bodies[number % 5]


def _send(own: int, server: Server, keys: tuple[str, str], seen: Seen, pace: float, until: float) -> None:
    chance = random.Random(own)
    ids: list[str] = []
    number = own * 10_000_000
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    begin = time.monotonic()
    turn = 0
    while time.monotonic() < until:
        turn += 1
        time.sleep(max(0.0, begin + turn * pace - time.monotonic()))
        number += 1
        bad = chance.random() < HOSTILE
        method, path, headers, body = hostile(number, keys[0]) if bad else honest(number, *keys, ids)
        sent = time.monotonic()
        try:
            connection.request(method, path, body or None, headers)
            answer = connection.getresponse()
            told = answer.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            if not bad:
                seen.failed.append(f"{type(error).__name__} {path[:20]}")
            continue
        seen.statuses[answer.status] += 1
        if bad:
            continue
        seen.latencies.append((sent - begin, time.monotonic() - sent))
        if path == "/v1/comments" and answer.status in (200, 201):
            ids.append(json.loads(told)["id"])
            del ids[:-500]
    connection.close()


def look(server: Server, data: Path, begun: float) -> Sample:
    """Memory and files of the master and its workers, and the log's size."""
    rss = files = 0
    for pid in server.processes():
        with contextlib.suppress(OSError, StopIteration):
            status = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
            rss += int(next(line for line in status if line.startswith("VmRSS")).split()[1])
            files += len(list(Path(f"/proc/{pid}/fd").iterdir()))
    wal = data / "moderator.sqlite3-wal"
    return Sample(time.monotonic() - begun, rss / 1024, files, wal.stat().st_size / 2**20 if wal.exists() else 0.0)


def swap(data: Path) -> None:
    """Promote the shipped model or a copy of it in the data folder, whichever is not in force."""
    shelf = Shelf(data / "model", shipped_folder())
    versions = shelf.versions()
    if len(versions) == 1:
        manifest = json.loads((versions[0].folder / MANIFEST).read_text("utf-8"))
        manifest["id"] = f"20200101T000000-{versions[0].id.rpartition('-')[2]}"
        shutil.copytree(versions[0].folder, data / "model" / manifest["id"])
        written = json.dumps({**manifest, "self": self_digest(manifest)})
        (data / "model" / manifest["id"] / MANIFEST).write_text(written, "utf-8")
    shelf.promote(next(one.id for one in shelf.versions() if not one.current))


def back_up(data: Path) -> None:
    """Copy the file while it is written, with SQLite's own means."""
    with (
        contextlib.closing(sqlite3.connect(data / "moderator.sqlite3")) as source,
        contextlib.closing(sqlite3.connect(data / "backup.sqlite3")) as target,
    ):
        source.backup(target, pages=500, sleep=0.01)


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Least squares: units an hour."""
    if len(points) < 3:
        return 0.0
    return statistics.linear_regression([at for at, _ in points], [value for _, value in points]).slope * 3600


def p99(latencies: Sequence[tuple[float, float]], begin: float, end: float) -> float:
    """Of what was sent in these seconds, in milliseconds."""
    values = sorted(value for at, value in latencies if begin <= at < end)
    return values[len(values) * 99 // 100] * 1000 if values else 0.0


def run(minutes: float, rate: float, data: Path) -> dict[str, Any]:
    """The whole soak; figures."""
    data.mkdir(parents=True, exist_ok=True)
    Store.upgrade(f"sqlite:///{data / 'moderator.sqlite3'}")
    store = Store.open(f"sqlite:///{data / 'moderator.sqlite3'}", clock=lambda: datetime.now(UTC))
    site, key = store.add_site("soaked")
    akismet_key = store.akismet_keys.add(site.id, pepper=secret(data))
    store.close()
    server, seen = Server(data, None), Seen()
    server.start()
    begun, length = time.monotonic(), minutes * 60
    senders = [
        threading.Thread(target=_send, args=(own, server, (key, akismet_key), seen, SENDERS / rate, begun + length))
        for own in range(SENDERS)
    ]
    for sender in senders:
        sender.start()
    samples: list[Sample] = []
    chores: list[tuple[float, Callable[[Path], None]]] = [(60.0, swap), (180.0, back_up)]
    done = [0] * len(chores)
    try:
        while (passed := time.monotonic() - begun) < length:
            for place, (every, chore) in enumerate(chores):
                if passed > every * (done[place] + 1):
                    done[place] += 1
                    chore(data)
            samples.append(look(server, data, begun))
            time.sleep(min(SAMPLE_EVERY, length / 20))
    finally:
        for sender in senders:
            sender.join()
        server.stop()
    return summary(samples, seen, length) | {"swaps": done[0], "backups": done[1]}


def summary(samples: Sequence[Sample], seen: Seen, length: float) -> dict[str, Any]:
    """Slopes after the warm-up, and the drift of the p99 from the first to the last quarter of what is left."""
    late = [sample for sample in samples if sample.at > length * WARM_UP]
    steps = [length * (WARM_UP + (1 - WARM_UP) * k / 12) for k in range(13)]
    slices = [p99(seen.latencies, begin, end) for begin, end in itertools.pairwise(steps)]
    first, last = statistics.median(slices[:3]), statistics.median(slices[-3:])
    return {
        "requests": sum(seen.statuses.values()),
        "statuses": {str(status): count for status, count in sorted(seen.statuses.items())},
        "failed": seen.failed[:20],
        "answers_5xx": sum(count for status, count in seen.statuses.items() if status >= 500),
        "memory_mb": [late[0].rss, late[-1].rss] if late else [],
        "memory_slope_mb_an_hour": slope([(one.at, one.rss) for one in late]),
        "files_slope_an_hour": slope([(one.at, float(one.files)) for one in late]),
        "wal_most_mb": max(one.wal for one in samples),
        "p99_ms": slices,
        "p99_drift": last / first - 1 if first else 0.0,
    }


@click.command()
@click.option("--minutes", default=15.0, show_default=True, help="How long.")
@click.option("--rate", default=20.0, show_default=True, help="Requests a second.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(minutes: float, rate: float, as_json: bool) -> None:
    """A server under mixed load: the slopes of memory, files and the log, and the drift of its p99."""
    with tempfile.TemporaryDirectory(prefix="moderator-soak-") as temporary:
        found = run(minutes, rate, Path(temporary) / "data")
    if as_json:
        print(json.dumps({"machine": machine(), **found}, indent=2))
        return
    for name, value in found.items():
        print(f"{name:26} {value}")


if __name__ == "__main__":
    main()

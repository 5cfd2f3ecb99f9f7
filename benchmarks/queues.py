"""The moderators' pages over a million stored comments, 50,000 of them held: every view, and a verdict.

    python benchmarks/queues.py --json

The whole page is made, the model's explanations and the template among it, in this process and without a network: what
the server spends. Each view is asked for at several places, in rounds that go through all views, so that what else the
machine does meets all of them; the login page, which asks nothing of a store, is asked for in between, and the ratios
are against it. Beside what the clock says stands what this process was given of a processor: on a busy machine the
first is mostly waiting for the second.
"""

import json
import os
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
sys.path.insert(0, str(Path(__file__).parent.parent))

import click
from flask import Flask
from flask.testing import FlaskClient

from benchmarks.common import TEXTS, machine
from moderator import settings as all_settings
from moderator.app import create_app
from moderator.comment import Action, Comment, Decision, Reason, Status
from moderator.known import Belongs
from moderator.shelf import Shelf
from moderator.store import Filter, Role, Store
from moderator.store.ids import micros, new_id
from moderator.store.remember import Remember
from moderator.store.schema import comments as table

SITES = 4
LOGIN, PASSWORD = "bench@example.org", "a few words in a row"
NAMES = (
    "Ann Bo Cem Dag Eva Finn Gil Hana Ida Jon Kim Lea Max Noa Ola Pia Quin Rui Sol Tom Uma Vic Wim Xia Yan Zoe".split()
)
RULES = {
    Status.HELD: ("in_doubt", "link_only", "no_score"),
    Status.APPROVED: ("probably_fine",),
    Status.REJECTED: ("surely_spam",),
}
ACTIONS = {Status.HELD: Action.HOLD, Status.APPROVED: Action.APPROVE, Status.REJECTED: Action.REJECT}
LANGUAGES = ("en", "en", "en", "de", "fr", "pt-BR", "")
# What each view asks for, in the words of its address.
FILTERS = {
    "nothing": "",
    "a site": "site=blog+2",
    "a reason": "reason=link_only",
    "a language": "language=de",
    "links": "link=yes",
    "no links": "link=no",
    "a range of scores": "least=40&most=60",
    "a day": "since=2026-11-01&until=2026-11-01",
    "a rare text": "q=accomplished",
    "a text that is nowhere": "q=nowhere+at+all",
    "a frequent text": "q=the",
    "an author": "author=zoe",
    "doubt": "unsure=yes",
    "all at once": "site=blog+1&language=en&link=yes&least=10&most=99&since=2026-01-01&q=the&author=a",
}
COLUMNS = tuple(table.c.keys())
QUEUES = ("held", "approved", "rejected", "all")
ORDERS = {"held": ("newest", "oldest", "useful", "score")}


@dataclass
class Desk:
    """An installation, and a browser that is logged in."""

    app: Flask
    store: Store
    browser: FlaskClient
    took: dict[str, list[float]] = field(default_factory=dict)
    worked: dict[str, list[float]] = field(default_factory=dict)
    bytes: dict[str, int] = field(default_factory=dict)

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Note how long it takes, in milliseconds, by the clock and of a processor."""
        begun, worked = time.perf_counter(), time.process_time()
        yield
        self.took.setdefault(name, []).append((time.perf_counter() - begun) * 1000)
        self.worked.setdefault(name, []).append((time.process_time() - worked) * 1000)

    def ask(self, name: str, address: str) -> str:
        """Load a page and note how long it took."""
        with self.timed(name):
            answer = self.browser.get(address)
        # 303 leads back from behind the last page, where the walk has come to its end.
        assert answer.status_code in (200, 303), (address, answer.status_code)
        self.bytes[name] = max(self.bytes.get(name, 0), len(answer.data))
        return answer.text


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--comments", default=1_000_000, show_default=True, help="How many are stored.")
@click.option("--held", default=50_000, show_default=True, help="How many of them are held.")
@click.option("--rounds", default=15, show_default=True, help="How often each view is asked for.")
@click.option("--only", default="", help="Only views whose name has this in it.")
@click.option("--data", type=click.Path(path_type=Path), help="Keep the store here, and use the one that is there.")
def main(as_json: bool, comments: int, held: int, rounds: int, only: str, data: Path | None) -> None:
    """Milliseconds of every view of the queues and of a verdict, over many stored comments."""
    with tempfile.TemporaryDirectory(prefix="moderator-benchmark-") as temporary:
        desk = _desk(data or Path(temporary), comments, held)
        found = {"machine": machine(), "comments": comments, "held": held, **_measure(desk, rounds, only)}
        desk.store.close()
    if as_json:
        print(json.dumps(found, indent=2))
        return
    for name, view in found["views"].items():
        clock, worked = (f"{view[f'{of}median_ms']:7.1f} p95 {view[f'{of}p95_ms']:7.1f}" for of in ("", "processor_"))
        print(f"{name:52} {clock} ms, of a processor {worked}  {view['ratio']:5.1f} × the login page")
    print(f"slowest median {found['slowest_median_ms']:.1f} ms, slowest p95 {found['slowest_p95_ms']:.1f} ms")
    print(f"a loop of a million additions takes {found['yardstick_ms']:.0f} ms of a processor here")
    print(f"largest page {found['largest_kb']:.1f} kB")


def _measure(desk: Desk, rounds: int, only: str) -> dict[str, Any]:
    views = dict(_views())
    chosen = {name: address for name, address in views.items() if only in name}
    for name, address in chosen.items():  # templates, connections and the file's pages are warm, as on a server
        desk.ask(name, address)
    desk.took.clear()
    desk.worked.clear()
    places = dict(chosen)
    for _ in range(rounds):
        _reference(desk)
        for name, address in places.items():
            page = desk.ask(name, address)
            places[name] = _further(page) or chosen[name]  # each time the page after it
    if not only:
        _verdicts(desk, rounds * 4)
    reference = statistics.median(desk.took.pop("reference"))
    desk.took.pop("yardstick")
    shown = {
        name: {
            "median_ms": statistics.median(times),
            "p95_ms": _p95(times),
            "processor_median_ms": statistics.median(desk.worked[name]),
            "processor_p95_ms": _p95(desk.worked[name]),
            "ratio": statistics.median(desk.worked[name]) / statistics.median(desk.worked["reference"]),
        }
        for name, times in desk.took.items()
    }
    pages = [view for name, view in shown.items() if not name.startswith("deed")]
    return {
        "reference_ms": reference,
        "yardstick_ms": statistics.median(desk.worked.pop("yardstick")),
        "slowest_median_ms": max(view["median_ms"] for view in pages),
        "slowest_p95_ms": max(view["p95_ms"] for view in pages),
        "slowest_processor_median_ms": max(view["processor_median_ms"] for view in pages),
        "slowest_processor_p95_ms": max(view["processor_p95_ms"] for view in pages),
        "largest_kb": max(desk.bytes.values()) / 1000,
        "views": shown,
    }


def _p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20, method="inclusive")[-1] if len(times) > 1 else times[0]


def _reference(desk: Desk) -> None:
    """The login page, as a stranger."""
    stranger = desk.app.test_client()
    with desk.timed("reference"):
        assert stranger.get("/login").status_code == 200
    with desk.timed("yardstick"):  # what this processor is worth while others use it too
        sum_ = 0
        for number in range(1_000_000):
            sum_ += number


def _views() -> Iterator[tuple[str, str]]:
    for queue in QUEUES:
        for order in ORDERS.get(queue, ("newest", "oldest")):
            for name, asked in FILTERS.items():
                yield f"{queue}, {order}, {name}", f"/?status={queue}&order={order}&{asked}".rstrip("&")
    yield "failed callbacks", "/callbacks"
    yield "how many have come", f"/arrived?seen={micros(datetime(2026, 11, 20, tzinfo=UTC))}"
    for days in (7, 30, 90, 365):
        yield f"insights of {days} days", f"/insights?days={days}"
    yield "insights of a site's year", "/insights?days=365&site=blog+1"


def _further(page: str) -> str:
    """The address of the next page, if there is one."""
    _, found, rest = page.partition('<a rel="next" href="')
    return rest[: rest.index('"')].replace("&amp;", "&") if found else ""


def _verdicts(desk: Desk, number: int) -> None:
    """Single words, as a script sends them; batches of two hundred; all of one reason; and each taken back."""
    page = desk.browser.get("/").text
    waiting = _held(desk, number)
    for at, (own, version) in enumerate(waiting.items()):
        form: dict[str, Any] = {"token": _token(page)}
        word = ("ham", "spam", "unwanted", "skip")[at % 4]
        _post(desk, "deed: one", f"/comments/{own}/verdict", {**form, "word": word, "version": str(version)})
        _post(desk, "deed: one taken back", "/undo", {**form, "batch": _batch(desk)})
        _post(desk, "deed: one done again", "/redo", {**form, "batch": _batch(desk)})
    for _ in range(3):
        picks = [f"{own}.{version}" for own, version in _held(desk, 200).items()]
        _post(desk, "deed: 200 ticked", "/verdicts", {**form, "word": "spam", "pick": picks})
        _post(desk, "deed: 200 taken back", "/undo", {**form, "batch": _batch(desk)})
    view = "/?reason=link_only"
    seen = _between(desk.browser.get(view).text, 'data-seen="')
    form |= {"word": "spam", "all": "yes", "view": view, "seen": seen}
    _post(desk, "deed: all of one reason, as far as it gets", "/verdicts", form, also=503)  # then: press again
    number = desk.store.deeds.recent(1).done[0].number
    _post(desk, f"deed: these {number:,} taken back", "/undo", {**form, "batch": _batch(desk)})


def _held(desk: Desk, number: int) -> dict[str, int]:
    """So many held comments, with their versions."""
    return {found.id: found.version for found in desk.store.queue(Filter(), limit=number).comments}


def _post(desk: Desk, name: str, address: str, body: dict[str, Any], *, also: int = 204) -> None:
    with desk.timed(name):
        answer = desk.browser.post(address, data=body, headers={"Prefer": "return=minimal"})
    assert answer.status_code in (204, also), (address, answer.status_code, answer.text[:500])


def _batch(desk: Desk) -> str:
    recent = desk.store.deeds.recent(1)
    assert recent.last is not None
    return recent.last.batch


def _token(page: str) -> str:
    return _between(page, 'name="token" value="')


def _between(page: str, start: str) -> str:
    """The value of the first attribute that begins so."""
    return page.split(start, 1)[1].split('"', 1)[0]


# The store


def _desk(folder: Path, number: int, held: int) -> Desk:
    settings = all_settings.load({"data": str(folder)}, environment={})
    path = folder / "moderator.sqlite3"
    there = path.exists()
    Store.upgrade(settings.database_url)
    store = Store.open(settings.database_url, clock=lambda: datetime.now(UTC))
    if not there:
        store.set_password(store.add_person(LOGIN, Role.ADMIN).id, PASSWORD)
        for site in range(SITES):
            store.add_site(f"blog {site + 1}")
        _fill(path, number, held)
    shelf = Shelf(settings.data / "model")
    app = create_app(settings, store=store, shelf=shelf, clock=lambda: datetime.now(UTC))
    browser = app.test_client()
    page = browser.get("/login").text
    form = {"token": _token(page), "login": LOGIN, "password": PASSWORD}
    assert browser.post("/login", data=form).status_code == 303
    return Desk(app, store, browser)


def _fill(path: Path, number: int, held: int) -> None:
    """Rows as the store would write them, in the order in which they came, the last one a minute ago."""
    chance = random.Random(20261128)
    kinds = [_kind(number) for number in range(400)]
    places = {name: at for at, name in enumerate(COLUMNS)}
    end, step = datetime.now(UTC) - timedelta(minutes=1), timedelta(seconds=30)
    statuses = [Status.HELD] * held + [Status.REJECTED] * ((number - held) // 3)
    statuses += [Status.APPROVED] * (number - len(statuses))
    chance.shuffle(statuses)
    insert = f"INSERT INTO comments ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"
    begun = time.monotonic()
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous=OFF")
    for start in range(0, number, 20_000):
        rows = []
        for at in range(start, min(start + 20_000, number)):
            moment = micros(end - step * (number - at))
            kind, status = kinds[chance.randrange(len(kinds))], statuses[at]
            row = list(kind[status])
            row[places["id"]] = new_id(moment)
            row[places["site_id"]] = 1 + at % SITES
            row[places["external_id"]] = f"c{at}"
            row[places["content"]] = f'{{"id":"c{at}",' + row[places["content"]][1:]
            for name in ("received_at", "changed_at", "decided_at"):
                row[places[name]] = moment
            if row[places["score"]] is not None:
                row[places["score"]] = min(max(chance.gauss(row[places["score"]], 0.15), 0.0), 1.0)
            rows.append(row)
        connection.execute("BEGIN")
        connection.executemany(insert, rows)
        connection.execute("COMMIT")
    connection.close()
    print(f"{number:,} comments stored in {time.monotonic() - begun:.0f} s", file=sys.stderr)


def _kind(number: int) -> dict[Status, tuple[Any, ...]]:
    """One comment, as a row for each status that it may have."""
    name = f"{NAMES[number % len(NAMES)]} {NAMES[number * 7 % len(NAMES)]}"
    text = TEXTS[number % len(TEXTS)]
    body = " ".join([text, *(TEXTS[(number * step) % len(TEXTS)] for step in range(1, number % 3 + 1))])
    comment = Comment.from_json(
        {
            "body": f"{body} {number}",
            "author": {"name": name, "email": f"{name.replace(' ', '.').lower()}@example.org"},
            "ip": f"192.0.2.{number % 250}",
            "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
            "post": {"url": f"https://blog.example/post-{number % 50}", "title": f"Post number {number % 50}"},
            "language": LANGUAGES[number % len(LANGUAGES)],
        },
        needs_id=False,
    )
    rows = {}
    for status, rules in RULES.items():
        rule = rules[number % len(rules)]
        score = {Status.HELD: 0.5, Status.APPROVED: 0.05, Status.REJECTED: 0.97}[status] if rule != "no_score" else None
        reasons = (
            Reason(rule, "Why it was decided so, in a sentence."),
            Reason("words", "Words such as “one”, “two”."),
        )
        decision = Decision(ACTIONS[status], rule, score, reasons, "m1")
        belongs = Belongs(number + 1, None) if number % 5 == 0 else None  # a fifth says the same as thousands
        job = Remember(1, comment, decision, 0, has_link="http" in body, belongs=belongs)
        row = dict(zip(COLUMNS, job.row, strict=True))
        rows[status] = tuple(row[name] for name in COLUMNS)
    return rows


if __name__ == "__main__":
    main()

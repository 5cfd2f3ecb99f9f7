"""What one core, one node and ten nodes carry: a simulation fed with service times that are measured here first.

    python benchmarks/capacity.py --write docs/capacity.md

Measured, in this run: the processor time of a webhook request under gunicorn and how it is spread, what a commit costs
as a + b·n for a group of n comments (on SQLite, and on the PostgreSQL of MODERATOR_TEST_POSTGRES, in a database that is
made and dropped), and how many bytes a comment takes in the store. Simulated: comments come at random (Poisson), the
balancer gives each to the process with the fewest waiting, a process computes for one at a time (Python's lock) and
writes whatever waits for it as one group, as the store does; SQLite has one writer, PostgreSQL as many as it has cores.
Found by bisection: the most comments a second at which the 99th percentile still is below --limit.
"""

import heapq
import json
import random
import statistics
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import click

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks import webhook
from benchmarks.common import comment, machine, own_database, write_between
from moderator.comment import Comment
from moderator.moderation import assess
from moderator.policy import SitePolicy
from moderator.shelf import Shelf, shipped_folder
from moderator.store import Judged, Store

DAY = 86_400
MOST_IN_GROUP = 64
# A run: so many comments, or what comes in so many seconds if that is more, as a short run hides what piles up. The
# first tenth warms up.
SIMULATED = 20_000
LEAST_SECONDS = 10.0
AKISMET_A_DAY = 500_000_000  # the order of what Akismet says it looks at
PEAK = 3.0  # the busiest hour against the mean; blogs of the world sleep at different times


@dataclass(frozen=True, slots=True)
class Measured:
    """What a request costs here: seconds of processor time, a commit's two parts in seconds, bytes stored."""

    cpu: float
    spread: tuple[float, ...]  # parts of the mean, one of each comment that was decided
    commit: float
    row: float
    bytes: float


@dataclass(frozen=True, slots=True)
class Shape:
    """What is simulated: so many processes on so many nodes, and how many groups the database writes at once."""

    name: str
    nodes: int
    processes: int
    writers: int


@dataclass(frozen=True, slots=True)
class Run:
    """What came of a simulation: each comment's wait in seconds, and how busy processes and writers were, 0 to 1."""

    waits: list[float]
    processes: float
    writers: float


def simulate(rate: float, shape: Shape, cost: Measured, *, chance: random.Random) -> Run:
    """Comments that come at ``rate`` a second."""
    most = max(SIMULATED, int(rate * LEAST_SECONDS))
    servers = [deque[float]() for _ in range(shape.nodes * shape.processes)]
    busy = [False] * len(servers)
    to_write: list[list[float]] = [[] for _ in servers]
    writing = [False] * len(servers)
    waiting: deque[int] = deque()  # processes with a group for which no writer is free
    writers = shape.writers
    waits: list[float] = []
    events: list[tuple[float, int, str, int, Any]] = [(0.0, 0, "comes", 0, None)]
    count = came = 0
    now = computing = storing = 0.0

    def later(at: float, what: str, server: int = 0, told: Any = None) -> None:
        nonlocal count
        count += 1
        heapq.heappush(events, (at, count, what, server, told))

    def compute(now: float, server: int) -> None:
        nonlocal computing
        if servers[server] and not busy[server]:
            busy[server] = True
            takes = cost.cpu * chance.choice(cost.spread)
            computing += takes
            later(now + takes, "computed", server, servers[server].popleft())

    def write(now: float, server: int) -> None:
        nonlocal writers, storing
        if not to_write[server] or writing[server]:
            return
        if not writers:
            if server not in waiting:
                waiting.append(server)
            return
        writers -= 1
        writing[server] = True
        group, to_write[server] = to_write[server][:MOST_IN_GROUP], to_write[server][MOST_IN_GROUP:]
        takes = cost.commit + cost.row * len(group)
        storing += takes
        later(now + takes, "written", server, group)

    while events and len(waits) < most:
        now, _, what, server, told = heapq.heappop(events)
        if what == "comes":
            came += 1
            if came < most * 2:
                later(now + chance.expovariate(rate), "comes")
            least = min(range(len(servers)), key=lambda one: (len(servers[one]) + busy[one], chance.random()))
            servers[least].append(now)
            compute(now, least)
        elif what == "computed":
            busy[server] = False
            to_write[server].append(told)
            write(now, server)
            compute(now, server)
        else:
            writers += 1
            writing[server] = False
            waits += [now - begun for begun in told]
            if waiting:
                write(now, waiting.popleft())
            write(now, server)
    return Run(waits[len(waits) // 10 :], computing / now / len(servers), storing / now / shape.writers)


def carried(shape: Shape, cost: Measured, *, limit: float) -> dict[str, float]:
    """The most comments a second with a p99 below ``limit`` seconds, by bisection, and what is so at it."""
    low, high = 1.0, 2.0 * shape.nodes * shape.processes / cost.cpu
    for _ in range(9):
        middle = (low + high) / 2
        p99 = percentile(simulate(middle, shape, cost, chance=random.Random(7)).waits, 99)
        low, high = (middle, high) if p99 < limit else (low, middle)
    run = simulate(low, shape, cost, chance=random.Random(8))
    return {
        "a_second": low,
        "p50_ms": percentile(run.waits, 50) * 1e3,
        "p99_ms": percentile(run.waits, 99) * 1e3,
        "processes_busy": run.processes,
        "writers_busy": run.writers,
    }


def percentile(values: Sequence[float], which: int) -> float:
    return sorted(values)[len(values) * which // 100]


def measured(database: str | None, *, rounds: int, seconds: float) -> Measured:
    """Measure here, with the shipped model."""
    if database:
        Store.upgrade(database)
    with tempfile.TemporaryDirectory(prefix="moderator-capacity-") as temporary:
        data = Path(temporary)
        flags: dict[str, int | None] = {"workers": 1, "threads": None}
        places = {"webhook": webhook.Place(data, database)}
        load = webhook.measure(places, 0, connections=(8,), rounds=rounds, seconds=seconds, flags=flags)
        cpu = load["by_connections"]["8"]["webhook"]["cpu_us"] / 1e6
        url = database or f"sqlite:///{data / 'commits.sqlite3'}"
        Store.upgrade(url)
        store = Store.open(url, clock=lambda: datetime.now(UTC))
        commit, row, stored = _commits(store, None if database else data / "commits.sqlite3")
    return Measured(cpu, _spread(), commit, row, stored)


def _spread() -> tuple[float, ...]:
    shelf, policy = Shelf(Path("/nonexistent"), shipped_folder()), SitePolicy()
    clock = time.process_time  # what others take of this machine is no part of it
    times = [_timed(partial(assess, _comment(number), policy, shelf), clock) for number in range(1200)][200:]
    mean = statistics.fmean(times)
    return tuple(one / mean for one in times)


def _commits(store: Store, file: Path | None) -> tuple[float, float, float]:
    """Seconds of a commit as a + b·n by two group sizes, medians; and bytes a comment, 0 where there is no file.

    The store is closed at the end: only then is all of it in its file.
    """
    site, _ = store.add_site(f"capacity-{time.time_ns()}")
    decision = assess(_comment(0), SitePolicy(), Shelf(Path("/nonexistent"), shipped_folder()))
    number = 1
    medians = {}
    for size in (1, MOST_IN_GROUP):
        times = []
        for _ in range(60):
            batch = [Judged(_comment(number + k), decision, True) for k in range(size)]
            number += size
            times.append(_timed(partial(store.once.remember_many, site, batch, (), at=datetime.now(UTC))))
        medians[size] = statistics.median(times)
    row = max(0.0, (medians[MOST_IN_GROUP] - medians[1]) / (MOST_IN_GROUP - 1))
    store.close()
    return medians[1] - row, row, file.stat().st_size / number if file else 0.0


def _comment(number: int) -> Comment:
    return Comment.from_json(comment(number))


def _timed(work: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    begun = clock()
    work()
    return clock() - begun


def table(found: dict[str, Any], command: str) -> list[str]:
    """What was found, as docs/capacity.md has it."""
    ran = found["machine"]
    lines = [
        "",
        f"`{command}`, {date.today().isoformat()}: Python {ran['python']}, {ran['cores']} cores, load "
        f"{ran['load']:.1f} at the start.",
        "",
        "| measured | processor time a request | a commit of n comments | bytes a comment |",
        "|---|---|---|---|",
    ]
    for engine, cost in found["measured"].items():
        commit, size = f"{cost['commit'] * 1e3:.2f} ms + n × {cost['row'] * 1e3:.2f} ms", cost["bytes"]
        lines.append(f"| {engine} | {cost['cpu'] * 1e3:.2f} ms | {commit} | {f'{size:,.0f}' if size else ''} |")
    lines += [
        "",
        f"| with a p99 below {found['limit_ms']:.0f} ms | comments/s | million a day | p50, p99 | processes busy | "
        "writers busy |",
        "|---|---|---|---|---|---|",
    ]
    for name, one in found["carried"].items():
        # A day is not even: what is carried at the peak is three times what comes in the mean.
        cells = (
            name,
            f"{one['a_second']:,.0f}",
            f"{one['a_second'] * DAY / PEAK / 1e6:,.1f}",
            f"{one['p50_ms']:.0f}, {one['p99_ms']:.0f} ms",
            f"{one['processes_busy']:.0%}",
            f"{one['writers_busy']:.0%}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    whole = found["500 million a day"]
    lines += [
        "",
        f"500 million a day: {whole['peak_a_second']:,.0f} a second at the peak; **{whole['cores']:,.0f} cores** of "
        f"this kind, each to 60 % busy; **{whole['writers_busy']:,.1f} writers** of one database, all of them always "
        f"busy, in groups of {MOST_IN_GROUP}; {whole['gigabytes_a_day']:,.0f} GB a day.",
        "",
    ]
    return lines


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--postgres/--no-postgres", default=True, help="Measure commits there, too, in a database of its own.")
@click.option("--limit", default=200.0, show_default=True, help="Milliseconds that the 99th percentile may take.")
@click.option("--rounds", default=3, show_default=True, help="Of the webhook, the median counts.")
@click.option("--seconds", default=2.0, show_default=True, help="That a round takes.")
@click.option("--write", "page", type=click.Path(path_type=Path), help="Put the tables into this page.")
def main(as_json: bool, postgres: bool, limit: float, rounds: int, seconds: float, page: Path | None) -> None:
    """What one core, one node and ten nodes carry."""
    found: dict[str, Any] = {"machine": machine(), "limit_ms": limit, "measured": {}, "carried": {}}
    costs = {"SQLite": measured(None, rounds=rounds, seconds=seconds)}
    if postgres:
        with own_database() as database:
            costs["PostgreSQL"] = measured(database, rounds=rounds, seconds=seconds)
    # SQLite is one file of one machine, and one writes at a time.
    shapes = {"SQLite": (Shape("one core", 1, 1, 1), Shape("one node, 4 cores", 1, 4, 1)),
              "PostgreSQL": (Shape("one core", 1, 1, 1), Shape("one node, 4 cores", 1, 4, 4),
                             Shape("ten nodes of 4 cores", 10, 4, 8))}  # fmt: skip
    for engine, cost in costs.items():
        found["measured"][engine] = {**asdict(cost), "spread": None}
        for shape in shapes[engine]:
            found["carried"][f"{engine}, {shape.name}"] = carried(shape, cost, limit=limit / 1e3)
    best = costs.get("PostgreSQL", costs["SQLite"])
    peak = AKISMET_A_DAY / DAY * PEAK
    found["500 million a day"] = {
        "peak_a_second": peak,
        "cores": peak * best.cpu / 0.6,  # at 60 % of what a core can do
        "writers_busy": peak * (best.row + best.commit / MOST_IN_GROUP),  # of one: groups of 64 at that rate
        "gigabytes_a_day": AKISMET_A_DAY * costs["SQLite"].bytes / 1e9,
    }
    if as_json:
        print(json.dumps(found, indent=2))
        return
    lines = table(found, " ".join(["python", "benchmarks/capacity.py", *sys.argv[1:]]))
    print("\n".join(lines))
    if page is not None:
        write_between(page, "measured", lines)


if __name__ == "__main__":
    main()

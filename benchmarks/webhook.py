"""One webhook request over HTTP, decided and stored, against an empty Flask route under the same server.

    python benchmarks/webhook.py --json

Both servers run at the same time with the same settings, and rounds of load alternate between them, so that what else
the machine does meets both. The store is a real file with synchronous=FULL. With ``--stored`` a third server has a
store of its own with so many decisions in it, and takes part in the rounds; with ``--peers`` so do services that people
would write instead, which only score and store nothing (peer_services.py).
"""

import contextlib
import itertools
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.common import machine, median
from benchmarks.peer_services import SERVICES, missing
from benchmarks.stored import fill
from moderator import settings as all_settings

HERE = Path(__file__).parent
os.environ["MODERATOR_SITE_RATE"] = "0"  # one site sends all the load here
WARM_UP = 1.0
STARTS = 4
SIDES = ("webhook", "filled", *SERVICES, "empty_flask")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--connections",
    multiple=True,
    type=int,
    default=(8, 32),
    show_default=True,
    help="How many keep-alive connections.",
)
@click.option("--rounds", default=5, show_default=True, help="How many rounds for each side.")
@click.option("--seconds", default=2.0, show_default=True, help="How long a round is.")
@click.option("--workers", type=int, help="How many processes serve, on both sides.")
@click.option("--threads", type=int, help="How many threads in each.")
@click.option("--database", help="Another store than a SQLite file; it should be empty.")
@click.option("--data", type=click.Path(path_type=Path), help="Where the file is put.  [default: a temporary folder]")
@click.option("--stored", default=0, help="Measure a store with so many decisions in it, too.")
@click.option("--stored-database", help="Where those are, if not in a SQLite file; an empty database.")
@click.option("--peers", is_flag=True, help="Measure what people would write instead, too.")
@click.option("--serve-empty", is_flag=True, hidden=True)
def main(
    as_json: bool,
    connections: tuple[int, ...],
    rounds: int,
    seconds: float,
    workers: int | None,
    threads: int | None,
    database: str | None,
    data: Path | None,
    stored: int,
    stored_database: str | None,
    peers: bool,
    serve_empty: bool,
) -> None:
    """Requests a second and latencies of the webhook and of an empty Flask route."""
    flags = {"workers": workers, "threads": threads}
    if serve_empty:
        _serve_empty(flags)
        return
    with tempfile.TemporaryDirectory(prefix="moderator-benchmark-") as temporary:
        folder = data or Path(temporary)
        places = {"webhook": Place(folder, database)}
        if stored:
            places["filled"] = Place(folder / "filled", stored_database)
        others = tuple(SERVICES) if peers else ()
        found = measure(places, stored, others, connections=connections, rounds=rounds, seconds=seconds, flags=flags)
    if as_json:
        print(json.dumps(found, indent=2))
        return
    for number, at in found["by_connections"].items():
        print(f"{number} connections")
        for side in (side for side in SIDES if side in at):
            shown = at[side]
            print(
                f"  {side:12} {shown['requests_per_second']:7.0f} requests/s   p50 {shown['p50_ms']:6.2f} ms   "
                f"p99 {shown['p99_ms']:6.2f} ms   {shown['cpu_us']:5.0f} us of CPU a request"
            )
        print(f"  ratio        {at['ratio_to_empty_flask']:.3f}   of p99 {at['p99_ratio']:.2f}")
        for peer, ratio in at["ratio_to_peers"].items():
            print(f"  {ratio:.2f} times {peer}")
        if "filled" in at:
            print(f"  with {stored:,} stored {at['ratio_of_filled']:.3f} of the empty store")
    print(f"answers {found['start_seconds']:.2f} s after its start; a worker has {found['worker_mb']:.0f} MB")


@dataclass(frozen=True)
class Place:
    """Where a server of ours has its data, and its store if that is not a file there."""

    data: Path
    database: str | None

    @property
    def options(self) -> list[str]:
        """The flags that say so."""
        return ["--data", str(self.data), *(["--database", self.database] if self.database else [])]


def measure(
    places: dict[str, Place],
    stored: int,
    peers: Sequence[str] = (),
    *,
    connections: Sequence[int],
    rounds: int,
    seconds: float,
    flags: dict[str, int | None],
) -> dict[str, Any]:
    """The rounds of all sides, for each number of connections; ``places`` has those that are ours."""
    numbers = [item for name, value in flags.items() if value for item in (f"--{name}", str(value))]
    ours = {
        side: [sys.executable, str(HERE.parent / "serve.py"), *place.options, "--port", "0", *numbers]
        for side, place in places.items()
    }
    keys = {side: _key(place, stored if side == "filled" else 0) for side, place in places.items()}
    empty = [sys.executable, __file__, "--serve-empty", *numbers]
    start_seconds = [_start_seconds(ours["webhook"]) for _ in range(STARTS)][1:]  # the first made what later ones find
    by_connections: dict[str, dict[str, Any]] = {}
    ids = itertools.count(0, 1_000_000)
    with contextlib.ExitStack() as running:
        servers = {"empty_flask": running.enter_context(_server(empty))}
        servers |= {side: running.enter_context(_server(command)) for side, command in ours.items()}
        for peer in peers:
            command = [sys.executable, str(HERE / "peer_services.py"), peer, *numbers]
            if why := missing(peer):
                print(why, file=sys.stderr)
            else:
                servers[peer] = running.enter_context(_server(command))
        model = json.loads(_get(servers["webhook"].port, "/version"))["model"]
        if model is None:
            raise click.ClickException(
                "no model can be loaded, so nothing would be decided; see: moderator models list"
            )
        for number in connections:
            rows: dict[str, list[dict[str, Any]]] = {side: [] for side in servers}
            for round_ in range(rounds + 1):
                for side, server in servers.items():
                    kind = SERVICES.get(side, "webhook")
                    sent = ["empty"] if side == "empty_flask" else [kind, keys.get(side, "-"), str(next(ids))]
                    row = _load(server, number, seconds if round_ else WARM_UP, *sent)
                    if row["failed"]:
                        raise click.ClickException(f"{row['failed']} requests failed")
                    if round_:
                        rows[side].append(row)
            by_connections[str(number)] = _summary(rows)
        worker_mb = max(_resident_mb(process) for process in servers["webhook"].workers())
    settings = all_settings.load(flags, environment={})
    return {
        **by_connections[str(connections[0])],
        "by_connections": by_connections,
        "start_seconds": median(start_seconds),
        "worker_mb": worker_mb,
        "workers": settings.workers,
        "threads": settings.threads,
        "store": "database" if places["webhook"].database else "sqlite",
        "stored": stored,
        "model": model,
        **machine(),
    }


def _key(place: Place, stored: int) -> str:
    """The key of a site of its own, for which so many decisions are stored."""
    name = f"benchmark-{secrets.token_hex(4)}"
    key = str(json.loads(_moderator("sites", "add", name, "--json", *place.options))["key"])
    if stored:
        settings = all_settings.load({"data": place.data, "database": place.database}, environment={})
        fill(settings.database_url, place.data, name, stored)
    return key


def _summary(rows: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for side in rows:
        found[side] = {
            "requests_per_second": median([row["per_second"] for row in rows[side]]),
            "p50_ms": median([row["p50_ms"] for row in rows[side]]),
            "p99_ms": median([row["p99_ms"] for row in rows[side]]),
            "cpu_us": median([row["cpu_us"] for row in rows[side]]),
            "rounds": [round(row["per_second"]) for row in rows[side]],
        }
    # Of neighbours in time, so that what else the machine did met both.
    found["ratio_to_empty_flask"] = _ratio(rows, "webhook", "empty_flask", "per_second")
    found["p99_ratio"] = _ratio(rows, "webhook", "empty_flask", "p99_ms")
    found["ratio_to_peers"] = {peer: _ratio(rows, "webhook", peer, "per_second") for peer in SERVICES if peer in rows}
    if "filled" in rows:
        found["ratio_of_filled"] = _ratio(rows, "filled", "webhook", "per_second")
    return found


def _ratio(rows: dict[str, list[dict[str, Any]]], over: str, under: str, what: str) -> float:
    return median([one[what] / other[what] for one, other in zip(rows[over], rows[under], strict=True)])


def _moderator(*arguments: str) -> str:
    code = "import sys; from moderator.cli import main; main(sys.argv[1:])"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], check=True, stdout=subprocess.PIPE, text=True, cwd=HERE.parent
    ).stdout


def _load(server: "Server", connections: int, seconds: float, *kind: str) -> dict[str, Any]:
    command = [sys.executable, str(HERE / "load.py"), str(server.port), str(connections), str(seconds), *kind]
    before = server.cpu_seconds()
    found: dict[str, Any] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    found["cpu_us"] = (server.cpu_seconds() - before) / found["requests"] * 1e6
    return found


@dataclass(frozen=True)
class Server:
    """A server that runs, with its worker processes."""

    pid: int
    port: int

    def workers(self) -> list[int]:
        """The ids of its worker processes."""
        return [int(pid) for pid in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]

    def cpu_seconds(self) -> float:
        """User and system time so far of its workers."""
        ticks = 0
        for pid in self.workers():
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")


def _resident_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def _start_seconds(command: list[str]) -> float:
    """How long it takes from the command to the first answer."""
    begin = time.perf_counter()
    with _server(command) as server:
        _get(server.port, "/healthz")
        return time.perf_counter() - begin


def _get(port: int, path: str) -> bytes:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        found: bytes = answer.read()
    return found


@contextlib.contextmanager
def _server(command: list[str]) -> Iterator[Server]:
    """A server process; the first address that it prints tells its port."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=HERE.parent)
    try:
        line = process.stdout.readline() if process.stdout else ""
        if "http" not in line:
            raise click.ClickException("a server did not start")
        yield Server(process.pid, int(line.rpartition(":")[2]))
    finally:
        process.terminate()
        process.communicate()


def _serve_empty(flags: dict[str, int | None]) -> None:
    from flask import Flask

    from moderator import server

    app = Flask("empty")

    @app.get("/")
    def empty() -> str:
        return ""

    settings = all_settings.load({**flags, "port": 0}, environment={})
    listener = server.listen(settings)
    server.run(app, settings, listener, ready=f"http://127.0.0.1:{listener.getsockname()[1]}")


if __name__ == "__main__":
    main()

"""One webhook request over HTTP, decided and stored, against an empty Flask route under the same server.

    python benchmarks/webhook.py --json

Both servers run at the same time with the same settings, and rounds of load alternate between them, so that what else
the machine does meets both. The store is a real file with synchronous=FULL.
"""

import contextlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.common import machine, median
from moderator import settings as all_settings

HERE = Path(__file__).parent
WARM_UP = 1.0


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--connections", default=8, show_default=True, help="How many keep-alive connections (try 32).")
@click.option("--rounds", default=5, show_default=True, help="How many rounds for each side.")
@click.option("--seconds", default=3.0, show_default=True, help="How long a round is.")
@click.option("--workers", type=int, help="How many processes serve, on both sides.")
@click.option("--threads", type=int, help="How many threads in each.")
@click.option("--database", help="Another store than a SQLite file; it should be empty.")
@click.option("--data", type=click.Path(path_type=Path), help="Where the file is put.  [default: a temporary folder]")
@click.option("--serve-empty", is_flag=True, hidden=True)
def main(
    as_json: bool,
    connections: int,
    rounds: int,
    seconds: float,
    workers: int | None,
    threads: int | None,
    database: str | None,
    data: Path | None,
    serve_empty: bool,
) -> None:
    """Requests a second and latencies of the webhook and of an empty Flask route."""
    flags = {"workers": workers, "threads": threads}
    if serve_empty:
        _serve_empty(flags)
        return
    with tempfile.TemporaryDirectory(prefix="moderator-benchmark-") as temporary:
        found = _measure(
            data or Path(temporary), database, connections=connections, rounds=rounds, seconds=seconds, flags=flags
        )
    if as_json:
        print(json.dumps(found, indent=2))
        return
    for side in ("webhook", "empty_flask"):
        shown = found[side]
        print(
            f"{side:12} {shown['requests_per_second']:8.0f} requests/s   p50 {shown['p50_ms']:6.2f} ms   "
            f"p99 {shown['p99_ms']:6.2f} ms"
        )
    print(f"ratio        {found['ratio_to_empty_flask']:.3f}")


def _measure(
    data: Path, database: str | None, *, connections: int, rounds: int, seconds: float, flags: dict[str, int | None]
) -> dict[str, Any]:
    loads: dict[str, list[dict[str, Any]]] = {"webhook": [], "empty_flask": []}
    store = ["--database", database] if database else []
    key = json.loads(_moderator("sites", "add", f"benchmark-{data.name}", "--data", str(data), "--json", *store))["key"]
    numbers = [item for name, value in flags.items() if value for item in (f"--{name}", str(value))]
    ours = [sys.executable, str(HERE.parent / "serve.py"), "--data", str(data), "--port", "0", *store, *numbers]
    empty = [sys.executable, __file__, "--serve-empty", *numbers]
    with _server(ours) as port, _server(empty) as empty_port:
        first = 0
        for number in range(rounds + 1):
            length = seconds if number else WARM_UP
            for side, arguments in (("empty_flask", [str(empty_port)]), ("webhook", [str(port)])):
                kind = ["webhook", key, str(first)] if side == "webhook" else ["empty"]
                load = _load(*arguments, str(connections), str(length), *kind)
                if number:
                    loads[side].append(load)
                if load["failed"]:
                    raise click.ClickException(f"{load['failed']} requests failed")
            first += 1_000_000
    settings = all_settings.load(flags, environment={})
    found: dict[str, Any] = {}
    for side, rows in loads.items():
        found[side] = {
            "requests_per_second": median([row["per_second"] for row in rows]),
            "p50_ms": median([row["p50_ms"] for row in rows]),
            "p99_ms": median([row["p99_ms"] for row in rows]),
            "rounds": [round(row["per_second"]) for row in rows],
        }
    ratios = [ours["per_second"] / other["per_second"] for ours, other in zip(*loads.values(), strict=True)]
    return {
        "ratio_to_empty_flask": median(ratios),
        **found,
        "connections": connections,
        "workers": settings.workers,
        "threads": settings.threads,
        "store": "database" if database else "sqlite",
        **machine(),
    }


def _moderator(*arguments: str) -> str:
    code = "import sys; from moderator.cli import main; main(sys.argv[1:])"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], check=True, stdout=subprocess.PIPE, text=True, cwd=HERE.parent
    ).stdout


def _load(*arguments: str) -> dict[str, Any]:
    command = [sys.executable, str(HERE / "load.py"), *arguments]
    found: dict[str, Any] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return found


@contextlib.contextmanager
def _server(command: list[str]) -> Iterator[int]:
    """A server process; the first address that it prints tells its port."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=HERE.parent)
    try:
        line = process.stdout.readline() if process.stdout else ""
        if "http" not in line:
            raise click.ClickException("a server did not start")
        yield int(line.rpartition(":")[2])
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

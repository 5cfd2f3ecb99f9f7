"""How long hostile requests take over HTTP: alone, and an honest one with four hostile ones in flight.

    python benchmarks/hostile.py --json

Bodies are the cases of tests/cases/hostile, units that patterns stumble over at the limit of characters, and shapes
of a megabyte, at our own door and at Akismet's. A real server with a SQLite file; an honest comment is the reference
of the same run.
"""

import http.client
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import click

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.common import comment, machine
from benchmarks.doors import akismet_key, moderator

HERE = Path(__file__).parent
CASES = HERE.parent / "tests" / "cases" / "hostile"
LIMIT, MIB = 16_384, 1_048_576
UNITS = (
    *(
        "<a",
        "<b><p>",
        "<!--",
        "&lt",
        "&#x",
        "[url=",
        "[a](",
        "http://a.b ",
        "a.com ",
        "a dot com ",
        "1-",
        "@a.a",
        "b!g ",
    ),
    *("e\u0301\u0316", "\u0301\u0316", "a\u200b", "\ufdfa", "\u202ea", "a b c d e f ", "𝓪", "аa", "中a.", "a@a.a "),
)
TRIES, IN_FLIGHT, HONEST = 3, 4, 40


def bodies() -> Iterator[tuple[str, str]]:
    """Name and text of each hostile comment."""
    for path in sorted(CASES.glob("*.toml")):
        for case in tomllib.loads(path.read_text("utf-8"))["case"]:
            if "body" in case:
                parts = [case["body"]] if isinstance(case["body"], str) else case["body"]
                text = "".join(part if isinstance(part, str) else part[0] * part[1] for part in parts)
                yield f"{path.stem}: {case['name']}", text
    for unit in UNITS:
        yield f"{unit!r} at the limit", (unit * LIMIT)[: LIMIT // len(unit) * len(unit)]
        size = len(unit.encode())
        yield f"{unit!r} of a megabyte", unit * ((MIB - 500) // max(size, len(json.dumps(unit)) - 2))


class Client:
    """A connection that is kept."""

    def __init__(self, port: int, key: str, akismet: str) -> None:
        self.http = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.key, self.akismet = key, akismet

    def native(self, id: str, body: str) -> tuple[float, int]:
        """Milliseconds and status of our own door's answer."""
        sent = json.dumps({**comment(0), "id": id, "body": body}, ensure_ascii=False).encode()
        return self._ask("/v1/comments", sent, "application/json", {"Authorization": f"Bearer {self.key}"})

    def form(self, body: str) -> tuple[float, int]:
        """The same of Akismet's."""
        fields = {"api_key": self.akismet, "user_ip": "192.0.2.1", "comment_content": body}
        raw = urlencode(fields).encode()
        if len(raw) > MIB:  # then as it is, which takes less room
            raw = "&".join(f"{name}={value}" for name, value in fields.items()).encode()
        return self._ask("/1.1/comment-check", raw, "application/x-www-form-urlencoded", {})

    def _ask(self, path: str, body: bytes, kind: str, headers: dict[str, str]) -> tuple[float, int]:
        began = time.perf_counter()
        self.http.request("POST", path, body, {**headers, "Content-Type": kind})
        answer = self.http.getresponse()
        answer.read()
        return (time.perf_counter() - began) * 1000, answer.status


def processor_ms(server: int) -> float:
    """How long the server's processes were on a processor so far, which what else the machine does hardly changes."""
    processes = [server, *(int(child) for child in Path(f"/proc/{server}/task/{server}/children").read_text().split())]
    threads = [thread for process in processes for thread in Path(f"/proc/{process}/task").glob("*/schedstat")]
    return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e6


def alone(client: Client, server: int) -> dict[str, Any]:
    """The best of some tries for each hostile body, and the honest comment among them."""
    honest = statistics.median(client.native(f"h{number}", f"Thank you, number {number}.")[0] for number in range(50))
    found, cost, statuses = {}, {}, set()
    for name, body in bodies():
        for door in ("native", "akismet"):
            took, spent = [], []
            for turn in range(TRIES):
                before = processor_ms(server)
                ms, status = client.native(f"{name} {turn}"[-200:], body) if door == "native" else client.form(body)
                took.append(ms)
                spent.append(processor_ms(server) - before)
                statuses.add(status)
            found[f"{door}: {name}"], cost[f"{door}: {name}"] = min(took), min(spent)
    dearest = sorted(cost.items(), key=lambda item: -item[1])
    slowest = sorted(found.items(), key=lambda item: -item[1])
    return {
        "honest_ms": round(honest, 2),
        "bodies": len(found),
        "slowest": {name: round(ms, 1) for name, ms in slowest[:5]},
        "over_150_ms": sum(ms > 150 for ms in found.values()),
        "processor_ms": {name: round(ms, 1) for name, ms in dearest[:5]},
        "processor_over_150_ms": sum(ms > 150 for ms in cost.values()),
        "statuses": sorted(statuses),
        "worst": [name for name, _ in dearest],
    }


def beside(port: int, key: str, akismet: str, worst: list[str]) -> dict[str, Any]:
    """Honest comments while four of the slowest hostile ones are in flight all the time."""
    texts = dict(bodies())
    chosen = [texts[name.removeprefix("native: ")] for name in worst if name.startswith("native: ")][:IN_FLIGHT]
    stop = threading.Event()

    def bombard(number: int) -> None:
        client, turn = Client(port, key, akismet), 0
        while not stop.is_set():
            client.native(f"bomb {number} {turn}", chosen[number])
            turn += 1

    bombers = [threading.Thread(target=bombard, args=[number]) for number in range(IN_FLIGHT)]
    for bomber in bombers:
        bomber.start()
    client = Client(port, key, akismet)
    took = sorted(client.native(f"beside {number}", f"Thank you, number {number}.")[0] for number in range(HONEST))
    stop.set()
    for bomber in bombers:
        bomber.join()
    return {
        "p50_ms": round(took[HONEST // 2], 1),
        "worst_ms": round(took[-1], 1),
        "over_200_ms": sum(t > 200 for t in took),
    }


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(as_json: bool) -> None:
    """Milliseconds of hostile requests."""
    os.environ |= {"MODERATOR_SITE_RATE": "0", "MODERATOR_WRONG_KEY_RATE": "0"}
    with tempfile.TemporaryDirectory(prefix="moderator-benchmark-") as folder:
        akismet = akismet_key(Path(folder))
        key = json.loads(moderator("sites", "add", "hostile", "--data", folder, "--json"))["key"]
        command = [sys.executable, str(HERE.parent / "serve.py"), "--data", folder, "--port", "0"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            port = int(next(at[1] for line in server.stdout if (at := re.search(r"127\.0\.0\.1:(\d+)", line))))
            try:
                idle = alone(Client(port, key, akismet), server.pid)
                found = {"idle": idle, "four_in_flight": beside(port, key, akismet, idle.pop("worst")), **machine()}
            finally:
                server.terminate()
    if as_json:
        print(json.dumps(found, indent=2, ensure_ascii=False))
        return
    print(f"an honest comment takes {idle['honest_ms']} ms; of {idle['bodies']} hostile ones the slowest:")
    for name, ms in idle["slowest"].items():
        print(f"  {ms:7.1f} ms  {name}")
    print("and of processor time:")
    for name, ms in idle["processor_ms"].items():
        print(f"  {ms:7.1f} ms  {name}")
    print(f"honest ones with {IN_FLIGHT} hostile ones in flight: {found['four_in_flight']}")


if __name__ == "__main__":
    main()

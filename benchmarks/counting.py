"""What counting costs a request: the WSGI layer, its counters and the decision's, in one thread and against sixteen."""

import threading
import time
from collections.abc import Iterable
from typing import Any

from moderator.metrics import DECISIONS, Meter
from moderator.probes import Counting

ROUNDS = 8_000


def empty(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """The least that an application can do."""
    start_response("200 OK", [])
    return (b"",)


def seconds_of(app: Any, *, threads: int) -> float:
    """Seconds a request, of all threads together."""

    def work() -> None:
        environ = {"PATH_INFO": "/v1/comments"}
        for _ in range(ROUNDS // threads):
            app(environ, lambda status, headers: None)

    workers = [threading.Thread(target=work) for _ in range(threads)]
    begun = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return (time.perf_counter() - begun) / ROUNDS


def main() -> None:
    """Print microseconds."""
    meter = Meter()

    def decided(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        meter.add((DECISIONS.name, "blog", "hold", "in_doubt"))
        return empty(environ, start_response)

    for threads in (1, 16):
        bare = min(seconds_of(empty, threads=threads) for _ in range(30))
        counted = min(seconds_of(Counting(decided, meter), threads=threads) for _ in range(30))
        print(
            f"{threads:>2} threads: {(counted - bare) * 1e6:.1f} µs a request for counting it ({bare * 1e6:.1f} bare)"
        )
    begun = time.perf_counter()
    meter.total()
    print(f"adding up: {(time.perf_counter() - begun) * 1e3:.1f} ms")


if __name__ == "__main__":
    main()

"""Three nodes of one installation on PostgreSQL behind HAProxy, all of them real, and blogs that ask all the time."""

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from test_story import MODERATOR, TOP, environment

SECRET = b"0123456789abcdef" * 2
DRAIN = 2  # seconds; the balancer asks twice a second, and two bad answers are enough for it


def free_port() -> int:
    """A port that nobody has at this moment."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


class Node:
    """One machine: a data folder of its own, a port, and a server that can be killed and started again."""

    def __init__(self, data: Path, database: str) -> None:
        self.data = data
        data.mkdir()
        (data / "secret").write_bytes(SECRET)  # all nodes have the same
        self.port = free_port()
        self._told = environment() | {
            "MODERATOR_DATABASE": database,
            "MODERATOR_DRAIN_SECONDS": str(DRAIN),
            "MODERATOR_LEAST_FREE_MB": "1",
            "MODERATOR_SITE_RATE": "0",  # the blogs here are quicker than any
        }
        self.log = data.with_suffix(".log")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; ready on return."""
        self.begin()
        self.wait()

    def begin(self) -> None:
        """Start it, and do not wait."""
        command = [*MODERATOR, "serve", "--data", str(self.data), "--port", str(self.port), "--threads", "8"]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env=self._told, start_new_session=True)

    def wait(self) -> None:
        """Until it is ready."""
        end = time.monotonic() + 60
        while self.status("/readyz") != 200:
            assert time.monotonic() < end, self.log.read_text()
            time.sleep(0.05)

    def status(self, path: str) -> int:
        """What it answers; 0 for no answer."""
        try:
            return ask(self.port, "GET", path)[0]
        except OSError:
            return 0

    def kill(self) -> None:
        """Master and workers, without a word."""
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        """As systemd stops it."""
        assert self._process is not None
        self._process.terminate()
        assert self._process.wait(timeout=60) == 0, self.log.read_text()


def ask(
    port: int, method: str, path: str, *, key: str = "", body: Any = None, **headers: str
) -> tuple[int, Any, http.client.HTTPMessage]:
    """One request on a connection of its own: status, JSON, headers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        return ask_on(connection, method, path, key=key, body=body, **headers)
    finally:
        connection.close()


def ask_on(
    connection: http.client.HTTPConnection, method: str, path: str, *, key: str = "", body: Any = None, **more: str
) -> tuple[int, Any, http.client.HTTPMessage]:
    """One request on this connection."""
    headers = {name.replace("_", "-"): value for name, value in more.items()}
    headers |= {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
    connection.request(method, path, json.dumps(body) if body is not None else None, headers)
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read() or b"null"), answer.headers


@dataclass
class Load:
    """Blogs that send comments, each on a connection that it keeps; what they were answered."""

    port: int
    key: str
    blogs: int = 6
    name: str = "load"
    acknowledged: dict[str, str] = field(default_factory=dict)  # the blog's id → ours
    refused: list[tuple[float, int, str]] = field(default_factory=list)  # when, status, Retry-After
    cut: list[float] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> "Load":
        self._threads = [threading.Thread(target=self._blog, args=(number,)) for number in range(self.blogs)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def wait_for(self, more: int, within: float = 60.0) -> None:
        """Until so many more have been answered."""
        wanted, end = len(self.acknowledged) + more, time.monotonic() + within
        while len(self.acknowledged) < wanted:
            assert time.monotonic() < end, (len(self.acknowledged), self.refused[-3:], len(self.cut))
            time.sleep(0.02)

    def _blog(self, own: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        number = 0
        while not self._stop.is_set():
            number += 1
            id = f"{self.name}-{own}-{number}"
            try:
                status, answer, headers = ask_on(
                    connection, "POST", "/v1/comments", key=self.key, body={"id": id, "body": f"Hello {id}"}
                )
            except (OSError, http.client.HTTPException):
                self.cut.append(time.monotonic())
                connection.close()
                continue
            if status in (200, 201):
                self.acknowledged[id] = answer["id"]
            else:
                self.refused.append((time.monotonic(), status, headers.get("Retry-After", "")))
                time.sleep(0.05)
        connection.close()


@contextlib.contextmanager
def balancer(folder: Path, ports: list[int]) -> Iterator[int]:
    """HAProxy as deploy/haproxy.cfg has it, on other ports; its port."""
    port = free_port()
    told = (TOP / "deploy/haproxy.cfg").read_text("utf-8").replace("127.0.0.1:8000", f"127.0.0.1:{port}")
    for number, node in enumerate(ports, start=1):
        told = told.replace(f"127.0.0.1:808{number}", f"127.0.0.1:{node}")
    assert len(re.findall(r"server node\d", told)) == 2 * len(ports)  # asked whether they are ready, and not
    (folder / "haproxy.cfg").write_text(told)
    process = subprocess.Popen(["haproxy", "-db", "-f", str(folder / "haproxy.cfg")], stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 30
        while True:
            with contextlib.suppress(OSError):
                if ask(port, "GET", "/healthz")[0] == 200:
                    break
            assert time.monotonic() < end and process.poll() is None
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait()


class Cut:
    """A network between nodes and database that can be cut: a TCP relay."""

    def __init__(self, host: str, port: int) -> None:
        self._to = (host, port)
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener: socket.socket | None = None
        self.port = free_port()

    def mend(self) -> None:
        """Let connections through."""
        listener = socket.create_server(("127.0.0.1", self.port), reuse_port=False)
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def cut(self) -> None:
        """End all connections, and refuse new ones."""
        listener, self._listener = self._listener, None
        if listener is not None:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        with self._lock:
            gone, self._open = self._open, set()
        for one in gone:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                here, _ = listener.accept()
                there = socket.create_connection(self._to)
            except OSError:
                return
            with self._lock:
                self._open |= {here, there}
            for one, other in ((here, there), (there, here)):
                threading.Thread(target=self._relay, args=(one, other), daemon=True).start()

    @staticmethod
    def _relay(one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while some := one.recv(65536):
                other.sendall(some)
        for end in (one, other):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

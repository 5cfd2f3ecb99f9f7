"""kill -9 of workers and of the master while blogs send comments and give verdicts; what was acknowledged is counted.

    python benchmarks/kills.py --kills 1000 --json        (make kills)

A real server with two workers over a real store. Senders do what every blog is told to do: where no answer came, they
send the same again. Every comment and verdict that was answered must be in the store exactly once, and of each verdict
exactly one message in the outbox. Three kills of four hit a worker, the fourth hits the master; before each something
more was acknowledged.
"""

import contextlib
import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

sys.path.insert(0, str(Path(__file__).parent.parent))

from sqlalchemy import create_engine, text

from benchmarks.common import comment, machine
from moderator.store import CallbackKind, Store

TOP = Path(__file__).parent.parent
SENDERS = 4
VERDICT_EVERY = 3
PATIENCE = 60.0  # seconds until a request that is sent again must have been answered
NOBODY = "http://127.0.0.1:9/moderated"  # nothing listens there, so that the outbox keeps what it has


@dataclass
class Sent:
    """What was answered: the blog's ids of comments, and ours of those that got a verdict."""

    comments: list[str] = field(default_factory=list)
    verdicts: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)  # answers that no client should get


class Server:
    """A server that is started again when it is gone."""

    def __init__(self, data: Path, database: str | None) -> None:
        with socket.socket() as asked:
            asked.bind(("127.0.0.1", 0))
            self.port = int(asked.getsockname()[1])
        self._command = [sys.executable, str(TOP / "serve.py"), "--data", str(data), "--port", str(self.port),
                         "--workers", "2", *(["--database", database] if database else [])]  # fmt: skip
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; until a killed one's workers have let go of the port this takes some tries."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            while self._process.poll() is None:
                if _answers(self.port):
                    return
                time.sleep(0.02)
        raise SystemExit("the server does not start any more")

    def workers(self) -> list[int]:
        """The processes that serve, by /proc."""
        assert self._process is not None
        told = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text("ascii")
        return [int(pid) for pid in told.split()]

    def processes(self) -> list[int]:
        """The master and its workers."""
        assert self._process is not None
        return [self._process.pid, *self.workers()]

    def kill(self, chance: random.Random, *, master: bool) -> None:
        """Kill -9; what is gone with the master is started again here, a worker by the master."""
        assert self._process is not None
        if master:
            self._process.kill()
            self._process.wait()
            self.start()
        elif workers := self.workers():
            with contextlib.suppress(ProcessLookupError):
                os.kill(chance.choice(workers), signal.SIGKILL)

    def stop(self) -> None:
        """Stop it as a service manager does."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(timeout=PATIENCE)


def _answers(port: int) -> bool:
    try:
        return _ask(port, "GET", "/healthz", "", None)[0] == 200
    except (OSError, http.client.HTTPException):
        return False


def _ask(port: int, method: str, path: str, key: str, body: Any) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"} if key else {}
        connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def _insist(server: Server, path: str, key: str, body: Any, sent: Sent) -> Any:
    """Send until there is an answer, as a blog does; None where there is none in time."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            status, answer = _ask(server.port, "POST", path, key, body)
        except (OSError, http.client.HTTPException, ValueError):
            time.sleep(0.01)
            continue
        if status in (200, 201):
            return answer
        if status != 503:
            sent.wrong.append(f"{status} {path.split('/')[-1]}")
        time.sleep(0.01)
    return None


def _send(own: int, server: Server, key: str, sent: Sent, stopping: threading.Event) -> None:
    number = 0
    while not stopping.is_set():
        number += 1
        id = f"{own}-{number}"
        answer = _insist(server, "/v1/comments", key, comment(own * 1_000_000 + number) | {"id": id}, sent)
        if answer is None:
            return
        sent.comments.append(id)
        if number % VERDICT_EVERY == 0:
            if _insist(server, f"/v1/comments/{answer['id']}/verdict", key, {"verdict": "spam"}, sent) is None:
                return
            sent.verdicts.append(answer["id"])


def run(kills: int, data: Path, database: str | None = None, *, seed: int = 1, servers: int = 1) -> dict[str, Any]:
    """Kill so often; what was sent and answered, and what of it is not in the store exactly once.

    Several ``servers``, each with a site, senders and (SQLite) a file of its own, share the kills and the time.
    """
    folders = [data / str(own) for own in range(servers)]
    for folder in folders:  # one after the other: Alembic knows only one migration at a time in a process
        folder.mkdir(parents=True, exist_ok=True)
        Store.upgrade(_url(folder, database))
    begun = time.monotonic()
    with ThreadPoolExecutor(servers) as threads:
        parts = [
            threads.submit(_run_one, kills // servers + (own < kills % servers), folder, database, seed + own)
            for own, folder in enumerate(folders)
        ]
        found = [part.result() for part in parts]
    together: dict[str, Any] = {"kills": kills, "servers": servers, "seconds": time.monotonic() - begun}
    for name in found[0]:
        values = [one[name] for one in found]
        together[name] = sum(values[1:], values[0]) if name != "integrity" else " ".join(sorted(set(values)))
    return together


def _url(data: Path, database: str | None) -> str:
    return database or f"sqlite:///{data / 'moderator.sqlite3'}"


def _run_one(kills: int, data: Path, database: str | None, seed: int) -> dict[str, Any]:
    url = _url(data, database)
    store = Store.open(url, clock=_now)
    site, key = store.add_site(f"killed {data.name}")
    # A blog that reports through another door than the callback's own is told of its own words, too.
    store.callbacks.set(site.id, CallbackKind.WORDPRESS_AKISMET, NOBODY, allow_private=True, secret="0123456789ab")
    store.close()
    server, sent, stopping, chance = Server(data, database), Sent(), threading.Event(), random.Random(seed)
    server.start()
    senders = [threading.Thread(target=_send, args=(own, server, key, sent, stopping)) for own in range(SENDERS)]
    for sender in senders:
        sender.start()
    try:
        for number in range(kills):
            _wait_for_more(sent)
            time.sleep(chance.uniform(0.0, 0.25))
            server.kill(chance, master=number % 4 == 3)
    finally:
        stopping.set()
        for sender in senders:
            sender.join()
        server.stop()
    return {
        "comments": len(sent.comments), "verdicts": len(sent.verdicts), "wrong_answers": sent.wrong,
        **_lost(url, site.id, sent),
    }  # fmt: skip


def _wait_for_more(sent: Sent) -> None:
    """Until something more is acknowledged: a server that is killed while it starts has nothing to lose."""
    before, until = len(sent.comments), time.monotonic() + PATIENCE
    while len(sent.comments) == before and time.monotonic() < until:
        time.sleep(0.005)


def _lost(url: str, site_id: int, sent: Sent) -> dict[str, Any]:
    """What is missing or there twice."""
    engine = create_engine(url)
    with engine.connect() as connection:
        stored = connection.execute(text("SELECT external_id, id FROM comments WHERE site_id = :s"), {"s": site_id})
        ids: dict[str, str] = dict(stored.all())
        words = _counts(connection, "SELECT comment_id, count(*) FROM verdicts GROUP BY comment_id")
        told = _counts(connection, "SELECT comment_id, count(*) FROM outbox GROUP BY comment_id")
        halves = connection.scalar(text(
            "SELECT count(*) FROM comments WHERE word IS NOT NULL AND verdict_id IS NULL OR content = ''"
        ))  # fmt: skip
        whole = connection.scalar(text("PRAGMA integrity_check")) if url.startswith("sqlite") else "ok"
    engine.dispose()
    return {
        "lost_comments": [id for id in sent.comments if id not in ids],
        "comments_not_once": len(sent.comments) - len(set(sent.comments)),
        "verdicts_not_once": [id for id in sent.verdicts if words.get(id) != 1],
        "messages_not_once": [id for id in sent.verdicts if told.get(id) != 1],
        "half_written": halves,
        "integrity": whole,
    }


def _counts(connection: Any, query: str) -> dict[str, int]:
    found: dict[str, int] = dict(connection.execute(text(query)).all())
    return found


def _now() -> Any:
    from datetime import UTC, datetime

    return datetime.now(UTC)


@click.command()
@click.option("--kills", default=1000, show_default=True, help="How often.")
@click.option("--servers", default=2, show_default=True, help="How many are killed side by side.")
@click.option("--database", help="Another store than a SQLite file; it should be empty.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(kills: int, servers: int, database: str | None, as_json: bool) -> None:
    """kill -9 under load, and what of what was acknowledged is lost."""
    with tempfile.TemporaryDirectory(prefix="moderator-kills-") as temporary:
        found = run(kills, Path(temporary), database, servers=servers)
    if as_json:
        print(json.dumps({"machine": machine(), **found}, indent=2))
    else:
        for name, value in found.items():
            print(f"{name:20} {value}")
    if found["integrity"] != "ok" or any(
        found[name]
        for name in ("wrong_answers", "lost_comments", "verdicts_not_once", "messages_not_once", "half_written")
    ):
        sys.exit(1)


if __name__ == "__main__":
    main()

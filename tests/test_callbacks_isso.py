"""Isso itself: a comment that it holds is shown, or gone, after a moderator's word here."""

import http.client
import json
import os
import socket
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from blogs import free_port
from conftest import HOLD, HandClock

from moderator.callbacks.courier import Courier
from moderator.callbacks.errors import NotReached
from moderator.callbacks.exchange import over_the_network
from moderator.callbacks.registering import try_out
from moderator.comment import Comment, Word
from moderator.store import CallbackKind, Delivery, Store

ISSO = Path(__file__).parent.parent / "build/clients/isso/bin/isso"
CONFIG = """\
[general]
dbpath = {folder}/comments.db
host = http://blog.example.org/
[moderation]
enabled = true
[server]
listen = http://127.0.0.1:{port}
[guard]
enabled = false
"""


@dataclass
class Isso:
    """A running Isso that holds every comment."""

    port: int
    database: Path

    def post(self, text: str) -> str:
        """A reader's comment; its number."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        body = json.dumps({"text": text, "author": "Ann", "title": "A post"})
        headers = {"Content-Type": "application/json", "Origin": "http://blog.example.org"}
        connection.request("POST", "/new?uri=/post/", body, headers)
        answer = connection.getresponse()
        assert answer.status == 202, answer.read()
        made: dict[str, Any] = json.loads(answer.read())
        connection.close()
        return str(made["id"])

    def ask(self, question: str) -> list[tuple[Any, ...]]:
        """Look into its database."""
        connection = sqlite3.connect(self.database)
        rows = connection.execute(question).fetchall()
        connection.close()
        return rows


@pytest.fixture
def isso(tmp_path: Path) -> Iterator[Isso]:
    if not ISSO.exists():
        if "CI" in os.environ:
            pytest.fail("no Isso: run tests/clients/isso.sh")
        pytest.skip("no Isso: run tests/clients/isso.sh")
    here = Isso(free_port(), tmp_path / "comments.db")
    (tmp_path / "isso.cfg").write_text(CONFIG.format(folder=tmp_path, port=here.port))
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen([ISSO, "-c", tmp_path / "isso.cfg", "run"], stdout=log, stderr=log)
    try:
        _wait_for(here.port, process, tmp_path / "log")
        yield here
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(200):
        assert process.poll() is None, log.read_text()
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("Isso does not start")


def test_a_verdict_shows_or_deletes_the_comment_in_isso(isso: Isso, sqlite_url: str, clock: HandClock) -> None:
    ((key,),) = isso.ask("SELECT value FROM preferences WHERE key = 'session-key'")
    Store.upgrade(sqlite_url)
    store = Store.open(sqlite_url, clock=clock)
    site, _ = store.add_site("blog")
    store.callbacks.set(site.id, CallbackKind.ISSO, f"http://127.0.0.1:{isso.port}/", allow_private=True, secret=key)
    good, bad = isso.post("Thank you!"), isso.post("Buy pills!")
    assert isso.ask("SELECT mode FROM comments ORDER BY id") == [(2,), (2,)]
    for own_id, word in ((good, Word.HAM), (bad, Word.SPAM)):
        answer = store.remember(site, Comment("…", id=own_id), HOLD, at=clock())
        store.give_verdict(answer.id, word, by="ann", door="page")
    Courier(store, clock).deliver_all()
    assert {message.state for message in store.outbox.listed()} == {Delivery.DELIVERED}
    assert isso.ask("SELECT id, mode FROM comments") == [(int(good), 1)]

    callback = store.callbacks.of(site.id)
    assert callback is not None
    try_out(callback, (key,), over_the_network, message_id="m", at=clock())
    with pytest.raises(NotReached, match="another session key"):
        try_out(callback, ("wrong",), over_the_network, message_id="m", at=clock())
    store.close()

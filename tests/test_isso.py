"""Isso itself, with integrations/isso: a visitor comments over HTTP, and what we decide is what Isso shows."""

import http.client
import json
import os
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from doors import Installation, install
from werkzeug.serving import BaseWSGIServer, make_server

from moderator.store import Filter

TOP = Path(__file__).parent.parent
PYTHON = TOP / "build/clients/isso/bin/python"
NEEDED = "Isso is not installed: tests/clients/isso.sh"
SETUP = """\
[general]
dbpath = {folder}/comments.db
host = http://127.0.0.1:1/
notify = stdout
[guard]
enabled = false
[moderation]
enabled = {moderated}
[moderator]
url = http://127.0.0.1:{port}
key = {key}
"""
SERVE = """
from wsgiref.simple_server import make_server
from isso_moderator import application
server = make_server("127.0.0.1", 0, application)
print(server.server_port, flush=True)
server.serve_forever()
"""


@dataclass
class Isso:
    """A running Isso."""

    folder: Path
    port: int = 0
    cookies: dict[int, str] = field(default_factory=dict)

    def ask(self, method: str, path: str, sent: dict[str, Any], cookie: str = "") -> tuple[int, dict[str, Any]]:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
            headers = {"Content-Type": "application/json", "Cookie": cookie}
            connection.request(method, path, json.dumps(sent), headers)
            answer = connection.getresponse()
            said = json.loads(answer.read() or b"{}")
            if "id" in said:
                self.cookies[said["id"]] = answer.headers["Set-Cookie"].split(";")[0]
            return answer.status, said

    def comment(self, text: str, **more: Any) -> tuple[int, dict[str, Any]]:
        sent = {"text": text, "author": "Ann & Joe", "title": "Bread", **more}
        return self.ask("POST", "/new?uri=/bread/", sent)

    @property
    def modes(self) -> dict[str, int]:
        with closing(sqlite3.connect(self.folder / "comments.db")) as database:
            return dict(database.execute("SELECT text, mode FROM comments"))

    def environment(self) -> dict[str, str]:
        path = str(TOP / "integrations/isso")
        return {**os.environ, "ISSO_SETTINGS": str(self.folder / "isso.cfg"), "PYTHONPATH": path}

    def again(self) -> None:
        script = str(TOP / "integrations/isso/isso_moderator.py")
        subprocess.run([str(PYTHON), script], env=self.environment(), check=True, capture_output=True, timeout=60)


@dataclass
class World:
    """Moderator, which can be stopped and started, and Isso beside it."""

    here: Installation
    isso: Isso
    server: BaseWSGIServer

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def start(self) -> None:
        self.server = make_server("127.0.0.1", self.server.port, self.here.app, threaded=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def moderated() -> str:
    """Whether Isso's owner wants to see each comment."""
    return "false"


@pytest.fixture
def world(tmp_path: Path, moderated: str) -> Iterator[World]:
    if not PYTHON.exists():
        if os.environ.get("CI"):
            pytest.fail(NEEDED)
        pytest.skip(NEEDED)
    here = install(tmp_path / "data")
    server = make_server("127.0.0.1", 0, here.app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    isso = Isso(tmp_path)
    settings = SETUP.format(folder=tmp_path, port=server.port, key=here.key, moderated=moderated)
    (tmp_path / "isso.cfg").write_text(settings)
    with (tmp_path / "isso.log").open("w") as log:
        process = subprocess.Popen(
            [str(PYTHON), "-c", SERVE], env=isso.environment(), stdout=subprocess.PIPE, stderr=log, text=True
        )
    assert process.stdout is not None
    said = process.stdout.readline()
    assert said, (tmp_path / "isso.log").read_text()
    isso.port = int(said)
    made = World(here, isso, server)
    yield made
    process.terminate()
    process.wait(10)
    process.stdout.close()
    made.stop()
    here.store.close()


def test_good_ones_are_shown_and_doubtful_ones_wait(world: World) -> None:
    status, said = world.isso.comment("Thank you, that **worked**.")
    assert (status, said["mode"]) == (201, 1)
    assert world.isso.comment("This may be spam.", parent=said["id"])[0] == 202
    assert world.isso.comment("surely spam")[0] == 202
    assert world.isso.modes == {"Thank you, that **worked**.": 1, "This may be spam.": 2, "surely spam": 2}
    stored = {one.comment.body: one.comment for one in world.here.store.queue(Filter(status=None)).comments}
    answer = stored["This may be spam."]
    assert (answer.kind, answer.parent.text) == ("reply", "Thank you, that **worked**.")
    assert (answer.author.name, answer.post.title) == ("Ann & Joe", "Bread")
    assert answer.post.url == "http://127.0.0.1:1/bread/"
    assert answer.id == "2"


def test_an_approved_comment_cannot_be_exchanged_for_another(world: World) -> None:
    _, said = world.isso.comment("Thank you.")
    path, cookie = f"/id/{said['id']}", world.isso.cookies[said["id"]]
    status, edited = world.isso.ask("PUT", path, {"text": "Thank you all."}, cookie)
    assert (status, edited["mode"]) == (200, 1)
    world.isso.ask("PUT", path, {"text": "surely spam"}, world.isso.cookies[said["id"]])
    assert world.isso.modes == {"surely spam": 2}


def test_while_we_are_down_comments_wait_and_are_settled_after(world: World) -> None:
    world.stop()
    begun = time.monotonic()
    assert world.isso.comment("Thank you.")[0] == 202
    assert world.isso.comment("surely spam")[0] == 202
    assert time.monotonic() - begun < 10
    world.isso.again()
    assert world.isso.modes == {"Thank you.": 2, "surely spam": 2}
    world.start()
    world.isso.again()
    assert world.isso.modes == {"Thank you.": 1, "surely spam": 2}


@pytest.mark.parametrize("moderated", ["true"])
def test_where_the_owner_wants_to_see_each_one_none_is_shown(world: World) -> None:
    assert world.isso.comment("Thank you.")[0] == 202
    world.isso.again()
    assert world.isso.modes == {"Thank you.": 2}
    assert len(world.here.store.queue(Filter(status=None)).comments) == 1


def test_without_the_place_to_be_put_in_it_does_not_start(world: World) -> None:
    settings = world.isso.folder / "isso.cfg"
    settings.write_text(settings.read_text().replace("notify = stdout", "notify = smtp"))
    begun = subprocess.run(
        [str(PYTHON), "-c", SERVE],
        env=world.isso.environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert begun.returncode == 1
    assert "notify = stdout" in begun.stderr

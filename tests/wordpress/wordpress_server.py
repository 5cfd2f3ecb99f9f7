"""A real moderator server, in a process and a data folder of its own, that can be stopped and started again."""

import contextlib
import json
import os
import secrets
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wordpress_browser import Browser

TOP = Path(__file__).parent.parent.parent
PASSWORD = "a few words in a row"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def until(what: Any, *, seconds: float = 10) -> Any:
    """Ask again and again until the answer is true; the answer."""
    end = time.monotonic() + seconds
    while not (found := what()) and time.monotonic() < end:
        time.sleep(0.02)
    return found


@dataclass
class Server:
    """A moderator server that can be stopped and started again, with one site."""

    data: Path
    port: int = field(default_factory=free_port)
    key: str = ""
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.key = self.told("sites", "add", "blog", "--json")["key"]

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def run(self, *arguments: str, given: str = "") -> str:
        """One command of the command line."""
        program = "import sys; from moderator.cli import main; main(sys.argv[1:])"
        command = [sys.executable, "-c", program, *arguments, "--data", str(self.data)]
        done = subprocess.run(
            command, input=given, capture_output=True, text=True, env=environment(), timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def told(self, *arguments: str) -> dict[str, Any]:
        """The same for one that answers in JSON."""
        told: dict[str, Any] = json.loads(self.run(*arguments))
        return told

    def start(self) -> None:
        """Serve, at the same port each time."""
        command = [sys.executable, str(TOP / "serve.py"), "--data", str(self.data), "--port", str(self.port)]
        quiet = subprocess.DEVNULL
        self.process = subprocess.Popen(command, stdout=quiet, stderr=quiet, env=environment())
        assert until(self.is_up, seconds=30)

    def is_up(self) -> bool:
        """Whether it answers."""
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=1) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def stop(self) -> None:
        """As an operator stops it."""
        if self.process:
            self.process.terminate()
            self.process.wait(30)
            self.process = None

    def ask(self, path: str) -> dict[str, Any]:
        """What it knows."""
        request = urllib.request.Request(self.url + path, headers={"Authorization": f"Bearer {self.key}"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            told: dict[str, Any] = json.loads(answer.read())
        return told

    def newest(self) -> str:
        """Its id of the comment that came last."""
        with contextlib.closing(sqlite3.connect(self.data / "moderator.sqlite3")) as store:
            return str(store.execute("SELECT MAX(id) FROM comments").fetchone()[0])

    def moderator(self) -> Browser:
        """A moderator who is logged in on its pages."""
        link = self.told("users", "add", f"bob{secrets.token_hex(2)}", "--json")["link"]
        browser = Browser(self.url)
        path = urllib.parse.urlsplit(link).path
        hidden = browser.get(path).form("password")
        browser.post(path, **(hidden | {"password": PASSWORD, "again": PASSWORD}))
        return browser

    def give(self, browser: Browser, comment_id: str, word: str) -> None:
        """A moderator's click on the page of a comment."""
        hidden = browser.get(f"/comments/{comment_id}").form("verdict")
        answered = browser.post(f"/comments/{comment_id}/verdict", **(hidden | {"word": word}))
        assert answered.status == 200, answered.text


def environment() -> dict[str, str]:
    """This process's, without settings of ours."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("MODERATOR_")}
    return ours | {"PYTHONPATH": str(TOP)}

"""A real WordPress with a database of its own on this machine's MariaDB, served by PHP; and a real server of ours."""

import contextlib
import http.cookiejar
import json
import os
import re
import secrets
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
TOP = HERE.parent.parent
OURS = TOP / "integrations" / "wordpress"
PASSWORD = "a few words in a row"
# Debian's own, and the newer one that install.sh unpacks: by WordPress's and Akismet's versions two worlds.
WORDPRESSES = {
    "stable": Path("/usr/share/wordpress"),
    "newer": TOP / "build" / "wordpress" / "trixie" / "usr" / "share" / "wordpress",
}
HIDDEN = re.compile(r"<input[^>]*>")
ATTRIBUTE = re.compile(r"""(\w+)=["']([^"']*)["']""")


def need_programs(*names: str, more: tuple[str, ...] = ()) -> None:
    """Skips with a word where one of these is missing; fails where CI runs."""
    missing = [name for name in names if shutil.which(name) is None] + list(more)
    if missing:
        told = f"no {', no '.join(missing)}; tests/wordpress/install.sh installs them"
        if os.environ.get("CI") == "true":
            pytest.fail(told)
        pytest.skip(told)


def need(version: str) -> Path:
    """The files of a WordPress, if all is there that it needs."""
    files = WORDPRESSES[version]
    need_programs("php", "mariadb", more=() if (files / "wp-load.php").exists() else (f"WordPress ({version})",))
    return files


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
class Answer:
    """What a browser got."""

    status: int
    text: str
    address: str

    def form(self, needle: str) -> dict[str, str]:
        """The fields, hidden ones too, of the form that has this text."""
        whole = next(form for form in re.findall(r"<form.*?</form>", self.text, re.DOTALL) if needle in form)
        fields = [dict(ATTRIBUTE.findall(tag)) for tag in HIDDEN.findall(whole)]
        return {one["name"]: unescape(one.get("value", "")) for one in fields if "name" in one}

    def link(self, needle: str) -> str:
        """The first link whose address has this text."""
        found = re.findall(r"""href=["']([^"']*)["']""", self.text)
        return next(address for address in map(unescape, found) if needle in address)


class Browser:
    """Keeps cookies and follows redirects, as one does."""

    def __init__(self, top: str) -> None:
        self.top = top
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._opener = urllib.request.build_opener(jar, urllib.request.ProxyHandler({}))

    def get(self, path: str) -> Answer:
        """Open a page."""
        return self.send(path, None)

    def post(self, path: str, **fields: str) -> Answer:
        """Send a form."""
        return self.send(path, urllib.parse.urlencode(fields).encode())

    def send(self, path: str, body: bytes | None, headers: dict[str, str] | None = None) -> Answer:
        """Send anything."""
        address = urllib.parse.urljoin(self.top + "/", path)
        headers = {"Origin": self.top, **(headers or {})} if body is not None else {}
        request = urllib.request.Request(address, body, headers)
        try:
            with self._opener.open(request, timeout=30) as answer:
                return Answer(answer.status, answer.read().decode(), answer.url)
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.read().decode(), error.url)


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


@dataclass
class Blog:
    """One WordPress."""

    folder: Path
    database: str
    port: int

    @property
    def url(self) -> str:
        """Where it is served."""
        return f"http://127.0.0.1:{self.port}"

    def sql(self, query: str) -> list[list[str]]:
        """Rows of a query on its database."""
        return [line.split("\t") for line in mariadb(query, self.database).splitlines()]

    def comment(self, text: str, **fields: str) -> int:
        """Post a comment by its form; the id that WordPress gave it."""
        sent = {"comment_post_ID": "1", "author": "Carl", "email": "carl@example.net", "url": "", "comment": text}
        answered = Browser(self.url).post("/wp-comments-post.php", **(sent | fields))
        assert answered.status in (200, 404), answered.text  # 404: this blog has no theme to show the post
        return int(self.sql("SELECT MAX(comment_ID) FROM wp_comments")[0][0])

    def comment_by_rest(self, text: str, author: str = "Carl") -> int:
        """The same by the REST API."""
        sent = {"post": 1, "author_name": author, "author_email": "carl@example.net", "content": text}
        headers = {"Content-Type": "application/json"}
        answered = Browser(self.url).send("/index.php?rest_route=/wp/v2/comments", json.dumps(sent).encode(), headers)
        assert answered.status == 201, answered.text
        return int(json.loads(answered.text)["id"])

    def status(self, comment_id: int) -> str:
        """1 (approved), 0 (held), spam or trash, as the database has it."""
        return self.sql(f"SELECT comment_approved FROM wp_comments WHERE comment_ID = {comment_id}")[0][0]

    def meta(self, comment_id: int, name: str) -> str:
        """A comment's metadata, "" where there is none."""
        found = self.sql(
            f"SELECT meta_value FROM wp_commentmeta WHERE comment_id = {comment_id} AND meta_key = '{name}'"
        )
        return found[0][0] if found else ""

    def option(self, name: str) -> str:
        """An option, "" where there is none."""
        found = self.sql(f"SELECT option_value FROM wp_options WHERE option_name = '{name}'")
        return found[0][0] if found else ""

    def server_id(self, comment_id: int) -> str:
        """Our server's id of a comment."""
        found = re.search(r'"id";s:\d+:"(\w+)"', self.meta(comment_id, "_moderator_answer"))
        return found[1] if found else ""

    def person(self) -> Browser:
        """One who moderates here, logged in."""
        browser = Browser(self.url)
        browser.get("/wp-login.php")
        browser.post("/wp-login.php", log="ann", pwd=PASSWORD, testcookie="1")
        return browser

    def act(self, person: Browser, comment_id: int, action: str, view: str = "all") -> None:
        """Click on a link below a comment in the list: approve, unapprove, spam, unspam, trash, untrash, delete."""
        listed = person.get(f"/wp-admin/edit-comments.php?comment_status={view}")
        address = next(
            unescape(link)
            for link in re.findall(r"""href=["'](comment\.php\?[^"']*)["']""", listed.text)
            if f"action={action}comment&" in unescape(link) and re.search(rf"\bc={comment_id}\b", unescape(link))
        )
        person.get(f"/wp-admin/{address}")

    def cron(self, *hooks: str) -> None:
        """Time passes: these events are due, and WordPress's cron runs."""
        php(HERE / "site" / "due.php", self.folder, *hooks)
        Browser(self.url).get("/wp-cron.php")


def php(script: Path, *arguments: object) -> str:
    """Run a PHP script; what it printed."""
    command = ["php", "-d", "error_reporting=E_ALL", "-d", "display_errors=stderr", str(script), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def mariadb(query: str, database: str = "") -> str:
    """Run a query on this machine's MariaDB as its root."""
    command = ["mariadb", "--batch", "--skip-column-names", "--default-character-set=utf8mb4", "-u", "root"]
    done = subprocess.run(
        [*command, *([database] if database else [])], input=query, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextlib.contextmanager
def wordpress(version: str, folder: Path, *plugins: str, config: str = "", must_use: str = "") -> Iterator[Blog]:
    """A new blog. ``config``: lines for wp-config.php; ``must_use``: a file of ours for wp-content/mu-plugins."""
    shutil.copytree(need(version), folder, ignore_dangling_symlinks=True, symlinks=False)
    name = f"moderator_wp_{secrets.token_hex(4)}"
    mariadb(f"CREATE DATABASE {name}; CREATE USER {name}@localhost IDENTIFIED BY '{name}';")
    blog = Blog(folder, name, free_port())
    server = None
    try:
        mariadb(f"GRANT ALL ON {name}.* TO {name}@localhost")
        (folder / "wp-config.php").write_text(CONFIG.format(name=name, more=config))
        content = folder / "wp-content"
        shutil.copytree(OURS / "moderator", content / "plugins" / "moderator")
        for file in (HERE / "site" / "test-blog.php", *([OURS / "mu" / must_use] if must_use else [])):
            (content / "mu-plugins").mkdir(exist_ok=True)
            shutil.copy(file, content / "mu-plugins")
        php(HERE / "site" / "install.php", folder, blog.url, PASSWORD, *plugins)
        server = _serve(blog)
        yield blog
        said = (folder / "said").read_text()
        assert not re.search(r"PHP (Warning|Notice|Deprecated|Fatal|Parse).*(/moderator/|moderator-akismet)", said), (
            said
        )
    finally:
        if server:
            server.terminate()
            server.wait(10)
        mariadb(f"DROP DATABASE {name}; DROP USER {name}@localhost;")


def _serve(blog: Blog) -> subprocess.Popen[bytes]:
    settings = {"error_reporting": "E_ALL", "display_errors": "0", "log_errors": "1", "opcache.enable_cli": "1"}
    flags = [part for name, value in settings.items() for part in ("-d", f"{name}={value}")]
    with (blog.folder / "said").open("wb") as said:
        server = subprocess.Popen(
            ["php", *flags, "-S", f"127.0.0.1:{blog.port}", "-t", str(blog.folder)],
            stdout=said,
            stderr=said,
            env=os.environ | {"PHP_CLI_SERVER_WORKERS": "3"},
        )

    def is_up() -> bool:
        with contextlib.closing(socket.socket()) as client:
            return client.connect_ex(("127.0.0.1", blog.port)) == 0

    assert until(is_up)
    return server


CONFIG = """<?php
define( 'DB_NAME', '{name}' );
define( 'DB_USER', '{name}' );
define( 'DB_PASSWORD', '{name}' );
define( 'DB_HOST', 'localhost' );
define( 'DB_CHARSET', 'utf8mb4' );
define( 'DB_COLLATE', '' );
define( 'AUTH_KEY', '{name}' );
define( 'DISABLE_WP_CRON', true ); // the tests call it.
define( 'WP_HTTP_BLOCK_EXTERNAL', true );
define( 'WP_ACCESSIBLE_HOSTS', '127.0.0.1' );
define( 'AUTOMATIC_UPDATER_DISABLED', true );
{more}
$table_prefix = 'wp_';
if ( ! defined( 'ABSPATH' ) ) {{
	define( 'ABSPATH', __DIR__ . '/' );
}}
require_once ABSPATH . 'wp-settings.php';
"""

"""A real WordPress with a database of its own on this machine's MariaDB, served by PHP."""

import contextlib
import itertools
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path

import pytest
from wordpress_browser import Browser
from wordpress_server import PASSWORD, TOP, free_port, until

HERE = Path(__file__).parent
OURS = TOP / "integrations" / "wordpress"
# What install.sh unpacks: Debian 12's ("stable", on such a machine) and 13's, by WordPress and by Akismet two worlds.
WORDPRESSES = TOP / "build" / "wordpress"


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
    files = WORDPRESSES / version / "usr" / "share" / "wordpress"
    need_programs("php", "mariadb", more=() if (files / "wp-load.php").exists() else (f"WordPress ({version})",))
    return files


_numbers = itertools.count(1)


def _email() -> str:
    """Another one each time: the eleventh comment of one author within ten minutes is a flood."""
    return f"carl.{next(_numbers)}@example.net"


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

    def put_plugin(self) -> None:
        """Copy our plugin to where WordPress finds it."""
        shutil.copytree(OURS / "moderator", self.folder / "wp-content" / "plugins" / "moderator")

    def sql(self, query: str) -> list[list[str]]:
        """Rows of a query on its database."""
        return [line.split("\t") for line in mariadb(query, self.database).splitlines()]

    def comment(self, text: str, **fields: str) -> int:
        """Post a comment by its form; the id that WordPress gave it."""
        sent = {"comment_post_ID": "1", "author": "Carl", "email": _email(), "url": "", "comment": text}
        answered = Browser(self.url).post("/wp-comments-post.php", **(sent | fields))
        assert answered.status in (200, 404), answered.text  # 404: this blog has no theme to show the post
        return int(self.sql("SELECT MAX(comment_ID) FROM wp_comments")[0][0])

    def comment_by_rest(self, text: str, author: str = "Carl") -> int:
        """The same by the REST API."""
        sent = {"post": 1, "author_name": author, "author_email": _email(), "content": text}
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
        blog.put_plugin()
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
            os.killpg(server.pid, signal.SIGTERM)  # its workers outlive their parent
            server.wait(10)
        mariadb(f"DROP DATABASE {name}; DROP USER {name}@localhost;")
        shutil.rmtree(folder)


def _serve(blog: Blog) -> subprocess.Popen[bytes]:
    settings = {"error_reporting": "E_ALL", "display_errors": "0", "log_errors": "1", "opcache.enable_cli": "1"}
    flags = [part for name, value in settings.items() for part in ("-d", f"{name}={value}")]
    with (blog.folder / "said").open("wb") as said:
        server = subprocess.Popen(
            ["php", *flags, "-S", f"127.0.0.1:{blog.port}", "-t", str(blog.folder)],
            stdout=said,
            stderr=said,
            start_new_session=True,
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

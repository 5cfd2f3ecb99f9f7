"""ikiwiki itself, with its own BlogSpam plugin: a visitor posts a comment through its CGI, and we decide over HTTP."""

import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlencode

import pytest
from click.testing import CliRunner
from doors import Installation, install
from werkzeug.serving import make_server

from moderator.cli import commands
from moderator.comment import Status
from moderator.store import Filter

NEEDED = "needs ikiwiki with its CGI (tests/clients/ikiwiki.sh), without LWPx::ParanoidAgent, which refuses loopback"
SETUP = """\
# IkiWiki::Setup::Yaml - YAML formatted setup file
wikiname: test
srcdir: {folder}/src
destdir: {folder}/dst
url: http://wiki.example
cgiurl: http://wiki.example/ikiwiki.cgi
cgi_wrapper: {folder}/ikiwiki.cgi
cgi_wrappermode: 0755
rcs: ''
add_plugins: [comments, anonok, blogspam]
disable_plugins: [passwordauth, openid, emailauth]
comments_pagespec: '*'
comments_allowauthor: 1
anonok_pagespec: 'postcomment(*)'
blogspam_pagespec: 'postcomment(*)'
blogspam_server: {server}
"""


def ikiwiki_is_here() -> bool:
    if not all(shutil.which(name) for name in ("ikiwiki", "perl", "cc")):
        return False
    needed = perl_has("JSON", "LWP", "CGI::Session", "CGI::FormBuilder")
    return needed and not perl_has("LWPx::ParanoidAgent")


def perl_has(*modules: str) -> bool:
    asked = ["perl", *(f"-M{name}" for name in modules), "-e1"]
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0


@dataclass
class Wiki:
    """A wiki in a folder."""

    folder: Path

    def cgi(self, form: dict[str, str] | None = None, cookie: str = "") -> str:
        query = "" if form else "do=comment&page=index"
        body = urlencode(form or {}).encode()
        environment = {
            "PATH": os.environ["PATH"],
            "REQUEST_METHOD": "POST" if form else "GET",
            "REQUEST_URI": f"/ikiwiki.cgi?{query}",
            "QUERY_STRING": query,
            "SCRIPT_NAME": "/ikiwiki.cgi",
            "HTTP_HOST": "wiki.example",
            "SERVER_NAME": "wiki.example",
            "SERVER_PORT": "80",
            "REMOTE_ADDR": "198.51.100.7",
            "HTTP_COOKIE": cookie,
            "CONTENT_TYPE": "application/x-www-form-urlencoded",
            "CONTENT_LENGTH": str(len(body)),
        }
        asked = subprocess.run(
            [str(self.folder / "ikiwiki.cgi")], env=environment, input=body, capture_output=True, timeout=60, check=True
        )
        return asked.stdout.decode()

    def comment(self, text: str) -> str:
        """Post a comment as a visitor with a browser; the page that they see then."""
        page = self.cgi()
        found = dict(re.findall(r'<input id="[^"]+" name="([^"]+)"[^>]* value="([^"]*)"', page))
        cookie = re.findall(r"Set-Cookie: ([^;]+)", page)[0]
        form = {"_submitted": "1", "do": "comment", "sid": found["sid"], "page": "index", "type": "mdwn"}
        form |= {"author": "Ann", "url": "", "email": "", "subject": "", "editcontent": text}
        return self.cgi(form | {"_submit": "Post comment"}, cookie)

    @property
    def published(self) -> list[str]:
        return [path.read_text("utf-8") for path in (self.folder / "src/index").glob("comment_*._comment")]

    @property
    def pending(self) -> list[str]:
        waiting = (self.folder / "src/.ikiwiki/transient/index").glob("comment_*._comment_pending")
        return [path.read_text("utf-8") for path in waiting]


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Installation]:
    made = install(tmp_path / "data")
    yield made
    made.store.close()


@pytest.fixture
def wiki(tmp_path: Path, here: Installation) -> Iterator[Wiki]:
    """A wiki that asks the door that a command has opened."""
    if not ikiwiki_is_here():
        if os.environ.get("CI"):
            pytest.fail(NEEDED)
        pytest.skip(NEEDED)
    server = make_server("127.0.0.1", 0, here.app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    said = CliRunner().invoke(
        commands, ["sites", "blogspam", "open", "blog", "--data", str(tmp_path / "data")], catch_exceptions=False
    )
    address = re.sub(r"//127\.0\.0\.1:\d+/", f"//127.0.0.1:{server.port}/", said.output.split()[-1])
    folder = tmp_path / "wiki"
    (folder / "src").mkdir(parents=True)
    (folder / "src/index.mdwn").write_text("A page about bread.\n")
    (folder / "wiki.setup").write_text(SETUP.format(folder=folder, server=address))
    subprocess.run(["ikiwiki", "--setup", "wiki.setup"], cwd=folder, capture_output=True, timeout=120, check=True)
    yield Wiki(folder)
    server.shutdown()
    server.server_close()


def test_a_good_comment_is_published_and_a_doubtful_one_waits_in_the_wiki(wiki: Wiki, here: Installation) -> None:
    wiki.comment("Thank you, das schöne Brot ist gelungen. 好")
    assert ["schöne Brot ist gelungen. 好" in text for text in wiki.published] == [True]
    page = wiki.comment("1. http://journal-neo.org/2016/03/17/russias-mission-accomplished-moment-in-syria/")
    assert "stored for moderation" in page
    wiki.comment("This is surely spam.")
    assert len(wiki.published) == 1
    assert len(wiki.pending) == 2
    stored = {found.decision.rule: found for found in here.store.queue(Filter(status=None)).comments}
    assert set(stored) == {"probably_fine", "link_only", "surely_spam"}
    assert stored["probably_fine"].comment.body == "Thank you, das schöne Brot ist gelungen. 好"
    assert stored["link_only"].status is Status.HELD
    assert (stored["link_only"].comment.author.name, stored["link_only"].comment.ip) == ("Ann", "198.51.100.7")


def test_a_store_that_fails_makes_the_comment_wait(wiki: Wiki, here: Installation) -> None:
    here.store.close()
    wiki.comment("Thank you, it worked.")
    assert (len(wiki.published), len(wiki.pending)) == (0, 1)


def test_a_shut_door_publishes_all_as_the_documents_say(wiki: Wiki, here: Installation) -> None:
    here.store.set_doors(here.site.id, replace(here.site.doors, blogspam_digest=""))
    wiki.comment("This is surely spam.")
    assert (len(wiki.published), len(wiki.pending)) == (1, 0)

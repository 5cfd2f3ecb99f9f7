"""What an operator types, and a server that does it."""

import io
import json
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from blogs import Blog
from click.testing import CliRunner
from conftest import HOLD
from standardwebhooks import Webhook
from test_story import serving

from moderator.cli import commands, main
from moderator.comment import Comment, Word
from moderator.store import Delivery, Outcome, Purpose, Store


@pytest.fixture
def data(tmp_path: Path, empty_sqlite: Path) -> Path:
    """An installation with a site called blog."""
    shutil.copy(empty_sqlite, tmp_path)
    assert type_in(tmp_path, "sites", "add", "blog")
    return tmp_path


def type_in(data: Path, *words: str, given: str | None = None) -> str:
    """What a command prints; it must go well."""
    done = CliRunner().invoke(commands, [*words, "--data", str(data)], input=given, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def opened(data: Path) -> Store:
    return Store.open(f"sqlite:///{data}/moderator.sqlite3", clock=lambda: datetime.now(UTC))


def say(data: Path, own_id: str, word: Word = Word.HAM) -> None:
    store = opened(data)
    site = store.site_by_name("blog")
    assert site is not None
    answer = store.remember(site, Comment("Hello", id=own_id), HOLD, at=datetime.now(UTC))
    store.give_verdict(answer.id, word, by="ann", door="page")
    store.close()


def test_setting_a_native_callback_shows_its_secret_once(data: Path) -> None:
    url = "https://blog.example.org/moderated"
    shown: dict[str, Any] = json.loads(type_in(data, "sites", "callback", "set", "blog", url, "--json"))
    assert shown["kind"] == "native" and shown["secret"].startswith("whsec_")
    assert json.loads(type_in(data, "sites", "callback", "set", "blog", url + "/2", "--json"))["secret"] is None
    told = type_in(data, "sites", "callback", "show", "blog")
    assert f"{url}/2 (native)" in told and "in use" in told and "0 waiting" in told and "whsec" not in told
    store = opened(data)
    assert store.secrets.live(1, Purpose.CALLBACK) == (shown["secret"],)
    store.close()


def test_http_is_taken_with_a_warning(data: Path) -> None:
    said = type_in(data, "sites", "callback", "set", "blog", "http://blog.example.org/moderated")
    assert "warning: over http" in said
    assert "warning" not in type_in(data, "sites", "callback", "set", "blog", "https://blog.example.org/moderated")


def test_a_secret_is_read_from_standard_input(data: Path) -> None:
    url = "https://blog.example.org/?rest_route=/akismet/v1/webhook"
    words = ("sites", "callback", "set", "blog", url, "--kind", "wordpress-akismet", "--stdin")
    assert "0123456789ab" not in type_in(data, *words, given="0123456789ab\n")
    store = opened(data)
    assert store.secrets.live(1, Purpose.CALLBACK) == ("0123456789ab",)
    store.close()


@pytest.mark.parametrize(
    ("words", "given", "cure"),
    [
        (["nobody", "https://blog.example.org/"], "", "there is no site 'nobody'"),
        (["blog", "blog.example.org"], "", "must begin with https://"),
        (["blog", "https://ann:word@blog.example.org/"], "", "leave out what stands before the @"),
        (["blog", "http://127.0.0.1:3000/x"], "", "say --allow-private"),
        (["blog", "http://[::1]/x"], "", "say --allow-private"),
        (["blog", "http://169.254.169.254/", "--allow-private"], "", "callbacks may not go to 169.254.169.254"),
        (["blog", "https://blog.example.org/?a=b", "--kind", "isso", "--stdin"], "key\n", "what stands after the ?"),
        (["blog", "https://blog.example.org/", "--kind", "isso"], "", "give it on standard input"),
        (["blog", "https://blog.example.org/", "--kind", "isso", "--stdin"], "\n", "the secret is empty"),
        (["blog", "https://blog.example.org/", "--kind", "cusdis", "--stdin"], "key\n", "needs no secret"),
        (["blog", "https://blog.example.org/", "--stdin"], "whsec_short\n", "base64 of 24 to 64 bytes"),
        (["blog", "https://blog.example.org/", "--kind", "wordpress-akismet", "--stdin"], "ABC\n", "12 characters"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(
    data: Path, words: list[str], given: str, cure: str, capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(given))
    with pytest.raises(SystemExit) as left:
        main(["sites", "callback", "set", *words, "--data", str(data)])
    said = capsys.readouterr().err
    assert left.value.code == 2 and cure in said and said.count("\n") == 1 and "Traceback" not in said


def test_what_a_site_has_not_is_said_so(data: Path) -> None:
    for words in (["show"], ["test"], ["enable"], ["clear"]):
        done = CliRunner().invoke(commands, ["sites", "callback", *words, "blog", "--data", str(data)])
        assert done.exit_code != 0 and "has no callback" in str(done.exception)


def test_the_address_can_be_tried_out(data: Path, here: Blog) -> None:
    set_it = ("sites", "callback", "set", "blog", here.url, "--allow-private", "--json")
    secret = json.loads(type_in(data, *set_it).splitlines()[-1])["secret"]
    assert "took it" in type_in(data, "sites", "callback", "test", "blog")
    (heard,) = here.heard
    assert Webhook(secret).verify(heard.body, heard.headers)["type"] == "callback.test"
    here.reply = lambda heard: (401, {}, b"")
    done = CliRunner().invoke(commands, ["sites", "callback", "test", "blog", "--data", str(data)])
    assert "the blog answered 401" in str(done.exception)


def test_failed_messages_are_listed_and_sent_again(data: Path) -> None:
    type_in(data, "sites", "callback", "set", "blog", "https://blog.example.org/moderated")
    say(data, "7")
    store = opened(data)
    store.outbox.claim("A" * 26, most=1)
    parcel = store.outbox.take(1, "A" * 26)
    assert parcel is not None
    store.outbox.note(parcel, Outcome(Delivery.FAILED, "the blog answered 500"), "A" * 26)
    store.outbox.release(1, "A" * 26)
    store.close()
    (listed,) = (json.loads(line) for line in type_in(data, "callbacks", "list", "--failed", "--json").splitlines())
    assert (listed["id"], listed["note"], listed["state"]) == (parcel.id, "the blog answered 500", "failed")
    assert parcel.id in type_in(data, "callbacks", "list", "--site", "blog")
    done = CliRunner().invoke(commands, ["callbacks", "retry", "X" * 26, "--data", str(data)])
    assert "0 of 1 are sent again" in str(done.exception)
    assert type_in(data, "callbacks", "retry", parcel.id) == "1 is sent again\n"
    assert type_in(data, "callbacks", "list", "--failed") == ""
    assert "is told nothing any more" in type_in(data, "sites", "callback", "clear", "blog")


def test_a_server_of_several_processes_tells_the_blog_soon_and_once_and_stops_gracefully(
    data: Path, here: Blog
) -> None:
    (data / "seen").touch()  # it has a site, so it shows no key
    type_in(data, "sites", "callback", "set", "blog", here.url, "--allow-private")
    with serving(data, "--workers", "3"):
        time.sleep(1.0)
        say(data, "first")
        assert here.arrived.wait(2)
        for number in range(20):
            say(data, str(number))
        time.sleep(2.0)
    assert here.told() == [("first", "approved"), *((str(number), "approved") for number in range(20))]

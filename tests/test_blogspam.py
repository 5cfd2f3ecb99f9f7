"""BlogSpam's door: transcripts, the client's options, and that nothing that goes wrong is a publication."""

import hashlib
import json
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pytest
from click.testing import CliRunner
from doors import Installation, install
from hypothesis import given
from hypothesis import strategies as st
from mutated import broken_bytes, broken_json, many
from werkzeug.test import TestResponse

from moderator.cli import commands
from moderator.comment import Word
from moderator.store import Filter, StoreBusy
from moderator.wire.blogspam import options

TRANSCRIPTS = sorted((Path(__file__).parent / "transcripts" / "blogspam").glob("*.toml"))
KEY = "bs_1_" + "k" * 43
ASKED: dict[str, Any] = {
    "site": "http://wiki.example",
    "ip": "198.51.100.7",
    "comment": "Thank you, that worked.",
    "subject": "About bread",
    "name": "Ann",
    "link": "http://ann.example/",
    "options": "min-words=0,exclude=lotsaurls,exclude=size,exclude=stopwords",
    "version": "ikiwiki 3.20200202.3",
}


def set_door(here: Installation, *, shut: bool = False, holds_are_ok: bool = False) -> None:
    digest = "" if shut else hashlib.sha256(KEY.encode()).hexdigest()
    doors = replace(here.site.doors, blogspam_digest=digest, blogspam_holds_are_ok=holds_are_ok)
    here.store.set_doors(here.site.id, doors)


def made(folder: Path) -> Iterator[Installation]:
    here = install(folder)
    here.store.add_site("another")
    set_door(here)
    yield here
    here.store.close()


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Installation]:
    yield from made(tmp_path)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    yield from made(tmp_path_factory.mktemp("blogspam"))


def post(here: Installation, raw: bytes, path: str = "/", key: str = KEY) -> TestResponse:
    return here.client.post(f"/blogspam/{key}{path}", data=raw, headers={"Content-Type": "application/json"})


def ask(here: Installation, path: str = "/", **fields: Any) -> Any:
    return post(here, json.dumps(ASKED | fields).encode(), path).get_json()


def stored(here: Installation) -> list[Any]:
    return list(here.store.queue(Filter(status=None)).comments)


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_transcript(path: Path, here: Installation) -> None:
    for exchange in tomllib.loads(path.read_text("utf-8"))["exchange"]:
        asked, answered = exchange["request"], exchange["response"]
        set_door(here, shut=exchange.get("shut", False), holds_are_ok=exchange.get("holds_are_ok", False))
        answer = here.client.open(
            f"/blogspam/{asked.get('key', KEY)}{asked['path']}",
            method=asked["method"],
            data=(json.dumps(asked["json"]) if "json" in asked else asked.get("text", "")).encode(),
            headers={"Content-Type": "application/json"},
        )
        assert answer.status_code == answered["status"], answer.text
        assert answered["json"].items() <= answer.get_json().items(), answer.text


def test_there_are_transcripts() -> None:
    assert len(TRANSCRIPTS) >= 8


# Who asks


@pytest.mark.parametrize(
    "key", ["x", "bs_1_", "bs_999999999_" + "k" * 43, "bs_2_" + "k" * 43, "bs_1_" + "K" * 43, "bs_١_" + "k" * 43, "é"]
)
def test_a_wrong_key_is_403(key: str, shared: Installation) -> None:
    before = shared.store.counts()
    for path in ("/", "/classify/", "/stats/", "/plugins/"):
        method = shared.client.get if path == "/plugins/" else shared.client.post
        answer = method(f"/blogspam/{key}{path}", data=json.dumps(ASKED))
        assert (answer.status_code, answer.get_json()["result"]) == (403, "ERROR")
    assert shared.store.counts() == before


def test_the_sites_key_for_our_own_protocol_opens_nothing(here: Installation) -> None:
    assert post(here, json.dumps(ASKED).encode(), key=here.key).status_code == 403


# What becomes of a comment


def test_what_the_client_tells_is_kept(here: Installation) -> None:
    ask(here, agent="Mozilla/5.0", email="ann@ann.example", ip="::ffff:198.51.100.7")
    (found,) = stored(here)
    assert found.comment.body == "About bread\n\nThank you, that worked."
    author = found.comment.author
    assert (author.name, author.email, author.url) == ("Ann", "ann@ann.example", "http://ann.example/")
    assert (found.comment.ip, found.comment.user_agent) == ("198.51.100.7", "Mozilla/5.0")
    assert found.comment.post.url == "http://wiki.example"


def test_the_same_comment_again_is_one(here: Installation) -> None:
    assert ask(here) == ask(here, ip="203.0.113.1") == {"result": "OK", "version": "2.0"}
    assert len(stored(here)) == 1
    ask(here, comment="Thank you, that worked!")
    assert len(stored(here)) == 2


def test_training_is_a_verdict_on_the_comment_that_was_tested(here: Installation) -> None:
    ask(here)
    for _ in range(2):
        assert ask(here, "/classify/", train="spam")["result"] == "OK"
    (found,) = stored(here)
    assert (found.verdict.word, found.verdict.by, found.verdict.door) == (Word.SPAM, "the blog", "blogspam")
    assert len(here.store.history(found.id).verdicts) == 1  # type: ignore[union-attr]
    ask(here, "/classify/", comment="Never seen before.", train="OK")
    assert len(stored(here)) == 2


def test_an_edit_that_only_takes_away_is_ok(here: Installation) -> None:
    assert ask(here, comment="", subject=" ") == {"result": "OK", "version": "2.0"}
    assert not stored(here)


def test_no_answer_has_the_score(here: Installation) -> None:
    for text in ("This may be spam.", "surely spam"):
        answer = ask(here, comment=text)
        assert answer["result"] == "SPAM"
        assert not any(figure in json.dumps(answer) for figure in ("0.75", "0.99"))


# The client's options


@pytest.mark.parametrize(
    ("wanted", "blocker"),
    [
        ("fail", "00-fail"),
        (" FAIL ,max-links=3", "00-fail"),
        ("blacklist=198.51.100.7", "20-ip"),
        ("blacklist=198.51.100.0/24", "20-ip"),
        ("blacklist=1.2.3.4,blacklist=198.51.100.9/24", "20-ip"),
        ("mandatory=email", "30-mandatory"),
        ("mandatory=name,mandatory=Agent", "30-mandatory"),
        ("min-size=24", "40-size"),
        ("max-size=22", "40-size"),
        ("min-size=1k", "40-size"),
        ("min-words=5", "45-wordcount"),
        ("max-words=3", "45-wordcount"),
        ("max-links=0", "50-lotsaurls"),
        # What does not bite.
        ("", ""),
        ("exclude=fail,fail", ""),
        ("exclude=20-ip.js,blacklist=198.51.100.7", ""),
        ("whitelist=198.51.100.7,min-size=1k", ""),
        ("whitelist=198.51.0.0/16,fail,exclude=fail", ""),
        ("blacklist=198.51.100.8,blacklist=nonsense,blacklist=::/0", ""),
        ("min-size=23,max-size=23,min-words=4,max-words=4", ""),
        ("min-size=,max-size=x,max-links=-1,unknown=1,=,,", ""),
        ("mandatory=name,mandatory=comment", ""),
        ("max-size=1,exclude=SIZE", ""),
        ("exclude=.*,max-links=5", ""),
    ],
)
def test_options(wanted: str, blocker: str, shared: Installation) -> None:
    more = {"comment": "see http://a.example/ & x"} if "max-links" in wanted and blocker == "50-lotsaurls" else {}
    before = sum(shared.store.counts().values())
    answer = ask(shared, options=wanted, name=f"Ann, who wants {wanted}", **more)
    assert (answer["result"], answer.get("blocker", "")) == ("SPAM" if blocker else "OK", blocker)
    kept = sum(shared.store.counts().values()) - before
    assert kept == (not blocker and not wanted.startswith("whitelist"))


def test_an_exclusion_is_no_pattern_and_never_excludes_our_own_judgement(here: Installation) -> None:
    wanted = "exclude=link_only,exclude=(a+)+$,exclude=.*,exclude=-"
    assert ask(here, comment="http://spam.example/", subject="", options=wanted)["blocker"] == "link_only"
    assert ask(here, options="fail,exclude=.*")["result"] == "SPAM"


def test_a_million_options_are_refused_at_once(here: Installation) -> None:
    assert ask(here, options="whitelist=10.0.0.0/8," * 40_000)["result"] == "ERROR"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("198.51.100.7:4711", "198.51.100.7"),
        ("[2001:db8::1]:80", "2001:db8::1"),
        (" 2001:DB8::1 ", "2001:db8::1"),
        ("", "None"),
        ("nonsense", "None"),
        ("1.2.3.4:99999999", "None"),
        ("9" * 5000, "None"),
    ],
)
def test_addresses_as_clients_write_them(text: str, found: str) -> None:
    assert str(options.address(text)) == found


# What goes wrong is no publication


@pytest.mark.parametrize("question", ["remember", "site"])
def test_a_store_that_fails_is_spam_and_its_words_are_not_told(
    question: str, here: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*args: object, **named: object) -> NoReturn:
        raise StoreBusy("the file /secret/place is busy")

    monkeypatch.setattr(here.store, question, busy)
    answer = ask(here)
    assert (answer["result"], answer["blocker"]) == ("SPAM", "could_not_judge")
    assert "secret" not in json.dumps(answer)
    trained = post(here, json.dumps(ASKED | {"train": "spam"}).encode(), "/classify/")
    assert (trained.status_code, trained.get_json()["result"]) == (503, "ERROR")


def test_a_fault_of_ours_is_spam(here: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **named: object) -> NoReturn:
        raise RuntimeError("inside")

    monkeypatch.setattr(here.store, "site", fail)
    assert ask(here)["result"] == "SPAM"


@pytest.mark.parametrize("fields", [{"comment": "x" * 2_000_000}, {"name": "x" * 20_000}, {"comment": "x" * 1_048_000}])
def test_too_long_is_spam(fields: dict[str, str], here: Installation) -> None:
    assert ask(here, **fields)["result"] == "SPAM"


def test_bytes_that_are_no_utf8_do_not_help_a_commenter(here: Installation) -> None:
    raw = json.dumps(ASKED | {"comment": "surely spam XX"}).encode().replace(b"XX", b"\xed\xa0\x80\xff")
    assert post(here, raw).get_json()["result"] == "SPAM"


@pytest.mark.parametrize(
    "raw",
    [b"", b"[]", b"7", b'{"comment":[]}', b'{"Comment":"a","comment":"b"}', b'{"comment":{"a":1}}', b"[" * 100_000],
)
def test_what_only_a_programmer_can_send_is_an_error(raw: bytes, shared: Installation) -> None:
    answer = post(shared, raw)
    assert (answer.status_code, answer.get_json()["result"]) == (200, "ERROR")
    assert answer.get_json()["reason"]


@many
@given(data=st.data())
def test_no_request_gives_a_5xx(data: st.DataObject, shared: Installation) -> None:
    whole = ASKED | {"train": "spam", "options": "max-links=3,whitelist=10.0.0.0/8,mandatory=name"}
    raw = data.draw(
        st.one_of(
            broken_bytes(json.dumps(whole).encode()),
            broken_json(whole).map(lambda sent: json.dumps(sent).encode()),
            st.text(st.characters(), max_size=60).map(lambda text: json.dumps(whole | {"options": text}).encode()),
        )
    )
    for path in ("/", "/classify/", "/stats/"):
        answer = post(shared, raw, path)
        assert answer.status_code in (200, 413)
        assert path == "/stats/" or answer.get_json()["result"] in ("OK", "SPAM", "ERROR")
    path = data.draw(st.text(st.characters(codec="utf-8"), max_size=20)).replace("#", "").replace("?", "")
    assert post(shared, raw, path).status_code < 500


# The commands


def run(*arguments: str, data: Path) -> str:
    done = CliRunner().invoke(commands, ["sites", "blogspam", *arguments, "--data", str(data)])
    assert done.exit_code == 0, (done.output, done.exception)
    return done.output


def test_a_door_is_opened_and_shut_by_command(here: Installation, tmp_path: Path) -> None:
    here.store.add_site("wiki")
    first = run("open", "wiki", data=tmp_path).split("/blogspam/")[1].strip().rstrip("/")
    assert post(here, json.dumps(ASKED | {"comment": "may be spam"}).encode(), key=first).get_json()["result"] == "SPAM"
    again = json.loads(run("open", "wiki", "--hold", "ok", "--json", data=tmp_path))
    second = again["address"].split("/blogspam/")[1].rstrip("/")
    assert post(here, b"{}", key=first).status_code == 403
    assert post(here, json.dumps(ASKED | {"comment": "may be spam"}).encode(), key=second).get_json()["result"] == "OK"
    run("shut", "wiki", data=tmp_path)
    assert post(here, b"{}", key=second).status_code == 403

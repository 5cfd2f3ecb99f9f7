"""Privacy: addresses become pseudonyms, what is known of a person is handed out, and erased to the last byte."""

import hashlib
import json
import re
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import APPROVE, HOLD, HandClock
from hypothesis import given
from hypothesis import strategies as st
from test_story import ask, run, serving

from moderator.comment import Author, Comment, Parent, Word
from moderator.housekeeping import Housekeeper
from moderator.pseudonyms import is_masked, masked, masked_email, masked_ip
from moderator.reading import read
from moderator.store import Site, Store
from moderator.store.schema import metadata

SECRET = b"s" * 32
ANN = "Ann.Émile@Example.org"
WROTE = Comment(
    "A good point, thank you.",
    id="1",
    author=Author("Ann", ANN, "https://ann.example.org/"),
    ip="198.51.100.7",
    user_agent="Mozilla/5.0 (unusual)",
)


@given(st.text(), st.text(), st.integers())
def test_masking_is_total_and_done_once(email: str, ip: str, site_id: int) -> None:
    once = masked(Comment("x", author=Author(email=email), ip=ip, user_agent="y"), SECRET, site_id)
    assert masked(once, SECRET, site_id) == once
    assert (not email) == (not once.author.email) and (not ip) == (not once.ip)
    assert not once.user_agent


def test_of_an_email_address_only_the_domain_stays() -> None:
    one = masked_email("ann@example.org", SECRET, 1)
    assert one.endswith("@example.org") and "ann" not in one and is_masked(one)
    assert one == masked_email(" ANN@Example.ORG", SECRET, 1)
    assert one != masked_email("ann@example.org", SECRET, 2)  # one person on two sites is two
    assert one != masked_email("ann@example.org", b"t" * 32, 1)


@pytest.mark.parametrize("ip", ["198.51.100.7", "::ffff:198.51.100.7", "::FFFF:c633:6407"])
def test_one_address_has_one_pseudonym(ip: str) -> None:
    assert masked_ip(ip, SECRET, 1) == masked_ip("198.51.100.7", SECRET, 1)


def test_the_classifier_reads_a_masked_comment_as_before() -> None:
    assert read(masked(WROTE, SECRET, 1)) == read(WROTE)


def put(store: Store, site: Site, comment: Comment, clock: HandClock, decision: Any = APPROVE) -> str:
    return store.remember(site, comment, decision, at=clock()).id


def test_what_is_decided_is_masked_after_its_days_and_what_waits_is_not(
    store: Store, site: Site, clock: HandClock
) -> None:
    decided = put(store, site, WROTE, clock)
    waits = put(store, site, Comment("x", id="2", author=Author(email=ANN)), clock, HOLD)
    clock.pass_(days=29)
    assert store.privacy.mask(clock() - timedelta(days=30), SECRET) == 0
    clock.pass_(days=2)
    before = clock() - timedelta(days=30)
    assert store.privacy.unmasked(before) == 1
    assert store.privacy.mask(before, SECRET) == 1
    assert store.privacy.mask(before, SECRET) == 0
    now = store.comment(None, decided)
    assert now is not None and now.comment == masked(WROTE, SECRET, site.id)
    still = store.comment(None, waits)
    assert still is not None and still.comment.author.email == ANN


def test_a_masked_comment_that_comes_again_is_the_same(store: Store, site: Site, clock: HandClock) -> None:
    first = put(store, site, WROTE, clock)
    store.give_verdict(first, Word.HAM, by="ann", door="page")
    clock.pass_(days=31)
    store.privacy.mask(clock(), SECRET)
    again = store.remember(site, WROTE, HOLD, at=clock())
    assert again.id == first
    now = store.comment(None, first)
    assert now is not None and now.verdict is not None and now.verdict.word is Word.HAM


def test_an_edit_brings_its_addresses_and_they_are_masked_again(store: Store, site: Site, clock: HandClock) -> None:
    put(store, site, WROTE, clock)
    clock.pass_(days=31)
    store.privacy.mask(clock(), SECRET)
    edited = put(store, site, Comment("Another text.", id="1", author=Author("Ann", ANN)), clock)
    clock.pass_(days=31)
    assert store.privacy.mask(clock(), SECRET) == 1
    history = store.history(edited)
    assert history is not None
    assert all(is_masked(past.comment.author.email) for past in history.revisions)
    assert is_masked(history.now.comment.author.email)


@pytest.mark.parametrize("mask_first", [False, True], ids=["raw", "masked"])
def test_all_of_a_person_is_found_in_any_spelling(mask_first: bool, store: Store, site: Site, clock: HandClock) -> None:
    theirs = put(store, site, WROTE, clock)
    others = put(store, site, Comment(f"Ask {ANN.upper()}!", id="2", author=Author("Bob", "bob@example.org")), clock)
    put(store, site, Comment("Not theirs.", id="3", author=Author("Cid", "joann.émile@example.org.uk")), clock)
    if mask_first:
        clock.pass_(days=31)
        store.privacy.mask(clock(), SECRET)
    found = store.privacy.find("ann.e\u0301mile@EXAMPLE.org ", SECRET)
    assert (found.wrote, found.mentioned) == ((theirs,), (others,))


def test_after_erasing_nothing_is_found_and_nothing_is_taught(store: Store, site: Site, clock: HandClock) -> None:
    theirs = put(store, site, WROTE, clock)
    store.give_verdict(theirs, Word.HAM, by="bob", door="page")
    put(store, site, Comment("Edited.", id="1", author=Author("Ann", ANN), parent=Parent("9", "x")), clock)
    others = put(store, site, Comment(f"Ask {ANN} about it", id="2"), clock)
    assert len(list(store.labelled())) == 1
    erased = store.privacy.erase(ANN, SECRET)
    assert (erased.wrote, erased.mentioned) == ((theirs,), (others,))
    again = store.privacy.erase(ANN, SECRET)
    assert (again.wrote, again.mentioned) == ((), ())
    assert list(store.labelled()) == []
    mention = store.comment(None, others)
    assert mention is not None and mention.comment.body == "Ask [erased] about it"
    history = store.history(theirs)
    assert history is not None
    assert [past.verdict.word for past in history.verdicts] == [Word.HAM, Word.OPEN]  # that it was judged stays


def test_no_byte_of_the_erased_is_left_in_the_files(quick_store: Store, clock: HandClock, tmp_path: Path) -> None:
    site, _ = quick_store.add_site("blog")
    for number in range(300):
        body = f"Comment {number} of a person with much to say " * 3
        put(quick_store, site, Comment(body, id=f"a{number}", author=Author("Ann", ANN), ip="203.0.113.99"), clock)
        put(quick_store, site, Comment(body, id=f"b{number}", author=Author("Bob", "bob@example.org")), clock)
    quick_store.privacy.erase(ANN, SECRET)
    digests = [
        hashlib.new(name, text.encode()).hexdigest() for name in ("sha256", "md5") for text in (ANN, "203.0.113.99")
    ]
    needles = [ANN, ANN.lower(), "203.0.113.99", *digests]
    for file in tmp_path.rglob("moderator.sqlite3*"):
        content = file.read_bytes()
        assert not [needle for needle in needles if needle.encode() in content], file.name
    assert quick_store.counts()  # and all else is there


def test_after_an_erasure_nothing_of_the_person_is_in_files_logs_or_exports(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data"
    theirs = {
        "body": "Zanzibarine thoughts on https://quaggamire.example.net/ and more", "ip": "203.0.113.77",
        "author": {"name": "Wilhelmshaven", "email": "ann@quoxville.example.org", "url": "https://xylograph.example.com/"},
        "user_agent": "Vexillarium/5.0",
    }  # fmt: skip
    needles = ["anzibarine", "quaggamire", "203.0.113.77", "ilhelmshaven", "quoxville", "xylograph", "exillarium"]
    others = {"id": "2", "body": "Look at this pill, ann@quoxville.example.org", "author": {"name": "Bob"}}
    with serving(data, LOG_LEVEL="debug", LOG_FORMAT="json") as (port, said):
        key = re.findall(r"mk_[\w-]+", said)[0]
        _, first = ask(port, "POST", "/v1/comments", key, {"id": "1", **theirs})
        edited = theirs | {"body": f"{theirs['body']}, edited"}
        assert ask(port, "POST", "/v1/comments", key, {"id": "1", **edited})[0] == 200
        assert ask(port, "POST", f"/v1/comments/{first['id']}/verdict", key, {"verdict": "spam"})[0] == 200
        assert ask(port, "POST", "/v1/comments", key, others)[0] == 201
        again = {"id": "3", **theirs, "body": "A word of the same person, who is known by now"}
        assert ask(port, "POST", "/v1/comments", key, again)[0] == 201
        before = run("export", "blog", "--data", str(data)).stdout
        assert [needle for needle in needles if needle not in before] == []
        erased = run("privacy", "erase", "--email", "ann@quoxville.example.org", "--data", str(data))
        assert erased.returncode == 0, erased.stderr
        files = [path for path in data.rglob("*") if path.is_file()]
        assert any(path.name.endswith("-wal") for path in files)  # it still serves
        for path in files:
            content = path.read_bytes()
            assert [needle for needle in needles if needle.encode() in content] == [], path.name
        for told in (run("export", "blog", "--data", str(data)), run("db", "export", "-", "--data", str(data))):
            assert told.returncode == 0, told.stderr
            assert [needle for needle in needles if needle in told.stdout] == []
    log = capfd.readouterr().err
    assert '"logger":"moderator.decisions"' in log
    assert [needle for needle in needles if needle in log] == []


def test_a_site_may_keep_no_address_at_all(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serving(data) as (port, said):
        key = re.findall(r"mk_[\w-]+", said)[0]
        told = run("sites", "addresses", "blog", "--mask", "--data", str(data))
        assert "pseudonyms alone" in told.stdout
        time.sleep(1.1)  # a site is believed for a second
        sent = {"id": "1", "body": "http://example.com/", "author": {"email": "ann@example.org"}, "ip": "198.51.100.7"}
        status, answer = ask(port, "POST", "/v1/comments", key, sent)
        assert (status, answer["decision"]) == (201, "hold")
        _, whole = ask(port, "GET", f"/v1/comments/{answer['id']}", key)
        assert is_masked(whole["comment"]["author"]["email"]) and is_masked(whole["comment"]["ip"])
        assert ask(port, "POST", "/v1/comments", key, sent)[0] == 200  # the same comment, not an edit
        for command in (["export"], ["erase", "--dry-run"], ["erase"], ["export"]):
            told = run("privacy", *command, "--email", "Ann@Example.ORG", "--data", str(data))
            assert told.returncode == 0, told.stderr
            assert ("example.com" in told.stdout) == (command == ["export"] and answer["id"] in told.stdout)
        assert json.loads(told.stdout) == {"email": "Ann@Example.ORG", "wrote": [], "mentioned_in": []}
    assert (
        run("privacy", "mask", "--dry-run", "--json", "--data", str(data)).stdout == '{"masked":false,"comments":0}\n'
    )


def test_the_page_on_privacy_says_of_each_table_how_long_it_keeps_what_it_has() -> None:
    page = (Path(__file__).parent.parent / "docs" / "privacy.md").read_text("utf-8")
    said = {
        name for row in page.splitlines() if row.startswith("|") for name in re.findall(r"`(\w+)`", row.split("|")[2])
    }
    assert set(metadata.tables) - said == set()


def test_the_housekeeper_masks_by_the_hour(store: Store, site: Site, clock: HandClock) -> None:
    put(store, site, WROTE, clock)
    keeper = Housekeeper(store, clock, secret=SECRET, address_days=30)
    assert keeper.tidy() == 0
    clock.pass_(days=31)
    assert keeper.tidy() == 1

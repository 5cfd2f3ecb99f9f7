"""What moderators decide on the server is carried out in WordPress."""

import base64
import json
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook
from wordpress_browser import Answer, Browser
from wordpress_pair import CALLBACK, LINK, SECRET, Pair, in_one, unreachable
from wordpress_server import until

pytest_plugins = ["wordpress_fixture"]


def event(pair: Pair, comment: int, **changed: Any) -> bytes:
    data: dict[str, Any] = {"id": pair.blog.server_id(comment), "external_id": pair.ref(comment)}
    data |= {"status": "approved", "verdict": "ham", "version": 2} | changed
    return json.dumps({"type": "comment.verdict", "timestamp": datetime.now(UTC).isoformat(), "data": data}).encode()


def call(pair: Pair, body: bytes, *, secret: str = SECRET, at: datetime | None = None, sent: bytes = b"") -> Answer:
    at = at or datetime.now(UTC)
    signature = Webhook(secret).sign("msg_1", at, body.decode())
    headers = {"webhook-id": "msg_1", "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}
    return Browser(pair.blog.url).send(CALLBACK, sent or body, headers | {"Content-Type": "application/json"})


@pytest.mark.parametrize(
    ("status", "verdict", "then"),
    [
        ("approved", "ham", "1"),
        ("rejected", "spam", "spam"),
        ("rejected", "unwanted", "trash"),
        ("held", "open", "0"),
        ("approved", None, "0"),
        ("deleted", None, "0"),
        ("rejected", None, "spam"),
    ],
)
def test_a_signed_verdict_is_carried_out_and_not_told_back(
    pair: Pair, status: str, verdict: str | None, then: str
) -> None:
    comment = pair.blog.comment(f"{LINK}?{status}={verdict}")
    answered = call(pair, event(pair, comment, status=status, verdict=verdict))
    assert answered.status == 200, answered.text
    assert (pair.blog.status(comment), pair.waits()) == (then, [])
    assert pair.known(comment)["verdict"] is None


def test_an_old_verdict_and_a_replay_move_nothing(pair: Pair) -> None:
    comment = pair.blog.comment(LINK + "?replayed")
    first = event(pair, comment, status="rejected", verdict="spam", version=3)
    assert json.loads(call(pair, first).text) == {"status": "done"}
    later = event(pair, comment, version=4)
    assert json.loads(call(pair, later).text) == {"status": "done"}
    for again in (first, later, event(pair, comment, status="rejected", verdict="spam", version=4)):
        assert json.loads(call(pair, again).text) == {"status": "known"}
    assert pair.blog.status(comment) == "1"


@in_one
def test_a_newer_word_here_stands_against_an_older_one_there(pair: Pair) -> None:
    comment = pair.blog.comment(LINK + "?newer")
    with unreachable(pair):
        pair.blog.act(pair.ann, comment, "spam")
        older = json.loads(event(pair, comment, version=2)) | {"timestamp": "2020-01-01T00:00:00Z"}
        assert json.loads(call(pair, json.dumps(older).encode()).text) == {"status": "a newer word stands here"}
    pair.blog.cron("moderator_settle")
    assert (pair.blog.status(comment), pair.known(comment)["verdict"]["verdict"]) == ("spam", "spam")


def test_only_what_the_server_signed_a_moment_ago_is_taken(pair: Pair) -> None:
    comment = pair.blog.comment(LINK + "?signed")
    body, now = event(pair, comment), datetime.now(UTC)
    other = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    assert call(pair, body, secret=other).status == 401
    assert call(pair, body, sent=body.replace(b"ham", b"spam")).status == 401
    assert call(pair, body, sent=body + b" ").status == 401
    assert call(pair, body, at=now - timedelta(seconds=310)).status == 401
    assert call(pair, body, at=now + timedelta(seconds=310)).status == 401
    assert Browser(pair.blog.url).send(CALLBACK, body, {"Content-Type": "application/json"}).status == 401
    assert pair.ann.get(CALLBACK).status == 404  # only POST
    assert pair.blog.status(comment) == "0"
    pair.callback_secret = f"{other} {SECRET}"
    pair.set(secrets=pair.callback_secret)  # while secrets are changed, both are good
    assert call(pair, body, secret=other).status == 200
    assert call(pair, event(pair, comment, version=3)).status == 200


@in_one
def test_what_is_signed_may_still_be_nonsense(pair: Pair) -> None:
    comment = pair.blog.comment(LINK + "?nonsense")
    assert call(pair, event(pair, comment, external_id=secrets.token_hex(16))).status == 404
    for changed in ({"external_id": 5}, {"version": "2"}, {"status": None}, {"external_id": ["x"]}):
        assert call(pair, event(pair, comment, **changed)).status == 400
    assert call(pair, b'{"type": "comment.verdict", "data": []}').status == 400
    assert call(pair, b'{"type": "callback.test"}').status == 200
    assert call(pair, b"[]").status == 200
    assert pair.blog.status(comment) == "0"


def test_a_click_on_our_page_moves_the_comment(pair: Pair) -> None:
    address = pair.blog.url + CALLBACK
    made = pair.server.told("sites", "callback", "set", "blog", address, "--allow-private", "--json")
    pair.callback_secret = f"{made['secret']} {SECRET}"
    pair.set(secrets=pair.callback_secret)
    bob = pair.server.moderator()
    comment = pair.blog.comment(LINK + "?clicked")
    for word, status in (("ham", "1"), ("spam", "spam"), ("unwanted", "trash")):
        pair.server.give(bob, pair.blog.server_id(comment), word)
        assert until(lambda status=status: pair.blog.status(comment) == status)
    assert pair.waits() == []
    assert {past["door"] for past in pair.known(comment)["verdicts"]} == {"page"}
    assert "Last callback" in pair.ann.get("/wp-admin/options-general.php?page=moderator").text

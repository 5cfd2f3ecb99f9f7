"""What each kind of blog is told, and what its answers mean."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from blogs import OK, Blog, Heard, Reply
from conftest import HandClock, Send
from itsdangerous import URLSafeTimedSerializer
from standardwebhooks import Webhook, WebhookVerificationError

from moderator.callbacks.courier import Courier
from moderator.callbacks.errors import BadAddress
from moderator.callbacks.signing import key_of, signed
from moderator.comment import Word
from moderator.store import CallbackKind, Delivery, Message, Purpose, Site, Store

WP_KEY = "0123456789ab"
ISSO_KEY = "b94c2b1e0d8f4d6f"


@pytest.fixture
def store(quick_store: Store, clock: HandClock) -> Store:
    """One engine suffices for words."""
    clock.now = datetime.now(UTC)  # the independent verifier looks at its own clock
    return quick_store


class Desk:
    """A moderator of a site whose blog is told."""

    def __init__(self, store: Store, site: Site, send: Send, clock: HandClock) -> None:
        self.store, self.site, self.send, self.clock = store, site, send, clock
        self.courier = Courier(store, clock, chance=lambda: 0.0)
        self.comment = ""

    def register(self, kind: CallbackKind, url: str, secret: str | None = None) -> str | None:
        return self.store.callbacks.set(self.site.id, kind, url, allow_private=True, secret=secret)

    def say(self, word: Word, own_id: str) -> Message:
        """Judge the comment that the blog calls so, and deliver; the message."""
        self.comment = self.send(own_id=own_id).id
        self.clock.pass_(seconds=1)
        self.store.give_verdict(self.comment, word, by="ann", door="page")
        self.courier.deliver_all()
        return self.store.outbox.of_comment(self.comment)[-1]


@pytest.fixture
def desk(store: Store, site: Site, send: Send, clock: HandClock) -> Desk:
    return Desk(store, site, send, clock)


# native


def test_an_event_says_all_that_the_blog_needs(desk: Desk, here: Blog) -> None:
    desk.register(CallbackKind.NATIVE, here.url)
    message = desk.say(Word.UNWANTED, "7")
    (heard,) = here.heard
    assert heard.headers["content-type"] == "application/json"
    assert heard.headers["user-agent"].startswith("moderator/")
    found = desk.store.comment(None, desk.comment)
    assert found is not None
    assert heard.json == {
        "type": "comment.verdict",
        "timestamp": found.changed.isoformat().replace("+00:00", "Z"),
        "data": {
            "id": desk.comment,
            "external_id": "7",
            "status": "rejected",
            "verdict": "unwanted",
            "by": "ann",
            "version": 2,
            "decision": "hold",
            "rule": "in_doubt",
            "score": 0.625,
            "reasons": [{"code": "words", "text": "These words weighed.", "span": [0, 4]}],
            "model": "m1",
        },
    }
    assert heard.headers["webhook-id"] == message.id


def test_a_comment_without_an_id_of_the_blogs_is_told_by_ours(desk: Desk, here: Blog) -> None:
    desk.register(CallbackKind.NATIVE, here.url)
    desk.say(Word.HAM, "")
    assert here.heard[0].data["external_id"] is None and here.heard[0].data["id"] == desk.comment


def test_standard_webhooks_own_library_takes_the_signature(desk: Desk, here: Blog) -> None:
    secret = desk.register(CallbackKind.NATIVE, here.url)
    assert secret is not None
    desk.say(Word.HAM, "7 — ü")
    (heard,) = here.heard
    assert Webhook(secret).verify(heard.body, heard.headers)["data"]["external_id"] == "7 — ü"
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(heard.body + b" ", heard.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + "A" * 44).verify(heard.body, heard.headers)


def test_all_live_secrets_sign_so_that_they_can_be_exchanged_without_a_gap(desk: Desk, here: Blog) -> None:
    old = desk.register(CallbackKind.NATIVE, here.url)
    new = desk.store.secrets.add(desk.site.id, Purpose.CALLBACK)
    desk.say(Word.HAM, "7")
    for secret in (old, new):
        assert Webhook(str(secret)).verify(here.heard[0].body, here.heard[0].headers)
    (first, _) = desk.store.secrets.listed(desk.site.id)
    desk.store.secrets.revoke(first.id)
    desk.say(Word.HAM, "8")
    assert Webhook(new).verify(here.heard[1].body, here.heard[1].headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(str(old)).verify(here.heard[1].body, here.heard[1].headers)


def test_another_attempt_has_the_same_id_and_a_signature_of_its_own_time(desk: Desk, here: Blog) -> None:
    secret = desk.register(CallbackKind.NATIVE, here.url)
    here.reply = lambda heard: OK if len(here.heard) > 1 else (500, {}, b"")
    desk.say(Word.HAM, "7")
    desk.clock.pass_(seconds=6)
    desk.courier.deliver_all()
    first, second = here.heard
    assert first.headers["webhook-id"] == second.headers["webhook-id"] and first.body == second.body
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) == 6
    assert Webhook(str(secret)).verify(second.body, second.headers)


def test_without_a_live_secret_nothing_is_sent(desk: Desk, here: Blog) -> None:
    desk.register(CallbackKind.NATIVE, here.url)
    (secret,) = desk.store.secrets.listed(desk.site.id)
    desk.store.secrets.revoke(secret.id)
    message = desk.say(Word.HAM, "7")
    assert here.heard == [] and "no live secret" in message.note and message.state is Delivery.WAITING


def test_the_specifications_own_example_gives_its_signature() -> None:
    headers = signed(
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        body=b'{"test": 2432232314}',
        at=datetime.fromtimestamp(1614265330, UTC),
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert headers["webhook-timestamp"] == "1614265330"


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_AAAA", "whsec_" + "A" * 100, "whsec_" + "ä" * 32, "x" * 33])
def test_what_is_no_secret_of_standard_webhooks_is_refused(secret: str) -> None:
    with pytest.raises(BadAddress, match="base64 of 24 to 64 bytes"):
        key_of(secret)


# wordpress-akismet


class WordPress:
    """Answers as the Akismet plugin's webhook does: spam, then pending, then approved."""

    def __init__(self, **comments: str) -> None:
        self.comments = comments

    def __call__(self, heard: Heard) -> Reply:
        asked = heard.json
        if asked["key"] != WP_KEY:
            return 401, {}, b'{"code":"rest_forbidden"}'
        done: dict[str, Any] = {}
        for one in asked["comments"]:
            status = self.comments.get(one["guid"])
            if status is None:
                done[one["guid"]] = {"status": "error", "message": "Could not find matching comment."}
                continue
            if one["result"] == "true":
                self.comments[one["guid"]] = "spam"
            else:
                self.comments[one["guid"]] = "hold" if status == "spam" else "approve"
            done[one["guid"]] = {"status": "success"}
        return 200, {}, json.dumps({"comments": done}).encode()


@pytest.mark.parametrize("before", ["spam", "hold", "approve"])
@pytest.mark.parametrize(("word", "after"), [(Word.HAM, "approve"), (Word.SPAM, "spam"), (Word.UNWANTED, "spam")])
def test_wordpress_ends_where_the_verdict_wants_it(desk: Desk, here: Blog, before: str, word: Word, after: str) -> None:
    desk.register(CallbackKind.WORDPRESS_AKISMET, here.url + "?rest_route=/akismet/v1/webhook", WP_KEY)
    wordpress = WordPress()
    here.reply = lambda heard: wordpress(heard)
    guid = desk.send(own_id="7").id
    wordpress.comments[guid] = before
    assert desk.say(word, "7").state is Delivery.DELIVERED
    assert wordpress.comments == {guid: after}
    for heard in here.heard:
        assert heard.path == "/moderated?rest_route=/akismet/v1/webhook"
        assert heard.headers["x-akismet-webhook"] == "1"
        assert heard.json["endpoint"] == "comment-check"


@pytest.mark.parametrize(
    ("reply", "note"),
    [
        ((200, {}, b'{"comments":{}}'), "the blog answered 200, but not as Akismet's webhook does"),
        ((200, {}, b"<html>"), "the blog answered 200, but not as Akismet's webhook does"),
        ((200, {}, b"[]"), "the blog answered 200, but not as Akismet's webhook does"),
        ((401, {}, b""), "the blog answered 401"),
    ],
)
def test_an_answer_that_is_not_wordpress_is_no_success(desk: Desk, here: Blog, reply: Reply, note: str) -> None:
    desk.register(CallbackKind.WORDPRESS_AKISMET, here.url, WP_KEY)
    here.reply = lambda heard: reply
    message = desk.say(Word.HAM, "7")
    assert (message.state, message.note) == (Delivery.WAITING, note)


def test_a_comment_that_wordpress_has_not_is_tried_again(desk: Desk, here: Blog) -> None:
    desk.register(CallbackKind.WORDPRESS_AKISMET, here.url, WP_KEY)
    here.reply = WordPress()
    message = desk.say(Word.HAM, "7")
    assert (message.state, message.note) == (Delivery.WAITING, "WordPress does not find the comment")


@pytest.mark.parametrize(
    ("kind", "secret"),
    [(CallbackKind.WORDPRESS_AKISMET, WP_KEY), (CallbackKind.CUSDIS, None), (CallbackKind.ISSO, ISSO_KEY)],
)
def test_what_a_blog_has_no_word_for_is_dropped_and_says_so(
    desk: Desk, here: Blog, kind: CallbackKind, secret: str | None
) -> None:
    desk.register(kind, here.url, secret)
    message = desk.say(Word.OPEN, "7")
    assert message.state is Delivery.DROPPED and message.note and here.heard == []


# cusdis

TOKEN = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJjb21tZW50SWQiOiJhIn0.c2ln-_c2ln"


@pytest.mark.parametrize("own_id", [TOKEN, TOKEN.partition(".")[2]])
def test_cusdis_is_told_by_the_approval_token(desk: Desk, here: Blog, own_id: str) -> None:
    desk.register(CallbackKind.CUSDIS, f"http://127.0.0.1:{here.port}/comments/")
    here.reply = lambda heard: (200, {}, b'{"message":"success"}')
    assert desk.say(Word.HAM, own_id).state is Delivery.DELIVERED
    assert here.heard[0].path == f"/comments/api/open/approve?token={TOKEN}"


def test_cusdis_says_200_to_a_token_that_it_does_not_take(desk: Desk, here: Blog) -> None:
    desk.register(CallbackKind.CUSDIS, here.url)
    here.reply = lambda heard: (200, {}, b"Invalid token")
    message = desk.say(Word.HAM, TOKEN)
    assert message.state is Delivery.WAITING and "does not take the token" in message.note


@pytest.mark.parametrize(
    "own_id", ["7", "a.b.c.d", "a.b/../../x", "a.b?c=d", "https://evil.example/?token=a.b.c", "a.b\n"]
)
def test_an_id_that_is_no_token_never_gets_into_an_address(desk: Desk, here: Blog, own_id: str) -> None:
    desk.register(CallbackKind.CUSDIS, here.url)
    assert desk.say(Word.HAM, own_id).state is Delivery.DROPPED
    assert here.heard == []


# isso


@pytest.mark.parametrize(("word", "action"), [(Word.HAM, "activate"), (Word.SPAM, "delete"), (Word.UNWANTED, "delete")])
def test_isso_is_told_by_the_link_that_it_would_sign_itself(desk: Desk, here: Blog, word: Word, action: str) -> None:
    desk.register(CallbackKind.ISSO, f"http://127.0.0.1:{here.port}/isso", ISSO_KEY)
    assert desk.say(word, "12").state is Delivery.DELIVERED
    before, _, signature = here.heard[0].path.rpartition("/")
    assert before == f"/isso/id/12/{action}"
    # As Isso 0.14 reads it (isso/__init__.py, unsign), also with a clock that is behind ours.
    assert URLSafeTimedSerializer(ISSO_KEY).loads(signature, max_age=2**32) == 12


def test_what_isso_is_to_delete_may_be_gone(desk: Desk, here: Blog) -> None:
    desk.register(CallbackKind.ISSO, here.url, ISSO_KEY)
    here.reply = lambda heard: (404, {}, b"")
    assert desk.say(Word.SPAM, "12").state is Delivery.DELIVERED
    assert desk.say(Word.HAM, "13").note == "the blog answered 404"


@pytest.mark.parametrize("own_id", ["", "0", "-1", "1/../2", "1.5", "٣", "9" * 30, "seven"])
def test_an_id_that_isso_has_not_never_gets_into_an_address(desk: Desk, here: Blog, own_id: str) -> None:
    desk.register(CallbackKind.ISSO, here.url, ISSO_KEY)
    assert desk.say(Word.HAM, own_id).state is Delivery.DROPPED
    assert here.heard == []

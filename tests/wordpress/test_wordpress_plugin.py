"""Our plugin in real WordPresses, asked by real HTTP and looked at in their database."""

import base64
import contextlib
import json
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook
from wordpress_blog import HERE, PASSWORD, Answer, Blog, Browser, Server, free_port, php, until, wordpress

GOOD = "Thank you, this was a good read and I learned a lot."
LINK = "http://journal-neo.org/2016/03/17/russias-mission-accomplished-moment-in-syria/"
SPAM = "Buy viagra cialis online cheap casino bonus http://cheap-pills-24.shop http://casino-bonus.top"
CALLBACK = "/index.php?rest_route=/moderator/v1/callback"
SECRET = "whsec_" + base64.b64encode(b"x" * 32).decode()


@dataclass
class Pair:
    """A blog, the server that it asks, and one who moderates on the blog."""

    blog: Blog
    server: Server
    ann: Browser
    callback_secret: str = SECRET

    def set(self, **changed: str) -> Answer:
        """Save settings by the page."""
        fields = self.ann.get("/wp-admin/options-general.php?page=moderator").form("moderator_url")
        del fields["moderator_settings[publish]"]
        fields |= {f"moderator_settings[{name}]": value for name, value in changed.items()}
        return self.ann.post("/wp-admin/options.php", **fields)

    def ask_at(self, url: str) -> None:
        """Another address of the server, put into the database, which is quicker than the page."""
        fields = {"url": url, "key": self.server.key, "secrets": self.callback_secret}
        texts = "".join(f's:{len(name)}:"{name}";s:{len(value)}:"{value}";' for name, value in fields.items())
        self.blog.sql(
            f"""UPDATE wp_options SET option_value = 'a:4:{{{texts}s:7:"publish";b:0;}}'"""
            " WHERE option_name = 'moderator_settings';"
            " DELETE FROM wp_options WHERE option_name LIKE '%transient%moderator_rests'"
        )

    def known(self, comment_id: int) -> dict[str, Any]:
        """What the server knows of a comment."""
        return self.server.ask(f"/v1/comments/{self.blog.server_id(comment_id)}")

    def ref(self, comment_id: int) -> str:
        """Our own id of a comment."""
        return self.blog.meta(comment_id, "_moderator_ref")

    def waits(self) -> list[list[str]]:
        """What is to be sent to the server."""
        kinds = "'_moderator_waiting', '_moderator_report', '_moderator_gone'"
        return self.blog.sql(f"SELECT comment_id, meta_key FROM wp_commentmeta WHERE meta_key IN ({kinds})")


@pytest.fixture(scope="module", params=["newer", "stable"])
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp(request.param)
    with wordpress(request.param, folder / "blog", "moderator/moderator.php") as blog:
        server = Server(folder / "data")
        server.start()
        pair = Pair(blog, server, blog.person())
        try:
            assert "settings-updated=true" in pair.set(url=server.url, key=server.key, secrets=SECRET).address
            yield pair
        finally:
            server.stop()


# What does not depend on the version of WordPress is tested in one.
in_one = pytest.mark.parametrize("pair", ["newer"], indirect=True)


@contextlib.contextmanager
def stopped(server: Server) -> Iterator[None]:
    server.stop()
    try:
        yield
    finally:
        server.start()


@contextlib.contextmanager
def unreachable(pair: Pair) -> Iterator[None]:
    """The same for the blog, and quicker: its server is where nobody listens."""
    pair.ask_at(f"http://127.0.0.1:{free_port()}")
    try:
        yield
    finally:
        pair.ask_at(pair.server.url)


# New comments


def test_good_is_shown_doubtful_is_held_spam_is_spam(pair: Pair) -> None:
    assert pair.blog.status(pair.blog.comment(GOOD)) == "1"
    assert pair.blog.status(pair.blog.comment(LINK)) == "0"
    assert pair.blog.status(pair.blog.comment(SPAM, author="cheap viagra")) == "spam"


def test_what_comes_by_the_rest_api_is_no_exception(pair: Pair) -> None:
    assert pair.blog.status(pair.blog.comment_by_rest(GOOD + " rest")) == "1"
    assert pair.blog.status(pair.blog.comment_by_rest(LINK + "?rest")) == "0"
    assert pair.blog.status(pair.blog.comment_by_rest(SPAM + " rest", author="cheap viagra")) == "spam"
    assert pair.known(pair.blog.comment_by_rest("0"))["comment"]["body"] == "0"


def test_the_server_gets_all_that_wordpress_knows(pair: Pair) -> None:
    first = pair.blog.comment(r"I say \o/ & “thanks”, <em>really</em>.", author="Tom & Ann", url="http://tom.example")
    second = pair.blog.comment("I agree with you, thank you for writing it down.", comment_parent=str(first))
    sent = pair.known(first)["comment"]
    assert sent["id"] == pair.ref(first)
    assert sent["body"] == r"I say \o/ &amp; “thanks”, <em>really</em>."
    assert sent["author"] == {"name": "Tom & Ann", "email": "carl@example.net", "url": "http://tom.example"}
    assert (sent["kind"], sent["ip"], sent["language"]) == ("comment", "127.0.0.1", "en-US")
    assert sent["post"]["title"] == "Russia’s mission in Syria"
    assert sent["post"]["url"] == f"{pair.blog.url}/?p=1"
    assert sent["user_agent"].startswith("Python-urllib")
    assert datetime.now(UTC) - datetime.fromisoformat(sent["created"]) < timedelta(minutes=1)
    reply = pair.known(second)["comment"]
    assert reply["kind"] == "reply"
    assert reply["parent"] == {"id": pair.ref(first), "text": sent["body"]}


def test_a_trackback_is_asked_about(pair: Pair) -> None:
    sent = {"title": "A post", "excerpt": "I wrote about it.", "url": "http://x.example/1", "blog_name": "X"}
    assert "<error>0</error>" in Browser(pair.blog.url).post("/wp-trackback.php?p=1", **sent).text
    [[comment_id]] = pair.blog.sql("SELECT comment_ID FROM wp_comments WHERE comment_type = 'trackback'")
    assert pair.known(int(comment_id))["comment"]["kind"] == "trackback"


def test_those_who_moderate_here_are_not_asked_about(pair: Pair) -> None:
    hidden = pair.ann.get("/wp-admin/profile.php").text
    assert "ann" in hidden
    pair.ann.post("/wp-comments-post.php", comment_post_ID="1", comment=LINK + "?by=ann")
    [[comment_id, status]] = pair.blog.sql(
        "SELECT comment_ID, comment_approved FROM wp_comments WHERE comment_content LIKE '%by=ann'"
    )
    assert (status, pair.ref(int(comment_id))) == ("1", "")


@in_one
def test_stricter_words_of_the_blog_itself_stand(pair: Pair) -> None:
    pair.blog.sql("UPDATE wp_options SET option_value = '1' WHERE option_name = 'comment_moderation'")
    try:
        held = pair.blog.comment(GOOD + " And more.")
        assert (pair.blog.status(held), pair.known(held)["decision"]) == ("0", "approve")
        pair.set(publish="1")
        assert pair.blog.status(pair.blog.comment(GOOD + " And even more.")) == "1"
    finally:
        pair.set()
        pair.blog.sql("UPDATE wp_options SET option_value = '0' WHERE option_name = 'comment_moderation'")


def test_the_list_shows_the_reasons_escaped(pair: Pair) -> None:
    comment = pair.blog.comment("http://x.example/<b>1</b>")
    pair.blog.sql(
        "UPDATE wp_commentmeta SET meta_value = REPLACE(meta_value, 'nothing but', 'nothing<u> ')"
        f" WHERE comment_id = {comment} AND meta_key = '_moderator_answer'"
    )
    shown = pair.ann.get("/wp-admin/edit-comments.php").text
    assert "<strong>Held</strong>" in shown
    assert "It is nothing&lt;u&gt;  a link." in shown
    assert "% spam" in shown
    assert "nothing&lt;u&gt;" in pair.ann.get(f"/wp-admin/comment.php?action=editcomment&c={comment}").text


# The server is down or late


def test_what_comes_while_the_server_is_stopped_is_held_and_settled_after(pair: Pair) -> None:
    with stopped(pair.server):
        good, link, ours = (pair.blog.comment(text) for text in (GOOD + " 1", LINK + "?1", GOOD + " 2"))
        spam = pair.blog.comment(SPAM + " 1", author="cheap viagra")
        assert {pair.blog.status(one) for one in (good, link, spam, ours)} == {"0"}
        assert "Waits for the server" in pair.ann.get("/wp-admin/edit-comments.php").text
        pair.blog.act(pair.ann, ours, "spam")
        pair.blog.cron("moderator_settle")
        assert "cannot be reached" in pair.ann.get("/wp-admin/edit-comments.php").text
        assert len(pair.waits()) == 5
    pair.blog.cron("moderator_settle")
    assert pair.waits() == []
    assert [pair.blog.status(one) for one in (good, link, spam, ours)] == ["1", "0", "spam", "spam"]
    assert (pair.known(ours)["decision"], pair.known(ours)["verdict"]["verdict"]) == ("approve", "spam")
    assert pair.blog.option("moderator_state") == ""
    assert "cannot be reached" not in pair.ann.get("/wp-admin/edit-comments.php").text


@in_one
def test_a_server_that_hangs_holds_nobody_up(pair: Pair) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        pair.ask_at(f"http://127.0.0.1:{silent.getsockname()[1]}")
        try:
            began = time.monotonic()
            first, second = pair.blog.comment(GOOD + " 3"), pair.blog.comment(GOOD + " 4")
            assert time.monotonic() - began < 4  # one time-out of two seconds; the second one is not even asked about
            assert pair.blog.status(first) == pair.blog.status(second) == "0"
        finally:
            pair.ask_at(pair.server.url)
    pair.blog.cron("moderator_settle")
    assert pair.blog.status(first) == pair.blog.status(second) == "1"


@in_one
@pytest.mark.parametrize(
    "answer",
    [b"HTTP/1.1 200 OK\r\n\r\n<html>", b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", b"HTTP/1.1 503 x\r\n\r\n", b"?"],
    ids=["another program", "a redirect", "503", "no HTTP"],
)
def test_nonsense_for_an_answer_is_a_hold(pair: Pair, answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def talk() -> None:
            client, _ = listening.accept()
            with client:
                client.recv(65536)
                client.sendall(answer)

        talking = threading.Thread(target=talk)
        talking.start()
        pair.ask_at(f"http://127.0.0.1:{listening.getsockname()[1]}")
        try:
            comment = pair.blog.comment(f"{GOOD} {answer[9:12]!r}")
            assert pair.blog.status(comment) == "0"
        finally:
            pair.ask_at(pair.server.url)
            talking.join(5)
    pair.blog.cron("moderator_settle")
    assert pair.blog.status(comment) == "1"


@in_one
def test_a_comment_that_the_server_never_takes_is_held_and_holds_nothing_up(pair: Pair) -> None:
    with unreachable(pair):
        comment, other = pair.blog.comment(GOOD + " 5"), pair.blog.comment(GOOD + " 6")
        pair.blog.sql(f"UPDATE wp_comments SET comment_content = ' ' WHERE comment_ID = {comment}")
    pair.blog.cron("moderator_settle")
    assert (pair.blog.status(comment), pair.blog.status(other), pair.waits()) == ("0", "1", [])
    assert "answered 422: body is missing or empty" in pair.ann.get("/wp-admin/edit-comments.php").text


# What people do here is told


def test_moves_are_told_as_verdicts(pair: Pair) -> None:
    comment = pair.blog.comment(GOOD + " 7")
    for action, view, status, word in (
        ("spam", "all", "spam", "spam"),
        ("unspam", "spam", "1", "ham"),
        ("trash", "all", "trash", "unwanted"),
        ("untrash", "trash", "1", "ham"),
    ):
        pair.blog.act(pair.ann, comment, action, view)
        assert pair.blog.status(comment) == status
        verdict = until(lambda word=word: (v := pair.known(comment)["verdict"]) and v["verdict"] == word and v)
        assert (verdict["by"], verdict["door"]) == ("ann", "webhook")
    assert until(lambda: pair.waits() == [])


def test_what_people_do_while_the_server_is_away_is_told_after(pair: Pair) -> None:
    comment, gone = pair.blog.comment(GOOD + " 8"), pair.blog.comment(GOOD + " 9")
    known = pair.blog.server_id(gone)
    with unreachable(pair):
        pair.blog.act(pair.ann, comment, "trash")
        pair.blog.act(pair.ann, gone, "spam")
        pair.blog.act(pair.ann, gone, "delete", "spam")
        assert pair.blog.sql(f"SELECT 1 FROM wp_comments WHERE comment_ID = {gone}") == []
        assert until(lambda: pair.blog.option("moderator_state") != "")
    pair.blog.cron("moderator_settle")
    assert pair.known(comment)["verdict"]["verdict"] == "unwanted"
    assert pair.server.ask(f"/v1/comments/{known}")["status"] == "deleted"
    assert pair.waits() == []


def test_a_moderators_edit_is_told_and_stays_as_they_left_it(pair: Pair) -> None:
    comment = pair.blog.comment(GOOD + " 10")
    fields = pair.ann.get(f"/wp-admin/comment.php?action=editcomment&c={comment}").form("newcomment_author")
    fields = {name: value for name, value in fields.items() if name not in ("save", "deletecomment", "comment_status")}
    answered = pair.ann.post("/wp-admin/comment.php", **(fields | {"content": LINK + "?x", "comment_status": "1"}))
    assert answered.status == 200
    assert until(lambda: pair.known(comment)["comment"]["body"] == LINK + "?x")
    assert until(lambda: (pair.known(comment)["verdict"] or {}).get("verdict") == "ham")
    assert (pair.known(comment)["decision"], pair.blog.status(comment)) == ("hold", "1")


@in_one
def test_the_server_may_lose_its_data(pair: Pair) -> None:
    comment = pair.blog.comment(GOOD + " 11")
    pair.blog.sql(
        "UPDATE wp_commentmeta SET meta_value = "
        f"REPLACE(meta_value, '{pair.blog.server_id(comment)}', '00000000000000000000000000')"
        f" WHERE comment_id = {comment}"
    )
    pair.blog.act(pair.ann, comment, "spam")
    assert until(lambda: pair.waits() == [])
    assert (pair.known(comment)["comment"]["id"], pair.known(comment)["verdict"]["verdict"]) == (
        pair.ref(comment),
        "spam",
    )


# What moderators decide on the server


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
    pytest.importorskip("moderator.callbacks")
    address = pair.blog.url + CALLBACK
    made = pair.server.told("sites", "callback", "set", "blog", address, "--allow-private", "--json")
    pair.callback_secret = made["secret"]
    pair.set(secrets=made["secret"])
    bob = pair.server.moderator()
    comment = pair.blog.comment(LINK + "?clicked")
    for word, status in (("ham", "1"), ("spam", "spam"), ("unwanted", "trash")):
        pair.server.give(bob, pair.blog.server_id(comment), word)
        assert until(lambda status=status: pair.blog.status(comment) == status)
    assert pair.waits() == []
    assert {past["door"] for past in pair.known(comment)["verdicts"]} == {"page"}
    assert "Last callback" in pair.ann.get("/wp-admin/options-general.php?page=moderator").text


# Settings


@in_one
def test_the_page_saves_what_is_good_and_never_shows_a_secret(pair: Pair) -> None:
    shown = pair.ann.get("/wp-admin/options-general.php?page=moderator").text
    assert pair.server.key not in shown
    assert f"mk_…{pair.server.key[-4:]}" in shown
    assert "whsec_…" in shown
    refused = pair.set(url="ftp://x").text + pair.set(key="with a space").text + pair.set(secrets="whsec_short").text
    for sentence in ("an address such as", "one word that begins with mk_", "whsec_ and the base64 text"):
        assert sentence in refused
    assert pair.server.key in pair.blog.option("moderator_settings")
    assert pair.server.url in pair.blog.option("moderator_settings")


@in_one
def test_the_connection_test_tells_what_is_wrong(pair: Pair) -> None:
    def tested() -> str:
        form = pair.ann.get("/wp-admin/options-general.php?page=moderator").form("moderator_test")
        return pair.ann.post("/wp-admin/admin-post.php", **form).text

    assert "The server answers, and knows this blog’s key." in tested()
    pair.set(key="mk_wrong")
    assert "answered 401: no site has this key" in tested()
    pair.set(url=f"http://127.0.0.1:{free_port()}", key=pair.server.key)
    assert "cannot be reached" in tested()
    pair.set(url=pair.blog.url)
    assert "answered 301: Moved Permanently" in tested()  # a WordPress without a page of this address
    pair.set(url=pair.server.url)
    assert "knows this blog’s key" in tested()


@in_one
def test_nobody_else_changes_or_tests_anything(pair: Pair) -> None:
    form = pair.ann.get("/wp-admin/options-general.php?page=moderator").form("moderator_test")
    assert pair.ann.post("/wp-admin/admin-post.php", **(form | {"_wpnonce": "x"})).status == 403
    pair.blog.sql("UPDATE wp_options SET option_value = '1' WHERE option_name = 'users_can_register'")
    php(HERE / "site" / "reader.php", pair.blog.folder, "eve", PASSWORD)
    eve = Browser(pair.blog.url)
    eve.post("/wp-login.php", log="eve", pwd=PASSWORD)
    assert "eve" in eve.get("/wp-admin/profile.php").text
    assert eve.get("/wp-admin/options-general.php?page=moderator").status == 403
    assert eve.post("/wp-admin/admin-post.php", **form).status == 403
    saved = {"option_page": "moderator", "action": "update", "moderator_settings[url]": "http://evil.example"}
    assert eve.post("/wp-admin/options.php", **saved).status == 403
    assert "evil" not in pair.blog.option("moderator_settings")


def test_nothing_stays_when_it_is_deleted(pair: Pair) -> None:
    php(HERE / "site" / "uninstall.php", pair.blog.folder, "moderator/moderator.php")
    left = "SELECT {0} FROM {1} WHERE {0} LIKE '%moderator\\_%'"
    assert pair.blog.sql(left.format("meta_key", "wp_commentmeta")) == []
    assert pair.blog.sql(left.format("option_name", "wp_options")) == []
    assert "moderator" not in pair.blog.option("cron")
    assert pair.blog.status(pair.blog.comment(LINK + "?after")) == "1"  # as without it

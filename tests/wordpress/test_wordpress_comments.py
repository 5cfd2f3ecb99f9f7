"""New comments in real WordPresses with our plugin: asked about, held, settled, shown."""

import socket
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from wordpress_browser import Browser
from wordpress_pair import GOOD, LINK, SPAM, Pair, in_one, stopped, unreachable

pytest_plugins = ["wordpress_fixture"]


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
    told = {"name": "Tom & Ann", "email": sent["author"]["email"], "url": "http://tom.example"}
    assert sent["author"] == told
    assert told["email"].endswith("@example.net")
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

"""What people do in WordPress is told to the server."""

from wordpress_blog import HERE, php
from wordpress_pair import GOOD, LINK, Pair, in_one, unreachable
from wordpress_server import until

pytest_plugins = ["wordpress_fixture"]


def test_moves_are_told_as_verdicts(pair: Pair) -> None:
    comment = pair.blog.comment(GOOD + " 7")
    for action, view, status, word in (
        ("spam", "all", "spam", "spam"),
        ("unspam", "spam", "1", "ham"),
        ("trash", "all", "trash", "unwanted"),
        ("untrash", "trash", "1", "ham"),
        ("unapprove", "all", "0", "open"),
        ("approve", "all", "1", "ham"),
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


def test_what_a_visitor_edits_can_be_held_again(pair: Pair) -> None:
    comment = pair.blog.comment(GOOD + " 12")
    pair.blog.act(pair.ann, comment, "spam")
    pair.blog.act(pair.ann, comment, "unspam", "spam")
    assert until(lambda: pair.waits() == [] and pair.known(comment)["verdict"]["verdict"] == "ham")
    php(HERE / "site" / "edit.php", pair.blog.folder, comment, GOOD + " 12!")
    assert (pair.blog.status(comment), pair.waits()) == ("1", [])
    php(HERE / "site" / "edit.php", pair.blog.folder, comment, LINK + "?edited")
    assert (pair.blog.status(comment), pair.waits()) == ("0", [])
    assert pair.known(comment)["verdict"] is None  # the old word was on the old text


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

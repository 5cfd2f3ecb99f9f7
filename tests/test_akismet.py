"""Akismet's door: transcripts, what is kept and what never is, feedback, and what is said when something fails."""

import io
import re
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import pytest
from akismet_blog import THANKS, Blog, set_up
from test_native import within

from moderator.comment import Status, Word
from moderator.store import Doors, StoreBusy, StoreError
from moderator.wire.akismet.asked import comment_of
from moderator.wire.akismet.form import Form

TRANSCRIPTS = sorted((Path(__file__).parent / "transcripts" / "akismet").glob("*.toml"))


@pytest.fixture
def blog(tmp_path: Path) -> Iterator[Blog]:
    made = set_up(tmp_path)
    yield made
    made.here.store.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Blog]:
    """A blog for tests that look at nothing but the comment that they sent."""
    made = set_up(tmp_path_factory.mktemp("shared"))
    yield made
    made.here.store.close()


def filled(told: Any, key: str) -> Any:
    """With the key and the month in their places."""
    if isinstance(told, dict):
        return {filled(name, key): filled(value, key) for name, value in told.items()}
    if isinstance(told, list):
        return [filled(value, key) for value in told]
    if not isinstance(told, str):
        return told
    return told.replace("{key}", key).replace("{KEY}", key.upper()).replace("{month}", f"{datetime.now(UTC):%Y-%m}")


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_transcript(path: Path, blog: Blog) -> None:
    for exchange in filled(tomllib.loads(path.read_text("utf-8"))["exchange"], blog.key):
        asked, told = exchange["request"], exchange["response"]
        form = asked["text"].encode() * asked.get("times", 1) if "text" in asked else asked.get("form")
        headers = asked.get("headers", {}) | ({"Host": asked["host"]} if "host" in asked else {})
        answer = blog.ask(asked["path"], form, method=asked.get("method", "POST"), **headers)
        assert answer.status_code == told.get("status", 200), answer.text
        if "body" in told:
            assert answer.get_data() == told["body"].lstrip("\n").encode()
        if "matches" in told:
            assert re.fullmatch(told["matches"], answer.text)
        assert within(told.get("json", {}), answer.get_json(silent=True) or {}), answer.text
        for name, value in told.get("headers", {}).items():
            assert name in answer.headers and value in answer.headers[name], answer.headers
        for name in told.get("without", []):
            assert name not in answer.headers
        assert answer.headers["Cache-Control"] == "no-store"


def test_there_are_transcripts() -> None:
    assert len(TRANSCRIPTS) >= 15


# A whole request of WordPress's: what it says of the comment, the form, and all headers that the visitor sent.
WORDPRESS = {
    "blog": "https://blog.example",
    "blog_lang": "en_US",
    "blog_charset": "UTF-8",
    "permalink": "https://blog.example/?p=7",
    "user_ip": "::ffff:192.0.2.7",
    "user_agent": "Mozilla/5.0 Firefox/128.0",
    "referrer": "https://blog.example/?p=7",
    "comment_type": "comment",
    "comment_author": "Ann",
    "comment_author_email": "ann@example.org",
    "comment_author_url": "https://ann.example.org",
    "comment_content": "Thank you, that helped.",
    "comment_date_gmt": "2026-11-22 19:00:00",
    "comment_parent": "12",
    "comment_post_ID": "7",
    "comment_context[0]": "gardening",
    "comment_context[1]": "spring",
    "callback": "https://blog.example/?rest_route=/akismet/v1/webhook",
    "akismet_comment_nonce": "passed",
    "user_role": "subscriber",
    "POST_comment": "Thank you, that helped.",
    "POST_ak_js": "1795000000000",
    "POST_ak_bib": "1795000000000",
    "POST_ak_bfs": "1795000042000",
    "POST_ak_hp_textarea": "",
    "POST_pwd": "hunter2-password",
    "POST__wpnonce": "nonce-81f2",
    "HTTP_COOKIE": "session=cookie-value",
    "HTTP_AUTHORIZATION": "Basic credentials-value",
    "HTTP_X_WP_NONCE": "rest-nonce-value",
    "REMOTE_ADDR": "192.0.2.7",
    "REQUEST_URI": "/wp-comments-post.php?token=token-value",
}
SECRETS = ("hunter2", "nonce-81f2", "cookie-value", "credentials-value", "rest-nonce", "token-value")


def test_a_wordpress_comment_is_kept_in_our_words_and_its_secrets_are_not(blog: Blog, tmp_path: Path) -> None:
    answer = blog.ask("/1.1/comment-check", WORDPRESS | {"api_key": blog.key})
    assert answer.text == "false"
    (stored,) = blog.kept()
    assert stored.id == answer.headers["X-akismet-guid"]
    comment = stored.comment
    assert (comment.body, comment.author.name, comment.author.url) == (
        "Thank you, that helped.",
        "Ann",
        "https://ann.example.org",
    )
    assert (comment.ip, comment.kind, comment.post.url, comment.parent.id) == (
        "192.0.2.7",
        "comment",
        "https://blog.example/?p=7",
        "12",
    )
    assert comment.created == datetime(2026, 11, 22, 19, tzinfo=UTC)
    assert (comment.language, comment.role) == ("en_US", "subscriber")
    assert (comment.behaviour.seconds, comment.behaviour.script) == (42.0, True)
    blog.here.store.close()
    on_disk = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert b"Thank you, that helped." in on_disk
    for secret in (*SECRETS, blog.key):
        assert secret.encode() not in on_disk


def test_a_key_and_what_was_forwarded_are_in_no_log(blog: Blog, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    blog.ask("/1.1/comment-check", WORDPRESS | {"api_key": blog.key})
    blog.ask("/1.1/comment-check", WORDPRESS | {"api_key": "123456789abc"})
    assert not any(secret in caplog.text for secret in (*SECRETS, blog.key, "123456789abc"))


@pytest.mark.parametrize(
    ("declared", "in_field", "codec"),
    [("", "", "utf-8"), ("iso-8859-1", "", "latin-1"), ("", "windows-1251", "cp1251"), ("", "", "latin-1"),
     ("utf-8", "", "latin-1"), ("iso-8859-1", "iso-8859-1", "utf-8"), ("Shift_JIS", "", "shift_jis"),
     ("rot13", "unicode_escape", "utf-8"), ("no-such", "\x00", "utf-8")],
)  # fmt: skip
def test_a_comment_is_read_in_the_charset_in_which_it_came(
    declared: str, in_field: str, codec: str, shared: Blog
) -> None:
    text = {"cp1251": "Спасибо за статью", "shift_jis": "とても参考になりました"}.get(codec, "Voilà, très bien, Zoë")
    body = b"api_key=" + shared.key.encode() + b"&blog_charset=" + in_field.encode() + b"&comment_content="
    body += text.encode(codec).replace(b"&", b"%26").replace(b"+", b"%2B").replace(b"%", b"%25")
    kind = "application/x-www-form-urlencoded" + (f"; charset={declared}" if declared else "")
    assert shared.answered(shared.ask("/1.1/comment-check", body, Content_Type=kind)).comment.body == text


def test_fields_that_come_twice_or_as_arrays_are_read_as_php_reads_them(blog: Blog) -> None:
    key = blog.key.encode()
    blog.ask("/1.1/comment-check", b"api_key=" + key + b"&comment_content=one&comment_content=two&comment_author[]=Joe")
    (stored,) = blog.kept()
    assert (stored.comment.body, stored.comment.author.name) == ("two", "Joe")


def test_a_multipart_form_is_read_and_its_files_are_not(blog: Blog) -> None:
    form = {**blog.comment("Voilà, it helped"), "upload": (io.BytesIO(b"x" * 5000), "a.bin")}
    assert blog.here.client.post("/1.1/comment-check", data=form).text == "false"
    assert blog.kept()[0].comment.body == "Voilà, it helped"


DIRTY: tuple[dict[str, str], ...] = (
    {"blog": "", "user_ip": ""},
    {"blog": "blog.example", "user_ip": "not an address"},
    {"comment_content": "a\x00b\ufffd", "comment_author": "\x00"},
    {"comment_content": ""},
    {"comment_content": "", "comment_author": "", "comment_date_gmt": "0000-00-00 00:00:00"},
    {"comment_date_gmt": "0001-01-01T00:00:00+23:59"},
    {"comment_author": "a" * 100_000, "permalink": "/" * 50_000, "comment_parent": "9" * 1000},
    {"comment_content": "<" * 200_000},
    {"comment_content": "&" * 100_000, "comment_author": "&#x110000;"},
    {"honeypot_field_name": "honeypot_field_name"},
    {"honeypot_field_name": "x" * 50_000, "user_role": "," * 1000, "blog_lang": "en, fr_ca"},
    {"POST_ak_js": "٣٤", "POST_ak_bib": "9" * 400, "POST_ak_bfs": "1e9"},
    {"comment_type": "ПОДПИСКА", "reporter": "\r\nX: y", "guid": "' OR 1=1 --"},
)


@pytest.mark.parametrize("more", DIRTY, ids=range(len(DIRTY)))
def test_dirty_input_is_decided_all_the_same(more: dict[str, str], shared: Blog) -> None:
    answer = shared.check(**{"content": more.pop("comment_content", "Thank you.")}, **more)
    assert answer.status_code == 200 and answer.text in ("true", "false")
    assert answer.headers["X-akismet-guid"]
    assert shared.answered(answer).status in (Status.APPROVED, Status.HELD)  # and it can be shown
    assert shared.ask("/1.1/submit-ham", shared.comment(**more)).text in (THANKS, "invalid")


def test_a_librarys_own_name_is_not_taken_for_the_commenters_program(blog: Blog) -> None:
    for sent, kept in (
        ("Generic Node.js/1.0.0 | Akismet/3.1.7", ""),  # npm's akismet, where the application gave none
        ("Mozilla/5.0 (Akismet/5; rv:128.0)", "Mozilla/5.0 (Akismet/5; rv:128.0)"),
    ):
        answer = blog.check(f"Thank you, {len(sent)}.", user_agent=sent)
        assert blog.answered(answer).comment.user_agent == kept


def test_what_we_explain_cannot_add_a_header(blog: Blog) -> None:
    answer = blog.check("http://e\u0301xample.org/\r\nX-Evil:1 ", comment_author="\r\nSet-Cookie: a=b")
    assert answer.headers["X-Moderator-Decision"] == "hold"
    assert "X-Evil" not in answer.headers and "Set-Cookie" not in answer.headers
    assert all(value.isascii() and value.isprintable() for value in answer.headers.values())


def test_each_answer_to_a_check_has_a_guid(blog: Blog) -> None:
    forms: list[dict[str, str]] = [{}, {"content": "surely spam"}, {"content": "spam"}, {"is_test": "1"}]
    forms += [{"api_key": "x"}, {"api_key": ""}, {"akismet_pre_check": "1"}]
    asked = [*(blog.check(**form) for form in forms), blog.ask("/1.1/comment-check", method="GET")]
    guids = [answer.headers["X-akismet-guid"] for answer in asked]
    assert len(set(guids)) == len(guids)


def test_the_operator_chooses_what_held_is_and_whether_blogs_may_discard(blog: Blog) -> None:
    store, site = blog.here.store, blog.here.site
    store.set_doors(site.id, Doors(akismet_hold_is_spam=False, akismet_discard=True))
    other = store.akismet_keys.add(site.id, pepper=blog.pepper)  # a key whose site is read anew
    held = blog.check("some spam", api_key=other)
    assert held.text == "false" and held.headers["X-akismet-error"] and "X-akismet-pro-tip" not in held.headers
    assert blog.check("surely spam", api_key=other).headers["X-akismet-pro-tip"] == "discard"
    assert "X-akismet-pro-tip" not in blog.check("Thank you", api_key=other).headers


def test_feedback_finds_the_comment_by_the_guid_or_by_what_it_is(blog: Blog) -> None:
    guid = blog.check("this is spam, or is it").headers["X-akismet-guid"]
    assert blog.ask("/1.1/submit-ham", {"api_key": blog.key, "guid": guid}).text == THANKS
    assert blog.ask("/1.1/submit-ham", blog.comment("This is  SPAM; or is it?", reporter="ben")).text == THANKS
    (stored,) = blog.kept()
    assert (stored.status, stored.id) == (Status.APPROVED, guid)
    history = blog.here.store.history(guid)
    assert history is not None
    assert [(past.verdict.by, past.verdict.door) for past in history.verdicts] == [
        ("the blog", "akismet"),
        ("ben", "akismet"),
    ]


@pytest.mark.parametrize(
    "other",
    [{"user_ip": "192.0.2.8"}, {"comment_author": "Joe"}, {"permalink": "https://blog.example/other"},
     {"content": "Thank you, http://b.example"}, {"comment_author_email": "a@b.example"}],
)  # fmt: skip
def test_feedback_on_another_comment_is_kept_as_one_and_teaches(other: dict[str, str], blog: Blog) -> None:
    blog.check("Thank you, http://a.example")
    sent = {"content": "Thank you, http://a.example"} | other
    assert blog.ask("/1.1/submit-spam", blog.comment(**sent)).text == THANKS
    assert blog.ask("/1.1/submit-spam", blog.comment(**sent)).text == THANKS  # said twice, kept once
    reported, checked = blog.kept()
    assert checked.verdict is None
    assert reported.verdict is not None and (reported.verdict.word, reported.verdict.door) == (Word.SPAM, "akismet")
    assert [found.label for found in blog.here.store.labelled()] == [Word.SPAM]


@pytest.mark.parametrize(
    ("checked", "reported", "is_the_same"),
    [("See <a href='http://a.example/x'>it</a>", 'See <a href="http://a.example/x" rel="nofollow ugc">it</a>', True),
     ("Tom & Jerry's \"best\"", "Tom &amp; Jerry\\'s &#8220;best&#8221;", True),
     ("Two\r\n\r\nlines", "<p>Two</p> lines", True),
     ("See <a href='//a.example'>it</a>", "See <a href='//b.example'>it</a>", False),
     ("See <a href='mailto:a@a.example'>it</a>", "See <a href='mailto:b@b.example'>it</a>", False),
     ("See https://a.example/x", "See https://a.example/y", False),
     ("\U0001f44d", "\U0001f44e", False), ("Yes", "No", False)],
)  # fmt: skip
def test_a_comment_is_recognised_by_its_words_and_where_its_links_lead(
    checked: str, reported: str, is_the_same: bool
) -> None:
    def own_id(content: str) -> str:
        return comment_of(Form({"comment_content": content.encode(), "user_ip": b"192.0.2.7"}), b"key").id

    assert (own_id(checked) == own_id(reported)) is is_the_same


def test_feedback_with_another_sites_guid_moves_nothing_there(blog: Blog) -> None:
    guid = blog.check("some spam").headers["X-akismet-guid"]
    site, _ = blog.here.store.add_site("another")
    theirs = blog.here.store.akismet_keys.add(site.id, pepper=blog.pepper)
    assert blog.ask("/1.1/submit-ham", blog.comment("some spam", api_key=theirs, guid=guid)).text == THANKS
    (stored,) = blog.kept()
    assert (stored.id, stored.status) == (guid, Status.HELD)


def test_the_same_comment_sent_again_is_kept_once_and_has_the_same_guid(blog: Blog) -> None:
    first, again = blog.check(), blog.check()
    assert first.headers["X-akismet-guid"] == again.headers["X-akismet-guid"]
    assert len(blog.kept()) == 1


def test_a_moderators_verdict_is_the_answer_from_then_on(blog: Blog) -> None:
    guid = blog.check("some spam").headers["X-akismet-guid"]
    blog.here.store.give_verdict(guid, Word.HAM, by="ann", door="page")
    assert blog.check("some spam").text == "false"
    blog.here.store.give_verdict(guid, Word.SPAM, by="ann", door="page")
    assert blog.check("some spam", recheck_reason="recheck_queue").text == "true"


# When something fails


def busy(*args: object, **named: object) -> NoReturn:
    raise StoreBusy("the file /secret/place is busy")


def broken(*args: object, **named: object) -> NoReturn:
    raise RuntimeError("inside")


@pytest.mark.parametrize("fault", [busy, broken])
def test_when_nothing_can_be_stored_everyone_is_told_to_hold(
    fault: Any, blog: Blog, monkeypatch: pytest.MonkeyPatch
) -> None:
    blog.check()  # the key is known by now
    monkeypatch.setattr(blog.here.store, "remember", fault)
    two_valued = blog.check("Another one")
    assert (two_valued.status_code, two_valued.text) == (200, "true")
    wordpress = blog.ask("/1.1/comment-check", blog.comment("x"), User_Agent="WordPress/7.1.4 | Akismet/5.7.2")
    assert (wordpress.status_code, wordpress.text) == (503, "unavailable")  # neither: it asks again
    for answer in (two_valued, wordpress):
        assert answer.headers["X-akismet-guid"] and answer.headers["X-akismet-error"]
        assert "secret" not in str(answer.headers)
    assert blog.ask("/1.1/submit-spam", blog.comment("new")).status_code == 503


def test_when_the_store_is_down_it_is_never_not_spam(blog: Blog, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(*args: object) -> NoReturn:
        raise StoreError("gone")

    blog.check()
    access = blog.here.store.akismet_keys._access
    monkeypatch.setattr(blog.here.store, "remember", busy)
    monkeypatch.setattr(access, "read", down)
    monkeypatch.setattr(access, "write", down)
    known, unknown = blog.check("x"), blog.check("x", api_key="123456789abc")
    assert (known.status_code, known.text) == (200, "true")
    assert (unknown.status_code, unknown.text) == (503, "unavailable")
    assert unknown.headers["Retry-After"] and unknown.headers["X-akismet-error"]
    assert blog.ask("/1.1/verify-key", {"key": "123456789abc"}).status_code == 503
    assert blog.ask("/1.1/get-stats", {"key": blog.key}).status_code == 503


def test_without_a_model_all_is_held(blog: Blog) -> None:
    blog.here.shelf.model = None
    answer = blog.check()
    assert answer.text == "true" and answer.headers["X-akismet-error"]
    assert answer.headers["X-Moderator-Rule"] == "no_score"


def test_a_sites_name_is_no_formula_in_a_spreadsheet(blog: Blog) -> None:
    site, _ = blog.here.store.add_site('=1+1, "x"')
    key = blog.here.store.akismet_keys.add(site.id, pepper=blog.pepper)
    lines = blog.ask("/1.2/key-sites", {"api_key": key, "format": "csv"}).text.splitlines()
    assert lines[2] == '"\'=1+1, ""x""",0,0,0,0,0,false'


def test_options_of_a_site_survive_others(blog: Blog) -> None:
    found = blog.here.store.set_doors(blog.here.site.id, replace(blog.here.site.doors, akismet_discard=True))
    assert found.doors == Doors(akismet_discard=True) and found.doors.akismet_hold_is_spam

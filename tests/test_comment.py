"""Comments and labelled rows at the door: what is taken, what is cleaned, and errors that name the field."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moderator.comment import Author, Behaviour, Comment, CommentError, Parent, Post, Reason, Word
from moderator.labelled import comment_of, example_of, label_of

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=30)
COMMENTS = st.builds(
    Comment,
    body=TEXT.filter(str.strip),
    id=TEXT,
    author=st.builds(Author, TEXT, TEXT, TEXT),
    ip=TEXT,
    user_agent=TEXT,
    kind=st.sampled_from(["comment", "reply", "pingback", "own kind"]),
    post=st.builds(Post, TEXT, TEXT, TEXT),
    parent=st.builds(Parent, TEXT, TEXT),
    created=st.none() | st.datetimes(timezones=st.just(UTC)),
    language=TEXT,
    honeypot=TEXT,
    role=st.sampled_from(["", "administrator", "subscriber"]),
    behaviour=st.builds(Behaviour, st.none() | st.floats(0, 1000), st.none() | st.booleans()),
)


@given(COMMENTS)
@settings(max_examples=200, deadline=None)
def test_a_comment_comes_back_from_its_json(comment: Comment) -> None:
    back = Comment.from_json(comment.to_json(), needs_id=False)
    assert back == comment and back.fingerprint() == comment.fingerprint()


@pytest.mark.parametrize(
    "reason", [Reason("words", "Said."), Reason("words", "Said.", (0, 4)), Reason("words", "Said.", (0, 0))]
)
def test_a_reason_comes_back_from_its_json(reason: Reason) -> None:
    assert Reason.from_json(reason.to_json()) == reason


CREATED: tuple[Any, ...] = (7, "yesterday", "2026-13-01", "0001-01-01T00:00:00+23:59", [])
WRONG: dict[str, Any] = {
    "(the whole)": [None, [], "x", 7, True],
    "body": [{}, {"body": None}, {"body": ""}, {"body": " \n"}, {"body": 7}, {"body": ["x"]}, {"body": "a" * 1_048_577}],  # noqa: E501
    "id": [{"body": "x"}, {"body": "x", "id": ""}, {"body": "x", "id": True}, {"body": "x", "id": 1.5}, {"body": "x", "id": {}},  # noqa: E501
           {"body": "x", "id": "a" * 256}, {"body": "x", "id": 1 << 63}],
    "author": [{"body": "x", "id": "1", "author": "Jane"}, {"body": "x", "id": "1", "author": []}],
    "author.name": [{"body": "x", "id": "1", "author": {"name": 7}}, {"body": "x", "id": "1", "author": {"name": "a" * 16_385}}],  # noqa: E501
    "author.email": [{"body": "x", "id": "1", "author": {"email": {}}}],
    "author.url": [{"body": "x", "id": "1", "author": {"url": False}}],
    "post": [{"body": "x", "id": "1", "post": 1}],
    "post.title": [{"body": "x", "id": "1", "post": {"title": []}}],
    "post.text": [{"body": "x", "id": "1", "post": {"text": 1}}],
    "parent": [{"body": "x", "id": "1", "parent": "2"}],
    "parent.id": [{"body": "x", "id": "1", "parent": {"id": []}}],
    "kind": [{"body": "x", "id": "1", "kind": 1}],
    "behaviour": [{"body": "x", "id": "1", "behaviour": "fast"}],
    "behaviour.seconds": [{"body": "x", "id": "1", "behaviour": {"seconds": told}} for told in ("1", True, -1, 1e9, float("nan"))],  # noqa: E501
    "behaviour.script": [{"body": "x", "id": "1", "behaviour": {"script": 1}}],
    "ip": [{"body": "x", "id": "1", "ip": 127}],
    "user_agent": [{"body": "x", "id": "1", "user_agent": []}],
    "language": [{"body": "x", "id": "1", "language": 1}],
    "honeypot": [{"body": "x", "id": "1", "honeypot": True}],
    "created": [{"body": "x", "id": "1", "created": at} for at in CREATED],
}  # fmt: skip


@pytest.mark.parametrize(("field", "sent"), [(field, sent) for field, many in WRONG.items() for sent in many],
                         ids=lambda value: value if isinstance(value, str) else "")  # fmt: skip
def test_an_error_names_the_field_and_the_cure(field: str, sent: Any) -> None:
    with pytest.raises(CommentError) as raised:
        Comment.from_json(sent)
    assert raised.value.field == field and raised.value.detail and len(str(raised.value)) < 300


def test_other_fields_are_passed_over_and_blank_ones_are_empty() -> None:
    comment = Comment.from_json({"id": 7, "body": "x", "author": None, "kind": " Reply ", "colour": "red"})
    assert (comment.id, comment.kind, comment.author) == ("7", "reply", Author())
    assert Comment.from_json({"id": 7.0, "body": "x"}).id == "7"


def test_nuls_and_lone_surrogates_are_replaced() -> None:
    assert Comment.from_json({"id": "1", "body": "a\x00b\ud800c"}).body == "a\ufffdb\ufffdc"


def test_times_are_kept_in_utc() -> None:
    comment = Comment.from_json({"id": "1", "body": "x", "created": "2026-11-22T21:00:00+02:00"})
    assert comment.created == datetime(2026, 11, 22, 19, tzinfo=UTC)


def test_the_fingerprint_is_of_what_readers_see() -> None:
    one = Comment("x", author=Author("Jane"))
    assert (
        one.fingerprint()
        == Comment("x", author=Author("Jane"), ip="::1", user_agent="y", honeypot="z", id="9").fingerprint()
    )
    others = [Comment("y", author=Author("Jane")), Comment("x", author=Author("", "Jane")), Comment("x", author=Author("Jane"), kind="reply"),  # noqa: E501
              Comment("x", author=Author("Jane"), post=Post(title="t")), Comment("x", author=Author("Jane"), language="de")]  # fmt: skip  # noqa: E501
    assert len({comment.fingerprint() for comment in [one, *others]}) == 6


# Labelled rows


def test_a_row_says_all_that_its_fields_say() -> None:
    row = {"text": "Hi", "author": "Jane", "author_email": "j@example.org", "author_url": "http://x.org", "comment_type": "Reply",  # noqa: E501
           "post_title": "T", "post_url": "u", "post_text": "p", "parent_text": "q", "date": "2026-01-02", "lang": "en", "id": 9,  # noqa: E501
           "ip": "::1", "user_agent": "b", "label": "Spam ", "source": "mine", "topic": "seo", "more": {}}  # fmt: skip
    example = example_of(row, source="file")
    assert (example.label, example.source, example.topic) == (Word.SPAM, "mine", "seo")
    assert example.comment == Comment(
        "Hi", "9", Author("Jane", "j@example.org", "http://x.org"), "::1", "b", "reply", Post("u", "T", "p"), Parent("", "q"),  # noqa: E501
        datetime(2026, 1, 2, tzinfo=UTC), "en",
    )  # fmt: skip


def test_a_mail_domain_alone_is_kept_as_one() -> None:
    assert comment_of({"text": "x", "email_domain": "example.org"}).author.email == "@example.org"
    assert example_of({"text": "x", "label": "ham"}, source="file").source == "file"


@pytest.mark.parametrize("date", ["yesterday", "12/31/2020", "2020-99-99", "2020-01-01 nonsense", 7, None, ""])
def test_a_date_that_cannot_be_read_is_no_reason_to_lose_a_row(date: Any) -> None:
    assert comment_of({"text": "x", "date": date}).created is None


@pytest.mark.parametrize(
    ("said", "label"),
    [("spam", Word.SPAM), ("HAM", Word.HAM), (" ham ", Word.HAM), (1, Word.SPAM), (0, Word.HAM), ("1", Word.SPAM)],
)
def test_labels_that_people_write_are_understood(said: Any, label: Word) -> None:
    assert label_of({"label": said}) is label


@pytest.mark.parametrize("said", [None, "", "maybe", "2", True, [], {}, "spam?", 0.5])
def test_another_label_is_an_error_that_says_which_words_are_taken(said: Any) -> None:
    with pytest.raises(CommentError, match='"spam"') as raised:
        label_of({"label": said})
    assert raised.value.field == "label"


@pytest.mark.parametrize(
    "row",
    [
        {"label": "ham"},
        {"text": " ", "label": "ham"},
        {"text": 7, "label": "ham"},
        {"text": "x", "author": [], "label": "ham"},
    ],
)
def test_a_row_without_a_text_is_an_error(row: Any) -> None:
    with pytest.raises(CommentError):
        example_of(row, source="file")

"""What was sent, as values: a comment, a verdict; a Problem that names field and cure where it is none."""

from typing import Any

from moderator.comment import Comment, CommentError, Word, clean
from moderator.wire.problems import Problem

WORDS = {word.value: word for word in (Word.HAM, Word.SPAM, Word.UNWANTED, Word.OPEN)}
MOST_OF_A_NAME = 255


def comment(sent: Any) -> Comment:
    """The comment in a JSON object."""
    try:
        return Comment.from_json(object_of(sent))
    except CommentError as error:
        raise bad_field(error.field, error.detail) from None


def verdict(sent: Any) -> tuple[Word, str]:
    """A human's word, and whose."""
    whole = object_of(sent)
    said, by = whole.get("verdict"), whole.get("by")
    word = WORDS.get(said) if isinstance(said, str) else None
    if word is None:
        raise bad_field("verdict", f"must be one of {', '.join(WORDS)}; send what the moderator said")
    if by is not None and not isinstance(by, str):
        raise bad_field("by", "must be a text; send the moderator's name or leave it out")
    if by and len(by) > MOST_OF_A_NAME:
        raise bad_field("by", f"has {len(by):,} characters; at most {MOST_OF_A_NAME} are taken")
    return word, clean(by or "").strip() or "the blog"


def object_of(sent: Any) -> dict[str, Any]:
    """What was sent, if it is an object."""
    if not isinstance(sent, dict):
        raise Problem(400, "the body must be a JSON object", kind="bad-json", cure='send {"id": …, "body": …}')
    return sent


def bad_field(field: str, detail: str) -> Problem:
    """422 for a field; after a semicolon the detail tells the cure."""
    detail, _, cure = detail.partition("; ")
    return Problem(422, f"{field} {detail}", kind="bad-field", field=field, cure=cure or "/docs has what it may be")

"""The labelled format: one flat JSON object (or CSV row) a comment, as operators keep them.

Fields: ``text``, and where known ``author``, ``author_email`` (or ``email_domain`` alone), ``author_url``, ``ip``,
``user_agent``, ``kind`` (or ``comment_type``), ``post_title``, ``post_url``, ``post_text``, ``parent_text``, ``date``,
``lang``; with ``label`` (``spam`` or ``ham``) and ``source`` it can be learned from. Other fields are passed over.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from moderator.comment import Comment, CommentError, Word

# What people's exports call the two.
LABELS = {"spam": Word.SPAM, "1": Word.SPAM, "ham": Word.HAM, "0": Word.HAM, "approved": Word.HAM}


@dataclass(frozen=True, slots=True)
class Example:
    """A comment, what a human said of it, and where it comes from; ``topic`` names the sort of comment it is.

    ``vouched``: a moderator of this installation said so, on its own page.
    """

    comment: Comment
    label: Word
    source: str
    topic: str = ""
    vouched: bool = False


def comment_of(row: Mapping[str, Any]) -> Comment:
    """The Comment of a row; ``text`` may be empty. Raises CommentError for wrong types and over-long texts."""
    if not isinstance(row, Mapping):
        raise CommentError("(the whole)", "must be an object with a text")
    domain = row.get("email_domain")
    email = row.get("author_email") or (f"@{domain}" if isinstance(domain, str) and domain else None)
    sent = {
        "id": row.get("id"),
        "body": row.get("text"),
        "author": {"name": row.get("author"), "email": email, "url": row.get("author_url")},
        "ip": row.get("ip"),
        "user_agent": row.get("user_agent"),
        "kind": row.get("kind") or row.get("comment_type"),
        "post": {"url": row.get("post_url"), "title": row.get("post_title"), "text": row.get("post_text")},
        "parent": {"text": row.get("parent_text")},
        "language": row.get("lang"),
    }
    try:
        return Comment.from_json({**sent, "created": row.get("date")}, needs_id=False, needs_body=False)
    except CommentError as error:
        # Exports write dates in many ways; one that is not ISO 8601 is no reason to lose a row.
        if error.field != "created":
            raise
        return Comment.from_json(sent, needs_id=False, needs_body=False)


def label_of(row: Mapping[str, Any]) -> Word:
    """The row's label. Raises CommentError where it is missing or another word."""
    label = row.get("label")
    found = LABELS.get(str(label).strip().lower()) if label is not None else None
    if found is None:
        raise CommentError(
            "label",
            f'must be "spam" or "ham", not {label!r}' if label is not None else 'is missing; write "spam" or "ham"',
        )
    return found


def example_of(row: Mapping[str, Any], *, source: str) -> Example:
    """The Example of a labelled row; ``source`` where the row names none."""
    comment = comment_of(row)
    if not comment.body.strip() and not comment.author.name:
        raise CommentError("text", "is missing or empty")
    topic = row.get("topic")
    named = row.get("source")
    return Example(
        comment,
        label_of(row),
        named if isinstance(named, str) and named else source,
        topic if isinstance(topic, str) else "",
    )


def row_of(example: Example) -> dict[str, Any]:
    """The labelled row of an Example, without what is empty; :func:`example_of` reads it back."""
    comment = example.comment
    row = {
        "id": comment.id,
        "text": comment.body,
        "label": example.label.value,
        "author": comment.author.name,
        "author_email": comment.author.email,
        "author_url": comment.author.url,
        "ip": comment.ip,
        "user_agent": comment.user_agent,
        "kind": comment.kind,
        "post_title": comment.post.title,
        "post_url": comment.post.url,
        "post_text": comment.post.text,
        "parent_text": comment.parent.text,
        "date": comment.created.isoformat() if comment.created else "",
        "lang": comment.language,
        "topic": example.topic,
        "source": example.source,
    }
    return {key: value for key, value in row.items() if value or key == "text"}

"""The labelled format: one flat JSON object a comment, in files for training, scoring and measuring.

``text``, and where known ``author``, ``author_email``, ``author_url``, ``email_domain``, ``ip``, ``user_agent``,
``kind`` (or ``comment_type``), ``post_title``, ``post_url``, ``post_text``, ``parent_text``, ``date``, ``lang``; for
training also ``label`` and ``source``. Other fields are passed over.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from moderator.comment import Comment, CommentError, Word

# Where each field of a row stands in a comment.
PLACES = {
    "text": "body",
    "author": "author.name",
    "author_email": "author.email",
    "author_url": "author.url",
    "email_domain": "author.email",
    "ip": "ip",
    "user_agent": "user_agent",
    "kind": "kind",
    "comment_type": "kind",
    "post_title": "post.title",
    "post_url": "post.url",
    "post_text": "post.text",
    "parent_text": "parent.text",
    "lang": "language",
}
LABELS = {"spam": Word.SPAM, "ham": Word.HAM}


def comment_of(row: Any) -> Comment:
    """The comment of one row. Raises CommentError, which names the row's field."""
    if not isinstance(row, Mapping):
        raise CommentError("(the whole)", "must be a JSON object")
    sent: dict[str, Any] = {"author": {}, "post": {}, "parent": {}}
    named: dict[str, str] = {}
    for name, place in PLACES.items():
        value = row.get(name)
        if value is None or value == "" or place in named:
            continue
        named[place] = name
        if name == "email_domain" and isinstance(value, str):
            value = "@" + value.removeprefix("@")  # all that is known of the address
        within, _, last = place.rpartition(".")
        (sent[within] if within else sent)[last] = value
    # A time that cannot be read is no reason to lose the row: nothing that decides looks at it.
    sent["created"] = _moment(row.get("date"))
    try:
        return Comment.from_json(sent, needs_id=False)
    except CommentError as error:
        raise CommentError(named.get(error.field, _field_at(error.field)), error.detail) from None


def label_of(row: Mapping[str, Any]) -> Word:
    """What the row's label says. Raises CommentError."""
    label = row.get("label")
    if not isinstance(label, str) or label not in LABELS:
        raise CommentError("label", "must be spam or ham")
    return LABELS[label]


def _field_at(place: str) -> str:
    return next((name for name, known in PLACES.items() if known == place), place)


def _moment(value: Any) -> str | None:
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
        return (moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()
    except (ValueError, OverflowError):
        return None

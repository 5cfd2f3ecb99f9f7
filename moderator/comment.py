"""The nouns, in the words that everything else uses. Standard library only.

A **Comment** is what a blog sent. The machine answers it with a **Decision**: an **Action**, the rule that spoke,
a **score** (the calibrated probability of spam) and **Reasons**. A human answers it with a **Verdict**. Machines
decide, humans give verdicts; only the verdicts *ham* and *spam* teach.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any


class CommentError(ValueError):
    """A comment that cannot be taken, with the field at fault and the cure."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(f"{field}: {detail}")
        self.field = field
        self.detail = detail


class Action(StrEnum):
    """What the machine answers."""

    APPROVE = "approve"
    HOLD = "hold"
    REJECT = "reject"


class Word(StrEnum):
    """What a human says of a comment."""

    HAM = "ham"  # publish it; teaches
    SPAM = "spam"  # never show it; teaches
    UNWANTED = "unwanted"  # do not show it, but it is no spam; teaches nothing
    OPEN = "open"  # the earlier word is taken back: undone, waiting again; teaches nothing


class Status(StrEnum):
    """Where a comment stands now: the machine's action until a human speaks, the human's word after."""

    APPROVED = "approved"
    HELD = "held"
    REJECTED = "rejected"
    DELETED = "deleted"


STATUS_AFTER_ACTION = {Action.APPROVE: Status.APPROVED, Action.HOLD: Status.HELD, Action.REJECT: Status.REJECTED}
STATUS_AFTER_WORD = {
    Word.HAM: Status.APPROVED,
    Word.SPAM: Status.REJECTED,
    Word.UNWANTED: Status.REJECTED,
    Word.OPEN: Status.HELD,
}


@dataclass(frozen=True, slots=True)
class Reason:
    """Why, in a sentence that a moderator understands.

    ``code`` is stable and short (a rule's, a signal's, or ``words``), ``text`` the sentence, ``span`` the half-open
    range of characters of the comment's body that it speaks of, where there is one.
    """

    code: str
    text: str
    span: tuple[int, int] | None = None

    def to_json(self) -> dict[str, Any]:
        """As the webhook says it."""
        shown: dict[str, Any] = {"code": self.code, "text": self.text}
        if self.span is not None:
            shown["span"] = list(self.span)
        return shown

    @classmethod
    def from_json(cls, shown: Mapping[str, Any]) -> "Reason":
        """Read what :meth:`to_json` wrote."""
        span = shown.get("span")
        return cls(shown["code"], shown["text"], (span[0], span[1]) if span else None)


@dataclass(frozen=True, slots=True)
class Decision:
    """The machine's answer. ``score`` is None where no model was asked or none could answer."""

    action: Action
    rule: str
    score: float | None
    reasons: tuple[Reason, ...]
    model: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """A human's word: by whom (``by``), when, and through which door (``page``, ``webhook``, ``import`` …)."""

    word: Word
    by: str
    door: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Author:
    """Who says to have written it; nothing of it is checked."""

    name: str = ""
    email: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Post:
    """The post that is commented on."""

    url: str = ""
    title: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Parent:
    """The comment that is answered."""

    id: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How the blog's form was filled in, as its page saw it; None: not known.

    ``seconds`` from the first key to the sending, ``script`` whether the page's own script ran.
    """

    seconds: float | None = None
    script: bool | None = None


UNSEEN = Behaviour()

# One JSON body is at most this (wire/), so a comment's text can't be longer; the other fields are short by nature.
# WordPress keeps 245 characters of a name, 100 of an address and 200 of a URL.
MOST_LONG = 1_048_576
MOST_SHORT = 16_384
MOST_ID = 255
MOST_SECONDS = 31 * 24 * 3600
LONG_FIELDS = frozenset({"body", "post.text", "parent.text"})

# What no store and no page should meet: NUL (PostgreSQL refuses it) and lone surrogates (UTF-8 has no bytes for them).
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Comment:
    """What the blog sent, in our words.

    ``id`` is the blog's own; ``kind`` is ``comment``, ``reply``, ``pingback``, ``trackback`` or what else the blog
    calls it; ``honeypot`` is what was typed into a field that people do not see; ``role`` is what the author is on the
    blog (``administrator`` …), in the blog's word. Build it with :meth:`from_json`, which checks and cleans; the
    constructor itself trusts its caller.
    """

    body: str
    id: str = ""
    author: Author = field(default_factory=Author)
    ip: str = ""
    user_agent: str = ""
    kind: str = "comment"
    post: Post = field(default_factory=Post)
    parent: Parent = field(default_factory=Parent)
    created: datetime | None = None
    language: str = ""
    honeypot: str = ""
    role: str = ""
    behaviour: Behaviour = UNSEEN

    @classmethod
    def from_json(cls, sent: Any, *, needs_id: bool = True, needs_body: bool = True) -> "Comment":
        """A Comment from the native wire's JSON object; fields that we do not know are passed over.

        Raises CommentError, naming the field and the cure, for wrong types, a missing or empty ``body`` or ``id``
        (only where they are needed), and texts over their limits. NULs and lone surrogates become U+FFFD.
        """
        if not isinstance(sent, Mapping):
            raise CommentError("(the whole)", f"must be a JSON object, not {_type_name(sent)}")
        body = _text(sent, "body")
        if needs_body and not body.strip():
            raise CommentError("body", "is missing or empty; send the comment's text")
        own_id = _identifier(sent.get("id"), needed=needs_id)
        author, post, parent = (_inner(sent, name) for name in ("author", "post", "parent"))
        return cls(
            body=body,
            id=own_id,
            author=Author(*(_text(author, name, within="author") for name in ("name", "email", "url"))),
            ip=_text(sent, "ip"),
            user_agent=_text(sent, "user_agent"),
            kind=_text(sent, "kind").strip().lower() or "comment",
            post=Post(*(_text(post, name, within="post") for name in ("url", "title", "text"))),
            parent=Parent(_identifier(parent.get("id"), name="parent.id"), _text(parent, "text", within="parent")),
            created=_moment(sent.get("created")),
            language=_text(sent, "language"),
            honeypot=_text(sent, "honeypot"),
            role=_text(sent, "role").strip().lower(),
            # What few blogs know costs the others nothing.
            behaviour=_behaviour(_inner(sent, "behaviour")) if "behaviour" in sent else UNSEEN,
        )

    def to_json(self) -> dict[str, Any]:
        """The same comment as the native wire would send it, without what is empty; ``from_json`` reads it back."""
        whole: dict[str, Any] = {
            "id": self.id,
            "body": self.body,
            "author": {"name": self.author.name, "email": self.author.email, "url": self.author.url},
            "ip": self.ip,
            "user_agent": self.user_agent,
            "kind": self.kind,
            "post": {"url": self.post.url, "title": self.post.title, "text": self.post.text},
            "parent": {"id": self.parent.id, "text": self.parent.text},
            "created": self.created.isoformat() if self.created else "",
            "language": self.language,
            "honeypot": self.honeypot,
            "role": self.role,
        }
        for name in ("author", "post", "parent"):
            whole[name] = {key: value for key, value in whole[name].items() if value}
        if self.behaviour is not UNSEEN:
            seen = {"seconds": self.behaviour.seconds, "script": self.behaviour.script}
            whole["behaviour"] = {key: value for key, value in seen.items() if value is not None}
        return {key: value for key, value in whole.items() if value}

    def fingerprint(self) -> str:
        """SHA-256 (hex) of what readers and the classifier would see of it.

        Two requests with the same id and fingerprint are one comment sent twice; another fingerprint is an edit. How
        it came (IP, user agent, time, honeypot) does not count: a blog's retry may come through another proxy. Of an
        e-mail address the domain counts, as the classifier reads no more: nobody can try addresses on the digest.
        """
        domain = self.author.email.rpartition("@")[2].strip().lower()
        seen = (
            self.body,
            self.author.name,
            domain,
            self.author.url,
            self.kind,
            *_texts(self.post),
            *_texts(self.parent),
            self.language,
        )
        return hashlib.sha256(json.dumps(seen).encode()).hexdigest()


def _texts(part: Author | Post | Parent) -> tuple[str, ...]:
    return tuple(getattr(part, name) for name in part.__slots__)


def clean(text: str) -> str:
    """``text`` without what cannot be stored; most texts come back as they are."""
    if text.isascii() and "\x00" not in text:
        return text
    return UNSTORABLE.sub("\ufffd", text)


def _type_name(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "true/false", type(None): "null"}
    return names.get(type(value), "a number")


def _text(sent: Mapping[str, Any], name: str, *, within: str = "") -> str:
    value = sent.get(name)
    if value is None:
        return ""
    path = f"{within}.{name}" if within else name
    if not isinstance(value, str):
        raise CommentError(path, f"must be a text, not {_type_name(value)}")
    most = MOST_LONG if path in LONG_FIELDS else MOST_SHORT
    if len(value) > most:
        raise CommentError(path, f"has {len(value):,} characters; at most {most:,} are taken")
    return clean(value)


def _identifier(value: Any, *, name: str = "id", needed: bool = False) -> str:
    """The blog's own id: a text, or a whole number as most blogs have it (41.0 is one in JSON)."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 63:
        value = str(value)
    if value is None or value == "":
        if needed:
            raise CommentError(name, "is missing; send the blog's own id of the comment")
        return ""
    if not isinstance(value, str):
        raise CommentError(name, f"must be a text or a whole number, not {_type_name(value)}")
    if len(value) > MOST_ID:
        raise CommentError(name, f"has {len(value):,} characters; at most {MOST_ID} are taken")
    return clean(value)


def _inner(sent: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = sent.get(name)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise CommentError(name, f"must be an object, not {_type_name(value)}")
    return value


def _behaviour(sent: Mapping[str, Any]) -> Behaviour:
    seconds, script = sent.get("seconds"), sent.get("script")
    if seconds is not None and (isinstance(seconds, bool) or not isinstance(seconds, int | float)):
        raise CommentError("behaviour.seconds", f"must be a number, not {_type_name(seconds)}")
    if seconds is not None and not 0 <= seconds <= MOST_SECONDS:
        raise CommentError("behaviour.seconds", f"must be from 0 to {MOST_SECONDS:,}; leave it out if it is not known")
    if script is not None and not isinstance(script, bool):
        raise CommentError("behaviour.script", f"must be true or false, not {_type_name(script)}")
    return Behaviour(float(seconds) if seconds is not None else None, script)


def _moment(value: Any) -> datetime | None:
    """An ISO 8601 time; without a zone it is taken as UTC."""
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise CommentError("created", f"must be a text such as 2026-11-22T19:00:00Z, not {_type_name(value)}")
    try:
        moment = datetime.fromisoformat(value.strip())
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise CommentError("created", "is no ISO 8601 time; send one such as 2026-11-22T19:00:00Z") from None

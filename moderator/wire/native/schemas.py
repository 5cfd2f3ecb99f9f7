"""What the native protocol's bodies look like, as JSON Schemas (2020-12), and which problems there are.

Literal on purpose: who reads this reads the protocol. Limits and words come from where they are enforced.
"""

from typing import Any

from moderator.comment import MOST_ID, MOST_LONG, MOST_SECONDS, MOST_SHORT, Action, Status, Word
from moderator.wire.native import reading
from moderator.wire.problems import TYPES

Json = dict[str, Any]

# Problem's kind → status, when it is met. The last part of a problem's type.
PROBLEMS: dict[str, tuple[int, str]] = {
    "no-key": (401, "The site's key is missing."),
    "wrong-key": (401, "No site has this key, or it was revoked."),
    "wrong-signature": (401, "The signature, its time or its id is not good, or there is no such site."),
    "bad-json": (400, "The body is no JSON, or not of the kind that is taken here."),
    "bad-length": (400, "The Content-Length is none, or the body ended before it."),
    "bad-idempotency-key": (400, "The header Idempotency-Key is none."),
    "no-id": (400, "The address does not say which comment."),
    "unknown-comment": (404, "This site has no such comment; another site's is told the same."),
    "replayed": (409, "This signed message was taken before."),
    "under-way": (409, "A request with the same key or message id is under way."),
    "no-own-id": (409, "The comment came through another door, without an id of the blog's own."),
    "other-id": (409, "The blog gave this comment another id than the one in the body."),
    "too-large": (413, "The body, or one line of it, is too long."),
    "too-many": (413, "There are too many comments in the batch."),
    "media-type": (415, "The body is of another type or charset."),
    "content-encoding": (415, "The body is compressed."),
    "bad-field": (422, "A field is missing or wrong; the member field says which."),
    "key-reused": (422, "Another request came before with the same Idempotency-Key or webhook-id."),
    "unavailable": (503, "Nothing was stored; send it again after Retry-After seconds."),
}


def _text(says: str, most: int = MOST_SHORT, **more: Any) -> Json:
    return {"type": ["string", "null"], "maxLength": most, "description": says, **more}


def _object(says: str, **properties: Json) -> Json:
    return {"type": ["object", "null"], "description": says, "properties": properties}


def _own_id(says: str, *, or_nothing: bool = False) -> Json:
    number = {"type": "integer", "minimum": -(2**63) + 1, "maximum": 2**63 - 1}
    text = {"type": "string", "minLength": 0 if or_nothing else 1, "maxLength": MOST_ID}
    return {"description": says, "anyOf": [text, number, *([{"type": "null"}] if or_nothing else [])]}


COMMENT: Json = {
    "type": "object",
    "required": ["id", "body"],
    "properties": {
        "id": _own_id("The blog's own id of the comment."),
        "body": {
            "type": "string",
            "pattern": r"[^\s\u001c-\u001f\u0085]",  # more than space, in Python's sense and in ECMAScript's
            "maxLength": MOST_LONG,
            "description": "Its text, plain or HTML.",
        },
        "author": _object(
            "Who wrote it; half of the marks of blog spam stand here.",
            name=_text("The name."),
            email=_text("The e-mail address."),
            url=_text("The web address."),
        ),
        "post": _object(
            "What is commented on.",
            url=_text("Its address."),
            title=_text("Its title."),
            text=_text("Its text, or the beginning.", MOST_LONG),
        ),
        "parent": _object(
            "The comment that is answered.",
            id=_own_id("The blog's own id of it.", or_nothing=True),
            text=_text("Its text.", MOST_LONG),
        ),
        "kind": _text("comment (if left out), reply, pingback, trackback …"),
        "ip": _text("The address it came from."),
        "user_agent": _text("The program that sent it."),
        "created": {
            "type": ["string", "null"],
            "format": "date-time",
            "description": "When it was written, in ISO 8601; without a zone it is UTC.",
        },
        "language": _text("Its language, such as en."),
        "honeypot": _text("What was typed into a field that people do not see."),
        "role": _text("What the author is on the blog, in its own word, such as administrator."),
        "behaviour": _object(
            "How the form was filled in; leave out what is not known.",
            seconds={
                "type": ["number", "null"],
                "minimum": 0,
                "maximum": MOST_SECONDS,
                "description": "From the first key to the sending.",
            },
            script={"type": ["boolean", "null"], "description": "Whether the page's own script ran."},
        ),
    },
    "description": "Fields that are not named here are passed over.",
}

REASON: Json = {
    "type": "object",
    "required": ["code", "text"],
    "properties": {
        "code": {"type": "string", "description": "A rule's or a signal's name, or words."},
        "text": {"type": "string", "description": "The sentence."},
        "span": {
            "type": "array",
            "items": {"type": "integer", "minimum": 0},
            "minItems": 2,
            "maxItems": 2,
            "description": "From which character of the body that was sent, to before which.",
        },
    },
}

DECIDED: Json = {
    "type": "object",
    "required": ["decision", "rule", "score", "reasons", "model"],
    "properties": {
        "decision": {
            "enum": [action.value for action in Action],
            "description": "approve: show it. hold: a human should look. reject: do not show it.",
        },
        "rule": {"type": "string", "description": "Which rule decided; could_not_judge where something failed inside."},
        "score": {
            "type": ["number", "null"],
            "minimum": 0,
            "maximum": 1,
            "description": "The probability that it is spam; null where no model answered. Not for commenters' eyes.",
        },
        "reasons": {"type": "array", "items": {"$ref": "#/components/schemas/Reason"}},
        "model": {"type": "string", "description": "The model that answered."},
    },
}

OUR_ID: Json = {"type": "string", "description": "Our id of the comment."}
STATUS: Json = {"enum": [status.value for status in Status], "description": "How the comment stands now."}
VERSION: Json = {"type": "integer", "minimum": 1, "description": "Counts every change."}
MOMENT: Json = {"type": "string", "format": "date-time"}
WORDS = [*reading.WORDS]


def _all_of(*names: str, **properties: Json) -> Json:
    own = {"type": "object", "required": [*properties], "properties": properties}
    return {"allOf": [*({"$ref": f"#/components/schemas/{name}"} for name in names), own]}


SCHEMAS: Json = {
    "Comment": COMMENT,
    "Reason": REASON,
    "Decision": DECIDED,
    "Answer": _all_of("Decision", id=OUR_ID),
    "NotStored": _all_of(
        "Decision", id={"type": "null"}, stored={"const": False}, decision={"const": Action.HOLD.value}
    ),
    "AnswerOrHold": {
        "description": "Without an id it is stored nowhere; only where the site chose so, in place of 503: "
        "hold the comment and send it again after Retry-After seconds.",
        "anyOf": [{"$ref": "#/components/schemas/Answer"}, {"$ref": "#/components/schemas/NotStored"}],
    },
    "Edit": {
        **COMMENT,
        "required": ["body"],
        "properties": COMMENT["properties"] | {"id": {**COMMENT["properties"]["id"], "description": "As it was."}},
    },
    "Verdict": {
        "type": "object",
        "required": ["verdict"],
        "properties": {
            "verdict": {
                "enum": WORDS,
                "description": "ham: publish it. spam: never show it. unwanted: do not show it, but it is no spam.",
            },
            "by": _text("Who said so.", reading.MOST_OF_A_NAME),
            "id": {"description": "Our id of the comment again; needed where the request is signed."},
        },
    },
    "VerdictGiven": {
        "type": "object",
        "required": ["id", "verdict", "status", "version"],
        "properties": {"id": OUR_ID, "verdict": {"enum": WORDS}, "status": STATUS, "version": VERSION},
    },
    "Deleted": {
        "type": "object",
        "required": ["id", "status", "version"],
        "properties": {"id": OUR_ID, "status": {"const": Status.DELETED.value}, "version": VERSION},
    },
    "PastVerdict": {
        "type": "object",
        "required": ["verdict", "by", "door", "at"],
        "properties": {
            "verdict": {"enum": [word.value for word in Word]},
            "by": {"type": "string"},
            "door": {"type": "string"},
            "at": MOMENT,
        },
    },
    "History": _all_of(
        "Decision",
        id=OUR_ID,
        status=STATUS,
        version=VERSION,
        received=MOMENT,
        changed=MOMENT,
        comment={"type": "object", "description": "The content, without what is empty; of a deleted one its id."},
        verdict={"anyOf": [{"$ref": "#/components/schemas/PastVerdict"}, {"type": "null"}]},
        verdicts={"type": "array", "items": {"$ref": "#/components/schemas/PastVerdict"}},
        decisions={"type": "array", "items": _all_of("Decision", number={"type": "integer"}, at=MOMENT)},
        revisions={
            "type": "array",
            "items": {
                "type": "object",
                "required": ["number", "until", "verdict", "comment"],
                "properties": {
                    "number": {"type": "integer"},
                    "until": MOMENT,
                    "verdict": {"type": ["string", "null"]},
                    "comment": {"type": "object"},
                },
            },
        },
    ),
    "BatchAnswer": {
        "description": "An answer with the status that the comment alone would have had, or a problem.",
        "anyOf": [
            _all_of("Answer", status={"enum": [200, 201]}),
            {"$ref": "#/components/schemas/Problem"},
        ],
    },
    "Problem": {
        "type": "object",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": {
                "enum": ["about:blank", *(TYPES + kind for kind in PROBLEMS)],
                "description": "What is wrong, for programs.",
            },
            "title": {"type": "string"},
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "detail": {"type": "string", "description": "What is wrong, for people."},
            "instance": {"type": "string", "description": "The address that was asked."},
            "field": {"type": "string", "description": "Which field is wrong."},
            "cure": {"type": "string", "description": "What to do."},
        },
    },
}

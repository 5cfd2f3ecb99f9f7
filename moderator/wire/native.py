"""Our own protocol: JSON over HTTP with the site's key.

``POST /v1/comments`` asks for a decision, ``POST /v1/comments/{id}/verdict`` tells a human's word, and
``GET /v1/comments/{id}`` gives back all that is known of one comment.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, request

from moderator.comment import Comment, CommentError, Decision, Verdict, Word, clean
from moderator.moderation import Moderator
from moderator.store import History, Remembered, Site, Store, UnknownComment
from moderator.wire.json_body import read_json
from moderator.wire.problems import Problem
from moderator.wire.problems import answer as answered

WORDS = {word.value: word for word in (Word.HAM, Word.SPAM, Word.UNWANTED)}
MOST_OF_A_NAME = 255
SCHEME = "Bearer "
CHALLENGE = ("WWW-Authenticate", 'Bearer realm="moderator"')


def blueprint(store: Store, moderator: Moderator, *, most_bytes: int) -> Blueprint:
    """The three routes under /v1."""
    door = Blueprint("native", __name__, url_prefix="/v1/comments")

    @door.post("", strict_slashes=True)
    def decide() -> Response:
        environ = request.environ
        site = _site(store, environ)
        comment = _comment(read_json(environ, most_bytes=most_bytes))
        answer = moderator.judge(site, comment)
        return answered(render(answer), 200 if answer.known else 201)

    @door.post("/<comment_id>/verdict")
    def verdict(comment_id: str) -> Response:
        environ = request.environ
        site = _site(store, environ)
        word, by = _verdict(read_json(environ, most_bytes=most_bytes))
        try:
            given = moderator.learn(site, clean(comment_id), word, by=by, door="webhook")
        except UnknownComment:
            raise _unknown() from None
        shown = {"id": given.comment_id, "verdict": given.word, "status": given.status, "version": given.version}
        return answered(shown, 200)

    @door.get("/<comment_id>")
    def show(comment_id: str) -> Response:
        history = store.history(clean(comment_id), site=_site(store, request.environ))
        if history is None:
            raise _unknown()
        return answered(render_history(history), 200)

    return door


# Reading what was sent


def _site(store: Store, environ: Mapping[str, Any]) -> Site:
    """Whose key the request carries. Found by the key's digest, so that no comparison tells how much of it fits."""
    sent = environ.get("HTTP_AUTHORIZATION", "")
    if sent[:7].title() != SCHEME:
        raise Problem(
            401,
            "the site's key is missing",
            kind="no-key",
            cure="send the header Authorization: Bearer mk_… with the key that `moderator sites add` printed",
            headers=[CHALLENGE],
        )
    site = store.site_by_key(sent[7:].strip())
    if site is None:
        raise Problem(
            401,
            "no site has this key, or it was revoked",
            kind="wrong-key",
            cure="see `moderator sites list`, or make another with `moderator sites key add`",
            headers=[(CHALLENGE[0], f'{CHALLENGE[1]}, error="invalid_token"')],
        )
    return site


def _comment(sent: Any) -> Comment:
    try:
        return Comment.from_json(_object(sent))
    except CommentError as error:
        raise _bad_field(error) from None


def _verdict(sent: Any) -> tuple[Word, str]:
    whole = _object(sent)
    said, by = whole.get("verdict"), whole.get("by")
    word = WORDS.get(said) if isinstance(said, str) else None
    if word is None:
        raise _bad_field(CommentError("verdict", f"must be one of {', '.join(WORDS)}; send what the moderator said"))
    if by is not None and not isinstance(by, str):
        raise _bad_field(CommentError("by", "must be a text; send the moderator's name or leave it out"))
    if by and len(by) > MOST_OF_A_NAME:
        raise _bad_field(CommentError("by", f"has {len(by):,} characters; at most {MOST_OF_A_NAME} are taken"))
    return word, clean(by or "").strip() or "the blog"


def _object(sent: Any) -> dict[str, Any]:
    if not isinstance(sent, dict):
        raise Problem(400, "the body must be a JSON object", kind="bad-json", cure='send {"id": …, "body": …}')
    return sent


def _bad_field(error: CommentError) -> Problem:
    detail, _, cure = error.detail.partition("; ")
    return Problem(422, f"{error.field} {detail}", kind="bad-field", field=error.field, cure=cure)


def _unknown() -> Problem:
    return Problem(
        404,
        "this site has no comment with this id",
        kind="unknown-comment",
        cure="send the id that POST /v1/comments answered with, not the blog's own",
    )


# Rendering what we answer


def render(answer: Remembered) -> dict[str, Any]:
    """The decision that stands for a comment."""
    return {"id": answer.id, **render_decision(answer.decision)}


def render_decision(decision: Decision) -> dict[str, Any]:
    """A decision in the words of the protocol."""
    return {
        "decision": decision.action,
        "rule": decision.rule,
        "score": decision.score,
        "reasons": [reason.to_json() for reason in decision.reasons],
        "model": decision.model,
    }


def render_history(history: History) -> dict[str, Any]:
    """All that is known of one comment, lists oldest first."""
    now = history.now
    return {
        "id": now.id,
        "status": now.status,
        "version": now.version,
        "received": _time(now.received),
        "changed": _time(now.changed),
        "comment": now.comment.to_json(),
        **render_decision(now.decision),
        "verdict": _render_verdict(now.verdict) if now.verdict else None,
        "verdicts": [_render_verdict(past.verdict) for past in history.verdicts],
        "decisions": [
            {"number": past.number, "at": _time(past.at), **render_decision(past.decision)}
            for past in history.decisions
        ],
        "revisions": [
            {"number": old.number, "until": _time(old.until), "verdict": old.word, "comment": old.comment.to_json()}
            for old in history.revisions
        ],
    }


def _render_verdict(verdict: Verdict) -> dict[str, str]:
    return {"verdict": verdict.word, "by": verdict.by, "door": verdict.door, "at": _time(verdict.at)}


def _time(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")

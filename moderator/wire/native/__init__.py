"""Our own protocol: JSON over HTTP, with the site's key or signed after Standard Webhooks.

What each address takes and answers is in ``description.py``, which is served as an OpenAPI document and as a page.
"""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, request
from werkzeug.routing import BaseConverter

from moderator.comment import MOST_ID, Comment, clean
from moderator.moderation import Moderator, StoreUnavailable
from moderator.store import Clock, KeyReused, Replayed, Site, Store, StoredComment, StoreError, UnknownComment
from moderator.wire import problems
from moderator.wire.json_body import JSON, parse
from moderator.wire.limits import Limits
from moderator.wire.native import answers, batch, reading
from moderator.wire.native.once import UnderWay
from moderator.wire.native.senders import Received, Senders
from moderator.wire.problems import JSON_HEADERS, Problem
from moderator.wire.problems import answer as answered


class OurId(BaseConverter):
    """What may be our id of a comment: anything that is not an address of its own."""

    regex = r"(?!batch\Z)[^/]+"


def blueprint(store: Store, moderator: Moderator, clock: Clock, limits: Limits, *, most_bytes: int) -> Blueprint:
    """The addresses under /v1/comments."""
    door = Blueprint("native", __name__, url_prefix="/v1/comments")
    door.record_once(lambda state: state.app.url_map.converters.update(our_id=OurId))
    senders = Senders(store, clock, limits)
    under_way = UnderWay()
    door.register_error_handler(Replayed, _replayed)
    door.register_error_handler(KeyReused, _key_reused)

    def judge(received: Received, comment: Comment) -> Response:
        if received.once:
            with under_way(received.site.id, received.once):
                answer = moderator.judge(received.site, comment, once=received.once)
        else:
            answer = moderator.judge(received.site, comment)
        return answered(answers.decided(answer), 200 if answer.known else 201)

    def or_held(work: Callable[[], Response]) -> Response:
        """What ``work`` answers; while nothing can be stored a hold, where the site chose that in place of 503."""
        try:
            return work()
        except (KeyReused, Replayed):
            raise
        except (StoreError, StoreUnavailable):
            site = senders.last_known(request.environ)
            if site is None or not site.doors.outage_holds:
                raise
            return answered(answers.not_stored(), headers=(*problems.LATER, *JSON_HEADERS))

    @door.post("")
    def decide() -> Response:
        def now() -> Response:
            received = senders.receive(request, most_bytes=most_bytes)
            return judge(received, reading.comment(parse(received.body)))

        return or_held(now)

    @door.post("/batch")
    def decide_many() -> Response:
        most = most_bytes * batch.BODIES
        site, body, once, _ = senders.receive(request, most_bytes=most, types=batch.TYPES)
        lines = batch.is_lines(request.environ.get("CONTENT_TYPE", ""))
        items = batch.from_lines(body, most_bytes=most_bytes) if lines else batch.from_array(body)
        with under_way(site.id, once):  # until the first group is stored, and the receipts with it
            groups = batch.judge(moderator, site, items, once=once)
        written, kind = (batch.as_lines, batch.LINES[0]) if lines else (batch.as_array, JSON[0])
        return Response(written(groups), headers=JSON_HEADERS, mimetype=kind)

    @door.put("/<our_id:comment_id>")
    def edit(comment_id: str) -> Response:
        def now() -> Response:
            received = senders.receive(request, most_bytes=most_bytes)
            sent = reading.object_of(parse(received.body))
            known = store.comment(received.site, clean(comment_id))
            return judge(received, _same(known, sent, signed=received.signed))

        return or_held(now)

    @door.post("/<our_id:comment_id>/verdict")
    def verdict(comment_id: str) -> Response:
        site, body, once, signed = senders.receive(request, most_bytes=most_bytes)
        sent = parse(body)
        word, by = reading.verdict(sent)
        key = "" if signed else senders.key_shown(request.environ)
        if signed:
            _check_named(sent, comment_id)
        try:
            with under_way(site.id, once):
                given = moderator.learn(site, clean(comment_id), word, by=by, door="webhook", once=once, key=key)
        except UnknownComment:
            raise _unknown() from None
        return answered(answers.verdict_given(given))

    @door.get("/<our_id:comment_id>")
    def show(comment_id: str) -> Response:
        return _history(store, senders.by_key(request.environ), clean(comment_id))

    @door.get("")
    def find() -> Response:
        site = senders.by_key(request.environ)
        return _history(store, site, _called(store, site).id)

    @door.delete("/<our_id:comment_id>")
    def delete(comment_id: str) -> Response:
        site = senders.by_key(request.environ)
        try:
            return answered(answers.deleted(store.deletions.delete(site, clean(comment_id))))
        except UnknownComment:
            raise _unknown() from None

    @door.delete("")
    def delete_called() -> Response:
        site = senders.by_key(request.environ)
        return answered(answers.deleted(store.deletions.delete(site, _called(store, site).id)))

    return door


def _history(store: Store, site: Site, comment_id: str) -> Response:
    history = store.history(comment_id, site=site)
    if history is None:
        raise _unknown()
    return answered(answers.history(history))


def _called(store: Store, site: Site) -> StoredComment:
    """The comment that the address names by the blog's own id."""
    external_id = request.args.get("external_id", "")
    if not external_id:
        cure = "add ?external_id= with the blog's own id, or put our id into the path: /v1/comments/{id}"
        raise Problem(400, "the address does not say which comment", kind="no-id", field="external_id", cure=cure)
    found = store.comment_by_external_id(site, clean(external_id)) if len(external_id) <= MOST_ID else None
    if found is None:
        cure = "send the id that the blog gave it when it asked for the decision"
        raise Problem(404, "this site has no comment that it calls so", kind="unknown-comment", cure=cure)
    return found


def _same(now: StoredComment | None, sent: dict[str, Any], *, signed: bool) -> Comment:
    """The new content of this comment."""
    if now is None:
        raise _unknown()
    if not now.comment.id:
        cure = "send the new content as a new comment"
        raise Problem(409, "this comment came without an id of the blog's own", kind="no-own-id", cure=cure)
    if not signed:  # a signature does not cover the address, so what is signed must say itself which comment it means
        sent = {"id": now.comment.id, **sent}
    comment = reading.comment(sent)
    if comment.id != now.comment.id:
        cure = "send the same id, or leave it out"
        raise Problem(409, "the blog called this comment otherwise", kind="other-id", field="id", cure=cure)
    return comment


def _check_named(sent: dict[str, Any], comment_id: str) -> None:
    """A signature does not cover the address, so what is signed must say itself which comment it means."""
    if sent.get("id") != comment_id:
        raise reading.bad_field("id", "must be the comment's, as in the address; a signature does not cover that")


def _unknown() -> Problem:
    return Problem(
        404,
        "this site has no comment with this id",
        kind="unknown-comment",
        cure="send the id that POST /v1/comments answered with, not the blog's own",
    )


def _replayed(error: Replayed) -> Response:
    return problems.render(
        Problem(
            409,
            "this signed message was taken before",
            kind="replayed",
            cure="nothing is to be done; to ask again for the answer, sign the same message with the time of now",
        )
    )


def _key_reused(error: KeyReused) -> Response:
    return problems.render(
        Problem(
            422,
            "another request came before with the same Idempotency-Key or webhook-id",
            kind="key-reused",
            cure="give each request a key of its own, and the same only to one that is sent again as it was",
        )
    )

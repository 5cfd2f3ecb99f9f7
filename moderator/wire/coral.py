"""Coral's external moderation phase: Coral asks about each comment before it is shown, and acts on the answer.

Sources: Coral's documentation, "External Moderation Phases", and what its server does: the pipeline phase
``external`` and the helpers of its signing secrets.

An answer that is late or no 2xx is no opinion to Coral: the comment goes on, and is published if no later phase
objects. So whatever goes wrong behind a right signature is answered as a hold in Coral's own words, 200 and PREMOD,
with the problem beside it (Coral passes over fields that it does not know). Only who cannot sign gets an error.
"""

import hashlib
import hmac
import json
import logging
from typing import Any

from flask import Blueprint, Response, request

from moderator.comment import Comment, CommentError, Status, clean
from moderator.faults import log_fault
from moderator.moderation import Moderator, StoreUnavailable
from moderator.store import Purpose, Remembered, Site, Store, StoreError
from moderator.wire.json_body import parse, read_body
from moderator.wire.limits import Limits
from moderator.wire.problems import JSON_HEADERS, Problem, answer, unavailable
from moderator.wire.problems import render as render_problem

log = logging.getLogger(__name__)

SCHEME = "sha256="
# One for each live secret of Coral's; it has two while one is being changed.
MOST_SIGNATURES = 8
# What is checked against where there is no site or no secret, so that it takes no less time to be refused.
NO_SECRET = "no secret"
# Ours to tell, whoever asks; all else is a hold.
ERRORS = frozenset({401, 415})

# Coral waits 200 ms by default and then publishes, so what takes half of that is held.
WITHIN = 0.1

FLAG = [{"actionType": "FLAG", "reason": "COMMENT_DETECTED_SPAM"}]
MOST_OF_AN_ID = 100


def blueprint(store: Store, moderator: Moderator, limits: Limits, *, most_bytes: int) -> Blueprint:
    """The one route, ``POST /coral/<the site's name>``."""
    door = Blueprint("coral", __name__)

    @door.post("/coral/<path:name>")
    def decide(name: str) -> Response:
        raw = read_body(request.environ, most_bytes=most_bytes)
        address = request.environ.get("REMOTE_ADDR", "")
        if limits.shuts_out(address):
            raise limits.too_many_wrong()  # a hold: it may be Coral with a secret of yesterday
        try:
            site = _site(store, name, raw, request.environ.get("HTTP_X_CORAL_SIGNATURE", ""))
        except Problem:
            limits.wrong_key(address)
            raise
        limits.site(site.id)
        return render(moderator.judge(site, _comment(raw), within=WITHIN), approves=site.doors.coral_approves)

    @door.errorhandler(Problem)
    def refused(problem: Problem) -> Response:
        return render_problem(problem) if problem.status in ERRORS else _held(problem)

    @door.errorhandler(StoreError)
    @door.errorhandler(StoreUnavailable)
    def not_stored(error: StoreError | StoreUnavailable) -> Response:
        log.warning("a comment of Coral's is held there, as the store failed: %s", error)
        return _held(unavailable("the store does not answer just now", cure="moderate this comment in Coral"))

    @door.errorhandler(Exception)
    def failed(error: Exception) -> Response:
        log_fault("answering Coral", error)
        return _held(Problem(500, "something failed inside; the log says where", cure="moderate this comment in Coral"))

    return door


# Who asks


def _site(store: Store, name: str, raw: bytes, header: str) -> Site:
    """The site of this name, if one of its live secrets signed these bytes.

    One answer for an unknown site, a site without secrets and a wrong signature: nobody learns which names there are.
    """
    site = store.site_by_name(clean(name))
    secrets = store.secrets.live(site.id if site else 0, Purpose.CORAL)  # asked for both, as it takes its time
    if not signed(raw, header, secrets or (NO_SECRET,)) or site is None or not secrets:
        log.warning("a request to Coral's door had no right signature; Coral publishes where it gets no answer")
        raise Problem(
            401,
            "the body is not signed with a secret of this site",
            kind="wrong-signature",
            cure="give the phase's signing secret to `moderator sites coral add`, and Coral the address that it prints",
            headers=[("WWW-Authenticate", "X-Coral-Signature")],
        )
    return site


def signed(raw: bytes, header: str, secrets: tuple[str, ...]) -> bool:
    """Whether ``header`` (``sha256=<hex>``, several with commas) has an HMAC of ``raw`` by one of the secrets.

    The key is the secret's whole text, prefix and all.
    """
    given = [part.strip() for part in header.split(",", MOST_SIGNATURES)[:MOST_SIGNATURES]]
    found = False
    for secret in secrets:
        right = (SCHEME + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()).encode()
        for signature in given:
            found |= hmac.compare_digest(signature.lower().encode("utf-8", "replace"), right)
    return found


# Reading what was sent


def _comment(raw: bytes) -> Comment:
    """The comment in a signed body. Coral tells neither name nor address of its author, nor an id of the comment.

    So the id is made of what makes it one: the same text by the same author at the same place is the same comment,
    and a request that somebody kept and sends again stores nothing. It begins with Coral's id of the author, as that
    is how a moderator finds them.
    """
    try:
        sent = _object(parse(raw), "(the whole)")
        comment, author, story = (_object(sent.get(name) or {}, name) for name in ("comment", "author", "story"))
        body, parent = _text(comment, "body", "comment"), _text(comment, "parentID", "comment")
        by, where = _text(author, "id", "author"), _text(story, "id", "story")
        same = json.dumps([_text(sent, "tenantID", ""), where, by, parent, body])
        return Comment.from_json(
            {
                "id": f"coral:{by[:MOST_OF_AN_ID]}:{hashlib.sha256(same.encode()).hexdigest()[:32]}",
                "body": body,
                "kind": "reply" if parent else "comment",
                "post": {"url": _text(story, "url", "story")},
                "parent": {"id": parent},
            },
            needs_body=False,  # a comment may be a picture alone; policy holds what has no word
        )
    except CommentError as error:
        detail, _, cure = error.detail.partition("; ")
        raise Problem(422, f"{error.field} {detail}", kind="bad-field", field=error.field, cure=cure) from None


def _object(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise CommentError(name, "must be an object; send what Coral's external moderation phase sends")
    return value


def _text(part: dict[str, Any], name: str, within: str) -> str:
    value = part.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise CommentError(f"{within}.{name}".lstrip("."), "must be a text")
    return value


# Rendering what we answer


def render(stands: Remembered, *, approves: bool) -> Response:
    """What Coral does with the comment.

    What a human said of the same comment before counts for more than what the machine said: so the status is told.
    A hold is SYSTEM_WITHHELD with a flag, as from Coral's own spam phases; but nobody is accused of spam where no
    model answered.
    """
    if stands.status is Status.APPROVED:
        return answer({"status": "APPROVED"}) if approves else Response(status=204, headers=JSON_HEADERS)
    if stands.status is Status.HELD:
        if stands.decision.score is None:
            return answer({"status": "PREMOD"})
        return answer({"status": "SYSTEM_WITHHELD", "actions": FLAG})
    return answer({"status": "REJECTED", "actions": FLAG})


def _held(problem: Problem) -> Response:
    return answer({"status": "PREMOD", "problem": {"detail": problem.detail, "cure": problem.cure}})

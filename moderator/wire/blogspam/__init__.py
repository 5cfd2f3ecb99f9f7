"""BlogSpam 2.0: JSON over HTTP, spoken by ikiwiki and by plugins of other engines.

Sources: the documentation of BlogSpam's API 2.0 (blogspam.net, closed), the servers blogspam.js and blogspam-api, and
ikiwiki's plugin. The protocol has no key, so the site's address has one in its path; it knows no hold, so the site's
owner says which of the two answers means it.

Clients take ERROR, and any failure, for OK. So ERROR is told only for what a client's programmer did wrong, or who has
no key; what a commenter can bring about, and what fails inside, is SPAM: ikiwiki keeps such comments for moderation.
"""

import hashlib
import hmac
import json
import logging
import re
from collections.abc import Mapping

from flask import Blueprint, Response, request

from moderator import policy
from moderator.comment import Comment, CommentError, Status, Word
from moderator.faults import log_fault
from moderator.moderation import Moderator, StoreUnavailable
from moderator.store import Remembered, Site, Store, StoreError
from moderator.wire.blogspam import options
from moderator.wire.json_body import parse, read_raw
from moderator.wire.limits import Limits
from moderator.wire.problems import Problem, answer

log = logging.getLogger(__name__)

VERSION = "2.0"
KEY = re.compile(r"bs_(\d{1,9})_[\w-]{43}", re.ASCII)
WORDS = {"spam": Word.SPAM, "ok": Word.HAM, "ham": Word.HAM}
LATER = "it could not be judged just now; send it again later"
TEST = "test"


def blueprint(store: Store, moderator: Moderator, limits: Limits, *, most_bytes: int) -> Blueprint:
    """The four routes under ``/blogspam/<key>/``."""
    door = Blueprint("blogspam", __name__, url_prefix="/blogspam/<key>")

    def site_with(key: str) -> Site:
        address = request.environ.get("REMOTE_ADDR", "")
        if limits.shuts_out(address):
            raise limits.too_many_wrong()
        try:
            site = site_of(store, key)
        except Problem:
            limits.wrong_key(address)
            raise
        limits.site(site.id)
        return site

    @door.post("/", endpoint=TEST)
    @door.post("", endpoint="test_without_slash")
    def test(key: str) -> Response:
        site = site_with(key)
        asked = _asked(_fields(most_bytes))
        if "comment" not in asked.fields:
            raise _bad("the field comment is missing")
        said = options.check(asked)
        if said is not None:
            blocker, reason = said
            return _ok() if reason is True else _spam(str(reason), blocker)
        if not _written(asked.fields):
            return _ok()  # an edit that only takes away, of which ikiwiki sends what was added: nothing
        return _render(moderator.judge(site, _comment(asked.fields)), holds_are_ok=site.doors.blogspam_holds_are_ok)

    @door.post("/classify/")
    @door.post("/classify")
    def classify(key: str) -> Response:
        site = site_with(key)
        fields = _fields(most_bytes)
        word = WORDS.get(fields.get("train", "").strip().lower())
        if word is None:
            raise _bad('the field train must be "spam" or "ok"')
        if not _written(fields):
            raise _bad("the field comment is missing; send the comment as it was sent to be tested")
        known = moderator.judge(site, _comment(fields))  # gives the id of what is known, and keeps what is not
        moderator.learn(site, known.id, word, by="the blog", door="blogspam")
        return _ok()

    @door.post("/stats/")
    @door.post("/stats")
    def stats(key: str) -> Response:
        site = site_with(key)
        _fields(most_bytes)
        counts = store.counts(site_id=site.id)
        spam, ok, held = counts[Status.REJECTED], counts[Status.APPROVED], counts[Status.HELD]
        if site.doors.blogspam_holds_are_ok:
            return answer({"spam": str(spam), "ok": str(ok + held)})
        return answer({"spam": str(spam + held), "ok": str(ok)})

    @door.get("/plugins/")
    @door.get("/plugins")
    def plugins(key: str) -> Response:
        site_with(key)
        shown = {name: check.__doc__ or "" for name, check in options.CHECKS}
        shown |= {rule.__name__: policy.sentence(rule) for rule in policy.RULES}
        return answer({name: {"author": "moderator", "description": text} for name, text in shown.items()})

    @door.errorhandler(Problem)
    def refused(problem: Problem) -> Response:
        if problem.status == 413 and _tests():
            return _spam("it is too long", "max_request_bytes")
        if problem.status == 429 and _tests():
            return _spam(problem.detail, "site_rate")
        status = problem.status if problem.status in (403, 413, 429) else 200
        return _said("ERROR", status, reason=f"{problem.detail}{f'; {problem.cure}' if problem.cure else ''}")

    @door.errorhandler(StoreError)
    @door.errorhandler(StoreUnavailable)
    def not_stored(error: StoreError | StoreUnavailable) -> Response:
        log.warning("a request of BlogSpam's protocol was not served, as the store failed: %s", error)
        return _later()

    @door.errorhandler(Exception)
    def failed(error: Exception) -> Response:
        log_fault("answering in BlogSpam's protocol", error)
        return _later()

    return door


# Who asks


def site_of(store: Store, key: str) -> Site:
    """The site whose open door has this key: ``bs_<the site's number>_<secret>``. Problem 403."""
    fitting = KEY.fullmatch(key)
    site = store.site(int(fitting[1])) if fitting else None
    digest = hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()
    if site is None or not hmac.compare_digest(site.doors.blogspam_digest, digest):
        raise Problem(403, "no site has this address", cure="use the one that `moderator sites blogspam open` printed")
    return site


# Reading what was sent


def _fields(most_bytes: int) -> dict[str, str]:
    """The object in the body, by names in lower case; only its texts, numbers and truths, as texts.

    The type of the body is not asked for, as the old service did not, and bytes that are no UTF-8 are replaced: Perl
    writes some that nobody else takes, and who comments decides which.
    """
    raw = read_raw(request.environ, most_bytes)
    sent = parse(raw.decode("utf-8", "replace").encode())
    if not isinstance(sent, dict):
        raise _bad("the body must be a JSON object")
    fields: dict[str, str] = {}
    for name, value in sent.items():
        if name.lower() in fields:
            raise _bad(f"the field {name[:40]} stands there twice")
        if isinstance(value, str):
            fields[name.lower()] = value
        elif isinstance(value, int | float):
            fields[name.lower()] = str(value).lower()
        elif value is not None:
            raise _bad(f"the field {name[:40]} must be a text")
    return fields


def _asked(fields: Mapping[str, str]) -> options.Asked:
    try:
        return options.read(fields)
    except ValueError as error:
        raise _bad(f"the field options has {error}") from None


def _written(fields: Mapping[str, str]) -> bool:
    return any(fields.get(name, "").strip() for name in ("comment", "subject"))


def _comment(fields: Mapping[str, str]) -> Comment:
    """The comment, with an id made of what was written and by whom, as the protocol has none.

    So the same comment is stored once, and what ``/classify/`` says of it is said of that one. The subject is what the
    commenter wrote over the comment, not the post's title: readers see it, so it is judged with the text.
    """
    written = [fields.get(name, "") for name in ("site", "name", "email", "link", "subject", "comment")]
    site, name, email, link, subject, body = written
    sent = {
        "id": f"blogspam:{hashlib.sha256(json.dumps(written).encode()).hexdigest()[:32]}",
        "body": f"{subject}\n\n{body}" if subject.strip() else body,
        "author": {"name": name, "email": email, "url": link},
        "ip": str(options.address(fields.get("ip", "")) or fields.get("ip", "")),
        "user_agent": fields.get("agent", ""),
        "post": {"url": site},
    }
    try:
        return Comment.from_json(sent)
    except CommentError as error:  # only a text that is over its limit: its writer's doing, not the client's
        raise Problem(413, f"{error.field} {error.detail}") from None


def _bad(detail: str) -> Problem:
    return Problem(400, detail)


# Rendering what we answer


def _tests() -> bool:
    return str(request.endpoint).rpartition(".")[2].startswith(TEST)


def _render(stands: Remembered, *, holds_are_ok: bool) -> Response:
    """The answer that stands; what a human said of the same comment before counts for more than the machine's word.

    The reason is the rule's sentence and never the score: clients show it to who wrote the comment.
    """
    if stands.status is Status.APPROVED or (stands.status is Status.HELD and holds_are_ok):
        return _ok()
    reasons = stands.decision.reasons
    return _spam(reasons[0].text if reasons else "", stands.decision.rule)


def _ok() -> Response:
    return _said("OK")


def _spam(reason: str, blocker: str) -> Response:
    return _said("SPAM", reason=reason, blocker=blocker)


def _later() -> Response:
    """Where something failed inside."""
    return _spam(LATER, "could_not_judge") if _tests() else _said("ERROR", 503, reason=LATER)


def _said(result: str, status: int = 200, **more: str) -> Response:
    return answer({"result": result, **more, "version": VERSION}, status)

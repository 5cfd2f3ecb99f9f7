"""What each kind of blog is told, and how it says that it has heard.

A kind is three functions: the requests that tell a verdict, what an answer means, and a request that only tests the
address. Addresses are built from the registered one alone; of the comment they hold its id, which is checked first.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from itsdangerous import TimestampSigner, URLSafeTimedSerializer

from moderator.callbacks.address import Address
from moderator.callbacks.errors import BadAddress, Untellable
from moderator.callbacks.exchange import Answer, Request
from moderator.callbacks.signing import key_of, signed
from moderator.comment import Status
from moderator.store import CallbackKind, StoredComment

JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Notice:
    """What a blog is to be told: about this comment as it stands now, at this address, signed with these secrets."""

    id: str
    address: Address
    secrets: tuple[str, ...] = field(repr=False)
    comment: StoredComment
    at: datetime


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind of blog is told. ``heard`` and ``tested`` give the complaint about an answer, or nothing."""

    tell: Callable[[Notice], tuple[Request, ...]]  # Untellable
    heard: Callable[[Notice, Answer], str]
    test: Callable[[str, Address, tuple[str, ...], datetime], Request]
    tested: Callable[[Answer], str]
    check_secret: Callable[[str], object]  # BadAddress
    secret: str = ""  # what the operator has to give; empty: one is made, or none is needed
    base: bool = False  # whether the address is only the beginning of what is asked


def said(answer: Answer) -> str:
    """The complaint about an answer that is no success."""
    return "" if answer.taken else f"the blog answered {answer.status}"


# native: signed JSON


def tell_native(notice: Notice) -> tuple[Request, ...]:
    """One signed event with all that the blog may want to show."""
    data = {"type": "comment.verdict", "timestamp": _time(notice.comment.changed), "data": verdict_of(notice.comment)}
    return (_signed(notice.id, notice.address, notice.secrets, data, notice.at),)


def verdict_of(comment: StoredComment) -> dict[str, Any]:
    """The verdict in the words of the native webhook."""
    verdict, decision = comment.verdict, comment.decision
    return {
        "id": comment.id,
        "external_id": comment.comment.id or None,
        "status": comment.status,
        "verdict": verdict.word if verdict else None,
        "by": verdict.by if verdict else None,
        "version": comment.version,
        "decision": decision.action,
        "rule": decision.rule,
        "score": decision.score,
        "reasons": [reason.to_json() for reason in decision.reasons],
        "model": decision.model,
    }


def test_native(message_id: str, address: Address, secrets: tuple[str, ...], at: datetime) -> Request:
    """An event that tells nothing."""
    data = {"type": "callback.test", "timestamp": _time(at), "data": {}}
    return _signed(message_id, address, secrets, data, at)


def _signed(message_id: str, address: Address, secrets: tuple[str, ...], data: Any, at: datetime) -> Request:
    if not secrets:
        raise BadAddress(
            "there is no live secret to sign with; make one: `moderator sites secret add SITE --purpose callback`"
        )
    body = json.dumps(data, separators=(",", ":")).encode()
    return Request(address, body, JSON | dict(signed(secrets, message_id=message_id, body=body, at=at)))


# wordpress-akismet: the webhook of the Akismet plugin, 5.3.2 or newer


def tell_wordpress(notice: Notice) -> tuple[Request, ...]:
    """``true`` makes it spam; ``false`` makes spam pending and what is pending approved, so it is said twice."""
    if notice.comment.status not in (Status.APPROVED, Status.REJECTED):
        raise Untellable("Akismet's webhook has no word for a comment that waits again")
    result, times = ("true", 1) if notice.comment.status is Status.REJECTED else ("false", 2)
    call = _akismet(notice.address, notice.secrets, [{"guid": notice.comment.id, "result": result}])
    return (call,) * times


def heard_by_wordpress(notice: Notice, answer: Answer) -> str:
    """It answers 200 also where it does not find the comment, and says so for each."""
    if not answer.taken:
        return said(answer)
    try:
        status = json.loads(answer.body)["comments"][notice.comment.id]["status"]
    except (ValueError, LookupError, TypeError):
        return "the blog answered 200, but not as Akismet's webhook does"
    return "" if status == "success" else "WordPress does not find the comment"


def test_wordpress(message_id: str, address: Address, secrets: tuple[str, ...], at: datetime) -> Request:
    """No comments at all."""
    return _akismet(address, secrets, [])


def wordpress_tested(answer: Answer) -> str:
    """It must know its own key, and answer as the plugin does."""
    if not answer.taken:
        return said(answer)
    try:
        return "" if "comments" in json.loads(answer.body) else "this is not Akismet's webhook"
    except (ValueError, TypeError):
        return "this is not Akismet's webhook"


def _akismet(address: Address, secrets: tuple[str, ...], comments: list[dict[str, str]]) -> Request:
    if not secrets:
        raise BadAddress("the Akismet key of the blog is missing; give it with --stdin")
    body = {"key": secrets[0], "endpoint": "comment-check", "comments": comments}
    # Without this header WordPress reports the change back to us as if a human there had made it.
    return Request(address, json.dumps(body).encode(), JSON | {"X-Akismet-Webhook": "1"}, reads=True)


def _akismet_key(secret: str) -> None:
    if not re.fullmatch("[0-9a-f]{12}", secret):
        raise BadAddress("the Akismet key has 12 characters from 0-9 and a-f; it is the one that is set in WordPress")


# cusdis: the approval token that came with the comment

# The first part is the same in all: {"alg":"HS256","typ":"JWT"}. Without it a token fits in a comment's id.
_JWT_HEAD = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"
_JWT = re.compile(r"(?:[A-Za-z0-9_-]+\.)?[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


def tell_cusdis(notice: Notice) -> tuple[Request, ...]:
    """Approve; there is no link for anything else, and what is not approved is not shown."""
    if notice.comment.status is not Status.APPROVED:
        raise Untellable("Cusdis shows only what is approved, and has no link to take that back")
    token = notice.comment.comment.id
    if not _JWT.fullmatch(token):
        raise Untellable("the comment's id is no approval token of Cusdis; see docs/callbacks.md")
    return (_approve(notice.address, token if token.count(".") == 2 else f"{_JWT_HEAD}.{token}"),)


def heard_by_cusdis(notice: Notice, answer: Answer) -> str:
    """Some versions answer 200 to a token that they do not take."""
    if b"Invalid token" in answer.body:
        return "Cusdis does not take the token; it may be older than 31 days"
    return said(answer)


def test_cusdis(message_id: str, address: Address, secrets: tuple[str, ...], at: datetime) -> Request:
    """A token that must be refused."""
    return _approve(address, "test")


def cusdis_tested(answer: Answer) -> str:
    """It refuses, as Cusdis does."""
    return "" if b"Invalid token" in answer.body else "this is not Cusdis"


def _approve(address: Address, token: str) -> Request:
    return Request(address.below(f"/api/open/approve?token={token}"), b"{}", JSON, reads=True)


# isso: the links that it signs for its own mails to moderators


def tell_isso(notice: Notice) -> tuple[Request, ...]:
    """Activate or delete."""
    actions = {Status.APPROVED: "activate", Status.REJECTED: "delete"}
    action = actions.get(notice.comment.status)
    if action is None:
        raise Untellable("Isso has no link that makes a comment wait again")
    own_id = notice.comment.comment.id
    if not re.fullmatch("[1-9][0-9]{0,17}", own_id):
        raise Untellable("the comment's id is no number of Isso's; see docs/callbacks.md")
    return (_moderate(notice.address, int(own_id), action, notice.secrets, notice.at),)


def heard_by_isso(notice: Notice, answer: Answer) -> str:
    """What is to be deleted may be gone."""
    return "" if answer.status == 404 and notice.comment.status is Status.REJECTED else said(answer)


def test_isso(message_id: str, address: Address, secrets: tuple[str, ...], at: datetime) -> Request:
    """A comment that is not there; a wrong key is refused before that."""
    return _moderate(address, 0, "activate", secrets, at)


def isso_tested(answer: Answer) -> str:
    """404: it took our key and looked for the comment."""
    if answer.status == 404:
        return ""
    return "Isso has another session key" if answer.status == 403 else f"this is not Isso: it answered {answer.status}"


def _moderate(address: Address, number: int, action: str, secrets: tuple[str, ...], at: datetime) -> Request:
    if not secrets:
        raise BadAddress("Isso's session key is missing; give it with --stdin")
    signer = _isso_signer(secrets[0], at)
    return Request(address.below(f"/id/{number}/{action}/{quote(str(signer.dumps(number)))}"), b"")


def _isso_signer(secret: str, at: datetime) -> URLSafeTimedSerializer:
    class Dated(TimestampSigner):
        def get_timestamp(self) -> int:
            # Of yesterday, as Isso refuses what its clock calls the future; it takes signatures of any age.
            return int((at - timedelta(days=1)).timestamp())

    return URLSafeTimedSerializer(secret, signer=Dated, signer_kwargs={"digest_method": hashlib.sha1})


def _not_empty(secret: str) -> None:
    if not secret.strip():
        raise BadAddress("the secret is empty; Isso keeps its own in the table preferences, under session-key")


def _no_secret(secret: str) -> None:
    raise BadAddress("Cusdis needs no secret here; leave --stdin out")


def _time(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


KINDS: Mapping[CallbackKind, Kind] = {
    CallbackKind.NATIVE: Kind(tell_native, lambda notice, answer: said(answer), test_native, said, key_of),
    CallbackKind.WORDPRESS_AKISMET: Kind(
        tell_wordpress, heard_by_wordpress, test_wordpress, wordpress_tested, _akismet_key, "the blog's Akismet key"
    ),
    CallbackKind.CUSDIS: Kind(tell_cusdis, heard_by_cusdis, test_cusdis, cusdis_tested, _no_secret, base=True),
    CallbackKind.ISSO: Kind(tell_isso, heard_by_isso, test_isso, isso_tested, _not_empty, "Isso's session key", True),
}

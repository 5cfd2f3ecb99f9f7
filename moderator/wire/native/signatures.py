"""Standard Webhooks 1.0.0, the receiver's side: a message's headers and the signature over its raw body.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from moderator.wire.problems import Problem

PREFIX = "whsec_"
TOLERANCE = 300  # seconds, both ways, as the reference libraries have it
MOST_SIGNATURES = 8  # a sender who changes secrets has two
# In what is signed a dot ends the id, so no id may have one.
ID = re.compile(r"[A-Za-z0-9_-]{1,128}", re.ASCII)
TIMESTAMP = re.compile(r"[0-9]{1,11}", re.ASCII)
CHALLENGE = ("WWW-Authenticate", 'Bearer realm="moderator"')
# Signed with where there is no secret, so that a site that does not exist takes as long as one that does.
NOBODYS = bytes(32)


@dataclass(frozen=True, slots=True)
class Message:
    """What the three headers say."""

    id: str
    timestamp: int
    signatures: tuple[str, ...]


def read(environ: Mapping[str, Any], *, now: float) -> Message:
    """The message that the headers announce, if it is of now. Problem 401."""
    id, stamp = environ.get("HTTP_WEBHOOK_ID", ""), environ.get("HTTP_WEBHOOK_TIMESTAMP", "")
    if not ID.fullmatch(id):
        raise refused("the header webhook-id is missing or is none", cure="send 1 to 128 of A-Z a-z 0-9 _ -")
    if not TIMESTAMP.fullmatch(stamp):
        raise refused("the header webhook-timestamp is missing or is none", cure="send whole seconds since 1970")
    if abs(now - int(stamp)) > TOLERANCE:
        raise refused(
            f"the message was not signed within the last {TOLERANCE // 60} minutes",
            cure="sign it at the time of sending, and set the clock",
        )
    signatures = tuple(environ.get("HTTP_WEBHOOK_SIGNATURE", "").split(" "))
    if len(signatures) > MOST_SIGNATURES:
        raise refused(f"there are more than {MOST_SIGNATURES} signatures", cure="sign with the live secrets only")
    return Message(id, int(stamp), signatures)


def fits(message: Message, body: bytes, secrets: Sequence[str]) -> bool:
    """Whether one of the signatures is of one of these secrets. Takes as long for none as for one."""
    signed = f"{message.id}.{message.timestamp}.".encode() + body
    sent = [signature.encode("utf-8", "replace") for signature in message.signatures]
    found = False
    for secret in secrets or ("",):
        key = key_of(secret)
        expected = b"v1," + base64.b64encode(hmac.digest(key or NOBODYS, signed, "sha256"))
        for signature in sent:
            found |= hmac.compare_digest(expected, signature) and key is not None
    return found


def key_of(secret: str) -> bytes | None:
    """The bytes of a secret as Standard Webhooks writes it, with or without padding; None where it is none."""
    text = secret.removeprefix(PREFIX).rstrip("=")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True) or None
    except (binascii.Error, ValueError):
        return None


def refused(detail: str, *, cure: str) -> Problem:
    """401 for a message that is not from the site that it names."""
    return Problem(401, detail, kind="wrong-signature", cure=cure, headers=[CHALLENGE])

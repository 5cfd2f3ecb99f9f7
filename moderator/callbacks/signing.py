"""Signatures after Standard Webhooks 1.0.0, symmetric (``v1``): HMAC-SHA256 over ``id.timestamp.body``."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import datetime

from moderator.callbacks.errors import BadAddress

PREFIX = "whsec_"
LEAST, MOST = 24, 64  # bytes of a secret


def key_of(secret: str) -> bytes:
    """The bytes of a ``whsec_…`` secret. BadAddress where it is none."""
    try:
        encoded = secret.removeprefix(PREFIX)
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not LEAST <= len(key) <= MOST:
        raise BadAddress(
            f"the secret must be whsec_ and base64 of {LEAST} to {MOST} bytes; leave it out to have one made"
        )
    return key


def signed(secrets: Iterable[str], *, message_id: str, body: bytes, at: datetime) -> Mapping[str, str]:
    """The three headers. Each live secret signs, so that the receiver may know either while one is exchanged."""
    timestamp = str(int(at.timestamp()))
    content = f"{message_id}.{timestamp}.".encode() + body
    digests = (hmac.digest(key_of(secret), content, hashlib.sha256) for secret in secrets)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests),
    }

"""Requests that happen once: the header Idempotency-Key, and which of them are under way in this process.

https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-idempotency-key-header
"""

import hashlib
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from moderator.store import Receipt
from moderator.wire.problems import Problem

MOST_OF_A_KEY = 255
# A structured field's String (RFC 9651), or, as many clients send it, the same characters without quotes.
QUOTED = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\])+)"', re.ASCII)
BARE = re.compile(r"[!#-+\--:<-\[\]-~]+", re.ASCII)  # no space, quote, comma, semicolon or backslash
ESCAPED = re.compile(r"\\(.)")


def key_of(sent: str) -> str:
    """The key that the header names. Problem 400."""
    sent = sent.strip()
    quoted = QUOTED.fullmatch(sent)
    key = ESCAPED.sub(r"\1", quoted[1]) if quoted else sent
    if not (quoted or BARE.fullmatch(sent)) or len(key) > MOST_OF_A_KEY:
        raise Problem(
            400,
            "the header Idempotency-Key is none",
            kind="bad-idempotency-key",
            cure=f'send 1 to {MOST_OF_A_KEY} printable ASCII characters in quotes, such as a UUID: "8e03978e-40d5-…"',
        )
    return key


def fingerprint(environ: Mapping[str, Any], body: bytes) -> str:
    """SHA-256 (hex) of the whole request: what is asked, where, with what."""
    asked = hashlib.sha256(f"{environ['REQUEST_METHOD']} {environ.get('PATH_INFO', '')}\n".encode("utf-8", "replace"))
    asked.update(body)
    return asked.hexdigest()


class UnderWay:
    """The requests of this process that are under way by a name of their own. Safe for threads.

    Of two at once the second is told to come back, rather than made to wait. Two in two processes meet in the
    database, where one is first and both get its answer.
    """

    def __init__(self) -> None:
        self._names: set[tuple[int, str]] = set()
        self._changing = threading.Lock()

    @contextmanager
    def __call__(self, site_id: int, once: Sequence[Receipt]) -> Iterator[None]:
        """Within, no other of the same name begins. Problem 409 where one is under way."""
        names = {(site_id, receipt.name) for receipt in once}
        with self._changing:
            if names & self._names:
                raise Problem(
                    409,
                    "a request with the same key or message id is under way",
                    kind="under-way",
                    cure="wait for its answer, or send the same again a second later",
                    headers=[("Retry-After", "1")],
                )
            self._names |= names
        try:
            yield
        finally:
            with self._changing:
                self._names -= names

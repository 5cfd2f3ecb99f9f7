"""Errors as RFC 9457 problem documents: what is wrong, where, and the cure; nothing of our inside."""

import json
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from flask import Response, request

# The last part of a problem's type; with "about:blank" the status says all.
TYPES = "tag:moderator,2026:problem/"
MOST_OF_A_PATH = 200
LATER = (("Retry-After", "2"),)  # seconds

JSON_HEADERS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Referrer-Policy", "no-referrer"),
)


# json.dumps with separators of one's own makes an encoder at every call.
encode = json.JSONEncoder(separators=(",", ":")).encode


def answer(said: object, status: int = 200, headers: Sequence[tuple[str, str]] = JSON_HEADERS) -> Response:
    """An answer in JSON, compact, in ASCII."""
    return Response(encode(said).encode(), status, headers, mimetype="application/json")


class Problem(Exception):
    """A request that gets an error for an answer. ``kind`` is its type's last part; raise it anywhere in a door."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        kind: str = "",
        title: str = "",
        field: str = "",
        cure: str = "",
        headers: Iterable[tuple[str, str]] = (),
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.kind = kind
        self.title = title or HTTPStatus(status).phrase
        self.field = field
        self.cure = cure
        self.headers = tuple(headers)


def shown(problem: Problem) -> dict[str, Any]:
    """The problem's members, but for the instance."""
    members: dict[str, Any] = {
        "type": TYPES + problem.kind if problem.kind else "about:blank",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
    }
    if problem.field:
        members["field"] = problem.field
    if problem.cure:
        members["cure"] = problem.cure
    return members


def render(problem: Problem) -> Response:
    """The problem as an answer to the request at hand."""
    members = shown(problem) | {"instance": quote(request.path[:MOST_OF_A_PATH], errors="replace")}
    headers = [*problem.headers, *JSON_HEADERS]
    return Response(encode(members), problem.status, headers, mimetype="application/problem+json")


def unavailable(detail: str, *, cure: str = "send it again in a few seconds") -> Problem:
    """503: come back in a moment."""
    return Problem(
        503,
        detail,
        kind="unavailable",
        cure=cure,
        headers=LATER,
    )

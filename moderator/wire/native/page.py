"""``/openapi.json`` and ``/docs``: the description as a document for programs and as a page for people.

The page is plain HTML of our own: no script, nothing from elsewhere.
"""

import re
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

from flask import Blueprint, Response, render_template, request

from moderator.wire.native.description import SIGNED, document
from moderator.wire.native.schemas import PROBLEMS, SCHEMAS
from moderator.wire.problems import answer

POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
HEADERS = (
    ("Content-Security-Policy", POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cache-Control", "no-store"),
)
# What may stand in a curl line that somebody copies into a shell; Host headers can lie.
PLAIN_HOST = re.compile(r"([A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?", re.ASCII)
METHODS = ("post", "put", "get", "delete")


def blueprint(public_url: str) -> Blueprint:
    """The two addresses. ``public_url`` is where people reach us; empty: where this request came to."""
    pages = Blueprint(
        "native_docs", __name__, template_folder="templates", static_folder="static", static_url_path="/docs/static"
    )

    def described() -> dict[str, Any]:
        return document(version("moderator"), public_url or _base())

    @pages.get("/openapi.json")
    def openapi() -> Response:
        return answer(described())

    @pages.get("/docs")
    def docs() -> Response:
        whole = described()
        page = render_template(
            "native_docs.html",
            about=whole["info"]["description"],
            operations=sorted(_operations(whole), key=lambda one: one["method"] == "DELETE"),
            comment=list(_fields(SCHEMAS["Comment"])),
            answer=[*_fields(SCHEMAS["Answer"]["allOf"][1]), *_fields(SCHEMAS["Decision"])],
            problems=PROBLEMS,
            signed=SIGNED.replace("{base}", whole["servers"][0]["url"]),
        )
        return Response(page, headers=HEADERS, mimetype="text/html")

    return pages


def _base() -> str:
    """The address that this request came to, if it can be shown."""
    host = request.environ.get("HTTP_HOST", "")
    return f"{request.scheme}://{host if PLAIN_HOST.fullmatch(host) else '127.0.0.1:8080'}"


def _operations(whole: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path, item in whole["paths"].items():
        for method in METHODS:
            if method in item:
                yield {"path": path, "method": method.upper(), **item[method]}


def _fields(schema: dict[str, Any], within: str = "") -> Iterator[tuple[str, str, bool]]:
    """Each field's name, what it is, and whether it must be there; inner ones after their object."""
    for name, field in schema["properties"].items():
        yield f"{within}{name}", field.get("description", ""), name in schema.get("required", ())
        if "properties" in field:
            yield from _fields(field, f"{within}{name}.")

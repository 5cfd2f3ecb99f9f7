"""A request's body as JSON, strictly: what two parsers could take for two things is refused."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from moderator.wire.problems import Problem

MOST_DEPTH = 32
# A body that is over the limit is read and thrown away up to here, as a client that is still sending sees its
# connection break instead of our answer.
MOST_THROWN_AWAY = 16 * 1_048_576

BOM = b"\xef\xbb\xbf"
# Always matches from a quote on, to the end if it must: no second look at any character.
JSON_TEXT = re.compile(rb'"(?:[^"\\]++|\\(?:.|\Z))*+(?:"|\Z)', re.DOTALL)
BRACKET = re.compile(rb"[\[\]{}]")


JSON = ("application/json",)


def read_json(environ: Mapping[str, Any], *, most_bytes: int) -> Any:
    """What the body says. Raises Problem: 413, 415 or 400."""
    return parse(read_body(environ, most_bytes=most_bytes))


def read_body(environ: Mapping[str, Any], *, most_bytes: int, types: Sequence[str] = JSON) -> bytes:
    """The body as it was sent, if it is of one of these types. Raises Problem: 413, 415 or 400."""
    sent = environ.get("CONTENT_TYPE", "")
    if sent not in types:
        _check_type(sent, types)
    if environ.get("HTTP_CONTENT_ENCODING", "identity").strip().lower() not in ("", "identity"):
        raise Problem(
            415, "a compressed body is not taken", kind="content-encoding", cure="send it without Content-Encoding"
        )
    return read_raw(environ, most_bytes)


def parse(raw: bytes) -> Any:
    """What these bytes say in JSON. Raises Problem 400."""
    if raw.startswith(BOM):
        raise _bad("the body begins with a byte order mark", cure="send UTF-8 without one")
    if raw.count(b"[") + raw.count(b"{") > MOST_DEPTH and _too_deep(raw):
        raise _bad(f"the JSON is nested more than {MOST_DEPTH} deep", cure="send one object as documented")
    try:
        return DECODER.decode(raw.decode())
    except UnicodeDecodeError as error:
        raise _bad(f"the body is no UTF-8 from byte {error.start} on", cure="send JSON in UTF-8") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise _bad(f"the body is no JSON: {error.msg} ({where})", cure="send one JSON object in UTF-8") from None
    except (ValueError, RecursionError):  # a number of more than 4,300 digits; depth was checked, this is for luck
        raise _bad("the body has a number that is too long", cure="send ids as texts") from None


def _bad(detail: str, *, cure: str) -> Problem:
    return Problem(400, detail, kind="bad-json", cure=cure)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in found if names.count(name) > 1)
        raise _bad(f"the key {json.dumps(twice[:100])} stands twice in one object", cure="send each key once")
    return found


def _constant(name: str) -> Any:
    raise _bad(f"{name} is no JSON", cure="send a number or null")


DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant)


def _too_deep(raw: bytes) -> bool:
    depth = 0
    for bracket in BRACKET.finditer(JSON_TEXT.sub(b"", raw)):
        depth += 1 if bracket[0] in b"[{" else -1
        if depth > MOST_DEPTH:
            return True
    return False


def media_type(sent: str) -> str:
    """A Content-Type without its parameters."""
    return sent.partition(";")[0].strip().lower()


def _check_type(sent: str, types: Sequence[str]) -> None:
    if media_type(sent) not in types:
        cure = f"send Content-Type: {' or '.join(types)}"
        raise Problem(415, "the body must be JSON", kind="media-type", cure=cure)
    charset = sent.partition(";")[2].strip().lower().replace(" ", "").replace('"', "")
    if charset not in ("", "charset=utf-8", "charset=utf8"):
        raise Problem(415, "the body must be UTF-8", kind="media-type", cure="send it without another charset")


def read_raw(environ: Mapping[str, Any], most_bytes: int) -> bytes:
    """The body, of at most so many bytes; its end is told by Content-Length or, where it is chunked, by the server.

    Raises Problem: 413 or 400.
    """
    length = environ.get("CONTENT_LENGTH")
    stream = environ["wsgi.input"]
    if length:
        try:
            size = int(length)
        except ValueError:
            size = -1
        if size < 0:
            raise Problem(400, "Content-Length is no number", kind="bad-length")
        if size > most_bytes:
            _throw_away(stream, min(size, MOST_THROWN_AWAY))
            raise _too_large(most_bytes)
    elif environ.get("wsgi.input_terminated"):
        size = most_bytes + 1
    else:
        return b""
    raw: bytes = stream.read(size)
    if len(raw) > most_bytes:
        _throw_away(stream, MOST_THROWN_AWAY)
        raise _too_large(most_bytes)
    if length and len(raw) < size:
        raise Problem(400, "the body ended before its Content-Length", kind="bad-length", cure="send it again")
    return raw


def _too_large(most_bytes: int) -> Problem:
    return Problem(413, f"the body is larger than {most_bytes:,} bytes", kind="too-large", cure="send less at once")


def _throw_away(stream: Any, most: int) -> None:
    while most > 0:
        thrown = stream.read(min(most, 65_536))
        if not thrown:
            return
        most -= len(thrown)

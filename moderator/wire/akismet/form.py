"""A request's body and query as fields, whatever its client made of them.

Clients send urlencoded forms, some multipart ones; in UTF-8, in the blog's own charset, or in another than they say; a
name twice, or as PHP's arrays. A field is decoded only when somebody asks for it by name: what blogs forward beside
the comment (cookies, passwords, nonces) is never read.
"""

import codecs
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData

from moderator.wire.json_body import read_raw
from moderator.wire.problems import Problem

# As many as PHP takes of a form by itself (max_input_vars); WordPress sends about 41, and those of the visitor's form.
MOST_FIELDS = 1_000
URLENCODED = frozenset({"", "application/x-www-form-urlencoded", "text/plain"})
# In which blogs write. Not every codec of Python's: some are no charsets, and some take quadratic time.
CHARSETS = re.compile(
    r"utf-8|iso-?8859-\d{1,2}|iso8859-\d{1,2}|cp(?:125\d|932|949|936)|koi8-[rtu]|shift_jis|euc_(?:jp|kr)|gb(?:2312|k|18030)|big5"
)
QUOTED = re.compile(rb"%([0-9A-Fa-f]{2})")
HEX = "0123456789ABCDEFabcdef"
UNQUOTED = {(high + low).encode(): bytes([int(high + low, 16)]) for high in HEX for low in HEX}
LONG = 16_384  # bytes of a field; shorter ones are quicker one by one
VALUE_OF = np.array([int(chr(code), 16) if chr(code) in HEX else 255 for code in range(256)], np.uint8)
ARRAY = re.compile(r"([^\[\]]+)\[[^\[\]]{0,64}\]")


class Refused(Exception):
    """A request that cannot be answered; its text says why and what to do, in ASCII and without anything sent."""

    def __init__(self, text: str, *, body: str = "invalid", status: int = 200, retry_after: int = 0) -> None:
        super().__init__(text)
        self.body = body
        self.status = status
        self.retry_after = retry_after


class Form:
    """Fields by name; the text of one that is not there is empty."""

    def __init__(self, fields: Mapping[str, bytes], charset: str = "") -> None:
        self._fields = fields
        self._charset = charset or _charset(self._plain("blog_charset")) or _charset(self._plain("charset"))

    def __contains__(self, name: str) -> bool:
        return name in self._fields

    def get(self, *names: str) -> str:
        """The text of the first of these fields that has one."""
        for name in names:
            raw = self._fields.get(name, b"")
            if raw:
                return decoded(raw, self._charset)
        return ""

    def says(self, name: str) -> bool:
        """Whether the field says yes."""
        return self.get(name).strip().lower() in ("1", "true", "yes", "on")

    def _plain(self, name: str) -> str:
        return self._fields.get(name, b"")[:40].decode("ascii", "replace")


def decoded(raw: bytes, charset: str) -> str:
    """As UTF-8 if it can be, whatever was declared: other charsets' texts hardly ever can. Else as declared."""
    for codec in ("utf-8", charset):
        if codec:
            try:
                return raw.decode(codec)
            except UnicodeDecodeError:
                continue
    return raw.decode("cp1252", "replace")


def _charset(name: str) -> str:
    """The codec of a charset in which blogs write; empty for anything else."""
    try:
        found = codecs.lookup(name.strip()).name if name.strip() else ""
    except (LookupError, ValueError):  # ValueError: a NUL in the name
        return ""
    return found if CHARSETS.fullmatch(found) else ""


def read_form(environ: Mapping[str, Any], *, most_bytes: int) -> Form:
    """The fields of the body, and where it does not have them, of the query. Raises Refused."""
    kind, charset, boundary = _content_type(environ.get("CONTENT_TYPE", ""))
    if environ.get("HTTP_CONTENT_ENCODING", "identity").strip().lower() not in ("", "identity"):
        raise Refused("a compressed body is not taken; send it without Content-Encoding")
    try:
        raw = read_raw(environ, most_bytes)
    except Problem as problem:
        raise Refused(f"{problem.detail}; {problem.cure or 'send it again'}") from None
    query = environ.get("QUERY_STRING", "")
    pairs = [*_urlencoded(query.encode("latin-1", "replace"))] if query else []
    if kind == "multipart/form-data":
        pairs += _multipart(raw, boundary)
    elif kind in URLENCODED or "/" not in kind:  # npm's akismet sets "charset=utf-8" and nothing else
        pairs += _urlencoded(raw)
    elif raw:
        raise Refused("the body is no form; send Content-Type: application/x-www-form-urlencoded")
    return Form(_named(pairs), charset)


@lru_cache(maxsize=64)
def _content_type(sent: str) -> tuple[str, str, str]:
    """The media type, the codec and the boundary that a Content-Type tells; most clients send the same all the time."""
    kind, options = parse_options_header(sent)
    return kind.strip().lower(), _charset(options.get("charset", "")), options.get("boundary", "")


def _named(pairs: list[tuple[str, bytes]]) -> dict[str, bytes]:
    """The last of each name, as PHP has it; ``name[]`` and ``name[0]`` are that name where it is not there plainly."""
    fields = dict(pairs)
    for name, value in pairs:
        if name.endswith("]") and (array := ARRAY.fullmatch(name)):
            fields.setdefault(array[1], value)
    return fields


def _urlencoded(raw: bytes) -> Iterator[tuple[str, bytes]]:
    if raw.count(b"&") >= MOST_FIELDS:
        raise _too_many()
    for pair in raw.replace(b"+", b" ").split(b"&"):
        name, _, value = pair.partition(b"=")
        if name:
            yield _unquoted(name).decode("utf-8", "replace"), _unquoted(value)


def _unquoted(text: bytes) -> bytes:
    """Without percent signs that quote. urllib's takes 0.84 s for a megabyte of percent signs that quote nothing."""
    if len(text) > LONG:
        return _unquoted_at_once(text)
    return QUOTED.sub(lambda found: UNQUOTED[found[1]], text) if b"%" in text else text


def _unquoted_at_once(text: bytes) -> bytes:
    """The same for a long text: a megabyte of quoted bytes takes 10 ms, where one after the other they take 200."""
    raw = np.frombuffer(text, np.uint8)
    at = np.flatnonzero(raw[:-2] == ord("%"))
    high, low = VALUE_OF[raw[at + 1]], VALUE_OF[raw[at + 2]]
    quotes = (high < 16) & (low < 16)
    at = at[quotes]
    out, kept = raw.copy(), np.ones(len(raw), bool)
    out[at] = high[quotes] * 16 + low[quotes]
    kept[at + 1] = kept[at + 2] = False
    return out[kept].tobytes()


def _multipart(raw: bytes, boundary: str) -> Iterator[tuple[str, bytes]]:
    """The fields of a multipart form; files are passed over."""
    try:
        decoder = MultipartDecoder(boundary.encode(), max_parts=MOST_FIELDS)
        decoder.receive_data(raw)
        decoder.receive_data(None)
        name, value = "", b""
        while not isinstance(event := decoder.next_event(), Epilogue | NeedData):
            if isinstance(event, Field | File):
                name, value = event.name if isinstance(event, Field) else "", b""
            elif isinstance(event, Data):
                value += event.data
                if name and not event.more_data:
                    yield name, value
    except RequestEntityTooLarge:
        raise _too_many() from None
    except (ValueError, TypeError, AttributeError):  # a part without a name, a boundary that is none
        raise Refused("the multipart body is broken; send Content-Type: application/x-www-form-urlencoded") from None


def _too_many() -> Refused:
    return Refused(f"the form has more than {MOST_FIELDS:,} fields; send what belongs to the comment")

"""Whatever is sent to Akismet's door, nobody gets a 5xx, and every answer is one that clients know.

MODERATOR_TEST_MUTATIONS says how many requests are made up; by default a few hundred.
"""

import json
import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote_from_bytes

import pytest
from akismet_blog import THANKS, Blog, set_up
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_akismet import WORDPRESS

from moderator.wire.akismet import ENDPOINTS, form

MUTATIONS = int(os.environ.get("MODERATOR_TEST_MUTATIONS", "200"))
BODIES = {"valid", "invalid", "true", "false", THANKS, "deactivated", "connected", "wait"}


@pytest.fixture(scope="module")
def blog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Blog]:
    made = set_up(tmp_path_factory.mktemp("mutated"))
    yield made
    made.here.store.close()


RAW = st.binary(max_size=60) | st.text(st.characters(), max_size=30).map(
    lambda text: text.encode("utf-8", "surrogatepass")
)
NAMES = st.sampled_from(
    [*WORDPRESS, "api_key", "key", "is_test", "recheck_reason", "honeypot_field_name", "reporter", "guid", "charset",
     "content_type", "akismet_pre_check", "month", "from", "format", "order", "limit", "offset", "filter", "extended"]
).map(str.encode)  # fmt: skip
ODD = st.sampled_from(
    [b"", b"\x00", b"%", b"%zz", b"\xff\xfe", b"\xed\xa0\x80", b"[]", b"1" * 5000, b"-1", b"2026-02", b"csv", b"true",
     b"<b>" * 300, b"&#x110000;", b"\r\nX-Evil: 1", b"9" * 30, b"utf-16", b"idna", b"punycode"]
)  # fmt: skip
PAIR = st.tuples(NAMES | RAW, ODD | RAW)
CHANGES = st.lists(PAIR, max_size=8)
KINDS = st.sampled_from(
    ["application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=utf-7", "", "charset=utf-8",
     "multipart/form-data; boundary=x", "multipart/form-data", "application/json", "text/plain;charset=\"", "a/b;;=;c"]
)  # fmt: skip
NO_HOSTS = ("..", "a" * 3000)  # refused before anybody asks whose they are
HOSTS = st.sampled_from(
    ["rest.akismet.com", "{key}.rest.akismet.com", "0123456789ab.x", "", "..", "[::1]:80", "a" * 3000]
)
ENDS = st.sampled_from([*ENDPOINTS, "1.1/", "1.1/nothing", "1.2/comment-check", "1.1/verify-key/../test"])


def body_of(pairs: list[tuple[bytes, bytes]], kind: str, glue: str) -> bytes:
    if kind.startswith("multipart"):
        parts = [
            b'--x\r\nContent-Disposition: form-data; name="' + name + b'"\r\n\r\n' + value for name, value in pairs
        ]
        return b"\r\n".join([*parts, b"--x--" if glue == "whole" else b"--"])
    quoted = (f"{quote_from_bytes(name)}={quote_from_bytes(value)}".encode() for name, value in pairs)
    return b"&".join(quoted if glue == "whole" else (name + b"=" + value for name, value in pairs))


@settings(max_examples=MUTATIONS, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    end=ENDS | st.just("1.1/comment-check"),
    changes=CHANGES,
    left_out=st.sets(st.sampled_from(sorted(WORDPRESS)), max_size=6),
    key_in=st.sampled_from(["body", "query", "path", "host", "nowhere"]),
    kind=KINDS,
    host=HOSTS,
    glue=st.sampled_from(["whole", "raw"]),
    method=st.sampled_from(["POST", "POST", "POST", "GET", "PUT"]),
    cut=st.none() | st.integers(0, 400),
    encoding=st.sampled_from(["", "", "", "gzip"]),
)
def test_no_request_gives_a_5xx(
    end: str, changes: list[tuple[bytes, bytes]], left_out: set[str], key_in: str, kind: str, host: str, glue: str,
    method: str, cut: int | None, encoding: str, blog: Blog,
) -> None:  # fmt: skip
    pairs = [(name.encode(), value.encode()) for name, value in WORDPRESS.items() if name not in left_out] + changes
    if key_in == "body":
        pairs.append((b"api_key", blog.key.encode()))
    path = (
        f"/k/{blog.key}/{end}"
        if key_in == "path"
        else f"/{end}" + (f"?api_key={blog.key}" if key_in == "query" else "")
    )
    host = f"{blog.key}.rest.akismet.com" if key_in == "host" else host.replace("{key}", blog.key)
    headers: dict[str, Any] = {"Content-Type": kind, "Host": host, "Content-Encoding": encoding}
    body = body_of(pairs, kind, glue)[: cut if cut is not None else None]
    answer = blog.here.client.open(path, method=method, data=body, headers=headers)
    if host in NO_HOSTS:
        assert answer.status_code == 400
        return
    assert answer.status_code in (200, 404, 405, 429), answer.text
    known = answer.text in BODIES or answer.is_json or end in ("1.1/token", "1.2/key-sites", "1.2/compatible-plugins")
    assert known or answer.status_code == 404, answer.text
    assert all(value.isascii() and value.isprintable() for value in answer.headers.values())
    if answer.is_json:
        json.loads(answer.text)
    if end == "1.1/comment-check":
        blog.here.store.comment(None, answer.headers["X-akismet-guid"])  # what was kept can be shown
        assert answer.text in ("true", "false") or answer.headers["X-akismet-error"]


@given(st.lists(st.sampled_from([b"%", b"4", b"1", b"f", b"F", b"g", b"\xff", b"%C3%A9"]), min_size=3).map(b"".join))
def test_a_long_field_is_read_as_a_short_one(text: bytes) -> None:
    assert form._unquoted_at_once(text) == form.QUOTED.sub(lambda found: form.UNQUOTED[found[1]], text)

"""What bad input of HTTP itself meets at the native door, through the real server's socket."""

import gzip
import json
import re
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from test_story import serving

BODY = b'{"id": "1", "body": "Hello, all of you."}'


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, str]]:
    """The port and the site's key."""
    with serving(tmp_path_factory.mktemp("http") / "data") as (port, said):
        yield port, re.findall(r"mk_[\w-]+", said)[0]


def ask(
    server: tuple[int, str], method: str, path: str, body: bytes = b"", **headers: str | None
) -> tuple[int, dict[str, str], bytes]:
    """The first answer to these very bytes: status, headers, body."""
    port, key = server
    sent = {
        "Host": "127.0.0.1",
        "Authorization": f"Bearer {key}",
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Connection": "close",
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in sent.items() if value is not None)
    with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        client.sendall(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + body)
        got = b""
        while more := client.recv(65536):
            got += more
    got = got.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
    top, _, rest = got.partition(b"\r\n\r\n")
    first, *lines = top.decode("latin-1").split("\r\n")
    return (
        int(first.split(" ")[1]),
        {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)},
        rest,
    )


def problem(answer: tuple[int, dict[str, str], bytes]) -> dict[str, Any]:
    assert answer[1]["content-type"] == "application/problem+json", answer
    told: dict[str, Any] = json.loads(answer[2])
    assert told["status"] == answer[0] and told["cure"]
    return told


def test_a_gzip_bomb_is_not_unpacked(server: tuple[int, str]) -> None:
    bomb = gzip.compress(b"a" * 50_000_000)
    for path in ("/v1/comments", "/v1/comments/batch"):
        answer = ask(server, "POST", path, bomb, Content_Encoding="gzip")
        assert (answer[0], problem(answer)["type"][-16:]) == (415, "content-encoding")


@pytest.mark.parametrize("coding", ["deflate", "br", "gzip, gzip", "identity, gzip"])
def test_no_content_encoding_is_taken(coding: str, server: tuple[int, str]) -> None:
    assert ask(server, "POST", "/v1/comments", BODY, Content_Encoding=coding)[0] == 415


@pytest.mark.parametrize(
    "kind",
    [
        "application/json; charset=utf-16",
        'application/json; charset="latin-1"',
        "text/json",
        "multipart/form-data; boundary=x",
    ],
)
def test_another_charset_or_type_is_415(kind: str, server: tuple[int, str]) -> None:
    answer = ask(server, "POST", "/v1/comments", BODY, Content_Type=kind)
    assert (answer[0], problem(answer)["type"][-10:]) == (415, "media-type")


def test_a_body_over_the_cap_is_413(server: tuple[int, str]) -> None:
    answer = ask(server, "POST", "/v1/comments", b'{"id":"1","body":"' + b"x" * 1_048_576 + b'"}')
    assert (answer[0], problem(answer)["type"][-9:]) == (413, "too-large")
    answer = ask(server, "POST", "/v1/comments/batch", b"x" * (8 * 1_048_576 + 1))
    assert (answer[0], problem(answer)["type"][-9:]) == (413, "too-large")


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:1", "a b", "x\xff", "[::1", "", "rest.akismet.com", "x" * 3000]
)
def test_a_lying_host_changes_nothing(host: str, server: tuple[int, str]) -> None:
    status, headers, _ = ask(server, "POST", "/v1/comments", BODY, Host=host)
    assert status in (200, 201, 400)
    assert "location" not in headers


def test_expect_is_answered(server: tuple[int, str]) -> None:
    assert ask(server, "POST", "/v1/comments", BODY, Expect="100-continue")[0] in (200, 201)
    assert ask(server, "POST", "/v1/comments", BODY, Expect="a-miracle")[0] < 500


def test_head_and_options_tell_what_get_would(server: tuple[int, str]) -> None:
    ask(server, "POST", "/v1/comments", BODY)
    status, _, body = ask(server, "HEAD", "/v1/comments?external_id=1", Content_Type=None)
    assert (status, body) == (200, b"")
    assert ask(server, "HEAD", "/v1/comments/nothing")[0] == 404
    assert ask(server, "HEAD", "/v1/comments/batch")[0] == 405
    for path, methods in (("/v1/comments", "POST"), ("/v1/comments/batch", "POST"), ("/v1/comments/x", "PUT")):
        status, headers, _ = ask(server, "OPTIONS", path)
        assert status == 200 and methods in headers["allow"]


@pytest.mark.parametrize("method", ["PATCH", "TRACE", "PROPFIND", "POSTT"])
def test_another_method_is_405(method: str, server: tuple[int, str]) -> None:
    answer = ask(server, method, "/v1/comments", BODY)
    assert answer[0] == 405 and "POST" in answer[1]["allow"]
    assert problem(answer)["cure"] == "see the header Allow"


@pytest.mark.parametrize("path", ["/v1/comments/", "/v1/comments/batch/", "/v1/comments/x/verdict/", "/v1//comments"])
def test_another_address_is_404(path: str, server: tuple[int, str]) -> None:
    answer = ask(server, "POST", path, BODY)
    assert answer[0] in (404, 405)
    problem(answer)


def test_the_key_is_taken_from_its_header_alone(server: tuple[int, str]) -> None:
    key = server[1]
    for path in (f"/v1/comments?api_key={key}", f"/v1/comments?key={key}"):
        assert problem(ask(server, "POST", path, BODY, Authorization=None))["type"].endswith("/no-key")
    for wrong in (key.swapcase(), key + "\x00", key[:9], key.replace("m", "\xec"), f"{key}, Bearer {key}"):
        answer = ask(server, "POST", "/v1/comments", BODY, Authorization=f"Bearer {wrong}")
        assert answer[0] in (400, 401)


def test_a_batch_comes_back_in_lines_over_a_socket(server: tuple[int, str]) -> None:
    body = b"\n".join(b'{"id": "b%d", "body": "Hello"}' % number for number in range(130))
    status, headers, answer = ask(server, "POST", "/v1/comments/batch", body, Content_Type="application/x-ndjson")
    assert (status, headers["content-type"]) == (200, "application/x-ndjson")
    assert answer.count(b'"status":201') == 130


def test_after_all_that_it_still_answers(server: tuple[int, str]) -> None:
    assert ask(server, "GET", "/readyz")[0] == 200

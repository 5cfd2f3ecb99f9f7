"""Requests that would tie up or mislead a server, over the real server's socket; honest ones beside them are served."""

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest
from test_native_http import BODY, ask, server

__all__ = ["server"]  # the running server, as a fixture

HEAD = "POST /v1/comments HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nAuthorization: Bearer {}\r\n"
MIB = 1_048_576


@pytest.fixture
def raw(server: tuple[int, str]) -> Iterator[socket.socket]:
    """A connection to it."""
    with socket.create_connection(("127.0.0.1", server[0]), timeout=30) as client:
        yield client


def status_of(client: socket.socket) -> list[int]:
    """The statuses of all answers until it hangs up."""
    got = b""
    try:
        while more := client.recv(65_536):
            got += more
    except ConnectionResetError:
        pass
    return [int(part[:3]) for part in got.split(b"HTTP/1.1 ")[1:]]


def test_a_body_without_an_end_is_cut_off(server: tuple[int, str], raw: socket.socket) -> None:
    raw.sendall((HEAD.format(server[1]) + "Transfer-Encoding: chunked\r\n\r\n").encode())
    chunk, sent = b"400\r\n" + b"x" * 1024 + b"\r\n", 0
    with suppress(OSError):  # reset or broken pipe, as it comes
        while sent < 64 * MIB:
            raw.sendall(chunk * 64)
            sent += 64 * 1024
    assert sent < 40 * MIB
    assert ask(server, "GET", "/readyz")[0] == 200


def test_what_follows_a_short_body_is_no_request_with_a_key(server: tuple[int, str], raw: socket.socket) -> None:
    body = '{"body":"hi"}GET /v1/comments?external_id=1 HTTP/1.1\r\nHost: x\r\n\r\n'
    raw.sendall((HEAD.format(server[1]) + f"Content-Length: 13\r\n\r\n{body}").encode())
    raw.shutdown(socket.SHUT_WR)
    assert status_of(raw) in ([422, 401], [422, 400], [422])


def test_two_lengths_at_once_are_refused(server: tuple[int, str], raw: socket.socket) -> None:
    lengths = "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
    raw.sendall((HEAD.format(server[1]) + lengths + "0\r\n\r\nGET /v1/comments HTTP/1.1\r\nHost: x\r\n\r\n").encode())
    raw.shutdown(socket.SHUT_WR)
    assert status_of(raw)[0] == 400


def test_an_unknown_transfer_encoding_is_refused(server: tuple[int, str], raw: socket.socket) -> None:
    raw.sendall((HEAD.format(server[1]) + "Transfer-Encoding: xchunked\r\n\r\nx").encode())
    raw.shutdown(socket.SHUT_WR)
    assert status_of(raw)[0] in (400, 501)


def test_a_multipart_bomb_is_no_json(server: tuple[int, str]) -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n\r' + b"a" * 900_000
    assert ask(server, "POST", "/v1/comments", body, Content_Type="multipart/form-data; boundary=x")[0] == 415


def test_honest_comments_are_answered_beside_bombs(server: tuple[int, str]) -> None:
    units = ("<b>", "<a", "a.com ", "http://a.b ", "e\u0301\u0301\u0301", "[a](")
    bombs = [json.dumps({"id": f"bomb-{unit}", "body": unit * (16_000 // len(unit))}).encode() for unit in units]
    statuses: list[int] = []

    def bombard(body: bytes) -> None:
        for _ in range(4):
            statuses.append(ask(server, "POST", "/v1/comments", body)[0])

    senders = [threading.Thread(target=bombard, args=[body]) for body in bombs]
    for sender in senders:
        sender.start()
    client = http.client.HTTPConnection("127.0.0.1", server[0], timeout=10)
    for _ in range(10):
        client.request("POST", "/v1/comments", BODY, {"Content-Type": "application/json",
                                                      "Authorization": f"Bearer {server[1]}"})  # fmt: skip
        answer = client.getresponse()
        statuses.append(answer.status)
        answer.read()
    for sender in senders:
        sender.join()
    client.close()
    assert set(statuses) <= {200, 201}

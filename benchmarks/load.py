"""The load generator: a process of its own with raw sockets, so that it costs few of the cycles that it measures.

    python benchmarks/load.py PORT CONNECTIONS SECONDS KIND [KEY] [FIRST]

prints one JSON object: requests, seconds, latencies in milliseconds.
"""

import hmac
import json
import selectors
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast
from urllib.parse import urlencode

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.common import comment

GET = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def posts(key: str, first: int) -> Iterator[bytes]:
    """Requests with a decision to make each."""
    number = first
    while True:
        body = json.dumps(comment(number)).encode()
        head = (
            "POST /v1/comments HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {key}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        yield head.encode() + body
        number += 1


def checks(key: str, first: int) -> Iterator[bytes]:
    """The same comments, as clients of Akismet's protocol ask for them."""
    number = first
    while True:
        sent = comment(number)
        form = {
            "api_key": key,
            "blog": "https://blog.example",
            "user_ip": sent["ip"],
            "user_agent": sent["user_agent"],
            "comment_author": f"{sent['author']['name']} {number}",  # each its own, or they would be one comment
            "comment_author_email": sent["author"]["email"],
            "comment_content": sent["body"],
            "permalink": sent["post"]["url"],
            "comment_date_gmt": sent["created"],
        }
        body = urlencode(form).encode()
        head = (
            "POST /1.1/comment-check HTTP/1.1\r\nHost: rest.akismet.com\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        yield head.encode() + body
        number += 1


def phases(secret: str, first: int) -> Iterator[bytes]:
    """The same comments, as Coral's external phase asks for them, signed with the secret."""
    number = first
    while True:
        sent = comment(number)
        asked = {
            "action": "NEW",
            "comment": {"body": sent["body"], "parentID": None},
            "author": {"id": f"author-{number}", "role": "COMMENTER"},  # each its own, or they would be one comment
            "story": {"id": "story", "url": sent["post"]["url"]},
            "site": {"id": "site"},
            "tenantID": "tenant",
            "tenantDomain": "comments.example",
        }
        body = json.dumps(asked, indent=2).encode()
        head = (
            "POST /coral/benchmark HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"X-Coral-Signature: sha256={hmac.digest(secret.encode(), body, 'sha256').hex()}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        yield head.encode() + body
        number += 1


def tests(path: str, first: int) -> Iterator[bytes]:
    """The same comments, as BlogSpam's clients ask for them; ``path`` has the key."""
    number = first
    while True:
        sent = comment(number)
        asked = {
            "site": "https://blog.example",
            "name": f"{sent['author']['name']} {number}",
            "email": sent["author"]["email"],
            "ip": sent["ip"],
            "comment": sent["body"],
        }
        body = json.dumps(asked).encode()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        yield head.encode() + body
        number += 1


def scans(key: str, first: int) -> Iterator[bytes]:
    """The same comments, as mails for rspamd. It has no key."""
    from benchmarks.kit.mail import message  # brings scikit-learn with it, which takes a second

    number = first
    while True:
        body = message(comment(number)["body"], number).encode()
        yield f"POST /checkv2 HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
        number += 1


# The kinds of requests that need a key, and where they go.
KINDS = {"webhook": posts, "akismet": checks, "coral": phases, "blogspam": tests, "rspamd": scans}


def run(port: int, connections: int, seconds: float, next_request: Callable[[], bytes]) -> dict[str, object]:
    """Keep each connection busy for so long."""
    selector = selectors.EpollSelector()
    sent_at: dict[socket.socket, float] = {}
    latencies: list[float] = []
    failed = 0
    for _ in range(connections):
        selector.register(_connect(port), selectors.EVENT_READ)
    begin = time.perf_counter()
    for key in list(selector.get_map().values()):
        client = cast(socket.socket, key.fileobj)
        client.sendall(next_request())
        sent_at[client] = time.perf_counter()
    end = begin + seconds
    while (now := time.perf_counter()) < end:
        for key, _ in selector.select(end - now):
            client = cast(socket.socket, key.fileobj)
            answer = client.recv(65536)
            while not _whole(answer):
                more = client.recv(65536)
                if not more:
                    raise SystemExit(f"the server closed a connection after {answer[:200]!r}")
                answer += more
            now = time.perf_counter()
            latencies.append(now - sent_at[client])
            failed += not answer.startswith(b"HTTP/1.1 20")
            if b"\r\nConnection: close\r\n" in answer:  # ours never says so
                selector.unregister(client)
                client.close()
                client = _connect(port)
                selector.register(client, selectors.EVENT_READ)
            client.sendall(next_request())
            sent_at[client] = time.perf_counter()
    took = time.perf_counter() - begin
    latencies.sort()
    count = len(latencies)
    return {
        "requests": count,
        "failed": failed,
        "per_second": count / took,
        "p50_ms": latencies[count // 2] * 1000,
        "p99_ms": latencies[count * 99 // 100] * 1000,
    }


def _connect(port: int) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port))
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client


def _whole(answer: bytes) -> bool:
    head, found, body = answer.partition(b"\r\n\r\n")
    if not found:
        return False
    length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
    return len(body) >= int(length)


def main() -> None:
    port, connections, seconds, kind = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), sys.argv[4]
    requests = KINDS[kind](sys.argv[5], int(sys.argv[6])) if kind in KINDS else None
    prepared = iter([next(requests) for _ in range(int(seconds * 4000))]) if requests else None
    print(json.dumps(run(port, connections, seconds, lambda: next(prepared) if prepared else GET)))


if __name__ == "__main__":
    main()

"""Blogs for the tests of callbacks: real HTTP servers on loopback, that remember what they were told."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from moderator.store import Callback, CallbackKind, Message, Site, Store

Reply = tuple[int, dict[str, str], bytes]
OK: Reply = (200, {}, b"ok")


@dataclass
class Heard:
    """One request as it arrived. ``headers`` in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)

    @property
    def data(self) -> dict[str, Any]:
        """What a native event says."""
        found: dict[str, Any] = self.json["data"]
        return found


@dataclass
class Blog:
    """``heard``: all requests in their order. ``reply`` may be exchanged, and may do what it likes."""

    port: int
    heard: list[Heard] = field(default_factory=list)
    reply: Callable[[Heard], Reply] = lambda heard: OK
    arrived: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        """Where verdicts are to be told."""
        return f"http://127.0.0.1:{self.port}/moderated"

    def told(self) -> list[tuple[str, str]]:
        """The blog's own id and the status, of each native event."""
        return [(heard.data["external_id"], heard.data["status"]) for heard in self.heard]


@contextmanager
def blog(port: int = 0) -> Iterator[Blog]:
    """A blog that listens."""
    here: Blog

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            heard = Heard(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            here.heard.append(heard)
            status, headers, text = here.reply(heard)
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(text))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)
            here.arrived.set()

        do_GET = do_POST

        def log_message(self, format: str, *values: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            pass  # who asked has gone away; that is among what is tested

    server = Server(("127.0.0.1", port), Handler)
    here = Blog(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield here
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def raw_server(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server that does with each connection what it is told; its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()

    def serve() -> None:
        while not ended.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, suppress(OSError):  # who asked has had enough
                talk(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        ended.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def register(store: Store, site: Site, url: str) -> None:
    """Have the site's blog told there, in signed JSON."""
    store.callbacks.set(site.id, CallbackKind.NATIVE, url, allow_private=True)


def callback(store: Store, site: Site) -> Callback:
    """The site's callback as it stands."""
    found = store.callbacks.of(site.id)
    assert found is not None
    return found


def only_message(store: Store) -> Message:
    """The one message that there is."""
    (message,) = store.outbox.listed()
    return message

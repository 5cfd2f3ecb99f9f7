"""One request to a blog, and the beginning of its answer, within a time that nothing on the way can stretch.

http.client by itself follows no redirect and knows no proxy. What it lacks is added: the connection is one that
``network`` made, and the deadline is over the whole answer, however slowly it drips (docs/decisions/0007).
"""

import errno
import io
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from functools import cache
from http.client import HTTPConnection, HTTPException
from importlib.metadata import version
from typing import Any, cast

from moderator.callbacks import network
from moderator.callbacks.address import Address
from moderator.callbacks.errors import NotReached

CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 15.0  # Standard Webhooks recommends 15 to 30
POLITE_SECONDS = 1.0  # for an answer's text that nobody needs
MOST_READ = 4096


@dataclass(frozen=True, slots=True)
class Request:
    """What to send. ``reads``: the answer's text matters, not only its status."""

    address: Address
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    reads: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What the blog said: status, the first few kB of its text, and its Retry-After header if there was one."""

    status: int
    body: bytes
    retry_after: str | None = None

    @property
    def taken(self) -> bool:
        """Success is 2xx alone; a redirect is none."""
        return 200 <= self.status < 300


Exchange = Callable[..., Answer]


def exchange(
    request: Request,
    *,
    allow_private: bool,
    tls: ssl.SSLContext,
    resolve: network.Resolve = socket.getaddrinfo,
    total: float = TOTAL_SECONDS,
) -> Answer:
    """POST the request; what the blog answered. NotReached where it gave no answer that is HTTP."""
    until = time.monotonic() + total
    address = request.address
    connection = network.connect(
        address, allow_private=allow_private, seconds=min(CONNECT_SECONDS, total), resolve=resolve
    )
    try:
        if address.scheme == "https":
            connection.settimeout(_left(until))
            connection = tls.wrap_socket(connection, server_hostname=address.host)
        return _ask(connection, request, until)
    except ssl.SSLCertVerificationError as error:
        raise NotReached(f"the certificate of {address.host} is not valid: {error.verify_message}") from None
    except ssl.SSLError as error:
        raise NotReached(f"no TLS with {address.authority}: {error.reason or 'it broke off'}") from None
    except TimeoutError:
        raise NotReached(f"{address.authority} did not answer within {total:g} s") from None
    except OSError as error:
        raise NotReached(f"{address.authority} broke off: {error.strerror or 'no reason'}") from None
    except (HTTPException, ValueError) as error:
        raise NotReached(f"{address.authority} does not answer in HTTP ({type(error).__name__})") from None
    finally:
        connection.close()


def over_the_network(request: Request, *, allow_private: bool) -> Answer:
    """The exchange with certificates checked against the machine's own authorities."""
    return exchange(request, allow_private=allow_private, tls=_authorities())


@cache
def _authorities() -> ssl.SSLContext:
    """Read when the first blog is told: most installations start without one."""
    return ssl.create_default_context()


def _ask(connection: socket.socket, request: Request, until: float) -> Answer:
    http = HTTPConnection(request.address.host, request.address.port)
    bounded = _Bounded(connection, until)
    http.sock = cast(Any, bounded)
    headers = {"Host": request.address.authority, "User-Agent": _user_agent(), "Connection": "close"}
    http.request("POST", request.address.path, request.body, headers | dict(request.headers))
    with closing(http.getresponse()) as response:
        bounded.in_head = False
        body = b""
        if request.reads:
            body = response.read(MOST_READ)
        else:
            # A program on the other side may be stopped when nobody listens any more, so we listen a little.
            bounded.until = min(until, time.monotonic() + POLITE_SECONDS)
            with suppress(OSError, HTTPException, ValueError):
                response.read(MOST_READ)
        return Answer(response.status, body, response.getheader("Retry-After"))


@cache
def _user_agent() -> str:
    return f"moderator/{version('moderator')}"


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


class _Bounded:
    """As much of a socket as http.client uses, with one deadline over all that is sent and read."""

    def __init__(self, connection: socket.socket, until: float) -> None:
        self._connection = connection
        self.until = until
        self.in_head = True  # http.client takes what breaks off there for a whole answer

    def sendall(self, data: bytes) -> None:
        """Send it all."""
        self._connection.settimeout(_left(self.until))
        self._connection.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        """What the answer is read from."""
        return io.BufferedReader(_Reader(self))

    def receive(self, buffer: Any) -> int:
        """Read what there is."""
        self._connection.settimeout(_left(self.until))
        count = self._connection.recv_into(buffer)
        if count == 0 and self.in_head:
            raise ConnectionAbortedError(errno.ECONNABORTED, "in the middle of its answer")
        return count

    def close(self) -> None:
        """The connection is closed by who opened it."""


class _Reader(io.RawIOBase):
    def __init__(self, source: _Bounded) -> None:
        self._source = source

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._source.receive(buffer)

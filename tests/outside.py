"""Sees every connection and name look-up of this process that leads outside of this machine.

``tests/audited/sitecustomize.py`` has the same in each server and command that the tests start. What was seen goes
into a file, whose lines fail the whole run (conftest.py): nobody can swallow them.
"""

import ipaddress
import os
import sys
from pathlib import Path
from typing import Any

FILE = "MODERATOR_TEST_OUTSIDE"
EVENTS = frozenset({"socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"})
# Names that are asked for on purpose, and lead nowhere (RFC 6761).
NOWHERE = (".invalid", ".test", ".example")
# Dask asks the kernel so which of its addresses others would reach: a datagram socket, over which nothing is sent.
NOT_SENT = frozenset({"8.8.8.8", "2001:4860:4860::8888"})


def is_outside(host: object) -> bool:
    """Whether this host is not this machine."""
    if host is None or isinstance(host, int):
        return False
    name = host.decode("utf-8", "replace") if isinstance(host, bytes) else str(host)
    if name in ("", "localhost") or name.endswith(NOWHERE) or name in NOT_SENT:
        return False
    try:
        address = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return name != os.uname().nodename
    return not (address.is_loopback or address.is_unspecified)


def hook(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook (PEP 578)."""
    if event not in EVENTS:
        return
    target = arguments[1] if event in ("socket.connect", "socket.sendto") else arguments[0]
    host = target[0] if isinstance(target, tuple) else None if isinstance(target, str) and "/" in target else target
    if is_outside(host):
        with Path(os.environ[FILE]).open("a") as file:
            file.write(f"{event} {host!r} by {' '.join(sys.argv[:4])}\n")


def watch() -> None:
    """From now on, and for good: an audit hook cannot be taken away."""
    sys.addaudithook(hook)

"""That what leads outside would be seen: the hook that watches all other tests."""

import os
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import outside
import pytest
from test_story import environment

ASKS = "import socket\ntry: socket.getaddrinfo('HOST', 80)\nexcept OSError: pass"


@pytest.mark.parametrize(
    "host", ["192.0.2.1", "2001:db8::1", "example.org", b"example.org", "10.0.0.1", "fe80::1%eth0"]
)
def test_what_is_elsewhere_is_outside(host: str | bytes) -> None:
    assert outside.is_outside(host)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost", "", None, "0.0.0.0", "nobody.invalid"])
def test_what_is_here_is_not(host: str | None) -> None:
    assert not outside.is_outside(host)


def test_a_look_up_and_a_connection_of_this_process_are_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(outside.FILE, str(tmp_path / "seen"))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as nobody, suppress(OSError):
        nobody.connect(("192.0.2.1", 9))  # a datagram socket: nothing is sent
    with suppress(OSError):
        socket.getaddrinfo("192.0.2.2", 80)
    seen = (tmp_path / "seen").read_text()
    assert "socket.connect '192.0.2.1'" in seen and "socket.getaddrinfo '192.0.2.2'" in seen


def test_those_of_a_process_that_a_test_starts_are_seen_too(tmp_path: Path) -> None:
    told = environment() | {outside.FILE: str(tmp_path / "seen")}
    asks = ASKS.replace("HOST", "192.0.2.3")
    subprocess.run([sys.executable, "-c", asks], env=told, check=True, timeout=60)
    assert "'192.0.2.3'" in (tmp_path / "seen").read_text()
    assert os.environ[outside.FILE] != told[outside.FILE]

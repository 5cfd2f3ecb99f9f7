"""nginx and Caddy as the examples set them up, before a real server: real programs, a certificate of the test's own."""

import http.client
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from pathlib import Path

import pytest
from test_story import serving

from deploy.test_image import free_port

TOP = Path(__file__).parent.parent.parent
NGINX = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
CADDY = shutil.which("caddy")
NAME = "moderator.example.org"
UNTIL = 20.0


@contextmanager
def running(command: list[str], port: int, **more: str) -> Iterator[None]:
    """A program that listens on this port."""
    process = subprocess.Popen(command, env=os.environ | more, stderr=subprocess.PIPE, text=True)
    try:
        until = time.monotonic() + UNTIL
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=2).close()
                break
            except OSError:
                assert process.poll() is None and time.monotonic() < until, process.communicate()[1]
                time.sleep(0.05)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=UNTIL)


@contextmanager
def nginx(server: int, place: Path) -> Iterator[int]:
    assert NGINX is not None
    port, plain = free_port(), free_port()
    key, certificate = place / "key.pem", place / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1",
         "-subj", f"/CN={NAME}", "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    ours = (TOP / "deploy/nginx.conf").read_text("utf-8")
    ours = re.sub(r"listen \[::\].*;\n", "", ours)
    for there, here in (
        ("listen 443", f"listen 127.0.0.1:{port}"), ("listen 80", f"listen 127.0.0.1:{plain}"),
        ("127.0.0.1:8080", f"127.0.0.1:{server}"), (f"/etc/ssl/{NAME}.pem", str(certificate)),
        (f"/etc/ssl/private/{NAME}.key", str(key)),
    ):  # fmt: skip
        assert there in ours
        ours = ours.replace(there, here)
    temporary = "".join(
        f"{what}_temp_path {place}/{what};" for what in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;" if os.getuid() == 0 else ""  # its folder is the test's alone
    around = f"{user} daemon off; pid {place}/pid; error_log stderr; events {{}}"
    inside = "\n".join(("access_log off;", temporary, ours))
    (place / "nginx.conf").write_text(around + " http { " + inside + " }")
    with running([NGINX, "-e", "stderr", "-c", str(place / "nginx.conf")], port):
        yield port


@contextmanager
def caddy(server: int, place: Path) -> Iterator[int]:
    assert CADDY is not None
    port = free_port()
    ours = (TOP / "deploy/Caddyfile").read_text("utf-8").replace("127.0.0.1:8080", f"127.0.0.1:{server}")
    assert f"{NAME} {{" in ours
    ours = ours.replace(f"{NAME} {{", f"https://{NAME}:{port} {{\n\ttls internal\n\tbind 127.0.0.1")
    (place / "Caddyfile").write_text("{\n\tadmin off\n\tskip_install_trust\n\tauto_https disable_redirects\n}\n" + ours)
    command = [CADDY, "run", "--adapter", "caddyfile", "--config", str(place / "Caddyfile")]
    with running(command, port, XDG_DATA_HOME=str(place), XDG_CONFIG_HOME=str(place)):
        yield port


def hello(port: int, method: str, path: str, headers: dict[str, str], body: str = "") -> tuple[int, Message, bytes]:
    """Status, headers and body of one request, with the proxy's name in the handshake: Caddy chooses by it (SNI)."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # nobody vouches for the test's certificate
    with (
        socket.create_connection(("127.0.0.1", port), timeout=20) as plain,
        context.wrap_socket(plain, server_hostname=NAME) as wrapped,
    ):
        connection = http.client.HTTPConnection(NAME, port)
        connection.sock = wrapped
        connection.request(method, path, body.encode() or None, {"Host": NAME} | headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()


@pytest.mark.parametrize(
    "proxy",
    [
        pytest.param(nginx, marks=pytest.mark.skipif(NGINX is None, reason="no nginx; see tests/deploy/install.sh")),
        pytest.param(caddy, marks=pytest.mark.skipif(CADDY is None, reason="no Caddy; see tests/deploy/install.sh")),
    ],
)
def test_behind_a_proxy_as_the_examples_set_it_up(proxy: object, tmp_path: Path) -> None:
    assert callable(proxy)
    settings = tmp_path / "moderator.toml"
    settings.write_text("trusted_proxies = 1\n")
    with serving(tmp_path / "data", "--config", str(settings)) as (server, said):
        key = re.findall(r"mk_[\w-]+", said)[0]
        with proxy(server, tmp_path) as port:
            # The page is told that it came by TLS, and under which name.
            status, told, _ = hello(port, "GET", "/login", {})
            assert status == 200
            assert told["Set-Cookie"].startswith("__Host-")
            # A comment passes, and its answer comes back whole.
            headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
            comment = json.dumps({"id": "1", "body": "http://example.com/", "ip": "198.51.100.7"})
            _, _, answer = hello(port, "POST", "/v1/comments", headers, comment)
            assert json.loads(answer)["rule"] == "link_only"
            # Too much is refused by moderator, which says the cure, not by the proxy.
            status, told, _ = hello(port, "POST", "/v1/comments", headers, json.dumps({"body": "x" * 1_100_000}))
            assert (status, told["Content-Type"]) == (413, "application/problem+json")

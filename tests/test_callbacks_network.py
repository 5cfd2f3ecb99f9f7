"""Callbacks go where the operator said and nowhere else, and nothing on the way can hold them up or fool them."""

import contextlib
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from blogs import blog, free_port, raw_server
from hypothesis import given
from hypothesis import strategies as st

from moderator.callbacks.address import parse
from moderator.callbacks.errors import BadAddress, NotReached
from moderator.callbacks.exchange import MOST_READ, Answer, Request, exchange
from moderator.callbacks.network import may_be_asked

TLS = ssl.create_default_context()


def post(url: str, **more: Any) -> Answer:
    options: dict[str, Any] = {"allow_private": True, "tls": TLS, "total": 2.0}
    reads = more.pop("reads", False)
    return exchange(Request(parse(url), b"{}", {"Content-Type": "application/json"}, reads=reads), **(options | more))


# Addresses as texts


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://blog.example.org", "https://blog.example.org/"),
        ("HTTPS://Blog.Example.ORG:443/a?b=c", "https://blog.example.org/a?b=c"),
        ("http://blog.example.org:8080/a", "http://blog.example.org:8080/a"),
        ("https://blog.example.org./a", "https://blog.example.org/a"),
        ("https://bücher.example/ü?ö", "https://xn--bcher-kva.example/%C3%BC?%C3%B6"),
        ("https://blog.example.org/?rest_route=/akismet/v1/webhook", "https://blog.example.org/?rest_route=/akismet/v1/webhook"),
        ("https://192.0.2.1/x", "https://192.0.2.1/x"),
        ("https://[2001:DB8:0::1]:8443/x", "https://[2001:db8::1]:8443/x"),
        ("http://localhost:3000/", "http://localhost:3000/"),
        ("http://my_blog.internal/", "http://my_blog.internal/"),
        ("https://blog.example.org/100%25/a b".replace(" ", "%20"), "https://blog.example.org/100%25/a%20b"),
    ],
)  # fmt: skip
def test_an_address_is_taken_in_its_normal_form(text: str, shown: str) -> None:
    assert str(parse(text)) == shown
    assert parse(shown) == parse(text)


@pytest.mark.parametrize(
    ("text", "cure"),
    [
        ("", "must begin with https://"),
        ("blog.example.org/a", "must begin with https://"),
        ("ftp://blog.example.org/", "must begin with https://"),
        ("file:///etc/passwd", "must begin with https://"),
        ("https:///a", "must begin with https://"),
        ("https://:443/", "must begin with https://"),
        ("https://ann:secret@blog.example.org/", "leave out what stands before the @"),
        ("https://@blog.example.org/", "leave out what stands before the @"),
        ("https://blog.example.org@169.254.169.254/", "leave out what stands before the @"),
        ("https://blog.example.org/#top", "fragment"),
        ("https://blog.example.org:0/", "from 1 to 65535"),
        ("https://blog.example.org:65536/", "no web address"),
        ("https://blog.example.org:8o/", "no web address"),
        ("https://blog.example.org/a b", "white space"),
        ("https://blog.example.org/\r\nHost: other", "white space"),
        ("https://blog.example.org\\@other.example/", "backslash"),
        ("https://blog.example.org/\x00", "control character"),
        ("https://[::1", "no web address"),
        ("https://[example]/", "no web address"),
        ("https://[127.0.0.1]/", "address"),
        ("https://[fe80::1%25eth0]/", "IP address"),
        ("http://2130706433/", "in disguise"),
        ("http://0x7f000001/", "in disguise"),
        ("http://127.1/", "in disguise"),
        ("http://0177.0.0.01/", "in disguise"),
        ("http://blog..example/", "no name of a host"),
        ("http://-blog.example/", "no name of a host"),
        ("http://blog.example%2eorg/", "no name of a host"),
        ("http://blog!.example/", "no name of a host"),
        (f"http://{'a' * 64}.example/", "no name of a host"),
        (f"http://{'a.' * 130}example/", "no name of a host"),
        ("http://xn--\u00fc.example/", "no name of a host"),
        ("http://☃\ufffd.example/", "no name of a host"),
        ("https://blog.example.org/" + "a" * 2048, "at most 2,048"),
    ],
)
def test_what_is_no_address_is_refused_with_the_cure(text: str, cure: str) -> None:
    with pytest.raises(BadAddress, match=cure) as raised:
        parse(text)
    assert "\n" not in str(raised.value) and "secret" not in str(raised.value)


@given(
    st.text(st.characters()) | st.builds("{}://{}{}".format, st.sampled_from(["http", "https"]), st.text(), st.text())
)
def test_any_text_is_an_address_or_refused(text: str) -> None:
    with contextlib.suppress(BadAddress):
        address = parse(text)
        assert parse(str(address)) == address
        assert str(address).isascii() and str(address).isprintable() and " " not in str(address)


# Addresses as numbers


@pytest.mark.parametrize(
    ("ip", "ever"),
    [
        ("127.0.0.1", True),
        ("127.255.255.254", True),
        ("10.1.2.3", True),
        ("172.16.0.1", True),
        ("172.31.255.255", True),
        ("192.168.1.1", True),
        ("100.64.0.1", True),
        ("::1", True),
        ("fd12::1", True),
        ("::ffff:127.0.0.1", True),
        ("64:ff9b::10.0.0.1", True),
        ("0.0.0.0", False),
        ("0.1.2.3", False),
        ("169.254.169.254", False),
        ("::ffff:169.254.169.254", False),
        ("64:ff9b::169.254.169.254", False),
        ("64:ff9b:1::1", False),
        ("100.100.100.200", False),
        ("192.0.0.192", False),
        ("fd00:ec2::254", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("198.18.0.1", False),
        ("::", False),
        ("::127.0.0.1", False),
        ("fe80::1", False),
        ("fe80::1%eth0", False),
        ("2001:db8::1%1", False),
        ("fec0::1", False),
        ("ff02::1", False),
        ("2002:7f00:1::", False),
        ("2001:0:7f00:1::", False),
        ("100::1", False),
        ("5f00::1", False),
    ],
)
def test_addresses_beside_us_are_not_asked_unless_allowed_and_some_never(ip: str, ever: bool) -> None:
    assert not may_be_asked(ip_address(ip), allow_private=False)
    assert may_be_asked(ip_address(ip), allow_private=True) is ever


@pytest.mark.parametrize(
    "ip", ["1.1.1.1", "93.184.215.14", "172.32.0.1", "100.128.0.1", "2606:2800:21f::1", "64:ff9b::1.1.1.1"]
)
def test_addresses_in_the_open_are_asked(ip: str) -> None:
    assert may_be_asked(ip_address(ip), allow_private=False)


# Names and where they lead


class Names:
    """A resolver that the test writes; each question is answered with the next answer, the last one for ever."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    def __call__(self, host: str, port: int, **how: Any) -> list[Any]:
        self.asked.append(host)
        ips = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        kinds = [(socket.AF_INET6 if ":" in ip else socket.AF_INET, ip) for ip in ips]
        return [(family, socket.SOCK_STREAM, 6, "", (ip, port)) for family, ip in kinds]


def test_a_name_is_resolved_once_and_what_was_looked_at_is_connected_to() -> None:
    with blog() as here:
        names = Names(["127.0.0.1"], ["169.254.169.254"])
        answer = post(f"http://blog.example.org:{here.port}/x", resolve=names)
        assert answer.taken and names.asked == ["blog.example.org"]
        assert here.heard[0].headers["host"] == f"blog.example.org:{here.port}"


@pytest.mark.parametrize("leads", ["127.0.0.1", "10.0.0.5", "169.254.169.254", "::1", "::ffff:127.0.0.1", "fe80::1"])
def test_a_name_that_leads_beside_us_is_not_asked(leads: str) -> None:
    with blog() as here, pytest.raises(NotReached, match="where callbacks may not go"):
        post(f"http://blog.example.org:{here.port}/", resolve=Names([leads]), allow_private=False)
    assert here.heard == []


def test_leave_is_offered_only_where_it_would_help() -> None:
    for leads, helps in (("127.0.0.1", True), ("169.254.169.254", False)):
        with pytest.raises(NotReached) as raised:
            post("http://blog.example.org/", resolve=Names([leads]), allow_private=False)
        assert ("--allow-private" in str(raised.value)) is helps
    with pytest.raises(NotReached, match="has no address"):
        post("http://blog.example.org/", resolve=Names([]))


def test_of_several_addresses_only_those_that_may_be_asked_are() -> None:
    with blog() as here:
        names = Names(["169.254.169.254", "127.0.0.1"])
        assert post(f"http://blog.example.org:{here.port}/", resolve=names).taken


def test_the_next_address_is_tried_where_the_first_refuses() -> None:
    with blog() as here:
        assert post(f"http://blog.example.org:{here.port}/", resolve=Names(["127.0.0.99", "127.0.0.1"])).taken


def test_an_unknown_name_is_said_so() -> None:
    def unknown(*asked: Any, **how: Any) -> list[Any]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with pytest.raises(NotReached, match=r"the name blog\.example\.org is not known"):
        post("http://blog.example.org/", resolve=unknown)


def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with blog() as proxy, blog() as here:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert post(here.url).taken
        assert len(here.heard) == 1 and proxy.heard == []


# What the other side may do


def test_a_redirect_to_metadata_is_an_answer_and_not_followed() -> None:
    with blog() as here:
        here.reply = lambda heard: (302, {"Location": "http://169.254.169.254/latest/meta-data/"}, b"")
        answer = post(here.url)
    assert answer.status == 302 and not answer.taken and len(here.heard) == 1


def test_of_a_long_answer_the_beginning_is_read() -> None:
    with blog() as here:
        here.reply = lambda heard: (200, {}, b"x" * 1_000_000)
        assert len(post(here.url, reads=True).body) == MOST_READ
        assert post(here.url).taken


def read_all(connection: socket.socket) -> None:
    """Read a whole request; what is left unread when a connection is closed takes the answer with it."""
    read = connection.recv(65536)
    while read.startswith(b"POST") and not read.endswith(b"{}") and (more := connection.recv(65536)):
        read += more


def talks(*pieces: bytes, pause: float = 0.0, again: bytes = b"") -> Callable[[socket.socket], None]:
    """Read a request, send these pieces, and then ``again`` for ever."""

    def talk(connection: socket.socket) -> None:
        connection.settimeout(10)
        read_all(connection)
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(pause)
        while again:
            connection.sendall(again)
            time.sleep(pause)

    return talk


HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    "talk",
    [
        pytest.param(talks(b"SSH-2.0-OpenSSH_9.2\r\n"), id="another protocol"),
        pytest.param(talks(b"\x00\xff" * 500), id="bytes"),
        pytest.param(talks(b"HTTP/1.1 abc OK\r\n\r\n"), id="a status that is no number"),
        pytest.param(talks(b"HTTP/1.1 99999 OK\r\n\r\n"), id="a status of five digits"),
        pytest.param(talks(b"HTTP/9.9 200 OK\r\n\r\n"), id="an unknown version"),
        pytest.param(talks(b"HTTP/1.1 200 " + b"x" * 100_000), id="an endless status line"),
        pytest.param(talks(HEAD + b"A: " + b"x" * 100_000), id="an endless header"),
        pytest.param(talks(HEAD + b"A: x\r\n" * 1000 + b"\r\n"), id="a thousand headers"),
        pytest.param(talks(), id="nothing"),
        pytest.param(talks(HEAD), id="half a head"),
        pytest.param(talks(again=b"HTTP/1.1 100 Continue\r\n\r\n"), id="for ever 100"),
        pytest.param(talks(again=b"x", pause=0.05), id="a slow status line"),
        pytest.param(talks(HEAD, again=b"A: x\r\n", pause=0.05), id="slow headers"),
    ],
)  # fmt: skip
def test_what_is_no_answer_is_said_so_within_the_time(talk: Callable[[socket.socket], None]) -> None:
    with raw_server(talk) as port:
        began = time.monotonic()
        with pytest.raises(NotReached) as raised:
            post(f"http://127.0.0.1:{port}/", total=1.0)
        assert time.monotonic() - began < 3
        assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "talk",
    [
        pytest.param(talks(HEAD + b"\r\n", again=b"x", pause=0.05), id="a slow text without end"),
        pytest.param(talks(HEAD + b"\r\n", again=b"x" * 65536), id="a fast text without end"),
        pytest.param(talks(HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"), id="broken chunks"),
        pytest.param(talks(HEAD + b"Content-Length: 1000\r\n\r\nshort"), id="shorter than it says"),
    ],
)
def test_a_text_that_nobody_needs_takes_nothing_back(talk: Callable[[socket.socket], None]) -> None:
    with raw_server(talk) as port:
        began = time.monotonic()
        assert post(f"http://127.0.0.1:{port}/", total=10.0).taken
        assert time.monotonic() - began < 3


def test_a_text_that_matters_must_come_in_time() -> None:
    with (
        raw_server(talks(HEAD + b"\r\n", again=b"x", pause=0.05)) as port,
        pytest.raises(NotReached, match="within 1 s"),
    ):
        post(f"http://127.0.0.1:{port}/", total=1.0, reads=True)


def test_a_host_that_is_silent_is_given_up_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=1) as listener:
        began = time.monotonic()
        with pytest.raises(NotReached, match="did not answer within 1 s"):
            post(f"http://127.0.0.1:{listener.getsockname()[1]}/", total=1.0)
        assert time.monotonic() - began < 3


def test_a_closed_port_is_said_so() -> None:
    with pytest.raises(NotReached, match="Connection refused"):
        post(f"http://127.0.0.1:{free_port()}/")


# TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate and key for blog.example.org, in one file, that signs itself."""
    folder = tmp_path_factory.mktemp("tls")
    made = [
        *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test"),
        *("-addext", "subjectAltName=DNS:blog.example.org"),
        *("-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")),
    ]
    try:
        subprocess.run(made, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("no openssl to make a certificate with")
    (folder / "both.pem").write_text((folder / "cert.pem").read_text() + (folder / "key.pem").read_text())
    return folder / "both.pem"


@pytest.fixture
def secure(certificate: Path) -> Iterator[int]:
    """The port of a server that answers over TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def talk(connection: socket.socket) -> None:
        connection.settimeout(5)
        with contextlib.suppress(OSError), context.wrap_socket(connection, server_side=True) as inside:
            read_all(inside)
            inside.sendall(HEAD + b"Content-Length: 0\r\n\r\n")

    with raw_server(talk) as port:
        yield port


def test_the_name_of_the_address_is_what_the_certificate_must_be_for(secure: int, certificate: Path) -> None:
    trusting = ssl.create_default_context(cafile=str(certificate))
    here = Names(["127.0.0.1"])
    assert post(f"https://blog.example.org:{secure}/", tls=trusting, resolve=here).taken
    with pytest.raises(NotReached, match=r"certificate of other\.example\.org is not valid: Hostname mismatch"):
        post(f"https://other.example.org:{secure}/", tls=trusting, resolve=here)
    with pytest.raises(NotReached, match="IP address mismatch"):
        post(f"https://127.0.0.1:{secure}/", tls=trusting)


def test_a_certificate_that_nobody_vouches_for_is_refused(secure: int) -> None:
    with pytest.raises(NotReached, match=r"certificate of blog\.example\.org is not valid: self.signed"):
        post(f"https://blog.example.org:{secure}/", resolve=Names(["127.0.0.1"]))


def test_what_is_no_tls_is_said_so() -> None:
    with raw_server(talks(b"HTTP/1.0 400 Bad Request\r\n\r\n")) as port, pytest.raises(NotReached, match="no TLS with"):
        post(f"https://127.0.0.1:{port}/")


def test_a_handshake_that_never_ends_is_given_up_in_time() -> None:
    with raw_server(talks(pause=5)) as port:
        began = time.monotonic()
        with pytest.raises(NotReached):
            post(f"https://127.0.0.1:{port}/", total=1.0)
        assert time.monotonic() - began < 3

"""The address of a callback: which texts are one. Its host is checked again, as resolved, at each connection."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import quote, urlsplit

from moderator.callbacks.errors import BadAddress

MOST = 2048
PORTS = {"http": 80, "https": 443}
_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")


@dataclass(frozen=True, slots=True)
class Address:
    """A checked http(s) address. ``host`` is ASCII, an IPv6 literal without brackets; ``path`` may have a query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """Host and port as the Host header has them (RFC 9110, section 7.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path}"

    def below(self, path: str) -> "Address":
        """The address of ``path`` under this one."""
        return Address(self.scheme, self.host, self.port, self.path.rstrip("/") + path)


def parse(text: str) -> Address:
    """The address in ``text``. BadAddress, in one line that tells the cure.

    Refused: another scheme, a login in the address, a fragment, white space, backslashes and control characters, hosts
    that only look like a number (``2130706433``, ``0x7f.1``), ports beyond 1 to 65535, names that IDNA 2008 refuses.
    """
    if len(text) > MOST:
        raise BadAddress(f"the address has {len(text):,} characters; at most {MOST:,} are taken")
    if not text.isprintable() or re.search(r"[\s\\]", text):
        raise BadAddress("the address has white space, a backslash or a control character in it; leave it out")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise BadAddress("this is no web address; give one such as https://blog.example.org/moderated") from None
    if parts.scheme not in PORTS or not parts.hostname:
        raise BadAddress("the address must begin with https:// or http:// and a host")
    if "@" in parts.netloc:
        raise BadAddress("the address has a login in it; leave out what stands before the @")
    if parts.fragment or text.endswith("#"):
        raise BadAddress("the address has a fragment, which is never sent; leave out what stands after the #")
    if port == 0:
        raise BadAddress("port 0 cannot be connected to; give one from 1 to 65535")
    # What is no ASCII is sent in percent signs; what has them already stays as it is.
    path = quote(parts.path or "/", safe="/%!$&'()*+,;=:@~") + (
        f"?{quote(parts.query, safe=_QUERY)}" if parts.query else ""
    )
    return Address(parts.scheme, _host(parts.hostname, "[" in parts.netloc), port or PORTS[parts.scheme], path)


_QUERY = "/?%!$&'()*+,;=:@~"


def literal(host: str) -> IPv4Address | IPv6Address | None:
    """The IP address that the host is, if it is one."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def _host(host: str, bracketed: bool) -> str:
    if bracketed or literal(host) is not None:
        found = literal(host)
        if found is None or bracketed != (found.version == 6) or "%" in host:
            raise BadAddress(
                f"{host[:64]!r} is no IP address; an IPv6 address stands in brackets, such as [2001:db8::1]"
            )
        return str(found)
    name = host.rstrip(".") if host.isascii() else _in_ascii(host.rstrip("."))
    labels = name.split(".")
    if len(name) > 253 or not all(map(_NAME.fullmatch, labels)):
        raise BadAddress(f"{name[:64]!r} is no name of a host; write it as its owner does")
    # As browsers have it (WHATWG URL, "ends in a number"): libc would take 127.1 and 0x7f000001 for addresses.
    if labels[-1].isdigit() or labels[-1].startswith("0x"):
        raise BadAddress(f"{name[:64]!r} is an IP address in disguise; write it in full, such as 192.0.2.1")
    return name


def _in_ascii(host: str) -> str:
    import idna  # its tables cost 10 ms to load, and most names are ASCII

    try:
        return idna.encode(host, uts46=True).decode().lower()
    except (idna.IDNAError, UnicodeError):
        raise BadAddress(f"{host[:64]!r} is no name of a host; write it as its owner does") from None

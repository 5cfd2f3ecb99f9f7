"""Connections to a checked address: a name is resolved once, and what was looked at is what is connected to.

So a name cannot show one address to the check and another one to the connection (DNS rebinding), and nobody who may
write a comment, or change a name, can have us talk to what stands beside us: a database, a router, a cloud's metadata.
"""

import socket
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from moderator.callbacks.address import Address
from moderator.callbacks.errors import NotReached

Resolve = Callable[..., Sequence[Any]]  # socket.getaddrinfo
IP = IPv4Address | IPv6Address

MOST_TRIED = 3  # addresses of one name

# Listed here, as what ipaddress calls global has changed from one Python to the next (CVE-2024-4032).
# IANA's registries of special-purpose addresses, as of 2025: what an operator may allow for a site …
PRIVATE = tuple(
    map(ip_network, ("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
) + tuple(map(ip_network, ("::1/128", "fc00::/7")))
# … and what never is a blog: "this network" (Linux takes 0.0.0.0 for itself), link-local with the clouds' metadata,
# metadata at other places, documentation, benchmarks, multicast, reserved; tunnels, which hide an IPv4 address.
NEVER = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",
            "100.100.100.200/32",
            "169.254.0.0/16",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.88.99.0/24",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",
            "240.0.0.0/4",
            "fd00:ec2::254/128",
            "2001::/23",
            "2001:db8::/32",
            "2002::/16",
            "3fff::/20",
        ),
    )
)
GLOBAL_6 = ip_network("2000::/3")  # all that is given out of IPv6
NAT64 = ip_network("64:ff9b::/96")  # RFC 6052: an IPv4 address behind a translator


def may_be_asked(ip: IP, *, allow_private: bool) -> bool:
    """Whether a callback may go to this address."""
    if isinstance(ip, IPv6Address):
        if ip.scope_id is not None:
            return False
        inside = ip.ipv4_mapped or (IPv4Address(int(ip) & 0xFFFFFFFF) if ip in NAT64 else None)
        if inside is not None:
            return may_be_asked(inside, allow_private=allow_private)
    if any(ip in network for network in NEVER):
        return False
    if any(ip in network for network in PRIVATE):
        return allow_private
    return isinstance(ip, IPv4Address) or ip in GLOBAL_6


def connect(
    address: Address, *, allow_private: bool, seconds: float, resolve: Resolve = socket.getaddrinfo
) -> socket.socket:
    """A TCP connection to one of the addresses of the host that may be asked. NotReached."""
    try:
        found = resolve(address.host, address.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise NotReached(f"the name {address.host} is not known") from None
    targets = list(dict.fromkeys((family, where[0]) for family, _, _, _, where in found))
    open_to_us = [(family, ip) for family, ip in targets if may_be_asked(ip_address(ip), allow_private=allow_private)]
    if not open_to_us:
        raise NotReached(_where_it_leads(address.host, [ip_address(ip) for _, ip in targets]))
    problem = "no answer"
    for family, ip in open_to_us[:MOST_TRIED]:
        connection = socket.socket(family, socket.SOCK_STREAM)
        connection.settimeout(seconds / min(len(open_to_us), MOST_TRIED))
        try:
            connection.connect((ip, address.port))
            return connection
        except OSError as error:
            connection.close()
            problem = "it did not answer in time" if isinstance(error, TimeoutError) else error.strerror or "no answer"
    raise NotReached(f"no connection to {address.authority}: {problem}")


def _where_it_leads(host: str, found: Sequence[IP]) -> str:
    if not found:
        return f"the name {host} has no address"
    told = f"{host} leads to {found[0]}, where callbacks may not go"
    if any(may_be_asked(ip, allow_private=True) for ip in found):
        return f"{told}; if that is the blog, register it with --allow-private"
    return told

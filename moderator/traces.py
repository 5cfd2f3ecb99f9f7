"""What a comment came with, as keyed hashes: who wrote it, from where, to which hosts it links, on which post.

Nobody's name or address is stored for this. The hashes are BLAKE2b's (RFC 7693) keyed with the installation's secret,
so that who has the database alone cannot try addresses out.
"""

from hashlib import blake2b
from ipaddress import IPv6Address

from moderator.campaigns import sketch
from moderator.comment import Comment
from moderator.known import Kind, Marks, Trace
from moderator.reading import Reading

MOST_HOSTS = 4  # of one comment; those of a list of hundred links tell no more than its first ones
GROUPS = 62  # bits of a number that has a sign, and one to spare


def marks(reading: Reading, comment: Comment, site_id: int, secret: bytes) -> Marks:
    """All by which this comment, as it was sent to this site, can be recognised."""
    author = author_key(comment, site_id, secret)
    hosts = tuple(dict.fromkeys([link.host for link in reading.all_links]))[:MOST_HOSTS]
    found = [] if author is None else [Trace(Kind.AUTHOR, author)]
    if comment.ip:
        found.append(Trace(Kind.ADDRESS, _key(secret, Kind.ADDRESS, site_id, _network(comment.ip))))
    for host in hosts:
        found.append(Trace(Kind.HOST, host_key(host, secret)))
        found.append(Trace(Kind.HOST_HERE, host_key(host, secret, site_id=site_id)))
    if comment.post.url:
        found.append(Trace(Kind.POST, _key(secret, Kind.POST, site_id, comment.post.url[:2048])))
    found.append(Trace(Kind.SITE, _key(secret, Kind.SITE, site_id, "")))
    group = (author if author is not None else found[0].key) % GROUPS
    return Marks(tuple(found), hosts, None if reading.too_complex else sketch(reading, comment), group)


def author_key(comment: Comment, site_id: int, secret: bytes) -> int | None:
    """Who gives this name and this e-mail address, or else this web address, on this site; None for nobody.

    A name and an address together, as the name alone is anybody's.
    """
    author = comment.author
    name = " ".join(author.name.lower().split())
    address = author.email.strip().lower() or author.url.strip().lower()
    if not name and not address:
        return None
    return _key(secret, Kind.AUTHOR, site_id, f"{name[:255]}\0{address[:2048]}")


def host_key(host: str, secret: bytes, *, site_id: int | None = None) -> int:
    """A host, on this site or on any."""
    return _key(secret, Kind.HOST if site_id is None else Kind.HOST_HERE, site_id or 0, host)


def _network(address: str) -> str:
    """An IPv6 host has as many addresses as it likes: its network of 64 bits counts."""
    address = address.strip()[:64]
    if ":" not in address:
        return address
    try:
        parsed = IPv6Address(address.strip("[]"))
    except ValueError:
        return address
    return str(parsed.ipv4_mapped or int(parsed) >> 64)


def _key(secret: bytes, kind: Kind, site_id: int, value: str) -> int:
    """63 bits, as databases' integers have a sign."""
    text = f"{int(kind)} {site_id} {value}".encode("utf-8", "replace")
    return int.from_bytes(blake2b(text, digest_size=8, key=secret).digest()) >> 1

"""Addresses made into pseudonyms: of an e-mail address only the domain stays readable, of an IP address nothing.

A pseudonym is HMAC-SHA-256 over the normal form of the address, keyed with the installation's secret and the site, so
that who has only the database can neither try all IP addresses (there are no more than 2^32 of version 4) nor find one
person on two sites. 64 bits of it are kept. It stays personal data: who has the secret too can test an address.
"""

import hmac
import ipaddress
import unicodedata
from dataclasses import replace

from moderator.comment import Comment

# The mark in the store that says with which secret it is used; two secrets would give one person two pseudonyms.
WITH_SECRET = "secret"
MARK = "p-"  # before 16 hexadecimal digits
LENGTH = len(MARK) + 16


def fingerprint(secret: bytes) -> str:
    """By which a secret is known without being told."""
    return hmac.digest(secret, b"fingerprint", "sha256")[:16].hex()


def masked(comment: Comment, secret: bytes, site_id: int) -> Comment:
    """The comment with pseudonyms for its addresses and without its user agent; what is masked stays as it is.

    The classifier's features stay the same: of an e-mail address it reads the domain, and of the others nothing.
    """
    if not (comment.author.email or comment.ip or comment.user_agent):
        return comment
    author = replace(comment.author, email=masked_email(comment.author.email, secret, site_id))
    return replace(comment, author=author, ip=masked_ip(comment.ip, secret, site_id), user_agent="")


def masked_email(email: str, secret: bytes, site_id: int) -> str:
    """``p-…@domain``; an address that is masked, or empty, as it is."""
    if not email or is_masked(email):
        return email
    domain = normal_email(email).rpartition("@")[2] if "@" in email else ""
    return _pseudonym(normal_email(email), secret, site_id) + (f"@{domain}" if domain else "")


def masked_ip(ip: str, secret: bytes, site_id: int) -> str:
    """``p-…``; one address in several spellings (IPv4 within IPv6, long and short IPv6) gives one pseudonym."""
    return ip if not ip or is_masked(ip) else _pseudonym(_normal_ip(ip), secret, site_id)


def is_masked(address: str) -> bool:
    """Whether it is a pseudonym of ours."""
    name = address.partition("@")[0]
    return len(name) == LENGTH and name.startswith(MARK) and all(digit in "0123456789abcdef" for digit in name[2:])


def normal_email(email: str) -> str:
    """The form in which two spellings of an address are one: NFC, no case, no space around it."""
    return unicodedata.normalize("NFC", email).strip().casefold()


def _normal_ip(ip: str) -> str:
    try:
        address = ipaddress.ip_address(ip.strip())
    except ValueError:
        return ip.strip().casefold()
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


def _pseudonym(value: str, secret: bytes, site_id: int) -> str:
    return MARK + hmac.digest(secret, f"pseudonym\0{site_id}\0{value}".encode(), "sha256").hex()[:16]

"""What a BlogSpam client asks for by ``options``: checks of a comment's form, before anybody judges what it says.

Source: the documentation of BlogSpam's API 2.0 ("Customizing the testing") and the plugins of its server, whose names
(``40-size`` …) these have, so that ``exclude=size`` means here what it meant there. A check is made only where a
client asks for it; the defaults of the old service (ten links, four words) are the classifier's business here.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

MOST_OPTIONS = 200  # a list of addresses takes a microsecond each to read; a million of them would take the day
SIZE = re.compile(r"(\d{1,9})(k?)", re.IGNORECASE)
LINK = re.compile(r"https?://", re.IGNORECASE)
WORD = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class Asked:
    """A comment's fields as the client sent them, by names in lower case, and its options in order."""

    fields: Mapping[str, str]
    options: tuple[tuple[str, str], ...]

    def values(self, name: str) -> list[str]:
        """What was said for this option, each time."""
        return [value for option, value in self.options if option == name]

    def sizes(self, name: str) -> list[int]:
        """The numbers that were said for this option (``2k`` is 2,048); what is no number is passed over."""
        found = [SIZE.fullmatch(value) for value in self.values(name)]
        return [int(size[1]) * (1024 if size[2] else 1) for size in found if size]


# True: it is fine, and nothing more is asked. A text: it is spam, and why. None: no opinion.
Check = Callable[[Asked], "bool | str | None"]


def read(fields: Mapping[str, str]) -> Asked:
    """The fields with their ``options`` taken apart. ValueError for more options than anybody needs."""
    pieces = fields.get("options", "").split(",", MOST_OPTIONS)
    if len(pieces) > MOST_OPTIONS:
        raise ValueError(f"more than {MOST_OPTIONS} options")
    pairs = (piece.partition("=") for piece in pieces)
    return Asked(fields, tuple((name.strip().lower(), value.strip()) for name, _, value in pairs))


def fail(asked: Asked) -> str | None:
    """The option fail asks for the answer SPAM, as a test."""
    return "the option fail asks for this answer" if any(name == "fail" for name, _ in asked.options) else None


def ip(asked: Asked) -> bool | str | None:
    """The options whitelist and blacklist have the address, or a network that it is in."""
    sent = address(asked.fields.get("ip", ""))
    if sent is None:
        return None
    if any(_within(sent, network) for network in asked.values("whitelist")):
        return True
    return (
        "the address is on the list of this site" if any(_within(sent, n) for n in asked.values("blacklist")) else None
    )


def mandatory(asked: Asked) -> str | None:
    """A field is empty that the option mandatory names."""
    missing = [name for name in asked.values("mandatory") if not asked.fields.get(name.lower(), "").strip()]
    return f"the field {missing[0][:40]} is missing" if missing else None


def size(asked: Asked) -> str | None:
    """The comment has less than min-size or more than max-size characters."""
    length = len(asked.fields["comment"])
    if any(length < least for least in asked.sizes("min-size")):
        return "the comment is too short"
    return "the comment is too long" if any(length > most for most in asked.sizes("max-size")) else None


def wordcount(asked: Asked) -> str | None:
    """The comment has less than min-words or more than max-words words."""
    words = len(WORD.findall(asked.fields["comment"]))
    if any(words < least for least in asked.sizes("min-words")):
        return "the comment has too few words"
    return "the comment has too many words" if any(words > most for most in asked.sizes("max-words")) else None


def lotsaurls(asked: Asked) -> str | None:
    """The comment has more links than max-links."""
    links = len(LINK.findall(asked.fields["comment"]))
    return "the comment has too many links" if any(links > most for most in asked.sizes("max-links")) else None


CHECKS: tuple[tuple[str, Check], ...] = (
    ("00-fail", fail),
    # Where it comes from.
    ("20-ip", ip),
    # What it must have, and how much of it.
    ("30-mandatory", mandatory),
    ("40-size", size),
    ("45-wordcount", wordcount),
    ("50-lotsaurls", lotsaurls),
)


def check(asked: Asked) -> tuple[str, bool | str] | None:
    """The name of the first check that speaks, and what it says; None where all pass."""
    # Part of a name, as in the old server, but never a pattern: a pattern of somebody else's can run for hours.
    excluded = [name.lower().removesuffix(".js") for name in asked.values("exclude") if name]
    for name, one in CHECKS:
        said = None if any(part in name for part in excluded) else one(asked)
        if said is not None:
            return name, said
    return None


def address(text: str) -> IPv4Address | IPv6Address | None:
    """An address as clients write it: also ``::ffff:1.2.3.4``, ``1.2.3.4:5678`` and ``[::1]:80``; None for none."""
    text = text.strip()
    bracketed = re.fullmatch(r"\[([^\]]{2,45})\](?::\d{1,5})?|([\d.]{7,15}):\d{1,5}", text)
    try:
        found = ip_address((bracketed[1] or bracketed[2]) if bracketed else text[:64])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found


def _within(sent: IPv4Address | IPv6Address, network: str) -> bool:
    try:
        return sent in ip_network(network, strict=False)
    except ValueError:
        return False

"""Addresses in running text: bare ones, ones without a scheme, and ones in disguise.

Only patterns with bounded quantifiers, so that time grows with the length of the text and nothing else.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import unquote


@dataclass(frozen=True, slots=True)
class Link:
    """One address: as written, its host in lower case (with Unicode labels), what follows the host, and how it stood.

    ``anchor`` is the visible text of a marked-up link, empty for a bare one; ``disguised`` where a browser would not
    have taken it for a link as written (``hxxp``, ``example[.]com``).
    """

    address: str
    host: str
    path: str = ""
    anchor: str = ""
    disguised: bool = False


# Top-level domains that stand without "www." or a scheme in real comments: generic ones by use, and all country codes.
# A selection of IANA's root zone: the whole of it would make links of "foo.bar" and "and.then".
GENERIC = frozenset(
    "com net org info biz edu gov mil int name pro mobi tel travel jobs asia cat aero coop museum xxx app art bet "
    "bid blog buzz cafe casino cash center chat city click cloud club codes college company cool date deals "
    "design dev digital direct domains email energy events exchange expert express farm fashion finance fit "
    "flights fun fund fyi games gdn gift global gold gratis group guide guru health help homes host house icu ink "
    "institute kim land law legal life link live loan loans lol london ltd market marketing media men money mom "
    "monster movie network news ngo ninja one online ooo page partners party photo photos pics pizza plus poker "
    "porn press pub quest racing ren rent rest review reviews rocks run sale school science services sex shoes "
    "shop shopping site ski skin social software solutions space sport store stream studio style supply support "
    "surf systems tax team tech tips today tokyo tools top tours town toys trade trading training tube university "
    "vacations vegas video vip vote wang watch website wedding wiki win wine work works world wtf xyz yoga zone "
    "рф онлайн сайт рус укр 中国 中國 公司 网络 在线 みんな 한국 भारत مصر السعودية".split()
)
COUNTRY = frozenset(
    "ac ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bm bn bo br bs bt bw by bz ca cc cd "
    "cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg er es et eu fi fj fk fm fo fr ga gd ge "
    "gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn hr ht hu id ie il im in io iq ir is it je jm jo jp ke kg kh "
    "ki km kn kp kr kw ky kz la lb lc li lk lr ls lt lu lv ly ma mc md me mg mh mk ml mm mn mo mp mq mr ms mt mu mv mw "
    "mx my mz na nc ne nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa re ro rs ru rw sa sb "
    "sc sd se sg sh si sk sl sm sn so sr ss st su sv sx sy sz tc td tf tg th tj tk tl tm tn to tr tt tv tw tz ua ug uk "
    "us uy uz va vc ve vg vi vn vu wf ws ye yt za zm zw".split()
)
TOP_LEVEL = GENERIC | COUNTRY
# Endings of file names, methods and words that are top-level domains too: "setup.py", "did.it", "list.app", "run.sh".
# Without "www.", a scheme or a path such a word is no address.
AMBIGUOUS = frozenset(
    "py rs sh pl md so cc ps mk pm am as at be by do id in is it la me my no re se to us my ms st "
    "app run name page zip mov one help link live work team plus rest date game media today news style"
    " watch center host group video chat support tools store".split()
)

# Products that are called like hosts; written with a capital and without a path they are no address.
PRODUCTS = frozenset("asp.net vb.net ado.net ml.net json.net paint.net akka.net socket.io character.ai".split())

# Where no spaces are written, an address begins after any such character, and ends before one unless a "/", "=" or
# another joint of addresses stands before it: "看https://example.com/a了解", but also "https://example.com/wiki/中国".
_UNSPACED = "\u0e00-\u0eff\u1780-\u17ff\u3041-\u30ff\u3400-\u9fff\U00020000-\U0003ffff"
_JOINTS = r"/=_.&?#%+:@\-"
_IN_ADDRESS = rf"(?:[^\s<>\"\x00-\x1f{_UNSPACED}]|(?<=[{_JOINTS}{_UNSPACED}])[{_UNSPACED}])"
SCHEME = re.compile(rf"(?<![A-Za-z0-9])(?:https?|ftp)://{_IN_ADDRESS}{{1,2048}}", re.IGNORECASE)
WWW = re.compile(rf"(?<![A-Za-z0-9_@./-])www\d?\.{_IN_ADDRESS}{{3,2048}}", re.IGNORECASE)
BARE_HOST = re.compile(
    r"(?<![\w@./\\$=:-])((?:[^\W_][\w-]{0,62}\.){1,8}"
    rf"([a-zA-Z]{{2,24}}(?=[{_UNSPACED}])|[^\W\d_][^\W_]{{1,23}}(?![\w(@\[-]|\.[^\W_])))"
    rf"(:\d{{1,5}})?([/?#]{_IN_ADDRESS}{{0,2048}})?"
)
LABEL_DOT = re.compile(r"\.(?<=[\w-]\.)[^\W_]")
LEADING_PROSE = re.compile(rf"[{_UNSPACED}]+(?=[a-zA-Z0-9])")
# A dot as all addresses have it, and one as hosts without "www." do. It comes first in the pattern, as one sign is what
# a search finds fastest: 3.2 → 0.2 µs.
DOTTED = re.compile(r"\.(?<=[^\W_]\.)\S")
HOST_DOTTED = re.compile(r"\.(?<=[^\W_]\.)[^\W\d_]{2}")
# 3221225991 and 0xc0000207 are hosts to a browser.
NUMERIC_HOST = re.compile(r"\d{8,10}\Z|0x[0-9a-f]{8}\Z")

# How people write an address so that filters miss it.
HXXP = re.compile(r"\b(?:hxxp|h\*\*p|h__p|hxtp|htxp)(s?)(?:://|:\\\\|\[:\]//|\[://\])", re.IGNORECASE)
SPLIT_SCHEME = re.compile(r"\b(https?)(?: ?: ?[/\\] ?[/\\] ?|\[:\]//)", re.IGNORECASE)
_DOT = "dot|d0t|punkt|point|punto|точка"
BRACKET_DOT = re.compile(
    rf"(?<=\w) {{0,2}}(?:\[ ?(?:\.|{_DOT}) ?\]|\( ?(?:\.|{_DOT}) ?\)|\{{ ?(?:\.|{_DOT}) ?\}}|<dot>) {{0,2}}(?=\w)",
    re.IGNORECASE,
)
# What BRACKET_DOT needs, with a class of signs first, for which a search is quick.
BRACKETED = re.compile(rf"[\[({{<] ?(?:\.|{_DOT}) ?[\])}}>]", re.IGNORECASE)
_SAID = "dot|punkt|point|punto"
WORD_DOT = re.compile(
    rf"(?<![\w.@-])([^\W_][\w-]{{1,62}}(?: (?:{_SAID}) [^\W_][\w-]{{1,62}}){{0,3}}) ({_SAID}) ([a-z]{{2,12}})\b"
    r"((?: slash [\w-]{1,62}){0,4})",
    re.IGNORECASE,
)
BETWEEN_SAID = re.compile(rf" (?:{_SAID}) ", re.IGNORECASE)
_ENDINGS = "com|net|org|info|biz|ru|xyz|top|shop|online|club|site|io|co\\.uk|c o m|n e t|o r g"
SPACED_DOT = re.compile(rf"(?<![\w.@-])([^\W_][\w-]{{1,62}})( \. ?)({_ENDINGS})\b(?=[/\s,;!?.]|$)")
# What SPACED_DOT and WORD_DOT need, for which a search is quicker: 1 µs, not 15 to 60.
SPACED_ENDING = re.compile(rf" \. ?(?:{_ENDINGS})\b")
# "dot" between two words is an address only before endings that are no word there: "connect the dot in time" is none.
SPOKEN = frozenset("com net org info biz ru fr pl uk xyz io cn br jp".split())
SPOKEN_LAST = frozenset("de es in me it shop online club top site".split())
SAID_ENDING = re.compile(rf" (?:{_SAID}) (?:{'|'.join(SPOKEN | SPOKEN_LAST | COUNTRY)})\b", re.IGNORECASE)
# Before ".com" or "dot com" these are prose: "the .com domain", "the dot com bubble", "un point de vue".
NO_HOST = frozenset(
    "the this that these every each any your my our their his her its an and or but no not of in on for to from with "
    "is was are as at by buy get use used using like than both one two all some un une le la ce mon el il lo der die "
    "das den ein eine good great".split()
)


def undisguise(text: str) -> tuple[str, int]:
    """``text`` with disguised addresses written out, and how many there were."""
    lower = text.lower()
    count = 0
    if ":" in text and ("/" in text or "\\" in text):
        if "hxxp" in lower or "h**p" in lower or "h__p" in lower or "hxtp" in lower or "htxp" in lower:
            text, changed = HXXP.subn(r"http\1://", text)
            count += changed
        if "http" in lower and (": /" in lower or " :" in lower or "/ /" in lower or "[:]" in lower or ":\\" in lower):
            count += sum(found[0] != f"{found[1]}://" for found in SPLIT_SCHEME.finditer(text))
            text = SPLIT_SCHEME.sub(r"\1://", text)
    # Each sign by itself: 0.04 µs, where the pattern's class takes 5 ns for every character.
    if ("(" in text or "[" in text or "<" in text or "{" in text) and BRACKETED.search(text):
        text, changed = BRACKET_DOT.subn(".", text)
        count += changed
    says_dot = " dot " in lower or " punkt " in lower or " point " in lower or " punto " in lower
    if says_dot and SAID_ENDING.search(text):
        before = text
        text = WORD_DOT.sub(_spoken, text)
        count += before != text
    if " ." in text and SPACED_ENDING.search(text):
        before = text
        text = SPACED_DOT.sub(_closed_up, text)
        count += before != text
    return text, count


def _spoken(found: re.Match[str]) -> str:
    labels = BETWEEN_SAID.sub(".", found[1])
    ending = found[3].lower()
    is_last = found.end() == len(found.string) or found.string[found.end()] in ".,;:!?)/\n" or found[4] != ""
    known = ending in SPOKEN or (ending in SPOKEN_LAST and is_last) or (ending in COUNTRY and "." in labels and is_last)
    if not known or labels.lower() in NO_HOST:
        return found[0]
    return f"{labels}.{found[3]}{found[4].replace(' slash ', '/')}"


def _closed_up(found: re.Match[str]) -> str:
    """ "great site . com": an address only where the dot stands off on the left; "Really. Online shops …" is prose."""
    if found[1].lower() in NO_HOST:
        return found[0]
    return f"{found[1]}.{found[3].replace(' ', '')}"


def _trimmed(address: str) -> str:
    """Without the punctuation that belongs to the sentence around it."""
    while address:
        last = address[-1]
        if last in ".,;:!?'\"*_~…。、，！？»”’>|" or (
            last in ")]}" and address.count(last) > address.count("([{"[")]}".index(last)])
        ):
            address = address[:-1]
        else:
            break
    return address


def host_of(address: str) -> tuple[str, str]:
    """Host (lower case, without "www.", port and user) and the rest, of an address with or without a scheme."""
    _, scheme, after = address.partition("://")
    rest = after if scheme else address
    end = next((i for i, c in enumerate(rest) if c in "/?#\\"), len(rest))
    authority, path = rest[:end], rest[end:]
    host = authority.rpartition("@")[2].lower()
    if host.startswith("["):
        return host.partition("]")[0][1:], path  # IPv6
    host = host.partition(":")[0].strip(".")
    if "." not in host and "。" in host:
        host = host.replace("。", ".")  # as browsers do (UTS #46)
    if host.startswith("www."):
        host = host[4:]
    if "xn--" in host:
        host = _unicode_host(host)
    return host, path


def _unicode_host(host: str) -> str:
    """Punycode labels as people see them (RFC 3492); left as they are where they are broken."""
    import idna  # 1 in 10,000 comments has such a host; the tables cost 10 ms to load

    try:
        return idna.decode(host)
    except (idna.IDNAError, UnicodeError, IndexError):
        return host


def make(address: str, *, anchor: str = "", disguised: bool = False) -> Link | None:
    """A Link, or None where the address has no host: ``mailto:``, ``javascript:``, ``#top``, a path."""
    address = address.strip()
    if "://" not in address[:12]:
        if address.startswith("//"):
            address = address[2:]
        elif ":" in address.partition("/")[0] and not re.match(r"[\w.-]+:\d", address):
            return None
    host, path = host_of(address)
    if len(host) > 253 or not host.strip(".:"):
        return None
    if "." not in host and ("://" not in address[:12] or not (":" in host or NUMERIC_HOST.match(host))):
        return None
    return Link(address, host, path, anchor, disguised)


def _looks_like_address(host: str, ending: str, path: str | None) -> bool:
    ending = ending.lower()
    if ending not in TOP_LEVEL:
        return False
    if path and len(path) > 1 and path[0] in "/?":
        return True
    # "Node.Live", "Character.AI": a name in capitals is a product's; "did.it": a word, not a country.
    return (
        ending not in AMBIGUOUS
        and not (host.rpartition(".")[2].isupper() and not host.isupper())
        and not (host.lower() in PRODUCTS and host != host.lower())
    )


def bare(text: str) -> Sequence[tuple[int, int, Link]]:
    """Every bare address in ``text`` as (start, end, Link), left to right, none inside another."""
    found: list[tuple[int, int, Link]] = []
    if "://" in text:
        found.extend(_trimmed_links(with_scheme(text)))
    if DOTTED.search(text):
        if "www" in text or "WWW" in text or "Www" in text:
            found.extend(_trimmed_links(WWW.finditer(text)))
        if HOST_DOTTED.search(text):
            found.extend(_hosts(text))
    if len(found) < 2:
        return found
    found.sort(key=lambda item: (item[0], -item[1]))
    apart, reached = [], 0
    for item in found:
        if item[0] >= reached:
            apart.append(item)
            reached = item[1]
    return apart


def _hosts(text: str) -> Iterator[tuple[int, int, Link]]:
    for match in with_dot(text):
        if _looks_like_address(match[1], match[2], match[4]):
            address = _trimmed(match[0])
            prose = LEADING_PROSE.match(address)
            start = prose.end() if prose else 0
            link = make(address[start:])
            if link:
                yield match.start() + start, match.start() + len(address), link


def with_dot(text: str) -> Iterator[re.Match[str]]:
    """The matches of BARE_HOST, each tried from the start of the word before a dot: 19 → 7 µs where there is one."""
    reached = 0
    dot = LABEL_DOT.search(text)
    while dot:
        start = dot.start()
        while start > reached and (text[start - 1].isalnum() or text[start - 1] in "_-"):
            start -= 1
        match = BARE_HOST.match(text, start)
        if match:
            yield match
            reached = match.end()
        dot = LABEL_DOT.search(text, reached if match else dot.end())


def with_scheme(text: str) -> Iterator[re.Match[str]]:
    """The matches of SCHEME, looked for around each "://": 10 → 1 µs where there is one."""
    at = text.find("://")
    while at >= 0:
        ends = at + 3
        for length in (5, 4, 3):  # https, http, ftp
            match = SCHEME.match(text, at - length) if at >= length else None
            if match:
                yield match
                ends = match.end()
                break
        at = text.find("://", ends)


def _trimmed_links(matches: Iterable[re.Match[str]]) -> Iterator[tuple[int, int, Link]]:
    for match in matches:
        address = _trimmed(match[0])
        link = make(address)
        if link:
            yield match.start(), match.start() + len(address), link


WORDS_IN_ADDRESS = re.compile(r"[^\W\d_]{3,40}")


def words_of(link: Link) -> list[str]:
    """The words inside an address's path, lower case."""
    return [word.lower() for word in WORDS_IN_ADDRESS.findall(unquote(link.path))]

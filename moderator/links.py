"""Addresses in running text: bare ones, ones without a scheme, and ones in disguise.

Only patterns with bounded quantifiers, so that time grows with the length of the text and nothing else.
"""

import re
from collections.abc import Iterator
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
    "com net org info biz edu gov mil int name pro mobi tel travel jobs asia cat aero coop museum xxx "
    "app art bet bid blog buzz cafe casino cash center chat city click cloud club codes college company cool date "
    "deals design dev digital direct domains email energy events exchange expert express farm fashion finance fit "
    "flights fun fund fyi games gdn gift global gold gratis group guide guru health help homes host house icu "
    "ink institute kim land law legal life link live loan loans lol london ltd market marketing media men money mom monster "
    "movie network news ngo ninja one online ooo page partners party photo photos pics pizza plus poker porn press "
    "pub quest racing ren rent rest review reviews rocks run sale school science services sex shoes shop shopping "
    "site ski skin social software solutions space sport store stream studio style supply support surf systems tax "
    "team tech tips today tokyo tools top tours town toys trade trading training tube university vacations vegas "
    "video vip vote wang watch website wedding wiki win wine work works world wtf xyz yoga zone "
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

SCHEME = re.compile(r"\b(?:https?|ftp)://[^\s<>\"\x00-\x1f]{1,2048}", re.IGNORECASE)
WWW = re.compile(r"(?<![\w@./-])www\d?\.[^\s<>\"\x00-\x1f]{3,2048}", re.IGNORECASE)
BARE_HOST = re.compile(
    r"(?<![\w@./\\$=:-])((?:[^\W_][\w-]{0,62}\.){1,8}([^\W\d_][^\W_]{1,23}))(?![\w(@\[-]|\.[^\W_])"
    r"(:\d{1,5})?([/?#][^\s<>\"]{0,2048})?"
)
DOTTED = re.compile(r"[^\W_]\.[^\W\d_]{2}")
NUMERIC_HOST = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}\Z")

# How people write an address so that filters miss it.
HXXP = re.compile(r"\b(?:hxxp|h\*\*p|h__p|hxtp|htxp)(s?)(?:://|:\\\\|\[:\]//|\[://\])", re.IGNORECASE)
SPLIT_SCHEME = re.compile(r"\b(https?)(?: ?: ?/ ?/ ?|\[:\]//)", re.IGNORECASE)
BRACKET_DOT = re.compile(r"(?<=\w) {0,2}(?:\[ ?(?:\.|dot|d0t|punkt|point|punto|точка) ?\]|\( ?(?:\.|dot|d0t|punkt|point|punto|точка) ?\)|"
                         r"\{ ?(?:\.|dot|d0t) ?\}|<dot>) {0,2}(?=\w)", re.IGNORECASE)
WORD_DOT = re.compile(r"(?<![\w.@])([^\W_][\w-]{1,62}) (?:dot|punkt|point|punto) ([a-z]{2,12})\b(?: (?:dot|punkt|point|punto) ([a-z]{2,3})\b)?",
                      re.IGNORECASE)
SPACED_DOT = re.compile(r"(?<![\w.@])([^\W_][\w-]{1,62})(?: \. ?| ?\. )(com|net|org|info|biz|ru|xyz|top|shop|online|club|site|io|co\.uk|de)\b(?=[/\s,;!?]|$)")
# "dot" between two words is an address only before endings that are no English word: "connect the dot in time".
SPOKEN = frozenset("com net org info biz ru de fr es pl uk xyz shop online club top site io cn br jp in me".split())


def undisguise(text: str) -> tuple[str, int]:
    """``text`` with disguised addresses written out, and how many there were."""
    lower = text.lower()
    count = 0
    if "h" in lower and ("hxxp" in lower or "h**p" in lower or "h__p" in lower or "hxtp" in lower or "htxp" in lower):
        text, changed = HXXP.subn(r"http\1://", text)
        count += changed
    if "http" in lower and (": /" in lower or " ://" in lower or "/ /" in lower or "[:]" in lower):
        text, changed = SPLIT_SCHEME.subn(_plain_scheme, text)
        count += changed
    if "[" in text or "(" in text or "{" in text:
        text, changed = BRACKET_DOT.subn(".", text)
        count += changed
    if " dot " in lower or " punkt " in lower or " point " in lower or " punto " in lower:
        before = text
        text = WORD_DOT.sub(_spoken, text)
        count += before != text
    if " ." in text or ". " in text:
        before = text
        text = SPACED_DOT.sub(_closed_up, text)
        count += before != text
    return text, count


def _plain_scheme(found: re.Match[str]) -> str:
    return found[0] if found[0].endswith("://") and " " not in found[0] else f"{found[1]}://"


def _spoken(found: re.Match[str]) -> str:
    if found[2].lower() not in SPOKEN:
        return found[0]
    if found[3] and found[3].lower() in COUNTRY:
        return f"{found[1]}.{found[2]}.{found[3]}"
    rest = found[0][found.end(2) - found.start() :]
    return f"{found[1]}.{found[2]}{rest}"


def _closed_up(found: re.Match[str]) -> str:
    """"great site . com": an address only where the dot stands off on the left; "Really. Online shops …" is prose."""
    between = found[0][len(found[1]) : -len(found[2])]
    return f"{found[1]}.{found[2]}" if between.startswith(" ") and found[2] != "de" else found[0]


def _trimmed(address: str) -> str:
    """Without the punctuation that belongs to the sentence around it."""
    while address:
        last = address[-1]
        if last in ".,;:!?'\"*_~…。、，！？»”’>|" or (last in ")]}" and address.count(last) > address.count("([{"[")]}".index(last)])):
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
    host = authority.rpartition("@")[2].partition(":")[0].lower().strip(".")
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
    if "." not in host or len(host) > 253 or not host.replace(".", ""):
        return None
    return Link(address, host, path, anchor, disguised)


def _looks_like_address(host: str, ending: str, path: str | None) -> bool:
    ending = ending.lower()
    if ending not in TOP_LEVEL:
        return False
    if path and len(path) > 1 and path[0] in "/?":
        return True
    # "Node.Live", "VB.NET": a name in capitals is a product's; "did.it": a word, not a country.
    return ending not in AMBIGUOUS and not (host.rpartition(".")[2].isupper() and not host.isupper())


def bare(text: str) -> Iterator[tuple[int, int, Link]]:
    """Every bare address in ``text`` as (start, end, Link), left to right, none inside another."""
    found: list[tuple[int, int, Link]] = []
    if "://" in text:
        found.extend(_matches(SCHEME, text))
    if "www" in text or "WWW" in text or "Www" in text:
        found.extend(_matches(WWW, text))
    if DOTTED.search(text):
        for match in BARE_HOST.finditer(text):
            if _looks_like_address(match[1], match[2], match[4]):
                address = _trimmed(match[0])
                link = make(address)
                if link:
                    found.append((match.start(), match.start() + len(address), link))
    found.sort(key=lambda item: (item[0], -item[1]))
    reached = 0
    for start, end, link in found:
        if start >= reached:
            yield start, end, link
            reached = end


def _matches(pattern: re.Pattern[str], text: str) -> Iterator[tuple[int, int, Link]]:
    for match in pattern.finditer(text):
        address = _trimmed(match[0])
        link = make(address)
        if link:
            yield match.start(), match.start() + len(address), link


WORDS_IN_ADDRESS = re.compile(r"[^\W\d_]{3,40}")


def words_of(link: Link) -> list[str]:
    """The words inside an address's path, lower case."""
    return [word.lower() for word in WORDS_IN_ADDRESS.findall(unquote(link.path))]

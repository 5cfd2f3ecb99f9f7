"""A comment as a reader would meet it: visible text, links, and what was hidden or disguised.

The only user of Beautiful Soup on the route. Its parser is lxml: on hostile markup of 64 KB it took 0.3 s where
html.parser took 6 s (CVE-2025-6069) and html5lib 20 s for 8 KB, and it keeps text that is nested 1,000 deep.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import unquote

from bs4 import BeautifulSoup
from bs4.element import Comment as MarkupComment
from bs4.element import NavigableString, PageElement, Tag

from moderator import links
from moderator.comment import Comment, clean
from moderator.links import Link
from moderator.spelling import figured, swapped
from moderator.unicode import LONG_ENTITY, MARKS, NONE, Disguises, canonical, unescaped

# Over these a human reads it, and nothing is parsed: an answer must come within 150 ms, whatever was sent.
MOST_CHARACTERS = 16_384
MOST_TAGS = 2_000
MOST_DEPTH = 64
MOST_LINKS = 100
# Nobody reads so long a word of ASCII (3 of 90,561 good comments have one); Chinese is written without spaces.
MOST_IN_A_WORD = 500
# Only the first so many characters of a name or title are looked at.
MOST_OF_A_NAME = 200

_KNOWN_TAGS = (
    "a|abbr|acronym|address|area|article|aside|audio|b|base|big|blockquote|body|br|button|canvas|caption|center|cite|"
    "code|col|colgroup|dd|del|details|dfn|dir|div|dl|dt|em|embed|fieldset|figcaption|figure|font|footer|form|frame|"
    "frameset|h[1-6]|head|header|hr|html|i|iframe|img|input|ins|kbd|label|legend|li|link|main|map|mark|marquee|meta|"
    "nav|noscript|object|ol|optgroup|option|p|param|picture|pre|q|s|samp|script|section|select|small|source|span|"
    "strike|strong|style|sub|summary|sup|svg|table|tbody|td|template|textarea|tfoot|th|thead|time|title|tr|tt|u|ul|"
    "var|video|wbr"
)
MARKUP = re.compile(rf"</?(?:{_KNOWN_TAGS})(?=[\s/>])|<!--|<a$", re.IGNORECASE)
# "<string>" in "List<string>" is code, not a tag: it is shown.
NO_TAG = re.compile(rf"<(?!/?(?:{_KNOWN_TAGS})(?=[\s/>])|!--)", re.IGNORECASE)
OPENING = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,15})")
VOID = frozenset("area base br col embed hr img input link meta param source wbr p li dd dt tr td th option".split())
NUMBERED = re.compile(r"&#(?:\d{1,7}|[xX][0-9a-fA-F]{1,6});?")
BLOCKS = frozenset(
    "address article aside blockquote br center dd details div dl dt fieldset figcaption figure footer form h1 h2 h3 "
    "h4 h5 h6 header hr li main nav ol option p pre section summary table td th tr ul".split()
)
UNSEEN = frozenset("script style template noscript title head textarea object iframe svg audio video canvas".split())
UNSEEN_STYLE = re.compile(
    r"display\s{0,9}:\s{0,9}none|visibility\s{0,9}:\s{0,9}hidden|font-size\s{0,9}:\s{0,9}0(?![.\d]*[1-9])|"
    r"opacity\s{0,9}:\s{0,9}0(?![.\d]*[1-9])|text-indent\s{0,9}:\s{0,9}-\d{3}|(?:left|top)\s{0,9}:\s{0,9}-\d{3}|"
    r"(?:width|height)\s{0,9}:\s{0,9}[01](?:px)?\s{0,9}(?:;|$)|"
    r"(?<![\w-])color\s{0,9}:\s{0,9}(?:#fff(?:fff)?|white|transparent)\b",
    re.IGNORECASE,
)
BBCODE = re.compile(
    r"\[(url|link|img)(?:=[\"']?([^\[\]\s\"']{1,2048})[\"']?)?\]([^\[\]]{0,2000})\[/\1\]|"
    r"(?<!\w)!?\[([^\[\]]{1,500})\]\(<?((?:https?://|www\.)[^\s()<>]{1,2048})>?(?: \"[^\"]{0,200}\")?\)",
    re.IGNORECASE,
)
# Stands where a link was taken out of the text (private use, so that no comment loses a character of its own).
LINK_MARK = "\ue000"
WORD = re.compile(rf"[^\W\d_][^\W_]*(?:[{MARKS}]+[^\W_]*)*(?:['’][^\W\d_]{{1,4}})?")
ASCII_WORD = re.compile(r"[a-z][a-z0-9]*(?:'[a-z]{1,4})?")  # WORD on such text: 4.6 µs, not 7.4
# Chinese, kana, and Thai, Lao, Khmer are written without spaces: so many of their characters count as a word, by the
# usual length of one ("你好" 2, "こんにちは" 5, "สวัสดี" 4 without its marks).
UNSPACED = re.compile("[\u0e00-\u0eff\u1780-\u17ff\u3041-\u30ff\u3400-\u9fff\U00020000-\U0003ffff]")
UNSPACED_LETTERS = (
    (2, re.compile("[\u3400-\u9fff\U00020000-\U0003ffff]")),
    (5, re.compile("[\u3041-\u30ff]")),
    (5, re.compile("[\u0e01-\u0e30\u0e32\u0e33\u0e40-\u0e45\u0e81-\u0eb0\u0eb2\u0eb3\u0ec0-\u0ec4\u1780-\u17b3]")),
)
# Markup that came escaped is shown as it is; to a reader it is an address with a name.
SHOWN_ANCHOR = re.compile(r"<a\s[^<>]{0,2500}>[^<>]{0,500}</a>", re.IGNORECASE)
EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}")
DIGIT = re.compile(r"\d")
_FIGURES = b"0123456789"
SYMBOL = re.compile(r"[^\s\w]|\d")
# "v!@gr@", "m€n": letters played by signs, in no handle and no address of mail.
SIGNED = re.compile(r"(?<![\w@.$])[^\W\d_]{1,40}[@$!€£¡][^\W_]{0,40}[^\W\d_](?![\w@.])")
# Bytes as base64 writes them; a hash in hexadecimal has no capitals beside its small letters.
BLOB = re.compile(r"(?<![A-Za-z0-9+/=])[A-Za-z0-9+/]{60,4096}={0,2}(?![A-Za-z0-9+/=])")
NOTHING_SWAPPED: Mapping[str, str] = MappingProxyType({})
MANY = 3  # so many disguised letters are no slip
MANY_NUMBERED = 5  # so many characters by number, shown as numbers, are a text that nobody was to read


class Reading(NamedTuple):
    """What the eye meets. ``text`` is canonical (see unicode.py) with its case kept; spans of reasons count in it.

    ``outside`` is the text that stands in no link; ``words`` those of the text in lower case, ``vocabulary`` each of
    them once; ``digits`` how many stand outside of links; ``link_only`` whether nothing is said beside the links, but
    a greeting of one or two words at most. ``hidden`` is what a reader cannot see, of which ``concealed`` characters
    are no mere remark in the markup (editors leave those); ``too_complex`` says over which limit the comment went, and
    is empty for nearly all; ``encoded`` whether it had to be decoded twice; ``swapped`` words with inner letters out of
    place, and what was meant.

    A tuple, as it is made for every comment: setting the fields of a frozen dataclass one by one takes 1.2 µs.
    """

    text: str
    outside: str
    words: list[str]
    vocabulary: frozenset[str]
    digits: int
    links: tuple[Link, ...]
    link_only: bool
    hidden: str
    concealed: int
    disguises: Disguises
    too_complex: str
    author: str
    author_disguises: Disguises
    author_link: Link | None
    email_domain: str
    post_title: str
    kind: str
    encoded: bool = False
    swapped: Mapping[str, str] = NOTHING_SWAPPED

    @property
    def all_links(self) -> tuple[Link, ...]:
        """The links of the text and the author's own."""
        return (*self.links, self.author_link) if self.author_link else self.links

    @property
    def signed(self) -> bool:
        """Whether it says who wrote it."""
        return bool(self.author) or self.author_link is not None

    @property
    def has_symbols(self) -> bool:
        """Whether it says something without a word: an emoji, "+1", "???"."""
        return SYMBOL.search(self.text) is not None

    @property
    def hides(self) -> bool:
        """Whether it shows readers something else than stands there."""
        return self.disguises.overrides > 0 or self.disguises.invisible >= MANY or self.concealed > 20

    @property
    def disguises_letters(self) -> bool:
        """Whether its words are written so that a filter would not know them, more often than by a slip.

        One word that is s p a c e d out is emphasis.
        """
        tricks = self.disguises
        if tricks.spaced > 1 or tricks.lookalikes >= MANY or tricks.ornaments >= MANY or tricks.marks >= MANY:
            return True
        if len(self.swapped) >= MANY or (self.digits >= MANY and figured(self.text.lower()) >= MANY):
            return True
        return any(sign in self.text for sign in "@$!€£¡") and len(SIGNED.findall(self.text)) >= MANY

    @property
    def is_blob(self) -> bool:
        """Whether it has bytes that only a program reads."""
        return self.encoded or any(_is_base64(found) for found in BLOB.findall(self.outside))


def _is_base64(text: str) -> bool:
    """Whether it has small letters, capitals and figures, each more than once."""
    kinds = (sum(map(str.islower, text)), sum(map(str.isupper, text)), sum(map(str.isdigit, text)))
    return min(kinds) > 1


def _words(lower: str) -> list[str]:
    return (ASCII_WORD if lower.isascii() else WORD).findall(lower)


def _count_digits(text: str) -> int:
    if text.isascii():
        return len(text) - len(text.encode("ascii").translate(None, _FIGURES))
    return len(DIGIT.findall(text))


def _count_words(text: str) -> int:
    """How many words ``text`` has for a reader; addresses of mail are none."""
    text = EMAIL.sub(" ", text) if "@" in text else text
    text = SHOWN_ANCHOR.sub(" ", text) if "</" in text else text
    if text.isascii():
        return len(WORD.findall(text))
    unspaced = sum(-(-len(letters.findall(text)) // word) for word, letters in UNSPACED_LETTERS)
    return len(WORD.findall(UNSPACED.sub(" ", text))) + unspaced


def read(comment: Comment) -> Reading:
    """``comment`` as a reader meets it. Total for every text, linear in its length."""
    author, author_disguises = canonical(comment.author.name[:MOST_OF_A_NAME])
    body = comment.body
    found: list[Link] = []
    hidden, concealed = "", 0
    limit, encoded = _over_a_limit(body), False
    if limit:
        text = outside = clean(body[:MOST_CHARACTERS])  # not read, but stored and shown
        disguises = NONE
    else:
        if "<" in body and MARKUP.search(body):
            text, outside, hidden, concealed = _from_markup(body, found)
        else:
            text = outside = unescaped(body)
        if "&#" in text and len(NUMBERED.findall(text)) >= MANY_NUMBERED:
            text, outside, encoded = unescaped(text), unescaped(outside), True
        text, disguises = canonical(text)
        outside = text if outside is text or not found else canonical(outside)[0]
        if not found:
            outside = text
        text, outside = _take_links(text, outside, found)
        if len(found) > MOST_LINKS:
            limit = f"it has {len(found)} links"
        elif len(text) > MOST_IN_A_WORD and any(len(word) > MOST_IN_A_WORD and word.isascii() for word in text.split()):
            limit = f"it has a word of more than {MOST_IN_A_WORD} characters"
    text = text.strip()
    words = _words(text.lower())
    vocabulary = frozenset(words)
    return Reading(
        text=text,
        outside=outside,
        words=words,
        vocabulary=vocabulary,
        digits=_count_digits(outside),
        links=tuple(found[:MOST_LINKS]),
        link_only=bool(found) and _count_words(outside) <= 2,
        hidden=hidden,
        concealed=concealed,
        disguises=disguises,
        too_complex=limit,
        author=unescaped(author).strip(),
        author_disguises=author_disguises,
        author_link=links.make(comment.author.url[:2048]) if comment.author.url else None,
        email_domain=_domain(comment.author.email) if comment.author.email else "",
        post_title=_title(comment.post.title[:MOST_OF_A_NAME]) if comment.post.title else "",
        kind=comment.kind,
        encoded=encoded,
        swapped=swapped(vocabulary),
    )


@lru_cache(maxsize=1024)  # a post's title comes with each of its comments
def _title(title: str) -> str:
    return canonical(unescaped(title))[0].strip()


def _domain(email: str) -> str:
    return email.rpartition("@")[2].strip().lower()[:MOST_OF_A_NAME]


def _over_a_limit(body: str) -> str:
    """Which limit the comment goes over, in words, found without parsing; empty if none."""
    if len(body) > MOST_CHARACTERS:
        return f"it has {len(body):,} characters"
    if "<" not in body:
        return ""
    if body.count("<") > MOST_TAGS:
        return f"it has {body.count('<'):,} tags"
    if body.count("<") > MOST_DEPTH and _depth(body) > MOST_DEPTH:
        return f"its tags are nested more than {MOST_DEPTH} deep"
    return ""


def _depth(body: str) -> int:
    """An upper bound of how deep tags are nested: opened minus closed, at its highest."""
    depth = most = 0
    for closing, name in OPENING.findall(body):
        if name.lower() not in VOID:
            depth += -1 if closing else 1
            most = max(most, depth)
            depth = max(depth, 0)
    return most


def _from_markup(body: str, found: list[Link]) -> tuple[str, str, str, int]:
    """Visible text, the part of it in no link, the hidden text, and its length; links are appended to ``found``."""
    body = LONG_ENTITY.sub("\ufffd", NO_TAG.sub("&lt;", body.replace("\x00", "")))
    soup = BeautifulSoup(body.encode("utf-8", "replace").decode(), "lxml")
    walk = _Walk(found)
    walk.into(soup)
    return "".join(walk.seen), "".join(walk.outside), " ".join(walk.hidden).strip(), walk.concealed


class _Walk:
    """One pass over a parsed comment, without recursion: depth is bounded by MOST_DEPTH only for opened tags."""

    def __init__(self, found: list[Link]) -> None:
        self.seen: list[str] = []
        self.outside: list[str] = []
        self.hidden: list[str] = []
        self.concealed = 0
        self.found = found

    def into(self, soup: BeautifulSoup) -> None:
        # (node, inside a link, unseen); closing entries carry a text to append.
        stack: list[tuple[PageElement | str, bool, bool]] = [(soup, False, False)]
        while stack:
            node, linked, unseen = stack.pop()
            if isinstance(node, str) and not isinstance(node, NavigableString):
                self._say(node, linked=linked, unseen=unseen)
            elif isinstance(node, MarkupComment):
                self.hidden.append(str(node))
            elif isinstance(node, NavigableString):
                self._say(str(node), linked=linked, unseen=unseen)
            elif isinstance(node, Tag):
                unseen = unseen or _is_unseen(node)
                linked = self._link(node) or linked
                block = node.name in BLOCKS
                if block:
                    self._say("\n", linked=False, unseen=False)
                    stack.append(("\n", False, False))
                stack.extend((child, linked, unseen) for child in reversed(node.contents))

    def _say(self, text: str, *, linked: bool, unseen: bool) -> None:
        if unseen:
            self.hidden.append(text)
            self.concealed += len(text.strip())
            return
        self.seen.append(text)
        self.outside.append(LINK_MARK if linked else text)

    def _link(self, tag: Tag) -> bool:
        """Note the tag's address; whether its text is a link's."""
        address = (
            tag.get("href")
            if tag.name in ("a", "area")
            else tag.get("src")
            if tag.name in ("img", "iframe", "embed")
            else None
        )
        if not isinstance(address, str):
            return False
        # lxml's text of a link is needed only where there is one.
        link = links.make(links.undisguise(address)[0], anchor=canonical(tag.get_text()[:500])[0].strip() or "(image)")
        if link:
            self.found.append(link)
        return link is not None


def _is_unseen(tag: Tag) -> bool:
    if tag.name in UNSEEN or tag.has_attr("hidden"):
        return True
    style = tag.get("style")
    return isinstance(style, str) and UNSEEN_STYLE.search(style[:500]) is not None


def _take_links(text: str, outside: str, found: list[Link]) -> tuple[str, str]:
    """Find links that are no HTML. Returns the text (disguised addresses written out) and what is in no link."""
    same = outside is text
    if "[" in outside and BBCODE.search(outside):
        outside = BBCODE.sub(lambda match: _take_bbcode(match, found), outside)
        text = BBCODE.sub(_shown_bbcode, text)
        same = False
    outside, disguised = links.undisguise(outside)
    if disguised:
        text = outside if same else links.undisguise(text)[0]
    pieces, end = [], 0
    for start, stop, link in links.bare(outside):
        found.append(link if not disguised else Link(link.address, link.host, link.path, "", True))
        pieces.append(outside[end:start])
        end = stop
    if end:
        outside = f" {LINK_MARK} ".join([*pieces, outside[end:]])
    return text, outside


def _bbcode_parts(match: re.Match[str]) -> tuple[str, str]:
    """Address and shown text of ``[url=…]…[/url]``, ``[url]…[/url]`` or ``[…](…)``."""
    if match[5]:
        return match[5], match[4]
    return (match[2] or match[3]), match[3]


def _take_bbcode(match: re.Match[str], found: list[Link]) -> str:
    address, anchor = _bbcode_parts(match)
    link = links.make(address, anchor=anchor.strip() or address)
    if link is None:
        return match[0]
    found.append(link)
    return f" {LINK_MARK} "


def _shown_bbcode(match: re.Match[str]) -> str:
    return _bbcode_parts(match)[1]


def shared_words(reading: Reading, comment: Comment) -> tuple[list[str], int]:
    """Words that the first link's address shares with the post, and how many words the address has."""
    if not reading.links:
        return [], 0
    address = links.words_of(reading.links[0])
    post = set(
        WORD.findall(f"{comment.post.title} {unquote(comment.post.url)} {comment.post.text[:MOST_CHARACTERS]}".lower())
    )
    return [word for word in address if word in post], len(address)

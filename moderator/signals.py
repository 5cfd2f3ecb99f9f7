"""Facts about a Reading that words do not tell: one function, one number, one sentence each.

A signal returns a number from 0 to 1 (what it means is its docstring, which moderators see); the classifier has
learned what each is worth. They see the Reading only: no clock, no store, nothing that could differ between training
and serving.
"""

import math
import re
from collections.abc import Callable
from functools import lru_cache

from moderator.reading import Reading

Signal = Callable[[Reading], float]

# Where a pattern can, it begins with a class of signs: a search skips to the next of them, 2 to 3 times as quick as it
# would be to try the pattern everywhere.
_CAPITAL = "[A-ZÀ-ÖØ-ÞΑ-ΩА-Я]"
UPPER = re.compile(rf"{_CAPITAL}{_CAPITAL}+")
PHONE = re.compile(
    r"(?<![\w/.-])(?:\+|00)?\d{1,4}[ .()/-]{0,2}(?:\d{2,5}[ .()/-]{1,2}){1,4}\d{2,5}(?![\w/])"
    r"|(?<![\w/.-])\+?\d{9,14}(?![\w/.-])"
)
PHONE_START = re.compile(r"[+\d](?<![\w/.-][+\d])")
MONEY_SIGNS = re.compile("[$€£¥₹₽₩฿₺₫₴]")
MONEY_WORDS = frozenset("usd eur euro euros dollar dollars btc usdt rs rp rub rupees lakh".split())
HANDLE = re.compile(r"(?<![\w.])@[\w.]{3,30}")
MARKUP_LINK = re.compile(r"\[/?url|<a\s|href=|\[link", re.IGNORECASE)
# Nobody's own home: programs that must fill in some address take one of these.
KNOWN_TO_ALL = frozenset(
    "google.com bing.com yahoo.com facebook.com twitter.com youtube.com wikipedia.org msn.com live.com aol.com ask.com "
    "baidu.com qq.com yandex.ru mail.ru amazon.com apple.com microsoft.com linkedin.com instagram.com reddit.com "
    "example.com x.com tiktok.com cnn.com bbc.co.uk ebay.com".split()
)
MOST_LOOKED_AT = 300
NAME_WORD = re.compile(r"[^\W\d_]{3,}")


def _up_to(value: float, most: float) -> float:
    return value / most if value < most else 1.0


def links(reading: Reading) -> float:
    """It has many links."""
    return _up_to(math.log1p(len(reading.links)), 2.5)


def has_a_link(reading: Reading) -> float:
    """It has a link."""
    return 1.0 if reading.links else 0.0


def only_links(reading: Reading) -> float:
    """It says nothing beside its links."""
    return 1.0 if reading.link_only else 0.0


def link_share(reading: Reading) -> float:
    """Much of it is links."""
    if not reading.links or not reading.text:
        return 0.0
    return max(0.0, 1.0 - len(reading.outside) / len(reading.text))


def hosts(reading: Reading) -> float:
    """It links to several hosts."""
    return _up_to(len({link.host for link in reading.links}), 4.0) if reading.links else 0.0


def links_with_text(reading: Reading) -> float:
    """Links are put behind words."""
    return 1.0 if any(link.anchor and "." not in link.anchor for link in reading.links) else 0.0


def masked_links(reading: Reading) -> float:
    """A link says one address and leads to another."""
    return (
        1.0
        if any(
            "." in link.anchor and " " not in link.anchor and link.host not in link.anchor.lower()
            for link in reading.links
        )
        else 0.0
    )


def broken_markup(reading: Reading) -> float:
    """Link markup stands in the text as it is, as programs that post everywhere leave it."""
    text = reading.outside
    return 1.0 if ("[" in text or "<" in text) and MARKUP_LINK.search(text) else 0.0


def disguised_links(reading: Reading) -> float:
    """An address is written so that filters miss it."""
    return 1.0 if any(link.disguised for link in reading.links) else 0.0


def disguised_letters(reading: Reading) -> float:
    """Letters are replaced by look-alikes, split, decorated or out of place."""
    tricks = reading.disguises
    found = tricks.invisible + tricks.lookalikes + tricks.ornaments + 3 * tricks.spaced + tricks.marks
    # One word with letters out of place is a slip, of 1 good comment in 50; 1 in 1,000 has two.
    return _up_to(found + 3 * max(len(reading.swapped) - 1, 0), 12.0)


def hidden(reading: Reading) -> float:
    """It has text that readers cannot see."""
    return _up_to(reading.concealed, 100.0)


def capitals(reading: Reading) -> float:
    """Much of it is in capitals."""
    found = UPPER.findall(reading.outside)
    return _up_to(sum(map(len, found)) / (len(reading.outside) + 10), 0.5) if found else 0.0


def digits(reading: Reading) -> float:
    """Much of it is figures."""
    return _up_to(reading.digits / (len(reading.outside) + 10), 0.3)


def phone(reading: Reading) -> float:
    """It has a telephone number."""
    if reading.digits < 7:
        return 0.0
    text = reading.outside
    return 1.0 if any(PHONE.match(text, start.start()) for start in PHONE_START.finditer(text)) else 0.0


def money(reading: Reading) -> float:
    """It speaks of sums of money."""
    text = reading.outside
    sign = "$" in text if text.isascii() else MONEY_SIGNS.search(text)
    return 1.0 if sign or not MONEY_WORDS.isdisjoint(reading.vocabulary) else 0.0


def handle(reading: Reading) -> float:
    """It names a handle (@…)."""
    return 1.0 if "@" in reading.outside and HANDLE.search(reading.outside) else 0.0


def exclamations(reading: Reading) -> float:
    """It exclaims."""
    return _up_to(reading.outside.count("!"), 5.0)


def asks(reading: Reading) -> float:
    """It asks something."""
    return 1.0 if "?" in reading.outside or "？" in reading.outside or "؟" in reading.outside else 0.0


def code(reading: Reading) -> float:
    """It has program code."""
    text = reading.outside
    count = text.count
    found = count("def ") + count("import ") + count("return ") + count("function ") + count("select ")
    # All others have a sign that most comments have not: 0.03 µs to see that, and 0.15 to count one.
    if ")" in text:
        found += count("()") + count("){") + count(");")
    if ">" in text:
        found += count("=>") + count("->") + count("/>")
    if "=" in text:
        found += count("==") + count("!=")
    if "}" in text:
        found += count("};")
    if "::" in text:
        found += count("::")
    if "</" in text:
        found += count("</")
    if "{\n" in text:
        found += count("{\n")
    return _up_to(found, 3.0)


def repeated_words(reading: Reading) -> float:
    """It says the same words again and again."""
    words = reading.words
    return 1.0 - len(reading.vocabulary) / len(words) if len(words) > 5 else 0.0


def about_the_post(reading: Reading) -> float:
    """It takes up words of the post's title."""
    if not reading.post_title:
        return 0.0
    title = _long_words(reading.post_title)
    return _up_to(len(title & reading.vocabulary), 3.0) if title else 0.0


@lru_cache(maxsize=1024)  # a post's title comes with each of its comments
def _long_words(text: str) -> frozenset[str]:
    return frozenset([word for word in NAME_WORD.findall(text.lower()) if len(word) > 3])


def other_script(reading: Reading) -> float:
    """It is written in another script than the post's title."""
    if reading.post_title.isascii() and reading.text.isascii():
        return 0.0
    of_title, of_text = _latin_share(reading.post_title), _latin_share(reading.text[:MOST_LOOKED_AT])
    if of_title is None or of_text is None:
        return 0.0
    return _up_to(max(0.0, abs(of_title - of_text) - 0.5), 0.4)


@lru_cache(maxsize=1024)
def _latin_share(text: str) -> float | None:
    """The share of Latin letters among a text's letters; None where there is none."""
    letters = [character for character in text if character.isalpha()]
    return sum(character < "\u0250" for character in letters) / len(letters) if letters else None


def name_has_words(reading: Reading) -> float:
    """The author's name has more words than people's names do."""
    return _up_to(max(0, len(reading.author.split()) - 2), 4.0)


def name_is_lower_case(reading: Reading) -> float:
    """The author's name is several words in lower case."""
    return 1.0 if " " in reading.author and reading.author.islower() else 0.0


def name_is_an_address(reading: Reading) -> float:
    """The author's name is a web address."""
    if "." not in reading.author and "://" not in reading.author:
        return 0.0
    return 1.0 if re.search(r"\w\.(?:com|net|org|info|\w\w)\b|://", reading.author) else 0.0


def name_in_the_text(reading: Reading) -> float:
    """Words of the author's name stand in the text."""
    if not reading.author:
        return 0.0
    name = _long_words(reading.author)
    return _up_to(len(name & reading.vocabulary), 2.0) if name else 0.0


def name_in_the_address(reading: Reading) -> float:
    """The author's web address is made of the words of the author's name."""
    if not reading.author_link or not reading.author:
        return 0.0
    name = NAME_WORD.findall(reading.author.lower())
    return sum(word in reading.author_link.host for word in name) / len(name) if name else 0.0


def hyphens_in_the_address(reading: Reading) -> float:
    """The author's host is words with hyphens."""
    return _up_to(reading.author_link.host.count("-"), 2.0) if reading.author_link else 0.0


def long_address(reading: Reading) -> float:
    """The author's host is long."""
    return _up_to(max(0, len(reading.author_link.host) - 12), 16.0) if reading.author_link else 0.0


def deep_address(reading: Reading) -> float:
    """The author's web address is a page deep inside a site."""
    return _up_to(len(reading.author_link.path), 60.0) if reading.author_link else 0.0


def borrowed_address(reading: Reading) -> float:
    """The author's web address is the front page of a site that everybody knows."""
    link = reading.author_link
    return 1.0 if link and len(link.path) < 2 and link.host in KNOWN_TO_ALL else 0.0


def mail_of_own_host(reading: Reading) -> float:
    """The author's mail is at the host of the author's web address."""
    return (
        1.0
        if reading.author_link and reading.email_domain and reading.email_domain in reading.author_link.host
        else 0.0
    )


def links_home(reading: Reading) -> float:
    """It links to the author's own host."""
    return 1.0 if reading.author_link and any(link.host == reading.author_link.host for link in reading.links) else 0.0


SIGNALS: tuple[Signal, ...] = (
    # Links.
    links,
    has_a_link,
    only_links,
    link_share,
    hosts,
    links_with_text,
    masked_links,
    broken_markup,
    # What is hidden or disguised.
    disguised_links,
    disguised_letters,
    hidden,
    # How it is written.
    capitals,
    digits,
    phone,
    money,
    handle,
    exclamations,
    asks,
    code,
    repeated_words,
    about_the_post,
    other_script,
    # Who says to have written it.
    name_has_words,
    name_is_lower_case,
    name_is_an_address,
    name_in_the_text,
    name_in_the_address,
    hyphens_in_the_address,
    long_address,
    deep_address,
    borrowed_address,
    mail_of_own_host,
    links_home,
)


def measure(reading: Reading) -> list[float]:
    """Every signal of a reading, in the order of SIGNALS."""
    return [signal(reading) for signal in SIGNALS]


def sentence(signal: Signal) -> str:
    """The signal's one-sentence docstring, as it is shown."""
    return (signal.__doc__ or "").strip()

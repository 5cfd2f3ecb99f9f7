"""Time grows with the length of a text and with nothing else: every pattern that meets a comment, on hostile texts."""

import re
import time
from collections.abc import Callable

import pytest

from moderator import links, reading, signals, unicode
from moderator.comment import Author
from moderator.wire.akismet import asked

MODULES = (links, reading, signals, unicode, asked)
PATTERNS = {
    f"{module.__name__.rpartition('.')[2]}.{name}": value
    for module in MODULES
    for name, value in vars(module).items()
    if isinstance(value, re.Pattern)
}
HALF, WHOLE = 32_768, 65_536
MOST_GROWTH = 2.6  # 2 is linear, 4 quadratic
# Too quick to be measured against noise: at this speed 64 KiB are no burden whatever the growth looks like. A
# quadratic pattern takes seconds for them.
QUICK = 0.020
BOUND = 0.5

# One unit each; a text is the unit repeated, and its end, so that a match which began early fails late.
UNITS = (
    ("a", "!"), ("A", "("), ("a.", ""), ("a-", "."), ("a.a", "@"), ("a ", "\x00"), (" ", "x"), (". ", "c"), (" .", "c"),
    ("1", "x"), ("1.", "x"), ("1 ", "x"), ("12 34 ", "x"), ("(1)-", "x"), ("+1", "x"), ("@", "a"), ("a@", "."),
    ("a@a.", "1"), ("http://", " "), ("http:", "x"), ("http : / ", "x"), ("hxxp", ":"), ("www.", " "), ("www", "."),
    ("a dot ", "x"), ("aa dot aa ", "."), ("aa slash ", "."), ("[", "]"), ("[[a](", "x"), ("[a", "]"), ("![a](http://", ")"),  # noqa: E501
    ("[url=", "]"), ("[url]", "[/ur]"), ("[url=a]b", "[/link]"), ("(", ")"), ("( ", "dot"), ("{ dot", "}"), ("<", ">"),
    ("<a ", ">"), ("<a href=", ">"), ("<a>", "</b>"), ("</a", ">"), ("<!--", "-"), ("&", ";"), ("&#", ";"), ("&#9", "x"),  # noqa: E501
    ("&#x", "g"), ("&a", "!"), ("display", ":"), ("display :  ", "x"), ("width:1 ", "x"), ("font-size:0.0", "1"),
    ("color: #fff", "f"), ("е", "a"), ("aе", "!"), ("я", "a"), ("\u0301", "a"), ("a\u0301", "!"), ("\u200b", "a"),
    ("a\u200b", "!"), ("\u202e", "a"), ("\u202ea", "\n"), ("\u202d\u202ea\u202c", "!"), ("\U0001f1e6", "a"), ("𝓪", "!"),
    ("a_", "!!"), ("a b c d", "!"), ("中", "a"), ("中a.", "中"), ("a.com中", "!"), ("か", "x"), ("ก\u0e34", "x"),
    ("\ufdfa", "x"), ("'", "a"), ("a'", "1"), ("=", ">"), ("x()", "{"), ("$", "1"), ("\t \n", "x"), ("://a", "."),
    ("-->", "!"), ("\ue000", "x"), ("\u0345", "α"), ("\u0301\u0316", "a"),
    ("def ", "("), (":", "//"), ("\\", "x"), ("%2", "x"), ("\n", " x"),
)  # fmt: skip


def text_of(unit: str, end: str, size: int) -> str:
    return unit * (size // len(unit)) + end


def seconds(work: Callable[[str], object], text: str, *, tries: int) -> float:
    """The least processor time of several runs: noise only ever adds."""
    best = float("inf")
    for _ in range(tries):
        start = time.thread_time()
        work(text)
        best = min(best, time.thread_time() - start)
    return best


def complaint(work: Callable[[str], object], unit: str, end: str) -> str:
    """What is wrong with how the time of ``work`` grows on such texts; empty where nothing is."""
    whole = seconds(work, text_of(unit, end, WHOLE), tries=1)
    if whole <= QUICK:
        return ""
    half, whole = float("inf"), float("inf")
    for _ in range(4):  # taken in turns, so that a slow second of the machine meets both
        half = min(half, seconds(work, text_of(unit, end, HALF), tries=2))
        whole = min(whole, seconds(work, text_of(unit, end, WHOLE), tries=2))
        if whole <= QUICK or (whole <= MOST_GROWTH * half and whole <= BOUND):
            return ""
    return f"{unit!r} … {end!r}: {half * 1000:.1f} ms for 32 KiB, {whole * 1000:.1f} ms for 64 KiB"


def search_all(pattern: re.Pattern[str]) -> Callable[[str], object]:
    return lambda text: sum(1 for _ in pattern.finditer(text))


@pytest.mark.parametrize("name", PATTERNS)
def test_a_pattern_takes_time_that_grows_with_the_text_alone(name: str) -> None:
    work = search_all(PATTERNS[name])
    complaints = [found for unit, end in UNITS if (found := complaint(work, unit, end))]
    assert complaints == []


def canonical(text: str) -> object:
    return unicode.canonical(text)


def composed(text: str) -> object:
    return unicode.composed(text)


def own_id(text: str) -> object:
    return asked.own_id(text, "", Author(), "", key=b"key")


def undisguise(text: str) -> object:
    return links.undisguise(text)


def bare(text: str) -> object:
    return list(links.bare(text))


@pytest.mark.parametrize("work", [canonical, composed, own_id, undisguise, bare])
def test_what_is_made_of_the_patterns_grows_with_the_text_alone(work: Callable[[str], object]) -> None:
    complaints = [found for unit, end in UNITS if (found := complaint(work, unit, end))]
    assert complaints == []


def test_the_patterns_of_all_modules_that_read_comments_are_found() -> None:
    assert {"links.SCHEME", "reading.MARKUP", "signals.PHONE", "unicode.SPACED"} <= PATTERNS.keys()

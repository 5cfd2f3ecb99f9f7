"""Words whose letters have changed places, or are figures: read as they were meant, and never approved by score."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderator.comment import Comment
from moderator.layout import lay_out
from moderator.reading import read
from moderator.spelling import KNOWN, figured, mended, swapped


def test_a_word_with_inner_letters_out_of_place_is_known_again() -> None:
    assert swapped(frozenset({"chnanel", "video", "sbuscribe", "thanks"})) == {
        "chnanel": "channel",
        "sbuscribe": "subscribe",
    }


@pytest.mark.parametrize("word", ["form", "from", "zebra", "naïve", "abc", "", "日本語"])
def test_what_is_known_or_cannot_be_known_stays(word: str) -> None:
    assert swapped(frozenset({word})) == {}


@given(st.frozensets(st.text(max_size=12), max_size=20))
def test_it_is_total_and_keeps_lengths(words: frozenset[str]) -> None:
    for word, meant in swapped(words).items():
        assert meant in KNOWN
        assert sorted(word) == sorted(meant)


def test_one_slip_stays_as_it_was_and_two_are_read_as_they_were_meant() -> None:
    assert "chnanel" in lay_out(read(Comment("please see my chnanel now"))).body
    assert "my channel and subscribe" in lay_out(read(Comment("see my chnanel and sbuscribe now"))).body


def test_mending_changes_whole_words_only() -> None:
    assert mended("teh tehran", {"teh": "the"}) == "teh tehran"  # too short to be looked at
    assert mended("chnanel chnanels", {"chnanel": "channel"}) == "channel chnanels"


def test_many_such_words_are_never_approved_by_score() -> None:
    assert read(Comment("Check my chnanel for a gerat viedo and sbuscribe")).disguises_letters
    assert not read(Comment("I recieved teh pacakge yesterday, thanks for the quick answer.")).disguises_letters


def test_common_words_with_figures_for_letters_are_counted() -> None:
    assert figured("ch3ck my ch4nn3l and subscr1b3") == 3
    assert figured("h264, python3, b2b, 3d, 10am, utf8 and https://a.org/ch3ck") == 0
    assert read(Comment("ch3ck my ch4nn3l and subscr1b3 n0w")).disguises_letters

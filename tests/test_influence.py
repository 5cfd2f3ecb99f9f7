"""How much of a training one site, one author and one text can be."""

from collections import Counter

import numpy as np
import pytest

from moderator.comment import Author, Comment, Word
from moderator.labelled import Example
from moderator.training.corpus import group_of
from moderator.training.influence import MOST_OF_A_SITE, MOST_OF_AN_AUTHOR, bounded

OTHERS = 10_000


def example(text: str, *, site: str = "a", author: str = "", spam: bool = False) -> Example:
    return Example(Comment(text, author=Author(author)), Word.SPAM if spam else Word.HAM, f"site {site}")


def weights(own: list[Example]) -> np.ndarray:
    """Of the own ones, among ten thousand rows of files."""
    others = [example("from a file")] * OTHERS
    weight = np.concatenate([np.ones(OTHERS), np.full(len(own), 5.0)])
    text = np.array([group_of(one) for one in (*others, *own)], dtype=np.int64)
    spam = np.array([one.label is Word.SPAM for one in (*others, *own)])
    found = bounded(weight, slice(OTHERS, OTHERS + len(own)), examples=[*others, *own], text=text, spam=spam)
    assert np.array_equal(found[:OTHERS], weight[:OTHERS])
    return found[OTHERS:]


def text(number: int) -> str:
    """A sentence that no other number gives, also where figures are all alike."""
    letters = "".join("abcdefghijklmnop"[int(digit, 16)] for digit in f"{number:04x}")
    return f"the sentence called {letters}, {letters[::-1]} of {letters * 2}"


def test_few_verdicts_count_whole() -> None:
    assert weights([example(text(number), author=f"reader {number}") for number in range(40)]).tolist() == [5.0] * 40


def test_one_site_of_several_is_a_twentieth_at_most_and_the_only_one_is_believed() -> None:
    many = [example(text(number), author=f"reader {number}") for number in range(4000)]
    assert weights(many).sum() == pytest.approx(5 * 4000, rel=0.02)
    with_another = weights([*many, example("hello there", site="b")])
    assert with_another[:-1].sum() <= MOST_OF_A_SITE * (OTHERS + with_another.sum()) * (1 + 1e-6)
    assert with_another[:-1].sum() > 0.9 * MOST_OF_A_SITE * OTHERS
    assert with_another[-1] == 5.0


def test_one_author_is_a_hundredth_at_most() -> None:
    found = weights(
        [example(text(number), author="Jo" if number < 300 else f"reader {number}") for number in range(600)]
    )
    assert found[:300].sum() <= MOST_OF_AN_AUTHOR * (OTHERS + found.sum()) * (1 + 1e-6)
    assert found[300:].tolist() == [5.0] * 300


def test_who_does_not_sign_is_not_one_author() -> None:
    assert weights([example(text(number)) for number in range(300)]).tolist() == [5.0] * 300


def test_a_text_that_a_site_has_several_times_counts_there_once() -> None:
    found = weights([*[example("Buy cheap pills", spam=True)] * 4, example("Buy cheap pills", site="b", spam=True)])
    assert found.tolist() == [1.25] * 4 + [5.0]


def test_what_sites_disagree_on_teaches_nothing() -> None:
    found = weights(
        [example("Buy pills", spam=True), example("Buy pills", site="b"), example("Hello", site="b"), example("Hello")]
    )
    assert found[:2].tolist() == [0.0, 0.0]
    assert Counter(found[2:].tolist()) == {5.0: 2}


def test_verdicts_on_comments_without_a_word_are_one() -> None:
    many = [example(body, author="Jo") for body in ("", " ", "x", "\u200b") for _ in range(500)]
    assert weights(many).sum() <= 4 * 5.0

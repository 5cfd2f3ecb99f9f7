"""A site whose verdicts make the model worse on the yardstick is left out of it."""

import numpy as np

from moderator.comment import Comment, Word
from moderator.labelled import Example
from moderator.training.gate import LEAST_VERDICTS, harm, harmful

SPAM = np.array([False] * 1000 + [True] * 200)
GOOD = np.concatenate([np.linspace(-5, 1, 1000), np.linspace(0, 6, 200)])


def verdicts(*sites: str) -> list[Example]:
    return [Example(Comment("hello"), Word.HAM, site) for site in sites for _ in range(LEAST_VERDICTS)]


def test_the_same_scores_do_no_harm() -> None:
    assert harm(GOOD, GOOD, SPAM) == ""
    assert harm(GOOD + np.where(SPAM, 0.5, -0.5), GOOD, SPAM) == ""


def test_more_good_comments_held_is_harm() -> None:
    pushed = GOOD.copy()
    pushed[980:990] += 3
    assert "good comments" in harm(pushed, GOOD, SPAM)


def test_less_spam_caught_is_harm() -> None:
    told = harm(GOOD - np.where(SPAM, 0.2, 0.0), GOOD, SPAM)
    assert "spam" in told and "good" not in told


def test_the_site_that_does_it_is_found_and_no_other() -> None:
    examples = [Example(Comment("from a file"), Word.HAM, "file"), *verdicts("site a", "site b")]
    asked: list[float] = []

    def ask(weight: np.ndarray) -> np.ndarray:
        """Without site b's verdicts all is well."""
        asked.append(float(weight.sum()))
        b = weight[-LEAST_VERDICTS:].sum() > 0
        return GOOD - np.where(SPAM, 0.5 * b, 0.0)

    weight = np.ones(len(examples))
    found = harmful(examples, 2 * LEAST_VERDICTS, weight, SPAM, ask(weight), ask)
    assert list(found) == ["site b"] and "spam" in found["site b"]
    assert asked[1:] == [len(examples) - LEAST_VERDICTS] * 2
    assert weight.sum() == len(examples)


def test_the_only_site_and_one_with_few_verdicts_are_not_tried() -> None:
    def never(weight: np.ndarray) -> np.ndarray:
        raise AssertionError("there is nothing to try")

    one = verdicts("site a")
    assert harmful(one, len(one), np.ones(len(one)), SPAM, GOOD, never) == {}
    few = [*[Example(Comment("hi"), Word.HAM, "site b")] * 3, *[Example(Comment("hi"), Word.HAM, "site c")] * 3]
    assert harmful(few, 6, np.ones(6), SPAM, GOOD, never) == {}

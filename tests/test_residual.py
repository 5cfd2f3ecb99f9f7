"""What verdicts add to a model: how much, at most how much, and that it is the model's own kind of thing."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from models import COMMENTS, classifier

from moderator import residual
from moderator.comment import Author, Comment
from moderator.reading import read
from moderator.residual import HOUR, MOST_MOVED, Lesson, Residual, Row, rows
from moderator.signals import SIGNALS
from moderator.spaces import TABLE_SIZE

BASE = classifier()
ROWS = rows(COMMENTS, BASE)
WORDS = "the first reader of a blog that nobody knows wrote some lines about bread, rivers, trains and code".split()


def text(number: int) -> str:
    """A sentence that no other number gives."""
    return (
        " ".join(WORDS[(number * step) % len(WORDS)] for step in (1, 3, 7, 11))
        + f" {'abcdefghij'[number % 10]}{number}"
    )


def many(count: int, author: str = "") -> list[Row]:
    return rows([Comment(text(number), author=Author(author or f"reader {number}")) for number in range(count)], BASE)


def lesson(row: Row, spam: bool = True, origin: str = "page ann", at: int = 0, worth: float = 1.0) -> Lesson:
    return Lesson(row, spam, origin, at, worth)


def learned(lessons: list[Lesson]) -> Residual:
    found = Residual()
    for one in lessons:
        found.learn(one)
    return found


def moves(lessons: list[Lesson]) -> list[float]:
    found = Residual()
    return [found.learn(one) for one in lessons]


def test_nothing_learned_is_the_model() -> None:
    assert np.allclose(Residual().logits(ROWS), BASE.scores([read(one) for one in COMMENTS]), rtol=0, atol=1e-12)


def test_a_row_has_the_models_own_log_odds() -> None:
    assert np.allclose([row.logit for row in ROWS], BASE.scores([read(one) for one in COMMENTS]), rtol=0, atol=1e-12)


@pytest.mark.parametrize("spam", [True, False])
def test_a_lesson_moves_its_comment_the_right_way_and_not_too_far(spam: bool) -> None:
    for row in ROWS:
        found = Residual()
        told = found.learn(lesson(row, spam))
        moved = float(found.logits([row])[0]) - row.logit
        assert moved == pytest.approx(told, abs=1e-4)
        assert 0 < (moved if spam else -moved) <= MOST_MOVED + 1e-4


def test_the_adapted_classifier_and_the_residual_say_the_same() -> None:
    found = learned([lesson(row, number % 2 == 0) for number, row in enumerate(ROWS)])
    adapted = found.adapted(BASE)
    readings = [read(one) for one in COMMENTS]
    assert np.allclose(found.logits(ROWS), adapted.scores(readings), rtol=0, atol=1e-9)
    assert [adapted.assess(reading).score for reading in readings] == pytest.approx(
        [1 / (1 + math.exp(-logit)) for logit in found.logits(ROWS)], abs=1e-9
    )
    assert adapted.id == BASE.id and adapted.thresholds == BASE.thresholds


def test_what_explains_an_adapted_score_sums_to_it() -> None:
    adapted = learned([lesson(row) for row in ROWS]).adapted(BASE)
    for comment in COMMENTS:
        told = adapted.explain(read(comment))
        assert told.bias + sum(weight for _, weight in told.parts) == pytest.approx(told.logit, abs=1e-9)
    told = adapted.explain(read(COMMENTS[0]))
    text_parts = [weight for says, weight in told.parts if says in ("The text's wording.", "The text's words.")]
    assert sum(word.weight for word in told.words) == pytest.approx(sum(text_parts), abs=1e-9)


def test_one_classifier_does_not_change_while_more_is_learned() -> None:
    found = learned([lesson(ROWS[0])])
    adapted = found.adapted(BASE)
    before = adapted.score(read(COMMENTS[0]))
    found.learn(lesson(ROWS[1], spam=False))
    assert adapted.score(read(COMMENTS[0])) == before


def test_the_same_text_teaches_a_label_once_and_the_other_label_too() -> None:
    other = [row._replace(author=7) for row in ROWS[:1]]
    assert [bool(moved) for moved in moves([lesson(ROWS[0]), lesson(other[0]), lesson(ROWS[0], False)])] == [
        True,
        False,
        True,
    ]


def test_one_author_counts_for_less_than_six_comments_however_many_there_are() -> None:
    worth = [residual._fading(n, residual.WHOLE_OF_AN_AUTHOR) for n in range(1, 100_000)]
    assert sum(worth) < 2 * residual.WHOLE_OF_AN_AUTHOR
    of_one, of_many = many(60, "bob"), many(60)
    stranger = rows([Comment(text(77))], BASE)
    one, all_ = (float(learned([lesson(row) for row in them]).logits(stranger)[0]) for them in (of_one, of_many))
    assert abs(one - stranger[0].logit) < abs(all_ - stranger[0].logit)


def test_a_flood_from_one_origin_counts_for_less_than_two_hundred_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(residual, "WHOLE_OF_AN_HOUR", 5)
    monkeypatch.setattr(residual, "EVEN", 10_000)
    flood = [abs(moved) for moved in moves([lesson(row) for row in many(80)])]
    slow = [abs(moved) for moved in moves([lesson(row, at=number * HOUR) for number, row in enumerate(many(80))])]
    trusted = [abs(moved) for moved in moves([lesson(row, origin="") for row in many(80)])]
    assert max(flood[40:]) < 0.02 * max(slow)
    assert sum(flood[10:]) < 0.5 * sum(slow[10:])
    assert trusted == pytest.approx(slow)


def test_a_clock_that_goes_backwards_changes_nothing() -> None:
    found = many(30)
    forth = [lesson(row, at=number * HOUR // 3) for number, row in enumerate(found)]
    back = [replace(one, at=30 * HOUR - one.at - 1) for one in forth]
    assert moves(forth) == moves(back)


def test_with_spam_alone_the_further_ones_count_less() -> None:
    found = Residual()
    numbered = [ROWS[0]._replace(text=number, author=number) for number in range(1, 201)]
    worth = [found._worth(lesson(row, at=number * HOUR)) for number, row in enumerate(numbered)]
    assert worth[:20] == [1.0] * 20
    assert worth[199] == pytest.approx(0.1)


def test_what_an_origin_is_worth_scales_what_it_moves() -> None:
    whole, half, nothing = (moves([lesson(ROWS[0], worth=worth)])[0] for worth in (1.0, 0.5, 0.0))
    assert 0.4 * whole < half <= 0.75 * whole
    assert nothing == 0.0


@settings(max_examples=30, deadline=None)
@given(some.lists(some.tuples(some.integers(0, len(ROWS) - 1), some.booleans(), some.integers(0, 3)), max_size=40))
def test_the_same_lessons_give_the_same_numbers_to_the_last_bit(chosen: list[tuple[int, bool, int]]) -> None:
    lessons = [lesson(ROWS[number], spam, f"page {who}", who * HOUR) for number, spam, who in chosen]
    one, other = learned(lessons), learned(lessons)
    assert np.array_equal(one._weights, other._weights)
    assert np.all(np.isfinite(one._weights))


def test_a_label_that_the_others_deny_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(residual, "VETTED_EVERY", 80)
    neutral = BASE.with_weights(np.zeros(TABLE_SIZE), signals=np.zeros(len(SIGNALS)), bias=0.0, stretch=1.0)
    spam = rows([Comment(f"cheap watches at my shop, {text(number)}") for number in range(40)], neutral)
    good = rows([Comment(f"I baked your bread and liked it, {text(number)}") for number in range(40, 80)], neutral)
    lessons = [lesson(row, number % 2 == 0, at=number * HOUR) for number, row in enumerate(_by_turns(spam, good))]
    assert residual.doubted(lessons) == frozenset()
    lied = [replace(one, spam=not one.spam) if number == 36 else one for number, one in enumerate(lessons)]
    assert residual.doubted(lied) == {36}
    told, without = residual.taught(lied), learned([one for number, one in enumerate(lied) if number != 36])
    assert np.array_equal(told._weights, without._weights)
    # Until they are so many, each counts.
    assert np.array_equal(residual.taught(lied[:79])._weights, learned(lied[:79])._weights)


def _by_turns(one: list[Row], other: list[Row]) -> list[Row]:
    return [row for pair in zip(one, other, strict=True) for row in pair]


@pytest.mark.parametrize("spam", [True, False])
def test_a_word_that_is_denied_with_certainty_pulls_less_but_never_nothing(spam: bool) -> None:
    side = 1 if spam else -1
    pulls = [abs(residual._pull(side * logit, spam)) for logit in (-1.0, -2.0, -4.0, -8.0, -30.0)]
    assert pulls[0] > pulls[1] > pulls[2] == pulls[3] == pulls[4] > 0.1
    assert all(side * residual._pull(side * logit, spam) < 0 for logit in (-30.0, -1.0, 0.0, 1.0, 20.0))
    assert abs(residual._pull(side * 30.0, spam)) < 1e-9


def test_a_sixth_of_false_words_does_not_hide_what_the_others_say() -> None:
    neutral = BASE.with_weights(np.zeros(TABLE_SIZE), signals=np.zeros(len(SIGNALS)), bias=0.0, stretch=1.0)
    spam = rows([Comment(f"cheap watches at my shop, {text(number)}") for number in range(30)], neutral)
    good = rows([Comment(f"I baked your bread and liked it, {text(number)}") for number in range(30, 90)], neutral)
    asked = rows([Comment("cheap watches at your shop"), Comment("I baked your bread and liked that")], neutral)
    turns = [(row, True) for row in spam] + [(row, number % 6 == 0) for number, row in enumerate(good)]
    found = residual.taught([lesson(row, said, at=number * HOUR) for number, (row, said) in enumerate(turns)])
    cheap, bread = found.logits(asked).tolist()
    assert cheap > 1 and bread < -1

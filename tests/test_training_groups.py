"""What belongs together never straddles a split: near copies, one author's comments, and whole sources where asked."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moderator.comment import Author, Comment, Word
from moderator.labelled import Example
from moderator.training import corpus, gathering, in_time
from moderator.training.crossfit import fold_of
from moderator.training.gathering import Gathered, gather, split
from moderator.training.groups import COMMON_LEAST, groups, groups_of, marks_of
from moderator.training.search import folds_of, without


def an_example(body: str, *, name: str = "", url: str = "", email: str = "", source: str = "s") -> Example:
    return Example(Comment(body, author=Author(name, email, url)), Word.HAM, source)


TEXTS = st.sampled_from(["good post", "Good POST!! 7", "cheap watches here", "a b c", "another thing", "see my site"])
URLS = st.sampled_from(["", "http://a.com/x", "https://www.a.com/x/", "b.org", "http://c.net/?q=1", "http://[", "x"])
MAILS = st.sampled_from(["", "@gmail.com", "ann@gmail.com", "Ann@Gmail.com", "bob@x.org"])
EXAMPLES = st.builds(
    lambda body, name, url, email, source: an_example(body, name=name, url=url, email=email, source=source),
    TEXTS, st.sampled_from(["", "Ann", "Bob"]), URLS, MAILS, st.sampled_from(["one", "two", "three"]),
)  # fmt: skip


@given(st.lists(EXAMPLES, min_size=1, max_size=40))
def test_examples_that_share_a_mark_are_in_one_group(few: list[Example]) -> None:
    found = groups(few)
    marks = [marks_of(example) for example in few]
    for i, one in enumerate(marks):
        for j, other in enumerate(marks):
            if any(mark and mark == same for mark, same in zip(one, other, strict=True)):
                assert found[i] == found[j]


@given(st.lists(EXAMPLES, min_size=1, max_size=40), st.integers(2, 5))
def test_no_group_straddles_a_fold(few: list[Example], folds: int) -> None:
    found = groups(few)
    sources = np.unique([example.source for example in few], return_inverse=True)[1].astype(np.int64)
    for fold_by in (found, sources):
        for fold in (folds_of(fold_by, folds), fold_of(fold_by, folds)):
            assert fold.min() >= 0 and fold.max() < folds
            tested_ever = []
            for number in range(folds):
                learned, tested = without(found, fold, number)
                assert not set(found[learned]) & set(found[tested])
                assert not set(fold_by[learned]) & set(fold_by[tested])
                tested_ever += tested.tolist()
            assert sorted(tested_ever) == list(range(len(few)))


@settings(deadline=None, max_examples=30)
@given(st.lists(EXAMPLES, min_size=1, max_size=40))
def test_no_group_straddles_the_yardstick(few: list[Example]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(corpus, "starter", lambda: few)
        patch.setattr(gathering, "YARDSTICK", 2)
        found = gather(None, [], keep_good_rows=False, names=False, say=print)
    learned, yard = split(found)
    assert not set(found.groups[learned]) & set(found.groups[yard])
    assert not set(learned) & set(yard)


def test_what_is_in_no_group_is_always_learned_and_never_tested() -> None:
    fold = folds_of(np.array([-1, 4, 4, 5, -1, 6], dtype=np.int64), 2)
    assert fold[[0, 4]].tolist() == [-1, -1] and set(fold[[1, 3, 5]].tolist()) == {0, 1}


def test_groups_are_chained_through_text_and_author() -> None:
    chain = [
        an_example("the first text"),
        an_example("the first text 2", url="http://seller.com/shop"),
        an_example("quite another", url="https://www.SELLER.com/shop/?ref=9"),
        an_example("a third", email="x@seller.com", url="seller.com/shop"),
        an_example("a fourth", email="X@Seller.com"),
    ]
    assert len(set(groups(chain).tolist())) == 1


def test_names_and_mail_hosts_are_no_identity() -> None:
    few = [an_example("one", name="Maria", email="@gmail.com"), an_example("two", name="Maria", email="@gmail.com")]
    assert len(set(groups(few).tolist())) == 2


def test_an_address_that_everybody_gives_is_no_identity() -> None:
    army = [an_example(f"text {chr(97 + n % 26) * (n // 26 + 1)}", url="http://google.com") for n in range(200)]
    few = [replace(example, comment=replace(example.comment, author=Author("", "", ""))) for example in army]
    assert len(set(groups(army).tolist())) == len(set(groups(few).tolist()))
    assert len(set(groups(army[: COMMON_LEAST - 1]).tolist())) == 1


def test_a_group_alone_keeps_the_number_of_its_text() -> None:
    few = [an_example("one thing"), an_example("another")]
    assert groups(few).tolist() == [corpus.group_of(example) for example in few]


@given(st.permutations(list(range(12))))
def test_numbers_do_not_depend_on_the_order(order: list[int]) -> None:
    marks = np.array([[n % 5 + 1, n % 3, n % 7] for n in range(12)], dtype=np.int64)
    assert np.array_equal(groups_of(marks)[order], groups_of(marks[order]))


# Each text once


def gathered(few: list[Example], monkeypatch: pytest.MonkeyPatch) -> Gathered:
    monkeypatch.setattr(corpus, "starter", lambda: few)
    return gather(None, [], keep_good_rows=False, names=False, say=print)


@given(st.lists(EXAMPLES, min_size=1, max_size=30))
def test_gathering_keeps_of_each_text_what_distinct_keeps(few: list[Example]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        found = gathered(few, patch)
    assert list(found.examples) == corpus.distinct(few)


# By time


START = datetime(2026, 1, 1, tzinfo=UTC)


def dated(count: int, *, ham: float = 1.0, spam: float = 1.0, source: str = "blog") -> list[Example]:
    """Comments, every third of them spam, of which these shares have a date."""
    found = []
    for number in range(count):
        word = Word.SPAM if number % 3 == 0 else Word.HAM
        share = spam if word is Word.SPAM else ham
        body = f"{'buy it' if word is Word.SPAM else 'I think'} {chr(97 + number % 26)}{'x' * (number // 26)}"
        at = START + timedelta(hours=number) if (number * 7 % 100) < share * 100 else None
        found.append(Example(Comment(body, created=at), word, source))
    return found


def test_the_newest_fifth_is_tested_and_nothing_newer_is_learned(monkeypatch: pytest.MonkeyPatch) -> None:
    found = gathered(dated(600), monkeypatch)
    turn = in_time.turn(found)
    assert isinstance(turn, in_time.Turn)
    assert turn.sources == ("blog",) and abs(len(turn.tested) - 120) <= 1
    assert found.created[turn.learned].max() < found.created[turn.tested].min()
    assert not set(found.groups[turn.learned]) & set(found.groups[turn.tested])


def test_dates_that_are_a_mark_of_the_label_are_never_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for ham, spam in ((1.0, 0.2), (0.7, 1.0), (0.3, 0.3), (0.0, 0.0)):
        told = in_time.turn(gathered(dated(600, ham=ham, spam=spam), monkeypatch))
        assert isinstance(told, str) and "there are 0 good comments and 0 spam" in told


def test_a_source_with_dates_on_one_label_alone_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    found = gathered(dated(600) + dated(300, source="odd", spam=0.1), monkeypatch)
    turn = in_time.turn(found)
    assert isinstance(turn, in_time.Turn) and turn.sources == ("blog",)
    odd = np.flatnonzero(found.source == found.sources.index("odd"))
    assert not set(odd) & set(turn.tested)


def test_too_few_are_told_with_their_number(monkeypatch: pytest.MonkeyPatch) -> None:
    told = in_time.turn(gathered(dated(120), monkeypatch))
    assert isinstance(told, str) and "it needs 20 of each label" in told and "and 8 spam" in told

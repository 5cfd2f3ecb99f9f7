"""Features: the same for one comment as among a million; signals are facts with a name and a sentence."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from models import COMMENTS

from moderator.comment import Author, Comment, Parent, Post
from moderator.features import rows
from moderator.layout import lay_out
from moderator.policy import RULES
from moderator.policy import sentence as rule_sentence
from moderator.reading import read
from moderator.signals import SIGNALS, Signal, measure, sentence
from moderator.spaces import (
    ADDRESS,
    AUTHOR,
    MARKS,
    NAMED,
    NAMED_WORDS,
    OFFSETS,
    OWN_WEIGHTS,
    SPACES,
    TABLE_SIZE,
    WORDS,
    folded,
    whole,
)

WRITING = st.text(st.characters(exclude_categories=()), max_size=40)
ANY = st.builds(
    Comment,
    body=st.one_of(WRITING, st.sampled_from([comment.body for comment in COMMENTS])),
    author=st.builds(Author, WRITING, WRITING, st.one_of(WRITING, st.just("http://example.com/a"))),
    kind=st.sampled_from(["comment", "reply"]),
    post=st.builds(Post, WRITING, WRITING, WRITING),
    parent=st.builds(Parent, WRITING, WRITING),
)


@given(st.lists(ANY, min_size=1, max_size=8))
@settings(max_examples=150, deadline=None)
def test_a_comment_alone_has_the_features_that_it_has_among_others(comments: list[Comment]) -> None:
    layouts = [lay_out(read(comment)) for comment in comments]
    together = rows(layouts)
    starts = together.edges[:: len(SPACES)]
    for i, layout in enumerate(layouts):
        alone = rows([layout])
        assert np.array_equal(alone.buckets, together.buckets[starts[i] : starts[i + 1]])
        assert np.array_equal(alone.counts()[0], together.counts()[i])
        assert np.array_equal(alone.scales()[0], together.scales()[i])


@given(ANY)
@settings(max_examples=150, deadline=None)
def test_buckets_rise_and_every_space_keeps_to_its_range(comment: Comment) -> None:
    row = rows([lay_out(read(comment))])
    assert np.all(np.diff(row.buckets.astype(np.int64)) > 0)
    assert row.edges[0] == 0 and row.edges[-1] == len(row.buckets)
    for space in range(len(SPACES)):
        inside = row.buckets[row.edges[space] : row.edges[space + 1]]
        assert np.all((inside >= OFFSETS[space]) & (inside < OFFSETS[space + 1]))


def test_spaces_lie_side_by_side_and_fill_the_table() -> None:
    sizes = [1 << space.bits for space in SPACES]
    assert [int(start) for start in np.diff(OFFSETS)] == sizes and sum(sizes) == TABLE_SIZE
    assert len({space.name for space in SPACES}) == len(SPACES) and all(space.says for space in SPACES)


def filled(comment: Comment) -> set[str]:
    row = rows([lay_out(read(comment))])
    return {space.name for space, count in zip(SPACES, np.diff(row.edges), strict=True) if count}


def test_a_field_fills_its_own_space_and_no_other() -> None:
    alone = {"marks"}
    assert filled(Comment("")) <= alone
    assert filled(Comment("some words")) - alone == {"body", "words"}
    assert filled(Comment("", author=Author(name="some words"))) - alone == {"author", "named", "named words"}
    assert filled(Comment("", author=Author(url="http://example.com"))) - alone == {"address"}
    assert filled(Comment("http://example.com/x")) - alone >= {"links"}
    assert "anchors" in filled(Comment("<a href='http://example.com'>words</a>"))


def test_a_name_has_weights_of_its_own_and_those_of_the_same_text() -> None:
    text = rows([lay_out(read(Comment("cheap sofas")))])
    name = rows([lay_out(read(Comment("", author=Author("cheap sofas"))))])
    assert np.all(np.intersect1d(text.buckets, name.buckets) >= OFFSETS[MARKS])
    weight_of = whole(np.arange(OWN_WEIGHTS))
    said = set(weight_of[text.buckets[text.buckets < OFFSETS[AUTHOR]]])
    as_text = set(weight_of[name.buckets[name.buckets >= OFFSETS[NAMED]]])
    assert said == as_text and len(said) > 10
    assert np.any((name.buckets >= OFFSETS[AUTHOR]) & (name.buckets < OFFSETS[ADDRESS]))


def test_the_last_word_of_the_text_and_the_first_of_the_name_are_no_pair() -> None:
    comments = [Comment("one two", author=Author("three four")), Comment("", author=Author("five")), Comment("six")]
    row = rows([lay_out(read(comment)) for comment in comments])
    words = row.counts()[:, [WORDS, NAMED_WORDS]]
    assert words.tolist() == [[3, 3], [0, 1], [1, 0]]


def test_folding_adds_up_what_is_spread_over_shared_weights() -> None:
    ones = np.ones(OWN_WEIGHTS)
    met = folded(whole(ones))
    shared = OFFSETS[AUTHOR]
    assert np.all(met[:shared] == 2) and np.all(met[shared:] == 1)
    chance = np.random.default_rng(0)
    own, by_bucket = chance.random(OWN_WEIGHTS), chance.random(TABLE_SIZE)
    assert np.isclose(whole(own) @ by_bucket, own @ folded(by_bucket))


def test_a_word_said_twice_is_a_feature_once() -> None:
    once, twice = (rows([lay_out(read(Comment(body)))]) for body in ("spam spam", "spam spam spam spam"))
    assert np.array_equal(once.buckets, twice.buckets)


def test_case_and_digits_do_not_change_the_text_s_features() -> None:
    one, other = (lay_out(read(Comment(body))).text for body in ("Call 1999 NOW", "call 2468 now"))
    assert one == other


@given(ANY)
@settings(max_examples=150, deadline=None)
def test_a_space_s_features_have_length_one(comment: Comment) -> None:
    row = rows([lay_out(read(comment))])
    counts = row.counts()
    lengths = counts * row.scales() ** 2
    assert np.allclose(lengths[counts > 0], 1.0)


# Signals

PROBES = (
    *COMMENTS,
    Comment("[url=http://example.com cheap pills"),
    Comment("<a href='http://evil.example.com'>mybank.com</a>"),
    Comment("Look at hxxp://example.com now please"),
    Comment("THIS IS ALL IN CAPITALS"),
    Comment("one\ntwo\n\nthree"),
    Comment("mine", author=Author("jane doe", "jane@doe.org", "https://jane-doe.blogspot.com/2020/01/a-post.html")),
    Comment("see https://jane.org/x", author=Author("jane.org", "jane@jane.org", "https://jane.org/")),
    Comment("Jane Miller told me", author=Author("Jane Miller")),
    Comment("Compilers again, I like compilers", post=Post(title="Compilers and their authors")),
    Comment("hello", author=Author("Jane", url="https://www.facebook.com/jane")),
    Comment("hello", author=Author("Jane", url="https://www.google.com/")),
    Comment("hello", author=Author("Jane", url="https://bit.ly/abc")),
    Comment("Check my chnanel for the best viedo and sbuscribe"),
    Comment("What a wonderful post", post=Post(title="はじめてのパン作り")),
)


@pytest.mark.parametrize("signal", SIGNALS, ids=lambda signal: str(signal.__name__))
def test_a_signal_moves_on_some_probe_and_rests_on_another(signal: Signal) -> None:
    values = {round(signal(read(comment)), 6) for comment in PROBES}
    assert len(values) > 1, values


@given(ANY)
@settings(max_examples=200, deadline=None)
def test_signals_are_finite_and_between_0_and_1(comment: Comment) -> None:
    values = measure(read(comment))
    assert len(values) == len(SIGNALS)
    assert {
        signal.__name__: value for signal, value in zip(SIGNALS, values, strict=True) if not 0.0 <= value <= 1.0
    } == {}


SENTENCE = re.compile(r"[A-Z][^\n]{5,110}\.")


@pytest.mark.parametrize("signal", SIGNALS, ids=lambda signal: str(signal.__name__))
def test_a_signal_has_a_docstring_of_one_sentence(signal: Signal) -> None:
    assert SENTENCE.fullmatch(sentence(signal)), sentence(signal)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule.__name__))
def test_a_rule_has_a_docstring_of_one_sentence(rule: object) -> None:
    text = rule_sentence(rule)  # type: ignore[arg-type]
    assert SENTENCE.fullmatch(text), text


def test_names_and_sentences_of_signals_and_rules_are_their_own() -> None:
    for units in (SIGNALS, RULES):
        assert len({unit.__name__ for unit in units}) == len(units)
        assert len({unit.__doc__ for unit in units}) == len(units)
    # A reason's code may be a signal's, a space's, or "words"; only links, the space, and links, the signal, share one.
    assert {rule.__name__ for rule in RULES}.isdisjoint({signal.__name__ for signal in SIGNALS})

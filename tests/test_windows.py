"""Long texts are judged by their worst part: good words around a spam do not make it better."""

import math
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from models import classifier

from moderator import windows
from moderator.comment import Author, Comment
from moderator.features import Grams, grams
from moderator.layout import LEAD, lay_out
from moderator.reading import read
from moderator.shelf import Shelf
from moderator.spaces import OWN_WEIGHTS, TABLE_SIZE, whole
from moderator.windows import LEAST, STEP, worst

SHIPPED = Path(__file__).parent.parent / "model"
WEIGHTS = whole(np.random.default_rng(7).normal(size=OWN_WEIGHTS).astype(np.float32))

PADDING = (
    "The tram to the lake runs every ten minutes and from the last stop it is a short walk under old trees. We took "
    "bread and cheese along and stayed until it got dark. The water was cold and the children did not mind at all. "
    "In the evening somebody played the accordion on the jetty and we walked home along the river with wet shoes. "
)
SPAM = "Buy cheap pills online without prescription, best casino bonus, visit our shop today"


def _block(*texts: str) -> Grams:
    return grams([lay_out(read(Comment(text, author=Author("Ann Example")))) for text in texts])


def _weigh(buckets: Iterable[int]) -> float:
    distinct = set(buckets)
    return sum(float(WEIGHTS[bucket]) for bucket in distinct) / math.sqrt(max(len(distinct), 1))


def _parts(block: Grams, number: int) -> list[float]:
    """What each part of a text adds, the slow way: two steps each, as sets."""
    begin = sum(len(layout.text) for layout in block.layouts[:number])
    first, end = begin + len(LEAD) - 1, begin + block.layouts[number].body_end
    own = number * TABLE_SIZE
    found = []
    for start in range(first, end - STEP, STEP):
        stop = min(start + 2 * STEP, end)
        words = [i for i, at in enumerate(block.word_starts.tolist()) if start <= at < stop]
        of_words = [int(side[i]) - own for side in (block.words, block.pairs) for i in words]
        found.append(
            _weigh(bucket - own for bucket in block.buckets[:, start:stop].ravel().tolist())
            + _weigh(bucket for bucket in of_words if bucket < TABLE_SIZE)
        )
    return found


def test_a_short_text_has_no_parts() -> None:
    assert worst(WEIGHTS, _block("Thanks, that helped me a lot.", "")) is None


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text("ab c.1é見", max_size=400), min_size=1, max_size=4))
def test_the_worst_part_is_the_one_whose_features_add_up_to_most(texts: list[str]) -> None:
    block = _block(*texts)
    long = [number for number, layout in enumerate(block.layouts) if layout.body_end > LEAST]
    found = worst(WEIGHTS, block)
    if found is None:
        assert long == []
        return
    assert found.owners.tolist() == long
    for number, most, begin in zip(long, found.sums.tolist(), found.begins.tolist(), strict=True):
        parts = _parts(block, number)
        assert most == pytest.approx(max(parts), abs=1e-4)
        assert parts[(begin + 1) // STEP] == pytest.approx(max(parts), abs=1e-4)


def test_more_parts_than_32_bits_have_room_for_are_weighed_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    block = _block(PADDING, f"{SPAM}. {PADDING}")
    narrow = worst(WEIGHTS, block)
    monkeypatch.setattr(windows, "_BUCKET_BITS", 32)
    wide = worst(WEIGHTS, block)
    assert narrow is not None and wide is not None
    assert np.array_equal(narrow.sums, wide.sums) and np.array_equal(narrow.begins, wide.begins)


def test_a_text_without_any_space_has_parts_too() -> None:
    assert worst(WEIGHTS, _block("x" * 500)) is not None


def test_the_words_that_are_quoted_are_those_of_the_worst_part() -> None:
    model = Shelf(SHIPPED, SHIPPED).current()
    assert model is not None
    text = f"{PADDING}{SPAM}. {PADDING}"
    begin = text.index(SPAM)
    (reason,) = (one for one in model.assess(read(Comment(text))).reasons if one.code == "words")
    assert reason.span is not None
    assert begin - 2 * STEP < reason.span[0] < begin + len(SPAM) + STEP


def test_a_text_is_at_least_as_suspicious_as_its_worst_part_less_a_margin() -> None:
    model = classifier()
    alone, padded = (model.explain(read(Comment(text))) for text in (PADDING, f"{PADDING}{SPAM}. {PADDING}"))
    for told in (alone, padded):
        assert np.isclose(told.logit, told.bias + sum(weight for _, weight in told.parts))
    readings = [read(Comment(text)) for text in (PADDING, f"{PADDING}{SPAM}. {PADDING}", SPAM)]
    assert np.allclose(model.scores(readings), [model.explain(reading).logit for reading in readings])


def test_good_words_around_a_spam_change_little_for_the_shipped_model() -> None:
    model = Shelf(SHIPPED, SHIPPED).current()
    assert model is not None
    alone, padded, good = (
        float(model.scores([read(Comment(text))])[0]) for text in (SPAM, f"{PADDING}{SPAM}. {PADDING}", PADDING)
    )
    assert padded > good
    assert padded - good > 0.4 * (alone - good)

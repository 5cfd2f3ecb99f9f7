"""Long texts are judged by their worst part: good words around a spam do not make it better."""

from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from models import classifier

from moderator.comment import Comment
from moderator.layout import Layout, lay_out
from moderator.reading import read
from moderator.shelf import Shelf
from moderator.windows import LEAST, WIDTH, windows

SHIPPED = Path(__file__).parent.parent / "model"

PADDING = (
    "The tram to the lake runs every ten minutes and from the last stop it is a short walk under old trees. We took "
    "bread and cheese along and stayed until it got dark. The water was cold and the children did not mind at all. "
    "In the evening somebody played the accordion on the jetty and we walked home along the river with wet shoes. "
)
SPAM = "Buy cheap pills online without prescription, best casino bonus, visit our shop today"


def _layout(text: str) -> Layout:
    return lay_out(read(Comment(text)))


def test_a_short_text_has_no_parts() -> None:
    assert windows(_layout("Thanks, that helped me a lot.")) == []
    assert windows(_layout("")) == []


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=1500))
def test_parts_cover_the_whole_body_and_are_bounded(text: str) -> None:
    layout = _layout(text)
    parts = windows(layout)
    assert (len(layout.body) > LEAST) == bool(parts)
    assert len(parts) <= 2 + len(layout.body) // 30
    for part in parts:
        assert part.body in layout.body
        assert len(part.body) <= 2 * WIDTH
    if parts:
        assert layout.body.startswith(parts[0].body)
        assert layout.body.endswith(parts[-1].body)


def test_a_text_without_any_space_is_parted_too() -> None:
    parts = windows(_layout("x" * 5000))
    assert len(parts) > 50
    assert all(WIDTH <= len(part.body) <= 2 * WIDTH for part in parts)


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

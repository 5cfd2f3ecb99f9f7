"""Requests gone wrong, for every protocol: bytes cut, changed and doubled, and JSON with the wrong things in it."""

import os
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

# How many a protocol meets; the whole number is 10,000.
MUTATIONS = int(os.environ.get("MODERATOR_TEST_MUTATIONS", "200"))

many = settings(
    max_examples=MUTATIONS,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters()), inner, max_size=4),
    max_leaves=8,
)


@st.composite
def broken_bytes(draw: st.DrawFn, raw: bytes) -> bytes:
    """``raw`` after one to four blows: a piece taken out, put in, doubled, or turned to other bytes."""
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(raw)))
        end = min(len(raw), start + draw(st.integers(0, 12)))
        piece = draw(st.one_of(st.just(b""), st.just(raw[start:end] * 2), st.binary(max_size=12)))
        raw = raw[:start] + piece + raw[end:]
    return raw


@st.composite
def broken_json(draw: st.DrawFn, whole: Any) -> Any:
    """``whole`` with some of its values, at any depth, exchanged for any JSON, taken out, or with strangers beside."""
    if not isinstance(whole, dict) or draw(st.integers(0, 9)) == 0:
        return draw(JSON)
    made = {
        name: draw(broken_json(value)) if draw(st.booleans()) else value
        for name, value in whole.items()
        if draw(st.integers(0, 9))
    }
    return made | (draw(st.dictionaries(st.text(st.characters()), JSON, max_size=1)) if draw(st.booleans()) else {})

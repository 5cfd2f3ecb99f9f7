"""The score is a sum, and every reason a part of it; a model's files are checked to the last bit."""

import json
import math
import pickle
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from models import COMMENTS, classifier, published

from moderator.classifier import Explanation, load, sigmoid
from moderator.comment import Author, Comment
from moderator.model_file import MANIFEST, MODEL, PROBES, WEIGHTS, ModelError, digest, self_digest
from moderator.reading import read
from moderator.spaces import SPACES

TEXT_PARTS = {"The text's wording.", "The text's words."}
MODEL_FOR_ALL = classifier()
BODIES = st.one_of(
    st.text(st.characters(exclude_categories=()), max_size=60),
    st.lists(st.sampled_from(["buy", "Cheap", "pills", "中文", "İst", "ǅ", "a", "'", "x.com", "don't", "9", "\n", "ß"]), max_size=30)  # noqa: E501
    .map(" ".join),
)  # fmt: skip


def account(explanation: Explanation) -> float:
    return explanation.bias + sum(weight for _, weight in explanation.parts)


@given(body=BODIES, name=BODIES)
@settings(max_examples=300, deadline=None)
def test_the_parts_of_an_explanation_sum_to_the_log_odds(body: str, name: str) -> None:
    reading = read(Comment(body, author=Author(name, "a@example.com", "http://example.com/x")))
    explained = MODEL_FOR_ALL.explain(reading)
    assert math.isclose(account(explained), explained.logit, abs_tol=1e-6)
    assert math.isclose(explained.score, MODEL_FOR_ALL.score(reading), abs_tol=1e-12)
    assert math.isclose(explained.score, sigmoid(float(MODEL_FOR_ALL.scores([reading])[0])), abs_tol=1e-9)
    assert math.isclose(explained.score, MODEL_FOR_ALL.assess(reading).score, abs_tol=1e-12)


@given(BODIES)
@settings(max_examples=300, deadline=None)
def test_the_weights_of_the_words_sum_to_what_the_text_weighs(body: str) -> None:
    reading = read(Comment(body))
    explained = MODEL_FOR_ALL.explain(reading)
    text = sum(weight for said, weight in explained.parts if said in TEXT_PARTS)
    assert math.isclose(sum(word.weight for word in explained.words), text, rel_tol=1e-4, abs_tol=1e-4)


@given(BODIES)
@settings(max_examples=200, deadline=None)
def test_shaded_words_stand_in_order_inside_the_text(body: str) -> None:
    reading = read(Comment(body))
    reached = 0
    for word in MODEL_FOR_ALL.explain(reading).words:
        assert reached <= word.start <= word.end <= len(reading.text)
        reached = word.end


def test_a_link_in_the_text_takes_no_weight_from_the_words_around_it() -> None:
    reading = read(Comment("first http://example.com/some-path second third"))
    explained = MODEL_FOR_ALL.explain(reading)
    shaded = [reading.text[word.start : word.end] for word in explained.words]
    assert {"first", "second", "third"} <= set(shaded)


@pytest.mark.parametrize("comment", COMMENTS, ids=[comment.body[:16] for comment in COMMENTS])
def test_many_and_one_are_scored_alike(comment: Comment) -> None:
    readings = [read(one) for one in COMMENTS]
    alone = MODEL_FOR_ALL.score(read(comment))
    among = sigmoid(float(MODEL_FOR_ALL.scores(readings)[COMMENTS.index(comment)]))
    assert math.isclose(alone, among, abs_tol=1e-9)


@given(st.lists(BODIES, max_size=90))
@settings(max_examples=60, deadline=None)
def test_a_comment_scores_the_same_in_every_batch(bodies: list[str]) -> None:
    readings = [read(Comment(body, author=Author(body[:9]))) for body in bodies]
    alone = [MODEL_FOR_ALL.score(reading) for reading in readings]
    for logit, score in zip(MODEL_FOR_ALL.scores(readings), alone, strict=True):
        assert math.isclose(sigmoid(float(logit)), score, abs_tol=1e-9)


@given(st.lists(BODIES, min_size=2, max_size=9))
@settings(max_examples=100, deadline=None)
def test_comments_that_are_assessed_together_have_the_score_and_the_reasons_that_each_has_alone(
    bodies: list[str],
) -> None:
    readings = [read(Comment(body, author=Author(body[:9], "a@example.com"))) for body in bodies]
    together = MODEL_FOR_ALL.assess_many(readings)
    for assessed, alone in zip(together, map(MODEL_FOR_ALL.assess, readings), strict=True):
        assert math.isclose(assessed.score, alone.score, abs_tol=1e-9)
        assert assessed.reasons == alone.reasons


def test_more_comments_than_a_block_are_assessed_in_their_order() -> None:
    readings = [read(Comment("cheap pills " * (i % 5) + "thank you")) for i in range(150)]
    assert [one.score for one in MODEL_FOR_ALL.assess_many(readings)] == pytest.approx(
        [MODEL_FOR_ALL.score(reading) for reading in readings], abs=1e-9
    )


def test_reasons_are_few_and_say_which_way_they_speak() -> None:
    for comment in COMMENTS:
        reasons = MODEL_FOR_ALL.assess(read(comment)).reasons
        assert len(reasons) <= 4
        for reason in reasons:
            assert reason.code and "speaks" in reason.text and "\ue000" not in reason.text


@pytest.mark.parametrize("logit", [-1e9, -745.0, -1.0, 0.0, 1.0, 745.0, 1e9])
def test_no_log_odds_overflow(logit: float) -> None:
    assert 0.0 <= sigmoid(logit) <= 1.0


# Files


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    return folder / published(folder)


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / made.name))


def refused(folder: Path) -> str:
    with pytest.raises(ModelError) as raised:
        load(folder)
    said = str(raised.value)
    assert "train" in said or "restore" in said  # the cure
    return said


def signed(folder: Path) -> None:
    """Make the digests right again, as somebody would who edits a model on purpose."""
    manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
    manifest["files"] = {name: digest(folder / name) for name in manifest["files"]}
    manifest["self"] = self_digest(manifest)
    (folder / MANIFEST).write_text(json.dumps(manifest), "utf-8")


def test_a_published_model_loads_and_answers_as_its_weights_do(folder: Path) -> None:
    loaded = load(folder)
    assert loaded.id == folder.name and loaded.thresholds.reject == 0.9
    for comment in COMMENTS:
        assert math.isclose(loaded.score(read(comment)), MODEL_FOR_ALL.score(read(comment)), abs_tol=1e-9)


def test_a_model_that_only_was_signed_anew_loads(folder: Path) -> None:
    signed(folder)
    load(folder)


FILES = (MANIFEST, MODEL, WEIGHTS, PROBES)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    assert name in refused(folder)


@pytest.mark.parametrize("name", FILES)
def test_a_folder_in_place_of_a_file_is_refused(folder: Path, name: str) -> None:
    (folder / name).unlink()
    (folder / name).mkdir()
    refused(folder)


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    assert "no model in" in refused(tmp_path / "nowhere")


@pytest.mark.parametrize("name", FILES)
def test_a_file_cut_off_at_any_64th_is_refused(folder: Path, name: str) -> None:
    whole = (folder / name).read_bytes()
    parts = range(64) if name != WEIGHTS else range(0, 64, 8)  # 2 MB are hashed for each
    for part in parts:
        (folder / name).write_bytes(whole[: len(whole) * part // 64])
        refused(folder)


@pytest.mark.parametrize("name", FILES)
def test_a_file_with_one_flipped_bit_is_refused(folder: Path, name: str) -> None:
    whole = bytearray((folder / name).read_bytes())
    chance = random.Random(name)
    for _ in range(100 if name != WEIGHTS else 12):
        place, bit = chance.randrange(len(whole)), 1 << chance.randrange(8)
        whole[place] ^= bit
        (folder / name).write_bytes(whole)
        refused(folder)
        whole[place] ^= bit


@pytest.mark.parametrize("name", FILES[1:])  # the manifest vouches for what it says, not for the space around it
def test_a_file_with_something_added_is_refused(folder: Path, name: str) -> None:
    with (folder / name).open("ab") as file:
        file.write(b" ")
    refused(folder)


@pytest.mark.parametrize("content", [b"", b"null", b"[]", b"{}", b"1", b"\xff\xfe", b"[" * 100_000, b'{"format": 1}'])
def test_a_manifest_of_something_else_is_refused(folder: Path, content: bytes) -> None:
    (folder / MANIFEST).write_bytes(content)
    refused(folder)


@pytest.mark.parametrize("name", [MODEL, PROBES])
@pytest.mark.parametrize("content", [b"null", b"[]", b"{}", b"[1]", b"[{}]", b"\xff", b"[" * 100_000, b'{"bias": 0}'])
def test_other_json_is_refused_also_when_it_is_signed(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)
    signed(folder)
    refused(folder)


Edit = Callable[[dict[str, Any]], object]
EDITS: dict[str, Edit] = {
    "a bias that is no number": lambda model: model.update(bias=float("nan")),
    "an endless bias": lambda model: model.update(bias=float("inf")),
    "a bias of text": lambda model: model.update(bias="0"),
    "no bias": lambda model: model.pop("bias"),
    "another bias": lambda model: model.update(bias=model["bias"] + 1),
    "a signal's weight that is no number": lambda model: model["signal_weights"].__setitem__(0, float("nan")),
    "a signal's weight of text": lambda model: model["signal_weights"].__setitem__(0, "x"),
    "a weight too few": lambda model: model["signal_weights"].pop(),
    "a mean too few": lambda model: model["signal_means"].pop(),
    "a signal that is not there": lambda model: model["signals"].append("luck"),
    "signals in another order": lambda model: model["signals"].reverse(),
    "a space of another size": lambda model: model["spaces"][0].__setitem__(1, 17),
    "no thresholds": lambda model: model.pop("thresholds"),
    "a threshold of text": lambda model: model["thresholds"].update(hold="high"),
    "a threshold that is no number": lambda model: model["thresholds"].update(hold=float("nan")),
    "a threshold to reject of text": lambda model: model["thresholds"].update(reject="high"),
    "a threshold to reject that is no number": lambda model: model["thresholds"].update(reject=float("nan")),
    "a threshold to reject below the one to hold": lambda model: model["thresholds"].update(hold=0.5, reject=0.1),
    "a threshold beyond probabilities": lambda model: model["thresholds"].update(hold=7.0),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_an_edited_model_is_refused_also_when_it_is_signed(folder: Path, edit: Edit) -> None:
    model = json.loads((folder / MODEL).read_text("utf-8"))
    edit(model)
    (folder / MODEL).write_text(json.dumps(model), "utf-8")
    signed(folder)
    refused(folder)


def test_empty_probes_are_refused(folder: Path) -> None:
    (folder / PROBES).write_text("[]")
    signed(folder)
    assert "empty" in refused(folder)


def test_a_probe_that_is_answered_otherwise_is_refused(folder: Path) -> None:
    probes = json.loads((folder / PROBES).read_text("utf-8"))
    probes[2]["score"] += 0.01
    (folder / PROBES).write_text(json.dumps(probes), "utf-8")
    signed(folder)
    assert "probe 3" in refused(folder)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_a_weight_that_is_no_number_is_refused(folder: Path, bad: float) -> None:
    table = np.load(folder / WEIGHTS)
    table[12_345] = bad
    np.save(folder / WEIGHTS, table)
    signed(folder)
    assert "finite" in refused(folder)


@pytest.mark.parametrize(
    "change", [lambda t: t[:-1], lambda t: t.astype(np.float64), lambda t: t.reshape(2, -1), lambda t: t[:0]]
)
def test_weights_of_another_shape_or_type_are_refused(folder: Path, change: Callable[[Any], Any]) -> None:
    np.save(folder / WEIGHTS, change(np.load(folder / WEIGHTS)))
    signed(folder)
    refused(folder)


class Bomb:
    """Leaves a mark when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (exec, ("import builtins; builtins.exploded = True",))


def test_a_pickle_in_a_model_is_refused_and_never_opened(folder: Path) -> None:
    import builtins

    array = np.empty(1, dtype=object)
    array[0] = Bomb()
    np.save(folder / WEIGHTS, array, allow_pickle=True)
    signed(folder)
    refused(folder)
    (folder / WEIGHTS).write_bytes(pickle.dumps(Bomb()))
    signed(folder)
    refused(folder)
    np.savez(folder / "w.npz", weights=np.zeros(3))
    (folder / "w.npz").replace(folder / WEIGHTS)
    signed(folder)
    refused(folder)
    assert not hasattr(builtins, "exploded")


def test_no_file_of_the_server_opens_pickles() -> None:
    package = Path(__file__).resolve().parents[1] / "moderator"
    for path in package.glob("*.py"):
        source = path.read_text("utf-8")
        for bad in ("import pickle", "joblib", "allow_pickle=True", "marshal", "shelve", "eval(", "exec("):
            assert bad not in source, (path.name, bad)


def test_serving_never_imports_what_trains() -> None:
    code = (
        "import sys; from moderator import classifier, shelf, policy, moderation; "
        "bad = {'sklearn', 'scipy', 'joblib', 'pandas', 'html5lib'} & {name.partition('.')[0] for name in sys.modules}; "  # noqa: E501
        "sys.exit(f'imported: {bad}' if bad else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_space_has_a_sentence_that_an_explanation_uses() -> None:
    said = {part for part, _ in MODEL_FOR_ALL.explain(read(COMMENTS[2])).parts}
    assert {space.says[0].upper() + space.says[1:] + "." for space in SPACES} <= said

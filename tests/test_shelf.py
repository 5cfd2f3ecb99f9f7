"""Which model answers: promotion, rollback, picking up a new one, and passing over broken ones."""

import itertools
import json
import threading
from pathlib import Path

import pytest
from models import published

from moderator.model_file import MANIFEST, WEIGHTS, ModelError
from moderator.shelf import LOOK_EVERY, POINTER, Shelf


class HandTime:
    """Seconds that pass only when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def hand_time() -> HandTime:
    return HandTime()


@pytest.fixture
def shelf(tmp_path: Path, hand_time: HandTime) -> Shelf:
    return Shelf(tmp_path / "own", tmp_path / "shipped", monotonic=hand_time)


def answers(shelf: Shelf, hand_time: HandTime) -> str:
    """The id of the model that answers after the next look."""
    hand_time.now += LOOK_EVERY
    found = shelf.current()
    return found.id if found else ""


def spoil(folder: Path) -> None:
    with (folder / WEIGHTS).open("r+b") as file:
        file.seek(5000)
        file.write(b"\xff\xff")


def test_an_empty_shelf_has_no_model_and_says_the_cure(shelf: Shelf) -> None:
    assert shelf.current() is None
    assert "moderator train" in shelf.problem and shelf.versions() == []


def test_without_a_pointer_the_newest_version_answers(shelf: Shelf, hand_time: HandTime) -> None:
    published(shelf.shipped, minute=0)
    newer = published(shelf.shipped, seed=2, minute=1)
    assert answers(shelf, hand_time) == newer and shelf.problem == ""


def test_a_promoted_model_answers_within_the_look_interval_and_not_before(shelf: Shelf, hand_time: HandTime) -> None:
    old, new = published(shelf.own, minute=0), published(shelf.own, seed=2, minute=1)
    shelf.promote(old)
    assert answers(shelf, hand_time) == old
    Shelf(shelf.own, shelf.shipped).promote(new)  # another process
    held = shelf.current()
    assert held is not None and held.id == old
    assert answers(shelf, hand_time) == new
    assert LOOK_EVERY < 2


def test_who_promotes_a_model_is_answered_by_it_at_once(shelf: Shelf) -> None:
    assert shelf.current() is None
    for minute in range(2):
        id = published(shelf.own, seed=minute + 1, minute=minute)
        shelf.promote(id)
        found = shelf.current()
        assert found is not None and found.id == id


def test_rollback_goes_back_one_by_one_and_then_says_that_there_is_none(shelf: Shelf, hand_time: HandTime) -> None:
    ids = [published(shelf.own, seed=minute + 1, minute=minute) for minute in range(3)]
    for id in ids:
        shelf.promote(id)
    assert answers(shelf, hand_time) == ids[2]
    assert shelf.rollback() == ids[1] and answers(shelf, hand_time) == ids[1]
    assert shelf.rollback() == ids[0] and answers(shelf, hand_time) == ids[0]
    with pytest.raises(ModelError, match="no earlier model"):
        shelf.rollback()


def test_promoting_what_is_current_changes_nothing(shelf: Shelf) -> None:
    one, two = published(shelf.own, minute=0), published(shelf.own, seed=2, minute=1)
    shelf.promote(one)
    shelf.promote(two)
    shelf.promote(two)
    assert json.loads((shelf.own / POINTER).read_text()) == {"current": two, "before": [one]}


def test_the_first_promotion_can_be_rolled_back_to_the_shipped_model(shelf: Shelf, hand_time: HandTime) -> None:
    shipped = published(shelf.shipped)
    own = published(shelf.own, seed=2, minute=1)
    shelf.own.joinpath(own).rename(shelf.own / "aside")
    assert answers(shelf, hand_time) == shipped
    (shelf.own / "aside").rename(shelf.own / own)
    shelf.promote(own)
    assert answers(shelf, hand_time) == own
    assert shelf.rollback() in (shipped, own)


def test_a_broken_model_is_not_promoted(shelf: Shelf, hand_time: HandTime) -> None:
    good, bad = published(shelf.own, minute=0), published(shelf.own, seed=2, minute=1)
    shelf.promote(good)
    spoil(shelf.own / bad)
    with pytest.raises(ModelError, match=WEIGHTS):
        shelf.promote(bad)
    with pytest.raises(ModelError, match="models list"):
        shelf.promote("nothing")
    assert answers(shelf, hand_time) == good


def test_a_broken_version_is_passed_over_for_the_newest_good_one(shelf: Shelf, hand_time: HandTime) -> None:
    ids = [published(shelf.own, seed=minute + 1, minute=minute) for minute in range(3)]
    for id in ids:
        shelf.promote(id)
    spoil(shelf.own / ids[2])
    assert answers(shelf, hand_time) == ids[1]
    assert ids[2] in shelf.problem and "restore" in shelf.problem


def test_a_pointer_to_nothing_does_not_leave_the_shelf_dark(shelf: Shelf, hand_time: HandTime) -> None:
    only = published(shelf.shipped)
    shelf.own.mkdir()
    (shelf.own / POINTER).write_text('{"current": "v99999"}')
    assert answers(shelf, hand_time) == only and "v99999" in shelf.problem
    (shelf.own / "v99999").mkdir()
    (shelf.own / "v99999" / MANIFEST).write_text("{}")
    assert answers(Shelf(shelf.own, shelf.shipped, monotonic=hand_time), hand_time) == only


@pytest.mark.parametrize(
    "content", ["", "null", "[]", '{"current": 7}', '{"current": "x", "before": 7}', "\xff", "[" * 100_000]
)
def test_a_pointer_of_something_else_does_not_stop_the_server(shelf: Shelf, hand_time: HandTime, content: str) -> None:
    only = published(shelf.shipped)
    shelf.own.mkdir()
    (shelf.own / POINTER).write_text(content, "latin-1")
    assert answers(shelf, hand_time) == only


def test_a_model_that_answers_goes_on_when_its_files_are_deleted(shelf: Shelf, hand_time: HandTime) -> None:
    id = published(shelf.own)
    shelf.promote(id)
    assert answers(shelf, hand_time) == id
    (shelf.own / POINTER).unlink()
    for file in (shelf.own / id).iterdir():
        file.unlink()
    assert answers(shelf, hand_time) == id


def test_versions_are_listed_newest_first_and_broken_ones_with_them(shelf: Shelf) -> None:
    shipped, own = published(shelf.shipped), published(shelf.own, seed=2, minute=1)
    (shelf.own / "broken").mkdir()
    (shelf.own / "broken" / MANIFEST).write_text("{")
    shelf.promote(shipped)
    shown = {version.id: (version.current, version.shipped, version.summary) for version in shelf.versions()}
    assert shown == {
        "broken": (False, False, "its manifest cannot be read"),
        own: (False, False, "seed 2"),
        shipped: (True, True, "seed 1"),
    }


def test_many_readers_meet_only_whole_models_while_models_change(tmp_path: Path) -> None:
    own = tmp_path / "own"
    ids = [published(own, seed=minute + 1, minute=minute) for minute in range(2)]
    shelf = Shelf(own, tmp_path / "none", monotonic=itertools.count().__next__)  # every question looks anew
    shelf.promote(ids[0])
    met: set[str] = set()
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            found = shelf.current()
            met.add(found.id if found else "none")

    readers = [threading.Thread(target=ask) for _ in range(4)]
    for reader in readers:
        reader.start()
    for turn in range(12):
        shelf.promote(ids[turn % 2])
    stop.set()
    for reader in readers:
        reader.join()
    assert met <= set(ids)
    last = shelf.current()
    assert last is not None and last.id == ids[1]


def test_a_model_that_was_never_promoted_does_not_come_into_force_by_being_new(
    shelf: Shelf, hand_time: HandTime
) -> None:
    shipped = published(shelf.shipped)
    published(shelf.own, seed=2, minute=1)
    assert answers(shelf, hand_time) == shipped


def test_a_broken_model_is_passed_over_for_one_that_was_in_force_before_one_that_never_was(
    shelf: Shelf, hand_time: HandTime
) -> None:
    ids = [published(shelf.own, seed=minute + 1, minute=minute) for minute in range(3)]
    shelf.promote(ids[0])
    shelf.promote(ids[1])
    spoil(shelf.own / ids[1])
    assert answers(shelf, hand_time) == ids[0]

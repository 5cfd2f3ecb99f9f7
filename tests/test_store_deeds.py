"""What people do on the pages: one, many or all that fit, taken back and done again, and what they put off."""

from collections.abc import Callable

import pytest
from conftest import APPROVE, HandClock, Send

from moderator.comment import Status, Word
from moderator.store import Counted, Filter, Order, Person, StaleVersion, Store, UnknownComment, deeds, verdicts

Status_ = Callable[[str], str]


@pytest.fixture
def ann(store: Store) -> Person:
    return store.add_person("ann")


@pytest.fixture
def bob(store: Store) -> Person:
    return store.add_person("bob")


@pytest.fixture
def stands(store: Store) -> Status_:
    """The status of a comment, or the word on it."""

    def stands(comment_id: str) -> str:
        found = store.comment(None, comment_id)
        assert found is not None
        return found.verdict.word.value if found.verdict else found.status.value

    return stands


def undo(store: Store, person: Person) -> int:
    return store.deeds.undo(person, store.deeds.recent(person.id).done[0].batch)[1]


def redo(store: Store, person: Person) -> int:
    return store.deeds.redo(person, store.deeds.recent(person.id).undone[0].batch)[1]


def ids_of(store: Store, **how: object) -> list[str]:
    return [found.id for found in store.queue(Filter(), Order.NEWEST, **how).comments]  # type: ignore[arg-type]


def test_deeds_are_taken_back_and_done_again_in_order(store: Store, ann: Person, send: Send, stands: Status_) -> None:
    one, two = send("one").id, send("two").id
    store.deeds.give(ann, one, Word.SPAM, version=1)
    store.deeds.give(ann, two, Word.HAM, version=1)
    undo(store, ann)
    assert (stands(one), stands(two)) == ("spam", "open")
    undo(store, ann)
    assert (stands(one), stands(two)) == ("open", "open")
    recent = store.deeds.recent(ann.id)
    assert not recent.done and [deed.word for deed in recent.undone] == [Word.SPAM, Word.HAM]
    assert recent.last is not None and (recent.last.comment_id, recent.last.undone) == (one, True)
    redo(store, ann)
    redo(store, ann)
    assert (stands(one), stands(two)) == ("spam", "ham")
    assert store.deeds.recent(ann.id).undone == ()


def test_something_new_ends_what_could_be_done_again(store: Store, ann: Person, send: Send) -> None:
    one, two = send("one").id, send("two").id
    store.deeds.give(ann, one, None, version=1)
    undo(store, ann)
    store.deeds.give(ann, two, Word.SPAM, version=1)
    recent = store.deeds.recent(ann.id)
    assert [deed.comment_id for deed in recent.done] == [two] and recent.undone == ()


def test_fifty_deeds_are_kept(store: Store, ann: Person, send: Send) -> None:
    ids = [send(str(number)).id for number in range(deeds.KEPT + 3)]
    for one in ids:
        store.deeds.give(ann, one, Word.SPAM, version=1)
    assert [deed.comment_id for deed in store.deeds.recent(ann.id).done] == ids[::-1][: deeds.KEPT] and deeds.KEPT == 50


def test_a_form_sent_twice_takes_back_one_deed(store: Store, ann: Person, bob: Person, send: Send) -> None:
    one, two = send("one").id, send("two").id
    for comment in (one, two):
        store.deeds.give(ann, comment, Word.SPAM, version=1)
    batch = store.deeds.recent(ann.id).done[0].batch
    assert store.deeds.undo(bob, batch)[0] is None  # nor is it anybody else's
    assert store.deeds.undo(ann, batch)[0] is not None
    assert store.deeds.undo(ann, batch)[0] is None
    assert [deed.comment_id for deed in store.deeds.recent(ann.id).done] == [one]


def test_the_slower_one_is_refused_and_a_double_click_is_not_noted(
    store: Store, ann: Person, bob: Person, send: Send
) -> None:
    one = send("one")
    assert store.deeds.give(ann, one.id, Word.SPAM, version=1) is not None
    assert store.deeds.give(ann, one.id, Word.SPAM, version=2) is None
    for word in (Word.HAM, None):
        with pytest.raises(StaleVersion, match="ann said spam"):
            store.deeds.give(bob, one.id, word, version=1)
    with pytest.raises(UnknownComment):
        store.deeds.give(bob, "0" * 26, None, version=1)
    assert len(store.deeds.recent(ann.id).done) == 1 and store.deeds.recent(bob.id).last is None


def test_a_batch_of_two_hundred_is_one_deed(
    store: Store, ann: Person, bob: Person, send: Send, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verdicts, "AT_ONCE", 64)  # so that it takes several steps
    ids = [send(str(number)).id for number in range(200)]
    store.deeds.give(bob, ids[7], Word.HAM, version=1)
    versions = dict.fromkeys(ids, 1)
    deed = store.deeds.give_many(ann, versions, Word.SPAM)
    assert deed is not None and (deed.number, deed.left_out) == (199, 1)
    assert store.deeds.give_many(ann, versions, Word.SPAM) is None  # sent twice
    assert store.counts()[Status.REJECTED] == 199
    history = store.history(ids[3])
    assert history is not None and history.now.version == 2 and len(history.verdicts) == 1
    assert undo(store, ann) == 0 and store.counts()[Status.HELD] == 199
    assert redo(store, ann) == 0 and store.counts()[Status.REJECTED] == 199
    store.deeds.give(bob, ids[0], Word.HAM, version=4)
    assert undo(store, ann) == 1
    last = store.deeds.recent(ann.id).last
    assert last is not None and (last.number, last.left_out, last.undone) == (198, 2, True)
    history = store.history(ids[3])
    assert history is not None and [past.verdict.word.value for past in history.verdicts] == [
        "spam", "open", "spam", "open"
    ]  # fmt: skip


def test_all_that_fits_is_one_deed_and_leaves_what_nobody_has_seen(
    store: Store, ann: Person, send: Send, clock: HandClock, stands: Status_, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verdicts, "AT_ONCE", 3)
    cheap = [send(f"cheap pills {number}", str(number)).id for number in range(8)]
    other, fine = send("good morning").id, send("cheap tickets", decision=APPROVE).id
    which = Filter(text="cheap")
    seen = clock()
    assert store.deeds.count(which) == Counted(0, whole=False)  # no index can tell
    assert store.deeds.count(Filter().as_of(seen)) == Counted(9, whole=True)
    clock.pass_(seconds=1)
    late = send("cheap pills, later").id
    send("cheap pills, edited", "0")
    assert store.deeds.arrived(which, since=seen) == 1
    assert store.deeds.count(Filter().as_of(seen)).number == 9
    deed, whole = store.deeds.give_all(ann, which, Word.SPAM, seen=seen)
    assert deed is not None and (deed.number, deed.left_out, whole) == (7, 1, True)
    assert [stands(one) for one in (*cheap[:2], other, fine, late)] == ["held", "spam", "held", "approved", "held"]
    assert store.deeds.give_all(ann, which, Word.SPAM, seen=seen) == (None, True)
    assert undo(store, ann) == 0
    assert [stands(one) for one in cheap] == ["held"] + ["open"] * 7
    redo(store, ann)
    assert store.counts()[Status.REJECTED] == 7


def test_what_somebody_is_not_sure_of_comes_last_for_them_alone(
    store: Store, ann: Person, bob: Person, send: Send
) -> None:
    ids = [send(str(number)).id for number in range(6)][::-1]  # newest first
    store.deeds.give(ann, ids[0], None, version=1)
    store.deeds.give_many(ann, {ids[2]: 1, ids[5]: 1}, None)
    wanted = [ids[1], ids[3], ids[4], ids[0], ids[2], ids[5]]
    assert ids_of(store, person_id=ann.id) == wanted
    assert ids_of(store, person_id=bob.id) == ids == ids_of(store)
    for limit in (1, 2, 3, 4, 5):
        seen, pages, place = [], [], None
        while True:
            page = store.queue(Filter(), limit=limit, before=place, person_id=ann.id)
            pages.append(page)
            seen += [found.id for found in page.comments]
            place = page.further
            if place is None:
                break
        assert seen == wanted
        back = pages[-1]
        for expected in reversed(pages[:-1]):
            back = store.queue(Filter(), limit=limit, after=back.back, person_id=ann.id)
            assert back.comments == expected.comments
        assert pages[0].back is None
    page = store.queue(Filter(), person_id=ann.id)
    assert page.put_off == 3 and page.unsure[ids[0]] == ("ann",)
    assert {found.id for found in store.queue(Filter(unsure=True)).comments} == {ids[0], ids[2], ids[5]}
    undo(store, ann)
    assert ids_of(store, person_id=ann.id) == [*ids[1:], ids[0]]
    redo(store, ann)
    assert ids_of(store, person_id=ann.id) == wanted
    assert store.deeds.give_many(ann, {ids[0]: 1}, None) is None  # they are put off already
    assert store.counts()[Status.HELD] == 6


def test_a_place_among_what_was_put_off_is_none_for_others(store: Store, ann: Person, send: Send) -> None:
    one = send("one").id
    store.deeds.give(ann, one, None, version=1)
    assert ids_of(store, person_id=ann.id, before=f"~{'Z' * 26}") == [one]


def test_preferences_are_each_persons_own(store: Store, ann: Person, bob: Person) -> None:
    store.preferences.set(ann.id, "keys", "x")
    store.preferences.set(ann.id, "keys", "y")
    assert (store.preferences.get(ann.id, "keys"), store.preferences.get(bob.id, "keys")) == ("y", "")
    store.preferences.set(ann.id, "keys", "")
    assert store.preferences.get(ann.id, "keys") == ""

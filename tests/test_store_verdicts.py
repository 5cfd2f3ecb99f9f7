"""Human words: appended, undone by appending, never lost; and what of them teaches."""

import threading

import pytest
from conftest import APPROVE, HOLD, HandClock, Send

from moderator.comment import Status, Word
from moderator.store import Site, StaleVersion, Store, UnknownComment, UnknownVerdict


def words(store: Store, comment_id: str) -> list[Word]:
    """The words on it, oldest first."""
    history = store.history(comment_id)
    assert history is not None
    return [past.verdict.word for past in history.verdicts]


@pytest.mark.parametrize(
    ("word", "status"),
    [(Word.HAM, Status.APPROVED), (Word.SPAM, Status.REJECTED), (Word.UNWANTED, Status.REJECTED)],
)
def test_a_verdict_sets_the_status(store: Store, send: Send, clock: HandClock, word: Word, status: Status) -> None:
    answer = send()
    given = store.give_verdict(answer.id, word, by="ann", door="page", expected_version=answer.version)
    assert (given.word, given.status, given.version) == (word, status, 2)
    found = store.comment(None, answer.id)
    assert found is not None and found.status == status and found.verdict is not None
    assert (found.verdict.word, found.verdict.by, found.verdict.door, found.verdict.at) == (
        word,
        "ann",
        "page",
        clock(),
    )


def test_a_stale_version_is_refused_and_says_who_was_faster(store: Store, send: Send, clock: HandClock) -> None:
    answer = send()
    store.give_verdict(answer.id, Word.SPAM, by="ann", door="page", expected_version=1)
    with pytest.raises(StaleVersion, match="ann said spam") as caught:
        store.give_verdict(answer.id, Word.HAM, by="bob", door="page", expected_version=1)
    assert (caught.value.by, caught.value.word, caught.value.at) == ("ann", Word.SPAM, clock())
    assert (caught.value.version, caught.value.status) == (2, Status.REJECTED)
    assert words(store, answer.id) == [Word.SPAM]


def test_an_edit_makes_a_version_stale_too(store: Store, send: Send) -> None:
    answer = send("One", "7")
    send("Two", "7")
    with pytest.raises(StaleVersion, match="it was edited"):
        store.give_verdict(answer.id, Word.HAM, by="bob", door="page", expected_version=1)


def test_of_two_moderators_at_once_one_is_stale(store: Store, send: Send) -> None:
    answers = [send(str(number)) for number in range(20)]
    stale: list[str] = []

    def work(by: str) -> None:
        for answer in answers:
            try:
                store.give_verdict(answer.id, Word.HAM, by=by, door="page", expected_version=1)
            except StaleVersion:
                stale.append(answer.id)

    threads = [threading.Thread(target=work, args=(by,)) for by in ("ann", "bob")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(stale) == sorted(answer.id for answer in answers)
    assert all(words(store, answer.id) == [Word.HAM] for answer in answers)


def test_the_same_word_again_by_the_same_person_is_one_verdict(store: Store, send: Send) -> None:
    answer = send()
    first = store.give_verdict(answer.id, Word.HAM, by="blog", door="webhook")
    assert store.give_verdict(answer.id, Word.HAM, by="blog", door="webhook") == first
    assert words(store, answer.id) == [Word.HAM]


def test_unknown_comments_and_those_of_other_sites_get_no_verdict(store: Store, site: Site, send: Send) -> None:
    other, _ = store.add_site("other")
    answer = send()
    for comment_id, whose in (("nothing", site), (answer.id, other)):
        with pytest.raises(UnknownComment):
            store.give_verdict(comment_id, Word.HAM, by="blog", door="webhook", site=whose)
    assert words(store, answer.id) == []


def test_undo_restores_the_machines_status_and_leaves_no_word_that_teaches(store: Store, send: Send) -> None:
    answer = send(decision=APPROVE)
    given = store.give_verdict(answer.id, Word.SPAM, by="ann", door="page")
    undone = store.undo(given.batch, by="ann")
    assert [(one.word, one.status) for one in undone.given] == [(Word.OPEN, Status.APPROVED)]
    assert words(store, answer.id) == [Word.SPAM, Word.OPEN]
    assert list(store.labelled()) == []


def test_undo_restores_the_word_before(store: Store, send: Send) -> None:
    answer = send()
    store.give_verdict(answer.id, Word.HAM, by="ann", door="page")
    second = store.give_verdict(answer.id, Word.SPAM, by="bob", door="page")
    undone = store.undo(second.verdict_id, by="bob")
    assert [(one.word, one.status) for one in undone.given] == [(Word.HAM, Status.APPROVED)]


def test_undo_of_an_undo_brings_the_word_back(store: Store, send: Send) -> None:
    answer = send()
    given = store.give_verdict(answer.id, Word.SPAM, by="ann", door="page")
    undone = store.undo(given.batch, by="ann")
    redone = store.undo(undone.id, by="ann")
    assert [(one.word, one.status) for one in redone.given] == [(Word.SPAM, Status.REJECTED)]
    assert words(store, answer.id) == [Word.SPAM, Word.OPEN, Word.SPAM]
    history = store.history(answer.id)
    assert history is not None
    assert [past.undoes for past in history.verdicts] == [None, given.verdict_id, undone.given[0].verdict_id]


def test_undo_is_too_late_after_another_word_or_an_edit(store: Store, send: Send) -> None:
    spoken, edited = send("One", "1"), send("Two", "2")
    batch = store.give_verdicts({spoken.id: 1, edited.id: 1}, Word.SPAM, by="ann", door="page")
    store.give_verdict(spoken.id, Word.HAM, by="bob", door="page")
    send("Two, edited", "2")
    undone = store.undo(batch.id, by="ann")
    assert not undone.given and sorted(undone.stale) == sorted([spoken.id, edited.id])
    with pytest.raises(UnknownVerdict):
        store.undo("no such batch", by="ann")


def test_a_batch_is_given_and_undone_as_one(store: Store, send: Send) -> None:
    answers = [send(str(number)) for number in range(5)]
    store.give_verdict(answers[0].id, Word.HAM, by="bob", door="page")
    versions: dict[str, int | None] = {answer.id: 1 for answer in answers} | {"gone": None}
    batch = store.give_verdicts(versions, Word.SPAM, by="ann", door="page")
    assert len(batch.given) == 4 and sorted(batch.stale) == sorted([answers[0].id, "gone"])
    assert store.counts()[Status.REJECTED] == 4
    assert len(store.undo(batch.id, by="ann").given) == 4
    assert store.counts()[Status.HELD] == 4


def test_only_the_latest_ham_and_spam_teach(store: Store, send: Send, clock: HandClock) -> None:
    good, bad, unwanted, changed = (send(body) for body in ("good", "bad", "unwanted", "changed"))
    send("no verdict")
    store.give_verdict(good.id, Word.HAM, by="ann", door="page")
    store.give_verdict(bad.id, Word.SPAM, by="ann", door="page")
    store.give_verdict(unwanted.id, Word.UNWANTED, by="ann", door="page")
    store.give_verdict(changed.id, Word.SPAM, by="ann", door="page")
    store.give_verdict(changed.id, Word.HAM, by="bob", door="page")
    found = [(one.comment.body, one.label, one.site, one.at) for one in store.labelled()]
    assert found == [
        ("good", Word.HAM, "blog", clock()),
        ("bad", Word.SPAM, "blog", clock()),
        ("changed", Word.HAM, "blog", clock()),
    ]


def test_an_edit_does_not_inherit_the_label_of_what_was_judged(store: Store, send: Send) -> None:
    answer = send("a nice comment", "7")
    store.give_verdict(answer.id, Word.HAM, by="ann", door="page")
    send("buy pills", "7")
    assert [(one.comment.body, one.label) for one in store.labelled()] == [("a nice comment", Word.HAM)]
    store.give_verdict(answer.id, Word.SPAM, by="ann", door="page")
    assert [(one.comment.body, one.label) for one in store.labelled()] == [("buy pills", Word.SPAM)]


def test_labels_stream_over_many_pages(store: Store, send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("moderator.store.facade.LABELLED_AT_ONCE", 3)
    ids: dict[str, int | None] = {}
    for number in range(10):
        ids[send(str(number), str(number), HOLD).id] = None
    store.give_verdicts(ids, Word.SPAM, by="ann", door="import")
    for number in (2, 3, 8):
        send(f"{number} edited", str(number))
    assert [one.comment.body for one in store.labelled()] == [str(number) for number in range(10)]

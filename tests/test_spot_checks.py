"""Spot checks: drawn by a keyed hash, open until a human speaks, and counted by what the machine had decided."""

from datetime import timedelta

from conftest import APPROVE, HOLD, REJECT, HandClock, Send

from moderator.comment import Action, Decision, Word
from moderator.store import Site, Store
from moderator.store.spot_checks import falls_on

KEY = b"a key of this installation"
IN_DOUBT = HOLD


def drawn(store: Store, clock: HandClock, share: float = 1.0) -> int:
    clock.pass_(minutes=2)
    return store.spot_checks.draw(KEY, share)


def test_what_the_machine_decided_alone_is_drawn_and_what_is_held_is_not(
    store: Store, send: Send, clock: HandClock
) -> None:
    approved, rejected = send(decision=APPROVE).id, send(decision=REJECT).id
    send(decision=IN_DOUBT)
    assert drawn(store, clock) == 2
    assert {one.id for one in store.spot_checks.open(limit=9)} == {approved, rejected}
    assert store.spot_checks.is_open(approved)


def test_each_comment_is_looked_at_once(store: Store, send: Send, clock: HandClock) -> None:
    send(decision=APPROVE)
    assert drawn(store, clock) == 1
    assert drawn(store, clock) == 0
    send(decision=APPROVE)
    assert drawn(store, clock) == 1


def test_what_came_in_a_moment_ago_is_not_drawn_yet(store: Store, send: Send, clock: HandClock) -> None:
    send(decision=APPROVE)
    assert store.spot_checks.draw(KEY, 1.0) == 0
    assert drawn(store, clock) == 1


def test_the_same_key_draws_the_same_comments_and_another_one_others() -> None:
    ids = [f"01J{number:023d}" for number in range(20_000)]
    first = {one for one in ids if falls_on(one, 0.01, KEY)}
    assert first == {one for one in ids if falls_on(one, 0.01, KEY)}
    assert first != {one for one in ids if falls_on(one, 0.01, b"another")}
    assert 150 < len(first) < 250
    assert first <= {one for one in ids if falls_on(one, 0.05, KEY)}


def test_a_verdict_closes_it_and_is_counted_and_undone(store: Store, send: Send, clock: HandClock, site: Site) -> None:
    missed, fine = send(decision=APPROVE).id, send(decision=APPROVE).id
    send(decision=REJECT)
    drawn(store, clock)
    given = store.give_verdict(missed, Word.SPAM, by="ann", door="page")
    store.give_verdict(fine, Word.HAM, by="ann", door="page")
    when = {"since": clock() - timedelta(days=1), "until": clock(), "site_ids": [site.id]}
    assert not store.spot_checks.is_open(missed)
    assert store.spot_checks.seen(**when) == {Action.APPROVE: (2, 1, 1), Action.REJECT: (1, 0, 0)}  # type: ignore[arg-type]
    store.undo(given.batch, by="ann", door="page")
    assert store.spot_checks.seen(**when)[Action.APPROVE] == (2, 0, 1)  # type: ignore[arg-type]


def test_it_stays_published_until_a_human_says_otherwise(store: Store, send: Send, clock: HandClock) -> None:
    approved = send(decision=APPROVE)
    drawn(store, clock)
    found = store.comment(None, approved.id)
    assert found is not None and (found.status, found.version) == (approved.status, approved.version)


def test_those_of_another_site_are_not_among_them(store: Store, send: Send, clock: HandClock, site: Site) -> None:
    other = store.add_site("other")[0]
    send(decision=APPROVE, to=other)
    drawn(store, clock)
    assert store.spot_checks.open(site_ids=[site.id], limit=9) == ()
    assert len(store.spot_checks.open(site_ids=[other.id], limit=9)) == 1


def test_an_edit_that_was_decided_otherwise_is_no_longer_counted(
    store: Store, send: Send, clock: HandClock, site: Site
) -> None:
    send(own_id="7", decision=APPROVE)
    drawn(store, clock)
    send("Another text", own_id="7", decision=Decision(Action.HOLD, "in_doubt", 0.9, (), "m1"))
    when = {"since": clock() - timedelta(days=1), "until": clock(), "site_ids": [site.id]}
    assert store.spot_checks.seen(**when) == {}  # type: ignore[arg-type]


def test_days_count_what_was_decided_and_said(store: Store, send: Send, clock: HandClock, site: Site) -> None:
    send(decision=APPROVE)
    store.give_verdict(send(decision=APPROVE).id, Word.SPAM, by="ann", door="page")
    send(decision=IN_DOUBT)
    groups = store.tallies.days([site.id], since=clock() - timedelta(days=1), until=clock() + timedelta(minutes=1))
    assert {(one.action, one.status.value, one.word, one.number) for one in groups} == {
        (Action.APPROVE, "approved", None, 1),
        (Action.APPROVE, "rejected", Word.SPAM, 1),
        (Action.HOLD, "held", None, 1),
    }
    assert {one.day for one in groups} == {clock().date()}


def test_scores_are_counted_in_equal_bins(store: Store, send: Send, clock: HandClock, site: Site) -> None:
    for decision in (APPROVE, HOLD, REJECT):
        send(decision=decision)
    when = {"since": clock() - timedelta(days=1), "until": clock() + timedelta(minutes=1)}
    assert store.tallies.scores([site.id], **when, bins=4) == (1, 0, 1, 1)

"""What blogs are to be told is stored with the verdict, once, and only while it is true."""

import threading

import pytest
from conftest import APPROVE, HandClock, Send
from sqlalchemy import create_engine, text

from moderator.comment import Status, Word
from moderator.store import CallbackKind, Delivery, Outcome, Purpose, Site, Store, StoreError

URL = "https://blog.example.org/moderated"
NATIVE = CallbackKind.NATIVE


def register(store: Store, site: Site, kind: CallbackKind = NATIVE) -> None:
    store.callbacks.set(site.id, kind, URL, allow_private=False, secret=None)


def waiting(store: Store) -> list[tuple[str, int]]:
    return [(m.comment_id, m.version) for m in store.outbox.listed(state=Delivery.WAITING)]


def test_a_verdict_and_what_the_blog_is_to_be_told_are_stored_together(store: Store, site: Site, send: Send) -> None:
    register(store, site)
    answer = send()
    given = store.give_verdict(answer.id, Word.HAM, by="ann", door="page")
    (message,) = store.outbox.listed()
    assert (message.comment_id, message.version, message.state) == (answer.id, given.version, Delivery.WAITING)
    assert store.outbox.of_comment(answer.id) == (message,)
    assert store.outbox.counts(site_id=site.id)[Delivery.WAITING] == 1


def test_a_verdict_is_not_stored_where_the_message_cannot_be(
    store: Store, site: Site, send: Send, store_url: str
) -> None:
    register(store, site)
    answer = send()
    engine = create_engine(store_url)
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE outbox"))
    engine.dispose()
    with pytest.raises(StoreError):
        store.give_verdict(answer.id, Word.HAM, by="ann", door="page")
    found = store.comment(None, answer.id)
    assert found is not None and found.status is Status.HELD and found.verdict is None


def test_a_site_without_a_callback_has_no_messages(store: Store, site: Site, send: Send) -> None:
    register(store, store.add_site("other")[0])
    store.give_verdict(send().id, Word.HAM, by="ann", door="page")
    assert store.outbox.listed() == ()


@pytest.mark.parametrize(
    ("kind", "door", "told"),
    [
        (CallbackKind.NATIVE, "page", True),
        (CallbackKind.NATIVE, "webhook", False),
        (CallbackKind.NATIVE, "akismet", True),
        (CallbackKind.NATIVE, "import", False),
        (CallbackKind.WORDPRESS_AKISMET, "page", True),
        (CallbackKind.WORDPRESS_AKISMET, "webhook", True),
        (CallbackKind.WORDPRESS_AKISMET, "akismet", False),
        (CallbackKind.WORDPRESS_AKISMET, "import", False),
        (CallbackKind.CUSDIS, "webhook", False),
        (CallbackKind.ISSO, "webhook", False),
        (CallbackKind.ISSO, "page", True),
    ],
)
def test_what_the_blog_itself_said_is_not_echoed(
    store: Store, site: Site, send: Send, kind: CallbackKind, door: str, told: bool
) -> None:
    register(store, site, kind)
    store.give_verdict(send().id, Word.SPAM, by="ann", door=door)
    assert bool(store.outbox.listed()) is told


def test_the_same_word_again_is_told_once(store: Store, site: Site, send: Send) -> None:
    register(store, site)
    answer = send()
    for _ in range(2):
        store.give_verdict(answer.id, Word.HAM, by="ann", door="page")
    assert len(store.outbox.listed()) == 1


def test_each_of_a_batch_is_told_and_so_is_its_undoing(store: Store, site: Site, send: Send) -> None:
    register(store, site)
    ids = [send(own_id=str(number)).id for number in range(3)]
    batch = store.give_verdicts(dict.fromkeys(ids), Word.SPAM, by="ann", door="page")
    assert sorted(waiting(store)) == sorted((one, 2) for one in ids)
    store.undo(batch.id, by="ann")
    assert sorted(waiting(store)) == sorted((one, version) for one in ids for version in (2, 3))


def take_all(store: Store, site: Site, holder: str = "H" * 26) -> list[tuple[str, int, Status]]:
    """What would be sent, as one holder takes it: the comment, its version and status."""
    taken = []
    while site.id in store.outbox.claim(holder, most=10):
        while parcel := store.outbox.take(site.id, holder):
            taken.append((parcel.comment.id, parcel.comment.version, parcel.comment.status))
            store.outbox.note(parcel, Outcome(Delivery.DELIVERED, ""), holder)
        store.outbox.release(site.id, holder)
    return taken


def test_a_later_verdict_supersedes_what_still_waits(store: Store, site: Site, send: Send, clock: HandClock) -> None:
    register(store, site)
    answer = send()
    for word in (Word.HAM, Word.SPAM, Word.UNWANTED, Word.HAM):
        clock.pass_(seconds=1)
        store.give_verdict(answer.id, word, by="ann", door="page")
    assert take_all(store, site) == [(answer.id, 5, Status.APPROVED)]
    counts = store.outbox.counts()
    assert (counts[Delivery.DROPPED], counts[Delivery.DELIVERED]) == (3, 1)


def test_what_the_blog_says_itself_supersedes_what_still_waits(store: Store, site: Site, send: Send) -> None:
    register(store, site)
    answer = send()
    store.give_verdict(answer.id, Word.HAM, by="ann", door="page")
    store.give_verdict(answer.id, Word.SPAM, by="bob", door="webhook")
    assert take_all(store, site) == []


def test_an_edit_by_the_blog_supersedes_a_verdict_on_the_former_content(store: Store, site: Site, send: Send) -> None:
    register(store, site)
    store.give_verdict(send("Nice.", "7").id, Word.HAM, by="ann", door="page")
    assert send("Buy pills!", "7").edited
    assert take_all(store, site) == []


def test_messages_are_taken_in_the_order_of_their_verdicts(
    store: Store, site: Site, send: Send, clock: HandClock
) -> None:
    register(store, site)
    ids = [send(own_id=str(number), decision=APPROVE).id for number in range(9)]
    for one in reversed(ids):
        clock.pass_(milliseconds=2)
        store.give_verdict(one, Word.SPAM, by="ann", door="page")
    assert [one for one, _, _ in take_all(store, site)] == ids[::-1]


def test_a_site_is_worked_on_by_one_holder_at_a_time(store: Store, site: Site, send: Send, clock: HandClock) -> None:
    register(store, site)
    store.give_verdict(send().id, Word.HAM, by="ann", door="page")
    assert store.outbox.due() == (site.id,)
    assert store.outbox.claim("A" * 26, most=1) == (site.id,)
    assert store.outbox.due() == () and store.outbox.claim("B" * 26, most=1) == ()
    assert store.outbox.take(site.id, "B" * 26) is None
    clock.pass_(seconds=89)
    assert store.outbox.take(site.id, "A" * 26) is not None  # which renews the claim
    clock.pass_(seconds=89)
    assert store.outbox.claim("B" * 26, most=1) == ()
    clock.pass_(seconds=2)
    assert store.outbox.claim("B" * 26, most=1) == (site.id,)
    assert store.outbox.take(site.id, "A" * 26) is None
    store.outbox.release(site.id, "A" * 26)  # too late, and so nothing
    assert store.outbox.take(site.id, "B" * 26) is not None


def test_of_many_who_claim_at_once_one_gets_the_site(store: Store, site: Site, send: Send) -> None:
    register(store, site)
    store.give_verdict(send().id, Word.HAM, by="ann", door="page")
    got: list[tuple[int, ...]] = []
    start = threading.Barrier(8)

    def claim(holder: str) -> None:
        start.wait()
        got.append(store.outbox.claim(holder, most=5))

    threads = [threading.Thread(target=claim, args=(name * 26,)) for name in "ABCDEFGH"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == [()] * 7 + [(site.id,)]


def test_a_claimed_site_does_not_hold_up_another_one(store: Store, site: Site, send: Send) -> None:
    other = store.add_site("other")[0]
    for one in (site, other):
        register(store, one)
        store.give_verdict(send(to=one).id, Word.HAM, by="ann", door="page")
    assert store.outbox.claim("A" * 26, most=1) == (site.id,)
    assert store.outbox.claim("B" * 26, most=9) == (other.id,)


def test_clearing_drops_what_waits_and_ends_the_secrets(store: Store, site: Site, send: Send) -> None:
    made = store.callbacks.set(site.id, NATIVE, URL, allow_private=False)
    assert made is not None and store.secrets.live(site.id, Purpose.CALLBACK) == (made,)
    store.give_verdict(send().id, Word.HAM, by="ann", door="page")
    assert store.callbacks.clear(site.id)
    assert store.callbacks.of(site.id) is None and not store.callbacks.clear(site.id)
    assert [m.state for m in store.outbox.listed()] == [Delivery.DROPPED]
    assert store.secrets.live(site.id, Purpose.CALLBACK) == ()


def test_another_address_keeps_the_secrets_and_another_kind_does_not(store: Store, site: Site) -> None:
    made = store.callbacks.set(site.id, NATIVE, URL, allow_private=False)
    assert store.callbacks.set(site.id, NATIVE, URL + "/2", allow_private=True) is None
    found = store.callbacks.of(site.id)
    assert found is not None and (found.url, found.allow_private) == (URL + "/2", True)
    assert store.secrets.live(site.id, Purpose.CALLBACK) == (made,)
    store.callbacks.set(site.id, CallbackKind.WORDPRESS_AKISMET, URL, allow_private=False, secret="0123456789ab")
    assert store.secrets.live(site.id, Purpose.CALLBACK) == ("0123456789ab",)


def test_a_callback_of_no_site_is_refused(store: Store) -> None:
    with pytest.raises(StoreError, match="no site number 99"):
        store.callbacks.set(99, NATIVE, URL, allow_private=False)


def test_what_was_failed_is_sent_again_by_hand_under_the_same_id(
    store: Store, site: Site, send: Send, clock: HandClock
) -> None:
    register(store, site)
    store.give_verdict(send().id, Word.HAM, by="ann", door="page")
    store.outbox.claim("A" * 26, most=1)
    parcel = store.outbox.take(site.id, "A" * 26)
    assert parcel is not None
    store.outbox.note(parcel, Outcome(Delivery.FAILED, "the blog answered 500"), "A" * 26)
    store.outbox.release(site.id, "A" * 26)
    (failed,) = store.outbox.listed(state=Delivery.FAILED)
    assert (failed.id, failed.note, failed.attempts) == (parcel.id, "the blog answered 500", 1)
    assert store.outbox.due() == ()
    assert store.outbox.retry(["0" * 26]) == 0
    assert store.outbox.retry([failed.id]) == 1 and store.outbox.due() == (site.id,)
    store.outbox.claim("A" * 26, most=1)
    again = store.outbox.take(site.id, "A" * 26)
    assert again is not None and again.id == parcel.id


def test_what_has_waited_for_too_long_is_given_up_and_what_is_finished_is_forgotten(
    store: Store, site: Site, send: Send, clock: HandClock
) -> None:
    register(store, site)
    store.give_verdict(send().id, Word.HAM, by="ann", door="page")
    clock.pass_(hours=83)
    store.outbox.sweep()
    assert store.outbox.counts()[Delivery.WAITING] == 1
    clock.pass_(hours=2)
    store.outbox.sweep()
    (message,) = store.outbox.listed()
    assert (message.state, message.note) == (Delivery.FAILED, "given up after 84 hours: never sent")
    clock.pass_(days=29)
    store.outbox.sweep()
    assert len(store.outbox.listed()) == 1
    clock.pass_(days=2)
    store.outbox.sweep()
    assert store.outbox.listed() == ()


def test_no_secret_is_in_what_is_printed_of_a_parcel(store: Store, site: Site, send: Send) -> None:
    made = store.callbacks.set(site.id, NATIVE, URL, allow_private=False)
    store.give_verdict(send().id, Word.HAM, by="ann", door="page")
    store.outbox.claim("A" * 26, most=1)
    parcel = store.outbox.take(site.id, "A" * 26)
    assert parcel is not None and parcel.secrets == (made,) and str(made) not in repr(parcel)

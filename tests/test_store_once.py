"""Receipts: what happens once happens once, whatever comes between, and is forgotten after a day. And deletion."""

import threading

import pytest
from conftest import APPROVE, HOLD, REJECT, HandClock, Send
from sqlalchemy import create_engine, text
from test_store_durability import run as in_process

from moderator.comment import Author, Comment, Status, Word
from moderator.store import Filter, Judged, KeyReused, Receipt, Remembered, Replayed, Site, Store, UnknownComment

KEY = Receipt("key 1", "f" * 64)


def once(store: Store, site: Site, clock: HandClock, body: str = "Thank you!", *wanted: Receipt) -> Remembered:
    clock.pass_(seconds=1)
    return store.once.remember(site, Judged(Comment(body, id="7"), HOLD), wanted or (KEY,), at=clock())


def rows(store_url: str, table: str) -> int:
    engine = create_engine(store_url)
    with engine.connect() as connection:
        count = connection.scalar(text(f"SELECT count(*) FROM {table}"))
    engine.dispose()
    assert count is not None
    return int(count)


def test_the_same_request_is_answered_as_it_was_also_after_an_edit(
    store: Store, site: Site, clock: HandClock, send: Send
) -> None:
    first = once(store, site, clock)
    send("Another content", "7", APPROVE)
    again = once(store, site, clock)
    assert (again.id, again.decision, again.known) == (first.id, HOLD, False)
    now = store.comment(site, first.id)
    assert now is not None and now.comment.body == "Another content" and now.version == 2


def test_another_request_under_the_same_name_is_refused(store: Store, site: Site, clock: HandClock) -> None:
    once(store, site, clock)
    with pytest.raises(KeyReused):
        once(store, site, clock, "Thank you!", Receipt("key 1", "0" * 64))


def test_a_name_is_its_sites_own(store: Store, site: Site, clock: HandClock) -> None:
    other, _ = store.add_site("other")
    first = once(store, site, clock)
    assert once(store, other, clock).id != first.id


def test_a_message_is_taken_once_but_its_sender_may_try_again(store: Store, site: Site, clock: HandClock) -> None:
    first = once(store, site, clock, "Hi", Receipt("message m", "f", 100))
    for stamp in (100, 99):
        with pytest.raises(Replayed):
            once(store, site, clock, "Hi", Receipt("message m", "f", stamp))
    assert once(store, site, clock, "Hi", Receipt("message m", "f", 105)).id == first.id
    with pytest.raises(Replayed):
        once(store, site, clock, "Hi", Receipt("message m", "f", 105))


def test_a_message_under_a_known_key_is_taken_once_too(store: Store, site: Site, clock: HandClock) -> None:
    first = once(store, site, clock, "Hi", KEY, Receipt("message 1", KEY.fingerprint, 100))
    second = Receipt("message 2", KEY.fingerprint, 100)
    assert once(store, site, clock, "Hi", KEY, second).id == first.id
    with pytest.raises(Replayed):
        once(store, site, clock, "Hi", KEY, second)


def test_receipts_are_forgotten_after_a_day(store: Store, site: Site, clock: HandClock, store_url: str) -> None:
    once(store, site, clock)
    clock.pass_(hours=23, minutes=59)
    assert not once(store, site, clock).known  # as it was answered
    clock.pass_(minutes=1)
    assert once(store, site, clock).known  # looked at anew
    assert rows(store_url, "receipts") == 1


def test_of_twenty_at_once_one_is_stored_and_all_are_answered_alike(
    store: Store, site: Site, clock: HandClock, store_url: str
) -> None:
    answers: list[Remembered] = []
    at = clock()

    def work() -> None:
        answers.append(store.once.remember(site, Judged(Comment("Hello"), HOLD), (KEY,), at=at))

    threads = [threading.Thread(target=work) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({answer.id for answer in answers}) == 1 and len(answers) == 20
    assert (rows(store_url, "comments"), rows(store_url, "receipts")) == (1, 1)


def test_a_kill_leaves_no_receipt_without_its_decision_nor_the_other_way_round(store_url: str) -> None:
    Store.upgrade(store_url)
    printed = in_process(
        """
        from moderator.store import Judged, Receipt

        def write(out):
            store = Store.open(URL, clock=now)
            site = store.site_by_name("blog") or store.add_site("blog")[0]
            for number in range(100_000):
                own_id = f"{os.getpid()}-{number}"
                store.once.remember(site, Judged(Comment("Hello", id=own_id), HOLD), [Receipt(own_id, "f")], at=now())
                os.write(out, (own_id + "\\n").encode())

        for _ in range(10):
            back, out = os.pipe()
            pid = os.fork()
            if pid == 0:
                write(out)
            os.close(out)
            acknowledged = os.read(back, 100)
            time.sleep(random.uniform(0.0, 0.05))
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            while some := os.read(back, 65536):
                acknowledged += some
            os.close(back)
            sys.stdout.write(acknowledged[:acknowledged.rindex(b"\\n") + 1].decode())
        """,
        store_url,
    )
    engine = create_engine(store_url)
    with engine.connect() as connection:
        stored: dict[str, str] = dict(connection.execute(text("SELECT id, external_id FROM comments")).all())
        told = set(connection.scalars(text("SELECT comment_id FROM receipts")))
    engine.dispose()
    assert told == set(stored)
    assert set(printed.split()) <= set(stored.values())


def test_a_verdict_happens_once(store: Store, site: Site, send: Send, store_url: str) -> None:
    answer = send()
    first = store.once.give_verdict(site, answer.id, Word.SPAM, (KEY,), by="ann", door="webhook")
    store.give_verdict(answer.id, Word.HAM, by="bob", door="page")
    assert store.once.give_verdict(site, answer.id, Word.SPAM, (KEY,), by="ann", door="webhook") == first
    assert rows(store_url, "verdicts") == 2
    with pytest.raises(UnknownComment):
        store.once.give_verdict(site, "nobody's", Word.SPAM, (Receipt("key 2", "f"),), by="ann", door="webhook")
    assert rows(store_url, "receipts") == 1  # what did not happen has no receipt


def test_a_batch_is_answered_in_its_order(store: Store, site: Site, clock: HandClock, send: Send) -> None:
    send("Old", "3", APPROVE)
    judged = [Judged(Comment(f"Body {own}", id=own), HOLD) for own in ("1", "2", "1", "4")]
    judged += [Judged(Comment("Old", id="3"), REJECT), Judged(Comment("New", id="2"), REJECT)]
    done = store.once.remember_many(site, judged, at=clock())
    assert [(one.known, one.edited) for one in done.answers] == [
        (False, False),
        (False, False),
        (True, False),
        (False, False),
        (True, False),
        (True, True),
    ]
    assert [one.decision for one in done.answers] == [HOLD, HOLD, HOLD, HOLD, APPROVE, REJECT]
    assert not done.again


def test_a_batch_that_comes_again_undoes_no_edit(store: Store, site: Site, clock: HandClock, send: Send) -> None:
    judged = [Judged(Comment("Body", id=own), HOLD) for own in ("1", "2")]
    store.once.remember_many(site, judged[:1], (KEY,), at=clock())
    send("Edited", "1", APPROVE)
    done = store.once.remember_many(site, judged, (KEY,), at=clock())
    assert done.again
    assert [(one.decision, one.known, one.edited) for one in done.answers] == [
        (APPROVE, True, False),
        (HOLD, False, False),
    ]


def test_of_a_deleted_comment_nothing_is_left_that_somebody_wrote(
    store: Store, site: Site, send: Send, store_url: str
) -> None:
    send("My street is Elm Road", "7", HOLD)
    id = send("My name is Cornelius", "7", HOLD).id
    store.give_verdict(id, Word.UNWANTED, by="ann", door="page")
    store.deletions.delete(site, id)
    history = store.history(id)
    assert history is not None and history.now.status == Status.DELETED
    assert history.now.comment == Comment("", id="7") and history.revisions[0].comment == Comment("", id="7")
    assert all(not past.decision.reasons for past in history.decisions)
    assert [past.verdict.word for past in history.verdicts] == [Word.UNWANTED]
    engine = create_engine(store_url)
    with engine.connect() as connection:
        for table in ("comments", "revisions", "decisions"):
            assert not any(
                "Elm" in str(row) or "Cornelius" in str(row)
                for row in connection.execute(text(f"SELECT * FROM {table}"))
            )
    engine.dispose()


def test_a_deleted_comment_teaches_only_what_a_human_said_of_it(store: Store, site: Site, send: Send) -> None:
    for own_id, word in (("1", Word.SPAM), ("2", Word.UNWANTED), ("3", None)):
        id = send(f"Body {own_id}", own_id).id
        if word:
            store.give_verdict(id, word, by="ann", door="page")
        store.deletions.delete(site, id)
    assert [(one.comment.body, one.label) for one in store.labelled()] == [("Body 1", Word.SPAM)]


def test_deleting_again_changes_nothing_and_of_another_site_is_unknown(store: Store, site: Site, send: Send) -> None:
    id = send().id
    other, _ = store.add_site("other")
    with pytest.raises(UnknownComment):
        store.deletions.delete(other, id)
    assert store.deletions.delete(site, id) == store.deletions.delete(site, id)


def test_nobody_judges_a_deleted_comment(store: Store, site: Site, send: Send) -> None:
    answer = send()
    given = store.give_verdict(answer.id, Word.HAM, by="ann", door="page")
    store.deletions.delete(site, answer.id)
    with pytest.raises(UnknownComment, match="deleted"):
        store.give_verdict(answer.id, Word.SPAM, by="ann", door="page")
    assert store.give_verdicts({answer.id: 3}, Word.SPAM, by="ann", door="page").stale == (answer.id,)
    assert store.undo(given.verdict_id, by="ann").stale == (answer.id,)


def test_a_deleted_comment_that_is_sent_again_is_decided_anew(store: Store, site: Site, send: Send) -> None:
    first = send("Hello", "7", REJECT)
    store.deletions.delete(site, first.id)
    again = send("Hello", "7", APPROVE)
    assert (again.id, again.decision, again.edited) == (first.id, APPROVE, True)
    now = store.comment(site, first.id)
    assert now is not None and (now.status, now.comment.body) == (Status.APPROVED, "Hello")


def test_a_deleted_authors_fields_are_not_found_by_the_queue(store: Store, site: Site, clock: HandClock) -> None:
    comment = Comment("Hi", id="1", author=Author("Cornelius"))
    id = store.remember(site, comment, HOLD, at=clock()).id
    store.deletions.delete(site, id)
    assert store.queue(Filter(status=None, text="cornelius")).comments == ()
    assert store.queue(Filter(status=None)).comments == ()
    assert store.history(id) is not None

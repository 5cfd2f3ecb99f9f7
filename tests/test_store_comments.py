"""Comments in the store: remembered once, edited with their history, found again."""

import threading
from datetime import UTC, datetime

import pytest
from conftest import APPROVE, HOLD, REJECT, HandClock, Send
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from moderator.comment import Author, Comment, Status, Word
from moderator.store import Filter, Site, Store, StoreBusy, StoreError
from moderator.store.ids import micros, moment, new_id


def test_a_new_comment_is_stored_with_its_decision(store: Store, site: Site, send: Send) -> None:
    answer = send("Hello there", "7")
    assert (answer.decision, answer.status, answer.version) == (HOLD, Status.HELD, 1)
    assert not answer.known and not answer.edited
    found = store.comment(site, answer.id)
    assert found is not None
    assert (found.comment, found.decision, found.verdict) == (Comment("Hello there", id="7"), HOLD, None)
    assert found == store.comment_by_external_id(site, "7") == store.comment(None, answer.id)


def test_the_same_comment_again_gets_the_stored_answer_and_no_row(store: Store, send: Send) -> None:
    first = send("Hello", "7", HOLD)
    again = send("Hello", "7", REJECT)
    assert again.known and not again.edited
    assert (again.id, again.decision, again.status, again.version) == (first.id, HOLD, Status.HELD, 1)
    assert sum(store.counts().values()) == 1


def test_an_edit_is_decided_anew_and_its_history_kept(store: Store, send: Send, clock: HandClock) -> None:
    first = send("Hello", "7", HOLD)
    store.give_verdict(first.id, Word.HAM, by="ann", door="page")
    edited = send("Buy pills", "7", REJECT)
    assert edited.known and edited.edited and edited.id == first.id
    assert (edited.decision, edited.status, edited.version) == (REJECT, Status.REJECTED, 3)
    history = store.history(first.id)
    assert history is not None
    assert history.now.comment.body == "Buy pills" and history.now.verdict is None
    assert [past.decision for past in history.decisions] == [HOLD, REJECT]
    assert [past.verdict.word for past in history.verdicts] == [Word.HAM]
    assert [(old.comment.body, old.word, old.until) for old in history.revisions] == [("Hello", Word.HAM, clock())]
    assert send("Buy pills", "7", HOLD).decision == REJECT


def test_comments_without_an_own_id_are_each_stored(store: Store, send: Send) -> None:
    assert send("Same").id != send("Same").id
    assert store.counts()[Status.HELD] == 2


def test_two_sites_may_use_the_same_id_and_do_not_see_each_other(store: Store, site: Site, send: Send) -> None:
    other, _ = store.add_site("other")
    mine, theirs = send("One", "7"), send("Two", "7", to=other)
    assert mine.id != theirs.id and not theirs.known
    assert store.comment(other, mine.id) is None
    assert store.history(mine.id, site=other) is None
    assert store.counts(site_id=site.id)[Status.HELD] == 1


def test_the_queue_is_newest_first_and_pages_both_ways(store: Store, send: Send) -> None:
    ids = [send(f"number {number}").id for number in range(7)][::-1]
    send("approved", decision=APPROVE)
    first = store.queue(Filter(), limit=3)
    assert [comment.id for comment in first.comments] == ids[:3] and first.back is None
    second = store.queue(Filter(), limit=3, before=first.further)
    assert [comment.id for comment in second.comments] == ids[3:6]
    third = store.queue(Filter(), limit=3, before=second.further)
    assert [comment.id for comment in third.comments] == ids[6:] and third.further is None
    back = store.queue(Filter(), limit=3, after=third.back)
    assert back.comments == second.comments
    front = store.queue(Filter(), limit=3, after=back.back)
    assert front.comments == first.comments and front.back is None


def test_the_queue_filters_by_status_site_and_text(store: Store, site: Site, send: Send, clock: HandClock) -> None:
    other, _ = store.add_site("other")
    send("100% Sale_s", decision=HOLD)
    send("1000 sales", decision=REJECT)
    send("elsewhere", decision=HOLD, to=other)
    named = Comment("Hi", author=Author(name="Zoë Sale", email="zoe@example.org"))
    store.remember(site, named, APPROVE, at=clock())

    def bodies(**what: object) -> list[str]:
        return sorted(found.comment.body for found in store.queue(Filter(**what)).comments)  # type: ignore[arg-type]

    assert bodies() == ["100% Sale_s", "elsewhere"]
    assert bodies(status=None, site_id=other.id) == ["elsewhere"]
    assert bodies(status=None, text="SALE") == ["100% Sale_s", "1000 sales", "Hi"]
    assert bodies(status=None, text="0% s") == ["100% Sale_s"]
    assert bodies(status=None, text="sale_") == ["100% Sale_s"]
    assert bodies(status=None, text="zoe@") == ["Hi"]
    assert bodies(status=None, text="body") == []


def test_counts_name_every_status(store: Store, send: Send) -> None:
    send(decision=APPROVE)
    send(decision=REJECT)
    expected = {Status.APPROVED: 1, Status.HELD: 0, Status.REJECTED: 1, Status.DELETED: 0}
    assert store.counts() == expected


def test_eight_threads_store_each_comment_once(store: Store, site: Site, clock: HandClock) -> None:
    answers: list[tuple[str, str]] = []

    def work(own: int) -> None:
        for number in range(40):
            # Half of the ids are everybody's, half are one thread's own.
            own_id = f"shared-{number}" if number % 2 else f"{own}-{number}"
            answer = store.remember(site, Comment(f"body {own_id}", id=own_id), HOLD, at=clock())
            answers.append((own_id, answer.id))

    threads = [threading.Thread(target=work, args=(own,)) for own in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 320
    assert len(set(answers)) == len({own_id for own_id, _ in answers}) == 180 == store.counts()[Status.HELD]


def test_edits_by_eight_threads_are_all_kept(store: Store, site: Site, clock: HandClock) -> None:
    def work(own: int) -> None:
        for number in range(5):
            store.remember(site, Comment(f"{own} {number}", id="one"), HOLD, at=clock())

    threads = [threading.Thread(target=work, args=(own,)) for own in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = store.comment_by_external_id(site, "one")
    assert found is not None and found.version == 40
    history = store.history(found.id)
    assert history is not None and len(history.decisions) == 40
    assert len({old.comment.body for old in history.revisions} | {found.comment.body}) == 40


def test_a_bad_job_does_not_take_the_others_with_it(store: Store, site: Site, clock: HandClock) -> None:
    nowhere = Site(site.id + 1000, "nowhere", site.policy, site.created)
    outcomes: list[bool] = []
    go = threading.Barrier(9)

    def work(to: Site, own_id: str) -> None:
        go.wait()
        try:
            store.remember(to, Comment("Hello", id=own_id), HOLD, at=clock())
            outcomes.append(True)
        except StoreError:
            outcomes.append(False)

    threads = [threading.Thread(target=work, args=(site, str(number))) for number in range(8)]
    threads.append(threading.Thread(target=work, args=(nowhere, "bad")))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count(True) == 8 == store.counts()[Status.HELD]
    assert outcomes.count(False) == 1


def test_a_write_that_takes_too_long_is_refused_in_time(sqlite_url: str, clock: HandClock) -> None:
    Store.upgrade(sqlite_url)
    store = Store.open(sqlite_url, clock=clock, deadline=0.2)
    site, _ = store.add_site("blog")
    stuck, go_on = threading.Event(), threading.Event()

    def hog() -> None:
        def work(connection: object) -> None:
            stuck.set()
            go_on.wait(10)

        store._write(work)  # who writes knows how it ended, so it is told that, however late

    thread = threading.Thread(target=hog)
    thread.start()
    stuck.wait(5)
    with pytest.raises(StoreBusy, match=r"not on disk within 0\.2 s; send it again"):
        store.remember(site, Comment("Hello", id="7"), HOLD, at=clock())
    go_on.set()
    thread.join()
    assert not store.remember(site, Comment("Hello", id="7"), HOLD, at=clock()).known  # what was given up was not done
    store.close()


texts = st.text(st.characters(), max_size=60)
senders = st.fixed_dictionaries(
    {"body": texts.filter(str.strip), "id": texts.filter(bool)},
    optional={
        "author": st.fixed_dictionaries({}, optional={"name": texts, "email": texts, "url": texts}),
        "post": st.fixed_dictionaries({}, optional={"url": texts, "title": texts, "text": texts}),
        "parent": st.fixed_dictionaries({}, optional={"id": texts, "text": texts}),
        "ip": texts,
        "user_agent": texts,
        "kind": texts,
        "created": st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat),
        "language": texts,
        "honeypot": texts,
    },
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80, deadline=None)
@given(sent=senders)
def test_a_comment_comes_back_as_it_went_in(
    store: Store, site: Site, clock: HandClock, sent: dict[str, object]
) -> None:
    comment = Comment.from_json(sent)
    answer = store.remember(site, comment, HOLD, at=clock())
    found = store.comment(site, answer.id)
    assert found is not None and found.comment.fingerprint() == comment.fingerprint()
    if not answer.known or answer.edited:
        assert found.comment == comment


@given(st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(9999, 1, 1), timezones=st.just(UTC)))
def test_times_come_back_exactly(when: datetime) -> None:
    assert moment(micros(when)) == when


@given(st.integers(0, 2**57), st.integers(1000, 2**57))
def test_ids_sort_by_time(at: int, later: int) -> None:
    first, second = new_id(at), new_id(at + later)
    assert first < second and len(first) == len(second) == 26

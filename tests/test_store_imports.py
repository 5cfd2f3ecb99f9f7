"""A history in the store: each comment once, with its word and its own time, and what was there before untouched."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from conftest import HandClock, Send
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from review_desk import Desk

from moderator.comment import Action, Comment, Status, Word
from moderator.store import Filter, Site, Store, Taken

THEN = datetime(2019, 3, 4, 5, 6, 7, tzinfo=UTC)
HISTORY = [
    (Comment("Thank you!", id="1", created=THEN), Word.HAM),
    (Comment("Buy watches", id="2"), Word.SPAM),
    (Comment("Good bread", id="3", created=datetime(1, 1, 1, tzinfo=UTC)), Word.HAM),
]


def take(store: Store, site: Site, history: list[tuple[Comment, Word]] = HISTORY) -> Taken:
    return store.imports.take(site.id, history, by="import old.xml", batch=store.imports.begin())


def test_a_history_becomes_labels_with_their_source_and_time(store: Store, site: Site, clock: HandClock) -> None:
    assert take(store, site) == Taken(new=3)
    first, second, third = (store.comment_by_external_id(site, own_id) for own_id in "123")
    assert first is not None and second is not None and third is not None
    assert (first.status, second.status) == (Status.APPROVED, Status.REJECTED)
    assert first.verdict is not None and second.verdict is not None and third.verdict is not None
    assert (first.verdict.word, first.verdict.by, first.verdict.door) == (Word.HAM, "import old.xml", "import")
    assert first.received == first.verdict.at == first.changed == THEN
    assert second.received == second.verdict.at == clock()
    assert third.received.year == 1
    assert (first.decision.action, first.decision.rule, first.decision.score) == (Action.HOLD, "imported", None)
    assert {found.comment.id: found.label for found in store.labelled()} == {
        "1": Word.HAM,
        "2": Word.SPAM,
        "3": Word.HAM,
    }


def test_the_same_again_stores_nothing(store: Store, site: Site) -> None:
    take(store, site)
    assert store.imports.look(site.id, HISTORY) == take(store, site) == Taken(known=3)
    history = store.history(store.queue(Filter(status=None)).comments[0].id)
    assert history is not None and len(history.verdicts) == 1


def test_what_is_here_is_left_as_it_is(store: Store, site: Site, send: Send) -> None:
    send("Thank you!", "1")
    send("Something else", "2")
    other, _ = store.add_site("other")
    assert store.imports.look(site.id, HISTORY) == take(store, site) == Taken(new=1, known=1, other=1)
    live = store.comment_by_external_id(site, "1")
    assert live is not None and (live.status, live.verdict) == (Status.HELD, None)
    assert take(store, other) == Taken(new=3)


def test_an_id_that_comes_twice_counts_once(store: Store, site: Site) -> None:
    twice = [*HISTORY, (Comment("Thank you!", id="1"), Word.SPAM), (Comment("Other", id="1"), Word.HAM)]
    assert take(store, site, twice) == Taken(new=3, known=1, other=1)
    stored = store.comment_by_external_id(site, "1")
    assert stored is not None and stored.verdict is not None and stored.verdict.word is Word.HAM


def test_a_human_may_say_otherwise_and_undo_it(store: Store, site: Site) -> None:
    take(store, site)
    found = store.comment_by_external_id(site, "1")
    assert found is not None
    given = store.give_verdict(found.id, Word.SPAM, by="ann", door="page")
    assert (given.status, given.version) == (Status.REJECTED, 3)
    store.undo(given.batch, by="ann")
    again = store.comment(None, found.id)
    assert again is not None and again.status is Status.APPROVED


def test_a_whole_import_can_be_undone_by_its_batch(store: Store, site: Site) -> None:
    batch = store.imports.begin()
    store.imports.take(site.id, HISTORY, by="import old.xml", batch=batch)
    assert len(store.undo(batch, by="ann", door="command").given) == 3
    assert store.counts(site_id=site.id)[Status.HELD] == 3
    assert not list(store.labelled())


def test_nothing_is_no_work(store: Store, site: Site) -> None:
    assert take(store, site, []) == Taken()


def test_two_that_import_the_same_at_once_store_it_once(store: Store, site: Site) -> None:
    history = [(Comment(f"Comment {number}", id=str(number)), Word.HAM) for number in range(200)]
    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(lambda _: take(store, site, history), range(4)))
    assert sum(one.new for one in taken) == 200
    assert sum(one.known for one in taken) == 600
    assert len(list(store.labelled())) == 200


@pytest.fixture
def one_store(sqlite_url: str, clock: HandClock) -> Iterator[Store]:
    Store.upgrade(sqlite_url)
    opened = Store.open(sqlite_url, clock=clock)
    yield opened
    opened.close()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    history=st.lists(
        st.tuples(
            st.builds(Comment, st.text(max_size=5), id=st.sampled_from("abcdefgh")),
            st.sampled_from([Word.HAM, Word.SPAM]),
        ),
        max_size=12,
    )
)
def test_every_row_is_counted_once_and_look_says_what_take_does(
    history: list[tuple[Comment, Word]], one_store: Store
) -> None:
    site = one_store.add_site(one_store.imports.begin())[0]
    looked = one_store.imports.look(site.id, history)
    assert looked == take(one_store, site, history)
    assert looked.new + looked.known + looked.other == len(history)
    assert looked.new == len({comment.id for comment, _ in history})


def test_the_pages_show_where_an_imported_comment_comes_from(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.log_in()
    take(desk.store, desk.site)
    stored = desk.store.comment_by_external_id(desk.site, "1")
    assert stored is not None
    for address in ("/?status=approved", f"/comments/{stored.id}"):
        page = desk.browser.get(address)
        assert page.status_code == 200
        assert "It came with an import" in page.text
    assert "import old.xml" in page.text
    desk.store.close()

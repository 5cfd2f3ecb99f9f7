"""The queue in the store: filters, orders, pages that lose nothing, and never the whole table for one page."""

import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from alembic import command
from alembic.config import Config
from conftest import APPROVE, HOLD, REJECT, HandClock
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, text

from moderator.comment import Author, Comment, Decision, Status
from moderator.store import BadPlace, Filter, Order, Site, Store, Sureness, queue, upgrade
from moderator.store.ids import least_id, micros, new_id
from moderator.store.remember import language_of

Bodies = Callable[..., list[str]]


@pytest.fixture
def bodies(store: Store) -> Bodies:
    """The bodies that a filter lets through, in the queue's order."""
    return lambda order=Order.NEWEST, **which: [
        found.comment.body for found in store.queue(Filter(**which), order).comments
    ]


@pytest.fixture
def add(store: Store, site: Site, clock: HandClock) -> Callable[..., str]:
    """Store a comment a minute after the one before; our id."""

    def add(body: str, decision: Decision = HOLD, has_link: bool = False, to: Site = site, **fields: object) -> str:
        clock.pass_(minutes=1)
        return store.remember(to, Comment(body, **fields), decision, has_link, at=clock()).id  # type: ignore[arg-type]

    return add


def scored(score: float | None) -> Decision:
    return replace(HOLD, score=score)


def test_each_filter_lets_through_what_it_names_and_nothing_else(bodies: Bodies, add: Callable[..., str]) -> None:
    add("linked", replace(HOLD, rule="link_only"), has_link=True, language="pt-BR")
    add("plain", scored(0.2), language="pt")
    add("unscored", scored(None), author=Author(name="Zoë", email="zoe@example.org", url="https://zoe.example"))
    add("Zoë was here", scored(0.9))
    assert bodies(rule="link_only") == ["linked"]
    assert bodies(language="pt") == ["plain", "linked"]
    assert bodies(has_link=True) == ["linked"]
    assert bodies(has_link=False, language="pt") == ["plain"]
    assert bodies(least=0.625) == ["Zoë was here", "linked"]
    assert bodies(least=0.2, most=0.625) == ["plain", "linked"]
    assert bodies(author="Zoë") == bodies(author="ZOE@") == bodies(author="zoe.example") == ["unscored"]
    assert bodies(text="Zoë") == ["Zoë was here", "unscored"]
    assert bodies(rule="nonsense") == bodies(language="zz") == bodies(author="here") == []


def test_what_json_or_like_would_escape_is_found_as_it_was_written(bodies: Bodies, add: Callable[..., str]) -> None:
    add("say hi, backslash, two lines, 1000, underxscore, a b")
    for said in ('say "hi"', "back\\slash", "two\nlines", "100%", "under_score", "a/b"):
        add(f"before {said} after")
        assert bodies(text=said) == [f"before {said} after"]


def test_days_are_counted_from_their_first_moment_to_before_the_next(
    store: Store, bodies: Bodies, site: Site, clock: HandClock
) -> None:
    day = clock().replace(hour=0, minute=0, second=0, microsecond=0)
    moments = {
        "the evening before": day - timedelta(microseconds=1),
        "the first moment": day,
        "noon": day + timedelta(hours=12),
        "the last moment": day + timedelta(days=1, microseconds=-1),
        "the next day": day + timedelta(days=1),
    }
    for body, at in moments.items():
        store.remember(site, Comment(body), HOLD, at=at)
    found = bodies(order=Order.OLDEST, since=day, until=day + timedelta(days=1))
    assert found == ["the first moment", "noon", "the last moment"]


def test_all_is_every_status_in_one_order_without_what_the_blog_deleted(
    store: Store, site: Site, bodies: Bodies, add: Callable[..., str]
) -> None:
    add("one", APPROVE)
    add("two", HOLD)
    add("three", REJECT)
    store.deletions.delete(site, add("gone", APPROVE))
    assert bodies(status=None) == ["three", "two", "one"]
    assert bodies(status=None, order=Order.OLDEST) == ["one", "two", "three"]


def test_by_score_the_highest_come_first_and_those_without_one_last(bodies: Bodies, add: Callable[..., str]) -> None:
    for score in (0.5, None, 0.9, 0.5):
        add(f"{score}", scored(score))
    assert bodies(order=Order.SCORE) == ["0.9", "0.5", "0.5", "None"]


def test_most_useful_is_near_the_threshold_and_a_day_of_waiting_counts_as_a_tenth(
    store: Store, site: Site, add: Callable[..., str], clock: HandClock
) -> None:
    other, _ = store.add_site("strict")
    add("waits for two days, 0.15 away", scored(0.75))
    clock.pass_(days=2)
    add("0.1 away", scored(0.7))
    add("0.3 away", scored(0.9))
    add("no score", scored(None))
    add("at its own site's threshold", scored(0.8), to=other)
    found = store.queue(Filter(), Order.USEFUL, sureness=Sureness(0.6, {other.id: 0.8}))
    assert [one.comment.body for one in found.comments] == [
        "waits for two days, 0.15 away",
        "no score",
        "at its own site's threshold",
        "0.1 away",
        "0.3 away",
    ]


@pytest.mark.parametrize("order", list(Order))
@pytest.mark.parametrize("looked", [queue.LOOKED, 3])
def test_paging_on_and_back_shows_each_comment_once_whatever_the_order(
    store: Store, add: Callable[..., str], order: Order, looked: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, score in zip(range(13), itertools.cycle([0.5, None, 0.25, 0.5, 0.9]), strict=False):
        add(f"{'wanted' if number % 4 else 'other'} {number}", scored(score))
    everything = {which: store.queue(which, order).comments for which in (Filter(), Filter(text="wanted"))}
    monkeypatch.setattr(queue, "LOOKED", looked)
    for which, found in everything.items():
        whole = [one.id for one in found]
        seen: list[str] = []
        page = store.queue(which, order, limit=2)
        assert page.back is None
        while True:
            seen += [one.id for one in page.comments]
            if page.further is None:
                break
            page = store.queue(which, order, limit=2, before=page.further)
        assert seen == whole
        returned = [one.id for one in page.comments]
        while page.back is not None:
            page = store.queue(which, order, limit=2, after=page.back)
            returned = [one.id for one in page.comments] + returned
        if looked > 3:
            assert returned == whole


@pytest.mark.parametrize("order", [Order.NEWEST, Order.OLDEST])
def test_pages_of_all_that_were_looked_through_in_part_lose_nothing(
    store: Store, add: Callable[..., str], order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "LOOKED", 3)
    for number in range(24):
        add(f"{'wanted' if number % 5 == 0 else 'other'} {number}", (APPROVE, APPROVE, HOLD, REJECT)[number % 4])
    expected = [f"wanted {number}" for number in (0, 5, 10, 15, 20)]
    seen: list[str] = []
    page = store.queue(Filter(status=None, text="wanted"), order, limit=2)
    assert page.looked == 3
    while page.further is not None:
        seen += [one.comment.body for one in page.comments]
        page = store.queue(Filter(status=None, text="wanted"), order, limit=2, before=page.further)
    seen += [one.comment.body for one in page.comments]
    assert seen == (expected[::-1] if order is Order.NEWEST else expected)


def test_a_page_that_was_found_whole_does_not_speak_of_looking(
    store: Store, add: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "LOOKED", 3)
    for number in range(8):
        add(f"wanted {number}", APPROVE)
    page = store.queue(Filter(status=Status.APPROVED, text="wanted"), limit=2)
    assert (len(page.comments), page.looked) == (2, None)
    held = store.queue(Filter(rule="nowhere"), limit=2)
    assert (held.looked, held.further) == (None, None)


@pytest.mark.parametrize("order", list(Order))
def test_what_is_no_place_is_refused(quick_store: Store, order: Order) -> None:
    zeros = "0" * 26
    for place in ("", "x", zeros[1:], "I" * 26, f"1e999~{zeros}", f"1.5.5~{zeros}", f"{'9' * 30}~{zeros}", "~", "nan"):
        with pytest.raises(BadPlace):
            quick_store.queue(Filter(), order, before=place)
        with pytest.raises(BadPlace):
            quick_store.queue(Filter(), order, after=place)


@pytest.mark.parametrize("order", [Order.SCORE, Order.USEFUL])
@pytest.mark.parametrize("status", [None, Status.APPROVED, Status.REJECTED])
def test_only_what_is_held_is_sorted_by_score(quick_store: Store, order: Order, status: Status | None) -> None:
    with pytest.raises(ValueError, match="only what is held"):
        quick_store.queue(Filter(status=status), order)


def test_an_edit_brings_its_own_language_and_links(store: Store, site: Site, bodies: Bodies, clock: HandClock) -> None:
    store.remember(site, Comment("with", id="1", language="de"), HOLD, True, at=clock())
    store.remember(site, Comment("without", id="1", language="fr"), HOLD, False, at=clock())
    assert bodies(has_link=True) == bodies(language="de") == []
    assert bodies(has_link=False, language="fr") == ["without"]


@pytest.mark.parametrize(
    ("said", "kept"),
    [("de", "de"), ("de-AT", "de"), ("PT_br", "pt"), ("en, fr_ca", "en"), (" sv ", "sv"), ("", ""), ("d", ""),
     ("de€", ""), ("12", ""), ("german, of course", "german"), ("x" * 9, ""), ("\u00e9n", "")],
)  # fmt: skip
def test_a_language_is_its_primary_subtag(said: str, kept: str) -> None:
    assert language_of(said) == kept


@given(st.text())
def test_any_text_as_language_is_short_enough_to_store(said: str) -> None:
    assert len(language_of(said)) <= 8


@given(st.integers(0, 250_000_000_000_000_000))
def test_the_least_id_of_a_moment_is_no_greater_than_any_of_it(at: int) -> None:
    assert least_id(at) <= new_id(at) < least_id(at + 1000)


def test_comments_from_before_get_their_language_and_links_when_the_store_is_brought_up(
    store_url: str, clock: HandClock
) -> None:
    engine = create_engine(store_url)
    with engine.begin() as connection:
        _at_level(connection, "0005")
        sent = {
            "0" * 26: Comment("Look at https://example.org/page", language="de-CH"),
            "1" * 26: Comment("No link here", author=Author(url="https://mine.example")),
            "2" * 26: Comment("Nothing, in French", language="fr"),
        }
        connection.execute(
            text("INSERT INTO sites (id, name, policy, created_at) VALUES (1, 'blog', '{}', 0)"),
        )
        for own_id, comment in sent.items():
            connection.execute(
                text(
                    "INSERT INTO comments (id, site_id, fingerprint, content, kind, status, version, received_at, "
                    "changed_at, decision, decided_at, action, rule, score, reasons, model) VALUES (:id, 1, '', "
                    ":content, 'comment', 'held', 1, :at, :at, 1, :at, 'hold', 'in_doubt', 0.5, '[]', '')"
                ),
                {"id": own_id, "content": json.dumps(comment.to_json()), "at": micros(clock())},
            )
    engine.dispose()
    Store.upgrade(store_url)
    store = Store.open(store_url, clock=clock)
    assert [one.id for one in store.queue(Filter(has_link=True)).comments] == ["0" * 26]
    assert [one.id for one in store.queue(Filter(language="fr")).comments] == ["2" * 26]
    assert [one.id for one in store.queue(Filter(language="de")).comments] == ["0" * 26]
    store.close()


def _at_level(connection: object, level: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(upgrade.MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, level)

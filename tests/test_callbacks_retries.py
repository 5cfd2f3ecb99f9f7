"""What a courier makes of a blog's answers, and of none: when it asks again, and when no more."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from blogs import OK, Blog, Heard, Reply, callback, free_port, only_message, register
from conftest import HandClock, Judge
from hypothesis import given
from hypothesis import strategies as st

from moderator.callbacks.courier import Courier
from moderator.callbacks.schedule import retry_after
from moderator.store import CallbackKind, Delivery, Site, Store


@pytest.fixture
def store(quick_store: Store) -> Store:
    """One engine suffices for what a courier thinks."""
    return quick_store


def answering(*replies: Reply) -> Callable[[Heard], Reply]:
    """One after the other, the last one for ever."""
    left = list(replies)
    return lambda heard: left.pop(0) if len(left) > 1 else left[0]


def test_a_blog_that_is_down_is_not_asked_by_each_message(
    store: Store, site: Site, here: Blog, clock: HandClock, courier: Courier, judge: Judge
) -> None:
    register(store, site, here.url)
    here.reply = lambda heard: (503, {}, b"")
    for number in range(20):
        judge(str(number))
    for _ in range(60):
        courier.deliver_all()
        clock.pass_(minutes=1)
    assert len(here.heard) == 4  # at 0 s, 5 s, 5 min, 35 min


def test_a_refused_message_is_tried_as_the_schedule_says_and_then_given_up(
    store: Store, site: Site, here: Blog, clock: HandClock, courier: Courier, judge: Judge
) -> None:
    register(store, site, here.url)
    began = clock.now
    attempts = []

    def refuse(heard: Heard) -> Reply:
        attempts.append(round((clock.now - began).total_seconds()))
        return 500, {}, b"Oops"

    here.reply = refuse
    judge("7")
    while store.outbox.counts()[Delivery.WAITING]:
        clock.now = only_message(store).next
        courier.deliver_all()
    hours = [round(second / 3600, 1) for second in attempts]
    assert attempts[:2] == [0, 5]
    assert hours == [0, 0, 0.1, 0.6, 2.6, 7.6, 17.6, 31.6, 51.6, 75.6]
    message = only_message(store)
    assert (message.state, message.note, message.attempts) == (Delivery.FAILED, "the blog answered 500", 10)
    assert len({heard.headers["webhook-id"] for heard in here.heard}) == 1
    here.reply = lambda heard: OK
    assert store.outbox.retry() == 1
    courier.deliver_all()
    assert only_message(store).state is Delivery.DELIVERED


def test_a_message_that_is_refused_does_not_hold_up_the_others(
    store: Store, site: Site, here: Blog, courier: Courier, judge: Judge
) -> None:
    register(store, site, here.url)
    here.reply = lambda heard: (404, {}, b"") if heard.data["external_id"] == "gone" else OK
    judge("gone")
    judge("7")
    courier.deliver_all()
    assert [own_id for own_id, _ in here.told()] == ["gone", "7"]


def test_no_two_waits_are_exactly_alike(store: Store, site: Site, here: Blog, clock: HandClock, judge: Judge) -> None:
    register(store, site, here.url)
    here.reply = lambda heard: (500, {}, b"")
    fractions = iter([0.0, 1.0])
    courier = Courier(store, clock, chance=lambda: next(fractions))
    judge("1")
    judge("2")
    courier.deliver_all()
    second, first = store.outbox.listed()
    assert second.next - first.next == timedelta(seconds=0.5)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("as_date", [False, True])
def test_the_blog_says_how_long_to_wait(
    store: Store, site: Site, here: Blog, clock: HandClock, courier: Courier, judge: Judge, status: int, as_date: bool
) -> None:
    register(store, site, here.url)
    header = "120"
    if as_date:
        header = (clock.now + timedelta(minutes=2)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    here.reply = answering((status, {"Retry-After": header}, b""), OK)
    judge("7")
    courier.deliver_all()
    clock.pass_(seconds=110)
    courier.deliver_all()
    assert len(here.heard) == 1
    clock.pass_(seconds=11)
    courier.deliver_all()
    assert only_message(store).state is Delivery.DELIVERED


def test_gone_disables_the_address_until_it_is_enabled(
    store: Store, site: Site, here: Blog, clock: HandClock, courier: Courier, judge: Judge
) -> None:
    register(store, site, here.url)
    here.reply = answering((410, {}, b""), OK)
    judge("7")
    courier.deliver_all()
    found = callback(store, site)
    assert found.disabled == clock.now and found.trouble == "the blog answered 410: the address is gone"
    clock.pass_(hours=5)
    judge("8")
    courier.deliver_all()
    assert len(here.heard) == 1
    store.callbacks.enable(site.id)
    courier.deliver_all()
    assert [own_id for own_id, _ in here.told()] == ["7", "7", "8"]


def test_what_the_old_address_said_is_nothing_against_the_new_one(
    store: Store, site: Site, here: Blog, courier: Courier, judge: Judge
) -> None:
    register(store, site, here.url)

    def moves(heard: Heard) -> Reply:
        here.reply = lambda heard: OK
        register(store, site, here.url + "/new")
        return 410, {}, b""

    here.reply = moves
    judge("7")
    courier.deliver_all()
    assert callback(store, site).disabled is None
    courier.deliver_all()
    assert [heard.path for heard in here.heard] == ["/moderated", "/moderated/new"]


def test_a_redirect_is_not_followed(store: Store, site: Site, here: Blog, courier: Courier, judge: Judge) -> None:
    register(store, site, here.url)
    here.reply = lambda heard: (307, {"Location": f"http://127.0.0.1:{here.port}/elsewhere"}, b"")
    judge("7")
    courier.deliver_all()
    assert [heard.path for heard in here.heard] == ["/moderated"]
    assert only_message(store).note == "the blog answered 307"


def test_without_leave_nothing_goes_to_this_machine(
    store: Store, site: Site, here: Blog, courier: Courier, judge: Judge
) -> None:
    store.callbacks.set(site.id, CallbackKind.NATIVE, here.url, allow_private=False)
    judge("7")
    courier.deliver_all()
    assert here.heard == []
    assert "where callbacks may not go" in callback(store, site).trouble


def test_a_fault_inside_is_an_attempt_that_failed_and_tells_no_words(
    store: Store, site: Site, judge: Judge, clock: HandClock, caplog: pytest.LogCaptureFixture
) -> None:
    words = "what the comment says"

    def fails(*request: object, **options: object) -> None:
        raise RuntimeError(words)

    register(store, site, "https://blog.example.org/")
    judge("7")
    Courier(store, clock, exchange=fails).deliver_all()  # type: ignore[arg-type]
    message = only_message(store)
    assert (message.state, message.note) == (Delivery.WAITING, "something failed inside; the log says where")
    assert "RuntimeError" in caplog.text and words not in caplog.text


def test_what_cannot_be_told_says_nothing_of_the_blog(
    store: Store, site: Site, clock: HandClock, courier: Courier, judge: Judge
) -> None:
    url = f"http://127.0.0.1:{free_port()}/"
    store.callbacks.set(site.id, CallbackKind.CUSDIS, url, allow_private=True)
    judge("a.b.c")
    courier.deliver_all()
    clock.pass_(seconds=5)
    judge("no token")
    courier.deliver_all()
    assert callback(store, site).failures == 2 and store.outbox.listed()[0].state is Delivery.WAITING
    clock.pass_(minutes=5)
    courier.deliver_all()
    assert callback(store, site).failures == 3 and "refused" in callback(store, site).trouble


NOW = datetime(2026, 11, 22, 19, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("٣", None),
        ("0", 1),
        (" 120 ", 120),
        ("99999999999999999999", 86400),
        ("Sun, 22 Nov 2026 19:02:00 GMT", 120),
        ("Sun, 22 Nov 2026 18:00:00 GMT", 1),
        ("Sun, 22 Nov 2026 19:02:00 -0000", 120),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 86400),
        ("Fri, 31 Dec 99999 23:59:59 GMT", None),
    ],
)
def test_how_long_the_blog_asks_us_to_wait(header: str | None, seconds: int | None) -> None:
    assert retry_after(header, NOW) == (None if seconds is None else timedelta(seconds=seconds))


@given(st.text() | st.from_regex(r"[A-Z][a-z]{2}, \d+ [A-Z][a-z]{2} \d+ \d+:\d+:\d+ ([A-Z]{3}|[+-]\d+)"))
def test_whatever_the_blog_asks_is_within_a_day_or_passed_over(header: str) -> None:
    asked = retry_after(header, NOW)
    assert asked is None or timedelta(seconds=1) <= asked <= timedelta(days=1)

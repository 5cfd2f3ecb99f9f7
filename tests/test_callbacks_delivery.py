"""A verdict reaches the blog: soon, in order, again and again until it is heard, and then never more."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from blogs import OK, Blog, Heard, Reply, blog, callback, free_port, only_message, register
from conftest import HOLD, HandClock, Judge, Send

from moderator.callbacks.courier import Courier
from moderator.comment import Comment, Word
from moderator.store import Delivery, Site, Store, StoreError

TOP = Path(__file__).parent.parent


def test_the_blog_is_told_once(store: Store, site: Site, here: Blog, courier: Courier, judge: Judge) -> None:
    register(store, site, here.url)
    judge("7")
    assert (courier.deliver_all(), courier.deliver_all()) == (1, 0)
    assert here.told() == [("7", "approved")]
    message = only_message(store)
    assert (message.state, message.attempts, message.note) == (Delivery.DELIVERED, 1, "")
    assert here.heard[0].headers["webhook-id"] == message.id


def test_taking_a_verdict_back_is_told(store: Store, site: Site, here: Blog, courier: Courier, send: Send) -> None:
    register(store, site, here.url)
    given = store.give_verdict(send(own_id="7").id, Word.SPAM, by="ann", door="page")
    courier.deliver_all()
    store.undo(given.verdict_id, by="ann")
    courier.deliver_all()
    assert here.told() == [("7", "rejected"), ("7", "held")]
    assert [heard.data["version"] for heard in here.heard] == [2, 3]
    assert here.heard[1].data["verdict"] == "open"


class Dedupes:
    """A blog that does what it is told once for each message id, and only what is newer than what it knows."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self.done: list[tuple[str, str]] = []
        self.versions: dict[str, int] = {}
        self.backwards = 0

    def __call__(self, heard: Heard) -> Reply:
        if heard.headers["webhook-id"] not in self.seen:
            self.seen.add(heard.headers["webhook-id"])
            data = heard.data
            self.backwards += data["version"] <= self.versions.get(data["external_id"], 0)
            self.versions[data["external_id"]] = data["version"]
            self.done.append((data["external_id"], data["status"]))
        return OK


def test_after_an_hour_down_all_verdicts_arrive_in_order_and_none_acts_twice(
    store: Store, site: Site, clock: HandClock, courier: Courier, judge: Judge
) -> None:
    port = free_port()
    register(store, site, f"http://127.0.0.1:{port}/moderated")
    began = clock.now
    expected: list[tuple[str, str]] = []
    changed = judge("changed")
    while clock.now < began + timedelta(hours=1):
        number = len(expected)
        word, status = ((Word.HAM, "approved"), (Word.SPAM, "rejected"))[number % 2]
        judge(str(number), word)
        expected.append((str(number), status))
        courier.deliver_all()
        clock.pass_(minutes=2)
    store.give_verdict(changed, Word.SPAM, by="bob", door="page")
    assert callback(store, site).trouble == f"no connection to 127.0.0.1:{port}: Connection refused"
    doing = Dedupes()
    with blog(port) as back:
        back.reply = doing
        returned = clock.now
        while store.outbox.counts()[Delivery.WAITING]:
            clock.pass_(seconds=30)
            courier.deliver_all()
        assert clock.now - returned <= timedelta(minutes=31)
        clock.pass_(days=3)
        courier.deliver_all()
    assert doing.done == [*expected, ("changed", "rejected")]
    assert len(back.heard) == len(doing.seen) == len(expected) + 1 == 31
    assert not doing.backwards
    assert callback(store, site).trouble == ""


def test_a_verdict_during_an_attempt_is_told_after_it(
    store: Store, site: Site, here: Blog, courier: Courier, send: Send
) -> None:
    register(store, site, here.url)
    answer = send(own_id="7")

    def meanwhile(heard: Heard) -> Reply:
        here.reply = lambda heard: OK
        store.give_verdict(answer.id, Word.SPAM, by="bob", door="page")
        return OK

    here.reply = meanwhile
    store.give_verdict(answer.id, Word.HAM, by="ann", door="page")
    courier.deliver_all()
    assert here.told() == [("7", "approved"), ("7", "rejected")]


def test_two_couriers_tell_each_thing_once(
    store: Store, site: Site, here: Blog, clock: HandClock, judge: Judge
) -> None:
    register(store, site, here.url)
    for number in range(30):
        judge(str(number))
    couriers = [Courier(store, clock) for _ in range(2)]
    threads = [threading.Thread(target=one.deliver_all) for one in couriers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [own_id for own_id, _ in here.told()] == [str(number) for number in range(30)]


# In a server: threads, the real clock


@pytest.fixture
def working(store_url: str) -> Iterator[tuple[Store, Courier]]:
    """A courier at work, with a store and clock of its own, as another process has them."""
    Store.upgrade(store_url)
    own = Store.open(store_url, clock=lambda: datetime.now(UTC))
    courier = Courier(own, lambda: datetime.now(UTC))
    courier.start()
    yield own, courier
    courier.stop()
    own.close()


def until(true: Callable[[], bool], seconds: float) -> float:
    """Wait for it; how long that took."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < seconds, "too late"
        time.sleep(0.005)
    return time.monotonic() - began


def say(store: Store, site: Site, own_id: str) -> str:
    answer = store.remember(site, Comment("Hello", id=own_id), HOLD, at=datetime.now(UTC))
    store.give_verdict(answer.id, Word.HAM, by="ann", door="page")
    return answer.id


def test_a_verdict_of_this_process_arrives_at_once_and_of_another_within_two_seconds(
    working: tuple[Store, Courier], store_url: str, here: Blog
) -> None:
    own, _ = working
    site = own.add_site("blog")[0]
    register(own, site, here.url)
    time.sleep(0.3)  # it sleeps now
    say(own, site, "here")
    assert until(lambda: bool(here.heard), 2) < 0.9
    elsewhere = Store.open(store_url, clock=lambda: datetime.now(UTC))
    say(elsewhere, site, "there")
    until(lambda: len(here.heard) == 2, 2)
    elsewhere.close()


def test_a_blog_that_hangs_holds_up_no_other_one(working: tuple[Store, Courier], here: Blog) -> None:
    own, _ = working
    slow, quick = own.add_site("slow")[0], own.add_site("quick")[0]
    ended = threading.Event()
    with blog() as hanging:

        def hangs(heard: Heard) -> Reply:
            ended.wait(10)
            return OK

        hanging.reply = hangs
        register(own, slow, hanging.url)
        register(own, quick, here.url)
        say(own, slow, "1")
        until(lambda: bool(hanging.heard), 2)
        say(own, quick, "2")
        until(lambda: bool(here.heard), 2)
        ended.set()


def test_a_courier_outlives_a_store_that_fails(
    working: tuple[Store, Courier], here: Blog, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, _ = working
    site = own.add_site("blog")[0]
    register(own, site, here.url)
    failed = threading.Event()

    def fails() -> tuple[int, ...]:
        failed.set()
        raise StoreError("the disk is full")

    monkeypatch.setattr("moderator.loop.AFTER_TROUBLE_SECONDS", 0.1)
    with monkeypatch.context() as broken:
        broken.setattr(own.outbox, "due", fails)
        say(own, site, "7")
        assert failed.wait(3)
    until(lambda: bool(here.heard), 3)


def test_stopping_lets_an_attempt_end_and_notes_it(store_url: str) -> None:
    Store.upgrade(store_url)
    own = Store.open(store_url, clock=lambda: datetime.now(UTC))
    site = own.add_site("blog")[0]
    courier = Courier(own, lambda: datetime.now(UTC))
    with blog() as slow:

        def slowly(heard: Heard) -> Reply:
            time.sleep(0.4)
            return OK

        slow.reply = slowly
        register(own, site, slow.url)
        say(own, site, "1")
        say(own, site, "2")
        courier.start()
        until(lambda: bool(slow.heard), 2)
        courier.stop()
    states = [message.state for message in own.outbox.listed()]
    assert states == [Delivery.WAITING, Delivery.DELIVERED]
    assert own.outbox.due() == (site.id,)  # nobody's, so that another process goes on at once
    own.close()


DIES = """
import sys
from datetime import UTC, datetime
from moderator.callbacks.courier import Courier
from moderator.store import Store
store = Store.open(sys.argv[1], clock=lambda: datetime.now(UTC))
Courier(store, lambda: datetime.now(UTC)).deliver_all()
"""


def test_what_was_sent_but_not_noted_is_sent_again_under_the_same_id(store_url: str, here: Blog) -> None:
    Store.upgrade(store_url)
    clock = HandClock()
    clock.now = datetime.now(UTC)
    store = Store.open(store_url, clock=clock)
    site = store.add_site("blog")[0]
    register(store, site, here.url)
    say(store, site, "7")
    process = subprocess.Popen([sys.executable, "-c", DIES, store_url], env=os.environ | {"PYTHONPATH": str(TOP)})

    def kills(heard: Heard) -> Reply:
        os.kill(process.pid, signal.SIGKILL)
        process.wait(5)
        return OK

    here.reply = kills
    assert process.wait(20) == -signal.SIGKILL
    here.reply = lambda heard: OK
    courier = Courier(store, clock)
    clock.now = datetime.now(UTC)
    assert courier.deliver_all() == 0  # the claim of the dead one still holds
    clock.pass_(seconds=91)
    assert courier.deliver_all() == 1
    first, again = here.heard
    assert first.headers["webhook-id"] == again.headers["webhook-id"] and first.body == again.body
    store.close()


def test_a_slow_blog_costs_a_verdict_nothing(store: Store, site: Site, here: Blog, send: Send) -> None:
    register(store, site, here.url)
    answer = send()
    began = time.monotonic()
    store.give_verdict(answer.id, Word.HAM, by="ann", door="page")
    assert time.monotonic() - began < 1 and here.heard == []

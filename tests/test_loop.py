"""What a server does beside its requests: a loop outlives what fails in it, is woken, and ends when told."""

import logging
import threading
import time
from collections.abc import Callable

import pytest

from moderator.loop import Loop

SECRET = "words of a comment that no log may hold"


class Away(Exception):
    """The store, say, with the cure."""


class Steps:
    """Counts steps, each of which ends as told."""

    def __init__(self) -> None:
        self.count = 0
        self.fails: Exception | None = None
        self.taken = threading.Semaphore(0)

    def __call__(self) -> None:
        self.count += 1
        self.taken.release()
        if self.fails is not None:
            raise self.fails


@pytest.fixture
def steps() -> Steps:
    return Steps()


@pytest.fixture
def loop_of(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Callable[[Steps, float], Loop]:
    monkeypatch.setattr("moderator.loop.AFTER_TROUBLE_SECONDS", 0.01)

    def make(steps: Steps, every: float) -> Loop:
        loop = Loop("counting", steps, every=every, known=(Away,))
        request.addfinalizer(loop.stop)
        return loop

    return make


def test_it_takes_step_after_step(loop_of: Callable[[Steps, float], Loop], steps: Steps) -> None:
    loop_of(steps, 0.001).start()
    assert all(steps.taken.acquire(timeout=5) for _ in range(3))


def test_the_first_step_waits_as_told_and_waking_does_not(
    loop_of: Callable[[Steps, float], Loop], steps: Steps
) -> None:
    loop = loop_of(steps, 3600)
    loop.start(first=3600)
    assert not steps.taken.acquire(timeout=0.05)
    loop.wake()
    assert steps.taken.acquire(timeout=5)


def test_a_step_asked_for_during_a_step_is_taken_after_it(steps: Steps) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slowly() -> None:
        begun.set()
        go_on.wait(5)
        steps()

    loop = Loop("counting", slowly, every=3600, known=())
    loop.start()
    assert begun.wait(5)
    loop.wake()
    go_on.set()
    assert steps.taken.acquire(timeout=5) and steps.taken.acquire(timeout=5)
    loop.stop()


def test_a_trouble_is_told_once_until_all_is_well(
    loop_of: Callable[[Steps, float], Loop], steps: Steps, caplog: pytest.LogCaptureFixture
) -> None:
    loop = loop_of(steps, 3600)
    for trouble in (Away("no disk"), Away("no disk"), None, Away("no disk"), Away("no network")):
        steps.fails = trouble
        assert loop.goes_well(steps) is (trouble is None)
    assert [record.getMessage() for record in caplog.records] == [
        "counting waits: no disk",
        "counting waits: no disk",
        "counting waits: no network",
    ]


@pytest.mark.parametrize("error", [ValueError(SECRET), Away("no disk")])
def test_it_outlives_what_fails_and_no_fault_is_told_in_its_own_words(
    loop_of: Callable[[Steps, float], Loop], steps: Steps, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    steps.fails = error
    loop_of(steps, 0.001).start()
    assert all(steps.taken.acquire(timeout=5) for _ in range(3))
    assert SECRET not in caplog.text and "counting" in caplog.text
    faults = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert bool(faults) is isinstance(error, ValueError)
    assert all("in __call__" in record.getMessage() for record in faults)  # where it was


def test_stopping_waits_for_the_step_under_way_and_no_step_comes_after() -> None:
    begun, ended = threading.Event(), threading.Event()

    def slow() -> None:
        begun.set()
        while not loop.stopping:
            time.sleep(0.001)
        time.sleep(0.02)
        ended.set()

    loop = Loop("working", slow, every=0.001, known=())
    loop.start()
    assert begun.wait(5)
    loop.stop()
    assert ended.is_set()
    begun.clear()
    assert not begun.wait(0.05)


def test_what_was_stopped_can_start_again(loop_of: Callable[[Steps, float], Loop], steps: Steps) -> None:
    loop = loop_of(steps, 3600)
    for _ in range(2):
        loop.start()
        assert steps.taken.acquire(timeout=5)
        loop.stop()


def test_after_a_long_step_it_rests_woken_or_not(request: pytest.FixtureRequest) -> None:
    begun: list[float] = []
    twice = threading.Event()

    def step() -> None:
        begun.append(time.monotonic())
        if len(begun) == 2:
            twice.set()
        time.sleep(0.05)

    loop = Loop("resting", step, every=3600, known=(), rest=8)
    request.addfinalizer(loop.stop)
    loop.start()
    while not begun:
        time.sleep(0.001)
    loop.wake()
    assert twice.wait(10)
    assert begun[1] - begun[0] >= 9 * 0.05


def test_a_rest_does_not_keep_it_from_ending() -> None:
    loop = Loop("resting", lambda: time.sleep(0.02), every=3600, known=(), rest=1e6)
    loop.start()
    time.sleep(0.1)
    before = time.monotonic()
    loop.stop()
    assert time.monotonic() - before < 2

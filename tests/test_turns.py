"""Who works for whom: nobody waits for a thread of its own, and nobody works twice or is forgotten."""

import threading
import time
from typing import Any

import pytest

from moderator.turns import MOST_IN_GROUP, Job, TooLate, Turns


class Asked(Job[int]):
    """A number whose double is wanted."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


class Desk:
    """Doubles numbers by groups; with ``hold`` the first group waits until it is told to go on."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.go_on = threading.Event()
        self.hold = False
        self.turns = Turns(self.work)

    def work(self, jobs: list[Any]) -> None:
        self.groups.append([job.number for job in jobs])
        if self.hold and len(self.groups) == 1:
            self.go_on.wait(10)
        for job in jobs:
            if job.number < 0:
                job.error = ValueError("negative")
            elif job.number == 1000:
                raise RuntimeError("all of you")
            else:
                job.result = 2 * job.number

    def ask(self, numbers: list[int], deadline: float = 10) -> list[Any]:
        """The answers to the numbers, each asked by a thread; the later ones come while the first is worked on."""
        self.hold = True
        answers: list[Any] = [None] * len(numbers)

        def one(place: int) -> None:
            try:
                answers[place] = self.turns.do(Asked(numbers[place]), deadline)
            except Exception as error:
                answers[place] = error

        threads = [threading.Thread(target=one, args=(place,)) for place in range(len(numbers))]
        for come, thread in enumerate(threads):
            thread.start()
            while len(self.groups) + len(self.turns._waiting) < come + 1:
                time.sleep(0.001)
        if deadline > 1:
            self.go_on.set()
        else:
            for thread in threads[1:]:
                thread.join()
            self.go_on.set()
        for thread in threads:
            thread.join()
        return answers


def test_who_is_alone_works_at_once() -> None:
    desk = Desk()
    assert [desk.turns.do(Asked(number), 1) for number in (1, 2)] == [2, 4]
    assert desk.groups == [[1], [2]]


def test_those_who_come_during_the_work_are_one_group_in_their_order() -> None:
    desk = Desk()
    assert desk.ask([1, 2, 3, 4]) == [2, 4, 6, 8]
    assert desk.groups == [[1], [2, 3, 4]]


def test_a_flood_is_worked_on_in_groups_of_a_bounded_size() -> None:
    desk = Desk()
    numbers = list(range(2 * MOST_IN_GROUP + 2))
    assert desk.ask(numbers) == [2 * number for number in numbers]
    assert [len(group) for group in desk.groups] == [1, MOST_IN_GROUP, MOST_IN_GROUP, 1]


def test_what_is_wrong_with_one_is_told_to_that_one_alone() -> None:
    answers = Desk().ask([1, 2, -3, 4])
    assert isinstance(answers[2], ValueError) and [answers[0], answers[1], answers[3]] == [2, 4, 8]


def test_what_is_wrong_with_all_is_told_to_all_and_the_next_group_is_worked_on() -> None:
    desk = Desk()
    answers = desk.ask([1, 2, 1000, 3])
    assert answers[0] == 2 and all(isinstance(answer, RuntimeError) for answer in answers[1:])
    assert desk.turns.do(Asked(4), 1) == 8


def test_who_has_waited_for_too_long_leaves_and_is_not_worked_for() -> None:
    desk = Desk()
    answers = desk.ask([1, 2, 3], deadline=0.05)
    assert answers[0] == 2 and all(isinstance(answer, TooLate) for answer in answers[1:])
    assert desk.groups == [[1]]
    assert desk.turns.do(Asked(4), 1) == 8


@pytest.mark.parametrize("threads", [2, 16])
def test_each_of_many_gets_its_own_answer(threads: int) -> None:
    desk = Desk()
    wrong: list[tuple[int, int]] = []

    def ask(first: int) -> None:
        for number in range(first, first + 300):
            if (found := desk.turns.do(Asked(number), 10)) != 2 * number:
                wrong.append((number, found))

    running = [threading.Thread(target=ask, args=(2000 * (place + 1),)) for place in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    assert not wrong
    assert sum(map(len, desk.groups)) == 300 * threads

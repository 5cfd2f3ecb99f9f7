"""Work in groups: the first caller that comes works for all that wait, and then hands on to the first of the next.

There is no thread of its own: a caller that is alone begins at once and waits for nobody to wake up, and while one
group is worked on the next one gathers.
"""

import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")
MOST_IN_GROUP = 64  # so that the first of a flood does not wait for the last


class Job(Generic[T]):
    """Something to do, and the caller that waits for it. Whoever works on it sets ``result`` or ``error``."""

    __slots__ = ("abandoned", "error", "leads", "result", "woken")

    result: T

    def __init__(self) -> None:
        self.woken: threading.Lock | None = None  # taken while its caller sleeps; a bare lock is faster than an Event
        self.leads = False  # whether its caller was woken to work, not because it was done
        self.error: BaseException | None = None
        self.abandoned = False


class TooLate(Exception):
    """A caller has waited for as long as it may; what it wanted is not done, and will not be."""


class Turns:
    """Who works now, and who waits. ``work`` is called with one group after the other, never with two at once.

    What it raises, all of the group are told; what went wrong with one alone, it sets as that one's error.
    """

    def __init__(self, work: Callable[[list[Any]], None]) -> None:
        self._work = work
        self._waiting: deque[Job[Any]] = deque()
        self._working = False
        self._turn = threading.Lock()  # over _waiting and _working; held for a moment, never during the work

    def do(self, job: Job[T], deadline: float) -> T:
        """Have the job done; its result, its error, or TooLate after waiting for ``deadline`` seconds.

        Who works waits for what the work itself waits for.
        """
        with self._turn:
            self._waiting.append(job)
            if self._working:
                job.woken = threading.Lock()
                job.woken.acquire()
            else:
                job.leads = self._working = True
        if job.woken is not None and not job.woken.acquire(timeout=deadline):
            with self._turn:
                job.abandoned = not job.leads
            if job.abandoned:
                raise TooLate
        if job.leads:
            self._lead()
        if job.error is not None:
            raise job.error
        return job.result

    def _lead(self) -> None:
        """Work on all that waits, as one group, then let the next one lead."""
        with self._turn:
            jobs = [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST_IN_GROUP))]
        try:
            self._work([job for job in jobs if not job.abandoned])
        except BaseException as error:  # those that wait must hear of it, too
            for job in jobs:
                job.error = error
        finally:
            self._hand_on()
            for job in jobs:
                if job.woken is not None and not job.leads:
                    job.woken.release()

    def _hand_on(self) -> None:
        with self._turn:
            while self._waiting:
                follower = self._waiting[0]
                if not follower.abandoned and follower.woken is not None:
                    follower.leads = True
                    follower.woken.release()
                    return
                self._waiting.popleft()
            self._working = False

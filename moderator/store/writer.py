"""The one thread of a process that writes: it takes all that waits, as one transaction, and wakes the callers.

A commit that must be on disk costs one fsync, however much is in it: the bare driver stored 4,000 comments a second one
a commit, 10,000 by fours and 41,000 by 256. While one group is being synced the next one gathers; at eight callers a
group has four comments (measured).
"""

import queue
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.engine import URL

from moderator.store.engine import begin_writing, explain, is_databases, lost_race
from moderator.store.errors import StoreBusy, StoreError

T = TypeVar("T")
MOST_IN_GROUP = 256  # so that the first of a flood does not wait for the last

Group = Callable[[Connection, Sequence[Any]], None]


class Job(Generic[T]):
    """Something to write, and the caller that waits for it."""

    __slots__ = ("abandoned", "done", "error", "result")

    result: T

    def __init__(self) -> None:
        self.done = threading.Lock()  # taken until done; a bare lock wakes its waiter faster than an Event
        self.done.acquire()
        self.error: BaseException | None = None
        self.abandoned = False

    def run(self, connection: Connection) -> None:
        """Do it within the connection's transaction and set ``result``; may be called again after a rollback."""
        raise NotImplementedError


class Deed(Job[T]):
    """A write that is one function of a connection."""

    __slots__ = ("work",)

    def __init__(self, work: Callable[[Connection], T]) -> None:
        super().__init__()
        self.work = work

    def run(self, connection: Connection) -> None:
        """Call the function."""
        self.result = self.work(connection)


class Writer:
    """The thread and its queue. ``group`` runs the jobs that know how to go together; the rest run one by one."""

    def __init__(self, engine: Engine, url: URL, *, together: type[Job[Any]], group: Group) -> None:
        self._engine = engine
        self._connection: Connection | None = None
        self._stale = False  # whether the last transaction was on a connection from before
        self._url = url
        self._together = together
        self._group = group
        self._waiting: queue.SimpleQueue[Job[Any] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="store-writer", daemon=True)
        self._thread.start()

    def do(self, job: Job[T], deadline: float) -> T:
        """Wait until the job is on disk; its result, its error, or StoreBusy after ``deadline`` seconds."""
        self._waiting.put(job)
        if not job.done.acquire(timeout=deadline):
            job.abandoned = True
            raise StoreBusy(f"not on disk within {deadline:g} s; send it again, it will not be stored twice")
        if job.error is not None:
            raise job.error
        return job.result

    def close(self) -> None:
        """Finish what waits, then end the thread."""
        self._waiting.put(None)
        self._thread.join()

    def _work(self) -> None:
        open_ = True
        while open_:
            jobs: list[Job[Any]] = []
            job = self._waiting.get()
            try:
                while job is not None:
                    if not job.abandoned:
                        jobs.append(job)
                    if len(jobs) == MOST_IN_GROUP:
                        break
                    job = self._waiting.get_nowait()
                else:
                    open_ = False
            except queue.Empty:
                pass
            if jobs:
                self._write(jobs)
            job = None  # an idle thread holds on to nobody's comment
        self._let_go()

    def _write(self, jobs: list[Job[Any]]) -> None:
        error = self._transaction(jobs)
        # One job must not take the others with it, and one that lost a race for a unique name is right the next time.
        # So is one that came with a connection which the server had closed meanwhile.
        again = error is not None and not isinstance(error, StoreBusy)
        if again and (len(jobs) > 1 or self._stale or lost_race(error.__cause__ if error else None)):
            for job in jobs:
                job.error = self._transaction([job])
        else:
            for job in jobs:
                job.error = error
        for job in jobs:
            job.done.release()

    def _transaction(self, jobs: list[Job[Any]]) -> BaseException | None:
        """Run and commit them; what went wrong, if anything, in which case none of them happened."""
        self._stale = self._connection is not None
        try:
            # Kept from one group to the next, to spare the pool's work at each.
            connection = self._connection = self._connection or self._engine.connect()
            with connection.begin():
                begin_writing(connection)
                grouped = [job for job in jobs if type(job) is self._together]
                if grouped:
                    self._group(connection, grouped)
                for job in jobs:
                    if type(job) is not self._together:
                        job.run(connection)
        except BaseException as error:  # the thread must live on, and the caller must hear of it
            if isinstance(error, StoreError):
                return error
            self._let_go()
            if not isinstance(error, Exception) or not is_databases(error):
                return error
            said = explain(error, self._url)
            said.__cause__ = error
            return said
        return None

    def _let_go(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Exception):  # it may be broken; the next group gets another one
                connection.invalidate()
            with suppress(Exception):
                connection.close()

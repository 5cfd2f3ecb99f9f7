"""Writing in groups: a commit that must be on disk costs one fsync, however much is in it.

The bare driver stored 4,000 comments a second one a commit, 10,000 by fours and 41,000 by 256. Who writes for whom is
in turns.py; there is no thread of its own (docs/notes.md, "The webhook's speed").
"""

import fcntl
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, Engine
from sqlalchemy.engine import URL

from moderator import turns
from moderator.store.engine import begin_writing, explain, is_databases, is_sqlite, let_go, lost_race
from moderator.store.errors import StoreBusy, StoreError
from moderator.turns import TooLate, Turns

T = TypeVar("T")

Group = Callable[[Connection, Sequence[Any]], Sequence["Job[Any]"]]


class Job(turns.Job[T]):
    """Something to write, and the caller that waits for it."""

    __slots__ = ()

    def run(self, connection: Connection) -> None:
        """Do it within the connection's transaction and set ``result``; may be called again after a rollback."""
        raise NotImplementedError


class Several(turns.Job[Sequence[T]]):
    """Jobs of which one caller waits for all; each has its own result or error then. They are this one's result."""

    __slots__ = ()

    def __init__(self, jobs: Sequence[T]) -> None:
        super().__init__()
        self.result = jobs


class Deed(Job[T]):
    """A write that is one function of a connection."""

    __slots__ = ("work",)

    def __init__(self, work: Callable[[Connection], T]) -> None:
        super().__init__()
        self.work = work

    def run(self, connection: Connection) -> None:
        """Call the function."""
        self.result = self.work(connection)


class Queue:
    """Processes that write to one SQLite file, each as soon as the one before it is done.

    SQLite's own lock is not fair: who finds it taken sleeps for 1 to 100 ms and tries again, also if it was free
    meanwhile. With two processes the p99 at 8 connections was 55 and 98 ms, with this 40 and 20 (docs/notes.md). The
    kernel's locks wake the next one at once, are free when a process dies, and are not inherited by a fork. It is
    only courtesy: what keeps the file whole is SQLite's lock, so where this one cannot be had, all goes on without.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._file = -1

    def __enter__(self) -> None:
        with suppress(OSError):  # what is wrong with the folder, SQLite meets again and engine.py explains
            if self._file < 0:
                self._file = os.open(self._path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
            fcntl.lockf(self._file, fcntl.LOCK_EX)

    def __exit__(self, *raised: object) -> None:
        if self._file >= 0:
            with suppress(OSError):
                fcntl.lockf(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Let go of the file."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


class Writer:
    """Who writes now, and who waits.

    ``group`` stores jobs of the type ``together`` on a connection that commits each statement by itself, sets their
    results, and gives back those that need a transaction; as all other jobs do, which run one by one in one.
    """

    def __init__(self, engine: Engine, url: URL, *, together: type[Job[Any]], group: Group) -> None:
        self._engine = engine
        self._url = url
        self._together = together
        self._group = group
        # Kept from one group to the next, to spare the pool's work at each.
        self._by_itself: Connection | None = None  # commits each statement
        self._connection: Connection | None = None
        self._stale = False  # whether the last transaction was on a connection from before
        self._queue = Queue(f"{url.database}-turn") if is_sqlite(url) else None
        self._turns = Turns(self._write)

    def do(self, job: turns.Job[T], deadline: float) -> T:
        """Have the job on disk; its result, its error, or StoreBusy after waiting for ``deadline`` seconds.

        Who writes waits for the database alone, whose own limits are in engine.py.
        """
        try:
            return self._turns.do(job, deadline)
        except TooLate:
            raise StoreBusy(f"not on disk within {deadline:g} s; send it again, it will not be stored twice") from None

    def close(self) -> None:
        """Let go of the connections; nobody may be writing any more."""
        self._let_go()
        if self._queue is not None:
            self._queue.close()

    def _write(self, waiting: list[turns.Job[Any]]) -> None:
        jobs: list[Job[Any]] = []
        for job in waiting:
            jobs += job.result if isinstance(job, Several) else [cast(Job[Any], job)]
        if self._queue is None:
            self._write_now(jobs)
        else:
            with self._queue:
                self._write_now(jobs)

    def _write_now(self, jobs: list[Job[Any]]) -> None:
        grouped = [job for job in jobs if type(job) is self._together]
        single = [job for job in jobs if type(job) is not self._together]
        if grouped:
            try:
                single += self._store(grouped)
            except BaseException as error:
                self._let_go()
                said = self._said(error)
                for job in grouped:
                    job.error = said
                # One job must not take the others with it, nor a connection that the server had closed meanwhile.
                if isinstance(error, Exception) and not isinstance(said, StoreBusy):
                    single += grouped
        if single:
            error_of_all = self._transaction(single)
            for job in single:
                job.error = error_of_all
            # One that lost a race for a unique name is right the next time.
            if error_of_all is not None and not isinstance(error_of_all, StoreBusy):
                self._one_by_one(single, error_of_all)

    def _store(self, jobs: list[Job[Any]]) -> Sequence[Job[Any]]:
        if self._by_itself is None:
            self._by_itself = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        return self._group(self._by_itself, jobs)

    def _one_by_one(self, jobs: list[Job[Any]], error: BaseException) -> None:
        if len(jobs) > 1 or self._stale or lost_race(error.__cause__):
            for job in jobs:
                job.error = self._transaction([job])

    def _transaction(self, jobs: list[Job[Any]]) -> BaseException | None:
        """Run and commit them; what went wrong, if anything, in which case none of them happened."""
        self._stale = self._connection is not None
        try:
            connection = self._connection = self._connection or self._engine.connect()
            with connection.begin():
                begin_writing(connection)
                for job in jobs:
                    job.run(connection)
        except BaseException as error:  # the others must be told, and the caller must hear of it
            if not isinstance(error, StoreError):
                self._let_go()
            return self._said(error)
        return None

    def _said(self, error: BaseException) -> BaseException:
        if isinstance(error, StoreError) or not isinstance(error, Exception) or not is_databases(error):
            return error
        said = explain(error, self._url)
        said.__cause__ = error
        return said

    def _let_go(self) -> None:
        kept, self._connection, self._by_itself = (self._connection, self._by_itself), None, None
        for connection in kept:
            if connection is not None:
                let_go(connection)

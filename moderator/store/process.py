"""What belongs to one process: its connections and its writing thread. A forked child gets its own.

SQLite forbids to carry a connection over a fork, and threads do not survive one. So both are made when they are first
asked for, and what a child inherited is left untouched, neither used nor closed.
"""

import os
import threading
import weakref
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.engine import URL

from moderator.store import engine as engines
from moderator.store.errors import StoreError
from moderator.store.remember import Remember, remember_alone
from moderator.store.writer import Writer

T = TypeVar("T")


class Here:
    """The engine and the writer of this process."""

    def __init__(self, url: URL) -> None:
        self.url = url
        self.pid = os.getpid()
        self.engine = engines.connect(url)
        self._kept: list[Connection] = []  # as many as ever looked at one moment
        self.writer = Writer(self.engine, url, together=Remember, group=remember_alone)

    def read(self, question: Callable[[Connection], T]) -> T:
        """The answer, in one reading transaction."""
        with engines.said_plainly(self.url), engines.reading(self.engine) as connection:
            return question(connection)

    def look(self, question: Callable[[Connection], T]) -> T:
        """The answer to a few statements that need not see the same moment, on a connection that is kept for them.

        So there is no BEGIN, no ROLLBACK, and no work of the pool: on PostgreSQL two ways to the server less, on SQLite
        two waits less for the other threads.
        """
        with engines.said_plainly(self.url):
            while True:
                kept = self._take()
                connection = kept or self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
                try:
                    answer = question(connection)
                except BaseException as error:
                    engines.let_go(connection)
                    # The server may have closed one that was kept: then those of another time are no better.
                    if kept is None or not engines.is_databases(error):
                        raise
                else:
                    self._kept.append(connection)
                    return answer

    def _take(self) -> Connection | None:
        try:
            return self._kept.pop()
        except IndexError:
            return None

    def close(self) -> None:
        """Finish what waits, and let go of all connections."""
        self.writer.close()
        while connection := self._take():
            engines.let_go(connection)
        self.engine.dispose()

    def maintain(self, work: Callable[[Connection], T]) -> T:
        """Do it on a connection that commits each statement by itself."""
        with engines.said_plainly(self.url), self.engine.connect() as connection:
            return work(connection.execution_options(isolation_level="AUTOCOMMIT"))


class PerProcess:
    """Gives each process its own Here."""

    def __init__(self, url: URL) -> None:
        self._url = url
        self.shared = not engines.is_sqlite(url)
        self._here: Here | None = None
        self._inherited: list[Here] = []  # kept, as collecting them would close the parent's connections
        self._making = threading.Lock()
        self._closed = False
        # A fork may come while another thread holds the lock; the child would wait for ever.
        me = weakref.ref(self)
        os.register_at_fork(after_in_child=lambda: _after_fork(me()))

    def here(self) -> Here:
        """This process's own. StoreError after close()."""
        here = self._here
        if here is not None and here.pid == os.getpid():
            return here
        with self._making:
            here = self._here
            if here is not None and here.pid == os.getpid():
                return here
            if self._closed:
                raise StoreError("the store was closed; open it again")
            if here is not None:
                self._inherited.append(here)
            self._here = Here(self._url)
            return self._here

    def close(self) -> None:
        """Finish what waits and let go; in a child that never used it there is nothing to do."""
        with self._making:
            self._closed = True
            here, self._here = self._here, None
        if here is not None and here.pid == os.getpid():
            here.close()
        elif here is not None:
            self._inherited.append(here)


def _after_fork(process: PerProcess | None) -> None:
    if process is not None:
        process._making = threading.Lock()

"""How a part of the store asks and writes: in this process's connections, at this clock's time."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Connection

from moderator.store.ids import micros
from moderator.store.process import PerProcess
from moderator.store.writer import Deed

T = TypeVar("T")
Clock = Callable[[], datetime]


class Access:
    """What the Store hands to its parts."""

    def __init__(self, process: PerProcess, clock: Clock, deadline: float) -> None:
        self._process = process
        self._clock = clock
        self._deadline = deadline

    def now(self) -> int:
        """Microseconds since 1970."""
        return micros(self._clock())

    def read(self, question: Callable[[Connection], T]) -> T:
        """The answer to a question. StoreError where the database cannot give one."""
        return self._process.here().read(question)

    def write(self, work: Callable[[Connection], T]) -> T:
        """Do it in a transaction; on disk on return. StoreError, and StoreBusy past the deadline."""
        return self._process.here().writer.do(Deed(work), self._deadline)

    def maintain(self, work: Callable[[Connection], T]) -> T:
        """Do what cannot be done in a transaction (VACUUM, a checkpoint). StoreError."""
        return self._process.here().maintain(work)

"""What a server does beside its requests: the same step again and again, in a thread that outlives what fails in it."""

import logging
import threading
import time
from collections.abc import Callable

from moderator.faults import log_fault

log = logging.getLogger(__name__)

AFTER_TROUBLE_SECONDS = 5.0  # when a step failed; the store may be away
STOP_SECONDS = 5.0


class Loop:
    """Takes a step every so many seconds, and at once when woken. ``start`` only after the last fork.

    ``name`` says in the log what is done. ``known``: errors that tell their cure; any other one is a fault. ``rest``:
    after a step nothing is done for so many times as long as it took, woken or not.
    """

    def __init__(
        self,
        name: str,
        step: Callable[[], object],
        *,
        every: float,
        known: tuple[type[Exception], ...],
        rest: float = 0.0,
    ) -> None:
        self._name, self._step, self._every, self._known, self._rest = name, step, every, known, rest
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._trouble = ""

    @property
    def stopping(self) -> bool:
        """Whether it is to end."""
        return self._stopping.is_set()

    def start(self, *, first: float = 0.0) -> None:
        """Take the first step in so many seconds."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, args=(first,), name=self._name, daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Take the next step now, or as soon as the one under way is done."""
        self._woken.set()

    def stop(self) -> None:
        """End after the step that is under way; one that asks for ``stopping`` ends early."""
        self._stopping.set()
        self.wake()
        if self._thread is not None:
            self._thread.join(STOP_SECONDS)

    def _run(self, wait: float) -> None:
        while True:
            self._woken.wait(wait)
            self._woken.clear()
            if self.stopping:
                return
            begun = time.monotonic()
            wait = self._every if self.goes_well(self._step) else max(self._every, AFTER_TROUBLE_SECONDS)
            self._stopping.wait((time.monotonic() - begun) * self._rest)

    def goes_well(self, work: Callable[[], object]) -> bool:
        """Do it; whether it went well. The log says what did not, and the same trouble once until all is well."""
        try:
            work()
        except self._known as error:
            if str(error) != self._trouble:
                self._trouble = str(error)
                log.warning("%s waits: %s", self._name, error)
        except Exception as error:
            log_fault(self._name, error)
        else:
            self._trouble = ""
            return True
        return False

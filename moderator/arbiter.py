"""gunicorn as we need it: it stops without a failed request, and logs where all else is logged.

To stop is to say so first, to go on answering, and only then to close the door. A load balancer learns from /readyz
that this node is about to go and sends nothing more; what it sends until then is answered. gunicorn by itself closes
its listeners at once, before any balancer could know.
"""

import mmap
import time
from typing import Any

from gunicorn.arbiter import Arbiter
from gunicorn.glogging import Logger


class Leaving:
    """Whether the server is about to stop; made before the fork, so that all its processes see the same."""

    def __init__(self) -> None:
        self._shared = mmap.mmap(-1, 1)

    def __call__(self) -> bool:
        """Whether it is."""
        return self._shared[0] == 1

    def announce(self) -> None:
        """From now on it is."""
        self._shared[0] = 1


class PatientArbiter(Arbiter):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's master process, which after SIGTERM goes on for ``seconds``; a second SIGTERM ends the wait."""

    def __init__(self, app: Any, *, leaving: Leaving, seconds: float) -> None:
        self._leaving = leaving
        self._seconds = seconds
        self._until: float | None = None
        super().__init__(app)

    def handle_term(self) -> None:
        """Begin to leave; it is called in the main loop, not in the signal's handler."""
        self._leaving.announce()
        if self._seconds == 0 or self._until is not None:
            raise StopIteration
        self._until = time.monotonic() + self._seconds

    def wait_for_signals(self, timeout: float = 1.0) -> list[int]:
        """What gunicorn's own does, until the time has come."""
        if self._until is not None:
            left = self._until - time.monotonic()
            if left <= 0:
                raise StopIteration
            timeout = min(timeout, left)
        found: list[int] = super().wait_for_signals(timeout=timeout)
        return found


class RootLogger(Logger):  # type: ignore[misc]
    """gunicorn's words in our log, as JSON where that is JSON; by itself it writes its own lines beside."""

    def setup(self, cfg: Any) -> None:
        """Set the level, and leave the rest to the root logger."""
        super().setup(cfg)
        for log in (self.error_log, self.access_log):
            log.handlers.clear()
            log.propagate = True

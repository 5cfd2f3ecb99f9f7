"""What a server does by the hour, beside its requests: addresses that nobody needs any more become pseudonyms.

Each process does it; what one has done, the others find done.
"""

import logging
import random
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from moderator.store import Clock, Store, StoreError

log = logging.getLogger(__name__)

EVERY_SECONDS = 3600.0
STOP_SECONDS = 5.0


class Housekeeper:
    """Does it in a thread of its own. ``start`` only after the last fork."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        secret: bytes,
        address_days: int,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._store = store
        self._clock = clock
        self._secret = secret
        self._kept = timedelta(days=address_days)
        self._chance = chance
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin, the first time within a minute: not all processes at once."""
        self._thread = threading.Thread(target=self._run, name="housekeeping", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End after the few comments that are being worked on."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(STOP_SECONDS)

    def tidy(self) -> int:
        """Do what is due now; how many comments were masked. StoreError."""
        before: datetime = self._clock() - self._kept
        return self._store.privacy.mask(before, self._secret, go_on=lambda: not self._stopping.is_set())

    def _run(self) -> None:
        wait = 60.0 * self._chance()
        while not self._stopping.wait(wait):
            try:
                done = self.tidy()
            except StoreError as error:
                log.warning("addresses could not be masked, the next hour tries again: %s", error)
            else:
                if done:
                    log.info("masked the addresses of %d comments", done)
            wait = EVERY_SECONDS

"""What a server does by the hour, beside its requests: addresses that nobody needs any more become pseudonyms.

Each process does it; what one has done, the others find done.
"""

import logging
import random
from datetime import datetime, timedelta

from moderator.loop import Loop
from moderator.store import Clock, Store, StoreError

log = logging.getLogger(__name__)

EVERY_SECONDS = 3600.0


class Housekeeper(Loop):
    """Masks addresses that are older than ``address_days``."""

    def __init__(self, store: Store, clock: Clock, *, secret: bytes, address_days: int) -> None:
        super().__init__("masking of addresses", self.tidy, every=EVERY_SECONDS, known=(StoreError,))
        self._store = store
        self._clock = clock
        self._secret = secret
        self._kept = timedelta(days=address_days)

    def start(self, *, first: float | None = None) -> None:
        """Begin, the first time within a minute: not all processes at once."""
        super().start(first=60.0 * random.random() if first is None else first)

    def tidy(self) -> int:
        """Do what is due now; how many comments were masked. StoreError."""
        before: datetime = self._clock() - self._kept
        done = self._store.privacy.mask(before, self._secret, go_on=lambda: not self.stopping)
        if done:
            log.info("masked the addresses of %d comments", done)
        return done

"""How many requests a site may send, and how many with a wrong key a network: shared by all workers and machines.

Each process counts for itself and asks the store for the sum only after an eighth of what is allowed, so a site that
sends little costs a microsecond and no write, and one that sends much at most eight writes in ten seconds and worker.
So much may slip through: an eighth for each worker.
"""

import logging
import threading
from collections.abc import Callable
from datetime import datetime

from moderator.store import Store, StoreError
from moderator.store.attempts import network_of
from moderator.wire.problems import Problem

log = logging.getLogger(__name__)

STRETCH = 10  # seconds over which is counted; the longest wait
PARTS = 8


class Count:
    """What this process knows of one name in the stretch of now."""

    __slots__ = ("all", "here")

    def __init__(self) -> None:
        self.here = 0  # not told to the store yet
        self.all = 0  # of everybody, when the store was last asked


class Limits:
    """``site_rate`` and ``wrong_key_rate`` are requests a second, over ten seconds; 0 is no limit. Safe for threads."""

    def __init__(self, store: Store, clock: Callable[[], datetime], *, site_rate: int, wrong_key_rate: int) -> None:
        self._store = store
        self._clock = clock
        self._most_of_site = site_rate * STRETCH
        self._most_wrong = wrong_key_rate * STRETCH
        self._stretch = 0
        self._counts: dict[str, Count] = {}
        self._wrong = False  # whether any key was wrong in this stretch; nearly always none was
        self._changing = threading.Lock()

    def site(self, site_id: int) -> None:
        """Count a request of this site. Problem 429 where it is one too many."""
        if self._most_of_site and self._add(f"site {site_id}", self._most_of_site):
            raise self._too_many("this site sends more requests than it may", "send fewer, or raise site_rate")

    def wrong_key(self, address: str) -> None:
        """Count a request without a right key from this address."""
        if self._most_wrong:
            self._add(f"wrong key\n{network_of(address)}", self._most_wrong)
            self._wrong = True

    def shuts_out(self, address: str) -> bool:
        """Whether so many keys from this network were wrong that no unknown one is looked at for now."""
        if not self._wrong:
            return False
        with self._changing:
            self._turn_over()
            count = self._counts.get(f"wrong key\n{network_of(address)}")
            return count is not None and count.all + count.here > self._most_wrong

    def too_many_wrong(self) -> Problem:
        """What a network that is shut out is told."""
        return self._too_many("too many keys from this network were wrong", "send a right key, after a pause")

    def _add(self, name: str, most: int) -> bool:
        """Whether there are more than ``most`` now."""
        with self._changing:
            self._turn_over()
            count = self._counts.get(name)
            if count is None:
                count = self._counts[name] = Count()
            count.here += 1
            over = count.all + count.here > most
            if over or count.here * PARTS < most:
                return over
            told, count.here = count.here, 0
            count.all += told
            stretch = self._stretch
        self._tell(name, told, stretch)
        return count.all > most

    def _tell(self, name: str, told: int, stretch: int) -> None:
        try:
            everybody = self._store.rates.add({name: told}, stretch)[name]
        except StoreError as error:  # then this process goes by what it knows itself
            log.warning("requests could not be counted: %s", error)
            return
        with self._changing:
            count = self._counts.get(name)
            if count is not None and self._stretch == stretch:
                count.all = max(count.all, everybody)

    def _turn_over(self) -> None:
        stretch = int(self._clock().timestamp()) // STRETCH
        if stretch != self._stretch:
            self._stretch, self._wrong = stretch, False
            self._counts.clear()

    def _too_many(self, detail: str, cure: str) -> Problem:
        wait = STRETCH - int(self._clock().timestamp()) % STRETCH
        return Problem(429, detail, kind="too-many", cure=cure, headers=[("Retry-After", str(wait))])

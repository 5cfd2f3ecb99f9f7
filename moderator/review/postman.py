"""Sends the daily letters: one thread in each server process; whoever claims a letter in the store sends it."""

import logging
import threading
from collections.abc import Callable
from datetime import timedelta

from moderator.mail import MailError, Send
from moderator.review.digest import Digest
from moderator.settings import Settings
from moderator.store import Clock, Person, Store, StoreError

log = logging.getLogger(__name__)

POLL_SECONDS = 60.0
STOP_SECONDS = 5.0
# A letter that could not be handed over is tried again so many times that day, in as many turns of the thread.
MOST_TRIES = 5
KEPT = timedelta(days=14)


class Postman:
    """Once a day, from the hour of the settings on (UTC), each reader's letter, whatever the number of processes."""

    def __init__(
        self,
        digest: Digest,
        store: Store,
        settings: Settings,
        clock: Clock,
        send: Send,
        *,
        sleep: Callable[[float], bool] | None = None,
    ) -> None:
        self._digest, self._store, self._settings, self._clock, self._send = digest, store, settings, clock, send
        self._stopping = threading.Event()
        self._sleep = sleep or self._stopping.wait
        self._thread: threading.Thread | None = None
        self._tries: dict[str, int] = {}

    def start(self) -> None:
        """From now on; only after the last fork, and only where there is a server to send by."""
        if self._settings.smtp_host:
            self._thread = threading.Thread(target=self._run, name="digest", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End after the letter that is being handed over."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        while not self._sleep(POLL_SECONDS):
            try:
                self.turn()
            except StoreError as error:
                log.warning("the daily letters wait: %s", error)
            except Exception as error:
                log.error("the daily letters failed: %s", type(error).__name__)

    def turn(self) -> int:
        """Send what is due and nobody has claimed; how many letters."""
        now = self._clock()
        if now.hour < self._settings.digest_hour:
            return 0
        day = f"digest {now:%Y-%m-%d}"
        readers = self._digest.readers()
        if readers and self._store.claims.claim(f"{day} sweep"):
            self._store.claims.sweep("digest ", before=f"digest {now - KEPT:%Y-%m-%d}")
        return sum(self._one(person, f"{day} {person.id}") for person in readers)

    def _one(self, person: Person, mark: str) -> bool:
        """Claimed first: a process that dies in between costs one letter, and none is sent twice."""
        if self._tries.get(mark, 0) >= MOST_TRIES or not self._store.claims.claim(mark):
            return False
        try:
            letter = self._digest.letter(person)
            if letter is None:
                return False  # nothing is held; the mark stays, as today's letter has been looked after
            self._send(letter)
        except MailError as error:
            self._tries[mark] = self._tries.get(mark, 0) + 1
            log.warning("a daily letter could not be sent: %s", error)
            self._store.claims.release(mark)
            return False
        return True

"""Sends the daily letters: one thread in each server process; whoever claims a letter in the store sends it."""

import logging
from datetime import timedelta

from moderator.loop import Loop
from moderator.mail import MailError, Send
from moderator.review.digest import Digest
from moderator.settings import Settings
from moderator.store import Clock, Person, Store, StoreError

log = logging.getLogger(__name__)

POLL_SECONDS = 60.0
# A letter that could not be handed over is tried again so many times that day, in as many turns of the thread.
MOST_TRIES = 5
KEPT = timedelta(days=14)


class Postman(Loop):
    """Once a day, from the hour of the settings on (UTC), each reader's letter, whatever the number of processes."""

    def __init__(self, digest: Digest, store: Store, settings: Settings, clock: Clock, send: Send) -> None:
        super().__init__("daily letter", self.turn, every=POLL_SECONDS, known=(StoreError,))
        self._digest, self._store, self._settings, self._clock, self._send = digest, store, settings, clock, send
        self._tries: dict[str, int] = {}

    def start(self, *, first: float = POLL_SECONDS) -> None:
        """From now on, where there is a server to send by."""
        if self._settings.smtp_host:
            super().start(first=first)

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

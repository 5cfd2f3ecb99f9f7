"""Delivers the outbox: in each server process a few threads, of which one at a time works on a site."""

import logging
import random
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from moderator.callbacks import schedule
from moderator.callbacks.address import parse
from moderator.callbacks.errors import BadAddress, NotReached, Untellable
from moderator.callbacks.exchange import Answer, Exchange, over_the_network
from moderator.callbacks.kinds import KINDS, Notice
from moderator.faults import log_fault
from moderator.loop import Loop
from moderator.store import Clock, Delivery, Outcome, Parcel, Store, StoreError
from moderator.store.ids import micros, new_id
from moderator.store.outbox import GIVE_UP

log = logging.getLogger(__name__)

POLL_SECONDS = 1.0  # verdicts that other processes take in; those of this one wake it at once
SWEEP_EVERY = timedelta(hours=1)
LANES = 4  # sites at once; a blog that hangs holds up one of them for 15 s, and is then left alone
STOP_SECONDS = 16.0  # an attempt that is under way may end; shorter than the server's own patience

GONE = 410
# The blog, or what stands before it, is not well; it is no answer to this message.
UNWELL = frozenset({429, 502, 503, 504})


class Claim(NamedTuple):
    """A site that is one holder's to work on."""

    site_id: int
    holder: str


class Courier(Loop):
    """Tells blogs what is in the outbox."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        exchange: Exchange = over_the_network,
        chance: Callable[[], float] = random.random,
    ) -> None:
        super().__init__("telling blogs", self._hand_out, every=POLL_SECONDS, known=(StoreError,))
        self._store = store
        self._clock = clock
        self._exchange = exchange
        self._chance = chance
        self._swept: datetime | None = None
        self._pool = ThreadPoolExecutor(LANES, "callback")  # its threads begin with the first claim
        self._lanes: set[Future[None]] = set()

    # Within a server

    def start(self, *, first: float = 0.0) -> None:
        """Deliver from now on."""
        self._store.outbox.on_new = self.wake
        super().start(first=first)

    def stop(self) -> None:
        """End after what is being sent; what remains, another process sends, or the next start."""
        self._store.outbox.on_new = None
        super().stop()
        wait(self._lanes, STOP_SECONDS)
        self._pool.shutdown(wait=False)

    def _hand_out(self) -> None:
        self._lanes = {lane for lane in self._lanes if not lane.done()}
        self._lanes |= {self._pool.submit(self._lane, claim) for claim in self.claim(LANES - len(self._lanes))}

    def _lane(self, claim: Claim) -> None:
        self.goes_well(partial(self.deliver, claim))  # if not, the claim ends by itself
        self.wake()

    # One step each; a test calls them with a clock of its own

    def deliver_all(self) -> int:
        """All that is due now, in this thread; how many messages were taken."""
        return sum(map(self.deliver, self.claim(1000)))

    def claim(self, most: int) -> tuple[Claim, ...]:
        """The sites that are this courier's to work on now."""
        outbox, now = self._store.outbox, self._clock()
        if self._swept is None or now - self._swept >= SWEEP_EVERY:
            self._swept = now
            outbox.sweep()
        if most <= 0 or not outbox.due():
            return ()
        holder = new_id(micros(now))  # another one each time: a claim that ran out is nobody's, also within a process
        return tuple(Claim(site_id, holder) for site_id in outbox.claim(holder, most=most))

    def deliver(self, claim: Claim) -> int:
        """Everything of one claimed site, in order; how many messages were taken."""
        count = 0
        while not self.stopping and (parcel := self._store.outbox.take(claim.site_id, claim.holder)):
            try:
                outcome = self._send(parcel)
            except Exception as error:
                log_fault("telling a blog", error)
                pause = schedule.after_refusal(parcel.attempts, self._chance())
                outcome = self._later(parcel, "something failed inside; the log says where", wait=pause)
            self._store.outbox.note(parcel, outcome, claim.holder)
            _tell(parcel, outcome)
            count += 1
        self._store.outbox.release(claim.site_id, claim.holder)
        return count

    def _send(self, parcel: Parcel) -> Outcome:
        callback, now = parcel.callback, self._clock()
        kind = KINDS[callback.kind]
        notice = Notice(parcel.id, parse(callback.url), parcel.secrets, parcel.comment, now)
        try:
            for request in kind.tell(notice):
                answer = self._exchange(request, allow_private=callback.allow_private)
                complaint = kind.heard(notice, answer)
                if complaint:
                    return self._refused(parcel, answer, complaint)
        except Untellable as error:
            return Outcome(Delivery.DROPPED, str(error))
        except (NotReached, BadAddress) as error:
            return self._later(parcel, str(error), pause=schedule.pause(callback.failures, self._chance()))
        return Outcome(Delivery.DELIVERED, "")

    def _refused(self, parcel: Parcel, answer: Answer, complaint: str) -> Outcome:
        if answer.status == GONE:
            return Outcome(Delivery.WAITING, f"{complaint}: the address is gone", disable=True)
        asked = schedule.retry_after(answer.retry_after, self._clock())
        if asked is not None or answer.status in UNWELL:
            wait = asked or schedule.pause(parcel.callback.failures, self._chance())
            return self._later(parcel, complaint, pause=wait)
        return self._later(parcel, complaint, wait=schedule.after_refusal(parcel.attempts, self._chance()))

    def _later(
        self, parcel: Parcel, why: str, *, wait: timedelta = timedelta(0), pause: timedelta | None = None
    ) -> Outcome:
        """Try again, this message or the whole site, unless that would be too late."""
        now = self._clock()
        paused_until = now + pause if pause else None
        if now + wait - parcel.queued >= GIVE_UP:
            return Outcome(Delivery.FAILED, why, pause=paused_until)
        return Outcome(Delivery.WAITING, why, next=now + wait, pause=paused_until)


def _tell(parcel: Parcel, outcome: Outcome) -> None:
    site = parcel.callback.site_name
    if outcome.disable:
        log.error("the callback of site %r is disabled: %s", site, outcome.note)
    elif outcome.state is Delivery.FAILED:
        log.error("a callback of site %r failed, message %s: %s", site, parcel.id, outcome.note)
    elif outcome.state is Delivery.WAITING:
        log.warning("a callback of site %r is tried again, message %s: %s", site, parcel.id, outcome.note)

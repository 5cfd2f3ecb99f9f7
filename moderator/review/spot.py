"""Spot checks as moderators meet them: among what is held, and without the machine's opinion.

Whoever reads "92 % spam" first is no independent judge, and a card that hid it only where the machine had approved
would give that away. So a share of what really is held is shown without it, too. Without spot checks (the setting
``spot_checks`` is 0) there is nothing to hide, and every card says all.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from moderator.comment import Status
from moderator.review.desk import Desk
from moderator.store import StoredComment, StoreError
from moderator.store.spot_checks import falls_on

log = logging.getLogger(__name__)

# Of the held ones. With 1 % of the approved drawn and 5 % of all comments held, about every third blind card is held.
BLIND = 0.1
MOST_ON_A_PAGE = 2
DRAW_EVERY = timedelta(minutes=1)


class Spots:
    """Draws now and then, and mixes what was drawn into the held queue."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._share = desk.settings.spot_checks / 1000
        self._drawn: datetime | None = None

    def mixed(self, comments: Sequence[StoredComment], site_ids: Sequence[int] | None) -> tuple[StoredComment, ...]:
        """The held comments of a first page with a few open spot checks among them, each at a place of its own."""
        if not self._share:
            return tuple(comments)
        self._draw()
        among = list(comments)
        for stored in self._desk.store.spot_checks.open(site_ids=site_ids, limit=MOST_ON_A_PAGE):
            place = sum(falls_on(stored.id, step / (len(among) + 1), self._desk.secret, purpose="place")
                        for step in range(1, len(among) + 1))  # fmt: skip
            among.insert(place, stored)
        return tuple(among)

    def is_blind(self, stored: StoredComment) -> bool:
        """Whether it is shown without the machine's opinion: until a human has spoken."""
        if not self._share or stored.verdict is not None:
            return False
        if stored.status is Status.HELD:
            return falls_on(stored.id, BLIND, self._desk.secret, purpose="blind")
        return self._desk.store.spot_checks.is_open(stored.id)

    def _draw(self) -> None:
        """At most once a minute in this process. A store that is busy is no reason to show nobody the queue."""
        now = self._desk.clock()
        if self._drawn is not None and now - self._drawn < DRAW_EVERY:
            return
        self._drawn = now
        try:
            self._desk.store.spot_checks.draw(self._desk.secret, self._share)
        except StoreError as error:
            log.warning("no spot checks were drawn: %s", error)

"""What the pages work with, and what they know of the request at hand."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from flask import g

from moderator.adaptation import Adaptation, Models
from moderator.classifier import Classifier
from moderator.settings import Settings
from moderator.store import Clock, Session, Site, Store


@dataclass(frozen=True, slots=True)
class Desk:
    """The parts that every page may use. ``secret`` signs the forms of those who have not logged in yet."""

    store: Store
    shelf: Models
    adaptation: Adaptation
    settings: Settings
    clock: Clock
    secret: bytes

    def classifier(self, site: Site | None) -> Classifier | None:
        """The classifier that judges for this site now."""
        return self.adaptation.classifier(site) if site is not None else self.shelf.current()

    @property
    def idle(self) -> timedelta:
        """After so long without a page a login ends."""
        return timedelta(minutes=self.settings.session_idle_minutes)

    @property
    def absolute(self) -> timedelta:
        """After so long a login ends in any case."""
        return timedelta(hours=self.settings.session_hours)


def session() -> Session:
    """The session of the request at hand; only where guard.py has let it in."""
    return cast(Session, g.session)


def when(moment: datetime) -> str:
    """A time as the pages write it."""
    return f"{moment.day} {moment:%b %Y, %H:%M} UTC"


def ago(moment: datetime, now: datetime) -> str:
    """How long ago that was, roughly."""
    seconds = (now - moment).total_seconds()
    if seconds < 60:
        return "just now"
    for size, name in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            number = int(seconds // size)
            return f"{number:,} {name}{'s' if number > 1 else ''} ago"
    return "just now"

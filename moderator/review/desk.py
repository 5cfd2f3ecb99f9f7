"""What the pages work with, and what they know of the request at hand."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol, cast

from flask import g

from moderator.adaptation import Adaptation
from moderator.classifier import Classifier
from moderator.comment import Status
from moderator.settings import Settings
from moderator.store import Clock, Counted, Session, Site, Store

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LAST = 1 << 54  # in the year 2540


class Models(Protocol):
    """Where the model that answers now is found; a shelf.Shelf."""

    def current(self) -> Classifier | None:
        """The model that answers now, if there is one."""

    def folder_of(self, id: str) -> Path:
        """Where a version's files are. ModelError where there is none."""


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

    def sites(self) -> tuple[Site, ...]:
        """The sites whose comments the one who looks may see."""
        return tuple(site for site in self.store.sites() if session().person.may_see(site.id))

    def counts_upto(self, site_id: int | None = None) -> Mapping[Status, Counted]:
        """How many comments stand in each queue that they may see, of one site or of all theirs."""
        if site_id is not None or session().person.site_ids is None:
            return self.store.counts_upto(site_id=site_id)
        each = [self.store.counts_upto(site_id=site.id) for site in self.sites()]
        return {
            status: Counted(sum(one[status].number for one in each), all(one[status].whole for one in each))
            for status in (Status.HELD, Status.APPROVED, Status.REJECTED)
        }


def limited_to() -> tuple[int, ...] | None:
    """The sites that the one who looks is limited to; None: all."""
    found = g.get("session")
    return cast(Session, found).person.site_ids if found else None


def session() -> Session:
    """The session of the request at hand; only where guard.py has let it in."""
    return cast(Session, g.session)


def stamp_of(moment: datetime) -> int:
    """A time as a page carries it, exactly: microseconds since 1970."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def moment_of(stamp: int) -> datetime:
    """The time again; 1970 for what no page of ours has carried."""
    return EPOCH + timedelta(microseconds=stamp) if stamp < LAST else EPOCH

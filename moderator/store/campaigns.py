"""Questions about campaigns: how many comments say nearly the same as one, and how they stand."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, bindparam, func, select

from moderator.comment import Status, Word
from moderator.known import Sighting
from moderator.store import sightings
from moderator.store.access import Access
from moderator.store.comments import comment_of
from moderator.store.ids import maybe_moment, micros
from moderator.store.schema import DAY, comments, received_day
from moderator.store.values import Campaign

DELETED = Status.DELETED.value


class Large(NamedTuple):
    """A campaign by its number: how many comments it has, how many of them wait, what humans said, and a text of it."""

    campaign: int
    number: int
    held: int
    spam: int
    ham: int
    text: str


class Campaigns:
    """Near-identical comments of all sites; ``store.campaigns``."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def sizes(
        self, campaigns: Sequence[int], *, status: Status | None = None, site_ids: Sequence[int] | None = None
    ) -> Mapping[int, int]:
        """How many comments each of these campaigns has, of one status or of all; campaigns without any left out.

        For the "37 like this" of a page of comments, in one question: from an index alone but where only some sites
        count.
        """
        return self._access.read(lambda c: sizes(c, campaigns, status=status, site_ids=site_ids))

    def campaign(self, campaign: int, *, site_ids: Sequence[int] | None = None) -> Campaign | None:
        """All that the page of one campaign says of it, on these sites or on all; None where no comment is of it."""
        return self._access.read(lambda c: one(c, campaign, site_ids=site_ids))

    def largest(self, site_ids: Sequence[int], *, since: datetime, limit: int) -> tuple[Large, ...]:
        """The campaigns with most comments on these sites since that day, the largest first; of two at least."""
        return self._access.read(lambda c: largest(c, site_ids, micros(since) // DAY, limit))

    def seen(self, keys: Sequence[int]) -> Mapping[int, Sighting]:
        """How often authors and hosts came, by their keys (traces.py); those that never did are left out."""
        at = self._access.now()
        return self._access.read(lambda c: sightings.seen(c, keys, at=at))

    def members(self, campaign: int, *, status: Status, limit: int) -> Mapping[str, int]:
        """The newest comments of the campaign that stand so, with their versions: what ``give_verdicts`` takes."""
        return self._access.read(lambda c: members(c, campaign, status=status, limit=limit))


def largest(connection: Connection, site_ids: Sequence[int], first: int, limit: int) -> tuple[Large, ...]:
    """Counted from the index of what is counted by day; then a text of each of the few."""
    count, own = func.count(), comments.c
    query = (
        select(
            own.campaign,
            count,
            func.count().filter(own.status == Status.HELD.value),
            func.count().filter(own.word == Word.SPAM.value),
            func.count().filter(own.word == Word.HAM.value),
        )
        .where(own.site_id.in_(site_ids), received_day >= first, own.campaign.is_not(None), own.status != DELETED)
        .group_by(own.campaign)
        .having(count > 1)
        .order_by(count.desc(), own.campaign)
        .limit(limit)
    )
    this = own.campaign == bindparam("campaign")
    example = select(own.content).where(this, own.status != DELETED, *_on(site_ids)).limit(1)
    return tuple(
        Large(campaign, number, held, spam, ham, comment_of(content).body)
        for campaign, number, held, spam, ham in connection.execute(query).all()
        for content in connection.scalars(example, {"campaign": campaign})  # one, or none where it was just deleted
    )


def sizes(
    connection: Connection, campaigns: Sequence[int], *, status: Status | None, site_ids: Sequence[int] | None = None
) -> Mapping[int, int]:
    """One look at the index."""
    if not campaigns:
        return {}
    standing = comments.c.status == status.value if status is not None else comments.c.status != DELETED
    query = (
        select(comments.c.campaign, func.count())
        .where(comments.c.campaign.in_(set(campaigns)), standing, *_on(site_ids))
        .group_by(comments.c.campaign)
    )
    return {campaign: count for campaign, count in connection.execute(query) if campaign is not None}


def _on(site_ids: Sequence[int] | None) -> list[ColumnElement[bool]]:
    """On these sites; said so that a database comes by the campaign, not by the site."""
    return [] if site_ids is None else [func.coalesce(comments.c.site_id, 0).in_(site_ids)]


def one(connection: Connection, campaign: int, *, site_ids: Sequence[int] | None = None) -> Campaign | None:
    """Its comments, counted."""
    here = and_(comments.c.campaign == campaign, *_on(site_ids))
    query = select(comments.c.status, func.count()).where(here).group_by(comments.c.status)
    stand: dict[str, int] = dict(connection.execute(query).all())
    if not stand:
        return None
    said = connection.execute(
        select(comments.c.word, func.count()).where(here, comments.c.word.is_not(None)).group_by(comments.c.word)
    )
    span = connection.execute(
        select(
            func.min(comments.c.received_at),
            func.max(comments.c.received_at),
            func.count(comments.c.site_id.distinct()),
        ).where(here, comments.c.status != DELETED)
    ).one()
    return Campaign(
        campaign,
        {Status(status): count for status, count in stand.items() if status != DELETED},
        {Word(word): count for word, count in said},
        sites=span[2],
        first=maybe_moment(span[0]),
        last=maybe_moment(span[1]),
    )


def members(connection: Connection, campaign: int, *, status: Status, limit: int) -> Mapping[str, int]:
    """Ids and versions, newest first."""
    query = (
        select(comments.c.id, comments.c.version)
        .where(comments.c.campaign == campaign, comments.c.status == status.value)
        .order_by(comments.c.id.desc())
        .limit(limit)
    )
    return {row.id: row.version for row in connection.execute(query)}

"""What was decided and said of a site's comments, by month: the figures that people see."""

from collections import Counter
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, case, func, select

from moderator.comment import Action, Status, Word
from moderator.store.access import Access
from moderator.store.ids import micros, moment
from moderator.store.schema import comments
from moderator.store.values import Tally

DAY = 24 * 3600 * 1_000_000
FIGURES = ("comments", "spam", "ham", "missed_spam", "false_positives")


class Tallies:
    """The figures of all sites; ``store.tallies``."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def months(self, site_id: int, *, since: datetime | None = None) -> tuple[Tally, ...]:
        """A site's figures by month of arrival (UTC), oldest first, months without a comment left out."""
        begin = micros(since) if since is not None else 0
        return self._access.read(lambda c: months(c, site_id, since=begin))


def months(connection: Connection, site_id: int, *, since: int) -> tuple[Tally, ...]:
    """One look at the site's rows. The database counts by day: days are even pieces of its times, months are not."""
    day = comments.c.received_at // DAY
    query = (
        select(day.label("day"), *(figure.label(name) for name, figure in zip(FIGURES, _figures(), strict=True)))
        .where(comments.c.site_id == site_id, comments.c.received_at >= since)
        .group_by(day)
    )
    found: dict[str, Counter[str]] = {}
    for row in connection.execute(query).mappings():
        month = f"{moment(row['day'] * DAY):%Y-%m}"
        found.setdefault(month, Counter()).update({name: int(row[name]) for name in FIGURES})
    return tuple(Tally(month, **found[month]) for month in sorted(found))


def _figures() -> tuple[ColumnElement[int], ...]:
    """In the order of FIGURES."""
    stands, decided, said = comments.c.status, comments.c.action, comments.c.word
    return (
        func.count(),
        _count(stands == Status.REJECTED.value),
        _count(stands == Status.APPROVED.value),
        _count((decided == Action.APPROVE.value) & (said == Word.SPAM.value)),
        _count((decided == Action.REJECT.value) & (said == Word.HAM.value)),
    )


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))

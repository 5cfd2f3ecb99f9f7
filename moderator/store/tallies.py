"""What was decided and said of sites' comments, by month and by day: the figures that people see."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    bindparam,
    case,
    cast,
    func,
    select,
)

from moderator.comment import Action, Status, Word
from moderator.store.access import Access
from moderator.store.ids import micros, moment
from moderator.store.schema import DAY, comments, received_day
from moderator.store.values import Tally

# 20,000 prove a budget of 1 in 1,000 with 12 above the line; more would say little more, and cost a tenth of a second.
GOOD_SCORES = 20_000
BY_SCORE = ("probably_fine", "in_doubt", "surely_spam")
FIGURES = ("comments", "spam", "ham", "missed_spam", "false_positives")


@dataclass(frozen=True, slots=True)
class Group:
    """So many comments of one day (in UTC) that are alike in what is counted. ``word``: what a human said last."""

    day: date
    action: Action
    status: Status
    word: Word | None
    rule: str
    language: str
    number: int


class Tallies:
    """The figures of all sites; ``store.tallies``."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def months(self, site_id: int, *, since: datetime | None = None) -> tuple[Tally, ...]:
        """A site's figures by month of arrival (UTC), oldest first, months without a comment left out.

        From the beginning of the day of ``since`` on.
        """
        first = micros(since) // DAY if since is not None else 0
        return self._access.read(lambda c: months(c, site_id, first=first))

    def days(self, site_ids: Sequence[int], *, since: datetime, until: datetime) -> tuple[Group, ...]:
        """What was decided and said of these sites' comments that came in on the days of ``since`` until ``until``.

        Whole days (UTC), the last one that in which the moment before ``until`` lies.
        """
        return self._access.read(lambda c: days(c, site_ids, _span(since, until)))

    def good_scores(self, site_id: int, *, model: str) -> list[float]:
        """The scores that this model gave the latest comments which stand approved, at most ``GOOD_SCORES``."""
        return self._access.read(lambda c: good_scores(c, site_id, model=model))

    def scores(self, site_ids: Sequence[int], *, since: datetime, until: datetime, bins: int) -> tuple[int, ...]:
        """How the scores of these comments lie in so many equal bins; the same whole days."""
        return self._access.read(lambda c: scores(c, site_ids, _span(since, until), bins=bins))


def _span(since: datetime, until: datetime) -> tuple[int, int]:
    """The first and the last day."""
    return micros(since) // DAY, (micros(until) - 1) // DAY


def months(connection: Connection, site_id: int, *, first: int) -> tuple[Tally, ...]:
    """One look at the site's rows. The database counts by day: days are even pieces of its times, months are not."""
    query = (
        select(
            received_day.label("day"), *(figure.label(name) for name, figure in zip(FIGURES, _figures(), strict=True))
        )
        .where(comments.c.site_id == site_id, received_day >= first)
        .group_by(received_day)
    )
    found: dict[str, Counter[str]] = {}
    for row in connection.execute(query).mappings():
        month = f"{moment(row['day'] * DAY):%Y-%m}"
        found.setdefault(month, Counter()).update({name: int(row[name]) for name in FIGURES})
    return tuple(Tally(month, **found[month]) for month in sorted(found))


def days(connection: Connection, site_ids: Sequence[int], span: tuple[int, int]) -> tuple[Group, ...]:
    """One walk for each site along an index that has all of it, in this order, whatever the comments' size."""
    alike = (comments.c.action, comments.c.status, comments.c.word, comments.c.rule, comments.c.language)
    query = (
        select(received_day.label("day"), *alike, func.count().label("number"))
        .where(comments.c.site_id == bindparam("site"), received_day.between(*span))
        .where(comments.c.status != Status.DELETED.value)
        .group_by(received_day, *alike)
    )
    return tuple(
        Group(
            moment(row.day * DAY).date(),
            Action(row.action),
            Status(row.status),
            Word(row.word) if row.word else None,
            row.rule,
            row.language,
            row.number,
        )
        for site_id in site_ids
        for row in connection.execute(query, {"site": site_id})
    )


def scores(connection: Connection, site_ids: Sequence[int], span: tuple[int, int], *, bins: int) -> tuple[int, ...]:
    """How many comments there are in each of so many equal bins of the score."""
    bin_ = cast(comments.c.score * bins - 0.5 if connection.dialect.name == "postgresql" else comments.c.score * bins,
                Integer)  # fmt: skip
    query = (
        select(bin_.label("bin"), func.count().label("number"))
        .where(comments.c.site_id.in_(site_ids), received_day.between(*span), comments.c.score.is_not(None))
        .group_by("bin")
    )
    found = [0] * bins
    for row in connection.execute(query):
        found[min(max(row.bin, 0), bins - 1)] += row.number
    return tuple(found)


def good_scores(connection: Connection, site_id: int, *, model: str) -> list[float]:
    """Of those that the classifier's score decided; who is let through by name would be so at any score."""
    latest = (
        select(comments.c.score, comments.c.model, comments.c.rule)
        .where(comments.c.site_id == site_id, comments.c.status == Status.APPROVED.value)
        .order_by(comments.c.id.desc())
        .limit(GOOD_SCORES)
        .subquery()
    )
    own = (latest.c.model == model, latest.c.score.is_not(None), latest.c.rule.in_(BY_SCORE))
    return [float(score) for score in connection.scalars(select(latest.c.score).where(*own))]


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

"""What the insights tell of a range of days: what the machine decided, how humans agreed, and what changed."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from moderator.chances import Interval, Stratum, exact, ratio, stability
from moderator.comment import Action, Word
from moderator.store.tallies import Group

MOST_ROWS = 15
BINS = 40
# What the alarm needs before it may ring: by chance alone it then rings seldom.
LEAST_JUDGED = 20
MOVED, MOVED_MUCH = 0.1, 0.25


@dataclass(frozen=True, slots=True)
class Agreement:
    """What humans said of comments that the machine decided alike. ``spam`` is its share among ham and spam."""

    action: Action
    number: int
    drawn: int | None  # as spot checks; None: all of them come before humans
    judged: int
    spam: Interval


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table of reasons or languages."""

    name: str
    number: int
    share: float
    judged: int
    spam: Interval | None


@dataclass(frozen=True, slots=True)
class Live:
    """One figure as it is in service, and as the model's report promised it (None: it does not say)."""

    name: str
    now: Interval | None
    report: tuple[float, float] | None

    @property
    def alarm(self) -> bool:
        """Whether the two intervals have nothing in common, to the worse side."""
        if self.now is None or self.report is None:
            return False
        if self.name == "ham_held":
            return self.now.low > self.report[1]
        return self.now.high < self.report[0]


@dataclass(frozen=True, slots=True)
class Insights:
    """All of it. ``moved`` is the population stability index of scores against the model's report."""

    number: int
    by_day: Mapping[date, Mapping[str, int]]
    agreement: tuple[Agreement, ...]
    live: tuple[Live, ...]
    rules: tuple[Row, ...]
    languages: tuple[Row, ...]
    moved: float | None


def insights(
    groups: Sequence[Group],
    checked: Mapping[Action, tuple[int, int, int]],
    scores: Sequence[int],
    report: Mapping[str, object],
) -> Insights:
    """Put together from the day's groups, the spot checks by action, the scores' histogram, and the model's report."""
    by_day: dict[date, Counter[str]] = {}
    for group in groups:
        by_day.setdefault(group.day, Counter())[group.action.value] += group.number
    strata = _strata(groups, checked)
    live = _live(strata, report)
    return Insights(
        number=sum(group.number for group in groups),
        by_day=by_day,
        agreement=tuple(
            Agreement(
                action,
                stratum.number,
                None if action is Action.HOLD else checked.get(action, (0, 0, 0))[0],
                stratum.seen,
                exact(stratum.spam, stratum.seen),
            )
            for action, stratum in strata.items()
        ),
        live=live,
        rules=_rows(groups, [group.rule for group in groups]),
        languages=_rows(groups, [group.language for group in groups]),
        moved=_moved(scores, strata, report),
    )


def _strata(groups: Iterable[Group], checked: Mapping[Action, tuple[int, int, int]]) -> dict[Action, Stratum]:
    """The held ones as humans judged them; the others by their spot checks alone, whoever reported what else."""
    number: Counter[Action] = Counter()
    held: Counter[Word | None] = Counter()
    for group in groups:
        number[group.action] += group.number
        if group.action is Action.HOLD:
            held[group.word] += group.number
    found = {}
    for action in (Action.APPROVE, Action.HOLD, Action.REJECT):
        _, spam, ham = checked.get(action, (0, 0, 0))
        if action is Action.HOLD:
            spam, ham = held[Word.SPAM], held[Word.HAM]
        found[action] = Stratum(number[action], spam, ham)
    return found


def _live(strata: Mapping[Action, Stratum], report: Mapping[str, object]) -> tuple[Live, ...]:
    approved, held, rejected = (strata[action] for action in (Action.APPROVE, Action.HOLD, Action.REJECT))
    flagged = [(held, True), (rejected, True)]
    enough = all(stratum.seen >= min(LEAST_JUDGED, stratum.number) for stratum in strata.values())
    missed = _interval(report, "spam_approved")
    found = (
        Live("recall", ratio(flagged, [*flagged, (approved, True)]) if enough else None,
             (1 - missed[1], 1 - missed[0]) if missed else None),
        Live("precision", ratio(flagged, [*flagged, (held, False), (rejected, False)]) if enough else None, None),
        Live("ham_held", ratio([(held, False), (rejected, False)],
                               [(held, False), (rejected, False), (approved, False)]) if enough else None,
             _interval(report, "ham_held")),
    )  # fmt: skip
    return found


def _interval(report: Mapping[str, object], name: str) -> tuple[float, float] | None:
    """What the report says of a figure, with what it leaves open."""
    found = report.get("intervals")
    bounds = found.get(name) if isinstance(found, dict) else None
    if not isinstance(bounds, list) or len(bounds) != 2:
        return None
    return float(bounds[0]), float(bounds[1])


def _rows(groups: Sequence[Group], names: Sequence[str]) -> tuple[Row, ...]:
    number: Counter[str] = Counter()
    spam: Counter[str] = Counter()
    ham: Counter[str] = Counter()
    for group, name in zip(groups, names, strict=True):
        number[name] += group.number
        if group.word is Word.SPAM:
            spam[name] += group.number
        elif group.word is Word.HAM:
            ham[name] += group.number
    whole = sum(number.values())
    return tuple(
        Row(name, count, count / whole, judged, exact(spam[name], judged) if judged else None)
        for name, count in number.most_common(MOST_ROWS)
        for judged in (spam[name] + ham[name],)
    )


def _moved(now: Sequence[int], strata: Mapping[Action, Stratum], report: Mapping[str, object]) -> float | None:
    """The scores of now against those of the report, its ham and spam mixed as they come in now, as far as is known."""
    histogram = report.get("histogram")
    if not isinstance(histogram, dict) or sum(now) < 100:
        return None
    ham, spam = ([float(count) for count in histogram.get(name, ())] for name in ("ham", "spam"))
    if len(ham) != len(now) or len(spam) != len(now) or not sum(ham) or not sum(spam):
        return None
    seen = [stratum for stratum in strata.values() if stratum.number and stratum.seen]
    whole = sum(stratum.number for stratum in seen)
    share = (
        sum(stratum.number * stratum.spam / stratum.seen for stratum in seen) / whole
        if whole
        else sum(spam) / (sum(ham) + sum(spam))
    )
    mixed = [(1 - share) * one / sum(ham) + share * other / sum(spam) for one, other in zip(ham, spam, strict=True)]
    wide = range(0, len(mixed), 4)  # ten bins: with forty, chance alone moves the index
    size = sum(now)
    return stability([size * sum(mixed[at : at + 4]) for at in wide], [sum(now[at : at + 4]) for at in wide])

"""Each blog or video as a new site in the order of its dates: the comments as rows, with the word its people gave."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from moderator import residual
from moderator.classifier import Classifier
from moderator.comment import Comment

from . import data
from .measures import Truth, Vector

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
APART = timedelta(minutes=2)  # where comments have no date; 30 an hour
VIDEOS = "youtube_spam"


@dataclass(frozen=True)
class Newcomer:
    """A site of which a model knows nothing. ``lessons`` are its comments in order, each with the right word."""

    group: str
    name: str
    comments: list[Comment]
    spam: Truth
    lessons: list[residual.Lesson]
    base: Classifier

    def __len__(self) -> int:
        return len(self.lessons)

    @property
    def logits(self) -> Vector:
        """The model's own log-odds."""
        return np.array([one.row.logit for one in self.lessons])

    @property
    def thresholds(self) -> Vector:
        """Above which score each comment is held."""
        return np.array([self.base.thresholds.hold_if(signed=one.row.signed) for one in self.lessons])


def sites(base: Classifier, videos: Classifier, *, most: int, newest: bool = False) -> Iterator[Newcomer]:
    """Blogs as ``base`` sees them, videos as ``videos`` does; the first, or newest, ``most`` of each. Missing."""
    for group in ("blog_haacked", "blog_datacamp", "blog_multi", VIDEOS):
        found = data.load(group)
        source = found.column("source") if group in ("blog_multi", VIDEOS) else np.full(len(found), group)
        date = found.column("date")
        for name in sorted(set(source.tolist())):
            rows = np.flatnonzero(source == name)
            order = sorted(rows.tolist(), key=lambda row: (date[row] == "", date[row], row))
            order = order[-most:] if newest else order[:most]
            yield _site(group, name, found.take(order), videos if group == VIDEOS else base)


def _site(group: str, name: str, found: data.Set, base: Classifier) -> Newcomer:
    rows = residual.rows(found.comments, base)
    lessons = [
        residual.Lesson(row, bool(spam), "page owner", _micros(BEGIN + number * APART))
        for number, (row, spam) in enumerate(zip(rows, found.spam, strict=True))
    ]
    return Newcomer(group, name, found.comments, found.spam, lessons, base)


def _micros(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000)

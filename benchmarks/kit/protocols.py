"""The protocols on which methods are trained and tested: Q1–Q4, Q5a, Q5b and Q7."""

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from moderator.comment import Word
from moderator.labelled import Example
from moderator.training.corpus import group_of

from . import data
from .methods import Field, Fold, Table, compare, stream

SEED = 0
AUTHOR = " + author"


def _bodies(found: data.Set) -> list[str]:
    return [comment.body for comment in found.comments]


def _with_authors(found: data.Set) -> list[str]:
    return [data.with_author(comment) for comment in found.comments]


def _sample(found: data.Set, ham: int) -> data.Set:
    """All the spam and so many of the ham, always the same, in file order."""
    good = np.flatnonzero(~found.spam)
    chosen = np.random.default_rng(SEED).permutation(good)[:ham]
    return found.take(np.sort(np.concatenate([np.flatnonzero(found.spam), chosen])))


def youtube_forward(field: Field) -> Table:
    """Q1: the first 70 % of each video's comments in file order are learned, the rest tested."""
    table = Table("Q1", "YouTube, first 70 % → last 30 % in file order, mean of five videos")
    found = data.load("youtube_spam")
    source = found.column("source")
    folds: list[Fold] = []
    for video in sorted(set(source)):
        rows = np.flatnonzero(source == video)
        cut = round(0.7 * len(rows))
        folds.append((rows[:cut], rows[cut:]))
    return _youtube(table, found, folds, field)


def youtube_leave_out(field: Field) -> Table:
    """Q2: four videos are learned, the fifth is tested."""
    table = Table("Q2", "YouTube, leave one video out, mean of five")
    found = data.load("youtube_spam")
    source = found.column("source")
    folds = [(np.flatnonzero(source != video), np.flatnonzero(source == video)) for video in sorted(set(source))]
    return _youtube(table, found, folds, field)


def _youtube(table: Table, found: data.Set, folds: list[Fold], field: Field) -> Table:
    views = [("", data.text_only(found)), (AUTHOR, found)]
    return compare(
        table, views, folds, field, texts=lambda view: _with_authors(found) if view else _bodies(found), pooled=False
    )


def youtube_online(field: Field) -> Table:
    """Q3: all videos in date order (the 245 without a date come last), predict then learn."""
    table = Table("Q3", "YouTube online, all in date order, predict then learn")
    found = data.load("youtube_spam")
    date = found.column("date")
    found = found.take(np.argsort(np.where(date == "", "9", date), kind="stable"))
    views = [("", data.text_only(found)), (AUTHOR, found)]
    return stream(table, views, field, texts=_bodies(found))


def sms(field: Field) -> Table:
    """Q4: the SMS Spam Collection, ten folds."""
    table = Table("Q4", "SMS Spam Collection, 10-fold, pooled")
    found = data.load("sms_spam")
    splits = StratifiedKFold(10, shuffle=True, random_state=SEED).split(np.zeros(len(found)), found.spam)
    return compare(table, [("", found)], list(splits), field, texts=lambda _: _bodies(found), pooled=True)


def same_blog(field: Field, name: str, key: str, *, ham: int | None = None) -> Table:
    """Q5a, Q5b: one blog, three folds, equal texts in the same fold."""
    title = f"`{name}`, trained on the same blog, 3 folds, equal texts together, pooled"
    found = data.load(name)
    if ham:
        found = _sample(found, ham)
        title += f" (all its spam, {ham:,} of its ham)"
    folds = list(
        StratifiedGroupKFold(3, shuffle=True, random_state=SEED).split(np.zeros(len(found)), found.spam, _groups(found))
    )
    return compare(Table(key, title), [("", found)], folds, field, texts=lambda _: _with_authors(found), pooled=True)


def _groups(found: data.Set) -> NDArray[np.int64]:
    return np.array([group_of(Example(comment, Word.HAM, "")) for comment in found.comments], dtype=np.int64)


def blog_online(field: Field) -> Table:
    """Q7: one programming blog from 2004 to 2026 in date order, predict then learn."""
    found = _sample(data.load("blog_haacked"), 5_000)
    found = found.take(np.argsort(found.column("date"), kind="stable"))
    title = "`blog_haacked` 2004–2026 online in date order (all its spam, 5,000 of its ham), with author"
    return stream(Table("Q7", title), [("", found)], field, texts=_with_authors(found), with_shipped=True)

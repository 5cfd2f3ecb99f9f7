"""The protocols on which methods are trained and tested: Q1–Q4, Q5a, Q5b and Q7."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from moderator.comment import Word
from moderator.labelled import Example
from moderator.training.corpus import group_of

from . import data
from .methods import AUTHOR, Field, Fold, Table, compare, stream

SEED = 0


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
    table = Table(
        "Q1",
        "YouTube, first 70 % → last 30 % in file order, mean of five videos",
        reach={"accuracy": 0.975, "caught": 0.97, "blocked": 0.010},
    )
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
    table = Table(
        "Q2", "YouTube, leave one video out, mean of five", reach={"roc_auc": 0.993, "caught_at_1_percent": 0.90}
    )
    found = data.load("youtube_spam")
    source = found.column("source")
    folds = [(np.flatnonzero(source != video), np.flatnonzero(source == video)) for video in sorted(set(source))]
    return _youtube(table, found, folds, field, groups=source)


def _youtube(
    table: Table, found: data.Set, folds: list[Fold], field: Field, *, groups: NDArray[Any] | None = None
) -> Table:
    views = [("", data.text_only(found)), (AUTHOR, found)]
    texts = [_bodies(found), _with_authors(found)]
    return compare(table, views, folds, field, texts=texts.__getitem__, pooled=False, groups=groups)


def youtube_online(field: Field) -> Table:
    """Q3: all videos in date order (the 245 without a date come last), predict then learn."""
    table = Table("Q3", "YouTube online, all in date order, predict then learn", reach={"roc_auc": 0.988, "lam": 0.06})
    found = data.load("youtube_spam")
    date = found.column("date")
    found = found.take(np.argsort(np.where(date == "", "9", date), kind="stable"))
    views = [("", data.text_only(found)), (AUTHOR, found)]
    return stream(table, views, field, texts=_bodies(found))


def sms(field: Field) -> Table:
    """Q4: the SMS Spam Collection, ten folds."""
    table = Table(
        "Q4", "SMS Spam Collection, 10-fold, pooled", reach={"accuracy": 0.993, "caught": 0.96, "blocked": 0.001}
    )
    found = data.load("sms_spam")
    splits = StratifiedKFold(10, shuffle=True, random_state=SEED).split(np.zeros(len(found)), found.spam)
    return compare(table, [("", found)], list(splits), field, texts=lambda _: _bodies(found), pooled=True)


def haacked(field: Field) -> Table:
    """Q5a: one programming blog, its commenters' names with their texts; all its spam and 3,000 of its ham."""
    found = _sample(data.load("blog_haacked"), 3_000)
    title = "`blog_haacked` (all its spam, 3,000 of its ham), with author"
    return _same_blog(field, Table("Q5a", title, reach={"roc_auc": 0.975, "caught_at_1_percent": 0.65}), found)


def datacamp(field: Field) -> Table:
    """Q5b: comments under tutorials; nobody's name is known."""
    table = Table("Q5b", "`blog_datacamp`", reach={"roc_auc": 0.985, "caught_at_1_percent": 0.78})
    return _same_blog(field, table, data.load("blog_datacamp"))


def _same_blog(field: Field, table: Table, found: data.Set) -> Table:
    """One blog, trained on itself: three folds, near-equal texts in the same fold, all folds measured as one."""
    table.title += ", trained on the same blog, 3 folds, equal texts together, pooled"
    groups, texts = _groups(found), _with_authors(found)
    splitter = StratifiedGroupKFold(3, shuffle=True, random_state=SEED)
    folds = list(splitter.split(np.zeros(len(found)), found.spam, groups))
    return compare(
        table, [("", found)], folds, field, texts=lambda _: texts, pooled=True, groups=groups, with_shipped=True
    )


def _groups(found: data.Set) -> NDArray[np.int64]:
    return np.array([group_of(Example(comment, Word.HAM, "")) for comment in found.comments], dtype=np.int64)


def blog_online(field: Field) -> Table:
    """Q7: one programming blog from 2004 to 2026 in date order, predict then learn."""
    found = _sample(data.load("blog_haacked"), 5_000)
    found = found.take(np.argsort(found.column("date"), kind="stable"))
    title = "`blog_haacked` 2004–2026 online in date order (all its spam, 5,000 of its ham), with author"
    return stream(
        Table("Q7", title, reach={"roc_auc": 0.95, "caught_at_1_percent": 0.55}),
        [("", found)],
        field,
        texts=_with_authors(found),
        with_shipped=True,
    )

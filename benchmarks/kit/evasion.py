"""Q6: disguised spam and good-word padding, as shares of what is caught undisguised."""

from collections.abc import Callable
from random import Random

import numpy as np
from numpy.typing import NDArray

from moderator import policy
from moderator.comment import Action, Comment
from moderator.policy import Case, SitePolicy, Thresholds
from moderator.reading import read

from . import data, ours, peers
from .disguise import TRANSFORMS, Transform, paddings
from .measures import Vector
from .methods import Field, Grid, say

BUDGET = 0.01  # of the learned videos' good comments above the threshold, each scored by a model without its video
NONE = "none"


def _same(text: str, chance: Random) -> str:
    return text


def disguises(field: Field) -> Grid:
    """Leave one YouTube video out; the threshold from the other videos, each left out in turn."""
    found = data.text_only(data.load("youtube_spam"))
    source = found.column("source")
    bodies = [comment.body for comment in found.comments]
    caught: dict[str, list[NDArray[np.float64]]] = {}
    ham_held: list[NDArray[np.float64]] = []
    for video in sorted(set(source)):
        train, test = np.flatnonzero(source != video), np.flatnonzero(source == video)
        spam = [bodies[i] for i in test if found.spam[i]]
        attacks: dict[str, Transform] = {NONE: _same, **TRANSFORMS}
        attacks |= paddings(
            [bodies[i] for i in train if not found.spam[i]], [bodies[i] for i in train if found.spam[i]]
        )
        judges = [_ours(found, source, train)]
        if field.textbook:
            judges.append(_textbook(bodies, found.spam, source, train))
        ham = [bodies[i] for i in test if not found.spam[i]]
        ham_held.append(np.concatenate([judge(ham) for judge in judges], axis=1))
        for name, attack in attacks.items():
            chance = Random(f"{video} {name}")
            texts = [attack(text, chance) for text in spam]
            caught.setdefault(name, []).append(np.concatenate([judge(texts) for judge in judges], axis=1))
        say(f"Q6 {video}: caught plainly {caught[NONE][-1].mean(axis=0).round(3)}")
    heads = ("**moderator**, score", "**moderator**, whole policy", *((peers.BEST,) if field.textbook else ()))
    grid = Grid(
        "Q6",
        "disguises: share of clean recall, % (YouTube, leave one video out, threshold at 1 % of learned ham)",
        heads,
    )
    grid.notes.append(
        "The first column is the score against the threshold; the second is what the whole policy does, whose rules "
        "hold hidden text and mixed scripts whatever the score. Words and comments for padding are good ones that the "
        "filter has learned from."
    )
    clean = np.concatenate(caught[NONE]).mean(axis=0)
    grid.rows.append(("caught undisguised", tuple(f"{share:.1%}" for share in clean)))
    grid.rows.append(("good comments held", tuple(f"{share:.1%}" for share in np.concatenate(ham_held).mean(axis=0))))
    for name, parts in caught.items():
        if name != NONE:
            grid.rows.append(
                (name, tuple(f"{share * 100:.0f}" for share in np.concatenate(parts).mean(axis=0) / clean))
            )
    return grid


def _cut(ham: Vector) -> float:
    """The score that at most BUDGET of these good comments exceed."""
    return float(np.sort(ham)[::-1][int(BUDGET * len(ham))])


Judge = Callable[[list[str]], NDArray[np.float64]]


def _ours(found: data.Set, source: NDArray[np.str_], train: NDArray[np.intp]) -> Judge:
    """Two columns: above the threshold, and not approved by the whole policy. Models score as a server's do."""
    inner = []
    for video in sorted(set(source[train])):
        model = ours.learned(found, train[source[train] != video])
        good = train[(source[train] == video) & ~found.spam[train]]
        inner.append(ours.scores(model, [found.comments[i] for i in good]))
    thresholds = Thresholds(_cut(np.concatenate(inner)), None)
    model = ours.learned(found, train, thresholds)

    def judge(texts: list[str]) -> NDArray[np.float64]:
        comments = [Comment(text) for text in texts]
        scores = ours.scores(model, comments)
        cases = [Case(c, read(c), SitePolicy(), float(s), thresholds) for c, s in zip(comments, scores, strict=True)]
        held = [policy.decide(case)[0] is not Action.APPROVE for case in cases]
        return np.column_stack([scores > thresholds.hold, held]).astype(np.float64)

    return judge


def _textbook(bodies: list[str], spam: NDArray[np.bool_], source: NDArray[np.str_], train: NDArray[np.intp]) -> Judge:
    peer = peers.TEXTBOOK[peers.BEST]
    inner = []
    for video in sorted(set(source[train])):
        learned, left = train[source[train] != video], train[source[train] == video]
        good = [bodies[i] for i in left if not spam[i]]
        inner.append(peer([bodies[i] for i in learned], spam[learned], good))
    cut = _cut(np.concatenate(inner))
    pipeline = peers.word_and_char().fit([bodies[i] for i in train], spam[train])

    def judge(texts: list[str]) -> NDArray[np.float64]:
        above: NDArray[np.float64] = (pipeline.predict_proba(texts)[:, 1:] > cut).astype(np.float64)
        return above

    return judge

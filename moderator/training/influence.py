"""How much one site, one author or one text may weigh among an installation's own verdicts (none more than it should).

Who owns one blog is to be believed; of many sites on one installation each is somebody else's, and whoever can have one
comment called good can have a thousand.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from moderator.labelled import Example
from moderator.training.corpus import number_of
from moderator.training.table import Vector

MOST_OF_A_SITE = 0.05  # of all that is learned from, where there are several sites
MOST_OF_AN_AUTHOR = 0.01
ROUNDS = 30

Numbers = NDArray[np.int64]


def author_of(example: Example) -> int:
    """A number for who signed a comment; 0 where nobody did."""
    author = example.comment.author
    signature = (author.email or author.url or author.name).strip().lower()
    return number_of(f"author {signature}") if signature else 0


def bounded(
    weight: Vector, own: slice, *, examples: Sequence[Example], text: Numbers, spam: NDArray[np.bool_]
) -> Vector:
    """The weights of all rows, with those of ``own`` ones bounded; ``text`` numbers nearly equal texts alike.

    A text that was called one thing on one site and the other on another teaches nothing. One that a site has several
    times counts there once. Then no author has more than MOST_OF_AN_AUTHOR of the whole, nor, where there are several,
    a site more than MOST_OF_A_SITE.
    """
    found = weight.copy()
    mine = [examples[row] for row in range(len(weight))[own]]
    if not mine:
        return found
    names = sorted({one.source for one in mine})
    site = np.array([names.index(one.source) for one in mine])
    author = np.array([author_of(one) for one in mine])
    here, label, text = found[own], spam[own], text[own]
    here[_contested(text, site, label)] = 0.0
    _, of, count = np.unique(np.stack([text, site, label]), axis=1, return_inverse=True, return_counts=True)
    here /= count[of.ravel()]
    rest = float(found.sum() - weight[own].sum())
    for _ in range(ROUNDS):  # each cut makes the whole less, and so the next one's bound
        before = here.sum()
        _cut(here, author, MOST_OF_AN_AUTHOR, rest, but=0)
        if len(names) > 1:
            _cut(here, site, MOST_OF_A_SITE, rest)
        if before - here.sum() <= 1e-9 * before:
            break
    found[own] = here
    return found


def _contested(text: Numbers, site: Numbers, label: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whose text has another label on another site."""
    found = np.zeros(len(text), dtype=np.bool_)
    order = np.argsort(text, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(text[order])) + 1):
        if len(rows) > 1 and len(set(site[rows].tolist())) > 1 and label[rows].any() and not label[rows].all():
            found[rows] = True
    return found


def _cut(here: Vector, of: Numbers, share: float, rest: float, *, but: int = -1) -> None:
    """Scale down the rows of each number in ``of`` that has more than its share of the whole."""
    _, index = np.unique(of, return_inverse=True)
    sums = np.bincount(index, here)
    most = share * (rest + here.sum())
    scale = np.where(sums > most, most / np.maximum(sums, 1e-12), 1.0)
    here *= np.where(of == but, 1.0, scale[index])

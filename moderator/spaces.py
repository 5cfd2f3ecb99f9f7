"""The spaces of features, and the one table of weights that they share.

Every space has a range of its own in the table, so a word in a name never meets the same word in the text. But some
take another's weights: a name is read twice, as a name in a space of its own, and as text, with the weights of the
text's words and wording (Daumé III 2007: what is shared beside what is special). "Cheap sofas" is then known from texts
when it is a name, and from names when it is a text.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Space(NamedTuple):
    """A group of features that is scaled to length one, and the sentence a reason uses for it.

    It has 2 ** ``bits`` weights of its own in the table, or those of the space ``like``.
    """

    name: str
    bits: int
    says: str
    like: str = ""


# The order is that of the weight table; those that share another's weights come last. Bits: 2.6 MB in all, of 4 that a
# model may have.
SPACES = (
    Space("body", 18, "the text's wording"),
    Space("words", 17, "the text's words"),
    Space("author", 16, "the author's name"),
    Space("address", 16, "the author's web address"),
    Space("links", 16, "the addresses in the text"),
    Space("anchors", 15, "what the links say"),
    Space("marks", 15, "the form of name, mail domain and addresses"),
    Space("named", 18, "the wording of the author's name", like="body"),
    Space("named words", 17, "the words of the author's name", like="words"),
)
SIZES = np.array([1 << space.bits for space in SPACES])
OFFSETS = np.concatenate([[0], np.cumsum(SIZES)]).astype(np.uint32)
TABLE_SIZE = int(OFFSETS[-1])
BODY, WORDS, AUTHOR, ADDRESS, LINKS, ANCHORS, MARKS, NAMED, NAMED_WORDS = range(len(SPACES))
_OWNERS = [[space.name for space in SPACES].index(space.like or space.name) for space in SPACES]
# Weights that are fitted and kept, before those that are the same ones again.
OWN_WEIGHTS = sum(1 << space.bits for space in SPACES if not space.like)


def whole(own: NDArray[Any]) -> NDArray[Any]:
    """A value for each bucket, from one for each weight: those that are shared stand twice."""
    return np.concatenate([own[OFFSETS[owner] : OFFSETS[owner + 1]] for owner in _OWNERS])


def folded(by_bucket: NDArray[Any]) -> NDArray[Any]:
    """A value for each weight, from one for each bucket: those of shared weights are added up; :func:`whole` turned."""
    own = by_bucket[:OWN_WEIGHTS].copy()
    for space, owner in enumerate(_OWNERS):
        if owner != space:
            own[OFFSETS[owner] : OFFSETS[owner + 1]] += by_bucket[OFFSETS[space] : OFFSETS[space + 1]]
    return own

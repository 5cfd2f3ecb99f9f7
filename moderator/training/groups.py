"""What belongs together in a split: comments that are nearly alike, or by one author.

A copy of a tested comment among the learned ones, or another comment by the same spammer, makes every figure too good.
"""

from collections.abc import Iterable
from urllib.parse import urlsplit

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from moderator.labelled import Example
from moderator.training.corpus import group_of, number_of

Marks = NDArray[np.int64]
Groups = NDArray[np.int64]

# An address that more than one comment in fifty gives (and more than so many) says nothing about who it is: a search
# engine's front page, a host of many blogs.
COMMON_SHARE, COMMON_LEAST = 0.02, 20


def marks_of(example: Example) -> tuple[int, int, int]:
    """Numbers that two comments share if they belong together: text, author's address, e-mail; 0 for what is missing.

    Names are no identity: half of all good comments are by a first name.
    """
    author = example.comment.author
    return group_of(example), _mark("address", _address(author.url)), _mark("mail", _mail(author.email))


def _mark(kind: str, value: str) -> int:
    return number_of(f"{kind} {value}") if value else 0


def _address(url: str) -> str:
    try:
        parts = urlsplit(url.strip() if "//" in url else f"//{url.strip()}")
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:  # no address that a browser would follow
        return ""
    return f"{host}{parts.path.rstrip('/').lower()}" if "." in host else ""


def _mail(email: str) -> str:
    name, _, domain = email.strip().lower().rpartition("@")
    return f"{name}@{domain}" if name and domain else ""


def groups_of(marks: Marks) -> Groups:
    """A number for each row, the same for all rows that a chain of shared marks connects.

    The number is the least first mark (of the text) in the group: as long as nothing joins it, a group keeps its number
    from training to training, and so its fold.
    """
    count = len(marks)
    rows, nodes, next_node = [], [], count
    for column in range(marks.shape[1]):
        values, of, many = np.unique(marks[:, column], return_inverse=True, return_counts=True)
        says = values != 0
        if column:
            says &= many <= max(COMMON_LEAST, COMMON_SHARE * count)
        here = np.flatnonzero(says[of])
        rows.append(here)
        nodes.append(next_node + of[here])
        next_node += len(values)
    edges = (np.ones(sum(map(len, rows)), np.int8), (np.concatenate(rows), np.concatenate(nodes)))
    found = connected_components(sparse.coo_matrix(edges, shape=(next_node, next_node)), directed=False)[1][:count]
    least = np.full(next_node, np.iinfo(np.int64).max)
    np.minimum.at(least, found, marks[:, 0])
    numbers: Groups = least[found]
    return numbers


def groups(examples: Iterable[Example]) -> Groups:
    """The group of each example."""
    return groups_of(np.array([marks_of(example) for example in examples], dtype=np.int64).reshape(-1, 3))

"""A long text in parts: what a spammer pads with good words is judged by its worst part.

Good words around a spam make the whole look good (Lowd & Meek 2005); they cannot make the part without them look so.
A part is a stretch of the text: the n-grams, words and pairs of words that begin in it, each once, scaled to length one
as those of a whole text are. They were hashed with the text, so all its parts cost one sort.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from moderator.features import Grams, Ints
from moderator.layout import LEAD, Layout
from moderator.spaces import OFFSETS, TABLE_SIZE, WORDS
from moderator.weights import Weights

# Characters from the start of one part to that of the next; a part has two such steps. A longer one leaves more room
# for good words beside a short spam.
STEP = 30
# A text is parted only where that leaves something out.
LEAST = 4 * STEP
# So much less, in log-odds, counts the worst part: of many parts one looks bad by chance.
MARGIN = 1.3
_BEFORE = len(LEAD) - 1  # characters before the one with which the first n-gram of a text begins
_BUCKET_BITS = int(OFFSETS[WORDS + 1]).bit_length()  # of the text's two spaces, which come first


class Worst(NamedTuple):
    """The worst part of each text of a block that has parts."""

    owners: Ints  # the numbers of the texts' layouts, rising
    sums: NDArray[np.float64]  # what the part adds to the log-odds
    begins: Ints  # its first character, counted in the body


def is_long(layout: Layout) -> bool:
    """Whether its text has parts."""
    return layout.body_end > LEAST


def worst(weights: Weights, block: Grams) -> Worst | None:
    """The worst part of each long text by these weights; None where no text of the block is long."""
    owners = [number for number, layout in enumerate(block.layouts) if is_long(layout)]
    if not owners:
        return None
    sizes = np.array([block.layouts[number].body_end - _BEFORE for number in owners])
    counts = -(-sizes // STEP)  # steps of each
    ends = counts.cumsum()
    firsts, total = ends - counts, int(ends[-1])
    lengths = np.full(total, STEP)
    lengths[ends - 1] -= counts * STEP - sizes
    inside = _inside(block.layouts)
    steps = np.arange(total, dtype=np.uint32).repeat(lengths)
    own = (np.array(owners, dtype=np.uint32) * np.uint32(TABLE_SIZE)).repeat(sizes)
    grams = block.buckets.take(inside.nonzero()[0], axis=1) - own
    # A word belongs where it starts; a text's last word is no pair with the next text's first.
    worded = inside.take(block.word_starts)
    places = inside.cumsum().take(block.word_starts[worded]) - 1
    words, pairs = block.words[worded] - own.take(places), block.pairs[worded] - own.take(places)
    steps_of_words = steps.take(places) + np.uint32(total)
    real = pairs < TABLE_SIZE
    found = _by_part(
        weights,
        np.concatenate([grams.ravel(), words, pairs[real]]),
        np.concatenate([*[steps] * len(grams), steps_of_words, steps_of_words[real]]),
        2 * total,
    )
    parts = found[:total] + found[total:]
    parts[ends - 1] = -np.inf  # a text's last step has none after it
    sums = np.maximum.reduceat(parts, firsts)
    at = (parts == sums.repeat(counts)).nonzero()[0]
    at = at[at.searchsorted(firsts)]  # the first of those that are as bad
    return Worst(np.array(owners), sums, np.maximum((at - firsts) * STEP - 1, 0))


def _inside(layouts: Sequence[Layout]) -> NDArray[np.bool_]:
    """For each place of a block of layouts whether an n-gram of a long text begins there."""
    lengths: list[int] = []
    for layout in layouts:
        body = max(layout.body_end - _BEFORE, 0)
        lengths += (_BEFORE, body, len(layout.text) - body - _BEFORE)
    flags = np.zeros((len(layouts), 3), dtype=np.bool_)
    flags[:, 1] = [is_long(layout) for layout in layouts]
    return flags.ravel().repeat(lengths)


def _by_part(
    weights: Weights, buckets: NDArray[np.uint32], steps: NDArray[np.uint32], total: int
) -> NDArray[np.float64]:
    """What each step's buckets with those of the next add up to, repeats left out and scaled to length one."""
    bits = total.bit_length()
    wide: NDArray[np.unsignedinteger] = buckets if bits + _BUCKET_BITS <= 32 else buckets.astype(np.uint64)
    keys = np.sort((wide << bits) | steps)
    new = np.ones(len(keys), dtype=np.bool_)
    np.not_equal(keys[1:], keys[:-1], out=new[1:])
    keys = keys.compress(new)
    again = (keys[1:] - keys[:-1] == 1).nonzero()[0]  # a bucket that is in the next step too
    step = (keys & ((1 << bits) - 1)).astype(np.intp)
    weighed = weights.take(keys >> bits)
    sums = np.bincount(step, weighed, total)
    counts = np.bincount(step, minlength=total)
    twice = step.take(again)
    sums[:-1] += sums[1:] - np.bincount(twice, weighed.take(again), total)[:-1]
    counts[:-1] += counts[1:] - np.bincount(twice, minlength=total)[:-1]
    found: NDArray[np.float64] = sums / np.sqrt(np.maximum(counts, 1))
    return found

"""A long text in parts: what a spammer pads with good words is judged by its worst part.

Good words around a spam make the whole look good (Lowd & Meek 2005); they cannot make the part without them look so.
A part is laid out and hashed like a whole text, so it needs no features and no weights of its own.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from moderator import features
from moderator.layout import LEAD, WRITTEN, Layout
from moderator.spaces import BODY, WORDS
from moderator.weights import Weights

# Characters of a part, and from the start of one to the start of the next. A longer part leaves more room for good
# words beside a short spam: of what is caught undisguised 120 keeps 74 to 88 %, 60 with a margin of 1 kept 85
# to 93, and is to be tried with the next model (docs/notes.md).
WIDTH = 120
STEP = 60
# A text is parted only where that leaves something out.
LEAST = WIDTH + STEP
# So much less, in log-odds, counts the worst part: of many parts one looks bad by chance.
MARGIN = 0.5
LONGEST_WORD = 24
_NOTHING_ELSE = (0, 0) * (len(WRITTEN) - 1)


def windows(layout: Layout) -> list[Layout]:
    """The parts of a layout's body, cut between words; none where it is short."""
    body = layout.body
    if len(body) <= LEAST:
        return []
    starts = [*range(0, len(body) - WIDTH, STEP), len(body) - WIDTH]
    return [_part(body, start) for start in starts]


def _part(body: str, start: int) -> Layout:
    """Some WIDTH characters from about ``start``, in whole words where there are any near."""
    before = body.rfind(" ", max(0, start - LONGEST_WORD), start) + 1 if start else 0
    end = start + WIDTH
    after = body.find(" ", end, end + LONGEST_WORD)
    piece = body[before or start : after if after > 0 else end + LONGEST_WORD].strip()
    return Layout(f"{LEAD}{piece}{LEAD}", (len(LEAD) - 1, len(piece) + 1, *_NOTHING_ELSE), ())


def worst(weights: Weights, parts: Sequence[Layout]) -> tuple[NDArray[np.float64], int]:
    """What the text of each part adds to the log-odds, and the number of the part where that is most."""
    found = np.concatenate(
        [
            features.rows(parts[begin : begin + features.BLOCK]).sums(weights)[:, (BODY, WORDS)].sum(axis=1)
            for begin in range(0, len(parts), features.BLOCK)
        ]
    )
    return found, int(found.argmax())

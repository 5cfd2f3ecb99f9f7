"""Copies of the project's own comments, padded with what good comments say, as a spammer pads to slip through.

Good-word attack (Lowd & Meek 2005): words that weigh for a good comment are put around the spam until the sum is good.
A model that has learned from such copies gives less for good words beside bad ones. Good comments are padded in the
same way, so that length and a change of subject say nothing.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace

from moderator.comment import Word
from moderator.labelled import Example

SOURCE = "padded"
# How many words of good comments are mixed in; or one good comment is put there whole.
WORDS = (15, 30, 60, 120)
BEFORE = 0.4  # the share of copies that begin with the padding


def padded(examples: Sequence[Example]) -> Iterator[tuple[Example, Example]]:
    """(copy, original) of each example that has a text, the same ones at every call."""
    chance = random.Random(20_261_122)
    written = [example for example in examples if example.comment.body]
    good = [example.comment.body for example in written if example.label is Word.HAM]
    for example in written if good else ():
        body, padding = example.comment.body, _padding(chance, good)
        whole = f"{padding} {body}" if chance.random() < BEFORE else f"{body} {padding}"
        yield replace(example, comment=replace(example.comment, body=whole, id=""), source=SOURCE), example


def _padding(chance: random.Random, good: Sequence[str]) -> str:
    if chance.random() < 0.5:
        return chance.choice(good)
    words = [word for _ in range(3) for word in chance.choice(good).split()]
    chance.shuffle(words)
    return " ".join(words[: chance.choice(WORDS)])

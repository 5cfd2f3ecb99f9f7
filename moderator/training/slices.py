"""The same model on parts of the comments: for whom is it worse? Each part says how many it stands on."""

import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from moderator.labelled import Example
from moderator.policy import Thresholds
from moderator.reading import Reading
from moderator.training.measure import Truth, Vector, area, at_most, rank

# Below so many of a class, a share says next to nothing: at 30, none held proves at most 10 %.
FEW = 30
LENGTHS = ((40, "up to 40 characters"), (200, "41 to 200 characters"), (1_000, "201 to 1,000 characters"))
LONGEST = "over 1,000 characters"
# Unicode names a letter after its script; these are what people call them.
SCRIPTS = {"CJK": "Han", "HIRAGANA": "Japanese kana", "KATAKANA": "Japanese kana", "HANGUL": "Hangul"}
LETTERS_LOOKED_AT = 200


@dataclass(frozen=True, slots=True)
class Slice:
    """Some of the comments: how many ham, how many of them held; how many spam, how many let through.

    ``ham_held_at_most`` and ``spam_approved_at_most`` are what the true shares do not exceed, at 95 %.
    """

    by: str
    name: str
    ham: int
    spam: int
    ham_held: int
    spam_approved: int
    ham_held_at_most: float | None
    spam_approved_at_most: float | None
    roc_auc: float | None
    few: bool


def source(example: Example, reading: Reading) -> str:
    """Source"""
    return example.source


def language(example: Example, reading: Reading) -> str:
    """Language"""
    told = example.comment.language
    return told or f"not said ({script(reading.text)})"


def length(example: Example, reading: Reading) -> str:
    """Length"""
    size = len(reading.text)
    return next((name for most, name in LENGTHS if size <= most), LONGEST)


def has_link(example: Example, reading: Reading) -> str:
    """Link"""
    return "with a link" if reading.links else "link at the name only" if reading.author_link else "no link"


def kind(example: Example, reading: Reading) -> str:
    """Kind"""
    return example.comment.kind


# In the order of the report; the docstring is the heading.
ASPECTS: tuple[Callable[[Example, Reading], str], ...] = (source, language, length, has_link, kind)


def script(text: str) -> str:
    """The script of most letters."""
    letters = [character for character in text if character.isalpha()][:LETTERS_LOOKED_AT]
    if not letters:
        return "no letters"
    first = Counter(unicodedata.name(letter, "UNKNOWN").partition(" ")[0] for letter in letters).most_common(1)[0][0]
    return SCRIPTS.get(first, first.capitalize())


def slices(
    examples: Sequence[Example], readings: Sequence[Reading], scores: Vector, spam: Truth, thresholds: Thresholds
) -> list[Slice]:
    """Every aspect cut into its parts, the greatest part first; an aspect with one part only is left out."""
    found = []
    for aspect in ASPECTS:
        names = np.array(
            [aspect(example, reading) for example, reading in zip(examples, readings, strict=True)], dtype=object
        )
        counts = Counter(names.tolist())
        if len(counts) > 1:
            for name, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
                chosen = np.array(names == name, dtype=np.bool_)
                found.append(cut(str(aspect.__doc__), name, scores[chosen], spam[chosen], thresholds))
    return found


def cut(by: str, name: str, scores: Vector, spam: Truth, thresholds: Thresholds) -> Slice:
    """One part, measured."""
    over = scores > thresholds.hold
    hams, spams = int((~spam).sum()), int(spam.sum())
    held, through = int((over & ~spam).sum()), int((~over & spam).sum())
    return Slice(
        by=by,
        name=name,
        ham=hams,
        spam=spams,
        ham_held=held,
        spam_approved=through,
        ham_held_at_most=at_most(held, hams) if hams else None,
        spam_approved_at_most=at_most(through, spams) if spams else None,
        roc_auc=area(*rank(scores, spam).above()) if hams and spams else None,
        few=0 < hams < FEW or 0 < spams < FEW,
    )

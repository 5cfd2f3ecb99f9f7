"""What pushed which way, in a terminal: red and green grounds where there is colour, marks where there is none."""

import os
from collections.abc import Sequence
from typing import TextIO

import click

from moderator.classifier import Explanation
from moderator.shading import Weighed

# Log-odds from which a word is marked at all, clearly, and strongly.
STEPS = (0.05, 0.2, 0.6)
# Of the 256 colours: dark letters on three reds and three greens, told apart in grey too.
TO_SPAM, TO_HAM = (224, 217, 203), (194, 157, 114)
BAR = 24
LEAST_PART = 0.005


def has_colour(stream: TextIO) -> bool:
    """Whether to paint: a terminal, and nobody has said no (no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def strength(weight: float) -> int:
    """How strongly a word pushes, from 0 to 3."""
    return sum(abs(weight) >= step for step in STEPS)


def painted(text: str, words: Sequence[Weighed], *, colour: bool) -> str:
    """The text with each word that pushes shaded, or marked: ``[+word]``, more signs for more weight."""
    parts, reached = [], 0
    for word in sorted(words, key=lambda word: word.start):
        level = strength(word.weight)
        if not level or word.start < reached:
            continue
        start = word.start + len(text[word.start : word.end]) - len(text[word.start : word.end].lstrip())
        parts.append(plain(text[reached:start]))
        parts.append(_mark(plain(text[start : word.end]), word.weight, level, colour=colour))
        reached = word.end
    return "".join([*parts, plain(text[reached:])])


def _mark(word: str, weight: float, level: int, *, colour: bool) -> str:
    if not colour:
        return f"[{('+' if weight > 0 else '-') * level}{word}]"
    # Bold and underlined too: for eyes and screens that do not tell red from green.
    if weight > 0:
        return click.style(word, fg=16, bg=TO_SPAM[level - 1], bold=level > 1)
    return click.style(word, fg=16, bg=TO_HAM[level - 1], underline=level > 1)


def plain(text: str) -> str:
    """Without what would command the terminal, or turn the line round."""
    return "".join(
        character if character.isprintable() or character == "\n" else "\N{REPLACEMENT CHARACTER}" for character in text
    )


def table(account: Explanation, *, colour: bool) -> list[str]:
    """The parts of the log-odds, one a line, with a bar; the last line is their sum."""
    shown = [part for part in account.parts if abs(part[1]) >= LEAST_PART]
    small = sum(weight for _, weight in account.parts) - sum(weight for _, weight in shown)
    rows = [("Where every comment starts.", account.bias), *shown]
    if len(shown) < len(account.parts):
        rows.append((f"{len(account.parts) - len(shown)} more, each next to nothing.", small))
    most = max(abs(weight) for _, weight in rows) or 1.0
    lines = [_row(sentence, weight, most, colour=colour) for sentence, weight in rows]
    total = f"{account.logit:+8.3f}  log-odds, which is a score of {account.score:.3f}"
    return [*lines, f"{'':─<8}", click.style(total, bold=True) if colour else total]


def _row(sentence: str, weight: float, most: float, *, colour: bool) -> str:
    bar = "█" * max(round(abs(weight) / most * BAR / 2), 0)
    left, right = (bar, "") if weight < 0 else ("", bar)
    drawn = f"{left:>{BAR // 2}}│{right:<{BAR // 2}}"
    if colour and bar:
        drawn = click.style(drawn, fg="red" if weight > 0 else "green")
    return f"{weight:+8.3f}  {drawn}  {sentence}"


def legend(*, colour: bool) -> str:
    """How to read :func:`painted`."""
    if not colour:
        return "[+word] speaks for spam, [-word] for a good comment; more signs, more weight"
    spam, ham = _mark("spam", 1.0, 3, colour=True), _mark("a good comment", -1.0, 3, colour=True)
    return f"speaks for {spam}, for {ham}; stronger is heavier"

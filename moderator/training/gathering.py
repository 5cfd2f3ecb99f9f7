"""What is learned from: everything that is labelled, each text once, with what training asks of each comment.

Comments themselves may lie on disk; what is kept in memory of each is some hundred bytes.
"""

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from moderator.comment import Word
from moderator.labelled import Example
from moderator.store import Store
from moderator.training import corpus
from moderator.training.groups import Groups, groups_of, marks_of
from moderator.training.influence import bounded
from moderator.training.padding import SOURCE as PADDED
from moderator.training.padding import padded
from moderator.training.spool import Chosen, Spool
from moderator.training.table import Rows, Vector

# Every tenth group of like texts is never learned from, by any model: the yardstick on which models are compared.
YARDSTICK = 10
# A source's rows count for so many at most together, so that no one source decides. The project's own comments are
# of the genre, so they count twice; a verdict of the operator's own moderators five times, so that one is seen.
MOST_OF_A_SOURCE = 1_000
OF_THE_GENRE = 2.0
OWN_VERDICT = 5.0
# A padded copy: counted whole it took 5 points of what is caught undisguised for 3 to 5 of what is caught padded.
PADDED_COPY = 0.3
BROKEN_SHOWN = 20
OWN = "own"  # the place of the store's verdicts; files have paths for theirs

Truth = NDArray[np.bool_]


@dataclass(frozen=True)
class Gathered:
    """Examples, and columns of facts about them; the last ``own`` are verdicts of this installation."""

    examples: Sequence[Example]
    own: int
    sources: tuple[str, ...]
    source: NDArray[np.int32]  # which of them each comes from
    spam: Truth
    signed: Truth
    has_text: Truth
    project: Truth  # which the project itself wrote
    vouched: Truth  # which moderators of this installation spoke on
    created: Vector  # seconds since 1970; not a number where the date is unknown
    text: NDArray[np.int64]  # nearly equal texts have one number
    groups: Groups  # what must not be torn apart has one number

    def __len__(self) -> int:
        return len(self.spam)

    def from_sources(self, *beginnings: str) -> Truth:
        """Which come from sources whose names begin so."""
        return np.array([name.startswith(beginnings) for name in self.sources], dtype=np.bool_)[self.source]

    def counts(self) -> dict[str, tuple[int, int]]:
        """Comments and spam of each source."""
        rows = np.bincount(self.source, minlength=len(self.sources))
        spam = np.bincount(self.source[self.spam], minlength=len(self.sources))
        return {
            name: (int(rows[number]), int(spam[number])) for number, name in enumerate(self.sources) if rows[number]
        }


@dataclass
class _Columns:
    """The columns while they grow."""

    examples: list[Example] | Spool
    sources: dict[str, int] = field(default_factory=dict)
    source: "array[int]" = field(default_factory=lambda: array("i"))
    flags: "array[int]" = field(default_factory=lambda: array("B"))
    created: "array[float]" = field(default_factory=lambda: array("d"))
    marks: "array[int]" = field(default_factory=lambda: array("q"))
    same: "array[int]" = field(default_factory=lambda: array("q"))  # by the blog's id, and by text and author

    def add(self, example: Example, *, place: str, like: Example | None = None) -> None:
        """Add a row; it belongs together with what belongs to ``like``, which is itself unless it is a copy."""
        comment, author = example.comment, example.comment.author
        self.examples.append(example)
        self.source.append(self.sources.setdefault(example.source, len(self.sources)))
        self.flags.append(
            (example.label is Word.SPAM)
            | bool(author.name or author.url) << 1
            | (comment.body != "") << 2
            | (place == "") << 3
            | example.vouched << 4
        )
        self.created.append(comment.created.timestamp() if comment.created else np.nan)
        self.marks.extend(marks_of(like or example))
        known = f"{place}\0{example.source}\0{comment.id}" if comment.id else f"\0{len(self.source)}"
        owner = OWN if place == OWN else ""
        text = "\0".join((owner, example.source, corpus.normalised(example), author.name.lower()))
        self.same.extend((corpus.number_of(known), corpus.number_of(text)))


def gather(
    store: Store | None,
    files: Sequence[Path],
    *,
    keep_good_rows: bool,
    names: bool,
    say: Callable[[str], None],
    scratch: Path | None = None,
) -> Gathered:
    """The starter corpus (with ``names`` its names and padded copies too), the files, and the store's verdicts.

    Raises CorpusError. Of an id that comes twice in a file the last row counts, and of a text that comes twice from a
    source; with ``scratch``, a folder, comments are kept there and not in memory.
    """
    columns = _Columns(Spool(scratch) if scratch else [])
    starter = corpus.starter()
    for example in chain(starter, corpus.names() if names else []):
        columns.add(example, place="")
    for copy, original in padded(starter) if names else ():
        columns.add(copy, place="", like=original)
    for path in files:
        broken = 0
        for found in corpus.stream(path, keep_good_rows=keep_good_rows):
            if isinstance(found, Example):
                columns.add(found, place=str(path))
                continue
            broken += 1
            if broken <= BROKEN_SHOWN:
                say(f"passed over {found}")
        if broken > BROKEN_SHOWN:
            say(f"passed over {broken - BROKEN_SHOWN} more rows of {path}")
    before = len(columns.examples)
    for example in corpus.from_store(store) if store else ():
        columns.add(example, place=OWN)
    return _once(columns, before)


def _once(columns: _Columns, before: int) -> Gathered:
    """Each comment once, and own verdicts, which begin at ``before``, last."""
    same = np.frombuffer(columns.same, np.int64).reshape(-1, 2)
    rows = _last_of(same[:, 0], np.arange(len(same)))
    rows = _last_of(same[rows, 1], rows)
    flags = np.frombuffer(columns.flags, np.uint8)[rows]
    marks = np.frombuffer(columns.marks, np.int64).reshape(-1, 3)[rows]
    return Gathered(
        Chosen(columns.examples, rows),
        int((rows >= before).sum()),
        tuple(columns.sources),
        np.frombuffer(columns.source, np.int32)[rows],
        (flags & 1) > 0,
        (flags & 2) > 0,
        (flags & 4) > 0,
        (flags & 8) > 0,
        (flags & 16) > 0,
        np.frombuffer(columns.created, np.float64)[rows],
        marks[:, 0].copy(),
        groups_of(marks),
    )


def _last_of(keys: NDArray[np.int64], rows: Rows) -> Rows:
    """The last row of each key, in the order in which the keys first came."""
    distinct, first, of = np.unique(keys, return_index=True, return_inverse=True)
    last = np.zeros(len(distinct), dtype=np.intp)
    np.maximum.at(last, of, np.arange(len(keys)))
    found: Rows = rows[last[np.argsort(first, kind="stable")]]
    return found


def count_table(gathered: Gathered) -> list[str]:
    """How many comments come from where, for a person."""
    counts = sorted(gathered.counts().items())
    width = max(len(source) for source, _ in counts)
    lines = [f"  {source:<{width}} {rows:>7,} comments, {spam:>6,} spam" for source, (rows, spam) in counts]
    together = f"  {'together':<{width}} {len(gathered):>7,} comments, {int(gathered.spam.sum()):>6,} spam"
    return [*lines, together]


def weigh(gathered: Gathered) -> Vector:
    """What each example counts; both labels count the same together. Own verdicts are bounded as influence.py says."""
    rows = np.bincount(gathered.source, minlength=len(gathered.sources))
    worth = np.array([_worth(name, count) for name, count in zip(gathered.sources, rows.tolist(), strict=True)])
    weight: Vector = worth[gathered.source]
    spam = gathered.spam
    weight[spam] *= weight[~spam].sum() / weight[spam].sum()
    if gathered.own:
        own = slice(len(gathered) - gathered.own, len(gathered))
        weight[own] = OWN_VERDICT
        weight = bounded(weight, own, examples=gathered.examples, text=gathered.text, spam=spam)
    return weight


def _worth(source: str, rows: int) -> float:
    if source == PADDED:
        return PADDED_COPY
    return OF_THE_GENRE if source.startswith(("starter/", "names/")) else min(1.0, MOST_OF_A_SOURCE / max(rows, 1))


def split(gathered: Gathered) -> tuple[Rows, Rows]:
    """(learned, yardstick): by the hash of their text, so always the same; own verdicts are always learned.

    A comment of the yardstick whose author, or whose like, is among the learned ones is in neither, nor is a padded
    copy of one.
    """
    held_out = (gathered.text % YARDSTICK == 0) & gathered.has_text
    if gathered.own:
        held_out[-gathered.own :] = False
    met = np.isin(gathered.groups, gathered.groups[~held_out])
    return np.flatnonzero(~held_out), np.flatnonzero(held_out & ~met & ~gathered.from_sources(PADDED))


def topics(gathered: Gathered, rows: Iterable[int], wrong: Truth) -> dict[str, dict[str, int]]:
    """How many held-out comments of each topic stand on the wrong side of the threshold."""
    found: Counter[str] = Counter()
    errors: Counter[str] = Counter()
    for row, is_wrong in zip(rows, wrong, strict=True):
        example = gathered.examples[row]
        name = f"{example.label} {example.topic or example.source}"
        found[name] += 1
        errors[name] += int(is_wrong)
    return {name: {"comments": count, "wrong": errors[name]} for name, count in sorted(found.items())}

"""Every method that a protocol compares, asked in the same way: folds, or a stream."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from moderator.training import fit

from . import data, online, ours, peers
from .external import Outside
from .kept import Kept
from .mail import MailFilters
from .measures import Run, Truth, Vector, mean, measure
from .peers import Peer

AUTHOR = " + author"  # in the name of a row that saw the authors where others did not
LONG = 3_000  # comments of a stream
Fold = tuple[NDArray[np.intp], NDArray[np.intp]]  # rows that are learned, rows that are tested


@dataclass
class Table:
    """One protocol's figures, ours first; ``skipped`` says which peer was not run, and why."""

    key: str
    title: str
    reach: dict[str, float] = field(default_factory=dict)  # figures of Run that were asked for
    rows: list[tuple[str, Run]] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@dataclass
class Grid:
    """Figures of another form: a row is a name and its cells, already in words."""

    key: str
    title: str
    heads: tuple[str, ...]
    rows: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass
class Field:
    """Who takes part."""

    kept: Kept
    textbook: bool = True
    others: Sequence[Outside | MailFilters] = ()
    every: int = 50  # how often peers that cannot learn one by one are refitted
    every_long: int = 250  # the same for streams of over 3,000 comments, where a refit takes ten seconds

    def peers(self) -> Iterator[tuple[str, Peer]]:
        """All peers, the best textbook pipeline first."""
        if self.textbook:
            for name, peer in peers.TEXTBOOK.items():
                yield name, peers.keeping(self.kept, name, peer)
        for other in self.others:
            for name in other.names:
                yield name, other.peer(name)

    def streams(self, count: int) -> Iterator[tuple[str, Callable[[Sequence[str], Truth], Vector]]]:
        """All peers as they learn online: one by one where they can, refitted on all before where they cannot."""
        every = self.every if count <= LONG else self.every_long
        one_by_one = {name: other for other in self.others for name in other.names if name in other.learns_one_by_one}
        for name, peer in self.peers():
            if name in one_by_one:
                yield f"{name}, one by one", partial(one_by_one[name].stream, name)
            else:
                yield f"{name}, refitted every {every}", partial(peers.online, peer, every=every)

    def skipped(self) -> dict[str, str]:
        """Who does not take part, and why."""
        return {name: why for other in self.others for name, why in other.skipped.items()}

    def versions(self) -> dict[str, str]:
        """What the others' packages are called, and their versions."""
        return {name.split()[0].rstrip(","): of for other in self.others for name, of in other.versions.items()}

    def close(self) -> None:
        """End what runs."""
        for other in self.others:
            other.close()


def say(text: str) -> None:
    """Tell how far it has come."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def compare(
    table: Table,
    views: Sequence[tuple[str, data.Set]],
    folds: Sequence[Fold],
    field: Field,
    *,
    texts: Callable[[int], list[str]],
    pooled: bool,
    groups: NDArray[Any] | None = None,
    with_shipped: bool = False,
) -> Table:
    """Ours on each view of the set (with and without authors …), then every peer on ``texts(view)`` of each.

    ``pooled`` measures all folds' tested rows as one; without it the figures are the mean of the folds'. ``groups`` are
    what the folds keep apart; our calibration keeps them apart as well. With ``with_shipped`` ours learns on from the
    shipped model too, as a blog's does.
    """
    spam = views[0][1].spam
    rows: list[tuple[str, data.Set, fit.Weights | None]] = [
        (f"**{ours.NAME}**{name}", view, None) for name, view in views
    ]
    if with_shipped:
        try:
            rows.append((f"**{ours.NAME}**, shipped model learning on", views[0][1], ours.shipped_weights()))
        except data.Missing as missing:
            table.skipped["the shipped model"] = str(missing)
    for name, view, base in rows:
        hashed = ours.Hashed.of(view)
        ask = partial(ours.fit_and_score, hashed, calibrated=True, groups=groups, base=base)
        run = _over(folds, spam, ask, pooled)
        table.rows.append((name, run))
        say(f"{table.key} {name}: accuracy {run.accuracy:.4f}, ROC-AUC {run.roc_auc:.4f}")
    for number, (view_name, _) in enumerate(views):
        written = np.array(texts(number), dtype=object)
        for name, peer in field.peers():
            if number and name != peers.BEST:
                continue  # the second view only for the best of the peers
            start = time.monotonic()
            try:
                run = _over(
                    folds,
                    spam,
                    lambda train, test, peer=peer, w=written: peer(list(w[train]), spam[train], list(w[test])),
                    pooled,
                )
            except peers.PeerFailed as failed:
                table.skipped[name] = str(failed)
                continue
            table.rows.append((name + view_name, run))
            say(f"{table.key} {name}{view_name}: ROC-AUC {run.roc_auc:.4f} ({time.monotonic() - start:.0f} s)")
    return table


def _over(folds: Sequence[Fold], spam: Truth, ask: Callable[..., Vector], pooled: bool) -> Run:
    parts = [ask(train, test) for train, test in folds]
    if not pooled:
        return mean(measure(scores, spam[test]) for scores, (_, test) in zip(parts, folds, strict=True))
    return measure(np.concatenate(parts), np.concatenate([spam[test] for _, test in folds]))


def stream(
    table: Table, views: Sequence[tuple[str, data.Set]], field: Field, *, texts: list[str], with_shipped: bool = False
) -> Table:
    """Predict then learn in the order of the set, ours and every peer."""
    spam = views[0][1].spam
    for name, view in views:
        tabulated = ours.Hashed.of(view).table
        table.rows.append((f"**{ours.NAME}**{name}, one by one", measure(online.scores(tabulated, spam), spam)))
        say(f"{table.key} {ours.NAME}{name}: ROC-AUC {table.rows[-1][1].roc_auc:.4f}")
    if with_shipped:
        try:
            base = ours.shipped_weights()
            run = measure(online.scores(ours.Hashed.of(views[0][1]).table, spam, base=base), spam)
            table.rows.append((f"**{ours.NAME}**, shipped model learning on, one by one", run))
            say(f"{table.key} {ours.NAME} from the shipped model: ROC-AUC {run.roc_auc:.4f}")
        except data.Missing as missing:
            table.skipped["the shipped model"] = str(missing)
    for name, peer in field.streams(len(spam)):
        start = time.monotonic()
        try:
            run = measure(peer(texts, spam), spam)
        except peers.PeerFailed as failed:
            table.skipped[name] = str(failed)
            continue
        table.rows.append((name, run))
        say(f"{table.key} {name}: ROC-AUC {run.roc_auc:.4f} ({time.monotonic() - start:.0f} s)")
    return table

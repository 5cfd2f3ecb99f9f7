"""Every method that a protocol compares, asked in the same way: folds, or a stream."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from . import data, external, online, ours, peers
from .measures import Run, Truth, Vector, mean, measure
from .peers import Peer

Fold = tuple[NDArray[np.intp], NDArray[np.intp]]  # rows that are learned, rows that are tested


@dataclass
class Table:
    """One protocol's figures, ours first; ``skipped`` says which peer was not run, and why."""

    key: str
    title: str
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

    textbook: bool = True
    outside: external.Outside | None = None
    every: int = 50  # how often peers that cannot learn one by one are refitted
    every_long: int = 500  # the same for streams of over 3,000 comments, where a refit takes ten seconds

    def peers(self) -> Iterator[tuple[str, Peer]]:
        """All peers, the best textbook pipeline first."""
        if self.textbook:
            yield from peers.TEXTBOOK.items()
        if self.outside:
            for name in self.outside.names:
                yield name, self.outside.peer(name)


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
) -> Table:
    """Ours on each view of the set (with and without authors …), then every peer on ``texts(view)`` of each.

    ``pooled`` measures all folds' tested rows as one; without it the figures are the mean of the folds'.
    """
    spam = views[0][1].spam
    for name, view in views:
        hashed = ours.Hashed.of(view)
        run = _over(
            folds,
            spam,
            lambda train, test, hashed=hashed: ours.fit_and_score(hashed, train, test, calibrated=True),
            pooled,
        )
        table.rows.append((f"**{ours.NAME}**{name}", run))
        say(f"{table.key} {ours.NAME}{name}: accuracy {run.accuracy:.4f}, ROC-AUC {run.roc_auc:.4f}")
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
            except external.PeerFailed as failed:
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
    every = field.every if len(spam) <= 3_000 else field.every_long
    for name, peer in field.peers():
        start = time.monotonic()
        try:
            if name in external.LEARN_ONE_BY_ONE and field.outside:
                shown, scores = f"{name}, one by one", field.outside.stream(name, texts, spam)
            else:
                shown, scores = (
                    f"{name}, refitted every {every}",
                    peers.online(peer, texts, spam, every=every),
                )
        except external.PeerFailed as failed:
            table.skipped[name] = str(failed)
            continue
        table.rows.append((shown, measure(scores, spam)))
        say(f"{table.key} {shown}: ROC-AUC {table.rows[-1][1].roc_auc:.4f} ({time.monotonic() - start:.0f} s)")
    return table


def outside(folder: Path) -> external.Outside:
    """The peers that pip brings, installed."""
    found = external.Outside(folder)
    found.install()
    return found

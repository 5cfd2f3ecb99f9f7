"""The same model from one process, several, and a Dask cluster of real processes; and what goes wrong there."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from moderator.classifier import Classifier
from moderator.cli import main
from moderator.comment import Word
from moderator.shelf import Shelf
from moderator.signals import SIGNALS
from moderator.spaces import NAMED
from moderator.training import command, corpus, parallel
from moderator.training.crossfit import fits
from moderator.training.fit import AS_TEXT, DROPPED, USUAL, WHO, WHO_SIGNALS, Table, Weights, fit
from moderator.training.gathering import Truth
from moderator.training.groups import Groups, groups
from moderator.training.parallel import ALONE, ClusterError, Workers, cluster
from moderator.training.publish import weights_of
from moderator.training.table import WIDTH, Part, Vector, gathered, on_disk, tabulate

SMALL = 40_000  # features of a part, so that a few hundred comments have several


class Corpus:
    """Some comments with their labels, in memory and on disk."""

    def __init__(self, scratch: Path) -> None:
        self.examples = corpus.starter()[::12]
        self.comments = [example.comment for example in self.examples]
        self.spam = np.array([example.label is Word.SPAM for example in self.examples])
        self.weight = np.random.default_rng(2).choice([0.3, 1.0, 2.0], len(self.spam))
        self.groups: Groups = groups(self.examples)
        self.table = tabulate(self.comments, size=SMALL)
        self.on_disk = tabulate(self.comments, size=SMALL, keep=on_disk(scratch))

    def fit(self, table: Table | None = None, workers: Workers = ALONE, **options: Any) -> Weights:
        return fit(table or self.table, self.spam, self.weight, drop_out=True, rounds=8, workers=workers, **options)


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return Corpus(tmp_path_factory.mktemp("scratch"))


@contextmanager
def started(*command: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "dask", *command], stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)


@contextmanager
def scheduler() -> Iterator[str]:
    """A ``dask scheduler`` of its own process, and its address."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with started("scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"):
        for _ in range(200):
            with socket.socket() as door:
                if door.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"tcp://127.0.0.1:{port}"


@contextmanager
def worker(address: str, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    options = ("--nthreads", "1", "--no-dashboard", "--local-directory", str(folder), "--death-timeout", "30")
    with started("worker", address, *options) as process:
        yield process


@pytest.fixture(scope="module")
def two_workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workers]:
    folder = tmp_path_factory.mktemp("dask")
    with (
        scheduler() as address,
        worker(address, folder / "one"),
        worker(address, folder / "two"),
        cluster(address) as workers,
    ):
        workers.client.wait_for_workers(2, timeout=30)
        yield workers


def same(one: Weights, other: Weights) -> bool:
    return (
        np.array_equal(one.table, other.table)
        and np.array_equal(one.signals, other.signals)
        and np.array_equal(one.means, other.means)
        and one.bias == other.bias
    )


def test_parts_on_disk_and_on_threads_give_the_very_weights_of_parts_in_memory(few: Corpus) -> None:
    assert len(few.table.parts) > 3
    there = few.fit()
    assert same(there, few.fit(few.on_disk))
    assert same(there, few.fit(few.on_disk, workers=Workers(jobs=2)))


def test_a_cluster_gives_the_very_weights_of_one_process(few: Corpus, two_workers: Workers) -> None:
    assert same(few.fit(), few.fit(few.on_disk, workers=two_workers))


def test_a_cluster_starts_from_a_model_as_one_process_does(few: Corpus, two_workers: Workers) -> None:
    base = few.fit()
    assert same(few.fit(base=base), few.fit(base=base, workers=two_workers))


def test_a_cluster_reads_and_hashes_as_one_process(few: Corpus, two_workers: Workers) -> None:
    for workers in (two_workers, Workers(jobs=2)):
        found = tabulate(few.comments, size=SMALL, workers=workers)
        assert len(found.parts) == len(few.table.parts)
        for one, other in zip(found.parts, few.table.parts, strict=True):
            assert np.array_equal(one.buckets, other.buckets)
            assert np.array_equal(one.ends, other.ends)
            assert np.array_equal(one.signals, other.signals)


def test_fits_side_by_side_are_the_very_fits_of_one_process(few: Corpus, two_workers: Workers) -> None:
    rows = [np.flatnonzero(few.groups % 3 != number) for number in range(3)]
    whole = gathered([*few.table.parts])  # one part: the fits are side by side; several: the parts of each
    for table in (whole, few.table):
        wanted = [(part, USUAL) for part in rows]
        alone = list(fits(table, few.spam, few.weight, wanted, rounds=5))
        for workers in (two_workers, Workers(jobs=2)):
            found = list(fits(table, few.spam, few.weight, wanted, rounds=5, workers=workers))
            assert all(same(one, other) for one, other in zip(alone, found, strict=True))


def test_a_whole_training_on_a_cluster_gives_the_very_model_of_one_process(
    few: Corpus, two_workers: Workers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corpus, "starter", lambda: few.examples)
    monkeypatch.setattr(corpus, "names", list)

    def trained(name: str, workers: Workers) -> tuple[Classifier, object]:
        shelf = Shelf(tmp_path / name, tmp_path / name)
        command.train(None, shelf, scratch=tmp_path, workers=workers, progress=command.Console(quiet=True))
        model = shelf.current()
        assert model is not None
        report = json.loads((shelf.own / model.id / "report.json").read_text("utf-8"))
        return model, {**report, "id": "", "made": ""}

    (one, told), (other, same_told) = trained("here", ALONE), trained("there", two_workers)
    assert np.array_equal(weights_of(one).table, weights_of(other).table) and one.bias == other.bias
    assert told == same_told


def with_copies(few: Corpus) -> tuple[Table, Truth, Vector]:
    """The table with the copies of field drop-out really made."""
    who, as_text = (np.isin(np.arange(WIDTH), list(some)) for some in (WHO, AS_TEXT))
    signals = np.array([signal.__name__ in WHO_SIGNALS for signal in SIGNALS])
    pieces, spam, weight = [*few.table.parts], [few.spam], [few.weight]
    sizes = np.concatenate([part.sizes() for part in pieces])
    both = np.flatnonzero((sizes[:, who].sum(1) > 0) & (sizes[:, ~who].sum(1) > 0))
    for share, spaces, seen in zip(
        DROPPED, (~who, who, as_text), (~signals, signals, np.zeros_like(signals)), strict=True
    ):
        for part in few.table.take(both).parts:
            kept = np.tile(spaces, len(part))
            counts = np.diff(part.ends)
            ends = np.concatenate([[0], np.cumsum(np.where(kept, counts, 0))]).astype(np.int32)
            pieces.append(Part(part.buckets[np.repeat(kept, counts)], ends, part.signals * seen))
        spam.append(few.spam[both])
        named = sizes[both][:, NAMED] > 0
        weight.append(few.weight[both] * share * (named if spaces is as_text else 1))
    return gathered(pieces), np.concatenate(spam), np.concatenate(weight)


def test_copies_that_are_never_made_weigh_as_if_they_were(few: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    # Rarity is counted on comments, so copies that are made would change it.
    monkeypatch.setattr("moderator.training.fit._rarity", lambda seen, rows: np.ones(len(seen)))
    made = fit(*with_copies(few), rounds=25)
    found = fit(few.table, few.spam, few.weight, drop_out=True, rounds=25)
    assert np.abs(made.table - found.table).max() < 1e-6
    assert np.abs(made.signals - found.signals).max() < 1e-6 and abs(made.bias - found.bias) < 1e-6


@pytest.mark.parametrize("size", [10_000, 1 << 22])
def test_the_length_of_parts_changes_no_weight(few: Corpus, size: int) -> None:
    one, other = few.fit(), few.fit(gathered(few.table.parts, size=size))
    assert np.abs(one.table - other.table).max() < 1e-6 and abs(one.bias - other.bias) < 1e-6


def test_rows_are_taken_in_any_order_and_as_often_as_wanted(few: Corpus) -> None:
    rows = np.array([3, 3, 0, len(few.spam) - 1, 7])
    for table in (few.table, few.on_disk):
        assert (table.take(rows).grams != few.table.grams[rows]).nnz == 0
    assert len(few.table.take(np.empty(0, dtype=np.intp))) == 0


def test_parts_on_disk_have_no_name_there(few: Corpus, tmp_path: Path) -> None:
    table = tabulate(few.comments[:50], keep=on_disk(tmp_path))
    assert len(table) == 50 and list(tmp_path.iterdir()) == []


# What goes wrong on a cluster


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as left:
        main(["train", *arguments])
    told = capsys.readouterr().err.strip()
    assert left.value.code == 2 and "\n" not in told
    return told


def test_an_address_where_no_scheduler_answers_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel, "PATIENCE", 1.0)
    told = refused(capsys, "--data", str(tmp_path), "--cluster", "tcp://127.0.0.1:9", "--quiet")
    assert "no Dask scheduler answers at tcp://127.0.0.1:9" in told and "dask scheduler" in told


@pytest.mark.parametrize("address", ["", "nonsense", "ftp://x:1", "tcp://127.0.0.1:notaport"])
def test_what_is_no_address_is_told(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "PATIENCE", 1.0)
    with pytest.raises(ClusterError, match="no Dask scheduler answers"), cluster(address):
        pass


def test_a_scheduler_without_workers_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "PATIENCE", 1.0)
    with (
        scheduler() as address,
        pytest.raises(ClusterError, match=f"no worker; start some with `dask worker {address}`"),
        cluster(address),
    ):
        pass


@pytest.mark.parametrize("again", ["the same parts", "other work"])
def test_workers_that_die_are_told(few: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, again: str) -> None:
    monkeypatch.setattr(parallel, "GONE_AFTER", 2.0)

    def work(address: str, *dying: subprocess.Popen[bytes]) -> None:
        with cluster(address) as workers:
            workers.client.wait_for_workers(2, timeout=30)
            with workers.beside(few.table.parts) as evaluate:
                assert sum(evaluate(len)) == len(few.spam)
                for process in dying:
                    os.killpg(process.pid, signal.SIGKILL)
                # A worker lives on for a moment after its nanny: what takes no time may still be done.
                list(evaluate(len) if again == "the same parts" else workers.run(time.sleep, [(20.0,), (20.0,)]))

    with (
        scheduler() as address,
        worker(address, tmp_path / "one") as one,
        worker(address, tmp_path / "two") as two,
        pytest.raises(ClusterError, match="lost its workers"),
    ):
        work(address, one, two)


def test_a_cluster_of_one_core_is_as_good(few: Corpus, tmp_path: Path) -> None:
    with scheduler() as address, worker(address, tmp_path), cluster(address) as workers:
        with workers.beside(few.table.parts) as evaluate:
            assert sum(evaluate(len)) == len(few.spam)
        assert list(workers.run(len, [("a",), ("bc",)])) == [1, 2]


def test_dask_knows_how_much_a_table_weighs(few: Corpus) -> None:
    from dask.sizeof import sizeof

    least = sum(part.buckets.nbytes for part in few.table.parts)
    assert sizeof(few.table) > least and sizeof(list(few.on_disk.parts)) > least


def test_without_distributed_the_cure_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ClusterError, match=r"pip install 'moderator\[cluster\]'"), cluster("tcp://127.0.0.1:9"):
        pass


def test_jobs_and_cluster_at_once_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = refused(capsys, "--data", str(tmp_path), "--jobs", "2", "--cluster", "tcp://127.0.0.1:9")
    assert "leave one out" in told

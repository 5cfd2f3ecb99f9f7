"""Where the work of training is done: side by side on this machine's cores, or on a Dask cluster. Both by joblib.

What is computed does not depend on where: work is cut into the same pieces, and results are taken in their order.
"""

import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Thread
from typing import Any, TypeVar

import joblib

from moderator import __version__

T = TypeVar("T")

PATIENCE = 10.0  # seconds until a scheduler, or a first worker, must have answered
GONE_AFTER = 20.0  # seconds without any worker after which the work is given up


class ClusterError(Exception):
    """A cluster that cannot be worked with, and the cure."""


@dataclass(frozen=True)
class Workers:
    """So many processes of this machine, or a cluster by its client (a ``distributed.Client``)."""

    jobs: int = 1
    client: Any = None

    @property
    def alone(self) -> bool:
        """Whether there is just this process."""
        return self.client is None and self.jobs == 1

    def run(self, function: Callable[..., T], calls: Iterable[tuple[Any, ...]]) -> Iterator[T]:
        """What the function gives for the arguments of each call, in order, as they come."""
        if self.alone:
            yield from (function(*arguments) for arguments in calls)
            return
        # One thread a worker for BLAS; a worker of Dask has that from its nanny's environment.
        config: dict[str, Any] = {"backend": "loky", "n_jobs": self.jobs, "inner_max_num_threads": 1}
        config["initializer"] = _quiet
        with joblib.parallel_config(**self._on(config)):
            work = (joblib.delayed(function)(*arguments) for arguments in calls)
            yield from _checked(joblib.Parallel(return_as="generator")(work))

    @contextmanager
    def beside(self, things: Sequence[Any]) -> Iterator[Callable[..., Iterable[Any]]]:
        """A function that calls a function with each thing, many times over, while the things stay where they are.

        On this machine threads share them (the products of sparse matrices let go of the interpreter's lock); on a
        cluster each travels once to a worker, and the work goes to where it lies.
        """
        # joblib does the work of a cluster with one core here, so nothing needs to travel.
        cores = sum(self.client.ncores().values()) if self.client else min(self.jobs, len(things))
        if cores == 1:
            yield lambda function, *rest: (function(thing, *rest) for thing in things)
            return
        held = [self.client.scatter(thing, direct=False) for thing in things] if self.client else things
        with (
            joblib.parallel_config(**self._on({"backend": "threading", "n_jobs": self.jobs})),
            joblib.Parallel(return_as="generator", batch_size=1) as pool,
        ):
            yield lambda function, *rest: _checked(
                pool(joblib.delayed(_there)(function, thing, *rest) for thing in held)
            )

    def _on(self, here: dict[str, Any]) -> dict[str, Any]:
        return here if self.client is None else {"backend": "dask", "client": self.client, "n_jobs": -1}


ALONE = Workers()


def _quiet() -> None:
    """Ctrl-C reaches every process of a terminal; the first one stops the others, and they need not complain."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _there(function: Callable[..., T], thing: Any, *rest: Any) -> T:
    """Where a cluster has shrunk to one core joblib calls this here, and the thing is still over there."""
    return function(thing.result() if hasattr(thing, "result") else thing, *rest)


def _checked(found: Iterable[T]) -> Iterator[T]:
    """The results; joblib hands a task that Dask has cancelled on as if its error were its result."""
    for result in found:
        if isinstance(result, BaseException):
            raise ClusterError(_lost(result))
        yield result


def _lost(error: object) -> str:
    return (
        f"the cluster lost its workers in the middle of the work ({type(error).__name__}): see their logs, mostly they "
        "had too little memory; start them anew and train again. Nothing has been changed"
    )


@contextmanager
def local(jobs: int | None = None) -> Iterator[Workers]:
    """So many processes here, by default one a core."""
    yield Workers(jobs or joblib.cpu_count())


@contextmanager
def cluster(address: str) -> Iterator[Workers]:
    """The workers of a Dask scheduler at ``tcp://host:port``. Raises ClusterError where there are none, or they die."""
    try:
        from distributed import Client, KilledWorker
        from distributed.client import FutureCancelledError
        from distributed.comm.core import CommClosedError
    except ModuleNotFoundError as error:
        raise ClusterError(f"--cluster needs {error.name}; install it with: pip install 'moderator[cluster]'") from None
    try:
        client = Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        why = str(error).partition("\n")[0]
        raise ClusterError(
            f"no Dask scheduler answers at {address} ({why}); start one with `dask scheduler`, and workers with "
            "`dask worker tcp://HOST:8786`"
        ) from None
    over = Event()
    try:
        _ready(client, address)
        Thread(target=_watch, args=(client, over), daemon=True).start()
        yield Workers(client=client)
    except (KilledWorker, CommClosedError, FutureCancelledError, TimeoutError) as error:
        raise ClusterError(_lost(error)) from None
    finally:
        over.set()
        client.close(timeout=PATIENCE)


def _ready(client: Any, address: str) -> None:
    """Raises ClusterError unless there are workers, and they have this very program."""
    try:
        client.wait_for_workers(1, timeout=PATIENCE)
    except TimeoutError:
        raise ClusterError(
            f"the scheduler at {address} has no worker; start some with `dask worker {address}`"
        ) from None
    try:
        versions = set(client.run(_version).values())
    except Exception as error:
        raise ClusterError(
            f"a worker of {address} cannot run this program ({type(error).__name__}: {error}); install moderator "
            f"{__version__} with its extras train and cluster there"
        ) from None
    if versions != {__version__}:
        there = ", ".join(sorted(versions))
        raise ClusterError(f"the workers of {address} have moderator {there}, and this is {__version__}; make them one")


def _version() -> str:
    import moderator.training.fit  # what the work needs must be there

    return str(moderator.__version__)


def _watch(client: Any, over: Event) -> None:
    """Cancel what waits when all workers have been gone for a while: Dask would wait for new ones for ever."""
    without = 0.0
    while not over.wait(1.0):
        without = 0.0 if client.scheduler_info(n_workers=-1)["workers"] else without + 1.0
        if without >= GONE_AFTER:
            client.cancel(list(map(_future(client), client.futures)), force=True)
            return


def _future(client: Any) -> Callable[[str], Any]:
    from distributed import Future

    return lambda key: Future(key, client)

"""What orchestrators, Prometheus and humans ask: alive, ready, which version, how many."""

import hmac
import shutil
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Protocol

from flask import Blueprint, Response, request

from moderator.adaptation import Models
from moderator.metrics import GAUGES as FAMILIES
from moderator.metrics import Meter, Sample, text
from moderator.settings import Settings
from moderator.store import Clock, Delivery, Store, StoreError
from moderator.wire import problems
from moderator.wire.problems import Problem, answer

GAUGES = {family.name: family for family in FAMILIES}
MEGABYTE = 1_048_576
ASKED_EVERY = 2.0  # seconds; who scrapes more often gets the same figures of the store again
TEXT = "text/plain; version=0.0.4; charset=utf-8"

# The first part of the address, by the door's name.
DOORS = {"v1": "native", "1.1": "akismet", "1.2": "akismet", "blogspam": "blogspam", "coral": "coral"}
PROBES = ("healthz", "readyz", "version", "metrics")


class Shelf(Models, Protocol):
    """What is asked of the models' shelf."""

    problem: str


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must be well for this node to be given requests; ``trouble`` is empty where it is."""

    name: str
    trouble: str
    cure: str = ""


class Readiness:
    """Whether this node should be given requests, and if not, why."""

    def __init__(self, settings: Settings, store: Store, shelf: Shelf, leaving: Callable[[], bool]) -> None:
        self._settings = settings
        self._store = store
        self._shelf = shelf
        self._leaving = leaving

    def checks(self) -> Iterable[Check]:
        """Each check, the cheap ones first."""
        yield Check("staying", "this node is about to stop" if self._leaving() else "", "ask another node")
        missing = "no model can be loaded, so all is held" if self._shelf.current() is None else ""
        yield Check("model", missing, "run `moderator models list`")
        yield Check("disk", self._disk(), "free some space, or lower the setting least_free_mb")
        yield Check("store", self._trouble_of_store(), "run `moderator doctor`")

    def free(self) -> int:
        """Bytes that are free where the data folder is; 0 where it is not there."""
        try:
            return shutil.disk_usage(self._settings.data).free
        except OSError:
            return 0

    def _disk(self) -> str:
        enough = self.free() >= self._settings.least_free_mb * MEGABYTE
        return "" if enough else f"less than {self._settings.least_free_mb} MB are free in the data folder"

    def _trouble_of_store(self) -> str:
        try:
            self._store.check()
        except StoreError:  # its words name the server, and whoever asks may be anybody; the log and `doctor` tell all
            return "the store cannot be written, or is not at this version's level"
        return ""


def blueprint(
    settings: Settings, store: Store, shelf: Shelf, clock: Clock, meter: Meter | None, leaving: Callable[[], bool]
) -> Blueprint:
    """/healthz, /readyz, /version, /metrics."""
    door = Blueprint("probes", __name__)
    readiness = Readiness(settings, store, shelf, leaving)
    figures = Figures(settings, store, shelf, clock, readiness)

    @door.get("/healthz")
    def healthz() -> Response:
        return answer({"status": "ok"})

    @door.get("/readyz")
    def readyz() -> Response:
        found = list(readiness.checks())
        for check in found:
            if check.trouble:
                raise problems.unavailable(check.trouble, cure=check.cure)
        return answer({"status": "ready", "checks": [check.name for check in found]})

    @door.get("/version")
    def show_version() -> Response:
        model = shelf.current()
        return answer({"version": version("moderator"), "model": model.id if model else None})

    @door.get("/metrics")
    def metrics() -> Response:
        if meter is None:
            raise Problem(404, "nothing is counted here", cure="set metrics_token, and ask with it as a bearer token")
        given = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, f"Bearer {settings.metrics_token}".encode()):
            raise Problem(
                401, "the metrics need their token", cure="send: Authorization: Bearer and the setting metrics_token",
                headers=[("WWW-Authenticate", "Bearer")],
            )  # fmt: skip
        return Response(text(meter.total(), figures.now()), mimetype="text/plain", content_type=TEXT)

    return door


class Figures:
    """What is not counted but looked up when somebody asks."""

    def __init__(self, settings: Settings, store: Store, shelf: Shelf, clock: Clock, readiness: Readiness) -> None:
        self._store = store
        self._shelf = shelf
        self._clock = clock
        self._readiness = readiness
        self._kept: tuple[float, list[Sample]] = (float("-inf"), [])

    def now(self) -> list[Sample]:
        """The gauges; those of the store are missing while it does not answer."""
        asked, kept = self._kept
        if time.monotonic() - asked < ASKED_EVERY:
            return kept
        found = [*self._of_node(), *self._of_store()]
        self._kept = (time.monotonic(), found)
        return found

    def _of_node(self) -> Iterable[Sample]:
        yield GAUGES["moderator_build_info"], (version("moderator"),), 1
        model = self._shelf.current()
        yield GAUGES["moderator_model_info"], (model.id if model else "",), 1
        for check in self._readiness.checks():
            yield GAUGES["moderator_ready"], (check.name,), 0 if check.trouble else 1
        yield GAUGES["moderator_disk_free_bytes"], (), self._readiness.free()

    def _of_store(self) -> Iterable[Sample]:
        try:
            found = self._store.watching.look()
        except StoreError:
            return
        now = self._clock()
        for site, waiting in found.held.items():
            yield GAUGES["moderator_held_comments"], (site,), waiting.number
            age = (now - waiting.oldest).total_seconds()
            yield GAUGES["moderator_held_oldest_seconds"], (site,), max(age, 0.0)
        for state in (Delivery.WAITING, Delivery.FAILED):
            yield GAUGES["moderator_outbox_messages"], (state.value,), found.outbox.get(state, 0)
        oldest = (now - found.outbox_oldest).total_seconds() if found.outbox_oldest else 0.0
        yield GAUGES["moderator_outbox_oldest_seconds"], (), max(oldest, 0.0)
        untaught = (now - found.untaught_oldest).total_seconds() if found.untaught_oldest else 0.0
        yield GAUGES["moderator_adaptation_behind_seconds"], (), max(untaught, 0.0)
        if found.database_time is not None:
            yield GAUGES["moderator_clock_skew_seconds"], (), (now - found.database_time).total_seconds()


Start = Callable[..., Any]


class Counting:
    """A WSGI application around another one, which counts what it answers and how long that takes."""

    def __init__(self, app: Callable[..., Iterable[bytes]], meter: Meter) -> None:
        self._app = app
        self._meter = meter

    def __call__(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        """Answer one request, as WSGI has it."""
        begun = time.perf_counter()
        status = "500"

        def start(said: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            nonlocal status
            status = said[:3]
            return start_response(said, headers, *more)

        try:
            return self._app(environ, start)
        finally:
            self._meter.answered(door_of(environ.get("PATH_INFO", "")), status, time.perf_counter() - begun)


def door_of(path: str) -> str:
    """Which door an address belongs to; few names, as each is a series of figures."""
    first = path[1:].partition("/")[0]
    return DOORS.get(first) or ("probe" if first in PROBES else "page")

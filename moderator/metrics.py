"""Counters that are right with several processes and threads: memory that all of them share, a piece for each of them.

The memory is made before the server forks. Each process claims a piece of its own (a lock that the kernel takes back
when the process ends), so that no two ever write the same number and a count costs no system call; who is asked for the
figures adds up all pieces. A piece is not emptied when its process ends: the next one goes on counting in it, so a
replaced worker takes nothing away. docs/decisions/0011-metrics.md says why not prometheus_client.
"""

import fcntl
import mmap
import os
import tempfile
import threading
import weakref
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

SLOTS = 320  # processes at once; the setting ``workers`` goes to 256, and a restart has both generations
CELLS = 2048  # different counts a process, which is some 300 sites; what comes later is counted as of no site
KEY = 120  # bytes
NUMBER = 8
KEPT_FREE = 128  # of the cells, for what is of no site
SLOT = NUMBER * (1 + CELLS) + KEY * CELLS  # a page is only taken from the system when something is written into it
LATENCY = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)  # seconds
BUCKETS = tuple(str(place) for place in range(len(LATENCY) + 1))
OTHER = "other"

Key = tuple[str, ...]  # the name of a metric, then the values of its labels


class Meter:
    """The counts of one server. Safe for threads; a forked process finds a piece of its own."""

    def __init__(self, *, slots: int = SLOTS) -> None:
        self._slots = slots
        self._file = _nameless_file()
        weakref.finalize(self, os.close, self._file)
        os.ftruncate(self._file, slots * SLOT)
        self._memory = mmap.mmap(self._file, slots * SLOT)
        self._lock = threading.Lock()
        self._forget()
        me = weakref.ref(self)
        os.register_at_fork(after_in_child=lambda: _after_fork(me()))

    def add(self, key: Key, amount: int = 1) -> None:
        """Count; half a microsecond."""
        with self._lock:
            place = self._places.get(key)
            if place is None:
                place = self._new_place(key)
            if place:
                self._counts[place] += amount

    def answered(self, door: str, status: str, seconds: float) -> None:
        """One more request that was answered, and how long it took; one lock for all three counts."""
        bucket = ("took", BUCKETS[bisect_left(LATENCY, seconds)], door)
        keys = ((REQUESTS.name, door, status), bucket, ("micros", door))
        with self._lock:
            places = self._places
            for key, amount in zip(keys, (1, 1, int(seconds * 1_000_000)), strict=True):
                place = places.get(key)
                if place is None:
                    place = self._new_place(key)
                    places = self._places
                if place:
                    self._counts[place] += amount

    def total(self) -> Mapping[Key, int]:
        """All counts of all processes, those that have ended too."""
        found: Counter[Key] = Counter()
        for slot in range(self._slots):
            start = slot * SLOT
            numbers = memoryview(self._memory)[start : start + NUMBER * (1 + CELLS)].cast("Q")
            for place in range(1, 1 + numbers[0]):
                found[self._key_at(start, place)] += numbers[place]
        return found

    def _forget(self) -> None:
        """Have no piece."""
        self._places: dict[Key, int] = {}
        self._counts = memoryview(bytearray(NUMBER)).cast("Q")
        self._start = -1

    def _new_place(self, key: Key) -> int:
        """Where the key is counted from now on; 0 where nothing can be."""
        if self._start < 0 and not self._claim():
            return 0
        place = self._places.get(key)  # the one before us in this piece had it
        if place is not None:
            return place
        used: int = self._counts[0]
        written = "\t".join(part.replace("\t", " ") for part in key).encode("utf-8", "replace")
        if (used >= CELLS - KEPT_FREE or len(written) > KEY) and OTHER not in key:
            other = _of_no_site(key)
            return self._places.get(other) or self._new_place(other)
        if used == CELLS:
            return 0
        place = used + 1
        at = self._key_place(self._start, place)
        self._memory[at : at + KEY] = written[:KEY].ljust(KEY, b"\0")
        self._counts[place] = 0
        self._counts[0] = place  # last: whoever adds up meanwhile must not find half a key
        self._places[key] = place
        return place

    def _claim(self) -> bool:
        """Find a piece that no living process has. Closing any handle of the file would give it back: there is one."""
        for slot in range(self._slots):
            try:
                fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, slot)
            except OSError:
                continue
            self._start = slot * SLOT
            numbers = memoryview(self._memory)[self._start : self._start + NUMBER * (1 + CELLS)]
            self._counts = numbers.cast("Q")
            self._places = {self._key_at(self._start, place): place for place in range(1, 1 + self._counts[0])}
            return True
        return False

    def _key_at(self, start: int, place: int) -> Key:
        at = self._key_place(start, place)
        return tuple(self._memory[at : at + KEY].rstrip(b"\0").decode("utf-8", "replace").split("\t"))

    @staticmethod
    def _key_place(start: int, place: int) -> int:
        return start + NUMBER * (1 + CELLS) + KEY * (place - 1)


def _of_no_site(key: Key) -> Key:
    """The same without its first label, which is the one that grows."""
    return (key[0], OTHER, *key[2:])


def _after_fork(meter: Meter | None) -> None:
    if meter is not None:
        meter._lock = threading.Lock()
        meter._forget()


def _nameless_file() -> int:
    """A file in memory where the system has such, else one on disk that ends with the processes."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("moderator-metrics")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


# What Prometheus reads


@dataclass(frozen=True, slots=True)
class Family:
    """A metric as it is told: its name, its kind, one sentence, the names of its labels."""

    name: str
    kind: str
    about: str
    labels: tuple[str, ...] = ()


DECISIONS = Family(
    "moderator_decisions_total", "counter", "Decisions stored, by site, action and rule.", ("site", "action", "rule")
)
REQUESTS = Family("moderator_requests_total", "counter", "Requests answered.", ("door", "status"))
SECONDS = Family("moderator_request_seconds", "histogram", "How long requests took inside.", ("door",))
COUNTED = (DECISIONS, REQUESTS)
GAUGES = (
    Family("moderator_build_info", "gauge", "1; the version that runs.", ("version",)),
    Family("moderator_model_info", "gauge", "1; the model that answers on this node.", ("model",)),
    Family("moderator_ready", "gauge", "1 where each check of /readyz is well, by check.", ("check",)),
    Family("moderator_disk_free_bytes", "gauge", "Free space where the data folder is."),
    Family("moderator_held_comments", "gauge", "Comments that wait for a moderator.", ("site",)),
    Family("moderator_held_oldest_seconds", "gauge", "How long the oldest of them has waited.", ("site",)),
    Family("moderator_outbox_messages", "gauge", "Messages to blogs, by state.", ("state",)),
    Family("moderator_outbox_oldest_seconds", "gauge", "How long the oldest undelivered message has waited."),
    Family("moderator_adaptation_behind_seconds", "gauge", "Age of the oldest verdict not yet learned from."),
    Family("moderator_clock_skew_seconds", "gauge", "This node's clock less the database's."),
)
FAMILIES = (*COUNTED, SECONDS, *GAUGES)

Sample = tuple[Family, tuple[str, ...], float]


def text(counts: Mapping[Key, int], gauges: Iterable[Sample]) -> str:
    """The figures in Prometheus' text format, version 0.0.4."""
    lines: list[str] = []
    for family in COUNTED:
        told = {key[1:]: value for key, value in counts.items() if key[0] == family.name}
        lines += _head(family) + [_line(family.name, family.labels, *found) for found in sorted(told.items())]
    lines += _head(SECONDS) + _histogram(counts)
    samples = list(gauges)
    for family in GAUGES:
        told_now = [(labels, value) for which, labels, value in samples if which is family]
        lines += _head(family) + [_line(family.name, family.labels, *found) for found in told_now]
    return "\n".join(lines) + "\n"


def _histogram(counts: Mapping[Key, int]) -> list[str]:
    lines = []
    labels = (*SECONDS.labels, "le")
    for door in sorted({key[1] for key in counts if key[0] == "micros"}):
        sum_so_far = 0
        for place, edge in enumerate((*map(str, LATENCY), "+Inf")):
            sum_so_far += counts.get(("took", str(place), door), 0)
            lines.append(_line(f"{SECONDS.name}_bucket", labels, (door, edge), sum_so_far))
        lines.append(_line(f"{SECONDS.name}_sum", SECONDS.labels, (door,), counts[("micros", door)] / 1_000_000))
        lines.append(_line(f"{SECONDS.name}_count", SECONDS.labels, (door,), sum_so_far))
    return lines


def _head(family: Family) -> list[str]:
    return [f"# HELP {family.name} {family.about}", f"# TYPE {family.name} {family.kind}"]


def _line(name: str, labels: tuple[str, ...], values: tuple[str, ...], value: float) -> str:
    told = ",".join(f'{label}="{_quoted(text)}"' for label, text in zip(labels, values, strict=True))
    return f"{name}{{{told}}} {value!r}" if told else f"{name} {value!r}"


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')

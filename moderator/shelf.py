"""The models of an installation: which there are, which is current, and picking up a new one while serving.

A shelf is folders of versions (``<folder>/<id>/``). The first is the installation's own and holds ``current.json``,
which names the version in force and those before it; without it, the newest shipped version is in force.
"""

import json
import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moderator.classifier import Classifier, load
from moderator.model_file import MANIFEST, ModelError

log = logging.getLogger(__name__)

POINTER = "current.json"
LOOK_EVERY = 1.0  # seconds; a promoted model must be in force everywhere within two
KEPT_BEFORE = 20


@dataclass(frozen=True, slots=True)
class Shelved:
    """One version on the shelf; ``summary`` is a line of its report."""

    id: str
    folder: Path
    current: bool
    shipped: bool
    made: str
    summary: str


def shipped_folder() -> Path:
    """Where the models that come with the program stand: in a checkout beside the package, else inside it."""
    package = Path(__file__).resolve().parent
    beside = package.parent / "model"
    return beside if beside.is_dir() and (package.parent / "pyproject.toml").is_file() else package / "shipped_model"


class Shelf:
    """Model folders: the installation's own before the shipped one. Safe for threads."""

    def __init__(
        self, own: Path, shipped: Path | None = None, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.own = own
        self.shipped = shipped or shipped_folder()
        self.problem = ""
        # Called before another order comes into force here; what it raises keeps it from doing so.
        self.before_pointing: Callable[[Sequence[str]], None] | None = None
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._loaded: Classifier | None = None
        self._stamp: object = None
        self._next_look = float("-inf")

    def current(self) -> Classifier | None:
        """The model that answers now; looked for anew at most once a second. None if none can be loaded.

        A version that fails its checks is passed over for the newest good one; ``problem`` says why.
        """
        if self._monotonic() < self._next_look:
            return self._loaded
        if not self._lock.acquire(blocking=self._loaded is None):
            return self._loaded  # somebody else is looking
        try:
            stamp = self._pointer_stamp()
            if self._loaded is None or stamp != self._stamp:
                self._loaded = self._choose() or self._loaded
                self._stamp = stamp
            self._next_look = self._monotonic() + LOOK_EVERY
        finally:
            self._lock.release()
        return self._loaded

    def _pointer_stamp(self) -> object:
        try:
            found = (self.own / POINTER).stat()
        except OSError:
            return None
        return (found.st_mtime_ns, found.st_ino, found.st_size)

    def _choose(self) -> Classifier | None:
        """The version that should be in force, or the newest good one after it."""
        wanted = self._wanted()
        if self._loaded is not None and self._loaded.id == wanted:
            return self._loaded
        self.problem = ""
        # Those that somebody put in force come before those that never were.
        history = {id: place for place, id in reversed([*enumerate(self._pointer() or [wanted])])}
        candidates = sorted(
            self._folders().items(),
            key=lambda item: (
                history.get(item[0], len(history)),
                not _is_own(item[1], self.own),
                *_newest_first(item[0]),
            ),
        )
        for id, folder in candidates:
            try:
                found = load(folder)
            except ModelError as error:
                self.problem = self.problem or str(error)
                log.error("model %s passed over: %s", id, error)
                continue
            if id != wanted:
                self.problem = self.problem or f"model {wanted} is not on the shelf; {id} answers"
            return found
        self.problem = self.problem or f"no model in {self.own} or {self.shipped}: run: moderator train"
        return None

    def _folders(self) -> dict[str, Path]:
        """Version id → folder; the installation's own hide shipped ones of the same id."""
        found: dict[str, Path] = {}
        for shelf in (self.shipped, self.own):
            if shelf.is_dir():
                found.update({entry.name: entry for entry in shelf.iterdir() if (entry / MANIFEST).is_file()})
        return found

    def _pointer(self) -> list[str]:
        """Ids: the one in force, then those before it, latest first; empty where nobody has chosen."""
        for folder in (self.own, self.shipped):
            try:
                named = json.loads((folder / POINTER).read_text("utf-8"))
            except (OSError, ValueError, RecursionError):
                continue
            if isinstance(named, dict) and isinstance(named.get("current"), str):
                before = named.get("before")
                return (
                    [named["current"], *[id for id in before if isinstance(id, str)]]
                    if isinstance(before, list)
                    else [named["current"]]
                )
        return []

    def _wanted(self) -> str:
        pointer = self._pointer()
        if pointer:
            return pointer[0]
        # A model that was made here and not promoted must not come into force by being new.
        folders = self._folders()
        shipped = [id for id, folder in folders.items() if not _is_own(folder, self.own)]
        return max(shipped or folders, default="")

    def versions(self) -> Sequence[Shelved]:
        """All versions, newest first; broken ones say so in their summary."""
        wanted = self._wanted()
        found = []
        for id, folder in sorted(self._folders().items(), reverse=True):
            made, summary = _described(folder)
            found.append(Shelved(id, folder, id == wanted, not _is_own(folder, self.own), made, summary))
        return found

    def folder_of(self, id: str) -> Path:
        """Where version ``id`` stands. Raises ModelError where there is none."""
        folder = self._folders().get(id)
        if folder is None:
            raise ModelError(f"there is no model {id}; see: moderator models list")
        return folder

    def promote(self, id: str) -> None:
        """Make ``id`` the current one, after loading it; atomic and on disk when this returns. Raises ModelError."""
        load(self.folder_of(id))
        pointer = self._pointer() or [self._wanted()]
        if pointer[0] != id or not (self.own / POINTER).is_file():
            self._point([id, *[before for before in pointer if before and before != id]])

    def rollback(self) -> str:
        """Go back to the version that was current before; its id. Raises ModelError if there is none."""
        pointer = self._pointer()
        if len(pointer) < 2:
            raise ModelError("there is no earlier model to go back to; see: moderator models list")
        load(self.folder_of(pointer[1]))
        self._point(pointer[1:])
        return pointer[1]

    def _point(self, ids: list[str]) -> None:
        if self.before_pointing is not None:
            self.before_pointing(ids)
        self.put_in_order(ids)

    def order(self) -> Sequence[str]:
        """Ids: the one in force here, then those before it, latest first; empty where nobody has chosen."""
        return self._pointer()

    def put_in_order(self, ids: Sequence[str]) -> None:
        """Let these be in force and before it, as somebody decided who looked at them; on disk on return."""
        self.own.mkdir(parents=True, exist_ok=True)
        pointer = {"current": ids[0], "before": list(ids[1 : KEPT_BEFORE + 1])}
        write_durably(self.own / POINTER, json.dumps(pointer, indent=1).encode())
        self._next_look = float("-inf")  # who put it in force sees it at once


def _is_own(folder: Path, own: Path) -> bool:
    return folder.parent == own


def _newest_first(id: str) -> tuple[int, ...]:
    """A sort key: ids begin with their UTC time, so later ids are greater texts."""
    return tuple(-ord(character) for character in id)


def _described(folder: Path) -> tuple[str, str]:
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text("utf-8"))
        return str(manifest.get("made", "")), str(manifest.get("summary", ""))
    except (OSError, ValueError, AttributeError, RecursionError):
        return "", "its manifest cannot be read"


def write_durably(path: Path, content: bytes) -> None:
    """Put ``content`` at ``path`` in one step: readers see the old file or the new one, also after a power cut."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in ``folder`` durable (POSIX: a rename is on disk only when its directory is)."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

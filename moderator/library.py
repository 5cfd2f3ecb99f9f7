"""Models that several nodes share: kept in the store, and brought from there into each node's own folder.

A node answers from its own folder in any case (moderator/shelf.py), also while the store is away. Twice a second it
asks which models are in force; what it does not have, it fetches, under a name that the shelf does not see until it is
whole. What was fetched is checked by the shelf as any model is: digests, probes.
"""

import fcntl
import logging
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from moderator.loop import Loop
from moderator.model_file import MANIFEST, ModelError
from moderator.shelf import Shelf, sync_folder
from moderator.store import Store, StoreError

log = logging.getLogger(__name__)

LOOK_EVERY = 0.5  # seconds; with the shelf's own second a new model is in force everywhere within two
SHARED = 4  # models: the one in force, and those that one may go back to


class Library(Loop):
    """The shared models of an installation, seen from one node."""

    def __init__(self, store: Store, shelf: Shelf) -> None:
        super().__init__("taking over of shared models", self.look, every=LOOK_EVERY, known=(StoreError, OSError))
        self._store = store
        self._shelf = shelf
        self._seen: Sequence[str] = ()

    def share(self, ids: Sequence[str]) -> None:
        """Put models of this node in force on all of them. StoreError; ModelError where one is not to be read."""
        shared = list(ids[:SHARED])
        known = self._store.models.stored()
        files = {}
        for id in shared:
            if id not in known:
                with suppress(*(ModelError,) if id != shared[0] else ()):  # an old one that is gone is no loss
                    files[id] = _files_of(self._shelf.folder_of(id))
        self._store.models.put([id for id in shared if id in known or id in files], files)

    def look(self) -> bool:
        """Take over what is in force, if it is something else than before; whether it was. StoreError, OSError."""
        order = self._store.models.order()
        if not order or order == self._seen:
            return False
        with _alone(self._shelf.own):  # one process of this node fetches, the others find it done
            for id in order:
                if not (self._shelf.own / id / MANIFEST).is_file():
                    self._fetch(id)
            if list(order) != list(self._shelf.order()[: len(order)]):
                self._shelf.put_in_order(order)
                log.info("model %s is in force on all nodes", order[0])
        self._seen = order
        return True

    def _fetch(self, id: str) -> None:
        files = self._store.models.files(id)
        if MANIFEST not in files or not _is_plain(id, files):
            log.error("model %s is not whole in the store: promote it again where it is", id)
            return
        draft = self._shelf.own / f".fetching-{secrets.token_hex(4)}"
        draft.mkdir(parents=True)
        try:
            for name, content in files.items():
                _write(draft / name, content)
            sync_folder(draft)
            with suppress(OSError):  # another one of the same id was there first
                os.rename(draft, self._shelf.own / id)
                sync_folder(self._shelf.own)
        finally:
            shutil.rmtree(draft, ignore_errors=True)


def _files_of(folder: Path) -> Mapping[str, bytes]:
    try:
        return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    except OSError as error:
        raise ModelError(f"the model in {folder} cannot be read ({error.strerror})") from None


def _is_plain(id: str, files: Mapping[str, bytes]) -> bool:
    """Whether no name leads out of the folder: who writes into the store must not write anywhere on each node."""
    return all(name and "/" not in name and "\0" not in name and not name.startswith(".") for name in (id, *files))


def _write(path: Path, content: bytes) -> None:
    # The report may quote comments, so none of it is others' to read.
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Be the only process of this node that is here."""
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder / ".sharing", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)

"""Backups: one file of the whole store as it was at one moment, made while others write, and read back at once.

On SQLite the file is a SQLite file, made with SQLite's own backup API; on PostgreSQL it is the portable stream. Beside
it stands ``manifest.json`` with its digest and what each table holds.
"""

import gzip
import hashlib
import io
import json
import os
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.engine import URL

from moderator.store import engine as engines
from moderator.store import portable
from moderator.store import upgrade as levels
from moderator.store.errors import StoreError
from moderator.store.portable import Counted, Shown, unseen

MANIFEST = "manifest.json"
SQLITE_FILE = "store.sqlite3"
STREAM = "store.jsonl.gz"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup holds: when it was begun, at which level, its file with its SHA-256, and its tables."""

    made: str
    level: str
    file: str
    sha256: str
    tables: Mapping[str, Counted]


def back_up(url: URL, folder: Path, *, at: datetime, show: Shown = unseen) -> Backup:
    """Write a backup into ``folder``, which must be empty or new; on disk and read back on return. StoreError."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise StoreError(f"the folder {folder} is not empty; give a new one for each backup")
        name = SQLITE_FILE if engines.is_sqlite(url) else STREAM
        if engines.is_sqlite(url):
            level, tables = _copy(url, folder / name, show)
        else:
            level, tables = _write_stream(url, folder / name, show)
        made = Backup(f"{at:%Y-%m-%dT%H:%M:%SZ}", level, name, _digest(folder / name), tables)
        _write(folder / MANIFEST, json.dumps({"format": FORMAT, **asdict(made)}, indent=1).encode())
        _sync(folder)
    except OSError as error:
        raise StoreError(
            f"the backup in {folder} could not be written ({error.strerror}); free or give space"
        ) from None
    return made


def described(folder: Path) -> Backup:
    """What the backup in ``folder`` says of itself, its file checked against it. StoreError."""
    try:
        said = json.loads((folder / MANIFEST).read_text("utf-8"))
        if said.pop("format") != FORMAT or said["file"] not in (SQLITE_FILE, STREAM):
            raise StoreError(f"the backup in {folder} is of a newer moderator; install that version")
        tables = {name: Counted(**counted) for name, counted in said.pop("tables").items()}
        found = Backup(tables=tables, **said)
        if _digest(folder / found.file) != found.sha256:
            raise StoreError(f"{folder / found.file} is not what was written; take another backup")
    except OSError as error:
        raise StoreError(f"{folder} is no backup ({error.strerror}: {error.filename})") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise StoreError(f"{folder / MANIFEST} is damaged; take another backup") from None
    return found


def restore(url: URL, folder: Path, *, replace: bool = False, show: Shown = unseen) -> Backup:
    """Fill the store at ``url`` from a backup of either engine, all or nothing, and bring it to this version's level.

    StoreError where the store holds anything already (unless ``replace``), or where the backup is not whole.
    """
    found = described(folder)
    if found.level not in levels.KNOWN_LEVELS:
        raise StoreError(f"the backup is at level {found.level}, of a newer moderator; install that version")
    try:
        if found.file == STREAM:
            with gzip.open(folder / STREAM, "rb") as lines:
                restored = portable.load(url, lines, replace=replace, show=show)
        else:
            restored = _from_sqlite(url, folder / SQLITE_FILE, found, replace=replace, show=show)
    except OSError as error:
        raise StoreError(f"the backup in {folder} cannot be read: {error}") from None
    if dict(restored) != dict(found.tables):
        raise StoreError("what was restored is not what the backup holds; do not use it, take another backup")
    return found


def unpacked(file: io.BufferedReader) -> Iterable[bytes]:
    """The lines of an export, which may be gzipped."""
    return gzip.open(file, "rb") if file.peek(2)[:2] == b"\x1f\x8b" else file


# SQLite


def _copy(url: URL, to: Path, show: Shown) -> tuple[str, Mapping[str, Counted]]:
    source = Path(str(url.database))
    if not source.exists():
        raise StoreError(f"there is no store at {source}; nothing to back up")
    os.close(os.open(to, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    with engines.said_plainly(url), closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(to)) as copy:
        live.execute(f"PRAGMA busy_timeout={engines.BUSY_MS}")
        # All pages in one step is one reading transaction: in WAL mode that hinders nobody, and in steps it would
        # have to begin anew at each write of another process, which under load never ends.
        live.backup(copy, pages=-1)
        copy.execute("PRAGMA journal_mode=DELETE").fetchall()  # one file, without a log beside it
    _sync(to)
    level, tables = checked(to)
    for table, counted in tables.items():
        show(table, counted.rows, counted.rows)
    return level, tables


def checked(file: Path) -> tuple[str, Mapping[str, Counted]]:
    """The level and the tables of a SQLite file that is nobody's store. StoreError where it is damaged."""
    engine = engines.connect_to_copy(file)
    try:
        with engines.said_plainly(engines.parse(f"sqlite:///{file}")), engine.connect() as connection:
            said = str(connection.exec_driver_sql("PRAGMA integrity_check").scalar())
            if said != "ok":
                raise StoreError(f"{file} is damaged ({said.splitlines()[0]}); take another backup")
            return levels.level_of(connection) or "", portable.counted(connection)
    finally:
        engine.dispose()


def _from_sqlite(url: URL, file: Path, found: Backup, *, replace: bool, show: Shown) -> Mapping[str, Counted]:
    _, tables = checked(file)
    if dict(tables) != dict(found.tables):
        raise StoreError(f"{file} does not hold what its manifest says; take another backup")
    engine = engines.connect_to_copy(file)
    try:
        lines = portable.lines_of(engine, engines.parse(f"sqlite:///{file}"))
        return portable.load(url, lines, replace=replace, show=show)
    finally:
        engine.dispose()


# PostgreSQL


def _write_stream(url: URL, to: Path, show: Shown) -> tuple[str, Mapping[str, Counted]]:
    handle = os.open(to, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(handle, "wb") as file, gzip.GzipFile(fileobj=file, mode="wb", compresslevel=6, mtime=0) as packed:
        for line in portable.export(url, show=show):
            packed.write(line)
    _sync(to)
    with gzip.open(to, "rb") as lines:  # read back: what cannot be read is no backup
        reader = portable.Reader(lines)
        for _, rows in reader.tables():
            for _ in rows:
                pass
    return reader.level, reader.said


# Files


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    _sync(path)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

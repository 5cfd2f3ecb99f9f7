"""Connections: what each engine is told at the start of each, and what its errors mean in words."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import NullPool

from moderator.store.errors import StoreBusy, StoreError

BUSY_MS = 4000  # SQLite's lock is not fair: one writer of four waited 4.1 s; the caller's own deadline comes after
READERS = (
    22  # connections a process, at most: a server thread holds one at a time, who writes two more, who judges four
)

# FULL: a commit is on disk before it is answered (NORMAL may lose the last ones with the power).
# secure_delete: what was erased is overwritten, not only forgotten.
PRAGMAS = ("synchronous=FULL", "foreign_keys=ON", "secure_delete=ON")


def parse(url: str) -> URL:
    """The URL in parts; StoreError where it is none that we take."""
    try:
        parts = make_url(url)
    except ArgumentError:
        raise StoreError("the database is no URL; give sqlite:///folder/file or postgresql+psycopg://…") from None
    if parts.drivername in ("postgresql", "postgres"):
        parts = parts.set(drivername="postgresql+psycopg")
    if parts.drivername not in ("sqlite", "sqlite+pysqlite", "postgresql+psycopg"):
        raise StoreError(f"no store on {parts.drivername}; give sqlite:///folder/file or postgresql+psycopg://…")
    if is_sqlite(parts) and parts.database in (None, "", ":memory:"):
        raise StoreError("a store in memory would forget its decisions; give sqlite:///folder/file")
    return parts


def is_sqlite(url: URL) -> bool:
    """Whether it is a file of ours, rather than a server."""
    return url.get_backend_name() == "sqlite"


def shown(url: URL) -> str:
    """Where the store is, as it may be told: without the password."""
    return str(url.database) if is_sqlite(url) else url.render_as_string(hide_password=True)


def connect(url: URL) -> Engine:
    """An engine for this process alone; it connects when it is first asked."""
    try:
        if is_sqlite(url):
            # The last one given back is the next one taken: few are in use at a time, and each that is fills 2 MB with
            # pages of the file.
            engine = create_engine(
                url, pool_size=READERS, max_overflow=0, pool_timeout=BUSY_MS / 1000, pool_use_lifo=True
            )
            event.listen(engine, "connect", _prepare_sqlite)
        else:
            engine = create_engine(
                url,
                paramstyle="format",  # by position, as SQLite has it, so that one row fits both (remember.py)
                pool_size=READERS,
                max_overflow=0,
                pool_timeout=BUSY_MS / 1000,
                pool_pre_ping=True,
                pool_use_lifo=True,
                # A server that is gone without a word must not hold a writer for the kernel's quarter of an hour.
                connect_args={"connect_timeout": 5, "tcp_user_timeout": BUSY_MS},
            )
            event.listen(engine, "connect", _prepare_postgres)
    except NoSuchModuleError as error:
        raise StoreError(f"no driver for {url.drivername}: {error}") from None
    except ImportError:
        raise StoreError("PostgreSQL needs psycopg: pip install 'moderator[postgres]'") from None
    return engine


def connect_to_copy(path: Path) -> Engine:
    """An engine that reads a SQLite file which is nobody's store, such as a backup, and changes not a byte of it."""
    address = f"{path.absolute().as_uri()}?mode=ro"

    def open_it() -> sqlite3.Connection:
        connection = sqlite3.connect(address, uri=True, check_same_thread=False)
        connection.isolation_level = None
        return connection

    return create_engine("sqlite://", creator=open_it, poolclass=NullPool)


def _prepare_sqlite(connection: sqlite3.Connection, record: Any) -> None:
    # Python's own idea of when to BEGIN is off; reading() and begin_writing() say it.
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    # While another process creates the file this can be refused at once, whatever busy_timeout says.
    for attempt in range(40):
        try:
            connection.execute("PRAGMA journal_mode=WAL").fetchall()
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or attempt == 39:
                raise
            time.sleep(0.05)


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection in one transaction for questions, so that all of them see the same."""
    with engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            cursor_of(connection).execute("BEGIN")
        yield connection


def begin_writing(connection: Connection) -> None:
    """Begin the transaction of a writer.

    On SQLite it takes its lock at once: a reader that becomes a writer cannot wait, it fails (161,742 times in 5 s,
    measured). No listener to SQLAlchemy's "begin" does it: with any listener the profile had SQLAlchemy go through its
    lists of listeners at every statement.
    """
    if connection.dialect.name == "sqlite":
        cursor_of(connection).execute("BEGIN IMMEDIATE")


def cursor_of(connection: Connection) -> Any:
    """The driver's own cursor in the connection's transaction: for texts that SQLAlchemy has written once already.

    It spares what SQLAlchemy does around a statement (see remember.py). Errors are the driver's, which ``explain``
    takes too.
    """
    if not connection.in_transaction():
        connection.begin()
    return connection.connection.cursor()


def let_go(connection: Connection) -> None:
    """Close a connection that was kept and may be broken; who asks next gets another one."""
    with suppress(Exception):
        connection.invalidate()
    with suppress(Exception):
        connection.close()


def _prepare_postgres(connection: Any, record: Any) -> None:
    # The operator's server may have it off; a decision must be on disk before it is answered.
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = on")
        cursor.execute(f"SET lock_timeout = {BUSY_MS}")
        cursor.execute("SET TIME ZONE 'UTC'")
    connection.commit()


@contextmanager
def said_plainly(url: URL) -> Iterator[None]:
    """Turn what the database says within into a StoreError that tells the cure."""
    try:
        yield
    except Exception as error:
        if not is_databases(error):
            raise
        raise explain(error, url) from error


def is_databases(error: BaseException) -> bool:
    """Whether it comes from SQLAlchemy or from a driver."""
    return isinstance(error, SQLAlchemyError) or _is_drivers(error, "Error")


def lost_race(error: BaseException | None) -> bool:
    """Whether somebody else has just stored the same unique name."""
    return isinstance(error, IntegrityError) or _is_drivers(error, "IntegrityError")


def _is_drivers(error: BaseException | None, name: str) -> bool:
    # By name, as psycopg may not be installed; PEP 249 has every driver call its classes so.
    return any(base.__name__ == name and base.__module__ in ("sqlite3", "psycopg") for base in type(error).__mro__)


def explain(error: Exception, url: URL) -> StoreError:
    """What went wrong and the cure, as a StoreError."""
    if isinstance(error, PoolTimeout):
        return StoreBusy("all connections to the store are in use; try again, or run fewer threads")
    original = str(error.orig) if isinstance(error, DBAPIError) and error.orig is not None else str(error)
    original = original.strip().splitlines()[0] if original.strip() else type(error).__name__
    return _explain_sqlite(original, url) if is_sqlite(url) else _explain_postgres(original, url)


def _explain_sqlite(original: str, url: URL) -> StoreError:
    place = Path(shown(url))
    if "locked" in original or "busy" in original:
        return StoreBusy(f"the store {place} is being written by somebody else; try again")
    cures = (
        ("not a database", "is no SQLite file; move it away, or give another --data folder"),
        ("readonly", "cannot be written; make it and its folder writable for this user"),
        ("unable to open", "cannot be opened; its folder must exist and be writable for this user"),
        ("disk is full", "is on a full disk; free some space, nothing stored is lost"),
        ("disk I/O error", "cannot be written to disk; look at the disk and its limits, nothing stored is lost"),
        ("malformed", "is damaged; restore it from a backup"),
    )
    for sign, cure in cures:
        if sign in original:
            return StoreError(f"the store {place} {cure} ({original})")
    return StoreError(f"the store {place} refused: {original}")


def _explain_postgres(original: str, url: URL) -> StoreError:
    if "lock timeout" in original or "deadlock" in original:
        return StoreBusy(f"the store {shown(url)} is being written by somebody else; try again")
    if "connection" in original or "could not" in original or "terminat" in original:
        return StoreError(f"the store {shown(url)} does not answer; is the server up and the URL right? ({original})")
    return StoreError(f"the store {shown(url)} refused: {original}")

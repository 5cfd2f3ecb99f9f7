"""The level of the tables: bringing it up, and refusing to work on another one."""

import os
from contextlib import suppress
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.engine import URL

from moderator.store import engine as engines
from moderator.store.errors import StoreError

LOCK = 7_041_963_204  # any number; the same for all processes that upgrade one PostgreSQL database
MIGRATIONS = Path(__file__).parent / "migrations"
# Each file begins with its level, v0001_…; Alembic would say the same after 0.2 s of imports, at every start.
KNOWN_LEVELS = tuple(sorted(path.name[1:5] for path in (MIGRATIONS / "versions").glob("v*.py")))
NEWEST = KNOWN_LEVELS[-1]


def upgrade(url: URL) -> None:
    """Create the tables or bring them to this version's level, in one transaction that only one process is in."""
    if engines.is_sqlite(url):
        create_file(url)
    engine = engines.connect(url)
    try:
        with engines.said_plainly(url), engine.begin() as connection:
            engines.begin_writing(connection)
            lock(connection)
            bring_up(connection, url)
    finally:
        engine.dispose()


def lock(connection: Connection) -> None:
    """Be the only one that changes tables, until the transaction ends; on SQLite a writer is that already."""
    if connection.dialect.name != "sqlite":
        connection.execute(text("SET LOCAL lock_timeout = 0"))  # the one before may have millions of rows to go through
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        connection.execute(text(f"SET LOCAL lock_timeout = {engines.BUSY_MS}"))


def bring_up(connection: Connection, url: URL, *, to: str = NEWEST) -> None:
    """Bring the tables to this level in this transaction. StoreError where they are of a newer version."""
    level = level_of(connection)
    if level != to:
        refuse_newer(level, url)
        _migrate(connection, to)


def check(engine: Engine, url: URL) -> None:
    """StoreError unless the tables are at the level of this version."""
    if engines.is_sqlite(url) and not Path(str(url.database)).exists():
        raise StoreError(f"there is no store at {engines.shown(url)}: run `moderator serve`, which makes it")
    with engines.said_plainly(url), engine.connect() as connection:
        level = level_of(connection)
    if level == NEWEST:
        return
    raise StoreError(not_at_level(level, url))


def not_at_level(level: str | None, url: URL) -> str:
    """What is to be done about tables of this level, which is not this version's."""
    if level is not None and level not in KNOWN_LEVELS:
        return (
            f"the store {engines.shown(url)} was made by a newer moderator (level {level}): "
            "install that version again, or restore the backup from before"
        )
    was = f"is at level {level}" if level else "is empty"
    return f"the store {engines.shown(url)} {was}, this version needs {NEWEST}: run `moderator db upgrade`"


def level_of(connection: Connection) -> str | None:
    """The level of the tables that are there; None: empty."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    level: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return level


def not_older(connection: Connection) -> None:
    """StoreError where the tables are not yet at this version's level, as after restoring an old backup."""
    level = connection.scalar(text("SELECT version_num FROM alembic_version"))
    if level is None or (level in KNOWN_LEVELS and level != NEWEST):
        raise StoreError(not_at_level(level, connection.engine.url))


def refuse_newer(level: str | None, url: URL) -> None:
    """StoreError where a newer version of moderator has been here."""
    if level is not None and level not in KNOWN_LEVELS:
        raise StoreError(not_at_level(level, url))


def _migrate(connection: Connection, to: str) -> None:
    from alembic import command  # only now, as it is slow to import and rarely needed
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, to)


def create_file(url: URL) -> None:
    """The file must be nobody else's to read; SQLite gives its -wal and -shm the same mode."""
    path = Path(str(url.database))
    with suppress(OSError):  # what is wrong here, SQLite meets again and engine.py explains
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))

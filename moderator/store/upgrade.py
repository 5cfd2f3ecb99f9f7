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
        _create_file(Path(str(url.database)))
    engine = engines.connect(url)
    try:
        with engines.said_plainly(url), engine.begin() as connection:
            engines.begin_writing(connection)
            if not engines.is_sqlite(url):
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
            level = level_of(connection)
            if level != NEWEST:
                refuse_newer(level, url)
                _migrate(connection)
    finally:
        engine.dispose()


def check(engine: Engine, url: URL) -> None:
    """StoreError unless the tables are at the level of this version."""
    if engines.is_sqlite(url) and not Path(str(url.database)).exists():
        raise StoreError(f"there is no store at {engines.shown(url)}: run `moderator serve`, which makes it")
    with engines.said_plainly(url), engine.connect() as connection:
        level = level_of(connection)
    if level == NEWEST:
        return
    refuse_newer(level, url)
    was = f"is at level {level}" if level else "is empty"
    raise StoreError(f"the store {engines.shown(url)} {was}, this version needs {NEWEST}: run `moderator upgrade`")


def level_of(connection: Connection) -> str | None:
    """The level of the tables that are there; None: empty."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    level: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return level


def refuse_newer(level: str | None, url: URL) -> None:
    """StoreError where a newer version of moderator has been here."""
    if level is not None and level not in KNOWN_LEVELS:
        raise StoreError(
            f"the store {engines.shown(url)} was made by a newer moderator (level {level}): "
            "install that version again, or restore the backup from before"
        )


def _migrate(connection: Connection) -> None:
    from alembic import command  # only now, as it is slow to import and rarely needed
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _create_file(path: Path) -> None:
    """The file must be nobody else's to read; SQLite gives its -wal and -shm the same mode."""
    with suppress(OSError):  # what is wrong here, SQLite meets again and engine.py explains
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))

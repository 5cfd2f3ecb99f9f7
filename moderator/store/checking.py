"""Looking a store through: its level, its tables, and whether the engine finds it whole."""

from dataclasses import dataclass, field

from sqlalchemy import Connection, func, inspect, select, text
from sqlalchemy.engine import URL

from moderator.store import engine as engines
from moderator.store import upgrade as levels
from moderator.store.schema import metadata


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found: the level, rows by table, and each problem as a sentence that tells the cure."""

    level: str | None
    rows: dict[str, int] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


def look_through(url: URL, *, quick: bool = False) -> Checked:
    """All that can be told without changing anything; reads every page of a SQLite file. StoreError.

    ``quick``: without what has to read all rows.
    """
    engine = engines.connect(url)
    try:
        with engines.said_plainly(url), engines.reading(engine) as connection:
            level = levels.level_of(connection)
            if level != levels.NEWEST:
                return Checked(level, problems=(levels.not_at_level(level, url),))
            rows = {} if quick else _rows(connection)
            whole = _postgres(connection) if not engines.is_sqlite(url) else [] if quick else _sqlite(connection)
            return Checked(level, rows, (*_shape(connection), *whole))
    finally:
        engine.dispose()


def _rows(connection: Connection) -> dict[str, int]:
    counts = ((table.name, select(func.count()).select_from(table)) for table in metadata.sorted_tables)
    return {name: int(connection.scalar(count) or 0) for name, count in counts}


def _shape(connection: Connection) -> list[str]:
    """Columns and indexes that should be there and are not."""
    there = inspect(connection)
    indexes = _indexes(connection)
    problems = []
    for table in metadata.sorted_tables:
        columns = {column["name"] for column in there.get_columns(table.name)}
        for name in sorted({column.name for column in table.columns} - columns):
            problems.append(f"the column {table.name}.{name} is missing; restore a backup")
        for name in sorted({str(index.name) for index in table.indexes} - indexes):
            problems.append(f"the index {name} is missing, so pages are slow; move the store: db export, db import")
    return problems


def _indexes(connection: Connection) -> set[str]:
    """The names of all there are; SQLAlchemy passes over those on an expression, with a warning."""
    catalogue = {"sqlite": "SELECT name FROM sqlite_master WHERE type = 'index'"}
    names = catalogue.get(
        connection.dialect.name, "SELECT indexname FROM pg_indexes WHERE schemaname = current_schema()"
    )
    return set(connection.scalars(text(names)))


def _sqlite(connection: Connection) -> list[str]:
    said = [str(row[0]) for row in connection.execute(text("PRAGMA integrity_check(5)"))]
    problems = [f"the file is damaged ({line}); restore a backup" for line in said if line != "ok"]
    for row in connection.execute(text("PRAGMA foreign_key_check")).fetchmany(5):
        problems.append(f"a row of {row[0]} points to one of {row[2]} that is not there; restore a backup")
    return problems


def _postgres(connection: Connection) -> list[str]:
    """What PostgreSQL leaves to others: indexes that a broken build left behind, and settings that lose commits."""
    broken = connection.execute(
        text(
            "SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
            "WHERE NOT i.indisvalid AND c.relnamespace = current_schema()::regnamespace"
        )
    )
    problems = [f"the index {name} is broken; run in psql: REINDEX INDEX {name}" for (name,) in broken]
    for setting in ("fsync", "full_page_writes"):
        if connection.scalar(text(f"SHOW {setting}")) != "on":
            problems.append(f"the server runs with {setting} off and loses decisions when it crashes; turn it on")
    return problems

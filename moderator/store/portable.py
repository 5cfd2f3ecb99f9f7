"""The whole store as one stream of JSON lines that either engine writes and reads, with counts and checksums.

The first line says what it is and at which level. Then for each table a line with its columns, a line a row, and a line
with how many rows there were and their checksum. The last line says that nothing is missing. It is written from one
snapshot, while others read and write; it is read in one transaction, which is only committed if what the database then
has is, row by row, what the stream said.
"""

import base64
import hashlib
import json
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import (
    Boolean,
    Connection,
    Engine,
    LargeBinary,
    MetaData,
    Table,
    func,
    inspect,
    literal,
    select,
    text,
)
from sqlalchemy.engine import URL
from sqlalchemy.exc import SAWarning

from moderator.store import engine as engines
from moderator.store import upgrade as levels
from moderator.store.errors import StoreError
from moderator.store.schema import metadata

FORMAT = 1
AT_ONCE = 1000  # rows a statement
LONGEST_LINE = 256 * 1024 * 1024  # a line is a row; the largest are models

# A database may hold tables of others beside ours. Add here the names that former levels had and this one has not.
OURS = frozenset(metadata.tables)

T = TypeVar("T")
Shown = Callable[[str, int, int], None]  # a table, how many of its rows are done, and of how many (0: not known)


def unseen(table: str, done: int, of: int) -> None:
    """Show nothing."""


class Checksum:
    """A sum over rows that does not depend on their order, as two engines do not sort texts alike."""

    def __init__(self) -> None:
        self.rows = 0
        self._sum = 0

    def add(self, line: bytes) -> None:
        """Take in a row."""
        self.rows += 1
        self._sum += int.from_bytes(hashlib.sha256(line).digest(), "big")

    def __str__(self) -> str:
        return f"{self._sum % 2**256:064x}"


@dataclass(frozen=True, slots=True)
class Counted:
    """What a table holds: how many rows, and their checksum."""

    rows: int
    checksum: str


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of one table in a stream, and which of them JSON, or SQLite, has no type for."""

    table: str
    names: tuple[str, ...]
    packed: frozenset[int] = field(default_factory=frozenset)
    flags: frozenset[int] = field(default_factory=frozenset)

    @classmethod
    def of(cls, table: Table) -> "Columns":
        """Those of a table."""
        names = tuple(column.name for column in table.columns)
        kinds = [column.type for column in table.columns]
        return cls(
            table.name,
            names,
            frozenset(place for place, kind in enumerate(kinds) if isinstance(kind, LargeBinary)),
            frozenset(place for place, kind in enumerate(kinds) if isinstance(kind, Boolean)),
        )

    def head(self) -> Mapping[str, Any]:
        """What a stream says before the rows."""
        kinds = {"bytes": sorted(self.packed), "flags": sorted(self.flags)}
        return {"table": self.table, "columns": self.names, **kinds}

    def line(self, row: Sequence[Any]) -> bytes:
        """A row, as the database gives it, as a line."""
        values = list(row)
        for place in self.packed:
            if values[place] is not None:
                values[place] = base64.b64encode(values[place]).decode()
        for place in self.flags:
            if values[place] is not None:
                values[place] = bool(values[place])
        return json.dumps(values, separators=(",", ":")).encode()

    def values(self, row: list[Any]) -> list[Any]:
        """A row of a line, as the database takes it."""
        for place in self.packed:
            if row[place] is not None:
                row[place] = base64.b64decode(row[place], validate=True)
        return row


def export(url: URL, *, show: Shown = unseen) -> Iterator[bytes]:
    """The lines of the whole store, each with its end; all of them from one moment. StoreError."""
    engine = engines.connect(url)
    try:
        with engines.said_plainly(url):
            yield from lines_of(engine, url, show=show)
    finally:
        engine.dispose()


def lines_of(engine: Engine, url: URL, *, show: Shown = unseen) -> Iterator[bytes]:
    """The lines of what this engine reads, at whatever level it is."""
    with engine.connect() as connection:
        begin_snapshot(connection)
        level = levels.level_of(connection)
        if level not in levels.KNOWN_LEVELS:
            raise StoreError(levels.not_at_level(level, url))
        yield _line({"moderator": "export", "format": FORMAT, "level": level})
        told = {}
        for table in tables_of(connection):
            columns = Columns.of(table)
            yield _line(columns.head())
            of = connection.scalar(select(func.count()).select_from(table)) or 0
            checksum = Checksum()
            for line in _rows(connection, columns, _order_of(table)):
                checksum.add(line)
                yield line + b"\n"
                if checksum.rows % AT_ONCE == 0:
                    show(table.name, checksum.rows, of)
            show(table.name, checksum.rows, of)
            told[table.name] = {"rows": checksum.rows, "checksum": str(checksum)}
            yield _line({"end": table.name, **told[table.name]})
        yield _line({"end": "export", "tables": told})


def load(url: URL, lines: Iterable[bytes], *, replace: bool = False, show: Shown = unseen) -> Mapping[str, Counted]:
    """Fill the store at ``url`` from a stream, all or nothing; what each table holds then.

    It is made at the level of the stream, filled, compared, and brought to this version's level. StoreError where it
    holds anything already (unless ``replace``: that is then gone), or where a line is missing, changed or not ours.
    """
    reader = Reader(lines)
    if engines.is_sqlite(url):
        levels.create_file(url)
    engine = engines.connect(url)
    try:
        with engines.said_plainly(url), engine.begin() as connection:
            engines.begin_writing(connection)
            levels.lock(connection)
            _make_room(connection, url, reader.level, replace=replace)
            found = {}
            for columns, rows in reader.tables():
                show(columns.table, 0, 0)
                done = 0
                for some in _by(AT_ONCE, rows):
                    _insert(connection, columns, some)
                    done += len(some)
                    show(columns.table, done, 0)
                found[columns.table] = _compared(connection, columns, reader.said[columns.table])
            _go_on_counting(connection)
            levels.bring_up(connection, url)
            return found
    finally:
        engine.dispose()


class Reader:
    """A stream that is read: its level, then its tables. StoreError where it is not whole."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        self._lines = iter(lines)
        self._number = 0
        self.said: dict[str, Counted] = {}
        first = self._next()
        if not isinstance(first, dict) or first.get("moderator") != "export":
            raise StoreError("this is no export of moderator; make one with: moderator db export")
        if first.get("format") != FORMAT or first.get("level") not in levels.KNOWN_LEVELS:
            raise StoreError(
                f"the export is of a newer moderator (format {first.get('format')}, level {first.get('level')}): "
                "install that version"
            )
        self.level = str(first["level"])

    def tables(self) -> Iterator[tuple[Columns, Iterator[list[Any]]]]:
        """Each table with its rows, which have to be taken before the next table."""
        while True:
            head = self._next()
            if isinstance(head, dict) and head.get("end") == "export":
                told = {name: Counted(said["rows"], said["checksum"]) for name, said in head["tables"].items()}
                if told != self.said:
                    raise self._broken("it does not add up")
                return
            if not isinstance(head, dict) or not isinstance(head.get("table"), str):
                raise self._broken("a table was expected")
            columns = Columns(head["table"], tuple(head["columns"]), frozenset(head["bytes"]), frozenset(head["flags"]))
            yield columns, self._rows(columns)
            if columns.table not in self.said:
                raise AssertionError("the rows of the table before were not taken")

    def _rows(self, columns: Columns) -> Iterator[list[Any]]:
        checksum = Checksum()
        while True:
            line = self._line()
            row = self._parsed(line)
            if isinstance(row, dict):
                said = Counted(checksum.rows, str(checksum))
                if row != {"end": columns.table, "rows": said.rows, "checksum": said.checksum}:
                    raise self._broken(f"the table {columns.table} is not what was written")
                self.said[columns.table] = said
                return
            if not isinstance(row, list) or len(row) != len(columns.names):
                raise self._broken(f"a row of {columns.table} was expected")
            checksum.add(line)
            yield columns.values(row)

    def _line(self) -> bytes:
        self._number += 1
        try:
            line = next(self._lines, b"")
        except (OSError, EOFError, ValueError) as error:  # such as a broken gzip
            raise self._broken(f"it cannot be read on: {error}") from None
        if not line.endswith(b"\n") or len(line) > LONGEST_LINE:
            raise self._broken("it ends here, so something is missing")
        return line[:-1]

    def _next(self) -> Any:
        return self._parsed(self._line())

    def _parsed(self, line: bytes) -> Any:
        try:
            return json.loads(line)
        except (ValueError, RecursionError):
            raise self._broken("that is no JSON") from None

    def _broken(self, why: str) -> StoreError:
        return StoreError(f"line {self._number} of the export: {why}; nothing was stored, take another copy")


def tables_of(connection: Connection) -> list[Table]:
    """Our tables as they are there, at whatever level; those that others point to first."""
    found = MetaData()
    with warnings.catch_warnings():  # that an index on an expression cannot be read back: nobody asks for it here
        warnings.simplefilter("ignore", SAWarning)
        found.reflect(connection, only=lambda name, _: name in OURS)
    return found.sorted_tables


def counted(connection: Connection) -> dict[str, Counted]:
    """What each table of ours holds now."""
    return {table.name: _count(connection, Columns.of(table)) for table in tables_of(connection)}


def begin_snapshot(connection: Connection) -> None:
    """Begin to read, all of it as it is at this moment, whatever others write meanwhile."""
    if connection.dialect.name == "sqlite":
        engines.cursor_of(connection).execute("BEGIN")
        connection.execute(text("SELECT count(*) FROM sqlite_master"))  # the moment is that of the first question
    else:
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))


def _line(said: Mapping[str, Any]) -> bytes:
    return json.dumps(said, separators=(",", ":")).encode() + b"\n"


def _order_of(table: Table) -> str:
    """Rows that others of their table point to come first, as ids grow."""
    return ", ".join(f'"{column.name}"' for column in table.primary_key.columns)


def _rows(connection: Connection, columns: Columns, order: str = "") -> Iterator[bytes]:
    names = ", ".join(f'"{name}"' for name in columns.names)
    query = f'SELECT {names} FROM "{columns.table}"' + (f" ORDER BY {order}" if order else "")
    options = {"stream_results": True, "max_row_buffer": AT_ONCE}
    with connection.exec_driver_sql(query, execution_options=options) as found:
        for row in found:
            yield columns.line(tuple(row))


def _count(connection: Connection, columns: Columns) -> Counted:
    checksum = Checksum()
    for line in _rows(connection, columns):
        checksum.add(line)
    return Counted(checksum.rows, str(checksum))


def _compared(connection: Connection, columns: Columns, said: Counted) -> Counted:
    """What the table holds. StoreError if it is not what the stream said."""
    found = _count(connection, columns)
    if found != said:
        raise StoreError(
            f"the table {columns.table} was filled with {said.rows} rows and gave back {found.rows}, "
            "or other ones; nothing was stored"
        )
    return found


def _make_room(connection: Connection, url: URL, level: str, *, replace: bool) -> None:
    """The tables of this level, and empty. StoreError where that would lose something that nobody gave up."""
    there = levels.level_of(connection)
    levels.refuse_newer(there, url)
    if there is not None:
        tables = tables_of(connection)
        full = [table.name for table in tables if connection.execute(select(literal(1)).select_from(table)).first()]
        if full and not replace:
            raise StoreError(
                f"the store {engines.shown(url)} is not empty ({', '.join(full[:3])}); give another one, or --replace"
            )
        for table in reversed(tables):
            table.drop(connection)
        connection.execute(text("DROP TABLE alembic_version"))
    levels.bring_up(connection, url, to=level)


def _insert(connection: Connection, columns: Columns, rows: Sequence[Sequence[Any]]) -> None:
    names = ", ".join(f'"{name}"' for name in columns.names)
    cursor = engines.cursor_of(connection)
    try:
        if connection.dialect.name == "sqlite":
            marks = ", ".join("?" * len(columns.names))
            cursor.executemany(f'INSERT INTO "{columns.table}" ({names}) VALUES ({marks})', rows)
            return
        with cursor.copy(f'COPY "{columns.table}" ({names}) FROM STDIN') as copy:
            for row in rows:
                copy.write_row(row)
    finally:
        cursor.close()


def _go_on_counting(connection: Connection) -> None:
    """PostgreSQL numbers new rows by itself, from where the old ones end; SQLite looks."""
    if connection.dialect.name == "sqlite":
        return
    there = inspect(connection)
    for name in there.get_table_names():
        if "id" not in {column["name"] for column in there.get_columns(name)}:
            continue
        counter = connection.scalar(text("SELECT pg_get_serial_sequence(:name, 'id')"), {"name": name})
        if counter:
            largest = connection.scalar(text(f'SELECT max(id) FROM "{name}"'))
            if largest is not None:
                connection.execute(text("SELECT setval(:counter, :largest)"), {"counter": counter, "largest": largest})


def _by(size: int, rows: Iterator[T]) -> Iterator[list[T]]:
    some: list[T] = []
    for row in rows:
        some.append(row)
        if len(some) == size:
            yield some
            some = []
    if some:
        yield some

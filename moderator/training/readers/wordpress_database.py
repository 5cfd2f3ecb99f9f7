"""The comments of a WordPress's own database, MariaDB or MySQL: tables ``wp_comments`` and ``wp_posts``, only read.

The columns are those of WordPress's wp-admin/includes/schema.php. Read page by page by the comments' numbers, so that
a large blog needs no memory and no question stays open while what it gave is stored.
"""

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from moderator.training.readers.rows import MOST_OF_A_PARENT, CorpusError, Row
from moderator.training.readers.wordpress import row_of

SCHEMES = ("mysql", "mariadb")
PREFIX = re.compile(r"[A-Za-z0-9_]{1,60}")
PAGE = 1_000
PATIENCE = 30  # seconds that the server has to answer
FIELDS = (
    "ID", "author", "author_email", "author_url", "author_IP", "agent", "content", "approved", "type", "parent",
    "date_gmt", "date",
)  # fmt: skip
QUESTION = """
SELECT {columns}, p.post_title, p.guid, LEFT(q.comment_content, {most})
FROM `{prefix}comments` AS c
LEFT JOIN `{prefix}posts` AS p ON p.ID = c.comment_post_ID
LEFT JOIN `{prefix}comments` AS q ON q.comment_ID = c.comment_parent
WHERE c.comment_ID > %s ORDER BY c.comment_ID LIMIT {page}
"""
EXAMPLE = "mysql://user@host/database?prefix=wp_"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a blog's tables are. ``shown`` has no password and no user."""

    how: dict[str, Any]
    prefix: str
    shown: str


def is_address(text: str) -> bool:
    """Whether this is the URL of a database, and no file."""
    return text.partition("://")[0].lower() in SCHEMES and "://" in text


def address_of(url: str) -> Address:
    """The parts of ``mysql://user:password@host:port/database?prefix=wp_``. Raises CorpusError for another.

    Also ``socket=<path>`` and ``defaults=<path>``, a MySQL option file: there a password is seen by nobody.
    """
    try:
        parts = urlsplit(url)
        options = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
        host, port = parts.hostname, parts.port
    except ValueError:
        raise CorpusError(f"this is no database's URL; write {EXAMPLE}") from None
    database, prefix = unquote(parts.path.strip("/")), options.pop("prefix", "wp_")
    named = {"unix_socket": options.pop("socket", None), "read_default_file": options.pop("defaults", None)}
    if not database or "/" in database:
        raise CorpusError(f"the database's URL names no database; write {EXAMPLE}")
    if options:
        raise CorpusError(
            f"the database's URL has an option {next(iter(options))!r}; it can have prefix, socket, defaults"
        )
    if not PREFIX.fullmatch(prefix):
        raise CorpusError("a prefix of tables has letters, digits and _ alone, such as wp_ or wp_2_")
    if named["read_default_file"]:
        named["read_default_file"] = str(Path(named["read_default_file"]).expanduser())
    how = {
        "host": host,
        "port": port,
        "user": unquote(parts.username) if parts.username else None,
        "password": unquote(parts.password) if parts.password else None,
        **named,
    }
    given = {name: value for name, value in how.items() if value is not None}
    where = f"{host or 'localhost'}/{database}"
    return Address({**given, "database": database}, prefix, where if prefix == "wp_" else f"{where}?prefix={prefix}")


def read(address: Address) -> Iterator[Row]:
    """The comments of the blog there; a row's ``line`` is the comment's number. Raises CorpusError."""
    columns = ", ".join(f"CAST(c.comment_{name} AS CHAR)" for name in FIELDS)
    question = QUESTION.format(columns=columns, prefix=address.prefix, most=MOST_OF_A_PARENT, page=PAGE)
    last = 0
    with closing(_connect(address)) as connection:
        while rows := _ask(connection, address, question, (last,)):
            for row in rows:
                values = {name: str(value or "") for name, value in zip(FIELDS, row, strict=False)}
                title, link, parent = (str(value or "") for value in row[len(FIELDS) :])
                last = int(values["ID"])
                fields = values | {"id": values["ID"]}
                yield row_of(last, fields, source=address.shown, title=title, link=link, parent=parent)


def count(address: Address) -> int:
    """How many comments there are. Raises CorpusError where they cannot be read."""
    with closing(_connect(address)) as connection:
        return int(_ask(connection, address, f"SELECT COUNT(*) FROM `{address.prefix}comments`")[0][0])


def _connect(address: Address) -> Any:
    try:
        import pymysql
    except ModuleNotFoundError:
        raise CorpusError(
            "a WordPress database needs PyMySQL: pip install 'moderator[wordpress]'; an export file needs nothing"
        ) from None
    try:
        return pymysql.connect(
            **address.how,
            charset="utf8mb4",
            connect_timeout=PATIENCE,
            read_timeout=PATIENCE,
            init_command="SET SESSION TRANSACTION READ ONLY",
        )
    except (pymysql.Error, OSError, ValueError) as error:
        raise _said(address, error) from None


def _ask(connection: Any, address: Address, question: str, values: tuple[int, ...] = ()) -> list[tuple[Any, ...]]:
    import pymysql

    try:
        with connection.cursor() as cursor:
            cursor.execute(question, values)
            return list(cursor.fetchall())
    except (pymysql.Error, OSError, UnicodeDecodeError) as error:
        raise _said(address, error) from None


def _said(address: Address, error: Exception) -> CorpusError:
    """One line, with what the server says (it names the user, never the password)."""
    code = error.args[0] if error.args else None
    cures = {
        1044: "let the user read it: GRANT SELECT",
        1045: "look at user and password",
        1049: "look at the database's name",
        1698: "look at user and password",
        1146: "look at the prefix of WordPress's tables ($table_prefix in wp-config.php) and say ?prefix=…",
        2003: "look at host and port",
    }
    told = str(error.args[1]) if len(error.args) > 1 and isinstance(code, int) else type(error).__name__
    cure = cures.get(code, "") if isinstance(code, int) else ""
    return CorpusError(f"{address.shown}: {told}{f'; {cure}' if cure else ''}")

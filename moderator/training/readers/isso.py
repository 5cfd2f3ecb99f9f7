"""The database of Isso (one SQLite file): tables ``threads`` and ``comments``.

Isso's ``mode`` is 1 for a comment that is shown, 2 for one that waits, 4 for one that was deleted but has answers.
It keeps no spam, so a file of it has ham alone.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from moderator.training.readers.rows import MOST_LINE, CorpusError, Row, undecodable

PASSED = {2: "pending", 4: "deleted"}
NEEDED = {"comments": {"id", "tid", "parent", "created", "mode", "text", "author"}, "threads": {"id", "uri", "title"}}
# What an older Isso did not have yet is asked for only where it is there.
OPTIONAL = ("remote_addr", "email", "website")
QUESTION = """
SELECT c.id, c.mode, c.text, c.author, c.created, t.uri, t.title, substr(p.text, 1, 500), {optional}
FROM comments AS c LEFT JOIN threads AS t ON t.id = c.tid LEFT JOIN comments AS p ON p.id = c.parent ORDER BY c.id
"""


def read(path: Path) -> Iterator[Row]:
    """The comments of an Isso database, which is only read."""
    last = 0
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            database.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
            database.execute("PRAGMA trusted_schema = OFF")
            names = _columns(database, path)
            optional = ", ".join(f"c.{name}" if name in names else "NULL" for name in OPTIONAL)
            for values in database.execute(QUESTION.format(optional=optional)):
                last = values[0]
                yield _row(*values)
    except sqlite3.DatabaseError as error:
        if not last:
            raise CorpusError(
                f"{path}: is no readable SQLite database ({error}); copy it anew while Isso is stopped"
            ) from error
        yield Row(last, problem=f"the database cannot be read after this comment ({error})")


def _columns(database: sqlite3.Connection, path: Path) -> set[str]:
    """The columns of Isso's comments. Raises CorpusError for another program's database."""
    found: dict[str, set[str]] = {}
    for table, needed in NEEDED.items():
        question = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"
        is_table = database.execute(question, (table,)).fetchone()
        found[table] = {row[1] for row in database.execute(f"PRAGMA table_info({table})")} if is_table else set()
        if not needed <= found[table]:
            raise CorpusError(f"{path}: is no Isso database: it has no table {table} with {', '.join(sorted(needed))}")
    return found["comments"]


def _row(own_id: int, mode: object, *values: object) -> Row:
    text, author, created, uri, title, parent, ip, email, website = values
    if mode in PASSED:
        return Row(own_id, passed=PASSED[mode])
    if mode != 1:
        return Row(own_id, problem=f"mode: must be 1, 2 or 4, not {mode!r:.40}")
    if isinstance(text, str) and len(text) > MOST_LINE:
        return Row(own_id, problem=f"is longer than {MOST_LINE:,} characters")
    problem = undecodable("".join(value for value in values if isinstance(value, str)))
    if problem:
        return Row(own_id, problem=problem)
    return Row(
        own_id,
        {
            "id": own_id,
            "text": text,
            "author": author,
            "author_email": email,
            "author_url": website,
            "ip": ip,
            "kind": "reply" if parent else "comment",
            "date": _date(created),
            "post_title": title,
            "post_url": uri,
            "parent_text": parent,
            "label": "ham",
        },
    )


def _date(seconds: object) -> str:
    try:
        return datetime.fromtimestamp(float(seconds), UTC).isoformat() if isinstance(seconds, int | float) else ""
    except (OverflowError, ValueError, OSError):
        return ""

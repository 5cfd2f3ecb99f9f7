"""What the benchmarks share: the comments they send, medians, and on what they ran."""

import os
import platform
import secrets
import statistics
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

POSTGRES = os.environ.get("MODERATOR_TEST_POSTGRES", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres")

# Written for this benchmark: what a technical blog gets on a usual day, good and bad, short and long.
TEXTS = (
    "Thanks, that fixed it!",
    "I have been following your blog for a while and this is one of the better explanations of how a tokenizer deals "
    "with Unicode. One question: does it also fold full-width letters, or is that left to the caller?",
    "We hit the same problem last month. In our case the proxy closed idle connections after 60 seconds while the "
    "server kept them for 75, so every now and then a request went into a dead socket. Setting both to the same value "
    "made it worse; the server has to wait longer than the proxy.\n\nThe numbers are in https://example.org/notes/42 "
    "if somebody wants to compare.",
    "Great post! Really helpful information, I will bookmark your site. Visit my page for cheap watches "
    "http://best-watches.example.com/deal?id=7",
    '<p>I <em>disagree</em>: the second loop is not needed. <a href="https://example.net/proof">Here</a> is why.</p>',
    "Das habe ich gestern auch versucht, leider ohne Erfolg. Welche Version benutzt du?",
    "1. http://example.com/2016/03/17/a-mission-accomplished/",
    "No.",
)


def comment(number: int) -> dict[str, Any]:
    """The body of a request with comment ``number``; the blog's id is its own each time."""
    return {
        "id": f"c{number}",
        "body": TEXTS[number % len(TEXTS)],
        "author": {"name": "Ann Example", "email": "ann@example.org", "url": ""},
        "ip": "192.0.2.17",
        "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
        "post": {"url": "https://blog.example/how-tokenizers-work", "title": "How tokenizers work"},
        "created": "2026-11-22T19:00:00Z",
    }


def median(numbers: Sequence[float]) -> float:
    """The middle one."""
    return statistics.median(numbers)


def machine() -> dict[str, Any]:
    """On what it ran."""
    return {"python": platform.python_version(), "cores": os.cpu_count(), "load": round(os.getloadavg()[0], 2)}


@contextmanager
def own_database() -> Iterator[str]:
    """The URL of an empty database on the PostgreSQL of MODERATOR_TEST_POSTGRES, which is dropped at the end."""
    server, name = create_engine(POSTGRES, isolation_level="AUTOCOMMIT"), f"moderator_bench_{secrets.token_hex(4)}"
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    try:
        yield make_url(POSTGRES).set(database=name).render_as_string(hide_password=False)
    finally:
        with server.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        server.dispose()


def ran(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    """A table for a page, under the command that made it, the day and the machine; figures as people read them."""
    command, found = " ".join(["python", f"benchmarks/{Path(sys.argv[0]).name}", *sys.argv[1:]]), machine()
    lines = ["", f"`{command}`, {date.today().isoformat()}: Python {found['python']}, {found['cores']} cores, load "
             f"{found['load']:.1f} at the end.", "", f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]  # fmt: skip
    told = [[f"{cell:,.0f}" if isinstance(cell, int | float) else str(cell) for cell in row] for row in rows]
    return [*lines, *(f"| {' | '.join(row)} |" for row in told), ""]


def write_between(page: Path, name: str, lines: Sequence[str]) -> None:
    """Put these lines into the page where ``<!-- name -->`` and ``<!-- /name -->`` stand, in place of what is there."""
    before, begin, rest = page.read_text("utf-8").partition(f"<!-- {name} -->\n")
    _, end, after = rest.partition(f"<!-- /{name} -->")
    if not end:
        raise SystemExit(f"{page} has no place for it: <!-- {name} --> and <!-- /{name} -->")
    page.write_text("\n".join([before + begin.rstrip("\n"), *lines, end + after]), "utf-8")

"""How fast a store moves: export, import on either engine, backup, restore, prune; comments a second, and memory.

PostgreSQL is the one of MODERATOR_TEST_POSTGRES, or at 127.0.0.1:5432; a database of the run's own is made and dropped.
"""

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy.engine import URL

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.common import own_database, ran, write_between
from moderator.comment import Action, Author, Comment, Decision, Reason
from moderator.store import Judged, Store, backups, portable
from moderator.store import engine as engines

ROWS: list[tuple[str, float, float, int]] = []
DECISION = Decision(Action.APPROVE, "probably_fine", 0.031, (Reason("words", "These words weighed.", (0, 4)),), "m1")


def now() -> datetime:
    """The clock."""
    return datetime.now(UTC)


def filled(url: str, count: int) -> None:
    """A store with so many comments of 300 characters."""
    Store.upgrade(url)
    store = Store.open(url, clock=now)
    site, _ = store.add_site("blog")
    author = Author("Ann Person", "ann@example.org", "https://ann.example.org/")
    for start in range(0, count, 1000):
        said = [Comment("Thank you, well said. " * 14, id=str(start + one), author=author) for one in range(1000)]
        store.once.remember_many(site, [Judged(comment, DECISION) for comment in said], at=now() - timedelta(days=400))
    store.close()


def told(what: str, count: int, work: Callable[[], object]) -> None:
    """Do it, and print how fast that was."""
    begun = time.perf_counter()
    work()
    seconds = time.perf_counter() - begun
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    ROWS.append((what, count / seconds, seconds, memory))
    print(f"{what:<32} {count / seconds:>9,.0f} comments/s  {seconds:6.1f} s  (peak so far {memory} MB)", flush=True)


def export(url: URL, into: Path) -> None:
    """Write the portable stream, piece by piece as it comes."""
    with into.open("wb") as file:
        file.writelines(portable.export(url))


def prune(url: str) -> None:
    """Forget all of them."""
    store = Store.open(url, clock=now)
    store.pruning.prune(now())
    store.close()


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--comments", type=int, default=20_000)
    parser.add_argument("--write", type=Path, help="Put the table into this page.")
    given = parser.parse_args()
    count, page = given.comments, given.write
    with own_database() as database, tempfile.TemporaryDirectory() as made:
        postgres = engines.parse(database)
        folder = Path(made)
        url = f"sqlite:///{folder}/store.sqlite3"
        source = engines.parse(url)
        filled(url, count)
        stream = folder / "stream"
        told("export from SQLite", count, lambda: export(source, stream))
        told("import into PostgreSQL", count, lambda: portable.load(postgres, stream.open("rb")))
        told("export from PostgreSQL", count, lambda: export(postgres, stream))
        other = engines.parse(f"sqlite:///{folder}/other.sqlite3")
        told("import into SQLite", count, lambda: portable.load(other, stream.open("rb")))
        told("backup of SQLite", count, lambda: backups.back_up(source, folder / "one", at=now()))
        told("backup of PostgreSQL", count, lambda: backups.back_up(postgres, folder / "two", at=now()))
        third = engines.parse(f"sqlite:///{folder}/third.sqlite3")
        told("restore into SQLite", count, lambda: backups.restore(third, folder / "one"))
        told("prune on SQLite, pauses included", count, lambda: prune(url))
        told("prune on PostgreSQL, the same", count, lambda: prune(database))
    if page is not None:
        heads = (f"{count:,} comments", "comments/s", "seconds", "peak MB so far")
        write_between(page, "moving", ran(heads, ROWS))


if __name__ == "__main__":
    main()

"""Fills a store with decisions that were made long ago, for measuring whether many of them make new ones slower."""

from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import create_engine, text

from benchmarks.common import TEXTS, comment
from moderator.comment import Comment
from moderator.moderation import Moderator
from moderator.shelf import Shelf
from moderator.store import Store
from moderator.store.schema import comments

YEAR = 365 * 24 * 3600 * 1_000_000  # microseconds
NUMBERS = {
    "sqlite": "(WITH RECURSIVE s(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM s WHERE n + 1 < :copies) SELECT n FROM s)",
    "postgresql": "(SELECT generate_series(0, :copies - 1) AS n)",
}
PADDED = {
    "sqlite": "printf('%026d', :first + n)",
    "postgresql": "lpad(CAST(CAST(:first AS bigint) + n AS text), 26, '0')",
}


def fill(url: str, folder: Path, site_name: str, count: int) -> None:
    """Store ``count`` decisions more for this site: copies of a few that were really made, spread over a year."""
    store = Store.open(url, clock=lambda: datetime.now(UTC))
    site = store.site_by_name(site_name)
    assert site is not None
    moderator = Moderator(store, Shelf(folder / "model"), lambda: datetime.now(UTC))
    made = [moderator.judge(site, Comment.from_json(comment(-number))).id for number in range(1, len(TEXTS) + 1)]
    store.close()
    copies = max(count // len(made), 1)
    engine = create_engine(url)
    number = PADDED[engine.dialect.name]
    columns = {name: name for name in comments.c.keys()}  # noqa: SIM118  # not a dictionary
    columns |= {"id": number, "external_id": f"'old-' || {number}"}
    columns |= {at: f"{at} - CAST(:apart AS bigint) * (n + 1)" for at in ("received_at", "changed_at", "decided_at")}
    copy = text(
        f"INSERT INTO comments ({', '.join(columns)}) SELECT {', '.join(columns.values())} "
        f"FROM comments, {NUMBERS[engine.dialect.name]} AS numbers WHERE id = :template"
    )
    with engine.begin() as connection:
        for place, template in enumerate(made):
            values = {"copies": copies, "first": place * copies, "apart": YEAR // copies, "template": template}
            connection.execute(copy, values)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
        if engine.dialect.name == "sqlite":
            connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
    engine.dispose()

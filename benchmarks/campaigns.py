"""Campaigns: what a sketch finds and what it confuses, and how long a look takes with up to ten million stored.

    python benchmarks/campaigns.py waves
    python benchmarks/campaigns.py looks --size 10000000 [--database postgresql+psycopg://…]

``waves`` puts waves of our own making (kit/waves.py) among the shared real comments, in random order, through a real
store, and asks which pairs of them came to have one campaign. ``looks`` fills a store with made-up sketches, a fifth of
whose keys are from a thousand that everybody has, and asks it as a decision does. Both delete what they made.
"""

import json
import random
import statistics
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.remove(str(Path(__file__).parent.resolve()))  # its queue.py is not Python's
sys.path.insert(0, str(Path(__file__).parent.parent))

import click
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from benchmarks.common import machine
from benchmarks.kit import data, waves
from moderator.campaigns import choose, sketch
from moderator.comment import Action, Comment, Decision
from moderator.known import Marks
from moderator.reading import read
from moderator.store import Site, Store
from moderator.traces import marks

SECRET = b"benchmark" + b"\0" * 23
APPROVED = Decision(Action.APPROVE, "probably_fine", 0.1, (), "none")
BEGAN = datetime(2026, 11, 1, tzinfo=UTC)
HAM = (
    "blog_haacked", "blog_multi", "blog_datacamp", "ham_germeval21", "ham_hatebr", "ham_offcombr", "ham_vihsd",
    "ham_rarous_cs", "ham_ru_toxic_ok", "ham_cold_zh", "ham_korean_news",
)  # fmt: skip
HOT = 1000


@click.group()
def main() -> None:
    """Measure campaigns."""


@contextmanager
def opened(database: str) -> Iterator[tuple[Store, str]]:
    """A new store: a file of its own, or a schema of its own on a server. Gone afterwards."""
    if not database:
        with tempfile.TemporaryDirectory() as folder:
            url = f"sqlite:///{folder}/moderator.sqlite3"
            Store.upgrade(url)
            store = Store.open(url, clock=lambda: BEGAN)
            yield store, url
            store.close()
        return
    server = create_engine(make_url(database), isolation_level="AUTOCOMMIT")
    name = f"bench_{random.randrange(1 << 30):x}"
    with server.connect() as connection:
        connection.execute(text(f"CREATE SCHEMA {name}"))
    url = f"{database}?options=-csearch_path%3D{name}"
    try:
        Store.upgrade(url)
        store = Store.open(url, clock=lambda: BEGAN)
        yield store, url
        store.close()
    finally:
        with server.connect() as connection:
            connection.execute(text(f"DROP SCHEMA {name} CASCADE"))
        server.dispose()


@main.command("waves")
@click.option("--most", default=2000, show_default=True, help="Comments of each real set.")
@click.option("--size", default=40, show_default=True, help="Comments of each wave.")
@click.option("--seed", default=7, show_default=True)
def find_waves(most: int, size: int, seed: int) -> None:
    """What is found and confused."""
    chance = random.Random(seed)
    sent: list[tuple[str, Comment]] = []
    for name in HAM:
        found = data.load(name)
        good = [comment for comment, spam in zip(found.comments, found.spam, strict=True) if not spam]
        sent += [(name, comment) for comment in chance.sample(good, min(most, len(good)))]
    for number, template in enumerate(waves.TEMPLATES):
        sent += [(f"wave {number}", waves.comment(template, chance)) for _ in range(size)]
    chance.shuffle(sent)
    with opened("") as (store, _):
        site, _key = store.add_site("one")
        other, _key = store.add_site("other")
        answers = [_send(store, chance.choice((site, other)), comment, n) for n, (_, comment) in enumerate(sent)]
        ids, took = [one for one, _ in answers], [seconds for _, seconds in answers]
        numbers = [one.campaign for one in (store.comment(None, id) for id in ids) if one is not None]
    report = {"sets": _confused(sent, numbers), **_pairs(sent, numbers)}
    report["sketch_us"] = {f"p{p}": round(_percentile(took, p) * 1e6) for p in (50, 95)}
    print(json.dumps({**report, **machine()}, indent=2))


def _send(store: Store, site: Site, comment: Comment, number: int) -> tuple[str, float]:
    reading = read(comment)
    begin = time.perf_counter()
    sketch(reading, comment)
    took = time.perf_counter() - begin
    at = BEGAN + timedelta(seconds=number)
    own = marks(reading, comment, site.id, SECRET)
    ((_, belongs),) = store.known([(site, own)], choose, at=at)
    return store.remember(site, comment, APPROVED, False, own, belongs, at=at).id, took


def _pairs(sent: Sequence[tuple[str, Comment]], numbers: Sequence[int | None]) -> dict[str, Any]:
    """Over all pairs with a comment of a wave in them."""
    groups: dict[int, Counter[str]] = defaultdict(Counter)
    for (label, _), number in zip(sent, numbers, strict=True):
        if number is not None:
            groups[number][label] += 1
    right = wrong = 0
    for group in groups.values():
        of_waves = {label: count for label, count in group.items() if label.startswith("wave")}
        right += sum(count * (count - 1) // 2 for count in of_waves.values())
        whole, real = sum(of_waves.values()), sum(group.values()) - sum(of_waves.values())
        wrong += (whole * whole - sum(count * count for count in of_waves.values())) // 2 + whole * real
    sizes = Counter(label for label, _ in sent if label.startswith("wave"))
    there = sum(count * (count - 1) // 2 for count in sizes.values())
    return {"pairs": there, "recall": round(right / there, 4), "precision": round(right / max(right + wrong, 1), 5)}


def _confused(sent: Sequence[tuple[str, Comment]], numbers: Sequence[int | None]) -> dict[str, Any]:
    """Real comments with others in one campaign; those that are the same letter for letter are no confusion."""
    found: dict[str, Any] = {}
    for name in HAM:
        groups: dict[int, list[str]] = defaultdict(list)
        count = 0
        for (label, comment), number in zip(sent, numbers, strict=True):
            if label == name:
                count += 1
                if number is not None:
                    groups[number].append(" ".join(comment.body.lower().split()))
        several = [bodies for bodies in groups.values() if len(bodies) > 1]
        found[name] = {
            "comments": count,
            "with_others": sum(map(len, several)),
            "with_others_not_identical": sum(len(set(bodies)) for bodies in several if len(set(bodies)) > 1),
            "in_campaigns_of_five_or_more": sum(len(bodies) for bodies in several if len(bodies) > 4),
        }
    return found


@main.command("looks")
@click.option("--size", default=100_000, show_default=True, help="Comments that are stored.")
@click.option("--database", default="", help="A PostgreSQL server's URL; a SQLite file where it is not given.")
@click.option("--asks", default=3000, show_default=True)
def time_looks(size: int, database: str, asks: int) -> None:
    """How long a look takes."""
    chance = random.Random(1)
    with opened(database) as (store, url):
        site, _key = store.add_site("one")
        begin = time.perf_counter()
        _fill(url, size)
        filled = time.perf_counter() - begin
        wanted = [_marks(number, site, chance) for number in range(asks)]
        for own in wanted[:200]:
            store.known([(site, own)], choose, at=BEGAN)
        took, worked = [], []
        for own in wanted:
            begin, began = time.perf_counter(), time.thread_time()
            store.known([(site, own)], choose, at=BEGAN)
            took.append(time.perf_counter() - begin)
            worked.append(time.thread_time() - began)
        megabytes = _megabytes(url)
    report = {f"p{p}_ms": round(_percentile(took, p) * 1e3, 3) for p in (50, 95, 99)}
    # Of this process alone; on a machine that does other things too, the one that says something.
    report |= {f"cpu_p{p}_ms": round(_percentile(worked, p) * 1e3, 3) for p in (50, 95, 99)}
    print(json.dumps({"stored": size, **report, "fill_s": round(filled), "mb": megabytes, **machine()}))


def _marks(number: int, site: Site, chance: random.Random) -> Marks:
    """What a decision asks with: of a wave's comment, with a fifth of its keys from those that everybody has."""
    comment = waves.comment(waves.TEMPLATES[number % len(waves.TEMPLATES)], chance)
    own = marks(read(comment), comment, site.id, SECRET)
    assert own.sketch is not None
    keys = tuple(chance.randrange(HOT) if chance.random() < 0.2 else key for key in own.sketch.keys)
    return own._replace(sketch=own.sketch._replace(keys=keys))


def _fill(url: str, size: int) -> None:
    """Made inside the database: the only way that takes minutes."""
    engine = create_engine(make_url(url), isolation_level="AUTOCOMMIT")
    postgres = make_url(url).get_backend_name() == "postgresql"
    first = int(BEGAN.timestamp() * 1000) << 21
    with engine.connect() as connection:
        if postgres:
            steps: tuple[str, ...] = (
                "ALTER TABLE bands DROP CONSTRAINT pk_bands",
                f"INSERT INTO sketches SELECT {first} - n * 4096, {first} - n * 4096, sha512(n::text::bytea), 30"
                f" FROM generate_series(1, {size}) n",
                f"INSERT INTO bands SELECT CASE WHEN random() < 0.2 THEN floor(random() * {HOT})::bigint"
                " ELSE floor(random() * 9e18)::bigint END, id FROM sketches, generate_series(1, 4)",
                # Two equal hot keys of one sketch are one row.
                f"DELETE FROM bands a USING bands b WHERE a.key < {HOT} AND b.key = a.key"
                " AND a.sketch_id = b.sketch_id AND a.ctid > b.ctid",
                "ALTER TABLE bands ADD CONSTRAINT pk_bands PRIMARY KEY (key, sketch_id)",
                "ANALYZE sketches, bands",
            )
        else:
            steps = (
                "PRAGMA cache_size=-500000",
                "PRAGMA synchronous=OFF",
                f"WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {size})"
                f" INSERT INTO sketches SELECT {first} - ({size} - n) * 4096, {first} - ({size} - n) * 4096,"
                " randomblob(64), 30 FROM c",
                "INSERT OR IGNORE INTO bands SELECT CASE WHEN abs(random() % 5) = 0"
                f" THEN abs(random() % {HOT}) ELSE abs(random() / 2) * 2 END AS k, id"
                " FROM sketches, (SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4) ORDER BY k, id",
            )
        for step in steps:
            connection.exec_driver_sql(step)
    engine.dispose()


def _megabytes(url: str) -> int:
    engine = create_engine(make_url(url))
    with engine.connect() as connection:
        if make_url(url).get_backend_name() == "postgresql":
            size = connection.scalar(
                text("SELECT sum(pg_total_relation_size(name::regclass)) FROM (VALUES ('sketches'), ('bands')) t(name)")
            )
        else:
            size = Path(str(make_url(url).database)).stat().st_size
    engine.dispose()
    return int(size or 0) // 1_000_000


def _percentile(values: Sequence[float], percent: int) -> float:
    return statistics.quantiles(values, n=100)[percent - 1]


if __name__ == "__main__":
    main()

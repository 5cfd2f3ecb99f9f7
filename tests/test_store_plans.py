"""What PostgreSQL does for each question: with many comments stored, no question reads the whole table."""

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import pytest
from conftest import HOLD, HandClock
from sqlalchemy import Connection, create_engine, event, text

from moderator.comment import Comment, Status
from moderator.store import CallbackKind, Filter, Order, Site, Store, pruning
from moderator.store.ids import new_id
from moderator.store.schema import comments

COMMENTS = 20_000


@pytest.fixture(scope="module")
def url(postgres_server: str) -> str:
    """A store with many comments of 20 sites, most of them approved, a twentieth held; its statistics fresh."""
    engine = create_engine(postgres_server)
    with engine.begin() as connection:
        connection.execute(text("CREATE SCHEMA plans"))
    engine.dispose()
    url = f"{postgres_server}?options=-csearch_path%3Dplans"
    Store.upgrade(url)
    clock = HandClock()
    store = Store.open(url, clock=clock)
    for number in range(20):
        site, _ = store.add_site(f"site {number}")
        store.callbacks.set(site.id, CallbackKind.NATIVE, "https://blog.example/hook", allow_private=False)
    made = store.remember(site, Comment("Hello " * 20, id="first"), HOLD, at=clock())
    store.close()
    start = int(clock.now.timestamp() * 1e6)
    engine = create_engine(url)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        columns = [column.name for column in comments.columns]
        instead = {
            "id": "upper(lpad(to_hex(n + 1), 10, '0')) || substr(c.id, 1, 1) || lpad(upper(to_hex(n)), 15, '0')",
            "site_id": "1 + n % 20",
            "external_id": "'x' || n",
            "status": "CASE WHEN n % 20 = 3 THEN 'held' WHEN n % 20 = 4 THEN 'rejected' ELSE 'approved' END",
            "score": "(n % 1000) / 1000.0",
            "received_at": f"{start} + n * 1000000::bigint",
            "rule": "CASE WHEN n % 3 = 0 THEN 'link_only' ELSE 'in_doubt' END",
            "language": "CASE WHEN n % 50 = 0 THEN 'de' ELSE 'en' END",
        }
        told = ", ".join(instead.get(name, f'c."{name}"') for name in columns)
        names = ", ".join(f'"{name}"' for name in columns)
        many = f"SELECT {told} FROM comments c, generate_series(1, {COMMENTS}) n WHERE c.id = :id"
        connection.execute(text(f"INSERT INTO comments ({names}) {many}"), {"id": made.id})
        told_blogs = (
            "INSERT INTO outbox "
            "(id, site_id, comment_id, version, state, attempts, queued_at, next_at, finished_at, note) "
            "SELECT c.id, c.site_id, c.id, 1, CASE WHEN c.score = 0.003 THEN 'waiting' ELSE 'delivered' END, 1, "
            "c.received_at, c.received_at, c.received_at, '' FROM comments c"
        )
        connection.execute(text(told_blogs))
        connection.execute(text("VACUUM ANALYZE comments"))
        connection.execute(text("ANALYZE"))
    engine.dispose()
    return url


@pytest.fixture
def store(url: str, clock: HandClock) -> Iterator[Store]:
    opened = Store.open(url, clock=clock)
    yield opened
    opened.close()


Asked = list[tuple[str, Any]]


def plans(store: Store, ask: Callable[[], object]) -> list[str]:
    """How PostgreSQL answers the statements that the question asks."""
    asked: Asked = []

    def listen(connection: Connection, cursor: Any, statement: str, parameters: Any, *more: Any) -> None:
        asked.append((statement, parameters))

    engine = store._process.here().engine
    event.listen(engine, "before_cursor_execute", listen)
    try:
        ask()
    finally:
        event.remove(engine, "before_cursor_execute", listen)
    found = []
    with engine.connect() as connection:
        for statement, parameters in asked:
            if statement.lstrip().upper().startswith(("SELECT", "WITH", "UPDATE", "DELETE")):
                plan = connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)
                found.append("\n".join(row[0] for row in plan))
        connection.rollback()
    assert found
    return found


def reads_all(plan: str) -> bool:
    return "Seq Scan on comments" in plan or "Seq Scan on outbox" in plan


FILTERS: dict[str, dict[str, Any]] = {
    "all": {},
    "of a site": {"site_id": 7},
    "by rule": {"rule": "link_only"},
    "by language of a site": {"language": "de", "site_id": 7},
    "by score": {"least": 0.4, "most": 0.6},
    "with links": {"has_link": True},
    "with a text": {"text": "nowhere to be found"},
    "of an author of a site": {"author": "nobody", "site_id": 7},
}


@pytest.mark.parametrize(
    ("status", "which"), [*product([Status.HELD, Status.APPROVED, Status.REJECTED, None], FILTERS)]
)
def test_no_page_of_a_queue_reads_the_whole_table(store: Store, status: Status | None, which: str) -> None:
    orders = list(Order) if status is Status.HELD else [Order.NEWEST, Order.OLDEST]
    for order in orders:
        page = store.queue(Filter(status=status, **FILTERS[which]), order)
        for place in (None, page.further):
            for plan in plans(store, lambda: store.queue(Filter(status=status, **FILTERS[which]), order, before=place)):  # noqa: B023
                assert not reads_all(plan), (order, place, plan)


QUESTIONS: dict[str, Callable[[Store, Site], object]] = {
    "a comment by the blog's id": lambda store, site: store.comment_by_external_id(site, "x17"),
    "a comment by our id": lambda store, site: store.comment(site, new_id(1)),
    "the history of a comment": lambda store, site: store.history(new_id(1)),
    "what teaches": lambda store, site: list(store.labelled()),
    "what waits, for who watches": lambda store, site: store.watching.look(),
    "the newest comment": lambda store, site: store.watching.newest(),
    "what is due to blogs": lambda store, site: store.outbox.due(),
    "messages of a comment": lambda store, site: store.outbox.of_comment(new_id(1)),
    "a site by its key": lambda store, site: store.site_by_key("mk_unknown"),
    "the models in force": lambda store, site: store.models.order(),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_no_question_of_every_day_reads_the_whole_table(store: Store, question: str) -> None:
    site = store.site_by_name("site 7")
    assert site is not None
    for plan in plans(store, lambda: QUESTIONS[question](store, site)):
        assert not reads_all(plan), plan


def test_pruning_walks_an_index(store: Store) -> None:
    for plan in plans(store, lambda: store._read(lambda c: pruning._page(c, "0000001000", "0000001800"))):
        assert "Index Scan using pk_comments" in plan

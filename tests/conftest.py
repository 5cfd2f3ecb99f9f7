"""What several test files need: a clock that the test sets, and a store on each engine."""

import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import outside
import pytest
from blogs import Blog, blog
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from moderator.callbacks.courier import Courier
from moderator.comment import Action, Comment, Decision, Reason, Word
from moderator.store import Remembered, Site, Store

POSTGRES = os.environ.get("MODERATOR_TEST_POSTGRES", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres")
POSTGRES_TOLD = "MODERATOR_TEST_POSTGRES" in os.environ


SEEN = Path(tempfile.gettempdir()) / f"moderator-outside-{os.getpid()}"
os.environ[outside.FILE] = str(SEEN)
outside.watch()


@pytest.fixture(scope="session", autouse=True)
def nobody_goes_outside() -> Iterator[None]:
    """No test, and no server or command that a test starts, asks a name or a machine that is not here."""
    yield
    seen = SEEN.read_text().splitlines() if SEEN.exists() else []
    SEEN.unlink(missing_ok=True)
    assert seen == []


class HandClock:
    """A clock that goes only when told to."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, 19, 0, 0, 123456, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **what: float) -> None:
        """Let so much time pass."""
        self.now += timedelta(**what)


HOLD = Decision(Action.HOLD, "in_doubt", 0.625, (Reason("words", "These words weighed.", (0, 4)),), "m1")
APPROVE = Decision(Action.APPROVE, "probably_fine", 0.03125, (), "m1")
REJECT = Decision(Action.REJECT, "surely_spam", 0.9990234375, (Reason("words", "Bad words."),), "m2")


@pytest.fixture
def clock() -> HandClock:
    """A clock that the test sets."""
    return HandClock()


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """Where a new SQLite store may be."""
    return f"sqlite:///{tmp_path}/moderator.sqlite3"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a database of this test run's own."""
    server = create_engine(POSTGRES, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 3})
    name = f"moderator_test_{secrets.token_hex(4)}"
    try:
        with server.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
    except OperationalError:
        server.dispose()
        if POSTGRES_TOLD:
            raise
        pytest.skip("no PostgreSQL at 127.0.0.1:5432; set MODERATOR_TEST_POSTGRES to test on one")
    yield make_url(POSTGRES).set(database=name).render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()


@pytest.fixture
def postgres_url(postgres_server: str) -> str:
    """A new schema in that database."""
    name = f"s{secrets.token_hex(4)}"
    engine = create_engine(postgres_server)
    with engine.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {name}"))
    engine.dispose()
    return f"{postgres_server}?options=-csearch_path%3D{name}"


@pytest.fixture(params=["sqlite", "postgres"])
def store_url(request: pytest.FixtureRequest) -> str:
    """A place for a new store, on each engine in turn."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def store(store_url: str, clock: HandClock) -> Iterator[Store]:
    """An open, empty store."""
    Store.upgrade(store_url)
    opened = Store.open(store_url, clock=clock)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def empty_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with its tables."""
    path = tmp_path_factory.mktemp("empty") / "moderator.sqlite3"
    Store.upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture
def quick_store(empty_sqlite: Path, sqlite_url: str, clock: HandClock) -> Iterator[Store]:
    """An open, empty store on SQLite alone, for what does not depend on the engine."""
    shutil.copy(empty_sqlite, sqlite_url.removeprefix("sqlite:///"))
    opened = Store.open(sqlite_url, clock=clock)
    yield opened
    opened.close()


@pytest.fixture
def site(store: Store) -> Site:
    """A site in it."""
    return store.add_site("blog")[0]


Send = Callable[..., Remembered]


@pytest.fixture
def send(store: Store, site: Site, clock: HandClock) -> Send:
    """Send a comment as the blog would: body, its id, the decision on it. A millisecond passes before each."""

    def send(body: str = "Thank you!", own_id: str = "", decision: Decision = HOLD, to: Site = site) -> Remembered:
        clock.pass_(milliseconds=1)
        return store.remember(to, Comment(body, id=own_id), decision, at=clock())

    return send


@pytest.fixture
def here() -> Iterator[Blog]:
    """A blog that listens."""
    with blog() as listening:
        yield listening


@pytest.fixture
def courier(store: Store, clock: HandClock) -> Courier:
    """Who tells blogs, when asked to."""
    return Courier(store, clock, chance=lambda: 0.0)


Judge = Callable[..., str]


@pytest.fixture
def judge(store: Store, send: Send, clock: HandClock) -> Judge:
    """A moderator's word on a new comment, of this id at the blog; our id."""

    def judge(own_id: str, word: Word = Word.HAM, **more: Site) -> str:
        answer = send(own_id=own_id, **more)
        clock.pass_(milliseconds=1)
        store.give_verdict(answer.id, word, by="ann", door="page")
        return answer.id

    return judge

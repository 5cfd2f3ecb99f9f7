"""What is answered is on disk: kills, full disks, forks, races, and stores that cannot be used."""

import os
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from conftest import HOLD, HandClock
from sqlalchemy import create_engine, text
from sqlalchemy.schema import CreateIndex

from moderator.comment import Comment, Status
from moderator.store import Store, StoreError, upgrade
from moderator.store.schema import metadata

HEAD = """
import os, random, resource, select, signal, sys, time
from datetime import UTC, datetime
from moderator.comment import Action, Comment, Decision
from moderator.store import Store, StoreError

URL = sys.argv[1]
HOLD = Decision(Action.HOLD, "in_doubt", 0.5, (), "m1")

def now():
    return datetime.now(UTC)
"""


def run(program: str, *arguments: str) -> str:
    """What a process of its own prints; it must end well."""
    source = HEAD + textwrap.dedent(program)
    command = [sys.executable, "-W", "error", "-c", source, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_kill_loses_no_acknowledged_decision(store_url: str, clock: HandClock) -> None:
    Store.upgrade(store_url)
    printed = run(
        """
        import threading
        pid = os.fork()
        if pid == 0:
            store = Store.open(URL, clock=now)
            store.add_site("blog")
            store.close()
            os._exit(0)
        os.waitpid(pid, 0)

        def write(out, round_):
            store = Store.open(URL, clock=now)
            site = store.site_by_name("blog")
            def work(own):
                for number in range(100_000):
                    own_id = f"{round_}-{own}-{number}"
                    store.remember(site, Comment("Hello " * 50, id=own_id), HOLD, at=now())
                    os.write(out, (own_id + "\\n").encode())
            for own in range(3):
                threading.Thread(target=work, args=(own,)).start()

        for round_ in range(20):
            back, out = os.pipe()
            pid = os.fork()
            if pid == 0:
                os.close(back)
                write(out, round_)
                time.sleep(60)
            os.close(out)
            acknowledged = os.read(back, 100)
            time.sleep(random.uniform(0.0, 0.06))
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            while some := os.read(back, 65536):
                acknowledged += some
            os.close(back)
            sys.stdout.write(acknowledged[:acknowledged.rindex(b"\\n") + 1].decode())
        """,
        store_url,
    )
    acknowledged = printed.split()
    assert len(acknowledged) >= 20
    store = Store.open(store_url, clock=clock)
    site = store.site_by_name("blog")
    assert site is not None
    engine = create_engine(store_url)
    with engine.connect() as connection:
        stored = {own_id for (own_id,) in connection.execute(text("SELECT external_id FROM comments"))}
        halves = connection.scalar(
            text("SELECT count(*) FROM comments WHERE content IS NULL OR action IS NULL OR reasons IS NULL")
        )
        if store_url.startswith("sqlite"):
            assert connection.scalar(text("PRAGMA integrity_check")) == "ok"
    engine.dispose()
    assert set(acknowledged) <= stored
    assert halves == 0
    store.close()


def test_a_full_disk_is_an_error_and_neither_loss_nor_damage(sqlite_url: str, clock: HandClock) -> None:
    Store.upgrade(sqlite_url)
    printed = run(
        """
        store = Store.open(URL, clock=now)
        site, _ = store.add_site("blog")
        stored = 0
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        path = URL.removeprefix("sqlite:///")
        size = max(os.path.getsize(path), os.path.getsize(path + "-wal"))
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 200_000, hard))
        try:
            for number in range(1000):
                store.remember(site, Comment("x" * 5000, id=f"a{number}"), HOLD, at=now())
                stored += 1
        except StoreError as error:
            assert "disk" in str(error), error
        else:
            raise SystemExit("the disk was never full")
        for number in range(3):
            try:
                store.remember(site, Comment("x" * 50_000, id=f"b{number}"), HOLD, at=now())
            except StoreError:
                continue
            stored += 1
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        store.remember(site, Comment("works again", id="c"), HOLD, at=now())
        print(stored + 1)
        store.close()
        """,
        sqlite_url,
    )
    store = Store.open(sqlite_url, clock=clock)
    assert store.counts()[Status.HELD] == int(printed) > 10
    store.close()
    connection = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_two_processes_store_each_comment_once(store_url: str, clock: HandClock) -> None:
    Store.upgrade(store_url)
    store = Store.open(store_url, clock=clock)
    site, _ = store.add_site("blog")
    printed = run(
        """
        for own in range(2):
            if os.fork() == 0:
                store = Store.open(URL, clock=now)
                site = store.site_by_name("blog")
                ids = [store.remember(site, Comment("Hi", id=str(n)), HOLD, at=now()).id for n in range(150)]
                os.write(1, (" ".join(ids) + "\\n").encode())
                store.close()
                os._exit(0)
        for own in range(2):
            assert os.wait()[1] == 0
        """,
        store_url,
    )
    first, second = printed.splitlines()
    assert first == second
    assert store.counts()[Status.HELD] == 150
    assert store.comment_by_external_id(site, "149") is not None
    store.close()


def test_a_child_of_a_fork_connects_anew(store_url: str) -> None:
    Store.upgrade(store_url)
    printed = run(
        """
        import warnings
        warnings.simplefilter("ignore")  # Python 3.12 warns of any fork with threads, which is the point here
        store = Store.open(URL, clock=now)
        site, _ = store.add_site("blog")
        store.remember(site, Comment("parent", id="1"), HOLD, at=now())
        pid = os.fork()
        if pid == 0:
            known = store.remember(site, Comment("parent", id="1"), HOLD, at=now()).known
            store.remember(site, Comment("child", id="2"), HOLD, at=now())
            store.close()
            os._exit(0 if known else 1)
        assert os.waitpid(pid, 0)[1] == 0
        store.remember(site, Comment("parent", id="3"), HOLD, at=now())
        print(store.counts()["held"])
        store.close()
        """,
        store_url,
    )
    assert printed.strip() == "3"


def test_four_first_starts_at_once_migrate_once(store_url: str, clock: HandClock) -> None:
    source = HEAD + "Store.upgrade(URL)\nStore.open(URL, clock=now).close()\n"
    starts = [subprocess.Popen([sys.executable, "-c", source, store_url], stderr=subprocess.PIPE) for _ in range(4)]
    assert [start.communicate(timeout=60)[1].decode() for start in starts] == [""] * 4
    store = Store.open(store_url, clock=clock)
    assert store.sites() == ()
    store.close()


# On SQLite Alembic cannot read an index on an expression back, and compares it with nothing.
@pytest.mark.filterwarnings("ignore:.*expression-based index .?ix_comments_counted")
def test_the_migrations_make_the_tables_that_the_code_knows(store: Store, store_url: str) -> None:
    engine = create_engine(store_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        if engine.dialect.name == "sqlite":
            made = connection.scalar(text("SELECT sql FROM sqlite_master WHERE name = 'ix_comments_counted'"))
            (known,) = (one for one in metadata.tables["comments"].indexes if one.name == "ix_comments_counted")
            assert str(made).split() == str(CreateIndex(known)).split()
    revisions = list(ScriptDirectory(str(upgrade.MIGRATIONS)).walk_revisions())
    assert [script.revision for script in reversed(revisions)] == list(upgrade.KNOWN_LEVELS)
    engine.dispose()
    Store.upgrade(store_url)  # again: nothing to do


def test_every_connection_to_sqlite_is_told_to_be_durable(sqlite_url: str, clock: HandClock) -> None:
    Store.upgrade(sqlite_url)
    store = Store.open(sqlite_url, clock=clock)
    asked = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout", "secure_delete")

    def told(connection: object) -> list[object]:
        return [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in asked]  # type: ignore[attr-defined]

    assert store._read(told) == store._write(told) == ["wal", 2, 1, 4000, 1]
    store.close()


def test_postgres_commits_to_disk_whatever_the_server_says(postgres_url: str, clock: HandClock) -> None:
    Store.upgrade(postgres_url)
    store = Store.open(postgres_url, clock=clock)
    assert store._write(lambda connection: connection.exec_driver_sql("SHOW synchronous_commit").scalar()) == "on"
    store.close()


def test_a_lost_connection_is_replaced(postgres_url: str, clock: HandClock) -> None:
    Store.upgrade(postgres_url)
    store = Store.open(postgres_url, clock=clock)
    site, _ = store.add_site("blog")
    engine = create_engine(postgres_url)
    with engine.connect() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    engine.dispose()
    assert not store.remember(site, Comment("Hello", id="1"), HOLD, at=clock()).known
    store.close()


def test_the_file_is_nobody_elses_to_read(sqlite_url: str) -> None:
    Store.upgrade(sqlite_url)
    assert Path(sqlite_url.removeprefix("sqlite:///")).stat().st_mode & 0o777 == 0o600


def test_a_store_that_is_not_there_or_empty_says_what_to_run(store_url: str, clock: HandClock) -> None:
    with pytest.raises(StoreError, match="run `moderator"):
        Store.open(store_url, clock=clock)


def test_a_newer_store_is_refused(store: Store, store_url: str, clock: HandClock) -> None:
    engine = create_engine(store_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    for attempt in (lambda: Store.open(store_url, clock=clock), lambda: Store.upgrade(store_url)):
        with pytest.raises(StoreError, match="made by a newer moderator"):
            attempt()


def test_a_file_that_is_no_database_is_refused(sqlite_url: str, clock: HandClock) -> None:
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    path.write_text("This is a shopping list. " * 200)
    for attempt in (lambda: Store.open(sqlite_url, clock=clock), lambda: Store.upgrade(sqlite_url)):
        with pytest.raises(StoreError, match="is no SQLite file"):
            attempt()
    assert path.read_text().startswith("This is a shopping list.")


@pytest.mark.parametrize("url", ["mysql://host/x", "sqlite://", "sqlite:///:memory:", "no url at all"])
def test_a_url_that_is_no_stores_is_refused(url: str, clock: HandClock) -> None:
    with pytest.raises(StoreError, match="sqlite:///folder/file"):
        Store.open(url, clock=clock)


def test_a_server_that_is_not_there_is_named_without_its_password(clock: HandClock) -> None:
    with pytest.raises(StoreError, match="does not answer") as caught:
        Store.open("postgresql+psycopg://ann:opensesame@127.0.0.1:1/x", clock=clock)
    assert "opensesame" not in str(caught.value)


def test_a_read_only_folder_is_refused(tmp_path: Path, clock: HandClock) -> None:
    folder = tmp_path / "locked"
    folder.mkdir()
    url = f"sqlite:///{folder}/moderator.sqlite3"
    Store.upgrade(url)
    for name in folder.iterdir():
        name.chmod(0o444)
    folder.chmod(0o555)
    # root writes everywhere, so the test does it as nobody
    source = HEAD + textwrap.dedent(
        """
        if os.getuid() == 0:
            os.setuid(65534)
        try:
            store = Store.open(URL, clock=now)
            store.check()
        except StoreError as error:
            print(error)
        else:
            raise SystemExit("it was written")
        """
    )
    if os.getuid() == 0:
        for parent in [tmp_path, *tmp_path.parents]:
            if parent.stat().st_uid == 0 and parent.name.startswith(("pytest-", "popen-", "test_")):
                parent.chmod(0o755)
        for name in folder.iterdir():
            name.chmod(0o444)
    done = subprocess.run([sys.executable, "-c", source, url], capture_output=True, text=True, check=False)
    folder.chmod(0o755)
    assert done.returncode == 0, done.stderr
    assert "writable for this user" in done.stdout


def test_a_closed_store_says_so(store: Store) -> None:
    store.close()
    with pytest.raises(StoreError, match="was closed"):
        store.counts()

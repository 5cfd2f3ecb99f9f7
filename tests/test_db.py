"""The store moved, copied and looked through: both engines, both ways, while others read and write."""

import gzip
import json
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import command
from conftest import APPROVE, HOLD, HandClock
from sqlalchemy import create_engine, text
from test_story import MODERATOR, environment

from moderator.comment import Author, Comment, Status, Word
from moderator.store import CallbackKind, Purpose, Role, Store, StoreError, backups, checking, portable, upgrade
from moderator.store import engine as engines


def fill(store: Store, clock: HandClock, comments: int = 30) -> None:
    """Something in most tables, edits, undone verdicts and odd texts among it."""
    site, _ = store.add_site("blog")
    store.add_site("other, with Ünïcode")
    store.revoke_key(store.keys(site.id)[0].id)
    store.add_key(site.id)
    store.secrets.add(site.id, Purpose.WEBHOOK)
    store.callbacks.set(site.id, CallbackKind.NATIVE, "https://blog.example/hook", allow_private=False)
    for number in range(comments):
        clock.pass_(milliseconds=1)
        body = f"Comment {number} \U0001f600 'quoted' \\ \t\n \u2028 {'x' * number}"
        store.remember(site, Comment(body, id=str(number), author=Author("Ann", "a@b.c")), HOLD, at=clock())
    first = store.comment_by_external_id(site, "0")
    second = store.comment_by_external_id(site, "1")
    assert first is not None and second is not None
    store.remember(site, Comment("edited", id="0"), APPROVE, at=clock())
    given = store.give_verdict(second.id, Word.SPAM, by="ann", door="page")
    store.undo(given.verdict_id, by="ann")
    person = store.add_person("ann", Role.ADMIN)
    store.use_link(store.add_link(person.id), "a long enough password")
    store.start_session(person.id)


@pytest.fixture
def filled(store: Store, clock: HandClock) -> Store:
    fill(store, clock)
    return store


@pytest.fixture(params=["sqlite", "postgres"])
def other_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A place for a second store, on each engine in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/other.sqlite3"
    server = request.getfixturevalue("postgres_server")
    engine = create_engine(server)
    with engine.begin() as connection:
        name = f"o{tmp_path.name[-40:].lower()}".replace("-", "_").replace("[", "_").replace("]", "_")
        connection.execute(text(f'DROP SCHEMA IF EXISTS "{name}" CASCADE'))
        connection.execute(text(f'CREATE SCHEMA "{name}"'))
    engine.dispose()
    return f"{server}?options=-csearch_path%3D{name}"


def lines_of(url: str) -> list[bytes]:
    return list(portable.export(engines.parse(url)))


def test_a_store_moves_to_either_engine_with_every_row(
    filled: Store, store_url: str, other_url: str, clock: HandClock
) -> None:
    lines = lines_of(store_url)
    tables = portable.load(engines.parse(other_url), lines)
    assert {name: (t.rows, t.checksum) for name, t in tables.items()} == {
        name: (t["rows"], t["checksum"]) for name, t in json.loads(lines[-1])["tables"].items()
    }
    assert tables["comments"].rows == 30 and tables["decisions"].rows == 1 and tables["verdicts"].rows == 2
    moved = Store.open(other_url, clock=clock)
    try:
        assert [site.name for site in moved.sites()] == [site.name for site in filled.sites()]
        site = moved.site_by_name("blog")
        assert site is not None
        for number in range(30):
            assert moved.comment_by_external_id(site, str(number)) == filled.comment_by_external_id(site, str(number))
        # What comes after goes on counting from where it was.
        new, _ = moved.add_site("one more")
        assert new.id == 3
        assert moved.log_in("ann", "a long enough password", address="192.0.2.1") is not None
    finally:
        moved.close()
    assert sorted(lines_of(other_url)[1:2]) == sorted(lines[1:2])


def test_a_stream_that_is_cut_or_changed_stores_nothing(
    filled: Store, store_url: str, tmp_path: Path, clock: HandClock
) -> None:
    lines = lines_of(store_url)
    target = engines.parse(f"sqlite:///{tmp_path}/target.sqlite3")
    some = next(place for place, line in enumerate(lines) if b"Comment 7 " in line)
    broken = {
        "cut": lines[:some],
        "cut in a line": [*lines[:some], lines[some][:40]],
        "without an end": lines[:-1],
        "another text": [*lines[:some], lines[some].replace(b"Comment 7", b"Comment 8"), *lines[some + 1 :]],
        "a row less": lines[:some] + lines[some + 1 :],
        "a row twice": [*lines[:some], lines[some], *lines[some:]],
        "no JSON": [*lines[:some], b"what is this\n", *lines[some + 1 :]],
        "another program's": [b'{"hello": 1}\n', *lines[1:]],
        "of a newer one": [lines[0].replace(b'"level":"', b'"level":"9'), *lines[1:]],
        "nothing": [],
    }
    for name, stream in broken.items():
        with pytest.raises(StoreError, match=r"nothing was stored|no export|newer|it ends here"):
            portable.load(target, stream)
        connection = sqlite3.connect(str(target.database))
        assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,), name
        connection.close()
    assert portable.load(target, lines)["comments"].rows == 30


def test_a_store_that_holds_something_is_not_written_over_unless_told(
    filled: Store, store_url: str, other_url: str, clock: HandClock
) -> None:
    lines = lines_of(store_url)
    Store.upgrade(other_url)
    there = Store.open(other_url, clock=clock)
    there.add_site("was here")
    with pytest.raises(StoreError, match=r"is not empty \(sites"):
        portable.load(engines.parse(other_url), lines)
    assert [site.name for site in there.sites()] == ["was here"]
    portable.load(engines.parse(other_url), lines, replace=True)
    # A server that has it open goes on with what is there now.
    assert there.site_by_name("was here") is None and there.site_by_name("blog") is not None
    there.close()


def test_an_export_of_an_older_version_is_brought_to_this_level(
    filled: Store, store_url: str, tmp_path: Path, clock: HandClock
) -> None:
    target = f"sqlite:///{tmp_path}/old.sqlite3"
    url = engines.parse(target)
    engine = engines.connect(url)
    with engine.begin() as connection:
        engines.begin_writing(connection)
        upgrade.bring_up(connection, url, to="0005")
        connection.execute(text("INSERT INTO sites (name, policy, created_at) VALUES ('old blog', '{}', 1)"))
    engine.dispose()
    lines = lines_of(target)
    assert json.loads(lines[0])["level"] == "0005"
    portable.load(url, lines, replace=True)
    store = Store.open(target, clock=clock)
    assert [site.name for site in store.sites()] == ["old blog"]
    store.close()


def test_four_upgrades_at_once_of_a_store_with_comments_do_it_once(store_url: str, clock: HandClock) -> None:
    url = engines.parse(store_url)
    old = upgrade.KNOWN_LEVELS[-2]
    if engines.is_sqlite(url):
        upgrade.create_file(url)
    engine = engines.connect(url)
    with engine.begin() as connection:
        engines.begin_writing(connection)
        upgrade.bring_up(connection, url, to=old)
        connection.execute(text("INSERT INTO sites (name, policy, created_at) VALUES ('blog', '{}', 1)"))
    with pytest.raises(StoreError, match=f"is at level {old}, this version needs .*: run `moderator db upgrade`"):
        Store.open(store_url, clock=clock)
    engine.dispose()
    failed: list[BaseException] = []

    def bring_up() -> None:
        try:
            Store.upgrade(store_url)
        except BaseException as error:
            failed.append(error)

    racers = [threading.Thread(target=bring_up) for _ in range(4)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert failed == []
    opened = Store.open(store_url, clock=clock)
    opened.check()
    assert [site.name for site in opened.sites()] == ["blog"]
    opened._write(lambda c: c.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{old}'"))
    with pytest.raises(StoreError, match="db upgrade"):
        opened.check()
    opened._write(lambda c: c.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'"))
    opened.check()  # a newer version's tables are no reason to stop answering while nodes are replaced
    opened.close()


@pytest.fixture
def writing(store_url: str, clock: HandClock) -> Iterator[list[str]]:
    """Another process that stores comments all the time; the ids that it was told are stored."""
    source = (
        "import sys\nfrom datetime import UTC, datetime\n"
        "from moderator.comment import Action, Comment, Decision\nfrom moderator.store import Store\n"
        "store = Store.open(sys.argv[1], clock=lambda: datetime.now(UTC))\nsite = store.site_by_name('blog')\n"
        "for number in range(1_000_000):\n"
        "    store.remember(site, Comment('Hello ' * 20, id=f'w{number}'), Decision(Action.HOLD, 'in_doubt', 0.5, (), "
        "'m'), at=datetime.now(UTC))\n    print(f'w{number}', flush=True)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", source, store_url], stdout=subprocess.PIPE, text=True, env=environment()
    )
    assert process.stdout is not None
    told: list[str] = [process.stdout.readline().strip()]
    reader = threading.Thread(target=lambda out: told.extend(line.strip() for line in out), args=(process.stdout,))
    reader.start()
    yield told
    process.kill()
    reader.join()
    process.wait()
    process.stdout.close()


def test_a_backup_while_serving_holds_all_that_was_acknowledged_before_it(
    filled: Store, store_url: str, other_url: str, tmp_path: Path, clock: HandClock, writing: list[str]
) -> None:
    before = list(writing)
    made = backups.back_up(engines.parse(store_url), tmp_path / "backup", at=clock())
    count = len(writing)
    assert (tmp_path / "backup" / made.file).stat().st_mode & 0o777 == 0o600
    # The restore drill, on either engine.
    found = backups.restore(engines.parse(other_url), tmp_path / "backup")
    assert found == made
    restored = Store.open(other_url, clock=clock)
    site = restored.site_by_name("blog")
    assert site is not None
    assert before and all(restored.comment_by_external_id(site, own) is not None for own in before)
    assert restored.counts()[Status.HELD] >= len(before) + 29
    assert checking.look_through(engines.parse(other_url)).problems == ()
    restored.close()
    assert len(writing) >= count  # and nobody was stopped


def test_a_damaged_backup_is_refused_and_says_so(
    quick_store: Store, sqlite_url: str, tmp_path: Path, clock: HandClock
) -> None:
    fill(quick_store, clock)
    folder = tmp_path / "backup"
    made = backups.back_up(engines.parse(sqlite_url), folder, at=clock())
    target = engines.parse(f"sqlite:///{tmp_path}/target.sqlite3")
    with pytest.raises(StoreError, match="is not empty; give a new one"):
        backups.back_up(engines.parse(sqlite_url), folder, at=clock())
    whole = (folder / made.file).read_bytes()
    (folder / made.file).write_bytes(whole[:5000] + b"?" + whole[5001:])
    with pytest.raises(StoreError, match="is not what was written"):
        backups.restore(target, folder)
    (folder / made.file).write_bytes(whole)
    (folder / "manifest.json").write_text("{")
    with pytest.raises(StoreError, match="is damaged"):
        backups.restore(target, folder)
    with pytest.raises(StoreError, match="is no backup"):
        backups.restore(target, tmp_path / "nowhere")
    assert not Path(str(target.database)).exists()


def test_a_store_is_looked_through(filled: Store, store_url: str) -> None:
    found = checking.look_through(engines.parse(store_url))
    assert (found.level, found.problems) == (upgrade.NEWEST, ())
    assert found.rows["comments"] == 30
    engine = create_engine(store_url)
    with engine.begin() as connection:
        connection.execute(text("DROP INDEX ix_comments_held"))
    engine.dispose()
    (problem,) = checking.look_through(engines.parse(store_url)).problems
    assert problem.startswith("the index ix_comments_held is missing")


def test_a_file_with_a_damaged_page_is_found(quick_store: Store, sqlite_url: str, clock: HandClock) -> None:
    fill(quick_store, clock, comments=300)
    quick_store.close()
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    pages = bytearray(path.read_bytes())
    middle = len(pages) // 4096 // 2 * 4096
    pages[middle : middle + 4096] = b"\xff" * 4096
    path.write_bytes(pages)
    try:
        problems = checking.look_through(engines.parse(sqlite_url)).problems
    except StoreError as error:
        problems = (str(error),)
    assert problems and all("damaged" in problem for problem in problems)


def test_the_commands_move_a_store_by_a_pipe_and_by_a_file(postgres_url: str, tmp_path: Path, clock: HandClock) -> None:
    data = tmp_path / "data"
    data.mkdir()
    url = f"sqlite:///{data}/moderator.sqlite3"
    Store.upgrade(url)
    store = Store.open(url, clock=clock)
    fill(store, clock)
    store.close()
    line = (
        f'"$@" db export - --data "{data}" | "$@" db import - --json --data "{tmp_path}/new" '
        f'--database "{postgres_url}"'
    )
    moved = subprocess.run(
        ["sh", "-c", line, "sh", *MODERATOR], capture_output=True, text=True, env=environment(), check=False
    )
    assert moved.returncode == 0, moved.stderr
    assert json.loads(moved.stdout)["comments"]["rows"] == 30
    packed = tmp_path / "store.jsonl.gz"
    assert command("db", "export", str(packed), "--database", postgres_url).returncode == 0
    assert packed.stat().st_mode & 0o777 == 0o600
    assert json.loads(gzip.decompress(packed.read_bytes()).splitlines()[0])["moderator"] == "export"
    refused = command("db", "import", str(packed), "--data", str(data))
    assert (refused.returncode, len(refused.stderr.splitlines())) == (2, 1)
    assert "is not empty" in refused.stderr
    assert command("db", "import", str(packed), "--data", str(data), "--replace").returncode == 0
    checked = command("db", "check", "--data", str(data), "--json")
    assert (checked.returncode, json.loads(checked.stdout)["problems"]) == (0, [])


def test_the_commands_back_up_models_too_and_the_secret_only_if_told(tmp_path: Path) -> None:
    data, drill = tmp_path / "data", tmp_path / "drill"
    command("sites", "add", "blog", "--data", str(data))
    (data / "model" / "m1").mkdir(parents=True)
    (data / "model" / "current.json").write_text('{"current": "m1", "before": []}')
    (data / "secret").write_bytes(b"s" * 32)
    assert command("db", "backup", str(tmp_path / "one"), "--data", str(data)).returncode == 0
    assert not (tmp_path / "one" / "secret").exists()
    assert command("db", "backup", str(tmp_path / "two"), "--with-secret", "--data", str(data)).returncode == 0
    restored = command("db", "restore", str(tmp_path / "two"), "--data", str(drill), "--json")
    assert restored.returncode == 0, restored.stderr
    assert json.loads(restored.stdout)["sites"]["rows"] == 1
    assert (drill / "model" / "current.json").read_text() == (data / "model" / "current.json").read_text()
    assert (drill / "secret").stat().st_mode & 0o777 == 0o600
    assert "blog" in command("sites", "list", "--data", str(drill)).stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("db", "check"),
        ("db", "export", "-"),
        ("db", "backup", "B"),
        ("db", "import", "nowhere"),
        ("db", "restore", "B"),
    ],
)
def test_what_is_not_there_is_told_in_one_line_and_nothing_is_made(arguments: tuple[str, ...], tmp_path: Path) -> None:
    given = [str(tmp_path / "B") if word == "B" else word for word in arguments]
    failed = command(*given, "--data", str(tmp_path / "data"))
    assert (failed.returncode, failed.stdout, len(failed.stderr.splitlines())) == (2, "", 1), failed.stderr
    assert not (tmp_path / "data" / "moderator.sqlite3").exists()
    assert not (tmp_path / "B").exists()

"""``moderator import``: every source of history, what it says, and what goes wrong."""

import json
import os
import pty
import re
import secrets
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from test_story import TOP, environment

from moderator.cli import commands
from moderator.comment import Status, Word
from moderator.store import Filter, Store, StoredComment
from moderator.training.readers import CorpusError, wordpress_database

CASES = Path(__file__).parent / "cases" / "exports"
MARIADB = os.environ.get("MODERATOR_TEST_MARIADB", "mysql://root@127.0.0.1:3306")
MARIADB_TOLD = "MODERATOR_TEST_MARIADB" in os.environ


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """An installation with a site ``blog``."""
    folder = tmp_path / "data"
    assert run("sites", "add", "blog", data=folder).exit_code == 0
    return folder


def run(*arguments: str, data: Path) -> Result:
    return CliRunner().invoke(commands, [*arguments, "--data", str(data)], standalone_mode=False)


def bring(data: Path, *arguments: object, status: int = 0) -> dict[str, object]:
    """Import, and what is said as JSON."""
    done = run("import", "blog", "--json", *map(str, arguments), data=data)
    assert done.exception is None, done.exception
    assert done.return_value == status
    return dict(json.loads(done.stdout.splitlines()[-1]))


def stored(data: Path) -> dict[str, StoredComment]:
    store = Store.open(f"sqlite:///{data}/moderator.sqlite3", clock=lambda: datetime.now(UTC))
    found = {one.comment.id: one for one in store.queue(Filter(status=None), limit=1000).comments}
    store.close()
    return found


def labels(data: Path) -> dict[str, str]:
    return {own_id: one.verdict.word.value for own_id, one in stored(data).items() if one.verdict}


# Files


def test_a_wordpress_export_becomes_labels(data: Path) -> None:
    said = bring(data, CASES / "wordpress.xml")
    assert (said["read"], said["ham"], said["spam"], said["stored"]) == (7, 3, 1, 4)
    assert said["passed"] == {"pending": 1, "in the trash": 1, "of the kind order_note": 1}
    assert labels(data) == {"11": "ham", "12": "ham", "13": "spam", "21": "ham"}
    first = stored(data)["11"]
    assert first.verdict is not None
    assert (first.verdict.by, first.verdict.door) == ("import wordpress.xml", "import")
    assert first.received == first.verdict.at == datetime(2025, 5, 2, 9, tzinfo=UTC)
    assert (first.status, stored(data)["13"].status) == (Status.APPROVED, Status.REJECTED)
    assert first.comment.post.title == "Tomatoes & frost"


@pytest.mark.parametrize(
    ("name", "ham", "spam"), [("disqus.xml", 2, 1), ("labelled.csv", None, None), ("isso.db", 2, 0)]
)
def test_the_other_exports_do_too_and_once_only(
    name: str, ham: int | None, spam: int | None, data: Path, tmp_path: Path
) -> None:
    path = CASES / name
    if name == "isso.db":
        path = tmp_path / name
        with sqlite3.connect(path) as database:
            database.executescript((CASES / "isso.sql").read_text("utf-8"))
        database.close()
    dry = bring(data, path, "--dry-run")
    assert not stored(data)
    said = bring(data, path)
    assert {**said, "dry_run": True} == dry
    if ham is not None:
        assert (said["ham"], said["spam"]) == (ham, spam)
    assert said["stored"] == len(labels(data)) > 0
    again = bring(data, path)
    assert (again["stored"], again["known"]) == (0, said["stored"])


def test_rows_without_an_id_are_known_by_what_they_say_and_when(data: Path, tmp_path: Path) -> None:
    rows = [
        {"text": "Thanks!", "label": "ham", "date": "2024-01-01"},
        {"text": "Thanks!", "label": "ham", "date": "2024-01-02"},
        {"text": "Thanks!", "label": "ham", "date": "2024-01-02"},
    ]
    path = tmp_path / "old.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    dry = bring(data, path, "--dry-run")
    assert (dry["stored"], dry["known"]) == (2, 1)
    said = bring(data, path)
    assert (said["stored"], said["known"]) == (2, 1)
    assert bring(data, path)["stored"] == 0


def test_a_broken_row_is_told_and_does_not_stop_the_others(data: Path, tmp_path: Path) -> None:
    path = tmp_path / "old.jsonl"
    good = json.dumps({"id": 1, "text": "Thanks!", "label": "ham"})
    path.write_text("\n".join([*["{"] * 7, good, '{"text": "no label"}']))
    said = bring(data, path, status=1)
    assert (said["stored"], said["broken"]) == (1, 8)
    assert said["first_broken"][0].startswith("old.jsonl:1: is no JSON")  # type: ignore[index]
    told = run("import", "blog", str(path), data=data)
    assert "8 broken" in told.output
    assert "and 3 more" in told.output


def test_what_nobody_called_ham_or_spam_is_no_label(data: Path, tmp_path: Path) -> None:
    path = tmp_path / "old.csv"
    path.write_text("id,text,label\n1,Thanks,approved\n2,Hm,pending\n3,Bad,Trash\n4,Buy,spam\n")
    said = bring(data, path)
    assert (said["stored"], said["passed"]) == (2, {"pending": 1, "trash": 1})
    assert labels(data) == {"1": "ham", "4": "spam"}


def test_a_mistake_in_one_file_stores_nothing_of_the_others(data: Path, tmp_path: Path) -> None:
    for bad in (tmp_path / "missing.xml", CASES / "page_classic.html"):
        done = run("import", "blog", str(CASES / "wordpress.xml"), str(bad), data=data)
        assert isinstance(done.exception, CorpusError)
    assert not stored(data)
    assert run("import", "nobody", str(CASES / "wordpress.xml"), data=data).exception is not None


def test_a_bomb_is_refused_and_what_was_stored_before_is_told(data: Path) -> None:
    done = run("import", "blog", str(CASES / "wordpress.xml"), str(CASES / "entity_bomb.xml"), data=data)
    assert isinstance(done.exception, CorpusError)
    assert "document type" in str(done.exception)
    assert not stored(data) or "4 stored" in done.output


def test_it_says_how_to_learn_from_them_and_training_takes_them(data: Path) -> None:
    done = run("import", "blog", str(CASES / "wordpress.xml"), data=data)
    assert f"moderator train --data {data}" in done.output
    store = Store.open(f"sqlite:///{data}/moderator.sqlite3", clock=lambda: datetime.now(UTC))
    assert [(found.label, found.site) for found in store.labelled()].count((Word.SPAM, "blog")) == 1
    store.close()


# Large ones, and a person at the terminal


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("large") / "large.jsonl"
    with path.open("w") as file:
        for number in range(60_000):
            label = "spam" if number % 3 else "ham"
            file.write(json.dumps({"id": number, "text": f"Comment {number} of many", "label": label}) + "\n")
    return path


def started(data: Path, path: Path, stderr: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "moderator.cli", "import", "blog", str(path), "--data", str(data)]
    env = environment() | {"PYTHONPATH": str(TOP)}
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=stderr, text=True)


def test_ctrl_c_leaves_what_was_stored_and_says_so(data: Path, large: Path) -> None:
    process = started(data, large, subprocess.PIPE)
    assert process.stderr is not None
    assert "10,000 read" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "what is stored stays" in err
    told = int(re.findall(r"([\d,]+) stored", out)[0].replace(",", ""))
    store = Store.open(f"sqlite:///{data}/moderator.sqlite3", clock=lambda: datetime.now(UTC))
    assert sum(store.counts().values()) == told
    assert 10_000 <= told < 60_000
    store.close()


def test_who_watches_sees_a_bar(data: Path, tmp_path: Path) -> None:
    path = tmp_path / "small.jsonl"
    path.write_text("".join(json.dumps({"id": n, "text": "Hello there", "label": "ham"}) + "\n" for n in range(700)))
    ours, theirs = pty.openpty()
    process = started(data, path, theirs)
    process.communicate(timeout=60)
    os.close(theirs)
    shown = os.read(ours, 65_536).decode()
    os.close(ours)
    assert process.returncode == 0
    assert "[##############################] 100% 700 read, 700 new" in shown


# A WordPress database


@pytest.fixture
def wordpress() -> Iterator[str]:
    """The URL of a new database with the tables of a WordPress, on a real MariaDB."""
    pymysql = pytest.importorskip("pymysql", reason="PyMySQL is not installed: pip install 'moderator[wordpress]'")
    how = wordpress_database.address_of(f"{MARIADB}/mysql").how
    try:
        server = pymysql.connect(**how, charset="utf8mb4", autocommit=True)
    except pymysql.Error:
        if MARIADB_TOLD:
            raise
        pytest.skip("no MariaDB at 127.0.0.1:3306; set MODERATOR_TEST_MARIADB to test on one")
    name = f"moderator_test_{secrets.token_hex(4)}"
    with server.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        cursor.execute(f"USE {name}")
        cursor.execute("SET SESSION sql_mode = ''")  # WordPress writes dates of zeros
        for statement in (CASES / "wordpress.sql").read_text("utf-8").split(";\n"):
            if statement.strip():
                cursor.execute(statement)
        yield f"{MARIADB}/{name}"
        cursor.execute(f"DROP DATABASE {name}")
    server.close()


def test_a_wordpress_database_becomes_labels(data: Path, wordpress: str) -> None:
    said = bring(data, wordpress)
    assert (said["read"], said["ham"], said["spam"]) == (7, 3, 1)
    assert said["passed"] == {"pending": 1, "in the trash": 1, "of the kind order_note": 1}
    assert labels(data) == {"11": "ham", "12": "ham", "13": "spam", "21": "ham"}
    first, answer = stored(data)["11"], stored(data)["12"]
    assert (first.comment.author.name, first.comment.author.email) == ("Ann & Joe", "ann@example.com")
    assert (first.comment.ip, first.comment.user_agent) == ("192.0.2.7", "Mozilla/5.0")
    assert first.comment.body == "Ours went out in <em>mid May</em> and all lived. 🍅"
    assert (first.comment.post.title, first.comment.post.url) == ("Tomatoes & frost", "https://shed.example.org/?p=7")
    assert first.comment.created == datetime(2025, 5, 2, 9, tzinfo=UTC)
    assert (answer.comment.kind, answer.comment.parent.text) == ("reply", first.comment.body)
    assert answer.comment.created is None
    assert first.verdict is not None and "root" not in first.verdict.by
    again = bring(data, wordpress)
    assert (again["stored"], again["known"]) == (0, 4)


def test_a_database_and_an_export_of_one_blog_are_one_history(data: Path, wordpress: str, tmp_path: Path) -> None:
    bring(data, CASES / "wordpress.xml")
    said = bring(data, wordpress)
    assert said["stored"] == 0


def test_the_database_is_only_read(wordpress: str) -> None:
    pymysql = pytest.importorskip("pymysql")
    connection = wordpress_database._connect(wordpress_database.address_of(wordpress))
    with pytest.raises(pymysql.Error, match="READ ONLY"), connection.cursor() as cursor:
        cursor.execute("DELETE FROM wp_comments")
    connection.close()


def test_a_large_database_is_read_page_by_page(data: Path, wordpress: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wordpress_database, "PAGE", 2)
    assert bring(data, wordpress)["read"] == 7


def test_mistakes_at_the_database_are_one_line_with_the_cure(data: Path, wordpress: str) -> None:
    host = MARIADB.rpartition("@")[2]
    for url, cure in (
        (f"{wordpress}?prefix=blog_", "prefix"),
        (f"{MARIADB}/no_such_database_here", "database's name"),
        (f"mysql://nobody:hunter2@{host}/test", "user and password"),
        ("mysql://root@127.0.0.1:1/test", "host and port"),
    ):
        done = run("import", "blog", url, data=data)
        assert isinstance(done.exception, CorpusError)
        assert cure in str(done.exception)
        assert "hunter2" not in str(done.exception)


@pytest.mark.parametrize(
    "url",
    [
        "mysql://",
        "mysql://host",
        "mysql://host/a/b",
        "mysql://host:x/db",
        "mysql://host:99999/db",
        "mysql://[/db",
        "mariadb://host/db?prefix=wp_`;--",
        "mariadb://host/db?what=1",
        "mysql://host/db?prefix",
    ],
)
def test_a_wrong_url_of_a_database_is_told(url: str) -> None:
    with pytest.raises(CorpusError):
        wordpress_database.address_of(url)

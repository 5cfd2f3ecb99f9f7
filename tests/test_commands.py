"""The command line as a whole, and the commands of operators: doctor, policy, export, completion, the manual."""

import ast
import inspect
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest
from commands import command
from conftest import APPROVE, HOLD
from models import published
from test_story import TOP, environment

from moderator import cli
from moderator.cli import manual
from moderator.cli.examining import stored
from moderator.cli.progress import line, progress
from moderator.comment import Author, Comment, Word
from moderator.server import ServerError, shared_secret
from moderator.settings import load
from moderator.store import CallbackKind, Judged, Store


def all_commands(group: click.Group = cli.commands, path: str = "") -> Iterator[tuple[str, click.Command]]:
    for name, found in group.commands.items():
        if isinstance(found, click.Group):
            yield from all_commands(found, f"{path} {name}")
        else:
            yield f"{path} {name}".strip(), found


EACH = dict(all_commands())


@pytest.mark.parametrize("name", EACH)
def test_each_command_has_a_sentence_and_an_example_that_calls_it(name: str) -> None:
    told = inspect.cleandoc(EACH[name].help or "")
    assert told.split("\n\n")[0].endswith((".", ":", "]")), told
    example = told.split("\b\n")[-1]
    assert f"moderator {name}" in example or name == "upgrade"
    for parameter in EACH[name].params:
        if isinstance(parameter, click.Option):
            assert (parameter.help or "").rstrip("]").endswith((".", ")")) or "[default" in (parameter.help or ""), (
                parameter.name
            )


def test_the_page_of_commands_is_what_the_commands_say() -> None:
    told = (TOP / "docs/commands.md").read_text("utf-8")
    assert told == manual.page(cli.commands), "make it anew: moderator manual > docs/commands.md"


def test_each_exit_status_in_the_code_is_on_the_page_of_commands() -> None:
    used = {0, 2}
    for path in (TOP / "moderator").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            leaves = isinstance(node, ast.Call) and ast.unparse(node.func) == "sys.exit" and node.args
            if leaves and isinstance(node, ast.Call) and isinstance(node.args[0], ast.Constant):
                used.add(node.args[0].value)  # type: ignore[arg-type]
    for path in [*(TOP / "moderator/cli").glob("*.py"), TOP / "moderator/training/command.py"]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef) and ast.unparse(node.returns or ast.Constant(None)) == "int":
                for returned in ast.walk(node):
                    if isinstance(returned, ast.Return) and returned.value is not None:
                        used |= {
                            part.value
                            for part in ast.walk(returned.value)
                            if isinstance(part, ast.Constant) and type(part.value) is int and part.value < 256
                        }
    assert used <= {status for status, _ in manual.STATUSES}, used


def test_help_lists_each_command_under_a_heading() -> None:
    told = command("--help").stdout
    for title, under in cli.COMMANDS:
        assert f"{title}:" in told
        assert all(f"  {found.name} " in told for found in under)


@pytest.mark.parametrize(("shell", "says"), [("bash", "complete -o"), ("zsh", "#compdef"), ("fish", "complete ")])
def test_the_shells_are_told_how_to_complete(shell: str, says: str) -> None:
    told = command("completion", shell)
    assert told.returncode == 0 and says in told.stdout and "_MODERATOR_COMPLETE" in told.stdout


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
def test_bash_completes_commands_of_a_group(tmp_path: Path) -> None:
    script = tmp_path / "moderator"
    script.write_text(
        f'#!/bin/sh\nexec "{sys.executable}" -c '
        '\'import sys; sys.argv[0] = "moderator"; from moderator.cli import main; main()\' "$@"\n'
    )
    script.chmod(0o755)
    asked = subprocess.run(
        [script],
        env=environment() | {"_MODERATOR_COMPLETE": "bash_complete", "COMP_WORDS": "moderator db ", "COMP_CWORD": "2"},
        capture_output=True,
        text=True,
        check=False,
    )
    words = [line.partition(",")[2] for line in asked.stdout.splitlines()]
    assert {"upgrade", "check", "backup", "restore", "export", "import", "prune"} <= set(words), asked.stderr


def test_progress_is_lines_where_nobody_watches_and_nothing_where_it_is_quick(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter([0.0, 0.5, 1.5, 7.0, 8.0, 13.0])
    monkeypatch.setattr("moderator.cli.progress.time.monotonic", lambda: next(times))
    with progress() as show:
        for done in (1, 2, 3, 4, 5):
            show("comments", done * 1000, 5000)
    assert capsys.readouterr().err.splitlines() == [
        "comments:  60% 3,000 of 5,000",
        "comments: 100% 5,000 of 5,000",
    ]
    assert line("comments", 2500, 5000, bar=True) == f"comments [{'#' * 15:<30}]  50% 2,500 of 5,000"
    assert line("comments", 7, 0, bar=True) == "comments: 7"


# doctor


@pytest.fixture
def data(empty_sqlite: Path, tmp_path: Path) -> Path:
    """An installation in which all is well."""
    folder = tmp_path / "data"
    folder.mkdir()
    shutil.copy(empty_sqlite, folder / "moderator.sqlite3")
    (folder / "moderator.sqlite3").chmod(0o600)
    (folder / "secret").write_bytes(b"s" * 32)
    (folder / "secret").chmod(0o600)
    store = open_store(folder)
    store.add_site("blog")
    person = store.add_person("ann")
    store.use_link(store.add_link(person.id), "a long enough password")
    store.close()
    return folder


def open_store(folder: Path, ahead: timedelta = timedelta()) -> Store:
    return Store.open(f"sqlite:///{folder}/moderator.sqlite3", clock=lambda: datetime.now(UTC) + ahead)


def found_wrong(*arguments: object) -> list[tuple[str, str, str]]:
    """What doctor finds wrong or advises: about, said, cure."""
    done = command("doctor", "--json", *arguments)
    findings = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == int(any(finding["how"] == "wrong" for finding in findings)), done.stderr
    assert all(
        f["cure"] or "run `" in f["said"] or f["about"] in ("store", "model") for f in findings if f["how"] != "well"
    )
    return [(f["about"], f["said"], f["cure"]) for f in findings if f["how"] == "wrong"]


def test_doctor_finds_nothing_where_all_is_well(data: Path) -> None:
    assert found_wrong("--data", data) == []
    told = command("doctor", "--data", data)
    assert told.returncode == 0
    for about in ("folder", "disk", "secret", "store", "clock", "model", "sites"):
        assert f"well    {about}" in told.stdout


def others_read(data: Path) -> None:
    (data / "secret").chmod(0o644)


def short_secret(data: Path) -> None:
    (data / "secret").write_bytes(b"short")


def newer_store(data: Path) -> None:
    import sqlite3

    connection = sqlite3.connect(data / "moderator.sqlite3")
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()


def older_store(data: Path) -> None:
    import sqlite3

    connection = sqlite3.connect(data / "moderator.sqlite3")
    connection.execute("UPDATE alembic_version SET version_num = '0001'")
    connection.commit()
    connection.close()


def no_store(data: Path) -> None:
    (data / "moderator.sqlite3").unlink()


def no_database(data: Path) -> None:
    (data / "moderator.sqlite3").write_text("A shopping list. " * 500)


def from_the_future(data: Path) -> None:
    store = open_store(data, ahead=timedelta(hours=1))
    site = store.site_by_name("blog")
    assert site is not None
    store.remember(site, Comment("Hello", id="1"), HOLD, at=datetime.now(UTC) + timedelta(hours=1))
    store.close()


def spoiled_model(data: Path) -> None:
    id = published(data / "model")
    (data / "model" / "current.json").write_text(json.dumps({"current": id, "before": []}))
    with (data / "model" / id / "weights.npy").open("r+b") as file:
        file.seek(5000)
        file.write(b"\xff\xff")


def no_key(data: Path) -> None:
    store = open_store(data)
    store.revoke_key(1)
    store.close()


def nobody(data: Path) -> None:
    store = open_store(data)
    store.disable_person(1)
    store.close()


def gone_blog(data: Path) -> None:
    store = open_store(data)
    store.callbacks.set(1, CallbackKind.NATIVE, "https://blog.example/hook", allow_private=False)
    store._write(lambda c: c.exec_driver_sql("UPDATE callbacks SET trouble = 'no answer within 10 s'"))
    store.close()


def old_message(data: Path) -> None:
    store = open_store(data, ahead=timedelta(hours=-2))
    store.callbacks.set(1, CallbackKind.NATIVE, "https://blog.example/hook", allow_private=False)
    site = store.site_by_name("blog")
    assert site is not None
    made = store.remember(site, Comment("Hello", id="1"), HOLD, at=datetime.now(UTC) - timedelta(hours=2))
    store.give_verdict(made.id, Word.HAM, by="ann", door="page")
    store.close()


@pytest.mark.parametrize(
    ("spoil", "about", "said", "cure"),
    [
        (others_read, "folder", "can be read by others", "chmod 600"),
        (short_secret, "secret", "is damaged", "restore it"),
        (newer_store, "store", "made by a newer moderator", ""),
        (older_store, "store", "run `moderator db upgrade`", ""),
        (no_store, "store", "there is no store", ""),
        (no_database, "store", "is no SQLite file", ""),
        (from_the_future, "clock", "from the future", "NTP"),
        (spoiled_model, "model", "weights.npy", "moderator models list"),
        (no_key, "sites", "nobody can ask for 'blog'", "moderator sites key add blog"),
        (nobody, "people", "nobody can log in", "moderator users link"),
        (gone_blog, "callbacks", "no answer within 10 s", "moderator sites callback test blog"),
        (old_message, "callbacks", "a message waits since", "is a server running?"),
    ],
    ids=lambda value: value.__name__ if callable(value) else None,
)
def test_doctor_finds_what_is_wrong_and_says_the_cure(
    data: Path, spoil: Callable[[Path], None], about: str, said: str, cure: str
) -> None:
    spoil(data)
    found = found_wrong("--data", data)
    assert [(one, said in what, cure in how) for one, what, how in found if one == about] == [(about, True, True)], (
        found
    )


def test_doctor_knows_what_proxies_need(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODERATOR_PUBLIC_URL", "https://moderator.example")
    ((about, said, cure),) = found_wrong("--data", data)
    assert about == "proxies" and "trusted_proxies is 0" in said and "trusted_proxies" in cure
    monkeypatch.setenv("MODERATOR_TRUSTED_PROXIES", "1")
    assert found_wrong("--data", data) == []


def test_doctor_says_when_the_disk_is_full(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODERATOR_LEAST_FREE_MB", str(2**30))
    assert [about for about, _, _ in found_wrong("--data", data)] == ["disk"]


def test_doctor_compares_clocks_and_models_with_the_other_nodes(
    postgres_url: str, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Store.upgrade(postgres_url)
    store = Store.open(postgres_url, clock=lambda: datetime.now(UTC))
    store.models.put(["another-model"], {"another-model": {"manifest.json": b"{}"}})
    where = ("--data", data, "--database", postgres_url)
    assert [about for about, said, _ in found_wrong(*where) if "another-model" in said] == ["model"]
    store.models.put([], {})
    monkeypatch.setattr(stored, "now", lambda: datetime.now(UTC) + timedelta(seconds=60))
    ((said, cure),) = [(said, cure) for about, said, cure in found_wrong(*where) if about == "clock"]
    assert re.search(r"differs from the database's by \+(59|60)\.\d s", said) and "NTP" in cure
    store.close()


def test_a_node_with_another_secret_does_not_start_until_it_is_accepted(postgres_url: str, tmp_path: Path) -> None:
    Store.upgrade(postgres_url)
    nodes = [tmp_path / name for name in ("one", "two")]
    settings = [load({"data": node, "database": postgres_url}, environment={}) for node in nodes]
    store = Store.open(postgres_url, clock=lambda: datetime.now(UTC))
    shared_secret(store, settings[0])
    shared_secret(store, settings[0])
    refused = command("serve", "--data", nodes[1], "--database", postgres_url, "--port", "0")
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert "used with another secret" in refused.stderr and "db accept-secret" in refused.stderr
    wrong = [one for one in found_wrong("--data", nodes[1], "--database", postgres_url) if one[0] == "secret"]
    assert len(wrong) == 1 and "accept-secret" in wrong[0][2]
    # What is found by pseudonyms would find nobody here, and say so of everybody.
    asked = command("privacy", "export", "--email", "ann@x.example", "--data", nodes[1], "--database", postgres_url)
    assert (asked.returncode, "another secret" in asked.stderr) == (2, True)
    assert command("db", "accept-secret", "--data", nodes[1], "--database", postgres_url).returncode == 0
    shared_secret(store, settings[1])
    with pytest.raises(ServerError, match="another secret"):
        shared_secret(store, settings[0])
    (nodes[0] / "secret").write_bytes((nodes[1] / "secret").read_bytes())
    shared_secret(store, settings[0])
    assert not [one for one in found_wrong("--data", nodes[0], "--database", postgres_url) if one[0] == "secret"]
    store.close()


def test_doctor_says_that_a_server_is_not_there_without_its_password(data: Path) -> None:
    found = found_wrong("--data", data, "--database", "postgresql+psycopg://ann:opensesame@127.0.0.1:1/x")
    assert [about for about, _, _ in found] == ["store"]
    assert "opensesame" not in str(found) and "does not answer" in str(found)


# policy and export


@pytest.fixture
def judged(data: Path) -> Path:
    """A site with some comments, two of them judged."""
    store = open_store(data)
    site = store.site_by_name("blog")
    assert site is not None
    author = Author("Ann", "ann@example.org", "https://ann.example.org/")
    said = [
        Comment(f"Thank you, number {number}", id=str(number), author=author, ip="192.0.2.1") for number in range(600)
    ]
    store.once.remember_many(site, [Judged(comment, APPROVE) for comment in said], at=datetime.now(UTC))
    for id, word in (("0", Word.HAM), ("1", Word.SPAM), ("2", Word.UNWANTED)):
        stored = store.comment_by_external_id(site, id)
        assert stored is not None
        store.give_verdict(stored.id, word, by="ann", door="page")
    store.close()
    return data


def test_an_export_of_a_site_has_all_comments_and_comes_back_as_labels(judged: Path, tmp_path: Path) -> None:
    done = command("export", "blog", "--data", judged)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert sorted(int(row["id"]) for row in rows) == list(range(600))
    by_id = {row["id"]: row for row in rows}
    assert [by_id[id].get("label") for id in "0123"] == ["ham", "spam", None, None]
    assert by_id["2"]["status"] == "rejected" and by_id["3"]["decision"] == "approve"
    labels = command("export", "blog", "--labelled", "--without-people", "--data", judged).stdout
    assert len(labels.splitlines()) == 2
    assert "Ann" not in labels and "example.org" not in labels and "192.0.2" not in labels
    (tmp_path / "labels.jsonl").write_text(labels)
    command("sites", "add", "new", "--data", judged)
    taken = command("import", "new", tmp_path / "labels.jsonl", "--data", judged, "--json")
    assert json.loads(taken.stdout)["stored"] == 2, taken.stderr


def test_a_policy_is_previewed_and_only_then_changed(judged: Path) -> None:
    asked = command("policy", "preview", "blog", "--hold-above", "0", "--data", judged, "--json")
    seen = json.loads(asked.stdout)
    assert seen["looked_at"] == 500 and seen["flips"] > 0
    assert {kind["after"] for kind in seen["kinds"]} == {"hold"}
    assert json.loads(command("policy", "show", "blog", "--data", judged, "--json").stdout)["hold_above"] is None
    told = command("policy", "preview", "blog", "--hold-above", "0", "--data", judged).stdout
    assert f"{seen['flips']:,} would be decided otherwise" in told
    changed = command(
        "policy", "set", "blog", "--hold-above", "40", "--block-host", "https://www.Evil.example/x", "--data", judged
    )
    assert changed.returncode == 0, changed.stderr
    stands = json.loads(command("policy", "show", "blog", "--data", judged, "--json").stdout)
    assert stands["hold_above"] == 0.4 and stands["blocked_hosts"] == ["evil.example"]
    budget = command("policy", "set", "blog", "--hold-budget", "10", "--watch", "--data", judged, "--json")
    stands = json.loads(budget.stdout)
    assert (stands["hold_budget"], stands["hold_above"], stands["shadow"]) == (0.01, None, True)
    command("policy", "set", "blog", "--hold-above", "50", "--act", "--data", judged)
    command("policy", "set", "blog", "--hold-above", "", "--data", judged)
    assert "the model's own" in command("policy", "show", "blog", "--data", judged).stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--hold-above", "140"), "hold_above: This must be a number from 0 to 100"),
        (("--hold-above", "90", "--reject-above", "10"), "below the line for holding"),
        (("--block-host", "not a host"), "is no host"),
        (("--hold-budget", "1000"), "must be a number from"),
    ],
)
def test_a_policy_that_cannot_be_is_refused(data: Path, arguments: tuple[str, ...], said: str) -> None:
    for verb in ("set", "preview"):
        failed = command("policy", verb, "blog", *arguments, "--data", data)
        assert failed.returncode == 2 and said in failed.stderr and len(failed.stderr.splitlines()) == 1

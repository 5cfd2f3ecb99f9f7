"""The whole route through real doors: a server process, HTTP, a SQLite file."""

import contextlib
import http.client
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import outside
import pytest

TOP = Path(__file__).parent.parent
LINK = "1. http://journal-neo.org/2016/03/17/russias-mission-accomplished-moment-in-syria/"
MODERATOR = [sys.executable, "-c", "import sys; from moderator.cli import main; main(sys.argv[1:])"]


def environment() -> dict[str, str]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith("MODERATOR_")}
    return ours | {"PYTHONPATH": f"{TOP}:{TOP / 'tests' / 'audited'}", outside.FILE: os.environ[outside.FILE]}


def run(*arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*MODERATOR, *arguments],
        input=given,
        capture_output=True,
        text=True,
        env=environment(),
        timeout=240,
        check=False,
    )


@contextlib.contextmanager
def serving(data: Path, *flags: str, **settings: str) -> Iterator[tuple[int, str]]:
    """A server process: its port and what it said at its start. More settings stand in its environment.

    Without spot checks, among which a held card in ten has no reasons, by chance.
    """
    command = [*MODERATOR, "serve", "--data", str(data), "--port", "0", *flags]
    told = {f"MODERATOR_{name}": value for name, value in {"SPOT_CHECKS": "0", **settings}.items()}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment() | told)
    assert process.stdout is not None
    try:
        said = process.stdout.readline()
        while "  data " not in said:
            line = process.stdout.readline()
            assert line, f"the server ended without starting; it had said: {said}"
            said += line
        if not (data / "seen").exists():
            said += "".join(process.stdout.readline() for _ in range(3))
            (data / "seen").touch()
        found = re.search(r"http://127\.0\.0\.1:(\d+)", said)
        assert found is not None
        yield int(found[1]), said
    finally:
        process.terminate()
        rest, _ = process.communicate(timeout=30)
        assert process.returncode == 0, rest


def ask(port: int, method: str, path: str, key: str = "", body: Any = None) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
    connection.request(method, path, json.dumps(body) if body is not None else None, headers)
    answer = connection.getresponse()
    found = answer.status, json.loads(answer.read())
    connection.close()
    return found


def test_the_story(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serving(data) as (port, said):
        key = re.findall(r"mk_[\w-]+", said)[0]
        assert "/set-password/" in said
        assert ask(port, "GET", "/healthz") == (200, {"status": "ok"})
        sent = {"id": "c1", "body": LINK, "kind": "reply", "post": {"title": "Russia's mission in Syria"}}
        status, first = ask(port, "POST", "/v1/comments", key, sent)
        assert (status, first["decision"], first["rule"]) == (201, "hold", "link_only")
        assert first["model"]
        assert 0 <= first["score"] <= 1
        assert "journal-neo.org" in first["reasons"][0]["text"]
        assert ask(port, "POST", "/v1/comments", key, sent) == (200, first)
        edited = sent | {"body": "Thank you, this was a good read and I learned a lot."}
        status, second = ask(port, "POST", "/v1/comments", key, edited)
        assert (status, second["id"]) == (200, first["id"])
        assert second["rule"] != "link_only"
        assert ask(port, "POST", f"/v1/comments/{first['id']}/verdict", key, {"verdict": "ham", "by": "Ann"})[0] == 200
        large = {"id": "c2", "body": "x" * 5_000_000}
        assert ask(port, "POST", "/v1/comments", key, large)[0] == 413
    with serving(data) as (port, said):
        assert "mk_" not in said
        status, kept = ask(port, "GET", f"/v1/comments/{first['id']}", key)
        assert (status, kept["status"], kept["comment"]["body"]) == (200, "approved", edited["body"])
        assert [past["rule"] for past in kept["decisions"]] == ["link_only", second["rule"]]
        assert kept["verdicts"][0]["by"] == "Ann"
        assert kept["revisions"][0]["comment"]["body"] == LINK


def test_a_taken_port_is_one_line_and_leaves_nothing_used_up(tmp_path: Path) -> None:
    with serving(tmp_path / "first") as (port, _):
        failed = run("serve", "--data", str(tmp_path / "second"), "--port", str(port))
        assert failed.returncode == 2
        assert len(failed.stderr.splitlines()) == 1
        assert not (tmp_path / "second").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("serve", "--port", "99999"),
        ("serve", "--data", "/proc/nowhere"),
        ("serve", "--host", "no.such.host.invalid"),
        ("serve", "--database", "mysql://x/y"),
        ("models", "show", "none"),
        ("score", "--jsonl", "/nowhere/x.jsonl"),
    ],
    ids=lambda arguments: " ".join(arguments[1:]),
)
def test_a_mistake_is_told_in_one_line(arguments: tuple[str, ...], tmp_path: Path) -> None:
    data = () if "--data" in arguments else ("--data", str(tmp_path))
    failed = run(*arguments, *data)
    assert failed.returncode == 2
    assert failed.stdout == ""
    assert len(failed.stderr.splitlines()) == 1, failed.stderr


def test_a_site_is_added_listed_and_its_key_revoked(tmp_path: Path) -> None:
    data = ("--data", str(tmp_path / "new"))
    added = json.loads(run("sites", "add", "my blog", *data, "--json").stdout)
    assert added["site"] == "my blog"
    assert added["key"].startswith("mk_")
    assert run("sites", "add", "my blog", *data).returncode == 2
    assert json.loads(run("sites", "key", "add", "my blog", *data, "--json").stdout)["key"] != added["key"]
    assert run("sites", "key", "revoke", "1", *data).returncode == 0
    assert "(revoked)" in run("sites", "list", *data).stdout
    assert added["key"] not in run("sites", "list", *data).stdout


def test_a_person_is_added_with_a_link(tmp_path: Path) -> None:
    data = ("--data", str(tmp_path))
    added = json.loads(run("users", "add", "ann", *data, "--json").stdout)
    assert "/set-password/" in added["link"]
    assert json.loads(run("users", "link", "Ann", *data, "--json").stdout)["link"] != added["link"]
    assert "ann" in run("users", "list", *data).stdout


def test_score_gives_a_line_for_each_line(tmp_path: Path) -> None:
    rows = [{"text": LINK, "kind": "reply"}, None, {"text": "Thank you!", "email_domain": "example.org", "likes": 3}]
    given = "".join(json.dumps(row) + "\n" if row else "{broken\n" for row in rows)
    scored = run("score", "--jsonl", "-", "--data", str(tmp_path), given=given)
    assert scored.returncode == 1
    first, broken, last = map(json.loads, scored.stdout.splitlines())
    assert (first["decision"], first["rule"]) == ("hold", "link_only")
    assert list(broken) == ["error"]
    assert set(last) == {"score", "decision", "rule", "reasons"}


def test_explain_and_settings_speak(tmp_path: Path) -> None:
    assert "hold (link_only" in run("explain", LINK, "--data", str(tmp_path)).stdout
    assert "max_request_bytes" in run("settings", "--data", str(tmp_path)).stdout

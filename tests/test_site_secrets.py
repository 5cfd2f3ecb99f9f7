"""moderator sites secret: what it prints, what it refuses, and that nothing shows a secret again."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from moderator.cli import main

GIVEN = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class Done(NamedTuple):
    """What a command did."""

    returncode: int
    stdout: str
    stderr: str


Run = Callable[..., Done]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run a command on one installation with a site."""

    def run(*said: str, given: str = "") -> Done:
        monkeypatch.setattr("sys.stdin", io.StringIO(given))
        with pytest.raises(SystemExit) as left:
            main([*said, "--data", str(tmp_path)])
        return Done(int(left.value.code or 0), *capsys.readouterr())

    run("sites", "add", "blog")
    return run


def test_a_secret_is_made_listed_without_itself_and_revoked(run: Run) -> None:
    made = json.loads(run("sites", "secret", "add", "blog", "--json").stdout)
    assert made["secret"].startswith("whsec_") and made["purpose"] == "webhook"
    given = run("sites", "secret", "add", "blog", "--purpose", "callback", "--stdin", given=GIVEN + "\n")
    assert given.returncode == 0 and GIVEN not in given.stdout
    assert run("sites", "secret", "revoke", "1").returncode == 0
    listed = run("sites", "secret", "list", "blog").stdout
    assert [line.split()[2:] for line in listed.splitlines()] == [
        ["webhook", listed.split()[3], "revoked"],
        ["callback", listed.split()[3], "live"],
    ]
    assert made["secret"] not in listed and GIVEN not in listed
    only = run("sites", "secret", "list", "blog", "--purpose", "callback", "--json").stdout
    assert json.loads(only) == {"id": 2, "purpose": "callback", "revoked": False}


def test_mistakes_are_one_line_and_status_2(run: Run) -> None:
    for said, given in (
        (("add", "nobody"), ""),
        (("list", "nobody"), ""),
        (("revoke", "7"), ""),
        (("add", "blog", "--stdin"), "too short"),
        (("add", "blog", "--stdin"), "whsec_" + "AAAA" * 100),
        (("add", "blog", "--stdin", "--purpose", "coral"), "\n"),
    ):
        done = run("sites", "secret", *said, given=given)
        assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1), said

"""Real clients of Akismet's protocol, unmodified: the hosts that they have built in lead to us."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from clients import install as installer

from moderator import settings
from moderator.comment import Status, Word
from moderator.server import open_store
from moderator.store import Filter, Site, Store

HERE = Path(__file__).parent / "clients"
HOST = "rest.akismet.com"
GOOD = "Thank you, that step was missing!"  # too short for a campaign, of which each of these clients would be one
BARE = "1. http://journal-neo.org/2016/03/17/russias-mission-accomplished-moment-in-syria/"

# Each with the environment that it needs, and its program.
PROGRAMS = {
    "pypi_akismet.py": "akismet",
    "python_akismet.py": "python-akismet",
    "pykismet.py": "pykismet3",
    "npm_akismet.cjs": "npm-akismet",
    "npm_akismet_api.cjs": "npm-akismet",
    "npm_cedx.mjs": "npm-akismet",
    "net_akismet.pl": "net-akismet",
}


def command(program: str, folder: Path, key: str) -> list[str]:
    path = str(HERE / "akismet" / program)
    if program.endswith(".py"):
        return [str(folder / "bin/python"), path, key, GOOD, BARE]
    if program.endswith(".pl"):
        return ["perl", f"-I{folder}/usr/share/perl5", path, key, GOOD, BARE]
    return ["node", path, str(folder), key, GOOD, BARE]


def unshare() -> list[str]:
    as_root = [] if os.geteuid() == 0 else ["--map-root-user"]
    return ["unshare", *as_root, "--mount", "--net"]


def missing() -> str:
    """Why the clients cannot be run here."""
    if shutil.which("unshare") is None or subprocess.run([*unshare(), "true"], check=False).returncode:
        return "no network of one's own can be made here (unshare --net)"
    gone = [name for name in sorted(set(PROGRAMS.values())) if not installer.client(name).is_installed]
    return f"not installed: {', '.join(gone)}; run `make clients`" if gone else ""


class World:
    """What the programs said, and the store after it: each program has a site of its own."""

    def __init__(self, said: dict[str, Any], store: Store) -> None:
        self.said = said
        self.store = store

    def site(self, program: str) -> Site:
        found = self.store.site_by_name(program)
        assert found is not None
        return found


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    why = missing()
    if why and not installer.ON_CI:
        pytest.skip(why)
    assert not why
    data = tmp_path_factory.mktemp("clients")
    here = settings.load({"data": data}, environment={})
    store = open_store(here)
    hosts, commands = [HOST], {}
    for program, name in PROGRAMS.items():
        site, _ = store.add_site(program)
        key = store.akismet_keys.add(site.id, pepper=settings.secret(data))
        hosts += [f"{key}.{HOST}"]
        commands[program] = command(program, installer.client(name).folder, key)
    store.close()
    plan = data / "plan.json"
    plan.write_text(json.dumps({"data": str(data), "hosts": [*hosts, f"000000000000.{HOST}"], "commands": commands}))
    asked = subprocess.run(
        [*unshare(), sys.executable, str(HERE / "world.py"), str(plan)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert asked.returncode == 0, asked.stderr
    store = open_store(here)
    yield World(json.loads(asked.stdout), store)
    store.close()


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_real_client_gets_the_answers_that_it_compares_byte_for_byte(program: str, world: World) -> None:
    told = world.said[program]
    assert told["status"] == 0, told["complained"]
    said = json.loads(told["said"])
    assert {"spam", "ham", "held", "reported"} <= set(said)
    assert all(value in (True, "refused", "none") for value in said.values()), said


@pytest.mark.parametrize("program", PROGRAMS)
def test_what_a_real_client_reports_reaches_the_comment_that_it_had_checked(program: str, world: World) -> None:
    kept = world.store.queue(Filter(status=None, site_id=world.site(program).id)).comments
    by_author: dict[str, Any] = {}
    for stored in kept:
        assert stored.comment.author.name not in by_author, "one comment was kept twice"
        by_author[stored.comment.author.name] = stored
    for author, decided, word, status in (
        ("Ann", "approve", Word.SPAM, Status.REJECTED),
        ("Ben", "hold", Word.HAM, Status.APPROVED),
    ):
        stored = by_author[author]
        assert (stored.decision.action, stored.status) == (decided, status)
        assert stored.verdict is not None and (stored.verdict.word, stored.verdict.door) == (word, "akismet")
        assert stored.comment.ip == "192.0.2.7"
    assert "Only a test" not in by_author

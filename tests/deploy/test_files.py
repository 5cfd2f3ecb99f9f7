"""The files for systemd and Compose: what their own programs say of them, and that they speak of settings there are."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from moderator.cli import commands
from moderator.settings import CONFIG_VARIABLE, SETTINGS

TOP = Path(__file__).parent.parent.parent
UNITS = sorted((TOP / "deploy").glob("*.service")) + sorted((TOP / "deploy").glob("*.timer"))
SYSTEMD = shutil.which("systemd-analyze")
COMPOSE = shutil.which("docker-compose")
# systemd's own measure, 0 (shut) to 10; a service without any of these lines has 9.6.
MOST_EXPOSED = 15  # tenths


@pytest.mark.parametrize("file", [*UNITS, TOP / "compose.yaml", TOP / "Dockerfile"], ids=lambda file: file.name)
def test_it_speaks_of_settings_that_there_are(file: Path) -> None:
    there_are = {setting.variable for setting in SETTINGS} | {CONFIG_VARIABLE}
    assert set(re.findall(r"MODERATOR_[A-Z_]+", file.read_text("utf-8"))) <= there_are


@pytest.mark.parametrize("file", [*UNITS, TOP / "compose.yaml"], ids=lambda file: file.name)
def test_it_runs_commands_that_there_are(file: Path) -> None:
    text = file.read_text("utf-8")
    for words in [*re.findall(r"^ExecStart=\S+/moderator (.*)$", text, re.M), *_commands_of_compose(text)]:
        command: Any = commands
        for word in words.split():
            if word.startswith(("-", "/")) or not hasattr(command, "commands"):
                break
            command = command.commands[word]


def _commands_of_compose(text: str) -> list[str]:
    return [re.sub(r'[",]', "", found) for found in re.findall(r"^    command: \[(.*)\]$", text, re.M)]


@pytest.mark.skipif(SYSTEMD is None, reason="no systemd-analyze here")
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_understands_every_line(unit: Path, tmp_path: Path) -> None:
    # Its program must exist for the check, and a timer's service be in reach.
    for one in UNITS:
        text = one.read_text("utf-8").replace("/opt/moderator/bin/moderator", "/bin/true")
        (tmp_path / one.name).write_text(text)
    assert SYSTEMD is not None
    said = subprocess.run(
        [SYSTEMD, "verify", "--recursive-errors=no", str(tmp_path / unit.name)], capture_output=True, text=True,
        check=False, env=os.environ | {"SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
    )  # fmt: skip
    assert (said.returncode, said.stderr) == (0, "")


@pytest.mark.skipif(SYSTEMD is None, reason="no systemd-analyze here")
def test_the_service_is_shut_in() -> None:
    assert SYSTEMD is not None
    unit = TOP / "deploy/moderator.service"
    command = [SYSTEMD, "security", "--no-pager", "--offline=true", f"--threshold={MOST_EXPOSED}", str(unit)]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout.splitlines()[-1:]


@pytest.mark.skipif(COMPOSE is None, reason="no docker-compose; tests/deploy/install.sh brings it")
def test_compose_understands_it_and_asks_for_the_password() -> None:
    assert COMPOSE is not None
    ask = [COMPOSE, "--file", str(TOP / "compose.yaml"), "config"]
    without = {name: value for name, value in os.environ.items() if name != "POSTGRES_PASSWORD"}
    refused = subprocess.run(ask, env=without, capture_output=True, text=True, check=False)
    assert refused.returncode != 0
    assert "say POSTGRES_PASSWORD in .env" in refused.stderr
    told = subprocess.run(
        ask, env=without | {"POSTGRES_PASSWORD": "secret"}, capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stderr
    services = yaml.safe_load(told.stdout)["services"]
    assert set(services) == {"database", "upgrade", "serve"}
    for name in ("upgrade", "serve"):
        assert services[name]["read_only"] is True
        assert services[name]["cap_drop"] == ["ALL"]
    assert "ports" not in services["database"]

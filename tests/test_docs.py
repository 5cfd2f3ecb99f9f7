"""The documents say what is true: the README's commands are run, every setting, rule, signal and command is told."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from test_story import TOP, environment, serving

from moderator import policy, signals
from moderator.cli import commands, showing
from moderator.settings import SETTINGS

README = (TOP / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the README's paths lead to this checkout and this Python."""
    folder = tmp_path_factory.mktemp("checkout")
    (folder / ".venv/bin").mkdir(parents=True)
    for name, run in (("python", ""), ("moderator", "-m moderator.cli")):
        script = folder / ".venv/bin" / name
        script.write_text(f'#!/bin/sh\nPYTHONPATH="{TOP}" exec "{sys.executable}" {run} "$@"\n')
        script.chmod(0o755)
    for name in ("train.py", "serve.py", "Makefile"):
        (folder / name).symlink_to(TOP / name)
    return folder


def shell(text: str, folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-euc", text],
        cwd=folder,
        env=environment() | more,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def block(said: str) -> str:
    found = [text for text in BLOCKS if said in text]
    assert len(found) == 1, f"the README has {len(found)} blocks with {said!r}"
    return str(found[0])


def test_every_block_of_the_readme_is_tried_here() -> None:
    tried = ("make serve", "make test", "curl", "train.py", "sites add", "--jsonl")
    assert len(BLOCKS) == len(tried)
    assert all(block(said) for said in tried)


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here")
@pytest.mark.parametrize(("said", "does"), [("make serve", "serve.py"), ("make test", "-m pytest")])
def test_make_sets_up_and_does_what_the_readme_says(said: str, does: str) -> None:
    asked = subprocess.run(
        ["make", "--dry-run", *block(said).split()[1:]], cwd=TOP, capture_output=True, text=True, check=True
    )
    assert does in asked.stdout


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")
def test_the_curl_line_of_the_readme_is_answered_as_it_says(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as (port, said):
        key = re.findall(r"mk_[\w-]+", said)[0]
        asked = shell(block("curl").replace("127.0.0.1:8080", f"127.0.0.1:{port}"), tmp_path, KEY=key)
    assert '"decision":"hold","rule":"link_only"' in asked.stdout, asked.stderr


@pytest.mark.parametrize("said", ["sites add", "--jsonl"])
def test_the_commands_of_the_readme_work(said: str, checkout: Path) -> None:
    asked = shell(block(said), checkout)
    assert asked.returncode == 0, asked.stderr
    assert asked.stdout


def test_the_training_command_of_the_readme_works(checkout: Path) -> None:
    pytest.importorskip("sklearn", reason="training needs scikit-learn: pip install 'moderator[train]'")
    trained = shell(block("train.py"), checkout)
    assert trained.returncode in (0, 3), trained.stderr
    assert "ROC-AUC" in trained.stderr
    assert list((checkout / "data/model").glob("*/weights.npy"))


def test_the_page_of_settings_is_what_the_code_says() -> None:
    assert (TOP / "docs/settings.md").read_text("utf-8") == showing.page()
    for setting in SETTINGS:
        assert f"| `{setting.name}` | `{setting.variable}` |" in showing.page() and setting.sentence in showing.page()


@pytest.mark.parametrize("unit", [*policy.RULES, *signals.SIGNALS], ids=lambda unit: unit.__name__)
def test_every_rule_and_signal_is_documented_as_it_is(unit: policy.Rule | signals.Signal) -> None:
    assert f"| `{unit.__name__}` | {(unit.__doc__ or '').strip()} |" in (TOP / "docs/rules.md").read_text("utf-8")


@pytest.mark.parametrize("command", commands.commands.values(), ids=lambda command: command.name)
def test_every_command_says_what_it_does(command: click.Command) -> None:
    assert command.help
    told = README + "".join(path.read_text("utf-8") for path in (TOP / "docs").glob("*.md"))
    assert f"moderator {command.name}" in told


def test_every_link_of_the_documents_leads_somewhere() -> None:
    for path in [TOP / "README.md", TOP / "CONTRIBUTING.md", *(TOP / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", path.read_text("utf-8")):
            assert (path.parent / target).exists(), f"{path.name}: {target}"


def test_no_document_tells_where_it_was_made() -> None:
    for path in [*TOP.glob("*.md"), *(TOP / "docs").rglob("*.md")]:
        assert os.sep + "work" + os.sep not in path.read_text("utf-8"), path.name


MKDOCS = TOP / "build/tools/bin/mkdocs"


@pytest.mark.skipif(not MKDOCS.exists(), reason="no MkDocs; make docs brings it")
def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    built = subprocess.run(
        [MKDOCS, "build", "--quiet", "--strict", "--site-dir", tmp_path / "site"], cwd=TOP, capture_output=True,
        text=True, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"}, check=False,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    page = (tmp_path / "site/index.html").read_text("utf-8")
    loaded = re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="(https?:[^"]+)"', page)
    assert not loaded  # nothing comes from elsewhere

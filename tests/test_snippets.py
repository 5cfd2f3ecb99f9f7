"""What the documents say to type is typed: each block of shell, in order, against a running server."""

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import pytest
from test_story import MODERATOR, TOP, environment, serving

from moderator.cli import commands

DOCUMENTS = sorted((TOP / "docs").rglob("*.md"))
# A remark of its own line before a block says why a test does not run it.
BLOCK = re.compile(r"(?:^ *<!-- not run: (?P<why>.+?) -->\n)?^(?P<indent> *)```sh\n(?P<text>.*?)^ *```$", re.M | re.S)
# What a document means by a file that is there, made here; and an input where a command takes a secret from it.
MORE = '{"text": "A labelled comment of our own.", "label": "ham"}\n'


@dataclass(frozen=True, slots=True)
class Block:
    """One block of shell of one document; ``why`` it is not run, if so."""

    file: Path
    text: str
    why: str

    def __str__(self) -> str:
        return f"{self.file.relative_to(TOP / 'docs')}: {self.text.split(chr(10))[0][:50]}"


def blocks(file: Path) -> Iterator[Block]:
    """The blocks of a document, without the indentation of the list that they stand in."""
    for found in BLOCK.finditer(file.read_text("utf-8")):
        lines = [line.removeprefix(found["indent"]) for line in found["text"].splitlines()]
        yield Block(file, "\n".join(lines), found["why"] or "")


BLOCKS = [block for file in DOCUMENTS for block in blocks(file)]


@dataclass(frozen=True, slots=True)
class World:
    """A folder to type in, beside a running server with a key."""

    folder: Path
    port: int
    env: dict[str, str]

    def type(self, text: str) -> subprocess.CompletedProcess[str]:
        """Run the lines as one script, with what is asked for on standard input."""
        text = text.replace("127.0.0.1:8080", f"127.0.0.1:{self.port}")
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", text], cwd=self.folder, env=self.env, input="0123456789ab\n",
            capture_output=True, text=True, timeout=240, check=False,
        )  # fmt: skip


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A server with the sites that the documents speak of, and a folder that looks like a checkout."""
    folder = tmp_path_factory.mktemp("world")
    for entry in TOP.iterdir():
        if not entry.name.startswith(".") and entry.name not in ("data", "build"):
            (folder / entry.name).symlink_to(entry)
    shutil.copytree(TOP / "integrations", folder / "copies")  # what writes into the checkout writes into these
    (folder / "integrations").unlink()
    (folder / "copies").rename(folder / "integrations")
    (folder / "more.jsonl").write_text(MORE)
    with closing(sqlite3.connect(folder / "comments.db")) as isso, isso:
        isso.execute("CREATE TABLE preferences (key TEXT, value TEXT)")
        isso.execute("INSERT INTO preferences VALUES ('session-key', 'a-secret-of-the-blogs-own')")
    programs = folder / "bin"
    programs.mkdir()
    (programs / "moderator").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m moderator.cli "$@"\n')
    (programs / "moderator").chmod(0o755)
    data = folder / "data"
    with serving(data) as (port, said):
        env = environment() | {
            "MODERATOR_DATA": str(data),
            "KEY": re.findall(r"mk_[\w-]+", said)[0],
            "PATH": f"{programs}:{os.environ['PATH']}",
        }
        for site in ("my-blog", "news"):
            subprocess.run([*MODERATOR, "sites", "add", site, "--data", str(data)], check=True, env=environment(),
                           stdout=subprocess.DEVNULL)  # fmt: skip
        yield World(folder, port, env)


@pytest.mark.parametrize("block", [block for block in BLOCKS if not block.why], ids=str)
def test_what_a_document_says_to_type_works(block: Block, world: World) -> None:
    needs = {"xgettext": "gettext", "sqlite3": "sqlite3", "openssl": "openssl"}
    for program, package in needs.items():
        if re.search(rf"^{program} ", block.text, re.M) and shutil.which(program) is None:
            pytest.skip(f"no {program}; the package {package} has it")
    said = world.type(block.text)
    assert said.returncode == 0, said.stderr + said.stdout


def test_few_blocks_are_left_out_and_each_says_why() -> None:
    left = [block for block in BLOCKS if block.why]
    assert all(len(block.why) > 15 for block in left)
    assert len(left) < len(BLOCKS) / 2


def spoken_of() -> list[tuple[str, str]]:
    """Every command that a document names in passing, with the document."""
    found = []
    for file in [*DOCUMENTS, TOP / "README.md", TOP / "CONTRIBUTING.md"]:
        for text in re.findall(r"`moderator ([a-z][^`]*)`", file.read_text("utf-8")):
            found.append((file.name, text))
    return sorted(set(found))


@pytest.mark.parametrize(("file", "text"), spoken_of())
def test_every_command_that_a_document_names_is_there(file: str, text: str) -> None:
    command: Any = commands
    for word in text.split():
        if not isinstance(command, click.Group):
            break
        if not re.fullmatch(r"[a-z][a-z-]*", word):  # an option, or "list | show"
            break
        assert word in command.commands, f"{file}: moderator {text}"
        command = command.commands[word]
    if isinstance(command, click.Command) and not isinstance(command, click.Group):
        there_are = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
        named = set(re.findall(r"(?<!\S)--[a-z-]+", text)) - {"--help"}
        assert named <= there_are, f"{file}: moderator {text}"

"""Does what a Dockerfile says, without an engine: its copies and commands, in folders of a test.

No more of the language than ours uses; what is not known stops the test. Commands run on this machine, where the
absolute folders that the file names are replaced by the test's.
"""

import fnmatch
import json
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

# What only a new system needs and this one must not get: an account.
NOT_HERE = ("useradd",)


@dataclass(slots=True)
class Image:
    """What the last stage of a Dockerfile says about running it."""

    env: dict[str, str] = field(default_factory=dict)
    user: str = ""
    workdir: str = "/"
    health: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)


def instructions(text: str) -> list[tuple[str, str]]:
    """Each instruction and its words, without comments, lines that go on joined."""
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#")).replace("\\\n", " ")
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines.splitlines() if line)]


def build(top: Path, places: dict[str, Path]) -> Image:
    """Build the stages of ``top/Dockerfile``; ``places``: absolute folders of the image → folders here."""
    image = Image()
    for word, rest in instructions((top / "Dockerfile").read_text("utf-8")):
        match word:
            case "FROM":
                image = Image()
            case "WORKDIR":
                image.workdir = rest
            case "COPY" if rest.startswith("--from="):
                source, target = rest.split()[1:]
                assert source == target, "what one stage made is taken by the next at the same place"
            case "COPY":
                *sources, target = rest.split()
                _copy(top, sources, places[image.workdir] / target)
            case "RUN":
                _run(rest, places, places.get(image.workdir))
            case "ENV":
                image.env |= dict(pair.split("=", 1) for pair in shlex.split(rest))
            case "USER":
                image.user = rest
            case "HEALTHCHECK":
                image.health = _list(rest.partition("CMD")[2])
            case "ENTRYPOINT" | "CMD":
                image.command += _list(rest)
            case "VOLUME" | "EXPOSE":
                pass
            case _:
                raise AssertionError(f"{word} is not known here")
    return image


def moved(text: str, places: dict[str, Path]) -> str:
    """The text with the image's folders replaced by those here."""
    for there, here in places.items():
        text = re.sub(rf"(?<![\w/]){re.escape(there)}(?=[/:\s\"']|$)", str(here), text)
    return text


def _copy(top: Path, sources: list[str], target: Path) -> None:
    for source in sources:
        assert _is_sent(top, source), f".dockerignore keeps {source} away"
        if (top / source).is_dir():
            shutil.copytree(top / source, target, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
        else:
            place = target / source if len(sources) > 1 or str(target).endswith("/.") else target
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(top / source, place)


def _is_sent(top: Path, source: str) -> bool:
    """Whether the engine is given this path: the last line of .dockerignore that fits says so."""
    sent = True
    for line in (top / ".dockerignore").read_text("utf-8").splitlines():
        pattern = line.strip().lstrip("!")
        if pattern and not pattern.startswith("#") and (fnmatch.fnmatch(source, pattern) or source == pattern):
            sent = line.startswith("!")
    return sent


def _run(command: str, places: dict[str, Path], here: Path | None) -> None:
    steps = [step for step in command.split("&&") if step.split()[0] not in NOT_HERE]
    steps = [step for step in steps if "--owner=" not in step]  # the account is not there either
    if steps:
        script = moved(" && ".join(steps), places)
        done = subprocess.run(
            ["sh", "-euc", script], cwd=here, env={"PATH": "/usr/bin:/bin", "PYTHON": sys.executable}, check=False,
            capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr


def _list(text: str) -> list[str]:
    found: list[str] = json.loads(text)
    return found

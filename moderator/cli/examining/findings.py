"""What a check looks at, and what it finds."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from moderator.settings import Settings
from moderator.store import Store


class How(StrEnum):
    """How bad it is."""

    WRONG = "wrong"
    ADVICE = "advice"
    WELL = "well"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found: what about, how bad, in a sentence, and what cures it."""

    about: str
    how: How
    said: str
    cure: str = ""


@dataclass(frozen=True, slots=True)
class Patient:
    """An installation that is looked at; ``store`` None: it cannot be opened."""

    settings: Settings
    store: Store | None
    why_not: str = ""
    reach: bool = False

    @property
    def sqlite(self) -> bool:
        """Whether the store is a file."""
        return self.settings.database_url.startswith("sqlite")


Check = Callable[[Patient], Iterator[Finding]]


def wrong(about: str, said: str, cure: str) -> Finding:
    """Something that must be cured."""
    return Finding(about, How.WRONG, said, cure)


def advice(about: str, said: str, cure: str) -> Finding:
    """Something that may be as it is."""
    return Finding(about, How.ADVICE, said, cure)


def well(about: str, said: str) -> Finding:
    """Nothing to do."""
    return Finding(about, How.WELL, said)

"""The models of an installation: which there are, which is current, and picking up a new one while serving."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from moderator.classifier import Classifier


@dataclass(frozen=True, slots=True)
class Shelved:
    """One version on the shelf."""

    id: str
    folder: Path
    current: bool
    shipped: bool
    made: str
    summary: str


class Shelf:
    """Model folders, the installation's own (``data/model``) before the shipped one."""

    def __init__(self, *folders: Path) -> None:
        raise NotImplementedError

    def current(self) -> Classifier | None:
        """The model that answers now: looked for anew at most once a second; None if none can be loaded.

        A version that fails its checks is passed over for the newest good one; ``problem`` says why.
        """
        raise NotImplementedError

    problem: str

    def versions(self) -> Sequence[Shelved]:
        """All versions, newest first."""
        raise NotImplementedError

    def promote(self, id: str) -> None:
        """Make ``id`` the current one, after loading it; atomic. Raises ModelError."""
        raise NotImplementedError

    def rollback(self) -> str:
        """Go back to the version that was current before; its id. Raises ModelError if there is none."""
        raise NotImplementedError

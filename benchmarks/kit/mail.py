"""Mail filters as peers: bogofilter, SpamAssassin and rspamd as Debian has them, asked comment by comment.

Their code, rules and tokenizers are unmodified. Two documented settings differ from the distribution's: nothing asks
the network, and SpamAssassin and rspamd answer from their first lesson on, not from the two hundredth of each label.
A comment becomes the plainest mail there is: the same headers for all, and as body the text that other peers get.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .kept import Answers, Kept, digest_of_files, inputs
from .mail_filters import Bogofilter, MailFilter, SpamAssassin
from .measures import Truth, Vector
from .peers import Peer
from .rspamd import Rspamd

FILTERS: dict[str, type[Bogofilter | SpamAssassin | Rspamd]] = {
    "bogofilter": Bogofilter,
    "SpamAssassin": SpamAssassin,
    "rspamd": Rspamd,
}
COMMANDS = {
    "bogofilter": ("bogofilter",),
    "SpamAssassin": ("perl", "spamassassin"),
    "rspamd": ("rspamd", "redis-server"),
}
PACKAGES = ("bogofilter", "spamassassin", "rspamd", "redis-server")
HERE = Path(__file__).parent
CODE = [HERE / name for name in ("mail.py", "mail_filters.py", "rspamd.py", "spamassassin_worker.pl")]
DATE = time.strftime("%a, %d %b %Y 00:00:00 +0000", time.gmtime())


def message(text: str, number: int) -> str:
    """A comment as a mail. The number keeps filters from taking an equal text for the mail that they had before.

    It is hashed, as SpamAssassin learns what a message id is made of: numbers that came again in the tested mails,
    with another label, cost it 0.11 of ROC-AUC.
    """
    id = hashlib.blake2b(str(number).encode(), digest_size=12).hexdigest()
    return (
        "From: commenter <commenter@blog.example>\nTo: blog <blog@blog.example>\nSubject: comment\n"
        f"Date: {DATE}\nMessage-ID: <{id}@blog.example>\n"
        f"MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{text}\n"
    )


def install() -> str:
    """Bring the filters with apt-get; why not, where they cannot be brought."""
    missing = [package for package in PACKAGES if _lacks(package)]
    if not missing:
        return ""
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        return "they are Debian's packages, and this is not root on Debian"
    print(f"installing {', '.join(missing)}", file=sys.stderr)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "-y", "--no-install-recommends", *missing]):
        done = subprocess.run(["apt-get", "-q", *command], capture_output=True, text=True, check=False, env=environment)
        if done.returncode:
            return f"apt-get {command[0]} failed: {(done.stderr.strip().splitlines() or ['no word why'])[-1][:120]}"
    return ""


def _lacks(package: str) -> bool:
    asked = subprocess.run(["dpkg", "-s", package], capture_output=True, check=False) if shutil.which("dpkg") else None
    return asked is None or asked.returncode != 0


class MailFilters:
    """Those of the filters that are on this machine; each runs from when it is first asked until ``close``."""

    learns_one_by_one = frozenset(f"{name}{variant}" for name, kind in FILTERS.items() for variant in kind.variants)

    def __init__(self, folder: Path, kept: Kept, *, bring: bool) -> None:
        self._folder = folder
        self._kept = kept
        why = install() if bring else "not installed; pass --install to bring it"
        self._running: dict[str, MailFilter] = {}
        self.skipped: dict[str, str] = {}
        self.versions: dict[str, str] = {}
        self.names: dict[str, tuple[str, int]] = {}  # as tables name it → the filter, and which of its variants
        for name, commands in COMMANDS.items():
            if any(shutil.which(command) is None for command in commands):
                self.skipped[name] = why or "not installed"
                continue
            self.versions[name] = _version(name)
            self.names |= {f"{name}{variant}": (name, at) for at, variant in enumerate(FILTERS[name].variants)}

    def peer(self, shown: str) -> Peer:
        """A filter, by its name in tables, to train and to ask."""
        name, variant = self.names[shown]

        def fit_and_score(train: Sequence[str], spam: Truth, test: Sequence[str]) -> Vector:
            def ask() -> Answers:
                filter = self._fresh(name)
                for number, (text, label) in enumerate(zip(train, spam, strict=True)):
                    filter.learn(message(text, number), bool(label))
                return _columns([filter.score(message(text, -number)) for number, text in enumerate(test, start=1)])

            return self._kept.answers((*self._key(name), inputs(train, spam, test)), ask)[str(variant)]

        return fit_and_score

    def stream(self, shown: str, texts: Sequence[str], spam: Truth) -> Vector:
        """Predict then learn, one by one."""
        name, variant = self.names[shown]

        def ask() -> Answers:
            filter = self._fresh(name)
            found = []
            for number, (text, label) in enumerate(zip(texts, spam, strict=True)):
                found.append(filter.score(message(text, -number - 1)))
                filter.learn(message(text, number), bool(label))
            return _columns(found)

        return self._kept.answers((*self._key(name), "stream", inputs(texts, spam)), ask)[str(variant)]

    def close(self) -> None:
        """End what runs."""
        for filter in self._running.values():
            filter.close()
        self._running.clear()

    def _key(self, name: str) -> tuple[str, ...]:
        return name, self.versions[name], digest_of_files(*CODE)

    def _fresh(self, name: str) -> MailFilter:
        if name not in self._running:
            folder = self._folder / name.lower()
            folder.mkdir(parents=True, exist_ok=True)
            self._running[name] = FILTERS[name](folder)
        self._running[name].fresh()
        return self._running[name]


def _columns(rows: list[tuple[float, ...]]) -> Answers:
    table = np.array(rows, dtype=np.float64)
    return {str(at): table[:, at] for at in range(table.shape[1])}


def _version(name: str) -> str:
    asked = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Version}", name.lower()], capture_output=True, text=True, check=False
    )
    return asked.stdout.strip() or "of unknown version"

"""What is logged: one line an event, as text for people or as JSON for machines, a line a decision among them.

A decision's line has no word of the comment and nobody's name or address: who has to know more looks up its id.
"""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Any

from moderator.settings import Settings
from moderator.store import Remembered, Site

decisions = logging.getLogger("moderator.decisions")
WORDS = "decision %(id)s: %(action)s by %(rule)s at site %(site)r in %(ms)s ms"
# What a terminal, or who reads the log by lines, takes for more than a letter.
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
TEXT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


# Where text is read by people, a decision is a detail; JSON is there to be counted.
_LEVEL = {"json": logging.INFO, "text": logging.DEBUG}


class Lines(logging.Formatter):
    """Each record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        said: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        if isinstance(record.args, dict):
            said |= {"event": str(record.msg).partition(" ")[0], **record.args}
        else:
            said["message"] = record.getMessage()
        if record.exc_info:
            said["trace"] = self.formatException(record.exc_info)
        return json.dumps(said, separators=(",", ":"), default=str)  # ASCII: no line can be broken or forged


class Text(logging.Formatter):
    """Each record for people: what goes on over lines is indented, so that nothing can pass for a line of its own."""

    def __init__(self) -> None:
        super().__init__(TEXT)

    def format(self, record: logging.LogRecord) -> str:
        """The lines."""
        lines = super().format(record).split("\n")
        return "\n    ".join(CONTROL.sub(lambda found: repr(found[0])[1:-1], line) for line in lines)


def start(settings: Settings) -> None:
    """One line an event, on standard error, for this process."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines() if settings.log_format == "json" else Text())
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler], force=True)
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it tells of its own inside at every start


class Journal:
    """Tells of decisions, at the level that the format has for them."""

    def __init__(self, settings: Settings) -> None:
        self._level = _LEVEL[settings.log_format]

    def tell(self, site: Site, answer: Remembered, seconds: float) -> None:
        """Log what was answered; nothing of what was asked."""
        if not decisions.isEnabledFor(self._level):
            return
        decision = answer.decision
        fields = {
            "id": answer.id,
            "site": site.name,
            "action": decision.action.value,
            "rule": decision.rule,
            "score": decision.score,
            "model": decision.model,
            "known": answer.known,
            "edited": answer.edited,
            "ms": round(seconds * 1000, 1),
        }
        decisions.log(self._level, WORDS, fields)

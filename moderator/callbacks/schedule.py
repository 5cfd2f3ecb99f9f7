"""When to try again."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

# As Standard Webhooks recommends: 75 hours in all; then the store gives up (outbox.GIVE_UP).
DELAYS = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
# A blog that cannot be reached is asked by one message, not by all that wait, so it may be asked more often: what has
# gathered arrives within half an hour after it is back.
LONGEST_PAUSE = timedelta(minutes=30)
JITTER = 0.1
MOST_ASKED_FOR = timedelta(hours=24)


def after_refusal(attempts: int, fraction: float) -> timedelta:
    """How long a message waits that was refused, after so many attempts before. ``fraction``: 0 to 1, by chance."""
    return _spread(DELAYS[min(attempts, len(DELAYS) - 1)], fraction)


def pause(failures: int, fraction: float) -> timedelta:
    """How long a blog is left alone that could not be reached, after so many failures before in a row."""
    return _spread(min(DELAYS[min(failures, len(DELAYS) - 1)], LONGEST_PAUSE), fraction)


def _spread(delay: timedelta, fraction: float) -> timedelta:
    return delay * (1 + JITTER * fraction)


def retry_after(header: str | None, now: datetime) -> timedelta | None:
    """What the blog asked for by Retry-After (RFC 9110, section 10.2.3: seconds or a date); at most a day."""
    if header is None:
        return None
    header = header.strip()
    if header.isascii() and header.isdigit():
        asked = timedelta(seconds=int(header[:9]))
    else:
        try:
            until = parsedate_to_datetime(header)
            asked = (until if until.tzinfo else until.replace(tzinfo=UTC)) - now
        except (ValueError, TypeError, OverflowError):
            return None
    return min(max(asked, timedelta(seconds=1)), MOST_ASKED_FOR)

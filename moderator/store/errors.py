"""What can go wrong in the store; every message is a sentence that tells the cure."""

from datetime import datetime

from moderator.comment import Status, Word


class StoreError(Exception):
    """The store could not do it. The base of all the others; a door answers *hold* or 503, never *approve*."""


class StoreBusy(StoreError):
    """The write was not confirmed within its deadline; sending the same comment again is safe."""


class UnknownComment(StoreError):
    """No such comment (of this site)."""


class UnknownVerdict(StoreError):
    """No such verdict or batch."""


class StaleVersion(StoreError):
    """Somebody was faster: the comment is no longer the one that was looked at. Says who, what and when.

    ``word`` and ``by`` are None where no human has spoken on the comment as it is now (the blog edited it).
    """

    def __init__(
        self, comment_id: str, *, version: int, status: Status, word: Word | None, by: str | None, at: datetime
    ) -> None:
        what = f"{by} said {word}" if word and by else "it was edited"
        super().__init__(f"comment {comment_id} has changed: {what} at {at:%Y-%m-%d %H:%M} UTC; look at it again")
        self.comment_id = comment_id
        self.version = version
        self.status = status
        self.word = word
        self.by = by
        self.at = at


class BadPlace(StoreError):
    """What was given as a place in a queue is none, or one of another order."""


class KeyReused(StoreError):
    """Another request came under this name before."""


class Replayed(StoreError):
    """This very message came before."""


class NameTaken(StoreError):
    """A site or a person of that name exists."""


class PolicyChanged(StoreError):
    """Somebody was faster: the site's policy is no longer the one that was looked at."""


class TooManyLive(StoreError):
    """A site has as many live keys of a kind as it may have; the cure is to revoke one."""


class PasswordRefused(StoreError):
    """The password is too short or too long."""


class LinkRefused(StoreError):
    """The one-time link is unknown, used or expired."""


class TooManyAttempts(StoreError):
    """Too many failed logins; ``wait`` is the number of seconds until the next try is looked at."""

    def __init__(self, wait: int) -> None:
        super().__init__(f"too many failed logins; try again in {wait} s")
        self.wait = wait

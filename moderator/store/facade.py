"""The Store: one object per process, with a named question or deed for each thing that the rest of us needs."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta

from moderator.comment import Comment, Decision, Status, Word
from moderator.policy import SitePolicy
from moderator.store.values import (
    ApiKey,
    Batch,
    Filter,
    Given,
    History,
    Labelled,
    Person,
    QueuePage,
    Remembered,
    Role,
    Session,
    Site,
    StoredComment,
)

Clock = Callable[[], datetime]

WRITE_DEADLINE = 5.0  # seconds that a caller waits for its write to be on disk
SESSION_IDLE = timedelta(minutes=30)
SESSION_ABSOLUTE = timedelta(hours=12)
LINK_LIFE = timedelta(hours=24)


class Store:
    """The open store. Safe for many threads; after a fork the child connects anew by itself.

    Every question raises StoreError when the database cannot answer, every deed also StoreBusy when it was not on
    disk within its deadline.
    """

    # Opening and closing

    @staticmethod
    def upgrade(url: str) -> None:
        """Create the store at ``url`` or bring it to this version's level; several processes may try at once."""
        raise NotImplementedError

    @classmethod
    def open(cls, url: str, *, clock: Clock, deadline: float = WRITE_DEADLINE) -> "Store":
        """The store at ``url``; StoreError where it cannot be opened or is not at this version's level."""
        raise NotImplementedError

    def close(self) -> None:
        """Finish the writes that wait, and let go of all connections."""
        raise NotImplementedError

    def check(self) -> None:
        """StoreError unless a row can be read and a write could begin; for readiness."""
        raise NotImplementedError

    # Comments: the hot path first

    def remember(self, site: Site, comment: Comment, decision: Decision, *, at: datetime) -> Remembered:
        """Store a comment with its decision, or give back the stored answer if it is known; durable on return."""
        raise NotImplementedError

    def comment(self, site: Site | None, comment_id: str) -> StoredComment | None:
        """The comment with our id; of this site only, or of any with None."""
        raise NotImplementedError

    def comment_by_external_id(self, site: Site, external_id: str) -> StoredComment | None:
        """The comment that this site calls ``external_id``."""
        raise NotImplementedError

    def history(self, comment_id: str, *, site: Site | None = None) -> History | None:
        """All decisions, verdicts and former contents of one comment."""
        raise NotImplementedError

    def queue(
        self, which: Filter, *, limit: int = 50, before: str | None = None, after: str | None = None
    ) -> QueuePage:
        """One page of comments, newest first: older than the id ``before``, or next newer than ``after``."""
        raise NotImplementedError

    def counts(self, *, site_id: int | None = None) -> Mapping[Status, int]:
        """How many comments there are of each status (each status is in it)."""
        raise NotImplementedError

    # Verdicts

    def give_verdict(
        self,
        comment_id: str,
        word: Word,
        *,
        by: str,
        door: str,
        expected_version: int | None = None,
        site: Site | None = None,
    ) -> Given:
        """Append a human's word. UnknownComment; StaleVersion where the comment is not at ``expected_version``.

        The same word again by the same person through the same door is given back, not stored twice.
        """
        raise NotImplementedError

    def give_verdicts(self, versions: Mapping[str, int | None], word: Word, *, by: str, door: str) -> Batch:
        """One word for many comments (id → expected version), all in one transaction; undo takes ``Batch.id``."""
        raise NotImplementedError

    def undo(self, what: str | int, *, by: str, door: str = "page") -> Batch:
        """Take back a batch (text) or one verdict (number) by new verdicts that restore the word and status before.

        UnknownVerdict; a comment on which somebody has spoken since is left alone and is in ``Batch.stale``.
        """
        raise NotImplementedError

    def labelled(self) -> Iterator[Labelled]:
        """For each comment the content last called ham or spam, oldest first; as it was when it was judged."""
        raise NotImplementedError

    # Sites and their keys

    def add_site(self, name: str, policy: SitePolicy | None = None) -> tuple[Site, str]:
        """A new site and its first key, which is never shown again. NameTaken."""
        raise NotImplementedError

    def sites(self) -> tuple[Site, ...]:
        """All sites by name."""
        raise NotImplementedError

    def site(self, site_id: int) -> Site | None:
        """The site with this id."""
        raise NotImplementedError

    def site_by_name(self, name: str) -> Site | None:
        """The site of this name."""
        raise NotImplementedError

    def site_by_key(self, key: str) -> Site | None:
        """The site whose live key this is; what was true at most one second ago."""
        raise NotImplementedError

    def set_policy(self, site_id: int, policy: SitePolicy) -> Site:
        """Give the site another policy. StoreError where there is no such site."""
        raise NotImplementedError

    def add_key(self, site_id: int) -> str:
        """Another live key for the site; shown only now."""
        raise NotImplementedError

    def keys(self, site_id: int) -> tuple[ApiKey, ...]:
        """The site's keys, revoked ones too, oldest first."""
        raise NotImplementedError

    def revoke_key(self, key_id: int) -> None:
        """Make a key invalid, in every process within a second."""
        raise NotImplementedError

    # People, their logins and their sessions

    def add_person(self, login: str, role: Role = Role.MODERATOR) -> Person:
        """A new person without a password (send a link). NameTaken. The login's case does not count."""
        raise NotImplementedError

    def people(self) -> tuple[Person, ...]:
        """Everybody, by login."""
        raise NotImplementedError

    def person(self, person_id: int) -> Person | None:
        """The person with this id."""
        raise NotImplementedError

    def person_by_login(self, login: str) -> Person | None:
        """The person of this login, in any case."""
        raise NotImplementedError

    def set_role(self, person_id: int, role: Role) -> None:
        """Give a person another role."""
        raise NotImplementedError

    def disable_person(self, person_id: int) -> None:
        """Shut a person out, at once: all their sessions end."""
        raise NotImplementedError

    def enable_person(self, person_id: int) -> None:
        """Let a disabled person log in again."""
        raise NotImplementedError

    def set_password(self, person_id: int, password: str) -> None:
        """Set a password (12 to 1024 bytes, else PasswordRefused) and end all the person's sessions."""
        raise NotImplementedError

    def log_in(self, login: str, password: str, *, address: str) -> Person | None:
        """The person if login and password fit, else None, taking as long for an unknown login as for a known one.

        ``address`` is the client's IP. TooManyAttempts, before the password is looked at, after repeated failures.
        """
        raise NotImplementedError

    def start_session(self, person_id: int) -> tuple[str, Session]:
        """A new session and its token (for the cookie), which is not stored."""
        raise NotImplementedError

    def session(
        self, token: str, *, idle: timedelta = SESSION_IDLE, absolute: timedelta = SESSION_ABSOLUTE
    ) -> Session | None:
        """The live session of this token; None when ended, too old, idle for too long, or the person is disabled."""
        raise NotImplementedError

    def end_session(self, token: str) -> None:
        """Log out, in every process at once."""
        raise NotImplementedError

    def end_sessions(self, person_id: int) -> None:
        """Log a person out everywhere."""
        raise NotImplementedError

    def add_link(self, person_id: int, *, life: timedelta = LINK_LIFE) -> str:
        """The token of a one-time link to set a password; earlier unused ones of the person die."""
        raise NotImplementedError

    def link(self, token: str) -> Person | None:
        """Whose live link this is, without using it up."""
        raise NotImplementedError

    def use_link(self, token: str, password: str) -> Person:
        """Set the password by a link, once. LinkRefused, PasswordRefused (which does not use the link up)."""
        raise NotImplementedError

"""The Store: one object per process, with a named question or deed for each thing that the rest of us needs."""

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy.engine import URL

from moderator.comment import Comment, Decision, Status, Word
from moderator.known import NO_MARKS, Belongs, Choose, Known, Marks
from moderator.policy import SitePolicy
from moderator.store import attempts, comments, passwords, people, queue, sessions, sightings, sites, verdicts
from moderator.store import engine as engines
from moderator.store import upgrade as levels
from moderator.store.access import Access, Clock
from moderator.store.akismet_keys import AkismetKeys
from moderator.store.callbacks import Callbacks
from moderator.store.campaigns import Campaigns
from moderator.store.claims import Claims
from moderator.store.deeds import Doings
from moderator.store.deletion import Deletions
from moderator.store.errors import LinkRefused, StoreError
from moderator.store.forgetting import Forgetting
from moderator.store.ids import MICROSECOND, micros, moment, new_id
from moderator.store.imports import Imports
from moderator.store.lessons import Lessons
from moderator.store.models import Models
from moderator.store.once import Once
from moderator.store.outbox import Outbox
from moderator.store.preferences import Preferences
from moderator.store.privacy import Privacy
from moderator.store.process import PerProcess
from moderator.store.pruning import Pruning
from moderator.store.rates import Rates
from moderator.store.remember import job_of
from moderator.store.rescoring import Rescoring
from moderator.store.shared_secrets import Secrets
from moderator.store.sightings import Batch as KnownBatch
from moderator.store.spot_checks import SpotChecks
from moderator.store.tallies import Tallies
from moderator.store.values import (
    ApiKey,
    Batch,
    Counted,
    Doors,
    Filter,
    Given,
    History,
    Judged,
    Labelled,
    Order,
    Person,
    QueuePage,
    Remembered,
    Role,
    Session,
    Site,
    StoredComment,
    Sureness,
)
from moderator.store.watching import Watching
from moderator.store.writer import Several

WRITE_DEADLINE = 5.0  # seconds that a caller waits for its write to be on disk
SESSION_IDLE = timedelta(minutes=30)
SESSION_ABSOLUTE = timedelta(hours=12)
LINK_LIFE = timedelta(hours=24)
KEY_TRUSTED = 0.9  # seconds that a key is believed without asking; a revoked one must be dead within one
LABELLED_AT_ONCE = 500
EVEN = Sureness()


class Store:
    """The open store. Safe for many threads; after a fork the child connects anew by itself.

    Every question raises StoreError when the database cannot answer, every deed also StoreBusy when it was not on
    disk within its deadline.
    """

    def __init__(self, url: URL, clock: Clock, deadline: float) -> None:
        """Use :meth:`open`."""
        self.deadline = deadline  # seconds that a deed may take
        self._process = PerProcess(url)
        access = Access(self._process, clock, deadline)
        self._now, self._read, self._write = access.now, access.read, access.write
        self._sites_by_key: dict[str, tuple[float, Site]] = {}
        # What only one subject needs has a part of its own.
        self.secrets = Secrets(access)
        self.once = Once(access)
        self.deletions = Deletions(access)
        self.akismet_keys = AkismetKeys(access)
        self.tallies = Tallies(access)
        self.spot_checks = SpotChecks(access)
        self.claims = Claims(access)
        self.callbacks = Callbacks(access)
        self.outbox = Outbox(access)
        self.imports = Imports(access)
        self.watching = Watching(access)
        self.models = Models(access)
        self.pruning = Pruning(access)
        self.campaigns = Campaigns(access)
        self.privacy = Privacy(access)
        self.rates = Rates(access)
        self.lessons = Lessons(access)
        self.forgetting = Forgetting(access)
        self.rescoring = Rescoring(access)
        self.deeds = Doings(access, self.outbox)
        self.preferences = Preferences(access)

    # Opening and closing

    @staticmethod
    def upgrade(url: str) -> None:
        """Create the store at ``url`` or bring it to this version's level; several processes may try at once."""
        levels.upgrade(engines.parse(url))

    @classmethod
    def open(cls, url: str, *, clock: Clock, deadline: float = WRITE_DEADLINE) -> "Store":
        """The store at ``url``; StoreError where it cannot be opened or is not at this version's level."""
        parts = engines.parse(url)
        engine = engines.connect(parts)
        try:
            levels.check(engine, parts)
        finally:
            engine.dispose()  # this process may be about to fork; connections are made after
        return cls(parts, clock, deadline)

    def close(self) -> None:
        """Finish the writes that wait, and let go of all connections."""
        self._process.close()

    @property
    def shared(self) -> bool:
        """Whether several machines may use it at once."""
        return self._process.shared

    def check(self) -> None:
        """StoreError unless its tables are there, a row can be read and a write could begin; for readiness.

        Tables of a newer level are no reason: while nodes are replaced one by one, the former version goes on.
        """
        self._read(levels.not_older)
        self._read(sites.any_site)
        self._write(lambda connection: None)

    # Comments: the hot path first

    def remember(
        self,
        site: Site,
        comment: Comment,
        decision: Decision,
        has_link: bool = False,
        marks: Marks = NO_MARKS,
        belongs: Belongs | None = None,
        standing: float = 0.0,
        *,
        at: datetime,
    ) -> Remembered:
        """Store a comment with its decision, or give back the stored answer if it is known; durable on return.

        ``has_link``: a reader meets a link in its text. ``marks`` and ``belongs``: what is noted for the next ones.
        """
        judged = Judged(comment, decision, has_link, marks, belongs, standing)
        job = job_of(site.id, judged, micros(at))
        return self._process.here().writer.do(job, self.deadline)

    def remember_all(
        self, judged: Sequence[tuple[Site, Judged]], *, at: datetime
    ) -> Sequence[Remembered | BaseException]:
        """What ``remember`` does of several at once, each by itself: for each its answer, or why it is not stored."""
        jobs = [job_of(site.id, one, micros(at)) for site, one in judged]
        self._process.here().writer.do(Several(jobs), self.deadline)
        return [job.error or job.result for job in jobs]

    def comment(self, site: Site | None, comment_id: str) -> StoredComment | None:
        """The comment with our id; of this site only, or of any with None."""
        return self._read(lambda c: comments.by_id(c, comment_id, site_id=site.id if site else None))

    def comment_by_external_id(self, site: Site, external_id: str) -> StoredComment | None:
        """The comment that this site calls ``external_id``."""
        return self._read(lambda c: comments.by_external_id(c, site.id, external_id))

    def history(self, comment_id: str, *, site: Site | None = None) -> History | None:
        """All decisions, verdicts and former contents of one comment."""
        return self._read(lambda c: comments.history(c, comment_id, site_id=site.id if site else None))

    def parents(self, answers: Sequence[StoredComment]) -> Mapping[str, StoredComment]:
        """The comments that these answer, where we know them, by the ids of the answers."""
        return self._read(lambda c: comments.parents(c, answers))

    def queue(
        self,
        which: Filter,
        order: Order = Order.NEWEST,
        *,
        limit: int = 50,
        before: str | None = None,
        after: str | None = None,
        sureness: Sureness = EVEN,
        person_id: int | None = None,
    ) -> QueuePage:
        """One page of comments: those after the place ``before``, or those next before the place ``after``.

        A place is a page's ``further`` or ``back``; BadPlace where it is none of this order. SCORE and USEFUL are
        orders of what is held; ValueError for another status. What the person was not sure of comes last.
        """
        page = partial(queue.queue, which=which, order=order, limit=limit, before=before, after=after)
        return self._read(partial(page, sureness=sureness, person_id=person_id))

    def counts(self, *, site_id: int | None = None) -> Mapping[Status, int]:
        """How many comments there are of each status (each status is in it)."""
        return self._read(lambda c: comments.counts(c, site_id=site_id))

    def counts_upto(self, *, site_id: int | None = None) -> Mapping[Status, Counted]:
        """The same for what is held, approved and rejected, as far as a page has the time to count."""
        return self._read(lambda c: comments.counts_upto(c, site_id=site_id))

    def known(
        self, asked: Sequence[tuple[Site, Marks]], choose: Choose, *, at: datetime, batch: KnownBatch | None = None
    ) -> list[tuple[Known, Belongs | None]]:
        """What is known from before of each comment's author, hosts and wording, and to which campaign it belongs.

        Each knows those before it, and those that were asked for with the same ``batch``.
        """
        marked = [(site.id, marks) for site, marks in asked]
        return self._process.here().look(
            lambda c: sightings.look(c, marked, choose, at=micros(at), batch=KnownBatch() if batch is None else batch)
        )

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
        key: str = "",
    ) -> Given:
        """Append a human's word. UnknownComment; StaleVersion where the comment is not at ``expected_version``.

        The same word again by the same person through the same door is given back, not stored twice.
        """
        at = self._now()
        given = self._write(
            lambda c: verdicts.give(
                c,
                comment_id,
                word,
                by=by,
                door=door,
                at=at,
                batch=new_id(at),
                expected_version=expected_version,
                site_id=site.id if site else None,
                key=key,
            )
        )
        self.outbox.announce()
        return given

    def give_verdicts(self, versions: Mapping[str, int | None], word: Word, *, by: str, door: str) -> Batch:
        """One word for many comments (id → expected version), all in one transaction; undo takes ``Batch.id``."""
        at = self._now()
        batch = self._write(lambda c: verdicts.give_many(c, versions, word, by=by, door=door, at=at))
        self.outbox.announce()
        return batch

    def undo(self, what: str | int, *, by: str, door: str = "page") -> Batch:
        """Take back a batch (text) or one verdict (number) by new verdicts that restore the word and status before.

        UnknownVerdict; a comment on which somebody has spoken since is left alone and is in ``Batch.stale``.
        """
        at = self._now()
        batch = self._write(lambda c: verdicts.undo(c, what, by=by, door=door, at=at))
        self.outbox.announce()
        return batch

    def labelled(self) -> Iterator[Labelled]:
        """For each comment the content last called ham or spam, oldest first; as it was when it was judged."""
        after, more = "", True
        while more:  # page by page, as a long read would keep SQLite's log from being emptied
            page, more = self._read(partial(comments.labelled_page, after=after, limit=LABELLED_AT_ONCE))
            yield from (found for _, found in page if found is not None)
            after = page[-1][0] if page else after

    # Sites and their keys

    def add_site(self, name: str, policy: SitePolicy | None = None) -> tuple[Site, str]:
        """A new site and its first key, which is never shown again. NameTaken."""
        at = self._now()
        return self._write(lambda c: sites.add(c, name, policy or SitePolicy(), at=at))

    def sites(self) -> tuple[Site, ...]:
        """All sites by name."""
        return self._read(sites.all_sites)

    def site(self, site_id: int) -> Site | None:
        """The site with this id."""
        return self._read(lambda c: sites.by_id(c, site_id))

    def site_by_name(self, name: str) -> Site | None:
        """The site of this name."""
        return self._read(lambda c: sites.by_name(c, name))

    def site_by_key(self, key: str) -> Site | None:
        """The site whose live key this is; what was true at most one second ago."""
        digest = sites.digest_of(key)
        found = self._sites_by_key.get(digest)
        now = time.monotonic()
        if found is not None and found[0] > now:
            return found[1]
        site = self._read(lambda c: sites.by_digest(c, digest))
        if site is None:
            self._sites_by_key.pop(digest, None)  # what is unknown is not kept, so nobody can fill the cache
        else:
            self._sites_by_key[digest] = (now + KEY_TRUSTED, site)  # from before the question on
        return site

    def site_by_known_key(self, key: str) -> Site | None:
        """The same for a key that this process has seen to be right; for any other None, and nothing is asked."""
        return self.site_by_key(key) if sites.digest_of(key) in self._sites_by_key else None

    def site_last_known(self, key: str) -> Site | None:
        """The site that had this key when this process last asked; for what can be told while the store is away."""
        found = self._sites_by_key.get(sites.digest_of(key))
        return found[1] if found is not None else None

    def set_policy(self, site_id: int, policy: SitePolicy, *, expected: SitePolicy | None = None) -> Site:
        """Give the site another policy. StoreError where there is no such site, PolicyChanged if not ``expected``."""
        site = self._write(lambda c: sites.set_policy(c, site_id, policy, expected=expected))
        self._sites_by_key.clear()
        return site

    def set_doors(self, site_id: int, doors: Doors) -> Site:
        """Give the site's doors other options. StoreError where there is no such site."""
        site = self._write(lambda c: sites.set_doors(c, site_id, doors))
        self._sites_by_key.clear()
        return site

    def add_key(self, site_id: int) -> str:
        """Another live key for the site; shown only now. TooManyLive where it has two."""
        at = self._now()
        return self._write(lambda c: sites.add_key(c, site_id, at=at))

    def keys(self, site_id: int) -> tuple[ApiKey, ...]:
        """The site's keys, revoked ones too, oldest first."""
        return self._read(lambda c: sites.keys(c, site_id))

    def revoke_key(self, key_id: int) -> None:
        """Make a key invalid, in every process within a second."""
        at = self._now()
        self._write(lambda c: sites.revoke_key(c, key_id, at=at))
        self._sites_by_key.clear()

    # People, their logins and their sessions

    def add_person(self, login: str, role: Role = Role.MODERATOR) -> Person:
        """A new person without a password (send a link). NameTaken. The login's case does not count."""
        at = self._now()
        return self._write(lambda c: people.add(c, login, role, at=at))

    def people(self) -> tuple[Person, ...]:
        """Everybody, by login."""
        return self._read(people.everybody)

    def person(self, person_id: int) -> Person | None:
        """The person with this id."""
        return self._read(lambda c: people.by_id(c, person_id))

    def person_by_login(self, login: str) -> Person | None:
        """The person of this login, in any case."""
        found = self._read(lambda c: people.by_login(c, login))
        return found[0] if found else None

    def set_role(self, person_id: int, role: Role) -> None:
        """Give a person another role."""
        self._write(lambda c: people.change(c, person_id, role=role.value))

    def set_language(self, person_id: int, language: str) -> None:
        """In which language the pages speak to a person; empty: as their browser asks."""
        self._write(lambda c: people.change(c, person_id, language=language))

    def set_sites(self, person_id: int, site_ids: Sequence[int] | None) -> None:
        """Limit a moderator to these sites; None: all."""
        self._write(lambda c: people.set_sites(c, person_id, site_ids))

    def set_digest(self, person_id: int, wanted: bool) -> None:
        """Whether a person gets the daily e-mail."""
        self._write(lambda c: people.change(c, person_id, digest=wanted))

    def sites_of(self, comment_ids: Sequence[str]) -> frozenset[int]:
        """The sites whose comments these are; ids of none are passed over."""
        return self._read(lambda c: comments.sites_of(c, comment_ids))

    def disable_person(self, person_id: int) -> None:
        """Shut a person out, at once: all their sessions end."""
        at = self._now()
        self._write(lambda c: people.disable(c, person_id, at=at))

    def enable_person(self, person_id: int) -> None:
        """Let a disabled person log in again."""
        self._write(lambda c: people.change(c, person_id, disabled_at=None))

    def set_password(self, person_id: int, password: str) -> None:
        """Set a password (12 to 1024 bytes, else PasswordRefused) and end all the person's sessions."""
        hashed, at = passwords.hashed(password), self._now()
        self._write(lambda c: people.set_password(c, person_id, hashed, at=at))

    def log_in(self, login: str, password: str, *, address: str) -> Person | None:
        """The person if login and password fit, else None, taking as long for an unknown login as for a known one.

        ``address`` is the client's IP. TooManyAttempts, before the password is looked at, after repeated failures.
        """
        login, at = people.normal(login), self._now()
        here, *elsewhere = attempts.of_login(login, address)
        self._write(lambda c: attempts.begin(c, [here, *elsewhere], at=at))
        person, stored = self._read(lambda c: people.by_login(c, login)) or (None, None)
        fitted = passwords.fits(password, stored)
        if not fitted or person is None or person.disabled is not None or stored is None:
            return None
        self._write(lambda c: attempts.forgive(c, [here], elsewhere))
        if passwords.outdated(stored):
            again, new = stored, passwords.hashed(password)
            self._write(lambda c: people.rehash(c, person.id, old=again, new=new))
        return person

    def start_session(self, person_id: int) -> tuple[str, Session]:
        """A new session and its token (for the cookie), which is not stored."""
        at = self._now()
        token, csrf = self._write(lambda c: sessions.start(c, person_id, at=at))
        person = self.person(person_id)
        if person is None or person.disabled is not None:
            raise StoreError(f"person number {person_id} may not log in; enable the account first")
        return token, Session(person, csrf, moment(at), moment(at))

    def session(
        self, token: str, *, idle: timedelta = SESSION_IDLE, absolute: timedelta = SESSION_ABSOLUTE, used: bool = True
    ) -> Session | None:
        """The live session of this token; None when ended, too old, idle for too long, or the person is disabled.

        Not ``used``: it was a page that asks by itself, which must not keep a login alive that nobody sits at.
        """
        at = self._now()
        idle_since, begun = at - idle // MICROSECOND, at - absolute // MICROSECOND
        row = self._read(lambda c: sessions.live(c, token, seen_after=idle_since, created_after=begun))
        if row is None:
            return None
        if used and row.seen_at < at - sessions.SEEN_EVERY:
            self._write(lambda c: sessions.touch(c, token, at=at))
        person = people.person_of(row)
        if person.site_ids is not None:
            person = self._read(lambda c: people.with_sites(c, people.person_of(row)))
        return Session(person, row.csrf, moment(row.started_at), moment(row.seen_at))

    def end_session(self, token: str) -> None:
        """Log out, in every process at once."""
        at = self._now()
        self._write(lambda c: sessions.end(c, token, at=at))

    def end_sessions(self, person_id: int) -> None:
        """Log a person out everywhere."""
        at = self._now()
        self._write(lambda c: sessions.end_all(c, person_id, at=at))

    def add_link(self, person_id: int, *, life: timedelta = LINK_LIFE) -> str:
        """The token of a one-time link to set a password; earlier unused ones of the person die."""
        at = self._now()
        return self._write(lambda c: sessions.add_link(c, person_id, at=at, expires=at + life // MICROSECOND))

    def link(self, token: str) -> Person | None:
        """Whose live link this is, without using it up."""
        at = self._now()
        row = self._read(lambda c: sessions.link(c, token, at=at))
        return people.person_of(row) if row else None

    def use_link(self, token: str, password: str) -> Person:
        """Set the password by a link, once. LinkRefused, PasswordRefused (which does not use the link up)."""
        if self.link(token) is None:  # before the costly hash, so that guessing links costs us nothing
            raise LinkRefused("this link was used, replaced or is too old; ask for a new one")
        hashed, at = passwords.hashed(password), self._now()
        return self._write(lambda c: people.use_link(c, token, hashed, at=at))

"""What the store gives back: frozen values, times as aware UTC datetimes."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from moderator.comment import Action, Comment, Decision, Status, Verdict, Word
from moderator.known import NO_MARKS, Belongs, Marks
from moderator.policy import SitePolicy

MILLISECOND = timedelta(milliseconds=1)  # as exactly as ids tell the time


@dataclass(frozen=True, slots=True)
class Doors:
    """What a site's owner chose of the protocols that its blog speaks; each field but the first belongs to one of them.

    ``trust``: what a verdict that comes through any of them teaches, beside a moderator's own, from 0 to 1.
    """

    trust: float = 1.0

    # Akismet: what *hold* is to clients that know only spam and not spam, and whether a rejected comment may be lost.
    akismet_hold_is_spam: bool = True
    akismet_discard: bool = False
    # Coral: whether we say APPROVED, which skips Coral's later phases, or have no opinion.
    coral_approves: bool = False
    # BlogSpam: the SHA-256 of the secret in the site's address, none while the door is shut; and whether a hold, for
    # which the protocol has no word, is said as OK.
    blogspam_digest: str = ""
    blogspam_holds_are_ok: bool = False
    # Our own protocol: whether a comment that cannot be stored is answered with a hold in place of 503.
    outage_holds: bool = False
    # Whether e-mail and IP addresses are kept as they are while a comment waits; if not, only ever as pseudonyms.
    addresses: bool = True


@dataclass(frozen=True, slots=True)
class Site:
    """One blog that is served."""

    id: int
    name: str
    policy: SitePolicy
    created: datetime
    doors: Doors = Doors()


class Purpose(StrEnum):
    """What a shared secret of a site is for."""

    WEBHOOK = "webhook"  # the blog signs, we check: Standard Webhooks on our own protocol
    CALLBACK = "callback"  # we sign what we tell the blog
    CORAL = "coral"  # Coral signs, we check


@dataclass(frozen=True, slots=True)
class SiteSecret:
    """A shared secret as it may be shown: without the secret. ``revoked`` None: it is live."""

    id: int
    site_id: int
    purpose: Purpose
    created: datetime
    revoked: datetime | None


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A site's key as it may be shown: its first characters only. ``revoked`` None: it is live."""

    id: int
    site_id: int
    shown: str
    created: datetime
    revoked: datetime | None


@dataclass(frozen=True, slots=True)
class AkismetKey:
    """A key of the Akismet protocol as it may be shown: by its number, as each character shown would weaken it."""

    id: int
    site_id: int
    created: datetime
    revoked: datetime | None


@dataclass(frozen=True, slots=True)
class Tally:
    """What was decided and said of a site's comments in one month.

    ``spam`` and ``ham`` count how the comments stand now, what waits for a moderator is only in ``comments``;
    ``missed_spam`` was approved by the machine and called spam by a human, ``false_positives`` rejected and called ham.
    """

    month: str  # 2026-11
    comments: int = 0
    spam: int = 0
    ham: int = 0
    missed_spam: int = 0
    false_positives: int = 0


class Judged(NamedTuple):
    """A comment with what was decided on it, and whether a reader meets a link in its text. A tuple, as Reading is.

    ``marks`` and ``belongs`` are what is noted of it for the next ones; ``standing`` is the part of its log-odds that
    came from what humans said before of its author, hosts and network.
    """

    comment: Comment
    decision: Decision
    has_link: bool = False
    marks: Marks = NO_MARKS
    belongs: Belongs | None = None
    standing: float = 0.0


@dataclass(frozen=True, slots=True)
class Remembered:
    """The answer that stands for a comment, stored durably.

    ``known``: the site had sent this id before. ``edited``: with another content, so it was decided anew.
    ``known and not edited``: the stored answer is given again, not the one that was passed in.
    """

    id: str
    decision: Decision
    status: Status
    version: int
    known: bool
    edited: bool


@dataclass(frozen=True, slots=True)
class RememberedBatch:
    """The answers to many comments in their order; ``again``: a receipt said that they had come before."""

    answers: tuple[Remembered, ...]
    again: bool


@dataclass(frozen=True, slots=True)
class Receipt:
    """By what name a request is to happen only once, and what the whole request was (SHA-256, hex).

    ``stamp`` is the second in which a signed message was signed: the same name with a later one is the sender trying
    again, with the same or an earlier one it is a copy. 0: it was not signed.
    """

    name: str
    fingerprint: str
    stamp: int = 0


@dataclass(frozen=True, slots=True)
class Deleted:
    """A comment that its blog has deleted."""

    comment_id: str
    version: int


@dataclass(frozen=True, slots=True)
class StoredComment:
    """A comment as it stands now. ``verdict`` is the latest human word on this content, if there is one.

    ``score`` is today's: what waits is scored anew after its site's verdicts. ``would`` is then what this score alone
    would decide; None while it is the decision's own.
    """

    id: str
    site_id: int
    site_name: str
    comment: Comment
    status: Status
    version: int
    received: datetime
    changed: datetime
    decision: Decision
    decided: datetime
    verdict: Verdict | None
    score: float | None = None
    would: Action | None = None
    campaign: int | None = None  # the number of those that say nearly the same
    standing: float = 0.0  # log-odds; see Judged


@dataclass(frozen=True, slots=True)
class PastDecision:
    """One of the machine's answers; ``number`` counts from 1 within its comment."""

    number: int
    decision: Decision
    at: datetime
    fingerprint: str


@dataclass(frozen=True, slots=True)
class PastVerdict:
    """One human word; ``batch`` names those that were given together, ``undoes`` the verdict that it takes back."""

    id: int
    verdict: Verdict
    batch: str
    undoes: int | None


@dataclass(frozen=True, slots=True)
class Revision:
    """A former content, until when it stood, and the human's word on it, if there was one."""

    number: int
    comment: Comment
    fingerprint: str
    until: datetime
    word: Word | None


@dataclass(frozen=True, slots=True)
class History:
    """All that is known of one comment, each list oldest first; ``unsure``: the logins of who was not sure of it."""

    now: StoredComment
    decisions: tuple[PastDecision, ...]
    verdicts: tuple[PastVerdict, ...]
    revisions: tuple[Revision, ...]
    unsure: tuple[str, ...] = ()


class Order(StrEnum):
    """In which order a queue is shown."""

    NEWEST = "newest"
    OLDEST = "oldest"
    SCORE = "score"  # the highest first; what has none comes last
    USEFUL = "useful"  # what the machine was least sure of first, and what waits rises


@dataclass(frozen=True, slots=True)
class Sureness:
    """How sure the machine can be of a score: the further from the threshold, the surer.

    ``threshold`` is the model's; ``own`` has those of the sites that chose another, by their ids.
    """

    threshold: float = 0.5
    own: Mapping[int, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which comments a queue shows; None, or an empty text, means any.

    ``status`` None: all but what the blog has deleted. ``site_ids`` are those that the one who looks may see.
    ``language`` is a primary subtag (``de``). ``least`` and ``most`` bound the score, both included; a comment
    without a score is then not among them. ``since`` is included, ``until`` is not; both are about when it was
    received, to the millisecond. ``author`` is looked for in the fields of the author, ``text`` in the body as
    well. ``unsure``: only what somebody was not sure of. ``would``: scored anew, and today's score alone would decide
    so. ``campaign`` is the number that comments have in common that say nearly the same.
    """

    status: Status | None = Status.HELD
    site_id: int | None = None
    text: str = ""
    author: str = ""
    rule: str = ""
    language: str = ""
    has_link: bool | None = None
    would: Action | None = None
    least: float | None = None
    most: float | None = None
    since: datetime | None = None
    until: datetime | None = None
    site_ids: tuple[int, ...] | None = None
    unsure: bool = False
    campaign: int | None = None

    def as_of(self, seen: datetime) -> "Filter":
        """Of those only what had been received at that moment, as ids tell the time to the millisecond."""
        end = seen.replace(microsecond=seen.microsecond // 1000 * 1000) + MILLISECOND
        return replace(self, until=end if self.until is None else min(self.until, end))


@dataclass(frozen=True, slots=True)
class QueuePage:
    """Comments in the order asked for; what to pass as before= and after= for the next and previous page, or None.

    ``looked``: the filter was tried on so many comments only, and the page is shorter for it; ``further`` goes on.
    ``unsure``: who was not sure of which of them (logins, by the comment's id). The last ``put_off`` of the comments
    stand there because the one who looks was not.
    """

    comments: tuple[StoredComment, ...]
    further: str | None
    back: str | None
    looked: int | None = None
    unsure: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    put_off: int = 0


@dataclass(frozen=True, slots=True)
class Counted:
    """How many comments a filter lets through; not ``whole``: at least so many, as not all were looked at."""

    number: int
    whole: bool


@dataclass(frozen=True, slots=True)
class Campaign:
    """Comments that say nearly the same, of all sites, those not counted that their blogs have deleted.

    ``statuses`` counts how they stand, ``words`` what humans said of them (deleted ones too), both without zeros.
    """

    id: int
    statuses: Mapping[Status, int]
    words: Mapping[Word, int]
    sites: int
    first: datetime | None
    last: datetime | None

    @property
    def size(self) -> int:
        """How many there are."""
        return sum(self.statuses.values())


@dataclass(frozen=True, slots=True)
class Given:
    """A verdict as it was stored; ``batch`` (or ``verdict_id``) is what undo takes."""

    comment_id: str
    verdict_id: int
    batch: str
    word: Word
    status: Status
    version: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Verdicts given together: those that were stored, and the ids that were not, as somebody was faster."""

    id: str
    given: tuple[Given, ...]
    stale: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Deed:
    """What a person did at one go, so that it can be taken back. ``word`` None: the comments were put off.

    ``comment_id`` is the first of ``number`` comments; on ``left_out`` others somebody was faster. ``batch`` names it
    in forms: it is another one each time that the deed is taken back or done again, so that no form does either twice.
    """

    id: int
    word: Word | None
    comment_id: str
    number: int
    left_out: int
    batch: str
    undone: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Deeds:
    """What a person did last: ``done`` can be taken back, latest first; ``undone`` done again, in its order.

    ``last`` is the one that was done, taken back or done again just now.
    """

    done: tuple[Deed, ...] = ()
    undone: tuple[Deed, ...] = ()
    last: Deed | None = None


@dataclass(frozen=True, slots=True)
class Labelled:
    """A content that a human called ham or spam, for training; ``door`` is where they spoke."""

    comment: Comment
    label: Word
    site: str
    at: datetime
    door: str


class Role(StrEnum):
    """What a person may do."""

    ADMIN = "admin"  # everything, people and sites among it
    MODERATOR = "moderator"  # verdicts


@dataclass(frozen=True, slots=True)
class Person:
    """One who logs in. ``disabled`` None: the account is live. ``language``: of the pages; empty: as browsers ask.

    ``digest``: gets the daily e-mail. ``site_ids``: a moderator of these sites alone; None: of all, as administrators
    are in any case.
    """

    id: int
    login: str
    role: Role
    created: datetime
    disabled: datetime | None
    has_password: bool
    language: str = ""
    digest: bool = False
    site_ids: tuple[int, ...] | None = None

    def may_see(self, site_id: int) -> bool:
        """Whether the comments of this site are theirs to see."""
        return self.role is Role.ADMIN or self.site_ids is None or site_id in self.site_ids


@dataclass(frozen=True, slots=True)
class Session:
    """A live login; ``csrf`` is the secret that its forms carry."""

    person: Person
    csrf: str = field(repr=False)
    created: datetime
    seen: datetime


class CallbackKind(StrEnum):
    """What a blog understands when it is told of a verdict."""

    NATIVE = "native"  # signed JSON after Standard Webhooks
    WORDPRESS_AKISMET = "wordpress-akismet"  # the webhook of WordPress's Akismet plugin
    CUSDIS = "cusdis"  # the approval token of each comment
    ISSO = "isso"  # signed moderation links


@dataclass(frozen=True, slots=True)
class Callback:
    """Where a site's blog is told of verdicts. ``disabled`` None: it is in use.

    ``trouble``: what the last attempt met, empty where it went well. ``failures``: how often in a row the blog could
    not be reached; ``paused``: until when it is left alone for that.
    """

    site_id: int
    site_name: str
    kind: CallbackKind
    url: str
    allow_private: bool
    created: datetime
    disabled: datetime | None = None
    trouble: str = ""
    failures: int = 0
    paused: datetime | None = None


class Delivery(StrEnum):
    """Where a message to a blog stands."""

    WAITING = "waiting"  # to be sent, or to be sent again
    DELIVERED = "delivered"  # the blog said that it has it
    FAILED = "failed"  # given up; may be repeated by hand
    DROPPED = "dropped"  # nothing to tell any more, or nothing that this blog could be told


@dataclass(frozen=True, slots=True)
class Message:
    """One thing that a blog is to be told, without what it says. ``note`` is how the last attempt went."""

    id: str
    site_id: int
    site_name: str
    comment_id: str
    version: int
    state: Delivery
    attempts: int
    queued: datetime
    next: datetime
    finished: datetime | None
    note: str


@dataclass(frozen=True, slots=True)
class Parcel:
    """A message taken to be sent now: to whom, with which live secrets (the newest first), about which comment."""

    id: str
    attempts: int
    queued: datetime
    callback: Callback
    secrets: tuple[str, ...] = field(repr=False)
    comment: StoredComment


@dataclass(frozen=True, slots=True)
class Outcome:
    """How sending went: what becomes of the message, and of its site's callback.

    ``next``: when a waiting message is due again. ``pause``: until when the whole site is left alone, as it is the blog
    that cannot be reached and not this message that it refuses. ``disable``: the blog said that the address is gone.
    """

    state: Delivery
    note: str
    next: datetime | None = None
    pause: datetime | None = None
    disable: bool = False

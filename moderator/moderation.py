"""The two verbs: ``judge`` a comment, ``learn`` a human's verdict.

Every door calls these and nothing below them, so that a comment goes one way wherever it came in. When something
fails inside, the answer is *hold*; when it cannot be stored, there is no answer at all.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import NamedTuple

from moderator import policy
from moderator.adaptation import Adaptation, Models
from moderator.campaigns import choose
from moderator.classifier import Assessment, Classifier
from moderator.comment import Action, Comment, Decision, Reason, Status, Word
from moderator.faults import log_fault
from moderator.known import NO_MARKS, NOTHING, Belongs, Campaign, Known, Marks
from moderator.policy import Case, Rule, SitePolicy, Thresholds
from moderator.pseudonyms import masked
from moderator.reading import Reading, read, shared_words
from moderator.standing import adjustments
from moderator.store import (
    Given,
    Judged,
    KeyReused,
    KnownBatch,
    Receipt,
    Remembered,
    RememberedBatch,
    Replayed,
    Site,
    Store,
    StoreBusy,
    StoreError,
)
from moderator.traces import marks
from moderator.turns import Job, TooLate, Turns

log = logging.getLogger(__name__)

# Not one of policy.RULES: those judge comments, this says that nothing could.
COULD_NOT_JUDGE = "could_not_judge"
COULD_NOT_JUDGE_SENTENCE = "Something failed inside, so a human should look."
# What could not be decided in this time is held, late as it is. It never speaks unless something is wrong: the slowest
# text within the limits of reading.py takes 40 ms. Doors whose clients publish what is late give less (coral.py).
MOST_SECONDS = 2.0
# So many comments are read at a time in one process: four of the slowest are done within 160 ms, and who would have to
# wait for longer than there is time is held without being read. More would only share the same processor.
MOST_AT_ONCE = 4
TOOK_TOO_LONG = "took_too_long"
TOOK_TOO_LONG_SENTENCE = "It could not be judged in time, so a human should look."
# Without a model nothing is approved by score; the rule no_score speaks before these are looked at.
NO_THRESHOLDS = Thresholds(hold=0.0, reject=None)
MOST_OF_A_HOST = 100
CAMPAIGN_RULES = (policy.campaign_called_spam, policy.campaign_in_question, policy.spreading_campaign)


class ModerationError(Exception):
    """The base of what the two verbs raise."""


class StoreUnavailable(ModerationError):
    """The decision could not be stored, so there is none; sending the same comment again is safe."""


# Who wants to know of each decision that is on disk: the site, the answer, and how many seconds it took.
Tell = Callable[[Site, Remembered, float], object]


class Recognised(NamedTuple):
    """By what a comment can be recognised, what is known of that from before, and to which campaign it belongs."""

    marks: Marks = NO_MARKS
    known: Known = NOTHING
    belongs: Belongs | None = None


NOBODY = Recognised()
Recognise = Callable[[Reading], Recognised]


def know_nothing(reading: Reading) -> Recognised:
    """Where there is no store to ask."""
    return NOBODY


class Moderator:
    """Judges comments and takes in verdicts, for all sites."""

    def __init__(
        self,
        store: Store,
        shelf: Models,
        clock: Callable[[], datetime],
        *,
        secret: bytes | None = None,
        adaptation: Adaptation | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        tell: Sequence[Tell] = (),
    ) -> None:
        """``adaptation`` has the sites' own classifiers; None: one of its own, over this shelf.

        ``secret`` is the installation's; None: one that nobody else knows, so that nothing is recognised elsewhere.
        """
        self._store = store
        self._sites = adaptation or Adaptation(store, shelf)
        self._clock = clock
        self._secret = secret or os.urandom(32)
        self._monotonic = monotonic
        self._tell = tell
        self._slots = threading.BoundedSemaphore(MOST_AT_ONCE)
        self._turns = Turns(self.judge_group)

    def _recognise(self, readings: Sequence[tuple["Asked", Reading]], batch: KnownBatch) -> list[Recognised]:
        """Ask the store what it knows of these comments; each also knows those before it, in the whole batch."""
        own = [marks(reading, one.comment, one.site.id, self._secret) for one, reading in readings]
        sites = [one.site for one, _ in readings]
        found = self._store.known(list(zip(sites, own, strict=True)), choose, at=self._clock(), batch=batch)
        return [Recognised(its, known, belongs) for its, (known, belongs) in zip(own, found, strict=True)]

    def _recognise_one(self, asked: "Asked", batch: KnownBatch, reading: Reading) -> Recognised:
        return self._recognise([(asked, reading)], batch)[0]

    def _kept(self, site: Site, judged: Judged) -> Judged:
        """As it is stored: where the site keeps no raw addresses, with pseudonyms."""
        if site.doors.addresses:
            return judged
        return judged._replace(comment=masked(judged.comment, self._secret, site.id))

    def judge(
        self, site: Site, comment: Comment, *, once: Sequence[Receipt] = (), within: float = MOST_SECONDS
    ) -> Remembered:
        """Decide, store, and answer: the decision that stands for this comment is on disk when this returns.

        What is not decided ``within`` so many seconds is a hold.

        With receipts, what was answered under one of their names is answered again. Raises StoreUnavailable where it
        could not be stored, and with receipts the store's KeyReused and Replayed.
        """
        begun = time.perf_counter()
        asked = Asked(site, comment, within, self._monotonic())
        try:
            if once:
                judged = self._kept(site, self._judged([asked])[0])
                answer = self._store.once.remember(site, judged, once, at=self._clock())
            else:
                answer = self._turns.do(asked, self._store.deadline)
        except TooLate:
            raise _unavailable(StoreBusy(f"not on disk within {self._store.deadline:g} s")) from None
        except (KeyReused, Replayed):
            raise
        except Exception as error:
            raise _unavailable(error) from error
        self._announce(site, (answer,), begun)
        return _told(site, answer)

    def judge_group(self, asked: list["Asked"]) -> None:
        """Work for all that wait: what fails of one of them does not fail of the others."""
        found = self._judged(asked)  # of a flood they know each other, as those of a batch do
        judged = [self._kept(one.site, its) for one, its in zip(asked, found, strict=True)]
        for one, answer in zip(asked, self._stored(asked, judged), strict=True):
            if isinstance(answer, Remembered):
                one.result = answer
            else:
                one.error = answer

    def _stored(self, asked: list["Asked"], judged: list[Judged]) -> Sequence[Remembered | BaseException]:
        try:
            if len(asked) == 1:
                return [self._store.remember(asked[0].site, *judged[0], at=self._clock())]
            sites = [one.site for one in asked]
            return self._store.remember_all(list(zip(sites, judged, strict=True)), at=self._clock())
        except Exception as error:
            return [error] * len(asked)

    def judge_many(
        self, site: Site, comments: Sequence[Comment], *, once: Sequence[Receipt] = (), again: bool = False
    ) -> RememberedBatch:
        """Decide on many, store them in one transaction, and answer in their order; raises what ``judge`` does.

        ``again``: they, or others of their batch, came before; known ones then give the answer that stands.
        """
        begun = time.perf_counter()
        within = MOST_SECONDS * max(len(comments), 1)
        asked = [Asked(site, comment, within, self._monotonic()) for comment in comments]
        judged = [self._kept(site, one) for one in self._judged(asked)]
        try:
            batch = self._store.once.remember_many(site, judged, once, at=self._clock(), again=again)
        except (KeyReused, Replayed):
            raise
        except Exception as error:
            raise _unavailable(error) from error
        self._announce(site, batch.answers, begun)
        return replace(batch, answers=tuple(_told(site, answer) for answer in batch.answers))

    def _announce(self, site: Site, answers: Sequence[Remembered], begun: float) -> None:
        """Tell who counts and logs; what fails there is no reason not to answer."""
        seconds = time.perf_counter() - begun
        try:
            for tell in self._tell:
                for answer in answers:
                    tell(site, answer, seconds)
        except Exception as error:
            log_fault("telling of a decision", error)

    def try_out(self, site: Site, comment: Comment) -> Decision:
        """What would be decided; nothing is stored, counted or learned. Total, as :func:`assess` is."""
        return self._judged([Asked(site, comment, MOST_SECONDS, self._monotonic())])[0].decision

    def _judged(self, asked: Sequence["Asked"]) -> list[Judged]:
        """Decide, as one of few at a time."""
        if not asked:
            return []
        if not self._slots.acquire(timeout=min(one.within for one in asked)):
            return [Judged(one.comment, _held(TOOK_TOO_LONG, TOOK_TOO_LONG_SENTENCE, "")) for one in asked]
        try:
            models = [self._sites.of(one.site) for one in asked]
            batch = KnownBatch()
            return [
                _judged(
                    one.comment,
                    one.site.policy,
                    its,
                    partial(self._recognise_one, one, batch),
                    has,
                    until=one.until,
                    monotonic=self._monotonic,
                )
                for one, its, has in zip(asked, models, self._look_at_all(asked, models), strict=True)
            ]
        finally:
            self._slots.release()

    def _look_at_all(self, asked: Sequence["Asked"], models: Sequence[Models]) -> Sequence["_Seen | None"]:
        """What is seen and known of each, at a third of the price of one by one.

        None for all where it failed, and for one alone.
        """
        if len(asked) < 2:
            return [None] * len(asked)
        try:
            classifiers = [its.current() for its in models]
            readings = [read(one.comment) for one in asked]
            assessed: list[Assessment | None] = [None] * len(asked)
            for classifier in dict.fromkeys(classifiers):  # those whom the same one answers, at once
                if classifier is not None:
                    its = [i for i, other in enumerate(classifiers) if other is classifier]
                    for i, one in zip(its, classifier.assess_many([readings[i] for i in its]), strict=True):
                        assessed[i] = one
            found = self._recognise(list(zip(asked, readings, strict=True)), KnownBatch())
            return [_Seen(*of_one) for of_one in zip(readings, classifiers, assessed, found, strict=True)]
        except Exception:  # which of them it was shows when each is looked at by itself
            return [None] * len(asked)

    def learn(
        self,
        site: Site,
        comment_id: str,
        word: Word,
        *,
        by: str,
        door: str,
        once: Sequence[Receipt] = (),
        key: str = "",
    ) -> Given:
        """Store a human's word on a comment of this site. Raises the store's UnknownComment and StoreError."""
        if once:
            return self._store.once.give_verdict(site, comment_id, word, once, by=by, door=door, key=key)
        return self._store.give_verdict(comment_id, word, by=by, door=door, site=site, key=key)


def _told(site: Site, remembered: Remembered) -> Remembered:
    """What the blog is told: of a site that only watches, *approve*, with the reasons of what was stored."""
    if not site.policy.shadow:
        return remembered
    return replace(remembered, decision=replace(remembered.decision, action=Action.APPROVE), status=Status.APPROVED)


class Asked(Job[Remembered]):
    """A comment whose sender waits for the answer; it is to be decided within so many seconds from ``at`` on."""

    __slots__ = ("comment", "site", "until", "within")

    def __init__(self, site: Site, comment: Comment, within: float, at: float) -> None:
        super().__init__()
        self.site = site
        self.comment = comment
        self.within = within
        self.until = at + within


class _Seen(NamedTuple):
    """What reading a comment, asking the model and looking into the store gave."""

    reading: Reading
    classifier: Classifier | None
    assessed: Assessment | None
    found: Recognised


def _assessed(reading: Reading, classifier: Classifier | None) -> Assessment | None:
    return classifier.assess(reading) if classifier else None  # at most 5 ms: a reading is bounded


def _unavailable(error: Exception) -> StoreUnavailable:
    """Log why there is no decision; what the doors are told of it."""
    if isinstance(error, StoreError):
        log.warning("a decision could not be stored: %s", error)
    else:
        log_fault("storing a decision", error)
    return StoreUnavailable("the decision could not be stored; send the same comment again")


def assess(comment: Comment, site: SitePolicy, shelf: Models) -> Decision:
    """What would be decided of a comment that nothing is known of, without storing it. A fault inside is a *hold*."""
    return _judged(comment, site, shelf, know_nothing).decision


def _judged(
    comment: Comment,
    site: SitePolicy,
    shelf: Models,
    recognise: Recognise,
    seen: _Seen | None = None,
    *,
    until: float | None = None,
    monotonic: Callable[[], float] = time.monotonic,
) -> Judged:
    """The decision, with what else the store is to know of the reading."""
    model, has_link, found, standing = "", False, Recognised(), 0.0
    until = monotonic() + MOST_SECONDS if until is None else until
    try:
        classifier = seen.classifier if seen else shelf.current()
        model = classifier.id if classifier else ""
        reading = seen.reading if seen else read(comment)
        has_link = bool(reading.links)
        found = seen.found if seen else recognise(reading)
        decision = None
        if monotonic() < until:
            assessed = seen.assessed if seen else _assessed(reading, classifier)
            if assessed is not None:
                added = adjustments(found.known)
                assessed, standing = assessed.adjusted(added), sum(one.log_odds for one in added)
            decision = _decide(comment, reading, site, classifier, assessed, found.known)
        if decision is None or (decision.action is Action.APPROVE and monotonic() >= until):
            decision = _held(TOOK_TOO_LONG, TOOK_TOO_LONG_SENTENCE, model)
    except Exception as error:
        log_fault("judging a comment", error)
        decision = _held(COULD_NOT_JUDGE, COULD_NOT_JUDGE_SENTENCE, model)
    return Judged(comment, decision, has_link, found.marks, found.belongs, standing)


def _held(rule: str, sentence: str, model: str) -> Decision:
    return Decision(Action.HOLD, rule, None, (Reason(rule, sentence),), model)


def decide(comment: Comment, site: SitePolicy, classifier: Classifier | None) -> Decision:
    """Read, score, ask the policy, say why. The classifier is asked also where a rule will speak: people ask why."""
    reading = read(comment)
    return _decide(comment, reading, site, classifier, _assessed(reading, classifier), NOTHING)


def _decide(
    comment: Comment,
    reading: Reading,
    site: SitePolicy,
    classifier: Classifier | None,
    assessed: Assessment | None,
    known: Known,
) -> Decision:
    score = assessed.score if assessed else None
    thresholds = policy.lines(site, classifier.id, classifier.thresholds) if classifier else NO_THRESHOLDS
    case = Case(comment, reading, site, score, thresholds, known)
    action, rule = policy.decide(case)
    reasons = [reason_of(rule, case)]
    if assessed:
        reasons += [_in_body(reason, reading, comment) for reason in assessed.reasons]
    return Decision(action, rule.__name__, score, tuple(reasons), classifier.id if classifier else "")


def reason_of(rule: Rule, case: Case) -> Reason:
    """The sentence of the rule that spoke, with what it found in this comment."""
    text, span, reading, comment = policy.sentence(rule), None, case.reading, case.comment
    if rule is policy.link_only:
        text, span = f"{text} {_where_it_leads(reading, comment)}", _span(reading.links[0].address, comment.body)
    elif rule is policy.too_complex:
        text = f"{text.rstrip('.')}: {reading.too_complex}."
    elif rule in CAMPAIGN_RULES and case.known.campaign is not None:
        text = f"{text} {_how_many(case.known.campaign)}"
    elif rule is policy.new_host_of_known_author:
        text = f"{text} It links to {', '.join(host.name[:MOST_OF_A_HOST] for host in case.known.hosts)}."
    return Reason(rule.__name__, text, span)


def _how_many(campaign: Campaign) -> str:
    """How many came before, from how many authors, and what humans said of them."""
    many = f", from at least {campaign.seen.authors} authors" if campaign.seen.authors > 1 else ""
    judged = f"; judged so far: {campaign.spam} as spam, {campaign.ham} as good"
    return f"Before it came {campaign.seen.total}{many}{judged if campaign.spam or campaign.ham else ''}."


def _where_it_leads(reading: Reading, comment: Comment) -> str:
    """To which host, and how much the address has in common with the post: quoting the article is no spam."""
    hosts = list(dict.fromkeys(link.host[:MOST_OF_A_HOST] for link in reading.links))
    more = f" and {len(hosts) - 1} more" if len(hosts) > 1 else ""
    leads = f"It leads to {hosts[0]}{more}"
    shared, words = shared_words(reading, comment)
    if not words or not (comment.post.title or comment.post.url or comment.post.text):
        return f"{leads}."
    return f"{leads}; of the {words} words in its address the post has {len(shared) or 'none'}."


def _span(text: str, body: str) -> tuple[int, int] | None:
    start = body.find(text) if text else -1
    return (start, start + len(text)) if start >= 0 else None


def _in_body(reason: Reason, reading: Reading, comment: Comment) -> Reason:
    """The reason with its span counted in the body as sent, not in the text as it reads; without if not there."""
    if reason.span is None or reading.text == comment.body:
        return reason
    start, end = reason.span
    return replace(reason, span=_span(reading.text[start:end], comment.body))

"""Each site's own classifier: the model in force with what the site's verdicts taught, kept in memory, rebuilt at will.

It is a pure function of the model, of the words that stand, in the order in which they were given, and of what the
site's policy says they count; so all workers and nodes come to the same numbers, and a word that is taken back leaves
nothing behind. A word more is learned in a millisecond; anything else (a word changed or taken back, another model)
makes it anew from the newest lessons, whose features are kept: some milliseconds for most sites.
"""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from moderator.classifier import Classifier
from moderator.residual import VETTED_EVERY, Lesson, Residual, Row, rows, taught
from moderator.store import Said, Site, Store, StoreError, Taught

log = logging.getLogger(__name__)

LOOK_EVERY = 1.0  # seconds; so soon a word counts, also one that another process took in
AFTER_TROUBLE = 5.0  # when the store does not answer
# The newest words that teach: so many at least, and as many more as were given among the next STEP verdicts of the
# installation, so that the beginning moves in steps, and with it the need to make all anew.
NEWEST = 2_000
STEP = 1_024
# What a request may make by itself, if a site was not asked for before: 50 ms. More is made in the background, if there
# is somebody, while the model in force answers alone.
AT_ONCE = 150
MOST_SITES = 500  # with something learned: 64 KB each, and some more for what they learned from
MOST_UNTAUGHT = 100_000
MOST_ROWS = 48 * 2**20  # bytes of kept features: some 25,000 comments
READ_AT_ONCE = 256
IMPORTED = "import"  # the door of histories, which the operator brings at the command line
# Who speaks through these is known to be who they say.
OWN_DOORS = frozenset({"page", "forget", IMPORTED})
Key = tuple[str, int]  # a content: its comment's id, and its number


class Models(Protocol):
    """Where the model that answers now is found; a shelf.Shelf."""

    def current(self) -> Classifier | None:
        """The model that answers now, if there is one."""


class Rows:
    """Features of comments that are learned from, or wait, by their contents; the least used make room. For threads.

    They are of one model: the first ones that are asked for as another one sees them take the place of all.
    """

    def __init__(self, most: int = MOST_ROWS) -> None:
        self._most = most
        self._base: Classifier | None = None
        self._rows: OrderedDict[Key, Row] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def of(self, store: Store, wanted: Sequence[Key], base: Classifier) -> dict[Key, Row]:
        """The rows of these contents as ``base`` sees them; of what is gone there is none. StoreError."""
        found: dict[Key, Row] = {}
        with self._lock:
            if self._base is not base:
                self._base, self._size = base, 0
                self._rows.clear()
            for key in wanted:
                row = self._rows.get(key)
                if row is not None:
                    self._rows.move_to_end(key)
                    found[key] = row
        missing = [key for key in wanted if key not in found]
        for start in range(0, len(missing), READ_AT_ONCE):
            contents = store.lessons.contents(missing[start : start + READ_AT_ONCE])
            made = dict(zip(contents, rows(list(contents.values()), base), strict=True))
            found |= made
            self._keep(made, base)
        return found

    def _keep(self, made: dict[Key, Row], base: Classifier) -> None:
        with self._lock:
            if self._base is not base:
                return
            for key, row in made.items():
                if key not in self._rows:
                    self._rows[key] = row
                    self._size += row.size
            while self._size > self._most:
                _, row = self._rows.popitem(last=False)
                self._size -= row.size


@dataclass(frozen=True, slots=True)
class Adapted:
    """A site's classifier, and from what it was made; ``residual`` None: nothing teaches."""

    base: Classifier
    trust: float  # what words from the blog's side count
    classifier: Classifier
    residual: Residual | None
    verdicts: tuple[int, ...]  # those that were learned from, rising
    comments: frozenset[str]  # what they are about

    def made_of(self, base: Classifier, site: Site) -> bool:
        """Whether it is of this model and at this trust."""
        return self.base is base and self.trust == site.doors.trust


class Adaptation:
    """The classifiers of all sites. Safe for threads; each process has one."""

    def __init__(self, store: Store, models: Models, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.rows = Rows()
        # Told of sites whose classifier is to be made, where somebody does that in the background.
        self.on_need: Callable[[int], None] | None = None
        self._store = store
        self._models = models
        self._monotonic = monotonic
        self._sites: OrderedDict[int, Adapted] = OrderedDict()
        self._untaught: dict[int, Adapted] = {}  # apart, as they cost nothing
        self._news: dict[int, list[Said]] = {}  # what was said of a site since it was made
        self._lock = threading.Lock()  # over these; held for a moment
        self._making = threading.Lock()  # one is made at a time: it is work for one core
        self._looking = threading.Lock()
        self._next_look = float("-inf")
        self._last: int | None = None
        self._seen: set[int] = set()  # the last few verdicts

    def of(self, site: Site) -> Models:
        """Where this site's classifier is found."""
        return _OfSite(self, site)

    def model(self) -> Classifier | None:
        """The model in force, as it is for a site that has said nothing."""
        return self._models.current()

    def classifier(self, site: Site) -> Classifier | None:
        """The classifier that judges for this site now; None: there is no model.

        What was said a second ago is in it. Where the store does not answer, it is the last one, or else the model.
        """
        base = self._models.current()
        if base is None:
            return None
        if self._monotonic() >= self._next_look:
            self._look_around()
        # Without a lock: a dict answers whole, and what it answers is never changed.
        found = self._untaught.get(site.id) or self._sites.get(site.id)
        if found is not None and site.id not in self._news and found.made_of(base, site):
            if found.residual is not None:
                with suppress(KeyError):  # it was dropped in this moment
                    self._sites.move_to_end(site.id)
            return found.classifier
        return self._renewed(site, base, found)

    def _renewed(self, site: Site, base: Classifier, found: Adapted | None) -> Classifier:
        """Made now, if that is soon done or nobody else does it; else what there is."""
        instead = found.classifier if found is not None and found.made_of(base, site) else None
        try:
            if self.on_need is not None and (instead or self._store.lessons.count(site.id, most=AT_ONCE) == AT_ONCE):
                self.on_need(site.id)
                return instead or base
            return self.refresh(site, base).classifier
        except StoreError as error:
            log.warning("what site %r has said cannot be read just now: %s", site.name, error)
            return instead or base

    # What is new

    def _look_around(self) -> None:
        if not self._looking.acquire(blocking=False):
            return  # somebody else is looking
        try:
            self._next_look = self._monotonic() + LOOK_EVERY
            self._look()
        except StoreError as error:
            self._next_look = self._monotonic() + AFTER_TROUBLE
            log.warning("new verdicts cannot be looked for: %s", error)
        finally:
            self._looking.release()

    def look(self) -> dict[int, int]:
        """The sites of which something was said since it was last looked for, and the newest verdict on each.

        StoreError.
        """
        with self._looking:
            return self._look()

    def _look(self) -> dict[int, int]:
        if self._last is None:  # whatever is made from here on has in it what was said before
            self._last = self._store.lessons.last()
        said = self._store.lessons.said_after(self._last)
        fresh = [one for one in said if one.verdict_id not in self._seen]
        self._last = max([self._last, *(one.verdict_id for one in said)])
        self._seen = {one.verdict_id for one in said}
        newest: dict[int, int] = {}
        with self._lock:
            for one in fresh:
                newest[one.site_id] = max(newest.get(one.site_id, 0), one.verdict_id)
                if one.site_id in self._sites or one.site_id in self._untaught:
                    self._news.setdefault(one.site_id, []).append(one)
        return newest

    def behind(self) -> set[int]:
        """The sites whose classifier is known here and wants making anew."""
        with self._lock:
            return set(self._news)

    # Making

    def refresh(self, site: Site, base: Classifier) -> Adapted:
        """Make the site's classifier anew, as far as that is needed. StoreError."""
        with self._making:
            with self._lock:
                found = self._untaught.get(site.id) or self._sites.get(site.id)
                # Taken before it is read, so that what is said meanwhile is looked at once more, not missed.
                news = self._news.pop(site.id, None)
            if found is not None and found.made_of(base, site) and news is None:
                return found
            try:
                made = self._made(site, base, found, news or [])
            except BaseException:
                with self._lock:
                    self._news[site.id] = [*(news or []), *self._news.get(site.id, [])]
                raise
            self._put(site.id, made)
            return made

    def _made(self, site: Site, base: Classifier, found: Adapted | None, news: Sequence[Said]) -> Adapted:
        if found is not None and found.made_of(base, site) and _only_more(found, news):
            after = found.verdicts[-1] if found.verdicts else 0
            more = self._store.lessons.of(site.id, after=after, newest=NEWEST + STEP)
            verdicts = (*found.verdicts, *(one.verdict_id for one in more))
            known = any(one.comment_id in found.comments for one in more)
            if not known and _first(verdicts) <= verdicts[:1] and _vetted(verdicts) == _vetted(found.verdicts):
                return self._taught(site, base, found, more)
        whole = self._store.lessons.of(site.id, newest=NEWEST + STEP)
        first = _first([one.verdict_id for one in whole])
        return self._taught(site, base, None, [one for one in whole if (one.verdict_id,) >= first])

    def _taught(self, site: Site, base: Classifier, found: Adapted | None, more: Sequence[Taught]) -> Adapted:
        """What ``found`` is, or the model, with these lessons in their order."""
        trust = site.doors.trust
        here = self.rows.of(self._store, [(one.comment_id, one.number) for one in more], base)
        lessons = [
            Lesson(row, one.spam, _origin(one), one.at, 1.0 if one.door in OWN_DOORS else trust)
            for one in more
            if (row := here.get((one.comment_id, one.number))) is not None
        ]
        residual = found.residual if found is not None else None
        if residual is not None:
            for lesson in lessons:
                residual.learn(lesson)
        elif lessons:
            residual = taught(lessons)
        classifier = residual.adapted(base) if residual is not None else base
        verdicts, comments = (found.verdicts, found.comments) if found is not None else ((), frozenset())
        return Adapted(
            base,
            trust,
            classifier,
            residual,
            (*verdicts, *(one.verdict_id for one in more)),
            comments | {one.comment_id for one in more},
        )

    def _put(self, site_id: int, made: Adapted) -> None:
        with self._lock:
            self._sites.pop(site_id, None)
            self._untaught.pop(site_id, None)
            if made.residual is None:
                if len(self._untaught) >= MOST_UNTAUGHT:
                    self._untaught.clear()
                self._untaught[site_id] = made
            else:
                self._sites[site_id] = made
                if len(self._sites) > MOST_SITES:
                    dropped, _ = self._sites.popitem(last=False)
                    self._news.pop(dropped, None)


class _OfSite:
    """A site's classifier where a shelf is expected."""

    def __init__(self, adaptation: Adaptation, site: Site) -> None:
        self._adaptation = adaptation
        self._site = site

    def current(self) -> Classifier | None:
        """The classifier that judges for the site now."""
        return self._adaptation.classifier(self._site)


def _only_more(found: Adapted, news: Sequence[Said]) -> bool:
    """Whether all that is new was said after what is learned, on other comments."""
    last = found.verdicts[-1] if found.verdicts else 0
    return all(one.verdict_id > last and one.comment_id not in found.comments for one in news)


def _first(verdicts: Sequence[int]) -> tuple[int, ...]:
    """The number that the oldest verdict to be learned from has at least, given the numbers of all; empty: any."""
    return (verdicts[-NEWEST] // STEP * STEP,) if len(verdicts) > NEWEST else ()


def _vetted(verdicts: Sequence[int]) -> int:
    """How many times so many words were asked what they say of each other: then all is made anew."""
    return len(verdicts) // VETTED_EVERY


def _origin(one: Taught) -> str:
    """Whose influence is bounded together. The blog's side says itself who speaks there, so that all of it is one."""
    if one.door == IMPORTED:
        return ""
    return f"{one.door} {one.by}" if one.door in OWN_DOORS else f"{one.door} {one.key}"

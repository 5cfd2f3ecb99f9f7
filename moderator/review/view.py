"""What a queue's URL asks for, and back: any view can be bookmarked. What cannot be meant is said, and left out."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlencode

from moderator.comment import Action, Status, clean
from moderator.review.desk import limited_to
from moderator.review.language import gettext, marked
from moderator.review.sentences import RULES as SENTENCES
from moderator.store import Filter, Order, QueuePage, Site

MOST_OF_A_SEARCH = 200
# Each queue: how the URL calls it, which status it shows (None: all), and its name.
TABS = (
    ("held", Status.HELD, marked("Held")),
    ("approved", Status.APPROVED, marked("Approved")),
    ("rejected", Status.REJECTED, marked("Rejected")),
    ("all", None, marked("All")),
)
ORDERS = {
    Order.NEWEST: marked("Newest first"),
    Order.OLDEST: marked("Oldest first"),
    Order.USEFUL: marked("Most useful first"),
    Order.SCORE: marked("Highest score first"),
}
ONLY_HELD = (Order.USEFUL, Order.SCORE)
# What else than one of today's rules may stand as the reason.
RULES = {
    **SENTENCES,
    "imported": marked("It came with an import."),
    "could_not_judge": marked("It could not be judged."),
    "took_too_long": marked("It could not be judged in time."),
}
LANGUAGE = re.compile(r"([A-Za-z]{2,8})(?:[-_][A-Za-z0-9]{1,8})*")


@dataclass(frozen=True, slots=True)
class View:
    """One view of the queue, in the URL's own words; the empty ones are not said. ``notes`` tells what was left out."""

    status: str = "held"
    site: str = ""
    q: str = ""
    author: str = ""
    reason: str = ""
    language: str = ""
    link: str = ""  # yes, no
    unsure: str = ""  # yes: somebody was not sure
    campaign: str = ""  # its number
    would: str = ""  # approve, reject: what today's score alone would decide
    least: str = ""  # per cent
    most: str = ""
    since: str = ""  # a day, 2026-11-22
    until: str = ""  # the last day
    order: str = "newest"
    before: str = ""
    after: str = ""
    notes: tuple[str, ...] = field(default=(), compare=False)

    @property
    def shown(self) -> Status | None:
        """Which status it shows; None: all."""
        return next(status for name, status, _ in TABS if name == self.status)

    @property
    def title(self) -> str:
        """The name of the queue."""
        return next(title for name, _, title in TABS if name == self.status)

    @property
    def filters(self) -> dict[str, str]:
        """The filters that are set."""
        return {name: value for name in FILTERS if (value := getattr(self, name))}

    @property
    def folded(self) -> int:
        """How many of them stand in the part of the form that is folded away."""
        return len(self.filters.keys() - {"site", "q", "campaign"})

    @property
    def is_plain(self) -> bool:
        """Whether it is the start of what is held, with no filter but the site."""
        return self.status == "held" and not (self.filters.keys() - {"site"} or self.before or self.after)

    def said(self) -> dict[str, str]:
        """What its address says."""
        return {name: getattr(self, name) for name in NAMES if getattr(self, name) != DEFAULTS[name]}

    def url(self) -> str:
        """The address of this view."""
        said = self.said()
        return f"/?{urlencode(said)}" if said else "/"

    def tab(self, status: str) -> "View":
        """The same search in another queue, from its start; in newest-first where its order is only for held ones."""
        kept = self.order if status == "held" or Order(self.order) not in ONLY_HELD else Order.NEWEST.value
        return replace(self.from_start(), status=status, order=kept)

    def cleared(self) -> "View":
        """The same queue with no filter."""
        return View(self.status, order=self.order)

    def of_today(self, would: str) -> "View":
        """What waits on the same site and would be decided so by today's score."""
        return View(site=self.site, would=would)

    def from_start(self) -> "View":
        """The first page of it."""
        return replace(self, before="", after="", notes=())

    def further(self, page: QueuePage) -> "View":
        """The page after this one."""
        return replace(self, before=page.further or "", after="", notes=())

    def back(self, page: QueuePage) -> "View":
        """The page before this one."""
        return replace(self, before="", after=page.back or "", notes=())

    def filter(self, sites: Mapping[str, Site]) -> Filter:
        """What the store is asked for."""
        return Filter(
            status=self.shown,
            site_id=sites[self.site].id if self.site else None,
            site_ids=limited_to(),
            text=self.q,
            author=self.author,
            rule=self.reason,
            language=self.language,
            unsure=self.unsure == "yes",
            campaign=int(self.campaign) if self.campaign else None,
            would=Action(self.would) if self.would else None,
            has_link={"yes": True, "no": False}.get(self.link),
            least=float(self.least) / 100 if self.least else None,
            most=float(self.most) / 100 if self.most else None,
            since=_start(self.since) if self.since else None,
            until=_start(self.until) + timedelta(days=1) if self.until else None,
        )


FILTERS = (
    "site",
    "q",
    "author",
    "reason",
    "language",
    "link",
    "unsure",
    "would",
    "campaign",
    "least",
    "most",
    "since",
    "until",
)
NAMES = ("status", *FILTERS, "order", "before", "after")
DEFAULTS = {name: getattr(View(), name) for name in NAMES}

Check = Callable[[str], str | None]


def view_of(values: Mapping[str, str], sites: Iterable[str]) -> View:
    """The view that a URL's query asks for, or the nearest one, with notes that say what could not be meant."""
    said: dict[str, str] = {}
    notes: list[str] = []
    for name, (check, cure) in _checks(set(sites)).items():
        text = clean(values.get(name, "")).strip()[:MOST_OF_A_SEARCH]
        if not text:
            continue
        kept = check(text)
        if kept is None:
            notes.append(gettext(cure).format(text[:60]))
        else:
            said[name] = kept
    if "least" in said and "most" in said and float(said["least"]) > float(said["most"]):
        said["least"], said["most"] = said["most"], said["least"]
        notes.append(gettext("The lowest score was above the highest, so the two have changed places."))
    if "since" in said and "until" in said and said["since"] > said["until"]:
        said["since"], said["until"] = said["until"], said["since"]
        notes.append(gettext("The first day was after the last, so the two have changed places."))
    if said.get("status", "held") != "held" and said.get("order") in ONLY_HELD:
        order = gettext(ORDERS[Order(said.pop("order"))])
        notes.append(gettext("“%(order)s” is for what is held; here the newest come first.", order=order))
    if "before" in said and "after" in said:
        del said["after"]
    return View(**said, notes=tuple(notes))


def _checks(sites: set[str]) -> dict[str, tuple[Check, str]]:
    """Each name in the URL: what makes a good value of it (None: none), and what is said where there is none."""
    queues = _one_of(name for name, _, _ in TABS)
    return {
        "status": (queues, marked("There is no queue “{}”; this is what is held.")),
        "site": (_one_of(sites), marked("There is no site “{}”; these are the comments of all.")),
        "q": (str, ""),
        "author": (str, ""),
        "reason": (_one_of(RULES), marked("There is no reason “{}”, so any is shown.")),
        "language": (_language, marked("“{}” is no code of a language, such as de or pt-BR, so any is shown.")),
        "link": (_one_of(("yes", "no")), marked("“{}” cannot be asked of links, only yes or no; both are shown.")),
        "unsure": (_one_of(("yes",)), marked("“{}” cannot be asked there, only yes; all are shown.")),
        "would": (_one_of(("approve", "reject")), marked("“{}” is nothing that a score would do; all are shown.")),
        "campaign": (_number, marked("“{}” is no number of a campaign, so all are shown.")),
        "least": (_per_cent, marked("“{}” is no score from 0 to 100, so there is no lowest.")),
        "most": (_per_cent, marked("“{}” is no score from 0 to 100, so there is no highest.")),
        "since": (_day, marked("“{}” is no day such as 2026-11-22, so there is no first.")),
        "until": (_day, marked("“{}” is no day such as 2026-11-22, so there is no last.")),
        "order": (_one_of(ORDERS), marked("There is no order “{}”; the newest come first.")),
        "before": (str, ""),  # the store knows whether it is a place in this order
        "after": (str, ""),
    }


def _one_of(values: Iterable[str]) -> Check:
    known = frozenset(values)
    return lambda text: text if text in known else None


def _number(text: str) -> str | None:
    """A number as databases have them."""
    return text if re.fullmatch(r"[0-9]{1,18}", text, re.ASCII) else None


def _language(text: str) -> str | None:
    found = LANGUAGE.fullmatch(text)
    return found[1].lower() if found else None


def _per_cent(text: str) -> str | None:
    """A number from 0 to 100 with at most two decimals, in its shortest form."""
    if not re.fullmatch(r"[0-9]{1,3}([.,][0-9]{1,2})?", text, re.ASCII):
        return None
    number = float(text.replace(",", "."))
    return f"{number:g}" if number <= 100 else None


def _day(text: str) -> str | None:
    """A day of the calendar, from 1970 on; the last ones before the year 10000 have no next day."""
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text, re.ASCII):
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return text if 1970 <= day.year < 9999 else None


def _start(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC)

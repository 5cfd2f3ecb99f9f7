"""The queue: comments of one status, newest first, and all of its state in the URL."""

from dataclasses import dataclass, replace
from urllib.parse import urlencode

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from moderator.comment import Status
from moderator.review.cards import Card, card
from moderator.review.desk import Desk
from moderator.store import Filter, QueuePage, Site

PAGE = 20
MOST_OF_A_SEARCH = 200
TABS = ((Status.HELD, "Held"), (Status.APPROVED, "Approved"), (Status.REJECTED, "Rejected"))


@dataclass(frozen=True, slots=True)
class View:
    """What the URL asks for. Nonsense in it counts as not said."""

    status: Status = Status.HELD
    site: str = ""
    text: str = ""
    before: str = ""
    after: str = ""

    def url(self) -> str:
        """The address of this view."""
        said = {
            "status": self.status.value if self.status is not Status.HELD else "",
            "site": self.site,
            "q": self.text,
            "before": self.before,
            "after": self.after,
        }
        query = urlencode({name: value for name, value in said.items() if value})
        return f"/?{query}" if query else "/"

    def tab(self, status: Status) -> "View":
        """The same search in another tab, from its start."""
        return View(status, self.site, self.text)

    def from_start(self) -> "View":
        """The first page of it."""
        return replace(self, before="", after="")

    def older(self, page: QueuePage) -> "View":
        """The page after this one."""
        return replace(self, before=page.older or "", after="")

    def newer(self, page: QueuePage) -> "View":
        """The page before this one."""
        return replace(self, before="", after=page.newer or "")


def view_of(values: dict[str, str]) -> View:
    """The view that a URL's query asks for."""
    status = values.get("status", "")
    return View(
        Status(status) if status in (tab.value for tab, _ in TABS) else Status.HELD,
        values.get("site", "")[:MOST_OF_A_SEARCH],
        values.get("q", "").strip()[:MOST_OF_A_SEARCH],
        _id(values.get("before", "")),
        _id(values.get("after", "")),
    )


def _id(value: str) -> str:
    return value if len(value) == 26 and value.isascii() and value.isalnum() else ""


def add(blueprint: Blueprint, desk: Desk) -> None:
    """The page itself."""

    @blueprint.get("/")
    def queue() -> AnyResponse | str:
        view = view_of(request.args.to_dict())
        sites = {site.name: site for site in desk.store.sites()}
        chosen = sites.get(view.site)
        which = Filter(view.status, chosen.id if chosen else None, view.text)
        page = desk.store.queue(which, limit=PAGE, before=view.before or None, after=view.after or None)
        if not page.comments and (view.before or view.after):
            return redirect(view.from_start().url(), code=303)  # all of this page have been handled
        return render_template(
            "queue.html",
            view=view,
            page=page,
            cards=_cards(desk, page, {site.id: site for site in sites.values()}),
            tabs=TABS,
            counts=desk.store.counts(site_id=chosen.id if chosen else None),
            sites=sorted(sites),
            held=Status.HELD,
        )


def _cards(desk: Desk, page: QueuePage, sites: dict[int, Site]) -> list[Card]:
    classifier = desk.shelf.current()
    return [card(stored, site=sites.get(stored.site_id), classifier=classifier) for stored in page.comments]

"""The queue: comments of one status or of all, filtered and sorted as the URL says."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from urllib.parse import urlencode

from flask import Blueprint, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from moderator import policy
from moderator.comment import Status, Word
from moderator.reading import read
from moderator.review.cards import Card, card
from moderator.review.desk import Desk, limited_to, moment_of, session, stamp_of
from moderator.review.done import NEWS
from moderator.review.language import gettext, marked, ngettext
from moderator.review.past import of_page
from moderator.review.shown import Room
from moderator.review.spot import Spots
from moderator.review.view import ONLY_HELD, ORDERS, RULES, TABS, View, view_of
from moderator.store import BadPlace, Campaign, Counted, Delivery, Order, QueuePage, Site, Sureness

PAGE = 15
TEXTS = 22_000  # bytes of a page that texts may take: it stays below 100 kB, whatever they are made of
NO_SUCH_PAGE = marked("The page that the address names is not there; this is the first.")
MOST_NEW = 99
DECIDED = (Word.HAM, Word.SPAM, Word.UNWANTED)
# What can be said of many at once in each queue.
BULK: Mapping[Status | None, tuple[Word | None, ...]] = {
    Status.HELD: (*DECIDED, None),
    Status.APPROVED: (Word.SPAM, Word.UNWANTED, Word.OPEN),
    Status.REJECTED: (*DECIDED, Word.OPEN),
    None: (*DECIDED, Word.OPEN),
}


def add(blueprint: Blueprint, desk: Desk) -> None:
    """The page itself, and how many have come since."""
    spots = Spots(desk)

    @blueprint.get("/")
    def queue() -> AnyResponse | str:
        sites = {site.name: site for site in desk.sites()}
        view = view_of(request.args.to_dict(), sites)
        if "" in request.args.values() and not view.notes:
            return redirect(view.url(), code=303)  # a form sends its empty fields, which nobody wants in a bookmark
        now = desk.clock()
        try:
            page = _page(desk, view, sites)
        except BadPlace:
            view = replace(view.from_start(), notes=(*view.notes, gettext(NO_SUCH_PAGE)))
            page = _page(desk, view, sites)
        if view.is_plain:
            page = replace(
                page, comments=spots.mixed(page.comments, [sites[view.site].id] if view.site else limited_to())
            )
        if not page.comments and (view.before or view.after) and page.looked is None:
            return redirect(view.from_start().url(), code=303)  # all of this page have been handled
        counts = counts_of(desk, sites[view.site].id if view.site else None)
        return render_template(
            "queue.html",
            view=view,
            page=page,
            cards=_cards(desk, spots, page, {site.id: site for site in sites.values()}, in_held=view.status == "held"),
            tabs=TABS,
            counts=counts,
            failed=desk.store.outbox.counts()[Delivery.FAILED] if limited_to() is None else 0,
            sites=sorted(sites),
            rules=RULES,
            orders={order: name for order, name in ORDERS.items() if view.status == "held" or order not in ONLY_HELD},
            bulk=BULK[view.shown],
            campaign=_campaign(desk, view),
            changed=_changed(desk, sites[view.site].id if view.site else None),
            fitting=_fitting(desk, view, page, sites, counts),
            seen=stamp_of(now),
            arrived=f"/arrived?{urlencode(view.from_start().said())}",
        )

    @blueprint.get("/arrived")
    def arrived() -> AnyResponse:
        """How many more there are since the page was made; asked by the page itself, which moves nothing."""
        sites = {site.name: site for site in desk.sites()}
        view = view_of(request.args.to_dict(), sites)
        since = _seen()
        number = desk.store.deeds.arrived(view.filter(sites), since=since, most=MOST_NEW + 1) if since else 0
        new = ngettext("%(num)s new", "%(num)s new", number)
        return jsonify({"number": number, "text": new if number <= MOST_NEW else gettext("Many new")})


def _seen() -> datetime | None:
    """As of when the view is asked for; None: as it is now."""
    text = request.args.get("seen", "")
    return moment_of(int(text)) if text.isascii() and text.isdigit() and len(text) < 18 else None


def _page(desk: Desk, view: View, sites: Mapping[str, Site]) -> QueuePage:
    """What the store has of this view. BadPlace."""
    which, seen = view.filter(sites), _seen()
    return desk.store.queue(
        which if seen is None else which.as_of(seen),
        Order(view.order),
        limit=PAGE,
        before=view.before or None,
        after=view.after or None,
        sureness=_sureness(desk, sites),
        person_id=session().person.id,
    )


def counts_of(desk: Desk, site_id: int | None = None) -> dict[str, Counted]:
    """How many comments stand in each queue."""
    counts = desk.counts_upto(site_id)
    standing = Counted(sum(one.number for one in counts.values()), all(one.whole for one in counts.values()))
    return {name: standing if status is None else counts[status] for name, status, _ in TABS}


def _fitting(
    desk: Desk, view: View, page: QueuePage, sites: Mapping[str, Site], counts: Mapping[str, Counted]
) -> Counted | None:
    """How many fit the view, where it is more than the page shows."""
    if page.further is None and page.back is None:
        return None
    if not view.filters.keys() - {"site"}:
        return counts[view.status]
    counted = desk.store.deeds.count(view.filter(sites))
    return Counted(max(counted.number, len(page.comments)), counted.whole)


def _campaign(desk: Desk, view: View) -> Campaign | None:
    """What is said of the campaign that is looked at: of their own sites, to who may not see all."""
    return desk.store.campaigns.campaign(int(view.campaign), site_ids=limited_to()) if view.campaign else None


def _changed(desk: Desk, site_id: int | None) -> int:
    """How many of those that wait crossed a threshold after what was said of others a short while ago."""
    latest = desk.store.rescoring.latest(site_id)
    return latest.changed if latest.at is not None and desk.clock() - latest.at < NEWS else 0


def _sureness(desk: Desk, sites: Mapping[str, Site]) -> Sureness:
    """From which threshold it counts how sure the machine is: the model's, or the site's own."""
    classifier = desk.shelf.current()
    own = {site.id: site.policy.hold_above for site in sites.values() if site.policy.hold_above is not None}
    if classifier is None:
        return Sureness(own=own)
    budgeted = {
        site.id: policy.lines(site.policy, classifier.id, classifier.thresholds).hold
        for site in sites.values()
        if site.policy.hold_budget is not None
    }
    return Sureness(classifier.thresholds.hold, budgeted | own)


def _cards(desk: Desk, spots: Spots, page: QueuePage, sites: Mapping[int, Site], *, in_held: bool) -> list[Card]:
    """Each with its share of the room that is left."""
    of = {stored.site_id: sites.get(stored.site_id) for stored in page.comments}
    classifiers = {site_id: desk.classifier(site) for site_id, site in of.items()}
    parents = desk.store.parents([one for one in page.comments if not one.comment.parent.text])
    read_ = [(stored, read(stored.comment)) for stored in page.comments]
    pasts = of_page(desk, read_)
    found, left = [], TEXTS
    for number, (stored, reading) in enumerate(read_):
        room = Room(left // (len(page.comments) - number))
        left -= room.left
        found.append(
            card(
                stored,
                site=of[stored.site_id],
                classifier=classifiers[stored.site_id],
                room=room,
                unsure=page.unsure.get(stored.id, ()),
                parent=parents.get(stored.id),
                reading=reading,
                past=pasts[stored.id],
                # What is not held is among the held ones as a spot check alone.
                blind=in_held and (stored.status is not Status.HELD or spots.is_blind(stored)),
            )
        )
        left += room.left
    return found

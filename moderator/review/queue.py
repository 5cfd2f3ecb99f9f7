"""The queue: comments of one status or of all, filtered and sorted as the URL says."""

from collections.abc import Mapping
from dataclasses import replace

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from moderator import policy
from moderator.review.cards import Card, card
from moderator.review.desk import Desk, limited_to
from moderator.review.language import gettext, marked
from moderator.review.spot import Spots
from moderator.review.view import ONLY_HELD, ORDERS, RULES, TABS, View, view_of
from moderator.store import BadPlace, Delivery, Order, QueuePage, Site, Sureness

PAGE = 20
NO_SUCH_PAGE = marked("The page that the address names is not there; this is the first.")


def add(blueprint: Blueprint, desk: Desk) -> None:
    """The page itself."""
    spots = Spots(desk)

    @blueprint.get("/")
    def queue() -> AnyResponse | str:
        sites = {site.name: site for site in desk.sites()}
        view = view_of(request.args.to_dict(), sites)
        if "" in request.args.values() and not view.notes:
            return redirect(view.url(), code=303)  # a form sends its empty fields, which nobody wants in a bookmark
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
        site_id = sites[view.site].id if view.site else None
        counts = desk.counts(site_id)
        return render_template(
            "queue.html",
            view=view,
            page=page,
            cards=_cards(desk, spots, page, {site.id: site for site in sites.values()}, in_held=view.status == "held"),
            tabs=TABS,
            counts={name: sum(counts[one] for _, one, _ in TABS if one and status in (one, None))
                    for name, status, _ in TABS},
            failed=desk.store.outbox.counts()[Delivery.FAILED] if limited_to() is None else 0,
            sites=sorted(sites),
            rules=RULES,
            orders={order: name for order, name in ORDERS.items() if view.status == "held" or order not in ONLY_HELD},
        )  # fmt: skip


def _page(desk: Desk, view: View, sites: Mapping[str, Site]) -> QueuePage:
    """What the store has of this view. BadPlace."""
    return desk.store.queue(
        view.filter(sites),
        Order(view.order),
        limit=PAGE,
        before=view.before or None,
        after=view.after or None,
        sureness=_sureness(desk, sites),
    )


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
    of = {stored.site_id: sites.get(stored.site_id) for stored in page.comments}
    classifiers = {site_id: desk.classifier(site) for site_id, site in of.items()}
    shown = [(stored, in_held and spots.is_blind(stored)) for stored in page.comments]
    return [
        card(stored, site=of[stored.site_id], classifier=classifiers[stored.site_id], blind=blind)
        for stored, blind in shown
    ]

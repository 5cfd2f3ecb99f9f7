"""Insights: what came in, how it was decided, how moderators agreed with the machine, and whether that has changed."""

import json
from datetime import UTC, datetime, timedelta

from flask import Blueprint, Response, abort, render_template, request

from moderator.comment import Action
from moderator.model_file import ModelError
from moderator.review import charts
from moderator.review.desk import Desk
from moderator.review.figures import BINS, MOVED, MOVED_MUCH, insights
from moderator.review.language import marked

MOST_CAMPAIGNS = 10
RANGES = (7, 30, 90, 365)
KINDS = (Action.APPROVE.value, Action.HOLD.value, Action.REJECT.value)
NAMES = {
    "recall": marked("Spam that was held or rejected"),
    "precision": marked("Spam among what was held or rejected"),
    "ham_held": marked("Good comments that were held or rejected"),
}
REPORTS = frozenset({"report.html"})


def add(blueprint: Blueprint, desk: Desk) -> None:
    """The page, and the report of the model that answers now."""

    @blueprint.get("/insights")
    def insights_page() -> str:
        sites = {site.name: site for site in desk.sites()}
        site = sites.get(request.args.get("site", ""))
        asked = request.args.get("days", "")
        days = int(asked) if asked in {str(one) for one in RANGES} else 30
        now = desk.clock()
        last = now.date()
        first = last - timedelta(days=days - 1)
        since = datetime.combine(first, datetime.min.time(), UTC)
        until = datetime.combine(last + timedelta(days=1), datetime.min.time(), UTC)
        ids = [site.id] if site else [one.id for one in sites.values()]
        found = insights(
            desk.store.tallies.days(ids, since=since, until=until),
            desk.store.spot_checks.seen(since=since, until=until, site_ids=ids),
            desk.store.tallies.scores(ids, since=since, until=until, bins=BINS),
            _report(desk),
        )
        model = desk.shelf.current()
        return render_template(
            "insights.html",
            found=found,
            chart=charts.stacked(charts.columns(found.by_day, first, last, KINDS), KINDS),
            kinds=KINDS,
            actions={action.value: action for action in Action},
            site=site,
            sites=sorted(sites),
            days=days,
            ranges=RANGES,
            names=NAMES,
            campaigns=desk.store.campaigns.largest(ids, since=since, limit=MOST_CAMPAIGNS),
            model=model.id if model else "",
            moved_levels=(MOVED, MOVED_MUCH),
            share_checked=desk.settings.spot_checks / 1000,
        )

    @blueprint.get("/insights/report")
    def model_report() -> Response:
        """The report that was written when the model was trained, as a file: its page has styles of its own."""
        model = desk.shelf.current()
        try:
            content = (desk.shelf.folder_of(model.id) / "report.html").read_bytes() if model else b""
        except (OSError, ModelError):
            content = b""
        if not model or not content:
            abort(404)
        as_file = {"Content-Disposition": f'attachment; filename="report-{model.id}.html"'}
        return Response(content, headers=as_file, mimetype="text/html")


def _report(desk: Desk) -> dict[str, object]:
    """What the report of the model that answers now says; nothing where there is none that can be read."""
    model = desk.shelf.current()
    if model is None:
        return {}
    try:
        found = json.loads((desk.shelf.folder_of(model.id) / "report.json").read_text("utf-8"))
    except (OSError, ValueError, ModelError):
        return {}
    return found if isinstance(found, dict) else {}

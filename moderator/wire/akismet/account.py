"""The account as Akismet's clients ask of it: subscription, figures, use. The figures are the site's own, counted."""

import csv
import io
import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Response

from moderator.store import Site, Store, Tally
from moderator.wire.akismet.answers import plain
from moderator.wire.akismet.form import Form, Refused
from moderator.wire.problems import answer as answer_json

# What looking at a spam comment and deleting it takes; the protocol tells the time that was saved in seconds.
SECONDS_A_SPAM = 10
MONTH = re.compile(r"[1-9]\d{3}-(?:0[1-9]|1[0-2])", re.ASCII)
ORDERS = ("total", "spam", "ham", "missed_spam", "false_positives")
MOST_SITES = 500
CSV_HEAD = ("Site", "Total API Calls", "Spam", "Ham", "Missed Spam", "False Positives", "Is Revoked")


def subscription(site: Site) -> Response:
    """An account that lives and has no limit; without the status ``active`` WordPress would not keep the key."""
    return answer_json(
        {
            "account_id": site.id,
            "account_type": "self-hosted",
            "account_name": site.name,
            "status": "active",
            "next_billing_date": False,
            "limit_reached": False,
        }
    )


def stats(store: Store, site: Site, form: Form, *, now: datetime) -> Response:
    """What was decided and corrected in the last 6 months, 60 days, or ever, whole and by month."""
    period = form.get("from").strip() or "6-months"
    since = {"6-months": now - timedelta(days=183), "60-days": now - timedelta(days=60)}.get(period)
    tallies = store.tallies.months(site.id, since=since)
    spam, ham, missed, wrong = (
        sum(getattr(tally, name) for tally in tallies) for name in ("spam", "ham", "missed_spam", "false_positives")
    )
    settled = spam + ham
    return answer_json(
        {
            "spam": spam,
            "ham": ham,
            "missed_spam": missed,
            "false_positives": wrong,
            "accuracy": round(100 * (1 - (missed + wrong) / settled), 2) if settled else 100.0,
            "time_saved": spam * SECONDS_A_SPAM,
            "breakdown": {tally.month: _month(tally) for tally in tallies},
        }
    )


def _month(tally: Tally) -> dict[str, Any]:
    return {
        "spam": tally.spam,
        "ham": tally.ham,
        "missed_spam": tally.missed_spam,
        "false_positives": tally.false_positives,
        "da": f"{tally.month}-01",
    }


def usage(store: Store, site: Site, form: Form, *, now: datetime) -> Response:
    """How many comments came this month; there is no limit."""
    shown: dict[str, Any] = {
        "limit": "none",
        "usage": _of_month(store, site, f"{now:%Y-%m}").comments,
        "percentage": "0.00",
        "throttled": False,
    }
    if form.says("extended"):
        shown |= {"notice_level": False, "upgrade": {}}
    return answer_json(shown)


def sites(store: Store, site: Site, form: Form, *, now: datetime, key: str) -> Response:
    """The sites that use this key, which are one, with the figures of a month; as JSON or CSV."""
    month = form.get("month").strip() or f"{now:%Y-%m}"
    if not MONTH.fullmatch(month):
        raise Refused("the month must be as 2026-11")
    if (form.get("order").strip() or "total") not in ORDERS:
        raise Refused(f"the order must be one of {', '.join(ORDERS)}")
    limit, offset = _number(form, "limit", MOST_SITES), _number(form, "offset", 0)
    found = [_of_month(store, site, month)] if form.get("filter").strip().lower() in site.name.lower() else []
    page = found[offset : offset + limit]
    if form.get("format").strip().lower() == "csv":
        head = f"Active sites for {key} during {month} (limit:{limit}, offset: {offset}, total: {len(found)})"
        return _csv(head, site, page)
    rows = [
        {
            "site": site.name,
            "api_calls": str(tally.comments),
            "spam": str(tally.spam),
            "ham": str(tally.ham),
            "missed_spam": str(tally.missed_spam),
            "false_positives": str(tally.false_positives),
            "is_revoked": False,
        }
        for tally in page
    ]
    return answer_json({month: rows, "limit": limit, "offset": offset, "total": len(found)})


def _csv(head: str, site: Site, page: Iterable[Tally]) -> Response:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    text.write(head + "\n")
    writer.writerow(CSV_HEAD)
    for tally in page:
        # A spreadsheet would take a name that begins so for a formula.
        name = f"'{site.name}" if site.name[:1] in "=+-@\t\r" else site.name
        figures = (tally.comments, tally.spam, tally.ham, tally.missed_spam, tally.false_positives)
        writer.writerow((name, *figures, json.dumps(False)))
    return plain(text.getvalue())


def _of_month(store: Store, site: Site, month: str) -> Tally:
    begin = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    return next((tally for tally in store.tallies.months(site.id, since=begin) if tally.month == month), Tally(month))


def _number(form: Form, name: str, default: int) -> int:
    text = form.get(name).strip()
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Refused(f"{name} must be a whole number")
    return int(text)

"""One comment with all that happened to it."""

import re

from flask import Blueprint, abort, render_template

from moderator.reading import read
from moderator.review.cards import card
from moderator.review.desk import Desk
from moderator.review.past import of_page
from moderator.review.spot import Spots
from moderator.store import History

ID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")


def add(blueprint: Blueprint, desk: Desk) -> None:
    """The page itself."""

    @blueprint.get("/comments/<comment_id>")
    def comment(comment_id: str) -> str:
        history = history_of(desk, comment_id)
        return render_template("comment.html", **shown(desk, history))


def history_of(desk: Desk, comment_id: str) -> History:
    """The comment's history; 404 where there is none."""
    found = desk.store.history(comment_id) if ID.fullmatch(comment_id) else None
    if found is None:
        abort(404)
    return found


def shown(desk: Desk, history: History) -> dict[str, object]:
    """What the template of one comment needs."""
    now = history.now
    reading = read(now.comment)
    site = desk.store.site(now.site_id)
    classifier = desk.classifier(site)
    blind = Spots(desk).is_blind(now)
    return {
        "card": card(
            now,
            site=site,
            classifier=classifier,
            unsure=history.unsure,
            parent=desk.store.parents([now]).get(now.id),
            reading=reading,
            past=of_page(desk, [(now, reading)])[now.id],
            blind=blind,
        ),
        "events": _events(history),
        "model": classifier.id if classifier else "",
        "view_url": f"/comments/{now.id}",
    }


def _events(history: History) -> list[tuple[str, object]]:
    """Decisions, verdicts and edits in the order in which they happened; at the same moment, the edit is first."""
    events = [
        *((decision.at, 1, "decision", decision) for decision in history.decisions),
        *((past.verdict.at, 2, "verdict", past) for past in history.verdicts),
        *((revision.until, 0, "revision", revision) for revision in history.revisions),
    ]
    return [(kind, event) for _, _, kind, event in sorted(events, key=lambda item: item[:2])]

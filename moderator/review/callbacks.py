"""Failed callbacks: what a blog could not be told, and telling it again."""

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from moderator.review.comment_page import ID
from moderator.review.desk import Desk
from moderator.review.queue import counts_of
from moderator.review.view import TABS, View
from moderator.store import Delivery

PAGE = 50


def add(blueprint: Blueprint, desk: Desk) -> None:
    """The page, and its form's address."""

    @blueprint.get("/callbacks")
    def callbacks() -> str:
        asked = request.args.get("before", "")
        before = asked if ID.fullmatch(asked) else None
        found = desk.store.outbox.listed(state=Delivery.FAILED, limit=PAGE + 1, before=before)
        delivery = desk.store.outbox.counts()
        return render_template(
            "callbacks.html",
            view=View(),
            tabs=TABS,
            counts=counts_of(desk),
            failed=delivery[Delivery.FAILED],
            waiting=delivery[Delivery.WAITING],
            messages=found[:PAGE],
            older=found[PAGE - 1].id if len(found) > PAGE else "",
            no_such_page=bool(asked) and before is None,
            reached={callback.site_id for callback in desk.store.callbacks.all()},
        )

    @blueprint.post("/callbacks/retry")
    def retry_callbacks() -> AnyResponse:
        """One message, or all that failed; what waits or is delivered by now is left alone."""
        one = request.form.get("id", "")
        if request.form.get("all") == "yes":
            desk.store.outbox.retry()
        elif ID.fullmatch(one):
            desk.store.outbox.retry([one])
        return redirect("/callbacks", code=303)

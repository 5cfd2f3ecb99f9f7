"""What a site's blog teaches with the verdicts that it sends, beside its moderators."""

from dataclasses import replace

from flask import Blueprint, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from moderator.review.admins import NUMBER, site_of
from moderator.review.desk import Desk
from moderator.review.language import gettext
from moderator.review.sites import site_page


def add(blueprint: Blueprint, desk: Desk) -> None:
    """The form of this section of a site's page."""

    @blueprint.post(f"/sites/<{NUMBER}:site_id>/trust")
    def set_trust(site_id: int) -> AnyResponse:
        site = site_of(desk, site_id)
        typed = request.form.get("trust", "").strip().removesuffix("%").strip()
        # No int() before: it takes figures of any script, and any number of them.
        if not (typed.isascii() and typed.isdigit() and len(typed) <= 3 and int(typed) <= 100):
            problem = gettext("This must be a whole number from 0 to 100, in per cent.")
            return site_page(desk, site, problem, status=422, about="trust")
        desk.store.set_doors(site.id, replace(site.doors, trust=int(typed) / 100))
        return redirect(f"/sites/{site.id}#trust", code=303)

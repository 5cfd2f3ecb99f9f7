"""Errors as pages, in the same frame as all others."""

import logging
from http import HTTPStatus

from flask import Blueprint, Request, Response, g, make_response, render_template
from werkzeug.exceptions import HTTPException

from moderator.faults import log_fault
from moderator.review.language import gettext, marked
from moderator.review.security import dress
from moderator.store import StoreError, TooManyAttempts

log = logging.getLogger(__name__)

# Status → headline and what to do now.
TEXTS = {
    400: (
        marked("That request was not complete"),
        marked("Something in it was missing or cannot be. Go back and try once more."),
    ),
    403: (
        marked("This form is no longer good"),
        marked(
            "It was too old, or did not come from a page of this service, so nothing was changed. Go back, load the "
            "page again, and repeat what you did. If it happens every time, your browser may be refusing our cookie."
        ),
    ),
    404: (marked("Nothing here"), marked("There is no such page. It may have been a comment that was deleted since.")),
    405: (marked("Not this way"), marked("This address does not take that kind of request.")),
    413: (marked("Too much at once"), marked("That form was larger than any of ours.")),
    429: (marked("Too many tries"), marked("Too many logins failed.")),
    500: (
        marked("Something broke on our side"),
        marked("It is in the log. Nothing was lost; please try again."),
    ),
    503: (
        marked("The store does not answer"),
        marked("Nothing was changed. It may be busy: try again in a few seconds."),
    ),
}


class AdminsOnly(Exception):
    """Somebody who may only moderate asked for a page of administrators."""


class AllSitesOnly(Exception):
    """Somebody who may only moderate some sites asked for a page about all."""


def wants_page(request: Request) -> bool:
    """Whether who asks is a person with a browser, rather than a blog: for errors outside of any page of ours."""
    accepts = request.accept_mimetypes
    return "text/html" in accepts.values() and not request.path.startswith(("/v1/", "/1.1/", "/coral", "/healthz"))


def page(status: int, *, headline: str = "", detail: str = "", wait: int = 0) -> Response:
    """The error page of this status. ``headline`` and ``detail`` replace its usual words, ``wait`` is in seconds."""
    title, usual = TEXTS.get(status, (HTTPStatus(status).phrase, ""))
    text = render_template(
        "error.html",
        status=status,
        headline=headline or gettext(title),
        detail=detail or gettext(usual),
        wait=wait,
    )
    response = make_response(text, status)
    if wait:
        response.headers["Retry-After"] = str(wait)
    return dress(response)


def error_page(error: HTTPException) -> Response:
    """Any HTTP error as a page; redirects and ready responses pass as they are."""
    if error.code is None or error.code < 400:
        return dress(make_response(error.get_response()))
    shown = page(error.code)
    for name, value in error.get_headers():
        if name == "Allow":
            shown.headers[name] = value
    return shown


def add(blueprint: Blueprint) -> None:
    """Give the blueprint its error pages."""

    @blueprint.errorhandler(HTTPException)
    def refused(error: HTTPException) -> Response:
        return error_page(error)

    @blueprint.errorhandler(AdminsOnly)
    def not_theirs(error: AdminsOnly) -> Response:
        detail = gettext(
            "Your login may moderate comments. Ask an administrator, or to be made one; nothing was changed."
        )
        return page(403, headline=gettext("For administrators only"), detail=detail)

    @blueprint.errorhandler(AllSitesOnly)
    def not_all_theirs(error: AllSitesOnly) -> Response:
        detail = gettext("Your login may moderate some sites, and this page is about all. Ask an administrator.")
        return page(403, headline=gettext("For moderators of all sites"), detail=detail)

    @blueprint.errorhandler(TooManyAttempts)
    def throttled(error: TooManyAttempts) -> Response:
        return page(429, wait=error.wait)

    @blueprint.errorhandler(StoreError)
    def store_failed(error: StoreError) -> Response:
        log.warning("the store: %s", error)
        g.session = None  # the frame must not ask again
        return page(503, wait=3)

    @blueprint.errorhandler(Exception)
    def failed(error: Exception) -> Response:
        log_fault("answering with a page", error)
        return page(500)

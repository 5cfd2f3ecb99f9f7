"""Puts the parts together: the WSGI application of one installation."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

from moderator import probes, review
from moderator import settings as all_settings
from moderator.adaptation import Adaptation
from moderator.faults import log_fault
from moderator.journal import Journal
from moderator.metrics import DECISIONS, Meter
from moderator.moderation import Moderator, StoreUnavailable, Tell
from moderator.settings import Settings
from moderator.store import Clock, Remembered, Site, Store, StoreError
from moderator.wire import akismet, blogspam, coral, native, problems
from moderator.wire.limits import Limits
from moderator.wire.native import page
from moderator.wire.problems import Problem

log = logging.getLogger(__name__)

STAY = "max-age=31536000"  # a year, for this host alone: others under its name may not speak https


class Shelf(probes.Shelf, Protocol):
    """What the application asks of the models' shelf."""

    def folder_of(self, id: str) -> Path:
        """Where a version's files are. ModelError where there is none."""


def staying() -> bool:
    """Whether the server is about to stop: never, where nobody says otherwise."""
    return False


def create_app(
    settings: Settings,
    *,
    store: Store,
    shelf: Shelf,
    clock: Clock,
    adaptation: Adaptation | None = None,
    leaving: Callable[[], bool] = staying,
) -> Flask:
    """The application over an open store. It reads no environment, and starts nothing.

    ``adaptation``: the sites' own classifiers, where somebody else works with them too. ``leaving`` says whether the
    server is about to stop, so that nobody sends it anything more.
    """
    app = Flask("moderator", static_folder=None)
    app.url_map.merge_slashes = False  # a redirect would lose the body of a POST
    meter = Meter() if settings.metrics_token else None
    journal = Journal(settings)
    pepper = all_settings.secret(settings.data)
    adaptation = adaptation or Adaptation(store, shelf)
    tell = (journal.tell, *_counting(meter))
    moderator = Moderator(store, shelf, clock, secret=pepper, adaptation=adaptation, tell=tell)
    limits = Limits(store, clock, site_rate=settings.site_rate, wrong_key_rate=settings.wrong_key_rate)
    most = settings.max_request_bytes
    app.register_blueprint(native.blueprint(store, moderator, clock, limits, most_bytes=most))
    app.register_blueprint(page.blueprint(settings.public_url))
    app.register_blueprint(akismet.blueprint(store, moderator, clock, limits, pepper=pepper, most_bytes=most))
    app.register_blueprint(blogspam.blueprint(store, moderator, limits, most_bytes=most))
    app.register_blueprint(coral.blueprint(store, moderator, limits, most_bytes=most))
    app.register_blueprint(review.blueprint(store, shelf, settings, clock, adaptation=adaptation))
    app.register_blueprint(probes.blueprint(settings, store, shelf, clock, meter, leaving))
    _add_errors(app)
    _add_headers(app, settings)
    if meter is not None:
        app.wsgi_app = probes.Counting(app.wsgi_app, meter)  # type: ignore[method-assign]
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    return app


def _counting(meter: Meter | None) -> tuple[Tell, ...]:
    """Who counts decisions, if anybody does."""
    if meter is None:
        return ()

    def count(site: Site, answer: Remembered, seconds: float) -> None:
        if not answer.known or answer.edited:
            meter.add((DECISIONS.name, site.name, answer.decision.action.value, answer.decision.rule))

    return (count,)


def _add_headers(app: Flask, settings: Settings) -> None:
    """What a door has not said itself: Flask answers OPTIONS for us. And over https, that browsers stay there."""
    https = settings.public_url.startswith("https://")

    @app.after_request
    def dressed(response: Response) -> Response:
        headers = response.headers
        if "Content-Security-Policy" not in headers:
            for name, value in problems.JSON_HEADERS:
                headers.setdefault(name, value)
        if https:
            headers["Strict-Transport-Security"] = STAY
        return response


def _add_errors(app: Flask) -> None:
    """Each error a problem document; the moderators' pages bring handlers of their own."""
    app.register_error_handler(Problem, problems.render)

    @app.errorhandler(StoreUnavailable)
    def not_stored(error: StoreUnavailable) -> Response:
        return problems.render(problems.unavailable(str(error)))

    @app.errorhandler(StoreError)
    def store_failed(error: StoreError) -> Response:
        log.warning("the store: %s", error)
        return problems.render(problems.unavailable("the store does not answer just now"))

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> Response:
        if review.wants_page(request):  # a person with a browser, at an address that is no page
            return review.error_page(error)
        code = error.code or 500
        headers = [(name, value) for name, value in error.get_headers() if name in ("Allow", "Location", "Retry-After")]
        detail, cure = _DETAILS.get(code, (error.name, ""))
        if code == 404 and request.path.endswith("/"):
            cure = "leave out the slash at the end of the address"
        return problems.render(Problem(code, detail, cure=cure, headers=headers))

    @app.errorhandler(Exception)
    def failed(error: Exception) -> Response:
        log_fault("answering a request", error)
        return problems.render(Problem(500, "something failed inside; the log says where"))


_DETAILS = {
    400: ("the request cannot be understood", ""),
    404: ("there is nothing at this address", "/docs shows the addresses that there are"),
    405: ("this address does not take this method", "see the header Allow"),
}

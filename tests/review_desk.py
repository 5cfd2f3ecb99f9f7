"""A moderator's desk for the tests of the pages: a real store, the real pages, and a browser without JavaScript."""

import re
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
from conftest import HOLD, HandClock
from flask import Flask, Response
from flask.testing import FlaskClient
from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse

from moderator import review, settings
from moderator.adaptation import Adaptation
from moderator.classifier import Classifier, Explanation
from moderator.comment import Comment, Decision
from moderator.model_file import ModelError
from moderator.policy import Thresholds
from moderator.reading import Reading
from moderator.shading import Weighed
from moderator.signals import SIGNALS
from moderator.spaces import OWN_WEIGHTS
from moderator.store import Role, Site, Store

NO_WEIGHTS = np.zeros(OWN_WEIGHTS, dtype=np.float32)
LOGIN, PASSWORD = "ann@example.org", "a few words in a row"
ADMIN = "boss@example.org"
FORM = re.compile(r"<form[^>]*?action=\"([^\"]*)\"[^>]*>(.*?)</form>|<form method=\"post\">(.*?)</form>", re.DOTALL)
HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)"')


class WordModel(Classifier):
    """Each “casino” speaks for spam and each “thanks” for a good comment; enough to see the shades."""

    def __init__(self, name: str = "m1") -> None:
        # Without weights of its own, but a model all the same: a site's verdicts add theirs to it.
        none = [0.0] * len(SIGNALS)
        lines = Thresholds(hold=0.4, reject=0.99)
        super().__init__(name, weights=NO_WEIGHTS, bias=0.0, signal_weights=none, signal_means=none, thresholds=lines)

    def explain(self, reading: Reading) -> Explanation:
        found = re.finditer(r"casino|thanks", reading.text, re.IGNORECASE)
        words = tuple(Weighed(m.start(), m.end(), 2.0 if m[0].lower() == "casino" else -2.0) for m in found)
        logit = sum(word.weight for word in words)
        return Explanation(0.93 if logit > 0 else 0.07, logit, 0.0, (("Its words.", logit),), words)

    def score(self, reading: Reading) -> float:
        return self.explain(reading).score


class Unmoved(Adaptation):
    """Judges as the model does, whatever a site's moderators said: the model here has no weights that could move."""

    def classifier(self, site: Site) -> Classifier | None:
        return self.model()


class OneModel:
    """A shelf with one model on it, or none."""

    problem = ""

    def __init__(self, model: Classifier | None) -> None:
        self.model = model
        self.folder: Path | None = None

    def current(self) -> Classifier | None:
        return self.model

    def folder_of(self, id: str) -> Path:
        if self.folder is None:
            raise ModelError("no folder here")
        return self.folder


class Desk:
    """An installation with one site and one moderator, and a browser that is not logged in yet."""

    def __init__(self, folder: Path, **changed: Any) -> None:
        self.clock = HandClock()
        # With spot checks a card in ten has no reasons, by chance: that is for test_review_spot.py alone.
        self.settings = settings.load({"data": str(folder), "spot_checks": 0, **changed}, environment={})
        Store.upgrade(self.settings.database_url)
        self.store = Store.open(self.settings.database_url, clock=self.clock)
        self.shelf = OneModel(WordModel())
        self.site: Site = self.store.add_site("blog")[0]
        self.ann = self.store.add_person(LOGIN, Role.MODERATOR)
        self.store.set_password(self.ann.id, PASSWORD)
        self.app = Flask("moderator", static_folder=None)
        adaptation = Unmoved(self.store, self.shelf)
        pages = review.blueprint(self.store, self.shelf, self.settings, self.clock, adaptation=adaptation)
        self.app.register_blueprint(pages)
        self.app.register_error_handler(HTTPException, _refused)
        self.number = 0
        self.browser = self.new_browser()

    def new_browser(self) -> FlaskClient:
        return self.app.test_client()

    def hold(self, body: str = "Hello there", decision: Decision = HOLD, **fields: Any) -> str:
        """A comment that was held a second after the one before; our id of it."""
        self.number += 1
        self.clock.pass_(seconds=1)
        comment = Comment.from_json({"id": str(self.number), "body": body, **fields})
        return self.store.remember(self.site, comment, decision, at=self.clock()).id

    def log_in(self, browser: FlaskClient | None = None, login: str = LOGIN, password: str = PASSWORD) -> TestResponse:
        browser = browser or self.browser
        return self.submit(browser.get("/login"), "/login", browser, login=login, password=password)

    def log_in_admin(self) -> None:
        """An administrator besides ann, logged in with the browser, and without the cost of a password."""
        self.boss = self.store.add_person(ADMIN, Role.ADMIN)
        token, _ = self.store.start_session(self.boss.id)
        self.browser.set_cookie("moderator", token)

    def submit(
        self, page: TestResponse, action: str, browser: FlaskClient | None = None, **fields: str
    ) -> TestResponse:
        """Fill in the form of the page that leads to ``action`` and send it."""
        return self.fill_in(page, action, fields, browser)

    def fill_in(
        self, page: TestResponse, action: str, fields: dict[str, str], browser: FlaskClient | None = None
    ) -> TestResponse:
        """The same with the fields in a dictionary."""
        return (browser or self.browser).post(action, data={**form(page, action), **fields})

    def say(self, comment_id: str, word: str, page: str = "/") -> TestResponse:
        """Press one of the buttons of a comment on a page."""
        return self.submit(self.browser.get(page), f"/comments/{comment_id}/verdict", word=word)

    def status(self, comment_id: str) -> str:
        found = self.store.comment(None, comment_id)
        assert found is not None
        return found.status.value


def form(page: TestResponse, action: str) -> dict[str, str]:
    """The hidden fields of the form of a page that leads to ``action``."""
    for to, inner, without in FORM.findall(page.text):
        if to == action or (without and not to):
            return {name: unescape(value) for name, value in HIDDEN.findall(inner or without)}
    raise AssertionError(f"no form to {action} on the page")


def _refused(error: HTTPException) -> Response:
    return review.error_page(error)

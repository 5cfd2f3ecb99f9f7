"""What the tests of the doors share: an application over a real store, and a shelf with a model of one's own making."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from flask import Flask
from flask.testing import FlaskClient

from moderator import settings as all_settings
from moderator.app import create_app
from moderator.classifier import Assessment, Classifier
from moderator.comment import Reason
from moderator.model_file import ModelError
from moderator.policy import Thresholds
from moderator.reading import Reading
from moderator.signals import SIGNALS
from moderator.spaces import OWN_WEIGHTS
from moderator.store import Site, Store

# Made-up requests come by the thousand; what limits do is tested in test_rates.py.
NO_LIMITS = {"site_rate": 0, "wrong_key_rate": 0}


class FakeClassifier(Classifier):
    """Says what the comment asks for: "spam" in the text is spam."""

    def __init__(self) -> None:
        super().__init__(
            "fake-1",
            weights=np.zeros(OWN_WEIGHTS, np.float32),
            bias=0.0,
            signal_weights=[0.0] * len(SIGNALS),
            signal_means=[0.0] * len(SIGNALS),
            thresholds=Thresholds(0.5, 0.98),
        )

    def assess(self, reading: Reading) -> Assessment:
        """0.99 for "surely spam", 0.75 for "spam", else 0.01."""
        text = reading.text.lower()
        score = 0.99 if "surely spam" in text else 0.75 if "spam" in text else 0.01
        at = text.find("spam")
        return Assessment(score, (Reason("words", "The word weighs.", (at, at + 4)),) if at >= 0 else ())

    def assess_many(self, readings: Sequence[Reading]) -> list[Assessment]:
        """Each by itself."""
        return [self.assess(reading) for reading in readings]


@dataclass
class FakeShelf:
    """A shelf with one model, or none."""

    model: Classifier | None
    problem: str = ""

    def current(self) -> Classifier | None:
        """The model."""
        return self.model

    def folder_of(self, id: str) -> Path:
        """It stands nowhere."""
        raise ModelError(f"there is no model {id}")


@dataclass
class Installation:
    """An application, its store, and a site with its key."""

    app: Flask
    store: Store
    site: Site
    key: str
    shelf: FakeShelf

    @property
    def client(self) -> FlaskClient:
        """A client without cookies from before."""
        return self.app.test_client()


def install(data: Path, model: Classifier | None = None, **flags: object) -> Installation:
    """A new installation in this folder."""
    settings = all_settings.load({"data": data, **NO_LIMITS, **flags}, environment={})
    Store.upgrade(settings.database_url)
    store = Store.open(settings.database_url, clock=lambda: datetime.now(UTC))
    site, key = store.add_site("blog")
    shelf = FakeShelf(model or FakeClassifier())
    app = create_app(settings, store=store, shelf=shelf, clock=lambda: datetime.now(UTC))
    return Installation(app, store, site, key, shelf)

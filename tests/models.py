"""Small models for tests: weights without meaning, comments with every field."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from moderator.classifier import Classifier
from moderator.comment import Author, Comment, Post
from moderator.policy import Thresholds
from moderator.signals import SIGNALS
from moderator.spaces import OWN_WEIGHTS
from moderator.training.fit import Weights
from moderator.training.publish import publish

COMMENTS = (
    Comment("Thank you, the third step was what I had been missing for two days."),
    Comment("1. http://example.com/real-words-inside", kind="reply"),
    Comment(
        "Buy <a href='http://pills-4u.shop/x'>cheap pills</a> NOW!!! $5, +1 800 555 0199, @pills, def f(): return x()",
        author=Author("best pills online", "a@pills-4u.shop", "http://www.best-pills-4u.shop/buy/now/index.html"),
        post=Post(title="Pills and what they cost"),
    ),
    Comment("b\u200bu\u200by c.h.e.a.p. at example dot com\n\nor do not? <span hidden>" + "unseen " * 9 + "</span>"),
    Comment("Спасибо за статью, очень помогло! К\u0430зино tоже"),
    Comment("これはとても参考になりました。ありがとうございます！", author=Author("たけし")),
    Comment("no no no no no no no no"),
    Comment("İstanbul'da çok güzel bir gün"),
    Comment("x"),
    Comment(""),
    Comment("word " * 600),
)


def weights(seed: int = 1) -> Weights:
    """Random weights of a fitted model's size."""
    random = np.random.default_rng(seed)
    table = random.normal(0, 0.5, OWN_WEIGHTS).astype(np.float32)
    count = len(SIGNALS)
    return Weights(table, random.normal(0, 1, count), random.uniform(0, 0.5, count), -0.25)


def classifier(seed: int = 1) -> Classifier:
    """Those weights, ready to answer."""
    made = weights(seed)
    return Classifier(
        "m1",
        weights=made.table,
        bias=made.bias,
        signal_weights=made.signals.tolist(),
        signal_means=made.means.tolist(),
        thresholds=Thresholds(0.5, None),
    )


def published(into: Path, *, seed: int = 1, minute: int = 0) -> str:
    """A model's folder in ``into``; its id. Later minutes make newer models."""
    made = datetime(2026, 11, 22, 19, minute, tzinfo=UTC)
    return publish(into, weights(seed), Thresholds(0.5, 0.9), made=made, report={}, summary=f"seed {seed}")

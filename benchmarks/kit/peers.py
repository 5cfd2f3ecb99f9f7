"""Textbook pipelines of scikit-learn: what people would write in an afternoon."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import sklearn
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.svm import LinearSVC

from .kept import Kept, digest_of_files, inputs
from .measures import Truth, Vector, sigmoid

Peer = Callable[[Sequence[str], Truth, Sequence[str]], Vector]


class PeerFailed(Exception):
    """What a peer said when it could not answer."""


# The strength (C) is what the research before the start found best for each.
BEST = "word 1–2 + char 2–5 TF-IDF, LR C=10"


def word_and_char() -> Pipeline:
    """The textbook pipeline that is measured for speed too."""
    union = FeatureUnion(
        [
            ("words", TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)),
            ("characters", TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)),
        ]
    )
    return make_pipeline(union, LogisticRegression(C=10, max_iter=1000))


def words() -> Pipeline:
    """The smaller textbook pipeline, words alone; measured as a service."""
    return make_pipeline(TfidfVectorizer(), LogisticRegression(C=10, max_iter=1000))


def _char() -> Pipeline:
    return make_pipeline(
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True),
        LogisticRegression(C=10, max_iter=1000),
    )


def _word() -> Pipeline:
    return make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression(max_iter=1000))


def _svc() -> Pipeline:
    return make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LinearSVC())


def _bayes() -> Pipeline:
    return make_pipeline(CountVectorizer(ngram_range=(1, 2)), MultinomialNB())


def _peer(build: Callable[[], Pipeline]) -> Peer:
    def fit_and_score(train: Sequence[str], spam: Truth, test: Sequence[str]) -> Vector:
        if spam.all() or not spam.any():
            return np.full(len(test), float(spam.any()) * 0.5)  # nothing to tell apart yet
        fitted: Any = build().fit(train, spam)
        if hasattr(fitted, "predict_proba"):
            return np.asarray(fitted.predict_proba(test)[:, 1], dtype=np.float64)
        return sigmoid(np.asarray(fitted.decision_function(test), dtype=np.float64))  # a margin above 0 is above 0.5

    return fit_and_score


def _nb_svm(train: Sequence[str], spam: Truth, test: Sequence[str]) -> Vector:
    """NB-SVM (Wang & Manning 2012): words and pairs times their naive Bayes log-ratio, into a linear SVM.

    Without the paper's interpolation, which leaves the intercept where it was: 34 % of Q1's spam missed with it.
    """
    if spam.all() or not spam.any():
        return np.full(len(test), 0.5)
    counter = CountVectorizer(ngram_range=(1, 2), binary=True)
    rows = counter.fit_transform(train)
    in_spam, in_ham = (np.asarray(rows[label].sum(axis=0)).ravel() + 1.0 for label in (spam, ~spam))
    ratio = np.log(in_spam / in_spam.sum()) - np.log(in_ham / in_ham.sum())
    machine = LinearSVC(C=1.0).fit(rows.multiply(ratio).tocsr(), spam)
    return sigmoid(machine.decision_function(counter.transform(test).multiply(ratio).tocsr()))


TEXTBOOK: dict[str, Peer] = {
    BEST: _peer(word_and_char),
    "char 2–5 TF-IDF, LR C=10": _peer(_char),
    "word 1–2 TF-IDF, LR": _peer(_word),
    "word 1–2 TF-IDF, LinearSVC": _peer(_svc),
    "word 1–2, NB-SVM": _nb_svm,
    "word 1–2 counts, MultinomialNB": _peer(_bayes),
}


def keeping(kept: Kept, name: str, peer: Peer) -> Peer:
    """The same peer, whose answers are kept."""
    key = (name, sklearn.__version__, digest_of_files(Path(__file__)))

    def fit_and_score(train: Sequence[str], spam: Truth, test: Sequence[str]) -> Vector:
        return kept.answers((*key, inputs(train, spam, test)), lambda: {"scores": peer(train, spam, test)})["scores"]

    return fit_and_score


def online(peer: Peer, texts: Sequence[str], spam: Truth, *, every: int) -> Vector:
    """Predict then learn for a peer that cannot learn one by one: refitted each ``every`` comments on all before."""
    scores = np.full(len(texts), 0.5)
    for at in range(every, len(texts), every):
        scores[at : at + every] = peer(texts[:at], spam[:at], texts[at : at + every])
    return scores

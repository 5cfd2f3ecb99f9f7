"""Writing a model's folder: data only, a digest of every file, and the answers to a few fixed comments."""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from moderator import __version__
from moderator.classifier import Classifier, load
from moderator.comment import Author, Comment, Parent, Post
from moderator.model_file import FORMAT, MANIFEST, MODEL, PROBES, WEIGHTS, digest, self_digest
from moderator.policy import Thresholds
from moderator.reading import read
from moderator.shelf import sync_folder
from moderator.signals import SIGNALS
from moderator.spaces import OWN_WEIGHTS, SPACES
from moderator.training.account import Texts
from moderator.training.fit import Weights
from moderator.training.report import render
from moderator.training.serving import classifier_of

REPORT, PAGE = "report.json", "report.html"

# Every way through reading and features that could change under a model: markup, disguises, scripts, all the fields.
PROBE_COMMENTS = (
    Comment("Thank you, the third step was what I had been missing for two days.", author=Author("Ines Valcke")),
    Comment("1. http://journal-neo.org/2016/03/17/russias-mission-accomplished-moment-in-syria/", kind="reply"),
    Comment(
        "Great post! Visit <a href='http://pills-4u.shop/buy?x=1'>best pills online</a> NOW!!! +1 (800) 555-0199",
        author=Author("cheap pills online", "@pills-4u.shop", "http://www.pills-4u.shop/buy/index.html"),
    ),
    Comment(
        "Ставки на спорт и к\u0430зино: \u202egnippilf\u202c b\u200bo\u200bnus, пишите в телеграм @bonus77",
        author=Author("Вулкан"),
    ),
    Comment(
        "𝓫𝓾𝔂 ｃｈｅａｐ v i a g r a at example dot com [url=http://x.biz/a-b]here[/url]", author=Author("BestDeals24")
    ),
    Comment(
        "def f(x):\n    return x &lt; 3 and List<string>()\n\nraises TypeError on 3.11, any idea?",
        post=Post(title="Functions in Python"),
    ),
    Comment(
        "これはとても参考になりました。ありがとうございます！",
        author=Author("たけし", "@example.ne.jp", "https://takeshi.hatenablog.com/"),
    ),
    Comment("شكرا جزيلا على المقال الرائع", parent=Parent(text="مرحبا")),
    Comment(
        "The tram to the lake runs every ten minutes, and from the last stop it is a short walk under old trees. We "
        "took bread and cheese along and stayed until it got dark. Ch34p m3d5 0nl1n3, v1517 0ur p1ll5 5h0p t0day! The "
        "water was cold, the children did not mind, and in the evening somebody played the accordion on the jetty."
    ),
    Comment("<p>hello <span style='display:none'>hidden words</span> there</p><!-- note -->", kind="pingback"),
)


def publish(
    into: Path,
    weights: Weights,
    thresholds: Thresholds,
    *,
    made: datetime,
    report: Mapping[str, Any],
    summary: str,
    texts: Texts | None = None,
) -> str:
    """Write ``into/<id>/`` and return the id: its time and the first letters of the weights' digest.

    ``texts`` are comments that the page quotes; without them the folder holds nobody's words and may be given away.

    The folder is made beside, written, read back through the same checks as at serving, synced, and then renamed: a
    crash leaves nothing that could be taken for a model.
    """
    into.mkdir(parents=True, exist_ok=True)
    beside = into / f".making-{os.getpid()}"
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir()
    try:
        np.save(beside / WEIGHTS, weights.table, allow_pickle=False)
        id = f"{made:%Y%m%dT%H%M%S}-{digest(beside / WEIGHTS)[:8]}"
        while (into / id).exists():  # the same weights twice within a second
            id += "+"
        model = {
            "spaces": [list(space[:2]) for space in SPACES],
            "signals": [signal.__name__ for signal in SIGNALS],
            "bias": weights.bias,
            "signal_weights": weights.signals.tolist(),
            "signal_means": weights.means.tolist(),
            "thresholds": asdict(thresholds),
        }
        classifier = classifier_of(id, weights, thresholds)
        probes = [{"comment": probe.to_json(), "score": classifier.score(read(probe))} for probe in PROBE_COMMENTS]
        _write(beside / MODEL, model)
        _write(beside / PROBES, probes)
        told = {"id": id, "made": made.isoformat(timespec="seconds"), **report}
        _write(beside / REPORT, told)
        described = [MODEL, WEIGHTS, PROBES, REPORT]
        if "curves" in report:  # a whole account of a training, not just a word on a model made by hand
            (beside / PAGE).write_text(render(told, texts), "utf-8")
            described.append(PAGE)
        if texts:
            (beside / PAGE).chmod(0o600)  # it quotes comments that may never have been published
        manifest = {
            "format": FORMAT,
            "id": id,
            "made": made.isoformat(timespec="seconds"),
            "moderator": __version__,
            "summary": summary,
            "files": {name: digest(beside / name) for name in described},
        }
        _write(beside / MANIFEST, {**manifest, "self": self_digest(manifest)})
        load(beside)
        for path in beside.iterdir():
            _sync(path)
        sync_folder(beside)
        os.replace(beside, into / id)
        sync_folder(into)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise
    return id


def _write(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", "utf-8")


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def weights_of(classifier: Classifier) -> Weights:
    """A model's weights, to start from."""
    own = classifier.weights.take(np.arange(OWN_WEIGHTS))
    return Weights(own, classifier.signal_weights, classifier.signal_means, classifier.bias)

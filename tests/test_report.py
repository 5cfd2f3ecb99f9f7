"""The report of a model: its page shows the object beside it, loads nothing, and quotes nobody unasked."""

import json
import os
import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from moderator.comment import Word
from moderator.policy import Thresholds
from moderator.training import corpus
from moderator.training.account import Shown, Texts, Trial, account, how_thresholds
from moderator.training.fit import Weights, fit, tabulate
from moderator.training.groups import groups
from moderator.training.publish import publish
from moderator.training.report import in_words, render, verdict
from moderator.training.wording import FIGURES, figure, of_a_thousand, percent, safe, visible

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=y>\u202egnp.exe\u2066\x00\x1b[31m&amp;\ud800"
MADE = datetime(2026, 11, 22, 19, 0, tzinfo=UTC)


class Page(HTMLParser):
    """What a browser would make of it: tags in order, attributes, and the text that is seen."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.seen: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.seen.append(data)

    @property
    def text(self) -> str:
        return "".join(self.seen)


def a_trial() -> tuple[Trial, Weights]:
    """A small model of the starter corpus, with another one in force."""
    examples = corpus.starter()[::24]
    table = tabulate([example.comment for example in examples])
    spam = np.array([example.label is Word.SPAM for example in examples])
    yard, learned = np.arange(0, len(examples), 2), np.arange(1, len(examples), 2)
    weight = np.ones(len(examples))
    weights = fit(table.take(learned), spam[learned], weight[learned], rounds=20)
    scores = 1 / (1 + np.exp(-weights.logits(table.take(yard))))
    current = ("20260101T000000-00000000", scores * 0.5 + 0.2, Thresholds(0.4, 0.9))
    grouped = groups(examples)
    trial = Trial(
        examples, grouped, table, spam, weight, 0, learned, yard, scores, Thresholds(0.5, None), weights, current
    )
    return trial, weights


@pytest.fixture(scope="module")
def trial() -> tuple[Trial, Weights]:
    return a_trial()


@pytest.fixture(scope="module")
def told(trial: tuple[Trial, Weights]) -> tuple[dict[str, Any], Texts]:
    """The object as it comes back from its file, and the comments to read."""
    found, texts = account(trial[0])
    by_topic = {"ham thanks": {"comments": 12, "wrong": 3}, "spam essay": {"comments": 8, "wrong": 0}}
    full = {
        "id": "20261122T190000-12345678",
        "made": MADE.isoformat(),
        **found,
        "learned_from": {"starter/west": 1_234},
        "by_topic": by_topic,
    }
    return json.loads(json.dumps(full)), texts


def test_the_page_shows_the_figures_of_the_object_beside_it(told: tuple[dict[str, Any], Texts]) -> None:
    content = told[0]
    text = Page(render(content, None)).text
    for name, (says, _) in FIGURES.items():
        value = content["lam"] if name == "lam" else content["yardstick"][name]
        assert says in text
        assert figure(name, value) in text, name
        assert figure(name, content["comparison"]["figures"].get(name)) in text
    for low, high in content["intervals"].values():
        assert low <= high
    for part in content["slices"]:
        assert part["name"] in text
        assert part["ham_held_at_most"] is None or percent(part["ham_held_at_most"]) in text
    for threshold in content["thresholds"]:
        assert threshold["how"] in text
    for source, count in content["learned_from"].items():
        assert source in text and f"{count:,}" in text
    held = of_a_thousand(content["yardstick"]["ham_held"])
    assert f"Of 1,000 good comments {held} would be held." in text


def test_slices_of_an_aspect_add_up_to_the_whole(told: tuple[dict[str, Any], Texts]) -> None:
    content = told[0]
    for aspect in {part["by"] for part in content["slices"]}:
        parts = [part for part in content["slices"] if part["by"] == aspect]
        for name in ("ham", "spam", "ham_held", "spam_approved"):
            assert sum(part[name] for part in parts) == content["counts"][name], (aspect, name)
    assert {"Source", "Language", "Length", "Link"} <= {part["by"] for part in content["slices"]}


def test_every_drawing_is_there(told: tuple[dict[str, Any], Texts]) -> None:
    html = render(told[0], None)
    for label in (
        "Detection error trade-off",
        "Precision and recall",
        "Scores by class",
        "Reliability",
        "Learning curve",
    ):
        assert f'aria-label="{label}"' in html
    assert "NaN" not in html and "nan" not in re.findall(r'd="([^"]*)"', html)


def test_the_page_loads_nothing_and_runs_nothing(told: tuple[dict[str, Any], Texts]) -> None:
    html = render(told[0], Texts((hostile(HOSTILE),), (hostile("http://example.com/"),)))
    page = Page(html)
    assert not {"script", "link", "img", "iframe", "object", "embed", "form", "a", "base", "use"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name in ("src", "href", "xlink:href") or name.startswith("on")]
    style = html.partition("<style>")[2].partition("</style>")[0]
    assert "url(" not in style and "@import" not in style and "http" not in style
    assert "default-src 'none'" in html


def test_the_page_is_well_formed(told: tuple[dict[str, Any], Texts]) -> None:
    html = render(told[0], told[1])
    for tag in ("main", "section", "div", "table", "tr", "td", "th", "svg", "figure", "article", "bdi", "p", "span"):
        assert html.count(f"<{tag}>") + html.count(f"<{tag} ") == html.count(f"</{tag}>"), tag


def hostile(text: str) -> Shown:
    return Shown(text, author=text, url=text, label="ham", score=0.97, source=text, topic=text)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(text=st.text(st.characters(), max_size=60))
def test_any_text_stands_on_the_page_as_text(text: str, told: tuple[dict[str, Any], Texts]) -> None:
    def page_with(text: str) -> tuple[str, Page]:
        content = told[0]
        part = content["slices"][0] | {"name": text}
        content = {
            **content,
            "slices": [part],
            "learned_from": {text: 3},
            "by_topic": {text: {"comments": 2, "wrong": 1}},
        }
        html = render({**content, "id": text}, Texts((hostile(text),), (hostile(text),)))
        return html, Page(html)

    (html, page), (_, harmless) = page_with(text), page_with("x" if text else "")
    html.encode("utf-8")
    assert page.tags == harmless.tags
    assert [name for name, _ in page.attributes] == [name for name, _ in harmless.attributes]
    assert visible(text) in page.text


def test_what_commands_the_display_is_written_out() -> None:
    assert visible("a\u202eb\x1b[0m\ud800") == "a⟨U+202E⟩b⟨U+001B⟩[0m⟨U+D800⟩"
    assert visible("line\nnext\tनमस्\u200dते 👩\u200d💻") == "line\nnext\tनमस्\u200dते 👩\u200d💻"
    assert safe("<b>") == "<bdi>&lt;b&gt;</bdi>"


def test_a_model_to_be_given_away_quotes_nobody(
    trial: tuple[Trial, Weights], told: tuple[dict[str, Any], Texts], tmp_path: Path
) -> None:
    _, weights = trial
    content, texts = told
    assert texts.worst
    own = publish(tmp_path, weights, Thresholds(0.5, None), made=MADE, report=content, summary="", texts=texts)
    quoted = (tmp_path / own / "report.html").read_text("utf-8")
    bodies = [shown.text.splitlines()[0][:30] for shown in (*texts.worst, *texts.suspicious)]
    assert all(safe(body)[5:-6] in quoted for body in bodies)
    assert os.name == "nt" or (tmp_path / own / "report.html").stat().st_mode & 0o077 == 0
    given = publish(tmp_path / "b", weights, Thresholds(0.5, None), made=MADE, report=content, summary="")
    for file in (tmp_path / "b" / given).iterdir():
        if file.suffix in (".html", ".json") and file.name != "probes.json":  # probes are this project's own words
            written = file.read_text("utf-8")
            assert not [body for body in bodies if body in written or safe(body)[5:-6] in written], file.name
    manifest = json.loads((tmp_path / "b" / given / "manifest.json").read_text("utf-8"))
    assert "report.html" in manifest["files"]


@pytest.mark.parametrize("rows", ["ham", "spam", "none"])
def test_a_yardstick_without_a_class_still_makes_a_page(trial: tuple[Trial, Weights], rows: str) -> None:
    whole = trial[0]
    truth = whole.spam[whole.yard]
    kept = {"ham": ~truth, "spam": truth, "none": np.zeros(len(truth), dtype=bool)}[rows]
    assert whole.current is not None
    id, scores, thresholds = whole.current
    small = replace(whole, yard=whole.yard[kept], scores=whole.scores[kept], current=(id, scores[kept], thresholds))
    content, texts = account(small, fits=False)
    content = json.loads(json.dumps(content))
    text = Page(render(content, texts)).text
    assert content["curves"] is None and content["lam"] is None
    assert ("No spam was tried." in text) == (rows != "spam")
    assert ("No good comment was tried." in text) == (rows != "ham")


def test_without_a_model_in_force_the_page_says_so(trial: tuple[Trial, Weights]) -> None:
    content, _ = account(replace(trial[0], current=None), fits=False)
    assert content["comparison"] is None
    assert "There was no model in force to compare it with." in render(content, None)


def test_too_few_good_comments_are_said_out_loud() -> None:
    hold, reject = how_thresholds(np.linspace(0, 0.9, 420), Thresholds(0.5, None), started=False)
    assert hold["derived"] and hold["needs"] == 299 and hold["has"] == 420
    assert not reject["derived"]
    assert reject["how"] == (
        "0.1 % with 95 % certainty needs 2,995 held-out good comments; has 420: nothing is rejected by score alone."
    )


def test_a_change_counts_only_beyond_chance() -> None:
    assert verdict("roc_auc", (-0.01, 0.02)) == ("within chance", "soft")
    assert verdict("roc_auc", (0.01, 0.02)) == ("better", "good")
    assert verdict("ham_held", (0.01, 0.02)) == ("worse", "bad")
    assert verdict("ham_held", (-0.02, -0.01)) == ("better", "good")


def test_shares_are_said_in_words() -> None:
    content = {"yardstick": {"ham_held": 0.003, "spam_approved": 0.2154}}
    assert in_words(content) == ("Of 1,000 good comments 3 would be held.", "Of 1,000 spam 215 would be let through.")
    assert (percent(0.005), percent(0), percent(1), percent(0.1234), percent(None)) == (
        "0.50 %",
        "0 %",
        "100 %",
        "12.3 %",
        "–",
    )

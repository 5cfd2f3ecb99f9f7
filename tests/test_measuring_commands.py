"""evaluate, explain and models diff, on a small model of the starter corpus."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from moderator.cli import commands, painting
from moderator.comment import Word
from moderator.policy import Thresholds
from moderator.shading import Weighed
from moderator.shelf import Shelf
from moderator.training import corpus
from moderator.training.fit import fit, tabulate
from moderator.training.publish import publish

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation's folder with two models, and labelled comments beside."""
    folder = tmp_path_factory.mktemp("installation")
    examples = corpus.starter()[::24]
    table = tabulate([example.comment for example in examples])
    spam = np.array([example.label is Word.SPAM for example in examples])
    made = datetime(2026, 11, 22, 19, 0, tzinfo=UTC)
    for day, rounds in enumerate((2, 20)):
        weights = fit(table, spam, np.ones(len(spam)), rounds=rounds)
        thresholds = Thresholds(0.5, 0.99 if day else None)
        publish(folder / "model", weights, thresholds, made=made + timedelta(days=day), report={}, summary="a model")
    Shelf(folder / "model").promote(max(entry.name for entry in (folder / "model").iterdir()))
    with (folder / "tried.jsonl").open("w", encoding="utf-8") as file:
        for example in examples[::2]:
            file.write(
                json.dumps({"text": example.comment.body, "label": example.label, "source": example.source}) + "\n"
            )
    return folder


@pytest.fixture
def run(data: Path) -> Run:
    def run(*arguments: str, **more: Any) -> Result:
        return CliRunner().invoke(commands, [*arguments, "--data", str(data)], standalone_mode=False, **more)

    return run


def models_of(data: Path) -> list[str]:
    return sorted(folder.name for folder in (data / "model").iterdir() if folder.is_dir())


def test_evaluate_tells_figures_intervals_and_slices(run: Run, data: Path) -> None:
    told = run("evaluate", str(data / "tried.jsonl"))
    assert told.exception is None and told.return_value == 0
    for said in ("ROC-AUC", "between, at 95 %", "surely but for 5 %", "Source:", "Length:"):
        assert said in told.output
    shown = json.loads(run("evaluate", models_of(data)[1], str(data / "tried.jsonl"), "--json").output)
    assert shown["model"] == models_of(data)[1] and shown["missed"] == []
    assert f"{shown['figures']['roc_auc']:.4f}" in told.output
    low, high = shown["intervals"]["roc_auc"]
    assert low <= shown["figures"]["roc_auc"] <= high


def test_evaluate_has_status_3_where_the_model_is_not_good_enough(run: Run, data: Path) -> None:
    found = json.loads(run("evaluate", str(data / "tried.jsonl"), "--json").output)["figures"]
    held = str(found["ham_held"] + 0.01)
    assert run("evaluate", str(data / "tried.jsonl"), "--most-held", held).return_value == 0
    missed = run("evaluate", models_of(data)[0], str(data / "tried.jsonl"), "--most-held", "0", "--least-caught", "1")
    assert missed.return_value == 3
    assert "not good enough: less than 100 % of spam is caught" in missed.output


def test_evaluate_takes_one_label_alone(run: Run, data: Path, tmp_path: Path) -> None:
    ham = tmp_path / "ham.jsonl"
    ham.write_text('{"text": "Thank you, the third step helped.", "label": "ham"}\n')
    told = run("evaluate", str(ham))
    assert told.exception is None and "ROC-AUC" in told.output and "1 good comments and 0 spam" in told.output


@pytest.mark.parametrize(
    ("arguments", "cure"),
    [(("nowhere.jsonl",), "there is no such file"), (("no-model", "x.jsonl"), "see: moderator models list")],
)
def test_evaluate_says_what_is_missing(run: Run, arguments: tuple[str, ...], cure: str) -> None:
    assert cure in str(
        getattr(run("evaluate", *arguments).exception, "message", None) or run("evaluate", *arguments).exception
    )


def test_the_parts_of_an_explanation_sum_to_its_log_odds(run: Run) -> None:
    arguments = (
        "explain",
        "cheap pills at http://pills.example/",
        "--author",
        "buy pills",
        "--email",
        "x@pills.example",
    )
    shown = json.loads(run(*arguments, "--json").output)
    assert shown["bias"] + sum(weight for _, weight in shown["parts"]) == pytest.approx(shown["logit"])
    lines = run(*arguments).output.splitlines()
    rows = [float(line.split()[0]) for line in lines if "│" in line]
    assert sum(rows) == pytest.approx(shown["logit"], abs=0.0005 * len(rows) + 0.0005)
    assert f"{shown['logit']:+8.3f}  log-odds" in lines[-1]


def test_author_title_and_kind_change_what_is_explained(run: Run) -> None:
    plain = run("explain", "nice post", "--json").output
    fields = ("--author", "Bob"), ("--author-url", "http://casino.example"), ("--email", "lena@gmail.com")
    assert all(run("explain", "nice post", *field, "--json").output != plain for field in fields)
    both = ("--title", "A nice post"), ("--post-title", "A nice post")
    assert len({run("explain", "nice post", *field, "--json").output for field in both}) == 1
    assert run("explain", "nice post", "--kind", "trackback").exception is None
    assert run("explain", "-", "--json", input="nice post").output == plain


def test_what_is_piped_has_no_colours(run: Run) -> None:
    told = run("explain", "cheap pills \x1b[31m at http://pills.example/ \u202e")
    assert "\x1b" not in told.output and "\u202e" not in told.output
    assert "[+word] speaks for spam" in told.output


WORDS = (Weighed(0, 5, 0.9), Weighed(5, 11, -0.3), Weighed(11, 16, 0.01))


def test_words_are_marked_without_colour() -> None:
    assert painting.painted("cheap thank today", WORDS, colour=False) == "[+++cheap] [--thank] today"


def test_words_are_shaded_with_colour_and_told_apart_without_red_and_green() -> None:
    shown = painting.painted("cheap thank today", WORDS, colour=True)
    assert "48;5;203" in shown and "48;5;157" in shown
    assert "\x1b[1m" in shown and "\x1b[4m" in shown


def test_no_color_is_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal:
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert painting.has_colour(Terminal())  # type: ignore[arg-type]
    monkeypatch.setenv("NO_COLOR", "1")
    assert not painting.has_colour(Terminal())  # type: ignore[arg-type]


@given(
    st.text(st.characters(), max_size=40), st.lists(st.tuples(st.integers(0, 40), st.integers(0, 8), st.floats(-2, 2)))
)
def test_no_text_commands_the_terminal(text: str, spans: list[tuple[int, int, float]]) -> None:
    words = [Weighed(start, start + size, weight) for start, size, weight in spans]
    shown = painting.painted(text, words, colour=False)
    assert all(character.isprintable() or character == "\n" for character in shown)


def test_models_diff_shows_settings_figures_and_flips(run: Run, data: Path) -> None:
    first, second = models_of(data)
    told = run("models", "diff", first, second, "--on", str(data / "tried.jsonl"))
    assert told.exception is None
    assert first in told.output and second in told.output and "reject above" in told.output
    shown = json.loads(run("models", "diff", first, second, "--on", str(data / "tried.jsonl"), "--json").output)
    assert shown["settings"]["reject above"] == [None, 0.99]
    assert f"{len(shown['flips'])} of" in told.output
    assert all(flip["before"] != flip["after"] for flip in shown["flips"])
    low, high = shown["changes"]["roc_auc"]
    apart = shown["figures"][second]["roc_auc"] - shown["figures"][first]["roc_auc"]
    assert low <= apart <= high


def test_a_model_does_not_differ_from_itself(run: Run, data: Path) -> None:
    first = models_of(data)[0]
    shown = json.loads(run("models", "diff", first, first, "--on", str(data / "tried.jsonl"), "--json").output)
    assert shown["flips"] == []
    assert all(low == high == 0 for low, high in shown["changes"].values())

"""What the benchmarks of quality stand on: kept answers, the line under a table, mails from comments, leaning fits."""

import random
from dataclasses import replace
from email import message_from_string
from pathlib import Path

import numpy as np
import pytest

from benchmarks import capacity, common
from benchmarks.kit import kept, mail, verdict
from benchmarks.kit.kept import Answers, Kept
from benchmarks.kit.measures import measure
from moderator.comment import Comment
from moderator.training.fit import Setting, fit, tabulate


def _asked(told: list[str], answer: float) -> Answers:
    told.append("asked")
    return {"scores": np.array([answer])}


@pytest.mark.parametrize(("resume", "expected", "times"), [(True, 0.25, 0), (False, 0.75, 1)])
def test_a_later_run_takes_kept_answers_only_where_it_resumes(
    tmp_path: Path, resume: bool, expected: float, times: int
) -> None:
    Kept(tmp_path, resume=False).answers(["peer", ["text"]], lambda: _asked([], 0.25))
    told: list[str] = []
    later = Kept(tmp_path, resume=resume)
    assert later.answers(["peer", ["text"]], lambda: _asked(told, 0.75))["scores"].tolist() == [expected]
    assert len(told) == times


def test_another_text_label_or_code_is_another_question(tmp_path: Path) -> None:
    told: list[str] = []
    answers = Kept(tmp_path, resume=True)
    spam = np.array([True, False])
    for train, labels in ((["a", "b"], spam), (["a", "c"], spam), (["a", "b"], ~spam)):
        answers.answers(kept.inputs(train, labels, ["x"]), lambda: _asked(told, 0.5))
    assert len(told) == 3
    file = tmp_path / "code.py"
    file.write_text("1")
    before = kept.digest_of_files(file)
    file.write_text("2")
    assert kept.digest_of_files(file) != before


def test_a_lone_surrogate_can_be_part_of_a_question(tmp_path: Path) -> None:
    question = kept.inputs(["\ud800"], np.array([True]))
    assert Kept(tmp_path, resume=False).answers(question, lambda: _asked([], 1.0))["scores"].tolist() == [1.0]


def test_the_line_under_a_table_names_the_peer_that_is_ahead() -> None:
    spam = np.array([True, True, False, False])
    good = measure(np.array([0.9, 0.8, 0.1, 0.2]), spam)
    ahead = replace(good, roc_auc=0.9)
    told = verdict.against_peers(("**ours**", ahead), [("theirs", replace(good, accuracy=0.5, lam=0.9))])
    assert told.startswith("ours beats every peer in accuracy, LAM; not in ")
    assert "ROC-AUC (0.9; theirs 1.)" in told
    assert verdict.against_reach(("ours", ahead), {"roc_auc": 0.95, "blocked": 0.01}) == (
        "Asked for: ROC-AUC ≥ 0.95: missed (0.9), ham blocked ≤ 1 %: reached."
    )


@pytest.mark.parametrize("text", ["plain", "From: me\n\nFrom the start", "été 你好", "\n\n", "a\n.\nb"])
def test_a_comment_is_the_body_of_its_mail_and_changes_no_header(text: str) -> None:
    read = message_from_string(mail.message(text, 7))
    assert read["Subject"] == "comment"
    assert read.get_payload() == f"{text}\n"


def test_equal_texts_are_mails_of_their_own() -> None:
    ids = {message_from_string(mail.message("same", number))["Message-ID"] for number in range(-3, 3)}
    assert len(ids) == 6


def test_a_leaning_fit_says_more_by_what_one_label_has_alone() -> None:
    texts = ["casino today", "casino tomorrow", "hello today", "hello tomorrow"] * 5
    table = tabulate([Comment(text) for text in texts])
    spam = np.array([text.startswith("casino") for text in texts])
    asked = tabulate([Comment("casino"), Comment("today")])

    def told(lean: float) -> float:
        logits = fit(table, spam, np.ones(len(texts)), setting=Setting(lean=lean)).logits(asked)
        return float(logits[0] - abs(logits[1]))

    assert told(0.7) > told(0.0) > 0


COST = capacity.Measured(cpu=0.002, spread=(1.0,), commit=0.004, row=0.0005, bytes=1000.0)


def test_where_little_comes_a_comment_waits_for_its_own_work_alone() -> None:
    shape = capacity.Shape("one core", 1, 1, 1)
    run = capacity.simulate(1.0, shape, COST, chance=random.Random(1))
    assert capacity.percentile(run.waits, 50) == pytest.approx(0.002 + 0.004 + 0.0005)
    assert run.processes == pytest.approx(0.002, rel=0.05) and run.writers == pytest.approx(0.0045, rel=0.05)


def test_no_more_is_carried_than_cores_and_writers_have_time_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capacity, "SIMULATED", 1000)
    one, four = (capacity.Shape("", 1, processes, 4) for processes in (1, 4))
    carried = [capacity.carried(shape, COST, limit=0.2)["a_second"] for shape in (one, four)]
    assert 0.8 / COST.cpu < carried[0] <= 1.05 / COST.cpu
    assert 3.0 < carried[1] / carried[0] < 4.2
    slow_disk = replace(COST, commit=0.02)  # a group of 64 in 52 ms by one writer
    at_its_end = capacity.carried(capacity.Shape("", 1, 4, 1), slow_disk, limit=0.3)
    assert at_its_end["a_second"] < 64 / 0.052 * 1.05 and at_its_end["writers_busy"] > 0.9


def test_a_table_is_put_where_the_page_has_a_place_for_it(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n\n<!-- sizes -->\nold\n<!-- /sizes -->\n\nafter\n", "utf-8")
    for _ in range(2):
        common.write_between(page, "sizes", ["", "| new |", ""])
    assert page.read_text("utf-8") == "before\n\n<!-- sizes -->\n\n| new |\n\n<!-- /sizes -->\n\nafter\n"
    with pytest.raises(SystemExit, match="no place"):
        common.write_between(page, "others", [])


def test_the_page_of_capacity_has_a_place_for_each_table() -> None:
    told = (Path(__file__).parent.parent / "docs/capacity.md").read_text("utf-8")
    for name in ("measured", "shards", "fitting", "moving"):
        assert told.count(f"<!-- {name} -->") == told.count(f"<!-- /{name} -->") == 1

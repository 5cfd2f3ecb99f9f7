"""What the benchmarks of quality stand on: kept answers, the line under a table, mails from comments, leaning fits."""

from dataclasses import replace
from email import message_from_string
from pathlib import Path

import numpy as np
import pytest

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

"""The two verbs: what is decided, why, and what happens when something fails inside."""

import logging
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import pytest
from doors import FakeClassifier, FakeShelf, Installation, install

from moderator import moderation, policy
from moderator.classifier import Assessment
from moderator.comment import Action, Author, Comment, Post, Word
from moderator.moderation import Moderator, StoreUnavailable, assess
from moderator.policy import SitePolicy
from moderator.reading import Reading
from moderator.store import StoreBusy, StoreError

ADDRESS = "http://journal-neo.org/2016/03/17/russias-mission-accomplished-moment-in-syria/"
SECRET = "words of a comment that no log may hold"


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Installation]:
    made = install(tmp_path)
    yield made
    made.store.close()


def judge(comment: Comment, model: FakeClassifier | None = None) -> Any:
    return assess(comment, SitePolicy(), FakeShelf(model or FakeClassifier()))


def moderator_of(here: Installation) -> Moderator:
    return Moderator(here.store, here.shelf, lambda: datetime.now(UTC), secret=b"s" * 32)


def broken(*args: object, **named: object) -> NoReturn:
    raise ValueError(SECRET)


def test_the_founding_example_is_held_and_says_where_it_leads() -> None:
    decision = judge(Comment(f"1. {ADDRESS}", post=Post(title="Russia declares its mission in Syria accomplished")))
    assert (decision.action, decision.rule) == (Action.HOLD, "link_only")
    assert decision.score is not None
    reason = decision.reasons[0]
    assert "journal-neo.org" in reason.text
    assert "the post has" in reason.text
    assert reason.span == (3, 3 + len(ADDRESS))


def test_the_rules_sentence_comes_before_the_classifiers_reasons() -> None:
    decision = judge(Comment("This is spam, they say."))
    assert [reason.code for reason in decision.reasons] == ["in_doubt", "words"]
    assert decision.reasons[0].text == policy.sentence(policy.in_doubt)
    assert decision.reasons[1].span == (8, 12)


def test_a_span_counts_in_the_body_as_it_was_sent() -> None:
    body = "<p>This is <b>spam</b>, they say.</p>"
    span = judge(Comment(body)).reasons[1].span
    assert span is not None
    assert body[slice(*span)] == "spam"


def test_a_comment_that_is_too_complex_is_held_whatever_its_score_and_names_the_limit() -> None:
    decision = judge(Comment("x " * 20_000))
    assert (decision.action, decision.rule) == (Action.HOLD, "too_complex")
    assert decision.score is not None  # of its beginning
    assert "40,000 characters" in decision.reasons[0].text


def test_without_a_model_comments_are_held() -> None:
    decision = assess(Comment("Thank you for this."), SitePolicy(), FakeShelf(None))
    assert (decision.action, decision.rule, decision.score, decision.model) == (Action.HOLD, "no_score", None, "")


class BrokenClassifier(FakeClassifier):
    def assess(self, reading: Reading) -> Assessment:
        broken()


@pytest.mark.parametrize("step", ["shelf", "read", "score", "policy", "reasons"])
def test_a_fault_inside_is_a_hold_that_is_stored_and_logs_no_comment(
    step: str, here: Installation, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    if step == "shelf":
        monkeypatch.setattr(here.shelf, "current", broken)
    elif step == "read":
        monkeypatch.setattr(moderation, "read", broken)
    elif step == "score":
        here.shelf.model = BrokenClassifier()
    elif step == "policy":
        monkeypatch.setattr(policy, "decide", broken)
    else:
        monkeypatch.setattr(moderation, "reason_of", broken)
    with caplog.at_level(logging.DEBUG):
        answer = moderator_of(here).judge(here.site, Comment(SECRET, id="1"))
    assert (answer.decision.action, answer.decision.rule) == (Action.HOLD, "could_not_judge")
    stored = here.store.comment(here.site, answer.id)
    assert stored is not None
    assert stored.decision.rule == "could_not_judge"
    assert "ValueError" in caplog.text
    assert "moderation.py" in caplog.text
    assert SECRET not in caplog.text


@pytest.mark.parametrize("error", [StoreError("full"), StoreBusy("busy"), RuntimeError(SECRET)])
def test_what_cannot_be_stored_is_not_answered(
    error: Exception, here: Installation, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*args: object, **named: object) -> NoReturn:
        raise error

    monkeypatch.setattr(here.store, "remember", fail)
    with pytest.raises(StoreUnavailable):
        moderator_of(here).judge(here.site, Comment("Fine.", id="1"))
    assert SECRET not in caplog.text


def at_once(here: Installation, bodies: list[str], monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The answers to these comments, or what was raised: the first is being stored while all others come in."""
    verbs, waiting, first = moderator_of(here), threading.Event(), here.store.remember
    answers: list[Any] = [None] * len(bodies)

    def slowly(*args: Any, **named: Any) -> Any:
        waiting.wait(10)
        return first(*args, **named)

    def send(number: int) -> None:
        try:
            answers[number] = verbs.judge(here.site, Comment(bodies[number], id=str(number)))
        except Exception as error:
            answers[number] = error

    monkeypatch.setattr(here.store, "remember", slowly)
    threads = [threading.Thread(target=send, args=(number,)) for number in range(len(bodies))]
    for thread in threads:
        thread.start()
    while len(verbs._turns._waiting) < len(bodies) - 1:
        time.sleep(0.001)
    waiting.set()
    for thread in threads:
        thread.join(20)
    return answers


def test_comments_that_come_while_one_is_stored_are_judged_and_stored_together(
    here: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    groups: list[int] = []
    together = here.store.remember_all

    def counted(judged: Any, **named: Any) -> Any:
        groups.append(len(judged))
        return together(judged, **named)

    monkeypatch.setattr(here.store, "remember_all", counted)
    bodies = ["First.", "This is spam.", "Fine, thank you.", "surely spam", "www.example.org"]
    answers = at_once(here, bodies, monkeypatch)
    assert groups == [4]
    assert [answer.decision for answer in answers] == [judge(Comment(body)) for body in bodies]
    for number, answer in enumerate(answers):
        stored = here.store.comment(here.site, answer.id)
        assert stored is not None and (stored.comment.body, stored.comment.id) == (bodies[number], str(number))


def test_of_comments_that_are_judged_together_one_that_fails_spoils_no_other(
    here: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Picky(FakeClassifier):
        def assess(self, reading: Reading) -> Assessment:
            return broken() if "broken" in reading.text else super().assess(reading)

    here.shelf.model = Picky()
    answers = at_once(here, ["First.", "It is broken.", "surely spam", "Fine, thank you."], monkeypatch)
    assert [answer.decision.rule for answer in answers] == [
        "probably_fine",
        "could_not_judge",
        "surely_spam",
        "probably_fine",
    ]


def test_of_comments_that_cannot_be_stored_together_each_hears_of_it(
    here: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object, **named: object) -> NoReturn:
        raise StoreError("the disk is full")

    monkeypatch.setattr(here.store, "remember_all", full)
    answers = at_once(here, ["First.", "Second.", "Third."], monkeypatch)
    assert [type(answer).__name__ for answer in answers] == ["Remembered", "StoreUnavailable", "StoreUnavailable"]


def test_a_blocked_author_is_rejected_and_still_scored() -> None:
    comment = Comment("Hello there, all of you.", author=Author(name="Bob"))
    decision = assess(comment, SitePolicy(blocked_authors=("bob",)), FakeShelf(FakeClassifier()))
    assert (decision.action, decision.rule) == (Action.REJECT, "blocked_author")
    assert decision.score == 0.01


def test_a_verdict_is_stored(here: Installation) -> None:
    verbs = moderator_of(here)
    answer = verbs.judge(here.site, Comment("This is spam.", id="1"))
    verbs.learn(here.site, answer.id, Word.SPAM, by="Ann", door="webhook")
    stored = here.store.comment(here.site, answer.id)
    assert stored is not None
    assert stored.verdict is not None
    assert (stored.verdict.word, stored.verdict.by) == (Word.SPAM, "Ann")

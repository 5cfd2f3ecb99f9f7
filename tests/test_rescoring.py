"""What waits is scored anew after its site's verdicts: it goes on waiting, and the pages can say what changed."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import pytest
from conftest import HandClock
from doors import FakeShelf

from moderator.adaptation import Adaptation
from moderator.classifier import Classifier, logit, sigmoid
from moderator.comment import Action, Author, Comment, Status, Word
from moderator.moderation import Moderator
from moderator.policy import Thresholds
from moderator.reading import read
from moderator.rescoring import Rescorer
from moderator.signals import SIGNALS
from moderator.spaces import OWN_WEIGHTS
from moderator.store import Filter, Order, Site, Store
from moderator.store.rescoring import CLAIM

TEXTS = ("cheap watches at my shop", "I baked the bread and it rose well", "Ist das denn wirklich so?", "lovely rivers")


def undecided() -> Classifier:
    """A model that finds every comment a little suspicious."""
    return Classifier(
        "m1",
        weights=np.zeros(OWN_WEIGHTS, np.float32),
        bias=0.2,
        signal_weights=[0.0] * len(SIGNALS),
        signal_means=[0.0] * len(SIGNALS),
        thresholds=Thresholds(0.5, 0.9),
    )


class Queue:
    """A site whose comments wait, and who scores them."""

    def __init__(self, store: Store, clock: HandClock) -> None:
        self.store, self.clock, self.shelf = store, clock, FakeShelf(undecided())
        self.site: Site = store.add_site("blog")[0]
        self.worker = self.another()
        moderator = Moderator(store, self.shelf, clock)
        self.ids = []
        for number, text in enumerate(TEXTS):
            clock.pass_(seconds=1)
            comment = Comment(text, id=f"c{number}", author=Author(f"reader {number}"))
            self.ids.append(moderator.judge(self.site, comment).id)

    def another(self) -> Rescorer:
        """As another process has it."""
        return Rescorer(self.store, Adaptation(self.store, self.shelf, monotonic=lambda: 0.0), self.clock)

    def say(self, number: int, word: Word) -> int:
        self.clock.pass_(minutes=1)
        return self.store.give_verdict(self.ids[number], word, by="ann", door="page").verdict_id

    def scores(self) -> list[float]:
        found = [self.store.comment(None, one) for one in self.ids]
        return [stored.score for stored in found if stored is not None and stored.score is not None]


@pytest.fixture
def queue(store: Store, clock: HandClock) -> Queue:
    return Queue(store, clock)


@pytest.fixture
def here(quick_store: Store, clock: HandClock) -> Queue:
    return Queue(quick_store, clock)


def test_waiting_comments_get_another_score_and_go_on_waiting(queue: Queue) -> None:
    before = queue.scores()
    assert queue.worker.step() == 0
    queue.say(1, Word.HAM)
    assert queue.worker.step() > 0
    after = queue.scores()
    assert after[2] < before[2] and after[1] == before[1]  # what was judged waits no more
    stored = queue.store.comment(None, queue.ids[2])
    assert stored is not None and stored.status is Status.HELD
    assert stored.decision.score == before[2] and stored.decision.action is Action.HOLD
    classifier = queue.worker._adaptation.classifier(queue.site)
    assert classifier is not None and stored.score == pytest.approx(classifier.score(read(stored.comment)), abs=1e-9)


def test_the_page_can_say_how_many_changed_and_which(queue: Queue) -> None:
    assert queue.store.rescoring.changes() == queue.store.rescoring.changes(queue.site.id)
    assert queue.store.rescoring.changes().at is None
    queue.say(1, Word.HAM)
    queue.worker.step()
    changes = queue.store.rescoring.changes(queue.site.id)
    assert changes.waiting == 3 and changes.at == queue.clock()
    fine = queue.store.queue(Filter(would=Action.APPROVE)).comments
    assert changes.changed == changes.fine == len(fine) > 0 and changes.spam == 0
    assert all(one.would is Action.APPROVE and one.score is not None and one.score <= 0.5 for one in fine)
    assert queue.store.rescoring.changes() == changes
    assert not queue.store.queue(Filter(would=Action.REJECT)).comments
    for _ in range(3):
        assert queue.worker.step() == 0  # nothing was said since
    assert queue.store.rescoring.changes(queue.site.id) == changes


def test_the_queue_is_in_the_order_of_todays_scores(here: Queue) -> None:
    here.say(0, Word.SPAM)
    here.say(1, Word.HAM)
    here.worker.step()
    shown = here.store.queue(Filter(), Order.SCORE).comments
    assert [one.score for one in shown] == sorted((one.score or 0.0 for one in shown), reverse=True)


def test_after_all_is_taken_back_scores_are_what_they_were(queue: Queue) -> None:
    before = queue.scores()
    given = [queue.say(0, Word.SPAM), queue.say(1, Word.HAM)]
    queue.worker.step()
    assert queue.scores() != before
    for verdict_id in given:
        queue.store.undo(verdict_id, by="ann")
    queue.worker.step()
    assert queue.scores() == pytest.approx(before, abs=1e-9)
    assert queue.store.rescoring.changes(queue.site.id).fine == 0


def test_one_process_scores_a_site_and_another_takes_over_when_it_is_gone(queue: Queue) -> None:
    other = queue.another()
    queue.worker.step()
    other.step()
    queue.say(1, Word.HAM)
    assert queue.worker.step() > 0
    assert other.step() == 0  # it is done
    queue.store.give_verdict(queue.ids[0], Word.SPAM, by="ann", door="page")
    before = queue.scores()
    assert other.step() == 0 and queue.scores() == before  # the first one has the claim
    queue.clock.now += CLAIM
    queue.clock.pass_(seconds=1)
    assert other.step() > 0
    assert queue.worker.step() == 0 and queue.scores() != before


def test_a_clock_that_went_back_leaves_no_claim_behind(here: Queue) -> None:
    here.say(1, Word.HAM)
    here.worker.step()
    here.clock.pass_(days=-3)
    here.store.give_verdict(here.ids[0], Word.SPAM, by="ann", door="page")
    before = here.scores()
    here.another().step()
    assert here.scores() != before


def test_what_was_said_while_nobody_worked_is_seen_to_at_the_start(here: Queue) -> None:
    before = here.scores()
    here.say(1, Word.HAM)
    assert here.another().step() > 0
    assert here.scores() != before


def test_a_comment_that_was_edited_meanwhile_is_left_as_it_is(here: Queue) -> None:
    here.say(1, Word.HAM)
    here.worker.step()
    first = here.scores()[2]
    Moderator(here.store, here.shelf, here.clock).judge(here.site, Comment("Something else", id="c2"))
    history = here.store.history(here.ids[2])
    assert history is not None
    decided = history.decisions[0].decision.score
    assert decided == pytest.approx(0.549834, abs=1e-6) and decided != first
    assert history.now.would is None and history.now.score != first
    here.say(0, Word.SPAM)
    here.worker.step()
    stored = here.store.comment(None, here.ids[2])
    classifier = here.worker._adaptation.classifier(here.site)
    assert stored is not None and classifier is not None
    assert stored.score == pytest.approx(classifier.score(read(stored.comment)), abs=0.002)


def test_a_new_model_scores_what_waits_on_sites_that_teach(here: Queue) -> None:
    here.say(1, Word.HAM)
    here.worker.step()
    before = here.scores()
    other = undecided()
    other.id, other.bias = "m2", 1.5
    here.shelf.model = other
    assert here.worker.step() > 0
    assert all(new > old for new, old in zip(here.scores()[2:], before[2:], strict=True))


def test_what_humans_said_of_an_author_counts_as_much_when_scored_anew(here: Queue) -> None:
    moderator = Moderator(here.store, here.shelf, here.clock, secret=b"s" * 32)
    author = Author("Ann", "ann@example.org")
    first = moderator.judge(here.site, Comment("Fresh pears from our trees.", id="a1", author=author)).id
    here.clock.pass_(minutes=1)
    here.store.give_verdict(first, Word.SPAM, by="ann", door="page")
    here.clock.pass_(minutes=1)
    second = moderator.judge(here.site, Comment("Where do the rivers of this land begin?", id="a2", author=author))
    stored = here.store.comment(None, second.id)
    assert stored is not None and stored.score is not None and stored.standing > 0.5
    assert logit(stored.score) > logit(sigmoid(0.2)) + 0.5
    here.worker.step()
    verdict = here.store.give_verdict(here.ids[1], Word.HAM, by="ann", door="page").verdict_id
    here.clock.pass_(minutes=1)
    here.worker.step()
    here.store.undo(verdict, by="ann")
    here.store.undo(here.store.give_verdict(first, Word.OPEN, by="ann", door="page").verdict_id, by="ann")
    here.worker.step()
    again = here.store.comment(None, second.id)
    assert again is not None and again.score is not None
    explained = undecided().explain(read(again.comment)).adjusted("x", again.standing)
    assert ("x", again.standing) in explained.parts
    assert explained.logit == pytest.approx(explained.bias + sum(weight for _, weight in explained.parts))
    assert again.standing == stored.standing


def test_in_a_server_it_takes_less_than_some_seconds(here: Queue) -> None:
    before = here.scores()
    worker = Rescorer(here.store, Adaptation(here.store, here.shelf), lambda: datetime.now(UTC))
    worker.start()
    try:
        here.say(1, Word.HAM)
        assert _soon(lambda: here.scores() != before)
    finally:
        worker.stop()
    assert here.store.outbox.on_verdict is None


def test_it_outlives_a_store_that_fails(
    here: Queue, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("moderator.loop.AFTER_TROUBLE_SECONDS", 0.05)
    secret = "words of a comment that no log may hold"
    adapted = Adaptation(here.store, here.shelf)

    def fails() -> dict[int, int]:
        raise ValueError(secret)

    worker = Rescorer(here.store, adapted, lambda: datetime.now(UTC))
    with monkeypatch.context() as broken:
        broken.setattr(adapted, "look", fails)
        worker.start()
        assert _soon(lambda: "scoring anew failed" in caplog.text)
    before = here.scores()
    here.say(1, Word.HAM)
    assert _soon(lambda: here.scores() != before)
    worker.stop()
    assert secret not in caplog.text


def _soon(true: Callable[[], bool]) -> bool:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        if true():
            return True
        time.sleep(0.02)
    return False

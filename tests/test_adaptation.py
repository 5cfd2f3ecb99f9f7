"""Each site's own classifier: what is in it, that all come to the same, and that what is taken back is gone."""

import random
import sqlite3
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
from conftest import HandClock
from doors import FakeShelf
from models import classifier

from moderator import adaptation, residual
from moderator.adaptation import Adaptation, Rows
from moderator.classifier import Classifier
from moderator.comment import Author, Comment, Word
from moderator.moderation import Moderator
from moderator.reading import read
from moderator.store import Store, StoreError, UnknownComment, schema

BASE = classifier()
TEXTS = ("Thank you for the bread recipe", "cheap watches at my shop", "Ist das wirklich so?")
ASKED = [read(Comment(text)) for text in TEXTS]


class Place:
    """A site with comments, and what a process makes of what was said of them."""

    def __init__(self, store: Store, clock: HandClock, base: Classifier = BASE) -> None:
        self.store, self.clock = store, clock
        self.shelf = FakeShelf(base)
        self.site = store.add_site("reader's corner")[0]
        self.moderator = Moderator(store, self.shelf, clock)
        self.now = 0.0
        self.adaptation = self.process()
        self.ids: list[str] = []

    def process(self, store: Store | None = None) -> Adaptation:
        """As another process has it, which knows nothing yet."""
        return Adaptation(store or self.store, self.shelf, monotonic=lambda: self.now)

    def send(self, text: str, author: str = "", id: str = "") -> str:
        self.clock.pass_(seconds=1)
        comment = Comment(text, id=id, author=Author(author or f"reader {len(self.ids)}"))
        self.ids.append(self.moderator.judge(self.site, comment).id)
        return self.ids[-1]

    def say(self, comment_id: str, word: Word, *, door: str = "page", by: str = "ann") -> int:
        self.clock.pass_(minutes=1)
        return self.store.give_verdict(comment_id, word, by=by, door=door).verdict_id

    def logits(self, of: Adaptation | None = None) -> list[float]:
        """What the site's classifier says, a second later."""
        self.now += 1.1
        found = (of or self.adaptation).classifier(self.site)
        assert found is not None
        return [float(logit) for logit in found.scores(ASKED)]


@pytest.fixture
def place(quick_store: Store, clock: HandClock) -> Place:
    return Place(quick_store, clock)


@pytest.fixture
def on_each(store: Store, clock: HandClock) -> Place:
    return Place(store, clock)


PLAIN = [float(logit) for logit in BASE.scores(ASKED)]


def test_a_site_that_has_said_nothing_has_the_model_itself(place: Place) -> None:
    place.send("cheap watches")
    assert place.adaptation.classifier(place.site) is BASE
    place.say(place.ids[0], Word.UNWANTED)
    place.now += 1.1
    assert place.adaptation.classifier(place.site) is BASE


def test_a_verdict_counts_within_a_second_for_its_site_alone(on_each: Place) -> None:
    other = on_each.store.add_site("another")[0]
    assert on_each.logits() == PLAIN
    on_each.say(on_each.send("cheap watches at your shop"), Word.SPAM)
    moved = on_each.logits()
    assert moved[1] > PLAIN[1] + 0.5
    assert on_each.adaptation.classifier(other) is BASE


def test_a_taken_back_verdict_leaves_nothing(on_each: Place) -> None:
    ids = [on_each.send(f"cheap watches number {number}") for number in range(3)]
    given = [on_each.say(one, word) for one, word in zip(ids, (Word.SPAM, Word.HAM, Word.SPAM), strict=True)]
    assert on_each.logits() != PLAIN
    for verdict_id in given:
        on_each.store.undo(verdict_id, by="ann")
    assert on_each.logits() == PLAIN
    on_each.now += 1.1
    assert on_each.adaptation.classifier(on_each.site) is BASE


def test_undoing_an_undo_brings_it_back(on_each: Place) -> None:
    verdict_id = on_each.say(on_each.send("cheap watches"), Word.SPAM)
    before = on_each.logits()
    undone = on_each.store.undo(verdict_id, by="ann")
    assert on_each.logits() == PLAIN
    on_each.store.undo(undone.id, by="ann")
    assert on_each.logits() == before


def test_of_contradicting_verdicts_the_last_one_teaches(place: Place) -> None:
    one = place.send("cheap watches at my shop")
    for word in (Word.SPAM, Word.HAM, Word.SPAM, Word.UNWANTED, Word.HAM):
        place.say(one, word)
    assert place.logits()[1] < PLAIN[1]
    fresh = place.process()
    assert place.logits(fresh) == place.logits()


def test_a_deleted_comment_goes_on_teaching_and_one_that_is_not_there_teaches_nobody(on_each: Place) -> None:
    one = on_each.send("cheap watches")
    on_each.say(one, Word.SPAM)
    before = on_each.logits()
    on_each.store.deletions.delete(on_each.site, one)
    assert on_each.logits(on_each.process()) == before
    with pytest.raises(UnknownComment):
        on_each.say(one, Word.HAM)
    with pytest.raises(UnknownComment):
        on_each.say("01ARZ3NDEKTSV4RRFFQ69G5FAV", Word.HAM)
    assert on_each.logits() == before


def test_of_an_edited_comment_the_content_that_was_judged_teaches(on_each: Place) -> None:
    one = on_each.send("cheap watches", id="c1")
    on_each.say(one, Word.SPAM)
    before = on_each.logits()
    on_each.send("a long and friendly letter about bread", author="reader 0", id="c1")
    assert on_each.logits() == before
    assert on_each.logits(on_each.process()) == before
    on_each.say(one, Word.HAM)
    after = on_each.logits()
    assert after != before
    assert on_each.logits(on_each.process()) == after


def test_all_processes_come_to_the_same_numbers_in_whatever_steps_they_learn(
    on_each: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adaptation, "VETTED_EVERY", 5)
    monkeypatch.setattr(residual, "VETTED_EVERY", 5)
    chance = random.Random(6)
    second = Store.open(on_each.store._process._url.render_as_string(hide_password=False), clock=on_each.clock)
    others = [on_each.process(second), on_each.process()]
    given: list[int] = []
    for number in range(30):
        what = chance.random()
        if not given or what < 0.6:
            text = f"{chance.choice(['cheap watches', 'bread and', 'Ist das'])} {'abcdefg'[number % 7]} {number}"
            given.append(on_each.say(on_each.send(text), chance.choice([Word.SPAM, Word.HAM])))
        elif what < 0.8:
            on_each.store.undo(chance.choice(given), by="ann")
        else:
            given.append(on_each.say(chance.choice(on_each.ids), chance.choice([Word.SPAM, Word.HAM, Word.OPEN])))
        if chance.random() < 0.5:
            on_each.logits(chance.choice(others))
    wanted = on_each.logits(on_each.process())
    assert all(on_each.logits(one) == wanted for one in (*others, on_each.adaptation))
    second.close()


def test_only_the_newest_lessons_count_and_they_are_the_same_for_all(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adaptation, "NEWEST", 5)
    monkeypatch.setattr(adaptation, "STEP", 4)
    for number in range(20):
        place.say(place.send(f"cheap watches {number} {'abcdefg'[number % 7]}"), Word.SPAM if number % 3 else Word.HAM)
        assert place.logits() == place.logits(place.process())
    made = place.adaptation._sites[place.site.id]
    assert 5 <= len(made.verdicts) <= 9


def test_a_site_with_a_hundred_thousand_verdicts_is_made_of_the_newest_and_a_word_more_counts(place: Place) -> None:
    spam, good = place.send("cheap watches at my shop"), place.send("Thank you for the bread recipe")
    place.say(spam, Word.SPAM)
    place.say(good, Word.HAM)
    _repeat(place.store, 100_000, spam, good)
    assert place.store.lessons.count(place.site.id, most=200_000) == 100_002
    assert place.logits() == place.logits(place.process())
    made = place.adaptation._sites[place.site.id]
    assert adaptation.NEWEST <= len(made.verdicts) <= adaptation.NEWEST + adaptation.STEP
    before = place.logits()
    place.say(place.send("Ist das wirklich so?"), Word.SPAM)
    assert place.logits()[2] > before[2]


def _repeat(store: Store, number: int, *ids: str) -> None:
    """So many more comments like these in turn, each with words of its own and a verdict like theirs."""
    columns = [column.name for column in schema.comments.c]
    own = {
        "id": "printf('0%025d', i)",
        "external_id": "NULL",
        "content": """replace(content, '"body":"', '"body":"' || hex(i) || ' ')""",
        "verdict_id": "1000 + i",
    }
    copied = ", ".join(own.get(name, f"c.{name}") for name in columns)
    words = [column.name for column in schema.verdicts.c if column.name not in ("id", "comment_id")]
    named, said = (", ".join(f'{of}"{word}"' for word in words) for of in ("", "v."))
    numbers = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {number})"
    which = f"c.id = CASE i % 2 WHEN 0 THEN '{ids[0]}' ELSE '{ids[1]}' END"
    with closing(sqlite3.connect(store._process._url.database or "")) as file, file:
        file.execute(
            f"INSERT INTO comments ({', '.join(columns)}) {numbers} SELECT {copied} FROM n JOIN comments c ON {which}"
        )
        file.execute(
            f"INSERT INTO verdicts (id, comment_id, {named}) {numbers} "
            f"SELECT 1000 + i, {own['id']}, {said} FROM n JOIN comments c ON {which} "
            "JOIN verdicts v ON v.id = c.verdict_id"
        )


def test_what_the_blogs_side_says_counts_as_much_as_the_site_trusts_it(place: Place) -> None:
    place.say(place.send("cheap watches"), Word.SPAM, door="webhook", by="anybody")
    whole = place.logits()
    place.site = place.store.set_doors(place.site.id, replace(place.site.doors, trust=0.25))
    some = place.logits()
    place.site = place.store.set_doors(place.site.id, replace(place.site.doors, trust=0.0))
    assert place.logits() == PLAIN
    assert PLAIN[1] < some[1] < whole[1]
    place.say(place.ids[0], Word.SPAM)
    assert place.logits() == whole


def test_a_new_model_is_adapted_anew(place: Place) -> None:
    place.say(place.send("cheap watches at my shop"), Word.SPAM)
    place.logits()
    place.shelf.model = other = classifier(2)
    moved = place.logits()
    assert moved != pytest.approx([float(logit) for logit in other.scores(ASKED)], abs=1e-6)
    assert moved == place.logits(place.process())


def test_without_a_model_there_is_no_classifier(place: Place) -> None:
    place.shelf.model = None
    assert place.adaptation.classifier(place.site) is None


def test_where_the_store_does_not_answer_the_last_one_does(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.say(place.send("cheap watches"), Word.SPAM)
    before = place.logits()
    place.say(place.send("cheap bread"), Word.SPAM)

    def fails(*asked: object, **named: object) -> None:
        raise StoreError("not just now")

    with monkeypatch.context() as broken:
        broken.setattr(place.store.lessons, "of", fails)
        assert place.logits() == before
        broken.setattr(place.store.lessons, "said_after", fails)
        assert place.logits(place.process()) == PLAIN
    place.now += 10
    assert place.logits() != before
    assert place.logits() == place.logits(place.process())


def test_a_site_with_much_to_learn_is_left_to_the_background(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adaptation, "AT_ONCE", 3)
    needed: list[int] = []
    for number in range(3):
        place.say(place.send(f"cheap watches {number}"), Word.SPAM)
    fresh = place.process()
    fresh.on_need = needed.append
    assert place.logits(fresh) == PLAIN
    assert needed == [place.site.id]
    fresh.refresh(place.site, BASE)
    assert place.logits(fresh) == place.logits()


def test_the_least_used_sites_make_room_and_come_back_the_same(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adaptation, "MOST_SITES", 2)
    place.say(place.send("cheap watches"), Word.SPAM)
    before = place.logits()
    first = place.site
    for number in range(3):
        place.site = place.store.add_site(f"site {number}")[0]
        place.say(place.send("cheap bread"), Word.SPAM)
        place.logits()
    assert len(place.adaptation._sites) == 2 and first.id not in place.adaptation._sites
    place.site = first
    assert place.logits() == before


def test_kept_features_are_bounded(place: Place) -> None:
    ids = [place.send(f"a sentence of some words about bread {number}") for number in range(20)]
    kept = Rows(most=10_000)
    found = kept.of(place.store, [(one, 1) for one in ids], BASE)
    assert len(found) == 20
    assert 0 < kept._size <= 10_000
    again = kept.of(place.store, [(one, 1) for one in (*ids, "gone")], BASE)
    assert all(np.array_equal(again[key].slots, row.slots) for key, row in found.items()) and len(again) == 20


@pytest.fixture
def judged(place: Place) -> Place:
    place.say(place.send("cheap watches at my shop, buy now"), Word.SPAM)
    place.say(place.send("Thank you for the bread recipe"), Word.HAM)
    return place


def test_the_next_comment_is_decided_with_what_was_learned(judged: Place) -> None:
    asked = Comment("cheap watches at my shop, buy now!", author=Author("somebody"))
    judged.now += 1.1
    moderator = Moderator(judged.store, judged.shelf, judged.clock, adaptation=judged.adaptation)
    decision = moderator.judge(judged.site, asked).decision
    plain = BASE.score(read(asked))
    assert decision.score is not None and decision.score > plain
    assert decision.model == BASE.id

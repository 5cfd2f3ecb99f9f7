"""What follows from who wrote a comment, to where it links, and how many come: told, bounded, and held."""

from collections.abc import Callable

import pytest
from conftest import HandClock
from doors import FakeClassifier, FakeShelf

from moderator.comment import Action, Author, Comment, Post, Word
from moderator.moderation import Moderator
from moderator.store import Remembered, Site, Store

ANN = Author("Ann Lee", "ann@example.org", "https://ann.example.org/")
POST = Post(url="https://blog.example/post")

Judge = Callable[..., Remembered]


@pytest.fixture
def store(quick_store: Store) -> Store:
    """On SQLite; what depends on the engine is in test_sightings.py."""
    return quick_store


@pytest.fixture
def judge(store: Store, site: Site, clock: HandClock) -> Judge:
    """Judge and store a comment, a minute after the one before unless another time is given."""
    moderator = Moderator(store, FakeShelf(FakeClassifier()), clock, secret=b"s" * 32)

    def judge(body: str, author: Author = ANN, *, seconds: float = 60, ip: str = "") -> Remembered:
        clock.pass_(seconds=seconds)
        return moderator.judge(site, Comment(body, author=author, ip=ip, post=POST))

    return judge


def test_an_approved_author_is_told_of_and_never_let_through_for_it(store: Store, judge: Judge) -> None:
    for number in range(6):
        store.give_verdict(judge(f"Comment {number}").id, Word.HAM, by="bo", door="page")
    decision = judge("This is spam").decision
    assert decision.action is Action.HOLD
    assert decision.score is not None and 0.5 < decision.score < 0.75  # 0.75 by the model alone
    told = [reason.text for reason in decision.reasons if reason.code == "known_author"]
    assert told == [
        "On this site humans approved 6 and rejected 0 comments of this author. That speaks for a good comment."
    ]


def test_the_foot_in_the_door_is_looked_at_when_it_brings_a_link(store: Store, judge: Judge) -> None:
    homeless = Author("Cleo", "cleo@example.org")
    store.give_verdict(judge("Nice post", homeless).id, Word.HAM, by="bo", door="page")
    decision = judge("There is more on this at https://shop.example/", homeless).decision
    assert (decision.action, decision.rule) == (Action.HOLD, "new_host_of_known_author")
    assert "shop.example" in decision.reasons[0].text
    assert judge("As said on https://blog.example/other", homeless).decision.action is Action.APPROVE
    assert judge("There is more on this at https://shop.example/", Author("Stranger")).decision.action is Action.APPROVE


def test_hosts_that_humans_rejected_raise_the_score(store: Store, judge: Judge) -> None:
    for number in range(8):
        said = judge(f"Number {number} of spam https://shop.example/", Author(f"A{number}"))
        store.give_verdict(said.id, Word.SPAM, by="bo", door="page")
    decision = judge("Good words https://shop.example/", Author("New")).decision
    assert decision.score is not None and decision.score > 0.04  # 0.01 by the model alone
    assert any(reason.code == "known_host" for reason in decision.reasons)


@pytest.mark.parametrize(
    ("rule", "most", "fields"),
    [
        ("flood_by_author", 10, lambda n: {"author": ANN}),
        ("flood_from_address", 30, lambda n: {"author": Author(f"A{n}"), "ip": "192.0.2.7"}),
        ("flood_from_address", 30, lambda n: {"author": Author(f"A{n}"), "ip": f"2001:db8:1:2::{n + 1:x}"}),
    ],
    ids=["author", "address", "IPv6 network"],
)
def test_a_flood_is_held_and_ebbs(
    rule: str, most: int, fields: Callable[[int], dict[str, object]], judge: Judge
) -> None:
    decided = [judge(f"Message {n}", seconds=1, **fields(n)).decision for n in range(most + 2)]
    assert {one.action for one in decided[:most]} == {Action.APPROVE}
    assert [one.rule for one in decided[most:]] == [rule] * 2
    assert judge("An hour later", seconds=3600, **fields(most + 3)).decision.action is Action.APPROVE


def test_many_links_to_one_new_host_are_held(judge: Judge) -> None:
    decided = [
        judge(f"There is more on this at https://shop.example/{n}", Author(f"A{n}"), seconds=1).decision
        for n in range(17)
    ]
    assert [one.rule for one in decided[14:]] == ["probably_fine", "flood_with_host", "flood_with_host"]

"""Comments that say nearly the same are one thing, whoever sends them; what people said of them decides the next."""

from collections.abc import Callable
from datetime import timedelta
from random import Random

import pytest
from conftest import HandClock
from doors import FakeClassifier, FakeShelf
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.kit import waves
from moderator.campaigns import choose, sketch
from moderator.comment import Action, Author, Comment, Parent, Post, Word
from moderator.known import Sketch
from moderator.moderation import Moderator
from moderator.reading import read
from moderator.store import Filter, Remembered, Site, Store
from moderator.store.sightings import sliding

# "spam" makes the classifier of the tests doubt; without it, it approves.
WAVE = waves.TEMPLATES[0]
OTHER = waves.TEMPLATES[2]
HONEST = (
    "We hit the same problem last month with the proxy, which closed idle connections after a minute while the server "
    "kept them for longer, so that every now and then a request went into a dead socket."
)


def wave(seed: int, template: str = WAVE) -> Comment:
    """One comment of a wave, with words, links and names of its own."""
    return waves.comment(template, Random(seed))


def of(comment: Comment) -> Sketch | None:
    return sketch(read(comment), comment)


def alike(one: Comment, other: Comment) -> bool:
    first, second = of(one), of(other)
    return first is not None and second is not None and bool(choose(first, [second]))


@pytest.fixture
def store(quick_store: Store) -> Store:
    """On SQLite; what depends on the engine is in test_sightings.py."""
    return quick_store


@pytest.fixture
def judge(store: Store, site: Site, clock: HandClock) -> Callable[..., Remembered]:
    """Judge and store a comment, a second after the one before."""
    moderator = Moderator(store, FakeShelf(FakeClassifier()), clock, secret=b"s" * 32)

    def judge(comment: Comment, to: Site = site) -> Remembered:
        clock.pass_(seconds=1)
        return moderator.judge(to, comment)

    return judge


def said(store: Store, answer: Remembered, word: Word) -> str:
    return store.give_verdict(answer.id, word, by="ann", door="page").batch


# What a sketch takes for the same


def test_other_links_names_figures_and_spacing_leave_the_sketch_as_it_is() -> None:
    first = Comment(f"{HONEST} See https://one.example/a or call 555 123", author=Author("Ann Lee"))
    second = Comment(f"{HONEST.replace(' ', '  ')} See https://two.example/b or call 777 999", author=Author("Bo Nu"))
    assert of(first) == of(second) != None  # noqa: E711


@pytest.mark.parametrize(
    "disguise",
    [
        lambda text: text.upper(),
        lambda text: text.replace("o", "0").replace("e", "3"),
        lambda text: text.replace("a", "а"),  # Cyrillic
        lambda text: "\u200b".join(text),
        lambda text: f"<p>{text.replace('problem', 'pro<b></b>blem')}</p>",
        lambda text: text.replace("proxy", "prxoy").replace("connections", "conenctions"),
    ],
    ids=["capitals", "leet", "look-alikes", "invisible", "markup", "swapped"],
)
def test_a_disguise_does_not_hide_the_wording(disguise: Callable[[str], str]) -> None:
    assert alike(Comment(HONEST), Comment(disguise(HONEST)))


@pytest.mark.parametrize(
    "text",
    [
        "Thanks!",
        "+1",
        "Congratulations to both of you, all the best!",
        "Thank you so much, this helped me a lot.",
        "谢谢",
    ],
)
def test_what_everybody_says_has_no_sketch(text: str) -> None:
    assert of(Comment(text)) is None


def test_a_comment_that_quotes_its_parent_or_post_has_no_sketch() -> None:
    assert of(Comment(f"> {HONEST}\n\nSame here.")) is None
    assert of(Comment(f"{HONEST} I agree.", parent=Parent("1", HONEST))) is None
    assert of(Comment(f"“{HONEST}” Well said.", post=Post(text=f"Long before. {HONEST} Long after."))) is None


def test_different_comments_about_one_thing_are_not_alike() -> None:
    other = (
        "Our proxy was closing idle connections too; raising the keep-alive of the server above the one of the proxy "
        "solved it within a minute, though nobody believes me when they read the configuration."
    )
    assert not alike(Comment(HONEST), Comment(other))


@given(st.text(st.characters()))
def test_any_text_has_a_sketch_or_none_and_is_like_itself(text: str) -> None:
    comment = Comment(text)
    mine = of(comment)
    assert mine is None or choose(mine, [mine]) == [(0, 1.0)]


# What the store makes of it


def test_a_wave_across_authors_and_sites_is_one_campaign(
    store: Store, site: Site, judge: Callable[..., Remembered]
) -> None:
    other, _ = store.add_site("other")
    ids = [judge(wave(seed), to=other if seed % 3 else site).id for seed in range(24)]
    stranger = judge(Comment(HONEST))
    numbers = [found.campaign for one in ids if (found := store.comment(None, one))]
    first = max(set(numbers), key=numbers.count)
    assert numbers.count(first) >= 20
    assert (shown := store.campaigns.campaign(first or 0)) is not None
    assert (shown.size, shown.sites) == (numbers.count(first), 2)
    assert store.campaigns.sizes([first or 0]) == {first: shown.size}
    page = store.queue(Filter(None, campaign=first), limit=50)
    assert {one.id for one in page.comments} == {
        one for one, number in zip(ids, numbers, strict=True) if number == first
    }
    assert store.comment(None, stranger.id).campaign not in numbers  # type: ignore[union-attr]
    here = [one for one in page.comments if one.site_id == site.id]
    assert len(store.queue(Filter(None, site_id=site.id, campaign=first)).comments) == len(here)


def test_the_fifth_of_a_thousand_probes_is_held(judge: Callable[..., Remembered]) -> None:
    decided = [judge(Comment(f"{HONEST} {number}", author=Author(f"Probe {number}"))).decision for number in range(12)]
    assert [one.action for one in decided[:4]] == [Action.APPROVE] * 4
    assert {(one.action, one.rule) for one in decided[4:]} == {(Action.HOLD, "spreading_campaign")}
    assert "Before it came 4, from at least 2 authors." in decided[4].reasons[0].text


def test_probes_in_one_batch_are_held_from_the_fifth_too(store: Store, site: Site, clock: HandClock) -> None:
    moderator = Moderator(store, FakeShelf(FakeClassifier()), clock, secret=b"s" * 32)
    sent = [Comment(f"{HONEST} {number}", id=str(number)) for number in range(8)]
    answers = moderator.judge_many(site, sent).answers
    assert [one.decision.action for one in answers] == [Action.APPROVE] * 4 + [Action.HOLD] * 4
    assert len({store.comment(site, one.id).campaign for one in answers}) == 1  # type: ignore[union-attr]


def test_a_day_later_a_campaign_spreads_no_more(judge: Callable[..., Remembered], clock: HandClock) -> None:
    for number in range(6):
        judge(Comment(f"{HONEST} {number}"))
    clock.pass_(days=2)
    assert judge(Comment(HONEST)).decision.action is Action.APPROVE


def test_short_texts_never_make_a_campaign_however_often_they_come(judge: Callable[..., Remembered]) -> None:
    decided = [judge(Comment("Congratulations!", author=Author(f"Friend {n}"))).decision.action for n in range(9)]
    assert decided == [Action.APPROVE] * 9


def test_one_verdict_rejects_the_next_of_the_campaign_and_its_undo_lets_them_in_again(
    store: Store, judge: Callable[..., Remembered]
) -> None:
    first = judge(Comment(f"Spam! {HONEST} https://one.example/"))
    assert first.decision.action is Action.HOLD
    batch = said(store, first, Word.SPAM)
    second = judge(Comment(f"{HONEST} https://two.example/")).decision
    assert (second.action, second.rule) == (Action.REJECT, "campaign_called_spam")
    assert second.reasons[0].text.endswith("Before it came 1; judged so far: 1 as spam, 0 as good.")
    store.undo(batch, by="ann")
    assert judge(Comment(f"{HONEST} https://three.example/")).decision.rule != "campaign_called_spam"


def test_a_good_campaign_is_never_approved_for_that(store: Store, judge: Callable[..., Remembered]) -> None:
    said(store, judge(Comment(HONEST)), Word.HAM)
    assert judge(Comment(f"{HONEST} spam")).decision.action is Action.HOLD


def test_whoever_copies_an_approved_comment_cannot_have_it_rejected(
    store: Store, judge: Callable[..., Remembered]
) -> None:
    honest = judge(Comment(HONEST, author=Author("Ann")))
    assert honest.decision.action is Action.APPROVE
    for number in range(5):  # of an attacker, who hopes for verdicts against the wording
        said(store, judge(Comment(f"{HONEST} spam https://s{number}.example/")), Word.SPAM)
    answer = judge(Comment(HONEST, author=Author("Ann"))).decision
    assert (answer.action, answer.rule) == (Action.HOLD, "campaign_in_question")


def test_a_verdict_of_another_site_holds_here_and_rejects_nothing(
    store: Store, site: Site, judge: Callable[..., Remembered]
) -> None:
    other, _ = store.add_site("other")
    said(store, judge(Comment(f"{HONEST} spam"), to=other), Word.SPAM)
    answer = judge(Comment(HONEST)).decision
    assert (answer.action, answer.rule) == (Action.HOLD, "campaign_in_question")


def test_an_old_verdict_holds_where_a_fresh_one_rejects(
    store: Store, judge: Callable[..., Remembered], clock: HandClock
) -> None:
    said(store, judge(Comment(f"{HONEST} spam")), Word.SPAM)
    clock.pass_(days=61)
    assert judge(Comment(HONEST)).decision.rule == "campaign_in_question"


def test_edited_and_deleted_comments_leave_their_campaign(
    store: Store, site: Site, judge: Callable[..., Remembered]
) -> None:
    edited = judge(Comment(HONEST, id="1"))
    deleted = judge(Comment(f"{HONEST} 2", id="2"))
    campaign = store.comment(site, edited.id).campaign  # type: ignore[union-attr]
    assert store.campaigns.sizes([campaign or 0]) == {campaign: 2}
    judge(wave(3).__class__(wave(3).body, id="1"))
    store.deletions.delete(site, deleted.id)
    assert store.campaigns.sizes([campaign or 0]) == {}
    assert store.comment(site, edited.id).campaign not in (None, campaign)  # type: ignore[union-attr]


def test_an_edit_takes_the_verdict_on_the_former_words_along(store: Store, judge: Callable[..., Remembered]) -> None:
    said(store, judge(Comment(f"{HONEST} spam", id="1")), Word.SPAM)
    judge(Comment(wave(3).body, id="1"))
    assert judge(Comment(HONEST)).decision.action is Action.APPROVE


def test_the_same_comment_sent_again_is_counted_once(store: Store, judge: Callable[..., Remembered]) -> None:
    for _ in range(6):
        answer = judge(Comment(HONEST, id="1"))
    assert answer.known
    assert judge(Comment(HONEST, id="2")).decision.action is Action.APPROVE


def test_two_campaigns_that_turn_out_to_be_one_are_made_one(
    store: Store, site: Site, judge: Callable[..., Remembered]
) -> None:
    """As when two workers see the first two at the same moment, or when spun words leave too little in common."""
    words = [f"{chr(97 + n % 26)}ordinary{chr(97 + n // 26)}word" for n in range(60)]
    first = judge(Comment(" ".join(words[:36])))
    last = judge(Comment(" ".join(words[24:])))
    between = judge(Comment(" ".join(words[10:50])))
    campaigns = {store.comment(site, one.id).campaign for one in (first, last, between)}  # type: ignore[union-attr]
    assert len(campaigns) == 1
    assert store.campaigns.sizes(list(filter(None, campaigns))) == {campaigns.pop(): 3}


def test_a_clock_that_goes_back_loses_nothing(store: Store, judge: Callable[..., Remembered], clock: HandClock) -> None:
    for number in range(3):
        judge(Comment(f"{HONEST} {number}"))
    clock.now -= timedelta(days=3)
    for number in range(3, 6):
        answer = judge(Comment(f"{HONEST} {number}"))
    assert answer.decision.rule == "spreading_campaign"


def test_the_window_slides() -> None:
    assert sliding(10, 4, 6, span=100, at=1000) == 10.0  # the new span has just begun
    assert sliding(10, 4, 6, span=100, at=1050) == 7.0
    assert sliding(10, 4, 6, span=100, at=1150) == 2.0
    assert sliding(10, 4, 6, span=100, at=1250) == 0.0
    assert sliding(10, 4, 6, span=100, at=900) == 10.0  # the clock went back

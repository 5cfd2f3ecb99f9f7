"""A site's policy on the administrators' pages: what a form means, what it would change, and saving it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import APPROVE, HOLD
from hypothesis import given
from hypothesis import strategies as st
from review_desk import Desk, form

from moderator.comment import Action, Comment, Decision, Status, Word
from moderator.moderation import Moderator
from moderator.policy import SitePolicy, Thresholds, lines
from moderator.review import policy_form, policy_preview
from moderator.review.policy_form import asked, typed

CASINO, THANKS = "play casino now", "thanks a lot"  # 93 % and 7 % for the model of the desk, which holds above 40 %


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    desk.log_in_admin()
    yield desk
    desk.store.close()


def address(desk: Desk, more: str = "") -> str:
    return f"/sites/{desk.site.id}/policy{more}"


def policy_now(desk: Desk) -> SitePolicy:
    site = desk.store.site(desk.site.id)
    assert site is not None
    return site.policy


EMPTY = dict.fromkeys(policy_form.FIELDS, "")


def test_a_form_means_what_the_rules_compare_with() -> None:
    found = asked(
        {
            "hold_above": " 12,5 % ",
            "reject_above": "99.9",
            "blocked_words": "Casino-Bonus\n\n  casino   bonus\r\nViagra",
            "blocked_hosts": "https://www.Evil.example/path?x\n*.bad.example\nevil.example",
            "blocked_authors": "Joe Spam \nJ@X.example",
            "allowed_authors": "ann@example.org",
        }
    )
    assert found.problems == {}
    assert found.policy == SitePolicy(
        0.125,
        0.999,
        ("casino bonus", "viagra"),
        ("evil.example", "bad.example"),
        ("joe spam", "j@x.example"),
        ("ann@example.org",),
    )


def test_an_empty_form_is_the_policy_of_a_new_site() -> None:
    assert asked(EMPTY).policy == asked({}).policy == SitePolicy()


@pytest.mark.parametrize(
    ("field", "text", "says"),
    [
        ("hold_above", "-1", "from 0 to 100"),
        ("hold_above", "101", "from 0 to 100"),
        ("hold_above", "nan", "from 0 to 100"),
        ("hold_above", "inf", "from 0 to 100"),
        ("reject_above", "1e999999999", "from 0 to 100"),
        ("reject_above", "much", "from 0 to 100"),
        ("reject_above", "9" * 5000, "from 0 to 100"),
        ("blocked_words", "!!!", "no word in it"),
        ("blocked_words", "x" * 201, "201 characters"),
        ("blocked_words", "a\n" * 501, "501 lines"),
        ("blocked_hosts", "not a host", "is no host"),
        ("blocked_hosts", "javascript:alert(1)", "is no host"),
    ],
)
def test_nonsense_is_refused_with_the_cure(field: str, text: str, says: str) -> None:
    assert says in asked({**EMPTY, field: text}).problems[field]


def test_lines_that_contradict_each_other_are_refused() -> None:
    assert "reject_above" in asked({**EMPTY, "hold_above": "50", "reject_above": "49"}).problems
    assert "allowed_authors" in asked({**EMPTY, "blocked_authors": "Joe", "allowed_authors": "joe"}).problems


@given(st.dictionaries(st.sampled_from(policy_form.FIELDS), st.text(max_size=80)))
def test_reading_a_form_is_total_and_what_it_means_survives_being_shown_again(form: dict[str, str]) -> None:
    found = asked(form)
    if not found.problems:
        assert asked(typed(found.policy)).policy == found.policy


@given(st.floats(0, 1))
def test_a_threshold_that_was_set_elsewhere_is_shown_as_it_is(threshold: float) -> None:
    shown = typed(SitePolicy(hold_above=threshold))
    if len(shown["hold_above"]) <= 20:
        assert asked(shown).policy.hold_above == pytest.approx(threshold, rel=1e-12)


@pytest.mark.parametrize(
    "host", ["http://[2001:db8::1]/", "2001:db8::1", "http://2130706433/", "xn--bcher-kva.example"]
)
def test_unusual_hosts_survive_being_shown_again(host: str) -> None:
    found = asked({**EMPTY, "blocked_hosts": host})
    assert found.problems == {}
    assert asked(typed(found.policy)).policy == found.policy


def test_the_preview_counts_and_lists_what_would_flip(desk: Desk) -> None:
    spam = desk.hold(CASINO)
    desk.store.give_verdict(spam, Word.SPAM, by="ann", door="page")
    desk.hold(THANKS, APPROVE)
    other, _ = desk.store.add_site("other")
    found = policy_preview.preview(
        desk.store, desk.shelf.current(), desk.site, SitePolicy(reject_above=0.9, blocked_words=("a lot",))
    )
    assert (found.looked_at, found.flips) == (2, 2)
    assert [(flip.before, flip.after, flip.rule) for flip in found.stricter] == [
        ("approve", "reject", "blocked_word"),
        ("hold", "reject", "surely_spam"),
    ]
    assert policy_preview.preview(desk.store, None, other, SitePolicy()).looked_at == 0


def test_the_preview_looks_at_500_comments_and_lists_20(desk: Desk) -> None:
    for _ in range(501):
        desk.hold(CASINO, HOLD)
    found = policy_preview.preview(desk.store, desk.shelf.current(), desk.site, SitePolicy(hold_above=0.95))
    assert (found.looked_at, found.flips, len(found.milder)) == (500, 500, 20)


def test_without_a_model_the_preview_still_knows_the_lists(desk: Desk) -> None:
    desk.hold(CASINO)
    found = policy_preview.preview(desk.store, None, desk.site, SitePolicy(blocked_words=("casino",)))
    assert [flip.rule for flip in found.stricter] == ["blocked_word"]


def test_a_policy_is_previewed_and_then_saved(desk: Desk) -> None:
    desk.hold(CASINO)
    page = desk.browser.get(address(desk))
    assert "40.0 now" in page.text
    shown = desk.submit(page, address(desk, "/preview"), blocked_words="Casino", hold_above="95.5")
    assert "1 of the last 1 comment" in shown.text
    assert "It has a word that the site&#39;s owner has blocked." in shown.text
    assert policy_now(desk) == SitePolicy()  # nothing is saved by looking
    for _ in range(2):  # a double click
        assert desk.submit(shown, address(desk)).location == f"/sites/{desk.site.id}#policy"
    assert policy_now(desk) == SitePolicy(hold_above=0.955, blocked_words=("casino",))
    assert "Holds above 95.5\u00a0%" in desk.browser.get(f"/sites/{desk.site.id}").text


def test_lists_of_several_lines_are_saved_as_they_were_previewed(desk: Desk) -> None:
    fields = {"blocked_words": "one\ntwo", "blocked_hosts": "a.example\nb.example", "allowed_authors": '"ann" <x>\nbob'}
    shown = desk.fill_in(desk.browser.get(address(desk)), address(desk, "/preview"), fields)
    desk.submit(shown, address(desk))
    expected = SitePolicy(
        blocked_words=("one", "two"), blocked_hosts=("a.example", "b.example"), allowed_authors=('"ann" <x>', "bob")
    )
    assert policy_now(desk) == expected
    assert '"ann" <x>' not in desk.browser.get(address(desk)).text


def test_a_policy_that_somebody_changed_meanwhile_is_not_overwritten(desk: Desk) -> None:
    page = desk.browser.get(address(desk))
    shown = desk.submit(page, address(desk, "/preview"), hold_above="95")
    theirs = SitePolicy(blocked_words=("viagra",))
    desk.store.set_policy(desk.site.id, theirs)
    for old, action in ((page, "/preview"), (shown, "")):
        answer = desk.submit(old, address(desk, action), hold_above="95")
        assert answer.status_code == 409
        assert "Hold above, Blocked words" in answer.text
        assert 'value="95"' in answer.text  # nothing that was typed is lost
        assert policy_now(desk) == theirs


def test_a_form_with_nonsense_keeps_what_was_typed_and_says_where(desk: Desk) -> None:
    page = desk.browser.get(address(desk))
    for action in ("/preview", ""):
        fields = {**form(page, address(desk, "/preview")), "hold_above": "much", "blocked_words": "casino"}
        answer = desk.browser.post(address(desk, action), data=fields)
        assert answer.status_code == 422
        assert 'value="much"' in answer.text
        assert 'aria-describedby="hold_above-rule hold_above-problem" aria-invalid="true"' in answer.text
        assert ">\ncasino</textarea>" in answer.text
    assert policy_now(desk) == SitePolicy()


def test_the_same_policy_again_needs_no_saving(desk: Desk) -> None:
    shown = desk.submit(desk.browser.get(address(desk)), address(desk, "/preview"))
    assert "This is the policy that stands" in shown.text
    assert "Save this policy" not in shown.text


def fill(desk: Desk, number: int, score: float = 0.1, rule: str = "probably_fine") -> None:
    """So many good comments of the site, which the model of the desk has scored."""
    for turn in range(number):
        desk.hold(f"{turn}", Decision(Action.APPROVE, rule, score + turn / 1e6, (), "m1"))


def test_a_budget_without_enough_good_comments_says_how_many_are_missing(desk: Desk) -> None:
    fill(desk, 120)
    desk.hold(CASINO)
    page = desk.browser.get(address(desk))
    shown = desk.submit(page, address(desk, "/preview"), hold_budget="5", reject_budget="1")
    assert "not enough data yet" in shown.text
    assert (
        "It needs 598 good comments of this site that this model has scored, and has 120; 478 are missing."
        in shown.text
    )
    assert "2,875 are missing" in shown.text and "Until then nothing is rejected by its score." in shown.text
    desk.submit(shown, address(desk))
    policy = policy_now(desk)
    assert (policy.hold_budget, policy.derived_from, policy.derived_hold) == (0.005, 120, None)
    assert lines(policy, "m1", Thresholds(0.4, 0.99)) == Thresholds(0.4, None)


def test_a_budget_with_enough_draws_the_line_at_its_rank(desk: Desk) -> None:
    fill(desk, 298)
    desk.hold("x", Decision(Action.APPROVE, "allowed_author", 0.99, (), "m1"))  # let through by name, at any score
    desk.hold("x", Decision(Action.APPROVE, "probably_fine", 0.99, (), "m0"))  # scored by another model
    desk.hold("x", Decision(Action.APPROVE, "probably_fine", 0.55, (), "m1"))
    page = desk.browser.get(address(desk))
    shown = desk.submit(page, address(desk, "/preview"), hold_budget="10")
    assert "the line is at <strong>55" in shown.text and "from 299 good comments" in shown.text
    desk.submit(shown, address(desk))
    policy = policy_now(desk)
    assert policy.derived_hold == 0.55
    assert lines(policy, "m1", Thresholds(0.4, 0.99, 0.3)) == Thresholds(0.55, 0.99)
    assert lines(policy, "m2", Thresholds(0.4, 0.99, 0.3)) == Thresholds(0.4, 0.99, 0.3)  # another model: not this line
    assert "of 1,000 good comments at most 10 are held" in desk.browser.get(f"/sites/{desk.site.id}").text


def test_a_rejecting_line_is_never_below_the_holding_one() -> None:
    policy = SitePolicy(reject_budget=0.001, derived_model="m1", derived_from=4000, derived_reject=0.2)
    assert lines(policy, "m1", Thresholds(0.4, 0.99)) == Thresholds(0.4, 0.4)


def test_a_budget_and_a_score_for_the_same_line_are_one_too_many() -> None:
    assert "hold_above" in asked({**EMPTY, "hold_budget": "10", "hold_above": "50"}).problems
    assert asked({**EMPTY, "hold_budget": "10", "reject_above": "99"}).problems == {}


@pytest.mark.parametrize("text", ["0", "-1", "201", "nan", "inf", "much", "1e999999999", "9" * 5000])
def test_a_budget_that_cannot_be_is_refused(text: str) -> None:
    assert "hold_budget" in asked({**EMPTY, "hold_budget": text}).problems


def test_what_is_let_further_is_a_list_of_its_own(desk: Desk) -> None:
    desk.hold(CASINO)
    desk.hold(THANKS, APPROVE)
    page = desk.browser.get(address(desk))
    shown = desk.submit(page, address(desk, "/preview"), hold_above="95", blocked_words="a lot").text
    stricter, milder = shown.index("Held or rejected by the new policy"), shown.index("Let further by the new policy")
    assert stricter < shown.index(THANKS) < milder < shown.index(CASINO)


def test_a_site_that_only_watches_tells_approve_and_stores_what_was_decided(desk: Desk) -> None:
    desk.submit(desk.submit(desk.browser.get(address(desk)), address(desk, "/preview"), shadow="yes"), address(desk))
    site = desk.store.site(desk.site.id)
    assert site is not None and site.policy.shadow
    desk.shelf.model = None
    moderator = Moderator(desk.store, desk.shelf, desk.clock)
    comment = Comment.from_json({"id": "w1", "body": "http://spam.example/casino"})
    told = moderator.judge(site, comment)
    assert (told.decision.action, told.decision.rule, told.status) == (Action.APPROVE, "link_only", Status.APPROVED)
    assert desk.status(told.id) == "held"
    again = moderator.judge_many(site, [comment]).answers[0]
    assert (again.known, again.decision.action) == (True, Action.APPROVE)
    assert "Only watching" in desk.browser.get(f"/sites/{desk.site.id}").text

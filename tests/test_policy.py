"""The rules: each speaks where it should, in their order, and more suspicion never gives a milder answer."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderator import policy
from moderator.comment import Action, Author, Behaviour, Comment
from moderator.policy import RULES, Case, SitePolicy, Thresholds, decide
from moderator.reading import read

MODEL = Thresholds(hold=0.5, reject=0.9)
NICE = Comment(
    "Thank you, that was just what I needed.", author=Author("Jane", "jane@example.org", "https://jane.example.org/")
)


def case(
    comment: Comment = NICE, *, site: SitePolicy | None = None, score: float | None = 0.1, model: Thresholds = MODEL
) -> Case:
    return Case(comment, read(comment), site or SitePolicy(), score, model)


def answer(asked: Case) -> tuple[str, str]:
    action, rule = decide(asked)
    return action.value, rule.__name__


def test_a_good_comment_is_approved() -> None:
    assert answer(case()) == ("approve", "probably_fine")


def test_scores_above_the_thresholds_are_held_and_rejected_and_at_them_are_not() -> None:
    assert answer(case(score=0.5)) == ("approve", "probably_fine")
    assert answer(case(score=0.51)) == ("hold", "in_doubt")
    assert answer(case(score=0.9)) == ("hold", "in_doubt")
    assert answer(case(score=0.91)) == ("reject", "surely_spam")
    assert answer(case(score=0.9999, model=Thresholds(0.5, None))) == ("hold", "in_doubt")


def test_the_site_s_own_thresholds_come_before_the_model_s() -> None:
    strict = SitePolicy(hold_above=0.01, reject_above=0.02)
    assert answer(case(score=0.015, site=strict)) == ("hold", "in_doubt")
    assert answer(case(score=0.03, site=strict)) == ("reject", "surely_spam")
    assert answer(case(score=0.95, site=SitePolicy(hold_above=0.99, reject_above=0.99))) == ("approve", "probably_fine")


def test_without_a_score_it_is_held() -> None:
    assert answer(case(score=None)) == ("hold", "no_score")


def test_a_test_comment_is_held_whatever_else_is_true() -> None:
    comment = Comment("x", author=Author(policy.TEST_AUTHOR))
    assert answer(case(comment, site=SitePolicy(allowed_authors=(policy.TEST_AUTHOR,)))) == ("hold", "test_comment")


@pytest.mark.parametrize("author", ["jane", "jane@example.org", "https://jane.example.org/"])
def test_an_author_is_known_by_name_mail_or_address(author: str) -> None:
    assert answer(case(site=SitePolicy(blocked_authors=(author,)))) == ("reject", "blocked_author")
    assert answer(case(site=SitePolicy(allowed_authors=(author,)), score=0.99)) == ("approve", "allowed_author")
    assert answer(case(site=SitePolicy(allowed_authors=("joe",)), score=0.99)) == ("reject", "surely_spam")


def test_an_author_who_says_no_name_is_nobody_s_friend() -> None:
    assert answer(case(Comment("Thank you!"), site=SitePolicy(allowed_authors=("",)), score=0.99))[1] == "surely_spam"


@pytest.mark.parametrize(
    ("body", "is_blocked"),
    [("see http://bad.example/x", True), ("see http://www.shop.bad.example", True), ("see hxxp://BAD[.]example/", True),
     ("see http://notbad.example", False), ("see http://bad.example.org", False), ("see bad dot example", False)],
)  # fmt: skip
def test_a_blocked_host_is_one_with_its_subdomains(body: str, is_blocked: bool) -> None:
    _, rule = answer(case(Comment(body + " for what they say of it"), site=SitePolicy(blocked_hosts=("bad.example",))))
    assert (rule == "blocked_host") is is_blocked


def test_the_author_s_own_host_is_looked_at_too() -> None:
    assert answer(case(site=SitePolicy(blocked_hosts=("example.org",)))) == ("reject", "blocked_host")


@pytest.mark.parametrize(
    ("body", "word", "is_blocked"),
    [("a Casino here", "casino", True), ("a c\u200basin\u043e here", "casino", True), ("casinos here", "casino", False),
     ("CASINO!", "casino", True), ("free money now", "free money", True), ("freedom", "free", False),
     ("мой Вулкан тут", "вулкан", True), ("नमस्ते दोस्तों", "दोस्तों", True)],
)  # fmt: skip
def test_a_blocked_word_is_a_whole_word_in_any_disguise(body: str, word: str, is_blocked: bool) -> None:
    _, rule = answer(case(Comment(body), site=SitePolicy(blocked_words=(word,))))
    assert (rule == "blocked_word") is is_blocked


def test_an_allowed_word_lets_through_whatever_the_score() -> None:
    site = SitePolicy(allowed_words=("open sesame",))
    assert answer(case(Comment("Open, Sesame! Cheap pills"), site=site, score=0.999)) == ("approve", "allowed_word")
    assert answer(case(Comment("Sesame, open"), site=site, score=0.999))[1] == "surely_spam"
    blocked = SitePolicy(allowed_words=("sesame",), blocked_words=("pills",))
    assert answer(case(Comment("sesame pills"), site=blocked)) == ("reject", "blocked_word")


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ("http://blog.example.org/post", "allowed_host"),
        ("see https://example.org/ and http://www.example.org/x", "allowed_host"),
        ("both of these tell the same story: https://example.org/ and http://evil.example/", "surely_spam"),
        ("this one tells another story: http://notexample.org/", "surely_spam"),
        ("no link at all in this one", "surely_spam"),
    ],
)
def test_links_to_allowed_hosts_alone_let_through(body: str, rule: str) -> None:
    assert answer(case(Comment(body), site=SitePolicy(allowed_hosts=("example.org",)), score=0.999))[1] == rule


def test_what_the_form_says_is_held_whatever_the_score() -> None:
    assert answer(case(dataclasses.replace(NICE, honeypot="x"))) == ("hold", "filled_honeypot")
    assert answer(case(dataclasses.replace(NICE, honeypot="  ")))[1] == "probably_fine"
    assert answer(case(Comment("a" * 20_000))) == ("hold", "too_complex")
    assert answer(case(Comment("1. http://example.com/a-b"))) == ("hold", "link_only")
    assert answer(case(Comment("<!-- -->"))) == ("hold", "nothing_to_read")
    assert answer(case(Comment("\u200b\u3164 "))) == ("hold", "nothing_to_read")
    assert answer(case(Comment("Fine \u202eevil\u202c words"))) == ("hold", "hidden_text")
    assert answer(case(Comment("👍"))) == ("approve", "probably_fine")
    assert answer(case(Comment("+1"))) == ("approve", "probably_fine")


def test_tests_ask_for_a_rejection_by_name_or_address() -> None:
    for author in (Author("akismet-guaranteed-spam"), Author("viagra-test-123"),
                   Author("Jane", "akismet-guaranteed-spam@example.com")):  # fmt: skip
        assert answer(case(dataclasses.replace(NICE, author=author))) == ("reject", "test_rejection")


def test_the_blog_s_administrator_is_let_through_unless_the_owner_blocks_them() -> None:
    own = dataclasses.replace(NICE, role="administrator")
    assert answer(case(own, score=0.99)) == ("approve", "own_administrator")
    assert answer(case(own, site=SitePolicy(blocked_authors=("jane",)))) == ("reject", "blocked_author")
    assert answer(case(dataclasses.replace(NICE, role="editor"), score=0.99))[1] == "surely_spam"


@pytest.mark.parametrize(
    ("behaviour", "body", "rule"),
    [(Behaviour(0.4, True), NICE.body, "sent_at_once"), (Behaviour(1.0, True), NICE.body, "probably_fine"),
     (Behaviour(None, False), "See https://example.org for how it is done", "link_without_script"),
     (Behaviour(None, True), "See https://example.org for how it is done", "probably_fine"),
     (Behaviour(30.0, None), "See https://example.org for how it is done", "probably_fine"),
     (Behaviour(None, False), NICE.body, "probably_fine")],
)  # fmt: skip
def test_how_the_form_was_filled_in_only_ever_holds(behaviour: Behaviour, body: str, rule: str) -> None:
    comment = Comment(body, author=Author("Jane", "jane@example.org"), behaviour=behaviour)
    assert answer(case(comment))[1] == rule


def test_the_owner_s_word_comes_before_what_the_form_says() -> None:
    bare = dataclasses.replace(NICE, body="http://example.com/a")
    assert answer(case(bare, site=SitePolicy(allowed_authors=("jane",)))) == ("approve", "allowed_author")
    both = SitePolicy(allowed_authors=("jane",), blocked_authors=("jane",))
    assert answer(case(bare, site=both)) == ("reject", "blocked_author")


def test_the_last_rule_always_holds() -> None:
    assert RULES[-1](case()) is Action.HOLD


SEVERITY = {Action.APPROVE: 0, Action.HOLD: 1, Action.REJECT: 2}
SCORES = st.floats(0, 1)
BODIES = st.sampled_from(["fine words here", "http://example.com", "", "casino", "a" * 17_000, "x \u202ey"])
SITES = st.builds(
    SitePolicy,
    hold_above=st.none() | SCORES,
    reject_above=st.none() | SCORES,
    blocked_words=st.sampled_from([(), ("casino",)]),
    allowed_authors=st.sampled_from([(), ("jane",)]),
)


@given(body=BODIES, site=SITES, scores=st.tuples(SCORES, SCORES), hold=SCORES, reject=st.none() | SCORES)
def test_a_higher_score_never_gives_a_milder_answer(
    body: str, site: SitePolicy, scores: tuple[float, float], hold: float, reject: float | None
) -> None:
    asked = case(dataclasses.replace(NICE, body=body), site=site, model=Thresholds(hold, reject))
    low, high = (decide(dataclasses.replace(asked, score=score))[0] for score in sorted(scores))
    assert SEVERITY[low] <= SEVERITY[high]

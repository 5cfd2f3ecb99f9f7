"""The queue: what is in it, what can be done there, and how it is taken back."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import APPROVE, HOLD, REJECT
from review_desk import PASSWORD, Desk, WordModel, form

from moderator.comment import Decision, Reason, Word
from moderator.review import queue


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    desk.log_in()
    yield desk
    desk.store.close()


def order(page: str, *texts: str) -> list[int]:
    return [page.index(text) for text in texts]


def test_an_empty_queue_is_friendly(desk: Desk) -> None:
    assert "Nothing is waiting for you" in desk.browser.get("/").text
    assert "Nothing fits that search" in desk.browser.get("/?q=x").text


def test_held_comments_are_listed_newest_first_with_counts(desk: Desk) -> None:
    for body in ("first one", "second one", "third one"):
        desk.hold(body)
    desk.hold("fine one", APPROVE)
    page = desk.browser.get("/").text
    places = order(page, "third one", "second one", "first one")
    assert places == sorted(places)
    assert "fine one" not in page
    assert 'Held <span class="count">3</span>' in page
    assert 'Approved <span class="count">1</span>' in page
    assert "fine one" in desk.browser.get("/?status=approved").text


def test_a_card_says_why(desk: Desk) -> None:
    decision = replace(
        HOLD, rule="link_only", reasons=(Reason("link_only", "Nothing but a link."), Reason("x", "Odd."))
    )
    desk.hold("Play casino at https://www.evil.example/win thanks", decision,
              author={"name": "Joe", "email": "j@x.example"}, post={"title": "On gardens"})  # fmt: skip
    page = desk.browser.get("/").text
    for told in (
        "Nothing but a link.", "<li>Odd.</li>", "<strong>62\u00a0%</strong> spam", "this site holds above 40\u00a0%",
        '<mark class="spam-5">casino</mark>', '<mark class="ham-5">thanks</mark>', "<bdi>evil.example</bdi>",
        "<bdi>Joe</bdi>", "j@x.example", "On gardens", "casino</bdi>",
    ):  # fmt: skip
        assert told in page, told


def test_the_card_says_when_another_model_answers_now(desk: Desk) -> None:
    desk.hold("Play casino")
    assert "The model has changed" not in desk.browser.get("/").text
    desk.shelf.model = WordModel("m2")
    page = desk.browser.get("/").text
    assert "The model has changed since" in page
    assert "<strong>93\u00a0%</strong>" in page
    assert "would <strong>hold it</strong>" in page


def test_without_a_model_the_queue_still_works(desk: Desk) -> None:
    desk.hold("Play casino", Decision(HOLD.action, "no_score", None, (), ""))
    desk.shelf.model = None
    page = desk.browser.get("/").text
    assert "The classifier could not answer." in page
    assert "No score" in page


@pytest.mark.parametrize(
    ("word", "status", "notice"),
    [("ham", "approved", "Approved"), ("spam", "rejected", "Marked as spam"), ("unwanted", "rejected", "Rejected")],
)
def test_each_verdict_is_stored_shown_and_can_be_undone(desk: Desk, word: str, status: str, notice: str) -> None:
    comment = desk.hold()
    answer = desk.say(comment, word)
    assert (answer.status_code, answer.location) == (303, "/")
    assert desk.status(comment) == status
    found = desk.store.comment(None, comment)
    assert found is not None
    assert found.verdict is not None
    assert (found.verdict.word, found.verdict.by, found.verdict.door) == (Word(word), "ann@example.org", "page")
    page = desk.browser.get("/")
    assert f"<p>{notice}." in page.text
    assert desk.submit(page, "/undo").location == f"/#c-{comment}"
    assert desk.status(comment) == "held"
    assert "Taken back" in desk.browser.get("/").text


def test_back_to_held_can_be_undone_too(desk: Desk) -> None:
    comment = desk.hold("x", REJECT)
    assert desk.say(comment, "open", "/?status=rejected").location == "/?status=rejected"
    assert desk.status(comment) == "held"
    desk.submit(desk.browser.get("/?status=rejected"), "/undo")
    assert desk.status(comment) == "rejected"


def test_undo_goes_back_deed_by_deed(desk: Desk) -> None:
    comments = [desk.hold(f"number {i}") for i in range(3)]
    for comment in comments:
        desk.say(comment, "spam")
    for comment in reversed(comments):
        assert desk.status(comment) == "rejected"
        desk.submit(desk.browser.get("/"), "/undo")
        assert desk.status(comment) == "held"
    assert 'action="/undo"' not in desk.browser.get("/").text


def test_undo_sent_twice_takes_back_one_deed(desk: Desk) -> None:
    one, two = desk.hold("one"), desk.hold("two")
    desk.say(one, "spam")
    desk.say(two, "spam")
    page = desk.browser.get("/")
    for _ in range(2):
        assert desk.submit(page, "/undo").status_code == 303
    assert (desk.status(one), desk.status(two)) == ("rejected", "held")


def test_undo_of_what_somebody_else_has_changed_since_is_refused(desk: Desk) -> None:
    comment = desk.hold()
    desk.say(comment, "spam")
    page = desk.browser.get("/")
    desk.store.give_verdict(comment, Word.HAM, by="ben", door="page")
    answer = desk.submit(page, "/undo")
    assert answer.status_code == 409
    assert "Somebody has spoken on it since" in answer.text
    assert desk.status(comment) == "approved"


def test_the_slower_of_two_moderators_sees_who_was_faster(desk: Desk) -> None:
    comment = desk.hold("Hello there")
    page = desk.browser.get("/")
    desk.store.give_verdict(comment, Word.HAM, by="ben@example.org", door="page")
    answer = desk.submit(page, f"/comments/{comment}/verdict", word="spam")
    assert answer.status_code == 409
    assert "Already handled by ben@example.org: approved. Your “Spam” was not applied." in answer.text
    assert "Hello there" in answer.text
    assert desk.status(comment) == "approved"
    # The fresh card carries the version that stands, so the second thought counts.
    assert desk.submit(answer, f"/comments/{comment}/verdict", word="spam").location == "/"
    assert desk.status(comment) == "rejected"


def test_a_double_click_is_one_verdict(desk: Desk) -> None:
    comment = desk.hold()
    page = desk.browser.get("/")
    for _ in range(2):
        assert desk.submit(page, f"/comments/{comment}/verdict", word="spam").status_code == 303
    history = desk.store.history(comment)
    assert history is not None
    assert len(history.verdicts) == 1


@pytest.mark.parametrize("fields", [{"word": "nonsense"}, {"word": ""}, {"version": "x"}, {"version": ""}])
def test_half_a_form_is_refused(desk: Desk, fields: dict[str, str]) -> None:
    comment = desk.hold()
    action = f"/comments/{comment}/verdict"
    answer = desk.browser.post(action, data={**form(desk.browser.get("/"), action), "word": "spam", **fields})
    assert answer.status_code == 400
    assert desk.status(comment) == "held"


def test_a_verdict_on_a_comment_that_is_not_there_is_not_found(desk: Desk) -> None:
    comment = desk.hold()
    fields = {**form(desk.browser.get("/"), f"/comments/{comment}/verdict"), "word": "spam"}
    assert desk.browser.post(f"/comments/{'0' * 26}/verdict", data=fields).status_code == 404


def test_after_a_verdict_the_next_comment_of_the_same_view_is_at_hand(desk: Desk) -> None:
    older, newer = desk.hold("hello older"), desk.hold("hello newer")
    assert desk.say(newer, "spam", "/?q=hello").location == f"/?q=hello#c-{older}"


def test_paging_shows_every_comment_once_and_goes_back(desk: Desk) -> None:
    bodies = [f"number {i:02}." for i in range(2 * queue.PAGE + 3)]
    for body in bodies:
        desk.hold(body)
    seen, address = "", "/"
    for _ in range(3):
        page = desk.browser.get(address).text
        seen += page
        if 'rel="next"' in page:
            start = page.index('rel="next" href="') + 17
            address = page[start : page.index('"', start)].replace("&amp;", "&")
    assert all(seen.count(f'dir="auto">{body}') == 1 for body in bodies)
    start = page.index('rel="prev" href="') + 17
    back = desk.browser.get(page[start : page.index('"', start)].replace("&amp;", "&")).text
    assert bodies[queue.PAGE] in back


def test_a_page_whose_comments_were_all_handled_leads_to_the_first(desk: Desk) -> None:
    oldest = desk.hold("x")
    assert desk.browser.get(f"/?status=rejected&before={oldest}").location == "/?status=rejected"


def test_search_finds_text_and_author_and_stays_in_the_address(desk: Desk) -> None:
    desk.hold("about casinos")
    desk.hold("about gardens", author={"name": "Casino Royale"})
    desk.hold("about books")
    page = desk.browser.get("/?q=casino").text
    assert "about <mark" in page
    assert "about gardens" in page
    assert "about books" not in page
    assert 'value="casino"' in page
    assert 'href="/?status=approved&amp;q=casino"' in page


def test_the_site_can_be_chosen(desk: Desk) -> None:
    desk.hold("on the blog")
    desk.site = desk.store.add_site("shop")[0]
    desk.hold("in the shop")
    page = desk.browser.get("/?site=shop").text
    assert "in the shop" in page
    assert "on the blog" not in page
    assert 'Held <span class="count">1</span>' in page


@pytest.mark.parametrize(
    "query",
    ["status=nonsense", "before=%00", "after='--", "site=nowhere", "q=" + "x" * 3000, "q=%ff%00", "before=" + "é" * 26],
)
def test_nonsense_in_the_address_breaks_nothing(desk: Desk, query: str) -> None:
    desk.hold()
    assert desk.browser.get(f"/?{query}").status_code in (200, 303)


def test_the_page_of_a_comment_tells_its_whole_history(desk: Desk) -> None:
    comment = desk.hold("the first text")
    desk.say(comment, "ham")
    desk.number -= 1
    desk.hold("the second text", REJECT)
    desk.store.give_verdict(comment, Word.UNWANTED, by="the-blog", door="webhook")
    page = desk.browser.get(f"/comments/{comment}").text
    told = page[page.index("What happened") :]
    for said in (
        "The machine held it at 62\u00a0%", "approved it", "The blog sent another text", "the first text",
        "The machine rejected it at 99.9\u00a0%" if REJECT.score and REJECT.score < 0.999 else "over 99.9\u00a0%",
        "the-blog", "rejected it", "webhook",
    ):  # fmt: skip
        assert said in told, said


def test_a_verdict_on_the_comments_own_page_stays_there(desk: Desk) -> None:
    comment = desk.hold()
    assert desk.say(comment, "spam", f"/comments/{comment}").location == f"/comments/{comment}"


def test_two_people_do_not_share_their_undo(desk: Desk) -> None:
    comment = desk.hold()
    desk.say(comment, "spam")
    page = desk.browser.get("/")
    desk.store.set_password(desk.store.add_person("ben").id, PASSWORD)
    other = desk.new_browser()
    desk.log_in(other, login="ben")
    fields = form(page, "/undo") | {"token": form(other.get("/"), "/logout")["token"]}
    assert other.post("/undo", data=fields).status_code == 303
    assert desk.status(comment) == "rejected"


def test_a_comment_that_the_blog_has_deleted_is_out_of_the_queue_and_cannot_be_judged(desk: Desk) -> None:
    id = desk.hold("what was written")
    before = desk.browser.get("/")
    desk.store.deletions.delete(desk.site, id)
    assert "Nothing is waiting for you" in desk.browser.get("/").text
    page = desk.browser.get(f"/comments/{id}")
    assert page.status_code == 200 and "Now deleted" in page.text and "what was written" not in page.text
    late = desk.submit(before, f"/comments/{id}/verdict", word="ham")
    assert (late.status_code, desk.status(id)) == (404, "deleted")

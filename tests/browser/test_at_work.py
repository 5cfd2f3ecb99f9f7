"""A whole pass with keys alone, two moderators at once, logins that end, and the plain forms."""

from datetime import UTC, datetime

import pytest

from browser.desk import ANN, BOB, Desk, dispatch, here, log_in, settled, until
from moderator.known import Belongs
from moderator.review.queue import PAGE


def test_two_hundred_are_cleared_by_keys_alone(desk: Desk) -> None:
    ids = desk.hold_all(200)
    page = desk.open()
    words = "asd"
    for at in range(200):
        page.keyboard.press(words[at % 3])
    page.get_by_text("Nothing fits that search").wait_for(timeout=30_000)
    given = ["ham", "spam", "unwanted"]
    assert [desk.status(one) for one in ids] == [given[at % 3] for at in range(200)]
    asked = [url.split("/")[-2] for url in desk.posts()]
    assert asked == ids  # One request each, in the order of the keys.
    for _ in range(4):
        page.keyboard.press("z")
    until(page, lambda: desk.status(ids[196]) == "open")
    assert [desk.status(one) for one in ids[196:]] == ["open"] * 4
    assert desk.status(ids[195]) != "open"


def test_the_second_of_two_moderators_is_told_who_was_first(desk: Desk) -> None:
    ids = desk.hold_all(3)
    bobs = desk.open(BOB)
    page = desk.open(ANN)
    page.keyboard.press("s")
    settled(page, "Marked as spam")
    dispatch(bobs, "a", "a")  # The one after it is Bob's all the same.
    alert = bobs.locator(".card [role=alert]")
    alert.wait_for()
    assert f"Already handled by {ANN}: marked as spam" in alert.inner_text()
    assert "Your “Approve” was not applied" in alert.inner_text()
    assert [desk.status(one) for one in ids] == ["spam", "ham", "held"]
    settled(bobs, "Approved")
    assert here(bobs) == ids[2]  # What is typed blindly is not a word against Ann's.
    shown = bobs.locator(".card").evaluate_all("cards => cards.map(card => card.id.slice(2))")
    assert shown == [ids[0], ids[2]]  # The card stands where it stood, as it is now.
    bobs.locator(".card.stale").get_by_role("button", name="Back to held").click()
    settled(bobs, "Put back to held")
    assert desk.status(ids[0]) == "open" and bobs.locator(".card.stale").count() == 0
    desk.heard[:] = [said for said in desk.heard if "409" not in said]  # Chromium tells of each such answer.


def test_a_login_that_ended_loses_nothing(desk: Desk) -> None:
    ids = desk.hold_all(3)
    page = desk.window()
    log_in(page, desk.home.base, ANN)
    page.goto(desk.queue)
    page.context.clear_cookies()
    for key in "sss":
        page.keyboard.press(key)
    page.wait_for_url("**/login*")
    assert [desk.status(one) for one in ids] == ["held"] * 3
    page.fill("#login", ANN)
    page.fill("#password", "a few words in a row")
    page.click("button.main")
    page.wait_for_url(desk.queue)
    assert here(page) == ids[0]


def test_a_server_that_is_away_is_told_and_the_comments_come_back(desk: Desk) -> None:
    ids = desk.hold_all(2)
    page = desk.open()
    page.context.set_offline(True)
    page.keyboard.press("s")
    settled(page, "The server cannot be reached")
    page.context.set_offline(False)
    page.keyboard.press("k")
    assert here(page) == ids[0]
    page.keyboard.press("s")
    settled(page, "Marked as spam")
    assert desk.status(ids[0]) == "spam"
    desk.heard.clear()  # Chromium tells of the failed request.


def test_a_double_click_is_one_verdict(desk: Desk) -> None:
    ids = desk.hold_all(2)
    page = desk.open()
    page.locator(".card").first.locator("[data-act=spam]").dblclick()
    settled(page, "Marked as spam")
    assert [desk.status(one) for one in ids].count("spam") == len(desk.posts())


def test_whoever_types_a_search_is_not_disturbed(desk: Desk) -> None:
    desk.hold_all(2)
    page = desk.open()
    for key in "a/":
        page.keyboard.press(key)
    page.keyboard.type("still here")
    settled(page, "Approved")
    assert page.input_value("input[type=search]") == "still here"
    assert page.evaluate("document.activeElement.type") == "search"


@pytest.mark.parametrize(
    ("button", "status"), [("Approve", "ham"), ("Spam", "spam"), ("Reject", "unwanted")], ids=str.lower
)
def test_all_can_be_done_without_javascript(desk: Desk, button: str, status: str) -> None:
    ids = desk.hold_all(2)
    page = desk.window(java_script_enabled=False)
    log_in(page, desk.home.base, ANN)
    page.goto(desk.queue)
    assert page.locator("kbd:visible").count() == 0
    page.locator(f"#c-{ids[0]}").get_by_role("button", name=button).click()
    assert "#c-" in page.url
    assert desk.status(ids[0]) == status
    page.get_by_role("button", name="Undo").click()
    assert page.locator("#notice").inner_text().startswith("Taken back")
    assert desk.status(ids[0]) == "open"
    page.locator(f"#c-{ids[0]} h2 a").click()
    page.get_by_role("button", name=button).click()
    page.get_by_role("button", name="Back to held").click()
    assert desk.status(ids[0]) == "open"
    page.get_by_role("button", name="Log out").click()
    assert page.url.endswith("/login")


def test_two_hundred_are_one_batch_and_one_undo(desk: Desk) -> None:
    ids = desk.hold_all(200)
    page = desk.open()
    for key in ("Shift+X", "Shift+X"):
        page.keyboard.press(key)
    assert page.locator("#picked").inner_text() == "All 200 that fit"
    page.keyboard.press("Shift+S")
    settled(page, "200 comments marked as spam")
    assert {desk.status(one) for one in ids} == {"spam"}
    page.keyboard.press("z")
    settled(page, "Taken back: 200 comments marked as spam")
    assert {desk.status(one) for one in ids} == {"open"}
    page.keyboard.press("Shift+Z")
    settled(page, "200 comments marked as spam")
    assert len(desk.posts()) == 3


def test_x_ticks_and_a_key_with_shift_is_for_the_ticked(desk: Desk) -> None:
    ids = desk.hold_all(5)
    page = desk.open()
    for key in ("x", "j", "j", "x", "j"):
        page.keyboard.press(key)
    assert page.locator("#picked").inner_text() == "2 ticked"
    page.keyboard.press("Shift+D")
    assert here(page) == ids[3]
    settled(page, "2 comments rejected")
    assert [desk.status(one) for one in ids] == ["unwanted", "held", "unwanted", "held", "held"]
    assert len(desk.posts()) == 1
    page.keyboard.press("x")
    page.keyboard.press("Escape")
    assert page.locator("#picked").inner_text() == ""


def test_ticks_stay_while_others_are_handled(desk: Desk) -> None:
    ids = desk.hold_all(4)
    page = desk.open()
    for key in ("j", "x", "k", "a"):
        page.keyboard.press(key)
    settled(page, "Approved")
    assert page.locator("#picked").inner_text() == "1 ticked"
    page.keyboard.press("Shift+S")
    settled(page, "Marked as spam")
    assert [desk.status(one) for one in ids] == ["ham", "spam", "held", "held"]


def test_what_arrives_is_announced_and_moves_nothing(desk: Desk) -> None:
    ids = desk.hold_all(3)
    page = desk.window(ANN)
    page.clock.install()
    page.goto(desk.queue)
    page.keyboard.press("j")
    first = "document.querySelector('.card:not([hidden])').id"
    where = "found => found.getBoundingClientRect().top + scrollY"  # on the page: the window may still be scrolling
    place = page.locator(f"#c-{ids[1]}").evaluate(where)
    desk.began = datetime.now(UTC)
    late = desk.hold("Came later")
    page.clock.fast_forward(21_000)
    page.get_by_text("1 new").wait_for()
    assert page.locator(f"#c-{ids[1]}").evaluate(where) == place
    page.keyboard.press("s")
    settled(page, "Marked as spam")
    assert page.evaluate(first) == f"c-{ids[0]}" and page.get_by_text("1 new").is_visible()
    page.click("#fresh")
    page.wait_for_url(desk.queue)
    assert page.evaluate(first) == f"c-{late}" and page.locator("#fresh").is_hidden()


def test_many_at_once_without_javascript(desk: Desk) -> None:
    ids = desk.hold_all(3)
    page = desk.window(java_script_enabled=False)
    log_in(page, desk.home.base, ANN)
    page.goto(desk.queue)
    for one in ids[:2]:
        page.check(f"#c-{one} .pick")
    page.locator("#batch").get_by_role("button", name="Spam").click()
    assert "2 comments marked as spam." in page.locator("#notice").inner_text()
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("button", name="Redo").click()
    assert [desk.status(one) for one in ids] == ["spam", "spam", "held"]
    page.locator(f"#c-{ids[2]}").get_by_role("button", name="Not sure").click()
    assert page.get_by_text("You were not sure of these").is_visible()


def test_c_ticks_a_whole_campaign_also_what_is_not_shown(desk: Desk) -> None:
    (other,) = desk.hold_all(1)
    ids = [desk.hold(f"Buy it {number}", belongs=Belongs(desk.site.id, None)) for number in range(PAGE + 5)]
    page = desk.open()
    page.keyboard.press("c")
    assert page.locator("#picked").inner_text() == f"The whole campaign, {PAGE + 5} that wait"
    page.keyboard.press("c")
    assert page.locator("#picked").inner_text() == ""
    page.locator(".card").first.get_by_role("button", name="Tick them all").click()
    page.keyboard.press("Shift+S")
    settled(page, f"{PAGE + 5} comments marked as spam")
    assert {desk.status(one) for one in ids} == {"spam"} and desk.status(other) == "held"
    page.keyboard.press("z")
    settled(page, "Taken back")
    assert {desk.status(one) for one in ids} == {"open"} and len(desk.posts()) == 2

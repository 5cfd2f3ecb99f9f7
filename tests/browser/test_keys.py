"""Every key, and whatever must keep a key from acting."""

from typing import Any

import pytest

from browser.desk import ANN, Desk, dispatch, here, settled


@pytest.mark.parametrize(
    ("key", "said", "status"),
    [("a", "Approved", "ham"), ("s", "Marked as spam", "spam"), ("d", "Rejected", "unwanted")],
)
def test_a_verdict_goes_on_to_the_next(desk: Desk, key: str, said: str, status: str) -> None:
    ids = desk.hold_all(3)
    page = desk.open()
    assert here(page) == ids[0]
    page.keyboard.press("j")
    page.keyboard.press(key)
    assert here(page) == ids[2]
    settled(page, said)
    assert here(page) == ids[2]
    assert [desk.status(one) for one in ids] == ["held", status, "held"]
    assert len(desk.posts()) == 1


def test_j_and_k_move_and_stay_in_the_list(desk: Desk) -> None:
    ids = desk.hold_all(3)
    page = desk.open()
    seen = []
    for key in "jjjkkk":
        page.keyboard.press(key)
        seen.append(here(page))
    assert seen == [ids[1], ids[2], ids[2], ids[1], ids[0], ids[0]]
    assert page.evaluate("document.activeElement.id") == f"c-{ids[0]}"


def test_j_and_k_turn_pages(desk: Desk) -> None:
    ids = desk.hold_all(21)
    page = desk.open()
    for _ in range(20):
        page.keyboard.press("j")
    page.wait_for_url("**before=*")
    assert here(page) == ids[20]
    page.keyboard.press("k")
    page.wait_for_url("**after=*")


def test_the_last_one_done_moves_to_the_one_before(desk: Desk) -> None:
    ids = desk.hold_all(2)
    page = desk.open()
    page.keyboard.press("j")
    page.keyboard.press("s")
    assert here(page) == ids[0]
    page.keyboard.press("s")
    page.get_by_text("Nothing fits that search").wait_for()


def test_u_puts_back_to_held(desk: Desk) -> None:
    (one,) = desk.hold_all(1)
    page = desk.open()
    page.keyboard.press("s")
    settled(page, "Marked as spam")
    page.click("#tabs a:has-text('Rejected')")
    page.wait_for_url("**status=rejected*")
    page.keyboard.press("u")
    settled(page, "Put back to held")
    assert desk.status(one) == "open"


def test_z_takes_back_one_after_the_other(desk: Desk) -> None:
    ids = desk.hold_all(3)
    page = desk.open()
    for key in "asdzzz":  # As fast as the browser takes them.
        page.keyboard.press(key)
    settled(page, "Taken back: approved")
    assert [desk.status(one) for one in ids] == ["open"] * 3
    assert here(page) == ids[0]


def test_what_is_typed_while_an_undo_is_sent_is_for_the_comment_that_comes_back(desk: Desk) -> None:
    ids = desk.hold_all(2)
    page = desk.open()
    for key in "sza":
        page.keyboard.press(key)
    settled(page, "Approved")
    assert [desk.status(one) for one in ids] == ["ham", "held"]


def test_o_opens_the_comment_and_its_keys_work_there(desk: Desk) -> None:
    ids = desk.hold_all(2)
    page = desk.open()
    page.keyboard.press("j")
    page.keyboard.press("o")
    page.wait_for_url(f"**/comments/{ids[1]}")
    page.keyboard.press("s")
    settled(page, "Marked as spam")
    page.keyboard.press("z")
    settled(page, "Taken back")
    assert desk.status(ids[1]) == "open"


def test_slash_searches_and_keys_are_text_there(desk: Desk) -> None:
    ids = desk.hold_all(1)
    page = desk.open()
    page.keyboard.press("/")
    page.keyboard.type("jasduzo?/")
    assert page.input_value("input[type=search]") == "jasduzo?/"
    assert desk.posts() == []
    assert here(page) == ids[0]


def test_the_sheet_opens_takes_all_keys_and_closes(desk: Desk) -> None:
    desk.hold_all(2)
    page = desk.open()
    page.keyboard.press("?")
    sheet = page.locator("dialog#keys")
    assert sheet.is_visible()
    for key in "asd":
        page.keyboard.press(key)
    page.keyboard.press("Escape")
    assert sheet.is_hidden()
    assert desk.posts() == []
    page.keyboard.press("a")
    settled(page, "Approved")


def test_the_sheet_and_the_buttons_name_the_same_keys(desk: Desk) -> None:
    desk.hold_all(1)
    page = desk.open()
    on_buttons = page.locator(".card kbd").all_inner_texts()
    in_sheet = page.locator("dialog kbd").all_text_contents()
    assert on_buttons == ["a", "s", "d"]
    assert in_sheet == ["j", "k", "a", "s", "d", "u", "z", "o", "/", "?", "Esc"]


@pytest.mark.parametrize("modifier", ["ctrlKey", "altKey", "metaKey"])
def test_shortcuts_of_the_browser_are_left_to_it(desk: Desk, modifier: str) -> None:
    desk.hold_all(2)
    page = desk.open()
    assert not dispatch(page, *"jkasduzo/?", **{modifier: True})
    assert desk.posts() == []


@pytest.mark.parametrize(
    "how", [{"isComposing": True}, {"keyCode": 229}, {"repeat": True}], ids=["composing", "229", "held down"]
)
def test_input_methods_and_keys_held_down_decide_nothing(desk: Desk, how: dict[str, Any]) -> None:
    desk.hold_all(2)
    page = desk.open()
    assert not dispatch(page, *"asduzo", **how)
    assert desk.posts() == []


def test_a_key_held_down_moves_on(desk: Desk) -> None:
    ids = desk.hold_all(3)
    page = desk.open()
    page.keyboard.down("j")
    page.keyboard.down("j")  # Playwright marks it as a repeat.
    assert here(page) == ids[2]


def test_caps_lock_is_no_shift(desk: Desk) -> None:
    (one,) = desk.hold_all(1)
    page = desk.open()
    assert not dispatch(page, "A", shiftKey=True)
    assert dispatch(page, "A")
    settled(page, "Approved")
    assert desk.status(one) == "ham"


def test_keys_do_nothing_where_there_is_no_comment(desk: Desk) -> None:
    page = desk.open()
    for key in "asduzojk":
        page.keyboard.press(key)
    page.goto(f"{desk.home.base}/login")
    assert desk.posts() == []
    window = desk.window()
    window.goto(f"{desk.home.base}/login")
    assert not dispatch(window, "a")


def test_verdicts_are_announced_in_a_region_that_stays(desk: Desk) -> None:
    desk.hold_all(2)
    page = desk.open(ANN)
    page.evaluate("window.region = document.querySelector('[role=status]')")
    page.keyboard.press("a")
    settled(page, "Approved")
    assert page.evaluate("window.region.isConnected && window.region.textContent.includes('Approved')")

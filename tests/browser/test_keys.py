"""Every key, and whatever must keep a key from acting."""

from typing import Any

import pytest

from browser.desk import ANN, BOB, Desk, dispatch, here, log_in, settled
from moderator.review.keymap import ACTIONS
from moderator.review.queue import PAGE


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
    ids = desk.hold_all(PAGE + 1)
    page = desk.open()
    for _ in range(PAGE):
        page.keyboard.press("j")
    page.wait_for_url("**before=*")
    assert here(page) == ids[PAGE]
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
    assert on_buttons == ["a", "s", "d", "n"]
    assert page.locator("#batch kbd").all_inner_texts() == ["⇧a", "⇧s", "⇧d"]
    assert in_sheet == [*(action.key for action in ACTIONS), "Esc"]


@pytest.mark.parametrize("modifier", ["ctrlKey", "altKey", "metaKey"])
def test_shortcuts_of_the_browser_are_left_to_it(desk: Desk, modifier: str) -> None:
    desk.hold_all(2)
    page = desk.open()
    assert not dispatch(page, *"jkasduzoxcnwft1/?", **{modifier: True})
    assert desk.posts() == []


@pytest.mark.parametrize(
    "how", [{"isComposing": True}, {"keyCode": 229}, {"repeat": True}], ids=["composing", "229", "held down"]
)
def test_input_methods_and_keys_held_down_decide_nothing(desk: Desk, how: dict[str, Any]) -> None:
    desk.hold_all(2)
    page = desk.open()
    assert not dispatch(page, *"asduzonxcwft1", **how)
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
    assert dispatch(page, "A", shiftKey=True)  # This is for those that are ticked, and none is.
    assert page.locator("#notice").inner_text() == "Nothing is ticked."
    assert desk.posts() == []
    assert dispatch(page, "A")
    settled(page, "Approved")
    assert desk.status(one) == "ham"


def test_keys_do_nothing_where_there_is_no_comment(desk: Desk) -> None:
    page = desk.open()
    for key in "asduonxcjk":
        page.keyboard.press(key)
    page.goto(f"{desk.home.base}/login")
    assert desk.posts() == []
    window = desk.window()
    window.goto(f"{desk.home.base}/login")
    assert not dispatch(window, "a")


def test_verdicts_are_announced_in_a_region_that_stays(desk: Desk) -> None:
    desk.hold_all(2)
    page = desk.open(ANN)
    page.evaluate("window.region = document.querySelector('#notice[role=status]')")
    page.keyboard.press("a")
    settled(page, "Approved")
    assert page.evaluate("window.region.isConnected && window.region.textContent.includes('Approved')")


def test_n_leaves_it_for_later_and_for_others(desk: Desk) -> None:
    ids = desk.hold_all(3)
    page = desk.open()
    page.keyboard.press("n")
    assert here(page) == ids[1]
    settled(page, "Left for later and for others")
    shown = page.locator(".card").evaluate_all("cards => cards.map(card => card.id.slice(2))")
    assert shown == [ids[1], ids[2], ids[0]]
    assert page.get_by_text("You were not sure of these").is_visible()
    assert desk.status(ids[0]) == "held"


def test_shift_z_does_again_what_z_took_back(desk: Desk) -> None:
    ids = desk.hold_all(3)
    page = desk.open()
    for key in ("a", "s", "z", "z", "Shift+Z", "Shift+Z", "d"):
        page.keyboard.press(key)
    settled(page, "Rejected")
    assert [desk.status(one) for one in ids] == ["ham", "spam", "unwanted"]


def test_f_shows_one_at_a_time_and_w_hides_why_on_every_page(desk: Desk) -> None:
    ids = desk.hold_all(3)
    page = desk.open()
    page.keyboard.press("f")
    page.keyboard.press("j")
    assert page.locator(".card:visible").evaluate_all("cards => cards.map(card => card.id.slice(2))") == [ids[1]]
    page.keyboard.press("a")
    settled(page, "Approved")
    assert page.locator(".card:visible").evaluate_all("cards => cards.map(card => card.id.slice(2))") == [ids[2]]
    page.keyboard.press("w")
    page.reload()
    assert page.locator(".card:visible").count() == 1 and page.locator(".why:visible").count() == 0
    for key in "fw":
        page.keyboard.press(key)
    assert page.locator(".card:visible").count() == 2 and page.locator(".why:visible").count() == 2


def test_t_and_digits_go_to_the_queues(desk: Desk) -> None:
    desk.hold_all(1)
    page = desk.open()
    for key, address in (("t", "approved"), ("3", "rejected"), ("t", "all"), ("5", "callbacks"), ("t", "/")):
        page.keyboard.press(key)
        page.wait_for_url(f"**{address}*")


def test_arrows_and_enter_act_at_a_card_and_else_scroll(desk: Desk) -> None:
    ids = desk.hold_all(3)
    page = desk.open()
    assert not dispatch(page, "ArrowDown")
    for key in ("j", "ArrowDown", "ArrowUp"):
        page.keyboard.press(key)
    assert here(page) == ids[1]
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/comments/{ids[1]}")


def test_one_card_alone_is_met_with_tab(desk: Desk) -> None:
    ids = desk.hold_all(3)
    page = desk.open()
    page.keyboard.press("j")
    assert page.locator(".card[tabindex='0']").evaluate_all("cards => cards.map(card => card.id.slice(2))") == [ids[1]]


def test_letters_of_another_script_are_the_keys_that_they_lie_on(desk: Desk) -> None:
    (one,) = desk.hold_all(1)
    page = desk.open()
    assert dispatch(page, "ы", code="KeyS")
    settled(page, "Marked as spam")
    assert desk.status(one) == "spam"


def test_each_person_has_keys_of_their_own(desk: Desk) -> None:
    ids = desk.hold_all(2)
    login = "eve@example.org"
    desk.store.set_password(desk.store.add_person(login).id, "a few words in a row")
    page = desk.window(java_script_enabled=False)
    log_in(page, desk.home.base, login)
    page.goto(f"{desk.home.base}/keys")
    page.fill("#key-spam", "e")
    page.click("text=Keep these keys")
    page.get_by_text("Your keys are changed.").wait_for()
    eves = desk.window(storage_state=page.context.storage_state())
    eves.goto(desk.queue)
    assert eves.locator(".card kbd").all_inner_texts()[:3] == ["a", "e", "d"]
    assert not dispatch(eves, "s")
    eves.keyboard.press("e")
    settled(eves, "Marked as spam")
    page.goto(f"{desk.home.base}/keys")
    page.uncheck("input[name=on]")
    page.click("text=Keep these keys")
    eves.goto(desk.queue)
    assert not dispatch(eves, *"aedz?x")
    assert [desk.status(one) for one in ids] == ["spam", "held"]
    assert desk.open(BOB).locator(".card kbd").all_inner_texts()[:3] == ["a", "s", "d"]

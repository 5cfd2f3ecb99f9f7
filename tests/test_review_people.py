"""The administrators' page of people, and everybody's own account."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from review_desk import ADMIN, LOGIN, PASSWORD, Desk, form

from moderator.store import Role

NEW = "another few words"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    desk.log_in_admin()
    yield desk
    desk.store.close()


def link_on(page: str) -> str:
    found = re.search(r'value="([^"]*/set-password/[^"]*)"', page)
    assert found
    return unescape(found[1])


def admin_rules(desk: Desk) -> list[tuple[str, str]]:
    return [
        (re.sub("<[^>]+>", "1", rule.rule), method)
        for rule in desk.app.url_map.iter_rules()
        if rule.rule.startswith(("/sites", "/people"))
        for method in (rule.methods or set()) & {"GET", "POST"}
    ]


def test_moderators_get_a_plain_403_at_every_address_of_administrators(desk: Desk) -> None:
    moderator = desk.new_browser()
    desk.log_in(moderator, login=LOGIN)
    token = form(moderator.get("/"), "/logout")
    rules = admin_rules(desk)
    assert len(rules) > 20
    for path, method in rules:
        answer = moderator.open(path, method=method, data=token if method == "POST" else None)
        assert answer.status_code == 403, (path, method)
        assert "For administrators only" in answer.text
    assert "/people" not in moderator.get("/").text


def test_whoever_is_not_logged_in_is_led_to_the_login_from_every_address_of_administrators(desk: Desk) -> None:
    for path, method in admin_rules(desk):
        assert desk.new_browser().open(path, method=method).status_code == 303


def test_every_form_of_administrators_needs_its_token(desk: Desk) -> None:
    for path, method in admin_rules(desk):
        if method == "POST":
            assert desk.browser.post(path, data={"name": "x"}).status_code == 403


def test_a_role_that_is_taken_away_ends_at_once(desk: Desk) -> None:
    assert desk.browser.get("/people").status_code == 200
    desk.store.set_role(desk.boss.id, Role.MODERATOR)
    assert desk.browser.get("/people").status_code == 403


def test_an_invited_person_sets_a_password_by_the_link_that_is_shown_once(desk: Desk) -> None:
    page = desk.submit(desk.browser.get("/people"), "/people", login=" Eve@Example.org ", role="moderator")
    assert page.status_code == 200
    link = link_on(page.text)
    assert link.startswith("http://localhost/set-password/")
    assert link not in desk.browser.get("/people").text
    eve = desk.new_browser()
    path = link.removeprefix("http://localhost")
    answer = eve.post(path, data={**form(eve.get(path), path), "password": NEW, "again": NEW})
    assert (answer.status_code, answer.location) == (303, "/")
    found = desk.store.person_by_login("eve@example.org")
    assert found is not None
    assert found.role is Role.MODERATOR


def test_the_link_has_the_public_address(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "other", public_url="https://moderator.example")
    desk.store.set_role(desk.ann.id, Role.ADMIN)
    browser, base = desk.app.test_client(), "https://moderator.example"
    page = browser.get("/login", base_url=base)
    login = {**form(page, "/login"), "login": LOGIN, "password": PASSWORD}
    browser.post("/login", base_url=base, data=login)
    fields = {**form(browser.get("/people", base_url=base), "/people"), "login": "eve", "role": "admin"}
    assert link_on(browser.post("/people", base_url=base, data=fields).text).startswith(f"{base}/set-password/")
    desk.store.close()


def test_the_same_invitation_twice_says_what_to_do_and_adds_nobody(desk: Desk) -> None:
    page = desk.browser.get("/people")
    for status in (200, 422):
        answer = desk.submit(page, "/people", login="eve", role="moderator")
        assert answer.status_code == status
    assert "Send them a new link instead" in answer.text
    assert len(desk.store.people()) == 3


@pytest.mark.parametrize(
    ("login", "role", "status"),
    [("", "moderator", 422), ("x" * 321, "moderator", 422), ("a\x00b", "moderator", 422), ("a\u202eb", "admin", 422),
     ("eve", "", 400), ("eve", "owner", 400)],
)  # fmt: skip
def test_what_cannot_be_a_person_is_refused(desk: Desk, login: str, role: str, status: int) -> None:
    answer = desk.submit(desk.browser.get("/people"), "/people", login=login, role=role)
    assert answer.status_code == status
    assert len(desk.store.people()) == 2


def test_a_new_link_kills_the_one_before(desk: Desk) -> None:
    page, action = desk.browser.get("/people"), f"/people/{desk.ann.id}/link"
    first, second = (link_on(desk.submit(page, action).text) for _ in range(2))
    assert desk.new_browser().get(first).status_code == 404
    assert desk.new_browser().get(second).status_code == 200


def test_roles_are_given_and_taken(desk: Desk) -> None:
    page, action = desk.browser.get("/people"), f"/people/{desk.ann.id}/role"
    for role in (Role.ADMIN, Role.ADMIN, Role.MODERATOR):
        assert desk.submit(page, action, role=role.value).location == f"/people#p-{desk.ann.id}"
        found = desk.store.person(desk.ann.id)
        assert found is not None
        assert found.role is role


def test_a_disabled_person_is_out_and_enabled_is_let_in_again(desk: Desk) -> None:
    ann = desk.new_browser()
    desk.log_in(ann, login=LOGIN)
    page, number = desk.browser.get("/people"), desk.ann.id
    disabled = desk.submit(page, f"/people/{number}/disable")
    assert disabled.status_code == 303
    assert ann.get("/").status_code == 303
    first = desk.store.person(number)
    desk.clock.pass_(minutes=5)
    desk.submit(page, f"/people/{number}/disable")  # a second click, or an old page
    assert desk.store.person(number) == first
    assert desk.submit(page, f"/people/{number}/link").status_code == 422
    desk.submit(desk.browser.get("/people"), f"/people/{number}/enable")
    assert desk.log_in(ann, login=LOGIN).location == "/"


def test_all_sessions_of_a_person_can_be_ended(desk: Desk) -> None:
    ann = desk.new_browser()
    desk.log_in(ann, login=LOGIN)
    answer = desk.submit(desk.browser.get("/people"), f"/people/{desk.ann.id}/end-sessions")
    assert "All sessions of <bdi>ann@example.org</bdi> have ended" in desk.browser.get(answer.location).text
    assert ann.get("/").status_code == 303


@pytest.mark.parametrize("deed", ["disable", "role"])
def test_nobody_takes_their_own_rights_away(desk: Desk, deed: str) -> None:
    token = form(desk.browser.get("/people"), "/people")
    answer = desk.browser.post(f"/people/{desk.boss.id}/{deed}", data={**token, "role": "moderator"})
    assert answer.status_code == 422
    assert "Another administrator can" in answer.text
    assert desk.browser.get("/people").status_code == 200


def test_a_person_that_is_not_there_is_no_page(desk: Desk) -> None:
    token = form(desk.browser.get("/people"), "/people")
    for number in ("0", "99", "-1", "99999999999999999999", "x"):
        assert desk.browser.post(f"/people/{number}/disable", data=token).status_code == 404
        assert desk.browser.get(f"/people?done=ended-{number}").status_code == 200


def change(desk: Desk, **fields: str) -> tuple[int, str]:
    said = {"current": PASSWORD, "password": NEW, "again": NEW, **fields}
    answer = desk.fill_in(desk.browser.get("/account"), "/account/password", said)
    return answer.status_code, answer.location or answer.text


def set_own_password(desk: Desk) -> None:
    """The administrator's first, which ends the session that the desk began."""
    desk.store.set_password(desk.boss.id, PASSWORD)
    desk.log_in(login=ADMIN)


def test_a_password_change_needs_the_current_one_and_ends_all_other_sessions(desk: Desk) -> None:
    set_own_password(desk)
    elsewhere = desk.new_browser()
    desk.log_in(elsewhere, login=ADMIN)
    status, text = change(desk, current="not the password")
    assert status == 422
    assert "current password is not right" in text
    assert elsewhere.get("/").status_code == 200
    status, location = change(desk)
    assert status == 303
    assert "Your password is changed" in desk.browser.get(location).text
    assert elsewhere.get("/").status_code == 303
    assert desk.log_in(elsewhere, login=ADMIN).status_code == 401
    assert desk.log_in(elsewhere, login=ADMIN, password=NEW).status_code == 303


def test_guessing_the_current_password_is_slowed_down_as_logging_in_is(desk: Desk) -> None:
    statuses = [change(desk, current="not the password")[0] for _ in range(6)]
    assert statuses == [422] * 5 + [429]


@pytest.mark.parametrize(
    ("password", "again", "says"),
    [("short", "short", "at least 12"), (NEW, "another fewer words", "do not match"), ("é" * 600, "é" * 600, "easy")],
)
def test_a_poor_new_password_is_refused_with_the_reason(desk: Desk, password: str, again: str, says: str) -> None:
    status, text = change(desk, password=password, again=again)
    assert status == 422
    assert says in text
    assert desk.browser.get("/account").status_code == 200  # else the session would have ended


def test_everybody_can_end_all_their_own_sessions(desk: Desk) -> None:
    browsers = [desk.new_browser() for _ in range(2)]
    for browser in browsers:
        desk.log_in(browser, login=LOGIN)
    answer = desk.submit(browsers[0].get("/account"), "/account/end-sessions", browsers[0])
    assert answer.location == "/login"
    assert [browser.get("/").status_code for browser in browsers] == [303, 303]
    assert desk.browser.get("/").status_code == 200


def test_a_form_sent_after_the_session_ended_changes_nothing_and_leads_back(desk: Desk) -> None:
    page = desk.browser.get("/people")
    desk.store.end_sessions(desk.boss.id)
    answer = desk.submit(page, f"/people/{desk.ann.id}/disable")
    assert (answer.status_code, answer.location) == (303, "/login?next=%2Fpeople")
    found = desk.store.person(desk.ann.id)
    assert found is not None
    assert found.disabled is None


def test_a_login_made_to_break_the_page_is_shown_as_text(desk: Desk) -> None:
    desk.store.add_person('<img src=x onerror="alert(1)">')
    page = desk.browser.get("/people").text
    assert "<img src=x" not in page
    assert "&lt;img src=x" in page

"""Who comes in at the moderators' pages, and how they are kept out."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from review_desk import LOGIN, PASSWORD, Desk, form

NEW = "another few words"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.store.close()


def test_whoever_is_not_logged_in_is_led_to_the_login_and_back(desk: Desk) -> None:
    asked = desk.browser.get("/?status=rejected&q=casino")
    assert asked.status_code == 303
    assert asked.location == "/login?next=%2F%3Fstatus%3Drejected%26q%3Dcasino"
    page = desk.browser.get(asked.location)
    answer = desk.submit(page, "/login", login=LOGIN, password=PASSWORD)
    assert (answer.status_code, answer.location) == (303, "/?status=rejected&q=casino")


def test_login_and_password_let_one_in(desk: Desk) -> None:
    assert desk.log_in().location == "/"
    assert "ann@example.org" in desk.browser.get("/").text
    assert desk.browser.get("/login").location == "/"


def test_an_unknown_login_and_a_wrong_password_get_the_same_page(desk: Desk) -> None:
    wrong = desk.log_in(password="not the password")
    unknown = desk.log_in(login="nobody@example.org")
    assert wrong.status_code == unknown.status_code == 401
    strip = [form(page, "/login")["token"] for page in (wrong, unknown)]
    texts = [
        page.text.replace(token, "").replace(login, "")
        for page, token, login in ((wrong, strip[0], LOGIN), (unknown, strip[1], "nobody@example.org"))
    ]
    assert texts[0] == texts[1]


def test_after_five_failures_one_has_to_wait_and_then_may_try_again(desk: Desk) -> None:
    for _ in range(5):
        assert desk.log_in(password="not the password").status_code == 401
    too_many = desk.log_in()
    assert too_many.status_code == 429
    assert too_many.headers["Retry-After"] == "1"
    assert "wait <strong>1 second</strong>" in too_many.text
    desk.clock.pass_(seconds=2)
    assert desk.log_in().status_code == 303


def test_the_session_cookie_is_kept_from_scripts_and_other_sites(desk: Desk) -> None:
    cookies = desk.log_in().headers.getlist("Set-Cookie")
    session = next(cookie for cookie in cookies if cookie.startswith("moderator="))
    assert session.endswith("; HttpOnly; Path=/; SameSite=Lax")


def test_over_https_the_cookie_is_bound_to_the_host(tmp_path: Path) -> None:
    desk = Desk(tmp_path, public_url="https://moderator.example")
    browser = desk.app.test_client()
    page = browser.get("/login", base_url="https://moderator.example")
    answer = browser.post(
        "/login", data={**form(page, "/login"), "login": LOGIN, "password": PASSWORD},
        base_url="https://moderator.example", headers={"Origin": "https://moderator.example"},
    )  # fmt: skip
    session = next(c for c in answer.headers.getlist("Set-Cookie") if c.startswith("__Host-moderator="))
    assert session.endswith("; Secure; HttpOnly; Path=/; SameSite=Lax")
    assert browser.get("/", base_url="https://moderator.example").status_code == 200


def test_logging_out_ends_the_session_for_a_copied_cookie_too(desk: Desk) -> None:
    desk.log_in()
    copied = desk.browser.get_cookie("moderator")
    assert copied is not None
    assert desk.submit(desk.browser.get("/"), "/logout").location == "/login"
    thief = desk.new_browser()
    thief.set_cookie("moderator", copied.value)
    assert thief.get("/").status_code == 303


def test_logging_out_by_get_is_not_possible(desk: Desk) -> None:
    desk.log_in()
    assert desk.browser.get("/logout").status_code == 405
    assert desk.browser.get("/").status_code == 200


def test_a_session_that_was_ended_elsewhere_is_out_and_nothing_is_done(desk: Desk) -> None:
    comment = desk.hold()
    desk.log_in()
    page = desk.browser.get("/?q=hello")
    desk.store.end_sessions(desk.ann.id)
    answer = desk.submit(page, f"/comments/{comment}/verdict", word="spam")
    assert (answer.status_code, answer.location) == (303, "/login?next=%2F%3Fq%3Dhello")
    assert desk.status(comment) == "held"


def test_a_disabled_person_is_out_at_once(desk: Desk) -> None:
    desk.log_in()
    desk.store.disable_person(desk.ann.id)
    assert desk.browser.get("/").status_code == 303


@pytest.mark.parametrize(("minutes", "status"), [(29, 200), (31, 303)])
def test_an_idle_session_ends_after_half_an_hour(desk: Desk, minutes: int, status: int) -> None:
    desk.log_in()
    desk.clock.pass_(minutes=minutes)
    assert desk.browser.get("/").status_code == status


def test_a_session_that_was_there_before_the_login_is_not_taken_over(desk: Desk) -> None:
    fixed, _ = desk.store.start_session(desk.store.add_person("eve").id)
    page = desk.browser.get("/login")
    desk.browser.set_cookie("moderator", "made-up-by-somebody")
    desk.submit(page, "/login", login=LOGIN, password=PASSWORD)
    now = desk.browser.get_cookie("moderator")
    assert now is not None
    assert now.value not in ("made-up-by-somebody", fixed)


def test_a_link_sets_the_password_once_only(desk: Desk) -> None:
    link = desk.store.add_link(desk.ann.id)
    address = f"/set-password/{link}"
    for _ in range(2):  # whoever only looks at it does not use it up
        page = desk.browser.get(address)
        assert page.status_code == 200
    answer = desk.browser.post(address, data={**form(page, address), "password": NEW, "again": NEW})
    assert (answer.status_code, answer.location) == (303, "/")
    assert desk.browser.get("/").status_code == 200
    other = desk.new_browser()
    assert other.get(address).status_code == 404
    assert desk.log_in(other).status_code == 401
    assert desk.log_in(other, password=NEW).status_code == 303


# Common ones, rows of the keyboard, what repeats, dates, and our own words.
EASY = (
    "password1234", "P@ssw0rd1234", "passwordpassword", "letmeinletmein", "iloveyou1234", "trustno1trustno1",
    "qwertyuiop[]", "1q2w3e4r5t6y", "zaq12wsxcde3", "asdfghjkl123",
    "123456789012", "abcdefghijkl", "annannannann", "aaaabbbbcccc", "24.12.2026 1", "Summer2026!!",
    "ann@example.org", "ann.example.1", "moderator2026", "blog.blog.blog", "BLOG-moderator", "alicealicealice",
    "password" * 9 + "x",
)  # fmt: skip


@pytest.mark.parametrize(
    ("password", "again", "says"),
    [
        ("elevenchars", "elevenchars", "It has 11 characters; at least 12"),
        ("aaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaa", "too easy"),
        *((easy, easy, "too easy") for easy in EASY),
        ("a few words more", "a few words mure", "do not match"),
    ],
)
def test_a_poor_password_is_refused_with_the_reason_and_the_link_stays_good(
    desk: Desk, password: str, again: str, says: str
) -> None:
    address = f"/set-password/{desk.store.add_link(desk.ann.id)}"
    answer = desk.browser.post(
        address, data={**form(desk.browser.get(address), address), "password": password, "again": again}
    )
    assert answer.status_code == 422
    assert says in answer.text
    assert desk.browser.get(address).status_code == 200


def test_a_nul_ends_no_password(desk: Desk) -> None:
    desk.store.set_password(desk.ann.id, "abc\0defghijklmnop")
    assert desk.log_in(desk.new_browser(), password="abc").status_code == 401
    assert desk.log_in(desk.new_browser(), password="abc\0defghijklmnop").status_code == 303


def test_an_old_or_invented_link_is_refused(desk: Desk) -> None:
    link = desk.store.add_link(desk.ann.id)
    desk.clock.pass_(hours=25)
    assert desk.browser.get(f"/set-password/{link}").status_code == 404
    assert desk.browser.get("/set-password/" + "x" * 5000).status_code == 404


def test_the_same_letters_are_the_same_password_however_they_were_typed(desk: Desk) -> None:
    address = f"/set-password/{desk.store.add_link(desk.ann.id)}"
    composed, apart = "pässwörd-パスワード", "pa\u0308sswo\u0308rd-パスワード"
    desk.browser.post(address, data={**form(desk.browser.get(address), address), "password": composed, "again": apart})
    assert desk.log_in(desk.new_browser(), password=apart).status_code == 303


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example", "//evil.example", "///evil.example", "/\\evil.example", "/%5Cevil.example",
        "/\t/evil.example", "javascript:alert(1)", "https://blog.example@evil.example", "/\r\nSet-Cookie:x=1",
        "/%0d%0aSet-Cookie:x=1", "/logout", "/set-password/x", "/static/pages.css", "/nowhere", "/%2f/evil.example",
    ],
)  # fmt: skip
def test_a_login_leads_to_no_other_place_than_our_pages(desk: Desk, wanted: str) -> None:
    page = desk.browser.get("/login", query_string={"next": wanted})
    answer = desk.submit(page, "/login", login=LOGIN, password=PASSWORD, next=wanted)
    assert answer.location == "/"
    assert "evil" not in str(answer.headers)

"""Insights, a policy's preview, rights and the letter's page in the browser: light, dark, phone, without JavaScript."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page

from browser.desk import ANN, BOB, PASSWORD, Desk, log_in
from browser.test_looks import PHONE, check_width, violations
from moderator.comment import Action, Comment, Decision, Word
from moderator.review.digest import Group, link_for
from moderator.settings import secret
from moderator.store import Filter, Role

CHIEF = "chief@example.org"
DECISIONS = (
    Decision(Action.APPROVE, "probably_fine", 0.03, (), "m1"),
    Decision(Action.HOLD, "in_doubt", 0.97, (), "m1"),
    Decision(Action.REJECT, "surely_spam", 0.995, (), "m1"),
)


def fill(desk: Desk) -> None:
    """A month of comments, some of them judged and some drawn as spot checks."""
    begin = datetime.now(UTC) - timedelta(days=29)
    for number in range(180):
        decision = DECISIONS[(number % 7 > 3) + (number % 11 == 0)]
        comment = Comment.from_json(
            {"id": f"f{number}", "body": f"Words {number}", "language": "en" if number % 3 else ""}
        )
        own = desk.store.remember(desk.site, comment, decision, at=begin + timedelta(hours=3.6 * number)).id
        if number % 2:
            desk.store.give_verdict(own, Word.SPAM if decision.action is Action.HOLD else Word.HAM, by="x", door="page")


def chief(desk: Desk, **options: Any) -> Page:
    if desk.store.person_by_login(CHIEF) is None:
        desk.store.set_password(desk.store.add_person(CHIEF, Role.ADMIN).id, PASSWORD)
    return desk.window(CHIEF, **options)


def letters_link(desk: Desk) -> str:
    held = desk.hold("Hello from a letter")
    person = desk.store.person_by_login(ANN)
    stored = desk.store.queue(Filter(site_id=desk.site.id), limit=1).comments
    assert person is not None and stored[0].id == held
    key = secret(desk.home.file.parent)
    return "/digest/" + link_for(key, person, Word.HAM, Group(stored), until=datetime.now(UTC) + timedelta(hours=1))


@pytest.mark.parametrize(
    ("scheme", "shape", "language"),
    [("light", {}, "en"), ("dark", PHONE, "de-AT")],
    ids=["light on a desktop", "dark on a phone, in German"],
)
def test_axe_finds_nothing_on_the_pages_of_figures_and_policy(
    desk: Desk, scheme: str, shape: dict[str, Any], language: str
) -> None:
    fill(desk)
    page = chief(desk, color_scheme=scheme, reduced_motion="reduce", locale=language, **shape)
    site = f"/sites/{desk.site.id}"
    figures = (f"/insights?site={desk.site.name}", "/insights?days=365")
    for path in (*figures, f"{site}/policy", "/people", "/account", letters_link(desk)):
        page.goto(desk.home.base + path)
        assert page.locator("html").get_attribute("lang") == language[:2]
        page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true; })")
        assert violations(page) == [], path
        check_width(page)
    page.goto(f"{desk.home.base}{site}/policy")
    page.fill("#hold_above", "1")
    page.fill("#reject_budget", "1")
    page.locator("form[action$='/preview'] button").click()
    page.locator("#preview").wait_for()
    assert violations(page) == []
    check_width(page)


def test_without_javascript_the_figures_and_the_letters_page_are_whole(desk: Desk) -> None:
    fill(desk)
    page = desk.window(ANN, java_script_enabled=False)
    page.goto(f"{desk.home.base}/insights?site={desk.site.name}")
    assert page.locator("svg.chart rect").count() > 20
    page.goto(desk.home.base + letters_link(desk))
    page.locator("main form button").click()
    assert "Done for 1 comment." in page.locator("[role=status]").inner_text()


def test_a_language_is_chosen_and_stays(desk: Desk) -> None:
    stranger = desk.window()
    log_in(stranger, desk.home.base, BOB)
    stranger.goto(f"{desk.home.base}/account")
    stranger.select_option("#language-choice", "de")
    stranger.locator("form[action='/account/language'] button").click()
    stranger.goto(f"{desk.home.base}/insights")
    assert stranger.locator("h1").inner_text() == "Einblicke"
    person = desk.store.person_by_login(BOB)
    assert person is not None
    desk.store.set_language(person.id, "")

"""Spot checks on the pages: among the held ones, without the machine's opinion, and told from them by nothing."""

import re
from pathlib import Path
from typing import Any

import pytest
from conftest import APPROVE, HOLD, REJECT
from review_desk import Desk

from moderator.review import spot
from moderator.store import StoreBusy


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path, spot_checks=1000)


def later(desk: Desk) -> None:
    desk.clock.pass_(minutes=2)


def test_an_approved_comment_comes_among_the_held_ones_and_stays_published(desk: Desk) -> None:
    checked = desk.hold("Nice casino words", APPROVE)
    later(desk)
    desk.log_in()
    page = desk.browser.get("/").text
    assert f'id="c-{checked}"' in page
    assert desk.status(checked) == "approved"


@pytest.mark.parametrize("decision", [APPROVE, REJECT])
def test_nothing_on_its_card_tells_what_the_machine_made_of_it(desk: Desk, decision: Any) -> None:
    checked = desk.hold("Some casino words", decision)
    later(desk)
    desk.log_in()
    for path in ("/", f"/comments/{checked}"):
        page = desk.browser.get(path).text
        card = page[page.index(f'id="c-{checked}"') : page.index("</article>")]
        assert "Judge this one by itself." in card
        for told in (
            "Approved",
            "Rejected",
            "Now held",
            "%",
            "spam-",
            "Back to held",
            "nearly certain",
            "good comment",
        ):
            assert told not in card, (path, told)
        assert "The machine" not in page


def test_some_held_ones_look_just_so(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spot, "BLIND", 1.0)
    held = desk.hold("Same words", HOLD)
    checked = desk.hold("Same words", APPROVE)
    later(desk)
    desk.log_in()
    page = desk.browser.get("/").text

    def card(own: str) -> str:
        start = page.index(f'<article class="card" id="c-{own}"')
        return page[start : page.index("</article>", start)].replace(own, "ID")

    own_parts = r'name="(token|anchor)" value="[^"]*"|<time.*?</time>|\s+'
    plain = [re.sub(own_parts, "", card(own)) for own in (held, checked)]
    assert plain[0] == plain[1]


def test_after_the_verdict_everything_is_shown_and_spam_is_taken_down(desk: Desk) -> None:
    checked = desk.hold("Some casino words", APPROVE)
    later(desk)
    desk.log_in()
    desk.say(checked, "spam")
    assert desk.status(checked) == "rejected"
    assert "The machine approved it at 3" in desk.browser.get(f"/comments/{checked}").text
    assert f'id="c-{checked}"' not in desk.browser.get("/").text


def test_they_come_on_the_first_page_of_what_is_held_alone(desk: Desk) -> None:
    checked = desk.hold("Some words", APPROVE)
    later(desk)
    desk.log_in()
    assert f'id="c-{checked}"' in desk.browser.get("/?site=blog").text
    for path in ("/?q=zebra", "/?status=rejected", "/?link=yes"):
        assert f'id="c-{checked}"' not in desk.browser.get(path).text


def test_with_a_share_of_none_nothing_is_drawn(tmp_path: Path) -> None:
    desk = Desk(tmp_path, spot_checks=0)
    desk.hold("Some words", APPROVE)
    later(desk)
    desk.log_in()
    assert "Nothing is waiting for you" in desk.browser.get("/").text


def test_with_a_share_of_none_every_card_says_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spot, "BLIND", 1.0)
    desk = Desk(tmp_path, spot_checks=0)
    held, drawn = desk.hold("Some casino words", HOLD), desk.hold("Other casino words", APPROVE)
    later(desk)
    desk.store.spot_checks.draw(b"before the setting was changed", 1.0)
    desk.log_in()
    for path in ("/", f"/comments/{held}", f"/comments/{drawn}"):
        assert "Judge this one by itself." not in desk.browser.get(path).text
    assert f'id="c-{drawn}"' not in desk.browser.get("/").text


def test_a_busy_store_draws_none_and_the_queue_is_shown(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: object) -> int:
        raise StoreBusy("busy")

    monkeypatch.setattr(desk.store.spot_checks, "draw", busy)
    desk.hold("Some words", HOLD)
    later(desk)
    desk.log_in()
    assert desk.browser.get("/").status_code == 200

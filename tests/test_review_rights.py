"""Moderators of some sites: no page, filter, form or figure of theirs has anything of the others."""

import re
from pathlib import Path

import pytest
from conftest import APPROVE, HOLD, REJECT
from flask.testing import FlaskClient
from review_desk import ADMIN, LOGIN, Desk

from moderator import settings
from moderator.comment import Comment, Word
from moderator.known import Belongs
from moderator.reading import read
from moderator.review import spot
from moderator.store import Filter, Role, Site
from moderator.traces import marks

SECRET = "xyzzy-secret"


class Limited(Desk):
    """With a second site, the only one that ann may see, and a comment on it."""

    mine: Site
    own: str


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Limited:
    """ann moderates “mine” alone; the site “blog” has comments in every state, which she must not see."""
    monkeypatch.setattr(spot, "BLIND", 0.0)  # a card in ten without what is known of it, by chance
    desk = Limited(tmp_path, spot_checks=1000)
    for number, decision in enumerate((HOLD, APPROVE, REJECT)):
        desk.hold(f"{SECRET} {number}", decision, author={"name": f"{SECRET} author"})
    spoken = desk.hold(f"{SECRET} spoken")
    desk.store.give_verdict(spoken, Word.SPAM, by="hidden-login", door="page")
    mine, _ = desk.store.add_site("mine")
    desk.mine = mine
    comment = Comment.from_json({"id": "m1", "body": "Of my own site"})
    desk.own = desk.store.remember(mine, comment, HOLD, at=desk.clock()).id
    desk.store.set_sites(desk.ann.id, [mine.id])
    desk.clock.pass_(minutes=2)
    desk.log_in()
    return desk


def of_others(desk: Limited) -> list[str]:
    found = desk.store.queue(desk_filter(desk), limit=50).comments
    return [one.id for one in found]


def desk_filter(desk: Limited) -> Filter:
    return Filter(status=None, site_id=desk.site.id)


def walk(browser: FlaskClient, start: str, most: int = 120) -> dict[str, str]:
    """Every page that links lead to from here, by its address."""
    seen: dict[str, str] = {}
    ahead = [start]
    while ahead and len(seen) < most:
        path = ahead.pop()
        if path in seen:
            continue
        answer = browser.get(path)
        seen[path] = answer.text if answer.mimetype == "text/html" else ""
        ahead += [one.replace("&amp;", "&") for one in re.findall(r'href="(/(?!static)[^"#]*)', seen[path])]
    return seen


def test_no_page_that_links_lead_to_has_anything_of_other_sites(desk: Limited) -> None:
    pages = walk(desk.browser, "/")
    assert len(pages) > 6 and any("Of my own site" in text for text in pages.values())
    others = of_others(desk)
    for path, text in pages.items():
        assert SECRET not in text, path
        assert not any(one in text for one in others), path


@pytest.mark.parametrize(
    "path",
    ["/?status=all", "/?status=approved", "/?status=rejected", "/?site=blog&status=all", f"/?status=all&q={SECRET}",
     f"/?status=all&author={SECRET}", "/?status=all&order=oldest", "/?order=score", "/?order=useful",
     "/insights?site=blog", "/insights?days=365"],
)  # fmt: skip
def test_no_filter_reaches_other_sites(desk: Limited, path: str) -> None:
    page = desk.browser.get(path).text
    assert not any(one in page for one in of_others(desk))
    assert f"{SECRET} author" not in page and "hidden-login" not in page


def test_the_counts_are_those_of_their_own_sites(desk: Limited) -> None:
    page = desk.browser.get("/?status=all").text
    assert re.findall(r'<span class="count">(\d+)</span>', page)[:4] == ["1", "0", "0", "1"]
    assert ">blog<" not in page


def test_a_campaign_is_that_of_their_own_sites(desk: Limited) -> None:
    """On “blog” it came first and waits; that is told to nobody who sees “mine” alone, and hides nothing from them."""
    own = []
    for number, site in enumerate([desk.site] * 5 + [desk.mine] * 2):
        comment = Comment.from_json({"id": f"w{number}", "body": "The same words of a wave"})
        desk.clock.pass_(seconds=1)
        own.append(desk.store.remember(site, comment, HOLD, belongs=Belongs(7, None), at=desk.clock()).id)
    desk.clock.pass_(minutes=2)
    page = desk.browser.get("/").text
    assert "×2 like this" in page and "The whole campaign, 2 that wait" in page and "×7" not in page
    assert "2 comments to 1 site," in desk.browser.get("/?campaign=7").text
    useful = desk.browser.get("/?order=useful").text
    assert f'id="c-{own[5]}"' in useful and f'id="c-{own[6]}"' not in useful


def test_how_often_a_host_came_is_told_of_their_own_sites(desk: Limited) -> None:
    """Who may see all sites is told of all."""
    for number, site in enumerate([desk.site] * 3 + [desk.mine]):
        comment = Comment.from_json({"id": f"h{number}", "body": "Look at https://shop.example/sale for more of them"})
        known = marks(read(comment), comment, site.id, settings.secret(desk.settings.data))
        desk.clock.pass_(seconds=1)
        desk.store.remember(site, comment, HOLD, True, known, at=desk.clock())
    desk.clock.pass_(minutes=2)
    assert "in 1 comment<" in desk.browser.get("/").text
    desk.log_in_admin()
    assert "in 4 comments<" in desk.browser.get("/").text


def test_insights_count_their_own_sites_alone(desk: Limited) -> None:
    assert "1 comment over time" in desk.browser.get("/insights").text


def test_a_comment_of_another_site_is_not_there_for_them(desk: Limited) -> None:
    page = desk.browser.get("/")
    for other in of_others(desk):
        assert desk.browser.get(f"/comments/{other}").status_code == 404
        token = re.findall(r'name="token" value="([^"]*)"', page.text)[0]
        before = desk.store.comment(None, other)
        assert before is not None
        fields = {"token": token, "word": "spam", "version": str(before.version)}
        answer = desk.browser.post(f"/comments/{other}/verdict", data=fields)
        assert answer.status_code == 404
        assert desk.store.comment(None, other) == before


def test_ids_of_other_sites_hidden_in_any_field_are_refused(desk: Limited) -> None:
    token = re.findall(r'name="token" value="([^"]*)"', desk.browser.get("/").text)[0]
    other = of_others(desk)[0]
    for field in ("comment", "versions", "id"):
        data = {"token": token, field: f"{desk.own}.1 {other}.1"}
        assert desk.browser.post("/undo", data=data).status_code == 404


def test_pages_about_all_sites_are_not_theirs(desk: Limited) -> None:
    assert desk.browser.get("/callbacks").status_code == 403
    assert "For moderators of all sites" in desk.browser.get("/callbacks").text
    assert desk.browser.get("/sites").status_code == 403


def test_rights_that_are_taken_away_end_at_the_next_click(desk: Limited) -> None:
    own = desk.own
    assert desk.browser.get(f"/comments/{own}").status_code == 200
    desk.store.set_sites(desk.ann.id, [desk.site.id])
    assert desk.browser.get(f"/comments/{own}").status_code == 404


def test_administrators_set_them_on_the_page_and_see_all_themselves(desk: Limited) -> None:
    desk.log_in_admin()
    people = desk.browser.get("/people")
    assert "Moderates 1 site" in people.text
    action = f"/people/{desk.ann.id}/sites"
    desk.submit(people, action, all="yes")
    found = desk.store.person_by_login(LOGIN)
    assert found is not None and found.site_ids is None
    assert desk.submit(people, action, site="999").status_code == 422
    assert desk.submit(people, action).status_code == 422
    desk.submit(people, action, site=str(desk.site.id))
    limited = desk.store.person_by_login(LOGIN)
    assert limited is not None and desk.store.person(limited.id) is not None
    desk.store.set_sites(desk.boss.id, [desk.site.id])  # which a role of administrator passes over
    boss = desk.store.person_by_login(ADMIN)
    assert boss is not None and boss.role is Role.ADMIN and boss.may_see(12345)
    assert "Of my own site" in desk.browser.get("/").text

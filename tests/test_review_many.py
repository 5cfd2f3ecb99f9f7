"""Many comments at once on the pages: what is ticked, all that fit, and what goes wrong on the way."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import APPROVE, HOLD
from review_desk import PASSWORD, Desk, form
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from moderator import settings
from moderator.comment import Action, Comment, Status, Word
from moderator.known import Belongs
from moderator.reading import read
from moderator.review import keymap, queue
from moderator.store.rescoring import Rescored
from moderator.traces import marks

MINIMAL = {"Prefer": "return=minimal"}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    desk.log_in()
    yield desk
    desk.store.close()


def send(desk: Desk, word: str, picks: list[str], headers: dict[str, str] | None = None, **more: str) -> TestResponse:
    """Press a button of the bar above the queue, with these ticked."""
    fields = MultiDict({**form(desk.browser.get("/"), "/verdicts"), "word": word, **more})
    fields.setlist("pick", picks)
    return desk.browser.post("/verdicts", data=fields, headers=headers)


def test_what_is_ticked_is_handled_as_one_and_taken_back_as_one(desk: Desk) -> None:
    ids = [desk.hold(f"number {number}") for number in range(5)]
    answer = send(desk, "spam", [f"{one}.1" for one in ids[:3]])
    assert (answer.status_code, answer.location) == (303, "/")
    assert [desk.status(one) for one in ids] == ["rejected"] * 3 + ["held"] * 2
    page = desk.browser.get("/")
    assert "3 comments marked as spam." in page.text
    desk.submit(page, "/undo")
    page = desk.browser.get("/")
    assert "Taken back: 3 comments marked as spam." in page.text
    assert [desk.status(one) for one in ids] == ["held"] * 5
    desk.submit(page, "/redo")
    assert [desk.status(one) for one in ids] == ["rejected"] * 3 + ["held"] * 2


def test_two_hundred_are_one_request_and_one_undo(desk: Desk) -> None:
    ids = [desk.hold(f"number {number}") for number in range(200)]
    assert send(desk, "ham", [f"{one}.1" for one in ids], headers=MINIMAL).status_code == 204
    assert desk.store.counts()[Status.APPROVED] == 200
    desk.submit(desk.browser.get("/"), "/undo")
    assert desk.store.counts()[Status.HELD] == 200


def test_all_that_fit_are_more_than_are_shown_and_none_that_came_since(desk: Desk) -> None:
    for number in range(queue.PAGE + 5):
        desk.hold(f"cheap pills {number}")
    desk.hold("good morning")
    page = desk.browser.get("/?q=cheap")
    assert f"All that fit, at least {queue.PAGE}" in page.text  # texts are in no index
    fields = form(page, "/verdicts")
    desk.clock.pass_(seconds=2)
    late = desk.hold("cheap pills, later")
    assert desk.browser.post("/verdicts", data={**fields, "word": "spam", "all": "yes"}).status_code == 303
    assert desk.store.counts()[Status.REJECTED] == queue.PAGE + 5
    assert desk.status(late) == "held"
    again = desk.browser.post("/verdicts", data={**fields, "word": "spam", "all": "yes"})
    assert again.status_code == 409 and "Nothing was left to do" in again.text
    desk.submit(desk.browser.get("/"), "/undo")
    assert desk.store.counts()[Status.HELD] == queue.PAGE + 7


def test_without_a_filter_all_that_fit_is_the_whole_queue(desk: Desk) -> None:
    for number in range(queue.PAGE + 1):
        desk.hold(f"number {number}")
    fine = desk.hold("fine", APPROVE)
    page = desk.browser.get("/")
    assert f"All {queue.PAGE + 1} that fit" in page.text
    desk.browser.post("/verdicts", data={**form(page, "/verdicts"), "word": "unwanted", "all": "yes"})
    assert desk.store.counts()[Status.HELD] == 0 and desk.status(fine) == "approved"
    assert 'name="all"' not in desk.browser.get("/?status=approved").text  # they are all on the page


def test_a_view_that_is_no_more_is_not_widened(desk: Desk) -> None:
    for number in range(queue.PAGE + 1):
        desk.hold(f"number {number}")
    fields = form(desk.browser.get("/"), "/verdicts") | {"word": "spam", "all": "yes"}
    for view in ("/?site=gone", "/?since=nonsense", "/?status=nonsense"):
        answer = desk.browser.post("/verdicts", data={**fields, "view": view})
        assert answer.status_code == 409 and "That view has changed" in answer.text
    assert desk.store.counts()[Status.REJECTED] == 0


def test_what_others_handled_meanwhile_is_left_out_and_told(desk: Desk) -> None:
    ids = [desk.hold(f"number {number}") for number in range(3)]
    fields = MultiDict({**form(desk.browser.get("/"), "/verdicts"), "word": "spam"})
    fields.setlist("pick", [f"{one}.1" for one in ids])
    desk.store.give_verdict(ids[1], Word.HAM, by="ben", door="page")
    assert desk.browser.post("/verdicts", data=fields).status_code == 303
    page = desk.browser.get("/").text
    assert "2 comments marked as spam." in page and "1 left out, as others were faster." in page
    assert [desk.status(one) for one in ids] == ["rejected", "approved", "rejected"]
    assert desk.browser.post("/verdicts", data=fields).status_code == 303  # a double click
    others = MultiDict({**fields.to_dict(), "word": "ham"})
    others.setlist("pick", [f"{ids[1]}.1"])
    assert desk.browser.post("/verdicts", data=others).status_code == 409


def test_nothing_ticked_is_said(desk: Desk) -> None:
    desk.hold()
    answer = send(desk, "spam", [])
    assert answer.status_code == 422 and "Nothing was ticked" in answer.text


@pytest.mark.parametrize(
    ("picks", "word"),
    [(["nonsense"], "spam"), (["0" * 26], "spam"), ([f"{'0' * 26}.x"], "spam"), ([f"{'0' * 26}.1"], "worst")],
)
def test_half_a_form_is_refused(desk: Desk, picks: list[str], word: str) -> None:
    comment = desk.hold()
    assert send(desk, word, [f"{comment}.1", *picks]).status_code == 400
    assert desk.status(comment) == "held"


def test_a_login_that_ended_in_the_middle_of_a_batch_does_nothing_and_comes_back(desk: Desk) -> None:
    ids = [desk.hold(f"cheap {number}") for number in range(3)]
    fields = MultiDict({**form(desk.browser.get("/?q=cheap"), "/verdicts"), "word": "spam"})
    fields.setlist("pick", [f"{one}.1" for one in ids])
    desk.store.end_sessions(desk.ann.id)
    answer = desk.browser.post("/verdicts", data=fields)
    assert (answer.status_code, answer.location) == (303, "/login?next=%2F%3Fq%3Dcheap")
    assert [desk.status(one) for one in ids] == ["held"] * 3
    page = desk.browser.get(answer.location)
    back = desk.submit(page, "/login", login="ann@example.org", password=PASSWORD)
    assert back.location == "/?q=cheap"


def test_a_forged_batch_is_refused(desk: Desk) -> None:
    comment = desk.hold()
    answer = send(desk, "spam", [f"{comment}.1"], token="forged")
    assert (answer.status_code, desk.status(comment)) == (403, "held")


def test_not_sure_comes_last_for_me_and_is_marked_for_others(desk: Desk) -> None:
    first, second = desk.hold("the first one"), desk.hold("the second one")
    assert desk.say(second, "skip").location == f"/#c-{first}"
    page = desk.browser.get("/").text
    assert page.index("the first one") < page.index("You were not sure of these") < page.index("the second one")
    desk.store.set_password(desk.store.add_person("ben").id, PASSWORD)
    other = desk.new_browser()
    desk.log_in(other, login="ben")
    bens = other.get("/").text
    assert bens.index("the second one") < bens.index("the first one")
    assert "You were not sure" not in bens and "<bdi>ann@example.org</bdi>" in bens
    assert "the first one" not in other.get("/?unsure=yes").text
    desk.submit(desk.browser.get("/"), "/undo")
    assert "You were not sure of these" not in desk.browser.get("/").text


def test_undo_is_kept_for_the_person_and_not_for_the_browser(desk: Desk) -> None:
    comment = desk.hold()
    desk.say(comment, "spam")
    desk.clock.pass_(hours=2)
    other = desk.new_browser()
    desk.log_in(other)
    page = other.get("/")
    assert 'class="notice"' not in page.text  # it is no news any more
    desk.submit(page, "/undo", other)
    assert desk.status(comment) == "held"


def test_a_script_gets_the_card_as_it_stands(desk: Desk) -> None:
    comment = desk.hold("Hello there")
    fields = {**form(desk.browser.get("/"), f"/comments/{comment}/verdict"), "word": "spam"}
    desk.store.give_verdict(comment, Word.HAM, by="ben", door="page")
    answer = desk.browser.post(f"/comments/{comment}/verdict", data=fields, headers=MINIMAL)
    assert answer.status_code == 409
    assert answer.text.lstrip().startswith('<article class="card stale"') and "<html" not in answer.text
    assert "Already handled by ben: approved" in answer.text and 'name="version" value="2"' in answer.text


def test_arrivals_are_counted_and_keep_nobody_logged_in(desk: Desk) -> None:
    desk.hold("there before")
    page = desk.browser.get("/?q=there").text
    address = page[page.index('data-arrived="') + 14 :].split('"')[0].replace("&amp;", "&")
    seen = page[page.index('data-seen="') + 11 :].split('"')[0]
    asked = f"{address}&seen={seen}"
    assert desk.browser.get(asked).json == {"number": 0, "text": "0 new"}
    desk.hold("there is one more")
    desk.hold("of another kind")
    assert desk.browser.get(asked).json == {"number": 1, "text": "1 new"}
    assert "there is one more" not in desk.browser.get(f"/?q=there&seen={seen}").text
    for seen in ("", "x", "9" * 30, "99999999999999999"):
        assert desk.browser.get(f"/arrived?seen={seen}").status_code == 200
        assert desk.browser.get(f"/?seen={seen}").status_code in (200, 303)
    for _ in range(4):
        desk.clock.pass_(minutes=9)
        answer = desk.browser.get(asked)
    assert (answer.status_code, answer.location[:6]) == (303, "/login")


def test_the_parent_is_shown_also_where_only_its_id_was_sent(desk: Desk) -> None:
    desk.hold("what was said first")
    parent = desk.number
    answer = desk.hold("and what was answered", parent={"id": str(parent)})
    page = desk.browser.get(f"/comments/{answer}").text
    assert "In reply to" in page and "what was said first" in page


def test_what_is_shown_of_the_score_adds_up(desk: Desk) -> None:
    comment = desk.hold("Play casino casino, thanks")
    page = desk.browser.get(f"/comments/{comment}").text
    table = page[page.index('<table class="parts">') : page.index("</table>")]
    numbers = [float(found) for found in re.findall(r"<td>([+-]\d+\.\d\d)\s", table)]
    assert sum(numbers[:-1]) == pytest.approx(numbers[-1]) and numbers[-1] == 2.0


def test_keys_can_be_changed_and_switched_off(desk: Desk) -> None:
    desk.hold()
    page = desk.browser.get("/keys")
    usual = {f"key-{action.name}": action.key for action in keymap.ACTIONS}
    assert (
        desk.fill_in(page, "/keys", {**usual, "on": "yes", "key-approve": "E", "key-spam": "ы"}).location
        == "/keys?done=yes"
    )
    page = desk.browser.get("/")
    assert 'Approve<kbd aria-hidden="true">e</kbd>' in page.text and "&#34;\u044b&#34;: &#34;spam&#34;" in page.text
    wrong = {**usual, "on": "yes", "key-approve": "j", "key-spam": "1", "key-undo": "!"}
    refused = desk.fill_in(desk.browser.get("/keys"), "/keys", wrong)
    assert refused.status_code == 422
    for said in ("“j” is taken: Next comment", "digits choose queues", "A letter, please"):
        assert said in refused.text, said
    desk.fill_in(desk.browser.get("/keys"), "/keys", usual)
    page = desk.browser.get("/")
    assert 'data-keys="{}"' in page.text and "<kbd aria-hidden" not in page.text
    desk.submit(desk.browser.get("/keys"), "/keys", usual="yes")
    assert 'Approve<kbd aria-hidden="true">a</kbd>' in desk.browser.get("/").text


@pytest.mark.parametrize("stored", ["nonsense", "[]", '{"own": 3}', '{"own": {"approve": "jj"}}', '{"off": "no"}'])
def test_keys_that_cannot_be_are_the_usual_ones(stored: str) -> None:
    assert keymap.read(stored) == keymap.Keys()
    changed = keymap.Keys(True, {"approve": "e"})
    assert keymap.read(keymap.written(changed)) == changed


@pytest.mark.parametrize(
    "body",
    [
        "e\u0301" + "\u0301" * 60_000, "\u200b\u202e" * 30_000, "<&\"'>" * 12_000, "word " * 12_000,
        "a\u200bb " * 15_000, "\U0001f468\u200d\U0001f469" * 5_000,
        "https://x.example/%E2%80%AE?" + "y" * 1_500 + " and " * 99,
    ],
    ids=["marks", "controls", "markup", "words", "mixed", "emoji", "links"],
)  # fmt: skip
def test_a_full_page_is_below_100_kb_whatever_it_shows(desk: Desk, body: str) -> None:
    fields: dict[str, Any] = {
        "author": {
            "name": "\u202e\u200f" * 5_000,
            "email": "é" * 300,
            "url": "http://" + "ü" * 60 + ".example/" + '"' * 900,
        },
        "post": {"title": body[:5_000]},
        "parent": {"text": body},
    }
    for number in range(queue.PAGE + 1):
        desk.hold(f"{body}{number}", **fields)
    answer = desk.browser.get("/")
    assert answer.status_code == 200
    assert len(answer.data) < 100_000


def test_what_waits_and_changed_after_a_verdict_is_told_with_a_link(desk: Desk) -> None:
    ids = [desk.hold(f"number {number}") for number in range(3)]
    desk.say(ids[0], "spam")
    desk.store.rescoring.claim(desk.site.id, "here", model="m1", upto=1)
    desk.store.rescoring.store([Rescored(one, 1, 0.999, Action.REJECT) for one in ids[1:]])
    desk.store.rescoring.done(desk.site.id, "here", model="m1", upto=1, waiting=2, changed=2)
    page = desk.browser.get("/").text
    assert "2 waiting comments changed after what was said:" in page and 'href="/?would=reject"' in page
    shown = desk.browser.get("/?would=reject").text
    assert "number 1" in shown and "number 2" in shown and "number 0" not in shown
    assert "number 1" not in desk.browser.get("/?would=approve").text
    desk.clock.pass_(hours=1)
    desk.log_in()
    assert "waiting comments changed" not in desk.browser.get("/").text


def wave(desk: Desk, number: int, campaign: int, **fields: Any) -> list[str]:
    """Held comments of one campaign, noted as those that came by a door are; the first one first."""
    ids = []
    for at in range(number):
        desk.clock.pass_(seconds=1)
        desk.number += 1
        comment = Comment.from_json({"id": str(desk.number), "body": f"Buy it, {campaign} {at}"} | fields)
        known = marks(read(comment), comment, desk.site.id, settings.secret(desk.settings.data))
        belongs = Belongs(campaign, None)
        ids.append(desk.store.remember(desk.site, comment, HOLD, False, known, belongs, at=desk.clock()).id)
    return ids


def test_a_campaign_is_told_and_handled_as_one(desk: Desk) -> None:
    other = desk.hold("something else")
    ids = wave(desk, queue.PAGE + 3, 7)
    page = desk.browser.get("/")
    assert (
        f"×{queue.PAGE + 3} like this" in page.text and f"The whole campaign, {queue.PAGE + 3} that wait" in page.text
    )
    shown = desk.browser.get("/?campaign=7").text
    assert "These say nearly the same: 18 comments to 1 site" in shown and "something else" not in shown
    fields = {**form(page, "/verdicts"), "word": "spam", "campaign": "7", "view": "/?q=nothing+like+it"}
    assert desk.browser.post("/verdicts", data=fields).status_code == 303
    assert {desk.status(one) for one in ids} == {"rejected"} and desk.status(other) == "held"
    desk.submit(desk.browser.get("/"), "/undo")
    assert {desk.status(one) for one in ids} == {"held"}
    for nonsense in ("x", "9" * 30, "-1"):
        assert desk.browser.post("/verdicts", data={**fields, "campaign": nonsense}).status_code == 409
    assert {desk.status(one) for one in ids} == {"held"}


def test_most_useful_first_shows_one_of_each_campaign(desk: Desk) -> None:
    first, second = wave(desk, 3, 7), wave(desk, 2, 8)
    alone = desk.hold("something else")
    page = desk.browser.get("/?order=useful").text
    for one in (first[0], second[0], alone):
        assert f'id="c-{one}"' in page
    for twin in (*first[1:], second[1]):
        assert f'id="c-{twin}"' not in page
    assert f'id="c-{first[2]}"' in desk.browser.get("/?order=useful&campaign=7").text
    desk.say(first[0], "spam")
    assert f'id="c-{first[1]}"' in desk.browser.get("/?order=useful").text


def test_the_card_knows_the_author_and_the_hosts(desk: Desk) -> None:
    author = {"name": "Joe", "email": "joe@x.example"}
    (one,) = wave(desk, 1, 7, author=author)
    assert "The author’s first comment here" in desk.browser.get("/").text
    desk.store.give_verdict(one, Word.SPAM, by="ben", door="page")
    wave(desk, 1, 8, author=author, post={"title": "On gardens"}, body="See https://www.shop.example/now for more")
    page = desk.browser.get("/").text
    assert "1 other comment of the author here" in page and ", 1 called spam" in page
    assert "/?status=all&amp;site=blog&amp;author=joe%40x.example" in page
    assert "First seen on 22 Nov 2026, in 1 comment" in page

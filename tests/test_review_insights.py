"""The insights: what is counted, what it proves, and that all of it can be read without seeing the charts."""

import json
import re
from datetime import date, timedelta
from pathlib import Path

import pytest
from conftest import APPROVE, HOLD, REJECT
from review_desk import Desk

from moderator.chances import Interval
from moderator.comment import Action, Comment, Decision, Status, Word
from moderator.known import Belongs
from moderator.review import charts
from moderator.review.figures import Live, insights
from moderator.store.tallies import Group

DAY = date(2026, 11, 20)
REPORT = {"intervals": {"spam_approved": [0.05, 0.1], "ham_held": [0.0, 0.004]}}


def group(action: Action, number: int, word: Word | None = None) -> Group:
    return Group(DAY, action, Status.HELD, word, "in_doubt", "", number)


def cell(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<svg.*?</svg>|<[^>]*>", " ", page, flags=re.DOTALL))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    desk.log_in()
    return desk


def test_what_came_in_is_told_by_day_and_decision(desk: Desk) -> None:
    desk.hold("a", HOLD)
    desk.hold("b", APPROVE)
    desk.clock.pass_(days=1)
    desk.hold("c", REJECT)
    desk.log_in()
    page = cell(desk.browser.get("/insights?days=7").text)
    assert "3 comments over time" not in page  # it is the drawing's title, and the table says more
    assert "21 Nov 2026 0 0 0 22 Nov 2026 1 1 0 23 Nov 2026 0 0 1" in page


def test_campaigns_are_told_with_what_they_say_and_what_was_said_of_them(desk: Desk) -> None:
    say = "A wave of comments that all say the very same thing about garden furniture number"
    ids = [
        desk.store.remember(
            desk.site, Comment(f"{say} {number}", id=f"w{number}"), HOLD, belongs=Belongs(7, None), at=desk.clock()
        ).id
        for number in range(3)
    ]
    desk.hold("alone", HOLD)
    desk.store.give_verdict(ids[0], Word.SPAM, by="ann", door="page")
    page = desk.browser.get("/insights?days=7").text
    assert 'href="/?status=all&amp;campaign=7"' in page
    assert re.search(r"A wave of comments .{0,90} 3 2 1 0 ", cell(page))
    desk.store.add_site("other")
    assert "garden furniture" not in desk.browser.get("/insights?days=7&site=other").text


def test_another_sites_comments_are_not_counted(desk: Desk) -> None:
    desk.hold("a", HOLD)
    desk.store.add_site("other")
    assert "22 Nov 2026 0 1 0" in cell(desk.browser.get("/insights?days=7&site=blog").text)
    assert "No comment came in during these days." in desk.browser.get("/insights?days=7&site=other").text


@pytest.mark.parametrize("nonsense", ["days=0", "days=-1", "days=9999999999", "days=x", "site=nobody", "days=%00"])
def test_nonsense_in_the_address_shows_the_usual_range(desk: Desk, nonsense: str) -> None:
    page = desk.browser.get(f"/insights?{nonsense}")
    assert page.status_code == 200
    assert '<option value="30" selected>' in page.text


def test_with_nothing_judged_no_figure_is_claimed(desk: Desk) -> None:
    desk.hold("a", APPROVE)
    page = cell(desk.browser.get("/insights").text)
    assert "Spam that was held or rejected not yet" in page
    assert "Not enough data yet" in page


def test_recall_stands_on_the_spot_checks_and_not_on_what_somebody_reported() -> None:
    groups = [group(Action.HOLD, 80, Word.SPAM), group(Action.HOLD, 20, Word.HAM), group(Action.APPROVE, 9_800)]
    groups.append(group(Action.APPROVE, 200, Word.SPAM))  # reported by readers: no sample of anything
    found = insights(groups, {Action.APPROVE: (100, 1, 99)}, (), REPORT)
    recall = found.live[0].now
    assert recall is not None and recall.value == pytest.approx(80 / (80 + 100))
    assert recall.low < 0.4 and recall.high > 0.7


@pytest.mark.parametrize(
    ("now", "rings"),
    [((0.5, 0.4, 0.6), True), ((0.88, 0.8, 0.93), False), ((0.99, 0.97, 1.0), False), (None, False)],
)
def test_the_alarm_rings_where_recall_is_surely_worse_than_promised(
    now: tuple[float, float, float] | None, rings: bool
) -> None:
    assert Live("recall", Interval(*now) if now else None, (0.9, 0.95)).alarm is rings


def test_the_alarm_rings_where_more_good_ones_are_held_than_promised() -> None:
    assert Live("ham_held", Interval(0.03, 0.02, 0.04), (0.0, 0.004)).alarm
    assert not Live("ham_held", Interval(0.003, 0.001, 0.01), (0.0, 0.004)).alarm


def test_an_alarm_stands_on_the_page_and_the_report_can_be_had(desk: Desk, tmp_path: Path) -> None:
    folder = tmp_path / "m1"
    folder.mkdir()
    (folder / "report.json").write_text(json.dumps(REPORT))
    (folder / "report.html").write_text("<!doctype html><style>p{}</style>")
    desk.shelf.folder = folder
    for number in range(60):
        own = desk.hold(f"words {number}", Decision(Action.APPROVE, "probably_fine", 0.1, (), "m1"))
        if number < 30:
            held = desk.hold(f"held {number}", HOLD)
            desk.store.give_verdict(held, Word.SPAM, by="ann", door="page")
        desk.clock.pass_(minutes=2)
        desk.store.spot_checks.draw(b"key", 1.0)
        desk.store.give_verdict(own, Word.SPAM if number % 2 else Word.HAM, by="ann", door="page")
    desk.clock.pass_(minutes=2)
    desk.store.spot_checks.draw(b"key", 1.0)
    desk.log_in()
    page = desk.browser.get("/insights").text
    assert 'role="alert"' in page and "has left what the model’s report promised" in page
    report = desk.browser.get("/insights/report")
    assert report.headers["Content-Disposition"].startswith("attachment")
    assert "unsafe-inline" not in report.headers["Content-Security-Policy"]


def test_a_report_that_cannot_be_read_is_as_none(desk: Desk, tmp_path: Path) -> None:
    for text in ("[]", "{", '{"intervals": 3, "histogram": {"ham": 3}}', '{"intervals": {"ham_held": [1]}}'):
        (tmp_path / "report.json").write_text(text)
        desk.shelf.folder = tmp_path
        assert desk.browser.get("/insights").status_code == 200
    assert desk.browser.get("/insights/report").status_code == 404


def test_scores_that_moved_are_told() -> None:
    histogram = {"ham": [100] * 4 + [0] * 36, "spam": [0] * 36 + [10] * 4}
    calm = [100] * 4 + [0] * 32 + [10] * 4
    moved = [0] * 16 + [95] * 8 + [2] * 16
    few = [group(Action.APPROVE, 400)]
    assert (insights(few, {}, calm, {"histogram": histogram}).moved or 0) < 0.1
    assert (insights(few, {}, moved, {"histogram": histogram}).moved or 0) > 0.25
    assert insights(few, {}, [1] * 40, {"histogram": histogram}).moved is None


@pytest.mark.parametrize("days", [1, 7, 93, 94, 365])
def test_columns_hold_each_comment_once(days: int) -> None:
    last = DAY + timedelta(days=days - 1)
    counts = {DAY + timedelta(days=number): {"approve": number, "hold": 1} for number in range(days)}
    found = charts.columns(counts, DAY, last, ("approve", "hold"))
    assert sum(column.total for column in found) == sum(range(days)) + days
    assert len(found) <= charts.MOST_DAYS
    drawn = charts.stacked(found, ("approve", "hold"))
    assert all(0 <= bar.y <= charts.HEIGHT and bar.y + bar.height <= charts.HEIGHT + 0.01 for bar in drawn.bars)
    assert drawn.top >= max(column.total for column in found)

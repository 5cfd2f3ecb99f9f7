"""The queue's address: filters and orders in it, what it says to nonsense, and the page of failed callbacks."""

import itertools
import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from conftest import APPROVE, HOLD
from flask import Flask
from flask_babel import Babel
from hypothesis import given
from hypothesis import strategies as st
from review_desk import Desk

from moderator.comment import Word
from moderator.review import callbacks, queue
from moderator.review.view import DEFAULTS, NAMES, View, view_of
from moderator.store import CallbackKind, Delivery, Outcome, Site


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    desk.log_in()
    yield desk
    desk.store.close()


def shown(page: str) -> list[str]:
    """The authors on the cards, in order."""
    return re.findall(r'<h2 id="h-\w+">\s*<a href="/comments/\w+"><bdi>(.*?)</bdi>', page)


def hold(
    desk: Desk, name: str, score: float = 0.6, rule: str = "in_doubt", body: str = "Hello", language: str = ""
) -> str:
    decision = replace(HOLD, score=score, rule=rule)
    return desk.hold(body, decision, author={"name": name}, language=language)


def test_each_filter_of_the_form_works_from_the_address(desk: Desk) -> None:
    hold(desk, "Ada", 0.45, rule="link_only", language="de-AT")
    desk.clock.pass_(days=2)
    hold(desk, "Bob", 0.8, body="about gardens")
    desk.log_in()  # two days are longer than a login
    for query, expected in {
        "reason=link_only": ["Ada"],
        "author=bo": ["Bob"],
        "q=gardens": ["Bob"],
        "language=DE": ["Ada"],
        "language=de-CH": ["Ada"],
        "least=50": ["Bob"],
        "most=45": ["Ada"],
        "least=45&most=80,0": ["Bob", "Ada"],
        "link=no": ["Bob", "Ada"],
        "link=yes": [],
        "until=2026-11-22": ["Ada"],
        "since=2026-11-23": ["Bob"],
        "since=2026-11-22&until=2026-11-24&order=oldest": ["Ada", "Bob"],
        "order=score": ["Bob", "Ada"],
        "order=useful": ["Ada", "Bob"],
        "status=all&reason=link_only": ["Ada"],
    }.items():
        page = desk.browser.get(f"/?{query}").text
        assert shown(page) == expected, query
        assert 'role="alert"' not in page, query


def test_the_form_shows_what_the_address_asks_for(desk: Desk) -> None:
    page = desk.browser.get(
        "/?reason=link_only&author=Zo%C3%AB&language=pt-BR&link=yes&least=12.5&most=99&since=2026-11-01"
        "&until=2026-11-22&order=oldest"
    ).text
    for told in (
        '<option value="link_only" selected>', 'name="author" value="Zoë"', 'name="language" value="pt"',
        '<option value="yes" selected>', 'name="least" value="12.5"', 'name="most" value="99"',
        'name="since" value="2026-11-01"', 'name="until" value="2026-11-22"', '<option value="oldest" selected>',
        "<details class=\"more\" open>", "(8 in use)",
    ):  # fmt: skip
        assert told in page, told


def test_every_field_of_the_form_has_a_label(desk: Desk) -> None:
    page = desk.browser.get("/").text
    form = page[page.index('class="find"') : page.index("</form>", page.index('class="find"'))]
    labels = re.findall(r"<label.*?</label>", form, re.DOTALL)
    assert all(re.sub(r"<select.*?</select>|<[^>]+>|\s", "", label, flags=re.DOTALL) for label in labels)
    fields = re.findall(r'<(?:input|select)(?! type="hidden")', form)
    assert len(fields) == len(labels) == 12  # the site's is shown only where there are several


def test_the_empty_fields_that_a_form_sends_do_not_stay_in_the_address(desk: Desk) -> None:
    answer = desk.browser.get("/?q=hi&order=oldest&reason=&author=&least=&since=")
    assert (answer.status_code, answer.location) == (303, "/?q=hi&order=oldest")


@pytest.mark.parametrize(
    ("query", "note"),
    [
        ("status=nonsense", "There is no queue “nonsense”"),
        ("site=nowhere", "There is no site “nowhere”"),
        ("reason=bad", "There is no reason “bad”"),
        ("language=1", "“1” is no code of a language"),
        ("link=maybe", "“maybe” cannot be asked of links"),
        ("least=-1", "“-1” is no score"),
        ("most=101", "“101” is no score"),
        ("most=nan", "“nan” is no score"),
        ("since=2026-02-30", "“2026-02-30” is no day"),
        ("until=9999-12-31", "“9999-12-31” is no day"),
        ("order=loudest", "There is no order “loudest”"),
        ("least=80&most=20", "so the two have changed places"),
        ("since=2026-11-23&until=2026-11-01", "so the two have changed places"),
        ("status=approved&order=score", "“Highest score first” is for what is held"),
        ("before=x", queue.NO_SUCH_PAGE),
        ("after=x", queue.NO_SUCH_PAGE),
        ("order=score&before=" + "0" * 26, queue.NO_SUCH_PAGE),
        ("site=%3Cscript%3E", "There is no site “&lt;script&gt;”"),
    ],
)
def test_what_cannot_be_meant_is_said_and_the_nearest_view_shown(desk: Desk, query: str, note: str) -> None:
    hold(desk, "Ada")
    desk.hold("x", APPROVE, author={"name": "Bob"})
    answer = desk.browser.get(f"/?{query}")
    assert answer.status_code == 200
    assert note in unescape(answer.text) or note in answer.text
    assert 'role="alert"' in answer.text
    if "since" not in query:
        assert shown(answer.text) in (["Ada"], ["Bob"])


WORDS = st.text() | st.sampled_from(["yes", "all", "held", "score", "useful", "2026-11-22", "50", "link_only", "blog"])


@given(st.dictionaries(st.sampled_from(NAMES), WORDS))
def test_any_address_is_a_view_whose_own_address_is_that_view_without_a_note(values: dict[str, str]) -> None:
    app = Flask("any")
    Babel(app)
    with app.app_context():  # in which the notes are translated
        view = view_of(values, {"blog"})
        view.filter({"blog": Site(1, "blog", None, None)})  # type: ignore[arg-type]
        again = view_of(dict(parse_qsl(urlsplit(view.url()).query)), {"blog"})
        assert again == view
        assert again.notes == ()


def test_a_view_says_only_what_is_not_the_usual() -> None:
    assert View().url() == "/"
    assert set(DEFAULTS) == set(NAMES)
    assert View(order="useful").tab("approved").url() == "/?status=approved"
    assert View(order="oldest", q="x", before="y").tab("all").url() == "/?status=all&q=x&order=oldest"


@pytest.mark.parametrize("order", ["newest", "oldest", "score", "useful"])
def test_the_links_lead_through_all_pages_and_back_in_every_order(desk: Desk, order: str) -> None:
    for number in range(2 * queue.PAGE + 3):
        hold(desk, f"N{number:02}", 0.4 + number % 5 / 10)
    address, seen = f"/?order={order}&most=90", []
    for _ in range(3):
        page = desk.browser.get(address).text
        seen.append(shown(page))
        following = re.search(r'rel="next" href="([^"]*)"', page)
        address = unescape(following[1]) if following else ""
    assert address == ""
    assert sorted(itertools.chain.from_iterable(seen)) == [f"N{number:02}" for number in range(2 * queue.PAGE + 3)]
    back = re.search(r'rel="prev" href="([^"]*)"', page)
    assert back
    assert shown(desk.browser.get(unescape(back[1])).text) == seen[1]


def fail(desk: Desk, own: Site | None = None) -> str:
    """A verdict of which the blog could not be told; our id of the comment."""
    site = own or desk.site
    if desk.store.callbacks.of(site.id) is None:
        desk.store.callbacks.set(site.id, CallbackKind.NATIVE, "https://blog.example/hook", allow_private=False)
    comment = desk.hold("Hello")
    desk.store.give_verdict(comment, Word.SPAM, by="ben", door="page")
    desk.store.outbox.claim("H", most=1)
    parcel = desk.store.outbox.take(site.id, "H")
    assert parcel is not None
    desk.store.outbox.note(parcel, Outcome(Delivery.FAILED, "answered <500>"), "H")
    desk.store.outbox.release(site.id, "H")
    return comment


def test_failed_callbacks_are_counted_listed_and_repeated_one_by_one_or_all(desk: Desk) -> None:
    assert "No callback has failed" in desk.browser.get("/callbacks").text
    comments = [fail(desk) for _ in range(3)]
    assert 'Failed callbacks <span class="count">3</span>' in desk.browser.get("/").text
    page = desk.browser.get("/callbacks")
    assert all(f"/comments/{comment}" in page.text for comment in comments)
    assert "answered &lt;500&gt;" in page.text
    one = re.search(r'name="id" value="(\w+)"', page.text)
    assert one
    answer = desk.submit(page, "/callbacks/retry", id=one[1])
    assert (answer.status_code, answer.location) == (303, "/callbacks")
    assert desk.store.outbox.counts()[Delivery.WAITING] == 1
    page = desk.browser.get("/callbacks")
    assert "1 is on the way now" in page.text
    desk.submit(page, "/callbacks/retry", all="yes")
    assert desk.store.outbox.counts()[Delivery.FAILED] == 0
    for nonsense in ("x", "0" * 26, ""):
        assert desk.submit(page, "/callbacks/retry", id=nonsense).status_code == 303


def test_without_a_token_nothing_is_repeated(desk: Desk) -> None:
    fail(desk)
    assert desk.browser.post("/callbacks/retry", data={"all": "yes"}).status_code == 403
    assert desk.store.outbox.counts()[Delivery.FAILED] == 1


def test_failed_callbacks_page_and_nonsense_leads_to_the_first(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callbacks, "PAGE", 2)
    comments = [fail(desk) for _ in range(5)]
    address, seen = "/callbacks", []
    while address:
        page = desk.browser.get(address).text
        seen += re.findall(r'<a href="/comments/(\w+)">', page)
        following = re.search(r'rel="next" href="([^"]*)"', page)
        address = following[1] if following else ""
    assert seen == comments[::-1]
    nonsense = desk.browser.get("/callbacks?before=%00x").text
    assert "The page that the address names is not there" in nonsense
    assert comments[-1] in nonsense

"""Forms that nobody else can send in a moderator's name, and headers on whatever we answer."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from review_desk import LOGIN, PASSWORD, Desk, form
from werkzeug.wrappers import Response

from moderator.store import StoreError

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'"
)
TEMPLATES = Path(__file__).parent.parent / "moderator" / "review" / "templates"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.store.close()


def check_headers(answer: Response, cache: str = "no-store") -> None:
    said = {
        "Content-Security-Policy": CSP,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": cache,
    }
    for name, value in said.items():
        assert answer.headers.getlist(name) == [value], (answer.status_code, name)


@pytest.mark.parametrize("token", [None, "", "x" * 32, "x.y", ".", "é.ü"])
def test_a_form_without_its_token_changes_nothing(desk: Desk, token: str | None) -> None:
    comment = desk.hold()
    desk.log_in()
    fields = {"word": "spam", "version": "1"} | ({} if token is None else {"token": token})
    answer = desk.browser.post(f"/comments/{comment}/verdict", data=fields)
    assert answer.status_code == 403
    assert "nothing was changed" in answer.text
    assert desk.status(comment) == "held"


def test_a_token_of_another_session_does_not_fit(desk: Desk) -> None:
    comment = desk.hold()
    action = f"/comments/{comment}/verdict"
    desk.log_in()
    eve = desk.store.add_person("eve@example.org")
    desk.store.set_password(eve.id, PASSWORD)
    other = desk.new_browser()
    desk.log_in(other, login="eve@example.org")
    assert desk.submit(other.get("/"), action, word="spam").status_code == 403
    assert desk.status(comment) == "held"


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"},
        {"Origin": "null"}, {"Origin": "http://localhost.evil.example"}, {"Origin": "http://[broken"},
    ],
)  # fmt: skip
def test_a_form_from_another_site_is_refused_even_with_a_good_token(desk: Desk, headers: dict[str, str]) -> None:
    comment = desk.hold()
    desk.log_in()
    action = f"/comments/{comment}/verdict"
    fields = {**form(desk.browser.get("/"), action), "word": "spam"}
    assert desk.browser.post(action, data=fields, headers=headers).status_code == 403
    assert desk.status(comment) == "held"
    ours = {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}
    assert desk.browser.post(action, data=fields, headers=ours).status_code == 303


def test_a_login_form_cannot_be_forged_either(desk: Desk) -> None:
    fields = {"login": LOGIN, "password": PASSWORD}
    assert desk.browser.post("/login", data=fields).status_code == 403
    good = form(desk.browser.get("/login"), "/login")
    cross = desk.browser.post("/login", data={**good, **fields}, headers={"Sec-Fetch-Site": "cross-site"})
    assert cross.status_code == 403
    assert desk.new_browser().post("/login", data={**good, **fields}).status_code == 403  # another visitor's token


def test_a_text_that_only_looks_like_a_form_is_refused(desk: Desk) -> None:
    comment = desk.hold()
    desk.log_in()
    answer = desk.browser.post(f"/comments/{comment}/verdict", data="{}", content_type="text/plain")
    assert answer.status_code == 403


def test_a_verdict_by_get_is_not_possible(desk: Desk) -> None:
    comment = desk.hold()
    desk.log_in()
    assert desk.browser.get(f"/comments/{comment}/verdict?word=spam").status_code == 405


def test_every_answer_has_every_header(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    comment = desk.hold()
    link = desk.store.add_link(desk.ann.id)
    pages = [
        "/",
        "/login",
        f"/set-password/{link}",
        "/set-password/x",
        f"/comments/{comment}",
        "/comments/x",
        "/nowhere",
    ]
    for logged_in in (False, True):
        if logged_in:
            check_headers(desk.log_in())
        for path in pages:
            for method in ("GET", "HEAD", "POST", "PUT", "OPTIONS"):
                check_headers(desk.browser.open(path, method=method))
    check_headers(desk.browser.get("/static/../x"))
    check_headers(desk.browser.get("/static/nothing.css"))
    check_headers(desk.browser.post("/undo", data={"x": "y" * 100_000}))
    for broken, status in ((StoreError("away"), 503), (ValueError("of our own"), 500)):

        def fail(*args: object, error: Exception = broken, **more: object) -> None:
            raise error

        monkeypatch.setattr(desk.store, "queue", fail)
        answer = desk.browser.get("/")
        assert answer.status_code == status
        check_headers(answer)
        assert "away" not in answer.text
        assert "of our own" not in answer.text


def test_files_of_ours_may_be_kept_and_change_their_address_with_their_content(desk: Desk) -> None:
    page = desk.browser.get("/login").text
    for name in ("pages.css", "keys.js", "mark.svg"):
        start = page.index(f"/static/{name}?v=")
        with desk.browser.get(page[start : page.index('"', start)]) as answer:
            check_headers(answer, "public, max-age=31536000, immutable")


@pytest.mark.parametrize("template", sorted(TEMPLATES.iterdir()), ids=lambda path: path.name)
def test_templates_trust_no_text_and_have_nothing_inline(template: Path) -> None:
    text = template.read_text("utf-8").lower()
    if template.suffix == ".txt":  # a letter in plain text, where nothing is markup
        text = text.replace("{% autoescape false %}", "", 1).replace("{% endautoescape %}", "", 1)
    for bad in ("|safe", "| safe", "markup(", "autoescape", "style=", "<style", "javascript:", " onclick", " onload"):
        assert bad not in text
    assert "http://" not in text
    assert "https://" not in text
    assert all("src=" in part for part in text.split("<script")[1:])


def test_a_script_that_asks_for_no_page_gets_none_and_can_undo_all_the_same(desk: Desk) -> None:
    desk.log_in()
    one = desk.hold()
    fields = form(desk.browser.get("/"), f"/comments/{one}/verdict")
    asked = {"Prefer": "return=minimal"}
    answer = desk.browser.post(f"/comments/{one}/verdict", data={**fields, "word": "spam"}, headers=asked)
    assert (answer.status_code, answer.data) == (204, b"")
    check_headers(answer)
    answer = desk.browser.post("/undo", data=form(desk.browser.get("/?status=held"), "/undo"), headers=asked)
    assert answer.status_code == 204
    assert desk.status(one) == "held"

"""What every answer of the whole application says to browsers: on every route, with every status, to the byte."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from doors import Installation, install
from flask.testing import FlaskClient
from werkzeug.wrappers import Response

from moderator.review.security import CONTENT_SECURITY_POLICY
from moderator.store import Role

PAGES = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'"
)
DATA = "default-src 'none'; frame-ancestors 'none'"
DOCS = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")
BANNER = re.compile(r"gunicorn|Werkzeug|Python|Flask", re.IGNORECASE)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    made = install(tmp_path_factory.mktemp("headers"))
    yield made
    made.store.close()


@pytest.fixture(scope="module")
def browsers(here: Installation) -> dict[str, FlaskClient]:
    """Nobody, a moderator and an administrator."""
    found = {"nobody": here.client}
    for role in Role:
        browser = here.client
        browser.set_cookie("moderator", here.store.start_session(here.store.add_person(f"{role}@x").id)[0])
        found[str(role)] = browser
    return found


def addresses(here: Installation) -> list[str]:
    """Each route with something in its places, and some that are none."""
    routes = [re.sub(r"<[^>]*>", "1", rule.rule) for rule in here.app.url_map.iter_rules()]
    return [*routes, "/nowhere", "/v1/nowhere", "/1.1/nowhere", "/%00", "/<script>", "/static/../settings.py"]


def check(answer: Response, path: str) -> None:
    headers = answer.headers
    assert headers["Content-Security-Policy"] in (PAGES, DATA, DOCS)
    if answer.mimetype == "text/html" and answer.data and path != "/docs":
        assert headers["Content-Security-Policy"] == PAGES
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] in ("same-origin", "no-referrer")
    assert headers["Cache-Control"] == "no-store" or path.startswith(("/static", "/docs", "/openapi"))
    assert not [name for name in headers.keys() if name.startswith("Access-Control")]  # noqa: SIM118
    assert not BANNER.search(str(headers))


def test_every_page_has_the_same_policy_whatever_its_status(
    here: Installation, browsers: dict[str, FlaskClient]
) -> None:
    assert PAGES == CONTENT_SECURITY_POLICY
    statuses = set()
    for address in addresses(here):
        for method in METHODS:
            for browser in browsers.values():
                for accepts in ("text/html", "application/json"):
                    with browser.open(address, method=method, headers={"Accept": accepts}) as answer:
                        check(answer, address)
                        assert answer.status_code < 500
                        statuses.add(answer.status_code)
    assert statuses >= {200, 303, 401, 403, 404, 405, 415}


@pytest.mark.parametrize("accepts", ["text/html", "application/json"])
def test_errors_of_ours_have_them_too(accepts: str, here: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object, **named: object) -> None:
        raise ValueError("of our own")

    browser = here.client
    browser.set_cookie("moderator", here.store.start_session(here.store.people()[0].id)[0])
    for name in ("queue", "site_by_key", "check"):
        monkeypatch.setattr(here.store, name, broken)
    for address in ("/", "/readyz", "/v1/comments?external_id=1"):
        answer = browser.get(address, headers={"Accept": accepts, "Authorization": "Bearer mk_x"})
        assert answer.status_code == 500
        check(answer, address)
        assert "of our own" not in answer.text


def test_over_https_browsers_are_told_to_stay_there(tmp_path: Path) -> None:
    made = install(tmp_path, public_url="https://moderator.example")
    for address in ("/login", "/healthz", "/nowhere"):
        told = made.client.get(address, base_url="https://moderator.example").headers["Strict-Transport-Security"]
        assert told == "max-age=31536000"
    made.store.close()


def test_over_http_they_are_not(here: Installation) -> None:
    assert "Strict-Transport-Security" not in here.client.get("/login").headers


@pytest.mark.parametrize("status", [404, 405, 413, 415, 401])
def test_blogs_get_a_problem_document_for_each_error(status: int, here: Installation) -> None:
    auth = {"Authorization": f"Bearer {here.key}"}
    asked: dict[int, dict[str, Any]] = {
        404: {"path": "/v1/nowhere"},
        405: {"path": "/v1/comments/batch", "method": "DELETE"},
        413: {"method": "POST", "data": b"x" * 1_048_577, "content_type": "application/json"},
        415: {"method": "POST", "data": b"x", "content_type": "text/xml"},
        401: {"method": "POST", "json": {}, "headers": {}},
    }
    answer = here.client.open(**{"path": "/v1/comments", "headers": auth} | asked[status])
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert answer.get_json()["status"] == status

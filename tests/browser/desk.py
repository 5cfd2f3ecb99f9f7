"""A server process over a SQLite file, and moderators' browsers at it."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page
from test_story import serving

from moderator.comment import Action, Comment, Decision
from moderator.known import Belongs
from moderator.store import Role, Site, Store

ANN, BOB, PASSWORD = "ann@example.org", "bob@example.org", "a few words in a row"
DOUBT = Decision(Action.HOLD, "in_doubt", 0.625, (), "m1")


@dataclass
class Installation:
    """What the server of a test run keeps. Each test has a site of its own in it."""

    base: str
    store: Store
    file: Path
    logins: dict[str, Any] = field(default_factory=dict)
    sites: int = 0

    def forget(self) -> None:
        """What was done in other tests is no news to this one."""
        with closing(sqlite3.connect(self.file, timeout=10)) as connection, connection:
            connection.execute("DELETE FROM deeds")

    def new_site(self) -> Site:
        self.sites += 1
        return self.store.add_site(f"blog {self.sites}")[0]


@contextmanager
def installation(folder: Path) -> Iterator[Installation]:
    url = f"sqlite:///{folder}/moderator.sqlite3"
    Store.upgrade(url)
    store = Store.open(url, clock=lambda: datetime.now(UTC))
    for login in (ANN, BOB):
        store.set_password(store.add_person(login, Role.MODERATOR).id, PASSWORD)
    store.add_site("first")
    (folder / "seen").touch()  # The first start's words have been said.
    with serving(folder) as (port, _):
        yield Installation(f"http://127.0.0.1:{port}", store, folder / "moderator.sqlite3")
    store.close()


class Desk:
    """One test's site, its comments, and the browser windows on it."""

    def __init__(self, browser: Browser, home: Installation) -> None:
        self.browser, self.home, self.store = browser, home, home.store
        self.site = home.new_site()
        home.forget()
        self.queue = f"{home.base}/?site={self.site.name.replace(' ', '+')}"
        self.heard: list[str] = []
        self.asked: list[tuple[str, str]] = []
        self.contexts: list[BrowserContext] = []
        self.number = 0
        self.began = datetime.now(UTC) - timedelta(minutes=5)

    def hold(self, body: str = "Hello there", belongs: Belongs | None = None, **fields: Any) -> str:
        """A held comment, of a campaign if it belongs to one; our id. The newest is the first in the queue."""
        self.number += 1
        comment = Comment.from_json({"id": str(self.number), "body": body, **fields})
        at = self.began + timedelta(milliseconds=self.number)
        return self.store.remember(self.site, comment, DOUBT, belongs=belongs, at=at).id

    def hold_all(self, number: int) -> list[str]:
        """So many held comments, the first of the queue first."""
        return [self.hold(f"Comment {n} of {number}") for n in range(number, 0, -1)][::-1]

    def status(self, comment_id: str) -> str:
        found = self.store.comment(None, comment_id)
        assert found is not None
        return found.verdict.word.value if found.verdict else found.status.value

    def window(self, login: str = "", **options: Any) -> Page:
        """A page of a context of its own, logged in if a login is given."""
        if login:
            options["storage_state"] = self.home.logins.get(login)
        context = self.browser.new_context(**options)
        self.contexts.append(context)
        context.set_default_timeout(10_000)
        page = context.new_page()
        page.on("console", lambda said: self.heard.append(said.text))
        page.on("pageerror", lambda error: self.heard.append(str(error)))
        page.on("request", lambda request: self.asked.append((request.method, request.url)))
        if login and login not in self.home.logins:
            log_in(page, self.home.base, login)
            self.home.logins[login] = context.storage_state()
        return page

    def open(self, login: str = ANN, **options: Any) -> Page:
        """The held queue of this test's site."""
        page = self.window(login, **options)
        page.goto(self.queue)
        return page

    def posts(self) -> list[str]:
        return [url for method, url in self.asked if method == "POST" and not url.endswith("/login")]

    def close(self) -> None:
        for context in self.contexts:
            context.close()


def log_in(page: Page, base: str, login: str) -> None:
    page.goto(f"{base}/login")
    page.fill("#login", login)
    page.fill("#password", PASSWORD)
    page.click("button.main")
    page.wait_for_url(f"{base}/")


def here(page: Page) -> str:
    """The id of the comment that keys act on."""
    return str(page.evaluate("(document.querySelector('.card.here:not([hidden])') || {id: ''}).id.slice(2)"))


def settled(page: Page, said: str) -> None:
    """Wait until the page tells that this was done."""
    page.locator("#notice .notice", has_text=said).wait_for()


def until(page: Page, holds: Callable[[], bool]) -> None:
    """Wait until something holds that the page does not tell."""
    for _ in range(200):
        if holds():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it never held")


def dispatch(page: Page, *keys: str, **how: Any) -> bool:
    """Send key events as no keyboard here can, several at one moment; whether the page took any."""
    events = [{"key": key, "bubbles": True, "cancelable": True, **how} for key in keys]
    return bool(
        page.evaluate(
            "events => events.map(event => !document.activeElement.dispatchEvent(new KeyboardEvent('keydown', event)))"
            ".some(taken => taken)",
            events,
        )
    )

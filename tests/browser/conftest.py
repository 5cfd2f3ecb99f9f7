"""The browser, the server, and a desk for each test."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from browser.desk import Desk, Installation, installation

CHROMIUM = os.environ.get("MODERATOR_TEST_CHROMIUM") or shutil.which("chromium")
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage"
).split()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Debian's Chromium. On CI its absence is a failure."""
    if CHROMIUM is None:
        say = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        say("no Chromium for the tests of the page: run tests/browser/install.sh (Debian, as root) or install one")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="package")
def home(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A running server."""
    with installation(tmp_path_factory.mktemp("browser")) as made:
        yield made


@pytest.fixture
def desk(browser: Browser, home: Installation) -> Iterator[Desk]:
    """A site of this test's own. Whatever the browser has to complain about, a broken policy too, fails the test."""
    desk = Desk(browser, home)
    yield desk
    desk.close()
    assert desk.heard == []
    assert [url for _, url in desk.asked if not url.startswith(f"{home.base}/")] == []

"""Akismet keys: what is kept of them, how wrong ones are slowed down, and how right ones stay fast."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from akismet_blog import set_up
from click.testing import CliRunner
from conftest import HandClock
from sqlalchemy import create_engine, text
from test_story import run

from moderator import settings
from moderator.cli import commands
from moderator.server import open_store
from moderator.store import Site, Store, StoreError, TooManyAttempts
from moderator.store.akismet_keys import bucket_of, digest_of
from moderator.store.passwords import stretched

PEPPER = bytes(range(32))
WRONG = [f"{number:012x}" for number in range(1000)]


def test_a_key_is_12_hexadecimal_characters_and_finds_its_site(store: Store, site: Site) -> None:
    other, _ = store.add_site("another")
    keys = {store.akismet_keys.add(which.id, pepper=PEPPER): which for which in (site, site, other)}
    for key, which in keys.items():
        assert len(key) == 12 and int(key, 16) >= 0 and key == key.lower()
        assert store.akismet_keys.site_of(key, pepper=PEPPER, address="192.0.2.1") == which
    assert store.akismet_keys.site_of("0" * 12, pepper=PEPPER, address="192.0.2.1") is None
    assert store.akismet_keys.site_of(key, pepper=bytes(32), address="192.0.2.1") == other  # known by now
    with pytest.raises(StoreError, match="no site number 99"):
        store.akismet_keys.add(99, pepper=PEPPER)


def test_a_key_is_kept_as_a_slow_digest_under_the_installations_secret(
    store: Store, store_url: str, site: Site
) -> None:
    key = store.akismet_keys.add(site.id, pepper=PEPPER)
    engine = create_engine(store_url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as connection:
        row = connection.execute(text("SELECT * FROM akismet_keys")).one()
    engine.dispose()
    assert key not in str(row)
    assert row.digest == digest_of(key, PEPPER) != digest_of(key, bytes(32))
    assert 0 <= row.bucket == bucket_of(key, PEPPER) < 256
    begun = time.perf_counter()
    digest_of(key, PEPPER)
    assert time.perf_counter() - begun > 0.004  # 19 MiB twice over: 8 ms and more


def test_a_revoked_key_is_dead_within_a_second_in_every_process(
    store: Store, store_url: str, site: Site, clock: HandClock
) -> None:
    key = store.akismet_keys.add(site.id, pepper=PEPPER)
    elsewhere = Store.open(store_url, clock=clock)
    try:
        for process in (store, elsewhere):
            assert process.akismet_keys.site_of(key, pepper=PEPPER, address="192.0.2.1") is not None
        (listed,) = store.akismet_keys.listed(site.id)
        store.akismet_keys.revoke(listed.id)
        time.sleep(1)
        for process in (store, elsewhere):
            assert process.akismet_keys.site_of(key, pepper=PEPPER, address="192.0.2.1") is None
            assert process.akismet_keys.last_known(key) is None
    finally:
        elsewhere.close()
    (listed,) = store.akismet_keys.listed(site.id)
    assert listed.revoked is not None
    with pytest.raises(StoreError, match="no Akismet key number 99"):
        store.akismet_keys.revoke(99)


def test_wrong_keys_from_one_network_have_to_wait_and_right_ones_go_on(
    store: Store, store_url: str, site: Site, clock: HandClock
) -> None:
    keys = store.akismet_keys
    right = keys.add(site.id, pepper=PEPPER)
    assert keys.site_of(right, pepper=PEPPER, address="192.0.2.1") == site
    for wrong in WRONG[:20]:
        assert keys.site_of(wrong, pepper=PEPPER, address="192.0.2.1") is None
    with pytest.raises(TooManyAttempts) as refused:
        keys.site_of(WRONG[20], pepper=PEPPER, address="192.0.2.99")  # the same network
    assert 0 < refused.value.wait <= 300
    assert keys.site_of(right, pepper=PEPPER, address="192.0.2.1") == site
    assert keys.site_of(WRONG[20], pepper=PEPPER, address="198.51.100.1") is None
    another = Store.open(store_url, clock=clock)  # a worker that has not seen the right key yet counts with us
    try:
        with pytest.raises(TooManyAttempts):
            another.akismet_keys.site_of(right, pepper=PEPPER, address="192.0.2.1")
        clock.pass_(seconds=301)
        assert another.akismet_keys.site_of(right, pepper=PEPPER, address="192.0.2.1") == site
    finally:
        another.close()


def test_wrong_keys_from_many_networks_are_slowed_down_together(store: Store) -> None:
    for number, wrong in enumerate(WRONG[:200]):
        store.akismet_keys.site_of(wrong, pepper=PEPPER, address=f"10.{number}.0.1")
    with pytest.raises(TooManyAttempts) as refused:
        store.akismet_keys.site_of(WRONG[200], pepper=PEPPER, address="10.201.0.1")
    assert refused.value.wait <= 2


def test_right_keys_are_forgiven_as_often_as_they_come(
    store: Store, store_url: str, site: Site, clock: HandClock
) -> None:
    right = store.akismet_keys.add(site.id, pepper=PEPPER)
    for _ in range(22):
        worker = Store.open(store_url, clock=clock)
        assert worker.akismet_keys.site_of(right, pepper=PEPPER, address="192.0.2.1") == site
        worker.close()


@pytest.fixture
def slow_hashes(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """One entry for each slow hash that was reckoned."""
    reckoned: list[bytes] = []

    def counting(secret: bytes, salt: bytes) -> str:
        reckoned.append(secret)
        return stretched(secret, salt)

    monkeypatch.setattr("moderator.store.akismet_keys.stretched", counting)
    return reckoned


def test_a_known_key_is_hashed_once_and_not_for_every_request(
    store: Store, site: Site, slow_hashes: list[bytes]
) -> None:
    right = store.akismet_keys.add(site.id, pepper=PEPPER)
    slow_hashes.clear()
    for _ in range(1000):
        assert store.akismet_keys.site_of(right, pepper=PEPPER, address="192.0.2.1") == site
    assert len(slow_hashes) == 1


def test_many_first_requests_at_once_with_a_right_key_are_one_try(
    store: Store, site: Site, slow_hashes: list[bytes]
) -> None:
    right = store.akismet_keys.add(site.id, pepper=PEPPER)
    slow_hashes.clear()
    with ThreadPoolExecutor(40) as threads:
        found = [
            threads.submit(store.akismet_keys.site_of, right, pepper=PEPPER, address="192.0.2.1") for _ in range(40)
        ]
    assert [each.result() for each in found] == [site] * 40 and len(slow_hashes) == 1


def test_wrong_keys_hardly_ever_cost_a_slow_hash(tmp_path: Path, slow_hashes: list[bytes]) -> None:
    blog = set_up(tmp_path)
    blog.check()
    slow_hashes.clear()
    for number in range(40):
        assert blog.check(f"Thank you, number {number}", api_key=f"{number + 1:012x}").status_code in (200, 429)
    blog.here.store.close()
    assert len(slow_hashes) <= 3  # one key fills one of 256 buckets: 3 of 40 by chance in one run of 1,600


def test_too_many_wrong_keys_are_told_when_to_come_back_and_to_hold(tmp_path: Path) -> None:
    blog = set_up(tmp_path)
    for wrong in WRONG[:20]:
        assert blog.ask("/1.1/verify-key", {"key": wrong}).text == "invalid"
    answer = blog.check(api_key=WRONG[21])
    assert answer.status_code == 429 and int(answer.headers["Retry-After"]) > 0
    assert answer.headers["X-akismet-guid"] and answer.headers["X-akismet-error"]
    blog.here.store.close()


# The commands


def said(*arguments: str) -> str:
    done = CliRunner().invoke(commands, arguments, catch_exceptions=False)
    return done.output


def test_an_operator_adds_lists_and_revokes_keys_and_sets_options(tmp_path: Path) -> None:
    data = ("--data", str(tmp_path))
    said("sites", "add", "blog", *data)
    key = said("sites", "akismet-key", "add", "blog", *data).split()[-1]
    store = open_store(settings.load({"data": tmp_path}, environment={}))
    found = store.akismet_keys.site_of(key, pepper=settings.secret(tmp_path), address="")
    assert found is not None and found.name == "blog"
    assert "key 1, of 20" in said("sites", "akismet-key", "list", "blog", *data)
    assert "is revoked" in said("sites", "akismet-key", "revoke", "blog", "1", *data)
    assert '"revoked":true' in said("sites", "akismet-key", "list", "blog", "--json", *data)
    assert "told as ham; blogs may discard" in said("sites", "akismet", "blog", "--hold", "ham", "--discard", *data)
    assert '"hold":"ham","discard":false' in said("sites", "akismet", "blog", "--keep", "--json", *data)
    changed = store.site_by_name("blog")
    assert changed is not None and not changed.doors.akismet_hold_is_spam
    store.close()
    for wrong in (["akismet-key", "revoke", "blog", "7"], ["akismet-key", "add", "nowhere"], ["akismet", "nowhere"]):
        with pytest.raises(StoreError, match="list"):
            said("sites", *wrong, *data)


def test_a_mistake_is_one_line_and_status_2(tmp_path: Path) -> None:
    mistake = run("sites", "akismet-key", "add", "nowhere", "--data", str(tmp_path))
    assert (mistake.returncode, mistake.stderr.count("\n"), mistake.stdout) == (2, 1, "")

"""Who may log in, and how tries, sessions, links and keys end."""

import threading
import time
from base64 import b64decode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import pytest
from conftest import HandClock
from sqlalchemy import create_engine, text

from moderator.policy import SitePolicy
from moderator.store import (
    LinkRefused,
    NameTaken,
    PasswordRefused,
    Person,
    Purpose,
    Role,
    Site,
    Store,
    StoreError,
    TooManyAttempts,
    TooManyLive,
)
from moderator.store.attempts import network_of
from moderator.store.passwords import HASHER

PASSWORD = "correct horse battery"


@pytest.fixture
def ann(store: Store) -> Person:
    """A moderator with a password."""
    person = store.add_person("Ann@Example.org")
    store.set_password(person.id, PASSWORD)
    return person


def test_a_person_logs_in_in_any_case_with_the_password_only(store: Store, ann: Person) -> None:
    found = store.log_in(" ann@example.ORG ", PASSWORD, address="192.0.2.1")
    assert found is not None and (found.id, found.role, found.has_password) == (ann.id, Role.MODERATOR, True)
    assert store.log_in("ann@example.org", PASSWORD + "!", address="192.0.2.1") is None
    assert store.log_in("nobody@example.org", PASSWORD, address="192.0.2.1") is None


def test_a_person_without_a_password_or_disabled_does_not_log_in(store: Store, ann: Person) -> None:
    store.add_person("new")
    assert store.log_in("new", PASSWORD, address="") is None
    store.disable_person(ann.id)
    assert store.log_in("ann@example.org", PASSWORD, address="") is None
    store.enable_person(ann.id)
    assert store.log_in("ann@example.org", PASSWORD, address="") is not None


def test_names_are_given_once(store: Store, ann: Person, site: Site) -> None:
    with pytest.raises(NameTaken, match="send them a new link"):
        store.add_person("ANN@example.org", Role.ADMIN)
    with pytest.raises(NameTaken, match="choose another name"):
        store.add_site("blog")
    assert [person.login for person in store.people()] == ["ann@example.org"]


@pytest.mark.parametrize("password", ["short", "eleven char", "x" * 1025])
def test_a_password_of_a_wrong_length_is_refused(store: Store, ann: Person, password: str) -> None:
    with pytest.raises(PasswordRefused, match="12 to 1024 bytes"):
        store.set_password(ann.id, password)
    assert store.log_in("ann@example.org", password, address="") is None


def test_the_longest_password_counts_to_its_last_byte(store: Store, ann: Person) -> None:
    store.set_password(ann.id, "x" * 1023 + "y")
    assert store.log_in("ann@example.org", "x" * 1023 + "z", address="") is None
    assert store.log_in("ann@example.org", "x" * 1023 + "y", address="") is not None


def test_passwords_are_hashed_as_owasp_advises_and_tokens_by_sha256(store: Store, store_url: str, ann: Person) -> None:
    assert (HASHER.type.name, HASHER.memory_cost, HASHER.time_cost, HASHER.parallelism) == ("ID", 19_456, 2, 1)
    token, session = store.start_session(ann.id)
    link = store.add_link(ann.id)
    _, key = store.add_site("keyed")
    engine = create_engine(store_url)
    with engine.connect() as connection:
        everything = "".join(
            str(tuple(row))
            for table in ("people", "sessions", "links", "api_keys", "failed_logins")
            for row in connection.execute(text(f"SELECT * FROM {table}"))
        )
    engine.dispose()
    assert "$argon2id$v=19$m=19456,t=2,p=1$" in everything
    assert session.csrf in everything and session.csrf not in repr(session)
    assert not any(secret in everything for secret in (PASSWORD, token, link, key))


def test_an_unknown_login_takes_as_long_as_a_known_one(store: Store, ann: Person) -> None:
    def seconds(login: str, number: int) -> float:
        start = time.process_time()
        store.log_in(login, "the wrong password", address=f"198.51.{number}.1")
        return time.process_time() - start

    known = sorted(seconds("ann@example.org", number) for number in range(5))[2]
    unknown = sorted(seconds(f"nobody{number}", number) for number in range(5))[2]
    assert 0.5 < known / unknown < 2


def test_an_outdated_hash_is_renewed_at_login(store: Store, ann: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("moderator.store.passwords.outdated", lambda stored: True)
    assert store.log_in("ann@example.org", PASSWORD, address="") is not None
    assert store.log_in("ann@example.org", PASSWORD, address="") is not None


def test_failed_logins_wait_ever_longer_but_never_for_good(store: Store, ann: Person, clock: HandClock) -> None:
    waits = []
    for _ in range(16):
        try:
            store.log_in("ann@example.org", "the wrong password", address="192.0.2.1")
        except TooManyAttempts as refused:
            waits.append(refused.wait)
            clock.pass_(seconds=refused.wait)
            store.log_in("ann@example.org", "the wrong password", address="192.0.2.77")  # the same network
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]
    with pytest.raises(TooManyAttempts):
        store.log_in("ann@example.org", PASSWORD, address="192.0.2.1")
    assert store.log_in("ann@example.org", PASSWORD, address="203.0.113.9") is not None  # ann herself, at home
    clock.pass_(seconds=300)
    assert store.log_in("ann@example.org", PASSWORD, address="192.0.2.1") is not None
    assert store.log_in("ann@example.org", "the wrong password", address="192.0.2.1") is None  # forgiven


def test_one_network_at_many_accounts_is_slowed_down(store: Store) -> None:
    def from_one_network() -> None:
        for number in range(22):
            store.log_in(f"person{number}", "the wrong password", address=f"2001:db8:7:{number:x}::1")

    with pytest.raises(TooManyAttempts):
        from_one_network()
    assert store.log_in("person1", "the wrong password", address="2001:db8:8::1") is None


def test_tries_at_once_do_not_get_more_than_their_allowance(store: Store, ann: Person) -> None:
    looked_at: list[bool] = []

    def work() -> None:
        for _ in range(4):
            with suppress(TooManyAttempts):
                store.log_in("ann@example.org", "the wrong password", address="192.0.2.1")
                looked_at.append(True)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(looked_at) == 5


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("::ffff:192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ("fe80::1%eth0", "fe80::/48"),
        ("unix", "unix"),
    ],
)
def test_an_address_stands_for_its_network(address: str, network: str) -> None:
    assert network_of(address) == network


def test_a_session_lives_while_it_is_used_and_not_too_long(store: Store, ann: Person, clock: HandClock) -> None:
    token, begun = store.start_session(ann.id)
    assert len(token) >= 43 and begun.person.id == ann.id
    for _ in range(35):
        clock.pass_(minutes=20)
        found = store.session(token)
        assert found is not None and found.csrf == begun.csrf
    clock.pass_(minutes=20)  # 12 hours
    assert store.session(token) is None
    other, _ = store.start_session(ann.id)
    clock.pass_(minutes=30)
    assert store.session(other) is None
    third, _ = store.start_session(ann.id)
    clock.pass_(minutes=5)
    assert store.session(third, idle=timedelta(minutes=4)) is None
    assert store.session("nonsense\ud800") is None


def test_sessions_end_by_logout_new_password_and_disabling(store: Store, ann: Person) -> None:
    first, second = store.start_session(ann.id)[0], store.start_session(ann.id)[0]
    store.end_session(first)
    assert store.session(first) is None and store.session(second) is not None
    store.set_password(ann.id, "another good password")
    assert store.session(second) is None
    third = store.start_session(ann.id)[0]
    store.disable_person(ann.id)
    store.enable_person(ann.id)
    assert store.session(third) is None
    fourth = store.start_session(ann.id)[0]
    store.end_sessions(ann.id)
    assert store.session(fourth) is None


def test_a_disabled_person_gets_no_session(store: Store, ann: Person) -> None:
    store.disable_person(ann.id)
    with pytest.raises(StoreError, match="enable the account first"):
        store.start_session(ann.id)


def test_a_link_sets_the_password_once(store: Store, clock: HandClock) -> None:
    person = store.add_person("new", Role.ADMIN)
    token = store.add_link(person.id)
    with pytest.raises(PasswordRefused):
        store.use_link(token, "short")
    whose = store.link(token)
    assert whose is not None and whose.id == person.id
    assert store.use_link(token, PASSWORD).has_password
    assert store.log_in("new", PASSWORD, address="") is not None
    assert store.link(token) is None
    with pytest.raises(LinkRefused):
        store.use_link(token, "another good password")


def test_a_link_dies_with_time_and_with_the_next_one(store: Store, ann: Person, clock: HandClock) -> None:
    first = store.add_link(ann.id)
    second = store.add_link(ann.id, life=timedelta(hours=1))
    assert store.link(first) is None and store.link(second) is not None
    clock.pass_(hours=1)
    assert store.link(second) is None


def test_a_key_opens_its_site_until_it_is_revoked(store: Store, store_url: str, site: Site, clock: HandClock) -> None:
    store.revoke_key(store.keys(site.id)[0].id)
    first, second = store.add_key(site.id), store.add_key(site.id)
    assert first.startswith("mk_") and len(first) == 46
    assert store.site_by_key(first) == store.site_by_key(second) == site
    for wrong in ("", "mk_", first.swapcase(), first + "\0", "mk_\ud800"):
        assert store.site_by_key(wrong) is None
    shown = {key.shown: key for key in store.keys(site.id)}
    elsewhere = Store.open(store_url, clock=clock)  # as another worker: it does not hear of it, it asks again
    assert elsewhere.site_by_key(first) == site
    store.revoke_key(shown[first[:9]].id)
    revoked = time.monotonic()
    assert store.site_by_key(first) is None and store.site_by_key(second) == site
    while elsewhere.site_by_key(first) is not None:
        assert time.monotonic() - revoked < 1
        time.sleep(0.02)
    elsewhere.close()
    assert [key.revoked is None for key in store.keys(site.id)] == [False, False, True]


@pytest.mark.parametrize(
    ("add", "revoke"),
    [
        (lambda store, site: store.add_key(site.id), lambda store, site: store.revoke_key(store.keys(site.id)[0].id)),
        (
            lambda store, site: store.akismet_keys.add(site.id, pepper=bytes(32)),
            lambda store, site: store.akismet_keys.revoke(store.akismet_keys.listed(site.id)[0].id),
        ),
        (
            lambda store, site: store.secrets.add(site.id, Purpose.WEBHOOK),
            lambda store, site: store.secrets.revoke(store.secrets.listed(site.id)[0].id),
        ),
    ],
    ids=["keys", "akismet keys", "shared secrets"],
)
def test_a_third_live_key_is_refused_until_one_is_revoked(
    store: Store, site: Site, add: Callable[[Store, Site], str], revoke: Callable[[Store, Site], None]
) -> None:
    said: list[str] = []

    def try_it(_: int) -> int:
        try:
            add(store, site)
        except TooManyLive as refused:
            said.append(str(refused))
            return 0
        return 1

    there = sum(key.revoked is None for key in store.keys(site.id)) if add(store, site).startswith("mk_") else 1
    with ThreadPoolExecutor(6) as threads:  # a double click, or two administrators
        assert there + sum(threads.map(try_it, range(6))) == 2
    other, _ = store.add_site("another")
    add(store, other)  # each site has its own
    revoke(store, site)
    assert try_it(0) == 1 and try_it(0) == 0
    assert all("'blog' has 2 live ones" in one and "`moderator sites" in one for one in said)


def test_unknown_keys_are_not_kept_in_memory(store: Store, site: Site) -> None:
    for number in range(50):
        assert store.site_by_key(f"mk_{number}") is None
    assert len(store._sites_by_key) == 0


def test_a_policy_is_stored_whole(store: Store, site: Site) -> None:
    key = store.add_key(site.id)
    assert store.site_by_key(key) == site
    policy = SitePolicy(hold_above=0.5, blocked_words=("pills", "Ünïcode"), allowed_authors=("ann",))
    changed = store.set_policy(site.id, policy)
    assert changed.policy == policy
    assert store.site(site.id) == store.site_by_name("blog") == store.site_by_key(key) == changed
    assert store.sites() == (changed,)


def test_shared_secrets_of_a_purpose_live_side_by_side_until_they_are_revoked(store: Store, site: Site) -> None:
    first = store.secrets.add(site.id, Purpose.CALLBACK)
    second = store.secrets.add(site.id, Purpose.CALLBACK)
    assert first != second and all(len(b64decode(secret.removeprefix("whsec_"))) == 32 for secret in (first, second))
    assert store.secrets.add(site.id, Purpose.CORAL, "given") == "given"
    assert store.secrets.live(site.id, Purpose.CALLBACK) == (second, first)
    assert store.secrets.live(site.id, Purpose.CORAL) == ("given",) and not store.secrets.live(site.id, Purpose.WEBHOOK)
    store.secrets.revoke(store.secrets.listed(site.id)[1].id)
    assert store.secrets.live(site.id, Purpose.CALLBACK) == (first,)
    assert [secret.revoked is None for secret in store.secrets.listed(site.id)] == [True, False, True]


def test_a_secret_needs_its_site_and_a_number_that_exists(store: Store, site: Site) -> None:
    for wrong in (
        lambda: store.secrets.add(site.id + 1, Purpose.CORAL),
        lambda: store.secrets.add(site.id, Purpose.CORAL, " "),
        lambda: store.secrets.revoke(1),
    ):
        with pytest.raises(StoreError):
            wrong()
    assert store.secrets.listed(site.id) == ()

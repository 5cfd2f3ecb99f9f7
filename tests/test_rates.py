"""Limits: of requests of a site, and of wrong keys from a network, shared by all that serve from one store."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from conftest import HandClock
from doors import Installation, install
from test_coral import ASKED, signature
from test_coral import SECRET as CORAL
from werkzeug.test import TestResponse

from moderator import settings as all_settings
from moderator.app import create_app
from moderator.comment import Comment
from moderator.moderation import MOST_AT_ONCE, Moderator
from moderator.store import Purpose, Store
from moderator.wire.limits import STRETCH, Limits
from moderator.wire.problems import Problem

BODY = {"id": "1", "body": "Thank you, that was it."}


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Installation]:
    made = install(tmp_path)
    settings = all_settings.load({"data": tmp_path, "site_rate": 2, "wrong_key_rate": 1}, environment={})  # 20, 10
    made.app = create_app(settings, store=made.store, shelf=made.shelf, clock=HandClock())  # whose time stands still
    yield made
    made.store.close()


def post(here: Installation, key: str, address: str = "192.0.2.1") -> TestResponse:
    headers = {"Authorization": f"Bearer {key}"}
    return here.client.post("/v1/comments", json=BODY, headers=headers, environ_base={"REMOTE_ADDR": address})


def test_a_key_over_its_rate_is_told_to_wait_and_others_are_not(here: Installation) -> None:
    other, key = here.store.add_site("other")
    answers = [post(here, here.key) for _ in range(25)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert len(answers) - len(refused) == 20
    assert refused[-1].get_json()["type"].endswith("/too-many")
    assert 1 <= int(refused[-1].headers["Retry-After"]) <= STRETCH
    assert post(here, key).status_code == 201 and other.name == "other"


def test_after_a_pause_a_site_may_send_again(store: Store, clock: HandClock) -> None:
    limits = Limits(store, clock, site_rate=1, wrong_key_rate=0)
    for _ in range(10):
        limits.site(1)
    with pytest.raises(Problem) as refused:
        limits.site(1)
    clock.pass_(seconds=int(dict(refused.value.headers)["Retry-After"]))
    limits.site(1)


def test_all_who_serve_from_one_store_share_what_is_allowed(store: Store, clock: HandClock) -> None:
    workers = [Limits(store, clock, site_rate=8, wrong_key_rate=0) for _ in range(4)]
    allowed = 0
    for turn in range(400):
        try:
            workers[turn % 4].site(1)
            allowed += 1
        except Problem:
            pass
    assert 80 <= allowed <= 80 + 4 * 10  # an eighth for each that may not have been told yet


def test_zero_is_no_limit(store: Store, clock: HandClock) -> None:
    limits = Limits(store, clock, site_rate=0, wrong_key_rate=0)
    for _ in range(500):
        limits.site(1)
        limits.wrong_key("192.0.2.1")
    assert not limits.shuts_out("192.0.2.1")


def test_a_network_of_wrong_keys_is_shut_out_but_for_keys_that_are_known_and_others_are_not(here: Installation) -> None:
    other, unseen = here.store.add_site("other")
    assert post(here, here.key).status_code == 201
    for _ in range(11):
        post(here, "mk_wrong")
    assert post(here, "mk_wrong").status_code == 429
    assert post(here, unseen).status_code == 429  # right, but nobody has shown it here before
    assert post(here, here.key).status_code == 200  # the neighbour of whoever it is
    assert post(here, unseen, "198.51.100.1").status_code == 201 and other.name == "other"
    assert post(here, "mk_wrong", "192.0.2.200").status_code == 429  # the same /24


def test_old_counts_are_forgotten(store: Store, clock: HandClock) -> None:
    for stretch in range(5):
        assert store.rates.add({"a": 2, "b": 1}, stretch) == {"a": 2, "b": 1}
    assert store.rates.add({"a": 3}, 4) == {"a": 5}


def test_where_coral_is_over_its_rate_its_comments_are_held_there(here: Installation) -> None:
    here.store.secrets.add(here.site.id, Purpose.CORAL, CORAL)
    raw = json.dumps(ASKED).encode()
    headers = {"Content-Type": "application/json", "X-Coral-Signature": signature(raw)}
    for _ in range(21):
        answer = here.client.post("/coral/blog", data=raw, headers=headers)
    assert (answer.status_code, answer.get_json()["status"]) == (200, "PREMOD")


def test_who_would_wait_for_too_long_is_held_unread(here: Installation) -> None:
    busy, free = threading.Barrier(MOST_AT_ONCE + 1), threading.Event()

    class Slow:
        """A shelf that takes its time."""

        def current(self) -> None:
            busy.wait()
            free.wait()

    moderator = Moderator(here.store, Slow(), lambda: datetime.now(UTC))
    asked = (here.site, Comment("Hello."))
    threads = [threading.Thread(target=moderator.try_out, args=asked) for _ in range(MOST_AT_ONCE)]
    for thread in threads:
        thread.start()
    busy.wait()
    answer = moderator.judge(here.site, Comment("Hello.", id="9"), within=0.02)
    free.set()
    for thread in threads:
        thread.join()
    assert (answer.decision.action, answer.decision.rule) == ("hold", "took_too_long")

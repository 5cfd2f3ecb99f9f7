"""Standard Webhooks at the native door: signed by the reference library, refused where it must be."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from doors import Installation, install
from standardwebhooks import Webhook
from werkzeug.test import TestResponse

from moderator.store import Purpose, StoreBusy
from moderator.wire.native.signatures import Message, fits

BODY = b'{"id": "1", "body": "Hello, all of you."}'
# The reference library's own vector.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
VECTOR = Message("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, ("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",))


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Installation]:
    made = install(tmp_path)
    made.store.secrets.add(made.site.id, Purpose.WEBHOOK, SECRET)
    yield made
    made.store.close()


def signed(body: bytes, *, id: str = "msg_1", secret: str = SECRET, late: float = 0.0) -> dict[str, str]:
    at = datetime.now(UTC) - timedelta(seconds=late)
    return {
        "webhook-id": id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(id, at, body.decode()),
    }


def post(
    here: Installation,
    headers: dict[str, str],
    body: bytes = BODY,
    path: str = "/v1/comments?site=blog",
    method: str = "POST",
) -> TestResponse:
    return here.client.open(path, method=method, data=body, headers={"Content-Type": "application/json"} | headers)


def kind(answer: TestResponse) -> str:
    assert answer.mimetype == "application/problem+json"
    told: dict[str, Any] = answer.get_json()
    assert told["cure"]
    return str(told["type"].rpartition("/")[2])


def test_the_published_vector_fits_and_no_other_byte_does() -> None:
    assert fits(VECTOR, b'{"test": 2432232314}', [SECRET])
    assert fits(VECTOR, b'{"test": 2432232314}', ["whsec_" + "A" * 32, SECRET])
    assert not fits(VECTOR, b'{"test":2432232314}', [SECRET])
    assert not fits(VECTOR, b'{"test": 2432232314}', [])
    assert not fits(VECTOR, b'{"test": 2432232314}', ["whsec_not base64!"])


def test_what_the_reference_library_signs_is_taken_without_a_key(here: Installation) -> None:
    answer = post(here, signed(BODY))
    assert (answer.status_code, answer.get_json()["decision"]) == (201, "approve")


@pytest.mark.parametrize("secret", [SECRET, "whsec_" + "bmV3" * 11 + "bg=="], ids=["old", "new"])
def test_while_secrets_change_both_are_good(secret: str, here: Installation) -> None:
    here.store.secrets.add(here.site.id, Purpose.WEBHOOK, "whsec_" + "bmV3" * 11 + "bg==")
    assert post(here, signed(BODY, secret=secret)).status_code == 201


def test_one_of_several_signatures_is_enough(here: Installation) -> None:
    headers = signed(BODY)
    headers["webhook-signature"] = f"v1,AAAA v1a,zzzz {headers['webhook-signature']} v9,x"
    assert post(here, headers).status_code == 201


def test_a_revoked_secret_is_dead_at_once(here: Installation) -> None:
    here.store.secrets.revoke(1)
    assert kind(post(here, signed(BODY))) == "wrong-signature"


@pytest.mark.parametrize("late", [295, -295])
def test_five_minutes_are_tolerated_both_ways(late: float, here: Installation) -> None:
    assert post(here, signed(BODY, late=late)).status_code == 201


@pytest.mark.parametrize("late", [306, -306, 10**7])
def test_other_times_are_not(late: float, here: Installation) -> None:
    answer = post(here, signed(BODY, late=late))
    assert (answer.status_code, kind(answer)) == (401, "wrong-signature")
    assert "5 minutes" in answer.get_json()["detail"]


def now(change: str = "") -> str:
    return f"{int(time.time())}{change}"


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-id": None},
        {"webhook-id": ""},
        {"webhook-id": "a.1614265330"},
        {"webhook-id": "x" * 129},
        {"webhook-timestamp": None},
        {"webhook-timestamp": "hello"},
        {"webhook-timestamp": "-1"},
        {"webhook-timestamp": now(".0")},
        {"webhook-timestamp": "1_614_265_330"},
        {"webhook-timestamp": "9" * 5000},
        {"webhook-timestamp": "\xb9\xb2\xb3"},
        {"webhook-signature": ""},
        {"webhook-signature": "v1,!!!!"},
        {"webhook-signature": "v1,\xff"},
        {"webhook-signature": "v1a,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="},
        {"webhook-signature": "v1,AAAA " * 1000},
    ],
    ids=lambda change: repr(change)[:20] + str(len(repr(change))),  # no time in it
)
def test_headers_that_are_none_are_401(change: dict[str, str | None], here: Installation) -> None:
    headers = {name: value for name, value in (signed(BODY) | change).items() if value is not None}
    answer = post(here, headers)
    assert (answer.status_code, kind(answer)) == (401, "wrong-signature")
    assert here.store.comment_by_external_id(here.site, "1") is None


def test_a_signature_over_other_bytes_is_401(here: Installation) -> None:
    assert kind(post(here, signed(BODY), BODY + b" ")) == "wrong-signature"
    assert kind(post(here, signed(BODY) | {"webhook-id": "msg_2"})) == "wrong-signature"


def test_which_sites_there_are_cannot_be_told_from_the_answers(here: Installation) -> None:
    here.store.add_site("without-secrets")
    told = [
        post(here, signed(BODY, secret="whsec_" + "A" * 32), path=f"/v1/comments?site={site}")
        for site in ("blog", "without-secrets", "nobody", "%00", "%FF")
    ]
    assert {answer.data for answer in told} == {told[0].data} and told[0].status_code == 401


def test_a_message_must_name_its_site(here: Installation) -> None:
    answer = post(here, signed(BODY), path="/v1/comments")
    assert (answer.status_code, "?site=" in answer.get_json()["cure"]) == (401, True)


def test_another_sites_secret_is_no_good_here(here: Installation) -> None:
    other, _ = here.store.add_site("other")
    secret = here.store.secrets.add(other.id, Purpose.WEBHOOK)
    assert kind(post(here, signed(BODY, secret=secret))) == "wrong-signature"
    coral = here.store.secrets.add(here.site.id, Purpose.CORAL)
    assert kind(post(here, signed(BODY, secret=coral))) == "wrong-signature"


def test_a_message_that_is_replayed_is_refused_and_changes_nothing(here: Installation) -> None:
    first = signed(BODY)
    assert post(here, first).status_code == 201
    edited = b'{"id": "1", "body": "Edited since."}'
    assert post(here, signed(edited, id="msg_2"), edited).status_code == 200
    answer = post(here, first)
    assert (answer.status_code, kind(answer)) == (409, "replayed")
    found = here.store.comment_by_external_id(here.site, "1")
    assert found is not None and found.comment.body == "Edited since."


def test_a_sender_that_tries_again_signs_again_and_is_answered_as_before(here: Installation) -> None:
    first = post(here, signed(BODY, late=2))
    again = post(here, signed(BODY))
    assert (again.status_code, again.data) == (first.status_code, first.data)
    answer = post(here, signed(b"{}", late=-2), b"{}")
    assert answer.status_code == 422


def test_what_is_signed_says_itself_which_comment_it_means(here: Installation) -> None:
    id = post(here, signed(BODY)).get_json()["id"]
    path = f"/v1/comments/{id}/verdict?site=blog"
    for number, body in enumerate((b'{"verdict":"spam"}', b'{"verdict":"spam","id":"another"}')):
        answer = post(here, signed(body, id=f"v_{number}"), body, path)
        assert (answer.status_code, answer.get_json()["field"]) == (422, "id")
    body = json.dumps({"verdict": "spam", "id": id}).encode()
    assert post(here, signed(body, id="v_9"), body, path).status_code == 200
    body = b'{"body":"Edited"}'
    answer = post(here, signed(body, id="e_1"), body, f"/v1/comments/{id}?site=blog", "PUT")
    assert (answer.status_code, answer.get_json()["field"]) == (422, "id")
    body = b'{"body":"Edited","id":"1"}'
    assert post(here, signed(body, id="e_2"), body, f"/v1/comments/{id}?site=blog", "PUT").status_code == 200


def test_where_nothing_is_signed_but_the_time_the_key_is_asked_for(here: Installation) -> None:
    id = post(here, signed(BODY)).get_json()["id"]
    for method in ("GET", "DELETE"):
        answer = post(here, signed(b"", id="g_1"), b"", f"/v1/comments/{id}?site=blog", method)
        assert (answer.status_code, kind(answer)) == (401, "no-key")


def test_a_batch_may_be_signed_and_is_not_replayed(here: Installation) -> None:
    body = b'[{"id": "1", "body": "Hello"}, {"id": "2", "body": "Hi"}]'
    headers = signed(body)
    path = "/v1/comments/batch?site=blog"
    assert [one["status"] for one in post(here, headers, body, path).get_json()] == [201, 201]
    assert kind(post(here, headers, body, path)) == "replayed"


def test_a_message_that_could_not_be_stored_may_come_again(here: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*args: object, **named: object) -> None:
        raise StoreBusy("busy")

    headers = signed(BODY)
    with monkeypatch.context() as patch:
        patch.setattr(here.store.once, "remember", busy)
        assert post(here, headers).status_code == 503
    assert post(here, headers).status_code == 201

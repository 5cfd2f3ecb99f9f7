"""Batches at the native door: an answer for each comment, in order, as lines or as an array."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from doors import Installation, install
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from moderator.store import RememberedBatch, StoreBusy

LINES = "application/x-ndjson"


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Installation]:
    made = install(tmp_path)
    yield made
    made.store.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    made = install(tmp_path_factory.mktemp("shared"))
    yield made
    made.store.close()


def send(here: Installation, body: bytes, kind: str = LINES, **headers: str) -> TestResponse:
    sent = {"Authorization": f"Bearer {here.key}", "Content-Type": kind} | headers
    return here.client.post("/v1/comments/batch", data=body, headers=sent)


def lines(sent: list[Any]) -> bytes:
    return "\n".join(json.dumps(one) for one in sent).encode()


def told(answer: TestResponse) -> list[Any]:
    assert answer.status_code == 200, answer.text
    if answer.mimetype == "application/json":
        return list(answer.get_json())
    assert answer.mimetype == LINES
    return [json.loads(line) for line in answer.text.splitlines()]


def comments(count: int, body: str = "Hello, all of you.") -> list[dict[str, Any]]:
    return [{"id": str(number), "body": f"{body} {number}"} for number in range(count)]


@pytest.mark.parametrize("kind", ["application/json", LINES, "application/jsonl", "application/ndjson; charset=utf-8"])
def test_each_comment_has_its_answer_in_its_place(kind: str, here: Installation) -> None:
    sent = comments(3)
    sent[1]["body"] = "surely spam"
    body = json.dumps(sent).encode() if kind == "application/json" else lines(sent) + b"\n\n"
    found = told(send(here, body, kind))
    assert [(one["status"], one["decision"]) for one in found] == [(201, "approve"), (201, "reject"), (201, "approve")]
    for own, one in zip(sent, found, strict=True):
        stored = here.store.comment_by_external_id(here.site, own["id"])
        assert stored is not None and stored.id == one["id"]
    assert [one["status"] for one in told(send(here, body, kind))] == [200, 200, 200]


def test_one_bad_line_does_not_spoil_the_rest(here: Installation) -> None:
    bad = [
        b"{",
        b"[]",
        b'{"id":1}',
        b'{"id":1,"id":2,"body":"x"}',
        b"\xff",
        b'{"body":"no id"}',
        b'{"id":9,"body":"x","ip":1}',
    ]
    bad.append(b'{"id":9,"body":"' + b"x" * 2_000_000 + b'"}')
    good = lines(comments(100)).split(b"\n")
    found = told(send(here, b"\n".join([good[0], *bad, *good[1:]])))
    assert [one["status"] for one in found] == [201, 400, 400, 422, 400, 400, 422, 422, 413, *[201] * 99]
    for problem in found[1:9]:
        assert set(problem) >= {"type", "title", "status", "detail", "cure"}
    assert found[3]["field"] == "body"


def test_one_bad_comment_of_an_array_does_not_spoil_the_rest(here: Installation) -> None:
    found = told(send(here, json.dumps([1, *comments(2), {"id": 1}]).encode(), "application/json"))
    assert [one["status"] for one in found] == [400, 201, 201, 422]


def test_the_same_id_twice_is_an_edit_in_their_order(here: Installation) -> None:
    sent = [{"id": "1", "body": "Hello"}, {"id": "1", "body": "This is spam"}, {"id": "1", "body": "This is spam"}]
    found = told(send(here, lines(sent)))
    assert [(one["status"], one["decision"]) for one in found] == [(201, "approve"), (200, "hold"), (200, "hold")]


def test_a_thousand_are_taken_and_one_more_is_not(here: Installation) -> None:
    assert len(told(send(here, lines(comments(1000))))) == 1000
    for body, kind in ((lines(comments(1001)), LINES), (json.dumps(comments(1001)).encode(), "application/json")):
        answer = send(here, body, kind)
        assert (answer.status_code, answer.get_json()["type"].rpartition("/")[2]) == (413, "too-many")
    assert sum(here.store.counts().values()) == 1000


def test_lines_are_answered_while_later_ones_are_still_judged(here: Installation) -> None:
    response = here.client.post(
        "/v1/comments/batch",
        data=lines(comments(300)),
        headers={"Authorization": f"Bearer {here.key}", "Content-Type": LINES},
        buffered=False,
    )
    first = next(iter(response.iter_encoded()))
    assert first.count(b"\n") == 64
    assert sum(here.store.counts().values()) < 300
    response.close()


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{}", "application/json", 400),
        (b'{"comments":[]}', "application/json", 400),
        (b"", "application/json", 400),
        (b"[", "application/json", 400),
        (b"x", "text/plain", 415),
        (b"[]", "application/json; charset=latin-1", 415),
        (b"x" * (9 * 1_048_576), LINES, 413),
    ],
)
def test_what_is_no_batch_is_a_problem(body: bytes, kind: str, status: int, here: Installation) -> None:
    answer = send(here, body, kind)
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert answer.get_json()["cure"]


@pytest.mark.parametrize(("body", "kind"), [(b"[]", "application/json"), (b"", LINES), (b"\n\n", LINES)])
def test_an_empty_batch_has_an_empty_answer(body: bytes, kind: str, here: Installation) -> None:
    assert told(send(here, body, kind)) == []


def test_a_batch_that_comes_again_under_its_key_goes_on_and_undoes_no_edit(
    here: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = here.store.once.remember_many
    calls = 0

    def hangs(*args: Any, **named: Any) -> RememberedBatch:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise StoreBusy("busy")
        return whole(*args, **named)

    body = lines(comments(200))
    with monkeypatch.context() as patch:
        patch.setattr(here.store.once, "remember_many", hangs)
        found = told(send(here, body, LINES, **{"Idempotency-Key": '"b"'}))
    assert [one["status"] for one in found] == [201] * 64 + [503] * 136
    assert calls == 2  # who has waited once does not wait for each group
    here.client.post(
        "/v1/comments", json={"id": "0", "body": "This is spam"}, headers={"Authorization": f"Bearer {here.key}"}
    )
    again = told(send(here, body, LINES, **{"Idempotency-Key": '"b"'}))
    assert [one["status"] for one in again] == [200] * 64 + [201] * 136
    assert (again[0]["decision"], again[1]["id"]) == ("hold", found[1]["id"])


def test_where_nothing_can_be_stored_the_whole_is_503(here: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*args: Any, **named: Any) -> RememberedBatch:
        raise StoreBusy("busy")

    monkeypatch.setattr(here.store.once, "remember_many", busy)
    answer = send(here, lines(comments(2)))
    assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    sent=st.lists(
        st.binary(max_size=60) | st.builds(lambda text: json.dumps({"id": 1, "body": text}).encode(), st.text())
    )
)
def test_any_lines_are_answered_one_by_one(sent: list[bytes], shared: Installation) -> None:
    body = b"\n".join(sent)
    found = told(send(shared, body))
    assert len(found) == len([line for line in body.split(b"\n") if line.strip()])
    assert all(one["status"] in (200, 201, 400, 422) for one in found)

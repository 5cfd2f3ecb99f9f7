"""Idempotency-Key at the native door."""

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from doors import Installation, install
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from moderator.comment import Word
from moderator.store import Receipt
from moderator.wire.native.once import UnderWay, key_of
from moderator.wire.problems import Problem

UUID = "8e03978e-40d5-43dd-bc93-6894a57f9324"


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Installation]:
    made = install(tmp_path)
    yield made
    made.store.close()


def send(
    here: Installation, sent: Any, idempotency: str = f'"{UUID}"', path: str = "/v1/comments", key: str = ""
) -> TestResponse:
    headers = {"Authorization": f"Bearer {key or here.key}", "Idempotency-Key": idempotency}
    return here.client.post(path, json=sent, headers=headers)


def test_the_same_request_gets_the_same_answer_whatever_came_between(here: Installation) -> None:
    first = send(here, {"id": "1", "body": "Hello"})
    here.client.post(
        "/v1/comments", json={"id": "1", "body": "This is spam"}, headers={"Authorization": f"Bearer {here.key}"}
    )
    again = send(here, {"id": "1", "body": "Hello"})
    assert (again.status_code, again.data) == (first.status_code, first.data) == (201, first.data)
    found = here.store.comment_by_external_id(here.site, "1")
    assert found is not None and found.comment.body == "This is spam"


def test_quotes_are_not_part_of_the_key(here: Installation) -> None:
    first = send(here, {"id": "1", "body": "Hello"})
    assert send(here, {"id": "1", "body": "Hello"}, UUID).data == first.data
    assert send(here, {"id": "2", "body": "Hello"}, UUID).status_code == 422


def test_the_same_key_for_another_request_is_422(here: Installation) -> None:
    id = send(here, {"id": "1", "body": "Hello"}).get_json()["id"]
    for sent, path in (
        ({"id": "1", "body": "Hello!"}, "/v1/comments"),
        ({"verdict": "ham"}, f"/v1/comments/{id}/verdict"),
        ([{"id": "1", "body": "Hello"}], "/v1/comments/batch"),
    ):
        answer = send(here, sent, path=path)
        assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
        assert answer.get_json()["type"].endswith("/key-reused") and answer.get_json()["cure"]


def test_another_sites_key_of_the_same_name_is_another(here: Installation) -> None:
    _, other = here.store.add_site("other")
    first = send(here, {"id": "1", "body": "Hello"})
    second = send(here, {"id": "1", "body": "Not Hello"}, key=other)
    assert second.status_code == 201 and second.get_json()["id"] != first.get_json()["id"]


def test_a_request_that_was_refused_leaves_its_key_free(here: Installation) -> None:
    assert send(here, {"id": "1"}).status_code == 422
    assert send(here, {"id": "1", "body": "Hello"}).status_code == 201


def test_a_verdict_is_given_once(here: Installation) -> None:
    id = send(here, {"id": "1", "body": "Hello"}).get_json()["id"]
    path = f"/v1/comments/{id}/verdict"
    first = send(here, {"verdict": "spam"}, "v1", path)
    here.store.give_verdict(id, Word.HAM, by="bob", door="page")
    assert send(here, {"verdict": "spam"}, "v1", path).data == first.data
    assert send(here, {"verdict": "ham"}, "v1", path).status_code == 422


@pytest.mark.parametrize(
    "bad",
    ["", '"', '""', '"a', 'a"', "a b", "a,b", "a;b", "\u00e9", '"\u00e9"', "x" * 256, '"' + "x" * 256 + '"', '"\\x"'],
)
def test_a_key_that_is_none_is_400_and_nothing_is_stored(bad: str, here: Installation) -> None:
    answer = send(here, {"id": "1", "body": "Hello"}, bad)
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")
    assert "UUID" in answer.get_json()["cure"]
    assert here.store.comment_by_external_id(here.site, "1") is None


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=255))
def test_any_text_of_a_structured_field_is_read_back(key: str) -> None:
    assert key_of('"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"') == key


@given(st.text(max_size=300))
def test_reading_a_key_is_total(sent: str) -> None:
    with contextlib.suppress(Problem):
        assert 1 <= len(key_of(sent)) <= 255


def test_of_two_at_once_the_second_is_told_to_come_back() -> None:
    under_way = UnderWay()
    once = [Receipt("key 1", "f")]
    with under_way(1, once):
        with pytest.raises(Problem) as caught, under_way(1, once):
            raise AssertionError
        with under_way(2, once), under_way(1, [Receipt("key 2", "f")]), under_way(1, ()):
            pass
    assert caught.value.status == 409 and ("Retry-After", "1") in caught.value.headers
    with under_way(1, once):
        pass


def test_twenty_at_once_store_one_comment(here: Installation) -> None:
    answers: list[TestResponse] = []
    threads = [
        threading.Thread(target=lambda: answers.append(send(here, {"id": "1", "body": "Hello"}))) for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.data for answer in answers if answer.status_code == 201}) == 1
    assert sum(here.store.counts().values()) == 1

"""The native door: transcripts, the contract of its errors, and properties that hold for any bytes."""

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
from doors import Installation, install
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from moderator.store import Doors, StoreBusy
from moderator.wire.json_body import parse
from moderator.wire.problems import Problem

TRANSCRIPTS = sorted((Path(__file__).parent / "transcripts" / "native").glob("*.toml"))
PROBLEM = {"type", "title", "status", "detail", "instance"}


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


def send(here: Installation, body: bytes, path: str = "/v1/comments", **headers: str) -> TestResponse:
    sent = {"Authorization": f"Bearer {here.key}", "Content-Type": "application/json"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    return here.client.post(path, data=body, headers=sent)


def is_problem(answer: TestResponse) -> bool:
    return answer.mimetype == "application/problem+json" and set(answer.get_json()) >= PROBLEM


def within(expected: Any, found: Any) -> bool:
    """Whether all that is expected is found; an object may have more."""
    if isinstance(expected, dict):
        return isinstance(found, dict) and all(
            name in found and within(expected[name], found[name]) for name in expected
        )
    if isinstance(expected, list):
        return isinstance(found, list) and len(expected) == len(found) and all(map(within, expected, found))
    return bool(expected == found)


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_transcript(path: Path, here: Installation) -> None:
    last = ""
    for exchange in tomllib.loads(path.read_text("utf-8"))["exchange"]:
        asked, answered = exchange["request"], exchange["response"]
        headers = {"Authorization": f"Bearer {here.key}", "Content-Type": "application/json"}
        headers |= asked.get("headers", {})
        body = json.dumps(asked["json"]) if "json" in asked else asked.get("text", "") * asked.get("times", 1)
        answer = here.client.open(
            asked["path"].replace("{id}", last),
            method=asked["method"],
            data=body.encode(),
            headers={name: value for name, value in headers.items() if value},
        )
        assert answer.status_code == answered["status"], answer.text
        found = answer.get_json(silent=True)
        assert "json" not in answered or within(answered["json"], found), answer.text
        for name, value in answered.get("headers", {}).items():
            assert value in answer.headers.get(name, "")
        assert answer.status_code < 400 or is_problem(answer)
        last = found.get("id", last) if isinstance(found, dict) else last


def test_there_are_transcripts() -> None:
    assert len(TRANSCRIPTS) >= 10


def test_every_answer_forbids_to_be_sniffed_framed_or_kept(here: Installation) -> None:
    for answer in (send(here, b'{"id":1,"body":"Hi"}'), here.client.get("/nowhere"), here.client.get("/healthz")):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_another_sites_comment_is_not_found(here: Installation) -> None:
    id = send(here, b'{"id":1,"body":"Hello"}').get_json()["id"]
    _, other = here.store.add_site("another")
    key = {"Authorization": f"Bearer {other}"}
    assert here.client.get(f"/v1/comments/{id}", headers=key).status_code == 404
    assert send(here, b'{"verdict":"spam"}', f"/v1/comments/{id}/verdict", **key).status_code == 404


@pytest.mark.parametrize(
    "auth", ["", "Bearer", "Bearer ", "Bearer mk_wrong", "Basic bWtf", "Bearer \xff\x00", "x" * 5000]
)
def test_a_wrong_key_is_401(auth: str, here: Installation) -> None:
    answer = send(here, b'{"id":1,"body":"Hi"}', Authorization=auth)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert is_problem(answer)


BAD_BODIES = {
    "empty": b"",
    "half": b'{"id": 1',
    "array": b"[]",
    "text": b'"x"',
    "deep arrays": b"[" * 100_000,
    "deep objects": b'{"a":' * 100_000,
    "closed and deep": b"[" * 100_000 + b"]" * 100_000,
    "twice": b'{"id":1,"id":2,"body":"x"}',
    "nan": b'{"id":1,"body":"x","x":NaN}',
    "infinity": b'{"id":1,"body":"x","x":-Infinity}',
    "byte order mark": b'\xef\xbb\xbf{"id":1,"body":"x"}',
    "utf-16": '{"id":1,"body":"x"}'.encode("utf-16"),
    "latin-1": b'{"id":1,"body":"caf\xe9"}',
    "long number": b'{"id":' + b"9" * 5000 + b',"body":"x"}',
    "control": b'{"id":1,"body":"a\x00b"}',
}


@pytest.mark.parametrize("body", BAD_BODIES.values(), ids=BAD_BODIES.keys())
def test_what_is_no_strict_json_object_is_400(body: bytes, shared: Installation) -> None:
    answer = send(shared, body)
    assert answer.status_code == 400
    assert is_problem(answer)
    assert "cure" in answer.get_json()


@pytest.mark.parametrize("opened", [31, 32, 33])
def test_depth_is_counted_outside_of_texts_only(opened: int) -> None:
    raw = b'{"body":"' + b'[{\\"' * 500 + b'","x":' + b"[" * (opened - 1) + b"]" * (opened - 1) + b"}"
    if opened <= 32:
        assert "x" in parse(raw)
    else:
        with pytest.raises(Problem, match="nested more than 32"):
            parse(raw)


def test_a_body_over_the_cap_is_413_with_and_without_a_length(here: Installation) -> None:
    whole = json.dumps({"id": 1, "body": "x" * 5_000_000}).encode()
    assert send(here, whole).status_code == 413
    chunked = here.client.post(
        "/v1/comments",
        input_stream=__import__("io").BytesIO(whole),
        headers={"Authorization": f"Bearer {here.key}", "Content-Type": "application/json"},
        environ_overrides={"wsgi.input_terminated": True},
    )
    assert chunked.status_code == 413


def test_surrogates_and_nuls_are_cleaned(here: Installation) -> None:
    id = send(here, rb'{"id":"a\u0000\ud800","body":"x\ud800\u0000y"}').get_json()["id"]
    shown = here.client.get(f"/v1/comments/{id}", headers={"Authorization": f"Bearer {here.key}"}).get_json()
    assert shown["comment"]["body"] == "x\ufffd\ufffdy"


def test_fifty_thousand_nested_tags_are_held(here: Installation) -> None:
    answer = send(here, json.dumps({"id": 1, "body": "<b>" * 50_000 + "x"}).encode())
    assert (answer.status_code, answer.get_json()["rule"]) == (201, "too_complex")


def test_a_store_that_fails_is_503_and_says_when_to_come_back(
    here: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*args: object, **named: object) -> NoReturn:
        raise StoreBusy("the file /secret/place is busy")

    monkeypatch.setattr(here.store, "remember", busy)
    answer = send(here, b'{"id":1,"body":"Hi"}')
    assert (answer.status_code, is_problem(answer)) == (503, True)
    assert int(answer.headers["Retry-After"]) > 0
    assert "secret" not in answer.text
    monkeypatch.setattr(here.store, "site_by_key", busy)
    assert send(here, b'{"id":1,"body":"Hi"}').status_code == 503


def test_where_a_site_chose_so_an_outage_is_a_hold_that_is_stored_nowhere(
    here: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*args: object, **named: object) -> NoReturn:
        raise StoreBusy("the file /secret/place is busy")

    here.store.set_doors(here.site.id, Doors(outage_holds=True))
    good = b'{"id":1,"body":"Thank you, the third step was it."}'
    ours = send(here, good).get_json()["id"]
    auth = {"Authorization": f"Bearer {here.key}"}
    with monkeypatch.context() as away:
        away.setattr(here.store, "remember", busy)
        at_storing = send(here, b'{"id":2,"body":"Thank you, the third step was it."}')
        away.setattr(here.store, "site_by_key", busy)
        at_asking = send(here, good)  # also what was approved before: nobody can know that now
        edited = here.client.put(f"/v1/comments/{ours}", json={"body": "Other words."}, headers=auth)
        for answer in (at_storing, at_asking, edited):
            told = answer.get_json()
            assert (answer.status_code, told["decision"], told["rule"]) == (200, "hold", "not_stored")
            assert (told["id"], told["stored"], told["score"]) == (None, False, None)
            assert int(answer.headers["Retry-After"]) > 0 and "secret" not in answer.text
        # Neither a verdict nor a question can be held, and who is not known chose nothing.
        assert send(here, b'{"verdict":"ham"}', f"/v1/comments/{ours}/verdict").status_code == 503
        assert here.client.get(f"/v1/comments/{ours}", headers=auth).status_code == 503
        assert send(here, good, Authorization="Bearer mk_other").status_code == 503
    now = send(here, b'{"id":2,"body":"Thank you, the third step was it."}')  # sent again, as it must be
    assert now.status_code == 201 and now.get_json()["id"]
    stored = here.store.comment(here.site, ours)
    assert stored is not None and stored.comment.body.startswith("Thank")


def test_a_fault_of_ours_is_a_500_that_tells_nothing(here: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **named: object) -> NoReturn:
        raise RuntimeError("inside")

    monkeypatch.setattr(here.store, "history", fail)
    answer = here.client.get("/v1/comments/x", headers={"Authorization": f"Bearer {here.key}"})
    assert (answer.status_code, is_problem(answer)) == (500, True)
    assert "inside" not in answer.text.replace("failed inside", "")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters()), inner, max_size=4),
    max_leaves=12,
)
NAMES = ["id", "body", "author", "ip", "user_agent", "kind", "post", "parent", "created", "language", "honeypot"]
COMMENT_LIKE = st.dictionaries(st.sampled_from(NAMES), JSON) | st.fixed_dictionaries(
    {"id": st.text(st.characters(), min_size=1, max_size=9), "body": st.text(st.characters(), min_size=1)}
)
any_input = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@any_input
@given(sent=JSON | COMMENT_LIKE)
def test_no_json_gives_a_5xx(sent: Any, shared: Installation) -> None:
    for path in ("/v1/comments", "/v1/comments/x/verdict"):
        answer = send(shared, json.dumps(sent).encode(), path)
        assert answer.status_code < 500
        assert answer.status_code < 400 or is_problem(answer)


@any_input
@given(body=st.binary(), path=st.text(st.characters(codec="utf-8"), max_size=20), kind=st.text(max_size=20))
def test_no_bytes_give_a_5xx(body: bytes, path: str, kind: str, shared: Installation) -> None:
    assert send(shared, body).status_code in (400, 413, 422)  # {} is bytes, too
    answer = here_open(shared, path)
    assert answer < 500


def here_open(here: Installation, path: str) -> int:
    return here.client.get(
        "/v1/comments/" + path.replace("#", "").replace("?", ""), headers={"Authorization": f"Bearer {here.key}"}
    ).status_code

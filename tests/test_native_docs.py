"""The description of the native protocol is what the program does: addresses, limits, curl lines."""

import dataclasses
import html
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from doors import Installation, install
from openapi_spec_validator import validate
from test_story import TOP, environment, run, serving

from moderator.comment import Comment
from moderator.wire.native.schemas import COMMENT, PROBLEMS

OURS = "/v1/comments"


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Installation]:
    made = install(tmp_path)
    yield made
    made.store.close()


def described(here: Installation) -> dict[str, Any]:
    answer = here.client.get("/openapi.json")
    assert answer.mimetype == "application/json"
    return dict(answer.get_json())


def test_the_document_is_valid_openapi(here: Installation) -> None:
    whole = described(here)
    assert whole["openapi"].startswith("3.1")
    validate(whole)


def test_it_names_each_address_and_method_and_no_other(here: Installation) -> None:
    told = {
        (path, method.upper())
        for path, item in described(here)["paths"].items()
        for method in item
        if method != "parameters"
    }
    there = {
        (rule.rule.replace("<our_id:comment_id>", "{id}"), method)
        for rule in here.app.url_map.iter_rules()
        if rule.rule.startswith(OURS)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert told == there


def test_it_names_each_field_of_a_comment() -> None:
    whole = {
        "id": "1",
        "body": "x",
        "author": {"name": "x", "email": "x", "url": "x"},
        "ip": "x",
        "user_agent": "x",
        "kind": "x",
        "post": {"url": "x", "title": "x", "text": "x"},
        "parent": {"id": "x", "text": "x"},
        "created": "2026-11-22T19:00:00+00:00",
        "language": "x",
        "honeypot": "x",
        "role": "x",
        "behaviour": {"seconds": 2.0, "script": True},
    }
    assert Comment.from_json(whole).to_json() == whole
    assert set(whole) == {field.name for field in dataclasses.fields(Comment)}
    assert set(COMMENT["properties"]) == set(whole)
    for name in ("author", "post", "parent", "behaviour"):
        assert list(COMMENT["properties"][name]["properties"]) == list(whole[name])


def test_each_problem_of_the_code_is_told() -> None:
    wire = TOP / "moderator" / "wire"
    code = "".join(
        path.read_text("utf-8")
        for path in [wire / "json_body.py", wire / "problems.py", *(wire / "native").glob("*.py")]
    )
    assert set(re.findall(r'kind="([a-z-]+)"', code)) == set(PROBLEMS)


def test_the_page_forbids_scripts_and_all_that_is_not_ours(here: Installation) -> None:
    answer = here.client.get("/docs")
    assert answer.mimetype == "text/html"
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "script" not in policy and "unsafe" not in policy
    assert "<script" not in answer.text and "style=" not in answer.text
    assert not re.findall(r'(?:src|rel="stylesheet" href)="(?!/docs/static/)', answer.text)
    with here.client.get("/docs/static/docs.css") as sheet:
        assert sheet.mimetype == "text/css"


def test_a_lying_host_comes_into_no_curl_line(here: Installation) -> None:
    for host in ("x;rm -rf ~", "very bad", "$(id)", "x/y", "x" * 300, "a'b", "evil.example:99999999"):
        for path in ("/docs", "/openapi.json"):
            answer = here.client.get(path, headers={"Host": host})
            assert answer.status_code in (200, 400), host
            assert answer.status_code == 400 or host not in html.unescape(answer.text)
    assert "http://moderator.lan:81/v1/comments" in here.client.get("/docs", headers={"Host": "moderator.lan:81"}).text


def test_the_operators_own_address_is_shown(tmp_path: Path) -> None:
    made = install(tmp_path, public_url="https://moderator.example.org")
    assert "curl -s https://moderator.example.org/v1/comments" in made.client.get("/docs").text
    made.store.close()


@pytest.mark.skipif(not all(map(shutil.which, ("curl", "openssl"))), reason="there is no curl, or no openssl, here")
def test_the_curl_lines_of_the_page_work_as_they_stand(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as (port, said):
        made = run("sites", "secret", "add", "blog", "--data", str(tmp_path / "data")).stdout
        page = subprocess.run(
            ["curl", "-s", f"http://127.0.0.1:{port}/docs"], capture_output=True, text=True, check=True
        ).stdout
        blocks = [html.unescape(block) for block in re.findall(r'<pre class="try">(.*?)</pre>', page, re.DOTALL)]
        assert len(blocks) == 9
        given = {
            "KEY": re.findall(r"mk_[\w-]+", said)[0],
            "SECRET": re.findall(r"whsec_\S+", made)[0],
            "SITE": "blog",
        }
        for block in blocks:
            asked = subprocess.run(
                ["sh", "-euc", block.replace("curl -s", "curl -sS --fail-with-body")],
                env=environment() | given,
                capture_output=True,
                text=True,
                check=False,
                timeout=30,
            )
            assert asked.returncode == 0, f"{block}\n{asked.stdout}{asked.stderr}"
            assert re.search(r'"(decision|verdict|status)":', asked.stdout)

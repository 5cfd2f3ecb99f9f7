"""The project's own hostile cases (tests/cases/hostile), against the real application with the shipped model."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hostile import Answer, World

from moderator.comment import Comment
from moderator.reading import read

FILES = sorted((Path(__file__).parent / "cases" / "hostile").glob("*.toml"))
MOST_MS = 150
TAKEN = (200, 201)


def cases() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in FILES:
        whole = tomllib.loads(path.read_text("utf-8"))
        common = {name: value for name, value in whole.items() if name != "case"}
        for case in whole["case"]:
            yield f"{path.stem}: {case['name']}", common | case


CASES = dict(cases())


def text_of(parts: str | list[str | list[Any]]) -> str:
    """A text, or the parts of one, of which ``[text, n]`` stands for n times the text."""
    if isinstance(parts, str):
        return parts
    return "".join(part if isinstance(part, str) else part[0] * part[1] for part in parts)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("hostile"))
    yield made
    made.close()


def send(world: World, case: dict[str, Any]) -> Answer:
    if "body" in case:
        email = f"ann{world.number}@example.org"  # each her own, as ten comments in as many minutes are a flood
        return world.judge({"body": text_of(case["body"]), "author": "Ann Reader", "email": email})
    kind = {"Content-Type": "application/json", "Authorization": world.bearer("site-key:A")}
    raw = next(
        text_of(case[name]).encode(codec)
        for name, codec in (("json", "utf-8"), ("latin1", "latin-1"), ("utf16", "utf-16"))
        if name in case
    )
    return world.ask("/v1/comments", data=raw, headers=kind)


@pytest.mark.parametrize("name", CASES)
def test_a_hostile_case_gets_the_right_answer_in_time(name: str, world: World) -> None:
    case = CASES[name]
    answer, before = send(world, case), world.rows()
    status = answer.got.status_code
    assert status in case.get("status", TAKEN)
    assert answer.seconds * 1000 < MOST_MS
    assert answer.told.get("decision") != case.get("never", "")
    if "rule" in case:
        assert answer.told["rule"] == case["rule"]
    assert answer.told.get("rule") not in case.get("rule_not", ())
    if "reads" in case:
        assert " ".join(read(Comment(text_of(case["body"]))).text.split()) == case["reads"]
    if status >= 400:
        assert answer.got.mimetype == "application/problem+json"
        assert answer.told["status"] == status and world.rows() == before


def test_there_are_cases_of_each_family() -> None:
    assert {path.stem for path in FILES} >= {"bombs", "odd", "patterns", "disguises", "good", "wire"}
    assert len(CASES) > 90

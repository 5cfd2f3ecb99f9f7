"""Every file of cases/link_only: comments that are nothing but links, in all disguises, and ones that only look so."""

import tomllib
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from moderator.comment import Comment
from moderator.policy import RULES, Case, SitePolicy, Thresholds, decide
from moderator.reading import read

FOLDER = Path(__file__).parent / "cases" / "link_only"


class Told(NamedTuple):
    """One case, and the file that it is from."""

    file: str
    name: str
    link_only: bool
    comment: Comment


def _cases() -> list[Told]:
    told = []
    for path in sorted(FOLDER.glob("*.toml")):
        family: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
        for case in family["case"]:
            name = case.pop("name")
            comment = Comment.from_json(case, needs_id=False, needs_body=False)
            told.append(Told(path.stem, name, family["link_only"], comment))
    return told


CASES = _cases()


@pytest.mark.parametrize("case", CASES, ids=[f"{case.file}: {case.name}" for case in CASES])
def test_a_case_is_link_only_where_its_file_says_so(case: Told) -> None:
    reading = read(case.comment)
    assert reading.link_only is case.link_only, (reading.outside, reading.links)


@pytest.mark.parametrize("case", CASES, ids=[f"{case.file}: {case.name}" for case in CASES])
def test_the_policy_holds_what_is_link_only_for_that_reason_and_nothing_else(case: Told) -> None:
    reading = read(case.comment)
    action, rule = decide(Case(case.comment, reading, SitePolicy(), 0.0, Thresholds(0.5, None)))
    assert (rule.__name__ == "link_only") is case.link_only, (action, rule.__name__)
    assert rule in RULES


def test_there_are_at_least_120_cases_and_many_of_either_sort() -> None:
    of_a_sort = Counter(case.link_only for case in CASES)
    assert len(CASES) >= 120
    assert min(of_a_sort[True], of_a_sort[False]) >= 60


def test_no_two_cases_of_a_file_have_one_name_and_no_two_cases_one_comment() -> None:
    assert [name for name, count in Counter((case.file, case.name) for case in CASES).items() if count > 1] == []
    assert [
        body for body, count in Counter((case.comment.body, case.comment.kind) for case in CASES).items() if count > 1
    ] == []

"""The tools of the supply chain: what an installation is made of, known weaknesses, and the fuzzer."""

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from tools import audit, fuzz, sbom

TOP = Path(__file__).resolve().parents[1]
LOCKS = sorted((TOP / "requirements").glob("*.txt"))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_each_locked_package_has_one_version_and_hashes(lock: Path) -> None:
    found = [*sbom.packages(lock.read_text("utf-8"))]
    assert len(found) == lock.read_text("utf-8").count("==") - lock.read_text("utf-8").count(" == ")
    assert all(hashes for _, _, hashes in found)
    assert "html5lib" not in [name for name, _, _ in found]


def test_the_bill_of_materials_names_each_package_of_the_lock_once() -> None:
    lock = (TOP / "requirements" / "serve.txt").read_text("utf-8")
    told = sbom.document(lock, version="1.2.3")
    assert (told["bomFormat"], told["specVersion"]) == ("CycloneDX", "1.6")
    purls = [one["purl"] for one in told["components"]]
    assert "pkg:pypi/flask@3.1.3" in purls or any(purl.startswith("pkg:pypi/flask@") for purl in purls)
    assert len(purls) == len({*purls}) == len([*sbom.packages(lock)])
    assert told == sbom.document(lock, version="1.2.3") and json.dumps(told)
    assert {text["expression"] for one in told["components"] for text in one["licenses"] if "expression" in text}


def test_a_weakness_is_told_with_its_cure_and_what_was_not_looked_up_is_told_too() -> None:
    hole = {"id": "PYSEC-1", "fix_versions": ["2.0"]}
    found: list[dict[str, Any]] = [
        {"name": "a", "version": "1.0", "vulns": [hole]}, {"name": "b", "version": "1.0", "vulns": []},
    ]  # fmt: skip
    lines, number = audit.told("x.txt", found)
    assert number == 1 and lines[0] == "x.txt: a 1.0 has PYSEC-1; mended in 2.0"
    lines, number = audit.told("x.txt", [{"name": "a", "skip_reason": "not found"}])
    assert number == 0 and lines == ["x.txt: skipped 1 of 1 packages: the database of weaknesses is out of reach"]


def test_the_fuzzer_runs_and_what_it_meets_is_the_same_each_time() -> None:
    came = [(name, what) for name, what, _ in itertools.islice(fuzz.run(60, 0, 1), 120)]
    assert {name for name, _ in came} >= {"reading", "native", "akismet", "coral", "exports"}
    assert fuzz.seeds()


def test_a_failure_names_the_number_that_brings_it_back(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object) -> str:
        raise ValueError("of our own")

    monkeypatch.setattr(fuzz, "reads", broken)
    with pytest.raises(fuzz.Failed) as failed:
        next(fuzz.run(60, 0, 9))
    assert (failed.value.target, failed.value.seed) == ("reading", 9)

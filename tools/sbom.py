"""Writes what an installation is made of, as CycloneDX 1.6 (https://cyclonedx.org/docs/1.6/json/), from the lock.

    make sbom

Names, versions and hashes are the lock's; licences those that the installed packages state.
"""

import json
import re
import sys
import uuid
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

PINNED = re.compile(r"^([A-Za-z0-9][\w.-]*)(?:\[[\w,-]+\])?==([^\s;\\]+)(?: ; ([^\\\n]+?))?\s*\\?$", re.MULTILINE)
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def packages(lock: str) -> Iterator[tuple[str, str, list[str]]]:
    """Name, version and hashes of each package in a lock."""
    found = [*PINNED.finditer(lock)]
    for package, after in zip(found, [*found[1:], None], strict=True):
        yield package[1], package[2], HASH.findall(lock[package.end() : after.start() if after else len(lock)])


def licence(name: str) -> list[dict[str, Any]]:
    """What the installed package says, if it is here."""
    try:
        told = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return []
    expression = next(iter(told.get_all("License-Expression", [])), "")
    if expression:
        return [{"expression": expression}]
    classified = [
        line.rpartition(" :: ")[2] for line in told.get_all("Classifier", []) if line.startswith("License ::")
    ]
    return [{"license": {"name": text}} for text in classified]


def component(name: str, version: str, hashes: list[str]) -> dict[str, Any]:
    """One package. Which file of a release an installation takes depends on its machine, so all are named."""
    purl = f"pkg:pypi/{re.sub(r'[-_.]+', '-', name).lower()}@{version}"
    files = [{"name": "lock:sha256", "value": digest} for digest in hashes]
    return {
        "type": "library",
        "bom-ref": purl,
        "name": name,
        "version": version,
        "purl": purl,
        "licenses": licence(name),
        "properties": files,
    }


def document(lock: str, *, version: str) -> dict[str, Any]:
    """The whole, the same for the same lock."""
    components = [component(*package) for package in packages(lock)]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, lock)}",
        "version": 1,
        "metadata": {
            "component": {"type": "application", "bom-ref": "moderator", "name": "moderator", "version": version}
        },
        "components": components,
        "dependencies": [{"ref": "moderator", "dependsOn": [one["bom-ref"] for one in components]}],
    }


if __name__ == "__main__":
    print(json.dumps(document(Path(sys.argv[1]).read_text("utf-8"), version=metadata.version("moderator")), indent=1))

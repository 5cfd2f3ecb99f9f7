"""Looks for known weaknesses in what we depend on: pip-audit over our locks, told in our words.

    make audit

Exit status 1 where there is one. Where the database of weaknesses cannot be reached it says so, and ends with 0.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def audited(lock: Path) -> list[dict[str, Any]] | None:
    """What pip-audit says of each package in a lock; None where it could say nothing."""
    asked = ["-m", "pip_audit", "-r", str(lock), "--disable-pip", "--require-hashes", "--format", "json"]
    done = subprocess.run([sys.executable, *asked], capture_output=True, text=True, check=False)
    try:
        found: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        print(f"{lock}: pip-audit could not ask ({(done.stderr.strip().splitlines() or ['no word'])[-1][:200]})")
        return None
    return found


def told(lock: str, found: Sequence[dict[str, Any]]) -> tuple[list[str], int]:
    """A line for each weakness, and one of what was looked up; how many weaknesses there are."""
    weak = [(one, hole) for one in found for hole in one.get("vulns", ())]
    lines = [
        f"{lock}: {one['name']} {one['version']} has {hole['id']}; mended in {', '.join(hole['fix_versions']) or '-'}"
        for one, hole in weak
    ]
    unknown = sum("skip_reason" in one for one in found)
    if unknown:
        lines.append(f"{lock}: skipped {unknown} of {len(found)} packages: the database of weaknesses is out of reach")
    else:
        lines.append(f"{lock}: {len(found)} packages, {len(weak)} known weaknesses")
    return lines, len(weak)


def main(locks: Sequence[str]) -> int:
    """The exit status."""
    weaknesses = 0
    for lock in locks:
        found = audited(Path(lock))
        if found is not None:
            lines, number = told(lock, found)
            print("\n".join(lines))
            weaknesses += number
    return 1 if weaknesses else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

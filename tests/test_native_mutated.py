"""A running server against its own OpenAPI document: what schemathesis makes of it, good and bad, all checks on.

MODERATOR_TEST_MUTATED is how many examples each address gets; 1500 made 11,092 requests.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

from test_story import environment, serving

EXAMPLES = os.environ.get("MODERATOR_TEST_MUTATED", "20")
HERE = Path(__file__).parent / "schemathesis"


def test_what_the_document_allows_is_taken_and_all_else_is_refused_politely(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as (port, said):
        command = [str(Path(sys.executable).with_name("st")), "--config-file", str(HERE / "schemathesis.toml"), "run"]
        command += [f"http://127.0.0.1:{port}/openapi.json", "--checks", "all", "--phases", "examples,coverage,fuzzing"]
        command += ["--max-examples", EXAMPLES, "--continue-on-failure", "--no-color", "--generation-database", "none"]
        key = re.findall(r"mk_[\w-]+", said)[0]
        command += ["--header", f"Authorization: Bearer {key}"]
        asked = subprocess.run(
            command,
            cwd=tmp_path,
            env=environment() | {"SCHEMATHESIS_HOOKS": str(HERE / "hooks.py")},
            capture_output=True,
            text=True,
            check=False,
        )
    assert asked.returncode == 0, asked.stdout[-8000:] + asked.stderr[-2000:]
    count = re.search(r"(\d+) generated", asked.stdout)
    assert count is not None and int(count[1]) > 500
    print(count[0])

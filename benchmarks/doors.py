"""How fast each door answers: decided, stored, and said in that protocol's words, over HTTP.

    python benchmarks/doors.py --json

A real server with a SQLite file on disk (synchronous=FULL) and the shipped model, as `moderator serve` starts it.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import click

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.common import machine

HERE = Path(__file__).parent
os.environ["MODERATOR_SITE_RATE"] = "0"  # one site sends all the load here
WARM_UP = 1.0


def native_key(data: Path) -> str:
    """A site with a key of our own protocol."""
    return str(json.loads(moderator("sites", "add", "benchmark", "--data", str(data), "--json"))["key"])


def akismet_key(data: Path) -> str:
    """A site with a key of Akismet's protocol."""
    moderator("sites", "add", "benchmark", "--data", str(data))
    added = moderator("sites", "akismet-key", "add", "benchmark", "--data", str(data), "--json")
    return str(json.loads(added)["key"])


def coral_secret(data: Path) -> str:
    """A site with a secret of Coral's."""
    moderator("sites", "add", "benchmark", "--data", str(data))
    moderator("sites", "coral", "add", "benchmark", "--data", str(data), told="ssec_0123456789abcdef\n")
    return "ssec_0123456789abcdef"


def blogspam_path(data: Path) -> str:
    """A site with an open door, whose address has a key in it."""
    moderator("sites", "add", "benchmark", "--data", str(data))
    opened = moderator("sites", "blogspam", "open", "benchmark", "--data", str(data))
    return next(f"/blogspam/{rest.split('/')[0]}/" for rest in opened.split("/blogspam/")[1:])


# Each door by the kind of load.py's requests, and where its key comes from.
DOORS = {"webhook": native_key, "akismet": akismet_key, "coral": coral_secret, "blogspam": blogspam_path}


@click.command()
@click.argument("doors", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--connections", default=32, show_default=True, help="How many keep-alive connections.")
@click.option("--seconds", default=5.0, show_default=True, help="How long the load is.")
def main(doors: tuple[str, ...], as_json: bool, connections: int, seconds: float) -> None:
    """Requests a second and latencies of DOORS, by default of all."""
    found = {door: measure(door, connections, seconds) for door in doors or DOORS}
    if as_json:
        print(json.dumps({"connections": connections, "doors": found, **machine()}, indent=2))
        return
    for door, row in found.items():
        print(
            f"{door:10} {row['per_second']:7.0f} requests/s   p50 {row['p50_ms']:6.2f} ms   p99 {row['p99_ms']:6.2f} ms"
            f"   with {connections} connections"
        )


def measure(door: str, connections: int, seconds: float) -> dict[str, Any]:
    """The load on one door, after a warm-up."""
    with tempfile.TemporaryDirectory(prefix="moderator-benchmark-") as folder:
        key = DOORS[door](Path(folder))
        command = [sys.executable, str(HERE.parent / "serve.py"), "--data", folder, "--port", "0"]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=HERE.parent)
        try:
            line = server.stdout.readline() if server.stdout else ""
            if "http" not in line:
                raise click.ClickException("the server did not start")
            port = line.rpartition(":")[2].strip()
            load(port, connections, WARM_UP, door, key, 0)
            return load(port, connections, seconds, door, key, 1_000_000)
        finally:
            server.terminate()
            server.communicate()


def load(port: str, connections: int, seconds: float, kind: str, key: str, first: int) -> dict[str, Any]:
    """What load.py found; a request that failed is an error."""
    command = [sys.executable, str(HERE / "load.py"), port, str(connections), str(seconds), kind, key, str(first)]
    found: dict[str, Any] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    if found["failed"]:
        raise click.ClickException(f"{found['failed']} requests failed")
    return found


def moderator(*arguments: str, told: str = "") -> str:
    """What a command of ours prints, with ``told`` on its standard input."""
    code = "import sys; from moderator.cli import main; main(sys.argv[1:])"
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, check=True, input=told, stdout=subprocess.PIPE, text=True, cwd=HERE.parent).stdout


if __name__ == "__main__":
    main()

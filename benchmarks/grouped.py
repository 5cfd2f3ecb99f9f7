"""What a comment costs in process that is judged and stored with others that wait, by how many they are.

    python benchmarks/grouped.py --json

From a Comment to an answer that is on disk (a SQLite file, synchronous=FULL), in processor time; HTTP is not in it.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.common import comment, machine
from moderator import server
from moderator import settings as all_settings
from moderator.comment import Comment
from moderator.moderation import MOST_SECONDS, Asked, Moderator
from moderator.shelf import Shelf

SIZES = (1, 2, 4, 8, 16, 32)
COMMENTS = 64  # of each size in a round


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--rounds", default=14, show_default=True, help="How many rounds; the best of each size counts.")
def main(as_json: bool, rounds: int) -> None:
    """Microseconds of processor time a comment, by the size of the group."""
    with tempfile.TemporaryDirectory(prefix="moderator-benchmark-") as temporary:
        found = measure(Path(temporary), rounds)
    if as_json:
        print(json.dumps({"us_by_size": found, **machine()}, indent=2))
        return
    for size, took in found.items():
        print(f"{size:3} together {took:7.0f} us each")


def measure(data: Path, rounds: int) -> dict[int, float]:
    """The best round of each size; sizes take turns, so that what else the machine does meets all."""
    store = server.open_store(all_settings.load({"data": data}, environment={}))
    site, _ = store.add_site("benchmark")
    moderator = Moderator(store, Shelf(data / "model"), server.now)
    best = dict.fromkeys(SIZES, float("inf"))
    number = 0
    for _ in range(rounds):
        for size in SIZES:
            comments = [Comment.from_json(comment(number + i)) for i in range(COMMENTS)]
            number += COMMENTS
            waiting = [Asked(site, one, COMMENTS * MOST_SECONDS, time.monotonic()) for one in comments]
            start = time.process_time()
            for at in range(0, COMMENTS, size):
                moderator.judge_group(waiting[at : at + size])
            best[size] = min(best[size], (time.process_time() - start) / COMMENTS * 1e6)
    store.close()
    return best


if __name__ == "__main__":
    main()

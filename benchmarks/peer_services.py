"""What people would write or install instead of this, as services that only score: they store and explain nothing.

    python benchmarks/peer_services.py NAME [--workers N] [--threads N]

prints its address and serves one until it is stopped; ``webhook.py --peers`` does so. ``words`` and
``words_and_chars`` are textbook pipelines of scikit-learn in a Flask route, under the server that ours has; ``rspamd``
is Debian's, asked through its controller's HTTP interface, which is one process and closes each connection.
"""

import shutil
import signal
import sys
import tempfile
import threading
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).parent.parent))

# By name: the kind of request that load.py sends.
SERVICES = {"words": "webhook", "words_and_chars": "webhook", "rspamd": "rspamd"}


def missing(name: str) -> str:
    """Why it cannot run here; empty where it can."""
    if name == "rspamd" and not (shutil.which("rspamd") and shutil.which("redis-server")):
        return "rspamd is not here: apt install rspamd redis-server"
    return ""


@click.command()
@click.argument("name", type=click.Choice(list(SERVICES)))
@click.option("--workers", type=int, help="How many processes serve.")
@click.option("--threads", type=int, help="How many threads in each.")
def main(name: str, workers: int | None, threads: int | None) -> None:
    """Serve one of them on a free port."""
    if why := missing(name):
        raise click.ClickException(why)
    if name == "rspamd":
        _rspamd()
    else:
        _pipeline(name, {"workers": workers, "threads": threads})


def _pipeline(name: str, flags: dict[str, int | None]) -> None:
    from flask import Flask, request

    from benchmarks.kit import data, peers
    from moderator import server
    from moderator import settings as all_settings

    make = peers.words if name == "words" else peers.word_and_char
    learned = data.starter()
    pipeline = make().fit([data.with_author(comment) for comment in learned.comments], learned.spam)
    app = Flask(name)

    @app.post("/v1/comments")
    def score() -> dict[str, float]:
        sent = request.get_json()
        author = sent["author"]
        text = " ".join((author["name"], author["url"], author["email"].rpartition("@")[2], sent["body"]))
        return {"score": float(pipeline.predict_proba([text])[0, 1])}

    settings = all_settings.load({**flags, "port": 0}, environment={})
    listener = server.listen(settings)
    server.run(app, settings, listener, ready=f"http://127.0.0.1:{listener.getsockname()[1]}")


def _rspamd() -> None:
    from benchmarks.kit.rspamd import Rspamd

    with tempfile.TemporaryDirectory(prefix="moderator-benchmark-") as folder:
        stop = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: stop.set())
        running = Rspamd(Path(folder))
        print(f"http://127.0.0.1:{running.port}", flush=True)
        stop.wait()
        running.close()


if __name__ == "__main__":
    main()

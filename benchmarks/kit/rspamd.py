"""rspamd with a Redis of its own, both on ports of this machine that were free."""

import http.client
import json
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

from .mail_filters import NEUTRAL, points
from .peers import PeerFailed

SPAM = 6.0  # points from which it marks a mail as spam ("add header")
STARTS_IN = 180  # seconds; the first start compiles its patterns
# Modules that ask the network, or that judge the envelope of a mail, which a comment has not.
OFF = (
    "arc asn bimi clickhouse dkim dkim_signing dmarc elastic fuzzy_check greylist hfilter history_redis known_senders "
    "metadata_exporter mx_check neural once_received p0f phishing ratelimit rbl replies reputation rspamd_update spf "
    "surbl url_redirector"
).split()
SETTINGS = {
    "redis.conf": 'servers = "127.0.0.1:{redis}";',
    "classifier-bayes.conf": "min_learns = 1; autolearn = false;",
    "options.inc": 'dns {{ nameserver = ["127.0.0.1:9:1"]; timeout = 0.1s; retransmits = 1; }}\n'
    'control_socket = "{folder}/control.sock mode=0600";',
    "worker-controller.inc": 'bind_socket = "127.0.0.1:{port}"; secure_ip = "127.0.0.1";',
    "worker-normal.inc": "enabled = false;",
    "worker-proxy.inc": "enabled = false;",
    "logging.inc": 'type = "console"; level = "error";',
}


class Rspamd:
    """Asked and taught through its controller's HTTP interface."""

    variants: tuple[str, ...] = (", Bayes", ", rules and Bayes")

    def __init__(self, folder: Path) -> None:
        self._redis_port, self.port = _free_port(), _free_port()
        settings = folder / "local.d"
        settings.mkdir(parents=True, exist_ok=True)
        for module in OFF:
            (settings / f"{module}.conf").write_text("enabled = false;\n")
        for name, text in SETTINGS.items():
            written = text.format(redis=self._redis_port, port=self.port, folder=folder)
            (settings / name).write_text(f"{written}\n")
        silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        redis = ["redis-server", "--bind", "127.0.0.1", "--port", str(self._redis_port), "--save", "", "--dir", folder]
        places = [f"--var={name}={folder}" for name in ("LOCAL_CONFDIR", "DBDIR", "RUNDIR", "LOGDIR")]
        rspamd = ["rspamd", "--insecure", "--no-fork", "-c", "/etc/rspamd/rspamd.conf", *places]
        self._processes = [subprocess.Popen(redis, **silent), subprocess.Popen(rspamd, **silent)]  # type: ignore[call-overload]
        self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        self._wait()

    def fresh(self) -> None:
        """Empty the Redis in which it keeps what it learned."""
        with socket.create_connection(("127.0.0.1", self._redis_port), timeout=10) as redis:
            redis.sendall(b"FLUSHALL\r\n")
            if not redis.recv(64).startswith(b"+OK"):
                raise PeerFailed("rspamd: its Redis did not forget")

    def learn(self, message: str, spam: bool) -> None:
        """As ``rspamc learn_spam``; texts under its eleven tokens, and those it has learned, it passes over."""
        self._ask("/learnspam" if spam else "/learnham", message)

    def score(self, message: str) -> tuple[float, ...]:
        """Its Bayes symbol alone; and its points of rules and Bayes, six of which are spam."""
        told = self._ask("/checkv2", message)
        symbols = told.get("symbols", {})
        bayes = NEUTRAL
        for name, side in (("BAYES_SPAM", 1), ("BAYES_HAM", -1)):
            if name in symbols:
                percent = float(symbols[name]["options"][0].strip("%[] "))
                bayes = percent / 100 if side > 0 else 1 - percent / 100
        return bayes, points(float(told["score"]), SPAM)

    def close(self) -> None:
        """End both processes."""
        self._connection.close()
        for process in reversed(self._processes):
            process.terminate()
            process.wait(timeout=30)

    def _wait(self) -> None:
        until = time.monotonic() + STARTS_IN
        while time.monotonic() < until and self._processes[1].poll() is None:
            try:
                self._ask("/ping", "")
                return
            except (OSError, http.client.HTTPException):
                self._connection.close()
                time.sleep(0.5)
        self.close()
        raise PeerFailed("rspamd did not start")

    def _ask(self, path: str, message: str) -> dict[str, Any]:
        self._connection.request("POST" if message else "GET", path, message.encode("utf-8", "replace") or None)
        answer = self._connection.getresponse()
        body = answer.read()
        if path == "/checkv2" and answer.status != 200:
            raise PeerFailed(f"rspamd: {answer.status} {body[:120]!r}")
        told: dict[str, Any] = json.loads(body) if body.startswith(b"{") else {}
        return told


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

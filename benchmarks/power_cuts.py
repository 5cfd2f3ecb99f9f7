"""Power cuts while blogs send comments and give verdicts; what was acknowledged and is lost is counted.

    python benchmarks/power_cuts.py --cuts 500 --json        (make power-cuts)

A kill leaves what the kernel had; a power cut leaves what the disk had. So strace writes down each write, sync,
removal and answer of a real server, and of that the disk is built as it may have been at any moment: all that was
synced, and of the rest any part, in 512-byte sectors, with zeros or rubbish where a file grew (as ALICE does: Pillai et
al., OSDI 2014). Each such disk is opened as after a start; every comment and verdict that was answered before must be
in it, once.

SQLite alone: PostgreSQL's recovery is tested by its makers. strace needs no root for one's own processes.
"""

import contextlib
import http.client
import json
import os
import random
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.common import comment, machine
from moderator.store import Store, StoreError

TOP = Path(__file__).parent.parent
DATABASE = "moderator.sqlite3"
SENDERS = 4
VERDICT_EVERY = 3
SECTOR = 512
PATIENCE = 60.0
CALLS = "openat,pwrite64,ftruncate,fsync,fdatasync,unlink,sendto"

# What strace is asked for is one line a call: its process, the call, and what came of it.
LINE = re.compile(r"(\d+) +(?:<\.\.\. (\w+) resumed>)?(.*)", re.DOTALL)
CALL = re.compile(r"(\w+)\((.*)", re.DOTALL)
OF_FILE = re.compile(r"\d+<((?:\\x[0-9a-f]{2})*)>")
TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


@dataclass
class File:
    """A file on a disk: what was synced, and what was done to it since, by offset and bytes or by its new length."""

    synced: bytearray = field(default_factory=bytearray)
    since: list[tuple[int, bytes | None]] = field(default_factory=list)

    def sync(self, number: int) -> None:
        """The first ``number`` of what was done since are on the disk now."""
        for deed in self.since[:number]:
            _apply(self.synced, *deed)
        del self.since[:number]

    def after_a_cut(self, chance: random.Random) -> bytes:
        """As it may be after a power cut."""
        content, share = bytearray(self.synced), chance.choice((0.0, 0.2, 0.5, 0.8, 1.0))
        for offset, data in self.since:
            if data is None:
                if chance.random() < share:
                    _apply(content, offset, None)
                continue
            for start in range(0, len(data), SECTOR):
                part = data[start : start + SECTOR]
                if chance.random() < share:
                    _apply(content, offset + start, part)
                elif offset + start + len(part) > len(content) and chance.random() < share:
                    # The length came to the disk and the bytes did not.
                    rubbish = chance.randbytes(len(part)) if chance.random() < 0.5 else bytes(len(part))
                    _apply(content, offset + start, rubbish)
        return bytes(content)


def _apply(content: bytearray, offset: int, data: bytes | None) -> None:
    if data is None:
        del content[offset:]
        content.extend(bytes(offset - len(content)))
    else:
        content.extend(bytes(max(0, offset - len(content))))
        content[offset : offset + len(data)] = data


@dataclass
class Disk:
    """The database's files, by name; ``names`` are those that a sync of the folder has made sure of."""

    folder: str
    files: dict[str, File] = field(default_factory=dict)
    names: dict[str, File] = field(default_factory=dict)

    def after_a_cut(self, chance: random.Random) -> dict[str, bytes]:
        """The files as they may be after a power cut: a name that no sync made sure of may be as before."""
        found = {}
        for name in self.files.keys() | self.names.keys():
            file = chance.choice((self.files.get(name), self.names.get(name)))
            if file is not None:
                found[name] = file.after_a_cut(chance)
        return found


def events(trace: Iterable[str]) -> Iterator[tuple[str, str, bool, bool]]:
    """Call, its arguments and result, whether this is its begin, and whether it is its end, as strace saw them."""
    begun: dict[str, str] = {}
    for line in trace:
        fits = LINE.match(line)
        if fits is None:
            continue
        process, resumed, rest = fits.groups()
        if resumed:
            yield resumed, begun.pop(process, "") + rest, False, True
        elif call := CALL.match(rest):
            ends = "<unfinished ...>" not in rest
            if not ends:
                begun[process] = call[2].removesuffix("<unfinished ...>\n")
            yield call[1], call[2], True, ends


class Replay:
    """A disk through a trace, and the ids of what was answered so far."""

    def __init__(self, folder: Path, start: dict[str, bytes], *, lying: bool = False) -> None:
        self.disk = Disk(str(folder))
        for name, content in start.items():
            self.disk.files[name] = self.disk.names[name] = File(bytearray(content))
        self.answers: list[bytes] = []
        self._lying = lying
        self._syncing: dict[str, tuple[File, int]] = {}

    def play(self, call: str, told: str, begins: bool, ends: bool) -> bool:
        """Do it; whether anything became different."""
        if call == "sendto":
            if begins and (text := TEXT.search(told)):
                self.answers.append(_bytes(text[1]))
            return begins
        if call == "unlink":
            name = self._name(_bytes(text[1]).decode()) if (text := TEXT.search(told)) else None
            return ends and name is not None and self.disk.files.pop(name, None) is not None
        if call == "openat":
            name = self._name(_bytes(text[1]).decode()) if (text := TEXT.search(told)) else None
            made = ends and name is not None and name not in self.disk.files and "= -1" not in told
            if made and name is not None:
                self.disk.files[name] = File()
            return made
        path = _bytes(found[1]).decode() if (found := OF_FILE.match(told)) else ""
        if call in ("fsync", "fdatasync"):
            return self._sync(path, begins, ends)
        file = self.disk.files.get(self._name(path) or "")
        if file is None or not begins:
            return False
        if call == "pwrite64":
            text = TEXT.search(told)
            offset = re.search(r", (\d+)(?:\)|$|<|\s)", told[text.end() + 2 :]) if text else None
            assert text is not None and offset is not None, told[-200:]
            file.since.append((int(offset[1]), _bytes(text[1])))
        elif call == "ftruncate":
            length = re.search(r">, (\d+)", told)
            assert length is not None, told
            file.since.append((int(length[1]), None))
        return True

    def _sync(self, path: str, begins: bool, ends: bool) -> bool:
        if self._lying:
            return False
        if path == self.disk.folder:
            if ends:
                self.disk.names = dict(self.disk.files)
            return ends
        file = self.disk.files.get(self._name(path) or "")
        if file is None:
            return False
        # What another thread writes while it is synced need not be among what is synced.
        if begins:
            self._syncing[path] = (file, len(file.since))
        if ends:
            file, number = self._syncing.pop(path, (file, 0))
            file.sync(min(number, len(file.since)))
        return ends

    def _name(self, path: str) -> str | None:
        folder, _, name = path.rpartition("/")
        # What SQLite shares between processes (-shm) is made anew from the log, and the turn's file is empty.
        known = folder == self.disk.folder and name in (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-journal")
        return name if known else None


def _bytes(told: str) -> bytes:
    return bytes.fromhex(told.replace("\\x", ""))


def answered(answers: Iterable[bytes]) -> tuple[set[str], set[str]]:
    """Our ids of the comments that were acknowledged in these bytes, and those whose verdict was."""
    comments: set[str] = set()
    verdicts: set[str] = set()
    for text in answers:
        _, found, body = text.partition(b"{")
        if not found:
            continue
        with contextlib.suppress(ValueError):
            told = json.loads(b"{" + body)
            if isinstance(told, dict) and "id" in told:
                (verdicts if told.get("verdict") else comments).add(told["id"])
    return comments, verdicts


def what_is_wrong(files: dict[str, bytes], comments: set[str], verdicts: set[str], folder: Path) -> list[str]:
    """Open the disk as a start does; what of it is damaged, missing or there twice."""
    for name, content in files.items():
        (folder / name).write_bytes(content)
    url = f"sqlite:///{folder / DATABASE}"
    try:
        Store.upgrade(url)
        Store.open(url, clock=lambda: datetime.now(UTC)).close()
        with contextlib.closing(sqlite3.connect(folder / DATABASE)) as database:
            wrong = [row[0] for row in database.execute("PRAGMA integrity_check") if row[0] != "ok"]
            there = {row[0] for row in database.execute("SELECT id FROM comments WHERE content <> ''")}
            words = dict(database.execute("SELECT comment_id, count(*) FROM verdicts GROUP BY comment_id").fetchall())
            twice = database.execute("SELECT external_id FROM comments GROUP BY external_id HAVING count(*) > 1")
            wrong += [f"{row[0]} is there twice" for row in twice]
            halves = database.execute("SELECT id FROM comments WHERE word IS NOT NULL AND verdict_id IS NULL")
            wrong += [f"half a verdict on {row[0]}" for row in halves]
    except (StoreError, sqlite3.Error) as error:
        return [f"cannot be opened: {error}"]
    wrong += [f"lost comment {id}" for id in comments - there]
    return wrong + [f"{words.get(id, 0)} verdicts on {id}" for id in verdicts if words.get(id) != 1]


def record(folder: Path, comments: int) -> tuple[Path, dict[str, bytes]]:
    """Serve so many comments under strace: the trace, and the files that were there before."""
    data = folder / "data"
    data.mkdir(parents=True)
    url = f"sqlite:///{data / DATABASE}"
    Store.upgrade(url)
    store = Store.open(url, clock=lambda: datetime.now(UTC))
    _, key = store.add_site("cut")
    store.close()
    start = {path.name: path.read_bytes() for path in data.glob(f"{DATABASE}*")}
    start = {name: content for name, content in start.items() if not name.endswith(("-shm", "-turn"))}
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        port = int(asked.getsockname()[1])
    trace = folder / "trace"
    server = subprocess.Popen(
        ["strace", "--seccomp-bpf", "-f", "-y", "-xx", "-s", "100000", "-e", f"trace={CALLS}", "-e", "signal=none",
         "-o", str(trace), sys.executable, str(TOP / "serve.py"), "--data", str(data), "--port", str(port),
         "--workers", "2"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait_for(server, port)
        with contextlib.ExitStack() as stack:
            for own in range(SENDERS):
                sender = threading.Thread(target=_send, args=(own, port, key, comments // SENDERS))
                sender.start()
                stack.callback(sender.join)
    finally:
        # The server and not strace, which goes with it: the last checkpoint is part of the trace.
        for pid in Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text("ascii").split():
            os.kill(int(pid), signal.SIGTERM)
        server.wait(timeout=PATIENCE)
    return trace, start


def _wait_for(server: "subprocess.Popen[bytes]", port: int) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and server.poll() is None:
        with contextlib.suppress(OSError, http.client.HTTPException):
            if _ask(port, "GET", "/healthz", "", None):
                return
        time.sleep(0.1)
    raise SystemExit("the server does not start under strace; is strace installed, and may it trace (ptrace)?")


def _ask(port: int, method: str, path: str, key: str, body: Any) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"} if key else {}
        connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        answer = connection.getresponse()
        told = json.loads(answer.read())
        return told if answer.status in (200, 201) else None
    finally:
        connection.close()


def _send(own: int, port: int, key: str, comments: int) -> None:
    for number in range(comments):
        sent = comment(own * 1_000_000 + number) | {"id": f"{own}-{number}"}
        answer = _ask(port, "POST", "/v1/comments", key, sent)
        if answer and number % VERDICT_EVERY == 0:
            _ask(port, "POST", f"/v1/comments/{answer['id']}/verdict", key, {"verdict": "spam"})


def replay(
    trace: Path, start: dict[str, bytes], data: Path, cuts: int, *, seed: int = 1, lying: bool = False
) -> dict[str, Any]:
    """Cut the power ``cuts`` times along the trace, half of them just after an answer; what was wrong then.

    A ``lying`` disk says that it has synced and has not: it shows that a loss would be seen.
    """
    chance = random.Random(seed)
    with trace.open("r", encoding="ascii") as lines:
        all_of_it = list(events(lines))
    played = Replay(data, start, lying=lying)
    moments = [(call, number) for number, event in enumerate(all_of_it) if (call := event[0]) and played.play(*event)]
    after_answers = [number for call, number in moments if call == "sendto"]
    at = {chance.choice(after_answers) for _ in range(cuts // 2)}
    while len(at) < min(cuts, len(moments)):
        at.add(chance.choice(moments)[1])
    played, wrong, most = Replay(data, start, lying=lying), [], 0
    for number, event in enumerate(all_of_it):
        played.play(*event)
        most = max(most, sum(len(file.since) for file in played.disk.files.values()))
        if number in at:
            with tempfile.TemporaryDirectory(prefix="moderator-cut-") as folder:
                found = what_is_wrong(played.disk.after_a_cut(chance), *answered(played.answers), Path(folder))
            wrong += [f"cut {number}: {one}" for one in found]
    comments, verdicts = answered(played.answers)
    return {
        "cuts": len(at), "moments": len(moments), "comments": len(comments), "verdicts": len(verdicts),
        "most_writes_unsynced": most, "syncs": sum(call in ("fsync", "fdatasync") for call, _ in moments),
        "wrong": wrong,
    }  # fmt: skip


@click.command()
@click.option("--cuts", default=500, show_default=True, help="How often the power goes.")
@click.option("--comments", default=400, show_default=True, help="How many comments are sent.")
@click.option("--seed", default=1, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(cuts: int, comments: int, seed: int, as_json: bool) -> None:
    """Power cuts under load, and what of what was acknowledged is lost."""
    if shutil.which("strace") is None:
        raise click.ClickException("there is no strace; install it (Debian: apt install strace)")
    with tempfile.TemporaryDirectory(prefix="moderator-cuts-") as temporary:
        folder = Path(temporary)
        trace, start = record(folder, comments)
        found = replay(trace, start, folder / "data", cuts, seed=seed)
    if as_json:
        print(json.dumps({"machine": machine(), **found}, indent=2))
    else:
        for name, value in found.items():
            print(f"{name:20} {value[:20] if isinstance(value, list) else value}")
    sys.exit(1 if found["wrong"] else 0)


if __name__ == "__main__":
    main()

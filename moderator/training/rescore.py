"""Scoring shards of comments anew, on this machine's cores or on a cluster, in constant memory.

A shard is a file of JSON lines, also gzipped. What comes of it is a file of the same name with one line a comment: its
id, its score and what would be decided. A shard is there whole or not at all, so that a run that was broken off goes on
with what is missing. Lines travel in chunks, the model once; so on a cluster nothing has to be shared.
"""

import gzip
import json
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

from moderator import policy
from moderator.classifier import Classifier, load, sigmoid
from moderator.comment import CommentError
from moderator.labelled import comment_of
from moderator.policy import Case, SitePolicy
from moderator.reading import Reading, read
from moderator.training.parallel import Workers

CHUNK = 1000  # lines: a second of work, and a megabyte at most of usual comments
BLOCK = 64  # comments scored as one array
AHEAD = 3  # chunks a core that are on their way
MOST_LINE = 4 * 2**20  # bytes
SUFFIXES = (".jsonl", ".jsonl.gz")
Files = dict[str, bytes]


class RescoreError(Exception):
    """A shard that cannot be scored, and the cure."""


@dataclass(frozen=True, slots=True)
class Done:
    """What was scored: shards, comments, lines that could not be read, and shards that were there already."""

    shards: int = 0
    comments: int = 0
    broken: int = 0
    skipped: int = 0


def rescore(
    shards: Sequence[Path],
    into: Path,
    model: Path,
    workers: Workers,
    *,
    show: Callable[[int, int, int], None] = lambda shard, of, comments: None,
) -> Done:
    """Score each shard into the folder ``into`` with the model in the folder ``model``. RescoreError, ModelError.

    ``show`` is told which shard of how many is at work, and how many comments are done.
    """
    load(model)  # what cannot be loaded is told before anything is written
    into.mkdir(parents=True, exist_ok=True)
    files = {file.name: file.read_bytes() for file in model.iterdir() if file.suffix in (".json", ".npy")}
    there = workers.client.scatter(files, broadcast=True, hash=False) if workers.client is not None else None
    found = Done()
    names = [shard.name for shard in shards]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise RescoreError(f"two shards are called {twice}; score them into different folders")
    for number, shard in enumerate(shards, start=1):
        if not shard.name.endswith(SUFFIXES):
            raise RescoreError(f"{shard} is no shard: its name must end in .jsonl or .jsonl.gz")
        target = into / shard.name
        if target.exists():
            found = Done(found.shards, found.comments, found.broken, found.skipped + 1)
            continue
        comments, broken = _shard(shard, target, _scored(there, model, _chunks(shard), workers))
        found = Done(found.shards + 1, found.comments + comments, found.broken + broken, found.skipped)
        show(number, len(shards), found.comments)
    return found


def _shard(shard: Path, target: Path, scored: Iterable[list[str]]) -> tuple[int, int]:
    """Write what was scored beside its place, then put it there; how many comments, how many of them broken."""
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    count = broken = 0
    try:
        with _open(draft, "wb", as_=target) as out:
            for lines in scored:
                count += len(lines)
                broken += sum('"error"' in line for line in lines)
                out.write(("\n".join(lines) + "\n").encode())
        os.replace(draft, target)
    except (OSError, EOFError) as error:
        raise RescoreError(f"{shard} breaks off or cannot be read ({error}); mend it and run the same again") from None
    finally:
        draft.unlink(missing_ok=True)
    return count, broken


def _open(path: Path, mode: str, *, as_: Path | None = None) -> Any:
    return gzip.open(path, mode, compresslevel=4) if (as_ or path).name.endswith(".gz") else path.open(mode)


def _chunks(shard: Path) -> Iterator[list[bytes]]:
    with _open(shard, "rb") as lines:
        chunk: list[bytes] = []
        for line in _bounded(lines):
            chunk.append(line)
            if len(chunk) == CHUNK:
                yield chunk
                chunk = []
        if chunk:
            yield chunk


def _bounded(lines: BinaryIO) -> Iterator[bytes]:
    while line := lines.readline(MOST_LINE):
        if len(line) == MOST_LINE and not line.endswith(b"\n"):
            while not line.endswith(b"\n") and (line := lines.readline(MOST_LINE)):
                pass
            yield b""  # too long: an error in its place
        elif line.strip():
            yield line


def _scored(there: Any, model: Path, chunks: Iterator[list[bytes]], workers: Workers) -> Iterator[list[str]]:
    """What comes of each chunk, in order; ``there``: the model's files, where they lie with a cluster's workers."""
    if workers.client is None:
        yield from workers.run(_here, ((str(model), chunk) for chunk in chunks))
        return
    most = AHEAD * max(1, sum(workers.client.ncores().values()))
    waiting: deque[Any] = deque()
    for chunk in chunks:
        waiting.append(workers.client.submit(_there, model.name, there, chunk, pure=False))
        if len(waiting) >= most:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _here(model: str, chunk: list[bytes]) -> list[str]:
    return _lines(_load(model), chunk)


@lru_cache(maxsize=2)
def _load(model: str) -> Classifier:
    return load(Path(model))


_models: dict[str, Classifier] = {}  # of this worker


def _there(name: str, files: Files, chunk: list[bytes]) -> list[str]:
    if name not in _models:
        with TemporaryDirectory() as folder:
            place = Path(folder) / name
            place.mkdir()
            for file, content in files.items():
                (place / file).write_bytes(content)
            _models[name] = load(place)
    return _lines(_models[name], chunk)


def _lines(classifier: Classifier, chunk: list[bytes]) -> list[str]:
    """A line for each line, in order: id, score and decision, or what is wrong with it."""
    told: list[dict[str, Any]] = [{} for _ in chunk]
    cases: list[tuple[int, Any, Reading]] = []
    for place, line in enumerate(chunk):
        try:
            if not line:
                raise CommentError("(the whole)", f"is longer than {MOST_LINE:,} bytes")
            comment = comment_of(json.loads(line))
            cases.append((place, comment, read(comment)))
        except CommentError as error:
            told[place] = {"error": str(error)}
        except (ValueError, RecursionError):
            told[place] = {"error": "is no JSON object in UTF-8"}
    site = SitePolicy()
    for start in range(0, len(cases), BLOCK):
        block = cases[start : start + BLOCK]
        logits = classifier.scores([reading for _, _, reading in block]).tolist()
        for (place, comment, reading), score in zip(block, map(sigmoid, logits), strict=True):
            action, rule = policy.decide(Case(comment, reading, site, score, classifier.thresholds))
            told[place] = {"id": comment.id, "score": score, "decision": action, "rule": rule.__name__}
    return [json.dumps(one, ensure_ascii=False, separators=(",", ":")) for one in told]

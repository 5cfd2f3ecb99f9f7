"""Data sets into the data folder: fetched or given, checked, parsed, and kept as one labelled file each.

``<data>/datasets/<name>.jsonl.gz`` holds the comments, ``<name>.json`` where they came from and the SHA-256 of all.
Both are written beside their place and then moved, so that nobody ever meets half of one.
"""

import gzip
import hashlib
import json
import os
import tempfile
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPException
from pathlib import Path
from typing import IO, Any

from moderator.comment import CommentError
from moderator.labelled import example_of
from moderator.training.datasets import DATASETS, Dataset, Remote, dataset
from moderator.training.readers import read_examples
from moderator.training.readers.rows import CorpusError

MOST_BYTES = 200_000_000  # of one file; the largest that is known here has 10 million
PATIENCE = 60.0  # seconds without a byte
CHUNK = 65_536

Progress = Callable[[str, int, int], None]  # file, bytes so far, bytes in all (0: not known)


class DatasetError(Exception):
    """A data set that could not be had, with the cure."""


class _OnlyHttps(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        if not newurl.lower().startswith("https://"):
            raise DatasetError(f"{req.full_url} sends us on to {newurl[:200]}, which is not https; nothing was taken")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def https_opener(*handlers: urllib.request.BaseHandler) -> urllib.request.OpenerDirector:
    """What opens addresses: https alone, redirected to https alone."""
    return urllib.request.build_opener(_OnlyHttps(), *handlers)


@dataclass(frozen=True, slots=True)
class Kept:
    """A set in the data folder."""

    name: str
    path: Path
    comments: int
    spam: int
    origin: str


def kept(name: str, folder: Path) -> Kept | None:
    """The set as it is kept, its bytes checked; None where it is not.

    Raises DatasetError for a changed file, and for a name that no set has.
    """
    _known(name)
    receipt = _receipt(name, folder)
    path = folder / f"{name}.jsonl.gz"
    if not receipt or not path.exists():
        return None
    if _sha256(path) != receipt.get("sha256"):
        raise DatasetError(f"{path} is not what was fetched; delete it, then run `moderator datasets fetch {name}`")
    return Kept(name, path, int(receipt["comments"]), int(receipt["spam"]), str(receipt["origin"]))


def fetch(
    name: str,
    folder: Path,
    *,
    at: datetime,
    given: Sequence[Path] = (),
    trust_first: bool = False,
    opener: urllib.request.OpenerDirector | None = None,
    progress: Progress = lambda *_: None,
) -> Kept:
    """Have a set: from its addresses, or from ``given`` files (its own ones, or one labelled JSONL file).

    Raises DatasetError, and leaves what was kept before as it was.
    """
    known = _known(name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if len(given) == 1 and _is_labelled(given[0]):
            return _keep_labelled(known, given[0], folder, at)
        before: dict[str, str] = (_receipt(name, folder) or {}).get("files", {})
        with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=folder) as draft:
            if given:
                files = _given(known, given)
            else:
                _must_be_trusted(known, before, trust_first)
                files = [_download(remote, Path(draft), opener or https_opener(), progress) for remote in known.files]
            sums = {remote.name: _sha256(path) for remote, path in zip(known.files, files, strict=True)}
            _check(known, sums, {} if trust_first or given else before)
            return _keep(known, known.parse(files), folder, at, origin="given" if given else "fetched", files=sums)
    except CorpusError as error:
        raise DatasetError(f"{name}: {error}") from None
    except OSError as error:
        raise DatasetError(f"{name}: {error.filename or folder}: {error.strerror or error}") from None


def _known(name: str) -> Dataset:
    known = dataset(name)
    if known is None:
        raise DatasetError(f"there is no data set {name!r}; there are: {', '.join(one.name for one in DATASETS)}")
    return known


def _must_be_trusted(known: Dataset, before: dict[str, str], trust_first: bool) -> None:
    without = [remote.name for remote in known.files if not remote.address]
    if without:
        raise DatasetError(
            f"{known.name} has no address from which a program may take it ({known.home}); get {', '.join(without)} "
            f"there, then: moderator datasets fetch {known.name} --from FILE"
        )
    unknown = [remote.name for remote in known.files if remote.sha256 is None and remote.name not in before]
    if unknown and not trust_first:
        raise DatasetError(
            f"{known.name}: the SHA-256 of {', '.join(unknown)} is not known here, so nobody could tell whether "
            "what comes is what it was. Look at the file and give it with --from FILE, or say --trust-first: its "
            "SHA-256 is then kept, and later fetches must match it"
        )


def _check(known: Dataset, sums: dict[str, str], before: dict[str, str]) -> None:
    for remote in known.files:
        expected = remote.sha256 or before.get(remote.name)
        if expected and sums[remote.name] != expected:
            raise DatasetError(
                f"{known.name}: {remote.name} has the SHA-256 {sums[remote.name]}, expected {expected}; it was changed "
                "or cut on its way, and nothing of it was kept"
            )


def _given(known: Dataset, given: Sequence[Path]) -> list[Path]:
    """The given files in the set's own order: by their names, or as they were given."""
    names = [remote.name for remote in known.files]
    if len(given) != len(names):
        raise DatasetError(f"{known.name} has {len(names)} file(s) ({', '.join(names)}); give each with --from")
    by_name = {path.name: path for path in given}
    return [by_name[name] for name in names] if set(by_name) == set(names) else list(given)


def _download(remote: Remote, draft: Path, opener: urllib.request.OpenerDirector, progress: Progress) -> Path:
    if not remote.address.startswith("https://"):
        raise DatasetError(f"{remote.address} is no https address")
    path, done = draft / remote.name, 0
    request = urllib.request.Request(remote.address, headers={"User-Agent": "moderator (datasets)"})
    try:
        with opener.open(request, timeout=PATIENCE) as answer, path.open("wb") as file:
            told = answer.headers.get("Content-Length", "")
            total = int(told) if told.isdigit() else 0
            while chunk := answer.read(CHUNK):
                done += len(chunk)
                if max(done, total) > MOST_BYTES:
                    raise DatasetError(f"{remote.address} is longer than {MOST_BYTES:,} bytes; nothing of it was kept")
                file.write(chunk)
                progress(remote.name, done, total)
    except urllib.error.HTTPError as error:
        raise DatasetError(f"{remote.address} answers {error.code}; get it by hand and give it with --from") from None
    except (urllib.error.URLError, HTTPException, TimeoutError) as error:
        why = getattr(error, "reason", None) or error
        raise DatasetError(
            f"{remote.address} cannot be reached ({why}); try again, or give a copy with --from"
        ) from None
    if total and done < total:
        raise DatasetError(f"{remote.address} broke off after {done:,} of {total:,} bytes; try again")
    return path


def _is_labelled(path: Path) -> bool:
    return path.name.endswith((".jsonl", ".jsonl.gz"))


def _keep_labelled(known: Dataset, path: Path, folder: Path, at: datetime) -> Kept:
    read_examples(path)  # every row is checked, and the broken ones told with their lines

    def rows() -> Iterator[dict[str, Any]]:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as lines:
            for number, line in enumerate(lines):
                text = line.decode("utf-8-sig" if number == 0 else "utf-8")
                if text.strip():
                    yield json.loads(text)

    return _keep(known, rows(), folder, at, origin="given", files={path.name: _sha256(path)})


def _keep(
    known: Dataset, rows: Iterator[dict[str, Any]], folder: Path, at: datetime, *, origin: str, files: dict[str, str]
) -> Kept:
    count: Counter[str] = Counter()
    path = folder / f"{known.name}.jsonl.gz"
    with _beside(path) as raw, gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as packed:
        for row in rows:
            try:
                example = example_of(row, source=known.name)
            except CommentError as error:
                count["broken"] += 1
                first = f"row {count.total():,}: {error}"
                if count["broken"] > 20 and count["broken"] * 20 > count.total():
                    raise DatasetError(f"{known.name}: too many broken rows; {first}") from None
                continue
            count[example.label] += 1
            whole = {"source": known.name, **{key: value for key, value in row.items() if value not in ("", None)}}
            packed.write(
                json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace") + b"\n"
            )
        if not count["ham"] + count["spam"]:
            raise DatasetError(f"{known.name}: there is no comment in what came; is it another version of the set?")
    receipt = {
        "name": known.name,
        "sha256": _sha256(path),
        "comments": count["ham"] + count["spam"],
        "spam": count["spam"],
        "broken": count["broken"],
        "origin": origin,
        "at": at.isoformat(timespec="seconds"),
        "licence": known.licence,
        "attribution": known.attribution,
        "may_train": known.may_train,
        "files": files,
    }
    with _beside(folder / f"{known.name}.json") as file:
        file.write(json.dumps(receipt, indent=2, ensure_ascii=False).encode())
    return Kept(known.name, path, count["ham"] + count["spam"], count["spam"], origin)


@contextmanager
def _beside(path: Path) -> Iterator[IO[bytes]]:
    """A file that takes ``path``'s place when all is written, and leaves nothing where that fails."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def _receipt(name: str, folder: Path) -> dict[str, Any] | None:
    try:
        found = json.loads((folder / f"{name}.json").read_text("utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise DatasetError(f"{folder / name}.json cannot be read ({error}); delete it and fetch the set anew") from None
    return found if isinstance(found, dict) else None


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

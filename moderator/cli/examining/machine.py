"""The machine: its folder, its disk, its secret."""

import os
import shutil
import stat
from collections.abc import Iterator

from moderator.cli.examining.findings import Finding, Patient, advice, well, wrong
from moderator.pseudonyms import WITH_SECRET, fingerprint
from moderator.settings import SECRET_BYTES
from moderator.store import Store

MEGABYTE = 1_048_576
OTHERS = 0o077


def folder(patient: Patient) -> Iterator[Finding]:
    """The data folder can be written, and what is in it is nobody else's to read."""
    data = patient.settings.data
    if not data.is_dir():
        yield wrong("folder", f"there is no folder {data}", "give it with --data, or start the server, which makes it")
        return
    if not os.access(data, os.W_OK | os.X_OK):
        yield wrong("folder", f"{data} cannot be written", f"chown it to this user: chown -R $(id -un) {data}")
    for path in [*sorted(data.glob("moderator.sqlite3*")), data / "secret"]:
        if path.exists() and not os.access(path, os.R_OK | os.W_OK):
            yield wrong(
                "folder", f"{path} cannot be read and written", f"chown it to this user: chown $(id -un) {path}"
            )
        elif path.exists() and stat.S_IMODE(path.stat().st_mode) & OTHERS:
            yield wrong("folder", f"{path} can be read by others", f"chmod 600 {path}")
    yield well("folder", f"{data.absolute()}")


def disk(patient: Patient) -> Iterator[Finding]:
    """There is room for what comes."""
    try:
        free = shutil.disk_usage(patient.settings.data).free // MEGABYTE
    except OSError:
        return  # told above
    if free < patient.settings.least_free_mb:
        yield wrong("disk", f"{free:,} MB are free, so it is not ready", "free some space, or `moderator db prune`")
    elif free < 1000:
        yield advice("disk", f"{free:,} MB are free", "a larger disk, or `moderator db prune`")
    else:
        yield well("disk", f"{free:,} MB are free")


def secret(patient: Patient) -> Iterator[Finding]:
    """The installation's secret is whole, and the one that all its nodes have."""
    path = patient.settings.data / "secret"
    if not path.exists():
        yield advice("secret", f"there is no {path}", "none is needed before the first start; else restore it")
    elif path.stat().st_size != SECRET_BYTES:
        cure = "restore it; or delete it, and `moderator db accept-secret`: then Akismet keys are made anew"
        yield wrong("secret", f"{path} is damaged", cure)
    elif patient.store is not None and _is_anothers(patient.store, path.read_bytes()):
        cure = "copy `secret` from another node or from a backup; if it is lost: moderator db accept-secret"
        yield wrong("secret", "the store is used with another one, so no server starts here", cure)
    else:
        yield well("secret", "is there")


def _is_anothers(store: Store, secret: bytes) -> bool:
    known = store.claims.value(WITH_SECRET)
    return known is not None and known != fingerprint(secret)

"""Passwords and short keys: argon2id, and the same time for an unknown login as for a known one."""

import threading
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type, hash_secret_raw

from moderator.store.errors import PasswordRefused, StoreBusy

SHORTEST, LONGEST = 12, 1024  # bytes

# OWASP's first choice. 19 MiB each, so at most two at once in a process: eight threads would take 150 MB.
HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_AT_ONCE = threading.BoundedSemaphore(2)
_WAIT = 5.0


def hashed(password: str) -> str:
    """The argon2id hash to store. PasswordRefused where it is shorter than 12 or longer than 1024 bytes."""
    size = len(password.encode("utf-8", "replace"))
    if not SHORTEST <= size <= LONGEST:
        raise PasswordRefused(f"a password has {SHORTEST} to {LONGEST} bytes, this one {size}; choose another")
    with _turn():
        return HASHER.hash(password.encode("utf-8", "replace"))


def fits(password: str, stored: str | None) -> bool:
    """Whether this is the password; ``stored`` None (no such login) takes as long and is False."""
    given = password.encode("utf-8", "replace")[: LONGEST + 1]
    long_enough = SHORTEST <= len(given) <= LONGEST
    with _turn():
        try:
            HASHER.verify(stored if stored is not None else _nobodys(), given)
        except (VerificationError, InvalidHashError):
            return False
    return stored is not None and long_enough


def outdated(stored: str) -> bool:
    """Whether the hash was made with other parameters than today's."""
    return HASHER.check_needs_rehash(stored)


def stretched(secret: bytes, salt: bytes) -> str:
    """The argon2id digest (hexadecimal) of a short secret, to look it up by; as slow as a password's hash."""
    with _turn():
        return hash_secret_raw(
            secret, salt, HASHER.time_cost, HASHER.memory_cost, HASHER.parallelism, hash_len=32, type=Type.ID
        ).hex()


@cache
def _nobodys() -> str:
    return HASHER.hash(b"nobody has this password")


class _turn:
    """One of the two places in which a password may be hashed."""

    def __enter__(self) -> None:
        if not _AT_ONCE.acquire(timeout=_WAIT):
            raise StoreBusy("too many people log in at once; try again")

    def __exit__(self, *_: object) -> None:
        _AT_ONCE.release()

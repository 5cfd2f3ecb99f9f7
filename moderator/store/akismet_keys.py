"""Keys of the Akismet protocol: 12 hexadecimal characters, as its clients take no others.

48 random bits are few, so they are kept as passwords are: argon2id, over an HMAC with the installation's secret, which
is in no database. The salt is the installation's own and not the key's, since a request brings a key and no name to
look it up by. Before the slow digest stands a byte of another HMAC, the *bucket*: a wrong key mostly falls into an
empty one and costs no more than a right one. It tells 8 of the 48 bits to who has both database and secret.
"""

import hashlib
import hmac
import secrets
import threading
import time

from sqlalchemy import Connection, insert, select, true, update

from moderator.store import attempts
from moderator.store.access import Access
from moderator.store.errors import StoreError
from moderator.store.ids import maybe_moment, moment
from moderator.store.passwords import stretched
from moderator.store.schema import akismet_keys
from moderator.store.sites import ask_for_room, by_id
from moderator.store.values import AkismetKey, Site

KEY_BYTES = 6
KEY_TRUSTED = 0.9  # seconds that a key is believed without asking; a revoked one must be dead within one


class AkismetKeys:
    """The Akismet keys of all sites; ``store.akismet_keys``. ``pepper`` is the installation's secret everywhere."""

    def __init__(self, access: Access) -> None:
        self._access = access
        # Keys that were right, by a digest that only this process can make: until when, the key's number, its site.
        self._verified: dict[bytes, tuple[float, int, Site]] = {}
        self._process_secret = secrets.token_bytes(32)
        self._one_asks = threading.Lock()

    def add(self, site_id: int, *, pepper: bytes) -> str:
        """Another live key for the site; shown only now. StoreError where there is no such site, TooManyLive."""
        at, key = self._access.now(), secrets.token_hex(KEY_BYTES)
        digest, bucket = digest_of(key, pepper), bucket_of(key, pepper)
        self._access.write(lambda c: add(c, site_id, digest, bucket, at=at))
        return key

    def listed(self, site_id: int) -> tuple[AkismetKey, ...]:
        """The site's keys, revoked ones too, oldest first."""
        return self._access.read(lambda c: listed(c, site_id))

    def revoke(self, key_id: int) -> None:
        """Make it invalid, in every process within a second. StoreError where there is none of this number."""
        at = self._access.now()
        if not self._access.write(lambda c: revoke(c, key_id, at=at)):
            raise StoreError(f"there is no Akismet key number {key_id}; see `moderator sites akismet-key list`")

    def site_of(self, key: str, *, pepper: bytes, address: str) -> Site | None:
        """The site whose live key this is; what was true at most one second ago.

        A key that was right before costs microseconds. ``address`` is the client's; TooManyAttempts, before the key is
        looked at, after repeated wrong ones.
        """
        tag, begun = self._tag(key), time.monotonic()
        known = self._verified.get(tag)
        if known is not None:
            until, number, site = known
            return site if until > begun else self._believed(tag, number, begun)
        # After a start the first requests come all at once, each a try that counts until it has fitted: one asks, and
        # those that waited see what it found.
        with self._one_asks:
            if tag in self._verified:
                return self._verified[tag][2]
            begun = time.monotonic()
            number, found = self._look_up(key, pepper, address)
            if found is not None:
                self._verified[tag] = (begun + KEY_TRUSTED, number, found)
            return found  # what is wrong is not kept, so nobody can fill the memory

    def _believed(self, tag: bytes, number: int, begun: float) -> Site | None:
        """Whether a key that was right is still one."""
        found = self._access.read(lambda c: live_site(c, number))
        if found is None:
            self._verified.pop(tag, None)
        else:
            self._verified[tag] = (begun + KEY_TRUSTED, number, found)
        return found

    def last_known(self, key: str) -> Site | None:
        """The site that had this key when the store last answered; for what can be told while it does not."""
        known = self._verified.get(self._tag(key))
        return known[2] if known is not None else None

    def _look_up(self, key: str, pepper: bytes, address: str) -> tuple[int, Site | None]:
        here, all_together = attempts.of_akismet_key(address)
        at, bucket = self._access.now(), bucket_of(key, pepper)
        self._access.read(lambda c: attempts.check(c, (here, all_together), at=at))  # who must wait stops no writer
        self._access.write(lambda c: attempts.begin(c, (here, all_together), at=at))
        if not self._access.read(lambda c: is_filled(c, bucket)):
            return 0, None
        digest = digest_of(key, pepper)
        number = self._access.read(lambda c: live_number(c, digest))
        if number is None:
            return 0, None
        self._access.write(lambda c: attempts.forgive(c, (), (here, all_together)))
        return number, self._access.read(lambda c: live_site(c, number))

    def _tag(self, key: str) -> bytes:
        return hashlib.blake2b(key.encode("utf-8", "replace"), key=self._process_secret, digest_size=16).digest()


def digest_of(key: str, pepper: bytes) -> str:
    """What is stored of a key; takes as long as a password's hash."""
    salt = hmac.digest(pepper, b"akismet key: salt", "sha256")[:16]
    return stretched(hmac.digest(pepper, b"akismet key: digest\n" + key.encode(), "sha256"), salt)


def bucket_of(key: str, pepper: bytes) -> int:
    """One byte by which most wrong keys are told at once."""
    return hmac.digest(pepper, b"akismet key: bucket\n" + key.encode(), "sha256")[0]


_LIVE = akismet_keys.c.revoked_at.is_(None)


def add(connection: Connection, site_id: int, digest: str, bucket: int, *, at: int) -> None:
    """Another live key. TooManyLive."""
    cure = (
        "`moderator sites akismet-key list SITE` shows their numbers, `moderator sites akismet-key revoke SITE NUMBER`"
    )
    ask_for_room(connection, akismet_keys, site_id, true(), f"{cure} revokes")
    connection.execute(insert(akismet_keys).values(site_id=site_id, digest=digest, bucket=bucket, created_at=at))


def listed(connection: Connection, site_id: int) -> tuple[AkismetKey, ...]:
    """A site's keys as they may be shown, oldest first."""
    rows = connection.execute(select(akismet_keys).where(akismet_keys.c.site_id == site_id).order_by(akismet_keys.c.id))
    return tuple(AkismetKey(row.id, row.site_id, moment(row.created_at), maybe_moment(row.revoked_at)) for row in rows)


def revoke(connection: Connection, key_id: int, *, at: int) -> bool:
    """Make it invalid; the first time counts. Whether there is one of this number."""
    connection.execute(update(akismet_keys).where(akismet_keys.c.id == key_id, _LIVE).values(revoked_at=at))
    return connection.scalar(select(akismet_keys.c.id).where(akismet_keys.c.id == key_id)) is not None


def is_filled(connection: Connection, bucket: int) -> bool:
    """Whether a live key is in this bucket."""
    return (
        connection.scalar(select(akismet_keys.c.id).where(akismet_keys.c.bucket == bucket, _LIVE).limit(1)) is not None
    )


def live_number(connection: Connection, digest: str) -> int | None:
    """The number of the live key with this digest."""
    return connection.scalar(select(akismet_keys.c.id).where(akismet_keys.c.digest == digest, _LIVE))


def live_site(connection: Connection, key_id: int) -> Site | None:
    """The site of the key of this number, if that is still live."""
    site_id = connection.scalar(select(akismet_keys.c.site_id).where(akismet_keys.c.id == key_id, _LIVE))
    return by_id(connection, site_id) if site_id is not None else None

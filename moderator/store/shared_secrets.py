"""Shared secrets of a site, by purpose. Two may be live at once, so that they can be changed without a gap."""

import base64
import secrets

from sqlalchemy import Connection, insert, select, update

from moderator.store.access import Access
from moderator.store.errors import StoreError
from moderator.store.ids import maybe_moment, moment
from moderator.store.schema import site_secrets
from moderator.store.sites import ask_for_room, by_name
from moderator.store.values import Purpose, Site, SiteSecret

PREFIX = "whsec_"  # as Standard Webhooks writes a symmetric secret: the prefix, and base64 of 24 to 64 bytes
SECRET_BYTES = 32


def new_secret() -> str:
    """A fresh secret in the form of Standard Webhooks."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


class Secrets:
    """The shared secrets of all sites; ``store.secrets``."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def add(self, site_id: int, purpose: Purpose, secret: str | None = None) -> str:
        """Another live secret, made here if none is given; the secret itself. StoreError: no such site; TooManyLive."""
        at, secret = self._access.now(), new_secret() if secret is None else secret
        self._access.write(lambda c: add(c, site_id, purpose, secret, at=at))
        return secret

    def live(self, site_id: int, purpose: Purpose) -> tuple[str, ...]:
        """The site's live secrets for this purpose, the newest, which is the one to sign with, first."""
        return self._access.read(lambda c: live(c, site_id, purpose))

    def live_of(self, name: str, purpose: Purpose) -> tuple[Site | None, tuple[str, ...]]:
        """The site of this name with its live secrets for this purpose; nothing where there is no such site."""
        return self._access.read(lambda c: live_of(c, name, purpose))

    def listed(self, site_id: int) -> tuple[SiteSecret, ...]:
        """All secrets of a site as they may be shown, revoked ones too, oldest first."""
        return self._access.read(lambda c: listed(c, site_id))

    def revoke(self, secret_id: int) -> None:
        """Make it invalid; the first time counts. StoreError where there is none of this number."""
        at = self._access.now()
        if not self._access.write(lambda c: revoke(c, secret_id, at=at)):
            raise StoreError(f"there is no secret number {secret_id}; see `moderator sites secret list`")


def add(connection: Connection, site_id: int, purpose: Purpose, secret: str, *, at: int) -> None:
    """Another live secret for this purpose. TooManyLive."""
    cure = "`moderator sites secret list SITE` shows their numbers, `moderator sites secret revoke NUMBER` revokes"
    ask_for_room(connection, site_secrets, site_id, site_secrets.c.purpose == purpose.value, cure)
    if not secret.strip():
        raise StoreError("a secret cannot be empty; leave it out, and one is made")
    connection.execute(
        insert(site_secrets).values(site_id=site_id, purpose=purpose.value, secret=secret, created_at=at)
    )


def live(connection: Connection, site_id: int, purpose: Purpose) -> tuple[str, ...]:
    """The live secrets of a site for a purpose, the newest first: it is the one to sign with."""
    wanted = (
        (site_secrets.c.site_id == site_id)
        & (site_secrets.c.purpose == purpose.value)
        & site_secrets.c.revoked_at.is_(None)
    )
    return tuple(connection.scalars(select(site_secrets.c.secret).where(wanted).order_by(site_secrets.c.id.desc())))


def live_of(connection: Connection, name: str, purpose: Purpose) -> tuple[Site | None, tuple[str, ...]]:
    """The site of this name with its live secrets for this purpose."""
    site = by_name(connection, name)
    return site, live(connection, site.id, purpose) if site else ()


def listed(connection: Connection, site_id: int) -> tuple[SiteSecret, ...]:
    """All secrets of a site as they may be shown, oldest first."""
    rows = connection.execute(select(site_secrets).where(site_secrets.c.site_id == site_id).order_by(site_secrets.c.id))
    return tuple(
        SiteSecret(row.id, row.site_id, Purpose(row.purpose), moment(row.created_at), maybe_moment(row.revoked_at))
        for row in rows
    )


def revoke(connection: Connection, secret_id: int, *, at: int) -> bool:
    """Make it invalid; the first time counts. Whether there is one of this number."""
    connection.execute(
        update(site_secrets)
        .where(site_secrets.c.id == secret_id, site_secrets.c.revoked_at.is_(None))
        .values(revoked_at=at)
    )
    return connection.scalar(select(site_secrets.c.id).where(site_secrets.c.id == secret_id)) is not None

"""Sites and their keys. Of a key only its SHA-256 is kept: 256 random bits need no salt and no slow hash."""

import hashlib
import json
import secrets
from dataclasses import asdict
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, func, insert, select, true, update

from moderator.policy import SitePolicy
from moderator.store.errors import NameTaken, PolicyChanged, StoreError, TooManyLive
from moderator.store.ids import maybe_moment, moment
from moderator.store.schema import api_keys, new_number, sites
from moderator.store.values import ApiKey, Doors, Site

KEY_PREFIX = "mk_"
MOST_LIVE = 2  # of a kind and site: the one in use, and the next while the blog changes over
SHOWN = 9  # the prefix and six characters: enough to tell keys apart, 36 of 256 bits


def digest_of(secret: str) -> str:
    """The SHA-256 by which a key, a session or a link is found again."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def options_text(options: SitePolicy | Doors) -> str:
    """What an owner chose, as it is stored."""
    return json.dumps(asdict(options))


def policy_of(text: str) -> SitePolicy:
    """The policy in a ``policy`` column."""
    return SitePolicy(**_known(text, SitePolicy))


def doors_of(text: str) -> Doors:
    """The options in a ``doors`` column."""
    return Doors(**_known(text, Doors))


def _known(text: str, kind: type[SitePolicy] | type[Doors]) -> dict[str, Any]:
    """The stored fields that this version knows; others are passed over."""
    return {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in json.loads(text).items()
        if name in kind.__slots__
    }


def _site(row: Any) -> Site:
    return Site(row.id, row.name, policy_of(row.policy), moment(row.created_at), doors_of(row.doors))


def add(connection: Connection, name: str, policy: SitePolicy, *, at: int) -> tuple[Site, str]:
    """A new site and its first key. NameTaken."""
    if not name.strip():
        raise StoreError("a site needs a name")
    if connection.scalar(select(sites.c.id).where(sites.c.name == name)) is not None:
        raise NameTaken(f"there is a site {name!r} already; choose another name, or add a key to it")
    number = new_number(connection, insert(sites).values(name=name, policy=options_text(policy), created_at=at))
    site = Site(number, name, policy, moment(at))
    return site, add_key(connection, site.id, at=at)


def all_sites(connection: Connection) -> tuple[Site, ...]:
    """All by name."""
    return tuple(_site(row) for row in connection.execute(select(sites).order_by(sites.c.name)))


def by_id(connection: Connection, site_id: int) -> Site | None:
    """The site with this id."""
    row = connection.execute(select(sites).where(sites.c.id == site_id)).first()
    return _site(row) if row else None


def by_name(connection: Connection, name: str) -> Site | None:
    """The site of this name."""
    row = connection.execute(select(sites).where(sites.c.name == name)).first()
    return _site(row) if row else None


def by_digest(connection: Connection, digest: str) -> Site | None:
    """The site whose live key has this SHA-256."""
    live = (api_keys.c.digest == digest) & api_keys.c.revoked_at.is_(None)
    row = connection.execute(select(sites).join(api_keys, api_keys.c.site_id == sites.c.id).where(live)).first()
    return _site(row) if row else None


def set_policy(connection: Connection, site_id: int, policy: SitePolicy, *, expected: SitePolicy | None = None) -> Site:
    """Give it another policy. PolicyChanged where it has not the ``expected`` one any more."""
    if expected is not None:
        text = connection.scalar(select(sites.c.policy).where(sites.c.id == site_id).with_for_update())
        if text is not None and policy_of(text) != expected:
            raise PolicyChanged("the site's policy was changed meanwhile; look at it again")
    return _change(connection, site_id, policy=options_text(policy))


def set_doors(connection: Connection, site_id: int, doors: Doors) -> Site:
    """Give its doors other options."""
    return _change(connection, site_id, doors=options_text(doors))


def _change(connection: Connection, site_id: int, **values: str) -> Site:
    connection.execute(update(sites).where(sites.c.id == site_id).values(values))
    site = by_id(connection, site_id)
    if site is None:
        raise no_site(site_id)
    return site


def no_site(site_id: int) -> StoreError:
    """What is said of a number that no site has."""
    return StoreError(f"there is no site number {site_id}; `moderator sites list` shows them")


def ask_for_room(connection: Connection, table: Table, site_id: int, live: ColumnElement[bool], cure: str) -> None:
    """StoreError where there is no such site, TooManyLive where it has two of what is ``live`` in the table.

    A third is refused, the oldest does not lapse: nothing here knows which of the two the blog uses, and one whose
    key is dead is one without moderation. The site's row is locked, so that two at once do not both find room.
    """
    name = connection.scalar(select(sites.c.name).where(sites.c.id == site_id).with_for_update())
    if name is None:
        raise no_site(site_id)
    count = (
        select(func.count()).select_from(table).where(table.c.site_id == site_id, table.c.revoked_at.is_(None), live)
    )
    if connection.scalars(count).one() >= MOST_LIVE:
        raise TooManyLive(
            f"site {name!r} has {MOST_LIVE} live ones already, which is the most; revoke the one that its blog no "
            f"longer uses ({cure}), then add another"
        )


def add_key(connection: Connection, site_id: int, *, at: int) -> str:
    """Another live key. TooManyLive."""
    ask_for_room(
        connection,
        api_keys,
        site_id,
        true(),
        "`moderator sites list` shows their numbers, `moderator sites key revoke NUMBER` revokes",
    )
    key = KEY_PREFIX + secrets.token_urlsafe(32)
    connection.execute(
        insert(api_keys).values(site_id=site_id, shown=key[:SHOWN], digest=digest_of(key), created_at=at)
    )
    return key


def keys(connection: Connection, site_id: int) -> tuple[ApiKey, ...]:
    """The site's keys, oldest first."""
    rows = connection.execute(select(api_keys).where(api_keys.c.site_id == site_id).order_by(api_keys.c.id))
    return tuple(
        ApiKey(row.id, row.site_id, row.shown, moment(row.created_at), maybe_moment(row.revoked_at)) for row in rows
    )


def revoke_key(connection: Connection, key_id: int, *, at: int) -> None:
    """Make it invalid; the first time counts."""
    connection.execute(
        update(api_keys).where(api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None)).values(revoked_at=at)
    )


def any_site(connection: Connection) -> bool:
    """Whether there is a site; the cheapest question."""
    return connection.execute(select(sites.c.id).limit(1)).first() is not None

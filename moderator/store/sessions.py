"""Sessions and one-time links: random tokens of 256 bits, of which only the SHA-256 is kept."""

import secrets
from typing import Any

from sqlalchemy import Connection, delete, insert, or_, select, update

from moderator.store.errors import LinkRefused
from moderator.store.schema import links, people, sessions
from moderator.store.sites import digest_of

SEEN_EVERY = 60_000_000  # microseconds: a page view need not be a write
KEPT = 7 * 24 * 3600 * 1_000_000  # how long sessions that are over stay, for whoever looks into an incident
PURPOSE = "set-password"


def start(connection: Connection, person_id: int, *, at: int) -> tuple[str, str]:
    """A new session's token and CSRF secret."""
    token, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    connection.execute(delete(sessions).where(sessions.c.seen_at < at - KEPT))
    connection.execute(
        insert(sessions).values(digest=digest_of(token), person_id=person_id, csrf=csrf, created_at=at, seen_at=at)
    )
    return token, csrf


def live(connection: Connection, token: str, *, seen_after: int, created_after: int) -> Any:
    """The live session's row with its person's columns, or None."""
    query = (
        select(people, sessions.c.csrf, sessions.c.created_at.label("started_at"), sessions.c.seen_at)
        .join(people, people.c.id == sessions.c.person_id)
        .where(
            sessions.c.digest == digest_of(token),
            sessions.c.ended_at.is_(None),
            sessions.c.seen_at > seen_after,
            sessions.c.created_at > created_after,
            people.c.disabled_at.is_(None),
        )
    )
    return connection.execute(query).first()


def touch(connection: Connection, token: str, *, at: int) -> None:
    """It was used."""
    connection.execute(update(sessions).where(sessions.c.digest == digest_of(token)).values(seen_at=at))


def end(connection: Connection, token: str, *, at: int) -> None:
    """Log out."""
    which = (sessions.c.digest == digest_of(token)) & sessions.c.ended_at.is_(None)
    connection.execute(update(sessions).where(which).values(ended_at=at))


def end_all(connection: Connection, person_id: int, *, at: int) -> None:
    """Log a person out everywhere."""
    which = (sessions.c.person_id == person_id) & sessions.c.ended_at.is_(None)
    connection.execute(update(sessions).where(which).values(ended_at=at))


def add_link(connection: Connection, person_id: int, *, at: int, expires: int) -> str:
    """A one-time link's token; the person's earlier links and those that are over are gone."""
    token = secrets.token_urlsafe(32)
    connection.execute(
        delete(links).where(or_((links.c.person_id == person_id) & links.c.used_at.is_(None), links.c.expires_at < at))
    )
    row = {"digest": digest_of(token), "purpose": PURPOSE, "person_id": person_id, "created_at": at}
    connection.execute(insert(links).values(**row, expires_at=expires))
    return token


def link(connection: Connection, token: str, *, at: int) -> Any:
    """The person's row whose live link this is, or None."""
    live_link = (links.c.digest == digest_of(token)) & links.c.used_at.is_(None) & (links.c.expires_at > at)
    query = (
        select(people).join(links, links.c.person_id == people.c.id).where(live_link, people.c.disabled_at.is_(None))
    )
    return connection.execute(query).first()


def use_link(connection: Connection, token: str, *, at: int) -> int:
    """Use it up; whose it was. LinkRefused where another was faster."""
    live_link = (links.c.digest == digest_of(token)) & links.c.used_at.is_(None) & (links.c.expires_at > at)
    person_id = connection.scalar(select(links.c.person_id).where(live_link).with_for_update())
    if person_id is None:
        raise LinkRefused("this link was used, replaced or is too old; ask for a new one")
    connection.execute(update(links).where(links.c.digest == digest_of(token)).values(used_at=at))
    return int(person_id)

"""People: who may log in."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from moderator.store import sessions
from moderator.store.errors import NameTaken, StoreError
from moderator.store.ids import maybe_moment, moment
from moderator.store.schema import new_number, people, person_sites
from moderator.store.values import Person, Role


def normal(login: str) -> str:
    """The login as it is stored: without its case and the spaces around it."""
    return login.strip().casefold()


def person_of(row: Any) -> Person:
    """The Person in a row that has the columns of ``people``; limited to no site yet where they are limited."""
    disabled, role = maybe_moment(row.disabled_at), Role(row.role)
    return Person(
        row.id,
        row.login,
        role,
        moment(row.created_at),
        disabled,
        row.password is not None,
        row.language,
        row.digest,
        () if row.limited and role is not Role.ADMIN else None,
    )


def with_sites(connection: Connection, person: Person) -> Person:
    """The person with the sites that they are limited to, if they are."""
    if person.site_ids is None:
        return person
    own = select(person_sites.c.site_id).where(person_sites.c.person_id == person.id).order_by(person_sites.c.site_id)
    return replace(person, site_ids=tuple(connection.scalars(own)))


def set_sites(connection: Connection, person_id: int, site_ids: Sequence[int] | None) -> None:
    """Limit a person to these sites; None: to none in particular."""
    change(connection, person_id, limited=site_ids is not None)
    connection.execute(delete(person_sites).where(person_sites.c.person_id == person_id))
    if site_ids:
        rows = [{"person_id": person_id, "site_id": site_id} for site_id in sorted(set(site_ids))]
        connection.execute(insert(person_sites), rows)


def add(connection: Connection, login: str, role: Role, *, at: int) -> Person:
    """A new person without a password. NameTaken."""
    login = normal(login)
    if not login:
        raise StoreError("a person needs a login; an e-mail address will do")
    if connection.scalar(select(people.c.id).where(people.c.login == login)) is not None:
        raise NameTaken(f"there is a person {login!r} already; send them a new link instead")
    number = new_number(connection, insert(people).values(login=login, role=role.value, created_at=at))
    return Person(number, login, role, moment(at), None, has_password=False)


def everybody(connection: Connection) -> tuple[Person, ...]:
    """All by login."""
    rows = connection.execute(select(people).order_by(people.c.login)).all()
    return tuple(with_sites(connection, person_of(row)) for row in rows)


def by_id(connection: Connection, person_id: int) -> Person | None:
    """The person with this id."""
    row = connection.execute(select(people).where(people.c.id == person_id)).first()
    return with_sites(connection, person_of(row)) if row else None


def by_login(connection: Connection, login: str) -> tuple[Person, str | None] | None:
    """The person of this login, with the stored hash."""
    row = connection.execute(select(people).where(people.c.login == normal(login))).first()
    return (with_sites(connection, person_of(row)), row.password) if row else None


def change(connection: Connection, person_id: int, **values: Any) -> None:
    """Set columns of one person. StoreError where there is none."""
    done = connection.execute(update(people).where(people.c.id == person_id).values(**values))
    if done.rowcount != 1:
        raise StoreError(f"there is no person number {person_id}; `moderator users list` shows them")


def disable(connection: Connection, person_id: int, *, at: int) -> None:
    """Shut out, now."""
    change(connection, person_id, disabled_at=at)
    sessions.end_all(connection, person_id, at=at)


def set_password(connection: Connection, person_id: int, hashed: str, *, at: int) -> None:
    """Another password; whoever is in with the old one is out."""
    change(connection, person_id, password=hashed)
    sessions.end_all(connection, person_id, at=at)


def rehash(connection: Connection, person_id: int, *, old: str, new: str) -> None:
    """The same password, hashed with today's parameters, unless it was changed meanwhile."""
    connection.execute(update(people).where(people.c.id == person_id, people.c.password == old).values(password=new))


def use_link(connection: Connection, token: str, hashed: str, *, at: int) -> Person:
    """Use a one-time link up and set the password in the same transaction. LinkRefused."""
    person_id = sessions.use_link(connection, token, at=at)
    set_password(connection, person_id, hashed, at=at)
    person = by_id(connection, person_id)
    assert person is not None  # its link names it
    return person

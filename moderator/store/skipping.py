"""What people were not sure of: it stays held, comes last for them, and is marked for all others."""

from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, Connection, delete, exists, insert, select, update

from moderator.comment import Status
from moderator.store.schema import comments, people, skips


def any_of(connection: Connection, person_id: int) -> bool:
    """Whether the person has put anything off."""
    which = (skips.c.person_id == person_id) & skips.c.undone.is_(False)
    return connection.scalar(select(exists().where(which))) is True


def of(person_id: int) -> ColumnElement[bool]:
    """A condition on comments: the person has put it off."""
    which = (skips.c.person_id == person_id) & skips.c.undone.is_(False)
    return comments.c.id.in_(select(skips.c.comment_id).where(which))


def by_anybody() -> ColumnElement[bool]:
    """A condition on comments: somebody was not sure of it."""
    return comments.c.id.in_(select(skips.c.comment_id).where(skips.c.undone.is_(False)))


def who(connection: Connection, comment_ids: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
    """The logins of those who were not sure, by the comment."""
    if not comment_ids:
        return {}
    query = (
        select(skips.c.comment_id, people.c.login)
        .join(people, people.c.id == skips.c.person_id)
        .where(skips.c.comment_id.in_(comment_ids), skips.c.undone.is_(False))
        .order_by(skips.c.at)
    )
    found: dict[str, tuple[str, ...]] = {}
    for comment_id, login in connection.execute(query):
        found[comment_id] = (*found.get(comment_id, ()), login)
    return found


def put_off(connection: Connection, comment_ids: Sequence[str], *, person_id: int, batch: str, at: int) -> list[str]:
    """Put off those that are held and not put off yet; which ones those were."""
    own = (skips.c.person_id == person_id) & skips.c.comment_id.in_(comment_ids)
    connection.execute(delete(skips).where(own, skips.c.undone.is_(True)))
    held = (comments.c.id.in_(comment_ids)) & (comments.c.status == Status.HELD.value)
    fresh = connection.scalars(select(comments.c.id).where(held, ~of(person_id)).order_by(comments.c.id)).all()
    rows = [{"person_id": person_id, "comment_id": one, "batch": batch, "undone": False, "at": at} for one in fresh]
    if rows:
        connection.execute(insert(skips), rows)
    return list(fresh)


def turn(connection: Connection, *, person_id: int, batch: str, to: str, undone: bool) -> int:
    """Take a batch of them back, or put it off again; its name is ``to`` from now on. How many those are."""
    which = (skips.c.person_id == person_id) & (skips.c.batch == batch)
    return connection.execute(update(skips).where(which).values(batch=to, undone=undone)).rowcount


def forget(connection: Connection, *, person_id: int, batches: Sequence[str]) -> None:
    """What was taken back for good."""
    which = (skips.c.person_id == person_id) & skips.c.batch.in_(batches) & skips.c.undone.is_(True)
    connection.execute(delete(skips).where(which))

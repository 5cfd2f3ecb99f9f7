"""Things that are done once for all processes and nodes: whoever makes the mark does it."""

from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.exc import IntegrityError

from moderator.store.access import Access
from moderator.store.schema import marks


class Claims:
    """``store.claims``."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def claim(self, name: str, value: str = "") -> bool:
        """Make the mark; False where somebody has made it."""
        if self.value(name) is not None:
            return False
        return self._access.write(lambda c: _claim(c, name, value))

    def value(self, name: str) -> str | None:
        """What the mark says; None where nobody has made it."""
        return self._access.read(lambda c: c.scalar(select(marks.c.value).where(marks.c.name == name)))

    def release(self, name: str) -> None:
        """Take it away, so that it can be made again."""
        self._access.write(lambda c: c.execute(delete(marks).where(marks.c.name == name)).rowcount)

    def sweep(self, prefix: str, *, before: str) -> None:
        """Take away those of this prefix that sort before a name."""
        which = (marks.c.name.startswith(prefix, autoescape=True)) & (marks.c.name < before)
        self._access.write(lambda c: c.execute(delete(marks).where(which)).rowcount)


def _claim(connection: Connection, name: str, value: str) -> bool:
    """In a savepoint: the loser's transaction goes on, with whatever else the writer has put into it."""
    try:
        with connection.begin_nested():
            connection.execute(insert(marks).values(name=name, value=value))
    except IntegrityError:
        return False
    return True

"""What each person chose for themselves, by name."""

from sqlalchemy import Connection, delete, insert, select

from moderator.store.access import Access
from moderator.store.schema import preferences


class Preferences:
    """The choices of all people; ``store.preferences``."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def get(self, person_id: int, name: str) -> str:
        """What the person chose, or nothing."""
        which = (preferences.c.person_id == person_id) & (preferences.c.name == name)
        return self._access.read(lambda c: c.scalar(select(preferences.c.value).where(which)) or "")

    def set(self, person_id: int, name: str, value: str) -> None:
        """Choose; an empty value takes the choice back."""
        self._access.write(lambda c: _set(c, person_id, name, value))


def _set(connection: Connection, person_id: int, name: str, value: str) -> None:
    which = (preferences.c.person_id == person_id) & (preferences.c.name == name)
    connection.execute(delete(preferences).where(which))
    if value:
        connection.execute(insert(preferences).values(person_id=person_id, name=name, value=value))

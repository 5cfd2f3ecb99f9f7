"""How many requests there were in a stretch of time, over all processes and machines that share the store."""

from collections.abc import Mapping

from sqlalchemy import Connection, delete, insert, select, update

from moderator.store.access import Access
from moderator.store.schema import rates
from moderator.store.sites import digest_of

KEPT = 2  # stretches; an older count serves nobody


class Rates:
    """Counts by name and stretch; ``store.rates``."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def add(self, more: Mapping[str, int], stretch: int) -> Mapping[str, int]:
        """Count so many more under each name; how many there are now, of everybody."""
        return self._access.write(lambda c: add(c, more, stretch))


def add(connection: Connection, more: Mapping[str, int], stretch: int) -> dict[str, int]:
    """Within the connection's transaction."""
    connection.execute(delete(rates).where(rates.c.stretch <= stretch - KEPT))
    found = {}
    for name, number in sorted(more.items()):  # in one order, so that no two wait for each other
        digest = digest_of(name)
        here = (rates.c.digest == digest) & (rates.c.stretch == stretch)
        if not connection.execute(update(rates).where(here).values(requests=rates.c.requests + number)).rowcount:
            connection.execute(insert(rates).values(digest=digest, stretch=stretch, requests=number))
        found[name] = connection.execute(select(rates.c.requests).where(here)).scalar_one()
    return found

"""Models that nodes share: their files, byte by byte, and which of them is in force.

Only where the store is a server that several nodes use. On SQLite there is one node, and its folder is all there is.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from moderator.store.access import Access
from moderator.store.schema import model_files, model_order

ONE = 1  # the only row of model_order


class Models:
    """The shared models; ``store.models``."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def order(self) -> tuple[str, ...]:
        """Ids: the one in force, then those before it, latest first; empty where nothing was ever promoted."""
        return self._access.read(_order)

    def stored(self) -> frozenset[str]:
        """The ids of which the files are here."""
        return self._access.read(lambda c: frozenset(c.scalars(select(model_files.c.model).distinct())))

    def put(self, order: Sequence[str], files: Mapping[str, Mapping[str, bytes]]) -> None:
        """Put a new order in force, with the files of models that were not here; what is in no order any more goes."""
        at = self._access.now()
        self._access.write(lambda c: _put(c, order, files, at))

    def files(self, model: str) -> Mapping[str, bytes]:
        """The files of one model by name; none where it is not here."""
        query = select(model_files.c.name, model_files.c.content).where(model_files.c.model == model)
        return self._access.read(lambda c: {row.name: bytes(row.content) for row in c.execute(query)})


def _order(connection: Connection) -> tuple[str, ...]:
    found = connection.scalar(select(model_order.c.ids))
    return tuple(json.loads(found)) if found else ()


def _put(connection: Connection, order: Sequence[str], files: Mapping[str, Mapping[str, bytes]], at: int) -> None:
    known = set(connection.scalars(select(model_files.c.model).distinct()))
    rows: list[dict[str, Any]] = [
        {"model": model, "name": name, "content": content}
        for model, contents in files.items()
        if model not in known
        for name, content in contents.items()
    ]
    if rows:
        connection.execute(insert(model_files), rows)
    connection.execute(delete(model_files).where(model_files.c.model.not_in(order)))
    changed = {"ids": json.dumps(list(order)), "changed_at": at}
    if not connection.execute(update(model_order).values(changed)).rowcount:
        connection.execute(insert(model_order).values(id=ONE, **changed))

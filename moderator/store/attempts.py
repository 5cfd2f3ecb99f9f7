"""Failed tries of logins and short keys: each next one has to wait longer, and nobody is ever locked out for good.

A try counts as failed before the secret is looked at and is forgiven after it fitted, in the database: so neither
many tries at once nor many worker processes multiply what is allowed.
"""

import ipaddress
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, insert, select, update

from moderator.store.errors import TooManyAttempts
from moderator.store.schema import failed_logins
from moderator.store.sites import digest_of

SECOND = 1_000_000
FORGOTTEN_AFTER = 24 * 3600 * SECOND


class Count(NamedTuple):
    """Something of which failures are counted: how many are free, and the longest wait in seconds after them."""

    what: str
    free: int
    longest: int

    @property
    def digest(self) -> str:
        """By which it is found again, and what people mistype stays unread."""
        return digest_of(self.what)


def network_of(address: str) -> str:
    """The /24 or /48 that an attacker would have as a whole; what is no address stands for itself."""
    try:
        ip = ipaddress.ip_address(address.strip().split("%")[0])
    except ValueError:
        return address.strip()
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    return str(ipaddress.ip_network((ip, 24 if ip.version == 4 else 48), strict=False))


def of_login(login: str, address: str) -> tuple[Count, Count, Count]:
    """What a try to log in counts for.

    Account from one network: a person who mistypes. Account from anywhere: a botnet at one account; its wait is short,
    or strangers could keep the owner out. Network: one attacker at many accounts.
    """
    network = network_of(address)
    return (
        Count(f"both\n{login}\n{network}", 5, 300),
        Count(f"account\n{login}", 20, 30),
        Count(f"network\n{network}", 20, 300),
    )


def of_akismet_key(address: str) -> tuple[Count, Count]:
    """What a try with a key of the Akismet protocol counts for: its network, and all networks together.

    The wait of all together is short: who has many networks may slow down the first use of a right key after a start
    of ours, and no more, as those that were seen right do not come here. At one try in two seconds, 48 bits last.
    """
    return Count(f"akismet network\n{network_of(address)}", 20, 300), Count("akismet", 200, 2)


def check(connection: Connection, counts: Sequence[Count], *, at: int, lock: bool = False) -> dict[str, Any]:
    """TooManyAttempts where a try would come too early; else what was counted so far, by digest."""
    query = select(failed_logins).where(failed_logins.c.digest.in_([count.digest for count in counts]))
    rows = {row.digest: row for row in connection.execute(query.with_for_update() if lock else query)}
    wait = 0
    for count in counts:
        row = rows.get(count.digest)
        if row is not None and row.last_at > at - FORGOTTEN_AFTER and row.failures >= count.free:
            pause = min(2 ** min(row.failures - count.free, 30), count.longest) * SECOND
            wait = max(wait, row.last_at + pause - at)
    if wait > 0:
        raise TooManyAttempts(-(-wait // SECOND))
    return rows


def begin(connection: Connection, counts: Sequence[Count], *, at: int) -> None:
    """Count a try as failed for now. TooManyAttempts, without counting it, where it came too early."""
    rows = check(connection, counts, at=at, lock=True)
    connection.execute(delete(failed_logins).where(failed_logins.c.last_at <= at - FORGOTTEN_AFTER))
    for digest in (count.digest for count in counts):
        row = rows.get(digest)
        if row is not None and row.last_at > at - FORGOTTEN_AFTER:
            changed = {"failures": row.failures + 1, "last_at": at}
            connection.execute(update(failed_logins).where(failed_logins.c.digest == digest).values(changed))
        else:
            connection.execute(insert(failed_logins).values(digest=digest, failures=1, last_at=at))


def forgive(connection: Connection, forgotten: Sequence[Count], reduced: Sequence[Count]) -> None:
    """The secret fitted: forget the failures of some counts, and take this try off the others."""
    connection.execute(delete(failed_logins).where(failed_logins.c.digest.in_([count.digest for count in forgotten])))
    connection.execute(
        update(failed_logins)
        .where(failed_logins.c.digest.in_([count.digest for count in reduced]), failed_logins.c.failures > 0)
        .values(failures=failed_logins.c.failures - 1)
    )

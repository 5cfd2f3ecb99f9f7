"""Failed logins: each next try has to wait longer, and nobody is ever locked out for good.

A try counts as failed before its password is looked at and is forgiven after it fitted, in the database: so neither
many tries at once nor many worker processes multiply what is allowed.
"""

import ipaddress

from sqlalchemy import Connection, delete, insert, select, update

from moderator.store.errors import TooManyAttempts
from moderator.store.schema import failed_logins
from moderator.store.sites import digest_of

SECOND = 1_000_000
FORGOTTEN_AFTER = 24 * 3600 * SECOND

# What is counted, how many failures are free, and the longest wait in seconds after them.
# Account from one network: a person who mistypes. Account from anywhere: a botnet at one account; its wait is short, or
# strangers could keep the owner out. Network: one attacker at many accounts.
COUNTED = (("account here", 5, 300), ("account", 20, 30), ("network", 20, 300))


def network_of(address: str) -> str:
    """The /24 or /48 that an attacker would have as a whole; what is no address stands for itself."""
    try:
        ip = ipaddress.ip_address(address.strip().split("%")[0])
    except ValueError:
        return address.strip()
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    return str(ipaddress.ip_network((ip, 24 if ip.version == 4 else 48), strict=False))


def _digests(login: str, address: str) -> list[str]:
    network = network_of(address)
    return [digest_of(key) for key in (f"both\n{login}\n{network}", f"account\n{login}", f"network\n{network}")]


def begin(connection: Connection, login: str, address: str, *, at: int) -> None:
    """Count a try as failed for now. TooManyAttempts, without counting it, where it came too early."""
    digests = _digests(login, address)
    query = select(failed_logins).where(failed_logins.c.digest.in_(digests)).with_for_update()
    rows = {row.digest: row for row in connection.execute(query)}
    wait = 0
    for digest, (_, free, longest) in zip(digests, COUNTED, strict=True):
        row = rows.get(digest)
        if row is not None and row.last_at > at - FORGOTTEN_AFTER and row.failures >= free:
            pause = min(2 ** min(row.failures - free, 30), longest) * SECOND
            wait = max(wait, row.last_at + pause - at)
    if wait > 0:
        raise TooManyAttempts(-(-wait // SECOND))
    connection.execute(delete(failed_logins).where(failed_logins.c.last_at <= at - FORGOTTEN_AFTER))
    for digest in digests:
        row = rows.get(digest)
        if row is not None and row.last_at > at - FORGOTTEN_AFTER:
            changed = {"failures": row.failures + 1, "last_at": at}
            connection.execute(update(failed_logins).where(failed_logins.c.digest == digest).values(changed))
        else:
            connection.execute(insert(failed_logins).values(digest=digest, failures=1, last_at=at))


def forgive(connection: Connection, login: str, address: str) -> None:
    """The password fitted: forget the account's failures from here, and take this try off the other counts."""
    here, account, network = _digests(login, address)
    connection.execute(delete(failed_logins).where(failed_logins.c.digest == here))
    connection.execute(
        update(failed_logins)
        .where(failed_logins.c.digest.in_([account, network]), failed_logins.c.failures > 0)
        .values(failures=failed_logins.c.failures - 1)
    )

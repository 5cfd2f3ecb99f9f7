"""doctor: what is wrong with an installation, and what cures it."""

import os
import shutil
import socket
import stat
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

import click

from moderator.cli.common import as_json, existing_url, finds_installation, now, print_json, settings_of
from moderator.settings import SECRET_BYTES, Settings
from moderator.store import Delivery, Purpose, Site, Store, StoreError

MEGABYTE = 1_048_576
MOST_SKEW = 2.0  # seconds
OTHERS = 0o077
WAITED = 3600.0  # seconds that a message to a blog may wait


class How(StrEnum):
    """How bad it is."""

    WRONG = "wrong"
    ADVICE = "advice"
    WELL = "well"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found: what about, how bad, in a sentence, and what cures it."""

    about: str
    how: How
    said: str
    cure: str = ""


@dataclass(frozen=True, slots=True)
class Patient:
    """An installation that is looked at; ``store`` None: it cannot be opened."""

    settings: Settings
    store: Store | None
    why_not: str = ""
    reach: bool = False

    @property
    def sqlite(self) -> bool:
        """Whether the store is a file."""
        return self.settings.database_url.startswith("sqlite")


Check = Callable[[Patient], Iterator[Finding]]


def wrong(about: str, said: str, cure: str) -> Finding:
    """Something that must be cured."""
    return Finding(about, How.WRONG, said, cure)


def advice(about: str, said: str, cure: str) -> Finding:
    """Something that may be as it is."""
    return Finding(about, How.ADVICE, said, cure)


def well(about: str, said: str) -> Finding:
    """Nothing to do."""
    return Finding(about, How.WELL, said)


def folder(patient: Patient) -> Iterator[Finding]:
    """The data folder can be written, and what is in it is nobody else's to read."""
    data = patient.settings.data
    if not data.is_dir():
        yield wrong("folder", f"there is no folder {data}", "give it with --data, or start the server, which makes it")
        return
    if not os.access(data, os.W_OK | os.X_OK):
        yield wrong("folder", f"{data} cannot be written", f"chown it to this user: chown -R $(id -un) {data}")
    for path in [*sorted(data.glob("moderator.sqlite3*")), data / "secret"]:
        if path.exists() and not os.access(path, os.R_OK | os.W_OK):
            yield wrong(
                "folder", f"{path} cannot be read and written", f"chown it to this user: chown $(id -un) {path}"
            )
        elif path.exists() and stat.S_IMODE(path.stat().st_mode) & OTHERS:
            yield wrong("folder", f"{path} can be read by others", f"chmod 600 {path}")
    yield well("folder", f"{data.absolute()}")


def disk(patient: Patient) -> Iterator[Finding]:
    """There is room for what comes."""
    try:
        free = shutil.disk_usage(patient.settings.data).free // MEGABYTE
    except OSError:
        return  # told above
    if free < patient.settings.least_free_mb:
        yield wrong("disk", f"{free:,} MB are free, so it is not ready", "free some space, or `moderator db prune`")
    elif free < 1000:
        yield advice("disk", f"{free:,} MB are free", "a larger disk, or `moderator db prune`")
    else:
        yield well("disk", f"{free:,} MB are free")


def secret(patient: Patient) -> Iterator[Finding]:
    """The installation's secret is whole."""
    path = patient.settings.data / "secret"
    if not path.exists():
        yield advice("secret", f"there is no {path}", "none is needed before the first start; else restore it")
    elif path.stat().st_size != SECRET_BYTES:
        yield wrong("secret", f"{path} is damaged", "restore it; or delete it, then Akismet keys are made anew")
    else:
        yield well("secret", "is there")


def level(patient: Patient) -> Iterator[Finding]:
    """The store answers, at this version's level."""
    if patient.store is None:
        yield wrong("store", patient.why_not, "")
        return
    try:
        patient.store.check()
    except StoreError as error:
        yield wrong("store", f"it cannot be written: {error}", "")
        return
    yield well("store", "answers, can be written, and is at this version's level")


def health(patient: Patient) -> Iterator[Finding]:
    """Its tables and indexes are there, and the engine loses nothing."""
    from moderator.store import checking
    from moderator.store import engine as engines

    if patient.store is None or patient.sqlite:
        return  # of a SQLite file every page would be read; `moderator db check` does
    for problem in checking.look_through(engines.parse(patient.settings.database_url), quick=True).problems:
        said, _, cure = problem.partition("; ")
        yield wrong("tables", said, cure)


def clock(patient: Patient) -> Iterator[Finding]:
    """The clock is right: signatures and sessions go by it."""
    if patient.store is None:
        return
    asked = now()
    there = patient.store.watching.time()
    here = asked + (now() - asked) / 2  # the answer may have taken a while
    skew = (here - there).total_seconds() if there is not None else 0.0
    newest = patient.store.watching.newest()
    if abs(skew) > MOST_SKEW:
        yield wrong("clock", f"it differs from the database's by {skew:+.1f} s", "let NTP run on both machines")
    elif newest is not None and (newest - here).total_seconds() > MOST_SKEW:
        yield wrong("clock", f"the newest comment is from the future ({newest:%Y-%m-%d %H:%M:%S} UTC)", "let NTP run")
    else:
        yield well("clock", f"{here:%Y-%m-%d %H:%M:%S} UTC" + (f", {skew:+.2f} s to the database's" if there else ""))


def model(patient: Patient) -> Iterator[Finding]:
    """A model answers, and it is the one that is meant to."""
    from moderator.server import open_shelf

    shelf = open_shelf(patient.settings)
    found = shelf.current()
    if found is None:
        yield wrong("model", shelf.problem, "")
        return
    if shelf.problem:
        yield wrong("model", shelf.problem, f"{found.id} answers meanwhile; promote another: `moderator models list`")
    order = patient.store.models.order() if patient.store is not None and not patient.sqlite else ()
    if order and order[0] != found.id:
        yield wrong(
            "model",
            f"all nodes are to answer with {order[0]}, this one with {found.id}",
            "start the server here, which fetches it; where that says that it fails its checks, install the version "
            "of moderator that the other nodes have",
        )
    else:
        yield well("model", f"{found.id} answers")


def keys(patient: Patient) -> Iterator[Finding]:
    """Each site can be asked, and somebody can log in."""
    if patient.store is None:
        return
    sites = patient.store.sites()
    if not sites:
        yield advice("sites", "there is no site yet", "start the server, or `moderator sites add NAME`")
    for site in sites:
        if not _may_ask(patient.store, site):
            cure = f"moderator sites key add {site.name}"
            yield wrong("sites", f"nobody can ask for {site.name!r}: it has no live key or secret", cure)
    if sites and not any(person.has_password and person.disabled is None for person in patient.store.people()):
        yield wrong("people", "nobody can log in", "moderator users link LOGIN, and set the password by that link")
    yield well("sites", f"{len(sites)} served")


def _may_ask(store: Store, site: Site) -> bool:
    """Whether any door is open to the site's blog."""
    return (
        any(key.revoked is None for key in store.keys(site.id))
        or any(key.revoked is None for key in store.akismet_keys.listed(site.id))
        or any(store.secrets.live(site.id, purpose) for purpose in (Purpose.WEBHOOK, Purpose.CORAL))
        or bool(site.doors.blogspam_digest)
    )


def callbacks(patient: Patient) -> Iterator[Finding]:
    """Blogs hear what moderators decide."""
    if patient.store is None:
        return
    for site in patient.store.sites():
        found = patient.store.callbacks.of(site.id)
        if found is None:
            continue
        again = f"mend the blog, then: moderator sites callback enable {site.name}"
        if found.disabled is not None:
            yield wrong("callbacks", f"{site.name!r}: its blog said that {found.url} is gone", again)
        elif found.trouble:
            yield wrong("callbacks", f"{site.name!r}: {found.trouble}", f"moderator sites callback test {site.name}")
        elif patient.reach:
            yield from _reach(patient.store, site.name, found)
    watched = patient.store.watching.look()
    failed = watched.outbox.get(Delivery.FAILED, 0)
    if failed:
        yield wrong("callbacks", f"{failed:,} messages were given up", "moderator callbacks list --failed; … retry")
    oldest = watched.outbox_oldest
    if oldest is not None and (now() - oldest).total_seconds() > WAITED:
        yield wrong("callbacks", f"a message waits since {oldest:%Y-%m-%d %H:%M} UTC", "is a server running?")


def _reach(store: Store, name: str, found: Any) -> Iterator[Finding]:
    """Send a message that tells nothing."""
    from moderator.callbacks.errors import CallbackError
    from moderator.callbacks.exchange import over_the_network
    from moderator.callbacks.registering import try_out
    from moderator.store.ids import micros, new_id

    at = now()
    secrets = store.secrets.live(found.site_id, Purpose.CALLBACK)
    try:
        try_out(found, secrets, over_the_network, message_id=new_id(micros(at)), at=at)
    except CallbackError as error:
        yield wrong("callbacks", f"{name!r}: {error}", "look at the blog, and at the address: moderator sites callback")
    else:
        yield well("callbacks", f"{name!r}: {found.url} took a test message")


def proxies(patient: Patient) -> Iterator[Finding]:
    """What stands before it is told, and nothing else is believed."""
    settings = patient.settings
    everywhere = settings.host in ("0.0.0.0", "::", "")
    if settings.trusted_proxies and everywhere:
        yield advice(
            "proxies",
            f"it listens on {settings.host} and believes X-Forwarded-For: who reaches it past the proxy can forge it",
            "listen where only the proxy can reach it, or close the port to others",
        )
    if settings.public_url.startswith("https") and not settings.trusted_proxies:
        yield wrong(
            "proxies",
            "public_url is https, so a proxy stands before it, and trusted_proxies is 0: all people share one address, "
            "and logins lock each other out",
            "set trusted_proxies to how many stand before it, mostly 1",
        )
    if everywhere and not settings.public_url:
        yield advice(
            "proxies", "it can be reached from elsewhere, without TLS", "put a proxy before it; set public_url"
        )


def workers(patient: Patient) -> Iterator[Finding]:
    """As many processes as the store and the machine can use."""
    count, cores = patient.settings.workers, os.cpu_count() or 1
    if patient.sqlite and count > 2:
        yield advice(
            "workers", f"{count} workers share one SQLite file, which one writes at a time", "1, or PostgreSQL"
        )
    elif count > 2 * cores:
        yield advice("workers", f"{count} workers on {cores} cores", "about one a core")


def server(patient: Patient) -> Iterator[Finding]:
    """Somebody listens."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(patient.settings.host, patient.settings.host)
    try:
        socket.create_connection((host, patient.settings.port), timeout=2).close()
    except OSError:
        where = f"{patient.settings.host}, port {patient.settings.port}"
        yield advice("server", f"nothing listens on {where}", "start it: moderator serve")
    else:
        yield well("server", f"listens on port {patient.settings.port}")


CHECKS: tuple[Check, ...] = (
    # The machine.
    folder,
    disk,
    secret,
    # The store, and what is in it.
    level,
    health,
    clock,
    model,
    keys,
    callbacks,
    # How it is run.
    proxies,
    workers,
    server,
)


@click.command()
@click.option("--reach", is_flag=True, help="Also send each blog a message that tells nothing.")
@finds_installation
@as_json
def doctor(reach: bool, as_json: bool, **flags: Any) -> int:
    """Find what is wrong with an installation and say what cures it. Changes nothing; status 1 if something is wrong.

    It looks at rights, disk, secret, store and its level, clock, model, keys, callbacks, proxies and workers.

    \b
    moderator doctor --data ./data
    moderator doctor --json --reach
    """
    settings = settings_of(**flags)
    store, why_not = None, ""
    try:
        existing_url(settings)
        store = Store.open(settings.database_url, clock=now)
    except StoreError as error:
        why_not = str(error)
    try:
        found = list(examine(Patient(settings, store, why_not, reach)))
    finally:
        if store is not None:
            store.close()
    if as_json:
        for finding in found:
            print_json(asdict(finding))
    else:
        for finding in found:
            click.echo(f"{finding.how:<7} {finding.about:<10} {finding.said}")
            if finding.cure:
                click.echo(f"{'':<18} → {finding.cure}")
    return 1 if any(finding.how is How.WRONG for finding in found) else 0


def examine(patient: Patient) -> Iterator[Finding]:
    """What all checks find, in their order. A part that is well is not told so where something of it is wrong."""
    for check in CHECKS:
        try:
            found = list(check(patient))
        except (StoreError, OSError) as error:
            found = [wrong(check.__name__, f"could not be looked at: {error}", "")]
        bad = {finding.about for finding in found if finding.how is not How.WELL}
        yield from (finding for finding in found if finding.how is not How.WELL or finding.about not in bad)

"""The store, and what is in it: its level, its clock, the model, who may ask and log in."""

from collections.abc import Iterator

from moderator.cli.common import now
from moderator.cli.examining.findings import Finding, Patient, advice, well, wrong
from moderator.store import Purpose, Site, Store, StoreError

MOST_SKEW = 2.0  # seconds


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

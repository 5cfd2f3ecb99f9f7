"""doctor: what is wrong with an installation, and what cures it."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import click

from moderator.cli.common import as_json, existing_url, finds_installation, now, print_json, settings_of
from moderator.cli.examining import machine, serving, stored, telling
from moderator.cli.examining.findings import Check, Finding, How, Patient, wrong
from moderator.store import Store, StoreError

CHECKS: tuple[Check, ...] = (
    # The machine.
    machine.folder,
    machine.disk,
    machine.secret,
    # The store, and what is in it.
    stored.level,
    stored.health,
    stored.clock,
    stored.model,
    stored.keys,
    telling.callbacks,
    # How it is run.
    serving.proxies,
    serving.workers,
    serving.server,
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

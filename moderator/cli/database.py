"""db: the store upgraded, looked through, copied (copying.py) and pruned."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any

import click

from moderator.cli import copying
from moderator.cli.common import (
    as_json,
    existing_url,
    finds_installation,
    now,
    print_json,
    print_table,
    settings_of,
    store_of,
)
from moderator.cli.progress import progress


@click.group("db")
def database() -> None:
    """The store: its level, its health, its copies. All of it works on SQLite and on PostgreSQL.

    \b
    moderator db check
    moderator db backup /backups/$(date +%F)
    """


@database.command()
@finds_installation
def upgrade(**flags: Any) -> None:
    """Create the store's tables, or bring them to this version (`serve` does it by itself on SQLite).

    Several may run at once: one does it, the others wait. Take a backup first.

    \b
    moderator db upgrade --database postgresql://moderator@localhost/moderator
    """
    from moderator.store import Store

    Store.upgrade(settings_of(**flags).database_url)
    click.echo("the store is at this version's level")


@database.command()
@finds_installation
@as_json
def check(as_json: bool, **flags: Any) -> int:
    """Look the whole store through: level, tables, indexes, damage. Changes nothing; status 1 if something is wrong.

    \b
    moderator db check --data ./data
    """
    from moderator.store import checking
    from moderator.store import engine as engines

    found = checking.look_through(engines.parse(existing_url(settings_of(**flags))))
    if as_json:
        print_json({"level": found.level, "rows": found.rows, "problems": found.problems})
    else:
        if found.rows:
            print_table([("table", "rows"), *((name, f"{rows:,}") for name, rows in found.rows.items())])
        for problem in found.problems:
            click.echo(problem, err=True)
        if not found.problems:
            click.echo(f"the store is whole, at level {found.level}")
    return 1 if found.problems else 0


@database.command()
@click.option("--older-than", type=int, metavar="DAYS", help="Instead of the setting keep_days.")
@click.option("--dry-run", is_flag=True, help="Forget nothing; say what would be.")
@click.option("--quiet", is_flag=True, help="No progress.")
@finds_installation
@as_json
def prune(older_than: int | None, dry_run: bool, quiet: bool, as_json: bool, **flags: Any) -> None:
    """Forget old comments that nobody called ham or spam, and logins that have ended. For cron or a timer.

    What waits for a moderator stays, and so does what teaches. A few at a time with pauses between them, so that the
    server goes on; the same command goes on where one was broken off. A comment's figures go with it.

    \b
    moderator db prune --older-than 180 --dry-run
    """
    settings = settings_of(**flags)
    days = settings.keep_days if older_than is None else older_than
    if days < 1:
        raise click.ClickException("say after how many days: --older-than DAYS, or the setting keep_days")
    existing_url(settings)
    with store_of(**flags) as store, progress(quiet=quiet) as show:
        before = now() - timedelta(days=days)
        found = store.pruning.prune(before, dry_run=dry_run, show=lambda done, of: show("comments", done, of))
    if as_json:
        print_json({"dry_run": dry_run, "before": before.isoformat(), **asdict(found)})
        return
    verb = "would be forgotten" if dry_run else "are forgotten"
    click.echo(
        f"{found.comments:,} of {found.looked_at:,} old comments {verb}, {found.former:,} former contents of others, "
        f"{found.logins:,} logins and links that had ended"
    )


@database.command("accept-secret")
@finds_installation
def accept_secret(**flags: Any) -> None:
    """Go on with the secret of this data folder, where the one that the store was used with is lost.

    People whose addresses are stored as pseudonyms are no longer recognised, Akismet keys must be made anew, and
    sessions end. Other nodes need the new secret before they start.

    \b
    moderator db accept-secret --data ./data
    """
    from moderator.pseudonyms import WITH_SECRET, fingerprint
    from moderator.settings import secret

    settings = settings_of(**flags)
    existing_url(settings)
    mine = fingerprint(secret(settings.data))
    with store_of(**flags) as store:
        store.claims.release(WITH_SECRET)
        store.claims.claim(WITH_SECRET, mine)
    click.echo(f"the store is used with the secret in {settings.data} from now on")


for command in (copying.export_store, copying.import_store, copying.backup, copying.restore):
    database.add_command(command)

"""What the commands share: the options that find an installation, and the two ways to print."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from moderator import settings as all_settings
from moderator.settings import Settings
from moderator.store import Site, Store, StoreError

Command = Callable[..., Any]

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


def finds_installation(command: Command) -> Command:
    """The options --data, --database and --config, by which a command finds its installation."""
    path = click.Path(path_type=Path)
    for option in (
        click.option("--config", type=path, help="A TOML file with settings."),
        click.option("--database", help="The store's URL.  [default: a SQLite file in the data folder]"),
        click.option("--data", type=path, help="The installation's folder.  [default: ./data]"),
    ):
        command = option(command)
    return command


def settings_of(*, data: Path | None, database: str | None, config: Path | None, **flags: Any) -> Settings:
    """The settings with these flags."""
    return all_settings.load({"data": data, "database": database, **flags}, file=config)


@contextmanager
def store_of(**flags: Any) -> Iterator[Store]:
    """The installation's store, made if it is new, closed at the end."""
    from moderator.server import open_store

    store = open_store(settings_of(**flags))
    try:
        yield store
    finally:
        store.close()


def existing_url(settings: Settings) -> str:
    """The store's URL. StoreError where a SQLite file is not there: nothing is to be made by a look."""
    url = settings.database_url
    path = Path(url.removeprefix("sqlite:///"))
    if url.startswith("sqlite:///") and not path.exists():
        raise StoreError(f"there is no store at {path}; give its folder with --data")
    return url


def now() -> datetime:
    """The clock that everything is given."""
    from moderator import server

    return server.now()


def site_named(store: Store, name: str) -> Site:
    """The site of this name. StoreError where there is none."""
    site = store.site_by_name(name)
    if site is None:
        raise StoreError(f"there is no site {name!r}; see `moderator sites list`")
    return site


def print_json(shown: Any) -> None:
    """One line of JSON."""
    click.echo(json.dumps(shown, separators=(",", ":")))


def print_table(rows: list[tuple[str, ...]]) -> None:
    """Rows with aligned columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())

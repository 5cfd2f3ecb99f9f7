"""models: list · show · diff · promote · rollback."""

import json
from typing import Any

import click

from moderator.cli.common import as_json, finds_installation, print_json, print_table, settings_of
from moderator.cli.comparing import diff
from moderator.model_file import ModelError
from moderator.shelf import Shelf, Shelved


def _shelf(flags: dict[str, Any]) -> Shelf:
    from moderator.server import open_shelf

    return open_shelf(settings_of(**flags))


def _shown(version: Shelved) -> dict[str, Any]:
    return {
        "id": version.id,
        "current": version.current,
        "shipped": version.shipped,
        "made": version.made,
        "summary": version.summary,
    }


@click.group()
def models() -> None:
    """The models: which there are, and which one answers."""


@models.command("list")
@finds_installation
@as_json
def list_models(as_json: bool, **flags: Any) -> None:
    """List all models, newest first; * answers now.

    \b
    moderator models list
    """
    shelf = _shelf(flags)
    versions = shelf.versions()
    if as_json:
        for version in versions:
            print_json(_shown(version))
        return
    if versions:
        print_table(
            [("*" if v.current else " ", v.id, v.made, "shipped" if v.shipped else "own", v.summary) for v in versions]
        )
    if shelf.problem:
        click.echo(shelf.problem, err=True)


@models.command("show")
@click.argument("id")
@finds_installation
@as_json
def show(id: str, as_json: bool, **flags: Any) -> None:
    """Show what is known of one model.

    \b
    moderator models show 2026-11-22-a1b2c3
    """
    version = next((version for version in _shelf(flags).versions() if version.id == id), None)
    if version is None:
        raise ModelError(f"there is no model {id!r}; see `moderator models list`")
    if as_json:
        print_json({**_shown(version), "folder": str(version.folder)})
    else:
        click.echo(json.dumps({**_shown(version), "folder": str(version.folder)}, indent=2))


@models.command("promote")
@click.argument("id")
@finds_installation
def promote(id: str, **flags: Any) -> None:
    """Make a model the one that answers; running servers take it up within two seconds.

    \b
    moderator models promote 2026-11-22-a1b2c3
    """
    _shelf(flags).promote(id)
    click.echo(f"{id} answers now")


@models.command("rollback")
@finds_installation
def rollback(**flags: Any) -> None:
    """Go back to the model that answered before.

    \b
    moderator models rollback
    """
    click.echo(f"{_shelf(flags).rollback()} answers now")


models.add_command(diff)

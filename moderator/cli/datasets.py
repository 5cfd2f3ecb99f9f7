"""datasets: list · fetch · path."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from moderator.cli.common import as_json, finds_installation, print_json, print_table, settings_of


def _folder(flags: dict[str, Any]) -> Path:
    return settings_of(**flags).data / "datasets"


@click.group()
def datasets() -> None:
    """Public data sets for training and evaluation: which there are, and which are here."""


@datasets.command("list")
@finds_installation
@as_json
def list_datasets(as_json: bool, **flags: Any) -> None:
    """List all sets: languages, licence, whether they may train weights that are given to others, what is here.

    \b
    moderator datasets list
    """
    from moderator.training.datasets import DATASETS
    from moderator.training.fetching import kept

    folder = _folder(flags)
    rows: list[tuple[str, ...]] = []
    for known in DATASETS:
        here = kept(known.name, folder)
        checked = all(remote.sha256 for remote in known.files)
        from_address = all(remote.address for remote in known.files)
        if as_json:
            print_json(
                {
                    "name": known.name,
                    "about": known.sentence,
                    "home": known.home,
                    "licence": known.licence,
                    "attribution": known.attribution,
                    "languages": known.languages,
                    "may_train": known.may_train,
                    "reason": known.reason,
                    "files": [remote.address for remote in known.files],
                    "sha256_known": checked,
                    "path": str(here.path) if here else None,
                    "comments": here.comments if here else None,
                    "spam": here.spam if here else None,
                }
            )
            continue
        way = "--from only" if not from_address else "fetch" if checked else "--trust-first or --from"
        state = f"here: {here.comments:,} comments, {here.spam:,} spam" if here else way
        use = "may train" if known.may_train else f"evaluation only: {known.reason}"
        rows.append((known.name, ",".join(known.languages), known.licence, use, state))
    if rows:
        print_table(rows)


@datasets.command("fetch")
@click.argument("name")
@finds_installation
@click.option(
    "--from",
    "given",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Take this local copy (the set's own file, or labelled JSONL); once for each file of the set.",
)
@click.option("--trust-first", is_flag=True, help="Take a file whose SHA-256 is not known here, and keep its SHA-256.")
@click.option("--again", is_flag=True, help="Fetch it even if it is here.")
def fetch_dataset(name: str, given: tuple[Path, ...], trust_first: bool, again: bool, **flags: Any) -> None:
    """Fetch the set NAME into the data folder, checked by its SHA-256; then train with its path.

    \b
    moderator datasets fetch youtube_spam
    moderator train "$(moderator datasets path youtube_spam)"
    """
    from moderator.training.fetching import fetch, kept

    folder = _folder(flags)
    here = None if again or given else kept(name, folder)
    if here:
        click.echo(f"{name} is here: {here.path}")
        return
    progress = _show if sys.stderr.isatty() else _show_nothing
    here = fetch(name, folder, at=datetime.now(UTC), given=given, trust_first=trust_first, progress=progress)
    click.echo(f"{here.path}: {here.comments:,} comments, {here.spam:,} of them spam")


@datasets.command("path")
@click.argument("name")
@finds_installation
def path_of(name: str, **flags: Any) -> None:
    """Print where the set NAME lies, its bytes checked.

    \b
    moderator datasets path youtube_spam
    """
    from moderator.training.fetching import DatasetError, kept

    here = kept(name, _folder(flags))
    if here is None:
        raise DatasetError(f"{name} is not here; run `moderator datasets fetch {name}`")
    click.echo(str(here.path))


def _show(file: str, done: int, total: int) -> None:
    """A bar that a person can watch, on one line."""
    if total:
        filled = 30 * done // total
        line = f"{file} [{'#' * filled}{' ' * (30 - filled)}] {100 * done // total:3}%"
    else:
        line = f"{file} {done:,} bytes"
    print(f"\r{line}", end="\n" if total and done >= total else "", file=sys.stderr, flush=True)


def _show_nothing(_file: str, _done: int, _total: int) -> None:
    """Nobody watches."""

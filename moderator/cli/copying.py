"""db export · import · backup · restore: copies of the store, checked."""

import gzip
import io
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from moderator.cli.common import as_json, existing_url, finds_installation, now, print_json, print_table, settings_of
from moderator.cli.progress import progress
from moderator.settings import Settings
from moderator.store import StoreError

MODELS, SECRET = "model", "secret"


@click.command("export")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--quiet", is_flag=True, help="No progress.")
@finds_installation
def export_store(file: Path, quiet: bool, **flags: Any) -> None:
    """Write the whole store into FILE as JSON lines (gzipped if it ends in .gz; - is standard output).

    As it is at one moment, while the server goes on. Either engine's `moderator db import` takes it, so this is also
    the way from SQLite to PostgreSQL. It holds everything that the store holds: comments, addresses, hashed keys.

    \b
    moderator db export store.jsonl.gz
    moderator db export - | moderator db import - --database postgresql://moderator@db/moderator
    """
    from moderator.store import engine as engines
    from moderator.store import portable

    url = engines.parse(existing_url(settings_of(**flags)))
    with _written(file) as out, progress(quiet=quiet) as show:
        rows = 0
        for line in portable.export(url, show=show):
            out.write(line)
            rows += line.startswith(b"[")
    click.echo(f"{rows:,} rows are written", err=True)


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--replace", is_flag=True, help="What the store holds now is gone.")
@click.option("--quiet", is_flag=True, help="No progress.")
@finds_installation
@as_json
def import_store(file: Path, replace: bool, quiet: bool, as_json: bool, **flags: Any) -> None:
    """Fill an empty store from FILE, which `moderator db export` wrote, on this engine or on the other one.

    All or nothing: what is in the store afterwards is read back and compared with FILE, by counts and checksums,
    before it is committed. An export of an older version is brought to this one's level.

    \b
    moderator db import store.jsonl.gz --database postgresql://moderator@db/moderator
    """
    from moderator.store import backups, portable
    from moderator.store import engine as engines

    settings = settings_of(**flags)
    with progress(quiet=quiet) as show, _read(file) as opened:
        lines = backups.unpacked(opened)
        tables = portable.load(engines.parse(_new(settings)), lines, replace=replace, show=show)
    _tell_tables(tables, as_json=as_json, said="imported; counts and checksums are those of the file")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--with-secret", is_flag=True, help="Also the data folder's secret; keep such a backup under lock.")
@click.option("--quiet", is_flag=True, help="No progress.")
@finds_installation
@as_json
def backup(folder: Path, with_secret: bool, quiet: bool, as_json: bool, **flags: Any) -> None:
    """Write a backup into FOLDER, a new one, while the server goes on: the store and the models.

    It is read back and checked before this says that it is done. The data folder's file `secret` is not in it unless
    you say so: who has both can test guesses of Akismet keys and pseudonyms. Keep a copy of it elsewhere.

    \b
    moderator db backup /backups/$(date +%F)
    """
    from moderator.store import backups
    from moderator.store import engine as engines

    settings = settings_of(**flags)
    with progress(quiet=quiet) as show:
        made = backups.back_up(engines.parse(existing_url(settings)), folder, at=now(), show=show)
    with _told(folder):
        if (settings.data / MODELS).is_dir():
            drafts = shutil.ignore_patterns(".*")
            shutil.copytree(settings.data / MODELS, folder / MODELS, ignore=drafts)
        if with_secret:
            shutil.copyfile(settings.data / SECRET, folder / SECRET)
            (folder / SECRET).chmod(0o600)
    if as_json:
        print_json({"folder": str(folder), "level": made.level, "rows": {n: t.rows for n, t in made.tables.items()}})
    else:
        click.echo(f"{sum(table.rows for table in made.tables.values()):,} rows are in {folder / made.file}, checked")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--replace", is_flag=True, help="What the store holds now is gone.")
@click.option("--quiet", is_flag=True, help="No progress.")
@finds_installation
@as_json
def restore(folder: Path, replace: bool, quiet: bool, as_json: bool, **flags: Any) -> None:
    """Fill an empty store, and the models' folder, from the backup in FOLDER; of either engine into either one.

    All or nothing, and compared with the backup's counts and checksums. A drill costs nothing: give an empty folder.

    \b
    moderator db restore /backups/2026-11-28 --data /tmp/drill
    """
    from moderator.store import backups
    from moderator.store import engine as engines

    settings = settings_of(**flags)
    with progress(quiet=quiet) as show:
        found = backups.restore(engines.parse(_new(settings)), folder, replace=replace, show=show)
    with _told(settings.data):
        if (folder / MODELS).is_dir():
            shutil.copytree(folder / MODELS, settings.data / MODELS, dirs_exist_ok=True)
        if (folder / SECRET).is_file() and (replace or not (settings.data / SECRET).exists()):
            settings.data.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(folder / SECRET, settings.data / SECRET)
            (settings.data / SECRET).chmod(0o600)
    _tell_tables(
        found.tables, as_json=as_json, said=f"restored from {found.made}; counts and checksums are the backup's"
    )


def _tell_tables(tables: Mapping[str, Any], *, as_json: bool, said: str) -> None:
    if as_json:
        print_json({name: {"rows": table.rows, "checksum": table.checksum} for name, table in tables.items()})
        return
    print_table(
        [("table", "rows", "checksum"), *((name, f"{t.rows:,}", t.checksum[:16]) for name, t in tables.items())]
    )
    click.echo(said)


def _new(settings: Settings) -> str:
    """The store's URL, its folder made."""
    if settings.database_url.startswith("sqlite"):
        with _told(settings.data):
            settings.data.mkdir(parents=True, exist_ok=True)
    return settings.database_url


@contextmanager
def _told(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        where = error.filename or place
        raise StoreError(f"{where} cannot be used ({error.strerror}); look at its rights and the disk") from None


@contextmanager
def _written(file: Path) -> Iterator[Any]:
    """Where to write: standard output, or a file that is only there when it is whole."""
    if str(file) == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    draft = file.with_name(f".{file.name}.part")
    with _told(file):
        handle = os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
        try:
            with os.fdopen(handle, "wb") as raw:
                if file.suffix == ".gz":
                    with gzip.GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=6, mtime=0) as packed:
                        yield packed
                else:
                    yield raw
                raw.flush()
                os.fsync(raw.fileno())
            os.replace(draft, file)
        finally:
            draft.unlink(missing_ok=True)


@contextmanager
def _read(file: Path) -> Iterator[io.BufferedReader]:
    if str(file) == "-":
        yield io.BufferedReader(sys.stdin.buffer.raw)  # type: ignore[union-attr]  # typed as any binary file
        return
    try:
        opened = file.open("rb")
    except OSError as error:
        raise StoreError(f"{file} cannot be read ({error.strerror})") from None
    with opened:
        yield opened

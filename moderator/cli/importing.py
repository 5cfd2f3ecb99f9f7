"""import: a blog's history becomes labels of its site."""

import hashlib
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import click

from moderator.cli.common import as_json, finds_installation, print_json, settings_of, site_named, store_of
from moderator.comment import Comment, CommentError, Word
from moderator.known import Marks
from moderator.reading import Reading
from moderator.store import Site, Store, Taken
from moderator.traces import marks

AT_ONCE = 500  # comments a transaction: 20 ms, for which a blog that asks at the same time waits
SHOWN_BROKEN = 5
LINE_EVERY = 10_000  # comments read, where no person watches
BAR_EVERY = 0.1  # seconds
# What people's own tables call a comment of which nobody said that it is ham or spam.
NO_LABELS = frozenset({"pending", "held", "hold", "trash", "deleted", "unwanted"})


@dataclass(frozen=True)
class Source:
    """Where comments are read from: as people call it, of which kind, its rows, and how many there are (0: unknown)."""

    name: str
    kind: str
    rows: Callable[[], Iterator[Any]]
    about: int


@dataclass
class Tally:
    """What became of the rows of one source; of broken ones the first are kept in words."""

    read: int = 0
    taken: Taken = field(default_factory=Taken)
    words: Counter[Word] = field(default_factory=Counter)
    passed: Counter[str] = field(default_factory=Counter)
    broken: int = 0
    told: list[str] = field(default_factory=list)


@click.command("import")
@click.argument("site")
@click.argument("sources", nargs=-1, required=True, metavar="FILE…")
@click.option("--dry-run", is_flag=True, help="Store nothing; say what would be.")
@finds_installation
@as_json
def import_history(site: str, sources: tuple[str, ...], dry_run: bool, as_json: bool, **flags: Any) -> int:
    """Take a blog's history into SITE: what its people approved is ham, what they called spam is spam.

    FILE is an export of WordPress or Disqus, Isso's database, JSON lines or CSV (with labels); or the URL of a
    WordPress database, which is only read. What waits or lies in the trash is passed over. The same again stores
    nothing twice. Ctrl-C keeps what is stored; the same command goes on from there.

    \b
    moderator import my-blog wordpress.xml --dry-run
    moderator import my-blog "mysql://reader@localhost/wordpress?prefix=wp_"
    """
    read = [_source(name) for name in sources]  # all of them first, so that a mistake in the last one stores nothing
    tallies: list[tuple[Source, Tally]] = []
    from moderator.server import shared_secret

    settings = settings_of(**flags)
    with store_of(**flags) as store, _stopped_by_hand() as stopped:
        secret = shared_secret(store, settings)
        found = site_named(store, site)
        batch = store.imports.begin()
        try:
            for source in read:
                tallies.append((source, Tally()))
                _take(store, found, *tallies[-1], batch=batch, dry_run=dry_run, stopped=stopped, secret=secret)
                if stopped():
                    break
        finally:  # also where something fails midway: what is stored is stored
            for source, tally in tallies:
                if as_json:
                    print_json(_as_json(source, tally, dry_run=dry_run))
                else:
                    _tell(source, tally, dry_run=dry_run)
    if stopped():
        click.echo("stopped; what is stored stays, and the same command goes on from there", err=True)
        return 130
    if not as_json and not dry_run:
        given = "".join(f" --{name} {flags[name]}" for name in ("data", "config") if flags.get(name))
        click.echo(f"learn from them with: moderator train{given}")
    return 1 if any(tally.broken for _, tally in tallies) else 0


def _source(name: str) -> Source:
    """What is behind a name on the command line. CorpusError where it cannot be read, or has no labels."""
    from moderator.training.readers import CorpusError, estimate, format_of, rows_of, wordpress_database

    if wordpress_database.is_address(name):
        address = wordpress_database.address_of(name)
        about = wordpress_database.count(address)
        return Source(address.shown, "a WordPress database", lambda: wordpress_database.read(address), about)
    path = Path(name)
    kind = format_of(path)
    if not kind.labelled:
        raise CorpusError(f"{path} is {kind.name}, where nobody said what is spam; an import needs labels")
    return Source(path.name, kind.name, lambda: rows_of(path, kind), estimate(path, kind))


def _take(
    store: Store,
    site: Site,
    source: Source,
    tally: Tally,
    *,
    batch: str,
    dry_run: bool,
    stopped: Callable[[], bool],
    secret: bytes,
) -> None:
    """Read a source to its end, or until it is stopped, and store it by the way."""
    by = f"import {source.name}"

    def mark(reading: Reading, comment: Comment) -> Marks:
        return marks(reading, comment, site.id, secret)

    waiting: list[tuple[Comment, Word]] = []
    dreamt: set[str] = set()

    def store_them() -> None:
        if dry_run:  # what an earlier row would have stored is known to a later one
            new = [(comment, word) for comment, word in waiting if comment.id not in dreamt]
            dreamt.update(comment.id for comment, _ in new)
            tally.taken += store.imports.look(site.id, new) + Taken(known=len(waiting) - len(new))
        else:
            tally.taken += store.imports.take(site.id, waiting, by=by, batch=batch, mark=mark)
        waiting.clear()

    with _progress(source, tally) as show:
        for row in source.rows():
            tally.read += 1
            said = _said(row, source, tally)
            if said is not None:
                waiting.append(said)
            if len(waiting) == AT_ONCE:
                store_them()
            show()
            if stopped():
                break
        if waiting:
            store_them()


def _said(row: Any, source: Source, tally: Tally) -> tuple[Comment, Word] | None:
    """The comment of a row and what was said of it, counted; None for one that is passed over, and why."""
    from moderator.labelled import example_of

    label = str(row.fields.get("label", "")).strip().lower()
    passed = row.passed or (label if label in NO_LABELS else "")
    if passed:
        tally.passed[passed] += 1
        return None
    try:
        if row.problem:
            raise CommentError("", row.problem)
        example = example_of(row.fields, source="")
    except CommentError as error:
        tally.broken += 1
        if tally.broken <= SHOWN_BROKEN:
            tally.told.append(f"{source.name}:{row.line}: {row.problem or error}")
        return None
    tally.words[example.label] += 1
    return _with_id(example.comment), example.label


def _with_id(comment: Comment) -> Comment:
    """With an id, by which it is known when it comes again: the blog's own, or one made of what it says and when."""
    if comment.id:
        return comment
    same = f"{comment.fingerprint()} {comment.created}"
    return replace(comment, id=f"import:{hashlib.sha256(same.encode()).hexdigest()[:32]}")


# What a person sees


@contextmanager
def _stopped_by_hand() -> Iterator[Callable[[], bool]]:
    """Whether Ctrl-C was pressed. A transaction is not broken off by it; a second one is not waited for."""
    pressed: list[int] = []

    def press(number: int, _frame: object) -> None:
        pressed.append(number)
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = signal.signal(signal.SIGINT, press)
    try:
        yield lambda: bool(pressed)
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _progress(source: Source, tally: Tally) -> Iterator[Callable[[], None]]:
    """A bar on one line where a person watches, else a line now and then; on standard error."""
    watched = sys.stderr.isatty()
    shown = 0.0

    def show() -> None:
        nonlocal shown
        if watched and time.monotonic() - shown > BAR_EVERY:
            shown = time.monotonic()
            click.echo(f"\r{_bar(source, tally)}", nl=False, err=True)
        elif not watched and tally.read % LINE_EVERY == 0:
            click.echo(f"{source.name}: {tally.read:,} read, {tally.taken.new:,} new", err=True)

    try:
        yield show
    finally:
        if watched:
            click.echo(f"\r{_bar(source, tally)}", err=True)


def _bar(source: Source, tally: Tally) -> str:
    counts = f"{tally.read:,} read, {tally.taken.new:,} new"
    if not source.about:
        return f"{source.name} {counts}"
    share = min(tally.read / source.about, 1.0)
    return f"{source.name} [{'#' * int(30 * share):<30}] {share:4.0%} {counts}"


def _tell(source: Source, tally: Tally, *, dry_run: bool) -> None:
    taken, words = tally.taken, tally.words
    click.echo(f"{source.name} ({source.kind}): {tally.read:,} comments")
    click.echo(f"  {words[Word.HAM]:,} approved, {words[Word.SPAM]:,} spam")
    lines = (
        (taken.new, "would be stored" if dry_run else "stored"),
        (taken.known, "known already"),
        (taken.other, "known with another content, left as they are"),
        *((count, f"passed over: {why}") for why, count in sorted(tally.passed.items())),
        (tally.broken, "broken"),
    )
    for count, what in lines:
        if count:
            click.echo(f"  {count:,} {what}")
    for line in tally.told:
        click.echo(f"  {line}", err=True)
    if tally.broken > len(tally.told):
        click.echo(f"  … and {tally.broken - len(tally.told):,} more", err=True)


def _as_json(source: Source, tally: Tally, *, dry_run: bool) -> dict[str, Any]:
    return {
        "source": source.name,
        "format": source.kind,
        "dry_run": dry_run,
        "read": tally.read,
        "ham": tally.words[Word.HAM],
        "spam": tally.words[Word.SPAM],
        "stored": tally.taken.new,
        "known": tally.taken.known,
        "known_otherwise": tally.taken.other,
        "passed": dict(tally.passed),
        "broken": tally.broken,
        "first_broken": tally.told,
    }

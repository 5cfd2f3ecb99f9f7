"""How far a long command is: a bar for a person who watches, plain lines otherwise; on standard error."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

SILENT = 1.0  # seconds: what is done sooner says nothing
BAR_EVERY = 0.1
LINE_EVERY = 5.0  # where no person watches

Show = Callable[[str, int, int], None]  # what, how many are done, of how many (0: not known)


@contextmanager
def progress(*, quiet: bool = False) -> Iterator[Show]:
    """A function to be told how far it is, as often as one likes."""
    watched = sys.stderr.isatty()
    begun = time.monotonic()
    last, width, drawn = begun, 0, False

    def show(what: str, done: int, of: int) -> None:
        nonlocal last, width, drawn
        now = time.monotonic()
        if quiet or now - begun < SILENT or now - last < (BAR_EVERY if watched else LINE_EVERY):
            return
        last = now
        said = line(what, done, of, bar=watched)
        if watched:
            click.echo(f"\r{said.ljust(width)}", nl=False, err=True)
            width, drawn = len(said), True
        else:
            click.echo(said, err=True)

    try:
        yield show
    finally:
        if drawn:
            click.echo(f"\r{' ' * width}\r", nl=False, err=True)


def line(what: str, done: int, of: int, *, bar: bool) -> str:
    """One line of progress."""
    if not of:
        return f"{what}: {done:,}"
    share = min(done / of, 1.0)
    drawn = f" [{'#' * int(30 * share):<30}]" if bar else ":"
    return f"{what}{drawn} {share:4.0%} {done:,} of {of:,}"

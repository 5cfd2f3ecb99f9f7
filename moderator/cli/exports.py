"""convert: any export as labelled JSON lines."""

import json
from pathlib import Path

import click

from moderator.comment import Word


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--label", type=click.Choice([Word.HAM.value, Word.SPAM.value]), help="The label of rows without one.")
@click.option("--source", default="", help="Where they come from, where the file tells nothing.  [default: its name]")
@click.option("--keep-good-rows", is_flag=True, help="Pass over broken rows instead of stopping.")
def convert(file: Path, label: str | None, source: str, keep_good_rows: bool) -> int:
    """Print the comments of FILE as labelled JSON lines; what was passed over is told beside it.

    FILE is an export of WordPress or Disqus, Isso's database, a saved page (with --label), JSON lines or CSV.

    \b
    moderator convert wordpress.xml > comments.jsonl
    moderator convert page.html --label ham >> comments.jsonl
    """
    from moderator.labelled import row_of
    from moderator.training.readers import read_examples

    word = Word(label) if label else None
    found = read_examples(file, keep_good_rows=keep_good_rows, label=word, source=source)
    for example in found.examples:
        # Escaped: a lone surrogate can't break the output, and no terminal obeys what a comment says.
        click.echo(json.dumps(row_of(example), separators=(",", ":")))
    for broken in found.broken:
        click.echo(f"passed over {broken}", err=True)
    for why, count in sorted(found.passed.items()):
        click.echo(f"passed over: {count:,} {why}", err=True)
    for note in found.notes:
        click.echo(note, err=True)
    return 1 if found.broken else 0

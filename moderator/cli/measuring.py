"""evaluate: how good a model is on labelled comments."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from moderator.classifier import Classifier, load
from moderator.cli.common import as_json, finds_installation, print_json, print_table, settings_of
from moderator.cli.painting import plain
from moderator.model_file import MANIFEST, ModelError
from moderator.shelf import Shelf

if TYPE_CHECKING:
    from moderator.training.trying import Tried

NOT_GOOD_ENOUGH = 3  # as train says it of a model that it does not promote
path = click.Path(path_type=Path)
keep_good_rows = click.option("--keep-good-rows", is_flag=True, help="Pass over broken rows instead of stopping.")


def shelf_of(flags: dict[str, Any]) -> Shelf:
    """The installation's models."""
    from moderator.server import open_shelf

    return open_shelf(settings_of(**flags))


def model_of(shelf: Shelf, named: str) -> tuple[Classifier, Path]:
    """A model by its id, or by the path of its folder."""
    folder = Path(named)
    if not (folder / MANIFEST).is_file():
        folder = shelf.folder_of(named)
    return load(folder), folder


def try_on(classifier: Classifier, files: Sequence[Path], *, keep_good_rows: bool) -> "Tried":
    """Try a model on files; what is wrong with them, or missing here, is told in one line."""
    try:
        from moderator.training import trying
        from moderator.training.corpus import CorpusError
    except ModuleNotFoundError as error:
        raise click.ClickException(
            f"measuring needs {error.name}; install it with: pip install 'moderator[train]'"
        ) from None
    try:
        return trying.on_files(classifier, files, keep_good_rows=keep_good_rows)
    except CorpusError as error:
        raise click.ClickException(str(error)) from None


@click.command()
@finds_installation
@click.argument("data_files", metavar="[MODEL] DATA...", nargs=-1, required=True)
@click.option("--most-held", type=click.FloatRange(0, 1), help="Status 3 where more of the good comments are held.")
@click.option("--least-caught", type=click.FloatRange(0, 1), help="Status 3 where less of the spam is caught.")
@keep_good_rows
@as_json
def evaluate(
    data_files: tuple[str, ...],
    most_held: float | None,
    least_caught: float | None,
    keep_good_rows: bool,
    as_json: bool,
    **flags: Any,
) -> int:
    """Measure a model on labelled comments (JSONL or CSV). MODEL is an id or a folder.  [default: the current one]

    Shares are of 1 in the options and in JSON. The status is 3 where one that you demanded was not reached.

    \b
    moderator evaluate comments.jsonl --most-held 0.01
    """
    from moderator.training.wording import FIGURES, figure, percent

    shelf = shelf_of(flags)
    classifier, files = _chosen(shelf, data_files)
    told = try_on(classifier, files, keep_good_rows=keep_good_rows).told()
    held, through = told["figures"]["ham_held"], told["figures"]["spam_approved"]
    missed = [
        what
        for what, is_missed in (
            (f"more than {percent(most_held)} of good comments are held", _is_over(held, most_held)),
            (f"less than {percent(least_caught)} of spam is caught", _is_over(through, _rest(least_caught))),
        )
        if is_missed
    ]
    if as_json:
        print_json({"model": classifier.id, **told, "missed": missed})
        return NOT_GOOD_ENOUGH if missed else 0
    counts = told["counts"]
    click.echo(f"model {classifier.id} on {counts['ham']:,} good comments and {counts['spam']:,} spam")
    rows: list[tuple[str, ...]] = [("", "", "between, at 95 %")]
    for name, (says, _) in FIGURES.items():
        value = told["lam"] if name == "lam" else told["figures"][name]
        pair = told["intervals"].get(name)
        rows.append((says, figure(name, value), " to ".join(figure(name, end) for end in pair) if pair else "–"))
    print_table(rows)
    for sentence in _proven(told):
        click.echo(sentence)
    click.echo()
    print_table(_slice_rows(told["slices"]))
    for what in missed:
        click.echo(f"not good enough: {what}", err=True)
    return NOT_GOOD_ENOUGH if missed else 0


def _chosen(shelf: Shelf, named: Sequence[str]) -> tuple[Classifier, list[Path]]:
    """The model and the files: the first word is a model where it is one, else the current model is asked."""
    first, *rest = named
    if (Path(first) / MANIFEST).is_file() or not Path(first).exists():
        if not rest:
            problem = "give a file of labelled comments after it" if Path(first).is_dir() else "there is no such file"
            raise click.ClickException(f"{first}: {problem}")
        return model_of(shelf, first)[0], [Path(name) for name in rest]
    current = shelf.current()
    if current is None:
        raise ModelError(shelf.problem)
    return current, [Path(name) for name in named]


def _is_over(value: float | None, most: float | None) -> bool:
    return value is not None and most is not None and value > most + 1e-12


def _rest(share: float | None) -> float | None:
    return None if share is None else 1.0 - share


def _proven(told: dict[str, Any]) -> list[str]:
    from moderator.training.wording import percent

    counts, proven, said = told["counts"], told["proven"], []
    if counts["ham"]:
        most = percent(proven["ham_held_at_most"])
        said.append(
            f"{counts['ham_held']:,} of {counts['ham']:,} good comments are held: at most {most}, surely but for 5 %."
        )
    if counts["spam"]:
        caught, least = counts["spam"] - counts["spam_approved"], percent(proven["spam_caught_at_least"])
        said.append(f"{caught:,} of {counts['spam']:,} spam are caught: at least {least}, surely but for 5 %.")
    return said


def _slice_rows(slices: Sequence[dict[str, Any]]) -> list[tuple[str, ...]]:
    from moderator.training.wording import percent

    rows: list[tuple[str, ...]] = [("", "good", "held", "surely ≤", "spam", "let through", "surely ≤", "ROC-AUC", "")]
    for by, parts in groupby(slices, key=lambda part: part["by"]):
        rows.append((f"{by}:", *[""] * 8))
        for part in parts:
            auc = "–" if part["roc_auc"] is None else f"{part['roc_auc']:.4f}"
            ham = (f"{part['ham']:,}", f"{part['ham_held']:,}", percent(part["ham_held_at_most"]))
            spam = (f"{part['spam']:,}", f"{part['spam_approved']:,}", percent(part["spam_approved_at_most"]))
            rows.append((f"  {plain(part['name'])[:40]}", *ham, *spam, auc, "few" if part["few"] else ""))
    return rows

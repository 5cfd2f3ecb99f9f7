"""models diff: two models side by side, and the comments that they decide differently."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from moderator.classifier import Classifier
from moderator.cli.common import as_json, finds_installation, print_json, print_table
from moderator.cli.measuring import keep_good_rows, model_of, path, shelf_of, try_on
from moderator.cli.painting import plain
from moderator.model_file import MANIFEST

MOST_OF_A_LINE = 100


@click.command("diff")
@click.argument("a")
@click.argument("b")
@click.option("--on", "files", multiple=True, type=path, help="Labelled comments to try both on; may be repeated.")
@finds_installation
@keep_good_rows
@as_json
def diff(a: str, b: str, files: tuple[Path, ...], keep_good_rows: bool, as_json: bool, **flags: Any) -> None:
    """Compare two models: figures, settings, and with --on the comments that they decide differently.

    \b
    moderator models diff ID OTHER --on comments.jsonl
    """
    shelf = shelf_of(flags)
    (first, first_folder), (second, second_folder) = model_of(shelf, a), model_of(shelf, b)
    settings = {name: [_setting(folder, name) for folder in (first_folder, second_folder)] for name in SETTINGS}
    tried = [try_on(model, files, keep_good_rows=keep_good_rows) for model in (first, second)] if files else []
    if tried:
        figures = [{**one["figures"], "lam": one["lam"]} for one in (each.told() for each in tried)]
        flips = [asdict(flip) for flip in tried[0].flips(tried[1])]
        changes = {name: list(pair) for name, pair in tried[1].changes(tried[0]).items()}
    else:
        figures = [_yardstick(folder) for folder in (first_folder, second_folder)]
        flips, changes = [], {}
    if as_json:
        models, shown = [first.id, second.id], dict(zip((first.id, second.id), figures, strict=True))
        print_json({"models": models, "settings": settings, "figures": shown, "changes": changes, "flips": flips})
        return
    _print_diff(first, second, settings, figures, changes)
    if tried:
        _print_flips(flips, len(tried[0].scores))
    elif figures[0].get("comments") != figures[1].get("comments"):
        click.echo("The figures are of different comments; to compare fairly: --on FILE")


# What a model is made with, by where its folder says it.
SETTINGS = ("made", "moderator", "started_from", "hold above", "reject above", "bias", "comments learned from")


def _report(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads((folder / "report.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _yardstick(folder: Path) -> dict[str, Any]:
    report = _report(folder)
    return {**report.get("yardstick", {}), "lam": report.get("lam")}


def _setting(folder: Path, name: str) -> Any:
    manifest, model = (json.loads((folder / file).read_text("utf-8")) for file in (MANIFEST, "model.json"))
    report = _report(folder)
    return {
        "made": manifest["made"],
        "moderator": manifest["moderator"],
        "started_from": report.get("started_from"),
        "hold above": model["thresholds"]["hold"],
        "reject above": model["thresholds"]["reject"],
        "bias": model["bias"],
        "comments learned from": sum(report.get("learned_from", {}).values()) or None,
    }[name]


def _print_diff(
    first: Classifier,
    second: Classifier,
    settings: dict[str, list[Any]],
    figures: list[dict[str, Any]],
    changes: dict[str, list[float]],
) -> None:
    from moderator.training.wording import FIGURES, change, figure

    rows: list[tuple[str, ...]] = [("", first.id, second.id, "change, between" if changes else "")]
    for name, pair in settings.items():
        rows.append((name.replace("_", " "), *(_value(value) for value in pair), ""))
    for name, (says, _) in FIGURES.items():
        moved = changes.get(name)
        span = f"{change(name, moved[0])} to {change(name, moved[1])}" if moved else ""
        rows.append((says, *(figure(name, found.get(name)) for found in figures), span))
    print_table(rows)


def _value(value: Any) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    return "–" if value is None else f"{value:.4f}" if isinstance(value, float) else str(value)


def _print_flips(flips: list[dict[str, Any]], of: int) -> None:
    click.echo(f"\n{len(flips):,} of {of:,} comments are decided differently")
    for flip in flips:
        line = " ".join(plain(flip["text"]).split())
        shown = line if len(line) <= MOST_OF_A_LINE else f"{line[:MOST_OF_A_LINE]}…"
        decided = f"{flip['before']} → {flip['after']}"
        scored = f"{flip['score_before']:.3f} → {flip['score_after']:.3f}"
        click.echo(f"  {flip['label']:<4}  {decided:<17}  {scored}  {shown}")

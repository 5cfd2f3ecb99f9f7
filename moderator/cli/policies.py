"""policy: what a site's policy is, what another one would have done, and changing it."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import click

from moderator.cli.common import as_json, finds_installation, print_json, print_table, settings_of, site_named, store_of
from moderator.policy import SitePolicy
from moderator.store import StoreError

Command = Callable[..., Any]
SHOWN = 80  # characters of a comment


def changes_policy(command: Command) -> Command:
    """The options that say how the policy is to differ from the one that stands."""
    for option in (
        click.option("--allow-host", multiple=True, metavar="HOST", help="Add to the hosts that are let through."),
        click.option("--allow-word", multiple=True, metavar="WORDS", help="Add to the words that are let through."),
        click.option("--allow-author", multiple=True, metavar="WHO", help="Add to the authors that are let through."),
        click.option("--block-author", multiple=True, metavar="WHO", help="Add to the blocked names and addresses."),
        click.option("--block-host", multiple=True, metavar="HOST", help="Add to the blocked hosts."),
        click.option("--block-word", multiple=True, metavar="WORDS", help="Add to the blocked words."),
        click.option("--watch/--act", "shadow", default=None, help="Only watch: decide and store, and tell approve."),
        click.option("--reject-budget", metavar="PER_1000", help="Reject at most so many of 1,000 good comments."),
        click.option("--hold-budget", metavar="PER_1000", help="Hold at most so many of 1,000 good comments."),
        click.option("--reject-above", metavar="PERCENT", help="Reject by score from here on; '' is the model's own."),
        click.option("--hold-above", metavar="PERCENT", help="Hold by score from here on; '' is the model's own."),
    ):
        command = option(command)
    return command


@click.group()
def policy() -> None:
    """A site's policy: show it, see what another one would have done, change it.

    \b
    moderator policy preview my-blog --hold-above 40
    """


@policy.command("show")
@click.argument("site")
@finds_installation
@as_json
def show(site: str, as_json: bool, **flags: Any) -> None:
    """Show the policy of SITE.

    \b
    moderator policy show my-blog
    """
    with store_of(**flags) as store:
        found = site_named(store, site).policy
    _tell(found, as_json=as_json)


@policy.command("preview")
@click.argument("site")
@changes_policy
@finds_installation
@as_json
def preview(site: str, as_json: bool, **flags: Any) -> None:
    """Say what another policy would have done to the last 500 comments of SITE. Changes nothing.

    Both policies are asked with the model that answers now, so that only the policy makes the difference.

    \b
    moderator policy preview my-blog --hold-above 40 --reject-above 97
    """
    from moderator.review.budgets import derived
    from moderator.review.policy_preview import preview as look
    from moderator.server import open_shelf

    changes, where = _split(flags)
    with store_of(**where) as store:
        found = site_named(store, site)
        classifier = open_shelf(settings_of(**where)).current()
        seen = look(store, classifier, found, derived(store, found.id, _changed(found.policy, changes), classifier))
    if as_json:
        kinds = [{"before": before, "after": after, "comments": count} for before, after, count in seen.kinds]
        shown = [
            {"id": f.stored.id, "before": f.before, "after": f.after, "rule": f.rule, "score": f.score}
            for f in (*seen.stricter, *seen.milder)
        ]
        print_json({"looked_at": seen.looked_at, "flips": seen.flips, "kinds": kinds, "newest": shown})
        return
    click.echo(f"of the last {seen.looked_at:,} comments {seen.flips:,} would be decided otherwise")
    for before, after, count in seen.kinds:
        click.echo(f"  {count:,} that are now {before} would be {after}")
    for flip in (*seen.stricter, *seen.milder):
        score = f"{flip.score:.2f}" if flip.score is not None else "   -"
        words = " ".join("".join(c if c.isprintable() else " " for c in flip.stored.comment.body).split())
        click.echo(f"  {score}  {flip.before} → {flip.after} ({flip.rule})  {words[:SHOWN]}")


@policy.command("set")
@click.argument("site")
@changes_policy
@finds_installation
@as_json
def change(site: str, as_json: bool, **flags: Any) -> None:
    """Change the policy of SITE: what is not given stays as it is.

    \b
    moderator policy set my-blog --hold-above 40 --block-host evil.example
    """
    from moderator.review.budgets import derived
    from moderator.server import open_shelf

    changes, where = _split(flags)
    with store_of(**where) as store:
        found = site_named(store, site)
        classifier = open_shelf(settings_of(**where)).current()
        new = derived(store, found.id, _changed(found.policy, changes), classifier)
        store.set_policy(found.id, new, expected=found.policy)
    _tell(new, as_json=as_json)


ADDED = {
    "block_word": "blocked_words",
    "block_host": "blocked_hosts",
    "block_author": "blocked_authors",
    "allow_word": "allowed_words",
    "allow_host": "allowed_hosts",
    "allow_author": "allowed_authors",
}


# A line for scores and a budget: the one that is given takes the place of the other.
INSTEAD = {
    "hold_above": "hold_budget",
    "reject_above": "reject_budget",
    "hold_budget": "hold_above",
    "reject_budget": "reject_above",
}


def _split(flags: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What is to change, and where the installation is."""
    ours = (*INSTEAD, "shadow", *ADDED)
    return {name: flags.pop(name) for name in ours}, flags


def _changed(old: SitePolicy, changes: dict[str, Any]) -> SitePolicy:
    """The policy with the changes, checked as the page checks its form. StoreError."""
    from moderator.review import policy_form

    typed = policy_form.typed(old)
    for name, other in INSTEAD.items():
        if changes[name] is not None:
            typed |= {name: changes[name]} | ({other: ""} if changes[name].strip() else {})
    if changes["shadow"] is not None:
        typed["shadow"] = "yes" if changes["shadow"] else ""
    for option, name in ADDED.items():
        typed[name] = "\n".join([typed[name], *changes[option]])
    asked = policy_form.asked(typed)
    if asked.problems:
        name, problem = next(iter(asked.problems.items()))
        raise StoreError(f"{name}: {problem}")
    return asked.policy


def _tell(found: SitePolicy, *, as_json: bool) -> None:
    if as_json:
        print_json(asdict(found))
        return
    rows: list[tuple[str, ...]] = []
    for name, value in asdict(found).items():
        empty = "the model's own" if name.endswith("_above") else "-"
        listed = ", ".join(value) if isinstance(value, tuple) else str(value or "")
        said = f"{value:.2%}" if isinstance(value, float) else listed or empty
        rows.append((name, said))
    print_table(rows)

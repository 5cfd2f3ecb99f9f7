"""forget · sites trust: what words from somewhere count."""

from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

import click

from moderator.cli.common import as_json, finds_installation, print_json, print_table, site_named, store_of
from moderator.store import Forgotten, Group, Origin, StoreError


class When(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.2 on
    """A day, or a time of it, in UTC unless it says another zone."""

    name = "time"

    def convert(self, value: Any, param: Any, ctx: Any) -> datetime:
        """The time as an aware datetime."""
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no time; write 2026-11-24 or 2026-11-24T15:30", param, ctx)
        return found if found.tzinfo else found.replace(tzinfo=UTC)


@click.command("forget")
@click.option("--site", help="Of which site.")
@click.option("--by", default="", help="Only what this person said.")
@click.option("--door", default="", help="Only what came through this door: page, webhook, akismet, blogspam, import.")
@click.option(
    "--key", default="", help="Only what came with this key: its first characters, as `sites list` shows them."
)
@click.option("--since", type=When(), help="Only from then on, such as 2026-11-24 or 2026-11-24T15:30 (UTC).")
@click.option("--until", type=When(), help="Only before then.")
@click.option("--hold", is_flag=True, help="Hold these comments again, and tell the blog.")
@click.option("--yes", is_flag=True, help="Do it. Without this it only says what it would do.")
@click.option("--undo", "batch", help="Let what an earlier `forget` withdrew count again: the name that it printed.")
@finds_installation
@as_json
def forget(
    site: str | None,
    by: str,
    door: str,
    key: str,
    since: datetime | None,
    until: datetime | None,
    hold: bool,
    yes: bool,
    batch: str | None,
    as_json: bool,
    **flags: Any,
) -> None:
    """Withdraw verdicts as a set: they teach no more, neither their site at once nor the next training.

    \b
    moderator forget --site my-blog --door webhook --since 2026-11-24
    moderator forget --site my-blog --key mk_a1b2c3 --yes
    """
    with store_of(**flags) as store:
        if batch is not None:
            count = store.forgetting.undo(batch, by="the operator")
            _tell({"undone": batch, "comments": count}, f"words on {count:,} comments count again", as_json=as_json)
            return
        if not site or not (by or door or key or since):
            raise StoreError("say of which --site, and at least one of --by, --door, --key and --since")
        which = Origin(site_named(store, site).id, by, door, key, since, until)
        groups = store.forgetting.look(which)
        done = store.forgetting.forget(which, by="the operator", hold=hold) if yes else store.forgetting.would(which)
    _tell_all(groups, done, as_json=as_json, done_it=yes)


def _tell_all(groups: tuple[Group, ...], done: Forgotten, *, as_json: bool, done_it: bool) -> None:
    if as_json:
        told = [asdict(group) | {"first": group.first.isoformat(), "last": group.last.isoformat()} for group in groups]
        print_json({"words": done.words, "comments": done.comments, "batch": done.batch or None, "from": told})
        return
    if groups:
        heads = ("door", "by", "key", "ham", "spam", "other", "first", "last")
        rows = [
            (
                group.door,
                group.by,
                group.key,
                *(f"{count:,}" for count in (group.ham, group.spam, group.other)),
                *(f"{moment:%Y-%m-%d %H:%M}" for moment in (group.first, group.last)),
            )
            for group in groups
        ]
        print_table([heads, *rows])
    what = f"{done.words:,} verdicts, on which the word of {done.comments:,} comments hangs"
    if done_it:
        click.echo(f"forgotten: {what}\nto let them count again: moderator forget --undo {done.batch}")
    else:
        click.echo(f"would be forgotten: {what}\nnothing is done yet; add --yes to do it")


def _tell(told: dict[str, Any], text: str, *, as_json: bool) -> None:
    if as_json:
        print_json(told)
    else:
        click.echo(text)


@click.command("trust")
@click.argument("site")
@click.argument("per_cent", type=click.IntRange(0, 100))
@finds_installation
def trust(site: str, per_cent: int, **flags: Any) -> None:
    """Say what a verdict from the blog's side teaches beside a moderator's own: 100 as much, 0 nothing.

    \b
    moderator sites trust my-blog 25
    """
    with store_of(**flags) as store:
        found = site_named(store, site)
        store.set_doors(found.id, replace(found.doors, trust=per_cent / 100))
    click.echo(f"what the blog of {found.name!r} says teaches {per_cent} % of what a moderator says")

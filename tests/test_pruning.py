"""Forgetting: what is old and teaches nothing goes, and nothing else; who stores comments meanwhile goes on."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from commands import command
from conftest import APPROVE, HOLD, REJECT, HandClock
from sqlalchemy import create_engine, text

from moderator.comment import Comment, Decision, Status, Word
from moderator.store import CallbackKind, Judged, Site, Store, checking
from moderator.store import engine as engines

OLD, NEW = 200, 100  # days


@pytest.fixture
def keep(store: Store, site: Site, clock: HandClock) -> Callable[[], dict[str, str]]:
    """Comments of every sort, old and new; a function that tells which are still there: the blog's id → body."""
    store.callbacks.set(site.id, CallbackKind.NATIVE, "https://blog.example/hook", allow_private=False)

    def add(id: str, decision: Decision, word: Word | None = None) -> str:
        clock.pass_(milliseconds=1)
        made = store.remember(site, Comment(f"body of {id}", id=id), decision, at=clock())
        if word is not None:
            store.give_verdict(made.id, word, by="ann", door="page")
        return made.id

    for age in ("old", "new"):
        for name, decision in (("approved", APPROVE), ("rejected", REJECT), ("held", HOLD)):
            add(f"{age} {name}", decision)
        add(f"{age} ham", HOLD, Word.HAM)
        add(f"{age} spam", APPROVE, Word.SPAM)
        add(f"{age} unwanted", HOLD, Word.UNWANTED)
        undone = add(f"{age} undone", APPROVE, Word.SPAM)
        store.undo(store.history(undone).verdicts[0].id, by="ann")  # type: ignore[union-attr]
        add(f"{age} edited", HOLD)
        store.remember(site, Comment("edited once", id=f"{age} edited"), APPROVE, at=clock())
        taught = add(f"{age} taught, then edited", HOLD, Word.SPAM)
        store.remember(site, Comment("edited once", id=f"{age} taught, then edited"), APPROVE, at=clock())
        assert taught
        add(f"{age} judged after an edit", HOLD)
        edited = store.remember(site, Comment("edited", id=f"{age} judged after an edit"), APPROVE, at=clock())
        store.give_verdict(edited.id, Word.HAM, by="ann", door="page")
        deleted = add(f"{age} deleted", APPROVE)
        store.deletions.delete(site, deleted)
        if age == "old":
            clock.pass_(days=OLD - NEW)
    clock.pass_(days=NEW)

    def there() -> dict[str, str]:
        found = {}
        for age in ("old", "new"):
            names = ("approved", "rejected", "held", "ham", "spam", "unwanted", "undone", "edited")
            for name in (*names, "taught, then edited", "judged after an edit", "deleted"):
                stored = store.comment_by_external_id(site, f"{age} {name}")
                if stored is not None:
                    found[f"{age} {name}"] = stored.comment.body
        return found

    return there


STAY = {"held", "ham", "spam", "taught, then edited", "judged after an edit"}


def test_what_is_old_and_teaches_nothing_goes_and_nothing_else(
    store: Store, store_url: str, clock: HandClock, keep: Callable[[], dict[str, str]]
) -> None:
    before = keep()
    limit = clock() - timedelta(days=150)
    dreamt = store.pruning.prune(limit, dry_run=True)
    assert keep() == before
    pruned = store.pruning.prune(limit)
    after = keep()
    gone = {name.removeprefix("old ") for name in before if name not in after}
    assert gone == {name.removeprefix("old ") for name in before if name.startswith("old ")} - STAY
    assert all(after[name] == body for name, body in before.items() if name in after)
    assert (pruned.comments, pruned.looked_at) == (6, 11)
    assert (dreamt.looked_at, dreamt.former) == (pruned.looked_at, pruned.former)
    assert checking.look_through(engines.parse(store_url)).problems == ()
    # What the undone and edited ones taught before stays learnable, and nothing else was learned.
    assert {found.comment.id for found in store.labelled()} == {
        f"{age} {n}" for age in ("old", "new") for n in STAY - {"held"}
    }
    assert store.pruning.prune(limit).comments == 0


def test_nothing_of_what_is_forgotten_is_left_in_any_table(
    store: Store, store_url: str, clock: HandClock, keep: Callable[[], dict[str, str]]
) -> None:
    store.pruning.prune(clock() - timedelta(days=150))
    engine = create_engine(store_url)
    with engine.connect() as connection:
        for table, column in (("revisions", "content"), ("decisions", "reasons"), ("comments", "content")):
            left = connection.scalar(text(f"SELECT count(*) FROM {table} WHERE {column} LIKE '%body of old approved%'"))
            assert left == 0
        orphans = "SELECT count(*) FROM {} WHERE comment_id NOT IN (SELECT id FROM comments)"
        for table in ("verdicts", "outbox", "revisions", "decisions"):
            assert connection.scalar(text(orphans.format(table))) == 0
    engine.dispose()


def test_many_are_forgotten_in_short_transactions(store: Store, site: Site, clock: HandClock) -> None:
    old = [Judged(Comment("old", id=str(number)), APPROVE) for number in range(450)]
    store.once.remember_many(site, old, at=clock())
    clock.pass_(days=10)
    shown: list[tuple[int, int]] = []
    pruned = store.pruning.prune(clock(), show=lambda done, of: shown.append((done, of)))
    assert pruned.comments == 450
    assert shown == [(200, 450), (400, 450), (450, 450)]
    assert store.counts()[Status.APPROVED] == 0


def test_ended_logins_go_too(store: Store, clock: HandClock) -> None:
    person = store.add_person("ann")
    store.use_link(store.add_link(person.id), "a long enough password")
    store.start_session(person.id)
    clock.pass_(days=40)
    token, _ = store.start_session(person.id)
    assert (
        store.pruning.prune(clock() - timedelta(days=30)).logins == 1
    )  # the link; a login forgets old sessions itself
    assert store.session(token) is not None


def test_the_command_wants_to_know_after_how_many_days(tmp_path: Path) -> None:
    command("sites", "add", "blog", "--data", tmp_path)
    refused = command("db", "prune", "--data", tmp_path)
    assert refused.returncode == 2 and "keep_days" in refused.stderr
    done = command("db", "prune", "--older-than", "30", "--data", tmp_path, "--json")
    assert done.returncode == 0 and '"comments":0' in done.stdout

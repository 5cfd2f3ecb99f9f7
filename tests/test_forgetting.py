"""Words withdrawn as a set: they teach no more, nothing is erased, and it can be undone."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from conftest import HandClock
from doors import FakeShelf, install
from models import classifier

from moderator.adaptation import Adaptation
from moderator.cli import commands
from moderator.comment import Status, Word
from moderator.store import Origin, Remembered, Site, Store, UnknownVerdict

BASE = classifier()
Send = Callable[..., Remembered]


def taught(store: Store) -> list[tuple[str, str]]:
    """What training learns from."""
    return [(one.comment.body, one.label.value) for one in store.labelled()]


def lessons(store: Store, site: Site) -> list[tuple[str, bool]]:
    """What the site's adaptation learns from."""
    found = store.lessons.of(site.id, newest=100)
    contents = store.lessons.contents([(one.comment_id, one.number) for one in found])
    return sorted((contents[one.comment_id, one.number].body, one.spam) for one in found)


def status(store: Store, comment_id: str) -> Status:
    found = store.comment(None, comment_id)
    assert found is not None
    return found.status


@pytest.fixture
def flood(store: Store, site: Site, send: Send, clock: HandClock) -> list[str]:
    """A moderator's words, and on Tuesday those of who has the blog's key."""
    ids = [send(f"comment {number}", f"c{number}").id for number in range(4)]
    store.give_verdict(ids[0], Word.SPAM, by="ann", door="page")
    store.give_verdict(ids[1], Word.HAM, by="ann", door="page")
    clock.pass_(days=1)
    store.give_verdict(ids[0], Word.HAM, by="the blog", door="webhook", key="mk_stolen")
    store.give_verdict(ids[2], Word.HAM, by="the blog", door="webhook", key="mk_stolen")
    store.give_verdict(ids[3], Word.HAM, by="the blog", door="webhook", key="mk_own0")
    return ids


def test_what_came_with_a_key_is_withdrawn_and_the_word_before_it_stands(
    store: Store, site: Site, flood: list[str]
) -> None:
    before = taught(store), lessons(store, site)
    which = Origin(site.id, key="mk_stolen")
    would = store.forgetting.would(which)
    assert (would.words, would.comments) == (2, 2)
    assert (taught(store), lessons(store, site)) == before
    done = store.forgetting.forget(which, by="the operator")
    assert (done.words, done.comments) == (2, 2)
    assert taught(store) == [("comment 0", "spam"), ("comment 1", "ham"), ("comment 3", "ham")]
    assert lessons(store, site) == [("comment 0", True), ("comment 1", False), ("comment 3", False)]
    # How they stand on the blog is another thing.
    assert [status(store, one) for one in flood] == [Status.APPROVED] * 4
    assert store.forgetting.undo(done.batch, by="the operator") == 2
    assert (sorted(taught(store)), lessons(store, site)) == (sorted(before[0]), before[1])
    assert [status(store, one) for one in flood] == [Status.APPROVED] * 4


def test_withdrawing_twice_changes_nothing_more(store: Store, site: Site, flood: list[str]) -> None:
    which = Origin(site.id, door="webhook")
    store.forgetting.forget(which, by="the operator")
    assert store.forgetting.forget(which, by="the operator").comments == 0
    assert taught(store) == [("comment 0", "spam"), ("comment 1", "ham")]


def test_held_again_they_wait_for_a_human(store: Store, site: Site, flood: list[str]) -> None:
    store.forgetting.forget(Origin(site.id, door="webhook"), by="the operator", hold=True)
    held = [status(store, one) for one in flood]
    assert held == [Status.HELD, Status.APPROVED, Status.HELD, Status.HELD]


def test_what_was_held_for_it_goes_back_with_the_undo(store: Store, site: Site, flood: list[str]) -> None:
    done = store.forgetting.forget(Origin(site.id, door="webhook"), by="the operator", hold=True)
    store.forgetting.undo(done.batch, by="the operator")
    assert [status(store, one) for one in flood] == [Status.APPROVED] * 4


def test_sets_that_overlap_are_withdrawn_and_brought_back_each_by_itself(
    store: Store, site: Site, flood: list[str]
) -> None:
    first = store.forgetting.forget(Origin(site.id, key="mk_stolen"), by="the operator")
    second = store.forgetting.forget(Origin(site.id, by="ann"), by="the operator")
    assert taught(store) == [("comment 3", "ham")]
    store.forgetting.undo(first.batch, by="the operator")
    assert sorted(taught(store)) == [("comment 0", "ham"), ("comment 2", "ham"), ("comment 3", "ham")]
    store.forgetting.undo(second.batch, by="the operator")
    assert len(taught(store)) == 4


def test_only_what_was_said_in_that_time(store: Store, site: Site, flood: list[str], clock: HandClock) -> None:
    since = clock() - timedelta(hours=1)
    assert store.forgetting.would(Origin(site.id, since=since)).words == 3
    assert store.forgetting.would(Origin(site.id, since=clock() + timedelta(seconds=1))).words == 0
    assert store.forgetting.would(Origin(site.id, by="ann", until=since)).words == 2
    groups = store.forgetting.look(Origin(site.id))
    assert [(one.door, one.by, one.key, one.ham, one.spam, one.other) for one in groups] == [
        ("page", "ann", "", 1, 1, 0),
        ("webhook", "the blog", "mk_stolen", 2, 0, 0),
        ("webhook", "the blog", "mk_own0", 1, 0, 0),
    ]


def test_a_word_that_somebody_overruled_is_gone_without_a_trace(store: Store, site: Site, flood: list[str]) -> None:
    store.give_verdict(flood[2], Word.SPAM, by="ann", door="page")
    done = store.forgetting.forget(Origin(site.id, key="mk_stolen"), by="the operator")
    assert done.comments == 1
    assert ("comment 2", "spam") in taught(store)


def test_a_word_on_a_content_that_was_edited_since_is_withdrawn_too(
    store: Store, site: Site, flood: list[str], send: Send, clock: HandClock
) -> None:
    send("another text", "c2")
    adaptation = Adaptation(store, FakeShelf(BASE), monotonic=lambda: 0.0)
    adaptation.look()
    before = taught(store), lessons(store, site)
    assert ("comment 2", "ham") in before[0] and ("comment 2", False) in before[1]
    done = store.forgetting.forget(Origin(site.id, key="mk_stolen"), by="the operator")
    assert done.comments == 2
    assert "comment 2" not in dict(taught(store)) and "comment 2" not in dict(lessons(store, site))
    assert site.id in adaptation.look()
    assert store.forgetting.undo(done.batch, by="the operator") == 2
    assert (sorted(taught(store)), lessons(store, site)) == (sorted(before[0]), before[1])
    assert site.id in adaptation.look()


def test_of_a_comment_on_which_somebody_spoke_since_the_undo_is_too_late(
    store: Store, site: Site, flood: list[str]
) -> None:
    done = store.forgetting.forget(Origin(site.id, door="webhook"), by="the operator")
    store.give_verdict(flood[2], Word.SPAM, by="ann", door="page")
    assert store.forgetting.undo(done.batch, by="the operator") == 2  # comments 0 and 3
    assert dict(taught(store)) == {f"comment {n}": word for n, word in enumerate(("ham", "ham", "spam", "ham"))}


def test_only_withdrawals_are_undone_so(store: Store, site: Site, flood: list[str]) -> None:
    with pytest.raises(UnknownVerdict):
        store.forgetting.undo("01ARZ3NDEKTSV4RRFFQ69G5FAV", by="the operator")


def test_adaptation_is_as_if_they_had_never_been_said(store: Store, site: Site, flood: list[str]) -> None:
    store.forgetting.forget(Origin(site.id, door="webhook"), by="the operator")
    store.forgetting.forget(Origin(site.id, by="ann"), by="the operator")
    assert Adaptation(store, FakeShelf(BASE), monotonic=lambda: 0.0).classifier(site) is BASE


# The command


def run(folder: Path, *arguments: str) -> tuple[int, str]:
    found = CliRunner().invoke(commands, [*arguments, "--data", str(folder)])
    if found.exception is not None and not isinstance(found.exception, SystemExit):
        return 2, str(found.exception)
    return found.exit_code, found.output


def test_the_command_says_what_it_would_do_does_it_and_takes_it_back(tmp_path: Path) -> None:
    here = install(tmp_path)
    answer = here.client.post(
        "/v1/comments", json={"id": "c1", "body": "Is this spam?"}, headers={"Authorization": f"Bearer {here.key}"}
    )
    comment_id = answer.get_json()["id"]
    here.client.post(
        f"/v1/comments/{comment_id}/verdict", json={"verdict": "ham"}, headers={"Authorization": f"Bearer {here.key}"}
    )
    shown = here.store.keys(here.site.id)[0].shown
    status, told = run(tmp_path, "forget", "--site", "blog", "--key", shown)
    assert status == 0 and "nothing is done yet" in told and "1 verdicts" in told and shown in told
    assert len(taught(here.store)) == 1
    status, told = run(tmp_path, "forget", "--site", "blog", "--key", shown, "--since", "2020-01-01", "--yes", "--json")
    done = json.loads(told)
    assert (status, done["words"], done["comments"], done["from"][0]["door"]) == (0, 1, 1, "webhook")
    assert taught(here.store) == []
    assert run(tmp_path, "forget", "--undo", done["batch"]) == (0, "words on 1 comments count again\n")
    assert len(taught(here.store)) == 1
    here.store.close()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "--site"),
        (("--site", "blog"), "at least one of"),
        (("--site", "nowhere", "--door", "page"), "no site"),
        (("--site", "blog", "--since", "Tuesday"), "Tuesday"),
        (("--undo", "nothing"), "no withdrawal"),
    ],
)
def test_a_mistake_of_the_operator_is_told(tmp_path: Path, arguments: tuple[str, ...], says: str) -> None:
    install(tmp_path).store.close()
    status, told = run(tmp_path, "forget", *arguments)
    assert status == 2 and says in told


def test_the_operator_says_what_the_blogs_side_counts(tmp_path: Path) -> None:
    here = install(tmp_path)
    status, told = run(tmp_path, "sites", "trust", "blog", "25")
    assert status == 0 and "25 %" in told
    site = here.store.site(here.site.id)
    assert site is not None and site.doors.trust == 0.25
    here.store.close()

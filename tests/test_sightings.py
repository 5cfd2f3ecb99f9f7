"""What the store knows of authors, hosts and addresses, on both engines: counted once, undone with the verdict."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from conftest import HOLD, HandClock
from doors import FakeClassifier, FakeShelf

from moderator.campaigns import choose
from moderator.comment import Author, Comment, Post, Status, Word
from moderator.known import Known, Marks
from moderator.moderation import Moderator
from moderator.reading import Reading, read
from moderator.store import Remembered, Site, Store
from moderator.store import fading as ages
from moderator.store.ids import micros
from moderator.store.sightings import new_number
from moderator.traces import marks

SECRET = b"s" * 32
ANN = Author("Ann Lee", "ann@example.org", "https://ann.example.org/")
POST = Post(url="https://blog.example/post")
LONG = "We hit the same problem last month with our proxy, which closed idle connections long before the server did."

Judge = Callable[..., Remembered]


@pytest.fixture
def judge(store: Store, site: Site, clock: HandClock) -> Judge:
    """Judge and store a comment, a minute after the one before unless another time is given."""
    moderator = Moderator(store, FakeShelf(FakeClassifier()), clock, secret=SECRET)

    def judge(body: str, author: Author = ANN, *, seconds: float = 60, id: str = "", ip: str = "") -> Remembered:
        clock.pass_(seconds=seconds)
        return moderator.judge(site, Comment(body, author=author, id=id, ip=ip, post=POST))

    return judge


def known(store: Store, site: Site, clock: HandClock, comment: Comment) -> Known:
    return store.known([(site, marks(read(comment), comment, site.id, SECRET))], choose, at=clock())[0][0]


def of_ann(store: Store, site: Site, clock: HandClock) -> tuple[int, int, int]:
    """How often Ann was seen, and how many of hers were called ham and spam."""
    seen = known(store, site, clock, Comment("Hello", author=ANN)).author
    return (seen.total, seen.ham, seen.spam) if seen else (0, 0, 0)


def test_verdicts_count_for_author_and_hosts_and_their_undo_takes_them_back(
    store: Store, site: Site, clock: HandClock, judge: Judge
) -> None:
    ids = [judge(f"Number {n}, see https://site.example/{n}").id for n in range(3)]
    assert of_ann(store, site, clock) == (3, 0, 0)
    store.give_verdict(ids[0], Word.SPAM, by="bo", door="page")
    store.give_verdict(ids[0], Word.HAM, by="bo", door="page")
    batch = store.give_verdicts({ids[1]: None, ids[2]: None}, Word.HAM, by="bo", door="page").id
    assert of_ann(store, site, clock) == (3, 3, 0)
    host = known(store, site, clock, Comment("https://site.example/")).hosts[0]
    assert host.name == "site.example" and host.here is not None and host.anywhere is not None
    assert (host.here.total, host.here.ham, host.anywhere.ham) == (3, 3, 3)
    store.undo(batch, by="bo")
    assert of_ann(store, site, clock) == (3, 1, 0)
    judge("Another text altogether", id="", author=Author("Bo"))
    assert of_ann(store, site, clock) == (3, 1, 0)


def test_an_edit_takes_its_verdict_back_and_counts_no_new_comment(
    store: Store, site: Site, clock: HandClock, judge: Judge
) -> None:
    first = judge("Hello", id="1")
    store.give_verdict(first.id, Word.HAM, by="bo", door="page")
    assert of_ann(store, site, clock) == (1, 1, 0)
    assert judge("Hello again", id="1").edited
    assert of_ann(store, site, clock) == (1, 0, 0)
    judge("Hello again", id="1")
    assert of_ann(store, site, clock) == (1, 0, 0)


def test_authors_of_other_sites_are_strangers(store: Store, site: Site, clock: HandClock, judge: Judge) -> None:
    store.give_verdict(judge("Hello").id, Word.HAM, by="bo", door="page")
    other, _ = store.add_site("other")
    assert of_ann(store, other, clock) == (0, 0, 0)


def test_the_database_holds_no_address_beside_the_comment_itself(
    store: Store, site: Site, clock: HandClock, judge: Judge
) -> None:
    comment = Comment("Hi https://site.example/", author=ANN, ip="192.0.2.7")
    one, two = (marks(read(comment), comment, site.id, secret) for secret in (SECRET, b"t" * 32))
    assert not {trace.key for trace in one.traces} & {trace.key for trace in two.traces}
    assert len({trace.key for trace in one.traces}) == len(one.traces) == 7


def test_a_campaign_is_found_joined_judged_and_left(store: Store, site: Site, clock: HandClock, judge: Judge) -> None:
    ids = [judge(f"{LONG} Number {n}.", Author(f"A{n}")).id for n in range(3)]
    found = known(store, site, clock, Comment(LONG)).campaign
    assert found is not None
    assert (found.seen.total, found.seen.lately, found.ham, found.spam, found.approved) == (3, 3.0, 0, 0, True)
    store.give_verdicts(dict.fromkeys(ids[:2]), Word.SPAM, by="bo", door="page")
    store.give_verdict(ids[2], Word.HAM, by="bo", door="page")
    found = known(store, site, clock, Comment(LONG)).campaign
    assert found is not None and (found.ham, found.spam, found.spam_here) == (1, 2, 2)
    store.deletions.delete(site, ids[2])
    shown = store.campaigns.campaign(found.id)
    assert shown is not None
    assert (shown.size, shown.words, shown.statuses) == (2, {Word.SPAM: 2, Word.HAM: 1}, {Status.REJECTED: 2})
    assert store.campaigns.members(found.id, status=Status.REJECTED, limit=9) == {ids[1]: 2, ids[0]: 2}
    assert store.campaigns.sizes([found.id], status=Status.HELD) == {}


def test_two_workers_that_look_at_the_same_moment_end_in_one_campaign(
    store: Store, site: Site, clock: HandClock, judge: Judge
) -> None:
    looked = []
    for number in range(2):  # both look before either stores, so each begins a campaign
        comment = Comment(f"{LONG} {number}", id=str(number), author=ANN)
        own = marks(read(comment), comment, site.id, SECRET)
        looked.append((comment, own, store.known([(site, own)], choose, at=clock())[0][1]))
    ids = [store.remember(site, one, HOLD, False, own, to, at=clock()).id for one, own, to in looked]
    ids.append(judge(LONG).id)
    campaigns = {one.campaign for one in (store.comment(site, id) for id in ids) if one is not None}
    assert len(campaigns) == 1
    assert of_ann(store, site, clock) == (3, 0, 0)


def test_two_campaigns_become_one_with_all_that_was_counted(store: Store, site: Site, judge: Judge) -> None:
    words = [f"{chr(97 + n % 26)}ordinary{chr(97 + n // 26)}word" for n in range(60)]
    first = [judge(" ".join(words[:36])).id for _ in range(2)]
    last = [judge(" ".join(words[24:])).id for _ in range(3)]
    between = judge(" ".join(words[10:50]))
    assert between.decision.rule == "probably_fine"  # two came before as far as was known
    campaigns = {one.campaign for one in map(store.comment, [site] * 6, [*first, *last, between.id]) if one is not None}
    assert len(campaigns) == 1
    assert judge(" ".join(words[24:])).decision.rule == "spreading_campaign"
    assert store.campaigns.sizes([one for one in campaigns if one]) == {campaigns.pop(): 7}


def test_what_is_old_is_forgotten_and_what_humans_judged_later(
    store: Store, site: Site, clock: HandClock, judge: Judge
) -> None:
    store.give_verdict(judge(f"{LONG} And so on.", ip="192.0.2.7").id, Word.HAM, by="bo", door="page")
    judge("Hello", Author("Passing by"), ip="192.0.2.8")
    clock.pass_(days=401)
    forget(store, clock)
    assert of_ann(store, site, clock)[0] == 1
    assert rows(store) == {"sightings": 3, "sketches": 0, "bands": 0}  # Ann, and her host here and anywhere
    clock.pass_(days=1100)
    forget(store, clock)
    assert rows(store)["sightings"] == 0


def rows(store: Store) -> dict[str, int]:
    """How many rows each table has."""
    return store._read(  # nothing outside asks this
        lambda c: {
            name: c.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar_one()
            for name in ("sightings", "sketches", "bands")
        }
    )


def forget(store: Store, clock: HandClock) -> None:
    """From the first row on."""
    young = new_number(micros(clock()) - ages.SKETCH_KEPT)
    store._write(lambda c: ages.forget_some(c, at=micros(clock()), least_sketch=young, begin=0.0))


def test_a_history_makes_authors_and_hosts_known_and_no_flood(
    store: Store, site: Site, clock: HandClock, judge: Judge
) -> None:
    judge("Here already")
    then = clock() - timedelta(days=400)
    history = [
        (Comment(f"Number {n} https://shop.example/", f"old-{n}", author=ANN, created=then), word)
        for n, word in enumerate([Word.HAM] * 12 + [Word.SPAM])
    ]

    def mark(reading: Reading, comment: Comment) -> Marks:
        return marks(reading, comment, site.id, SECRET)

    for _ in range(2):  # the same again counts nothing
        store.imports.take(site.id, history, by="import old.xml", batch=store.imports.begin(), mark=mark)
    assert of_ann(store, site, clock) == (14, 12, 1)
    found = known(store, site, clock, Comment("https://shop.example/", author=ANN))
    assert found.author is not None and found.author.lately == 1 and found.author.first == micros(then)
    host = next(host for host in found.hosts if host.name == "shop.example")
    assert host.here is not None and (host.here.total, host.here.ham, host.here.spam) == (13, 12, 1)
    assert found.site is not None and found.site.total == 1
    stored = store.comment_by_external_id(site, "old-12")
    assert stored is not None
    store.give_verdict(stored.id, Word.HAM, by="bo", door="page")
    assert of_ann(store, site, clock) == (14, 13, 0)

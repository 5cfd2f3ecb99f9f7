"""From labelled rows to a promoted model, on a corpus of a few sentences; and files that are broken in all ways."""

import gzip
import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from models import published, weights

from moderator.comment import Action, Author, Comment, Decision, Word
from moderator.labelled import Example
from moderator.policy import Thresholds
from moderator.reading import read
from moderator.shelf import Shelf
from moderator.store import Store
from moderator.training import command, corpus, publish, thresholds
from moderator.training.corpus import CorpusError, distinct, from_file
from moderator.training.doubt import Doubt, bounded, doubts
from moderator.training.evaluate import figures, needed, threshold
from moderator.training.fit import calibrate, fit, recalibrated, tabulate
from moderator.training.gathering import Gathered, gather, split, weigh

HAM = [
    "I had the same trouble with my bicycle chain and cleaning it helped",
    "The second recipe needs less salt than you wrote, but it tasted wonderful",
    "Does anyone know whether the library opens on Sundays in winter?",
    "My grandmother used to tell this story a little differently",
    "You are wrong about the election, the numbers say something else",
    "Photographs of the harbour made me miss home, thank you",
    "The function returns nothing when the list is empty, is that meant?",
    "We planted tomatoes in May and lost them all to the frost",
    "I disagree with the third point though the rest is fair",
    "Lovely poem, I read it to my daughter last night",
]
SPAM = [
    "Buy cheap replica watches online with free shipping today",
    "Casino bonus 500 percent, play slots and win real money now",
    "Order viagra without prescription from our trusted pharmacy",
    "Earn 5000 dollars a week from home, contact my manager on telegram",
    "Best essay writing service, cheap papers by native writers",
    "Guaranteed backlinks and first page ranking for your website",
    "Instant payday loans with bad credit, apply online today",
    "Recover your stolen bitcoin with this certified hacker",
    "Customer support number for printer errors, call now",
    "Cheap designer handbags outlet, discount luxury brands online",
]
STARTS = ["", "Well: ", "Again, ", "PS ", "Hello. "]


def examples() -> list[Example]:
    return [
        Example(Comment(f"{start}{text}", author=Author(f"Name {number}")), label, "tiny", "topic")
        for label, texts in ((Word.HAM, HAM), (Word.SPAM, SPAM))
        for number, text in enumerate(texts)
        for start in STARTS
    ]


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> list[Example]:
    """The starter corpus is these few, so that a training takes a moment."""
    few = examples()
    monkeypatch.setattr(corpus, "starter", lambda: list(few))
    monkeypatch.setattr(corpus, "names", list)
    return few


class Silent:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)

    def step(self, label: str, done: int, total: int) -> None:
        assert done <= total


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "own", tmp_path / "shipped", monotonic=iter(range(0, 10_000, 10)).__next__)


def test_training_makes_a_model_that_tells_spam_from_ham_and_promotes_it(tiny: list[Example], shelf: Shelf) -> None:
    told = Silent()
    assert command.train(None, shelf, progress=told) == command.PROMOTED
    model = shelf.current()
    assert model is not None and any("is in force" in line for line in told.said)
    score = {text: model.score(read(Comment(text))) for text in HAM + SPAM}
    assert max(score[text] for text in HAM) < 0.5 < min(score[text] for text in SPAM)
    report = json.loads((shelf.own / model.id / publish.REPORT).read_text("utf-8"))
    assert report["learned_from"] == {"tiny": 100, "padded": 100}


def test_training_again_starts_from_the_model_in_force(tiny: list[Example], shelf: Shelf) -> None:
    command.train(None, shelf, progress=Silent())
    first = shelf.current()
    told = Silent()
    assert command.train(None, shelf, progress=told) == command.PROMOTED
    assert first is not None and any(f"starting from {first.id}" in line for line in told.said)


def test_a_worse_model_is_written_but_not_promoted_unless_told(
    tiny: list[Example], shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    command.train(None, shelf, progress=Silent())
    good = shelf.current()
    monkeypatch.setattr(command, "worse", lambda *_: "its log loss is greater")
    told = Silent()
    assert command.train(None, shelf, progress=told) == command.NOT_PROMOTED
    assert "is not promoted" in told.said[-1] and "models promote" in told.said[-1]
    now = shelf.current()
    assert good is not None and now is not None and now.id == good.id and len(shelf.versions()) == 2
    assert command.train(None, shelf, force=True, progress=Silent()) == command.PROMOTED


def test_worse_is_what_loses_more_than_chance_would() -> None:
    spam = np.arange(200) % 2 == 0
    good = np.where(spam, 0.9, 0.1)
    assert thresholds.worse(good, good, spam) == ""
    assert "log loss" in thresholds.worse(1 - good, good, spam)
    assert thresholds.worse(good, 1 - good, spam) == ""
    assert thresholds.worse(1 - good[:6], good[:6], spam[:6]) == ""  # too few to say


@pytest.mark.parametrize("kept", [Word.HAM, Word.SPAM])
def test_one_label_alone_is_refused(kept: Word, shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus, "starter", lambda: [example for example in examples() if example.label is kept])
    monkeypatch.setattr(corpus, "names", list)
    with pytest.raises(CorpusError, match="at least 5 comments of each label"):
        command.train(None, shelf, progress=Silent())
    assert shelf.versions() == []


def test_nothing_at_all_is_refused(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus, "starter", list)
    monkeypatch.setattr(corpus, "names", list)
    with pytest.raises(CorpusError):
        command.train(None, shelf, progress=Silent())


# Fitting


def test_fitting_twice_gives_the_same_and_scores_follow_calibration() -> None:
    few = examples()
    spam = np.array([example.label is Word.SPAM for example in few])
    table = tabulate([example.comment for example in few])
    one, two = (fit(table, spam, np.ones(len(few))) for _ in range(2))
    assert np.array_equal(one.table, two.table) and one.bias == two.bias
    logits = one.logits(table)
    slope, shift = calibrate(logits * 3 + 2, spam, np.ones(len(few)))
    better = recalibrated(one, slope, shift)
    assert slope > 0 and np.array_equal(
        np.argsort(better.logits(table), kind="stable"), np.argsort(logits, kind="stable")
    )


def test_calibrated_scores_are_probabilities() -> None:
    random = np.random.default_rng(3)
    truth = random.random(20_000) < 0.3
    logits = random.normal(np.where(truth, 6.0, -2.0), 4.0)  # four times too sure of itself
    slope, shift = calibrate(logits, truth, np.ones(len(truth)))
    scores = 1 / (1 + np.exp(-(slope * logits + shift)))
    for low in np.arange(0.1, 0.9, 0.2):
        inside = (scores >= low) & (scores < low + 0.2)
        assert abs(scores[inside].mean() - truth[inside].mean()) < 0.05


# Thresholds


def test_a_threshold_needs_2995_good_comments_for_one_in_a_thousand() -> None:
    assert [needed(budget) for budget in (0.01, 0.005, 0.001)] == [299, 598, 2995]
    scores = np.random.default_rng(1).permutation(np.arange(5000) / 5000)
    assert threshold(scores[:2994], 0.001) is None
    assert threshold(scores[:2995], 0.001) == scores[:2995].max()
    assert threshold(scores, 0.001) == np.sort(scores)[-2]
    assert threshold(np.array([]), 0.001) is None


@pytest.mark.parametrize(("count", "above"), [(500, 1), (1000, 4), (3000, 20)])
def test_so_many_good_comments_may_stand_above_the_threshold(count: int, above: int) -> None:
    scores = np.arange(count) / count
    found = threshold(scores, 0.01)
    assert found is not None and int((scores > found).sum()) == above


def test_equal_scores_are_on_the_side_of_good_comments() -> None:
    found = threshold(np.full(5000, 0.25), 0.001)
    assert found == 0.25
    shown = figures(np.full(100, 0.25), np.zeros(100, dtype=bool), Thresholds(0.25, 0.25))
    assert shown.ham_held == 0.0 and shown.ham_rejected == 0.0


def test_a_budget_is_kept_but_for_the_doubt() -> None:
    random = np.random.default_rng(7)
    broken = sum(1 - (threshold(random.random(1000), 0.01) or 0) > 0.01 for _ in range(400))
    assert broken / 400 <= 0.08  # 5 % and three standard errors


# Files


GOOD = {"text": "fine words", "label": "ham"}


def lines(*rows: object) -> str:
    return "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows) + "\n"


BROKEN: Sequence[tuple[str, str]] = (
    ("{", "no JSON"), ("[1]", "no JSON object"), ("7", "no JSON object"), ('"x"', "no JSON object"), ("[" * 100_000, "deep"),  # noqa: E501
    ('{"text": "x"}', "label"), ('{"text": "x", "label": "maybe"}', "label"), ('{"text": "x", "label": null}', "label"),
    ('{"label": "ham"}', "text"), ('{"text": 7, "label": "ham"}', "body"), ('{"text": "x", "author": [], "label": "ham"}', "author.name"),  # noqa: E501
    ('{"text": "' + "a" * 1_100_000 + '", "label": "ham"}', "characters"), ("x" * 4_100_000, "longer"),
)  # fmt: skip


@pytest.mark.parametrize(("row", "why"), BROKEN, ids=[why + row[:12] for row, why in BROKEN])
def test_a_broken_row_is_told_with_its_line_and_kept_out(tmp_path: Path, row: str, why: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(lines(GOOD, "", row, GOOD))
    with pytest.raises(CorpusError, match="keep-good-rows") as raised:
        from_file(path)
    assert "rows.jsonl:3:" in str(raised.value) and len(str(raised.value)) < 1000
    found, broken = from_file(path, keep_good_rows=True)
    assert len(found) == 2 and [(one.line, why in one.problem) for one in broken] == [(3, True)]


def test_many_broken_rows_are_counted_and_three_are_shown(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(lines(GOOD, *["{"] * 10))
    with pytest.raises(CorpusError, match=r"10 broken rows.*and 7 more.*other 1"):
        from_file(path)


def test_gz_bom_and_csv_are_read_alike(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(lines(GOOD), "utf-8-sig")
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(lines(GOOD).encode()))
    (tmp_path / "a.csv").write_text('text,label\n"fine words",ham\n', "utf-8-sig")
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"label,text\r\nham,fine words\r\n"))
    for name in ("a.jsonl", "a.jsonl.gz", "a.csv", "a.csv.gz"):
        assert from_file(tmp_path / name)[0] == [Example(Comment("fine words"), Word.HAM, "a")], name


def test_a_latin_1_file_says_how_to_convert_it(tmp_path: Path) -> None:
    for name, text in (("a.jsonl", '{"text": "schön", "label": "ham"}\n'), ("a.csv", "text,label\nschön,ham\n")):
        (tmp_path / name).write_bytes(text.encode("latin-1"))
        with pytest.raises(CorpusError, match="iconv"):
            from_file(tmp_path / name)


def test_broken_csv_rows_have_line_numbers(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('text,label\nfine,ham\n"two\nlines",spam\nx,ham,more\ny,maybe\n')
    found, broken = from_file(path, keep_good_rows=True)
    assert len(found) == 2 and [row.line for row in broken] == [5, 6]


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\x1f\x8b\x08broken", b"\x00\x01\x02"])
def test_files_of_nothing_are_refused(tmp_path: Path, content: bytes) -> None:
    for name in ("a.jsonl", "a.csv", "a.jsonl.gz"):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(CorpusError):
            from_file(tmp_path / name)


def test_a_gz_file_that_is_cut_off_or_damaged_is_refused(tmp_path: Path) -> None:
    whole = gzip.compress(lines(*[{"text": os.urandom(40).hex(), "label": "ham"}] * 200).encode())
    path = tmp_path / "a.jsonl.gz"
    damaged = bytearray(whole)
    damaged[len(whole) // 2] ^= 0xFF
    for content in (whole[: len(whole) // 2], bytes(damaged)):
        path.write_bytes(content)
        with pytest.raises(CorpusError):
            from_file(path)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none.jsonl", tmp_path):
        with pytest.raises(CorpusError, match="cannot be read"):
            from_file(path)


def test_the_newest_label_of_a_text_wins() -> None:
    old, new = (
        Example(Comment(body), label, "s")
        for body, label in (("Buy it, now 7!", Word.HAM), ("buy it NOW 9", Word.SPAM))
    )
    assert distinct([old, new]) == [new]
    assert len(distinct([old, Example(Comment("buy it now"), Word.SPAM, "another")])) == 2


# Publishing


def folders(path: Path) -> list[str]:
    return sorted(entry.name for entry in path.iterdir()) if path.is_dir() else []


@pytest.mark.parametrize("fault", [KeyboardInterrupt, OSError("no space left on device"), MemoryError])
@pytest.mark.parametrize("place", ["_sync", "_write", "sync_folder", "load", "digest"])
def test_a_break_while_publishing_leaves_no_half_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, fault: BaseException
) -> None:
    published(tmp_path)
    before = folders(tmp_path)

    def fail(*_: object, **__: object) -> None:
        raise fault

    monkeypatch.setattr(publish, place, fail)
    with pytest.raises((KeyboardInterrupt, OSError, MemoryError)):
        published(tmp_path, seed=2, minute=1)
    assert folders(tmp_path) == before


def test_weights_that_are_no_numbers_are_not_published(tmp_path: Path) -> None:
    bad = weights()
    bad.table[7] = np.nan
    with pytest.raises(Exception, match="finite"):
        publish.publish(tmp_path, bad, Thresholds(0.5, None), made=datetime.now(UTC), report={}, summary="")
    assert folders(tmp_path) == []


def test_a_model_carries_no_words_of_anyone_s_comments(tiny: list[Example], shelf: Shelf) -> None:
    command.train(None, shelf, progress=Silent())
    for file in shelf.own.glob("*/*"):
        content = file.read_bytes().lower()
        assert not [
            word for word in (b"bicycle", b"grandmother", b"viagra", b"handbags", b"payday") if word in content
        ], file.name


def test_a_model_that_started_from_another_keeps_its_thresholds_while_good_comments_are_few() -> None:
    before = Thresholds(0.8, 0.99, 0.5)
    said: list[str] = []
    assert thresholds.kept_or_derived(np.linspace(0.0, 1.0, 308), before, said.append) is before
    assert "1,000" in said[0]
    derived = thresholds.kept_or_derived(np.linspace(0.0, 1.0, 5_000), before, said.append)
    assert 0.98 < derived.hold < 1.0
    assert derived.unsigned_hold == before.unsigned_hold


@pytest.fixture
def lied(tiny: list[Example], quick_store: Store) -> Store:
    """A site that calls twenty comments good, of which two are spam: one on the page, one through the blog's door."""
    site = quick_store.add_site("blog")[0]
    said = [(f"{start}{text}", "page") for start in ("Truly, ", "Indeed ") for text in HAM[:9]]
    for number, (text, door) in enumerate([*said, (LIES[0], "page"), (LIES[1], "webhook")]):
        sent = Comment(text, id=f"c{number}", author=Author(f"Name {number % 10}"))
        held = quick_store.remember(site, sent, HELD, at=datetime.now(UTC))
        quick_store.give_verdict(held.id, Word.HAM, by="ann", door=door)
    return quick_store


LIES = (f"{SPAM[0]}. {SPAM[2]}. {SPAM[4]}", f"{SPAM[1]}. {SPAM[3]}. {SPAM[5]}")
HELD = Decision(Action.HOLD, "in_doubt", 0.5, (), "")


def gathered_of(store: Store | None) -> Gathered:
    return gather(store, (), keep_good_rows=False, names=False, say=lambda text: None)


@pytest.mark.parametrize(
    ("doubt", "left_out"), [(Doubt.OTHERS, {"c19"}), (Doubt.ALL, {"c18", "c19"}), (Doubt.NONE, set())]
)
def test_a_label_that_all_others_deny_is_left_out_but_for_moderators_own(
    lied: Store, doubt: Doubt, left_out: set[str]
) -> None:
    gathered = gathered_of(lied)
    table = tabulate(example.comment for example in gathered.examples)
    found = doubts(gathered, table, weigh(gathered), split(gathered)[0], doubt=doubt)
    assert found is not None
    assert {"c18", "c19"} <= {gathered.examples[row].comment.id for row in found.rows.tolist()}
    assert {gathered.examples[row].comment.id for row in found.left_out.tolist()} == left_out


def test_of_a_source_and_label_a_tenth_is_left_out_at_most_the_clearest_first(lied: Store) -> None:
    gathered = gathered_of(lied)
    learned = split(gathered)[0]
    own = np.arange(len(gathered) - 20, len(gathered))
    assert bounded(gathered, learned, own[::-1]).tolist() == own[:-3:-1].tolist()


def test_what_was_left_out_stands_in_the_report_and_by_its_id_only_at_home(
    lied: Store, shelf: Shelf, tmp_path: Path
) -> None:
    told = Silent()
    command.train(lied, shelf, force=True, progress=told)
    assert any("1 of them are left out" in line for line in told.said)
    model = shelf.current()
    assert model is not None
    report = json.loads((shelf.own / model.id / publish.REPORT).read_text("utf-8"))["suspicious"]
    assert report["left_out"] == 1 and report["left_out_by_source"] == {"site blog": 1}
    assert [(one["id"], one["label"], one["score"] > 0.5) for one in report["left_out_labels"]] == [
        ("c19", "ham", True)
    ]
    assert LIES[1] in (shelf.own / model.id / "report.html").read_text("utf-8")

    command.train(lied, shelf, into=tmp_path / "given", fresh=True, force=True, progress=Silent())
    (given,) = (tmp_path / "given").glob("*/" + publish.REPORT)
    listed = json.loads(given.read_text("utf-8"))["suspicious"]["left_out_labels"]
    assert [sorted(one) for one in listed] == [["label", "score", "source"]]

    command.train(lied, shelf, doubt=Doubt.NONE, force=True, progress=Silent())
    model = shelf.current()
    assert model is not None
    report = json.loads((shelf.own / model.id / publish.REPORT).read_text("utf-8"))["suspicious"]
    assert report["left_out"] == 0 and report["by_source"]["site blog"] >= 2

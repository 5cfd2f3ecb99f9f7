"""Exports of blogs, as files of tests/cases/exports (all invented) and bent in every way."""

import gzip
import json
import sqlite3
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from moderator.comment import Comment, Word
from moderator.labelled import Example, example_of, row_of
from moderator.training import corpus
from moderator.training.readers import BrokenRow, CorpusError, format_of, read_comments, read_examples, wordpress
from moderator.training.readers.rows import MOST_LINE

CASES = Path(__file__).parent / "cases" / "exports"
WXR = (CASES / "wordpress.xml").read_bytes()


@pytest.fixture
def isso(tmp_path: Path) -> Path:
    path = tmp_path / "comments.db"
    database = sqlite3.connect(path)
    database.executescript((CASES / "isso.sql").read_text("utf-8"))
    database.close()
    return path


def written(folder: Path, name: str, content: bytes | str) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def wxr(*comments: str, head: str = '<?xml version="1.0" encoding="UTF-8"?>') -> str:
    """A WordPress export with these insides of comments."""
    whole = "".join(f"<wp:comment>{inside}</wp:comment>\n" for inside in comments)
    return (
        f'{head}\n<rss xmlns:wp="http://wordpress.org/export/1.2/"><channel><title>B</title>'
        f"<link>https://b.example</link><item><title>T</title>\n{whole}</item></channel></rss>"
    )


def good(number: int, text: str = "Thank you") -> str:
    return (
        f"<wp:comment_id>{number}</wp:comment_id><wp:comment_content><![CDATA[{text}]]></wp:comment_content>"
        "<wp:comment_approved>1</wp:comment_approved>"
    )


def labels(examples: list[Example]) -> dict[str, str]:
    return {example.comment.id: example.label.value for example in examples}


# WordPress
def test_a_wordpress_export_gives_what_its_moderators_said() -> None:
    found = read_examples(CASES / "wordpress.xml")
    assert found.format == "a WordPress export"
    assert labels(found.examples) == {"11": "ham", "12": "ham", "13": "spam", "21": "ham"}
    assert found.passed == {"pending": 1, "in the trash": 1, "of the kind order_note": 1}
    assert (found.broken, found.notes) == ([], [])


def test_a_wordpress_comment_has_its_author_post_and_parent() -> None:
    first, second, _, pingback = read_examples(CASES / "wordpress.xml").examples
    assert first.source == "shed.example.org"
    assert (first.comment.author.name, first.comment.author.email) == ("Ann & Joe", "ann@example.com")
    assert (first.comment.author.url, first.comment.ip) == ("https://ann.example.com/", "192.0.2.7")
    assert first.comment.body == "Ours went out in <em>mid May</em> and all lived."
    assert (first.comment.post.title, first.comment.post.url) == (
        "Tomatoes & frost",
        "https://shed.example.org/tomatoes/",
    )
    assert str(first.comment.created) == "2025-05-02 09:00:00+00:00"
    assert (second.comment.kind, second.comment.parent.text, second.comment.created) == (
        "reply",
        first.comment.body,
        None,
    )
    assert (pingback.comment.kind, pingback.comment.post.title) == ("pingback", "Compost")


def test_training_reads_exports_as_any_file() -> None:
    examples, broken = corpus.from_file(CASES / "wordpress.xml")
    assert (len(examples), broken) == (4, [])


def test_an_unknown_approval_is_a_broken_row_with_its_line(tmp_path: Path) -> None:
    path = written(tmp_path, "x.xml", wxr(good(1), good(2).replace(">1</wp:comment_app", ">7</wp:comment_app")))
    with pytest.raises(CorpusError, match=r"1 broken row: x\.xml:4: wp:comment_approved: must be 1, 0, spam or trash"):
        read_examples(path)
    found = read_examples(path, keep_good_rows=True)
    assert labels(found.examples) == {"1": "ham"}


@pytest.mark.parametrize("name", ["entity_bomb.xml", "external_entity.xml"])
@pytest.mark.parametrize("keep", [True, False])
def test_a_document_type_is_refused_before_it_is_used(name: str, keep: bool) -> None:
    with pytest.raises(CorpusError, match="has a document type"):
        read_examples(CASES / name, keep_good_rows=keep)


def test_a_bomb_in_utf_16_is_refused_too(tmp_path: Path) -> None:
    text = (CASES / "entity_bomb.xml").read_text("utf-8").replace("UTF-8", "UTF-16")
    with pytest.raises(CorpusError, match="has a document type"):
        read_examples(written(tmp_path, "x.xml", text.encode("utf-16")))


def test_a_truncated_export_says_what_was_read_and_where_it_broke(tmp_path: Path) -> None:
    cut = WXR.index(b"Wonderful post")
    path = written(tmp_path, "cut.xml", WXR[:cut])
    line = WXR[:cut].count(b"\n") + 1
    with pytest.raises(CorpusError, match=rf"cut\.xml:{line}: the XML breaks here \(the file is cut off\); 2 comments"):
        read_examples(path)
    found = read_examples(path, keep_good_rows=True)
    assert labels(found.examples) == {"11": "ham", "12": "ham"}
    assert [row.line for row in found.broken] == [line]


def test_a_truncated_gzip_says_so(tmp_path: Path) -> None:
    path = written(tmp_path, "cut.xml.gz", gzip.compress(wxr(*map(good, range(20_000))).encode(), 1)[:-2_000])
    found = read_examples(path, keep_good_rows=True)
    assert 0 < len(found.examples) < 20_000
    assert "cut off" in str(found.broken[0])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(0, len(WXR)), noise=st.binary(max_size=20))
def test_whatever_is_done_to_an_export_the_answer_is_rows_or_a_sentence(tmp_path: Path, cut: int, noise: bytes) -> None:
    path = written(tmp_path, "x.xml", WXR[:cut] + noise + WXR[cut + len(noise) :])
    told, count = "", 0
    try:
        count = len(read_examples(path, keep_good_rows=True).examples)
    except CorpusError as error:
        told = str(error)
    assert count or "x.xml" in told


@pytest.mark.parametrize(
    ("declared", "encoding"),
    [
        ("UTF-8", "utf-8"),
        ("UTF-8", "utf-8-sig"),
        ("UTF-16", "utf-16"),
        ("ISO-8859-1", "latin-1"),
        ("windows-1251", "cp1251"),
    ],
)
def test_declared_encodings_are_understood(tmp_path: Path, declared: str, encoding: str) -> None:
    text = "Да" if encoding == "cp1251" else "Žluť"[1:3] if encoding == "latin-1" else "Žluť 日本"
    head = f'<?xml version="1.0" encoding="{declared}"?>'
    path = written(tmp_path, "x.xml", wxr(good(1, text), head=head).encode(encoding))
    assert read_examples(path).examples[0].comment.body == text


def test_bytes_of_another_encoding_break_their_row_alone(tmp_path: Path) -> None:
    content = wxr(good(1), good(2, "caf@"), good(3)).encode().replace(b"@", b"\xe9")
    found = read_examples(written(tmp_path, "x.xml", content), keep_good_rows=True)
    assert labels(found.examples) == {"1": "ham", "3": "ham"}
    assert "is not UTF-8; convert the file" in str(found.broken[0])


def test_an_encoding_that_nobody_knows_is_named(tmp_path: Path) -> None:
    path = written(tmp_path, "x.xml", wxr(good(1), head='<?xml version="1.0" encoding="klingon-8"?>'))
    with pytest.raises(CorpusError, match="its encoding 'klingon-8' is not known; convert the file to UTF-8"):
        read_examples(path)


def test_control_characters_do_not_end_the_file(tmp_path: Path) -> None:
    found = read_examples(written(tmp_path, "x.xml", wxr(good(1, "a\x0bb\x00c"), good(2))))
    assert found.examples[0].comment.body == "a\ufffdb\ufffdc"
    assert len(found.examples) == 2


def test_a_gigantic_comment_breaks_its_row_alone(tmp_path: Path) -> None:
    path = written(tmp_path, "x.xml", wxr(good(1), good(2, "x" * (MOST_LINE + 1)), good(3, "y" * 1_100_000)))
    found = read_examples(path, keep_good_rows=True)
    assert labels(found.examples) == {"1": "ham"}
    assert "longer than 4,000,000 characters" in str(found.broken[0])
    assert "at most 1,048,576 are taken" in str(found.broken[1])


def test_elements_nested_without_end_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "x.xml", wxr("<b>" * 100_000))
    with pytest.raises(CorpusError, match="nested deeper than 200"):
        read_examples(path)


def test_a_large_export_is_read_in_a_stream(tmp_path: Path) -> None:
    path = written(tmp_path, "x.xml", wxr(*(good(number, "word " * 600) for number in range(4_000))))
    tracemalloc.start()
    count = sum(1 for _ in wordpress.read(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 4_000
    # The beginnings of an item's comments are kept, as answers may come; nothing else of these 12 MB.
    assert peak < 6_000_000


# Disqus
def test_a_disqus_export_gives_spam_ham_and_no_deleted_ones() -> None:
    found = read_examples(CASES / "disqus.xml")
    assert labels(found.examples) == {"71": "ham", "72": "ham", "73": "spam"}
    assert found.passed == {"deleted": 1}
    first, second, _ = found.examples
    assert (first.source, first.comment.author.name, first.comment.author.email) == (
        "disqus pottingshed",
        "Ann",
        "ann@example.com",
    )
    assert (first.comment.post.title, first.comment.ip) == ("Tomatoes & frost", "192.0.2.7")
    assert (second.comment.kind, second.comment.parent.text) == ("reply", first.comment.body)


# Isso
def test_an_isso_database_gives_what_is_shown(isso: Path) -> None:
    before = isso.read_bytes()
    found = read_examples(isso, source="shed")
    assert labels(found.examples) == {"1": "ham", "2": "ham"}
    assert found.passed == {"pending": 1, "deleted": 1}
    assert found.examples[1].comment.parent.text == "Ours went out in **mid May**."
    assert (found.examples[0].source, found.examples[0].comment.post.title) == ("shed", "Tomatoes")
    assert found.notes == ["comments.db: all 2 comments are ham; training needs both"]
    assert isso.read_bytes() == before


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE threads (id, uri, title)")
    database.execute("CREATE VIEW comments AS SELECT 1 AS id, 1 AS tid, 1 AS parent, 1 AS created, 1 AS mode")
    database.close()
    with pytest.raises(CorpusError, match="is no Isso database: it has no table comments"):
        read_examples(path)


def test_a_broken_database_is_told(isso: Path) -> None:
    content = isso.read_bytes()
    isso.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    with pytest.raises(CorpusError, match=r"cannot be read|no readable SQLite|broken row"):
        read_examples(isso)


# Saved pages
def test_a_classic_page_gives_its_comments() -> None:
    ann, marek, other = read_examples(CASES / "page_classic.html", label=Word.HAM).examples
    assert (ann.comment.id, ann.comment.author.name, ann.comment.author.url) == (
        "11",
        "Ann",
        "https://ann.example.com/",
    )
    assert ann.comment.body == "<p>Ours went out in mid May.</p>"
    assert (ann.comment.post.title, ann.comment.post.url) == ("Tomatoes", "https://shed.example.org/tomatoes/")
    assert (marek.comment.author.name, marek.comment.body, marek.comment.kind) == (
        "Marek",
        "<p>Lucky you!</p>",
        "reply",
    )
    assert (other.comment.kind, other.comment.author.url) == ("pingback", "https://other.example.net/x")


def test_a_block_themes_page_gives_its_comments() -> None:
    bea, cy = read_examples(CASES / "page_block.html", label=Word.SPAM).examples
    assert (bea.label, bea.comment.author.name, bea.comment.author.url) == (Word.SPAM, "Bea", "https://bea.example.com")
    assert bea.comment.body == '<p>Add <a href="https://leaf.example.org/">leaf mould</a>.</p>'
    assert (bea.comment.post.title, cy.comment.body, cy.comment.kind) == ("Compost", "<p>And patience.</p>", "reply")


def test_a_page_with_microdata_gives_its_comments() -> None:
    (dee,) = read_comments(CASES / "page_generic.html")
    assert isinstance(dee, Comment)
    assert (dee.author.name, dee.author.url, dee.body) == ("Dee", "https://dee.example.com/", "Sow them under glass.")


def test_a_page_without_comments_says_where_they_may_be() -> None:
    with pytest.raises(CorpusError, match="no comment list was found in this page"):
        read_examples(CASES / "page_without_comments.html", label=Word.HAM)


def test_a_page_needs_a_label_to_be_learned_from() -> None:
    with pytest.raises(CorpusError, match="say --label ham or --label spam"):
        read_examples(CASES / "page_classic.html")


def test_a_hostile_page_takes_no_long_time(tmp_path: Path) -> None:
    nested = '<li class="comment"><p>x</p><ol>' * 3_000
    path = written(tmp_path, "x.html", f'<html><ol class="commentlist">{nested}')
    start = time.perf_counter()
    assert sum(1 for _ in read_comments(path)) > 10
    assert time.perf_counter() - start < 20


# JSON lines and CSV
def test_csv_keeps_quotes_and_line_breaks() -> None:
    first, second = read_examples(CASES / "labelled.csv").examples
    assert first.comment.body == 'She said "yes",\nand then left.'
    assert second.label is Word.SPAM


def test_the_last_word_on_an_id_counts_and_is_told() -> None:
    found = read_examples(CASES / "twice_and_bom.jsonl")
    assert labels(found.examples) == {"1": "spam", "2": "spam"}
    assert found.notes[0] == "twice_and_bom.jsonl:3: the comment 1 was ham before; the last word counts"
    assert "all 2 comments are spam" in found.notes[1]


def test_each_broken_row_is_told_with_its_line() -> None:
    found = read_examples(CASES / "broken.jsonl", keep_good_rows=True)
    assert [row.line for row in found.broken] == [2, 3, 4, 5, 6]
    with pytest.raises(
        CorpusError, match=r"5 broken rows: broken\.jsonl:2: is not UTF-8.*and 2 more.*--keep-good-rows"
    ):
        read_examples(CASES / "broken.jsonl")


def test_a_gigantic_line_breaks_alone(tmp_path: Path) -> None:
    huge = json.dumps({"text": "x" * (4 * MOST_LINE + 5), "label": "ham"})
    path = written(tmp_path, "x.jsonl", f'{huge}\n{{"text": "Fine", "label": "ham"}}\n')
    found = read_examples(path, keep_good_rows=True)
    assert [row.line for row in found.broken] == [1]
    assert found.examples[0].comment.body == "Fine"


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("x.jsonl", b"", "is empty"),
        ("x.xml", b"<feed><entry/></feed>", "is XML, but neither a WordPress nor a Disqus export"),
        ("x.jsonl.gz", b"\x1f\x8b\x00\x00broken", "cannot be read"),
        ("x.csv", b"text,label\n", "has no labelled comment in it"),
    ],
)
def test_what_cannot_be_read_is_told(tmp_path: Path, name: str, content: bytes, told: str) -> None:
    with pytest.raises(CorpusError, match=told):
        read_examples(written(tmp_path, name, content))


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="cannot be read: No such file"):
        read_examples(tmp_path / "nothing.jsonl")


def test_markup_in_a_comment_makes_no_page_of_json(tmp_path: Path) -> None:
    text = '<!DOCTYPE html><html xmlns:wp="http://wordpress.org/export/1.2/"><disqus>'
    path = written(tmp_path, "x.data", json.dumps({"text": text, "label": "ham"}))
    assert format_of(path).name == "JSON lines"
    assert read_examples(path).examples[0].comment.body == text


# All of them
def every_export(isso: Path) -> Iterator[Path]:
    yield from (path for path in sorted(CASES.iterdir()) if path.suffix in (".xml", ".html", ".csv", ".jsonl"))
    yield isso


def test_every_example_reads_back_as_it_was(isso: Path, tmp_path: Path) -> None:
    count = 0
    for path in every_export(isso):
        try:
            examples = read_examples(path, keep_good_rows=True, label=Word.HAM).examples
        except CorpusError:
            continue
        rows = [json.loads(json.dumps(row_of(example))) for example in examples]
        assert [example_of(row, source="x") for row in rows] == examples
        again = written(tmp_path, f"{path.name}.jsonl", "".join(f"{json.dumps(row)}\n" for row in rows))
        assert read_examples(again).examples == examples
        count += 1
    assert count >= 8


def test_comments_to_score_need_no_label(isso: Path) -> None:
    found = list(read_comments(CASES / "broken.jsonl"))
    assert sum(isinstance(one, BrokenRow) for one in found) == 3
    assert len(list(read_comments(isso))) == 2

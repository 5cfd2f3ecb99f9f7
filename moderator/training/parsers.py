"""The files of public data sets, each in its own shape, as rows in the labelled format (see labelled.py).

A parser takes the set's files by name and gives one dict a comment. What a row says beyond the labelled format
(``toxic``) is kept; readers pass it over. Nobody's address and no date of dubious worth is taken over.
"""

import csv
import io
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from moderator.training.readers.rows import CorpusError

MOST_UNPACKED = 200_000_000  # bytes of one file within a ZIP

Fields = dict[str, object]
Parser = Callable[[Sequence[Path]], Iterator[Fields]]


class _Tabs(csv.excel_tab):
    """Tabs between the fields; a quotation mark is a character as any other."""

    quoting = csv.QUOTE_NONE


def _decoded(content: bytes, name: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CorpusError(
            f"{name} is not UTF-8 (byte {error.start:,}); this is not the file that is known here"
        ) from None


def _text(path: Path) -> str:
    return _decoded(path.read_bytes(), path.name)


def _members(path: Path, wanted: str) -> Iterator[tuple[str, str]]:
    """(name, text) of the files in a ZIP whose whole name matches ``wanted``, by name."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = sorted(name for name in archive.namelist() if re.fullmatch(wanted, name))
            for name in names:
                with archive.open(name) as member:
                    content = member.read(MOST_UNPACKED + 1)
                if len(content) > MOST_UNPACKED:
                    raise CorpusError(f"{path.name}: {name} unpacks to more than {MOST_UNPACKED:,} bytes")
                yield name, _decoded(content, name)
    except (zipfile.BadZipFile, RuntimeError, EOFError) as error:
        raise CorpusError(f"{path.name} is no ZIP that can be read ({error}); fetch it anew") from None
    if not names:
        raise CorpusError(f"{path.name} holds none of the files that are known here; is it another version?")


def _table(text: str, name: str, needed: Sequence[str], delimiter: str = ",") -> Iterator[Mapping[str, str]]:
    """The rows of a CSV text that has the needed columns."""
    csv.field_size_limit(4_000_000)
    dialect = _Tabs if delimiter == "\t" else csv.excel
    reader = csv.DictReader(io.StringIO(text, newline=""), dialect=dialect)
    missing = [column for column in needed if column not in (reader.fieldnames or ())]
    if missing:
        raise CorpusError(f"{name} has no column {', '.join(missing)}; is it another version of the set?")
    try:
        yield from ({key: value or "" for key, value in row.items() if key is not None} for row in reader)
    except csv.Error as error:
        raise CorpusError(f"{name}:{reader.line_num}: is no CSV ({error})") from None


def _lines(text: str) -> Iterator[str]:
    return (line.strip() for line in text.split("\n") if line.strip())


# Sets with spam in them.
def youtube_spam(files: Sequence[Path]) -> Iterator[Fields]:
    """Five CSV files in a ZIP, one a video, in order of time: COMMENT_ID, AUTHOR, DATE, CONTENT, CLASS.

    No dates: the spam of one video has none, and no other row lacks one.
    """
    for name, text in _members(files[0], r"(?:[\w.-]+/)?Youtube0\d-\w+\.csv"):
        source = name.rpartition("/")[2].removesuffix(".csv")
        for row in _table(text, name, ("AUTHOR", "CONTENT", "CLASS")):
            label = "spam" if row["CLASS"].strip() == "1" else "ham"
            yield {"text": row["CONTENT"].rstrip("\ufeff"), "author": row["AUTHOR"], "label": label, "source": source}


def sms_spam(files: Sequence[Path]) -> Iterator[Fields]:
    """The file SMSSpamCollection in a ZIP: ham or spam, a tab, the text."""
    for name, text in _members(files[0], "SMSSpamCollection"):
        for number, line in enumerate(_lines(text), 1):
            label, tab, said = line.partition("\t")
            if not tab or label not in ("ham", "spam"):
                raise CorpusError(f"{name}:{number}: does not begin with ham or spam and a tab")
            yield {"text": said, "label": label, "lang": "en"}


def scamspot(files: Sequence[Path]) -> Iterator[Fields]:
    """number,scam,msg_length,msg without quoting: its exporter turned the commas of texts into other characters."""
    for number, line in enumerate(_lines(_text(files[0])), 1):
        values = line.split(",", 3)
        if number == 1 and values[:2] == ["number", "scam"]:
            continue
        if len(values) != 4 or values[1] not in ("0", "1"):
            raise CorpusError(f"{files[0].name}:{number}: is not number,scam,msg_length,msg")
        yield {"text": values[3], "label": "spam" if values[1] == "1" else "ham", "lang": "en"}


def judol(files: Sequence[Path]) -> Iterator[Fields]:
    """CSV: comment_id, author, comment_text, label (1: gambling)."""
    for row in _table(_text(files[0]), files[0].name, ("author", "comment_text", "label")):
        label = "spam" if row["label"].strip() == "1" else "ham"
        yield {"text": row["comment_text"], "author": row["author"], "label": label, "lang": "id"}


def tg_spam(files: Sequence[Path]) -> Iterator[Fields]:
    """Two text files, one message a line: first the spam, then the ham."""
    for path, label in zip(files, ("spam", "ham"), strict=True):
        for line in _lines(_text(path)):
            yield {"text": line, "label": label}


def spam_templates(files: Sequence[Path]) -> Iterator[Fields]:
    """The quoted paragraphs (``> …``) of a blog post, in which a spam robot had dumped all its templates."""
    quoted = re.findall(r"(?:^>.*\n?)+", _text(files[0]), re.MULTILINE)
    for block in quoted:
        lines = [line.removeprefix(">").strip() for line in block.splitlines()]
        for number, paragraph in enumerate(re.split(r"\n\s*\n", "\n".join(lines))):
            said = _unspun(" ".join(paragraph.split()), number)
            if said:
                yield {"text": said, "label": "spam", "lang": "en"}


def _unspun(text: str, turn: int) -> str:
    """``{good|great} blog`` as a robot would send it; which choice is taken depends on ``turn`` alone."""
    for _ in range(1_000):
        found = re.search(r"\{([^{}]*)\}", text)
        if not found:
            break
        choices = found[1].split("|")
        text = text[: found.start()] + choices[turn % len(choices)] + text[found.end() :]
    return text


# Sets of ham alone, much of it rude: what must not be held.
def table(text: str, *, lang: str = "", toxic: str = "", calm: Sequence[str] = ("0",), members: str = "") -> Parser:
    """A parser of CSV files (or those in a ZIP) whose column ``text`` is the comment; all are ham.

    A row is toxic where its column ``toxic`` has another value than the calm ones.
    """

    def parse(files: Sequence[Path]) -> Iterator[Fields]:
        needed = (text, toxic) if toxic else (text,)
        for path in files:
            for name, content in _members(path, members) if members else ((path.name, _text(path)),):
                for row in _table(content, name, needed):
                    if row[text].strip():
                        rude = {"toxic": int(row[toxic].strip() not in calm)} if toxic else {}
                        language = {"lang": lang or name.rpartition("/")[2][:2]}
                        yield {"text": row[text].strip(), "label": "ham", **language, **rude}

    return parse


def korean_news(files: Sequence[Path]) -> Iterator[Fields]:
    """Pairs of files: TSV (comments, contain_gender_bias, bias, hate), and line by line the titles of the articles."""
    for comments, titles in zip(files[::2], files[1::2], strict=True):
        rows = list(_table(_text(comments), comments.name, ("comments", "hate"), "\t"))
        named = _text(titles).rstrip("\n").split("\n")
        if len(rows) != len(named):
            raise CorpusError(
                f"{comments.name} has {len(rows):,} rows, {titles.name} {len(named):,}; they belong together"
            )
        for row, title in zip(rows, named, strict=True):
            toxic = int(row["hate"] != "none")
            yield {"text": row["comments"], "label": "ham", "lang": "ko", "post_title": title.strip(), "toxic": toxic}


def offcombr(files: Sequence[Path]) -> Iterator[Fields]:
    """ARFF: after @data, a class (yes: offensive) and a quoted text a line."""
    data = False
    for line in _lines(_text(files[0])):
        if line.lower().startswith("@data"):
            data = True
        elif data and line[:1] not in "%@":
            label, _, said = line.partition(",")
            said = said.strip().strip("'\"").replace("\\'", "'")
            if said:
                yield {"text": said, "label": "ham", "lang": "pt", "toxic": int(label.strip() == "yes")}

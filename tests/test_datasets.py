"""The registry of public data sets: what it promises, and what it does on a network that lies. No test goes online."""

import hashlib
import io
import json
import subprocess
import sys
import urllib.request
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.response import addinfourl

import pytest
from click.testing import CliRunner

from moderator.cli import commands
from moderator.training import datasets, fetching, parsers
from moderator.training.datasets import DATASETS, Dataset, Remote
from moderator.training.fetching import DatasetError, fetch, https_opener, kept
from moderator.training.readers import CorpusError, read_examples

AT = datetime(2026, 11, 22, tzinfo=UTC)
ROWS = b"number,scam,msg_length,msg\n0,1,5,earn much. now\n1,0,3,so true\n"
SHA = hashlib.sha256(ROWS).hexdigest()
ADDRESS = "https://data.example/rows.csv"
HOME = {"data.example": ROWS}


class Web(urllib.request.HTTPSHandler):
    """A network of a few addresses."""

    def __init__(self, pages: dict[str, tuple[int, dict[str, str], bytes]]) -> None:
        super().__init__()
        self.pages = pages
        self.asked: list[str] = []

    def https_open(self, req: urllib.request.Request) -> Any:
        self.asked.append(req.full_url)
        code, said, body = self.pages[req.full_url]
        headers = Message()
        for name, value in said.items():
            headers[name] = value
        answer = addinfourl(io.BytesIO(body), headers, req.full_url, code)
        answer.msg = "said"  # type: ignore[attr-defined]  # as http.client has it
        return answer


def web(body: bytes = ROWS, code: int = 200, **said: str) -> urllib.request.OpenerDirector:
    return https_opener(Web({ADDRESS: (code, {name.replace("_", "-"): value for name, value in said.items()}, body)}))


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Put a small set into the registry's place."""

    def put(sha256: str | None = SHA, address: str = ADDRESS) -> None:
        files = (Remote("rows.csv", address, sha256),)
        one = Dataset("small", "Two.", "https://data.example", "MIT", "us", ("en",), files, parsers.scamspot, True)
        monkeypatch.setattr(fetching, "dataset", lambda name: one if name == "small" else None)
        monkeypatch.setattr(datasets, "DATASETS", (one,))

    return put


# What the registry promises
@pytest.mark.parametrize("known", DATASETS, ids=lambda known: known.name)
def test_a_set_says_all_that_must_be_known_of_it(known: Dataset) -> None:
    assert known.sentence.endswith(".")
    assert known.licence
    assert known.attribution
    assert known.reason
    assert known.languages
    assert known.home.startswith("https://")
    assert len({remote.name for remote in known.files}) == len(known.files) > 0
    for remote in known.files:
        assert remote.address == "" or remote.address.startswith("https://")
        assert remote.sha256 is None or (len(remote.sha256) == 64 and int(remote.sha256, 16))


def test_names_are_unique() -> None:
    assert len({known.name for known in DATASETS}) == len(DATASETS)


def test_every_set_that_trains_and_every_set_is_in_the_docs() -> None:
    text = (Path(__file__).parents[1] / "docs" / "data.md").read_text("utf-8")
    assert [known.name for known in DATASETS if f"`{known.name}`" not in text] == []


def test_importing_the_registry_opens_no_connection_and_no_scikit_learn() -> None:
    code = (
        "import socket, ssl, sys; socket.socket = socket.getaddrinfo = None; "
        "import moderator.training.fetching, moderator.training.readers; "
        "sys.exit('sklearn' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# Fetching
def test_a_fetched_set_is_checked_parsed_and_kept(small: Callable[..., None], tmp_path: Path) -> None:
    small()
    seen: list[tuple[str, int, int]] = []
    here = fetch(
        "small", tmp_path, at=AT, opener=web(Content_Length=str(len(ROWS))), progress=lambda *a: seen.append(a)
    )
    assert (here.comments, here.spam) == (2, 1)
    assert kept("small", tmp_path) == here
    assert seen[-1] == ("rows.csv", len(ROWS), len(ROWS))
    examples = read_examples(here.path).examples
    assert [(one.comment.body, one.label, one.source) for one in examples] == [
        ("earn much. now", "spam", "small"),
        ("so true", "ham", "small"),
    ]
    receipt = json.loads((tmp_path / "small.json").read_text())
    assert (receipt["licence"], receipt["files"], receipt["may_train"]) == ("MIT", {"rows.csv": SHA}, True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["small.json", "small.jsonl.gz"]


def test_the_same_set_is_the_same_file(small: Callable[..., None], tmp_path: Path) -> None:
    small()
    one, two = (fetch("small", tmp_path / name, at=AT, opener=web()).path.read_bytes() for name in "ab")
    assert one == two


def test_another_content_is_refused_and_nothing_is_kept(small: Callable[..., None], tmp_path: Path) -> None:
    small()
    with pytest.raises(DatasetError, match=r"rows\.csv has the SHA-256 .*, expected .*nothing of it was kept"):
        fetch("small", tmp_path, at=AT, opener=web(ROWS + b"2,1,1,x\n"), trust_first=True)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_content_is_never_trusted_silently(small: Callable[..., None], tmp_path: Path) -> None:
    small(sha256=None)
    with pytest.raises(DatasetError, match=r"is not known here.*--from FILE, or say --trust-first"):
        fetch("small", tmp_path, at=AT, opener=web())
    assert fetch("small", tmp_path, at=AT, opener=web(), trust_first=True).comments == 2
    assert fetch("small", tmp_path, at=AT, opener=web()).comments == 2  # what came first is the measure now
    with pytest.raises(DatasetError, match="expected"):
        fetch("small", tmp_path, at=AT, opener=web(ROWS + b"2,1,1,x\n"))


@pytest.mark.parametrize("target", ["http://data.example/rows.csv", "ftp://data.example/x", "file:///etc/hostname"])
def test_a_redirection_away_from_https_is_refused(small: Callable[..., None], tmp_path: Path, target: str) -> None:
    small()
    with pytest.raises(DatasetError, match=r"not https; nothing was taken|answers 302"):
        fetch("small", tmp_path, at=AT, opener=web(b"", 302, Location=target))


def test_a_redirection_to_https_is_followed(small: Callable[..., None], tmp_path: Path) -> None:
    small()
    there = "https://mirror.example/rows.csv"
    pages = Web({ADDRESS: (302, {"Location": there}, b""), there: (200, {}, ROWS)})
    assert fetch("small", tmp_path, at=AT, opener=https_opener(pages)).comments == 2
    assert pages.asked == [ADDRESS, there]


def test_plain_http_is_never_asked(small: Callable[..., None], tmp_path: Path) -> None:
    small(address="http://data.example/rows.csv")
    with pytest.raises(DatasetError, match="is no https address"):
        fetch("small", tmp_path, at=AT, opener=web())


def test_what_broke_off_is_told(small: Callable[..., None], tmp_path: Path) -> None:
    small()
    with pytest.raises(DatasetError, match="broke off after"):
        fetch("small", tmp_path, at=AT, opener=web(ROWS[:20], Content_Length=str(len(ROWS))))


def test_a_file_over_the_cap_is_refused(
    small: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small()
    monkeypatch.setattr(fetching, "MOST_BYTES", 10)
    with pytest.raises(DatasetError, match="longer than 10 bytes"):
        fetch("small", tmp_path, at=AT, opener=web())


def test_an_error_of_the_address_tells_the_cure(small: Callable[..., None], tmp_path: Path) -> None:
    small()
    with pytest.raises(DatasetError, match="answers 404; get it by hand and give it with --from"):
        fetch("small", tmp_path, at=AT, opener=web(b"", 404))


def test_a_failure_leaves_what_was_kept(small: Callable[..., None], tmp_path: Path) -> None:
    small()
    here = fetch("small", tmp_path, at=AT, opener=web())
    with pytest.raises(DatasetError):
        fetch("small", tmp_path, at=AT, opener=web(b"other"))
    assert kept("small", tmp_path) == here


def test_a_changed_cache_is_refused(small: Callable[..., None], tmp_path: Path) -> None:
    small()
    here = fetch("small", tmp_path, at=AT, opener=web())
    here.path.write_bytes(here.path.read_bytes() + b"x")
    with pytest.raises(DatasetError, match="is not what was fetched; delete it"):
        kept("small", tmp_path)


def test_an_unknown_name_is_told_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="there is no data set 'nothing'; there are: youtube_spam, sms_spam"):
        fetch("nothing", tmp_path, at=AT)
    with pytest.raises(DatasetError, match="there is no data set"):
        kept("../secret", tmp_path)


# Local copies
def test_a_given_copy_needs_no_network(small: Callable[..., None], tmp_path: Path) -> None:
    small(sha256=None, address="")
    copy = tmp_path / "mine.csv"
    copy.write_bytes(ROWS)
    with pytest.raises(DatasetError, match=r"has no address.*--from FILE"):
        fetch("small", tmp_path / "here", at=AT)
    assert fetch("small", tmp_path / "here", at=AT, given=(copy,)).origin == "given"


def test_a_given_copy_is_checked_where_it_can_be(small: Callable[..., None], tmp_path: Path) -> None:
    small()
    copy = tmp_path / "rows.csv"
    copy.write_bytes(ROWS[:-3])
    with pytest.raises(DatasetError, match="expected"):
        fetch("small", tmp_path / "here", at=AT, given=(copy,))


def test_the_labelled_form_is_taken_and_its_broken_rows_are_told(small: Callable[..., None], tmp_path: Path) -> None:
    small()
    copy = tmp_path / "small.jsonl"
    copy.write_text('{"text": "Buy", "label": "spam", "source": "video"}\n{"text": "Hm", "label": "ham"}\n')
    here = fetch("small", tmp_path / "here", at=AT, given=(copy,))
    assert [one.source for one in read_examples(here.path).examples] == ["video", "small"]
    copy.write_text('{"text": "Buy", "label": "odd"}\n')
    with pytest.raises(DatasetError, match=r"small\.jsonl:1: label"):
        fetch("small", tmp_path / "here", at=AT, given=(copy,))
    assert kept("small", tmp_path / "here") == here


# Parsers, each on a file of the set's shape
def zipped(path: Path, **members: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in members.items():
            archive.writestr(name.replace("__", "/"), text)
    return path


def test_youtube_rows_have_their_video_and_no_date(tmp_path: Path) -> None:
    head = "COMMENT_ID,AUTHOR,DATE,CONTENT,CLASS\n"
    path = zipped(
        tmp_path / "y.zip",
        **{
            "Youtube01-Psy.csv": f'{head}z1,Ann,2013-11-07T06:20:48,"hi, all\ufeff",0\n',
            "__MACOSX/._Youtube01-Psy.csv": "\x00",
            "Youtube04-Eminem.csv": f"{head}z2,Bot,,my channel,1\n",
        },
    )
    assert list(parsers.youtube_spam([path])) == [
        {"text": "hi, all", "author": "Ann", "label": "ham", "source": "Youtube01-Psy"},
        {"text": "my channel", "author": "Bot", "label": "spam", "source": "Youtube04-Eminem"},
    ]


def test_sms_rows(tmp_path: Path) -> None:
    path = zipped(tmp_path / "s.zip", SMSSpamCollection='ham\tOk "lar\nspam\tWIN a prize\n', readme="x")
    assert [(row["label"], row["text"]) for row in parsers.sms_spam([path])] == [
        ("ham", 'Ok "lar'),
        ("spam", "WIN a prize"),
    ]


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def test_judol_and_telegram_rows(tmp_path: Path) -> None:
    judol = written(
        tmp_path, "j.csv", 'comment_id,author,comment_text,label\nU1,@a,"halo, semua",0\nU2,@b,slot gacor,1\n'
    )
    assert [row["label"] for row in parsers.judol([judol])] == ["ham", "spam"]
    spam, ham = written(tmp_path, "spam.txt", "earn\n\nmore\n"), written(tmp_path, "ham.txt", "hello\n")
    assert [row["label"] for row in parsers.tg_spam([spam, ham])] == ["spam", "spam", "ham"]


def test_templates_are_unspun(tmp_path: Path) -> None:
    post = written(
        tmp_path,
        "p.md",
        "---\ntitle: x\n---\n\nIt said:\n\n> {Great|Fine} {blog|{site|page}}!\n>\n> Thank\n> you.\n\nThe end.\n",
    )
    assert [row["text"] for row in parsers.spam_templates([post])] == ["Great blog!", "Thank you."]


def test_tables_of_ham(tmp_path: Path) -> None:
    known = {one.name: one for one in DATASETS}
    cold = written(tmp_path, "train.csv", ",split,topic,label,TEXT\n0,train,race,1,坏\n1,train,race,0,好\n")
    assert [(row["lang"], row["toxic"], row["label"]) for row in known["cold"].parse([cold])] == [
        ("zh", 1, "ham"),
        ("zh", 0, "ham"),
    ]
    mlma = zipped(
        tmp_path / "m.zip",
        hate_speech_mlma__fr_dataset="x",
        **{"hate_speech_mlma/fr_dataset.csv": "HITId,tweet,sentiment\n1,bonjour,normal\n2,zut,offensive\n"},
    )
    assert [(row["lang"], row["toxic"]) for row in known["mlma"].parse([mlma])] == [("fr", 0), ("fr", 1)]
    arff = written(tmp_path, "o.arff", "@relation x\n@attribute a {no,yes}\n@data\nyes,'que horror'\nno,'bom dia'\n")
    assert [row["text"] for row in parsers.offcombr([arff])] == ["que horror", "bom dia"]
    rows = written(tmp_path, "k.tsv", 'comments\tcontain_gender_bias\tbias\thate\n"좋다\tFalse\tnone\tnone\n')
    titles = written(tmp_path, "k.txt", "제목\n")
    assert list(parsers.korean_news([rows, titles])) == [
        {"text": '"좋다', "label": "ham", "lang": "ko", "post_title": "제목", "toxic": 0}
    ]


def test_another_version_of_a_set_is_told(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="has no column author, comment_text"):
        list(parsers.judol([written(tmp_path, "j.csv", "a,label\n1,2\n")]))
    with pytest.raises(CorpusError, match="is no ZIP"):
        list(parsers.sms_spam([written(tmp_path, "s.zip", "no")]))


# The command
def test_the_command_lists_fetches_and_tells_the_path(tmp_path: Path) -> None:
    copy = written(tmp_path, "copy.jsonl", '{"text": "Buy", "label": "spam"}\n{"text": "Hm", "label": "ham"}\n')
    run, data = CliRunner(), ["--data", str(tmp_path / "data")]
    told = run.invoke(commands, ["datasets", "list", *data])
    assert "youtube_spam" in told.output
    assert "evaluation only" in told.output
    missing = run.invoke(commands, ["datasets", "path", "youtube_spam", *data])
    assert isinstance(missing.exception, DatasetError)
    fetched = run.invoke(commands, ["datasets", "fetch", "youtube_spam", "--from", str(copy), *data])
    assert "2 comments, 1 of them spam" in fetched.output
    path = run.invoke(commands, ["datasets", "path", "youtube_spam", *data]).output.strip()
    assert len(read_examples(Path(path)).examples) == 2
    listed = [
        json.loads(line) for line in run.invoke(commands, ["datasets", "list", "--json", *data]).output.splitlines()
    ]
    assert listed[0]["path"] == path


def test_an_export_becomes_labelled_lines(tmp_path: Path) -> None:
    cases = Path(__file__).parent / "cases" / "exports"
    told = CliRunner().invoke(commands, ["convert", str(cases / "wordpress.xml")])
    assert [json.loads(line)["label"] for line in told.stdout.splitlines()] == ["ham", "ham", "spam", "ham"]
    assert "passed over: 1 pending" in told.stderr
    page = CliRunner().invoke(commands, ["convert", str(cases / "page_block.html"), "--label", "spam"])
    assert [json.loads(line)["author"] for line in page.stdout.splitlines()] == ["Bea", "Cy"]

"""What goes over the wire to each kind of blog, byte for byte, and what its answers mean: one file a case."""

import json
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from moderator.callbacks.address import parse
from moderator.callbacks.errors import Untellable
from moderator.callbacks.exchange import Answer
from moderator.callbacks.kinds import KINDS, Notice
from moderator.comment import STATUS_AFTER_WORD, Action, Comment, Decision, Reason, Verdict, Word
from moderator.store import CallbackKind, StoredComment

TRANSCRIPTS = sorted((Path(__file__).parent / "transcripts" / "callbacks").glob("*.toml"))
AT = datetime(2026, 11, 21, 19, tzinfo=UTC)


def notice(told: dict[str, Any]) -> Notice:
    """What a moderator said at seven in the evening, of a comment that was held for its link."""
    word = Word(told["word"])
    reasons = (Reason("link_only", "It is nothing but a link.", (3, 82)),)
    comment = StoredComment(
        id="01KAQ0000000000000000000",
        site_id=1,
        site_name="blog",
        comment=Comment("www.example.org", id=told.get("own_id", "7")),
        status=STATUS_AFTER_WORD[word],
        version=2,
        received=AT,
        changed=AT,
        decision=Decision(Action.HOLD, "link_only", 0.31, reasons, "m1"),
        decided=AT,
        verdict=Verdict(word, "ann", "page", AT),
    )
    secrets = (told["secret"],) if "secret" in told else ()
    return Notice("msg_2026", parse(told["address"]), secrets, comment, AT)


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_transcript(path: Path) -> None:
    told = tomllib.loads(path.read_text("utf-8"))
    kind, what = KINDS[CallbackKind(told["kind"])], notice(told)
    if "untellable" in told:
        with pytest.raises(Untellable) as error:
            kind.tell(what)
        assert str(error.value) == told["untellable"]
        return
    requests = kind.tell(what)
    assert len(requests) == len(told["call"])
    for request, call in zip(requests, told["call"], strict=True):
        assert request.address.path == call["path"]
        assert dict(request.headers) == call.get("headers", {})
        if "json" in call:
            assert json.loads(request.body) == call["json"]
        else:
            assert request.body == call["text"].encode()
    for answer in told.get("answer", ()):
        heard = Answer(answer["status"], answer.get("text", "").encode())
        assert kind.heard(what, heard) == answer["complaint"]


def test_each_kind_has_transcripts() -> None:
    kinds = {tomllib.loads(path.read_text("utf-8"))["kind"] for path in TRANSCRIPTS}
    assert kinds == {kind.value for kind in CallbackKind}

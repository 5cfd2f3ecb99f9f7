"""What the native protocol answers with, as JSON."""

from datetime import datetime
from typing import Any

from moderator.comment import Action, Decision, Verdict
from moderator.store import Deleted, Given, History, Remembered

NOT_STORED = "not_stored"


def decided(answer: Remembered) -> dict[str, Any]:
    """The decision that stands for a comment."""
    return {"id": answer.id, **decision(answer.decision)}


def decision(made: Decision) -> dict[str, Any]:
    """A decision in the words of the protocol."""
    return {
        "decision": made.action,
        "rule": made.rule,
        "score": made.score,
        "reasons": [reason.to_json() for reason in made.reasons],
        "model": made.model,
    }


def not_stored() -> dict[str, Any]:
    """A hold that nobody decided on and that is kept nowhere: it has no id, so nobody can ask for it."""
    reason = {"code": NOT_STORED, "text": "It could not be stored, so nobody has judged it: hold it and send it again."}
    nothing = {"decision": Action.HOLD, "rule": NOT_STORED, "score": None, "reasons": [reason], "model": ""}
    return {"id": None, "stored": False, **nothing}


def verdict_given(given: Given) -> dict[str, Any]:
    """A human's word, as it was stored."""
    return {"id": given.comment_id, "verdict": given.word, "status": given.status, "version": given.version}


def deleted(done: Deleted) -> dict[str, Any]:
    """A comment that is gone."""
    return {"id": done.comment_id, "status": "deleted", "version": done.version}


def history(whole: History) -> dict[str, Any]:
    """All that is known of one comment, lists oldest first."""
    now = whole.now
    return {
        "id": now.id,
        "status": now.status,
        "version": now.version,
        "received": _time(now.received),
        "changed": _time(now.changed),
        "comment": now.comment.to_json(),
        **decision(now.decision),
        "verdict": _verdict(now.verdict) if now.verdict else None,
        "verdicts": [_verdict(past.verdict) for past in whole.verdicts],
        "decisions": [
            {"number": past.number, "at": _time(past.at), **decision(past.decision)} for past in whole.decisions
        ],
        "revisions": [
            {"number": old.number, "until": _time(old.until), "verdict": old.word, "comment": old.comment.to_json()}
            for old in whole.revisions
        ],
    }


def _verdict(verdict: Verdict) -> dict[str, str]:
    return {"verdict": verdict.word, "by": verdict.by, "door": verdict.door, "at": _time(verdict.at)}


def _time(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")

"""What is answered: bodies byte for byte as clients compare them, and what else there is to say in headers."""

import re
import uuid
from collections.abc import Iterable

from flask import Response

from moderator.comment import Action, Decision, Status
from moderator.store import Doors, Remembered
from moderator.wire.akismet.form import Refused
from moderator.wire.problems import JSON_HEADERS

SPAM, HAM = "true", "false"
VALID = "valid"
THANKS = "Thanks for making the web a better place."
DEACTIVATED = "deactivated"
CONNECTED = "connected"
UNAVAILABLE = "unavailable"  # neither true nor false: WordPress asks again in 20 minutes

GUID = "X-akismet-guid"  # without it WordPress's plugin (5.5 and later) shows what we call spam
ERROR = "X-akismet-error"  # WordPress puts the comment to those that wait, Discourse to those to review
HELP = "X-akismet-debug-help"  # never on an answer that is none of an error: one client fails wherever it stands
DISCARD = ("X-akismet-pro-tip", "discard")
HELD = "held until a moderator has looked"
MOST_IN_A_HEADER = 500
NOT_IN_A_HEADER = re.compile("[^ -~]")
RETRY_AFTER = 10

ACTION_OF = {Status.APPROVED: Action.APPROVE, Status.HELD: Action.HOLD, Status.REJECTED: Action.REJECT}


def plain(body: str, *, status: int = 200, headers: Iterable[tuple[str, str]] = ()) -> Response:
    """A body of plain text, without a line end."""
    return Response(body.encode(), status, [*headers, *JSON_HEADERS], content_type="text/plain; charset=utf-8")


def checked(answer: Remembered, doors: Doors) -> Response:
    """What stands for a comment: the machine's decision, or the word of a human who has spoken since."""
    action = ACTION_OF.get(answer.status, answer.decision.action)
    return _said(answer.id, action, answer.decision, doors)


def tried(decision: Decision, doors: Doors) -> Response:
    """What would be decided, of a comment that is not kept."""
    return _said(new_guid(), decision.action, decision, doors)


def _said(guid: str, action: Action, decision: Decision, doors: Doors) -> Response:
    headers = [(GUID, guid), ("X-Moderator-Decision", action.value)]
    if action is decision.action:
        headers.append(("X-Moderator-Rule", decision.rule))
        if decision.reasons:
            headers.append(("X-Moderator-Reasons", in_header(" ".join(reason.text for reason in decision.reasons))))
    if decision.score is not None:
        headers.append(("X-Moderator-Score", f"{decision.score:.4f}"))
    if action is Action.HOLD:
        headers.append((ERROR, HELD))
        return plain(SPAM if doors.akismet_hold_is_spam else HAM, headers=headers)
    if action is Action.REJECT and doors.akismet_discard:
        headers.append(DISCARD)
    return plain(SPAM if action is Action.REJECT else HAM, headers=headers)


def refused(why: Refused, *, check: bool) -> Response:
    """Why there is no answer. To a check it says *hold* to clients that know how."""
    headers = [(HELP, in_header(str(why)))]
    if why.retry_after:
        headers.append(("Retry-After", str(why.retry_after)))
    return plain(why.body, status=why.status, headers=[*headers, *(_hold(str(why)) if check else ())])


def unavailable(doors: Doors | None, *, check: bool, asks_again: bool) -> Response:
    """Nothing can be decided or stored just now; nobody is told *not spam*.

    ``asks_again`` is a client that asks again later where it got neither true nor false. One that takes an error for
    *not spam* is told *spam* where its site wants that for what is held (``doors``; None: which site it is, is not
    known just now).
    """
    text = "the comment could not be stored; hold it and ask again"
    if check and doors is not None and doors.akismet_hold_is_spam and not asks_again:
        return plain(SPAM, headers=_hold(text))
    headers = [(HELP, text), ("Retry-After", str(RETRY_AFTER))]
    return plain(UNAVAILABLE, status=503, headers=[*headers, *(_hold(text) if check else ())])


def _hold(why: str) -> list[tuple[str, str]]:
    return [(GUID, new_guid()), (ERROR, in_header(why))]


def new_guid() -> str:
    """An id for an answer to a comment that is not stored."""
    return uuid.uuid4().hex


def in_header(text: str) -> str:
    """A text as a header may have it: one line of printable ASCII."""
    return NOT_IN_A_HEADER.sub("?", text[:MOST_IN_A_HEADER])

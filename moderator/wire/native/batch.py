"""Up to a thousand comments in one request: a JSON array, or lines of JSON (NDJSON) that are answered by lines.

Each comment has an answer of its own, in its place: what is wrong with one does not keep the others from theirs.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any

from moderator.comment import Comment
from moderator.moderation import Moderator, StoreUnavailable
from moderator.store import Receipt, Remembered, Site
from moderator.wire.json_body import JSON, media_type, parse
from moderator.wire.native import answers, reading
from moderator.wire.problems import Problem, encode, shown, unavailable

MOST_COMMENTS = 1000
AT_ONCE = 64  # comments a transaction
BODIES = 8  # a batch may be as long as so many single requests
LINES = ("application/x-ndjson", "application/ndjson", "application/jsonl")
TYPES = (*JSON, *LINES)

Item = Comment | Problem


def is_lines(content_type: str) -> bool:
    """Whether a body of this type is one JSON object a line."""
    return media_type(content_type) in LINES


def from_array(body: bytes) -> Sequence[Item]:
    """The comments of a JSON array. Problem: 400 where it is none, 413 where they are too many."""
    sent = parse(body)
    if not isinstance(sent, list):
        cure = f"send [{{…}}, {{…}}], or one object a line as {LINES[0]}"
        raise Problem(400, "the body must be a JSON array of comments", kind="bad-json", cure=cure)
    _check_count(len(sent))
    return [_item(one) for one in sent]


def from_lines(body: bytes, *, most_bytes: int) -> Iterator[Item]:
    """The comments, one a line; empty lines are passed over. Problem 413, before the first, where they are too many."""
    lines = [line for line in body.split(b"\n") if line.strip()]
    _check_count(len(lines))
    return (_line(line, most_bytes) for line in lines)


def judge(
    moderator: Moderator, site: Site, items: Iterable[Item], *, once: Sequence[Receipt]
) -> Iterator[list[dict[str, Any]]]:
    """The answers in the items' order, group by group, each stored when it is given.

    The first group is judged at once, and raises what ``Moderator.judge_many`` does. Where a later one cannot be
    stored, all from there on are answered with 503: who has waited once for a store that hangs need not wait again.
    """
    items = iter(items)
    first = list(islice(items, AT_ONCE))
    done = moderator.judge_many(site, _comments(first), once=once)
    return chain([_answers(first, done.answers)], _judge_rest(moderator, site, items, again=done.again))


def _judge_rest(
    moderator: Moderator, site: Site, items: Iterator[Item], *, again: bool
) -> Iterator[list[dict[str, Any]]]:
    failed: Problem | None = None
    while group := list(islice(items, AT_ONCE)):
        answered: Sequence[Remembered] = ()
        if failed is None:
            try:
                answered = moderator.judge_many(site, _comments(group), again=again).answers
            except StoreUnavailable as error:
                failed = unavailable(str(error))
        yield _answers([failed if failed and isinstance(item, Comment) else item for item in group], answered)


def as_array(groups: Iterable[list[dict[str, Any]]]) -> Iterator[bytes]:
    """The answers as a JSON array."""
    separator = b"["
    for group in groups:
        yield separator + encode(group)[1:-1].encode()
        separator = b","
    yield b"]"


def as_lines(groups: Iterable[list[dict[str, Any]]]) -> Iterator[bytes]:
    """The answers as NDJSON."""
    for group in groups:
        yield "".join(f"{encode(one)}\n" for one in group).encode()


def _check_count(count: int) -> None:
    if count > MOST_COMMENTS:
        detail = f"there are {count:,} comments; at most {MOST_COMMENTS:,} are taken at once"
        raise Problem(413, detail, kind="too-many", cure="send them in several batches")


def _line(line: bytes, most_bytes: int) -> Item:
    if len(line) > most_bytes:
        return Problem(413, f"the line is longer than {most_bytes:,} bytes", kind="too-large", cure="send less")
    try:
        return reading.comment(parse(line))
    except Problem as problem:
        return problem


def _item(sent: Any) -> Item:
    try:
        return reading.comment(sent)
    except Problem as problem:
        return problem


def _comments(items: Sequence[Item]) -> list[Comment]:
    return [item for item in items if isinstance(item, Comment)]


def _answers(items: Sequence[Item], answered: Sequence[Remembered]) -> list[dict[str, Any]]:
    given = iter(answered)
    return [shown(item) if isinstance(item, Problem) else _decided(next(given)) for item in items]


def _decided(answer: Remembered) -> dict[str, Any]:
    return {"status": 200 if answer.known else 201, **answers.decided(answer)}

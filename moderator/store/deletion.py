"""Comments that the blog has deleted.

What was said of them stays: the decisions without the words they quote, the verdicts, the times. The content stays
only where a human called it ham or spam, as it teaches; any other is overwritten with nothing but the blog's own id.
"""

import json

from sqlalchemy import Connection, or_, select, update

from moderator.comment import Status, Word
from moderator.store.access import Access
from moderator.store.errors import UnknownComment
from moderator.store.schema import comments, decisions, revisions
from moderator.store.values import Deleted, Site

TEACHES = (Word.HAM.value, Word.SPAM.value)
NO_FINGERPRINT = ""  # no content has it, so a deleted comment that is sent again is decided anew


class Deletions:
    """Deleting comments; ``store.deletions``."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def delete(self, site: Site, comment_id: str) -> Deleted:
        """Delete the comment of this site with our id; deleting it again changes nothing. UnknownComment."""
        at = self._access.now()
        return self._access.write(lambda c: delete(c, site.id, comment_id, at=at))


def delete(connection: Connection, site_id: int, comment_id: str, *, at: int) -> Deleted:
    """Delete it in this transaction."""
    one = comments.c.id == comment_id
    row = connection.execute(select(comments).where(one, comments.c.site_id == site_id).with_for_update()).first()
    if row is None:
        raise UnknownComment(f"there is no comment {comment_id[:64]!r} here; send its id as we answered it")
    if row.status == Status.DELETED:
        return Deleted(row.id, row.version)
    nothing = json.dumps({"id": row.external_id} if row.external_id else {}, ensure_ascii=False)
    # Of the former contents, too, those that nobody judged.
    silent = or_(revisions.c.word.is_(None), revisions.c.word.not_in(TEACHES))
    former = (revisions.c.comment_id == row.id) & silent
    numbers = select(revisions.c.number).where(former)
    connection.execute(
        update(decisions)
        .where(decisions.c.comment_id == row.id, decisions.c.number.in_(numbers))
        .values(reasons="[]", fingerprint=NO_FINGERPRINT)
    )
    connection.execute(update(revisions).where(former).values(content=nothing, fingerprint=NO_FINGERPRINT))
    erased = (
        {}
        if row.word in TEACHES
        else {"content": nothing, "reasons": "[]", "language": "", "has_link": False, "campaign": None, "traces": None}
    )
    version = row.version + 1
    connection.execute(
        update(comments)
        .where(one)
        .values(status=Status.DELETED.value, version=version, changed_at=at, fingerprint=NO_FINGERPRINT, **erased)
    )
    return Deleted(row.id, version)

"""What the queues are filtered by: the language a blog told, and whether a reader meets a link."""

import json

import sqlalchemy as sa
from alembic import op

from moderator.comment import Comment
from moderator.reading import read
from moderator.store.remember import language_of

revision = "0006"
down_revision = "0005"

AT_ONCE = 1000
HELD = sa.text("status = 'held'")
comments = sa.table("comments", *(sa.column(name) for name in ("id", "content", "language", "has_link")))


def upgrade() -> None:
    """Two columns, filled for what is there, and one index for what waits in place of a narrower one."""
    op.add_column("comments", sa.Column("language", sa.String(length=8), nullable=False, server_default=""))
    op.add_column("comments", sa.Column("has_link", sa.Boolean(), nullable=False, server_default=sa.false()))
    _fill(op.get_bind())
    op.drop_index("ix_comments_held_score", table_name="comments")
    op.create_index(
        "ix_comments_held",
        "comments",
        ["status", "score", "id", "received_at", "site_id", "rule", "language", "has_link"],
        unique=False,
        sqlite_where=HELD,
        postgresql_where=HELD,
    )


def _fill(connection: sa.Connection) -> None:
    """Read each comment as it would be read now; most are left as the columns' defaults have them."""
    last = ""
    of_id = sa.update(comments).where(comments.c.id == sa.bindparam("own"))
    change = of_id.values(language=sa.bindparam("tag"), has_link=sa.bindparam("link", type_=sa.Boolean()))
    page = sa.select(comments.c.id, comments.c.content).order_by(comments.c.id).limit(AT_ONCE)
    while rows := connection.execute(page.where(comments.c.id > last)).all():
        last = rows[-1].id
        found = [(row.id, *_of(row.content)) for row in rows]
        changed = [{"own": own, "tag": tag, "link": link} for own, tag, link in found if tag or link]
        if changed:
            connection.execute(change, changed)


def _of(content: str) -> tuple[str, bool]:
    comment = Comment.from_json(json.loads(content), needs_id=False, needs_body=False)
    return language_of(comment.language), bool(read(comment).links)

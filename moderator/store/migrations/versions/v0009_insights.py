"""Spot checks of what the machine decided alone, and an index that counts comments by day."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

COUNTED = ["site_id", "received_at", "action", "status", "word", "rule", "language", "score"]


def upgrade() -> None:
    """Two tables and one index."""
    op.create_table(
        "spot_checks",
        sa.Column(
            "comment_id",
            sa.String(26).with_variant(sa.String(26, collation="C"), "postgresql"),
            sa.ForeignKey("comments.id", name="fk_spot_checks_comment_id"),
            nullable=False,
        ),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("share", sa.Float(), nullable=False),
        sa.Column("drawn_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("comment_id", name="pk_spot_checks"),
    )
    op.create_table(
        "marks",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_marks"),
    )
    op.create_index("ix_comments_counted", "comments", COUNTED, unique=False)

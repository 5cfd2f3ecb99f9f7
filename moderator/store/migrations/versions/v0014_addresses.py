"""Whether a comment's content may have raw addresses in it, and an index to find those whose time is over."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

RAW = sa.text("addresses")


def upgrade() -> None:
    """All comments that are there may have some."""
    op.add_column("comments", sa.Column("addresses", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.create_index("ix_comments_addresses", "comments", ["changed_at"], sqlite_where=RAW, postgresql_where=RAW)

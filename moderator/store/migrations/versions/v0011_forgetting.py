"""Verdicts that were withdrawn as a set."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

ULID = sa.String(length=26).with_variant(sa.String(length=26, collation="C"), "postgresql")


def upgrade() -> None:
    """A mark, and an index to find a set by it."""
    op.add_column("verdicts", sa.Column("forgotten", ULID))
    op.create_index("ix_verdicts_forgotten", "verdicts", ["forgotten"], unique=False)

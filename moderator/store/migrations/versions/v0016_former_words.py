"""Former contents that somebody had judged are found by that alone: they are few."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

SAID = sa.text("verdict_id IS NOT NULL")


def upgrade() -> None:
    """One index."""
    op.create_index(
        "ix_revisions_verdict_id", "revisions", ["verdict_id"], unique=False, sqlite_where=SAID, postgresql_where=SAID
    )

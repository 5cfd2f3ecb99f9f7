"""What a comment's standing added to its score, so that scoring it anew can add it again."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Of what is there nothing is known, so nothing is added."""
    op.add_column("comments", sa.Column("standing", sa.Float(), nullable=False, server_default=sa.text("0")))

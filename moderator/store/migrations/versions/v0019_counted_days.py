"""What is counted by day stands together by day, so that it is counted in one walk; and what campaigns have of it."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

DAY = 86_400_000_000


def upgrade() -> None:
    """One index for another; of a million comments it takes 4 s on SQLite."""
    op.drop_index("ix_comments_counted", "comments")
    day = sa.text(f"(received_at / {DAY})")
    alike = ("action", "status", "word", "rule", "language", "score", "campaign")
    op.create_index("ix_comments_counted", "comments", ["site_id", day, *alike], unique=False)

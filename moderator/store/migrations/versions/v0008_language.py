"""In which language the pages speak to a person."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """One column; empty: as the browser asks."""
    op.add_column("people", sa.Column("language", sa.String(length=16), nullable=False, server_default=""))

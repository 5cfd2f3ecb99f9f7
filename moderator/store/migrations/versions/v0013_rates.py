"""How many requests came lately, by whom, for limits that all processes share."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """One small table; a row lives for twenty seconds."""
    op.create_table(
        "rates",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("stretch", sa.BigInteger(), nullable=False),
        sa.Column("requests", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("digest", "stretch", name=op.f("pk_rates")),
    )

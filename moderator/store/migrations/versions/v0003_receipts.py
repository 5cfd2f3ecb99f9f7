"""What a request did that is to happen once."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Ulid = sa.String(26).with_variant(sa.String(26, collation="C"), "postgresql")


def upgrade() -> None:
    """A table of receipts."""
    op.create_table(
        "receipts",
        sa.Column("site_id", Number, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("stamp", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("comment_id", Ulid, nullable=True),
        sa.Column("decision", sa.Integer(), nullable=True),
        sa.Column("known", sa.Boolean(), nullable=True),
        sa.Column("verdict_id", Number, nullable=True),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_receipts_site_id")),
        sa.PrimaryKeyConstraint("site_id", "name", name=op.f("pk_receipts")),
    )
    op.create_index(op.f("ix_receipts_at"), "receipts", ["at"], unique=False)

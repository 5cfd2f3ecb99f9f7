"""Campaigns, and what comments came with: authors, hosts, network addresses, posts."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

KNOWN = sa.text("campaign IS NOT NULL")
JUDGED = sa.text("campaign IS NOT NULL AND word IS NOT NULL")
OTHER = sa.text("campaign <> id")


def upgrade() -> None:
    """Two columns with an index, and three tables. What is there already belongs to no campaign."""
    op.add_column("comments", sa.Column("campaign", sa.BigInteger(), nullable=True))
    op.add_column("comments", sa.Column("traces", sa.LargeBinary(), nullable=True))
    op.create_index(
        "ix_comments_campaign_status_id",
        "comments",
        ["campaign", "status", "id"],
        unique=False,
        sqlite_where=KNOWN,
        postgresql_where=KNOWN,
    )
    op.create_index(
        "ix_comments_campaign_word_site_id",
        "comments",
        ["campaign", "word", "site_id"],
        unique=False,
        sqlite_where=JUDGED,
        postgresql_where=JUDGED,
    )
    op.create_table(
        "sightings",
        sa.Column("key", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("slot", sa.BigInteger(), nullable=False),
        sa.Column("now", sa.Integer(), nullable=False),
        sa.Column("before", sa.Integer(), nullable=False),
        sa.Column("spread", sa.BigInteger(), nullable=False),
        sa.Column("ham", sa.Integer(), nullable=False),
        sa.Column("spam", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_sightings")),
    )
    op.create_table(
        "sketches",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("campaign", sa.BigInteger(), nullable=False),
        sa.Column("places", sa.LargeBinary(), nullable=False),
        sa.Column("words", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sketches")),
    )
    op.create_index(
        "ix_sketches_campaign", "sketches", ["campaign"], unique=False, sqlite_where=OTHER, postgresql_where=OTHER
    )
    op.create_table(
        "bands",
        sa.Column("key", sa.BigInteger(), nullable=False),
        sa.Column("sketch_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", "sketch_id", name=op.f("pk_bands")),
        sqlite_with_rowid=False,
    )

"""What a site's own verdicts teach, in their order, and waiting comments scored anew for it."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

SAID = sa.text("verdict_id IS NOT NULL")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ULID = sa.String(length=26).with_variant(sa.String(length=26, collation="C"), "postgresql")

# The word on a former content was the last one before the edit.
FILL = """
UPDATE revisions SET verdict_id = (
    SELECT max(verdicts.id) FROM verdicts
    WHERE verdicts.comment_id = revisions.comment_id AND verdicts.at = revisions.word_at
      AND verdicts.word = revisions.word
) WHERE word IS NOT NULL
"""


def upgrade() -> None:
    """Three columns, one of them filled, two tables, and an index."""
    op.add_column("revisions", sa.Column("verdict_id", NUMBER))
    op.add_column("revisions", sa.Column("forgotten", ULID))
    op.add_column("verdicts", sa.Column("key", sa.String(length=16), nullable=False, server_default=""))
    op.execute(FILL)
    op.create_index(
        "ix_comments_site_id_verdict_id",
        "comments",
        ["site_id", "verdict_id"],
        unique=False,
        sqlite_where=SAID,
        postgresql_where=SAID,
    )
    op.create_table(
        "rescored",
        sa.Column("comment_id", ULID, nullable=False),
        sa.Column("site_id", NUMBER, nullable=False),
        sa.Column("decision", sa.Integer(), nullable=False),
        sa.Column("decided_score", sa.Float()),
        sa.Column("would", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("comment_id", name="pk_rescored"),
    )
    op.create_index("ix_rescored_site_id_would", "rescored", ["site_id", "would"], unique=False)
    op.create_table(
        "rescorings",
        sa.Column("site_id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("upto", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("waiting", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("claimed_by", ULID),
        sa.Column("claimed_until", sa.BigInteger()),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_rescorings_site_id"),
        sa.PrimaryKeyConstraint("site_id", name="pk_rescorings"),
    )

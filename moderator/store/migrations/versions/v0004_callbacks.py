"""Callbacks: where a site's blog is told of verdicts, and what is still to be told."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Ulid = sa.String(length=26).with_variant(sa.String(length=26, collation="C"), "postgresql")
Moment = sa.BigInteger()


def upgrade() -> None:
    """The addresses, and the outbox that is written in the verdict's own transaction."""
    op.create_table(
        "callbacks",
        sa.Column("site_id", Number, autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("allow_private", sa.Boolean(), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("disabled_at", Moment, nullable=True),
        sa.Column("trouble", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("paused_until", Moment, nullable=True),
        sa.Column("claimed_by", Ulid, nullable=True),
        sa.Column("claimed_until", Moment, nullable=True),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_callbacks_site_id")),
        sa.PrimaryKeyConstraint("site_id", name=op.f("pk_callbacks")),
    )
    op.create_table(
        "outbox",
        sa.Column("id", Ulid, nullable=False),
        sa.Column("site_id", Number, nullable=False),
        sa.Column("comment_id", Ulid, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("queued_at", Moment, nullable=False),
        sa.Column("next_at", Moment, nullable=False),
        sa.Column("finished_at", Moment, nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.CheckConstraint("state IN ('waiting', 'delivered', 'failed', 'dropped')", name=op.f("ck_outbox_state")),
        sa.ForeignKeyConstraint(["comment_id"], ["comments.id"], name=op.f("fk_outbox_comment_id")),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_outbox_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    op.create_index(op.f("ix_outbox_comment_id"), "outbox", ["comment_id"], unique=False)
    op.create_index(
        "ix_outbox_waiting",
        "outbox",
        ["site_id", "id"],
        unique=False,
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index("ix_outbox_state_id", "outbox", ["state", "id"], unique=False)
    op.create_index("ix_outbox_finished_at", "outbox", ["finished_at"], unique=False)

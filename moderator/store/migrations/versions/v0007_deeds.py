"""What people did last, what they were not sure of, and what they chose for themselves."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Ulid = sa.String(26).with_variant(sa.String(26, collation="C"), "postgresql")
Moment = sa.BigInteger()


def upgrade() -> None:
    """Three tables."""
    op.create_table(
        "deeds",
        sa.Column("id", Number, nullable=False),
        sa.Column("person_id", Number, nullable=False),
        sa.Column("word", sa.String(length=16), nullable=False),
        sa.Column("comment_id", Ulid, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("left_out", sa.Integer(), nullable=False),
        sa.Column("batch", Ulid, nullable=False),
        sa.Column("undone", sa.Boolean(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_deeds_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deeds")),
    )
    op.create_index("ix_deeds_person_id_id", "deeds", ["person_id", "id"], unique=False)
    op.create_table(
        "skips",
        sa.Column("person_id", Number, nullable=False),
        sa.Column("comment_id", Ulid, nullable=False),
        sa.Column("batch", Ulid, nullable=False),
        sa.Column("undone", sa.Boolean(), nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.ForeignKeyConstraint(["comment_id"], ["comments.id"], name=op.f("fk_skips_comment_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_skips_person_id")),
        sa.PrimaryKeyConstraint("person_id", "comment_id", name=op.f("pk_skips")),
    )
    op.create_index(op.f("ix_skips_comment_id"), "skips", ["comment_id"], unique=False)
    op.create_table(
        "preferences",
        sa.Column("person_id", Number, nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_preferences_person_id")),
        sa.PrimaryKeyConstraint("person_id", "name", name=op.f("pk_preferences")),
    )

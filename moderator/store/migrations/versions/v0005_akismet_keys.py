"""Keys of the Akismet protocol, which are too short for a plain digest."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Moment = sa.BigInteger()


def upgrade() -> None:
    """A table of keys beside the one of our own protocol's."""
    op.create_table(
        "akismet_keys",
        sa.Column("id", Number, nullable=False),
        sa.Column("site_id", Number, nullable=False),
        sa.Column("bucket", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("revoked_at", Moment, nullable=True),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_akismet_keys_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_akismet_keys")),
        sa.UniqueConstraint("digest", name=op.f("uq_akismet_keys_digest")),
    )
    op.create_index(op.f("ix_akismet_keys_bucket"), "akismet_keys", ["bucket"], unique=False)
    op.create_index(op.f("ix_akismet_keys_site_id"), "akismet_keys", ["site_id"], unique=False)

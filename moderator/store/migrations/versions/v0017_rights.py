"""Moderators of some sites only, and who wants the daily e-mail."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Two columns and one table."""
    op.add_column("people", sa.Column("limited", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("people", sa.Column("digest", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "person_sites",
        sa.Column("person_id", NUMBER, sa.ForeignKey("people.id", name="fk_person_sites_person_id"), nullable=False),
        sa.Column("site_id", NUMBER, sa.ForeignKey("sites.id", name="fk_person_sites_site_id"), nullable=False),
        sa.PrimaryKeyConstraint("person_id", "site_id", name="pk_person_sites"),
    )

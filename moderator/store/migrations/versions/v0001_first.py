"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# What these words meant at this level; schema.py may have moved on.
Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Ulid = sa.String(length=26).with_variant(sa.String(length=26, collation="C"), "postgresql")
Digest = sa.String(length=64)
Moment = sa.BigInteger()


def upgrade() -> None:
    """Sites, comments with their decisions and verdicts, people with their logins."""
    op.create_table(
        "failed_logins",
        sa.Column("digest", Digest, nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_failed_logins")),
    )
    op.create_index(op.f("ix_failed_logins_last_at"), "failed_logins", ["last_at"], unique=False)
    op.create_table(
        "people",
        sa.Column("id", Number, nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("password", sa.Text(), nullable=True),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("disabled_at", Moment, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
        sa.UniqueConstraint("login", name=op.f("uq_people_login")),
    )
    op.create_table(
        "sites",
        sa.Column("id", Number, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sites")),
        sa.UniqueConstraint("name", name=op.f("uq_sites_name")),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", Number, nullable=False),
        sa.Column("site_id", Number, nullable=False),
        sa.Column("shown", sa.String(length=16), nullable=False),
        sa.Column("digest", Digest, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("revoked_at", Moment, nullable=True),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_api_keys_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("digest", name=op.f("uq_api_keys_digest")),
    )
    op.create_index(op.f("ix_api_keys_site_id"), "api_keys", ["site_id"], unique=False)
    op.create_table(
        "comments",
        sa.Column("id", Ulid, nullable=False),
        sa.Column("site_id", Number, nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("fingerprint", Digest, nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("received_at", Moment, nullable=False),
        sa.Column("changed_at", Moment, nullable=False),
        sa.Column("decision", sa.Integer(), nullable=False),
        sa.Column("decided_at", Moment, nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("score", sa.Float(), nullable=True),
        sa.Column("reasons", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("verdict_id", Number, nullable=True),
        sa.Column("word", sa.String(length=16), nullable=True),
        sa.CheckConstraint("status IN ('approved', 'held', 'rejected', 'deleted')", name=op.f("ck_comments_status")),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name=op.f("fk_comments_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comments")),
        sa.UniqueConstraint("site_id", "external_id", name=op.f("uq_comments_site_id_external_id")),
    )
    op.create_index(
        "ix_comments_held_score",
        "comments",
        ["score", "id"],
        unique=False,
        sqlite_where=sa.text("status = 'held'"),
        postgresql_where=sa.text("status = 'held'"),
    )
    op.create_index("ix_comments_site_id_status_id", "comments", ["site_id", "status", "id"], unique=False)
    op.create_index("ix_comments_status_id", "comments", ["status", "id"], unique=False)
    op.create_index(
        "ix_comments_word_id",
        "comments",
        ["id"],
        unique=False,
        sqlite_where=sa.text("word IS NOT NULL"),
        postgresql_where=sa.text("word IS NOT NULL"),
    )
    op.create_table(
        "links",
        sa.Column("digest", Digest, nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("person_id", Number, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.Column("used_at", Moment, nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_links_person_id")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_links")),
    )
    op.create_index(op.f("ix_links_person_id"), "links", ["person_id"], unique=False)
    op.create_table(
        "sessions",
        sa.Column("digest", Digest, nullable=False),
        sa.Column("person_id", Number, nullable=False),
        sa.Column("csrf", Digest, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("seen_at", Moment, nullable=False),
        sa.Column("ended_at", Moment, nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_sessions_person_id")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_sessions")),
    )
    op.create_index(op.f("ix_sessions_person_id"), "sessions", ["person_id"], unique=False)
    op.create_table(
        "decisions",
        sa.Column("comment_id", Ulid, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("score", sa.Float(), nullable=True),
        sa.Column("reasons", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("fingerprint", Digest, nullable=False),
        sa.ForeignKeyConstraint(["comment_id"], ["comments.id"], name=op.f("fk_decisions_comment_id")),
        sa.PrimaryKeyConstraint("comment_id", "number", name=op.f("pk_decisions")),
    )
    op.create_table(
        "revisions",
        sa.Column("comment_id", Ulid, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("fingerprint", Digest, nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("until", Moment, nullable=False),
        sa.Column("word", sa.String(length=16), nullable=True),
        sa.Column("word_at", Moment, nullable=True),
        sa.ForeignKeyConstraint(["comment_id"], ["comments.id"], name=op.f("fk_revisions_comment_id")),
        sa.PrimaryKeyConstraint("comment_id", "number", name=op.f("pk_revisions")),
    )
    op.create_table(
        "verdicts",
        sa.Column("id", Number, nullable=False),
        sa.Column("comment_id", Ulid, nullable=False),
        sa.Column("word", sa.String(length=16), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("door", sa.Text(), nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("batch", Ulid, nullable=False),
        sa.Column("undoes", Number, nullable=True),
        sa.Column("word_before", sa.String(length=16), nullable=True),
        sa.Column("status_before", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("word IN ('ham', 'spam', 'unwanted', 'open')", name=op.f("ck_verdicts_word")),
        sa.ForeignKeyConstraint(["comment_id"], ["comments.id"], name=op.f("fk_verdicts_comment_id")),
        sa.ForeignKeyConstraint(["undoes"], ["verdicts.id"], name=op.f("fk_verdicts_undoes")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verdicts")),
        sa.UniqueConstraint("comment_id", "id", name=op.f("uq_verdicts_comment_id_id")),
    )
    op.create_index(op.f("ix_verdicts_batch"), "verdicts", ["batch"], unique=False)

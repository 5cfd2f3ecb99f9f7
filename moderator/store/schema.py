"""The tables as SQLAlchemy knows them; ``migrations/`` makes them, and a test compares the two.

Times are whole microseconds since 1970 in UTC: SQLite has no type for time, and its texts sort wrongly as soon as one
has another zone or no fraction. Integers sort the same on both engines and come back exactly as they went in.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ColumnElement,
    Connection,
    Float,
    ForeignKey,
    Index,
    Insert,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    literal_column,
    text,
    true,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite numbers rows by itself only where the type is written INTEGER.
Number = BigInteger().with_variant(Integer, "sqlite")
# Our ids sort by time only if compared byte by byte, which PostgreSQL does under no other collation for certain.
Ulid = String(26).with_variant(String(26, collation="C"), "postgresql")
Digest = String(64)  # SHA-256, hexadecimal
Moment = BigInteger

sites = Table(
    "sites",
    metadata,
    Column("id", Number, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("policy", Text, nullable=False),  # JSON
    Column("created_at", Moment, nullable=False),
    Column("doors", Text, nullable=False, server_default="{}"),  # JSON
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Number, primary_key=True),
    Column("site_id", Number, ForeignKey("sites.id"), nullable=False, index=True),
    Column("shown", String(16), nullable=False),
    Column("digest", Digest, nullable=False, unique=True),
    Column("created_at", Moment, nullable=False),
    Column("revoked_at", Moment),
)

# Of 48 bits only, as the protocol has them: see akismet_keys.py.
akismet_keys = Table(
    "akismet_keys",
    metadata,
    Column("id", Number, primary_key=True),
    Column("site_id", Number, ForeignKey("sites.id"), nullable=False, index=True),
    Column("bucket", Integer, nullable=False, index=True),
    Column("digest", Digest, nullable=False, unique=True),  # argon2id, hexadecimal
    Column("created_at", Moment, nullable=False),
    Column("revoked_at", Moment),
)

# Shared secrets that signatures are made or checked with. They have to be readable, so a digest would not do.
site_secrets = Table(
    "site_secrets",
    metadata,
    Column("id", Number, primary_key=True),
    Column("site_id", Number, ForeignKey("sites.id"), nullable=False),
    Column("purpose", String(16), nullable=False),
    Column("secret", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("revoked_at", Moment),
    Index("ix_site_secrets_site_id_purpose", "site_id", "purpose"),
)

DAY = 86_400_000_000  # microseconds
# Written out, not bound: only then a database sees that it is in the index.
received_day: ColumnElement[int] = literal_column(f"(received_at / {DAY})", BigInteger)

comments = Table(
    "comments",
    metadata,
    Column("id", Ulid, primary_key=True),
    Column("site_id", Number, ForeignKey("sites.id"), nullable=False),
    Column("external_id", Text),  # NULL where the blog gave none; NULLs are never equal, so each is its own row
    Column("fingerprint", Digest, nullable=False),
    Column("content", Text, nullable=False),  # JSON, Comment.to_json()
    Column("kind", Text, nullable=False),
    Column("status", String(16), nullable=False),
    Column("version", Integer, nullable=False),  # counts every change; what a moderator looked at
    Column("received_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    # The decision that stands, in the same row: so that a comment is stored by one insert, and shown without a join.
    Column("decision", Integer, nullable=False),  # its number; the former ones are in ``decisions``
    Column("decided_at", Moment, nullable=False),
    Column("action", String(16), nullable=False),
    Column("rule", Text, nullable=False),
    Column("score", Float),
    Column("reasons", Text, nullable=False),  # JSON
    Column("model", Text, nullable=False),
    Column("verdict_id", Number),  # the latest word on this content; NULL before one and after an edit
    Column("word", String(16)),
    # What the queue is filtered by and the other columns do not tell.
    Column("language", String(8), nullable=False, server_default=""),  # a primary subtag; empty: not known
    Column("has_link", Boolean, nullable=False, server_default=false()),
    # Which comments say nearly the same: they have one number here. NULL: too few words to tell, or deleted.
    Column("campaign", BigInteger),
    # Under which keys of ``sightings`` it counts as ham or spam once a human speaks: eight bytes each.
    Column("traces", LargeBinary),
    # Whether there may be raw addresses in the content, which privacy.py masks.
    Column("addresses", Boolean, nullable=False, server_default=true()),
    # What humans said before of its author, hosts and network added to its log-odds, which scoring anew adds again.
    Column("standing", Float, nullable=False, server_default=text("0")),
    UniqueConstraint("site_id", "external_id"),
    CheckConstraint("status IN ('approved', 'held', 'rejected', 'deleted')", name="status"),
    # The queue of one status, newest first, of all sites and of one; the ids sort by time.
    Index("ix_comments_status_id", "status", "id"),
    Index("ix_comments_site_id_status_id", "site_id", "status", "id"),
    # What waits can be sorted and filtered by more, from this index alone; the approved majority costs it nothing.
    Index(
        "ix_comments_held",
        "status",
        "score",
        "id",
        "received_at",
        "site_id",
        "rule",
        "language",
        "has_link",
        sqlite_where=text("status = 'held'"),
        postgresql_where=text("status = 'held'"),
    ),
    Index(
        "ix_comments_campaign_status_id",
        "campaign",
        "status",
        "id",
        sqlite_where=text("campaign IS NOT NULL"),
        postgresql_where=text("campaign IS NOT NULL"),
    ),
    # What humans said of a campaign.
    Index(
        "ix_comments_campaign_word_site_id",
        "campaign",
        "word",
        "site_id",
        sqlite_where=text("campaign IS NOT NULL AND word IS NOT NULL"),
        postgresql_where=text("campaign IS NOT NULL AND word IS NOT NULL"),
    ),
    # What the insights count, by day, from this index alone. Groups that stand together need no sorting, which took
    # three times as long.
    Index(
        "ix_comments_counted",
        "site_id",
        text(received_day.name),
        "action",
        "status",
        "word",
        "rule",
        "language",
        "score",
        "campaign",
    ),
    Index("ix_comments_addresses", "changed_at", sqlite_where=text("addresses"), postgresql_where=text("addresses")),
    # What teaches.
    Index(
        "ix_comments_word_id", "id", sqlite_where=text("word IS NOT NULL"), postgresql_where=text("word IS NOT NULL")
    ),
    # What teaches a site, in the order in which it was said.
    Index(
        "ix_comments_site_id_verdict_id",
        "site_id",
        "verdict_id",
        sqlite_where=text("verdict_id IS NOT NULL"),
        postgresql_where=text("verdict_id IS NOT NULL"),
    ),
)

# Whom and what comments came with: a row for each author, host, network address, post, site and campaign, by a keyed
# hash, so that nobody's address stands here.
sightings = Table(
    "sightings",
    metadata,
    Column("key", Number, primary_key=True, autoincrement=False),
    Column("kind", SmallInteger, nullable=False),
    Column("first_at", Moment, nullable=False),
    Column("last_at", Moment, nullable=False),
    Column("total", Integer, nullable=False),
    # How many in the span of time number ``slot``, and in the one before it.
    Column("slot", BigInteger, nullable=False),
    Column("now", Integer, nullable=False),
    Column("before", Integer, nullable=False),
    Column("spread", BigInteger, nullable=False),  # a bit for each of 62 groups of authors that were among them
    Column("ham", Integer, nullable=False),  # comments that a human calls so now
    Column("spam", Integer, nullable=False),
)

# Sketches of comments (campaigns.py): of the first of each campaign, and of others that are least like those there are.
# The id begins with the time. Most campaigns are one comment.
sketches = Table(
    "sketches",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=False),
    Column("campaign", BigInteger, nullable=False),
    Column("places", LargeBinary, nullable=False),
    Column("words", Integer, nullable=False),
    Index(
        "ix_sketches_campaign",
        "campaign",
        sqlite_where=text("campaign <> id"),
        postgresql_where=text("campaign <> id"),
    ),
)

# Under which keys a sketch is found again.
bands = Table(
    "bands",
    metadata,
    Column("key", BigInteger, nullable=False),
    Column("sketch_id", BigInteger, nullable=False),
    PrimaryKeyConstraint("key", "sketch_id"),
    sqlite_with_rowid=False,
)

revisions = Table(
    "revisions",
    metadata,
    Column("comment_id", Ulid, ForeignKey("comments.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("fingerprint", Digest, nullable=False),
    Column("content", Text, nullable=False),
    Column("until", Moment, nullable=False),
    Column("word", String(16)),  # the human's word on this content, if there was one
    Column("word_at", Moment),
    Column("verdict_id", Number),
    Column("forgotten", Ulid),  # the withdrawal that the word is part of: it teaches no more
    PrimaryKeyConstraint("comment_id", "number"),
    Index(
        "ix_revisions_verdict_id",
        "verdict_id",
        sqlite_where=text("verdict_id IS NOT NULL"),
        postgresql_where=text("verdict_id IS NOT NULL"),
    ),
)

# Former ones: an edit moves the decision that stood here.
decisions = Table(
    "decisions",
    metadata,
    Column("comment_id", Ulid, ForeignKey("comments.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("at", Moment, nullable=False),
    Column("action", String(16), nullable=False),
    Column("rule", Text, nullable=False),
    Column("score", Float),
    Column("reasons", Text, nullable=False),  # JSON
    Column("model", Text, nullable=False),
    Column("fingerprint", Digest, nullable=False),
    PrimaryKeyConstraint("comment_id", "number"),
)

verdicts = Table(
    "verdicts",
    metadata,
    Column("id", Number, primary_key=True),
    Column("comment_id", Ulid, ForeignKey("comments.id"), nullable=False),
    Column("word", String(16), nullable=False),
    Column("by", Text, nullable=False),
    Column("door", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("batch", Ulid, nullable=False, index=True),
    Column("undoes", Number, ForeignKey("verdicts.id")),
    # What an undo restores, and the version that the comment got: if it has another by now, undoing is too late.
    Column("word_before", String(16)),
    Column("status_before", String(16), nullable=False),
    Column("version", Integer, nullable=False),
    # Whose key the sender had, by its first characters as they are shown; empty where it was no key.
    Column("key", String(16), nullable=False, server_default=""),
    Column("forgotten", Ulid, index=True),  # the withdrawal that it is part of: it counts no more
    UniqueConstraint("comment_id", "id"),
    CheckConstraint("word IN ('ham', 'spam', 'unwanted', 'open')", name="word"),
)

# Waiting comments that were scored anew after their site's verdicts. No foreign key: what is left of a comment that is
# gone says nothing of it, and must not keep it from going.
rescored = Table(
    "rescored",
    metadata,
    Column("comment_id", Ulid, primary_key=True),
    Column("site_id", Number, nullable=False),
    Column("decision", Integer, nullable=False),  # the number of the decision that it is about
    Column("decided_score", Float),  # as it was decided; comments.score is today's
    Column("would", String(16), nullable=False),  # what the score alone would decide today
    Index("ix_rescored_site_id_would", "site_id", "would"),
)

# How far each site's waiting comments are scored anew, and which process is at it.
rescorings = Table(
    "rescorings",
    metadata,
    Column("site_id", Number, ForeignKey("sites.id"), primary_key=True, autoincrement=False),
    Column("model", Text, nullable=False),
    Column("upto", BigInteger, nullable=False),  # the newest verdict that is in it
    Column("at", Moment, nullable=False),
    Column("waiting", Integer, nullable=False),
    Column("changed", Integer, nullable=False),  # of these, how many crossed a threshold at that time
    Column("claimed_by", Ulid),
    Column("claimed_until", Moment),
)

# What a request did that is to happen once, so that it can be told again; kept for a day.
receipts = Table(
    "receipts",
    metadata,
    Column("site_id", Number, ForeignKey("sites.id"), nullable=False),
    Column("name", Digest, nullable=False),  # of the key, or of the message's id
    Column("fingerprint", Digest, nullable=False),  # of the whole request
    Column("stamp", BigInteger, nullable=False),  # of a signed message the second it was signed in, else 0
    Column("at", Moment, nullable=False, index=True),
    # What came of it: a decision on a comment, a verdict on one, or, all NULL, a batch.
    Column("comment_id", Ulid),
    Column("decision", Integer),
    Column("known", Boolean),
    Column("verdict_id", Number),
    PrimaryKeyConstraint("site_id", "name"),
)

# Where a site's blog is told of verdicts. Its queue is worked by one process at a time: by the one that has claimed it.
callbacks = Table(
    "callbacks",
    metadata,
    Column("site_id", Number, ForeignKey("sites.id"), primary_key=True, autoincrement=False),
    Column("kind", String(32), nullable=False),
    Column("url", Text, nullable=False),
    Column("allow_private", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("disabled_at", Moment),  # the blog said that the address is gone
    Column("trouble", Text, nullable=False),  # what the last attempt met; empty while all is well
    Column("failures", Integer, nullable=False),  # how often in a row the blog could not be reached
    Column("paused_until", Moment),
    Column("claimed_by", Ulid),
    Column("claimed_until", Moment),
)

# What blogs are to be told. Only that there is something: what, is read from the comment when it is sent.
outbox = Table(
    "outbox",
    metadata,
    Column("id", Ulid, primary_key=True),
    Column("site_id", Number, ForeignKey("sites.id"), nullable=False),
    Column("comment_id", Ulid, ForeignKey("comments.id"), nullable=False, index=True),
    Column("version", Integer, nullable=False),  # the comment's; at a later one this has nothing to tell any more
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("queued_at", Moment, nullable=False),  # or repeated by hand
    Column("next_at", Moment, nullable=False),
    Column("finished_at", Moment),
    Column("note", Text, nullable=False),  # how the last attempt went
    CheckConstraint("state IN ('waiting', 'delivered', 'failed', 'dropped')", name="state"),
    Index(
        "ix_outbox_waiting",
        "site_id",
        "id",
        sqlite_where=text("state = 'waiting'"),
        postgresql_where=text("state = 'waiting'"),
    ),
    Index("ix_outbox_state_id", "state", "id"),
    Index("ix_outbox_finished_at", "finished_at"),
)

# Decided by the machine alone, and put before moderators all the same, to count its errors.
spot_checks = Table(
    "spot_checks",
    metadata,
    Column("comment_id", Ulid, ForeignKey("comments.id"), primary_key=True),
    Column("action", String(16), nullable=False),  # what the machine had decided
    Column("share", Float, nullable=False),  # with what probability it was drawn
    Column("drawn_at", Moment, nullable=False),
)

# How far something has come that is done once for all processes.
marks = Table(
    "marks",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)

people = Table(
    "people",
    metadata,
    Column("id", Number, primary_key=True),
    Column("login", Text, nullable=False, unique=True),  # lower case
    Column("password", Text),  # argon2id; NULL until the one-time link is used
    Column("role", String(16), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("disabled_at", Moment),
    Column("language", String(16), nullable=False, server_default=""),  # of the pages; empty: as the browser asks
    Column("limited", Boolean, nullable=False, server_default=false()),  # to the sites in person_sites
    Column("digest", Boolean, nullable=False, server_default=false()),  # wants the daily e-mail
)

person_sites = Table(
    "person_sites",
    metadata,
    Column("person_id", Number, ForeignKey("people.id"), nullable=False),
    Column("site_id", Number, ForeignKey("sites.id"), nullable=False),
    PrimaryKeyConstraint("person_id", "site_id"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("digest", Digest, primary_key=True),  # of the token
    Column("person_id", Number, ForeignKey("people.id"), nullable=False, index=True),
    Column("csrf", String(64), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("ended_at", Moment),
)

links = Table(
    "links",
    metadata,
    Column("digest", Digest, primary_key=True),  # of the token
    Column("purpose", String(16), nullable=False),
    Column("person_id", Number, ForeignKey("people.id"), nullable=False, index=True),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("used_at", Moment),
)

# What each person did last, so that it can be taken back, and done again: a verdict or a batch is one row.
deeds = Table(
    "deeds",
    metadata,
    Column("id", Number, primary_key=True),
    Column("person_id", Number, ForeignKey("people.id"), nullable=False),
    Column("word", String(16), nullable=False),  # what was said of them; ``skip``: nothing, they were put off
    Column("comment_id", Ulid, nullable=False),  # the first of them
    Column("number", Integer, nullable=False),  # of the comments
    Column("left_out", Integer, nullable=False),  # those on which somebody was faster
    Column("batch", Ulid, nullable=False),  # which is taken back next: theirs, or that of the undoing
    Column("undone", Boolean, nullable=False),
    Column("turn", Integer, nullable=False),  # counts all that the person did, took back and did again
    Column("at", Moment, nullable=False),
    Index("ix_deeds_person_id_id", "person_id", "id"),
)

# What a person was not sure of. For them these come last; somebody else may be surer.
skips = Table(
    "skips",
    metadata,
    Column("person_id", Number, ForeignKey("people.id"), nullable=False),
    Column("comment_id", Ulid, ForeignKey("comments.id"), nullable=False, index=True),
    Column("batch", Ulid, nullable=False),
    Column("undone", Boolean, nullable=False),
    Column("at", Moment, nullable=False),
    PrimaryKeyConstraint("person_id", "comment_id"),
)

# What each person chose for themselves: the page knows which names there are.
preferences = Table(
    "preferences",
    metadata,
    Column("person_id", Number, ForeignKey("people.id"), nullable=False),
    Column("name", String(32), nullable=False),
    Column("value", Text, nullable=False),
    PrimaryKeyConstraint("person_id", "name"),
)

failed_logins = Table(
    "failed_logins",
    metadata,
    Column("digest", Digest, primary_key=True),  # of account, network or both: what people mistype stays unread
    Column("failures", Integer, nullable=False),
    Column("last_at", Moment, nullable=False, index=True),
)

# Models that nodes share. Files are some megabytes; order has one row.
model_files = Table(
    "model_files",
    metadata,
    Column("model", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    PrimaryKeyConstraint("model", "name"),
)

model_order = Table(
    "model_order",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("ids", Text, nullable=False),  # JSON: the one in force, then those before it
    Column("changed_at", Moment, nullable=False),
)

# Requests of a site, or wrong keys of a network, in a stretch of ten seconds.
rates = Table(
    "rates",
    metadata,
    Column("digest", Digest, primary_key=True),
    Column("stretch", BigInteger, primary_key=True, autoincrement=False),
    Column("requests", Integer, nullable=False),
)


def new_number(connection: Connection, row: Insert) -> int:
    """Insert one row; the number that it got."""
    key = connection.execute(row).inserted_primary_key
    assert key is not None  # one row, into a table with a number
    return int(key[0])

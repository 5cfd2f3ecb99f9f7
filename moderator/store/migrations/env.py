"""What Alembic runs: the migrations, within the transaction (and under the lock) that upgrade.py has begun."""

from alembic import context

from moderator.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()

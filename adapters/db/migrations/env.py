"""What alembic runs: revisions over the connection that `migrate.py` hands in, inside its transaction."""

from __future__ import annotations

from alembic import context
from sqlalchemy import text

from adapters.db.schema import METADATA

_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(7031998)")  # any number that is the same in every release

connection = context.config.attributes["connection"]
if connection.dialect.name == "postgresql":
    connection.execute(_ONE_AT_A_TIME)
context.configure(connection=connection, target_metadata=METADATA)
context.run_migrations()

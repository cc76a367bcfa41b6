"""A database that was opened to be read refuses every write by itself, whoever tries."""

from __future__ import annotations

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.exc import DBAPIError

from adapters.db.database import Database
from adapters.db.errors import StoreUnavailable
from adapters.db.tables import BEAT
from adapters.evidence.journal import Journal
from engine.audit.journal import EntryType
from tests.support.builders import MORNING


def test_nothing_is_written_through_a_database_that_is_only_read(database: Database) -> None:
    only = Database(
        database.engine.url.render_as_string(hide_password=False).replace("+psycopg", ""), read_only=True
    )
    try:
        with pytest.raises((StoreUnavailable, DBAPIError)), only.writing() as connection:
            connection.execute(insert(BEAT).values(worker="w", at=1))
        with pytest.raises((StoreUnavailable, DBAPIError)):
            Journal(only, "示例").record(EntryType.REPLAYED, {"cases": 1}, at=MORNING)
        with only.reading() as connection:
            assert connection.scalar(select(func.count()).select_from(BEAT)) == 0
    finally:
        only.close()

"""The migrations build exactly what the tables say, and can be undone."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from adapters.db import migrate
from adapters.db.database import Database
from adapters.db.schema import METADATA
from tests.support.servers import fresh_database

SQLITE_SCHEMA = """
SELECT type, tbl_name, name, replace(replace(sql, char(9), ''), char(10), '') FROM sqlite_master
WHERE type IN ('table', 'index') AND tbl_name <> 'alembic_version' ORDER BY 1, 2, 3
"""
POSTGRES_SCHEMA = """
SELECT 'column', table_name, column_name,
       concat_ws(' ', ordinal_position, data_type, collation_name, is_nullable, column_default)
FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'alembic_version'
UNION ALL
SELECT 'index', tablename, indexname, indexdef FROM pg_indexes
WHERE schemaname = 'public' AND tablename <> 'alembic_version'
UNION ALL
SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = 'public'::regnamespace AND conrelid <> 0 AND conname NOT LIKE 'alembic%'
ORDER BY 1, 2, 3
"""


@pytest.fixture(params=["sqlite", "postgres"])
def urls(request: pytest.FixtureRequest, tmp_path: Path):  # type: ignore[no-untyped-def]
    """Two empty databases of one kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'one.db'}", f"sqlite:///{tmp_path / 'two.db'}"
        return
    server = request.getfixturevalue("postgres_server_url")
    with fresh_database(server) as one, fresh_database(server) as two:
        yield one, two


def schema(url: str) -> list[tuple[str, ...]]:
    database = Database(url)
    statement = SQLITE_SCHEMA if database.is_sqlite else POSTGRES_SCHEMA
    with database.reading() as connection:
        found = [tuple(row) for row in connection.execute(sqlalchemy.text(statement))]
    database.close()
    return found


def test_the_migrations_build_what_the_tables_declare(urls: tuple[str, str]) -> None:
    migrated, declared = urls
    migrate.upgrade(migrated)
    database = Database(declared)
    with database.writing() as connection:
        METADATA.create_all(connection)
    database.close()
    assert schema(migrated) == schema(declared)


def test_alembic_finds_nothing_left_to_generate(urls: tuple[str, str]) -> None:
    migrate.upgrade(urls[0])
    database = Database(urls[0])
    with database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    database.close()


def test_a_new_database_is_at_no_revision_and_an_upgraded_one_at_the_head(urls: tuple[str, str]) -> None:
    assert migrate.current(urls[0]) == ""
    migrate.upgrade(urls[0])
    assert migrate.current(urls[0]) == migrate.head()


def test_upgrading_twice_changes_nothing(urls: tuple[str, str]) -> None:
    migrate.upgrade(urls[0])
    once = schema(urls[0])
    migrate.upgrade(urls[0])
    assert schema(urls[0]) == once


def test_a_downgrade_to_the_base_leaves_nothing_and_can_be_upgraded_again(urls: tuple[str, str]) -> None:
    migrate.upgrade(urls[0])
    before = schema(urls[0])
    migrate.downgrade(urls[0])
    assert schema(urls[0]) == []
    migrate.upgrade(urls[0])
    assert schema(urls[0]) == before

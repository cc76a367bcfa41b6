"""The three stores, each new for every test; PostgreSQL databases are copies of one migrated template."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.db import migrate
from adapters.db.database import Database
from engine.ports import Store
from tests.support.servers import fresh_database
from tests.support.stores import Backend, memory_backend, store_of, stored_rows


@pytest.fixture(scope="session")
def postgres_template(postgres_server_url: str) -> Iterator[str]:
    with fresh_database(postgres_server_url) as url:
        migrate.upgrade(url)
        yield url.rsplit("/", 1)[1]


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    migrate.upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_database(sqlite_template: Path, tmp_path: Path) -> Iterator[Database]:
    shutil.copy(sqlite_template, tmp_path / "test.db")
    database = Database(f"sqlite:///{tmp_path / 'test.db'}")
    yield database
    database.close()


@pytest.fixture
def postgres_database(postgres_server_url: str, postgres_template: str) -> Iterator[Database]:
    with fresh_database(postgres_server_url, template=postgres_template) as url:
        database = Database(url)
        yield database
        database.close()


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> Database:
    found: Database = request.getfixturevalue(f"{request.param}_database")
    return found


@pytest.fixture
def sql_backend(database: Database) -> Iterator[Backend]:
    """Only the stores that keep tables in a database."""
    store = store_of(database)
    yield Backend(store, lambda table: stored_rows(database, table), database)
    store.close()


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def backend(request: pytest.FixtureRequest) -> Iterator[Backend]:
    if request.param == "memory":
        yield memory_backend()
        return
    database: Database = request.getfixturevalue(f"{request.param}_database")
    store = store_of(database)
    yield Backend(store, lambda table: stored_rows(database, table), database)
    store.close()


@pytest.fixture
def store(backend: Backend) -> Store:
    return backend.store

"""A database that goes away and comes back: the error says so, nothing is kept half, and the next unit works."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest

from adapters.db import migrate
from adapters.db.database import Database
from adapters.db.errors import StoreUnavailable
from adapters.db.postgres import PostgresStore
from adapters.db.views import Views
from engine.case import CaseId
from engine.ports import CaseWrite, Store
from tests.support.builders import moved, noting, opened, written
from tests.support.servers import Server


@pytest.fixture
def own_database(own_postgres: Server) -> Iterator[Database]:
    migrate.upgrade(own_postgres.url)
    database = Database(own_postgres.url)
    yield database
    database.close()


def write_through_an_outage(store: Store, server: Server, write: CaseWrite) -> None:
    """The server goes and comes back between the write and the commit."""
    with store.unit() as unit:
        unit.write(written(write))
        server.kill()
        server.restart()


def test_a_unit_cut_off_by_the_server_keeps_nothing_and_the_next_one_works(
    own_postgres: Server, own_database: Database
) -> None:
    store = PostgresStore(own_database, connections=2)
    new = opened("A-1")
    with store.unit() as unit:
        unit.write(written(new))
    with pytest.raises(StoreUnavailable):
        write_through_an_outage(store, own_postgres, moved(new.case, [noting("没有提交")]))
    with store.unit() as unit:
        unit.write(written(moved(new.case, [noting("提交了")])))
    assert len(store.history(CaseId("A-1"))) == 2
    store.close()


def test_idle_connections_are_replaced_after_a_restart(own_postgres: Server, own_database: Database) -> None:
    store, views = PostgresStore(own_database, connections=2), Views(own_database)
    with store.unit() as one, store.unit() as two:
        assert one.load([CaseId("A-1")], []).cases == two.load([CaseId("A-1")], []).cases
    assert views.case_ids() == []
    own_postgres.kill()
    own_postgres.restart()
    with store.unit() as one, store.unit() as two:
        one.write(written(opened("A-1")))
        two.write(written(opened("A-2")))
    assert views.case_ids() == ["A-1", "A-2"]
    store.close()


def test_a_broken_connection_gives_its_place_back(own_postgres: Server, own_database: Database) -> None:
    """More outages than there are places."""
    store = PostgresStore(own_database, connections=1)
    for _ in range(3):
        with pytest.raises(StoreUnavailable):
            write_through_an_outage(store, own_postgres, opened("A-1"))
    with store.unit() as unit:
        unit.write(written(opened("A-1")))
    store.close()


def test_an_error_of_the_caller_passes_through_untouched(sqlite_database: Database) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="of the caller"), sqlite_database.reading():
        raise sqlite3.IntegrityError("of the caller")


def test_a_database_that_was_never_there_is_said_to_be_unavailable() -> None:
    database = Database("postgresql://nobody@127.0.0.1:1/none")
    store = PostgresStore(database)
    with pytest.raises(StoreUnavailable), database.reading():
        pass
    with pytest.raises(StoreUnavailable), store.unit():
        pass

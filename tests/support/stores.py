"""What the contract tests see of a store: the port, and its rows as they are kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy

from adapters.db.database import Database
from adapters.db.postgres import PostgresStore
from adapters.db.schema import METADATA
from adapters.db.sqlite import SqliteStore
from adapters.memory import MemoryStore
from engine.ports import CaseWrite, Store
from tests.support.builders import written

TABLES = ("case", "event", "receipt", "task", "holding", "involved", "secret")


@dataclass(frozen=True)
class Backend:
    """`rows("task")` are in the order of the primary key; `database` is None for memory."""

    store: Store
    rows: Callable[[str], list[dict[str, Any]]]
    database: Database | None = None


def memory_backend() -> Backend:
    store = MemoryStore()
    return Backend(store, lambda table: [row._asdict() for _, row in sorted(store.tables[table].items())])


def store_of(database: Database) -> SqliteStore | PostgresStore:
    return SqliteStore(database) if database.is_sqlite else PostgresStore(database)


def stored_rows(database: Database, name: str) -> list[dict[str, Any]]:
    table = METADATA.tables[name]
    with database.reading() as connection:
        found = connection.execute(sqlalchemy.select(table).order_by(*table.primary_key.columns))
        return [dict(row) for row in found.mappings()]


def write(store: Store, *writes: CaseWrite) -> None:
    """One transaction, with the receipt of every event."""
    with store.unit() as unit:
        unit.write(written(*writes))

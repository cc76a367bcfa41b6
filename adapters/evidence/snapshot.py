"""Reading many rows through the raw driver, all as of one moment: for what looks at the whole log.

SQLAlchemy would cost more than what is done with a row. Nothing is written and nothing is kept: rows stream.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, Final, NamedTuple, Protocol

import psycopg

from adapters.db import errors
from adapters.db.database import BUSY_SECONDS, Database

__all__ = ["WHOLE", "Part", "Snapshot", "parts", "snapshot"]

_ROWS_AT_ONCE = 2_000


class Part(NamedTuple):
    """The histories of the cases after `after`, up to `until`; without `until` all that follow."""

    after: str = ""
    until: str | None = None


WHOLE: Final = Part()


class Snapshot(Protocol):
    def rows(self, query: str, parameters: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """Streamed. `query` has `?` for its parameters."""
        ...


@contextmanager
def snapshot(database: Database) -> Iterator[Snapshot]:
    """Every query sees what was committed when the first one began. Errors: `StoreUnavailable`."""
    opened = _sqlite(database) if database.is_sqlite else _postgres(database)
    with opened as found:
        yield found


def parts(database: Database, wanted: int) -> list[Part]:
    """All cases in about `wanted` parts of nearly as many cases each, in their order."""
    with snapshot(database) as found:
        ((count,),) = found.rows('SELECT count(*) FROM "case"')
        size = max(1, -(-count // max(1, wanted)))
        query = 'SELECT id FROM "case" ORDER BY id LIMIT 1 OFFSET ?'
        ends = [end for at in range(size, count, size) for (end,) in found.rows(query, [at - 1])]
    return [Part(*ends_of) for ends_of in zip(["", *ends], [*ends, None], strict=True)]


class _SqliteSnapshot:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, query: str, parameters: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        return self._connection.execute(query, parameters)


@contextmanager
def _sqlite(database: Database) -> Iterator[Snapshot]:
    try:
        connection = sqlite3.connect(database.path, timeout=BUSY_SECONDS, isolation_level=None)
        try:
            # What is no UTF-8 is no column of the bytes: it must be found, and not end the search.
            connection.text_factory = partial(str, encoding="utf-8", errors="replace")
            connection.execute("PRAGMA query_only=ON")
            connection.execute("BEGIN")
            yield _SqliteSnapshot(connection)
        finally:
            connection.close()
    except sqlite3.OperationalError as error:
        raise errors.unavailable(error) from error


class _PostgresSnapshot:
    def __init__(self, connection: psycopg.Connection[tuple[Any, ...]]) -> None:
        self._connection = connection
        self._named = 0

    def rows(self, query: str, parameters: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        self._named += 1
        with self._connection.cursor(f"rows_{self._named}", binary=True) as cursor:
            cursor.itersize = _ROWS_AT_ONCE
            cursor.execute(query.replace("?", "%s").encode(), parameters)
            yield from cursor


@contextmanager
def _postgres(database: Database) -> Iterator[Snapshot]:
    try:
        with psycopg.connect(database.dsn) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            yield _PostgresSnapshot(connection)
    except psycopg.OperationalError as error:
        raise errors.unavailable(error) from error

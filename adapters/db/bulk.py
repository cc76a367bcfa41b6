"""Many rows at once: COPY on PostgreSQL, executemany on SQLite; and long lists of keys in portions.

Measured by `python -m tests.benchmarks.subjects`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

import psycopg
import sqlalchemy
from sqlalchemy import Connection, Table, insert

__all__ = ["insert_rows", "portions"]

# Both databases bound the number of parameters of a statement (32,766 and 65,535).
PORTION: Final = 5_000

_Item = TypeVar("_Item")


def portions(items: Iterable[_Item], size: int = PORTION) -> Iterator[list[_Item]]:
    everything = list(items)
    for start in range(0, len(everything), size):
        yield everything[start : start + size]


def insert_rows(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Every row with all columns of the table, in the caller's transaction. Errors: `sqlalchemy.exc.IntegrityError`."""
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        _copy(connection, table, rows)
    else:
        connection.execute(insert(table), list(rows))


def _copy(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    driver: Any = connection.connection.driver_connection
    names = [column.name for column in table.columns]
    statement = psycopg.sql.SQL("COPY {} ({}) FROM STDIN").format(
        psycopg.sql.Identifier(table.name), psycopg.sql.SQL(", ").join(map(psycopg.sql.Identifier, names))
    )
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row([row[name] for name in names])
    except psycopg.IntegrityError as error:
        raise sqlalchemy.exc.IntegrityError("COPY", None, error) from error
    except psycopg.OperationalError as error:
        raise sqlalchemy.exc.OperationalError("COPY", None, error) from error

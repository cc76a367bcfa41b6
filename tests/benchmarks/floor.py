"""The floor: the same statements with the same rows through the raw driver, and nothing else.

The engine's transactions are recorded on one database and played on another that stands where the first one stood: rows are
ready, nothing is decided, encoded or hashed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
import psycopg

from adapters.db import arrays, postgres, rows, sqlite
from adapters.db.database import SQLITE_PRAGMAS, Database
from engine.case import Case, CaseId, CommandId
from engine.ports import Loaded, Store, Unit, Writes


@dataclass(slots=True)
class Transaction:
    """What one unit read and wrote. Kept as values: what the driver was given is derived from them untimed, in `ready`."""

    cases: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    due: tuple[int, int] | None = None  # of a sweep: until when, and how many at most
    before: dict[CaseId, Case] = field(default_factory=dict)
    writes: Writes = field(default_factory=Writes)

    @property
    def batch(self) -> rows.Batch:
        return rows.batch(self.writes, self.before)


class Recorder:
    """A store that keeps what passes through it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.taken: list[Transaction] = []

    def unit(self) -> AbstractContextManager[Unit]:
        return self._recorded()

    def history(self, case: CaseId, *, until: int | None = None) -> list[bytes]:
        return self._store.history(case, until=until)

    @contextmanager
    def _recorded(self) -> Iterator[Unit]:
        with self._store.unit() as unit:
            noted = _RecordedUnit(unit)
            yield noted
        self.taken.append(noted.transaction)


class _RecordedUnit:
    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self.transaction = Transaction()

    def load(self, cases: Collection[CaseId], commands: Collection[CommandId]) -> Loaded:
        loaded = self._unit.load(cases, commands)
        self.transaction.before.update(loaded.cases)
        self.transaction.cases += cases
        self.transaction.commands += commands
        return loaded

    def due(self, now: datetime, limit: int) -> Sequence[CaseId]:
        self.transaction.due = (rows.micros(now), limit)
        return self._unit.due(now, limit)

    def set_aside(self, case: CaseId, error: str, now: datetime) -> None:
        self._unit.set_aside(case, error, now)

    def write(self, writes: Writes) -> None:
        self.transaction.writes = writes
        self._unit.write(writes)


class SqliteFloor:
    """stdlib sqlite3: one BEGIN IMMEDIATE … COMMIT for each recorded transaction."""

    def __init__(self, url: str) -> None:
        self._connection = sqlite3.connect(Database(url).path, isolation_level=None, cached_statements=64)
        for pragma in SQLITE_PRAGMAS:
            self._connection.execute(pragma)

    def ready(self, transaction: Transaction) -> Any:
        batch = transaction.batch
        heads = orjson.dumps(transaction.cases).decode()
        keys = orjson.dumps(transaction.commands).decode()
        moved = [(*row[1:], row.id, seq) for row, seq in zip(batch.moved, batch.expected, strict=True)]
        inserts = [
            (sql, getattr(batch, name)) for name, sql in sqlite._STATEMENTS.items() if getattr(batch, name)
        ]
        return transaction.due, heads, keys if transaction.commands else None, moved, inserts

    def play(self, prepared: Any) -> None:
        due, heads, keys, moved, inserts = prepared
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        if due:
            connection.execute(sqlite._DUE, due).fetchall()
        connection.execute(sqlite._HEADS, (heads,)).fetchall()
        if keys:
            connection.execute(sqlite._RECEIPTS, (keys,)).fetchall()
        for sql, found in inserts:
            connection.executemany(sql, found)
        if connection.executemany(sqlite._MOVE, moved).rowcount != len(moved):
            raise AssertionError("the floor does not stand where the engine stood")
        connection.execute("COMMIT")

    def close(self) -> None:
        self._connection.close()


class PostgresFloor:
    """psycopg: heads and receipts read, one statement over binary arrays, COMMIT."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(Database(url).dsn, options=postgres._OPTIONS)
        arrays.register(self._connection)

    def ready(self, transaction: Transaction) -> Any:
        batch = transaction.batch
        names = tuple(name for name in postgres._PARTS if getattr(batch, name))
        columns = [a for n in names for a in postgres._columns(postgres._ROWS[n], getattr(batch, n))]
        if batch.moved:
            columns.append(arrays.Bigints(batch.expected))
        statement = postgres._statement(names).encode()
        return (
            transaction.due,
            arrays.Texts(transaction.cases),
            arrays.Texts(transaction.commands) if transaction.commands else None,
            statement,
            columns,
            len(batch.moved),
        )

    def play(self, prepared: Any) -> None:
        due, heads, keys, statement, columns, moved = prepared
        connection = self._connection
        if due:
            connection.execute(postgres._DUE.encode(), due, prepare=True, binary=True).fetchall()
        connection.execute(postgres._HEADS.encode(), (heads,), prepare=True, binary=True).fetchall()
        if keys:
            connection.execute(postgres._RECEIPTS.encode(), (keys,), prepare=True, binary=True).fetchall()
        answer = connection.execute(statement, columns, prepare=True, binary=True).fetchone()
        if answer is None or answer[0] != moved:
            raise AssertionError("the floor does not stand where the engine stood")
        connection.commit()

    def close(self) -> None:
        self._connection.close()

"""The write path on SQLite: one writer connection, BEGIN IMMEDIATE, one executemany per table."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

import orjson

from adapters.db import errors, rows
from adapters.db.aside import Aside, parameters, statements
from adapters.db.database import BUSY_SECONDS, Database
from adapters.db.history import history
from adapters.db.imported import BatchRow, remembering
from adapters.db.shelf import Shelf
from engine.case import Case, CaseId, CommandId
from engine.errors import BihuanError
from engine.ports import Loaded, Writes


class SqliteStore:
    """`engine.ports.Store`. A unit inside a unit of the same thread waits for ever."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._shelf = Shelf()
        self._connection = sqlite3.connect(
            database.path,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,  # the lock of the database lets one thread in at a time
            cached_statements=64,
        )
        for pragma in database.pragmas:
            self._connection.execute(pragma)

    @contextmanager
    def unit(self) -> Iterator[SqliteUnit]:
        connection = self._connection
        with self._database.write_lock, _translated():
            # IMMEDIATE: a deferred transaction that reads first and then writes fails at once, whatever the timeout.
            connection.execute("BEGIN IMMEDIATE")
            try:
                unit = SqliteUnit(connection, self._shelf)
                yield unit
                unit.list_asides()
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    def history(self, case: CaseId, *, until: int | None = None) -> list[bytes]:
        return history(self._database, case, until=until)

    def close(self) -> None:
        self._connection.close()


class SqliteUnit:
    """The transaction holds the database's only write lock, so what it read cannot change."""

    def __init__(self, connection: sqlite3.Connection, shelf: Shelf) -> None:
        self._connection = connection
        self._shelf = shelf
        self._before: dict[CaseId, Case] = {}
        self._asides: list[Aside] = []

    def load(self, cases: Collection[CaseId], commands: Collection[CommandId]) -> Loaded:
        heads = self._connection.execute(_HEADS, (orjson.dumps(list(cases)).decode(),)) if cases else ()
        found = self._shelf.cases(heads)
        self._before.update(found)
        receipts = (
            self._connection.execute(_RECEIPTS, (orjson.dumps(list(commands)).decode(),)) if commands else ()
        )
        return Loaded(found, {CommandId(row[0]): rows.stored_receipt(row) for row in receipts})

    def due(self, now: datetime, limit: int) -> Sequence[CaseId]:
        return [CaseId(case) for (case,) in self._connection.execute(_DUE, (rows.micros(now), limit))]

    def set_aside(self, case: CaseId, error: str, now: datetime) -> None:
        self._asides.append(Aside(case, error, now))

    def list_asides(self) -> None:
        """At the end of the unit: a write of the same case would wake it again."""
        for statement, found in zip(_ASIDE, parameters(self._asides), strict=True):
            self._connection.executemany(statement, found)

    def write(self, writes: Writes) -> None:
        unseen = [w.case.id for w in writes.cases if not w.is_new and w.case.id not in self._before]
        if unseen:
            self.load(unseen, ())
        self.write_rows(rows.batch(writes, self._before))
        # New ones are read again if they move: an import of many thousands keeps none of them here.
        self._before.update({w.case.id: w.case for w in writes.cases if not w.is_new})
        self._shelf.keep(w.case for w in writes.cases)

    def write_rows(self, batch: rows.Batch) -> None:
        """The same for rows that were made before. Errors: those of `write`."""
        try:
            self._keep(batch)
        except (sqlite3.IntegrityError, BihuanError) as error:
            self._start_over()
            if isinstance(error, sqlite3.IntegrityError):
                raise _lost_race(error, batch) from error
            raise

    def remember(self, batch: BatchRow) -> None:
        """What was imported, in the same transaction as the cases that it brought."""
        self._connection.execute(_REMEMBER, batch)

    def _start_over(self) -> None:
        """A refused write takes back all of its unit; who catches the error begins again with nothing."""
        self._connection.execute("ROLLBACK")
        self._connection.execute("BEGIN IMMEDIATE")
        self._before.clear()
        self._asides.clear()

    def _keep(self, batch: rows.Batch) -> None:
        # Receipts first: a command that came twice is told so, rather than that its case exists.
        for name in ("receipts", "opened", "events", "tasks", "secrets", "released", "holdings", "involved"):
            if found := getattr(batch, name):
                self._connection.executemany(_STATEMENTS[name], found)
        if batch.moved:
            moved = zip(batch.moved, batch.expected, strict=True)
            updates = [(*row[1:], row.id, seq) for row, seq in moved]
            if self._connection.executemany(_MOVE, updates).rowcount != len(updates):
                raise errors.stale([row.id for row in batch.moved])


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        raise errors.unavailable(error) from error


def _lost_race(error: sqlite3.IntegrityError, batch: rows.Batch) -> Exception:
    if error.sqlite_errorname not in ("SQLITE_CONSTRAINT_PRIMARYKEY", "SQLITE_CONSTRAINT_UNIQUE"):
        return error
    if str(error).endswith(": case.id"):
        return errors.taken([row.id for row in batch.opened])
    return errors.stale([row.id for row in batch.moved])


def _insert(table: str, row: Any, more: str = "") -> str:
    names = ", ".join(row._fields)
    return f'INSERT INTO "{table}" ({names}) VALUES ({", ".join("?" * len(row._fields))}) {more}'


def _overwrite(row: Any, *, but: int) -> str:
    return ", ".join(f"{name} = excluded.{name}" for name in row._fields[but:])


_HEADS: Final = 'SELECT id, head, body FROM "case" WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id'
_RECEIPTS: Final = f"SELECT {', '.join(rows.ReceiptRow._fields)} FROM receipt WHERE command IN (SELECT value FROM json_each(?))"
_DUE: Final = 'SELECT id FROM "case" WHERE wake_at <= ? ORDER BY wake_at, id LIMIT ?'
_MOVE: Final = f'UPDATE "case" SET {", ".join(f"{name} = ?" for name in rows.CaseRow._fields[1:])} WHERE id = ? AND seq = ?'
_ASIDE: Final = statements("?")
_REMEMBER: Final = remembering("?")
_STATEMENTS: Final = {
    "opened": _insert("case", rows.CaseRow),
    "events": _insert("event", rows.EventRow),
    "receipts": _insert("receipt", rows.ReceiptRow),
    "tasks": _insert("task", rows.TaskRow),
    "secrets": _insert("secret", rows.SecretRow),
    "released": "DELETE FROM holding WHERE case_id = ? AND lane = ?",
    "holdings": _insert(
        "holding",
        rows.HoldingRow,
        f"ON CONFLICT (case_id, lane) DO UPDATE SET {_overwrite(rows.HoldingRow, but=2)}",
    ),
    "involved": _insert("involved", rows.InvolvedRow, "ON CONFLICT DO NOTHING"),
}

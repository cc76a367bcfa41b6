"""The write path on PostgreSQL: case rows locked in the order of their ids, then one statement over binary arrays."""

from __future__ import annotations

import select
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from queue import Empty, LifoQueue
from typing import Any, Final, get_type_hints

import psycopg
from psycopg.errors import DeadlockDetected, SerializationFailure, UniqueViolation

from adapters.db import arrays, errors, rows
from adapters.db.aside import Aside, parameters, statements
from adapters.db.database import BUSY_SECONDS, Database
from adapters.db.history import history
from adapters.db.imported import BatchRow, remembering
from adapters.db.shelf import Shelf
from engine.case import Case, CaseId, CommandId
from engine.errors import BihuanError, StaleCase
from engine.ports import Loaded, Writes

_Connection = psycopg.Connection[tuple[Any, ...]]


class PostgresStore:
    """`engine.ports.Store`. At most `connections` units run at a time; the next one waits."""

    def __init__(self, database: Database, *, connections: int = 4) -> None:
        self._database = database
        self._shelf = Shelf()
        self._pool = _Pool(database.dsn, connections)

    @contextmanager
    def unit(self) -> Iterator[PostgresUnit]:
        with _translated(), self._pool.connection() as connection:
            try:
                unit = PostgresUnit(connection, self._shelf)
                yield unit
                unit.list_asides()
                connection.commit()
            finally:
                if not connection.closed:
                    connection.rollback()

    def history(self, case: CaseId, *, until: int | None = None) -> list[bytes]:
        return history(self._database, case, until=until)

    def close(self) -> None:
        self._pool.close()


class PostgresUnit:
    def __init__(self, connection: _Connection, shelf: Shelf) -> None:
        self._connection = connection
        self._shelf = shelf
        self._before: dict[CaseId, Case] = {}
        self._asides: list[Aside] = []

    def load(self, cases: Collection[CaseId], commands: Collection[CommandId]) -> Loaded:
        heads = self._read(_HEADS, arrays.Texts(list(cases))) if cases else ()
        found = self._shelf.cases(heads)
        self._before.update(found)
        # After the locks: whoever answered the same command meanwhile has committed, and is seen.
        receipts = self._read(_RECEIPTS, arrays.Texts(list(commands))) if commands else ()
        return Loaded(found, {CommandId(row[0]): rows.stored_receipt(row) for row in receipts})

    def due(self, now: datetime, limit: int) -> Sequence[CaseId]:
        return [CaseId(case) for (case,) in self._read(_DUE, rows.micros(now), limit)]

    def set_aside(self, case: CaseId, error: str, now: datetime) -> None:
        self._asides.append(Aside(case, error, now))

    def list_asides(self) -> None:
        """At the end of the unit: a write of the same case would wake it again."""
        for statement, found in zip(_ASIDE, parameters(self._asides), strict=True):
            for values in found:
                self._connection.execute(statement.encode(), values)

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
        except UniqueViolation as error:
            self._start_over()
            raise self._lost_race(batch) from error
        except StaleCase:
            self._start_over()
            raise

    def remember(self, batch: BatchRow) -> None:
        """What was imported, in the same transaction as the cases that it brought."""
        self._connection.execute(_REMEMBER.encode(), batch)

    def _start_over(self) -> None:
        """A refused write takes back all of its unit; who catches the error begins again with nothing."""
        self._connection.rollback()
        self._before.clear()
        self._asides.clear()

    def _keep(self, batch: rows.Batch) -> None:
        names = tuple(name for name in _PARTS if getattr(batch, name))
        if not names:
            return
        columns = [array for name in names for array in _columns(_ROWS[name], getattr(batch, name))]
        if batch.moved:
            columns.append(arrays.Bigints(batch.expected))
        ((moved,),) = self._read(_statement(names), *columns)
        if moved != len(batch.moved):
            raise errors.stale([row.id for row in batch.moved])

    def _lost_race(self, batch: rows.Batch) -> BihuanError:
        """Which one: the receipt counts first, so that a command that came twice is told so."""
        answered = self.load((), [CommandId(row.command) for row in batch.receipts]).receipts
        exist = self._read(_EXIST, arrays.Texts([row.id for row in batch.opened])) if not answered else ()
        self._connection.rollback()
        return (
            errors.taken([case for (case,) in exist])
            if exist
            else errors.stale([row.id for row in batch.moved])
        )

    def _read(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        query = statement.encode()
        return self._connection.execute(query, values, prepare=True, binary=True).fetchall()


class _Pool:
    """A bounded stock of connections, the last used first. One that the server closed meanwhile is replaced."""

    def __init__(self, dsn: str, size: int) -> None:
        self._dsn = dsn
        self._stock: LifoQueue[_Connection | None] = LifoQueue()
        for _ in range(size):
            self._stock.put(None)

    @contextmanager
    def connection(self) -> Iterator[_Connection]:
        try:
            kept = self._stock.get(timeout=BUSY_SECONDS)
        except Empty as error:
            raise errors.unavailable(TimeoutError("no free connection")) from error
        try:
            if kept is None or not _is_quiet(kept):
                kept = None
                kept = self._connect()
            yield kept
        finally:
            self._stock.put(kept if kept and not kept.closed else None)

    def close(self) -> None:
        """Close what is not in use."""
        for _ in range(self._stock.qsize()):
            if kept := self._stock.get():
                kept.close()
            self._stock.put(None)

    def _connect(self) -> _Connection:
        connection = psycopg.connect(self._dsn, options=_OPTIONS)
        arrays.register(connection)
        return connection


def _is_quiet(connection: _Connection) -> bool:
    """Whether the server has said nothing since: to an idle connection it only says goodbye."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return not poll.poll(0)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (DeadlockDetected, SerializationFailure) as error:
        raise errors.stale([]) from error
    except psycopg.OperationalError as error:
        raise errors.unavailable(error) from error


# A generic plan halves the cost of a small group, and one statement serves every size (measured).
_OPTIONS: Final = f"-c plan_cache_mode=force_generic_plan -c lock_timeout={BUSY_SECONDS}s"
_HEADS: Final = 'SELECT id, head, body FROM "case" WHERE id = ANY(%b) ORDER BY id FOR UPDATE'
_RECEIPTS: Final = f"SELECT {', '.join(rows.ReceiptRow._fields)} FROM receipt WHERE command = ANY(%b)"
_EXIST: Final = 'SELECT id FROM "case" WHERE id = ANY(%b)'
_DUE: Final = 'SELECT id FROM "case" WHERE wake_at <= %s::bigint ORDER BY wake_at, id LIMIT %s::bigint FOR UPDATE SKIP LOCKED'

_ASIDE: Final = statements("%s")
_REMEMBER: Final = remembering("%s")

_ROWS: Final[dict[str, Any]] = {
    "opened": rows.CaseRow,
    "events": rows.EventRow,
    "receipts": rows.ReceiptRow,
    "tasks": rows.TaskRow,
    "secrets": rows.SecretRow,
    "released": rows.HoldingKey,
    "holdings": rows.HoldingRow,
    "involved": rows.InvolvedRow,
    "moved": rows.CaseRow,  # the last, as its `expected` is the last array
}
_ARRAYS: Final[dict[Any, type[arrays.Texts]]] = {
    str: arrays.Texts,
    int: arrays.Bigints,
    int | None: arrays.Bigints,
    bool: arrays.Booleans,
    bytes: arrays.Byteas,
}


def _insert(table: str, row: Any, more: str = "") -> str:
    names = ", ".join(row._fields)
    return f'INSERT INTO "{table}" ({names}) SELECT * FROM {_unnest(row)} {more}'


def _unnest(row: Any, *more: str) -> str:
    names = (*row._fields, *more)
    return f"unnest({', '.join(['%b'] * len(names))}) AS n({', '.join(names)})"


def _overwrite(row: Any, source: str, *, but: int) -> str:
    return ", ".join(f"{name} = {source}.{name}" for name in row._fields[but:])


_PARTS: Final = {
    "opened": _insert("case", rows.CaseRow),
    "events": _insert("event", rows.EventRow),
    "receipts": _insert("receipt", rows.ReceiptRow),
    "tasks": _insert("task", rows.TaskRow),
    "secrets": _insert("secret", rows.SecretRow),
    "released": (
        f"DELETE FROM holding AS h USING {_unnest(rows.HoldingKey)} WHERE h.case_id = n.case_id AND h.lane = n.lane"
    ),
    "holdings": _insert(
        "holding",
        rows.HoldingRow,
        f"ON CONFLICT (case_id, lane) DO UPDATE SET {_overwrite(rows.HoldingRow, 'excluded', but=2)}",
    ),
    "involved": _insert("involved", rows.InvolvedRow, "ON CONFLICT DO NOTHING"),
    "moved": (
        f'UPDATE "case" AS c SET {_overwrite(rows.CaseRow, "n", but=1)} FROM {_unnest(rows.CaseRow, "expected")}'
        " WHERE c.id = n.id AND c.seq = n.expected RETURNING 1"
    ),
}


@cache
def _statement(names: tuple[str, ...]) -> str:
    """One statement for the tables that this group writes to; it answers how many cases moved."""
    parts = ", ".join(f"{name}_part AS ({_PARTS[name]})" for name in names)
    moved = "(SELECT count(*) FROM moved_part)" if "moved" in names else "0::bigint"
    return f"WITH {parts} SELECT {moved}"


def _columns(row: Any, batch: Sequence[tuple[Any, ...]]) -> list[arrays.Texts]:
    return [array(column) for array, column in zip(_arrays_of(row), zip(*batch, strict=True), strict=True)]


@cache
def _arrays_of(row: Any) -> tuple[type[arrays.Texts], ...]:
    return tuple(_ARRAYS[hint] for hint in get_type_hints(row).values())

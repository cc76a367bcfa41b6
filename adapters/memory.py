"""A store in memory: the contract of `engine.ports.Store` in dictionaries, for tests and simulations.

`tables` holds the same rows as the databases do, by table name and primary key. One unit runs at a time.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from adapters.db import errors, rows
from adapters.db.aside import Aside
from engine.case import Case, CaseId, CommandId
from engine.ports import Loaded, Writes

Tables = dict[str, dict[Hashable, Any]]


class MemoryStore:
    """`engine.ports.Store`. A unit inside a unit of the same thread waits for ever."""

    def __init__(self) -> None:
        self.tables: Tables = defaultdict(dict)
        self._lock = threading.Lock()

    @contextmanager
    def unit(self) -> Iterator[MemoryUnit]:
        with self._lock:
            unit = MemoryUnit(self.tables)
            try:
                yield unit
                unit.list_asides()
            except BaseException:
                unit.undo()
                raise

    def history(self, case: CaseId, *, until: int | None = None) -> list[bytes]:
        with self._lock:
            events = sorted(row[1:] for row in self.tables["event"].values() if row.case_id == case)
        return [data for seq, *_, data in events if until is None or seq <= until]


class MemoryUnit:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._before: list[tuple[str, Hashable, Any]] = []
        self._asides: list[Aside] = []

    def load(self, cases: Collection[CaseId], commands: Collection[CommandId]) -> Loaded:
        heads, receipts = self._tables["case"], self._tables["receipt"]
        return Loaded(
            {case: _stored(heads[case]) for case in sorted(cases) if case in heads},
            {key: rows.stored_receipt(receipts[key]) for key in commands if key in receipts},
        )

    def due(self, now: datetime, limit: int) -> Sequence[CaseId]:
        until = rows.micros(now)
        woken = ((row.wake_at, row.id) for row in self._tables["case"].values() if row.wake_at is not None)
        return [CaseId(case) for _, case in sorted(w for w in woken if w[0] <= until)[:limit]]

    def set_aside(self, case: CaseId, error: str, now: datetime) -> None:
        self._asides.append(Aside(case, error, now))

    def list_asides(self) -> None:
        """At the end of the unit: a write of the same case would wake it again."""
        for aside in self._asides:
            head = self._tables["case"][aside.case]
            before = self._tables["task"].get(aside.task)
            self._set("case", aside.case, head._replace(wake_at=aside.until))
            self._set("task", aside.task, aside.row(head.seq, attempts=before.attempts + 1 if before else 1))

    def write(self, writes: Writes) -> None:
        heads = self._tables["case"]
        before = {w.case.id: _stored(heads[w.case.id]) for w in writes.cases if w.case.id in heads}
        batch = rows.batch(writes, before)
        try:
            self._refuse_lost_races(batch)
            self._keep(batch)
        except BaseException:
            self.undo()
            raise

    def undo(self) -> None:
        """Take back everything written in this unit, the last first. A refused write does so too."""
        self._asides.clear()
        while self._before:
            table, key, row = self._before.pop()
            if row is None:
                self._tables[table].pop(key, None)
            else:
                self._tables[table][key] = row

    def _refuse_lost_races(self, batch: rows.Batch) -> None:
        heads = self._tables["case"]
        if any(row.command in self._tables["receipt"] for row in batch.receipts):
            raise errors.stale([row.case_id for row in batch.receipts])
        if exist := [row.id for row in batch.opened if row.id in heads]:
            raise errors.taken(exist)
        moved = zip(batch.moved, batch.expected, strict=True)
        if lost := [row.id for row, seq in moved if row.id not in heads or heads[row.id].seq != seq]:
            raise errors.stale(lost)

    def _keep(self, batch: rows.Batch) -> None:
        self._put("case", 1, batch.opened)
        self._put("case", 1, batch.moved)
        self._put("event", 2, batch.events)
        self._put("receipt", 1, batch.receipts)
        self._put("task", 1, batch.tasks)
        for key in batch.released:
            self._set("holding", tuple(key), None)
        self._put("holding", 2, batch.holdings)
        self._put("involved", 2, batch.involved)
        self._put("secret", 2, batch.secrets)

    def _put(self, table: str, key_width: int, new: Iterable[tuple[Any, ...]]) -> None:
        for row in new:
            self._set(table, row[0] if key_width == 1 else row[:key_width], row)

    def _set(self, table: str, key: Hashable, row: Any) -> None:
        self._before.append((table, key, self._tables[table].pop(key, None)))
        if row is not None:
            self._tables[table][key] = row


def _stored(row: rows.CaseRow) -> Case:
    return rows.stored_case(row.body, row.head)

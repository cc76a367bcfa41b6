"""Take over the history of an office: work orders of another system become cases, once for each number.

The dry run decides every command for real, over a store in memory. The import itself is one transaction of the engine.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select

from adapters.db.bulk import portions
from adapters.db.database import Database
from adapters.db.rows import micros
from adapters.db.tables import BATCH, RECEIPT
from adapters.importing.mapping import HistoryMapping
from adapters.importing.verdicts import Reason, RowResult, Verdict, Weight
from adapters.importing.workorders import Setting, WorkOrder, columns_of, command_id, work_orders
from adapters.spreadsheets.cleaning import clean_name
from adapters.spreadsheets.reading import read_sheets
from adapters.spreadsheets.tables import Table, table_of
from adapters.subjects.registry import Subjects
from engine import canonical
from engine.access import Actor
from engine.case import CaseId
from engine.commands import Import
from engine.errors import KeyReused
from engine.runtime import Accepted, Engine, Outcome, Refused

__all__ = ["Histories", "HistoryRun"]

HISTORY = "history"


@dataclass(frozen=True, slots=True)
class HistoryRun:
    """`cases`: the new number for each original one, of what is or would be taken over."""

    file: str
    digest: str
    results: Sequence[RowResult]
    commands: Sequence[Import]
    unknown_columns: Sequence[str]
    cases: dict[str, str]

    def counts(self) -> dict[str, int]:
        found = Counter(result.verdict for result in self.results)
        return {str(verdict): found[verdict] for verdict in Verdict}


class Histories:
    """`rehearsal` makes an engine like the real one that keeps nothing."""

    def __init__(
        self,
        database: Database,
        engine: Engine,
        subjects: Subjects,
        *,
        next_number: Callable[[datetime], CaseId],
        rehearsal: Callable[[], Engine],
    ) -> None:
        self._database = database
        self._engine = engine
        self._subjects = subjects
        self._next_number = next_number
        self._rehearsal = rehearsal

    def dry_run(
        self, data: bytes, name: str, mapping: HistoryMapping, *, region: str, actor: Actor, sheet: str = ""
    ) -> HistoryRun:
        """A verdict for each row. Errors: those of reading a list, `UnknownWorkflow`, `UnknownRegion`."""
        table = table_of(read_sheets(data, name), columns_of(mapping), sheet=sheet)
        orders = list(work_orders(table, self._setting(table, mapping, region, actor)))
        known = self._taken_over([order.number for order in orders])
        commands = [
            replace(order.command, case=CaseId(f"rehearsal-{n}"))
            for n, order in enumerate(orders)
            if order.command
        ]
        outcomes = self._rehearsal().handle(commands)
        told = {command.number: outcome for command, outcome in zip(commands, outcomes, strict=True)}
        results = [_judged(order, told.get(order.number), known.get(order.number, "")) for order in orders]
        new = {result.subject for result in results if result.verdict is Verdict.NEW}
        return HistoryRun(
            file=name,
            digest=hashlib.sha256(data).hexdigest(),
            results=results,
            commands=[command for command in commands if command.number in new],
            unknown_columns=[f"{column.name}：{column.heading}" for column in table.unknown],
            cases=known,
        )

    def commit(self, run: HistoryRun, *, by: str) -> HistoryRun:
        """Take over every good row in one transaction; what was taken over before stays as it is."""
        now = self._engine.now()
        commands = [replace(command, case=self._next_number(now)) for command in run.commands]
        cases, refused = dict(run.cases), {}
        for command, outcome in zip(commands, self._engine.handle(commands), strict=True):
            if isinstance(outcome, Accepted):
                cases[command.number] = outcome.receipt["case"]
            else:
                refused[command.number] = outcome
        results = [
            _refused(result, refused[result.subject]) if result.subject in refused else result
            for result in run.results
        ]
        done = replace(run, results=results, cases=cases)
        if commands:
            self._remember(done, by, now)
        return done

    def find(self, number: str) -> str:
        """The case that a work order became; empty if none did."""
        return self._taken_over([number]).get(number, "")

    def _setting(self, table: Table, mapping: HistoryMapping, region: str, actor: Actor) -> Setting:
        now, directory = self._engine.now(), self._engine.directories.current()
        directory.region(region)
        definition = self._engine.definitions.current(mapping.workflow, now).definition
        calendar = self._engine.calendars.current(definition.calendar)
        rows = [row for _, row in table.rows()]
        names = {clean_name(row[c.index]) for c in _columns(table, mapping.name) for row in rows} - {""}
        codes = {str(row[c.index]).strip().upper() for c in _columns(table, mapping.code) for row in rows}
        registered = self._subjects.known(codes)
        return Setting(
            mapping=mapping,
            definition=definition,
            directory=directory,
            region=region,
            zone=ZoneInfo(calendar.zone),
            today=calendar.local_date(now),
            actor=actor,
            named=self._subjects.named(names),
            known=lambda code: code in registered,
        )

    def _taken_over(self, numbers: Sequence[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        wanted = {command_id(number): number for number in numbers if number}
        with self._database.reading() as connection:
            for part in portions(wanted):
                query = select(RECEIPT.c.command, RECEIPT.c.case_id).where(RECEIPT.c.command.in_(part))
                found.update((wanted[command], case) for command, case in connection.execute(query))
        return found

    def _remember(self, run: HistoryRun, by: str, now: datetime) -> None:
        made = hashlib.sha256(f"{run.digest}\n{micros(now)}".encode()).hexdigest()
        summary = {"counts": run.counts(), "rows": len(run.results)}
        row: dict[str, Any] = {
            "id": f"history-{made[:8]}",
            "kind": HISTORY,
            "file": run.file,
            "digest": run.digest,
            "by": by,
            "at": micros(now),
            "options": canonical.encode({"scope": sorted({command.region for command in run.commands})}),
            "counts": canonical.encode({"summary": summary, "undo": {}}),
            "committed_at": micros(now),
            "undone_at": None,
        }
        with self._database.writing() as connection:
            connection.execute(insert(BATCH).values(**row))


def _columns(table: Table, headings: Sequence[str]) -> list[Any]:
    return [c for c in table.columns if c.meaning and c.meaning.title in headings]


def _judged(order: WorkOrder, outcome: Outcome | None, case: str) -> RowResult:
    """`subject` of the result is the original number; `title` the case that it became."""
    result = RowResult(order.row, Verdict.NEW, order.number, case, order.reasons)
    if order.command is None:
        return replace(result, verdict=Verdict.ERROR)
    if isinstance(outcome, Refused):
        return _refused(result, outcome)
    return replace(result, verdict=Verdict.UNCHANGED) if case else result


def _refused(result: RowResult, outcome: Refused) -> RowResult:
    error = outcome.error
    told = [f"{blocker.message}" for blocker in error.blockers] or [error.message]
    verdict = Verdict.CONFLICT if isinstance(error, KeyReused) else Verdict.ERROR
    weight = Weight.CONFLICT if verdict is Verdict.CONFLICT else Weight.ERROR
    reasons = (*result.reasons, *(Reason(error.code, words, "", weight) for words in told))
    return replace(result, verdict=verdict, reasons=reasons)

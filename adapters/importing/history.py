"""Take over the history of an office: work orders of another system become cases, once for each number.

The dry run decides every command for real, over a store in memory, portion by portion; nothing but the verdicts stays. The
import itself reads the rows again, decides all of them, and writes them in one transaction with the row of its batch.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import islice
from typing import Any, ClassVar, Final, TypeVar
from zoneinfo import ZoneInfo

from adapters.db.database import Database
from adapters.db.postgres import PostgresStore
from adapters.db.sqlite import SqliteStore
from adapters.importing.mapping import HistoryMapping, hotline, read_mapping
from adapters.importing.prepared import Prepared
from adapters.importing.records import HISTORY, Watch, number_of, row_of, unwatched
from adapters.importing.takenover import TakenOver, differences, taken_over
from adapters.importing.verdicts import Reason, RowResult, Verdict, Weight
from adapters.importing.workorders import Setting, WorkOrder, columns_of, personal_columns, work_orders
from adapters.numbers import Numbers
from adapters.spreadsheets.cleaning import clean_name
from adapters.spreadsheets.reading import read_sheets
from adapters.spreadsheets.tables import Column, Table, table_of
from adapters.subjects.registry import Subjects
from engine.access import Actor
from engine.case import CaseId
from engine.commands import Import
from engine.directory import covers
from engine.errors import BihuanError, CaseExists, StaleCase
from engine.runtime import ERASED_REQUEST, MAX_TRIES, Engine, Outcome, Refused, request_of

__all__ = ["Histories", "HistoryOptions", "HistoryRun"]

PORTION: Final = 500  # work orders that are decided and written at a time

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryOptions:
    """What the person says about the file. `region`: that of the office; `mapping`: columns as YAML, empty for those that ship.

    `reach`: subjects of these regions may be found, no others.
    """

    region: str
    reach: tuple[str, ...]
    workflow: str = "issue"
    mapping: str = ""
    sheet: str = ""

    def as_data(self) -> dict[str, Any]:
        return {
            "mapping": self.mapping,
            "reach": list(self.reach),
            "region": self.region,
            "scope": [self.region],
            "sheet": self.sheet,
            "workflow": self.workflow,
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> HistoryOptions:
        given = {name: value for name, value in data.items() if name != "scope"}
        return cls(**{**given, "reach": tuple(data["reach"])})

    def columns(self) -> HistoryMapping:
        """Errors: `BadMapping`."""
        read = read_mapping(self.mapping.encode(), "mapping.yaml") if self.mapping else hotline()
        return read.model_copy(update={"workflow": self.workflow})


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryRun:
    """`cases`: the case for each original number, of what was taken over. `subject` of a result is the original number."""

    kind: ClassVar[str] = HISTORY

    file: str
    digest: str
    options: HistoryOptions
    table: Table
    setting: Setting
    results: Sequence[RowResult]
    cases: Mapping[str, str] = field(default_factory=dict)
    batch: str = ""

    @property
    def personal(self) -> frozenset[int]:
        """Columns that nobody is shown."""
        return personal_columns(self.table, self.setting)

    def counts(self) -> dict[str, int]:
        found = Counter(result.verdict for result in self.results)
        return {str(verdict): found[verdict] for verdict in Verdict}

    def summary(self) -> dict[str, Any]:
        """As it is kept with the batch."""
        table = self.table
        return {
            "counts": self.counts(),
            "heading_rows": [table.top + 1, table.bottom + 1],
            "hidden_columns": sorted(column + 1 for column in table.sheet.hidden_columns),
            "hidden_rows": len(table.sheet.hidden_rows),
            "left_out_rows": [row + 1 for row in table.left_out()][:100],
            "rows": len(self.results),
            "sheet": table.sheet.title,
            "unknown_columns": [
                f"{column.name}：{column.heading}"
                for column in table.unknown
                if column.index not in self.personal
            ],
        }


class Histories:
    """`rehearsal` makes an engine like the real one that keeps nothing; `local_date` is the day of a moment."""

    def __init__(
        self,
        database: Database,
        store: SqliteStore | PostgresStore,
        engine: Engine,
        subjects: Subjects,
        *,
        numbers: Numbers,
        local_date: Callable[[datetime], date],
        rehearsal: Callable[[], Engine],
    ) -> None:
        self._database = database
        self._store = store
        self._engine = engine
        self._subjects = subjects
        self._numbers = numbers
        self._local_date = local_date
        self._rehearsal = rehearsal

    def dry_run(
        self, data: bytes, name: str, options: HistoryOptions, *, actor: Actor, watch: Watch = unwatched
    ) -> HistoryRun:
        """A verdict for each row; nothing is written. Errors: those of reading a list, `UnknownWorkflow`, `UnknownRegion`."""
        mapping = options.columns()
        table = table_of(read_sheets(data, name), columns_of(mapping), sheet=options.sheet)
        setting = self._setting(table, mapping, options, actor)
        total = len(table.sheet.rows) - table.bottom - 1
        results, cases = [], {}
        for result, case in watch("Judging", self._judged(table, setting), total):
            results.append(result)
            if case:
                cases[result.subject] = case
        return HistoryRun(
            file=name,
            digest=hashlib.sha256(data).hexdigest(),
            options=options,
            table=table,
            setting=setting,
            results=results,
            cases=cases,
        )

    def commit(self, run: HistoryRun, *, by: str, kept: str = "", watch: Watch = unwatched) -> HistoryRun:
        """Take over every good row and remember the batch, in one transaction; `kept`: the number of the remembered dry run.

        Without a new row nothing is written, and `batch` stays empty. What was taken over before stays as it is.
        """
        total = run.counts()["new"]
        now = self._engine.now()
        if not total:
            return run
        numbers = self._numbers.take(now, total)
        batch = kept or number_of(run, by, now, self._local_date(now))
        for attempt in range(MAX_TRIES):
            try:
                return self._commit_once(replace(run, batch=batch), numbers, by, now, watch)
            except (StaleCase, CaseExists):
                if attempt == MAX_TRIES - 1:
                    raise
        raise AssertionError("unreachable")

    def find(self, number: str) -> str:
        """The case that a work order became; empty if none did."""
        with self._database.reading() as connection:
            found = taken_over(connection, [number])
        return found[number].case if number in found else ""

    # Judging

    def _setting(
        self, table: Table, mapping: HistoryMapping, options: HistoryOptions, actor: Actor
    ) -> Setting:
        now, directory = self._engine.now(), self._engine.directories.current()
        directory.region(options.region)
        definition = self._engine.definitions.current(mapping.workflow, now).definition
        calendar = self._engine.calendars.current(definition.calendar)
        named, known = self._subjects_of(table, mapping, options.reach)
        return Setting(
            mapping=mapping,
            definition=definition,
            directory=directory,
            region=options.region,
            zone=ZoneInfo(calendar.zone),
            today=calendar.local_date(now),
            actor=actor,
            named=named,
            known=lambda code: code in known,
        )

    def _subjects_of(
        self, table: Table, mapping: HistoryMapping, reach: Sequence[str]
    ) -> tuple[Mapping[str, Sequence[str]], frozenset[str]]:
        """By the names and codes in the file: those within reach, for of others not even their being known is told."""
        names = {clean_name(row[c.index]) for c in _columns(table, mapping.name) for _, row in table.rows()}
        codes = {
            str(row[c.index]).strip().upper()
            for c in _columns(table, mapping.code)
            for _, row in table.rows()
        }
        owners = self._subjects.named(names - {""})
        everybody = self._subjects.known(codes.union(*owners.values()))
        near = frozenset(
            id for id, s in everybody.items() if any(covers(region, s.region) for region in reach)
        )
        return {name: [id for id in ids if id in near] for name, ids in owners.items()}, near

    def _judged(self, table: Table, setting: Setting) -> Iterator[tuple[RowResult, str]]:
        """The verdict for each row and the case that it became before."""
        cells = {column.heading: column for column in table.columns}
        for orders in _portions(work_orders(table, setting)):
            with self._database.reading() as connection:
                known = taken_over(connection, [order.number for order in orders])
                other = differences(connection, _changed(orders, known))
            told = _rehearsed(self._rehearsal(), [order for order in orders if order.number not in known])
            for order in orders:
                if before := known.get(order.number):
                    yield _again(order, before, setting.region, other.get(order.number), cells)
                else:
                    yield _judged(order, told.get(order.number)), ""

    # Writing

    def _commit_once(
        self, run: HistoryRun, numbers: Sequence[str], by: str, now: datetime, watch: Watch
    ) -> HistoryRun:
        results = {result.row: result for result in run.results}
        cases = dict(run.cases)
        prepared = Prepared(self._database)
        for row, result, case in watch("Importing", self._decided(prepared, run, numbers), len(numbers)):
            results[row] = result
            if case:
                cases[result.subject] = case
        done = replace(run, results=list(results.values()), cases=cases)
        if not done.counts()["new"]:
            return replace(done, batch="")  # another import brought all of them first
        # Only now: deciding takes many times as long as writing, and on SQLite one transaction keeps all others waiting.
        with self._store.unit() as unit:
            for batch in prepared.batches():
                unit.write_rows(batch)
            unit.remember(row_of(done, id=run.batch, by=by, at=now, committed_at=now))
        return done

    def _decided(
        self, prepared: Prepared, run: HistoryRun, numbers: Sequence[str]
    ) -> Iterator[tuple[int, RowResult, str]]:
        new = {result.row: result for result in run.results if result.verdict is Verdict.NEW}
        free = iter(numbers)
        wanted = (order for order in work_orders(run.table, run.setting) if order.row in new)
        for orders in _portions(wanted):
            commands = [replace(c, case=CaseId(next(free))) for order in orders if (c := order.command)]
            outcomes = self._engine.handle_in(prepared, commands)
            for order, outcome in zip(orders, outcomes, strict=True):
                yield order.row, *_told(new[order.row], outcome)


def _columns(table: Table, headings: Sequence[str]) -> list[Column]:
    return [c for c in table.columns if c.meaning and c.meaning.title in headings]


def _portions(items: Iterable[_Item]) -> Iterator[list[_Item]]:
    """As they come: what is not asked for yet is not made yet."""
    coming = iter(items)
    while part := list(islice(coming, PORTION)):
        yield part


def _rehearsed(engine: Engine, orders: Sequence[WorkOrder]) -> dict[str, Outcome]:
    commands = [replace(c, case=CaseId(f"rehearsal-{o.row}")) for o in orders if (c := o.command)]
    return {command.number: told for command, told in zip(commands, engine.handle(commands), strict=True)}


def _changed(orders: Iterable[WorkOrder], known: Mapping[str, TakenOver]) -> dict[str, tuple[str, Import]]:
    """What was taken over before and does not come back the same: its case, and what the file says now."""
    return {
        order.number: (before.case, order.command)
        for order in orders
        if order.command
        and (before := known.get(order.number))
        and before.request not in (ERASED_REQUEST, _request(order.command))
    }


def _request(command: Import) -> str:
    try:
        return request_of(command)
    except BihuanError:
        return ""  # no event can hold it, so it is another


def _again(
    order: WorkOrder,
    before: TakenOver,
    region: str,
    other: Sequence[str] | None,
    columns: Mapping[str, Column],
) -> tuple[RowResult, str]:
    """`other`: the headings under which it says something else now; None where all of it is the same."""
    result = RowResult(order.row, Verdict.UNCHANGED, order.number, before.case, order.reasons)
    if not covers(region, before.region):
        reason = Reason("number_taken", "这个编号已由本区划以外的单位导入；核对编号，或请上一级办理")
        return replace(result, verdict=Verdict.ERROR, title="", reasons=(*order.reasons, reason)), ""
    if order.command is None:
        return replace(result, verdict=Verdict.ERROR), before.case
    if other:
        reasons = [_other(words, before.case, order.row, columns.get(words)) for words in other]
        return replace(result, verdict=Verdict.CONFLICT, reasons=(*order.reasons, *reasons)), before.case
    if other is not None:
        words = "工单内容相同，但企业登记、列的用法或个人信息与导入时不同；事项不变"
        reason = Reason("taken_over_otherwise", words, "", Weight.NOTE)
        return replace(result, reasons=(*order.reasons, reason)), before.case
    return result, before.case


def _other(heading: str, case: str, row: int, column: Column | None) -> Reason:
    words = f"已导入为事项 {case}，“{heading}”与当时不同；事项不变，请在事项中办理"
    return Reason("taken_over_otherwise", words, f"{column.name}{row}" if column else "", Weight.CONFLICT)


def _judged(order: WorkOrder, outcome: Outcome | None) -> RowResult:
    result = RowResult(order.row, Verdict.NEW, order.number, "", order.reasons)
    if order.command is None:
        return replace(result, verdict=Verdict.ERROR)
    return _refused(result, outcome) if isinstance(outcome, Refused) else result


def _told(result: RowResult, outcome: Outcome) -> tuple[RowResult, str]:
    """What became of a new row when it was written: another import may have been first."""
    if isinstance(outcome, Refused):
        return _refused(result, outcome), ""
    case = str(outcome.receipt["case"])
    verdict = Verdict.UNCHANGED if outcome.is_repeated else Verdict.NEW
    return replace(result, verdict=verdict, title=case), case


def _refused(result: RowResult, outcome: Refused) -> RowResult:
    error = outcome.error
    told = [f"{blocker.message}" for blocker in error.blockers] or [error.message]
    reasons = (*result.reasons, *(Reason(error.code, words) for words in told))
    return replace(result, verdict=Verdict.ERROR, reasons=reasons)

"""Imports of lists: dry run, commit, undo, and what was imported.

The verdicts come from `judging.py`; the rows go by `commit.py`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Final

from sqlalchemy import Connection, insert, select, update

from adapters.db.database import Database
from adapters.db.programme_tables import BATCH
from adapters.db.rows import micros
from adapters.importing import commit, known
from adapters.importing.commit import Writing
from adapters.importing.entries import entries_of, flag_duplicates, flag_excess
from adapters.importing.judging import Judge
from adapters.importing.records import (
    LIST,
    Batch,
    Looked,
    Watch,
    batch_of,
    find_batch,
    number_of,
    require_batch,
    row_of,
    undo_of,
    unwatched,
)
from adapters.importing.verdicts import DryRun, Entry, FutureList, ListOptions, NotUndoable, Weight
from adapters.spreadsheets.cleaning import clean_day
from adapters.spreadsheets.headings import Vocabulary, vocabulary
from adapters.spreadsheets.reading import read_sheets
from adapters.spreadsheets.tables import Table, table_of
from adapters.subjects import reading
from adapters.subjects.registry import Subjects
from adapters.subjects.writing import SubjectUnit
from engine import canonical
from engine.programme.facts import FactSpec, FactType, SubjectSpec

__all__ = ["Imports"]

_PAIRS: Final = (("研发费用", "营业收入"),)  # the first is a part of the second


class Imports:
    """`subjects` is the registry that the rows go into; `local_date` says on which day a moment lies."""

    def __init__(
        self, database: Database, subjects: Subjects, local_date: Callable[[datetime], date]
    ) -> None:
        self._database = database
        self._subjects = subjects
        self._local_date = local_date

    def dry_run(
        self,
        data: bytes,
        name: str,
        *,
        subject: SubjectSpec,
        facts: Mapping[str, FactSpec],
        options: ListOptions,
        now: datetime,
        watch: Watch = unwatched,
    ) -> DryRun:
        """A verdict for each row; nothing is written. Errors: those of reading, `NoTable`, `ColumnsUnclear`."""
        words = vocabulary(subject, facts)
        table = table_of(
            read_sheets(data, name), words, sheet=options.sheet, year=options.year, unit=options.unit
        )
        vintage = options.vintage or _dated(table) or self._local_date(now)
        _require_past(vintage, self._local_date(now))
        total = len(table.sheet.rows) - table.bottom - 1
        entries = list(watch("Reading", entries_of(table, options, vintage), total))
        flag_duplicates(entries, table)
        weight = Weight.NOTE if options.trust_figures else Weight.CONFLICT
        flag_excess(entries, _pairs(words), weight)
        digest = hashlib.sha256(data).hexdigest()
        with self._database.reading() as connection:
            judge = _judge(connection, table, entries, facts, options=options, vintage=vintage)
            results = [judge.result(entry) for entry in watch("Judging", entries, len(entries))]
            already = _same(connection, digest, options)
        seen = {subject: state.version for subject, state in judge.states.items()}
        return DryRun(
            file=name,
            digest=digest,
            options=options,
            vintage=vintage,
            table=table,
            results=results,
            seen=seen,
            already=already,
        )

    def keep(self, connection: Connection, dry: Looked, *, by: str, now: datetime) -> str:
        """Remember a dry run, so that it can be looked at and committed later: its number."""
        id = number_of(dry, by, now, self._local_date(now))
        if find_batch(connection, id) is None:
            row = row_of(dry, id=id, by=by, at=now)
            connection.execute(insert(BATCH).values(row._asdict()))
        return id

    def commit(self, dry: DryRun, *, by: str, now: datetime) -> Batch | None:
        """All good rows in one transaction; None where nothing would change. The same file again gives its first batch.

        Errors: `ImportMoved`.
        """
        with self._subjects.unit(now) as unit:
            id = self.commit_in(unit, dry, by=by)
            return batch_of(require_batch(unit.connection, id)) if id else None

    def commit_in(self, unit: SubjectUnit, dry: DryRun, *, by: str, kept: str = "") -> str:
        """The same in a transaction of the caller: the number of the batch. `kept`: that of the remembered dry run."""
        connection, now = unit.connection, unit.at
        commit.alone(connection)
        if already := _same(connection, dry.digest, dry.options):
            return already
        if not dry.changes:
            return ""
        commit.require_unmoved(connection, dry)
        id = kept or number_of(dry, by, now, self._local_date(now))
        undo = commit.write(unit, _writing(dry, id, by, now), dry.changes)
        row = row_of(dry, id=id, by=by, at=now, committed_at=now, undo=undo)._asdict()
        if find_batch(connection, id) is None:
            connection.execute(insert(BATCH).values(row))
        else:
            connection.execute(update(BATCH).where(BATCH.c.id == id).values(row))
        return id

    def undo(self, batch: str, *, now: datetime) -> tuple[Batch, int]:
        """Withdraw what a batch brought; the number of subjects. Errors: `UnknownBatch`, `NotUndoable`."""
        with self._subjects.unit(now) as unit:
            touched = self.undo_in(unit, batch)
            return batch_of(require_batch(unit.connection, batch)), touched

    def undo_in(self, unit: SubjectUnit, batch: str) -> int:
        """The same in a transaction of the caller."""
        connection = unit.connection
        commit.alone(connection)
        row = require_batch(connection, batch)
        if row.kind != LIST or row.committed_at is None or row.undone_at is not None:
            raise NotUndoable(
                f"批次 {batch} 不能撤销：没有导入、已经撤销，或不是名单",
                hint="bihuan import batches 列出各批次",
            )
        touched = commit.withdraw(unit, batch, undo_of(row))
        connection.execute(update(BATCH).where(BATCH.c.id == batch).values(undone_at=micros(unit.at)))
        return touched

    def batch(self, id: str) -> Batch:
        """Errors: `UnknownBatch`."""
        with self._database.reading() as connection:
            return batch_of(require_batch(connection, id))

    def batches(self, regions: Iterable[str], *, limit: int = 100) -> list[Batch]:
        """Those that somebody responsible for `regions` may see, the newest first."""
        regions, found = tuple(regions), []
        with self._database.reading() as connection:
            for row in connection.execute(select(BATCH).order_by(BATCH.c.at.desc(), BATCH.c.id)):
                batch = batch_of(row)
                if batch.is_within(regions):
                    found.append(batch)
                if len(found) == limit:
                    break
        return found


def _writing(dry: DryRun, batch: str, by: str, now: datetime) -> Writing:
    return Writing(
        batch=batch,
        by=by,
        at=now,
        source=dry.options.source or f"名单：{dry.file}",
        vintage=dry.vintage,
        verified=dry.options.verified,
    )


def _judge(
    connection: Connection,
    table: Table,
    entries: list[Entry],
    facts: Mapping[str, FactSpec],
    *,
    options: ListOptions,
    vintage: date,
) -> Judge:
    names = reading.named(connection, {entry.title for entry in entries if entry.title})
    codes = {entry.code for entry in entries if entry.code} | {s for found in names.values() for s in found}
    return Judge(
        table=table,
        options=options,
        vintage=vintage,
        states=known.states_of(connection, codes),
        names=names,
        money={n: s.title.zh for n, s in facts.items() if s.type is FactType.MONEY and s.yearly},
    )


def _require_past(vintage: date, today: date) -> None:
    if vintage > today:
        raise FutureList(
            f"名单的日期 {vintage.isoformat()} 晚于今天", hint="核对填报时间，或用 --vintage 写明数据日期"
        )


def _dated(table: Table) -> date | None:
    """The day that the list gives as its own."""
    found = clean_day(table.dated) if table.dated else None
    return date.fromisoformat(str(found.value)) if found and found.value and not found.is_fault else None


def _pairs(words: Vocabulary) -> list[tuple[str, str]]:
    """By the headings under which they are known: what a fact is called inside is the programme's business."""
    return [
        (part.key, whole.key) for a, b in _PAIRS for part in words.get(a, ()) for whole in words.get(b, ())
    ]


def _same(connection: Connection, digest: str, options: ListOptions) -> str:
    """The import of the same file with the same options, if it stands."""
    query = select(BATCH.c.id, BATCH.c.options).where(
        BATCH.c.kind == LIST,
        BATCH.c.digest == digest,
        BATCH.c.committed_at.is_not(None),
        BATCH.c.undone_at.is_(None),
    )
    wanted = canonical.encode(options.as_data())
    return next((row.id for row in connection.execute(query) if row.options == wanted), "")

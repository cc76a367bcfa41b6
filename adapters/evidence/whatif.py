"""What if, over the histories of a database: other rules are certified once, then cases are compared, on every core if many.

Reads only: nothing here opens a transaction.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime
from multiprocessing import get_context
from typing import Any, Final

from sqlalchemy import select

from adapters.db.database import Database
from adapters.db.tables import CALENDAR
from adapters.evidence.selection import History, Selection, require_few
from adapters.registry import CalendarRegistry, DefinitionRegistry, DirectoryRegistry
from engine.audit.changing import BadSetting, Setting, changed, parse_setting
from engine.audit.whatif import CaseChange, Compared, Totals, compared
from engine.calendar import Calendar
from engine.errors import UnknownWorkflow
from engine.loading import Source, load
from engine.machine import Program

__all__ = ["Found", "Plan", "Question", "WhatIf"]

Progress = Callable[[int], None]
_PROCESSES_FROM: Final = 400  # cases; below that a second process costs more than it saves
_WAITING: Final = 4  # chunks a process may have before it: what was read ahead is in memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """`settings` as on the command line; `calendar` instead of the recorded ones, None to count by these."""

    selection: Selection
    settings: tuple[str, ...] = ()
    calendar: Calendar | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """What a process needs to compare cases, as plain values: it is sent to others once."""

    programs: Mapping[str, tuple[bytes, str]]
    changed: Mapping[str, tuple[bytes, str]]
    calendars: tuple[Mapping[str, Any], ...]
    calendar: Mapping[str, Any] | None
    parents: Mapping[str, str]
    until: datetime


@dataclass(frozen=True, slots=True)
class Plan:
    """A question whose rules are accepted. `latest` is the newest of the changed definitions: it names states and roles."""

    question: Question
    cases: int
    rules: Rules
    latest: Program


@dataclass(slots=True)
class Found:
    """`changes`: the first cases that matter, by number, at most as many as were asked for."""

    totals: Totals = field(default_factory=Totals)
    changes: list[CaseChange] = field(default_factory=list)


class WhatIf:
    def __init__(
        self,
        database: Database,
        *,
        definitions: DefinitionRegistry,
        calendars: CalendarRegistry,
        directories: DirectoryRegistry,
    ) -> None:
        self._database = database
        self._definitions = definitions
        self._calendars = calendars
        self._directories = directories

    def plan(self, question: Question, *, now: datetime, most: int = 0) -> Plan:
        """`most` cases at most; 0 for any number. Errors: `BadSetting`, `RulesRefused`, `TooManyCases`, `UnknownWorkflow`."""
        workflow, settings = question.selection.workflow, [parse_setting(s) for s in question.settings]
        versions = self._definitions.versions(workflow)
        if not versions:
            raise UnknownWorkflow(
                f"没有流程“{workflow}”", hint="流程的名称见 bihuan publish 或 /api/v1/workflows"
            )
        cases = question.selection.count(self._database)
        if most:
            require_few(cases, most, "bihuan audit whatif")
        used = set(question.selection.digests(self._database))
        today = self._calendars.current(versions[0].definition.calendar).local_date(now)
        made = {p.digest: self._changed(p, settings, today, strict=p.digest in used) for p in versions}
        return Plan(
            question, cases, self._rules(question, versions, made, now), Program(made[versions[0].digest])
        )

    def _changed(self, program: Program, settings: Sequence[Setting], today: date, *, strict: bool) -> Source:
        """A version under which no case stands may lack a place that others have: cases that left it keep its rules."""
        if not settings:
            return program.source
        try:
            calendar = self._calendars.current(program.definition.calendar)
            return changed(program.source, settings, calendar=calendar, today=today)
        except BadSetting:
            if strict:
                raise
            return program.source

    def _rules(
        self, question: Question, versions: Iterable[Program], made: Mapping[str, Source], now: datetime
    ) -> Rules:
        regions = self._directories.current().regions
        return Rules(
            programs={p.digest: (p.source.data, p.source.name) for p in versions},
            changed={digest: (source.data, source.name) for digest, source in made.items()},
            calendars=tuple(calendar.to_data() for calendar in self._every_calendar()),
            calendar=question.calendar.to_data() if question.calendar else None,
            parents={region.id: region.parent for region in regions if region.parent},
            until=now,
        )

    def _every_calendar(self) -> Iterator[Calendar]:
        with self._database.reading() as connection:
            digests = list(connection.scalars(select(CALENDAR.c.digest)))
        return (self._calendars.digest(digest) for digest in digests)

    def run(
        self, plan: Plan, *, keep: int, processes: int = 0, progress: Progress = lambda cases: None
    ) -> Found:
        """`keep` changes at most are kept; `progress` hears how many cases are done.

        `processes` 0: as many as there are cores, where there are cases enough.
        """
        found = Found()
        chunks = plan.question.selection.chunks(self._database)
        for totals, changes in _mapped(plan, chunks, processes):
            found.totals.add(totals)
            found.changes.extend(changes[: keep - len(found.changes)])
            progress(found.totals.cases)
        return found


_Chunk = tuple[Totals, list[CaseChange]]


def _mapped(plan: Plan, chunks: Iterable[list[History]], processes: int) -> Iterator[_Chunk]:
    """The answer for each chunk, in order."""
    wanted = processes or (os.cpu_count() or 1 if plan.cases >= _PROCESSES_FROM else 1)
    if wanted == 1:
        compare = _comparer(plan.rules)
        yield from (_compare_all(compare, chunk) for chunk in chunks)
        return
    with ProcessPoolExecutor(
        wanted, mp_context=get_context("spawn"), initializer=_prepare, initargs=(plan.rules,)
    ) as pool:
        waiting: deque[Future[_Chunk]] = deque()
        for chunk in chunks:
            waiting.append(pool.submit(_compare_prepared, chunk))
            if len(waiting) > wanted * _WAITING:
                yield waiting.popleft().result()
        for future in waiting:
            yield future.result()


_Compare = Callable[[Sequence[bytes]], Compared]
_prepared: list[_Compare] = []


def _prepare(rules: Rules) -> None:
    _prepared[:] = [_comparer(rules)]


def _compare_prepared(chunk: Sequence[History]) -> _Chunk:
    return _compare_all(_prepared[0], chunk)


def _compare_all(compare: _Compare, chunk: Sequence[History]) -> _Chunk:
    totals, changes = Totals(), []
    for _, history in chunk:
        found = compare(history)
        totals.add(found.totals)
        if found.change and found.change.matters:
            changes.append(found.change)
    return totals, changes


def _comparer(rules: Rules) -> _Compare:
    programs, made = _compiled(rules.programs), _compiled(rules.changed)
    known = {c.digest: c for c in map(Calendar.from_data, rules.calendars)}
    other = Calendar.from_data(rules.calendar) if rules.calendar else None

    def compare(history: Sequence[bytes]) -> Compared:
        return compared(
            history,
            programs=programs.__getitem__,
            changed=made.__getitem__,
            calendars=known.__getitem__,
            under=(lambda digest: other) if other else known.__getitem__,
            until=rules.until,
            parents=rules.parents,
        )

    return compare


def _compiled(sources: Mapping[str, tuple[bytes, str]]) -> dict[str, Program]:
    return {digest: Program(load(data, name=name)) for digest, (data, name) in sources.items()}

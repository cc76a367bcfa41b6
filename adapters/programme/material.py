"""What figures are computed from, read for a region and all under it: cases, spells, slots, subjects. Decoded once each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Select, and_, select

from adapters.db import rows
from adapters.db.access import under
from adapters.db.database import Database
from adapters.db.programme_tables import MEMBERSHIP, SLOT, SUBJECT, TARGET
from adapters.db.rows import micros, moment
from adapters.db.spells import spell_of
from adapters.db.tables import CASE, EVENT
from adapters.subjects.profiles import Profiles
from engine.canonical import decode
from engine.case import Case, CaseId, Clock
from engine.directory import SubjectId
from engine.machine import Program
from engine.programme.indicators import Indicator, Over
from engine.programme.model import Programme
from engine.programme.readings import Reading, earlier_runs
from engine.programme.selecting import Material, Slot, workflow_of
from engine.programme.spells import Spell

__all__ = ["Needed", "needed", "read_material", "read_slots", "read_spells", "read_targets"]

_IN_ONE_QUERY = 400


@dataclass(frozen=True, slots=True)
class Needed:
    """What a set of indicators looks at."""

    overs: tuple[Over, ...]

    @property
    def workflows(self) -> set[str]:
        return {over.cases for over in self.overs if over.cases}

    @property
    def lists(self) -> set[str]:
        return {over.members for over in self.overs if over.members}

    @property
    def obligations(self) -> set[str]:
        return {over.slots for over in self.overs if over.slots}

    @property
    def has_subjects(self) -> bool:
        return any(over.subjects for over in self.overs)

    def clocks(self, workflow: str) -> set[str]:
        """The clocks by whose end cases of a workflow are counted."""
        bys = (over.by for over in self.overs if over.cases == workflow and over.by)
        return {by.removeprefix("due ") for by in bys if by.startswith("due ")}


def needed(programme: Programme, names: Iterable[str]) -> Needed:
    """Of these indicators and of those that they compare or weigh."""
    seen: dict[str, Indicator] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in seen:
            found = seen[name] = programme.indicators[name]
            waiting += [*filter(None, [found.of]), *(part.indicator for part in found.parts)]
    return Needed(tuple(over for each in seen.values() for over in (each.over, each.having) if over))


def read_material(
    database: Database,
    programme: Programme,
    wanted: Needed,
    *,
    region: str,
    before: datetime,
    versions: Callable[[str], Collection[Program]],
    day: Callable[[datetime], date],
    profiles: Profiles,
) -> Material:
    """Everything of the region that began before a moment."""
    behind = {workflow_of(programme, over) for over in wanted.overs} - {""}
    compared = wanted.workflows | set(_fillers(programme, wanted))
    readings = {name: Reading(versions(name)) for name in compared | behind}
    cases = {name: _cases(database, _of_workflow(name, region, before)) for name in compared}
    spells = {name: read_spells(database, name, region=region, before=before) for name in wanted.lists}
    slots = {
        name: read_slots(database, programme, name, region=region, day=day) for name in wanted.obligations
    }
    return Material(
        readings=readings,
        cases=cases,
        earlier={
            case: runs
            for name in wanted.workflows
            for case, runs in _earlier(database, cases[name], wanted.clocks(name)).items()
        },
        spells=spells,
        slots=slots,
        profiles=tuple(profiles.many(_subjects(database, region))) if wanted.has_subjects else (),
        behind={case.id: case for case in _behind(database, wanted, region)},
    )


def _fillers(programme: Programme, wanted: Needed) -> Iterable[str]:
    """The workflows whose cases fill slots besides the slots' own."""
    asked = (programme.obligations[name].also_filled_by for name in wanted.obligations)
    return (over.cases for over in asked if over is not None and over.cases)


def read_spells(
    database: Database, name: str, *, region: str, before: datetime | None = None
) -> tuple[Spell, ...]:
    """The spells of a list in a region, by subject."""
    columns = [column for column in MEMBERSHIP.c if column.name != "evidence"]
    query = select(*columns).where(MEMBERSHIP.c.list == name, under(MEMBERSHIP.c.region, region))
    if before is not None:
        query = query.where(MEMBERSHIP.c.since < micros(before))
    with database.reading() as connection:
        found = connection.execute(query.order_by(MEMBERSHIP.c.subject, MEMBERSHIP.c.n)).all()
    return tuple(map(spell_of, found))


def read_slots(
    database: Database,
    programme: Programme,
    name: str,
    *,
    region: str,
    day: Callable[[datetime], date],
    first: date | None = None,
) -> tuple[Slot, ...]:
    """The slots of an obligation in a region, by period and target; those of terms that end on or after `first`.

    `day` is the local day of a moment.
    """
    query = select(SLOT).where(SLOT.c.obligation == name, under(SLOT.c.region, region))
    if first is not None:
        query = query.where(SLOT.c.last >= first.isoformat())
    obligation = programme.obligations.get(name)
    of_list = obligation is not None and obligation.whom.list is not None
    with database.reading() as connection:
        found = connection.execute(query.order_by(SLOT.c.first, SLOT.c.target)).all()
    return tuple(
        Slot(
            obligation=row.obligation,
            target=row.target,
            period=row.period,
            region=row.region,
            first=date.fromisoformat(row.first),
            last=date.fromisoformat(row.last),
            case=CaseId(row.case_id),
            opened_on=day(moment(row.opened_at)),
            subject=row.target if of_list else "",
        )
        for row in found
    )


def read_targets(database: Database) -> dict[tuple[str, str, int], int]:
    """What is set for each indicator, region and year: the newest row of each."""
    query = select(TARGET).order_by(TARGET.c.n)
    with database.reading() as connection:
        return {(row.indicator, row.region, row.year): row.value for row in connection.execute(query)}


def _of_workflow(name: str, region: str, before: datetime) -> Select[bytes, str]:
    conditions = (CASE.c.workflow == name, under(CASE.c.region, region), CASE.c.opened_at < micros(before))
    return select(CASE.c.body, CASE.c.head).where(and_(*conditions)).order_by(CASE.c.id)


def _cases(database: Database, query: Select[bytes, str]) -> tuple[Case, ...]:
    with database.reading() as connection:
        return tuple(rows.stored_case(body, head) for body, head in connection.execute(query))


def _behind(database: Database, wanted: Needed, region: str) -> Iterable[Case]:
    """The cases of members and slots."""
    for table, column, names in (
        (MEMBERSHIP, MEMBERSHIP.c.list, wanted.lists),
        (SLOT, SLOT.c.obligation, wanted.obligations),
    ):
        if names:
            here = select(table.c.case_id).where(column.in_(names), under(table.c.region, region))
            yield from _cases(database, select(CASE.c.body, CASE.c.head).where(CASE.c.id.in_(here)))


def _earlier(
    database: Database, cases: Iterable[Case], clocks: Collection[str]
) -> dict[CaseId, Mapping[str, tuple[Clock, ...]]]:
    """Former runs, of the cases that had any: only their histories are read."""
    latest = {
        case.id: runs
        for case in cases
        if (
            runs := {c: case.clocks[c].cycle for c in clocks if c in case.clocks and case.clocks[c].cycle > 1}
        )
    }
    found: dict[CaseId, Mapping[str, tuple[Clock, ...]]] = {}
    waiting = list(latest)
    for start in range(0, len(waiting), _IN_ONE_QUERY):
        some = waiting[start : start + _IN_ONE_QUERY]
        changes: defaultdict[CaseId, list[Mapping[str, object]]] = defaultdict(list)
        query = select(EVENT.c.case_id, EVENT.c.data).where(EVENT.c.case_id.in_(some))
        with database.reading() as connection:
            for case, data in connection.execute(query.order_by(EVENT.c.case_id, EVENT.c.seq)):
                changes[case] += decode(data)["changes"]
        found |= {case: earlier_runs(changes[case], latest[case]) for case in some}
    return found


def _subjects(database: Database, region: str) -> list[SubjectId]:
    query = select(SUBJECT.c.id).where(under(SUBJECT.c.region, region)).order_by(SUBJECT.c.id)
    with database.reading() as connection:
        return [SubjectId(subject) for subject in connection.scalars(query)]

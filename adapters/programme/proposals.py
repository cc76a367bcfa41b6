"""Proposals: looks once a day for what many cases have in common and opens one case for it, for people to decide on.

What was proposed stands in the cases that were opened: whatever they list, or were linked to, is never proposed again. What is
alike to it joins it (people add it by the workflow's own step) and opens no second one, as long as the case is open; once it has
ended, as long as what it lists still lies within the span.

Looking at many thousand cases takes seconds. It is done in portions, a few in one run, so that clocks need not wait for it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final, TypeVar

import structlog
from sqlalchemy import ColumnElement, and_, select, text

from adapters.db.database import Database
from adapters.db.programme_tables import SUBJECT_NAME
from adapters.db.rows import micros, stored_case
from adapters.db.tables import CASE
from adapters.numbers import Numbers
from adapters.programme.refusals import refusal, settle
from adapters.programme.slots import PROGRAMME, InForce, Submit
from adapters.registry import CalendarRegistry, DefinitionRegistry, DirectoryRegistry
from engine.access import Reach
from engine.case import Case, CommandId
from engine.commands import Open
from engine.directory import Directory, covers
from engine.machine import Program
from engine.programme.alikeness import Sample, finished, grouping, sample
from engine.programme.model import Programme
from engine.programme.proposals import (
    Compared,
    Proposal,
    Proposed,
    brought,
    cases_field,
    proposed,
    readable,
)
from engine.programme.readings import At, Reading
from engine.runtime import Refused

__all__ = ["Proposals", "Ran"]

log = structlog.get_logger()

_Item = TypeVar("_Item")
_AT_ONCE: Final = 400  # cases of one query
_PORTIONS: Final = 4  # in one run: some tenths of a second
_KEEP: Final = timedelta(hours=1)
_DAY: Final = text("SELECT next FROM counter WHERE name = :name")
_DONE: Final = text("""
    INSERT INTO counter (name, next) VALUES (:name, :day)
    ON CONFLICT (name) DO UPDATE SET next = :day WHERE counter.next < :day
""")


@dataclass(frozen=True, slots=True)
class Ran:
    """What one run opened; `more` while it has not looked at everything."""

    opened: int = 0
    more: bool = False


class Proposals:
    """Any number of processes may run it: on one day the same first case makes one command key, and so one case."""

    def __init__(
        self,
        database: Database,
        *,
        calendars: CalendarRegistry,
        definitions: DefinitionRegistry,
        directories: DirectoryRegistry,
        numbers: Numbers,
        in_force: Callable[[datetime], InForce | None],
    ) -> None:
        self._database = database
        self._calendars = calendars
        self._definitions = definitions
        self._directories = directories
        self._numbers = numbers
        self._in_force = in_force
        self._shown: tuple[datetime, list[Proposed]] | None = None
        self._under_way: Generator[None, None, int] | None = None

    def run(self, submit: Submit, now: datetime) -> Ran:
        """Look, if nobody has today, and open what is proposed: a few portions of that; the next run goes on."""
        work, self._under_way = self._under_way or self._opening_all(submit, now), None
        for _ in range(_PORTIONS):
            try:
                next(work)
            except StopIteration as end:
                return Ran(end.value)
        self._under_way = work  # only now: what failed is begun anew
        return Ran(more=True)

    def found(self, now: datetime) -> list[Proposed]:
        """What would be proposed at this moment, and what would join what is there already."""
        found = self._in_force(now)
        if found is None:
            return []
        return [
            each
            for name, proposal in found.programme.proposals.items()
            for each in finished(self._look(name, proposal, found.programme, now))
        ]

    def shown(self, now: datetime, reach: Reach) -> list[Proposed]:
        """Those of which all cases lie in regions within reach. Comparing takes a while: known for up to an hour."""
        if self._shown is None or not self._shown[0] <= now < self._shown[0] + _KEEP:
            self._shown = now, self.found(now)
        return [
            each for each in self._shown[1] if any(covers(region, each.region) for region in reach.regions)
        ]

    # Opening

    def _opening_all(self, submit: Submit, now: datetime) -> Generator[None, None, int]:
        found = self._in_force(now)
        if found is None:
            return 0
        day = self._calendars.current(found.programme.calendar).local_date(now).toordinal()
        opened = 0
        for name in found.programme.proposals:
            if self._day(name) < day:
                opened += yield from self._open(name, found.programme, submit, now, day)
        return opened

    def _open(
        self, name: str, programme: Programme, submit: Submit, now: datetime, day: int
    ) -> Generator[None, None, int]:
        proposal = programme.proposals[name]
        looked = yield from self._look(name, proposal, programme, now)
        if self._day(name) >= day:
            return 0  # another process was faster
        asked = [self._opening(proposal, each, now, day) for each in looked if not each.joins]
        waiting = [(command, submit(command)) for command in asked]
        refused = []
        for command, future in waiting:
            outcome = future.result()
            if isinstance(outcome, Refused):
                refused.append(refusal(command.id, name, outcome.error))
                log.warning("proposal_refused", code=outcome.error.code, reason=outcome.error.message)
            yield
        settle(self._database, "proposal", refused, now, about=[name])
        with self._database.writing() as connection:
            connection.execute(_DONE, {"name": _counter(name), "day": day})
        self._shown = None
        return len(asked) - len(refused)

    def _opening(self, proposal: Proposal, found: Proposed, now: datetime, day: int) -> Open:
        definition = self._definitions.current(proposal.workflow, now).definition
        return Open(
            id=CommandId(f"programme/proposal/{found.proposal}/{day}/{min(found.cases)}"),
            case=self._numbers.next(now),
            actor=PROGRAMME,
            workflow=proposal.workflow,
            region=found.region,
            subject="",
            data=brought(proposal, found, definition),
        )

    def _day(self, name: str) -> int:
        with self._database.reading() as connection:
            return connection.scalar(_DAY, {"name": _counter(name)}) or 0

    # Looking

    def _look(
        self, name: str, proposal: Proposal, programme: Programme, now: datetime
    ) -> Generator[None, None, list[Proposed]]:
        programs = self._definitions.versions(str(proposal.over.cases))
        at = At(now, self._calendars.current(programme.calendar))
        taken, cases = yield from self._looked_at(proposal, programs, at)
        samples = yield from self._samples(proposal, programs, cases)
        compared = Compared(
            grouping=(yield from grouping(samples, percent=proposal.alike.percent, taken=taken)),
            region_of={case.id: case.region for case in cases},
            taken=taken,
            titles=_titles(proposal, programs),
            directory=self._directories.current(),
        )
        return list(proposed(name, proposal, compared))

    def _looked_at(
        self, proposal: Proposal, programs: Sequence[Program], at: At
    ) -> Generator[None, None, tuple[dict[str, str], list[Case]]]:
        """Which cases are known already, and under which; and all that are compared: of the span, and listed by open ones."""
        first = at.calendar.local_date(at.now) - timedelta(days=proposal.days - 1)
        since = CASE.c.opened_at >= micros(at.calendar.start_of(first))
        there = yield from self._cases(CASE.c.workflow == proposal.workflow)
        listed = _listed(proposal, there)
        recent = yield from self._cases(and_(CASE.c.workflow == proposal.over.cases, since))
        within = {case.id: case for case in recent}
        anchors = _listed(proposal, [case for case in there if case.is_open]).keys() - within.keys()
        own = {str(case.id) for case in there}
        taken = listed | {case.id: linked for case in within.values() if (linked := _linked(case, own))}
        holds = _condition(proposal, programs, at)
        cases = [case for case in within.values() if case.id in taken or holds(case)]
        for some in _in_parts(sorted(anchors)):
            cases += yield from self._cases(CASE.c.id.in_(some))
        return {case.id: taken[case.id] for case in cases if case.id in taken}, cases

    def _samples(
        self, proposal: Proposal, programs: Sequence[Program], cases: Sequence[Case]
    ) -> Generator[None, None, list[Sample]]:
        """Names of subjects and regions are dropped, and no field is read that is personal in any version."""
        definitions = [program.definition for program in programs]
        texts = readable(definitions, proposal.alike.text)
        kinds = readable(definitions, [proposal.alike.field])
        places = _places(self._directories.current())
        samples = []
        for some in _in_parts(cases):
            names = self._names({case.subject for case in some if case.subject})
            samples += [
                sample(
                    case.id,
                    "".join(case.data.get(kind) or "" for kind in kinds),
                    [case.data.get(name) or "" for name in texts],
                    names=(*names.get(case.subject, ()), *places[case.region]),
                )
                for case in some
            ]
            yield
        return samples

    def _names(self, subjects: set[str]) -> Mapping[str, list[str]]:
        """Every name that a subject ever had."""
        found: defaultdict[str, list[str]] = defaultdict(list)
        query = select(SUBJECT_NAME.c.subject, SUBJECT_NAME.c.title).where(
            SUBJECT_NAME.c.subject.in_(sorted(subjects))
        )
        with self._database.reading() as connection:
            for row in connection.execute(query):
                found[row.subject].append(row.title)
        return found

    def _cases(self, condition: ColumnElement[bool]) -> Generator[None, None, list[Case]]:
        """In the order of their numbers, some at a time; one that is opened meanwhile may be among them or not."""
        query = select(CASE.c.id, CASE.c.body, CASE.c.head).where(condition).order_by(CASE.c.id)
        found: list[Case] = []
        last, is_full = "", True
        while is_full:
            with self._database.reading() as connection:
                rows = connection.execute(query.where(CASE.c.id > last).limit(_AT_ONCE)).all()
            found += [stored_case(row.body, row.head) for row in rows]
            last, is_full = rows[-1].id if rows else last, len(rows) == _AT_ONCE
            yield
        return found


def _listed(proposal: Proposal, there: Iterable[Case]) -> dict[str, str]:
    """What cases of the proposed workflow list, each under the newest that lists it."""
    field = cases_field(proposal)
    by_age = sorted(there, key=lambda case: (case.opened_at, case.id))
    return {listed: case.id for case in by_age for listed in case.data.get(field) or ()}


def _linked(case: Case, own: set[str]) -> str:
    """The proposed case that this one was linked to, the last by number; a list may have been written anew since."""
    return max((other for other in case.related if other in own), default="")


def _condition(proposal: Proposal, programs: Sequence[Program], at: At) -> Callable[[Case], bool]:
    if proposal.over.where is None:
        return lambda case: True
    reading = Reading(programs)
    where = reading.compiled(proposal.over.where, {})
    return lambda case: where.holds(partial(reading.value, case=case, at=at))


def _titles(proposal: Proposal, programs: Sequence[Program]) -> dict[str, str]:
    """Of the choice; the newest version's words."""
    versions = sorted((program.definition for program in programs), key=lambda each: each.version)
    specs = [each.fields[proposal.alike.field] for each in versions if proposal.alike.field in each.fields]
    return {option: str(title) for spec in specs for option, title in spec.options.items()}


def _places(directory: Directory) -> dict[str, list[str]]:
    """The titles of each region and of those above it."""
    return {
        str(region.id): [above.title for above in directory.upwards(region.id)]
        for region in directory.regions
    }


def _in_parts(items: Sequence[_Item]) -> Iterator[Sequence[_Item]]:
    return (items[start : start + _AT_ONCE] for start in range(0, len(items), _AT_ONCE))


def _counter(name: str) -> str:
    return f"programme/proposals/{name}"

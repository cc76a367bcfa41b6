"""A province from one moment to another: clocks ring, people act or do not, tasks are performed, figures change.

Everything goes through the writer, the sweeper and the task performer that a server has; only the clock is moved by
hand. The same seed gives the same people and choices.
"""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from adapters.bootstrap import Container
from adapters.clock import MovedClock
from adapters.metrics import new_metrics
from adapters.writer import Writer
from api.simulation.extending import extending
from api.simulation.manners import ON_THE_DAY, Manners
from api.simulation.people import People
from api.simulation.values import Values
from engine.blockers import Place
from engine.case import CASE_CLOCK, Case, CaseId, CommandId, lane_clock, lane_of
from engine.commands import Command, Open, TakeStep
from engine.definition import RoleOf
from engine.events import Event
from engine.machine import CompiledStep, Program
from engine.runtime import Accepted, Outcome, Refused
from workers.tasks import Performer

__all__ = ["Happening", "Province", "Tally"]

ZONE: Final = ZoneInfo("Asia/Shanghai")
# Moments at which people act and clocks are looked at; the close of business, when most limits end, is one of them.
_MOMENTS: Final = (time(9), time(10), time(11), time(14), time(15), time(16), time(17), time(17, 30))
_TRIES: Final = 8

Daily = Callable[[date], object]


@dataclass(slots=True)
class Tally:
    """What happened, by kind; `refused` by the codes of the refusals."""

    events: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    steps: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that is opened on a day: by whoever holds `role` there, or the first role that may; the rest is filled in."""

    workflow: str
    region: str
    subject: str
    role: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, order=True)
class _Turn:
    """Somebody looks at a place of a case. Stale once the place was entered anew (`entry`)."""

    at: datetime
    n: int
    case: CaseId = field(compare=False)
    lane: str = field(compare=False)
    entry: int = field(compare=False)
    tries: int = field(compare=False, default=0)


class Province:
    """Use as a context manager: it holds a writer."""

    def __init__(
        self, made: Container, clock: MovedClock, *, seed: int, manners: Manners | None = None
    ) -> None:
        self.made = made
        self.tally = Tally()
        self.manners = manners or Manners()
        self.random = random.Random(seed)
        self._clock = clock
        self._touched: set[CaseId] = set()
        self._turns: list[_Turn] = []
        self._entered: dict[tuple[CaseId, str], tuple[int, str, int]] = {}
        self._numbered = 0
        self._people = People(made.directories.current(), self.today)
        self.writer = self._writer()
        self._performer = Performer(
            made, self.writer.submit, new_metrics(lambda: made.views.owed(made.now())), worker="simulation"
        )

    def __enter__(self) -> Province:
        return self

    def __exit__(self, *_: object) -> None:
        self.writer.close()

    @property
    def today(self) -> date:
        return self._clock().astimezone(ZONE).date()

    def open(self, happening: Happening) -> Command | None:
        """The command by which somebody opens it now; None where nobody holds the role."""
        definition = self.made.definitions.current(happening.workflow, self._clock()).definition
        actor = self._opener(happening)
        if actor is None:
            return None
        opening, number = definition.opening, self.made.numbers.next(self._clock())
        values = Values(self.random, self.made.directories.current(), self.today, happening.region)
        data = values.of(definition, opening.needs, (), favourable=True)
        return Open(
            id=self._key(),
            case=number,
            actor=actor,
            workflow=happening.workflow,
            region=happening.region,
            subject=happening.subject,
            data={**data, **happening.data},
        )

    def live(
        self,
        until: date,
        *,
        happenings: Callable[[date], Sequence[Happening]],
        daily: Daily = lambda day: None,
    ) -> Iterator[date]:
        """Play from tomorrow to `until`, both included; yields each day when it is over. `daily` runs in the morning."""
        day = self.today + timedelta(days=1)
        while day <= until:
            self._play(day, happenings(day), daily)
            yield day
            day += timedelta(days=1)

    # A day

    def _play(self, day: date, happenings: Sequence[Happening], daily: Daily) -> None:
        self._clock.move_to(_moment(day, time(0, 30)))
        daily(day)
        opened = _spread(happenings, len(_MOMENTS) - 1)
        works = self._works(day)
        for n, at in enumerate(_MOMENTS):
            self._clock.move_to(_moment(day, at))
            self._ring()
            if works and n < len(opened):
                self._submit([c for each in opened[n] if (c := self.open(each))])
                self._act()
        self._perform()
        self._look()

    def _works(self, day: date) -> bool:
        return self.made.calendars.current("cn").day(day).is_working

    def _ring(self) -> None:
        while events := self.made.engine.sweep():
            self._heard(events)
        self._look()

    def _perform(self) -> None:
        while self._performer.run_ready(500):
            pass

    # Acting

    def _act(self) -> None:
        now, asked = self._clock(), []
        while self._turns and self._turns[0].at <= now:
            turn = heapq.heappop(self._turns)
            if self._entered.get((turn.case, turn.lane), (0, "", 0))[0] == turn.entry:
                asked.append(turn)
        cases = self._load({turn.case for turn in asked})
        tried = [(turn, self._step(turn, case)) for turn in asked if (case := cases.get(turn.case))]
        taken = [(turn, self.writer.submit(command) if command else None) for turn, command in tried]
        for turn, future in taken:
            if not (future and self._is_accepted(future.result())) and turn.tries < _TRIES:
                later = self._clock() + timedelta(hours=self.random.randint(1, 20))
                self._turn(later, turn.case, turn.lane, turn.entry, turn.tries + 1)
        self._look()

    def _is_accepted(self, outcome: Outcome) -> bool:
        if isinstance(outcome, Refused):
            self.tally.refused.update([b.code for b in outcome.error.blockers] or [outcome.error.code])
        return isinstance(outcome, Accepted)

    def _step(self, turn: _Turn, case: Case) -> Command | None:
        program = self.made.definitions.digest(case.digest)
        if self.manners.extends and (asked := self._extending(program, case)):
            return asked
        place = _place(program, case, turn.lane)
        steps = list(place.chart.steps[place.state].values())
        for step in self.manners.choose(self.random, program.definition, steps):
            if found := self._taking(program, case, place, step, favourable=turn.tries % 2 == 0):
                self.tally.steps[f"{case.workflow}.{step.ref}"] += 1
                return found
        return None

    def _extending(self, program: Program, case: Case) -> Command | None:
        share = self.manners.extends
        return extending(self.random, program, case, self._people, share=share, key=self._key())

    def _taking(
        self, program: Program, case: Case, place: Place, step: CompiledStep, *, favourable: bool
    ) -> TakeStep | None:
        actors = (self._people.actor(program, case, role, place.unit) for role in step.spec.by)
        actor = next(filter(None, actors), None)
        values = Values(self.random, self.made.directories.current(), self.today, case.region)
        data = values.of(program.definition, step.spec.needs, step.spec.may, favourable=favourable)
        if actor is None or not set(step.spec.needs) <= data.keys():
            return None
        return TakeStep(id=self._key(), case=case.id, actor=actor, step=step.id, lane=place.lane, data=data)

    def _opener(self, happening: Happening) -> Any:
        program = self.made.definitions.current(happening.workflow, self._clock())
        empty = Case(
            id=CaseId(""),
            workflow=happening.workflow,
            version=1,
            digest=program.digest,
            region=happening.region,
            subject=happening.subject,
            state="",
            opened_at=self._clock(),
            at=self._clock(),
        )
        people = [r for r in program.definition.opening.by if program.role(r).of is not RoleOf.SYSTEM]
        return self._people.actor(program, empty, happening.role or people[0], "")

    def _submit(self, commands: Sequence[Command]) -> None:
        for future in [self.writer.submit(command) for command in commands]:
            self._is_accepted(future.result())
        self._look()

    # Looking: who has something new before them

    def _writer(self) -> Writer:
        return self.made.writer(self._heard)

    def _heard(self, events: Sequence[Event]) -> None:
        self.tally.events.update(event.type for event in events)
        self._touched.update(event.case for event in events)

    def _look(self) -> None:
        touched, self._touched = self._touched, set()
        for case in self._load(touched).values():
            program = self.made.definitions.digest(case.digest)
            self._look_at(program, case, "", case.state)
            for key, lane in case.lanes.items():
                if not lane.outcome:
                    self._look_at(program, case, key, lane.state)

    def _look_at(self, program: Program, case: Case, lane: str, state: str) -> None:
        """A place that was entered anew, or on which something was done, is looked at by somebody in time, late, or never."""
        chart = program.definition.chart(case.lanes[lane].type if lane else "")
        entry, was, seq = self._entered.get((case.id, lane), (0, "", -1))
        if chart[state].final or seq == case.seq:
            return
        self._entered[case.id, lane] = (entry + 1, state, case.seq)
        if at := self._when(program, case, lane, state, anew=was != state):
            self._turn(at, case.id, lane, entry + 1)

    def _when(self, program: Program, case: Case, lane: str, state: str, *, anew: bool) -> datetime | None:
        spec = program.definition.chart(case.lanes[lane].type if lane else "")[state]
        has_to = any(spec.owner in step.by for step in spec.steps.values())
        likely = self.manners.reopens if spec.settled else self.manners.helps
        if not has_to and self.random.random() >= likely:
            return None
        share = self.manners.share_of_the_limit(self.random)
        due_at = _next_due(case, lane)
        if share is None or due_at is None or (case.workflow, case.region) in self.manners.never:
            return None
        if share < 1 and (case.workflow, state) in ON_THE_DAY:
            return due_at - timedelta(hours=self.random.uniform(1, 8))
        return self._clock() + max(due_at - self._clock(), timedelta(hours=4 if anew else 24)) * share

    def _turn(self, at: datetime, case: CaseId, lane: str, entry: int, tries: int = 0) -> None:
        self._numbered += 1
        heapq.heappush(self._turns, _Turn(at, self._numbered, case, lane, entry, tries))

    def _load(self, cases: Collection[CaseId]) -> Mapping[CaseId, Case]:
        if not cases:
            return {}
        with self.made.store.unit() as unit:
            found = unit.load(cases, ()).cases
        return {case: found[case] for case in sorted(found)}

    def _key(self) -> CommandId:
        self._numbered += 1
        return CommandId(f"simulation/{self._numbered}")


def _place(program: Program, case: Case, lane: str) -> Place:
    if not lane:
        return Place(program.main, "", case.state, case.holder.unit)
    here = case.lanes[lane]
    return Place(program.charts[here.type], lane, here.state, here.holder.unit)


def _next_due(case: Case, lane: str) -> datetime | None:
    """The earliest limit that presses on a place; the limit of the whole case presses on nobody in particular."""
    if lane:
        pressing = [case.clocks.get(lane_clock(lane))]
    else:
        pressing = [clock for name, clock in case.clocks.items() if name != CASE_CLOCK and not lane_of(name)]
    return min((clock.due_at for clock in pressing if clock and clock.is_open), default=None)


def _moment(day: date, at: time) -> datetime:
    return datetime.combine(day, at, ZONE).astimezone(tz=_UTC)


_UTC: Final = ZoneInfo("UTC")


def _spread(happenings: Sequence[Happening], parts: int) -> list[list[Happening]]:
    return [list(happenings[n::parts]) for n in range(parts)]

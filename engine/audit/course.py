"""The course of a case's clocks: each run of a clock piece by piece, and every rung that fired, as the history records it.

A run is one start of a clock until its end; a piece is the clock as it stood from one change to the next. `rerun.py` makes
the same value under other rules, so that the two can be compared (`whatif.py`).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from engine import clocks
from engine.calendar import Calendar
from engine.canonical import parse_instant
from engine.case import Case, Clock, Holder, lane_of
from engine.definition import Rung
from engine.directory import Address, Of
from engine.events import Event, fold
from engine.machine import Program
from engine.timing import elapses, rule_of

__all__ = ["Course", "Desk", "Firing", "Path", "Piece", "Run", "RunKey", "firing", "recorded"]

Programs = Callable[[str], Program]
Calendars = Callable[[str], Calendar]


class RunKey(NamedTuple):
    """A run of a clock: which clock, started by which event, and as the how manieth of that event."""

    clock: str
    seq: int
    n: int


class Desk(NamedTuple):
    """Whose desk a rung reaches, relative to the case: a role of the organisation, where it is looked for, and the unit."""

    role: str
    of: Of
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Piece:
    """The clock as it stood from `at`, the moment of event `seq`, until the next piece; counted under `calendar`."""

    at: datetime
    seq: int
    clock: Clock
    calendar: Calendar


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a clock. `elapses`: a term, by which nobody is late."""

    key: RunKey
    title: str
    elapses: bool
    pieces: tuple[Piece, ...]

    @property
    def last(self) -> Piece:
        return self.pieces[-1]


@dataclass(frozen=True, slots=True)
class Firing:
    """A rung that fired: planned for one moment, fired at another. `to`: the state into which it moves the case (or lane)."""

    run: RunKey
    rung: str
    planned: datetime
    at: datetime
    desks: tuple[Desk, ...]
    to: str = ""
    opens: str = ""
    elapses: bool = False

    @property
    def is_reminder(self) -> bool:
        return self.rung.startswith("remind-")

    @property
    def is_escalation(self) -> bool:
        """What comes at or after the end of a limit; a term that simply runs out escalates nothing."""
        return not (self.is_reminder or self.elapses)


@dataclass(frozen=True, slots=True)
class Path:
    """Where the case was after each event: the same under all rules, for what people did stays as recorded."""

    cases: tuple[Case, ...]

    def before(self, moment: datetime, *, since: int) -> Case:
        """The case as it stood just before `moment`, but not earlier than after event `since`."""
        return self.cases[max(bisect_left(self.cases, moment, key=lambda case: case.at), since) - 1]

    def after(self, seq: int) -> Case:
        return self.cases[seq - 1]


@dataclass(frozen=True, slots=True)
class Course:
    """`runs` in the order of their starts, `firings` in the order in which they happened."""

    runs: Mapping[RunKey, Run]
    firings: tuple[Firing, ...]


@dataclass(slots=True)
class _Open:
    key: RunKey
    title: str
    elapses: bool
    pieces: list[Piece] = field(default_factory=list)


class Tracker:
    """Gathers a course while somebody walks through a history."""

    def __init__(self) -> None:
        self._runs: dict[RunKey, _Open] = {}
        self._now: dict[str, _Open] = {}
        self._firings: list[Firing] = []

    def changed(
        self,
        program: Program,
        case: Case,
        clock_id: str,
        clock: Clock,
        *,
        at: datetime,
        seq: int,
        calendar: Calendar,
    ) -> None:
        """`case` as it stands at the change, which event `seq` made, or after which the clock rang by itself."""
        open_run = self._now.get(clock_id)
        if open_run is None or open_run.pieces[-1].clock.cycle != clock.cycle:
            open_run = self._begun(program, case, clock_id, seq)
        open_run.pieces.append(Piece(at, seq, clock, calendar))

    def _begun(self, program: Program, case: Case, clock_id: str, seq: int) -> _Open:
        n = sum(1 for key in self._runs if key.clock == clock_id and key.seq == seq)
        rule = rule_of(program, case, clock_id)
        begun = _Open(
            RunKey(clock_id, seq, n), rule.title if rule else clock_id, elapses(program, case, clock_id)
        )
        self._runs[begun.key] = self._now[clock_id] = begun
        return begun

    def run(self, clock_id: str) -> RunKey:
        return self._now[clock_id].key

    def fired(self, firing: Firing) -> None:
        self._firings.append(firing)

    def course(self) -> Course:
        runs = {key: Run(key, run.title, run.elapses, tuple(run.pieces)) for key, run in self._runs.items()}
        return Course(runs, tuple(self._firings))


def recorded(events: Iterable[Event], programs: Programs, calendars: Calendars) -> tuple[Path, Course]:
    """What the history says of its clocks, seq ascending: their own recorded values, computed by nobody anew."""
    tracker, path, case = Tracker(), [], None
    for event in events:
        case = _recorded_event(tracker, case, event, programs, calendars)
        path.append(case)
    return Path(tuple(path)), tracker.course()


def _recorded_event(
    tracker: Tracker, case: Case | None, event: Event, programs: Programs, calendars: Calendars
) -> Case:
    calendar = calendars(event.body["calendar"]["digest"])
    fired = event.body["inputs"].get("fired") if event.type == "clock.fired" else None
    if fired and case:
        tracker.fired(_recorded_firing(tracker, programs(case.digest), case, event, fired))
    for change in event.body["changes"]:
        case = fold(case, change, event.at)
        if change["op"] == "clock":
            clock = case.clocks[change["id"]]
            tracker.changed(
                programs(case.digest),
                case,
                change["id"],
                clock,
                at=event.at,
                seq=event.seq,
                calendar=calendar,
            )
    if case is None:
        raise ValueError("the first event of a case must open it")
    return case.changed(seq=event.seq, at=event.at, head=event.hash)


def _recorded_firing(
    tracker: Tracker, program: Program, case: Case, event: Event, fired: Mapping[str, Any]
) -> Firing:
    run, planned = tracker.run(fired["clock"]), parse_instant(fired["planned"])
    return firing(program, case, run, fired["rung"], planned=planned, at=event.at)


# What a rung does


def firing(
    program: Program, case: Case, run: RunKey, name: str, *, planned: datetime, at: datetime
) -> Firing:
    """The rung `name` of a run that fires at `at`, with whom it reaches by this definition (`ringing.py` does it live)."""
    rule = rule_of(program, case, run.clock)
    rung = rule.rung(name) if rule and not name.startswith("remind-") else None
    desks = _desks(program, case, run.clock, rule, rung, is_reminder=name.startswith("remind-"))
    to = rung.to or "" if rung else ""
    opens = rung.opens.workflow if rung and rung.opens else ""
    return Firing(run, name, planned, at, desks, to, opens, elapses(program, case, run.clock))


def _desks(
    program: Program,
    case: Case,
    clock_id: str,
    rule: clocks.Rule | None,
    rung: Rung | None,
    *,
    is_reminder: bool,
) -> tuple[Desk, ...]:
    """The desks besides the holder's own: whom it tells, and who has the case where it leads."""
    holder, lane = case.holder_of(clock_id), lane_of(clock_id)
    words = (rule.warn if rule else ()) if is_reminder else (rung.notify if rung else ())
    found = [_desk(program.addressed(each), holder) for each in words]
    if rung and rung.to:
        state = program.definition.chart(case.lanes[lane].type if lane else "")[rung.to]
        if state.owner:
            found.append(_desk(program.address(state.owner), holder))
    return tuple(dict.fromkeys(found))


def _desk(address: Address, holder: Holder) -> Desk:
    return Desk(address.role, address.of, holder.unit if address.of is Of.UNIT else "")

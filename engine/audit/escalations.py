"""Each rung of each clock of a case: when it was planned, whether and how late it fired, how often, whom it told, by which rule.

Pure. What was planned follows from the clock after each change of it, under the calendar of that event; what fired is recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Literal

from engine import clocks, timing
from engine.calendar import Calendar
from engine.canonical import instant
from engine.case import CASE_CLOCK, STATE_CLOCK, Case, Clock, lane_of
from engine.events import Event, fold, read
from engine.machine import Program, named_rungs

__all__ = ["Escalation", "Told", "escalations"]

Status = Literal["fired", "planned", "paused", "due", "lapsed", "missed"]
"""`due`: its moment has passed and it has not fired. `lapsed`: the clock ended, or got another end, before its moment.
`missed`: the clock ended after its moment, and it had not fired."""

_MOST: Final = 50  # rungs that a clock can have ahead of it; a repeat is planned once


@dataclass(frozen=True, slots=True)
class Told:
    """A notice that the rung gave: to whom, under which address."""

    role: str
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Escalation:
    """`cycle` and `stretch` say which run of the clock, and under which of its ends, `rule` which words of the definition."""

    clock: str
    title: str
    cycle: int
    stretch: int
    rung: str
    rule: str
    planned: datetime
    status: Status
    times: int = 0
    fired_at: datetime | None = None
    seq: int = 0
    late_seconds: int | None = None
    told: tuple[Told, ...] = ()
    moved_to: str = ""

    def as_data(self) -> dict[str, Any]:
        moments = {
            "fired_at": instant(self.fired_at) if self.fired_at else None,
            "planned": instant(self.planned),
        }
        told = [{"people": list(each.people), "role": each.role} for each in self.told]
        return {**{name: getattr(self, name) for name in self.__slots__}, **moments, "told": told}


def escalations(
    history: Iterable[bytes],
    *,
    program: Callable[[str], Program],
    calendar: Callable[[str], Calendar],
    now: datetime,
) -> list[Escalation]:
    """In the order of their planned moments. `now` says which of those that have not fired are due."""
    ledger = _Ledger()
    case: Case | None = None
    for data in history:
        event = read(data)
        days = calendar(event.body["calendar"]["digest"])
        fired = event.body["inputs"].get("fired")
        for change in event.body["changes"]:
            case = fold(case, change, event.at)
            if change["op"] == "clock":
                clock = Clock.from_data(change["clock"])
                ledger.changed(
                    change["id"],
                    clock,
                    event.at,
                    _planned(program(case.digest), case, change["id"], clock, days),
                )
        if fired:
            ledger.fired(fired, event)
    return ledger.closed(now)


_Key = tuple[str, int, int, str]
_Plan = dict[str, tuple[datetime, str, str]]  # by rung: planned, title of the clock, rule


@dataclass(slots=True)
class _Ledger:
    entries: dict[_Key, Escalation] = field(default_factory=dict)

    def changed(self, clock_id: str, clock: Clock, at: datetime, plan: _Plan) -> None:
        for key, entry in list(self.entries.items()):
            if key[0] == clock_id and not entry.times and entry.status in ("planned", "paused"):
                self._revised(key, entry, clock, at, plan)
        for rung, (planned, title, rule) in plan.items():
            key = (clock_id, clock.cycle, clock.stretch, rung)
            if key not in self.entries:
                status: Status = "paused" if clock.status == "paused" else "planned"
                self.entries[key] = Escalation(
                    clock=clock_id,
                    title=title,
                    cycle=clock.cycle,
                    stretch=clock.stretch,
                    rung=rung,
                    rule=rule,
                    planned=planned,
                    status=status,
                )

    def _revised(self, key: _Key, entry: Escalation, clock: Clock, at: datetime, plan: _Plan) -> None:
        is_this = key[1:3] == (clock.cycle, clock.stretch)
        if is_this and clock.is_open and key[3] in plan:
            paused: Status = "paused" if clock.status == "paused" else "planned"
            self.entries[key] = replace(entry, planned=plan[key[3]][0], status=paused)
        elif not (is_this and clock.is_open):
            missed = entry.status == "planned" and entry.planned < at
            self.entries[key] = replace(entry, status="missed" if missed else "lapsed")

    def fired(self, fired: dict[str, Any], event: Event) -> None:
        key = (fired["clock"], fired["cycle"], fired["stretch"], fired["rung"])
        entry = self.entries.get(key)
        if entry is None:
            return
        self.entries[key] = replace(
            entry,
            status="fired",
            times=entry.times + 1,
            fired_at=entry.fired_at or event.at,
            seq=entry.seq or event.seq,
            late_seconds=fired["late_seconds"] if entry.late_seconds is None else entry.late_seconds,
            told=entry.told or tuple(_told(event)),
            moved_to=entry.moved_to or _moved_to(event),
        )

    def closed(self, now: datetime) -> list[Escalation]:
        due = (
            replace(entry, status="due") if entry.status == "planned" and entry.planned <= now else entry
            for entry in self.entries.values()
        )
        return sorted(due, key=lambda entry: (entry.planned, entry.clock, entry.rung))


def _told(event: Event) -> Iterator[Told]:
    for effect in event.effects:
        if effect["kind"] == "notify" and effect.get("rung"):
            yield Told(effect["role"], tuple(effect["people"]))


def _moved_to(event: Event) -> str:
    entered = [change["state"] for change in event.body["changes"] if change["op"] == "enter"]
    return entered[-1] if entered else ""


def _planned(program: Program, case: Case, clock_id: str, clock: Clock, calendar: Calendar) -> _Plan:
    """What the clock has ahead of it, as if each rung fired at its moment; of rungs that repeat, the next time."""
    rule = timing.rule_of(program, case, clock_id) if clock.is_open else None
    if rule is None:
        return {}
    plan: _Plan = {}
    ahead = (
        clock
        if clock.next_at
        else clocks.resume(clock, rule, clock.segments[-1][1] or clock.due_at, calendar)
    )
    for _ in range(_MOST):
        if ahead.next_at is None:
            break
        words = _rule(program, case, clock_id, ahead.next_rung)
        plan[ahead.next_rung] = (ahead.next_at, rule.title, words)
        if ahead.next_rung.startswith("again-"):
            break
        ahead = clocks.fire(ahead, rule, ahead.next_rung, ahead.next_at, calendar)
    return plan


def _rule(program: Program, case: Case, clock_id: str, rung: str) -> str:
    """The place in the definition: `issue 3: states.handling.overdue[0]`."""
    definition = program.definition
    return f"{definition.workflow} {definition.version}: {_place(case, clock_id)}.{_word(program, case, clock_id, rung)}"


def _place(case: Case, clock_id: str) -> str:
    if clock_id == STATE_CLOCK:
        return f"states.{case.state}"
    if clock_id == CASE_CLOCK:
        return "case_due"
    if key := lane_of(clock_id):
        lane = case.lanes[key]
        return f"lanes.{lane.type}.states.{lane.state}"
    return f"clocks.{clock_id}"


def _word(program: Program, case: Case, clock_id: str, rung: str) -> str:
    if rung.startswith("remind-"):
        return f"remind[{int(rung.removeprefix('remind-')) - 1}]"
    rule = timing.rule_of(program, case, clock_id)
    if rule is None or clock_id == CASE_CLOCK:
        return "to"
    spec = rule.rung(rung)
    places = (n for n, (_, each) in enumerate(named_rungs(rule.ladder)) if each is spec)
    place = next(places, None)
    return "due" if place is None else f"overdue[{place}]"

"""Run the clocks of a recorded history again under other rules. What people did stays at its recorded moments.

The case takes the recorded path: every change that is no clock's is applied as it stands in the event. The clocks are started,
paused and stopped at the same changes at which `decide` does it, but by the rules handed in, and ring by themselves between the
events. A rung that would move the case where the record has no such move is noted and moves nothing: its clock rings no
more, for its state would have been left. Under the rules and calendars of the record the result is the record:
tests/property/test_whatif.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from engine import clocks, timing
from engine.audit.course import Calendars, Course, Programs, Tracker, firing
from engine.calendar import Calendar
from engine.canonical import parse_instant
from engine.case import CASE_CLOCK, STATE_CLOCK, Asked, Case, Clock, lane_clock
from engine.definition import OPEN, step_ref
from engine.draft import Draft, Facts
from engine.events import Event, apply
from engine.machine import Program
from engine.movement import ending
from engine.replay import Recorded, command_of

__all__ = ["rerun"]

Change = Mapping[str, Any]


def rerun(events: Iterable[Event], programs: Programs, calendars: Calendars, *, until: datetime) -> Course:
    """The course of the clocks under `programs`, by the digests that the events name, up to the moment `until`."""
    ghost = _Ghost(programs, calendars)
    for event in events:
        ghost.live_until(event.at)
        ghost.follow(event)
    ghost.live_until(until, included=True)
    return ghost.tracker.course()


class _Ghost:
    """The case on its recorded path with clocks of its own; `recorded` is the same case with the clocks of the record."""

    def __init__(self, programs: Programs, calendars: Calendars) -> None:
        self.tracker = Tracker()
        self._programs, self._calendars = programs, calendars
        self._case: Case | None = None
        self._recorded: Case | None = None
        self._calendar: Calendar | None = None

    def live_until(self, moment: datetime, *, included: bool = False) -> None:
        """Ring what comes before `moment`.

        From the moment at which the record owed a rung that had not fired, nobody looked at the clocks: whatever comes after it
        waits for the event at which somebody did.
        """
        if self._case is None or self._recorded is None:
            return
        owed = self._recorded.wake_at
        looked_until = min(owed, moment) if owed else moment
        while (found := self._earliest()) is not None:
            planned, clock_id = found
            at = max(planned, self._recorded.at)
            if at > looked_until or (at == looked_until and not (included and at != owed)):
                return
            self._ring(self._case, clock_id, at, seq=self._case.seq)

    def follow(self, event: Event) -> None:
        """Take the recorded event: its path, and what its changes mean for clocks under these rules."""
        self._calendar = self._calendars(event.body["calendar"]["digest"])
        if event.type == "clock.fired" and self._case:
            self._ring_recorded(event)
        before, self._recorded = self._case, apply(self._recorded, event)
        target = self._programs(event.body["def"]["digest"])
        program = self._programs(before.digest) if before else target
        draft = _Following(program, before, event, calendar=self._calendar, tracker=self.tracker)
        draft.target = target
        _FOLLOWED.get(event.type, _general)(draft, event.body)
        self._case = draft.case.changed(seq=event.seq, at=event.at)

    def _earliest(self) -> tuple[datetime, str] | None:
        if self._case is None:
            return None
        due = [
            (clock.next_at, clock_id)
            for clock_id, clock in self._case.clocks.items()
            if clock.status == "running" and clock.next_at
        ]
        return min(due, default=None)

    def _ring_recorded(self, event: Event) -> None:
        """Somebody looked at the clocks: what had waited rings, in order, until the clock that rang in the record has."""
        its_clock = event.body["inputs"]["fired"]["clock"]
        while self._case and (found := self._earliest()) is not None:
            planned, clock_id = found
            its_own = self._case.clocks.get(its_clock)
            waits = its_own is not None and its_own.status == "running" and _is_due(its_own, event.at)
            if planned > event.at or (planned == event.at and not waits):
                return
            self._ring(self._case, clock_id, event.at, seq=event.seq)
            if clock_id == its_clock:
                return

    def _ring(self, case: Case, clock_id: str, at: datetime, *, seq: int) -> None:
        program, clock, calendar = self._programs(case.digest), case.clocks[clock_id], self._calendar
        rule = timing.rule_of(program, case, clock_id)
        if rule is None or clock.next_at is None or calendar is None:
            raise ValueError(f"a clock rings without a rule: {clock_id}")
        found = firing(
            program, case, self.tracker.run(clock_id), clock.next_rung, planned=clock.next_at, at=at
        )
        self.tracker.fired(found)
        fired = clocks.fire(clock, rule, clock.next_rung, at, calendar)
        if found.to and not timing.spans_states(clock_id):
            fired = fired.changed(next_at=None, next_rung="")
        self._case = case.with_clock(clock_id, fired)
        self.tracker.changed(program, self._case, clock_id, fired, at=at, seq=seq, calendar=calendar)


def _is_due(clock: Clock, at: datetime) -> bool:
    return clock.next_at is not None and clock.next_at <= at


class _Following(Draft):
    """A draft that takes the recorded changes and tells the tracker what becomes of the clocks."""

    def __init__(
        self, program: Program, case: Case | None, event: Event, *, calendar: Calendar, tracker: Tracker
    ) -> None:
        body = event.body
        facts = Facts(
            now=event.at,
            calendar=calendar,
            directory=Recorded(body["inputs"]),
            log=body["log"],
            engine=body["engine"],
        )
        super().__init__(program, case, command_of(event), facts)
        self.target = program  # after the event: another one where the case moves to another version
        self._tracker, self._seq = tracker, event.seq

    def take(self, change: Change) -> None:
        self.change(**change)

    def change_clock(self, clock_id: str, do: str, clock: Clock) -> None:
        self._case = self.case.with_clock(clock_id, clock)
        self._tracker.changed(
            self.program,
            self.case,
            clock_id,
            clock,
            at=self.at,
            seq=self._seq,
            calendar=self.facts.calendar,
        )

    def open_clock(self, clock_id: str) -> Clock | None:
        clock = self.case.clocks.get(clock_id)
        return clock if clock and clock.is_open else None


# What the changes of an event mean for the clocks; the same moments at which `movement.py` and `steps.py` start and stop them.


def _general(draft: _Following, body: Mapping[str, Any]) -> None:
    _path(draft, _own(body))


def _own(body: Mapping[str, Any]) -> list[Change]:
    """The changes that are no clock's."""
    return [change for change in body["changes"] if change["op"] != "clock"]


def _path(draft: _Following, changes: Iterable[Change]) -> None:
    for change in changes:
        _ON_PATH.get(change["op"], _taken_as_it_is)(draft, change)


def _taken_as_it_is(draft: _Following, change: Change) -> None:
    draft.take(change)


def _entered(draft: _Following, change: Change) -> None:
    timing.stop(draft, STATE_CLOCK)
    was_ended = draft.case.ended
    draft.take(change)
    if not was_ended or change["ended"]:  # otherwise the new round comes first
        _arrived(draft)


def _round(draft: _Following, change: Change) -> None:
    draft.take(change)
    timing.start(draft, CASE_CLOCK)
    _arrived(draft)


def _arrived(draft: _Following) -> None:
    state = draft.program.definition.states[draft.case.state]
    if ending(state):
        timing.stop_spanning(draft)
    timing.pause_for(draft, state)
    if not state.final:
        timing.start(draft, STATE_CLOCK)


def _lane(draft: _Following, change: Change) -> None:
    clock_id = lane_clock(change["key"])
    if change["do"] == "enter":
        timing.stop(draft, clock_id)
    draft.take(change)
    if change["do"] in ("open", "enter") and not change["outcome"]:
        timing.start(draft, clock_id)


_ON_PATH: dict[str, Callable[[_Following, Change], None]] = {
    "enter": _entered,
    "lane": _lane,
    "round": _round,
}


def _opened(draft: _Following, body: Mapping[str, Any]) -> None:
    changes = _own(body)
    first = next(n for n, change in enumerate(changes) if change["op"] == "enter")
    for change in changes[:first]:
        draft.take(change)
    timing.start(draft, CASE_CLOCK)
    timing.step_taken(draft, OPEN)
    _path(draft, changes[first:])


def _step(draft: _Following, body: Mapping[str, Any]) -> None:
    asked, changes = body["asked"], _own(body)
    lane = asked["lane"]
    ref = step_ref(draft.case.lanes[lane].type if lane else "", asked["step"])
    written = 2 if len(changes) > 1 and changes[1]["op"] == "data" else 1
    for change in changes[:written]:
        draft.take(change)
    if written == 2:
        leaving = any(_leads_on(change, lane) for change in changes[2:])
        timing.data_changed(draft, set(changes[1]["set"]), lane=lane, leaving=leaving)
    timing.step_taken(draft, ref)
    _path(draft, changes[written:])
    if not lane and any(change["op"] == "enter" for change in changes):
        return
    if not lane:
        timing.count_anew(draft, ref)
    timing.pause_for(draft, draft.program.definition.states[draft.case.state])


def _leads_on(change: Change, lane: str) -> bool:
    if not lane:
        return bool(change["op"] == "enter")
    return bool(change["op"] == "lane" and change["do"] == "enter" and change["key"] == lane)


def _extension(draft: _Following, body: Mapping[str, Any]) -> None:
    """What was asked and answered stays asked and answered; the longer limit counts on from the end under these rules."""
    for clock_id, do, recorded in _clock_changes(body):
        clock = draft.open_clock(clock_id)
        rule = timing.rule_of(draft.program, draft.case, clock_id)
        if clock is None or rule is None:
            continue
        if do == "ask":
            draft.change_clock(clock_id, do, clocks.ask(clock, _asked(recorded)))
        elif do == "extend":
            amount = recorded["extended"][-1]
            draft.change_clock(clock_id, do, clocks.extend(clock, rule, amount, draft.facts.calendar))
        else:
            draft.change_clock(clock_id, do, clocks.refuse_extension(clock))


def _asked(recorded: Mapping[str, Any]) -> Asked:
    asked = recorded["asked"]
    return Asked(**{**asked, "at": parse_instant(asked["at"])})


def _clock_changes(body: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    return ((c["id"], c["do"], c["clock"]) for c in body["changes"] if c["op"] == "clock")


def _related(draft: _Following, body: Mapping[str, Any]) -> None:
    """A merged case brings its recorded ends along: they belong to another history."""
    _general(draft, body)
    for clock_id, (started_at, due_at) in sorted(body["asked"]["clocks"].items()):
        rule = timing.rule_of(draft.program, draft.case, clock_id)
        if rule and (clock := draft.open_clock(clock_id)):
            start, due = parse_instant(started_at), parse_instant(due_at)
            merged = clocks.inherit(clock, rule, started_at=start, due_at=due, calendar=draft.facts.calendar)
            draft.change_clock(clock_id, "inherit", merged)


def _revised(draft: _Following, body: Mapping[str, Any]) -> None:
    _general(draft, body)
    _refresh(draft, "recount")


def _moved(draft: _Following, body: Mapping[str, Any]) -> None:
    """Another version: the state may have another name there, and no clock starts or stops by that."""
    for change in _own(body):
        draft.take(change)
    draft.program = draft.target
    _refresh(draft, "carry")


def _refresh(draft: _Following, do: str) -> None:
    for clock_id, clock in list(draft.case.clocks.items()):
        if not clock.is_open:
            continue
        rule = timing.rule_of(draft.program, draft.case, clock_id)
        if rule is None:
            timing.cancel(draft, clock_id)
        elif (fresh := clocks.recount(clock, rule, draft.at, draft.facts.calendar)) != clock:
            draft.change_clock(clock_id, do, fresh)


def _imported(draft: _Following, body: Mapping[str, Any]) -> None:
    """As `takeover.py` does it: clocks that the past started, stopped or cancelled, as of then."""
    changes, asked = _own(body), body["asked"]
    opened, since = parse_instant(asked["opened"]), parse_instant(asked["since"])
    first = next(n for n, change in enumerate(changes) if change["op"] == "enter")
    past = [change for change in changes[:first] if change["op"] == "taken"]
    for change in (change for change in changes[:first] if change["op"] != "taken"):
        draft.take(change)
    timing.start(draft, CASE_CLOCK, since=opened)
    timing.step_taken(draft, OPEN, at=opened)
    for change in past:
        draft.take(change)
        timing.step_taken(draft, change["step"], at=parse_instant(change["at"]))
    _taken_over(draft, changes[first], since)
    onward = next((n for n, c in enumerate(changes) if n > first and c["op"] == "enter"), len(changes))
    for change in changes[first + 1 : onward]:
        draft.take(change)
        if change["op"] == "lane" and change["do"] == "open":
            timing.start(draft, lane_clock(change["key"]), since=since)
    _path(draft, changes[onward:])


def _taken_over(draft: _Following, change: Change, since: datetime) -> None:
    draft.take(change)
    state = draft.program.definition.states[draft.case.state]
    if change["ended"]:
        timing.stop(draft, CASE_CLOCK, at=since)
        for clock_id in draft.program.definition.clocks:
            timing.cancel(draft, clock_id, at=since)
    timing.pause_for(draft, state, since=since)
    if not state.final:
        timing.start(draft, STATE_CLOCK, since=since)


_FOLLOWED: dict[str, Callable[[_Following, Mapping[str, Any]], None]] = {
    "case.imported": _imported,
    "case.moved": _moved,
    "case.opened": _opened,
    "case.related": _related,
    "deadline.revised": _revised,
    "extension.answered": _extension,
    "extension.asked": _extension,
    "step.taken": _step,
}

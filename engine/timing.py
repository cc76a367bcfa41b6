"""The clocks of a case within a draft: which rule each follows, and starting, stopping and pausing them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from engine import clocks
from engine.case import CASE_CLOCK, STATE_CLOCK, Case, Clock, lane_clock, lane_of
from engine.clocks import Rule
from engine.definition import ClockSpec, Rung, State
from engine.draft import Draft
from engine.machine import Program
from engine.recorded import Recorded
from engine.spelling import Due


def rule_of(program: Program, case: Case, clock_id: str) -> Rule | None:
    """What the definition says of a clock of this case; None if it has none of that name here."""
    definition = program.definition
    if clock_id == STATE_CLOCK:
        return _kept(program, definition.states[case.state])
    if clock_id == CASE_CLOCK:
        return _case_rule(program)
    if key := lane_of(clock_id):
        lane = case.lanes[key]
        return _kept(program, definition.lanes[lane.type].states[lane.state])
    spec = definition.clocks.get(clock_id)
    return _kept(program, spec) if spec else None


def _kept(program: Program, spec: State | ClockSpec) -> Rule | None:
    """Put together once for each state and clock of a program, whose parts live as long as it does."""
    if spec.due is None:
        return None
    rule: Rule | None = program.rules.get(id(spec))
    if rule is None:
        rule = program.rules[id(spec)] = _rule(spec, spec.due)
    return rule


def _rule(spec: State | ClockSpec, due: Due) -> Rule:
    return Rule(
        title=spec.title.zh,
        limit=due.longest,
        same_moment=due.same_moment == "same moment",
        since=due.since or "",
        until=due.until or "",
        remind=spec.remind,
        warn=spec.warn,
        ladder=spec.overdue,
        extension=spec.extension,
    )


def _case_rule(program: Program) -> Rule | None:
    due = program.definition.case_due
    if due is None:
        return None
    title = due.title.zh if due.title else "全程时限"
    ladder = (Rung(to=due.to, notify=due.notify),)
    return Rule(title=title, limit=due.within, remind=due.remind, warn=due.warn, ladder=ladder)


def start(draft: Draft, clock_id: str, *, since: datetime | None = None) -> None:
    """Start a new cycle of a clock, unless the limits table says that this class of case has none.

    `since`: it began then, before this event (`takeover.py`), unless it counts from a step of the past.
    """
    rule = rule_of(draft.program, draft.case, clock_id)
    if rule is None:
        return
    since = _since(draft, rule, clock_id) or since
    limit, column = _limit(draft, rule, clock_id, started_at=since or draft.at)
    if limit is None:
        return
    before = draft.case.clocks.get(clock_id)
    clock = clocks.start(
        rule,
        limit,
        column=column,
        cycle=before.cycle + 1 if before else 1,
        at=draft.at,
        calendar=draft.facts.calendar,
        since=since,
    )
    draft.change_clock(clock_id, "start", clock)


def _since(draft: Draft, rule: Rule, clock_id: str) -> datetime | None:
    """When the step from which the clock counts was last taken in this round; None if it was not."""
    if not rule.since:
        return None
    key = lane_of(clock_id)
    counted = f"{rule.since}@{key}#{draft.case.lanes[key].n}" if "." in rule.since else rule.since
    taken = draft.case.taken.get(counted)
    return taken.last_at if taken and taken.round == draft.case.round else None


def _limit(draft: Draft, rule: Rule, clock_id: str, *, started_at: datetime) -> tuple[Recorded | None, str]:
    """The limit in force for this case and the column it came from; None where the case has no such clock."""
    limit, column = clocks.resolve_limit(rule.limit, draft.program.definition.limits, chosen_row(draft))
    if limit is None or not rule.until:
        return limit, column
    lane, data = lane_of(clock_id), draft.case.data
    day = (draft.case.lanes[lane].data if lane else data).get(rule.until) or data.get(rule.until, "")
    return clocks.until(day, limit, started_at, draft.facts.calendar), column


def chosen_row(draft: Draft) -> str:
    table = draft.program.definition.limits
    choice: str = draft.case.data.get(table.by, "") if table else ""
    return choice


def stop(draft: Draft, clock_id: str, *, at: datetime | None = None) -> None:
    clock = draft.case.clocks.get(clock_id)
    if clock and clock.is_open:
        stopped = clocks.stop(clock, at or draft.at, may_elapse=may_elapse(draft, clock_id))
        draft.change_clock(clock_id, stopped.status, stopped)


def may_elapse(draft: Draft, clock_id: str) -> bool:
    return elapses(draft.program, draft.case, clock_id)


def elapses(program: Program, case: Case, clock_id: str) -> bool:
    """The term of a settled state, or of one that is a `term`, simply runs out: nobody is late by it."""
    definition = program.definition
    if key := lane_of(clock_id):
        lane = case.lanes[key]
        return definition.lanes[lane.type].states[lane.state].term
    if clock_id != STATE_CLOCK:
        return False
    state = definition.states[case.state]
    return state.settled or state.term


def cancel(draft: Draft, clock_id: str, *, at: datetime | None = None) -> None:
    clock = draft.case.clocks.get(clock_id)
    if clock and clock.is_open:
        draft.change_clock(clock_id, "cancelled", clocks.cancel(clock, at or draft.at))


def update(draft: Draft, clock_id: str, do: str, new: Callable[[Clock, Rule], Clock]) -> None:
    """Change a clock that runs under a rule of the definition."""
    rule = rule_of(draft.program, draft.case, clock_id)
    if rule:
        draft.change_clock(clock_id, do, new(draft.case.clocks[clock_id], rule))


def step_taken(draft: Draft, ref: str, *, at: datetime | None = None) -> None:
    """Named clocks that start, stop or are cancelled by this step (or by `open`), now or at a moment of the past."""
    for clock_id, spec in draft.program.definition.clocks.items():
        if ref in spec.stops:
            stop(draft, clock_id, at=at)
        if ref in spec.cancels:
            cancel(draft, clock_id, at=at)
        if ref in spec.starts and not _is_open(draft.case, clock_id):
            start(draft, clock_id, since=at)


def count_anew(draft: Draft, ref: str) -> None:
    """The term of a settled state that counts since one of its own steps begins afresh when that step is taken there.

    Only where the case is settled: an open state's limit is never put off by doing the same thing again.
    """
    rule = rule_of(draft.program, draft.case, STATE_CLOCK)
    if rule and rule.since == ref and may_elapse(draft, STATE_CLOCK):
        stop(draft, STATE_CLOCK)
        start(draft, STATE_CLOCK)


def pause_for(draft: Draft, state: State, *, since: datetime | None = None) -> None:
    """Clocks that the state names stand still; those that stood still elsewhere run again."""
    calendar, at = draft.facts.calendar, since or draft.at
    for clock_id, clock in list(draft.case.clocks.items()):
        if not spans_states(clock_id):
            continue
        if clock.status == "running" and clock_id in state.pauses:
            draft.change_clock(clock_id, "pause", clocks.pause(clock, at))
        elif clock.status == "paused" and clock_id not in state.pauses:
            update(draft, clock_id, "resume", lambda c, rule: clocks.resume(c, rule, at, calendar))


def stop_spanning(draft: Draft) -> None:
    """The case has ended: clocks of the whole case and named clocks have done their work."""
    for clock_id in list(draft.case.clocks):
        if spans_states(clock_id):
            stop(draft, clock_id)


def data_changed(draft: Draft, fields: set[str], *, lane: str = "", leaving: bool = False) -> None:
    """Another row of the limits table, or another day, may hold now: such limits count anew from their start.

    `leaving`: the step ends the clock of its own state, whose day then matters no more.
    """
    table = draft.program.definition.limits
    other_row = not lane and table is not None and table.by in fields
    own = lane_clock(lane) if lane else STATE_CLOCK
    for clock_id, clock in list(draft.case.clocks.items()):
        rule = rule_of(draft.program, draft.case, clock_id) if clock.is_open else None
        if rule is None or (lane and clock_id != own):
            continue
        if (clock.column and other_row) or (rule.until in fields and not (leaving and clock_id == own)):
            _retarget(draft, clock_id, clock, rule)


def _retarget(draft: Draft, clock_id: str, clock: Clock, rule: Rule) -> None:
    limit, _ = _limit(draft, rule, clock_id, started_at=clock.started_at)
    if limit is None:
        cancel(draft, clock_id)
    elif limit.words != clock.limit:
        moved = clocks.retarget(clock, rule, limit, draft.facts.calendar)
        draft.change_clock(clock_id, "retarget", moved)


def _is_open(case: Case, clock_id: str) -> bool:
    clock = case.clocks.get(clock_id)
    return clock is not None and clock.is_open


def spans_states(clock_id: str) -> bool:
    return clock_id != STATE_CLOCK and not lane_of(clock_id)

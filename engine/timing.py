"""The clocks of a case within a draft: which rule each follows, and starting, stopping and pausing them."""

from __future__ import annotations

from collections.abc import Callable

from engine import clocks
from engine.case import CASE_CLOCK, STATE_CLOCK, Case, Clock, lane_of
from engine.clocks import Rule
from engine.definition import Rung, State
from engine.draft import Draft
from engine.machine import Program


def rule_of(program: Program, case: Case, clock_id: str) -> Rule | None:
    """What the definition says of a clock of this case; None if it has none of that name here."""
    definition = program.definition
    if clock_id == STATE_CLOCK:
        return _state_rule(definition.states[case.state])
    if clock_id == CASE_CLOCK:
        return _case_rule(program)
    if key := lane_of(clock_id):
        lane = case.lanes[key]
        return _state_rule(definition.lanes[lane.type].states[lane.state])
    spec = definition.clocks.get(clock_id)
    if spec is None:
        return None
    return Rule(
        title=spec.title.zh,
        limit=spec.due.within,
        same_moment=spec.due.same_moment == "same moment",
        remind=spec.remind,
        warn=spec.warn,
        ladder=spec.overdue,
        extension=spec.extension,
    )


def _state_rule(state: State) -> Rule | None:
    if state.due is None:
        return None
    return Rule(
        title=state.title.zh,
        limit=state.due.within,
        same_moment=state.due.same_moment == "same moment",
        remind=state.remind,
        warn=state.warn,
        ladder=state.overdue,
        extension=state.extension,
    )


def _case_rule(program: Program) -> Rule | None:
    due = program.definition.case_due
    if due is None:
        return None
    title = due.title.zh if due.title else "全程时限"
    ladder = (Rung(to=due.to, notify=due.notify),)
    return Rule(title=title, limit=due.within, remind=due.remind, warn=due.warn, ladder=ladder)


def start(draft: Draft, clock_id: str) -> None:
    """Start a new cycle of a clock, unless the limits table says that this class of case has none."""
    rule = rule_of(draft.program, draft.case, clock_id)
    if rule is None:
        return
    limit, column = clocks.resolve_limit(rule.limit, draft.program.definition.limits, chosen_row(draft))
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
    )
    draft.change_clock(clock_id, "start", clock)


def chosen_row(draft: Draft) -> str:
    table = draft.program.definition.limits
    choice: str = draft.case.data.get(table.by, "") if table else ""
    return choice


def stop(draft: Draft, clock_id: str) -> None:
    clock = draft.case.clocks.get(clock_id)
    if clock and clock.is_open:
        stopped = clocks.stop(clock, draft.at)
        draft.change_clock(clock_id, stopped.status, stopped)


def cancel(draft: Draft, clock_id: str) -> None:
    clock = draft.case.clocks.get(clock_id)
    if clock and clock.is_open:
        draft.change_clock(clock_id, "cancelled", clocks.cancel(clock, draft.at))


def update(draft: Draft, clock_id: str, do: str, new: Callable[[Clock, Rule], Clock]) -> None:
    """Change a clock that runs under a rule of the definition."""
    rule = rule_of(draft.program, draft.case, clock_id)
    if rule:
        draft.change_clock(clock_id, do, new(draft.case.clocks[clock_id], rule))


def step_taken(draft: Draft, ref: str) -> None:
    """Named clocks that start, stop or are cancelled by this step (or by `open`)."""
    for clock_id, spec in draft.program.definition.clocks.items():
        if ref in spec.stops:
            stop(draft, clock_id)
        if ref in spec.cancels:
            cancel(draft, clock_id)
        if ref in spec.starts and not _is_open(draft.case, clock_id):
            start(draft, clock_id)


def pause_for(draft: Draft, state: State) -> None:
    """Clocks that the state names stand still; those that stood still elsewhere run again."""
    calendar, at = draft.facts.calendar, draft.at
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


def data_changed(draft: Draft, fields: set[str]) -> None:
    """Another row of the limits table may hold now: limits taken from it count anew from their start."""
    table = draft.program.definition.limits
    if table is None or table.by not in fields:
        return
    for clock_id, clock in list(draft.case.clocks.items()):
        if clock.is_open and clock.column:
            _retarget(draft, clock_id, clock)


def _retarget(draft: Draft, clock_id: str, clock: Clock) -> None:
    rule = rule_of(draft.program, draft.case, clock_id)
    if rule is None:
        return
    limit, _ = clocks.resolve_limit(rule.limit, draft.program.definition.limits, chosen_row(draft))
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

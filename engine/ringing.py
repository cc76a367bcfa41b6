"""What a clock does when its moment comes: the earliest rung that is due, one rung for one event."""

from __future__ import annotations

from engine import clocks, movement, timing
from engine.blockers import Place
from engine.canonical import instant
from engine.case import STATE_CLOCK, Clock, lane_of
from engine.commands import Tick
from engine.draft import Draft
from engine.errors import NothingDue
from engine.machine import clock_trigger
from engine.steps import open_related


def ring(draft: Draft, command: Tick) -> None:
    clock_id, clock = _earliest(draft)
    rule = timing.rule_of(draft.program, draft.case, clock_id)
    planned, name = clock.next_at, clock.next_rung
    if rule is None or planned is None:
        raise NothingDue("没有到期的时钟")
    draft.inputs["fired"] = {
        "clock": clock_id,
        "cycle": clock.cycle,
        "late_seconds": int((draft.at - planned).total_seconds()),
        "planned": instant(planned),
        "rung": name,
        "stretch": clock.stretch,
    }
    fired = clocks.fire(clock, rule, name, draft.at, draft.facts.calendar)
    draft.change_clock(clock_id, "fire", fired)
    _perform(draft, clock_id, name, rule)


def _earliest(draft: Draft) -> tuple[str, Clock]:
    due = [
        (clock.next_at, clock_id, clock)
        for clock_id, clock in draft.case.clocks.items()
        if clock.status == "running" and clock.next_at and clock.next_at <= draft.at
    ]
    if not due:
        raise NothingDue("没有到期的时钟")
    _, clock_id, clock = min(due, key=lambda item: item[:2])
    return clock_id, clock


def _perform(draft: Draft, clock_id: str, name: str, rule: clocks.Rule) -> None:
    """What the rung does: tell the holder and those it names, open a related case, move the case."""
    lane, holder = lane_of(clock_id), draft.case.holder_of(clock_id)
    late = "elapsed" if timing.may_elapse(draft, clock_id) else "overdue"
    about = "reminder" if name.startswith("remind-") else late
    place = {"clock": clock_id, "rung": name, "lane": lane}
    draft.notify_holder(holder, about, **place)
    if about == "reminder":
        for words in rule.warn:
            draft.notify(words, about, unit=holder.unit, **place)
        return
    rung = rule.rung(name)
    if rung is None:
        return
    for words in rung.notify:
        draft.notify(words, about, unit=holder.unit, **place)
    if rung.opens:
        open_related(draft, rung.opens)
    if rung.to:
        _moved_by_clock(draft, clock_id, lane, name)


def _moved_by_clock(draft: Draft, clock_id: str, lane: str, name: str) -> None:
    own = clock_id == STATE_CLOCK or bool(lane)
    trigger = clock_trigger(STATE_CLOCK if own else clock_id, name)
    place = Place.of(draft, lane)
    passage = place.chart.fire(place.state, trigger, lambda _: True)
    if passage is None:
        return  # a clock that spans states leads where the case already is
    if lane:
        movement.enter_lane(draft, lane, passage.to)
    else:
        movement.enter(draft, passage.to)

"""Moving a case within a draft: entering a state, opening and closing lanes, meeting a join.

One entry may lead to the next (a join that is met at once), so entering ends only when the case rests. The certificate
proves that it does; `MAX_HOPS` guards against definitions that were never certified.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Literal

from engine import timing
from engine.case import CASE_CLOCK, STATE_CLOCK, Holder, Lane, lane_clock
from engine.definition import FieldType, Parallel, RoleOf, State
from engine.draft import Draft
from engine.errors import Blocker, InvalidData
from engine.machine import JOIN, Passage

MAX_HOPS = 50


def enter(draft: Draft, state_id: str) -> None:
    """Bring the case into a state, and on through every join that is met there."""
    for _ in range(MAX_HOPS):
        _enter_once(draft, state_id)
        onward = joined(draft)
        if onward is None:
            return
        state_id = onward
    raise InvalidData("流程定义有误：环节之间无休止地跳转", reasons=[Blocker("endless_join", "汇合不停止")])


def _enter_once(draft: Draft, state_id: str) -> None:
    state = draft.program.definition.states[state_id]
    came_from, was_ended = draft.case.state, draft.case.ended
    timing.stop(draft, STATE_CLOCK)
    ended = ending(state)
    draft.change(
        "enter", **{"from": came_from}, state=state_id, ended=ended, holder=holder_of(draft, state).as_data()
    )
    if was_ended and not ended:
        draft.change("round", n=draft.case.round + 1)
        timing.start(draft, CASE_CLOCK)
    _leave_lanes(draft, state_id)
    if ended:
        timing.stop_spanning(draft)
    if bool(ended) != bool(was_ended):
        _report(draft, "ended" if ended else "opened")
    timing.pause_for(draft, state)
    if not state.final:
        timing.start(draft, STATE_CLOCK)
    open_lanes(draft, came_from, state_id)
    draft.notify_holder(draft.case.holder, "arrived", state=state_id)


def ending(state: State) -> Literal["", "settled", "final"]:
    if state.final:
        return "final"
    return "settled" if state.settled else ""


def holder_of(draft: Draft, state: State) -> Holder:
    if not state.owner:
        return Holder()
    unit = str(draft.case.data.get(state.holder, "")) if state.holder else ""
    return _resolved(draft, state.owner, unit)


def _resolved(draft: Draft, owner: str, unit: str) -> Holder:
    """The role, and the unit that answers for it: named by the data, or found in the organisation."""
    of = draft.program.role(owner).of
    if of is RoleOf.SUBJECT:
        return Holder(role=owner)
    if of is RoleOf.UNIT or unit:
        return Holder(role=owner, unit=unit)
    found = draft.resolve(draft.program.address(owner))
    return Holder(role=owner, unit=found.unit or "")


def hand_over(draft: Draft) -> None:
    """Under another version another role may answer for a state: who holds the case and its lanes is found anew there."""
    state = draft.program.definition.states[draft.case.state]
    if (state.owner or "") != draft.case.holder.role:
        draft.change("hold", lane="", holder=holder_of(draft, state).as_data())
    for key, lane in draft.case.lanes.items():
        spec = draft.program.definition.lanes.get(lane.type)
        if lane.outcome or spec is None or spec.states[lane.state].owner == lane.holder.role:
            continue
        parallel = draft.program.parallels[lane.group][0]
        holder = _lane_holder(draft, parallel, key, spec.states[lane.state])
        draft.change("hold", lane=key, holder=holder.as_data())


def _report(draft: Draft, news: str) -> None:
    """Tell the case that opened this one that it has ended, or is open again."""
    for other, link in draft.case.related.items():
        if link["news"] == "cause":
            draft.effect("relate", case=other, news=news, relation=link["relation"], clocks={})


# Lanes


def _leave_lanes(draft: Draft, state_id: str) -> None:
    """Lanes whose scope the case has left are withdrawn: nothing of it stays open behind its back."""
    for key, lane in draft.case.lanes.items():
        if not lane.outcome and state_id not in draft.program.parallels[lane.group][1]:
            withdraw(draft, key)


def withdraw(draft: Draft, key: str) -> None:
    lane = draft.case.lanes[key]
    timing.stop(draft, lane_clock(key))
    _change_lane(draft, key, lane, state=lane.state, outcome="withdrawn", holder=lane.holder)


def open_lanes(draft: Draft, came_from: str, state_id: str) -> None:
    entry = draft.program.parallels.get(state_id)
    if entry is None or came_from in entry[1]:
        return
    parallel = entry[0]
    wanted = _wanted(draft, state_id, parallel)
    if not parallel.again:
        _retire_lanes(draft, state_id, wanted)
    for key in wanted:
        open_lane(draft, state_id, parallel, key)


def _retire_lanes(draft: Draft, group: str, wanted: Collection[str]) -> None:
    """Lanes of an earlier entry that do not open anew count no longer, neither for the join nor for conditions."""
    for key, lane in draft.case.lanes.items():
        if lane.group == group and key not in wanted:
            draft.change("lane", do="retire", key=key)


def _wanted(draft: Draft, group: str, parallel: Parallel) -> list[str]:
    data: Mapping[str, Any] = draft.case.data
    if parallel.each:
        return list(data.get(parallel.each, ()))
    was_here = any(lane.group == group for lane in draft.case.lanes.values())
    if parallel.again and was_here:
        return [key for key in parallel.lanes if key in data.get(parallel.again, ())]
    return list(parallel.lanes)


def open_lane(draft: Draft, group: str, parallel: Parallel, key: str) -> None:
    """Open a lane, or open it anew with empty data: what it brought the time before is in the history."""
    before = draft.case.lanes.get(key)
    lane_type = draft.program.definition.lanes[parallel.lane]
    state = lane_type.states[lane_type.start]
    draft.change(
        "lane",
        do="open",
        key=key,
        type=parallel.lane,
        group=group,
        state=lane_type.start,
        n=before.n + 1 if before else 1,
        outcome="",
        holder=_lane_holder(draft, parallel, key, state).as_data(),
    )
    timing.start(draft, lane_clock(key))
    draft.notify_holder(draft.case.lanes[key].holder, "arrived", lane=key, state=lane_type.start)


def _lane_holder(draft: Draft, parallel: Parallel, key: str, state: State) -> Holder:
    if not state.owner:
        return Holder()
    fields = draft.program.definition.fields
    is_unit = parallel.each is not None and fields[parallel.each].type is FieldType.UNITS
    unit = str(draft.case.data.get(state.holder, "")) if state.holder else (key if is_unit else "")
    if draft.program.role(state.owner).of is RoleOf.UNIT:
        return Holder(role=state.owner, unit=unit)
    return _resolved(draft, state.owner, "")


def enter_lane(draft: Draft, key: str, state_id: str) -> None:
    """Bring a lane into a state; when it ends, the join of its group may move the case."""
    lane = draft.case.lanes[key]
    parallel = draft.program.parallels[lane.group][0]
    state = draft.program.definition.lanes[lane.type].states[state_id]
    timing.stop(draft, lane_clock(key))
    outcome = (state.outcome or "done") if state.final else ""
    _change_lane(
        draft, key, lane, state=state_id, outcome=outcome, holder=_lane_holder(draft, parallel, key, state)
    )
    if not state.final:
        timing.start(draft, lane_clock(key))
        draft.notify_holder(draft.case.lanes[key].holder, "arrived", lane=key, state=state_id)
    elif onward := joined(draft):
        enter(draft, onward)


def _change_lane(draft: Draft, key: str, lane: Lane, *, state: str, outcome: str, holder: Holder) -> None:
    draft.change(
        "lane",
        do="enter",
        key=key,
        **{"from": lane.state},
        state=state,
        outcome=outcome,
        holder=holder.as_data(),
    )


# Joins


def joined(draft: Draft) -> str | None:
    """Where the join of the state leads, if it is met now."""
    state_id = draft.case.state
    entry = draft.program.parallels.get(state_id)
    if entry is None or not entry[0].then or not is_met(draft, state_id, entry[0]):
        return None

    def judge(passage: Passage) -> bool:
        return passage.when is None or draft.holds(passage.when)

    passage = draft.program.main.fire(state_id, JOIN, judge)
    return passage.to if passage else None


def is_met(draft: Draft, group: str, parallel: Parallel) -> bool:
    """`all`: none is open any more. `any`, n: so many are done; or none is open, so that no more can come.

    Withdrawn lanes are not waited for. See tests/property/test_joins.py.
    """
    lanes = [lane for lane in draft.case.lanes.values() if lane.group == group]
    if not any(not lane.outcome for lane in lanes):
        return True
    if parallel.done_when == "all":
        return False
    wanted = 1 if parallel.done_when == "any" else int(parallel.done_when)
    return sum(lane.outcome == "done" for lane in lanes) >= wanted

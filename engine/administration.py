"""What administrators and the system do to a case: jump, another version, recounting, news of other cases."""

from __future__ import annotations

from collections.abc import Callable

from engine import clocks, movement, timing
from engine.blockers import refused, require
from engine.canonical import instant, parse_instant
from engine.case import Case, Clock, Said
from engine.commands import Jump, MoveVersion, Recount, Relate
from engine.draft import Draft
from engine.errors import Blocker, InvalidData, NothingDue
from engine.fields import require_words
from engine.machine import Program


def _administrator(draft: Draft, message: str, reason: Said) -> None:
    require(draft, draft.program.definition.administrators, message)
    require_words(reason, "reason", "理由")


def jump(draft: Draft, command: Jump) -> None:
    _administrator(draft, "不能人工改派环节", command.reason)
    if draft.case.ended == "final":
        raise refused("事项已经结束，不能人工改派环节", Blocker("case_ended", "事项已经结束"))
    if command.second == draft.actor.id:
        raise refused("需要另一人共同负责", Blocker("separation", "第二责任人不能是本人"))
    draft.require_person(command.second)
    states = draft.program.definition.states
    if command.state not in states or command.state == draft.case.state:
        reason = Blocker("unknown_state", f"不能改派到“{command.state}”", {"known": sorted(states)})
        raise InvalidData("环节有误", reasons=[reason])
    movement.enter(draft, command.state)


def move_version(draft: Draft, command: MoveVersion) -> None:
    _administrator(draft, "不能迁移版本", command.reason)
    target = draft.facts.target
    if target is None or target.definition.workflow != draft.case.workflow:
        raise refused("没有目标版本", Blocker("unknown_version", f"没有第 {command.version} 版"))
    if reasons := why_not_movable(draft.case, target):
        raise refused("不能迁移到这一版本", *reasons)
    replaces = target.definition.replaces
    state = (replaces.move if replaces else {}).get(draft.case.state, draft.case.state)
    draft.change("version", version=target.definition.version, digest=target.digest)
    draft.program = target
    if state != draft.case.state:
        holder, ended = draft.case.holder.as_data(), draft.case.ended
        draft.change("enter", **{"from": draft.case.state}, state=state, ended=ended, holder=holder)
    movement.hand_over(draft)
    _refresh_all(draft, "carry")


def why_not_movable(case: Case, target: Program) -> list[Blocker]:
    """Why a case cannot go on under `target`; empty if it can. The dry run of a migration shows exactly this."""
    definition, reasons = target.definition, []
    move = definition.replaces.move if definition.replaces else {}
    state = definition.states.get(move.get(case.state, case.state))
    if state is None:
        reasons.append(Blocker("no_state", f"新版本没有环节“{case.state}”", {"state": case.state}))
    elif movement.ending(state) != case.ended:
        reasons.append(
            Blocker("ended_differs", f"环节“{case.state}”在新版本中的办结性质不同", {"state": case.state})
        )
    for key, lane in case.lanes.items():
        lane_type = definition.lanes.get(lane.type)
        if not lane.outcome and (lane_type is None or lane.state not in lane_type.states):
            reasons.append(Blocker("no_lane_state", f"新版本没有并行线“{key}”现在的环节", {"lane": key}))
        if not lane.outcome and lane.group not in target.parallels:
            reasons.append(Blocker("no_lane_group", f"新版本的环节“{lane.group}”没有并行线", {"lane": key}))
    return reasons


def recount(draft: Draft, command: Recount) -> None:
    if draft.actor.kind != "system":
        _administrator(draft, "不能重算时限", command.reason)
    _refresh_all(draft, "recount")
    if not draft.changes:
        raise NothingDue("没有需要重算的时限")


def _refresh_all(draft: Draft, do: str) -> None:
    calendar = draft.facts.calendar
    for clock_id, clock in list(draft.case.clocks.items()):
        if not clock.is_open:
            continue
        rule = timing.rule_of(draft.program, draft.case, clock_id)
        if rule is None:
            timing.cancel(draft, clock_id)
            continue
        fresh = clocks.recount(clock, rule, draft.at, calendar)
        if fresh != clock:
            draft.change_clock(clock_id, do, fresh)
            _tell_moved(draft, clock_id, clock, fresh)


def _tell_moved(draft: Draft, clock_id: str, old: Clock, new: Clock) -> None:
    """Nobody becomes overdue in silence: a deadline that moved is told, into the past or not (requirements T6)."""
    if new.due_at != old.due_at:
        draft.notify_holder(
            draft.case.holder_of(clock_id),
            "deadline_moved",
            clock=clock_id,
            due_from=instant(old.due_at),
            due_to=instant(new.due_at),
        )


def relate(draft: Draft, command: Relate) -> None:
    if draft.actor.kind != "system":
        raise refused("只有系统可以记录关联", Blocker("role_missing", "只有系统可以记录关联"))
    draft.change("related", other=command.other, news=command.news, relation=command.relation)
    for clock_id, (started_at, due_at) in sorted(command.clocks.items()):
        clock = draft.case.clocks.get(clock_id)
        if clock and clock.is_open:
            timing.update(draft, clock_id, "inherit", _inherited(draft, started_at, due_at))
    _tell_of(draft, f"related_{command.news}", command.other)


def _tell_of(draft: Draft, about: str, other: str) -> None:
    """Who has the case; where it has ended, those who worked on it: the answer may still matter to the one who asked."""
    if draft.case.holder.role:
        draft.notify_holder(draft.case.holder, about, other=other)
    elif people := sorted({person for taken in draft.case.taken.values() for person in taken.by}):
        draft.effect("notify", about=about, people=people, role="", other=other)


def _inherited(draft: Draft, started_at: str, due_at: str) -> Callable[[Clock, clocks.Rule], Clock]:
    start, due, calendar = parse_instant(started_at), parse_instant(due_at), draft.facts.calendar
    return lambda c, rule: clocks.inherit(c, rule, started_at=start, due_at=due, calendar=calendar)

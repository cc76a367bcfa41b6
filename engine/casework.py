"""Work beside the steps: lanes that come late or are withdrawn, who has it, what is said about it."""

from __future__ import annotations

from dataclasses import replace

from engine import movement
from engine.access import Grant, may_read, reach
from engine.blockers import refused, require
from engine.commands import AddLane, Assign, Comment, WithdrawLane
from engine.definition import FieldType, Parallel
from engine.draft import Draft
from engine.errors import Blocker, InvalidData, UnknownCase, UnknownLane
from engine.fields import COMMENT_MAX, LIST_MAX, require_brief, require_words
from engine.steps import place_of


def _group(draft: Draft, roles_message: str) -> tuple[str, Parallel]:
    """The parallel whose lanes live in the present state, for those who manage it."""
    for group, (parallel, scope) in draft.program.parallels.items():
        if draft.case.state in scope:
            owner = draft.program.definition.states[group].owner
            managers = parallel.managed_by or ((owner,) if owner else ())
            require(draft, managers, roles_message, unit=draft.case.holder.unit)
            return group, parallel
    raise refused(roles_message, Blocker("no_lanes", "现在的环节没有并行线"))


def add_lane(draft: Draft, command: AddLane) -> None:
    group, parallel = _group(draft, "不能增加并行线")
    require_words(command.reason, "reason", "理由")
    key = command.lane
    spec = draft.program.definition.fields[parallel.each] if parallel.each else None
    if spec and spec.type is FieldType.UNITS:
        draft.require_unit(key)
    elif key not in (known := spec.options if spec else parallel.lanes):
        raise UnknownLane(f"没有名为“{key}”的并行线", known=sorted(known))
    existing = draft.case.lanes.get(key)
    if existing and not existing.outcome:
        raise refused("不能增加并行线", Blocker("lane_open", "这条并行线正在办理", {"lane": key}))
    movement.open_lane(draft, group, parallel, key)


def withdraw_lane(draft: Draft, command: WithdrawLane) -> None:
    place_of(draft, command.lane)
    _group(draft, "不能撤回并行线")
    require_words(command.reason, "reason", "理由")
    movement.withdraw(draft, command.lane)
    if onward := movement.joined(draft):
        movement.enter(draft, onward)


def assign(draft: Draft, command: Assign) -> None:
    place = place_of(draft, command.lane)
    _still_open(draft)
    holder = draft.case.lanes[place.lane].holder if place.lane else draft.case.holder
    accountable = tuple(r for r, spec in draft.program.definition.roles.items() if spec.accountable)
    require(draft, (holder.role, *accountable), "不能指派经办人", unit=holder.unit)
    require_brief(command.reason, "reason", "理由")
    draft.require_person(command.person)
    found = draft.resolve(draft.program.address(holder.role), unit=holder.unit)
    if command.person not in found.people:
        reason = Blocker(
            "not_holder", "此人没有现环节的经办角色", {"person": command.person, "role": holder.role}
        )
        raise refused("不能指派给此人", reason)
    given = {"person": command.person, "role": holder.role, "unit": holder.unit}
    draft.change("hold", lane=place.lane, holder=given)
    draft.effect("notify", about="assigned", people=[command.person], role=holder.role, lane=place.lane)


def comment(draft: Draft, command: Comment) -> None:
    if draft.actor.kind == "person":
        draft.grant = _reading_grant(draft)
    require_words(command.text, "text", "留言", most=COMMENT_MAX)
    are_names = all(isinstance(name, str) and 0 < len(name) <= 100 for name in command.files)
    if len(command.files) > LIST_MAX or not are_names:
        raise InvalidData("附件有误", reasons=[Blocker("bad_field", f"附件应为至多{LIST_MAX}个文件编号")])


def _reading_grant(draft: Draft) -> Grant:
    """The grant by which the actor sees the case: kept in the event, so that a replay sees it too."""
    case = draft.case
    for grant in draft.actor.grants:
        sight = reach(replace(draft.actor, grants=(grant,)))
        if may_read(sight, region=case.region, units=case.units, subject=case.subject or None):
            return grant
    raise UnknownCase(f"没有编号为 {case.id} 的事项")


def _still_open(draft: Draft) -> None:
    if draft.case.ended == "final":
        raise refused("事项已经结束", Blocker("case_ended", "事项已经结束"))

"""Opening a case and taking a step: who may, what it brings, where it leads, what follows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from engine import movement, timing
from engine.blockers import Place, refused, require, taken_key, why_blocked
from engine.canonical import instant
from engine.case import CASE_CLOCK
from engine.commands import Open, TakeStep
from engine.definition import OPEN, FieldType, Opening, Opens, Step
from engine.draft import Draft
from engine.errors import Blocked, Blocker, InvalidData, UnknownLane, UnknownStep
from engine.fields import checked, named_in
from engine.machine import CompiledStep, Passage


def open_case(draft: Draft, command: Open) -> None:
    definition = draft.program.definition
    draft.change(
        "open",
        case=command.case,
        workflow=definition.workflow,
        version=definition.version,
        digest=draft.program.digest,
        region=command.region,
        subject=command.subject,
    )
    draft.require_region(command.region)
    require(draft, definition.opening.by, "不能登记这类事项")
    data = _incoming(draft, definition.opening, command.data)
    _write(draft, "", data)
    if command.cause:
        _require_system(draft)
        draft.change("related", other=command.cause["case"], news="cause", relation=command.cause["relation"])
        draft.effect(
            "relate", case=command.cause["case"], news="opened", relation=command.cause["relation"], clocks={}
        )
    timing.start(draft, CASE_CLOCK)
    timing.step_taken(draft, OPEN)
    movement.enter(draft, definition.start)


def _require_system(draft: Draft) -> None:
    if draft.actor.kind != "system":
        raise refused("不能登记这类事项", Blocker("role_missing", "只有系统可以登记由其他事项引出的事项"))


def require_known(draft: Draft, data: Mapping[str, Any]) -> None:
    """Units, people and cases that the data name must exist."""
    fields = draft.program.definition.fields
    for name, value in data.items():
        kind = fields[name].type
        if kind in (FieldType.UNIT, FieldType.UNITS):
            for unit in named_in(value):
                draft.require_unit(unit)
        elif kind is FieldType.PERSON:
            draft.require_person(value)


def _require_ahead(draft: Draft, data: Mapping[str, Any]) -> None:
    """A day that ends a limit lies after today. The system also opens what a stop kept from being opened in time."""
    if draft.actor.kind == "system":
        return
    definition, today = draft.program.definition, draft.day.isoformat()
    past = [name for name in definition.days_ahead & data.keys() if data[name] <= today]
    if past:
        titles = {name: definition.fields[name].title.zh for name in sorted(past)}
        reasons = [Blocker("bad_field", f"“{zh}”应晚于今天", {"field": name}) for name, zh in titles.items()]
        raise InvalidData("填写的内容有误", reasons=reasons, hint="逐项改正后再次提交")


def _write(draft: Draft, lane: str, data: Mapping[str, Any], *, leaving: bool = False) -> None:
    if data:
        draft.change("data", lane=lane, set=dict(data))
        timing.data_changed(draft, set(data), lane=lane, leaving=leaving)


def take_step(draft: Draft, command: TakeStep) -> None:
    place = place_of(draft, command.lane)
    step = _step_here(place, command.step)
    incoming = _incoming(draft, step.spec, command.data)
    passage = _fire(draft, place, step, incoming)
    key = taken_key(step, place, draft)
    draft.change("taken", step=key, by=draft.actor.id)
    _write(draft, place.lane, {**incoming, **step.spec.sets}, leaving=bool(passage.to))
    timing.step_taken(draft, step.ref)
    _consequences(draft, step.spec, place)
    if passage.to and not place.lane:
        movement.enter(draft, passage.to)
        return
    if passage.to:
        movement.enter_lane(draft, place.lane, passage.to)
    if not place.lane:
        timing.count_anew(draft, step.ref)
    # A clock that the step has started may have to stand still where the case is.
    timing.pause_for(draft, draft.program.definition.states[draft.case.state])


def place_of(draft: Draft, lane: str) -> Place:
    if lane and lane not in draft.case.lanes:
        raise UnknownLane(f"本事项没有并行线“{lane}”", known=sorted(draft.case.lanes))
    if lane and draft.case.lanes[lane].outcome:
        raise Blocked("这条并行线已经结束", reasons=[Blocker("lane_ended", "并行线已经结束", {"lane": lane})])
    return Place.of(draft, lane)


def _step_here(place: Place, step_id: str) -> CompiledStep:
    here = place.chart.steps[place.state]
    if step_id in here:
        return here[step_id]
    open_steps = sorted(here)
    if step_id not in place.chart.step_ids:
        raise UnknownStep(f"流程中没有“{step_id}”这一步", open=open_steps, hint="可办的步骤见 open_steps")
    title = place.chart.states[place.state].title.zh
    reason = Blocker(
        "wrong_state", f"现在的环节是“{title}”，不能办这一步", {"state": place.state, "open": open_steps}
    )
    raise Blocked("现在不能办这一步", reasons=[reason], hint="刷新后按现在的环节办理")


def _incoming(draft: Draft, spec: Step | Opening, data: Mapping[str, Any]) -> dict[str, Any]:
    given = checked(draft.program.definition, data, needs=spec.needs, may=spec.may)
    require_known(draft, given)
    _require_ahead(draft, given)
    return given


def _fire(draft: Draft, place: Place, step: CompiledStep, incoming: Mapping[str, Any]) -> Passage:
    """The way the step takes; every reason against it is raised at once."""
    reasons: list[Blocker] | None = None

    def judge(passage: Passage) -> bool:
        nonlocal reasons
        if reasons is None:
            reasons = why_blocked(draft, place, step, incoming=incoming)
        if reasons:
            return False
        if passage.forced:
            return _times(draft, place, step) + 1 == step.spec.at_most
        return passage.when is None or draft.holds(passage.when, lane=place.lane, incoming=incoming)

    passage = place.chart.fire(place.state, step.id, judge)
    if reasons:
        raise refused(f"不能办理“{step.spec.title.zh}”", *reasons)
    if passage is None:
        raise refused(f"不能办理“{step.spec.title.zh}”", Blocker("no_route", "没有符合条件的去向"))
    return passage


def _times(draft: Draft, place: Place, step: CompiledStep) -> int:
    taken = draft.case.taken.get(taken_key(step, place, draft))
    return taken.times if taken and taken.round == draft.case.round else 0


def _consequences(draft: Draft, step: Step, place: Place) -> None:
    for words in step.notify:
        draft.notify(words, "step", unit=place.unit, state=place.state, lane=place.lane)
    if step.opens:
        open_related(draft, step.opens)
    if step.joins:
        _merge_into(draft, draft.case.data[step.joins])
    if step.links:
        _link(draft, named_in(draft.case.data.get(step.links)))


def open_related(draft: Draft, opens: Opens) -> None:
    case = draft.case
    data = {child: case.data[own] for child, own in opens.bring.items() if own in case.data}
    draft.effect(
        "open",
        workflow=opens.workflow,
        relation=opens.relation,
        region=case.region,
        subject=case.subject,
        data=data,
    )


def _link(draft: Draft, others: Iterable[str]) -> None:
    """Other cases hear of this one now, and again when it ends. One that is linked already hears nothing new."""
    relation = draft.case.workflow
    for other in others:
        if other in draft.case.related:
            continue
        if draft.other_case(other) is None or other == draft.case.id:
            raise refused("不能关联", Blocker("bad_link", f"没有可以关联的事项：{other}", {"case": other}))
        draft.change("related", other=other, news="cause", relation=relation)
        draft.effect("relate", case=other, news="opened", relation=relation, clocks={})


def _merge_into(draft: Draft, target: str) -> None:
    """Merge this case into another one of the same subject; its clocks travel along (requirements T12)."""
    known = draft.other_case(target)
    same = known is not None and known["subject"] == draft.case.subject and target != draft.case.id
    if known is None or known["ended"] or not same:
        reason = Blocker("bad_merge", "只能并入同一服务对象的、尚未办结的另一事项", {"case": target})
        raise refused("不能并案", reason)
    running = {
        clock_id: [instant(clock.started_at), instant(clock.due_at)]
        for clock_id, clock in draft.case.clocks.items()
        if clock.is_open and timing.spans_states(clock_id)
    }
    draft.effect("relate", case=target, news="merged", relation="merged", clocks=running)

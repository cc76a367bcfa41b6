"""Does every name in a definition lead somewhere? Without that it cannot run at all.

One generator for each part of the language; all of them together are `faults`. Whether the workflow is sound, bounded
and answered for is left to `certificate.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from engine.deadlines import due_faults, extension_faults, ladder_faults, limit_faults, opens_faults
from engine.definition import (
    LIST_TYPES,
    OPEN,
    Definition,
    Everywhere,
    FieldSpec,
    FieldType,
    Parallel,
    Route,
    State,
    Step,
)
from engine.expressions import RESERVED, ExpressionRefused, Kind, UnknownName, compile_guard, vocabulary
from engine.lookups import (
    Fault,
    Faults,
    Path,
    actors,
    addresses,
    field_of,
    known,
    named_fields,
    refs,
    role,
    roles,
    step_refs,
)

__all__ = ["Fault", "faults"]

CASE_CLOCK: Final = "case"
CLOCKS_OF_THE_ENGINE: Final = (CASE_CLOCK, "state", "lane")
CHOICES: Final = (FieldType.CHOICE, FieldType.CHOICES)
# Fields that steer the case are not personal: what erasure may take away cannot decide where a case goes.
NEVER_PERSONAL: Final = (FieldType.UNIT, FieldType.UNITS, FieldType.CASE, FieldType.CASES, FieldType.FILES)


def faults(definition: Definition) -> Faults:
    """Every name that leads nowhere and every form that cannot run, in no particular order."""
    for part in (_header, _fields, _limits, _clocks, _case_due, _opening):
        yield from part(definition)
    steps = step_refs(definition)
    if definition.everywhere:
        words = vocabulary(definition, "")
        yield from _everywhere(_Spot(definition, "", ("everywhere",), steps, words), definition.everywhere)
    for chart, states in definition.charts():
        words = vocabulary(definition, chart)
        for state_id, state in states.items():
            yield from _state(_Spot(definition, chart, _at(chart, state_id), steps, words), state)


@dataclass(frozen=True, slots=True)
class _Spot:
    """A definition, one of its charts, the path of the state that is looked at, and what may be named there."""

    definition: Definition
    chart: str
    path: Path
    steps: Mapping[str, None]
    words: Mapping[str, Kind]

    @property
    def states(self) -> Mapping[str, State]:
        return self.definition.chart(self.chart)


def _at(chart: str, *rest: str | int) -> Path:
    return ("lanes", chart, "states", *rest) if chart else ("states", *rest)


def _header(definition: Definition) -> Faults:
    yield from known("state", "环节", definition.start, definition.states, ("start",))
    yield from roles(definition, definition.administrators, ("administrators",))
    for name, lane in definition.lanes.items():
        yield from known("state", "环节", lane.start, lane.states, ("lanes", name, "start"))
    try:
        date.fromisoformat(definition.effective)
    except ValueError:
        yield Fault("bad_date", f"没有这一天：{definition.effective}", ("effective",), '例如 "2026-12-01"')
    if before := definition.replaces:
        if before.version >= definition.version:
            message = f"只能接替更早的版本：{before.version} 不早于 {definition.version}"
            yield Fault("bad_replaces", message, ("replaces", "version"))
        for old, new in before.move.items():
            yield from known("state", "环节", new, definition.states, ("replaces", "move", old))


def _fields(definition: Definition) -> Faults:
    for name, spec in definition.fields.items():
        path = ("fields", name)
        if name in RESERVED:
            yield Fault("reserved_name", f"{name} 在条件里另有含义，不能作字段名", path, "换一个名称")
        if spec.type in CHOICES and not spec.options:
            yield Fault("choice_without_options", f"选择字段 {name} 没有选项", path, "写明 options")
        if spec.options and spec.type not in CHOICES:
            yield Fault("options_without_choice", f"{name} 不是选择字段，不能有选项", (*path, "options"))
        if spec.min is not None and spec.max is not None and spec.min > spec.max:
            yield Fault("bad_range", f"最小值 {spec.min} 大于最大值 {spec.max}", (*path, "min"))
        if spec.personal and spec.type in NEVER_PERSONAL:
            message = f"{spec.type} 字段决定事项的去向，不能标为个人信息"
            yield Fault("personal_type", message, (*path, "personal"), "个人信息只用于文字、日期等字段")


def _limits(definition: Definition) -> Faults:
    if not (table := definition.limits):
        return
    path: Path = ("limits",)
    fault = {"code": "limits_by_not_choice", "zh": "单选（choice）"}
    yield from field_of(definition, table.by, (FieldType.CHOICE,), (*path, "by"), **fault)
    yield from known("limit_row", "类别", table.default, table.rows, (*path, "default"))
    spec = definition.fields.get(table.by)
    if spec and spec.personal:
        yield Fault("personal_in_limits", f"个人信息 {table.by} 不能决定时限", (*path, "by"))
    columns = dict.fromkeys(column for row in table.rows.values() for column in row)
    for row, cells in table.rows.items():
        if spec and spec.options:
            yield from known("option", "选项", row, spec.options, (*path, "rows", row))
        if absent := [column for column in columns if column not in cells]:
            message = f"{row} 这一行缺少 {'、'.join(absent)}"
            yield Fault("limit_row_incomplete", message, (*path, "rows", row), "没有时限的写 none")


def _clocks(definition: Definition) -> Faults:
    steps = step_refs(definition)
    for name, clock in definition.clocks.items():
        path: Path = ("clocks", name)
        if name in CLOCKS_OF_THE_ENGINE:
            yield Fault("reserved_name", f"{name} 是引擎自己的时钟", path, "换一个名称")
        yield from refs({OPEN: None, **steps}, clock.starts, (*path, "starts"))
        yield from refs(steps, clock.stops, (*path, "stops"))
        yield from refs(steps, clock.cancels, (*path, "cancels"))
        yield from due_faults(definition, "", steps, clock.due, (*path, "due"))
        yield from addresses(definition, clock.warn, (*path, "warn"))
        yield from ladder_faults(definition, "", clock.overdue, path)
        yield from extension_faults(definition, clock.extension, clock.due, path)


def _case_due(definition: Definition) -> Faults:
    if due := definition.case_due:
        yield from limit_faults(definition, due.within, ("case_due", "within"))
        yield from known("state", "环节", due.to, definition.states, ("case_due", "to"))
        yield from addresses(definition, due.warn, ("case_due", "warn"))
        yield from addresses(definition, due.notify, ("case_due", "notify"))


def _opening(definition: Definition) -> Faults:
    opening = definition.opening
    yield from actors(definition, opening.by, ("opening", "by"))
    yield from named_fields(definition, opening.needs, ("opening", "needs"))
    yield from named_fields(definition, opening.may, ("opening", "may"))


def _state(spot: _Spot, state: State) -> Faults:
    definition, path = spot.definition, spot.path
    if state.owner:
        yield from role(definition, state.owner, (*path, "owner"))
    unit = {"code": "holder_not_unit", "zh": "单位（unit）"}
    yield from field_of(definition, state.holder, (FieldType.UNIT,), (*path, "holder"), **unit)
    if state.due:
        yield from due_faults(definition, spot.chart, spot.steps, state.due, (*path, "due"))
    yield from addresses(definition, state.warn, (*path, "warn"))
    yield from ladder_faults(definition, spot.chart, state.overdue, path)
    yield from extension_faults(definition, state.extension, state.due, path)
    yield from _pauses(definition, state.pauses, path)
    yield from refs(spot.steps, state.not_by, (*path, "not_by"))
    yield from _ending(spot, state)
    yield from _term(state, path)
    if state.parallel:
        yield from _parallel(spot, state.parallel)
    yield from _steps(spot, {n: s for n, s in state.steps.items() if not definition.is_everywhere(n, s)})


def _steps(spot: _Spot, steps: Mapping[str, Step], written: str = "steps") -> Faults:
    for step_id, step in steps.items():
        at = (*spot.path, written, step_id)
        if step_id == OPEN and not spot.chart:
            yield Fault("reserved_name", f"{OPEN} 指事项的登记，不能作动作名", at, "换一个名称")
        yield from _step(spot, step, at)


def _everywhere(spot: _Spot, everywhere: Everywhere) -> Faults:
    """Its steps are looked at once, where they are written; a state's own step of the same name would hide one."""
    yield from _steps(spot, everywhere.steps)
    yield from _steps(spot, everywhere.settled, "settled")
    for index, name in enumerate(everywhere.spared):
        at = ("everywhere", "except", index)
        yield from known("state", "环节", name, spot.states, at)
        if (state := spot.states.get(name)) and not everywhere.steps_of(state):
            yield Fault("except_not_open", f"“{state.title}”本来就没有这些动作", at, "去掉这一项")
    for state_id, state in spot.states.items():
        for step_id in everywhere.steps_in(state_id, state):
            own = state.steps.get(step_id)
            if own and not spot.definition.is_everywhere(step_id, own):
                message = f"everywhere 里已有动作 {step_id}，“{state.title}”不能另写一个"
                hint = f"换一个名称，或在 everywhere.except 里列出 {state_id}"
                yield Fault("everywhere_clash", message, ("states", state_id, "steps", step_id), hint)


def _pauses(definition: Definition, clocks: Iterable[str], path: Path) -> Faults:
    declared = (*definition.clocks, *((CASE_CLOCK,) if definition.case_due else ()))
    for index, name in enumerate(clocks):
        yield from known("clock", "时钟", name, declared, (*path, "pauses", index))


def _term(state: State, path: Path) -> Faults:
    """Nobody is late by a term, so the case may not stay when it is over."""
    if not state.term:
        return
    if state.settled:
        yield Fault("term_settled", "已办结的环节本来就不算超期，不必写 term", (*path, "term"), "去掉 term")
    if not (len(state.overdue) == 1 and state.overdue[0].to and state.overdue[0].after is None):
        message = "期间（term）届满须立即转走：overdue 只写一级，写 to，不写 after"
        yield Fault("term_without_target", message, (*path, "term"), "例如 overdue: {to: …}")


def _ending(spot: _Spot, state: State) -> Faults:
    """A final state only ends; a lane's says with which outcome."""
    if state.outcome and not (state.final and spot.chart):
        message = "只有并行线的终点才有 outcome"
        yield Fault("outcome_misplaced", message, (*spot.path, "outcome"))
    if state.settled and spot.chart:
        yield Fault(
            "settled_in_lane", "并行线不能重开，没有 settled", (*spot.path, "settled"), "写 final: true"
        )
    if not state.final:
        return
    if spot.chart and not state.outcome:
        yield Fault("outcome_missing", "并行线的终点须写明 outcome", spot.path, "outcome: done 或 missed")
    if has := [word for word in _NOT_IN_FINAL if getattr(state, word)]:
        message = f"终点不能有 {'、'.join(has)}"
        yield Fault("final_not_empty", message, (*spot.path, has[0]), "去掉这些，或去掉 final")


_NOT_IN_FINAL: Final = (
    *("owner", "holder", "due", "remind", "warn", "overdue", "extension", "pauses", "not_by", "term"),
    *("parallel", "steps", "settled"),
)


def _parallel(spot: _Spot, parallel: Parallel) -> Faults:
    definition, path = spot.definition, (*spot.path, "parallel")
    if spot.chart:
        yield Fault("parallel_in_lane", "并行线里不能再分并行线", path)
        return
    yield from known("lane", "并行线", parallel.lane, definition.lanes, (*path, "lane"))
    if bool(parallel.each) == bool(parallel.lanes):
        yield Fault("lane_source", "each（按字段的值）和 lanes（按名称）须写且只写一个", path)
    keys = {"code": "each_not_keys", "zh": "单位（units）或多选（choices）"}
    yield from field_of(definition, parallel.each, _KEYS, (*path, "each"), **keys)
    choices = {"code": "again_not_choices", "zh": "多选（choices）"}
    yield from field_of(definition, parallel.again, (FieldType.CHOICES,), (*path, "again"), **choices)
    yield from _again(definition, parallel)
    if isinstance(parallel.done_when, int) and parallel.done_when < 1:
        yield Fault("out_of_range", "done_when 至少为 1", (*path, "done_when"), "或写 all、any")
    for index, name in enumerate(parallel.lasts):
        yield from known("state", "环节", name, spot.states, (*path, "lasts", index))
    yield from roles(definition, parallel.managed_by, (*path, "managed_by"))
    yield from _routes(spot, parallel.then, (*path, "then"))


# What may name a lane: names that the definition or the organisation gives, never what people type.
_KEYS: Final = (FieldType.UNITS, FieldType.CHOICES)


def _again(definition: Definition, parallel: Parallel) -> Faults:
    """The options of `again` are names of lanes."""
    spec = definition.fields.get(parallel.again or "")
    if spec and spec.type == FieldType.CHOICES and parallel.lanes:
        for option in spec.options:
            path = ("fields", str(parallel.again), "options", option)
            yield from known("lane", "并行线", option, parallel.lanes, path)


def _routes(spot: _Spot, routes: Iterable[Route], path: Path) -> Faults:
    for index, route in enumerate(routes):
        yield from known("state", "环节", route.to, spot.states, (*path, index, "to"))
        if route.when:
            yield from _guard(spot, route.when, (*path, index, "when"))


def _step(spot: _Spot, step: Step, path: Path) -> Faults:
    definition = spot.definition
    yield from actors(definition, step.by, (*path, "by"))
    yield from named_fields(definition, step.needs, (*path, "needs"))
    yield from named_fields(definition, step.may, (*path, "may"))
    yield from refs(spot.steps, step.not_by, (*path, "not_by"))
    yield from addresses(definition, step.notify, (*path, "notify"))
    yield from _leads(spot, step, path)
    yield from _links(spot, step, path)
    yield from _sets(definition, step.sets, (*path, "sets"))
    yield from opens_faults(definition, step.opens, path)
    for index, guard in enumerate(step.when):
        yield from _guard(spot, guard.check, (*path, "when", index, "check"))


def _leads(spot: _Spot, step: Step, path: Path) -> Faults:
    """Where the step goes: exactly one of `to` and `stay`, and to states of its own chart."""
    if bool(step.to) == step.stay:
        said = "只能写一个" if step.stay else "须写一个"
        yield Fault("step_target", f"to（去往）和 stay: true（不动）{said}", path)
    yield from _routes(spot, step.to, (*path, "to"))
    if step.then:
        yield from known("state", "环节", step.then, spot.states, (*path, "then"))
        if step.at_most is None:
            yield Fault("then_without_limit", "then 须与 at_most 一起写", (*path, "then"), "例如 at_most: 2")
    if step.joins:
        case = {"code": "joins_not_case", "zh": "事项（case）"}
        yield from field_of(spot.definition, step.joins, (FieldType.CASE,), (*path, "joins"), **case)
        ends = [spot.states[route.to].final for route in step.to if route.to in spot.states]
        if spot.chart or not step.to or not all(ends):
            yield Fault(
                "joins_not_final", "并入另一事项后，本事项须到终点", (*path, "joins"), "to 写一个 final 环节"
            )


def _links(spot: _Spot, step: Step, path: Path) -> Faults:
    cases = {"code": "links_not_cases", "zh": "事项列表（cases）"}
    yield from field_of(spot.definition, step.links, (FieldType.CASES,), (*path, "links"), **cases)
    if step.links and spot.chart:
        yield Fault("links_in_lane", "只有事项自己的动作才能关联其他事项", (*path, "links"))


def _sets(definition: Definition, values: Mapping[str, Any], path: Path) -> Faults:
    for name, value in values.items():
        yield from known("field", "字段", name, definition.fields, (*path, name))
        if (spec := definition.fields.get(name)) and (wanted := _unfit(spec, value)):
            yield Fault("sets_type", f"{name} 的值应为{wanted}", (*path, name))


def _unfit(spec: FieldSpec, value: Any) -> str:
    """What the value should be; empty where it is that."""
    if spec.type in LIST_TYPES:
        fits, wanted = isinstance(value, list), "列表"
    elif spec.type == FieldType.INTEGER:
        fits, wanted = isinstance(value, int) and not isinstance(value, bool), "整数"
    elif spec.type == FieldType.BOOLEAN:
        fits, wanted = isinstance(value, bool), "true 或 false"
    else:
        fits, wanted = isinstance(value, str), "文字"
    if fits and spec.type in CHOICES:
        chosen = value if isinstance(value, list) else [value]
        fits, wanted = set(chosen) <= spec.options.keys(), f"选项之一：{'、'.join(spec.options)}"
    return "" if fits else wanted


def _guard(spot: _Spot, text: str, path: Path) -> Faults:
    try:
        compile_guard(text, spot.words)
    except UnknownName as error:
        spec = spot.definition.fields.get(error.name)
        if spec and spec.personal:
            message = f"个人信息 {error.name} 不能用在条件里"
            yield Fault("personal_in_expression", message, path, "个人信息可以删除，条件须永远能重算")
        else:
            yield Fault(error.code, error.message, path, error.hint)
    except ExpressionRefused as error:
        yield Fault(error.code, error.message, path, error.hint)

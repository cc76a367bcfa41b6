"""Faults of names: declared and never used, roles that nobody can fill, separation of duties that separates nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from engine.certificate.graph import Net, Path, backward, place
from engine.definition import Definition, FieldType, RoleOf, Rung, State, step_ref
from engine.directory import Address
from engine.findings import Finding
from engine.spelling import Due, LimitRef

Findings = Iterator[Finding]


def unused(net: Net) -> Findings:
    definition = net.definition
    lanes = {s.parallel.lane for s in definition.states.values() if s.parallel}
    yield from _unused(net, "role", definition.roles, set(_roles_used(definition)))
    yield from _unused(net, "field", definition.fields, set(_fields_used(net)))
    yield from _unused(net, "lane", definition.lanes, lanes)
    if table := definition.limits:
        columns = dict.fromkeys(column for row in table.rows.values() for column in row)
        used = {limit.column for limit in _limits_used(definition)}
        for column in columns:
            if column not in used:
                first = next(row for row, cells in table.rows.items() if column in cells)
                at: Path = ("limits", "rows", first, column)
                yield net.warning(
                    "unused_limit_column", f"时限表的 {column} 没有用到", at, hint="删去，或写 limits.…"
                )


_ZH = {"field": "字段", "lane": "并行线", "role": "角色"}


def _unused(net: Net, kind: str, declared: Collection[str], used: set[str]) -> Findings:
    for name in declared:
        if name not in used:
            message = f"{_ZH[kind]} {name} 声明了却没有用到"
            yield net.warning(f"unused_{kind}", message, (f"{kind}s", name), hint="删去，或用上")


def _roles_used(definition: Definition) -> Iterator[str]:
    yield from (*definition.administrators, *definition.opening.by)
    for _, states in definition.charts():
        for state in states.values():
            yield from _roles_of_state(state)
    for clock in definition.clocks.values():
        yield from (address.role for address in (*clock.warn, *_told(clock.overdue)))
        if clock.extension:
            yield from (
                *clock.extension.asked_by,
                *clock.extension.approved_by,
                *clock.extension.later_approved_by,
            )
    if due := definition.case_due:
        yield from (address.role for address in (*due.warn, *due.notify))


def _roles_of_state(state: State) -> Iterator[str]:
    if state.owner:
        yield state.owner
    yield from (address.role for address in (*state.warn, *_told(state.overdue)))
    if state.extension:
        yield from (
            *state.extension.asked_by,
            *state.extension.approved_by,
            *state.extension.later_approved_by,
        )
    if state.parallel:
        yield from state.parallel.managed_by
    for step in state.steps.values():
        yield from (*step.by, *(address.role for address in step.notify))


def _told(ladder: tuple[Rung, ...]) -> tuple[Address, ...]:
    return tuple(address for rung in ladder for address in rung.notify)


def _fields_used(net: Net) -> Iterator[str]:
    definition = net.definition
    yield from (*definition.opening.needs, *definition.opening.may)
    yield from definition.days_ahead
    if definition.limits:
        yield definition.limits.by
    for chart, states in definition.charts():
        for state in states.values():
            yield from (state.holder,) if state.holder else ()
            if state.parallel:
                yield from (name for name in (state.parallel.each, state.parallel.again) if name)
                yield from net.trial.reads("", (r.when for r in state.parallel.then if r.when))
            for rung in state.overdue:
                yield from rung.opens.bring.values() if rung.opens else ()
            for step in state.steps.values():
                yield from (*step.needs, *step.may, *step.sets)
                yield from (name for name in (step.joins, step.links) if name)
                yield from step.opens.bring.values() if step.opens else ()
                yield from net.trial.reads(chart, (g.check for g in step.when))
                yield from net.trial.reads(chart, (r.when for r in step.to if r.when))


def _limits_used(definition: Definition) -> Iterator[LimitRef]:
    for _, states in definition.charts():
        for state in states.values():
            found = (
                state.due.longest if state.due else None,
                state.extension.by if state.extension else None,
            )
            yield from (limit for limit in found if isinstance(limit, LimitRef))
    for clock in definition.clocks.values():
        pair = (clock.due.longest, clock.extension.by if clock.extension else None)
        yield from (limit for limit in pair if isinstance(limit, LimitRef))
    if definition.case_due and isinstance(definition.case_due.within, LimitRef):
        yield definition.case_due.within


# Who can act


def holders(net: Net) -> Findings:
    """A role bound to a unit acts for the unit that holds the state: without one, nobody can."""
    definition = net.definition
    for state_id, state in definition.states.items():
        if not state.owner or state.holder or definition.roles[state.owner].of is not RoleOf.UNIT:
            continue
        yield _no_holder(net, state, place("", state_id, "owner"))
    for chart, lane in definition.lanes.items():
        if _keyed_by_unit(definition, chart):
            continue
        for state_id, state in lane.states.items():
            if state.owner and not state.holder and definition.roles[state.owner].of is RoleOf.UNIT:
                yield _no_holder(net, state, place(chart, state_id, "owner"))


def _no_holder(net: Net, state: State, at: Path) -> Finding:
    return net.finding(
        "unit_role_without_holder",
        f"“{state.title}”由 {state.owner} 负责，却没有写是哪个单位的",
        at,
        hint="写 holder，指明一个单位字段",
    )


def _keyed_by_unit(definition: Definition, lane: str) -> bool:
    """Every parallel with such lanes makes them from a field of units; the key is then the unit."""
    parallels = [s.parallel for s in definition.states.values() if s.parallel and s.parallel.lane == lane]
    return all(p.each and definition.fields[p.each].type is FieldType.UNITS for p in parallels)


def separation(net: Net) -> Findings:
    """A step that cannot come before the one it must not share a person with separates nothing."""
    for chart, states in net.definition.charts():
        for state_id, state in states.items():
            if state_id not in net.paths[chart]:
                continue
            at = place(chart, state_id)
            yield from _separated(net, chart, state_id, state.not_by, (*at, "not_by"))
            for step_id, step in state.steps.items():
                yield from _separated(net, chart, state_id, step.not_by, (*at, "steps", step_id, "not_by"))


def _separated(net: Net, chart: str, state_id: str, refs: tuple[str, ...], at: Path) -> Findings:
    before = _before(net, chart, state_id) if refs else set()
    for index, ref in enumerate(refs):
        if ref not in before:
            yield net.finding(
                "not_by_never_before",
                f"动作 {ref} 不可能先于这里办理，回避它没有意义",
                (*at, index),
                example=net.example(chart, state_id),
            )


def _before(net: Net, chart: str, state_id: str) -> set[str]:
    """Every step that may have been taken when a case (or a lane) is in the state."""
    own = backward([state_id], net.edges[chart])
    found = {step_ref(chart, step) for s in own for step in net.definition.chart(chart)[s].steps}
    if chart:
        hosts = [s for s in net.paths[""] if chart in net.lane_types(s)]
        return found | {ref for host in hosts for ref in _before(net, "", host)}
    for lane in {lane for s in own for lane in net.lane_types(s)}:
        found |= {
            step_ref(lane, step) for spec in net.definition.lanes[lane].states.values() for step in spec.steps
        }
    return found


def moved(net: Net, previous: Definition | None) -> Findings:
    """States that the version before had and this one has not need a place to go."""
    if previous is None:
        return
    move = net.definition.replaces.move if net.definition.replaces else {}
    at: Path = ("replaces", "move") if net.definition.replaces else ("states",)
    for state_id, state in previous.states.items():
        if state_id not in net.definition.states and state_id not in move:
            yield net.finding(
                "removed_state",
                f"第 {previous.version} 版的环节“{state.title}”（{state_id}）没有了，在办事项无处可去",
                at,
                hint=f"在 replaces.move 写 {state_id}: 新环节",
            )


# What a limit counts from, or until


def counted(net: Net) -> Findings:
    """A step that cannot come before the clock starts, or a day that nobody has named by then, changes nothing."""
    for chart, states in net.definition.charts():
        for state_id, state in states.items():
            if state.due and state_id in net.paths[chart]:
                before = _before(net, chart, state_id)
                at = (*place(chart, state_id), "due")
                yield from _counted(net, state.due, before, at, net.example(chart, state_id))
    everything = {step_ref(chart, step) for chart, _, _, step, _ in net.definition.steps()}
    for name, spec in net.definition.clocks.items():
        yield from _counted(net, spec.due, everything, ("clocks", name, "due"), ())


def _counted(net: Net, due: Due, before: set[str], at: Path, example: tuple[str, ...]) -> Findings:
    if due.since and due.since not in before:
        message = f"动作 {due.since} 不可能先于这里办理，时限总是从进入时算起"
        yield net.finding("since_never_before", message, (*at, "since"), hint="去掉 since", example=example)
    if due.until and due.until not in _brought(net.definition, before):
        message = f"到这里时还没有人填写 {due.until}，时限总是 at_most"
        hint = "让前面的动作填写这一天，或直接写 within"
        yield net.finding("until_never_written", message, (*at, "until"), hint=hint, example=example)


def _brought(definition: Definition, refs: set[str]) -> set[str]:
    """The fields that the opening or one of these steps may write."""
    taken = (s for chart, _, _, name, s in definition.steps() if step_ref(chart, name) in refs)
    steps = {field for step in taken for field in (*step.needs, *step.may, *step.sets)}
    return steps | {*definition.opening.needs, *definition.opening.may}


ALL = (unused, holders, separation, counted)

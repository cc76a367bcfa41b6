"""Faults of shape: states that cannot be reached or left for good, routes hidden or missing, endless loops, doubles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from engine.certificate.graph import Edge, Net, Path, backward, cycle, place, shortest
from engine.certificate.trial import Verdict
from engine.definition import Definition, Route, State, Step
from engine.findings import Finding

Findings = Iterator[Finding]


def start(net: Net) -> Findings:
    definition = net.definition
    state = definition.states[definition.start]
    if state.settled or state.final:
        yield net.finding(
            "start_ended", f"起点“{state.title}”一开始就已办结", ("start",), hint="start 写一个办理中的环节"
        )
    for name, lane in definition.lanes.items():
        if lane.states[lane.start].final:
            yield net.finding("start_ended", f"并行线“{lane.title}”一开始就已结束", ("lanes", name, "start"))
    if not any(s.final or s.settled for s in definition.states.values()):
        yield net.finding("no_end", "没有任何终点", ("states",), hint="至少一个环节写 final: true")


def unreachable(net: Net) -> Findings:
    for chart, states in net.definition.charts():
        first = states[net.start(chart)]
        if first.final or first.settled:
            continue  # said of the start
        for state_id, state in states.items():
            if state_id not in net.paths[chart]:
                yield net.finding(
                    "unreachable_state",
                    f"环节“{state.title}”走不到",
                    place(chart, state_id),
                    hint="没有动作、时钟或汇合能通到这里（条件永不成立的不算）",
                    example=_nearest(net, chart),
                )


def _nearest(net: Net, chart: str) -> tuple[str, ...]:
    return (f"从 {net.start(chart)} 可到：{'、'.join(net.paths[chart])}",)


def endless_lanes(net: Net) -> Findings:
    """Lane states without a way to the lane's end. The case's own are judged with its lanes, in `soundness.py`."""
    for name, lane in net.definition.lanes.items():
        ends = [s for s, spec in lane.states.items() if spec.final]
        good = backward(ends, net.edges[name])
        for state_id, state in lane.states.items():
            if state_id in net.paths[name] and state_id not in good:
                yield net.finding(
                    "cannot_end",
                    f"并行线从“{state.title}”起走不到结束",
                    place(name, state_id),
                    hint="加一个通向终点的动作，或超期去向",
                    example=(*net.example(name, state_id), f"停在 {state_id}"),
                )


def used_up(net: Net) -> Findings:
    """States that people cannot leave for an end once every counted step of a loop has been used up."""
    edges = [e for e in net.edges[""] if net.is_open(e.source)]
    ends = [s for s in net.definition.states if not net.is_open(s)]
    left = [e for e in edges if e.limit is None or not _returns(e, edges)]
    before, after = backward(ends, edges), backward(ends, left)
    for state_id in net.paths[""]:
        if state_id in before and state_id not in after and net.is_open(state_id):
            first = next((e for e in edges if e.source == state_id and e not in left), None)
            title = net.definition.states[state_id].title
            if first is None:
                continue
            yield net.finding(
                "stuck_when_used_up",
                f"“{title}”的动作“{first.name}”次数用完后，再也走不到办结",
                first.at[:4],
                hint="加 then（最后一次强制去向），或一条不限次数的出路",
                example=(*net.example("", state_id), f"{first}（第 {first.limit} 次）", f"停在 {state_id}"),
            )


def _returns(edge: Edge, edges: list[Edge]) -> bool:
    return edge.to in backward([edge.source], edges) and edge.source in backward([edge.to], edges)


# Routes


def routes(net: Net) -> Findings:
    for chart, state_id, _, step_id, step in net.definition.steps():
        verdict = net.trial.step(chart, step_id, step)
        at = place(chart, state_id, "steps", step_id, "to")
        if verdict.passes and state_id in net.paths[chart]:
            yield from _routes(net, step.to, verdict, at, net.example(chart, state_id))
            yield from _forced(net, chart, state_id, step_id, step)
    for state_id, state in net.definition.states.items():
        if state.parallel and state.parallel.then:
            verdict = net.trial.join(state.parallel.then, none_open=net.waits_for_all(state))
            at = place("", state_id, "parallel", "then")
            yield from _routes(net, state.parallel.then, verdict, at, net.example("", state_id))


def _forced(net: Net, chart: str, state_id: str, step_id: str, step: Step) -> Findings:
    """The last allowed time leads to `then`: the first if only one is allowed, never if the step cannot come again."""
    at = place(chart, state_id, "steps", step_id)
    if not step.then or step.stay:
        return
    if step.at_most == 1:
        message = f"只许一次，第一次就去往 {step.then}，to 永远轮不到"
        yield net.finding("route_hidden", message, (*at, "to"), hint="at_most 写 2 或更多，或去掉 then")
        return
    shared = sum(step_id in state.steps for state in net.definition.chart(chart).values()) > 1
    if not shared and not _cycle_through(state_id, net.edges[chart]):
        message = f"这一步不会再有第二次，then（{step.then}）永远轮不到"
        example = net.example(chart, state_id)
        yield net.finding(
            "route_hidden", message, (*at, "then"), hint="去掉 at_most 和 then", example=example
        )


def _routes(
    net: Net, found: tuple[Route, ...], verdict: Verdict, at: Path, example: tuple[str, ...]
) -> Findings:
    for index, route in enumerate(found):
        if index not in verdict.routes:
            earlier = any(r.when is None for r in found[:index])
            why = "前面已有不带条件的去向" if earlier else "条件永不成立，或前面的去向总先成立"
            yield net.finding(
                "route_hidden", f"去往 {route.to} 的去向永远轮不到：{why}", (*at, index), example=example
            )
    if verdict.gap is not None:
        shown = "，".join(f"{name} = {_shown(value)}" for name, value in sorted(verdict.gap.items()))
        yield net.finding(
            "route_missing",
            f"没有一个去向的条件成立时，无处可去（例如 {shown}）",
            (*at, len(found) - 1),
            hint="最后一个去向不写 when",
            example=(*example, shown),
        )


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return f"[{len(value)} 项]" if len(value) > 3 else "[" + ", ".join(value) + "]"
    text = str(value)
    return f"{len(text)} 个字" if len(text) > 20 else f"“{text}”" if isinstance(value, str) else text


# Loops


def loops(net: Net) -> Findings:
    """Loops that people can go round for ever: no counted step in them, and no limit of the whole case over them."""
    edges = [e for e in net.edges[""] if e.kind != "span" and net.is_open(e.source) and net.is_open(e.to)]
    free = [e for e in edges if e.limit is None and e.source in net.paths[""]]
    due = net.definition.case_due
    standing = {s for s, spec in net.definition.states.items() if due and "case" in spec.pauses}
    if due is None:
        found = cycle(free)
        if found and any(e.step or e.kind == "join" for e in found):
            yield _loop(net, found)
        return
    for state_id in standing:
        through = _cycle_through(state_id, free)
        if through:
            yield net.finding(
                "pause_unlimited",
                f"可以无限次进入“{net.definition.states[state_id].title}”，全程时限因此可以一直停着",
                place("", state_id, "pauses"),
                hint="给进入这里的动作写 at_most",
                example=(*net.example("", state_id), *map(str, through)),
            )


def _loop(net: Net, found: tuple[Edge, ...]) -> Finding:
    at, states = next((e.at for e in found if e.step), found[0].at), net.definition.states
    titles = [str(states[state].title) for state in (found[0].source, *(edge.to for edge in found))]
    return net.finding(
        "endless_loop",
        "可以无限循环：" + " → ".join(titles),
        at[:4],
        hint="给其中一个动作写 at_most，或写 case_due",
        example=(*net.example("", found[0].source), *map(str, found)),
    )


def _cycle_through(state: str, edges: Iterable[Edge]) -> tuple[Edge, ...]:
    """A cycle that passes through the state; empty if there is none."""
    ways: dict[str, list[Edge]] = {}
    for edge in edges:
        ways.setdefault(edge.source, []).append(edge)
    for first in ways.get(state, ()):
        rest = shortest(first.to, lambda here: ways.get(here, ()))
        if state in rest:
            return (first, *rest[state])
    return ()


# Doubles


def doubles(net: Net) -> Findings:
    for chart, states in net.definition.charts():
        yield from _same_titles(net, chart, states)
        for state_id, state in states.items():
            yield from _same_steps(net, chart, state_id, state)
            yield from _to_itself(net, chart, state_id, state)


def _same_titles(net: Net, chart: str, states: Mapping[str, State]) -> Findings:
    seen: dict[str, str] = {}
    for state_id, state in states.items():
        if (first := seen.setdefault(state.title.zh, state_id)) != state_id:
            yield net.finding(
                "duplicate_title", f"“{state.title}”已是环节 {first} 的名称", place(chart, state_id, "title")
            )


def _same_steps(net: Net, chart: str, state_id: str, state: State) -> Findings:
    seen: dict[object, str] = {}
    for step_id, step in state.steps.items():
        marks = str(
            (step.to, step.stay and step_id, step.then, sorted(step.by), sorted(step.needs), step.when)
        )
        marks += str((step.sets, step.opens, step.joins))
        if (first := seen.setdefault(marks, step_id)) != step_id and not _told_apart(
            net.definition, first, step_id
        ):
            yield net.warning(
                "duplicate_step",
                f"“{step.title}”与“{state.steps[first].title}”由同样的角色、带同样的内容、通向同一处",
                place(chart, state_id, "steps", step_id),
                hint="合成一个动作",
            )


def _told_apart(definition: Definition, one: str, other: str) -> bool:
    """A clock starts or stops with one of the two, so they differ after all."""
    for spec in definition.clocks.values():
        for refs in (spec.starts, spec.stops, spec.cancels):
            tails = {ref.rpartition(".")[2] for ref in refs}
            if (one in tails) != (other in tails):
                return True
    return False


def _to_itself(net: Net, chart: str, state_id: str, state: State) -> Findings:
    for step_id, step in state.steps.items():
        for index, route in enumerate(step.to):
            if route.to == state_id:
                yield net.finding(
                    "self_transition",
                    f"“{step.title}”通回本环节，会让时限从头算起",
                    place(chart, state_id, "steps", step_id, "to", index),
                    hint="写 stay: true",
                    example=net.example(chart, state_id),
                )
    for index, rung in enumerate(state.overdue):
        if rung.to == state_id:
            yield net.finding(
                "self_transition",
                "超期通回本环节，时限会从头算起",
                place(chart, state_id, "overdue", index, "to"),
                hint="写 stay: true 和 every",
            )


ALL = (start, unreachable, endless_lanes, used_up, routes, loops, doubles)

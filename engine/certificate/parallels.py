"""Faults of lanes: joins that cannot be met or lead nowhere, scopes that overlap, lanes that cannot be chosen."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from engine.certificate.graph import Net, place
from engine.definition import Parallel
from engine.findings import Finding

Findings = Iterator[Finding]


def joins(net: Net) -> Findings:
    for state_id, state in net.definition.states.items():
        if state.parallel:
            yield from _met(net, state_id, state.parallel)
            yield from _looked_at(net, state_id, state.parallel)
            if state.parallel.again and not state.parallel.lanes:
                yield net.finding(
                    "again_without_lanes",
                    "again 只用于按名称的并行线（lanes）",
                    place("", state_id, "parallel", "again"),
                    hint="改用 lanes，或去掉 again",
                )


def _met(net: Net, state_id: str, parallel: Parallel) -> Findings:
    lane = net.definition.lanes[parallel.lane]
    at = place("", state_id, "parallel", "done_when")
    wanted = parallel.done_when if isinstance(parallel.done_when, int) else 0
    most = net.definition.fields[parallel.each].max if parallel.each else len(parallel.lanes)
    if most is not None and wanted > most:
        yield net.finding(
            "join_impossible",
            f"要 {wanted} 条并行线办成，最多只有 {most} 条",
            at,
            example=(*net.example("", state_id), f"{most} 条全部办成，仍差 {wanted - most} 条"),
        )
    ends = {s: spec for s, spec in lane.states.items() if spec.final and s in net.paths[parallel.lane]}
    if not ends:
        return  # said of the lane's states
    if parallel.done_when != "all" and not any((s.outcome or "done") == "done" for s in ends.values()):
        yield net.finding(
            "join_impossible",
            f"要有并行线办成才汇合，而“{lane.title}”只能以未办成结束",
            at,
            hint="给并行线一个 outcome: done 的终点",
            example=tuple(f"{parallel.lane}: … → {s}（missed）" for s in ends),
        )


def _looked_at(net: Net, state_id: str, parallel: Parallel) -> Findings:
    """Lanes whose outcome nobody reads do work for nothing."""
    if parallel.then:
        return
    texts = [g.check for _, _, _, _, step in net.definition.steps() for g in step.when]
    texts += [r.when for _, _, _, _, step in net.definition.steps() for r in step.to if r.when]
    if not any(name.startswith("lanes.") for name in net.trial.reads("", texts)):
        yield net.finding(
            "join_without_effect",
            "并行线办完以后什么也不发生：没有 then，也没有条件看它们",
            place("", state_id, "parallel"),
            hint="写 then，或在动作的 when 里用 lanes.open、lanes.done",
        )


def scopes(net: Net) -> Findings:
    declaring = [s for s, spec in net.definition.states.items() if spec.parallel]
    for one, other in combinations(declaring, 2):
        if shared := net.definition.scope(one) & net.definition.scope(other):
            titles = "、".join(net.definition.states[s].title.zh for s in sorted(shared))
            yield net.finding(
                "scopes_overlap",
                f"两组并行线同时开在“{titles}”：汇合分不清是谁的",
                place("", other, "parallel"),
                hint="让 lasts 不相交",
                example=(f"{one}: {'、'.join(sorted(net.definition.scope(one)))}",),
            )


ALL = (joins, scopes)

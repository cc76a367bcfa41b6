"""Soundness: from everything that can happen the end can be reached, nothing stays open behind it, no step is dead.

The markings (state of the case, states of its lanes) are enumerated as the engine would produce them; lanes of one
group are alike, so only how many stand where matters. Source: van der Aalst, "Verification of Workflow Nets" (1997),
definition 7; the twin that enumerates without these savings is tests/unit/test_certificate_twin.py.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from engine.certificate.graph import Edge, Net, place
from engine.certificate.trial import Lanes, Verdict
from engine.definition import FieldSpec, Parallel, Step
from engine.findings import Finding
from engine.movement import MAX_HOPS

MOST_MARKINGS: Final = 20_000
MOST_LANES: Final = 3  # of a group with one lane for each value
WITHDRAWN: Final = "(withdrawn)"

Group = tuple[str, ...]  # the states of its lanes, sorted


@dataclass(frozen=True, slots=True)
class Marking:
    state: str
    groups: tuple[Group, ...]


@dataclass(frozen=True, slots=True)
class Move:
    """`name` is what happens, for people; `ref` the step that is taken (chart, state, step), if one is."""

    name: str
    to: Marking
    ref: tuple[str, str, str] | None = None


@dataclass(slots=True)
class Exploration:
    """Every marking that was reached, how, and where each leads. `capped`: there are more than were looked at."""

    moves: dict[Marking, tuple[Move, ...]] = field(default_factory=dict)
    came: dict[Marking, tuple[Marking, str] | None] = field(default_factory=dict)
    capped: bool = False
    endless: Marking | None = None

    def example(self, marking: Marking) -> tuple[str, ...]:
        names: list[str] = []
        here = self.came[marking]
        while here is not None:
            names.append(here[1])
            here = self.came[here[0]]
        return tuple(reversed(names))


class Explorer:
    """Enumerates the markings of one definition, breadth first."""

    def __init__(self, net: Net, *, most: int = MOST_MARKINGS) -> None:
        self.net = net
        self.most = most
        definition = net.definition
        self.groups = [name for name, spec in definition.states.items() if spec.parallel]
        self.parallels = [p for s in self.groups if (p := definition.states[s].parallel)]
        self.scopes = [definition.scope(name) for name in self.groups]
        self.outcomes = {
            lane: {
                s: spec.outcome or "done" for s, spec in definition.lanes[lane].states.items() if spec.final
            }
            for lane in definition.lanes
        }
        self.found = Exploration()

    def explore(self) -> Exploration:
        nowhere = Marking("", tuple(() for _ in self.groups))
        queue: deque[Marking] = deque()
        for marking in self._entered(nowhere, self.net.definition.start):
            self._arrive(marking, None, queue)
        while queue:
            here = queue.popleft()
            moves = tuple(self._moves(here))
            self.found.moves[here] = moves
            for move in moves:
                self._arrive(move.to, (here, move.name), queue)
        return self.found

    def _arrive(self, marking: Marking, came: tuple[Marking, str] | None, queue: deque[Marking]) -> None:
        if marking in self.found.came:
            return
        if len(self.found.came) >= self.most:
            self.found.capped = True
            return
        self.found.came[marking] = came
        queue.append(marking)

    def counts(self, marking: Marking) -> Lanes:
        kinds = {"open": 0, "done": 0, "missed": 0, "withdrawn": 0}
        for lanes, parallel in zip(marking.groups, self.parallels, strict=True):
            for lane in lanes:
                kinds[self._outcome(parallel, lane) or "open"] += 1
        return kinds["open"], kinds["done"], kinds["missed"], kinds["withdrawn"]

    def _outcome(self, parallel: Parallel, lane: str) -> str:
        return "withdrawn" if lane == WITHDRAWN else self.outcomes[parallel.lane].get(lane, "")

    # What may happen in a marking

    def _moves(self, here: Marking) -> Iterator[Move]:
        state = self.net.definition.states[here.state]
        counts = self.counts(here)
        for step_id, step in state.steps.items():
            yield from self._step_moves(here, counts, step_id, step)
        for edge in self.net.outgoing[""][here.state]:
            if edge.kind in ("clock", "span"):
                yield from self._entering(here, edge.to, str(edge), None)
        for index, parallel in enumerate(self.parallels):
            if here.state in self.scopes[index]:
                yield from self._lane_moves(here, counts, index, parallel)

    def _step_moves(self, here: Marking, counts: Lanes, step_id: str, step: Step) -> Iterator[Move]:
        verdict = self.net.trial.step("", step_id, step, counts)
        ref = ("", here.state, step_id)
        for to in _targets(step, verdict):
            yield from self._entering(here, to, f"{here.state} --{step_id}--> {to}", ref)
        if step.stay and verdict.passes:
            yield Move(f"{here.state} --{step_id}--> {here.state}", here, ref)

    def _entering(
        self, here: Marking, to: str, name: str, ref: tuple[str, str, str] | None
    ) -> Iterator[Move]:
        for marking in self._entered(here, to):
            yield Move(name, marking, ref)

    def _lane_moves(self, here: Marking, counts: Lanes, index: int, parallel: Parallel) -> Iterator[Move]:
        for lane in sorted(set(here.groups[index])):
            if self._outcome(parallel, lane):
                continue
            for step_id, step in self.net.definition.lanes[parallel.lane].states[lane].steps.items():
                verdict = self.net.trial.step(parallel.lane, step_id, step, counts)
                ref = (parallel.lane, lane, step_id)
                if verdict.passes and step.stay:
                    yield Move(f"{parallel.lane}.{lane} --{step_id}--> {lane}", here, ref)
                for to in _targets(step, verdict):
                    for marking in self._lane_moved(here, index, lane, to):
                        yield Move(f"{parallel.lane}.{lane} --{step_id}--> {to}", marking, ref)
            for edge in self.net.outgoing[parallel.lane][lane]:
                if edge.kind == "clock":
                    for marking in self._lane_moved(here, index, lane, edge.to):
                        yield Move(f"{parallel.lane}.{edge}", marking)

    def _lane_moved(self, here: Marking, index: int, lane: str, to: str) -> Iterator[Marking]:
        lanes = list(here.groups[index])
        lanes[lanes.index(lane)] = to
        moved = self._with(here, index, lanes)
        if self._outcome(self.parallels[index], to):
            yield from self._joined(moved, 0)
        else:
            yield moved

    # Entering a state, as `engine/movement.py` does it

    def _entered(self, here: Marking, to: str, hops: int = 0) -> Iterator[Marking]:
        if hops > MAX_HOPS:
            self.found.endless = here
            return
        left = Marking(to, tuple(self._left(here, index, to) for index in range(len(self.groups))))
        for opened in self._opened(left, here.state):
            yield from self._joined(opened, hops)

    def _left(self, here: Marking, index: int, to: str) -> Group:
        lanes = here.groups[index]
        if to in self.scopes[index]:
            return lanes
        parallel = self.parallels[index]
        return tuple(sorted(lane if self._outcome(parallel, lane) else WITHDRAWN for lane in lanes))

    def _opened(self, here: Marking, came_from: str) -> Iterator[Marking]:
        index = self.groups.index(here.state) if here.state in self.groups else -1
        if index < 0 or came_from in self.scopes[index]:
            yield here
            return
        parallel, before = self.parallels[index], here.groups[index]
        start = self.net.definition.lanes[parallel.lane].start
        if parallel.each:
            for n in how_many(parallel, self.net.definition.fields[parallel.each]):
                yield self._with(here, index, [start] * n)
        elif parallel.again and before:
            for kept in {tuple(before[n:]) for n in range(len(before) + 1)}:
                yield self._with(here, index, [start] * (len(before) - len(kept)) + list(kept))
        else:
            yield self._with(here, index, [start] * len(parallel.lanes))

    def _joined(self, here: Marking, hops: int) -> Iterator[Marking]:
        """`here`, or where the join of its state leads if it is met."""
        index = self.groups.index(here.state) if here.state in self.groups else -1
        if index < 0 or not self.parallels[index].then or not self._is_met(here, index):
            yield here
            return
        parallel = self.parallels[index]
        verdict = self.net.trial.join(parallel.then, self.counts(here))
        if verdict.gap is not None or not verdict.routes:
            yield here
        for n in sorted(verdict.routes):
            yield from self._entered(here, parallel.then[n].to, hops + 1)

    def _is_met(self, here: Marking, index: int) -> bool:
        parallel = self.parallels[index]
        outcomes = [self._outcome(parallel, lane) for lane in here.groups[index]]
        if all(outcomes):
            return True
        if parallel.done_when == "all":
            return False
        return outcomes.count("done") >= (1 if parallel.done_when == "any" else int(parallel.done_when))

    @staticmethod
    def _with(here: Marking, index: int, lanes: list[str]) -> Marking:
        groups = (*here.groups[:index], tuple(sorted(lanes)), *here.groups[index + 1 :])
        return replace(here, groups=groups)


def _targets(step: Step, verdict: Verdict) -> list[str]:
    """Where the step may lead: the routes that can be first, and the forced continuation."""
    if not verdict.passes:
        return []
    forced = [step.then] if step.then else []
    return (
        forced
        if forced and step.at_most == 1
        else [*(step.to[n].to for n in sorted(verdict.routes)), *forced]
    )


def how_many(parallel: Parallel, spec: FieldSpec) -> range:
    """How many lanes are tried where there is one for each value of a field."""
    least = max(spec.min or 0, 0)
    wanted = parallel.done_when if isinstance(parallel.done_when, int) else 0
    most = min(spec.max if spec.max is not None else MOST_LANES, max(MOST_LANES, min(wanted, 6)))
    return range(min(least, most), most + 1)


def completing(net: Net, found: Exploration) -> Iterator[Finding]:
    """Option to complete: a finding for each state in which a case can be lost, with the way into it."""
    if found.endless is not None:
        at = place("", found.endless.state, "parallel", "then")
        yield net.finding(
            "endless_join", "汇合一满足就进入下一处汇合，没有停下的地方", at, hint="至少一处汇合前要有人办理"
        )
    ends = {m for m in found.came if not net.is_open(m.state)}
    if found.capped or not any(not net.is_open(s) for s in net.definition.states):
        return  # not known, or said in `structure.py`
    sources: dict[Marking, set[Marking]] = {}
    for marking, moves in found.moves.items():
        for move in moves:
            sources.setdefault(move.to, set()).add(marking)
    good, queue = set(ends), deque(ends)
    while queue:
        for before in sources.get(queue.popleft(), ()):
            if before not in good:
                good.add(before)
                queue.append(before)
    lost: set[str] = set()
    for marking in found.came:
        if marking not in good and marking.state not in lost:
            lost.add(marking.state)
            title = net.definition.states[marking.state].title
            yield net.finding(
                "cannot_end",
                f"从“{title}”起可能再也走不到办结",
                place("", marking.state),
                hint="加一个通向终点的动作，或超期去向",
                example=(*found.example(marking), f"停在 {marking.state}"),
            )


def unfinished(net: Net) -> Iterator[Finding]:
    """Proper completion: leaving the scope withdraws lanes, so they can only be left where an end lies within it."""
    for state_id, state in net.definition.states.items():
        if not state.parallel:
            continue
        for inside in sorted(net.definition.scope(state_id)):
            if not net.is_open(inside):
                title = net.definition.states[inside].title
                yield net.finding(
                    "lanes_outlive_end",
                    f"到“{title}”已办结，并行线却还开着",
                    place("", state_id, "parallel", "lasts" if inside != state_id else "lane"),
                    hint="lasts 只列未办结的环节",
                )


def dead_steps(net: Net, found: Exploration) -> Iterator[Finding]:
    """Steps of reachable states that no marking allows."""
    taken = {move.ref for moves in found.moves.values() for move in moves}
    for chart, state_id, _, step_id, step in net.definition.steps():
        alone = net.trial.step(chart, step_id, step)
        if state_id not in net.paths[chart]:
            continue
        never = not alone.passes or (not alone.routes and not step.stay and not step.then)
        if never or (
            not found.capped and (chart, state_id, step_id) not in taken and _is_met_with(net, found, chart)
        ):
            yield net.finding(
                "dead_step",
                f"动作“{step.title}”永远不能办：条件在任何取值下都不成立",
                place(chart, state_id, "steps", step_id),
                hint="；".join(guard.check for guard in step.when),
                example=(*net.example(chart, state_id), f"{state_id} --{step_id}--> ✗"),
            )


def _is_met_with(net: Net, found: Exploration, chart: str) -> bool:
    """Whether lanes of the type were open anywhere: those of an unused type are reported as unused."""
    if not chart:
        return True
    return any(
        net.definition.states[m.state].parallel and chart in net.lane_types(m.state) for m in found.came
    )


__all__ = ["Edge", "Exploration", "Explorer", "Marking", "completing", "dead_steps", "how_many", "unfinished"]

"""The charts of a definition as graphs: every way from state to state, by whom, and where it is written.

A route that can never be the first to hold is no edge; everything else is, so the graph says what may happen and not
what must. Clocks of the whole case are edges from every open state in which they may be running.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from engine.case import CASE_CLOCK
from engine.certificate.trial import Trial
from engine.definition import OPEN, Definition, State, Step, step_ref
from engine.findings import Finding
from engine.loading import Source
from engine.machine import named_rungs

Path = tuple[str | int, ...]
Kind = Literal["step", "forced", "clock", "join", "span"]


def place(chart: str, *rest: str | int) -> Path:
    """Where something of a chart's states is written."""
    return ("lanes", chart, "states", *rest) if chart else ("states", *rest)


@dataclass(frozen=True, slots=True)
class Edge:
    """One way from a state to another. `span`: moved by a clock of the whole case or by a named one."""

    source: str
    to: str
    kind: Kind
    name: str
    at: Path
    step: Step | None = None
    clock: str = ""

    @property
    def limit(self) -> int | None:
        """How often in a round the way may be taken; None if as often as people like."""
        return self.step.at_most if self.step else None

    def __str__(self) -> str:
        return f"{self.source} --{self.name}--> {self.to}"


@dataclass(eq=False)
class Net:
    """A definition with what is computed of it once and asked for often."""

    source: Source
    trial: Trial

    @property
    def definition(self) -> Definition:
        return self.source.definition

    @cached_property
    def edges(self) -> Mapping[str, tuple[Edge, ...]]:
        """The edges of each chart."""
        own = {chart: tuple(self._edges(chart)) for chart, _ in self.definition.charts()}
        return {**own, "": (*own[""], *self._spans(own[""]))}

    @cached_property
    def outgoing(self) -> Mapping[str, Mapping[str, tuple[Edge, ...]]]:
        return {
            chart: {
                state: tuple(e for e in edges if e.source == state) for state in self.definition.chart(chart)
            }
            for chart, edges in self.edges.items()
        }

    @cached_property
    def paths(self) -> Mapping[str, Mapping[str, tuple[Edge, ...]]]:
        """Of each chart: the shortest way to each state that can be reached."""
        return {
            chart: shortest(self.start(chart), self.outgoing[chart].__getitem__)
            for chart, _ in self.definition.charts()
        }

    def start(self, chart: str) -> str:
        return self.definition.lanes[chart].start if chart else self.definition.start

    def example(self, chart: str, state: str) -> tuple[str, ...]:
        """How a case (or a lane) comes to a state, for people."""
        start = (
            f"{self.start(chart)}（并行线 {chart} 的起点）" if chart else f"{OPEN} --> {self.start(chart)}"
        )
        return (start, *map(str, self.paths[chart].get(state, ())))

    def is_open(self, state: str) -> bool:
        """Of the case's own chart: neither settled nor final."""
        spec = self.definition.states[state]
        return not (spec.settled or spec.final)

    def is_accountable(self, role: str | None) -> bool:
        return role is not None and self.definition.roles[role].accountable

    def lane_types(self, state: str) -> set[str]:
        """The lane types that may be open in a state of the case."""
        return {
            spec.parallel.lane
            for declared, spec in self.definition.states.items()
            if spec.parallel and state in self.definition.scope(declared)
        }

    def finding(
        self, code: str, message: str, at: Path, *, hint: str = "", example: Iterable[str] = ()
    ) -> Finding:
        return self.source.finding(code, message, at, hint=hint, example=tuple(example))

    def warning(
        self, code: str, message: str, at: Path, *, hint: str = "", example: Iterable[str] = ()
    ) -> Finding:
        error = self.finding(code, message, at, hint=hint, example=example)
        return Finding(
            error.code,
            error.message,
            error.file,
            error.line,
            error.path,
            error.hint,
            error.example,
            "warning",
        )

    def _edges(self, chart: str) -> Iterator[Edge]:
        for state_id, state in self.definition.chart(chart).items():
            for step_id, step in state.steps.items():
                yield from self._step_edges(chart, state_id, step_id, step)
            for index, (name, rung) in enumerate(named_rungs(state.overdue)):
                if rung.to:
                    at = place(chart, state_id, "overdue", index, "to")
                    yield Edge(state_id, rung.to, "clock", f"超期 {name}", at)
                    break  # the case has left: later rungs never fire
            yield from self._join_edges(state_id, state) if not chart else ()

    def _step_edges(self, chart: str, state_id: str, step_id: str, step: Step) -> Iterator[Edge]:
        at = place(chart, state_id, "steps", step_id)
        verdict = self.trial.step(chart, step_id, step)
        for index in sorted(verdict.routes) if not step.then or step.at_most != 1 else ():
            yield Edge(state_id, step.to[index].to, "step", step_id, (*at, "to", index), step)
        if step.then and verdict.passes:
            yield Edge(state_id, step.then, "forced", step_id, (*at, "then"), step)

    def _join_edges(self, state_id: str, state: State) -> Iterator[Edge]:
        if state.parallel and state.parallel.then:
            verdict = self.trial.join(state.parallel.then, none_open=self.waits_for_all(state))
            for index in sorted(verdict.routes):
                at = place("", state_id, "parallel", "then", index)
                yield Edge(state_id, state.parallel.then[index].to, "join", "汇合", at)

    def waits_for_all(self, state: State) -> bool:
        """At this join no lane can be open: it waits for all, and there are no other lanes."""
        parallels = [s for s in self.definition.states.values() if s.parallel]
        return state.parallel is not None and state.parallel.done_when == "all" and len(parallels) == 1

    # Clocks that outlive a state

    def spanning(self) -> Iterator[tuple[str, str, Path]]:
        """(clock, where it leads, where that is written) of the clocks that move the case from wherever it is."""
        for clock, spec in self.definition.clocks.items():
            for index, rung in enumerate(spec.overdue):
                if rung.to:
                    yield clock, rung.to, ("clocks", clock, "overdue", index, "to")
        if due := self.definition.case_due:
            yield CASE_CLOCK, due.to, ("case_due", "to")

    def _spans(self, edges: tuple[Edge, ...]) -> Iterator[Edge]:
        spans = list(self.spanning())
        running = self._running(edges, spans)
        for clock, to, at in spans:
            for state_id, state in self.definition.states.items():
                paused = clock in state.pauses
                if state_id != to and self.is_open(state_id) and clock in running[state_id] and not paused:
                    yield Edge(state_id, to, "span", f"时钟 {clock}", at, clock=clock)

    @cached_property
    def running(self) -> Mapping[str, frozenset[str]]:
        """The clocks of the case and the named ones that may be running (or standing still) in each state."""
        return self._running(self.edges[""], [])

    def _running(
        self, edges: tuple[Edge, ...], spans: list[tuple[str, str, Path]]
    ) -> dict[str, frozenset[str]]:
        found: dict[str, set[str]] = {state: set() for state in self.definition.states}
        queue = deque([(self.definition.start, frozenset(self._started(OPEN)) | {CASE_CLOCK})])
        while queue:
            state, arriving = queue.popleft()
            clocks = arriving | self.started_here(state) if self.is_open(state) else frozenset[str]()
            if clocks <= found[state] and found[state]:
                continue
            found[state] |= clocks
            here = frozenset(found[state])
            for edge in edges:
                if edge.source == state:
                    after = self._after(edge, here)
                    if not (after <= found[edge.to]):
                        queue.append((edge.to, after))
            if self.is_open(state):
                queue.extend((to, here) for clock, to, _ in spans if clock in here and not here <= found[to])
        return {state: frozenset(clocks) for state, clocks in found.items()}

    def _after(self, edge: Edge, clocks: frozenset[str]) -> frozenset[str]:
        if edge.step is None:
            return clocks
        stopped = {
            clock
            for clock, spec in self.definition.clocks.items()
            if edge.name in (*spec.stops, *spec.cancels)
        }
        reopens = not self.is_open(edge.source) and self.is_open(edge.to)
        return (clocks - stopped) | self._started(edge.name) | ({CASE_CLOCK} if reopens else frozenset())

    def _started(self, ref: str) -> frozenset[str]:
        return frozenset(clock for clock, spec in self.definition.clocks.items() if ref in spec.starts)

    def started_here(self, state: str) -> frozenset[str]:
        """By steps that do not leave the state, and by steps of its lanes."""
        refs = [step_id for step_id, step in self.definition.states[state].steps.items() if step.stay]
        for lane in self.lane_types(state):
            refs += [
                step_ref(lane, step) for s in self.definition.lanes[lane].states.values() for step in s.steps
            ]
        return frozenset(clock for ref in refs for clock in self._started(ref))


def shortest(start: str, ways: Callable[[str], Iterable[Edge]]) -> dict[str, tuple[Edge, ...]]:
    """The shortest path from `start` to everything that can be reached; the empty one to itself."""
    found: dict[str, tuple[Edge, ...]] = {start: ()}
    queue = deque([start])
    while queue:
        here = queue.popleft()
        for edge in ways(here):
            if edge.to not in found:
                found[edge.to] = (*found[here], edge)
                queue.append(edge.to)
    return found


def backward(ends: Collection[str], edges: Iterable[Edge]) -> set[str]:
    """The states from which one of `ends` can be reached."""
    edges, found, size = list(edges), set(ends), -1
    while size != len(found):
        size = len(found)
        found |= {edge.source for edge in edges if edge.to in found}
    return found


def cycle(edges: Iterable[Edge]) -> tuple[Edge, ...]:
    """A shortest cycle of these edges; empty if there is none."""
    ways: dict[str, list[Edge]] = {}
    for edge in edges:
        ways.setdefault(edge.source, []).append(edge)
    best: tuple[Edge, ...] = ()
    for state, firsts in ways.items():
        for first in firsts:
            rest = shortest(first.to, lambda s: ways.get(s, ()))
            if state in rest and (not best or len(rest[state]) + 1 < len(best)):
                best = (first, *rest[state])
    return best

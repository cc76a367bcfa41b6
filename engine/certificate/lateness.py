"""Everybody acts at the last moment: the longest way through a case with all counts, extensions and pauses used up.

The longest walk over (state, how often each counted step was taken, clocks still to fire). Source of the notion:
strong (time-bounded) soundness, Mateo, Srba, Sørensen, Fundamenta Informaticae 140 (2015).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import networkx as nx

from engine.case import CASE_CLOCK
from engine.certificate.escalation import Leg, Legs, weight_of
from engine.certificate.graph import Edge, Net
from engine.certificate.lengths import Part, total, waited, worst
from engine.definition import OPEN

MOST_NODES: Final = 60_000
DECIDES: Final = "裁决"  # what follows the limit of the whole case is up to the one who then holds it
Node = tuple[str, tuple[int, ...], frozenset[str]]


class TooMany(Exception):
    """Raised when there are more combinations of counts than are looked at."""


class Endless(Exception):
    """Raised when a case can be kept going for ever."""


@dataclass(slots=True)
class _Walks:
    nodes: list[Node] = field(default_factory=list)
    ways: list[list[tuple[int, Edge]]] = field(default_factory=list)


class LastMoment:
    """The longest walks of one definition. Errors: `TooMany`, `Endless`."""

    def __init__(self, net: Net) -> None:
        self.net = net
        self.definition = net.definition

    @cached_property
    def worst(self) -> Legs:
        """The bound: the longest walk, or the limit of the whole case with what stands still and what follows."""
        due = self.definition.case_due
        walk = self._attempt(lambda: self.longest(self.definition.start, self._dwell))
        length = worst(due.within, self.definition.limits) if due else None
        if due is None or length is None:
            return _known(walk)
        whole = Leg("", due.to, "全程", "全程时限", (Part(length),))
        paused = _known(self._attempt(lambda: self.longest(self.definition.start, self._standing)))
        rest = self._attempt(lambda: self.longest(due.to, self._dwell, case_clock=False))
        follows = rest if isinstance(rest, tuple) else (self._leg(due.to, DECIDES),)
        capped = (whole, *paused, *follows)
        if isinstance(walk, tuple) and weight_of(walk) <= weight_of(capped):
            return walk
        return capped

    def _attempt(self, find: Callable[[], Legs]) -> Legs | TooMany | Endless:
        try:
            return find()
        except (TooMany, Endless) as none:
            return none

    def _leg(self, state: str, until: str) -> Leg:
        return Leg("", state, str(self.definition.states[state].title), until, self._dwell(state))

    def _dwell(self, state: str) -> tuple[Part, ...]:
        spec = self.definition.states[state]
        if not self.net.is_open(state):
            return ()
        return waited(self.definition, spec.due, spec.overdue, spec.extension)

    def _standing(self, state: str) -> tuple[Part, ...]:
        """The time in which the clock of the case stands still."""
        return self._dwell(state) if CASE_CLOCK in self.definition.states[state].pauses else ()

    def longest(
        self, start: str, length: Callable[[str], tuple[Part, ...]], *, case_clock: bool = True
    ) -> Legs:
        """The legs of the longest walk from `start` to an end."""
        walks = self._walks(start, case_clock=case_clock)
        weights = [total(length(state)) for state, _, _ in walks.nodes]
        graph: nx.DiGraph[int] = nx.DiGraph()
        graph.add_nodes_from(range(len(walks.nodes)))
        graph.add_edges_from((n, to) for n, ways in enumerate(walks.ways) for to, _ in ways)
        best: list[float] = [0.0] * len(walks.nodes)
        onward: list[tuple[int, Edge] | None] = [None] * len(walks.nodes)
        for component in nx.strongly_connected_components(graph):  # sinks first
            _settle(component, walks, weights, best, onward)
        return tuple(self._legs(walks, onward, length))

    def _legs(
        self,
        walks: _Walks,
        onward: list[tuple[int, Edge] | None],
        length: Callable[[str], tuple[Part, ...]],
    ) -> Iterator[Leg]:
        here, seen = 0, set[int]()
        while here not in seen:
            seen.add(here)
            state, step = walks.nodes[here][0], onward[here]
            if parts := length(state):
                title = str(self.definition.states[state].title)
                yield Leg("", state, title, step[1].name if step else "", parts)
            if step is None:
                return
            here = step[0]

    # The product of states and counts

    @cached_property
    def _edges(self) -> dict[str, list[Edge]]:
        found: dict[str, list[Edge]] = {state: [] for state in self.definition.states}
        for edge in self.net.edges[""]:
            if self.net.is_open(edge.source):
                found[edge.source].append(edge)
        return found

    @cached_property
    def _counted(self) -> dict[str, int]:
        """Steps whose count matters, with their place in the tuple: those that can come round again, or end elsewhere."""
        graph: nx.DiGraph[str] = nx.DiGraph((e.source, e.to) for edges in self._edges.values() for e in edges)
        where = {s: n for n, part in enumerate(nx.strongly_connected_components(graph)) for s in part}
        found = {
            e.name: None
            for edges in self._edges.values()
            for e in edges
            if e.step and e.limit is not None and (e.step.then or where[e.source] == where[e.to])
        }
        return {name: n for n, name in enumerate(found)}

    @cached_property
    def _moving(self) -> frozenset[str]:
        return frozenset(clock for clock, _, _ in self.net.spanning())

    def _walks(self, start: str, *, case_clock: bool) -> _Walks:
        armed = self._starting(OPEN) | ({CASE_CLOCK} & self._moving if case_clock else frozenset())
        if start != self.definition.start:
            armed |= self._moving - {CASE_CLOCK}
        walks, index = _Walks(), dict[Node, int]()
        queue: list[Node] = [(start, (0,) * len(self._counted), armed)]
        index[queue[0]] = 0
        walks.nodes.append(queue[0])
        for node in queue:
            ways = []
            for edge in self._edges[node[0]]:
                after = self._taken(node, edge)
                if after is None:
                    continue
                if after not in index:
                    index[after] = len(index)
                    walks.nodes.append(after)
                    queue.append(after)
                ways.append((index[after], edge))
            walks.ways.append(ways)
            if len(index) > MOST_NODES:
                raise TooMany
        return walks

    def _taken(self, node: Node, edge: Edge) -> Node | None:
        """The node after the edge; None if it may not be taken (any more)."""
        _, counts, armed = node
        if edge.kind == "span":
            may_run = edge.clock in armed or edge.clock in self.net.started_here(edge.source)
            return (edge.to, counts, armed - {edge.clock}) if may_run else None
        if edge.step is None:
            return edge.to, counts, armed
        if self._moving - {CASE_CLOCK}:
            clocks = self.definition.clocks
            stopped = {c for c in armed - {CASE_CLOCK} if edge.name in (*clocks[c].stops, *clocks[c].cancels)}
            armed = (armed - stopped) | self._starting(edge.name)
        place = self._counted.get(edge.name)
        if place is None or edge.limit is None:
            return edge.to, counts, armed
        used = _after(edge, counts[place])
        return (edge.to, (*counts[:place], used, *counts[place + 1 :]), armed) if used else None

    def _starting(self, ref: str) -> frozenset[str]:
        return frozenset(c for c in self._moving - {CASE_CLOCK} if ref in self.definition.clocks[c].starts)


def _after(edge: Edge, used: int) -> int:
    """How often a counted step has been taken after this time; 0 if it may not be taken this way."""
    step, limit = edge.step, edge.limit or 0
    if step is None or used >= limit:
        return 0
    if edge.kind == "forced":
        return limit if step.stay or used == limit - 1 else 0
    return 0 if step.then and used == limit - 1 else used + 1


def _settle(
    component: set[int],
    walks: _Walks,
    weights: list[float],
    best: list[float],
    onward: list[tuple[int, Edge] | None],
) -> None:
    inner = len(component) > 1 or any(to == n for n in component for to, _ in walks.ways[n])
    if inner and any(weights[n] for n in component):
        raise Endless
    ways = [(best[to], to, edge, n) for n in component for to, edge in walks.ways[n] if to not in component]
    longest = max(ways, key=lambda way: way[0], default=None)
    for n in component:
        best[n] = weights[n] + (longest[0] if longest else 0.0)
        onward[n] = (longest[1], longest[2]) if longest else None


def _known(found: Legs | TooMany | Endless) -> Legs:
    if isinstance(found, tuple):
        return found
    raise found

"""Bounded escalation: where the clocks alone lead if nobody acts, and how long until someone accountable holds the case.

Follows the state's own ladder, joins that lanes bring about by their own clocks, and clocks of the whole case. A named
clock can be anywhere between its start and its end when a state is entered, so it may cut a wait short, never lengthen it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from engine.case import CASE_CLOCK
from engine.certificate.graph import Edge, Net, cycle, place
from engine.certificate.lengths import Part, ladder_end, total, waited, worst
from engine.certificate.soundness import how_many
from engine.certificate.trial import Lanes
from engine.definition import State
from engine.findings import Finding


@dataclass(frozen=True, slots=True)
class Leg:
    """One stay on a path: where, how long at most, and what ends it."""

    chart: str
    state: str
    title: str
    until: str
    parts: tuple[Part, ...]


Legs = tuple[Leg, ...]


def weight_of(legs: Legs) -> float:
    return sum(total(leg.parts) for leg in legs)


def longest(found: Iterable[Legs]) -> Legs:
    return max(found, key=weight_of, default=())


class Silence:
    """What happens to a case, and to its lanes, if from now on nobody acts."""

    def __init__(self, net: Net) -> None:
        self.net = net
        self._known: dict[tuple[str, frozenset[str]], Legs | None] = {}

    @cached_property
    def worst(self) -> Legs | None:
        """The longest wait over all states that can be reached; None if somewhere there is no end to it."""
        found = [self.case(s) for s in self.net.paths[""] if self.net.is_open(s)]
        found += [self.lane(chart, s) for chart in self.lane_charts for s in self.net.paths[chart]]
        known = [legs for legs in found if legs is not None]
        return longest(known) if len(known) == len(found) else None

    @cached_property
    def lane_charts(self) -> list[str]:
        return sorted({lane for state in self.net.paths[""] for lane in self.net.lane_types(state)})

    def case(self, state: str) -> Legs | None:
        """From entering the state, with every other clock that may be running there still to fire."""
        legs = self._case(state, self.net.running[state] | {CASE_CLOCK}, ())
        return self._capped(state, legs)

    def lane(self, chart: str, state: str) -> Legs | None:
        """A lane is answered for when it ends or someone accountable owns it; else when the case is, around it."""
        legs = self._lane(chart, state, ())
        if legs is not None:
            return legs
        hosts = [self.case(s) for s in self.net.paths[""] if chart in self.net.lane_types(s)]
        return None if None in hosts else longest(legs for legs in hosts if legs is not None)

    def _lane(self, chart: str, state: str, seen: tuple[str, ...]) -> Legs | None:
        spec = self.net.definition.chart(chart)[state]
        if spec.final or self.net.is_accountable(spec.owner):
            return ()
        end = ladder_end(spec.overdue)
        if end is None or end.to is None or state in seen:
            return None
        after = self._lane(chart, end.to, (*seen, state))
        return None if after is None else (self.leg(chart, state, spec, "超期"), *after)

    def _case(self, state: str, armed: frozenset[str], seen: tuple[str, ...]) -> Legs | None:
        spec = self.net.definition.states[state]
        if not self.net.is_open(state) or self.net.is_accountable(spec.owner):
            return ()
        if state in seen:
            return None
        key = (state, armed)
        if key not in self._known:
            found = list(self._ways(state, spec, armed, (*seen, state)))
            endless = not found or None in found
            self._known[key] = None if endless else longest(legs for legs in found if legs is not None)
        return self._known[key]

    def _ways(
        self, state: str, spec: State, armed: frozenset[str], seen: tuple[str, ...]
    ) -> Iterator[Legs | None]:
        """One entry for each thing that the clocks can do next; None for one without end."""
        own = self.leg("", state, spec, "超期")
        end = ladder_end(spec.overdue)
        if end and end.to:
            yield _then(own, self._case(end.to, armed, seen))
        elif not self.case_clock_ends(state):
            yield None
        for to, leg in self.joins(state, own):
            yield _then(leg, self._case(to, armed, seen))
        for edge in self.net.outgoing[""][state]:
            if edge.kind == "span" and edge.clock in armed:
                leg = self._spanned(edge.clock, state, spec)
                if end is not None and total(leg.parts) > total(own.parts):
                    leg = Leg("", state, str(spec.title), edge.name, own.parts)
                yield _then(leg, self._case(edge.to, armed - {edge.clock}, ()))

    def leg(self, chart: str, state: str, spec: State, until: str) -> Leg:
        return Leg(chart, state, str(spec.title), until, waited(self.net.definition, spec.due, spec.overdue))

    def _spanned(self, clock: str, state: str, spec: State) -> Leg:
        definition = self.net.definition
        if clock == CASE_CLOCK and definition.case_due:
            length = worst(definition.case_due.within, definition.limits)
            return Leg("", state, str(spec.title), "全程时限", (Part(length),) if length else ())
        named = definition.clocks[clock]
        return Leg("", state, str(spec.title), str(named.title), waited(definition, named.due, named.overdue))

    # Lanes whose clocks meet the join of their case

    def joins(self, state: str, own: Leg) -> Iterator[tuple[str, Leg]]:
        spec = self.net.definition.states[state]
        if not spec.parallel or not spec.parallel.then:
            return
        lane = spec.parallel.lane
        chains = {s: legs for s in self.net.paths[lane] if (legs := self._to_final(lane, s))}
        counted: set[Lanes] = set()
        if chains:
            outcomes = {self._outcome(lane, s) for s in chains}
            counted |= {
                (0, d, m, w) for d in range(3) for m in range(3) for w in range(2) if _fits(d, m, outcomes)
            }
        if spec.parallel.each and 0 in how_many(
            spec.parallel, self.net.definition.fields[spec.parallel.each]
        ):
            counted.add((0, 0, 0, 0))
        parts = tuple(part for leg in longest(chains.values()) for part in leg.parts)
        shorter = parts if total(parts) < total(own.parts) or not own.parts else own.parts
        routes = {n for lanes in counted for n in self.net.trial.join(spec.parallel.then, lanes).routes}
        for n in sorted(routes):
            yield spec.parallel.then[n].to, Leg("", state, str(spec.title), "并行线到期汇合", shorter)

    def _to_final(self, lane: str, state: str) -> Legs:
        """The clocks' way to the lane's end; empty if they do not lead there."""
        legs: list[Leg] = []
        states, seen = self.net.definition.lanes[lane].states, set[str]()
        while not states[state].final:
            end = ladder_end(states[state].overdue)
            if end is None or end.to is None or state in seen:
                return ()
            seen.add(state)
            legs.append(self.leg(lane, state, states[state], "超期"))
            state = end.to
        return tuple(legs)

    def _outcome(self, lane: str, state: str) -> str:
        states = self.net.definition.lanes[lane].states
        while not states[state].final:
            state = next(r.to for r in states[state].overdue if r.to)
        return states[state].outcome or "done"

    # The limit of the whole case

    def case_clock_ends(self, state: str) -> bool:
        """Whether the clock of the case surely still runs here: it fires once, so not after it may have fired."""
        due = self.net.definition.case_due
        paused = CASE_CLOCK in self.net.definition.states[state].pauses
        return due is not None and not paused and state not in self._after_case_due

    @cached_property
    def _after_case_due(self) -> set[str]:
        """Where a case may be after its whole limit has run out."""
        due = self.net.definition.case_due
        found, queue = set[str](), [due.to] if due else []
        while queue:
            state = queue.pop()
            if state not in found and self.net.is_open(state):
                found.add(state)
                queue += [e.to for e in self.net.outgoing[""][state] if e.clock != CASE_CLOCK]
        return found

    def _capped(self, state: str, legs: Legs | None) -> Legs | None:
        """No longer than the case's own limit, with the states in which it stands still, and what follows it."""
        due = self.net.definition.case_due
        if due is None or not self.case_clock_ends(state):
            return legs
        follows = self._case(due.to, self.net.running[state] - {CASE_CLOCK}, ())
        length = worst(due.within, self.net.definition.limits)
        if follows is None or length is None or legs is None:
            return legs
        states = self.net.definition.states
        paused = [leg for leg in legs if CASE_CLOCK in states[leg.state].pauses and not leg.chart]
        cap = (Leg("", state, str(states[state].title), "全程时限", (Part(length),)), *paused, *follows)
        return min(legs, cap, key=weight_of)


def _fits(done: int, missed: int, outcomes: set[str]) -> bool:
    """At least one lane has ended by its clock."""
    return ("done" in outcomes and done > 0) or ("missed" in outcomes and missed > 0)


def _then(leg: Leg, after: Legs | None) -> Legs | None:
    return None if after is None else (leg, *after)


def escalates(net: Net, silence: Silence) -> Iterator[Finding]:
    """Findings where the clocks go round in a loop, or come to rest with nobody accountable."""
    looping: set[str] = set()
    for chart, _ in net.definition.charts():
        clocks = [e for e in net.edges[chart] if e.kind == "clock" and e.source in net.paths[chart]]
        found = cycle(e for e in clocks if e.to != e.source)  # to itself: said in `structure.py`
        if not found and not chart:
            found = cycle(_silent_edges(net, silence))
        if found:
            looping |= {edge.source for edge in found}
            yield _loops(net, chart, found)
    for state_id in net.paths[""]:
        rests = net.is_open(state_id) and state_id not in looping and _rests(net, state_id)
        if rests and not silence.case_clock_ends(state_id):
            yield _unanswered(net, "", state_id)
        if net.definition.states[state_id].settled and not net.outgoing[""][state_id]:
            title = net.definition.states[state_id].title
            yield net.finding(
                "settled_dead_end",
                f"“{title}”可以重开，却没有动作重开它，也不会归档",
                place("", state_id),
                hint="加重开的动作，超期转到 final 环节，或改写为 final",
            )
    for chart in silence.lane_charts:
        for state_id in net.paths[chart]:
            if (
                state_id not in looping
                and _rests(net, state_id, chart)
                and silence.lane(chart, state_id) is None
            ):
                yield _unanswered(net, chart, state_id)


def _silent_edges(net: Net, silence: Silence) -> list[Edge]:
    """Own ladders, and the joins that lanes bring about by their clocks."""
    edges = [e for e in net.edges[""] if e.kind == "clock" and e.source in net.paths[""] and e.to != e.source]
    for state_id, state in net.definition.states.items():
        if state.parallel and state_id in net.paths[""]:
            leg = silence.leg("", state_id, state, "")
            at = place("", state_id, "parallel", "then")
            edges += [Edge(state_id, to, "join", "汇合", at) for to, _ in silence.joins(state_id, leg)]
    return edges


def _rests(net: Net, state: str, chart: str = "") -> bool:
    """No clock of its own leads on, and nobody accountable has it. Without a ladder at all, or staying: said in `timing.py`."""
    spec = net.definition.chart(chart)[state]
    told = bool(spec.overdue) and not any(rung.stay for rung in spec.overdue)
    return told and ladder_end(spec.overdue) is None and not spec.final and not net.is_accountable(spec.owner)


def _loops(net: Net, chart: str, found: tuple[Edge, ...]) -> Finding:
    first = next((e for e in found if e.kind == "clock"), found[0])
    states = net.definition.chart(chart)
    titles = [str(states[state].title) for state in (found[0].source, *(edge.to for edge in found))]
    return net.finding(
        "timeout_loop",
        "没有人办理时，时钟让事项无休止地转：" + " → ".join(titles),
        first.at,
        hint="超期去向最终要到 accountable 的角色或终点",
        example=(*net.example(chart, found[0].source), *map(str, found)),
    )


def _unanswered(net: Net, chart: str, state: str) -> Finding:
    spec = net.definition.chart(chart)[state]
    return net.finding(
        "not_escalated",
        f"“{spec.title}”超期后一直停着，没有到最终负责人手里",
        place(chart, state, "overdue"),
        hint="超期的最后一级写 to，通向 accountable 的角色或终点",
        example=(*net.example(chart, state), f"{state} --超期--> {state}（仍由 {spec.owner} 负责）"),
    )

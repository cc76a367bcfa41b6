"""The place/transition net of a definition: the main line a flat machine, lanes forked from it and joined to it again.

It lets through everything that the definition does, and more: guards, limits of times and separation of duties are not in it,
nor that a join waits for its lanes. So what does not fit the net was not allowed; what fits may still not have been.
docs/reference/formats.md has the mapping.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from engine.audit.activities import ADD_LANE, OPEN, WITHDRAW_LANE
from engine.definition import Parallel, step_ref
from engine.machine import JOIN, Chart, Program

__all__ = ["END", "START", "Net", "Place", "Transition", "net_of"]

START: Final = "start"
END: Final = "end"
LANES_AT_MOST: Final = 20  # at a time, where neither the field nor the definition says how many


@dataclass(frozen=True, slots=True)
class Place:
    """`tokens` at the start, `left` at the end."""

    id: str
    title: str
    tokens: int = 0
    left: int = 0


@dataclass(frozen=True, slots=True)
class Transition:
    """`label` is the name of an activity; empty for one that leaves no event (silent)."""

    id: str
    label: str
    sources: tuple[str, ...]
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Net:
    id: str
    title: str
    places: tuple[Place, ...]
    transitions: tuple[Transition, ...]


def net_of(program: Program) -> Net:
    """One token walks the main line from `start` to `end`; each open lane is a token of its own, taken from free slots."""
    definition = program.definition
    places = [Place(START, "开始", tokens=1), Place(END, "结束", left=1)]
    places += [Place(_state(name), spec.title.zh) for name, spec in definition.states.items()]
    transitions = [Transition(OPEN, OPEN, (START,), (_state(definition.start),))]
    transitions += _ways(program.main, "", _state)
    transitions += [
        Transition(f"rest/{name}", "", (_state(name),), (END,))
        for name, spec in definition.states.items()
        if spec.final or spec.settled
    ]
    for group, (parallel, scope) in program.parallels.items():
        places += _lane_places(program, group, parallel)
        transitions += _lane_transitions(program, group, parallel, scope)
    title = f"{definition.title.zh} 第 {definition.version} 版"
    return Net(f"{definition.workflow}-{definition.version}", title, tuple(places), tuple(transitions))


def _state(name: str) -> str:
    return f"state/{name}"


def _ways(chart: Chart, prefix: str, at: Callable[[str], str]) -> Iterator[Transition]:
    """Every way that the compiled chart knows, each target once; a step that stays leads back to its own place."""
    for (state, trigger), passages in chart.ways.items():
        for to in dict.fromkeys(passage.to for passage in passages):
            label = "" if trigger == JOIN else step_ref(chart.lane_type, trigger)
            name = f"{prefix}{state}/{trigger}/{to or 'stay'}"
            yield Transition(name, label, (at(state),), (at(to or state),))


def _lane_places(program: Program, group: str, parallel: Parallel) -> Iterator[Place]:
    lane = program.definition.lanes[parallel.lane]
    slots = _slots(program, parallel)
    yield Place(f"slots/{group}", f"{lane.title.zh}（未开）", tokens=slots, left=slots)
    for name, spec in lane.states.items():
        yield Place(f"lane/{group}/{name}", f"{lane.title.zh}：{spec.title.zh}")


def _slots(program: Program, parallel: Parallel) -> int:
    """How many lanes may be open at a time."""
    if not parallel.each:
        return len(parallel.lanes)
    spec = program.definition.fields[parallel.each]
    return spec.max or len(spec.options) or LANES_AT_MOST


def _lane_transitions(
    program: Program, group: str, parallel: Parallel, scope: frozenset[str]
) -> Iterator[Transition]:
    lane, slots = program.definition.lanes[parallel.lane], f"slots/{group}"

    def place(state: str) -> str:
        return f"lane/{group}/{state}"

    begun = place(lane.start)
    yield Transition(f"fork/{group}", "", (_state(group), slots), (_state(group), begun))
    for state in sorted(scope):
        yield Transition(f"add/{group}/{state}", ADD_LANE, (_state(state), slots), (_state(state), begun))
    yield from _ways(program.charts[parallel.lane], f"{group}/", place)
    for name, spec in lane.states.items():
        if spec.final:
            yield Transition(f"join/{group}/{name}", "", (place(name),), (slots,))
        else:
            yield Transition(f"withdraw/{group}/{name}", WITHDRAW_LANE, (place(name),), (slots,))
            yield Transition(f"leave/{group}/{name}", "", (place(name),), (slots,))

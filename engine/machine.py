"""A definition compiled to run: one flat `transitions` machine per chart, shared by all cases and threads.

The machine says where a step leads, once, when a definition is compiled; whether it may be taken is asked of a judge at every
step. Only this module imports `transitions`, and no text of a definition reaches it as a callback. See
`docs/decisions/0002-flat-machines.md`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from transitions import EventData, Machine, MachineError, Transition

from engine.definition import Definition, Parallel, Role, RoleOf, Route, Rung, State, Step
from engine.directory import Address, Of
from engine.expressions import Expression, compile_guard, vocabulary
from engine.loading import Source

JOIN = "@join"


def clock_trigger(clock: str, rung: str) -> str:
    """The trigger by which the clock itself moves a chart: `@state/due`, `@answer/late-2`."""
    return f"@{clock}/{rung}"


@dataclass(frozen=True, slots=True)
class Passage:
    """One way out of a state: a step's route, its forced continuation, a clock's move or a join's route."""

    trigger: str
    to: str
    step: Step | None = None
    when: Expression | None = None
    forced: bool = False


class Token:
    """What travels through a shared machine in place of a model: thrown away after one trigger."""

    __slots__ = ("judge", "state", "taken")

    def __init__(self, state: str, judge: Callable[[Passage], bool]) -> None:
        self.state = state
        self.judge = judge
        self.taken: Passage | None = None


class _Passing(Transition):
    def __init__(self, source: str, dest: str, *args: Any, passage: Passage, **kwargs: Any) -> None:
        super().__init__(source, dest, *args, **kwargs)
        self.passage = passage

    def _eval_conditions(self, event_data: EventData) -> bool:
        token = event_data.model
        if not isinstance(token, Token) or not token.judge(self.passage):
            return False
        token.taken = self.passage
        return True


class _FlatMachine(Machine):
    transition_cls = _Passing


@dataclass(frozen=True, slots=True)
class CompiledStep:
    """A step with its guards compiled: (expression, sentence shown where it does not hold)."""

    id: str
    ref: str
    state: str
    spec: Step
    guards: tuple[tuple[Expression, str], ...]


class Chart:
    """The case itself (`lane_type` empty) or one lane type, ready to fire."""

    def __init__(self, program: Program, lane_type: str) -> None:
        self.lane_type = lane_type
        self.states = program.definition.chart(lane_type)
        self._words = vocabulary(program.definition, lane_type)
        self.steps = {s: dict(self._compiled(s, spec)) for s, spec in self.states.items()}
        self.step_ids = frozenset(i for steps in self.steps.values() for i in steps)
        self._machine = _FlatMachine(
            model=None,
            states=list(self.states),
            initial=None,
            auto_transitions=False,
            send_event=True,
        )
        for state, passage in self._passages(program.definition):
            self._machine.add_transition(passage.trigger, state, passage.to or None, passage=passage)
        self.ways = {key: self._offered(*key) for key in self._pairs()}

    def fire(self, state: str, trigger: str, judge: Callable[[Passage], bool]) -> Passage | None:
        """The way that `trigger` takes from `state`; None where the state has none, or `judge` refuses all.

        Reads the table that the machine gave at the start; `fire_machine` answers the same at seventy times the price.
        """
        return next((passage for passage in self.ways.get((state, trigger), ()) if judge(passage)), None)

    def fire_machine(self, state: str, trigger: str, judge: Callable[[Passage], bool]) -> Passage | None:
        """The same answer from the machine of record. See tests/unit/test_machine.py for the equality."""
        event = self._machine.events.get(trigger)
        if event is None:
            return None
        token = Token(state, judge)
        try:
            event.trigger(token)
        except MachineError:
            return None
        return token.taken

    def _pairs(self) -> Iterator[tuple[str, str]]:
        for trigger, event in self._machine.events.items():
            for state in event.transitions:
                yield state, trigger

    def _offered(self, state: str, trigger: str) -> tuple[Passage, ...]:
        """All that the machine offers for a trigger, in its order: what a judge sees who refuses everything."""
        seen: list[Passage] = []

        def refuse(passage: Passage) -> bool:
            seen.append(passage)
            return False

        self.fire_machine(state, trigger, refuse)
        return tuple(seen)

    def _compiled(self, state_id: str, state: State) -> Iterator[tuple[str, CompiledStep]]:
        for step_id, step in state.steps.items():
            guards = tuple((self._guard(g.check), g.otherwise) for g in step.when)
            ref = f"{self.lane_type}.{step_id}" if self.lane_type else step_id
            yield step_id, CompiledStep(step_id, ref, state_id, step, guards)

    def _guard(self, text: str) -> Expression:
        return compile_guard(text, self._words)

    def _route(self, trigger: str, route: Route, step: Step | None = None) -> Passage:
        return Passage(trigger, route.to, step, self._guard(route.when) if route.when else None)

    def _passages(self, definition: Definition) -> Iterator[tuple[str, Passage]]:
        for state_id, state in self.states.items():
            for step_id, step in state.steps.items():
                if step.then:
                    yield state_id, Passage(step_id, step.then, step, forced=True)
                for route in step.to:
                    yield state_id, self._route(step_id, route, step)
                if step.stay:
                    yield state_id, Passage(step_id, "", step)
            for name, rung in named_rungs(state.overdue):
                if rung.to:
                    yield state_id, Passage(clock_trigger("state", name), rung.to)
            for route in state.parallel.then if state.parallel else ():
                yield state_id, self._route(JOIN, route)
        if not self.lane_type:
            yield from self._clock_moves(definition)

    def _clock_moves(self, definition: Definition) -> Iterator[tuple[str, Passage]]:
        moves = [
            (clock_trigger(clock, name), rung.to)
            for clock, spec in definition.clocks.items()
            for name, rung in named_rungs(spec.overdue)
            if rung.to
        ]
        if definition.case_due:
            moves.append((clock_trigger("case", "due"), definition.case_due.to))
        for trigger, to in moves:
            for state_id, state in self.states.items():
                if state_id != to and not state.settled and not state.final:
                    yield state_id, Passage(trigger, to)


def named_rungs(ladder: tuple[Rung, ...]) -> Iterator[tuple[str, Rung]]:
    """The rungs with their names: `due` for one that fires at the end, then `late-1`, `late-2` … in order.

    A second rung without `after` would be a second `due`; the loader refuses it.
    """
    late = 0
    for rung in ladder:
        if rung.after is None:
            yield "due", rung
        else:
            late += 1
            yield f"late-{late}", rung


class Program:
    """A workflow version ready to run. Immutable after construction; share it freely."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.definition: Definition = source.definition
        self.digest: str = source.digest
        self.rules: dict[int, Any] = {}  # of clocks, by what the definition says of each: kept by `timing.py`
        self._addresses = {name: self._address(name, spec) for name, spec in self.definition.roles.items()}
        self.charts: Mapping[str, Chart] = {name: Chart(self, name) for name, _ in self.definition.charts()}

    @property
    def main(self) -> Chart:
        return self.charts[""]

    def role(self, role: str) -> Role:
        return self.definition.roles[role]

    def post(self, role: str) -> str:
        """The name of a role in the organisation."""
        return self.definition.roles[role].post or role

    def addressed(self, words: Address) -> Address:
        """An address of the definition in the organisation's own role names."""
        if words.of is Of.REGION:
            return self.address(words.role)
        return Address(self.post(words.role), words.of)

    def address(self, role: str) -> Address:
        """Where the holders of a role of this definition are found."""
        return self._addresses[role]

    def _address(self, role: str, spec: Role) -> Address:
        if spec.of is RoleOf.UNIT:
            return Address(self.post(role), Of.UNIT)
        return Address(self.post(role), _LEVELS[spec.level])

    @cached_property
    def parallels(self) -> Mapping[str, tuple[Parallel, frozenset[str]]]:
        """Declaring state to its `parallel` and the scope in which its lanes live."""
        definition = self.definition
        return {
            s: (spec.parallel, definition.scope(s)) for s, spec in definition.states.items() if spec.parallel
        }


_LEVELS = {"here": Of.REGION, "above": Of.ABOVE, "top": Of.TOP}

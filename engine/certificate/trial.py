"""Can a condition hold? Tried with the boundary values of every name it reads: empty, least, most, each option.

A trial that finds no values proves nothing in general, and is right for what definitions say: comparisons with
constants, sizes and counts. Where there are too many combinations, the answer is "it can".
"""

from __future__ import annotations

import itertools
import math
import random
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from engine.definition import LIST_TYPES, Definition, FieldSpec, FieldType, Route, Step
from engine.expressions import Expression, ExpressionFailed, compile_guard, vocabulary
from engine.fields import is_empty

MOST_TRIALS: Final = 3_000
COUNTS: Final = ("open", "done", "missed", "withdrawn")
Lanes = tuple[int, int, int, int]  # how many lanes are open, done, missed, withdrawn
Values = dict[str, Any]

_INTEGER: Final = re.compile(r"(?<![\w.'\"])\d+")
_STRING: Final = re.compile(r"'([^'\\]*)'|\"([^\"\\]*)\"")


@dataclass(frozen=True, slots=True)
class Verdict:
    """`passes`: all conditions together can hold; `routes`: which routes can then be the first that holds.

    `gap`: values at which the step may be taken and leads nowhere; None if there are none (or too many to try).
    """

    passes: bool
    routes: frozenset[int]
    gap: Values | None = None


@dataclass(slots=True)
class Trial:
    """The trials of one definition, remembered."""

    definition: Definition
    _known: dict[Any, Verdict] = field(default_factory=dict)
    _reads: dict[Any, frozenset[str]] = field(default_factory=dict)

    def step(self, chart: str, step_id: str, step: Step, lanes: Lanes | None = None) -> Verdict:
        checks = tuple(guard.check for guard in step.when)
        own = f"taken.{step_id}" if not chart else ""
        return self._judged(chart, checks, step.to, lanes, needs=step.needs, sets=step.sets, own=own)

    def join(
        self, routes: tuple[Route, ...], lanes: Lanes | None = None, *, none_open: bool = False
    ) -> Verdict:
        return self._judged("", (), routes, lanes, none_open=none_open)

    def reads(self, chart: str, texts: Iterable[str]) -> frozenset[str]:
        """The names that conditions read."""
        words = vocabulary(self.definition, chart)
        return frozenset(name for text in texts for name in compile_guard(text, words).names)

    def _judged(
        self,
        chart: str,
        checks: tuple[str, ...],
        routes: tuple[Route, ...],
        lanes: Lanes | None,
        *,
        needs: tuple[str, ...] = (),
        sets: Mapping[str, Any] | None = None,
        own: str = "",
        none_open: bool = False,
    ) -> Verdict:
        whens = tuple(route.when for route in routes)
        if not checks and not any(whens):
            return Verdict(True, frozenset({0} if routes else ()))
        plain = (chart, checks, whens)
        if lanes is not None and not self._sees_lanes(plain):
            lanes = None
        key = (plain, needs, str(sets), own, lanes, none_open)
        if key not in self._known:
            words = vocabulary(self.definition, chart)
            texts = [text for text in (*checks, *whens) if text]
            boundary = _Boundary(self.definition, texts, needs, sets or {}, own)
            self._known[key] = _tried(
                [compile_guard(text, words) for text in checks],
                [compile_guard(when, words) if when else None for when in whens],
                boundary,
                lanes,
                none_open=none_open,
            )
        return self._known[key]

    def _sees_lanes(self, plain: tuple[str, tuple[str, ...], tuple[str | None, ...]]) -> bool:
        if plain not in self._reads:
            chart, checks, whens = plain
            self._reads[plain] = self.reads(chart, (text for text in (*checks, *whens) if text))
        return any(name.startswith("lanes.") for name in self._reads[plain])


def _tried(
    checks: list[Expression],
    routes: list[Expression | None],
    boundary: _Boundary,
    lanes: Lanes | None,
    *,
    none_open: bool,
) -> Verdict:
    names = sorted({name for each in (*checks, *routes) if each for name in each.names})
    combinations, complete = boundary.combinations(names, lanes, none_open=none_open)
    open_ended = bool(routes) and routes[-1] is not None
    passes, found, gap = False, set[int](), None
    for values in combinations:
        if not all(_holds(check, values) for check in checks):
            continue
        passes = True
        taken = next((n for n, when in enumerate(routes) if when is None or _holds(when, values)), None)
        if taken is not None:
            found.add(taken)
        elif open_ended and gap is None:
            gap = values
        if len(found) == len(routes) and (gap is not None or not open_ended):
            break
    if not complete:
        return Verdict(True, frozenset(range(len(routes))), gap)
    return Verdict(passes, frozenset(found), gap)


def _holds(expression: Expression, values: Values) -> bool:
    try:
        return expression.holds(values)
    except ExpressionFailed:
        return False


@dataclass(slots=True)
class _Boundary:
    """Which values are tried for each name that some conditions read."""

    definition: Definition
    texts: list[str]
    needs: tuple[str, ...]
    sets: Mapping[str, Any]
    own: str

    def combinations(
        self, names: list[str], lanes: Lanes | None, *, none_open: bool
    ) -> tuple[Iterator[Values], bool]:
        """The values to try, and whether they are all there are."""
        counted = [name for name in names if name.startswith("lanes.")]
        others = [name for name in names if name not in counted]
        choices: list[list[Values]] = [[{name: value} for value in self._of(name)] for name in others]
        if counted:
            choices.append(self._lanes(counted, lanes, none_open=none_open))
        size = math.prod(map(len, choices))
        if size <= MOST_TRIALS:
            return (_merged(parts) for parts in itertools.product(*choices)), True
        dice = random.Random(0)  # the same trials every time
        return (_merged(dice.choice(each) for each in choices) for _ in range(MOST_TRIALS)), False

    def _lanes(self, names: list[str], lanes: Lanes | None, *, none_open: bool) -> list[Values]:
        if lanes is not None:
            known = {f"lanes.{kind}": count for kind, count in zip(COUNTS, lanes, strict=True)}
            return [{name: known.get(name, sum(lanes)) for name in names}]
        most = self._most_lanes()
        ranges = []
        for kind in COUNTS:
            possible = self._can_be(kind) and not (kind == "open" and none_open)
            read = f"lanes.{kind}" in names or "lanes.total" in names
            ranges.append(range(most + 1) if possible and read else range(1))
        found = (
            {
                name: dict(zip(COUNTS, counts, strict=True)).get(name.removeprefix("lanes."), sum(counts))
                for name in names
            }
            for counts in itertools.product(*ranges)
        )
        return list({tuple(values.items()): values for values in found}.values())

    def _most_lanes(self) -> int:
        named = [len(s.parallel.lanes) for s in self.definition.states.values() if s.parallel]
        return min(max([3, *named, *(n + 1 for n in self._integers())]), 12)

    def _can_be(self, kind: str) -> bool:
        parallels = [s.parallel for s in self.definition.states.values() if s.parallel]
        if kind in ("open", "withdrawn"):
            return bool(parallels)
        finals = (s for p in parallels for s in self.definition.lanes[p.lane].states.values() if s.final)
        return any((final.outcome or "done") == kind for final in finals)

    def _of(self, name: str) -> list[Any]:
        family, _, rest = name.partition(".")
        if name in self.sets:
            return [self.sets[name]]
        if not rest and name != "round":
            values = self._field(self.definition.fields[name])
            return [v for v in values if not (name in self.needs and is_empty(v))] or values
        if family == "late":
            return [False, True]
        if family in ("ahead", "related"):
            return sorted(n for n in {0, 1, 2, *self._around()} if n >= 0)
        return self._taken(rest, name == self.own) if family == "taken" else self._rounds()

    def _taken(self, step_id: str, is_own: bool) -> list[int]:
        limits = [s.steps[step_id].at_most for s in self.definition.states.values() if step_id in s.steps]
        if None in limits or not limits:
            return sorted({0, 1, 2, 3, *self._around()})
        most = max(limit for limit in limits if limit)
        return list(range(most if is_own else most + 1))

    def _rounds(self) -> list[int]:
        states = self.definition.states
        reopens = any(
            not (states[route.to].settled or states[route.to].final)
            for state in states.values()
            if state.settled
            for step in state.steps.values()
            for route in step.to
        )
        return sorted({1, 2, *(n for n in self._around() if n > 0)}) if reopens else [1]

    def _field(self, spec: FieldSpec) -> list[Any]:
        if spec.type in LIST_TYPES:
            return self._lists(spec)
        if spec.type is FieldType.BOOLEAN:
            return [False, True]
        if spec.type is FieldType.INTEGER:
            low, high = spec.min, spec.max
            near = {0, 1, *self._around(), *(b for b in (low, high) if b is not None)}
            return sorted(
                n for n in near if n == 0 or ((low is None or n >= low) and (high is None or n <= high))
            )
        if spec.type is FieldType.CHOICE:
            return ["", *spec.options]
        if spec.type is FieldType.DATE:
            return ["", "2000-01-01", "2100-12-31", *self._strings()]
        return ["", *(("字" * n) for n in self._sizes(spec) if n), *self._strings()]

    def _lists(self, spec: FieldSpec) -> list[list[str]]:
        entries = list(spec.options) or [*self._strings(), *(f"值{n}" for n in range(12))]
        sizes = [n for n in self._sizes(spec) if n <= len(entries)]
        found = [entries[:n] for n in sizes]
        if 1 in sizes or (spec.min or 0) <= 1:
            found += [[entry] for entry in entries[:6]]
        if spec.options:
            found += [entries[n:] for n in range(1, len(entries))]
        return list({tuple(each): each for each in ([], *found)}.values())

    def _sizes(self, spec: FieldSpec) -> list[int]:
        least, most = spec.min or 0, spec.max
        near = {1, 2, least, *self._around(), *((most,) if most is not None else ())}
        return sorted(n for n in near if least <= n <= (200 if most is None else most))

    def _integers(self) -> set[int]:
        return {
            int(found)
            for text in self.texts
            for found in _INTEGER.findall(_STRING.sub("", text))
            if len(found) < 9
        }

    def _around(self) -> set[int]:
        return {n + d for n in self._integers() for d in (-1, 0, 1) if n + d >= 0}

    def _strings(self) -> list[str]:
        return [a or b for text in self.texts for a, b in _STRING.findall(text) if a or b]


def _merged(parts: Iterable[Values]) -> Values:
    return {name: value for part in parts for name, value in part.items()}

"""The values behind the names that conditions use: fields, `lanes.open`, `taken.return_`, `round`, `related.open`, `late.x`,
`ahead.day`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any

from engine.case import Case
from engine.fields import value_of
from engine.machine import Program


def values_of(
    names: Iterable[str],
    program: Program,
    case: Case,
    *,
    lane: str,
    incoming: Mapping[str, Any],
    ahead: Callable[[date], int],
) -> dict[str, Any]:
    """Only the names asked for: binding the whole case would cost ten times the evaluation.

    `ahead` says how many working days there are until a day.
    """
    data = {**case.data, **(case.lanes[lane].data if lane else {}), **incoming}

    def value(name: str) -> Any:
        family, _, rest = name.partition(".")
        if family == "ahead" and rest:
            return ahead(date.fromisoformat(data[rest])) if data.get(rest) else 0
        if rest:
            return _FAMILIES[family](program, case, rest)
        if name == "round":
            return case.round
        return value_of(program.definition.fields[name], data, name)

    return {name: value(name) for name in sorted(names)}


def _lanes(program: Program, case: Case, what: str) -> int:
    """Lanes of the parallel in whose scope the case is; outside of all, of each parallel as it was last left."""
    groups = {
        g for g, (_, scope) in program.parallels.items() if case.state in scope
    } or program.parallels.keys()
    lanes = [lane for lane in case.lanes.values() if lane.group in groups]
    if what == "total":
        return len(lanes)
    outcome = "" if what == "open" else what
    return sum(lane.outcome == outcome for lane in lanes)


def _taken(program: Program, case: Case, step: str) -> int:
    taken = case.taken.get(step)
    return taken.times if taken and taken.round == case.round else 0


def _related(program: Program, case: Case, what: str) -> int:
    """Cases opened from this one: still open, or ended."""
    wanted = "opened" if what == "open" else what
    return sum(link["news"] == wanted for link in case.related.values())


def _late(program: Program, case: Case, name: str) -> bool:
    """Whether the clock is past its end, or was stopped past it."""
    clock = case.clocks.get(name)
    return clock is not None and (clock.status == "late" or (clock.is_open and "due" in clock.fired))


_FAMILIES: dict[str, Callable[[Program, Case, str], Any]] = {
    "lanes": _lanes,
    "late": _late,
    "related": _related,
    "taken": _taken,
}

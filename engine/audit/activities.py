"""What an event is to a process miner: an activity with a stable name, and whether it is a move of the case through its net.

The names are those of the transitions in `net.py`, so that a log can be held against the net without knowing our code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from engine.case import STATE_CLOCK, Case, lane_of
from engine.definition import step_ref
from engine.events import Event, apply, read
from engine.machine import clock_trigger

__all__ = ["ADD_LANE", "OPEN", "OUTSIDE", "WITHDRAW_LANE", "Activity", "Happening", "activity", "trail"]

OPEN: Final = "open"
ADD_LANE: Final = "add_lane"
WITHDRAW_LANE: Final = "withdraw_lane"
OUTSIDE: Final = frozenset({"import", "jump", "move_version"})
"""Moves that no net knows: a case taken over in its middle, put elsewhere by hand, or moved to another version."""


@dataclass(frozen=True, slots=True)
class Activity:
    """`moves`: the event is a transition of the net, whether it leads on or stays. `lane` is a lane's key, or empty."""

    name: str
    moves: bool
    lane: str = ""


@dataclass(frozen=True, slots=True)
class Happening:
    """An event as an activity, with the case after it and the unit that acted."""

    event: Event
    activity: Activity
    case: Case
    unit: str


def activity(before: Case | None, event: Event) -> Activity:
    """`before` is the case as it stood when the event came."""
    return _ACTIVITIES.get(event.type, _beside)(before, event.body)


def _step(before: Case | None, body: Mapping[str, Any]) -> Activity:
    lane = body["asked"]["lane"]
    return Activity(step_ref(_lane_type(before, lane), body["asked"]["step"]), True, lane)


def _lane_type(case: Case | None, lane: str) -> str:
    return case.lanes[lane].type if case and lane else ""


def _fired(before: Case | None, body: Mapping[str, Any]) -> Activity:
    """Repeats of a rung are one activity."""
    fired = body["inputs"]["fired"]
    lane = lane_of(fired["clock"])
    clock = STATE_CLOCK if lane else fired["clock"]
    rung = "again" if fired["rung"].startswith("again-") else fired["rung"]
    name = step_ref(_lane_type(before, lane), clock_trigger(clock, rung))
    moved = any(_is_move(change, lane) for change in body["changes"])
    return Activity(name, moved, lane)


def _is_move(change: Mapping[str, Any], lane: str) -> bool:
    if not lane:
        return bool(change["op"] == "enter")
    return bool(change["op"] == "lane" and change["do"] == "enter" and change["key"] == lane)


def _of_lane(name: str) -> Callable[[Case | None, Mapping[str, Any]], Activity]:
    return lambda before, body: Activity(name, True, body["asked"]["lane"])


def _moving(name: str) -> Callable[[Case | None, Mapping[str, Any]], Activity]:
    return lambda before, body: Activity(name, True)


def _beside(before: Case | None, body: Mapping[str, Any]) -> Activity:
    """What happens beside the path: comments, extensions, news of other cases."""
    return Activity(body["type"], False, body["asked"].get("lane", ""))


_ACTIVITIES: Final[dict[str, Callable[[Case | None, Mapping[str, Any]], Activity]]] = {
    "case.imported": _moving("import"),
    "case.jumped": _moving("jump"),
    "case.moved": _moving("move_version"),
    "case.opened": _moving(OPEN),
    "clock.fired": _fired,
    "lane.added": _of_lane(ADD_LANE),
    "lane.withdrawn": _of_lane(WITHDRAW_LANE),
    "step.taken": _step,
}


def trail(history: Iterable[bytes]) -> Iterator[Happening]:
    """A history as activities, seq ascending."""
    case: Case | None = None
    for data in history:
        event = read(data)
        before, case = case, apply(case, event)
        found = activity(before, event)
        yield Happening(event, found, case, _unit(before or case, found, event))


def _unit(case: Case, found: Activity, event: Event) -> str:
    """The unit for which somebody acted; else the one that had the case, or the lane, at that moment."""
    grant = event.body["actor"]["grant"] or {}
    lane = case.lanes.get(found.lane)
    return str(grant.get("unit") or (lane.holder.unit if lane else case.holder.unit))

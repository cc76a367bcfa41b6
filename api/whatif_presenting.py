"""What a what-if found, as data with the titles that people know: for the command and for the API alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from adapters.bootstrap import Container
from adapters.evidence.whatif import Found, Plan
from engine.audit.whatif import ASSUMPTION, Load, Totals, When
from engine.canonical import instant
from engine.directory import Directory
from engine.machine import Program

__all__ = ["presented"]

_WHENS: Final[tuple[When, When]] = ("before", "after")
_COUNTED: Final = ("late", "yellow", "red")


def presented(container: Container, plan: Plan, found: Found) -> dict[str, Any]:
    """The first key is the assumption: no figure is to be read without it."""
    selection, totals = plan.question.selection, found.totals
    calendar = plan.question.calendar
    titles = _Titles(plan.latest, container.directories.current())
    return {
        "assumption": ASSUMPTION,
        "workflow": selection.workflow,
        "set": list(plan.question.settings),
        "calendar": calendar.digest if calendar else "",
        "region": selection.region,
        "since": instant(selection.since),
        "until": instant(selection.until),
        "judged_at": instant(plan.rules.until),
        "cases": totals.cases,
        "events": totals.events,
        "cases_changed": totals.changed,
        "cases_that_matter": totals.matters,
        "totals": _totals(totals),
        "places": list(_places(totals, titles)),
        "loads": list(_loads(totals, titles)),
        "changes": [change.as_data() for change in found.changes],
    }


def _totals(totals: Totals) -> dict[str, Any]:
    lights = {what: {when: totals.count(what, when) for when in _WHENS} for what in ("runs", *_COUNTED)}
    fired = {
        kind: {how: totals.firings[how][kind] for how in ("extra", "saved", "moved")}
        for kind in ("escalation", "reminder", "elapsed")
    }
    return {**lights, **fired}


def _places(totals: Totals, titles: _Titles) -> Iterator[dict[str, Any]]:
    lines = {line[:3] for counted in totals.lights.values() for line in counted}
    for unit, state, clock in sorted(lines):
        counts = {
            what: {when: totals.lights[when][(unit, state, clock, what)] for when in _WHENS}  # type: ignore[index]
            for what in ("runs", *_COUNTED)
        }
        yield {
            "unit": unit,
            "unit_title": titles.unit(unit),
            "state": state,
            "state_title": titles.state(state),
            "clock": clock,
            **counts,
        }


def _loads(totals: Totals, titles: _Titles) -> Iterator[dict[str, Any]]:
    """Of desks and weeks in which something differs."""
    lines: set[Load] = {line for counted in totals.loads.values() for line in counted}
    for line in sorted(lines):
        before, after = (totals.loads[when][line] for when in _WHENS)
        if before != after:
            yield {
                "role": line.role,
                "role_title": titles.role(line.role),
                "place": line.place,
                "place_title": titles.place(line.place),
                "week": line.week,
                "what": line.what,
                "before": before,
                "after": after,
            }


class _Titles:
    def __init__(self, program: Program, directory: Directory) -> None:
        self._definition, self._directory = program.definition, directory
        self._posts = {
            program.post(name): spec.title.zh for name, spec in reversed(program.definition.roles.items())
        }
        self._regions: Mapping[str, str] = {region.id: region.title for region in directory.regions}

    def unit(self, unit: str) -> str:
        """A unit; where none was found the role that answered."""
        known = self._directory.unit(unit)
        role = self._definition.roles.get(unit)
        return known.title if known else role.title.zh if role else unit

    def state(self, state: str) -> str:
        chart, _, name = state.rpartition(".")
        known = self._definition.states if not chart else self._definition.lanes[chart].states
        return known[name].title.zh if name in known else state

    def role(self, role: str) -> str:
        return self._posts.get(role, role)

    def place(self, place: str) -> str:
        return self._regions.get(place) or self.unit(place)

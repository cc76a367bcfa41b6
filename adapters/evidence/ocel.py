"""Histories as an object-centric event log (OCEL 2.0, JSON), written case by case.

Objects are cases, subjects, units, persons (by their ids) and definitions. No field that people fill in is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, tzinfo
from itertools import pairwise
from tempfile import TemporaryFile
from typing import Any, Final, TextIO

import orjson

from adapters.evidence.selection import History
from engine.audit.activities import Happening, trail

__all__ = ["write_ocel"]

_CASE: Final = {
    "workflow": "string",
    "version": "integer",
    "region": "string",
    "state": "string",
    "ended": "string",
}
_OBJECTS: Final[Mapping[str, Mapping[str, str]]] = {
    "case": _CASE,
    "subject": {},
    "unit": {},
    "person": {},
    "definition": {"workflow": "string", "version": "integer"},
}
_EVENT: Final = {
    "activity": "string",
    "hash": "string",
    "lane": "string",
    "moves": "boolean",
    "other": "string",
    "role": "string",
    "seq": "integer",
    "state": "string",
}
_AT_ONCE: Final = 1 << 16  # bytes copied from the file of cases at a time


def write_ocel(out: TextIO, histories: Iterable[History], *, zone: tzinfo) -> tuple[int, int]:
    """How many cases and events were written. Cases wait in a file of their own until the events are written."""
    types: set[str] = set()
    seen: dict[str, dict[str, Any]] = {}
    cases = events = 0
    out.write("{\n")
    out.write(f'"objectTypes": {_json([_type(name, kinds) for name, kinds in _OBJECTS.items()])},\n')
    with TemporaryFile("w+", encoding="utf-8") as aside:
        out.write('"events": [')
        for case, history in histories:
            happenings = list(trail(history))
            for happening in happenings:
                out.write(f"{',' if events else ''}\n{_json(_event(happening, zone))}")
                types.add(_event_type(happening))
                events += 1
            seen |= _others(happenings, zone)
            aside.write(f"{',' if cases else ''}\n{_json(_case(case, happenings, zone))}")
            cases += 1
        out.write('\n],\n"objects": [')
        aside.seek(0)
        while text := aside.read(_AT_ONCE):
            out.write(text)
    for number, each in enumerate(seen.values()):
        out.write(f"{',' if cases or number else ''}\n{_json(each)}")
    out.write(f'\n],\n"eventTypes": {_json([_type(name, _EVENT) for name in sorted(types)])}\n}}\n')
    return cases, events


def _type(name: str, attributes: Mapping[str, str]) -> dict[str, Any]:
    return {"name": name, "attributes": [{"name": key, "type": kind} for key, kind in attributes.items()]}


def _event(happening: Happening, zone: tzinfo) -> dict[str, Any]:
    event, case = happening.event, happening.case
    grant = event.body["actor"]["grant"] or {}
    values = {
        "activity": happening.activity.name,
        "hash": event.hash,
        "lane": happening.activity.lane,
        "moves": happening.activity.moves,
        "other": event.body["asked"].get(
            "other", ""
        ),  # of news about another case, which may not be in this log
        "role": grant.get("role", ""),
        "seq": event.seq,
        "state": event.body["state"],
    }
    return {
        "id": f"{case.id}#{event.seq}",
        "type": _event_type(happening),
        "time": _time(event.at, zone),
        "attributes": [{"name": name, "value": value} for name, value in values.items()],
        "relationships": [
            {"objectId": f"{kind}:{id}", "qualifier": qualifier}
            for kind, id, qualifier in _related(happening)
            if id
        ],
    }


def _event_type(happening: Happening) -> str:
    return f"{happening.case.workflow}/{happening.activity.name}"


def _related(happening: Happening) -> Iterator[tuple[str, str, str]]:
    """Kind, id and qualifier of the objects of an event."""
    event, case = happening.event, happening.case
    actor = event.body["actor"]
    yield "case", case.id, "of"
    yield "subject", case.subject, "about"
    yield "definition", case.digest, "under"
    yield "unit", happening.unit, "at"
    if actor["kind"] == "person":
        yield "person", actor["id"], "by"
        yield "person", actor["for"] or "", "for"


def _others(happenings: Iterable[Happening], zone: tzinfo) -> dict[str, dict[str, Any]]:
    """The objects of the events that are no cases, by id."""
    found = {}
    for happening in happenings:
        for kind, id, _ in _related(happening):
            if id and kind != "case":
                found[f"{kind}:{id}"] = _object(f"{kind}:{id}", kind, _of_object(kind, happening, zone))
    return found


def _of_object(kind: str, happening: Happening, zone: tzinfo) -> list[dict[str, Any]]:
    if kind != "definition":
        return []
    case, at = happening.case, _time(datetime.fromtimestamp(0, zone), zone)  # a definition never changes
    return [_value("workflow", case.workflow, at), _value("version", case.version, at)]


def _case(case: str, happenings: Sequence[Happening], zone: tzinfo) -> dict[str, Any]:
    """The case with its states, each from the moment at which it came into it."""
    first, opened = happenings[0].case, _time(happenings[0].event.at, zone)
    values = [_value(name, getattr(first, name), opened) for name in _CASE]
    for before, after in pairwise(happenings):
        at = _time(after.event.at, zone)
        values += [
            _value(name, getattr(after.case, name), at)
            for name in ("version", "state", "ended")
            if getattr(before.case, name) != getattr(after.case, name)
        ]
    related = [("subject", first.subject, "about"), ("definition", happenings[-1].case.digest, "under")]
    return _object(f"case:{case}", "case", values) | {
        "relationships": [
            {"objectId": f"{kind}:{id}", "qualifier": words} for kind, id, words in related if id
        ]
    }


def _object(id: str, kind: str, attributes: list[dict[str, Any]]) -> dict[str, Any]:
    return {"id": id, "type": kind, "attributes": attributes, "relationships": []}


def _value(name: str, value: str | int, at: str) -> dict[str, Any]:
    return {"name": name, "time": at, "value": value}


def _time(at: datetime, zone: tzinfo) -> str:
    return at.astimezone(zone).isoformat(timespec="microseconds")


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()

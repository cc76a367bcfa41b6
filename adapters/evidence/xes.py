"""Histories as an event log in XES (IEEE 1849-2016), written case by case.

A trace is a case, an event an event. No field that people fill in is among the attributes, so no personal value can be.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, tzinfo
from typing import Final, TextIO
from xml.sax.saxutils import quoteattr

from adapters.evidence.selection import History
from engine.audit.activities import Happening, trail
from engine.canonical import parse_instant

__all__ = ["write_xes"]

Value = str | int | bool | datetime

_EXTENSIONS: Final = (
    ("Concept", "concept", "http://www.xes-standard.org/concept.xesext"),
    ("Time", "time", "http://www.xes-standard.org/time.xesext"),
    ("Organizational", "org", "http://www.xes-standard.org/org.xesext"),
    ("Lifecycle", "lifecycle", "http://www.xes-standard.org/lifecycle.xesext"),
    ("Definition", "def", "urn:bihuan:xes:def"),
    ("Evidence", "ev", "urn:bihuan:xes:ev"),
)
_GLOBAL_OF_TRACE: Final[Mapping[str, Value]] = {"concept:name": "", "def:digest": "", "def:workflow": ""}
_GLOBAL_OF_EVENT: Final[Mapping[str, Value]] = {
    "concept:name": "",
    "lifecycle:transition": "complete",
    "org:resource": "",
    "time:timestamp": parse_instant("1970-01-01T00:00:00.000000Z"),
}
_UNWRITABLE: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_xes(out: TextIO, histories: Iterable[History], *, zone: tzinfo) -> tuple[int, int]:
    """How many cases and events were written. Moments are local, with their offset."""
    cases = events = 0
    out.writelines(_head(zone))
    for case, history in histories:
        happenings = list(trail(history))
        out.writelines(_trace(case, happenings, zone))
        cases, events = cases + 1, events + len(happenings)
    out.write("</log>\n")
    return cases, events


def _head(zone: tzinfo) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield '<log xes.version="1849-2016" xes.features="" xmlns="http://www.xes-standard.org/">\n'
    for name, prefix, uri in _EXTENSIONS:
        yield f'<extension name="{name}" prefix="{prefix}" uri="{uri}"/>\n'
    for scope, attributes in (("trace", _GLOBAL_OF_TRACE), ("event", _GLOBAL_OF_EVENT)):
        yield f'<global scope="{scope}">\n{_attributes(attributes, zone)}</global>\n'
    yield '<classifier name="Activity" scope="event" keys="concept:name"/>\n'
    yield '<classifier name="Resource" scope="event" keys="org:resource"/>\n'


def _trace(case: str, happenings: list[Happening], zone: tzinfo) -> Iterator[str]:
    last = happenings[-1].case
    about: dict[str, Value] = {
        "concept:name": case,
        "def:workflow": last.workflow,
        "def:version": last.version,
        "def:digest": last.digest,
        "ev:region": last.region,
        "ev:subject": last.subject,
        "ev:ended": last.ended,
    }
    yield f"<trace>\n{_attributes(about, zone)}"
    for happening in happenings:
        yield f"<event>\n{_attributes(_event(happening), zone)}</event>\n"
    yield "</trace>\n"


def _event(happening: Happening) -> dict[str, Value]:
    event, activity = happening.event, happening.activity
    body, grant = event.body, event.body["actor"]["grant"] or {}
    return {
        "concept:name": activity.name,
        "lifecycle:transition": "complete",
        "time:timestamp": event.at,
        "org:resource": event.actor,
        "org:role": grant.get("role", ""),
        "org:group": happening.unit,
        "ev:moves": activity.moves,
        "ev:lane": activity.lane,
        "ev:type": event.type,
        "ev:state": body["state"],
        "ev:seq": event.seq,
        "ev:hash": event.hash,
        "ev:occurred_at": parse_instant(body["occurred_at"]),
    }


def _attributes(values: Mapping[str, Value], zone: tzinfo) -> str:
    return "".join(_attribute(key, value, zone) for key, value in values.items())


def _attribute(key: str, value: Value, zone: tzinfo) -> str:
    tag, text = _spelled(value, zone)
    return f'<{tag} key="{key}" value={quoteattr(text)}/>\n'


def _spelled(value: Value, zone: tzinfo) -> tuple[str, str]:
    if isinstance(value, bool):
        return "boolean", str(value).lower()
    if isinstance(value, int):
        return "int", str(value)
    if isinstance(value, datetime):
        return "date", value.astimezone(zone).isoformat(timespec="microseconds")
    return "string", _UNWRITABLE.sub("\ufffd", value)

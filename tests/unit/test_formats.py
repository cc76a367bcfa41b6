"""Event logs and nets as other tools read them: held against the standards' own words, written down here by hand."""

from __future__ import annotations

import io
import json
import os
import tracemalloc
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import jsonschema
import pytest
from lxml import etree

from adapters.evidence.ocel import write_ocel
from adapters.evidence.pnml import pnml
from adapters.evidence.xes import write_xes
from engine.audit.activities import OUTSIDE, trail
from engine.audit.net import END, START, Net, net_of
from engine.case import Case, CaseId
from engine.machine import Program
from tests.support.histories import History, program_of, random_history
from tests.support.story import Office, a_state, a_step, a_workflow

CHINA = ZoneInfo("Asia/Shanghai")
XES = "{http://www.xes-standard.org/}"
PNML = "{http://www.pnml.org/version-2009/grammar/pnml}"
WORKFLOWS = (
    "tests/workflows/samples/minimal.yaml",
    "tests/workflows/samples/full.yaml",
    "workflows/issue.yaml",
    "workflows/rd_institution.yaml",
)
SECRET = "13800000000"

# https://www.ocel-standard.org: the JSON format of OCEL 2.0, as its specification words it.
OCEL_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["objectTypes", "eventTypes", "objects", "events"],
    "additionalProperties": False,
    "properties": {
        "objectTypes": {"type": "array", "items": {"$ref": "#/$defs/type"}},
        "eventTypes": {"type": "array", "items": {"$ref": "#/$defs/type"}},
        "objects": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "type"],
                "additionalProperties": False,
                "properties": {
                    "id": {"type": "string"},
                    "type": {"type": "string"},
                    "attributes": {"type": "array", "items": {"$ref": "#/$defs/timed"}},
                    "relationships": {"type": "array", "items": {"$ref": "#/$defs/relationship"}},
                },
            },
        },
        "events": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "type", "time"],
                "additionalProperties": False,
                "properties": {
                    "id": {"type": "string"},
                    "type": {"type": "string"},
                    "time": {"$ref": "#/$defs/time"},
                    "attributes": {"type": "array", "items": {"$ref": "#/$defs/value"}},
                    "relationships": {"type": "array", "items": {"$ref": "#/$defs/relationship"}},
                },
            },
        },
    },
    "$defs": {
        "time": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}[+-]\d\d:\d\d$"},
        "kind": {"enum": ["string", "time", "integer", "float", "boolean"]},
        "type": {
            "type": "object",
            "required": ["name", "attributes"],
            "properties": {
                "name": {"type": "string"},
                "attributes": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["name", "type"],
                        "properties": {"name": {"type": "string"}, "type": {"$ref": "#/$defs/kind"}},
                    },
                },
            },
        },
        "value": {"type": "object", "required": ["name", "value"]},
        "timed": {
            "type": "object",
            "required": ["name", "value", "time"],
            "properties": {"time": {"$ref": "#/$defs/time"}},
        },
        "relationship": {
            "type": "object",
            "required": ["objectId", "qualifier"],
            "additionalProperties": False,
            "properties": {"objectId": {"type": "string"}, "qualifier": {"type": "string"}},
        },
    },
}


def histories() -> list[tuple[CaseId, list[bytes]]]:
    """Ten random cases and one with a telephone number."""
    made: list[History] = [random_history(program_of(WORKFLOWS[1]), seed, 40)[0] for seed in range(1, 11)]
    found = [(history.case.id, history.events) for history in made]
    office = Office(a_workflow({"first": a_state(steps={"reply": a_step()})}))
    office.open(phone=SECRET)
    return [*found, (office.case.id, [event.data for event in office.events])]


def test_xes_has_the_parts_of_the_standard_in_its_order_and_every_event_once() -> None:
    cases, out = histories(), io.StringIO()
    counted = write_xes(out, cases, zone=CHINA)
    log = etree.fromstring(out.getvalue().encode())

    assert counted == (len(cases), sum(len(events) for _, events in cases))
    assert log.tag == f"{XES}log"
    assert log.get("xes.version") == "1849-2016"
    order = [child.tag.removeprefix(XES) for child in log]
    assert order == ["extension"] * 6 + ["global"] * 2 + ["classifier"] * 2 + ["trace"] * len(cases)
    assert {e.get("prefix"): e.get("uri") for e in log.iter(f"{XES}extension")}.items() >= {
        ("concept", "http://www.xes-standard.org/concept.xesext"),
        ("time", "http://www.xes-standard.org/time.xesext"),
        ("org", "http://www.xes-standard.org/org.xesext"),
        ("lifecycle", "http://www.xes-standard.org/lifecycle.xesext"),
    }
    assert len(list(log.iter(f"{XES}event"))) == counted[1]


def test_every_xes_attribute_is_of_a_declared_extension_and_every_moment_has_its_offset() -> None:
    out = io.StringIO()
    write_xes(out, histories(), zone=CHINA)
    log = etree.fromstring(out.getvalue().encode())

    prefixes = {e.get("prefix") for e in log.iter(f"{XES}extension")}
    scopes = {g.get("scope"): {a.get("key") for a in g} for g in log.iter(f"{XES}global")}
    for part, scope in ((f"{XES}trace", "trace"), (f"{XES}event", "event")):
        for element in log.iter(part):
            own = [child for child in element if child.tag != f"{XES}event"]
            keys = [child.get("key") for child in own]
            assert len(keys) == len(set(keys))
            assert {key.partition(":")[0] for key in keys} <= prefixes
            assert scopes[scope] <= set(keys)
    for moment in log.iter(f"{XES}date"):
        assert datetime.fromisoformat(moment.get("value")).utcoffset() is not None


def test_ocel_has_the_shape_of_the_specification_and_every_relation_leads_somewhere() -> None:
    cases, out = histories(), io.StringIO()
    counted = write_ocel(out, cases, zone=CHINA)
    log = json.loads(out.getvalue())

    jsonschema.validate(log, OCEL_SCHEMA)
    objects = {each["id"]: each["type"] for each in log["objects"]}
    assert len(objects) == len(log["objects"])
    assert counted == (len(cases), len(log["events"]))
    assert sum(kind == "case" for kind in objects.values()) == len(cases)
    assert {each["type"] for each in log["events"]} == {each["name"] for each in log["eventTypes"]}
    for each in (*log["objects"], *log["events"]):
        assert {r["objectId"] for r in each["relationships"]} <= objects.keys()
    for event in log["events"]:
        assert {"of", "under"} <= {r["qualifier"] for r in event["relationships"]}


def test_the_states_of_a_case_in_ocel_are_those_of_its_history() -> None:
    office = Office(a_workflow({"first": a_state(steps={"reply": a_step()})}))
    office.open()
    office.wait_until("2026-03-03 10:00")
    office.take("reply")
    out = io.StringIO()
    write_ocel(out, [(office.case.id, [event.data for event in office.events])], zone=CHINA)

    [case] = [each for each in json.loads(out.getvalue())["objects"] if each["type"] == "case"]
    states = [(a["time"], a["value"]) for a in case["attributes"] if a["name"] == "state"]
    assert states == [
        ("2026-03-02T10:00:00.000000+08:00", "first"),
        ("2026-03-03T10:00:00.000000+08:00", "done"),
    ]


@pytest.mark.parametrize("write", [write_xes, write_ocel])
def test_ten_times_as_many_cases_need_no_more_memory(write: Any) -> None:
    some = histories()

    def peak(times: int) -> int:
        many = ((CaseId(f"{n}-{case}"), events) for n in range(times) for case, events in some)
        tracemalloc.start()
        with Path(os.devnull).open("w") as nowhere:
            write(nowhere, many, zone=CHINA)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(1)
    assert peak(20) < 1.2 * peak(2)


def test_no_field_that_people_filled_in_is_in_any_log() -> None:
    cases = histories()
    assert any(b"phone" in data for _, events in cases for data in events)
    for write in (write_xes, write_ocel):
        out = io.StringIO()
        write(out, cases, zone=CHINA)
        assert SECRET not in out.getvalue()
        assert "phone" not in out.getvalue()
        assert "示例理由" not in out.getvalue()


# Nets


def test_a_net_has_the_states_as_places_and_the_ways_out_of_them_as_transitions() -> None:
    first = {"title": "受理", "owner": "clerk", "due": "1 working day", "overdue": {"to": "second"}}
    program = Office(
        a_workflow(
            {
                "first": {
                    **first,
                    "steps": {"reply": a_step(by="clerk"), "note": a_step(None, by="clerk")},
                },
                "second": a_state(steps={"decide": a_step()}),
            }
        )
    ).program

    net = net_of(program)

    assert {place.id for place in net.places} == {START, END, "state/first", "state/second", "state/done"}
    assert {(t.label, t.sources, t.targets) for t in net.transitions} == {
        ("open", (START,), ("state/first",)),
        ("reply", ("state/first",), ("state/done",)),
        ("note", ("state/first",), ("state/first",)),
        ("@state/due", ("state/first",), ("state/second",)),
        ("decide", ("state/second",), ("state/done",)),
        ("", ("state/done",), (END,)),
    }


def test_lanes_are_tokens_that_are_forked_off_and_joined_again() -> None:
    net = net_of(program_of("workflows/issue.yaml"))
    slots = next(place for place in net.places if place.id == "slots/dispatched")

    assert (slots.tokens, slots.left) == (10, 10)  # co_units has at most ten
    ways = {(t.label, t.sources, t.targets) for t in net.transitions}
    assert (
        "",
        ("state/dispatched", "slots/dispatched"),
        ("state/dispatched", "lane/dispatched/assigned"),
    ) in ways
    assert ("share.finish", ("lane/dispatched/working",), ("lane/dispatched/done",)) in ways
    assert ("", ("lane/dispatched/done",), ("slots/dispatched",)) in ways


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_every_move_of_a_random_history_is_a_transition_of_the_net(workflow: str) -> None:
    moves = 0
    for seed in range(15):
        history, world = random_history(program_of(workflow), seed, 60)
        nets = {program.digest: net_of(program) for program in world.programs}
        before: Case | None = None
        for happening in trail(history.events):
            found = happening.activity
            if found.moves and found.name not in OUTSIDE:
                places = _reached(nets[happening.case.digest], found.name, _place(before, found.lane))
                after = _place(happening.case, found.lane)
                assert after in places or _has_left(happening.case, found.lane), (seed, happening.event.seq)
                moves += 1
            before = happening.case
    assert moves > 15


def _place(case: Case | None, lane: str) -> str:
    if case is None:
        return START
    if lane and lane in case.lanes:
        return f"lane/{case.lanes[lane].group}/{case.lanes[lane].state}"
    return f"state/{case.state}"


def _has_left(case: Case, lane: str) -> bool:
    """A lane that was added, withdrawn, or left behind by the move of the case has no place of its own any more."""
    return bool(lane) and (case.lanes[lane].outcome == "withdrawn" or case.lanes[lane].group == "")


def _reached(net: Net, label: str, place: str) -> set[str]:
    """Where the activity may lead from a place, and on by silent transitions."""
    found = {
        target for t in net.transitions if t.label == label and place in t.sources for target in t.targets
    }
    if label == "add_lane":
        found |= {target for t in net.transitions if t.label == label for target in t.targets}
    while more := {
        target
        for t in net.transitions
        if not t.label and found & set(t.sources)
        for target in t.targets
        if target not in found
    }:
        found |= more
    return found


def test_pnml_is_a_place_transition_net_whose_arcs_join_places_and_transitions() -> None:
    for path in sorted(Path("workflows").glob("*.yaml")):
        if path.stem == "programme":
            continue
        text = pnml(net_of(program_of(str(path))))
        root = etree.fromstring(text.encode())
        [net] = root
        assert net.get("type") == "http://www.pnml.org/version-2009/grammar/ptnet"
        places = {p.get("id") for p in net.find(f"{PNML}page").findall(f"{PNML}place")}
        transitions = {t.get("id") for t in net.iter(f"{PNML}transition")}
        ids = [e.get("id") for e in net.iter() if e.get("id")]
        assert len(ids) == len(set(ids)), path
        for arc in net.iter(f"{PNML}arc"):
            ends = (arc.get("source") in places, arc.get("target") in places)
            assert ends in ((True, False), (False, True))
            assert {arc.get("source"), arc.get("target")} <= places | transitions
        tokens = {
            p.get("id"): int(p.find(f"{PNML}initialMarking/{PNML}text").text)
            for p in net.iter(f"{PNML}place")
            if p.find(f"{PNML}initialMarking") is not None
        }
        assert tokens[START] == 1


def test_a_silent_transition_is_marked_as_prom_marks_it() -> None:
    program: Program = program_of("workflows/issue.yaml")
    root = etree.fromstring(pnml(net_of(program)).encode())
    silent = [
        t.get("id") for t in root.iter(f"{PNML}transition") if t.find(f"{PNML}toolspecific") is not None
    ]
    assert sorted(silent) == sorted(t.id for t in net_of(program).transitions if not t.label)

"""Steps that only the system takes, as figures change, and cases that hear of another one's end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from engine.access import Actor
from engine.case import CaseId
from engine.commands import Open, TakeStep
from engine.errors import Blocked, Forbidden, InvalidData
from tests.support.histories import REGION, SUBJECT
from tests.support.story import CASE, Office, a_state, a_step, a_workflow

SYSTEM = Actor(id="programme", kind="system", channel="worker")
ZONE = ZoneInfo("Asia/Shanghai")
OTHER = CaseId("202600000022")


def watched() -> dict[str, Any]:
    workflow = a_workflow({"first": a_state(steps={"leave": a_step(by="figures"), "end": a_step()})})
    return {**workflow, "roles": {**workflow["roles"], "figures": {"title": "系统", "of": "system"}}}


def gathering() -> dict[str, Any]:
    gather = a_step("", needs=["alike"], links="alike")
    workflow = a_workflow({"first": a_state(steps={"gather": gather, "end": a_step()})})
    return {**workflow, "fields": {**workflow["fields"], "alike": {"title": "同类事项", "type": "cases"}}}


def take(office: Office, actor: Actor, step: str, **data: Any) -> Mapping[str, Any]:
    event = office.send(TakeStep(id=office.key(), case=CASE, actor=actor, step=step, data=data))
    return event.body


def test_the_system_takes_its_own_step_without_any_post() -> None:
    office = Office(watched())
    office.open()

    body = take(office, SYSTEM, "leave")

    assert office.case.state == "done"
    assert body["actor"] == {
        "channel": "worker",
        "for": None,
        "grant": None,
        "id": "programme",
        "kind": "system",
    }


def test_no_person_takes_a_step_of_the_system() -> None:
    office = Office(watched())
    office.open()

    with pytest.raises(Forbidden) as refused:
        office.take("leave", by="head")
    assert [blocker.code for blocker in refused.value.blockers] == ["role_missing"]


def test_the_system_takes_no_step_of_people() -> None:
    office = Office(watched())
    office.open()

    with pytest.raises(Forbidden):
        take(office, SYSTEM, "end")


def test_a_linked_case_hears_at_once_and_again_at_the_end_and_only_once_of_each() -> None:
    office = Office(gathering())
    office.open()
    opened = Open(
        id=office.key(),
        case=OTHER,
        actor=office.actor("clerk"),
        workflow="sample",
        region=REGION,
        subject=SUBJECT,
    )
    office.send(opened)

    first = office.take("gather", alike=[OTHER])
    again = office.events[-1]
    office.take("gather", alike=[OTHER])
    repeated = office.events[-1]
    office.take("end")
    ended = office.events[-1]

    heard = {"case": OTHER, "clocks": {}, "kind": "relate", "relation": "sample"}
    assert first.related == {OTHER: {"news": "cause", "relation": "sample"}}
    assert [e for e in again.effects if e["kind"] == "relate"] == [{**heard, "news": "opened"}]
    assert [e for e in repeated.effects if e["kind"] == "relate"] == []
    assert [e for e in ended.effects if e["kind"] == "relate"] == [{**heard, "news": "ended"}]


def test_a_case_that_is_not_there_is_not_linked() -> None:
    office = Office(gathering())
    office.open()

    with pytest.raises(Blocked) as refused:
        office.take("gather", alike=["202600000039"])
    assert [blocker.code for blocker in refused.value.blockers] == ["bad_link"]
    assert office.case.seq == 1


def until_a_day() -> dict[str, Any]:
    waiting = a_state(due={"until": "day", "at_most": "3 months"}, steps={"end": a_step()})
    workflow = a_workflow({"first": waiting})
    opening = {**workflow["opening"], "may": [*workflow["opening"]["may"], "day"]}
    return {
        **workflow,
        "fields": {**workflow["fields"], "day": {"title": "期末", "type": "date"}},
        "opening": opening,
    }


def opening_until(office: Office, actor: Actor, day: str) -> Open:
    about = {"workflow": "sample", "region": REGION, "subject": SUBJECT, "data": {"day": day}}
    return Open(id=office.key(), case=CASE, actor=actor, **about)  # type: ignore[arg-type]


def test_the_system_opens_late_what_a_stop_kept_from_being_opened_in_time() -> None:
    office = Office(until_a_day(), now="2026-03-02 10:00")
    with pytest.raises(InvalidData) as refused:
        office.send(opening_until(office, office.actor("clerk"), "2026-02-28"))
    assert [blocker.code for blocker in refused.value.blockers] == ["bad_field"]

    office.send(opening_until(office, SYSTEM, "2026-02-28"))

    assert str(office.clock().due_at.astimezone(ZONE))[:10] == "2026-03-03"  # the day after the opening

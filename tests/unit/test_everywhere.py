"""Steps that are written once and open in every open state."""

from __future__ import annotations

from typing import Any

import pytest

from engine.certificate import certify
from engine.findings import Refused
from engine.loading import load
from tests.support.histories import program_of
from tests.support.story import TODAY, Office, a_state, a_step, a_workflow, program_from

WITHDRAW = {"withdraw": a_step("gone", by="clerk")}


def a_desk(**everywhere: Any) -> dict[str, Any]:
    states = {
        "first": a_state(steps={"go": a_step("second")}),
        "second": a_state(steps={"end": a_step("kept")}),
        "kept": {**a_state(steps={"again": a_step("first")}), "settled": True, "overdue": {"to": "done"}},
        "gone": {"title": "撤回", "final": True},
    }
    return a_workflow(states, everywhere={"steps": WITHDRAW, **everywhere})


def test_it_is_open_in_every_open_state_and_in_no_other() -> None:
    states = program_from(a_desk()).definition.states
    assert [name for name, state in states.items() if "withdraw" in state.steps] == ["first", "second"]


def test_it_is_taken_like_a_step_of_the_state() -> None:
    office = Office(a_desk())
    office.open()
    office.take("go")
    case = office.take("withdraw", by="clerk")

    assert (case.state, case.ended, case.taken["withdraw"].times) == ("gone", "final", 1)


def test_a_state_that_is_excepted_may_have_its_own_step_of_that_name() -> None:
    document = a_desk(**{"except": ["second"]})
    document["states"]["second"]["steps"]["withdraw"] = a_step("kept")
    office = Office(document)
    office.open()
    office.take("go")

    assert office.take("withdraw").state == "kept"


def test_its_counts_go_over_all_states_together() -> None:
    document = a_desk()
    document["everywhere"]["steps"] = {"nudge": a_step(None, at_most=1)}
    office = Office(document)
    office.open()
    office.take("nudge")
    office.take("go")
    nudge = office.program.main.steps["second"]["nudge"].spec

    assert nudge.at_most == office.case.taken["nudge"].times == 1
    with pytest.raises(Exception, match="不能办理"):
        office.take("nudge")


def test_what_is_written_for_settled_states_is_open_in_every_one_of_them_and_in_no_other() -> None:
    states = program_from(a_desk(settled={"drop": a_step("gone")})).definition.states

    assert [name for name, state in states.items() if "drop" in state.steps] == ["kept"]
    assert [name for name, state in states.items() if "withdraw" in state.steps] == ["first", "second"]


def test_a_settled_case_is_left_by_a_step_of_all_settled_states() -> None:
    office = Office(a_desk(settled={"drop": a_step("gone")}))
    office.open()
    office.take("go")
    office.take("end")

    assert office.take("drop").state == "gone"


def test_a_settled_state_may_be_excepted_if_there_is_something_to_except_it_from() -> None:
    states = program_from(a_desk(settled={"drop": a_step("gone")}, **{"except": ["kept"]})).definition.states

    assert "drop" not in states["kept"].steps


TEXT = """\
language: 1
workflow: letter
version: 1
effective: "2026-12-01"
title: 来信（示例）
roles:
  clerk: {title: 受理员}
  head: {title: 科长, accountable: true}
opening: {by: [clerk]}
start: received
everywhere:
  steps:
    withdraw: {title: 撤回, by: [CLERK], to: gone}
states:
  received:
    title: 待办
    owner: head
    due: 3 working days
    overdue: {stay: true, every: 1 working day, notify: [head]}
    steps:
      finish: {title: 办结, by: [clerk], to: gone}
  gone: {title: 已结束, final: true}
"""


def test_a_mistake_in_it_is_said_once_and_where_it_is_written() -> None:
    with pytest.raises(Refused) as refused:
        load(TEXT.replace("CLERK", "clark").encode(), name="letter.yaml")

    assert [(f.code, f.line, f.path) for f in refused.value.findings] == [
        ("unknown_role", 13, "everywhere.steps.withdraw.by.0")
    ]


def test_the_certificate_speaks_of_it_where_it_is_written_and_once() -> None:
    guarded = TEXT.replace("by: [CLERK]", "by: [clerk], when: [{check: round == 2, else: 第二轮才可撤回}]")
    findings = certify(load(guarded.encode(), name="letter.yaml"), today=TODAY).findings

    assert [(f.code, f.line, f.path) for f in findings] == [("dead_step", 13, "everywhere.steps.withdraw")]


def test_shipped_workflows_can_be_left_from_every_open_state() -> None:
    for path, step in (("workflows/issue.yaml", "withdraw"), ("workflows/rd_institution.yaml", "remove")):
        states = program_of(path).definition.states.values()
        assert all(step in s.steps for s in states if not (s.final or s.settled)), path

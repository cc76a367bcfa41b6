"""Lanes beside a case: opened, added late, withdrawn, opened again, left behind, and joined exactly once."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from engine.commands import AddLane, Jump, TakeStep, WithdrawLane
from engine.errors import Blocked, Forbidden, InvalidData, UnknownLane
from engine.runtime import Accepted
from tests.support.histories import UNITS
from tests.support.story import CASE, Office, a_state, a_step, a_workflow

A, B, C, D = UNITS


def lane_type(owner: str = "member") -> dict[str, Any]:
    work = a_state(
        owner=owner, overdue={"to": "missed"}, steps={"finish": a_step("ok", by=owner, may=["note"])}
    )
    ends = {
        "ok": {"title": "完成", "final": True, "outcome": "done"},
        "missed": {"title": "逾期", "final": True, "outcome": "missed"},
    }
    return {"title": "协办", "start": "work", "states": {"work": work, **ends}}


def departments(then: Any = "second", **parallel: Any) -> Office:
    """first opens a lane for each unit; second is where the join leads and from where the case can come back."""
    routes = [{"to": then}] if isinstance(then, str) else then
    states = {
        "first": a_state(
            "30 working days",
            parallel={"lane": "share", "each": "units", "then": routes, **parallel},
            steps={"look": a_step("aside"), "leave": a_step("second")},
        ),
        "aside": a_state("30 working days", steps={"look_back": a_step("first")}),
        "second": a_state(
            "30 working days", steps={"again": a_step("first", may=["units"]), "end": a_step()}
        ),
        "third": a_state("30 working days", steps={"end": a_step()}),
    }
    return Office(a_workflow(states, lanes={"share": lane_type()}))


def named(**parallel: Any) -> Office:
    states = {
        "first": a_state(
            "30 working days",
            parallel={
                "lane": "item",
                "lanes": {"a": "甲", "b": "乙", "c": "丙"},
                "again": "redo",
                "then": [{"to": "second"}],
                **parallel,
            },
        ),
        "second": a_state("30 working days", steps={"again": a_step("first", may=["redo"]), "end": a_step()}),
    }
    return Office(a_workflow(states, lanes={"item": lane_type("clerk")}))


def outcomes(office: Office) -> dict[str, str]:
    return {key: lane.outcome or lane.state for key, lane in office.case.lanes.items()}


def finish(office: Office, *units: str) -> None:
    for unit in units:
        office.take("finish", "member", lane=unit, unit=unit)


def test_a_lane_opens_for_each_unit_with_its_own_holder_and_clock() -> None:
    office = departments()
    office.open(units=[B, A])

    assert {key: lane.holder.unit for key, lane in office.case.lanes.items()} == {A: A, B: B}
    assert set(office.case.clocks) == {f"lane/{A}", f"lane/{B}", "state"}


@pytest.mark.parametrize("order", list(permutations((A, B, C))))
def test_the_join_of_all_leads_on_exactly_once_whatever_the_order(order: tuple[str, ...]) -> None:
    office = departments()
    office.open(units=[A, B, C])
    finish(office, *order)

    entered = [c["state"] for e in office.events for c in e.body["changes"] if c["op"] == "enter"]
    assert entered == ["first", "second"]


def test_several_lanes_that_finish_in_one_group_join_exactly_once() -> None:
    office = departments()
    office.open(units=[A, B, C])
    commands = [
        TakeStep(id=office.key(), case=CASE, actor=office.actor("member", unit=u), step="finish", lane=u)
        for u in (C, A, B)
    ]
    results = office.world.handle(commands)

    assert all(isinstance(each, Accepted) for each in results)
    assert [c["state"] for e in office.events for c in e.body["changes"] if c["op"] == "enter"] == [
        "first",
        "second",
    ]


def test_an_empty_list_of_lanes_is_joined_at_once() -> None:
    office = departments()

    assert office.open(units=[]).state == "second"


def test_any_leads_on_with_the_first_and_withdraws_the_others_with_their_clocks() -> None:
    office = departments(done_when="any")
    office.open(units=[A, B, C])
    finish(office, B)

    assert office.case.state == "second"
    assert outcomes(office) == {A: "withdrawn", B: "done", C: "withdrawn"}
    assert not any(c.is_open for key, c in office.case.clocks.items() if key.startswith("lane/"))


def test_two_of_three_leads_on_with_the_second() -> None:
    office = departments(done_when=2)
    office.open(units=[A, B, C])
    finish(office, C)
    assert office.case.state == "first"
    finish(office, A)
    assert office.case.state == "second"


def test_a_lane_added_late_is_waited_for() -> None:
    office = departments()
    office.open(units=[A])
    office.does(AddLane, lane=B, reason="示例")
    finish(office, A)
    assert office.case.state == "first"
    finish(office, B)
    assert office.case.state == "second"


def test_withdrawing_the_last_open_lane_meets_the_join() -> None:
    office = departments()
    office.open(units=[A, B])
    finish(office, A)
    office.does(WithdrawLane, lane=B, reason="示例")

    assert office.case.state == "second"
    assert outcomes(office) == {A: "done", B: "withdrawn"}


def test_a_withdrawn_lane_can_be_added_again_and_counts_anew() -> None:
    office = departments()
    office.open(units=[A, B])
    office.does(WithdrawLane, lane=B, reason="示例")
    office.does(AddLane, lane=B, reason="示例")

    assert office.case.lanes[B].n == 2
    assert office.case.clocks[f"lane/{B}"].cycle == 2
    finish(office, A)
    assert office.case.state == "first"


def test_a_lane_that_runs_cannot_be_added_and_an_ended_one_not_withdrawn() -> None:
    office = departments()
    office.open(units=[A, B])
    finish(office, A)
    with pytest.raises(Blocked):
        office.does(AddLane, lane=B, reason="示例")
    with pytest.raises(Blocked):
        office.does(WithdrawLane, lane=A, reason="示例")
    with pytest.raises(UnknownLane):
        office.does(WithdrawLane, lane=C, reason="示例")
    with pytest.raises(InvalidData):
        office.does(AddLane, lane="u-nowhere", reason="示例")


def test_only_those_who_manage_the_lanes_add_them() -> None:
    office = departments()
    office.open(units=[A])

    with pytest.raises(Forbidden):
        office.does(AddLane, "clerk", lane=B, reason="示例")


def test_a_unit_works_in_its_own_lane_only() -> None:
    office = departments()
    office.open(units=[A, B])

    with pytest.raises(Forbidden):
        office.take("finish", "member", lane=A, unit=B)


def test_leaving_the_scope_withdraws_open_lanes() -> None:
    office = departments()
    office.open(units=[A, B])
    office.take("leave")

    assert outcomes(office) == {A: "withdrawn", B: "withdrawn"}


def test_within_the_scope_lanes_go_on_and_the_join_is_met_on_coming_back() -> None:
    office = departments(lasts=["aside"])
    office.open(units=[A, B])
    office.take("look")
    finish(office, A, B)
    assert office.case.state == "aside"
    office.take("look_back")

    assert office.case.state == "second"
    assert office.case.lanes[A].n == 1


def test_lanes_of_an_earlier_entry_count_neither_for_the_join_nor_for_its_routes() -> None:
    office = departments([{"when": "lanes.missed > 0", "to": "third"}, {"to": "second"}], done_when="any")
    office.open(units=[A, B])
    finish(office, A)
    assert office.case.state == "second"
    office.take("again", units=[C, D])
    assert office.case.state == "first"  # A was done the time before: that is not one of these
    finish(office, D)

    assert office.case.state == "second"


def test_a_lane_missed_in_an_earlier_entry_does_not_send_the_case_up_again() -> None:
    office = departments([{"when": "lanes.missed > 0", "to": "second"}, {"to": "third"}])
    office.open(units=[A])
    office.wait_until("2026-03-06 18:00")
    assert (office.case.state, outcomes(office)) == ("second", {A: "missed"})
    office.take("again", units=[B])
    finish(office, B)

    assert office.case.state == "third"


def test_named_lanes_open_again_only_where_asked_and_the_others_keep_their_outcome() -> None:
    office = named()
    office.open()
    for key in "abc":
        office.take("finish", "clerk", lane=key, note=key)
    office.take("again", redo=["b"])

    assert outcomes(office) == {"a": "done", "b": "work", "c": "done"}
    assert (office.case.lanes["b"].n, office.case.lanes["a"].n) == (2, 1)
    assert office.case.lanes["a"].data == {"note": "a"}
    assert office.case.lanes["b"].data == {}
    office.take("finish", "clerk", lane="b")
    assert office.case.state == "second"


def test_a_jump_out_of_the_scope_withdraws_and_a_jump_into_it_opens() -> None:
    office = departments()
    office.open(units=[A])
    office.does(Jump, state="third", reason="示例", second=office.people("clerk")[0])
    assert outcomes(office) == {A: "withdrawn"}
    office.does(Jump, state="first", reason="示例", second=office.people("clerk")[0])

    assert outcomes(office) == {A: "work"}
    assert office.case.lanes[A].n == 2


def test_a_lane_that_is_overdue_ends_missed_and_the_case_goes_on() -> None:
    office = departments()
    office.open(units=[A])

    assert office.wait_until("2026-03-05 18:00") == [f"lane/{A} due"]
    assert (office.case.state, outcomes(office)) == ("second", {A: "missed"})

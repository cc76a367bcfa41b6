"""What a command means: who may, what it brings, how often, where it leads, and what a refusal says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from engine.access import Actor, Grant
from engine.commands import Assign, Comment, Jump, MoveVersion, Open, Relate, TakeStep, Tick
from engine.directory import UnknownRegion
from engine.errors import (
    BihuanError,
    Blocked,
    Forbidden,
    InvalidData,
    NothingDue,
    StaleCase,
    UnknownCase,
    UnknownLane,
    UnknownStep,
)
from engine.runtime import CLOCK
from tests.support.histories import REGION, SUBJECT, SYSTEM
from tests.support.story import CASE, Office, a_state, a_step, a_workflow


def codes(error: BihuanError) -> list[str]:
    return [blocker.code for blocker in error.blockers]


def desk(**steps: Any) -> Office:
    states = {"first": a_state("20 working days", steps=steps), "second": a_state(steps={"end": a_step()})}
    return Office(a_workflow(states))


def test_opening_puts_the_case_into_its_first_state_with_a_holder_and_a_clock() -> None:
    office = desk(end=a_step())
    case = office.open(note="示例")

    assert (case.state, case.seq, case.round, case.data) == ("first", 1, 1, {"note": "示例"})
    assert case.holder.role == "head"
    assert case.clocks["state"].status == "running"


def test_only_the_roles_of_the_opening_may_open() -> None:
    office = desk(end=a_step())

    with pytest.raises(Forbidden) as refusal:
        office.open(by="head")
    assert codes(refusal.value) == ["role_missing"]


def test_a_case_of_an_unknown_region_or_with_a_cause_of_ones_own_making_is_not_opened() -> None:
    office = desk(end=a_step())
    opening = Open(
        id=office.key(),
        case=CASE,
        actor=office.actor("clerk"),
        workflow="sample",
        region="34030299",
        subject=SUBJECT,
    )
    with pytest.raises(UnknownRegion):
        office.send(opening)
    cause = {"case": "202600000023", "relation": "supervision"}
    with pytest.raises(Forbidden):
        office.send(replace(opening, region=REGION, cause=cause))
    office.send(replace(opening, region=REGION, cause=cause, actor=SYSTEM))


def test_a_step_brings_its_data_and_leads_to_its_state() -> None:
    office = desk(go=a_step("second", needs=["note"]))
    office.open()
    case = office.take("go", note="同意")

    assert (case.state, case.data["note"], case.taken["go"].times) == ("second", "同意", 1)


def test_what_a_step_needs_comes_with_it_even_where_the_case_has_it_already() -> None:
    office = desk(go=a_step("second", needs=["note"]))
    office.open(note="登记时已写")

    with pytest.raises(InvalidData):
        office.take("go")
    assert office.take("go", note="这一次的").data["note"] == "这一次的"


def test_every_wrong_field_is_named_at_once_and_nothing_is_left_behind() -> None:
    office = desk(go=a_step("second", needs=["note"], may=["urgent"]))
    before = office.open()

    with pytest.raises(InvalidData) as refusal:
        office.take("go", urgent="yes", phone="1", nonsense=1)
    assert [(b.code, b.params["field"]) for b in refusal.value.blockers] == [
        ("bad_field", "urgent"),
        ("unexpected_field", "phone"),
        ("unexpected_field", "nonsense"),
        ("missing_field", "note"),
    ]
    assert office.case == before


def test_a_step_of_another_state_is_blocked_and_the_open_steps_are_told() -> None:
    office = desk(go=a_step("second"))
    office.open()

    with pytest.raises(Blocked) as refusal:
        office.take("end")
    assert refusal.value.blockers[0].params == {"state": "first", "open": ["go"]}


def test_an_unknown_step_lane_or_case_is_named_as_such() -> None:
    office = desk(go=a_step("second"))
    with pytest.raises(UnknownCase):
        office.take("go")
    office.open()
    with pytest.raises(UnknownStep):
        office.take("nowhere")
    with pytest.raises(UnknownLane):
        office.take("go", lane="nowhere")


def test_one_who_has_the_role_elsewhere_learns_that_it_is_the_region() -> None:
    office = desk(go=a_step("second"))
    office.open()
    stranger = Actor(id="p-示例", grants=(Grant("clerk", region="34"), Grant("head", region="340304")))

    with pytest.raises(Forbidden) as refusal:
        office.send(TakeStep(id=office.key(), case=CASE, actor=stranger, step="go"))
    assert codes(refusal.value) == ["other_region"]


def test_a_failed_condition_says_its_sentence() -> None:
    office = desk(go=a_step("second", may=["urgent"], when=[{"check": "urgent", "else": "只有紧急的可以"}]))
    office.open()

    with pytest.raises(Blocked) as refusal:
        office.take("go")
    assert [b.message for b in refusal.value.blockers] == ["只有紧急的可以"]
    assert office.take("go", urgent=True).state == "second"


def test_conditions_see_what_was_there_before_the_step_sets_its_own_values() -> None:
    office = desk(
        go=a_step("second", when=[{"check": "!urgent", "else": "紧急的不能"}], sets={"urgent": False})
    )
    office.open(urgent=True)

    with pytest.raises(Blocked):
        office.take("go")


def test_the_first_route_that_holds_is_taken() -> None:
    routes = [{"when": "urgent", "to": "done"}, {"to": "second"}]

    for urgent, state in ((True, "done"), (False, "second")):
        office = desk(go=a_step(routes, may=["urgent"]))
        office.open()
        assert office.take("go", urgent=urgent).state == state


def test_without_a_forced_continuation_the_step_is_refused_once_it_is_used_up() -> None:
    office = desk(note=a_step(None, at_most=2))
    office.open()
    office.take("note")
    office.take("note")

    with pytest.raises(Blocked) as refusal:
        office.take("note")
    assert codes(refusal.value) == ["limit"]


def test_the_last_allowed_taking_leads_to_the_forced_continuation() -> None:
    office = desk(note=a_step(None, at_most=2, then="second"))
    office.open()

    assert office.take("note").state == "first"
    assert office.take("note").state == "second"


def test_once_a_day_means_the_local_day() -> None:
    office = desk(call=a_step(None, once_per="day"))
    office.open()
    office.move_to("2026-03-02 23:50")
    office.take("call")
    office.move_to("2026-03-02 23:59")
    with pytest.raises(Blocked) as refusal:
        office.take("call")
    assert codes(refusal.value) == ["too_soon"]
    office.move_to("2026-03-03 00:00")
    assert office.take("call").taken["call"].times == 2


def test_who_handled_it_may_not_call_back_and_the_refusal_is_plain() -> None:
    """Requirement T18, and the scheme's 回访 by someone who did not handle it."""
    office = desk(go=a_step("second", not_by=["note"]), note=a_step(None))
    office.open()
    office.take("note")

    with pytest.raises(Blocked) as refusal:
        office.take("go")
    assert codes(refusal.value) == ["separation"]
    assert office.take("go", number=2).state == "second"


def test_separation_holds_within_a_round_only() -> None:
    closed = a_state(settled=True, overdue={"to": "done"}, steps={"reopen": a_step("first")})
    first = a_state(steps={"note": a_step(None), "settle": a_step("closed", not_by=["note"])})
    office = Office(a_workflow({"first": first, "closed": closed}))
    office.open()
    office.take("note")
    office.take("settle", number=2)
    office.take("reopen")

    assert office.take("settle").state == "closed"


def test_every_reason_against_a_step_is_given_together() -> None:
    office = desk(
        go=a_step("second", not_by=["note"], when=[{"check": "urgent", "else": "不紧急"}]), note=a_step(None)
    )
    office.open()
    office.take("note")

    with pytest.raises(Blocked) as refusal:
        office.take("go")
    assert codes(refusal.value) == ["separation", "guard"]


def test_two_people_act_on_the_same_version_and_only_one_succeeds() -> None:
    """Requirement T14."""
    office = desk(note=a_step(None))
    seen = office.open()
    step = TakeStep(
        id=office.key(), case=CASE, actor=office.actor("head"), step="note", expected_seq=seen.seq
    )
    office.send(step)

    with pytest.raises(StaleCase) as refusal:
        office.send(replace(step, id=office.key(), actor=office.actor("head", number=2)))
    assert (refusal.value.params["seq"], refusal.value.params["expected"]) == (2, 1)


def test_a_tick_before_its_time_is_harmless() -> None:
    office = desk(note=a_step(None))
    before = office.open()

    with pytest.raises(NothingDue):
        office.send(Tick(id=office.key(), case=CASE, actor=CLOCK))
    assert office.case == before


def test_time_never_runs_backwards_within_a_case() -> None:
    office = desk(note=a_step(None))
    office.open()
    office.move_to("2026-03-02 09:00")
    case = office.take("note")

    assert case.at == case.opened_at


def test_a_case_is_given_to_a_person_who_has_the_role_and_to_no_other() -> None:
    office = desk(end=a_step())
    office.open()
    first, second = office.people("head")
    office.does(Assign, person=second)
    assert office.case.holder.person == second
    with pytest.raises(Blocked) as refusal:
        office.does(Assign, person=office.people("clerk")[0])
    assert codes(refusal.value) == ["not_holder"]
    assert office.case.holder.person != first


def test_a_comment_needs_reach_and_words() -> None:
    office = desk(end=a_step())
    office.open()
    office.does(Comment, "clerk", text="示例")
    for wrong in ({"text": "  "}, {"text": "长" * 4001}, {"text": "示例", "files": [[["f-1"]]]}):
        with pytest.raises(InvalidData):
            office.does(Comment, **wrong)
    stranger = Actor(id="p-示例", grants=(Grant("head", region="340304"),))
    with pytest.raises(UnknownCase):
        office.send(Comment(id=office.key(), case=CASE, actor=stranger, text="示例"))


def test_a_jump_needs_an_administrator_a_reason_and_a_second_person() -> None:
    office = desk(end=a_step())
    office.open()
    head, clerk = office.people("head")[0], office.people("clerk")[0]
    with pytest.raises(Forbidden):
        office.does(Jump, "clerk", state="second", reason="示例", second=head)
    with pytest.raises(Blocked):
        office.does(Jump, state="second", reason="示例", second=head)
    with pytest.raises(InvalidData):
        office.does(Jump, state="second", reason=" ", second=clerk)
    with pytest.raises(InvalidData):
        office.does(Jump, state="nowhere", reason="示例", second=clerk)
    office.does(Jump, state="second", reason="示例", second=clerk)
    assert office.case.state == "second"


def test_the_subject_is_told_what_a_step_says_to_them() -> None:
    office = desk(go=a_step("second", notify=["citizen"]))
    office.open()
    office.take("go")

    told = [e["people"] for e in office.events[-1].effects if e["role"] == "citizen"]
    assert told == [["p-client-1"]]


def test_related_cases_are_counted_open_until_they_end() -> None:
    office = desk(go=a_step("second", when=[{"check": "related.open == 0", "else": "督办未结"}]))
    office.open()
    news = Relate(
        id=office.key(), case=CASE, actor=SYSTEM, other="202600000023", relation="supervision", news="opened"
    )
    office.send(news)
    with pytest.raises(Blocked):
        office.take("go")
    office.send(replace(news, id=office.key(), news="ended"))
    assert office.take("go").state == "second"


def test_only_the_system_reports_about_other_cases() -> None:
    office = desk(end=a_step())
    office.open()

    with pytest.raises(Forbidden):
        office.does(Relate, other="202600000023", relation="supervision", news="opened")


def versions(**second: Any) -> Office:
    old = a_workflow({"first": a_state("20 working days", steps={"go": a_step()})})
    states = {"begun": a_state("30 working days", steps={"go_on": a_step()}, **second)}
    new = {
        **a_workflow(states),
        "version": 2,
        "start": "begun",
        "replaces": {"version": 1, "move": {"first": "begun"}},
    }
    return Office(old, later=new)


def test_a_case_moves_to_another_version_and_keeps_its_clock() -> None:
    office = versions()
    before = office.open()
    office.does(MoveVersion, version=2, reason="示例")

    assert (office.case.state, office.case.version) == ("begun", 2)
    assert office.clock().due_at == before.clocks["state"].due_at
    assert office.take("go_on").state == "done"


def test_under_a_new_version_the_role_that_now_answers_holds_the_case() -> None:
    office = versions(owner="clerk", overdue={"to": "done"})
    office.open()
    office.does(MoveVersion, version=2, reason="示例")

    assert office.case.holder.role == "clerk"


def test_a_case_does_not_move_where_its_state_would_mean_an_end() -> None:
    office = versions(settled=True, overdue={"to": "done"})
    office.open()

    with pytest.raises(Blocked) as refusal:
        office.does(MoveVersion, version=2, reason="示例")
    assert codes(refusal.value) == ["ended_differs"]


def test_a_clock_that_was_stopped_past_its_end_stays_late_for_conditions() -> None:
    clocks = {
        "contact": {
            "title": "联系",
            "due": "1 working day",
            "starts": ["open"],
            "stops": ["call"],
            "overdue": {"notify": ["head"]},
        }
    }
    go = a_step("second", when=[{"check": "!late.contact", "else": "联系超期"}])
    office = Office(
        a_workflow(
            {
                "first": a_state(steps={"call": a_step(None), "go": go}),
                "second": a_state(steps={"end": a_step()}),
            },
            clocks=clocks,
        )
    )
    office.open()
    office.wait_until("2026-03-03 18:00")
    office.take("call")

    assert office.clock("contact").status == "late"
    with pytest.raises(Blocked):
        office.take("go")


def test_the_case_that_opened_this_one_is_told_once_of_its_end_and_again_when_it_reopens() -> None:
    closed = a_state(settled=True, overdue={"to": "done"}, steps={"reopen": a_step("first")})
    office = Office(a_workflow({"first": a_state(steps={"settle": a_step("closed")}), "closed": closed}))
    cause = {"case": "202600000023", "relation": "supervision"}
    opening = Open(
        id=office.key(),
        case=CASE,
        actor=SYSTEM,
        workflow="sample",
        region=REGION,
        subject=SUBJECT,
        cause=cause,
    )
    office.send(opening)
    office.take("settle")
    office.take("reopen")
    office.take("settle")
    office.wait_until("2026-03-06 18:00")

    news = [e["news"] for event in office.events for e in event.effects if e["kind"] == "relate"]
    assert office.case.state == "done"
    assert news == ["opened", "ended", "opened", "ended"]

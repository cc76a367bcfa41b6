"""Rules at the edges: after the end, terms that run out, clocks that start where they stand still, words beside the fields."""

from __future__ import annotations

from typing import Any

import pytest

from engine.commands import AddLane, AnswerExtension, AskExtension, Assign, Comment, Jump, Recount
from engine.directory import Directory, Malformed, Region, RegionId, Unit, UnitId
from engine.errors import BihuanError, Blocked, InvalidData, NothingDue
from engine.findings import Refused
from tests.support.histories import UNITS
from tests.support.story import Office, a_state, a_step, a_workflow, local, program_from


def codes(error: BihuanError) -> list[str]:
    return [blocker.code for blocker in error.blockers]


# After the end


def test_a_case_that_has_ended_for_good_cannot_be_jumped_out_of_its_end() -> None:
    office = Office(a_workflow({"first": a_state(steps={"end": a_step()})}))
    office.open()
    office.take("end")

    with pytest.raises(Blocked) as refused:
        office.does(Jump, state="first", reason="示例理由", second=office.people("head")[1])
    assert codes(refused.value) == ["case_ended"]
    assert office.case.state == "done"


def a_term(**kept: Any) -> Office:
    states = {
        "first": a_state(steps={"end": a_step("kept")}),
        "kept": {**a_state("2 working days", steps={"reopen": a_step("first")}), "settled": True, **kept},
    }
    office = Office(a_workflow(states))
    office.open()
    office.take("end")
    return office


def stops(office: Office) -> list[str]:
    changes = office.events[-1].body["changes"]
    return [c["do"] for c in changes if c["op"] == "clock" and c["do"] in ("met", "late")]


def abouts(office: Office) -> set[str]:
    return {effect["about"] for effect in office.events[-1].effects if effect["kind"] == "notify"}


def test_the_term_of_a_settled_state_elapses_and_nobody_is_late() -> None:
    office = a_term(overdue={"to": "done"})
    office.wait_until("2026-03-04 18:00")

    assert (office.case.state, stops(office), abouts(office)) == ("done", ["met"], {"elapsed"})


def test_a_settled_state_that_repeats_its_notice_is_not_late_either() -> None:
    office = a_term(remind=["1 working day before"], overdue={"stay": True, "every": "1 working day"})
    assert office.wait_until("2026-03-03 18:00") == ["state remind-1"]
    assert abouts(office) == {"reminder"}
    office.wait_until("2026-03-05 18:00")
    assert abouts(office) == {"elapsed"}
    office.take("reopen")

    assert stops(office) == ["met"]


def test_the_term_of_an_open_state_elapses_and_nobody_is_late() -> None:
    shown = a_state("2 working days", steps={"object": a_step("first")}, term=True, overdue={"to": "done"})
    office = Office(a_workflow({"first": a_state(steps={"show": a_step("shown")}), "shown": shown}))
    office.open()
    office.take("show")
    office.wait_until("2026-03-04 18:00")

    assert (office.case.state, stops(office), abouts(office)) == ("done", ["met"], {"elapsed"})


def test_the_term_of_a_lane_elapses_and_its_limits_are_missed() -> None:
    lane = {
        "title": "年报",
        "start": "reported",
        "states": {
            "reported": a_state("1 working day", term=True, overdue={"to": "wanted"}),
            "wanted": a_state(
                "1 working day", overdue={"to": "missed"}, steps={"report": a_step("reported")}
            ),
            "missed": {"title": "缺报", "final": True, "outcome": "missed"},
        },
    }
    first = a_state(
        "20 working days",
        steps={"end": a_step()},
        parallel={"lane": "annual", "lanes": {"annual": "年报"}},
    )
    office = Office(a_workflow({"first": first}, lanes={"annual": lane}))
    office.open()

    office.wait_until("2026-03-03 18:00")
    assert (stops(office), abouts(office)) == (["met"], {"elapsed", "arrived"})
    office.wait_until("2026-03-04 18:00")
    assert (stops(office), abouts(office)) == (["late"], {"overdue"})


# Clocks


def test_a_clock_that_a_step_starts_where_it_stands_still_is_paused_at_once() -> None:
    clocks = {
        "answer": {
            "title": "答复",
            "due": "5 working days",
            "starts": ["begin", "part.start"],
            "stops": ["end"],
            "overdue": {"notify": ["head"]},
        }
    }
    lane = {
        "title": "分工",
        "start": "begun",
        "states": {
            "begun": a_state("20 working days", steps={"start": a_step("rest")}),
            "rest": a_state("20 working days", steps={"finish": a_step("over")}),
            "over": {"title": "完成", "final": True, "outcome": "done"},
        },
    }
    first = a_state(
        "20 working days",
        pauses=["answer"],
        parallel={"lane": "part", "lanes": {"a": "甲"}},
        steps={"begin": a_step(None), "go": a_step("second")},
    )
    second = a_state(steps={"end": a_step()})
    for begin in ({"step": "begin"}, {"step": "start", "lane": "a"}):
        office = Office(a_workflow({"first": first, "second": second}, clocks=clocks, lanes={"part": lane}))
        office.open()
        office.take(**begin)
        assert (office.clock("answer").status, office.clock("answer").next_at) == ("paused", None)
        office.move_to("2026-03-04 10:00")
        office.take("go")
        # Five working days after Monday the 2nd, and two days later for the two days of pause.
        assert local(office.clock("answer").due_at) == "2026-03-11 17:30"


def test_the_light_turns_yellow_two_working_days_before_the_end_of_a_longer_limit() -> None:
    """Five working days from Monday 2 March end on Monday the 9th: two working days before that is Thursday, 17:30."""
    office = Office(a_workflow({"first": a_state("5 working days", steps={"end": a_step()})}))
    office.open()
    lights = []
    for moment in ("2026-03-05 17:29", "2026-03-05 17:30", "2026-03-09 17:30"):
        office.move_to(moment)
        lights.append(office.light())

    assert lights == ["green", "yellow", "yellow"]


def test_of_a_limit_of_two_working_days_only_the_last_fifth_is_yellow() -> None:
    office = Office(a_workflow({"first": a_state("2 working days", steps={"end": a_step()})}))
    office.open()  # Monday 10:00: 6 h that day, and twice 7 h; a fifth of 20 h are 4 h
    lights = []
    for moment in ("2026-03-02 18:00", "2026-03-04 11:59", "2026-03-04 13:30"):
        office.move_to(moment)
        lights.append(office.light())

    assert lights == ["green", "green", "yellow"]


def test_of_a_long_limit_the_last_fifth_is_yellow_and_not_only_two_days() -> None:
    office = Office(a_workflow({"first": a_state("20 working days", steps={"end": a_step()})}))
    office.open()  # ends Monday 30 March; a fifth is four days and a little
    office.move_to("2026-03-25 09:00")

    assert office.light() == "yellow"


# Words


def an_extension() -> dict[str, Any]:
    return {"at_most": 2, "by": "1 working day", "asked_by": ["clerk"], "approved_by": ["head"]}


@pytest.mark.parametrize(("length", "code"), [(0, "missing_field"), (2001, "bad_field"), (2000, "")])
def test_a_reason_has_1_to_2000_characters(length: int, code: str) -> None:
    office = Office(a_workflow({"first": a_state(extension=an_extension(), steps={"end": a_step()})}))
    office.open()
    second = office.people("head")[1]
    asks: list[dict[str, Any]] = [
        {"kind": AskExtension, "by": "clerk", "clock": "state"},
        {"kind": Recount},
        {"kind": Jump, "state": "done", "second": second},
    ]
    for ask in asks:
        assert refused(office, **ask, reason="因" * length) == code


def refused(office: Office, **ask: Any) -> str:
    """The code of what is wrong with the words; empty if they are accepted."""
    try:
        office.does(**ask)
    except NothingDue:  # the words were fine
        return ""
    except InvalidData as error:
        return codes(error)[0]
    return ""


def test_a_reason_that_may_be_left_out_may_not_be_endless() -> None:
    office = Office(a_workflow({"first": a_state(extension=an_extension(), steps={"end": a_step()})}))
    office.open()
    office.does(AskExtension, "clerk", clock="state", reason="示例理由")
    for ask in (
        {"kind": Assign, "person": office.people("head")[1]},
        {"kind": AnswerExtension, "clock": "state", "approve": True},
    ):
        with pytest.raises(InvalidData) as refused:
            office.does(**ask, reason="因" * 2001)
        assert codes(refused.value) == ["bad_field"]
        office.does(**ask, reason="")


@pytest.mark.parametrize(("text", "code"), [(" \n", "missing_field"), ("言" * 4001, "bad_field")])
def test_a_comment_has_1_to_4000_characters(text: str, code: str) -> None:
    office = Office(a_workflow({"first": a_state(steps={"end": a_step()})}))
    office.open()

    with pytest.raises(InvalidData) as refused:
        office.does(Comment, "clerk", text=text)
    assert codes(refused.value) == [code]
    office.does(Comment, "clerk", text="言" * 4000)


# Names of lanes


@pytest.mark.parametrize("kind", ["texts", "files"])
def test_lanes_are_named_by_units_or_options_and_never_by_what_people_type(kind: str) -> None:
    lane = {
        "title": "分工",
        "start": "begun",
        "states": {
            "begun": a_state(steps={"finish": a_step("over")}),
            "over": {"title": "完成", "final": True, "outcome": "done"},
        },
    }
    workflow = a_workflow(
        {"first": a_state(parallel={"lane": "part", "each": "units"}, steps={"end": a_step()})},
        lanes={"part": lane},
    )
    program_from(workflow)
    workflow["fields"]["units"]["type"] = kind

    with pytest.raises(Refused) as refused:
        program_from(workflow)
    assert [finding.code for finding in refused.value.findings] == ["each_not_keys"]


def test_a_lane_that_is_added_is_added_for_a_reason() -> None:
    lane = {
        "title": "分工",
        "start": "begun",
        "states": {
            "begun": a_state(steps={"finish": a_step("over")}),
            "over": {"title": "完成", "final": True, "outcome": "done"},
        },
    }
    parallel = {"lane": "part", "each": "units"}
    office = Office(
        a_workflow({"first": a_state(parallel=parallel, steps={"end": a_step()})}, lanes={"part": lane})
    )
    office.open()

    with pytest.raises(InvalidData):
        office.does(AddLane, lane=UNITS[0], reason=" ")
    office.does(AddLane, lane=UNITS[0], reason="示例")


@pytest.mark.parametrize("unit", ["u-庐阳", "u 3401", "u@3401", "u/3401", "u#1", "-u", "u" * 65])
def test_an_id_of_the_organisation_is_plain_enough_to_name_a_lane(unit: str) -> None:
    with pytest.raises(Malformed):
        Directory((Region(RegionId("34"), "示例省"),), (Unit(UnitId(unit), "示例", RegionId("34")),), (), ())

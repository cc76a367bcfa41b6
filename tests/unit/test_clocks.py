"""Clocks of cases: the failure catalogue of the scheme (requirements §2.2), with dates from the State Council's notices."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from adapters.calendars import load_calendar
from engine import clocks
from engine.calendar import Override
from engine.clocks import Rule
from engine.commands import AnswerExtension, AskExtension, Recount, Relate
from engine.durations import parse_duration, parse_limit, parse_offset
from engine.errors import NothingDue
from engine.events import Event
from tests.support.histories import SYSTEM
from tests.support.story import CASE, Office, a_state, a_step, a_workflow, at, local

CN = load_calendar("cn")


def started(limit: str, moment: str, rule: Rule | None = None) -> clocks.Clock:
    length = parse_limit(limit)
    return clocks.start(rule or Rule("示例", length), length, column="", cycle=1, at=at(moment), calendar=CN)


# Golden vectors of requirements §2.4: start, working days, the day on which they end.
@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        ("2023-09-28", 3, "2023-10-09"),
        ("2023-09-28", 5, "2023-10-11"),
        ("2024-02-02", 5, "2024-02-08"),
        ("2024-02-08", 3, "2024-02-19"),
        ("2025-01-24", 5, "2025-02-07"),
        ("2025-09-26", 5, "2025-10-10"),
        ("2025-09-30", 15, "2025-10-28"),
        ("2026-02-13", 3, "2026-02-25"),
    ],
)
def test_a_case_opened_at_half_past_four_before_a_holiday_is_due_on_the_day_of_the_golden_vector(
    start: str, days: int, end: str
) -> None:
    office = Office(
        a_workflow({"first": a_state(f"{days} working days", steps={"end": a_step()})}), now=f"{start} 16:30"
    )
    office.open()

    assert local(office.clock().due_at) == f"{end} 17:30"


def waiting_room(limit: str = "10 working hours", **more: Any) -> dict[str, Any]:
    """first ⇄ waiting, in which the case clock stands still."""
    states = {
        "first": a_state(
            "20 working days",
            steps={"hold": a_step("waiting"), "end": a_step(), "grade": a_step(None, may=["class"])},
        ),
        "waiting": a_state(
            "20 working days",
            pauses=["case"],
            steps={"go_on": a_step("first"), "end": a_step(), "grade": a_step(None, may=["class"])},
        ),
    }
    return a_workflow(states, case_due={"within": limit, "to": "first"}, **more)


def test_a_pause_from_friday_five_to_monday_nine_takes_half_an_hour_of_working_time_and_leaves_the_rest_unchanged() -> (
    None
):
    office = Office(waiting_room(), now="2026-03-06 14:30")
    office.open()  # ten working hours from Friday 14:30 end on Monday 17:30: 3 h, and 7 h
    assert local(office.clock("case").due_at) == "2026-03-09 17:30"

    office.move_to("2026-03-06 17:00")
    office.take("hold")
    left = clocks.remaining(office.clock("case"), office.now, CN)
    office.move_to("2026-03-09 09:00")
    assert clocks.remaining(office.clock("case"), office.now, CN) == left == timedelta(hours=7, minutes=30)
    office.take("go_on")

    assert clocks.remaining(office.clock("case"), office.now, CN) == left
    assert local(office.clock("case").due_at) == "2026-03-10 09:30"  # half an hour later than before


def test_a_case_that_is_closed_while_it_waits_is_judged_by_the_time_that_ran() -> None:
    office = Office(waiting_room(), now="2026-03-02 09:00")
    office.open()
    office.move_to("2026-03-02 11:00")
    office.take("hold")
    office.move_to("2026-03-27 10:00")
    office.take("end")

    assert office.clock("case").status == "met"
    assert clocks.worked(office.clock("case"), office.now, CN) == timedelta(hours=2)


CLASSES = {
    "by": "class",
    "default": "plain",
    "rows": {"plain": {"whole": "10 working hours"}, "hard": {"whole": "20 working hours"}},
}


@pytest.mark.parametrize("order", [("hard", "plain"), ("plain", "hard"), ("hard", "plain", "hard")])
def test_changing_the_class_while_a_clock_stands_still_counts_only_what_ran_in_any_order(
    order: tuple[str, ...],
) -> None:
    office = Office(waiting_room("limits.whole", limits=CLASSES), now="2026-03-02 09:00")
    office.open()
    office.move_to("2026-03-02 11:00")  # 2 h ran
    office.take("hold")
    for hour, choice in enumerate(order, start=14):
        office.move_to(f"2026-03-02 {hour}:00")
        office.take("grade", **{"class": choice})
    office.move_to("2026-03-03 09:00")
    office.take("go_on")

    # 8 h or 18 h are left from Tuesday 09:00; a working day has 7 h.
    due = {"plain": "2026-03-04 10:00", "hard": "2026-03-05 14:30"}[order[-1]]
    assert local(office.clock("case").due_at) == due


def test_a_class_with_hours_instead_of_days_can_be_chosen_even_after_an_extension_in_days() -> None:
    rows = {"plain": {"whole": "2 working days"}, "hard": {"whole": "4 working hours"}}
    extension = {"at_most": 1, "by": "limits.whole", "asked_by": ["clerk"], "approved_by": ["head"]}
    state = a_state(
        "limits.whole", extension=extension, steps={"grade": a_step(None, may=["class"]), "end": a_step()}
    )
    office = Office(a_workflow({"first": state}, limits={**CLASSES, "rows": rows}), now="2026-03-02 09:00")
    office.open()
    office.does(AskExtension, "clerk", clock="state", reason="示例")
    office.does(AnswerExtension, "head", clock="state", approve=True)
    assert local(office.clock().due_at) == "2026-03-06 17:30"  # 4 working days after Monday

    office.take("grade", **{"class": "hard"})

    # 4 h from Monday 09:00 end at 14:30; two working days on, at the same moment
    assert local(office.clock().due_at) == "2026-03-04 14:30"


def with_make_up_day(day: str, kind: str) -> tuple[clocks.Calendar, clocks.Calendar]:
    notice = Override(date=date.fromisoformat(day), kind=kind, reason="示例调整")  # type: ignore[arg-type]
    return CN, CN.with_overrides([notice], id=CN.id, title=CN.title)


def recounted(office: Office) -> Event:
    office.world.change_calendar("cn")
    return office.send(Recount(id=office.key(), case=CASE, actor=SYSTEM, reason="示例"))


def test_a_make_up_day_moves_the_deadlines_of_open_cases_with_an_event_that_holds_both_moments() -> None:
    workflow = a_workflow({"first": a_state("3 working days", steps={"end": a_step()})})
    office = Office(workflow, now="2026-03-05 10:00", both=with_make_up_day("2026-03-07", "work"))
    office.open()  # Thursday; three working days end on Tuesday
    event = recounted(office)

    told = [e for e in event.effects if e["about"] == "deadline_moved"]
    assert [(e["due_from"], e["due_to"]) for e in told] == [
        ("2026-03-10T09:30:00.000000Z", "2026-03-09T09:30:00.000000Z")
    ]
    assert local(office.clock().due_at) == "2026-03-09 17:30"


def test_a_closed_case_is_untouched_by_a_new_calendar() -> None:
    workflow = a_workflow({"first": a_state("3 working days", steps={"end": a_step()})})
    office = Office(workflow, now="2026-03-05 10:00", both=with_make_up_day("2026-03-07", "work"))
    office.open()
    office.take("end")

    with pytest.raises(NothingDue):
        recounted(office)


def test_a_deadline_that_a_new_calendar_moves_into_the_past_is_told_and_rings_at_once() -> None:
    workflow = a_workflow({"first": a_state("3 working days", steps={"end": a_step()})})
    office = Office(workflow, now="2026-03-05 10:00", both=with_make_up_day("2026-03-07", "work"))
    office.open()
    office.move_to("2026-03-10 09:00")
    event = recounted(office)

    assert [e["about"] for e in event.effects] == ["deadline_moved"]
    assert [e.body["inputs"]["fired"]["rung"] for e in office.ring()] == ["due"]
    assert office.light() == "red"


def test_a_deadline_that_rang_and_then_moves_into_the_future_is_armed_again() -> None:
    workflow = a_workflow({"first": a_state("1 working day", steps={"end": a_step()})})
    office = Office(workflow, now="2026-03-05 10:00", both=with_make_up_day("2026-03-06", "off"))
    office.open()
    assert office.wait_until("2026-03-06 17:40") == ["state due"]
    recounted(office)

    assert office.light() == "green"
    assert office.wait_until("2026-03-09 18:00") == ["state due"]


def test_after_three_days_without_a_scheduler_two_sweeps_fire_each_rung_once_and_say_how_late() -> None:
    ladder = [
        {"notify": ["head"]},
        {"after": "1 working day", "notify": ["head"]},
        {"after": "3 working days", "to": "done"},
    ]
    state = {
        **a_state("2 working days", steps={"end": a_step()}),
        "remind": ["1 working day before"],
        "overdue": ladder,
    }
    office = Office(a_workflow({"first": state}), now="2026-03-02 10:00")
    office.open()  # due Wednesday 4th 17:30, reminder Tuesday 17:30, rungs on Thursday 5th and Monday 9th
    office.move_to("2026-03-06 09:00")
    first, second = office.ring(), office.ring()

    fired = [e.body["inputs"]["fired"] for e in first]
    assert [f["rung"] for f in fired] == ["remind-1", "due", "late-1"]
    assert [f["late_seconds"] for f in fired] == [63.5 * 3600, 39.5 * 3600, 15.5 * 3600]
    assert second == []
    assert office.wait_until("2026-03-09 17:30") == ["state late-2"]
    assert office.case.state == "done"
    assert office.clock().status == "late"


def test_a_reminder_that_would_come_before_the_start_is_left_out() -> None:
    rule = Rule("示例", parse_limit("1 working day"), remind=(parse_offset("2 working days before"),))

    assert started("1 working day", "2026-03-02 10:00", rule).next_rung == "due"


def test_after_a_return_all_reminders_are_armed_again() -> None:
    state = {**a_state("3 working days"), "remind": ["1 working day before"]}
    states = {
        "first": {**state, "steps": {"go": a_step("second")}},
        "second": a_state(steps={"give_back": a_step("first")}),
    }
    office = Office(a_workflow(states))
    office.open()
    assert office.wait_until("2026-03-04 18:00") == ["state remind-1"]
    office.take("go")
    office.take("give_back")

    assert office.clock().cycle == 3  # first, second, first again
    assert office.wait_until("2026-03-06 18:00") == ["state remind-1"]


EXTENSION = {"at_most": 1, "by": "5 working days", "asked_by": ["clerk"], "approved_by": ["head"]}


def test_an_extension_approved_after_the_end_turns_the_light_green_and_leaves_the_red_in_the_history() -> (
    None
):
    office = Office(
        a_workflow({"first": a_state("2 working days", extension=EXTENSION, steps={"end": a_step()})})
    )
    office.open()
    office.does(AskExtension, "clerk", clock="state", reason="示例")
    assert office.wait_until("2026-03-04 18:00") == ["state due"]
    assert office.light() == "red"
    office.does(AnswerExtension, "head", clock="state", approve=True)

    assert office.light() == "green"
    assert local(office.clock().due_at) == "2026-03-11 17:30"  # 7 working days after Monday 2 March
    assert [e.type for e in office.events].count("clock.fired") == 1
    assert office.wait_until("2026-03-11 18:00") == ["state due"]


def test_a_reopened_case_starts_its_second_cycle_and_the_first_stays_in_time() -> None:
    settled = a_state(
        "5 working days", settled=True, overdue={"to": "done"}, steps={"reopen": a_step("first")}
    )
    states = {"first": a_state(steps={"settle": a_step("closed")}), "closed": settled}
    office = Office(a_workflow(states, case_due={"within": "10 working days", "to": "first"}))
    office.open()
    office.take("settle")
    assert office.clock("case").status == "met"
    office.move_to("2026-03-05 10:00")
    office.take("reopen")

    assert (office.case.round, office.clock("case").cycle, office.clock("case").status) == (2, 2, "running")
    ends = [
        c
        for e in office.events
        for c in e.body["changes"]
        if c["op"] == "clock" and c["id"] == "case" and c["do"] == "met"
    ]
    assert [c["clock"]["cycle"] for c in ends] == [1]


def merged_into(office: Office, started_at: str, due_at: str) -> None:
    moments = [at(m).strftime("%Y-%m-%dT%H:%M:%S.000000Z") for m in (started_at, due_at)]
    news = Relate(
        id=office.key(),
        case=CASE,
        actor=SYSTEM,
        other="202600000023",
        relation="merged",
        news="merged",
        clocks={"case": moments},
    )
    office.send(news)


def test_the_survivor_of_a_merge_has_the_earliest_start_and_the_earliest_end() -> None:
    office = Office(waiting_room("20 working hours"), now="2026-03-05 09:00")
    office.open()
    merged_into(office, "2026-03-02 09:00", "2026-03-04 10:00")

    assert local(office.clock("case").started_at) == "2026-03-02 09:00"
    assert local(office.clock("case").due_at) == "2026-03-04 10:00"


def test_after_a_merge_a_pause_still_stops_the_clock() -> None:
    office = Office(waiting_room("20 working hours"), now="2026-03-02 09:00")
    office.open()
    merged_into(office, "2026-03-02 09:00", "2026-03-03 10:00")
    office.take("hold")
    office.move_to("2026-03-04 09:00")
    office.take("go_on")

    assert local(office.clock("case").due_at) == "2026-03-05 10:00"  # 8 h were left, a working day has 7


def test_after_a_merge_an_extension_still_makes_the_limit_longer() -> None:
    length = parse_limit("5 working days")
    rule = Rule("示例", length)
    clock = started("5 working days", "2026-03-02 09:00", rule)
    capped = clocks.inherit(
        clock, rule, started_at=at("2026-02-27 09:00"), due_at=at("2026-03-03 17:30"), calendar=CN
    )

    longer = clocks.extend(capped, rule, "2 working days", CN)

    assert local(longer.due_at) == "2026-03-05 17:30"


def test_a_year_without_a_notice_is_counted_by_the_week_and_flagged() -> None:
    office = Office(
        a_workflow({"first": a_state("3 working days", steps={"end": a_step()})}), now="2028-03-01 10:00"
    )
    office.open()

    (change,) = [c for c in office.events[0].body["changes"] if c["op"] == "clock"]
    assert change["status"] == "missing"
    assert local(office.clock().due_at) == "2028-03-06 17:30"  # Wednesday + 3, a weekend between


def test_a_clock_that_moved_the_case_at_its_very_end_is_late() -> None:
    first = {**a_state("1 working day", steps={"end": a_step()}), "overdue": {"to": "second"}}
    office = Office(a_workflow({"first": first, "second": a_state(steps={"end": a_step()})}))
    office.open()
    office.wait_until("2026-03-03 17:30")

    changes = [c for c in office.events[-1].body["changes"] if c["op"] == "clock"]
    assert [c["do"] for c in changes if c["do"] in ("met", "late")] == ["late"]


def test_a_fixed_date_does_not_move_while_the_clock_stands_still() -> None:
    rule = Rule("示例", parse_limit("until 31 March"))
    clock = started("until 31 March", "2026-03-02 09:00", rule)
    resumed = clocks.resume(clocks.pause(clock, at("2026-03-03 09:00")), rule, at("2026-03-13 09:00"), CN)

    assert local(clock.due_at) == local(resumed.due_at) == "2026-03-31 17:30"


def test_a_limit_in_calendar_days_moves_on_by_the_days_of_the_pause_to_a_working_day() -> None:
    rule = Rule("示例", parse_limit("10 days"))
    clock = started("10 days", "2026-03-02 09:00", rule)  # ends Thursday 12 March
    resumed = clocks.resume(clocks.pause(clock, at("2026-03-03 09:00")), rule, at("2026-03-05 09:00"), CN)

    assert local(clock.due_at) == "2026-03-12 17:30"
    assert local(resumed.due_at) == "2026-03-16 17:30"  # Saturday 14th, so Monday


def test_a_rung_that_repeats_later_begins_at_its_own_moment() -> None:
    """第 3 个工作日起每日: due on Monday, one rung three working days later, and then every working day."""
    ladder = a_state(
        overdue=[{"notify": ["head"]}, {"after": "3 working days", "stay": True, "every": "1 working day"}]
    )
    office = Office(
        a_workflow({"first": {**ladder, "due": "1 working day", "steps": {"end": a_step()}}}),
        now="2026-03-06 10:00",
    )
    office.open()  # Friday; due Monday 9th

    assert office.wait_until("2026-03-12 18:00") == ["state due", "state late-1"]
    assert office.wait_until("2026-03-13 18:00") == ["state again-1"]


def test_light_turns_yellow_with_a_fifth_left_and_red_past_the_end() -> None:
    clock = started("10 working hours", "2026-03-02 09:00")  # 7 h on Monday, 3 h on Tuesday: ends 12:00

    def seen(moment: str) -> str:
        return clocks.light(clock, at(moment), CN)

    assert [
        seen(m) for m in ("2026-03-03 09:59", "2026-03-03 10:00", "2026-03-03 12:00", "2026-03-03 12:01")
    ] == [
        "green",
        "yellow",
        "yellow",
        "red",
    ]
    assert clocks.remaining(clock, at("2026-03-03 14:30"), CN) == timedelta(hours=-1)
    assert parse_duration("10 working hours").words == clock.limit

"""Limits that count since a step, or end on a day that somebody named. Days are counted by hand on the notice for 2026."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from engine.commands import Jump
from engine.durations import Duration, Unit
from engine.errors import Blocked, InvalidData
from engine.explain import explain
from engine.recorded import Until, parse_recorded
from engine.replay import replay
from tests.support.story import Office, a_state, a_step, a_workflow, local


def due(office: Office, clock: str = "state") -> str:
    return local(office.clock(clock).due_at)


def told(office: Office) -> str:
    return explain(office.clock(), office.world.calendar("cn")).sentences[0]


def replays(office: Office) -> bool:
    events = office.world.store.history(office.case.id)
    return replay(events, office.world.digest, office.world.engine.calendars.digest).divergences == ()


# Since a step


def looked_after(**second: Any) -> Office:
    """`pass` on 2 March leads to `kept`, which counts since then however long `checked` takes in between."""
    office = Office(
        a_workflow(
            {
                "first": a_state(
                    "20 working days", steps={"pass": a_step("checked"), "skip": a_step("kept")}
                ),
                "checked": a_state("20 working days", steps={"hold": a_step("kept")}),
                "kept": a_state(
                    steps={"end": a_step(), "back": a_step("checked")},
                    **{"due": {"within": "1 month", "since": "pass"}, **second},
                ),
            }
        )
    )
    office.open()
    return office


def test_a_limit_since_a_step_does_not_drift_with_what_comes_between() -> None:
    office = looked_after()
    office.take("pass")
    office.move_to("2026-03-16 10:00")
    office.take("hold")

    assert due(office) == "2026-04-02 17:30"  # a month after 2 March
    assert told(office) == (
        "自2026年3月2日（周一）10:00起，时限为1个月，当日不计入，届满日不是工作日的顺延到下一个工作日。"
    )
    assert replays(office)


def test_it_counts_from_the_entry_where_the_step_was_not_taken() -> None:
    office = looked_after()
    office.move_to("2026-03-16 10:00")
    office.take("skip")

    assert due(office) == "2026-04-16 17:30"


def test_each_later_entry_counts_since_the_same_step() -> None:
    office = looked_after()
    office.take("pass")
    for day in ("2026-03-10", "2026-03-17"):
        office.move_to(f"{day} 10:00")
        office.take("hold")
        assert due(office) == "2026-04-02 17:30"
        office.take("back")


def test_reminders_from_before_the_entry_are_left_out_and_a_limit_long_past_rings_at_once() -> None:
    office = looked_after(remind=["10 working days before", "1 working day before"])
    office.take("pass")
    office.move_to("2026-03-30 10:00")
    office.take("hold")
    assert office.wait_until("2026-04-01 18:00") == ["state remind-2"]

    office = looked_after(overdue={"to": "checked"})
    office.take("pass")
    office.move_to("2026-05-11 10:00")
    office.take("hold")
    assert office.wait_until("2026-05-11 10:00") == ["state due"]
    assert (office.case.state, replays(office)) == ("checked", True)


def test_a_new_round_knows_nothing_of_the_steps_before() -> None:
    office = Office(
        a_workflow(
            {
                "first": a_state("20 working days", steps={"pass": a_step("kept"), "skip": a_step("kept")}),
                "kept": {
                    **a_state(steps={"reopen": a_step("first")}),
                    "settled": True,
                    "overdue": {"to": "done"},
                    "due": {"within": "1 month", "since": "pass"},
                },
            }
        )
    )
    office.open()
    office.take("pass")
    office.take("reopen")
    office.move_to("2026-03-16 10:00")
    office.take("skip")

    assert due(office) == "2026-04-16 17:30"


def used_again(*, settled: bool) -> Office:
    """`kept` lasts a month since `use`, which may be taken there again and again."""
    kept = a_state(
        due={"within": "1 month", "since": "use"},
        steps={"use": a_step(""), "back": a_step("first")},
        **({"settled": True, "overdue": {"to": "first"}} if settled else {}),
    )
    office = Office(
        a_workflow({"first": a_state("20 working days", steps={"use": a_step("kept")}), "kept": kept})
    )
    office.open()
    office.take("use")
    return office


def test_the_term_of_a_settled_state_counts_anew_from_each_time_the_step_is_taken_there() -> None:
    office = used_again(settled=True)
    assert due(office) == "2026-04-02 17:30"  # a month after 2 March
    office.wait_until("2026-03-20 10:00")
    office.take("use")
    assert due(office) == "2026-04-20 17:30"
    office.wait_until("2026-04-20 17:29")
    assert office.case.state == "kept"

    office.wait_until("2026-04-20 17:30")

    assert office.case.state == "first"
    assert replays(office)


def test_an_open_state_is_not_put_off_by_taking_the_step_again() -> None:
    office = used_again(settled=False)
    office.move_to("2026-03-20 10:00")
    office.take("use")

    assert due(office) == "2026-04-02 17:30"


def test_in_a_lane_it_may_be_a_step_of_the_lane_or_of_the_case() -> None:
    lane = {
        "title": "分工",
        "start": "begun",
        "states": {
            "begun": a_state("20 working days", steps={"sign": a_step("rest")}),
            "rest": a_state(steps={"work": a_step("late")}),
            "late": a_state(
                due={"within": "1 month", "since": "part.sign"}, steps={"finish": a_step("over")}
            ),
            "over": {"title": "完成", "final": True, "outcome": "done"},
        },
    }
    lane["states"]["rest"]["due"] = {"within": "1 month", "since": "go"}
    parallel = {"lane": "part", "lanes": {"a": "甲"}, "then": [{"to": "done"}]}
    office = Office(
        a_workflow(
            {
                "first": a_state("20 working days", steps={"go": a_step("host")}),
                "host": a_state("60 working days", parallel=parallel, steps={"end": a_step()}),
            },
            lanes={"part": lane},
        )
    )
    office.open()
    office.take("go")
    office.move_to("2026-03-10 10:00")
    office.take("sign", lane="a")
    assert due(office, "lane/a") == "2026-04-02 17:30"  # since `go`
    office.move_to("2026-03-12 10:00")
    office.take("work", lane="a")
    assert due(office, "lane/a") == "2026-04-10 17:30"  # since `sign`
    assert replays(office)


# Until a day


def parked(day: str = "", at_most: str = "3 months", **more: Any) -> Office:
    workflow = a_workflow(
        {
            "first": a_state("20 working days", steps={"park": a_step("parked", may=["day"])}),
            "parked": a_state(
                due={"until": "day", "at_most": at_most},
                steps={"end": a_step(), "put_off": a_step(None, needs=["day"]), "again": a_step("first")},
                **more,
            ),
        }
    )
    workflow["fields"]["day"] = {"title": "复核日期", "type": "date"}
    office = Office(workflow)
    office.open()
    office.take("park", **({"day": day} if day else {}))
    return office


@pytest.mark.parametrize(
    ("day", "ends"),
    [
        ("2026-04-15", "2026-04-15 17:30"),
        ("2026-04-18", "2026-04-19 00:00"),  # a Saturday ends at 24:00
        ("2026-03-03", "2026-03-03 17:30"),
        ("2026-06-02", "2026-06-02 17:30"),  # three months after 2 March, and not later
        ("2026-06-03", "2026-06-02 17:30"),
        ("2099-12-31", "2026-06-02 17:30"),
        ("", "2026-06-02 17:30"),
    ],
)
def test_it_ends_with_the_day_that_was_named_but_never_later_than_the_most(day: str, ends: str) -> None:
    office = parked(day)

    assert due(office) == ends
    assert replays(office)


def test_its_explanation_says_which_of_the_two_ends_it() -> None:
    begun = "自2026年3月2日（周一）10:00起，时限为"
    assert told(parked("2026-04-15")) == f"{begun}至2026年4月15日、至多3个月，到当天下班为止。"
    assert told(parked("2027-04-15")) == (f"{begun}至2027年4月15日、至多3个月；这一天更晚，因此按3个月计算。")


def test_the_clock_records_the_day_and_the_most() -> None:
    recorded = parse_recorded(parked("2026-04-15").clock().limit)

    assert recorded == Until(datetime(2026, 4, 15).date(), Duration(3, Unit.MONTH))
    assert recorded.words == "until 2026-04-15, at most 3 months"


@pytest.mark.parametrize("day", ["2026-03-02", "2025-12-31"])
def test_a_day_that_does_not_lie_ahead_is_refused_by_the_step_that_writes_it(day: str) -> None:
    with pytest.raises(InvalidData) as refused:
        parked(day)

    (blocker,) = refused.value.blockers
    assert (blocker.code, blocker.message) == ("bad_field", "“复核日期”应晚于今天")


def test_a_day_that_has_passed_by_the_entry_ends_with_the_day_after_it() -> None:
    office = parked("2026-03-04")
    office.take("again")
    office.move_to("2026-03-11 10:00")
    office.take("park")

    assert due(office) == "2026-03-12 17:30"


def test_another_day_moves_the_end_and_never_beyond_the_most_since_the_entry() -> None:
    office = parked("2026-04-15")
    office.move_to("2026-04-01 10:00")
    office.take("put_off", day="2026-05-20")
    assert due(office) == "2026-05-20 17:30"
    office.take("put_off", day="2026-08-20")

    assert due(office) == "2026-06-02 17:30"
    assert replays(office)


def test_reminders_count_back_from_the_day() -> None:
    office = parked("2026-04-15", remind=["2 working days before"])

    assert office.wait_until("2026-04-13 18:00") == ["state remind-1"]


def test_a_jump_into_the_state_counts_like_any_entry() -> None:
    office = parked("2026-04-15")
    office.take("again")
    second = office.people("head")[1]
    office.does(Jump, state="parked", reason="示例理由", second=second)

    assert due(office) == "2026-04-15 17:30"


# Days ahead, in conditions


def test_a_condition_may_ask_for_so_many_working_days_before_a_day() -> None:
    """Monday 2 March: the Wednesday is two working days ahead, the Tuesday one, and no day is none."""
    office = Office(
        a_workflow(
            {
                "first": a_state(
                    "20 working days",
                    steps={
                        "call": a_step(
                            may=["on"], when=[{"check": "ahead.on >= 2", "else": "至少提前两个工作日"}]
                        )
                    },
                )
            },
            fields={"note": {"title": "说明", "type": "text"}, "on": {"title": "日期", "type": "date"}},
            opening={"by": ["clerk"], "may": ["note"]},
        )
    )
    office.open()

    for too_late in ({"on": "2026-03-03"}, {}):
        with pytest.raises(Blocked) as refused:
            office.take("call", **too_late)
        assert [reason.code for reason in refused.value.blockers] == ["guard"]
    office.take("call", on="2026-03-04")
    assert office.case.ended == "final"
    assert replays(office)

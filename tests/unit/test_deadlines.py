"""Deadlines told by hand: extended, paused, retargeted; and a second count that starts from nothing but the hours of a date."""

from __future__ import annotations

from datetime import datetime

import pytest

from adapters.calendars import load_calendar
from engine.audit.deadlines import Deadline, deadlines
from engine.audit.recounting import due_again
from engine.case import Clock
from engine.commands import AnswerExtension, AskExtension
from tests.support.histories import UNITS
from tests.support.stage import Stage, local

FULL = "tests/workflows/samples/full.yaml"
SHARED = "tests/workflows/samples/shared.yaml"
CN = load_calendar("cn")
DATA = {"grade": "plain", "ward_unit": UNITS[0], "co_units": [UNITS[1]]}


def told(stage: Stage, clock: str = "") -> list[Deadline]:
    return deadlines(stage.history, stage.world.digest, stage.world.engine.calendars.digest, clock=clock)


def moments(found: Deadline) -> list[tuple[str, datetime]]:
    return [(each.did, each.due_at) for each in found.determinations]


def test_a_pause_moves_the_deadline_by_the_working_time_that_it_took() -> None:
    stage = Stage(SHARED)
    stage.opens("clerk", "2026-03-02 09:00", question="示例事项")
    stage.does("clerk", "wait", "2026-03-03 09:00")
    stage.does("clerk", "go_on", "2026-03-05 09:00")
    (case,) = told(stage, "case")
    # 30 working days after Monday 2 March, Qingming (4 to 6 April) left out: Tuesday 14 April. Two working days later: the 16th.
    assert moments(case) == [("start", local("2026-04-14 17:30")), ("resume", local("2026-04-16 17:30"))]
    assert case.agrees


def test_each_return_to_a_state_is_a_deadline_of_its_own() -> None:
    stage = Stage(SHARED)
    stage.opens("clerk", "2026-03-02 09:00", question="示例事项")
    stage.does("clerk", "wait", "2026-03-03 09:00")
    stage.does("clerk", "go_on", "2026-03-05 09:00")
    found = [(d.cycle, d.title, d.clock.due_at, d.clock.status) for d in told(stage, "state")]
    assert found == [
        (1, "待受理", local("2026-03-05 17:30"), "met"),
        (2, "等材料", local("2026-03-17 17:30"), "met"),
        (3, "待受理", local("2026-03-10 17:30"), "running"),
    ]


def test_an_extension_begins_another_stretch_and_both_are_explained() -> None:
    stage = Stage(FULL)
    stage.opens("desk", "2026-03-02 09:00", matter="示例投诉事项")
    stage.does("desk", "accept", "2026-03-02 10:00", **DATA)
    asked = {"clock": "state", "reason": "示例理由", "amount": "5 working days"}
    stage.send(
        AskExtension(id=stage.id(), case=stage.case, actor=stage.actor("ward"), **asked), "2026-03-05 09:00"
    )
    approval = {"clock": "state", "approve": True}
    director = stage.actor("director")
    stage.send(
        AnswerExtension(id=stage.id(), case=stage.case, actor=director, **approval), "2026-03-06 09:00"
    )
    first, longer = [d for d in told(stage, "state") if d.title == "调查处理"]
    # 10 working days after 2 March: Monday the 16th; 5 more: Monday the 23rd.
    assert moments(first) == [("start", local("2026-03-16 17:30"))]
    assert moments(longer) == [("extend", local("2026-03-23 17:30"))]
    assert "经批准延长5个工作日" in "".join(longer.explanation.sentences)
    assert first.agrees
    assert longer.agrees


@pytest.mark.parametrize(
    ("limit", "started", "same_moment", "due"),
    [
        (
            "3 working days",
            "2026-02-12 10:00",
            False,
            "2026-02-24 17:30",
        ),  # 春节, 15 to 23; Saturday the 14th is worked
        ("4 working hours", "2026-03-06 16:00", False, "2026-03-09 11:30"),
        ("1 working day", "2026-03-06 10:15", True, "2026-03-09 10:15"),
        ("1 working day", "2026-03-07 10:15", True, "2026-03-09 17:30"),
        ("5 days", "2026-03-02 10:00", False, "2026-03-09 17:30"),  # Saturday the 7th moves on
        ("1 month", "2026-01-31 10:00", False, "2026-02-28 17:30"),  # a Saturday that is worked
        ("until 31 January", "2026-03-02 10:00", False, "2027-02-01 00:00"),  # a Sunday ends at midnight
        ("until 2026-03-20, at most 1 month", "2026-03-02 10:00", False, "2026-03-20 17:30"),
        ("until 2026-06-20, at most 1 month", "2026-03-02 10:00", False, "2026-04-02 17:30"),
    ],
)
def test_the_second_count_ends_limits_where_the_calendar_on_the_wall_does(
    limit: str, started: str, same_moment: bool, due: str
) -> None:
    start = local(started)
    clock = Clock(1, limit, start, ((start, None),), start, same_moment=same_moment)
    assert due_again(clock, CN) == local(due)

"""A deadline explains itself. Expected dates come from the State Council's notices, counted by hand."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.calendars import load_calendar
from engine import clocks
from engine.case import Clock
from engine.clocks import Rule
from engine.durations import Duration, Unit, parse_limit
from engine.explain import explain

CHINA = timezone(timedelta(hours=8))
CALENDAR = load_calendar("cn")


def local(month: int, day: int, hour: int = 9, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=CHINA)


def started(words: str, at: datetime) -> tuple[Clock, Rule]:
    limit = parse_limit(words)
    rule = Rule("示例", limit)
    return clocks.start(rule, limit, column="", cycle=1, at=at, calendar=CALENDAR), rule


def test_working_days_are_numbered_and_the_national_holiday_and_its_make_up_day_are_named() -> None:
    # 2026: off from 1 to 7 October, worked on Saturday the 10th (国办发明电).
    clock, _ = started("3 working days", local(9, 30, 10))
    told = explain(clock, CALENDAR)
    assert [(c.date, c.number) for c in told.counted if c.number] == [
        (date(2026, 10, day), number) for day, number in ((8, 1), (8, 1), (9, 2), (9, 2), (10, 3), (10, 3))
    ]
    assert [(s.first, s.last, s.reason) for s in told.skipped] == [
        (date(2026, 10, 1), date(2026, 10, 7), "国庆节")
    ]
    assert "2026年10月10日（周六）（国庆节调休上班）照常计算。" in told.sentences
    assert told.sentences[-1] == "因此，时限止于2026年10月10日（周六）17:30。"


def test_hours_run_over_lunch_and_the_weekend_without_counting_them() -> None:
    clock, _ = started("4 working hours", local(11, 27, 16))  # a Friday
    told = explain(clock, CALENDAR)
    assert [c.minutes for c in told.counted] == [90, 150]
    assert told.due_at == local(11, 30, 11, 30)
    assert told.sentences[0] == "自2026年11月27日（周五）16:00起，时限为4个工作小时，只计工作时间。"


def test_a_pause_and_an_extension_are_told() -> None:
    clock, rule = started("5 working days", local(11, 2))
    clock = clocks.pause(clock, local(11, 4, 9))
    assert explain(clock, CALENDAR).pauses[0].until is None
    clock = clocks.resume(clock, rule, local(11, 6, 9), CALENDAR)
    clock = clocks.extend(clock, rule, "2 working days", CALENDAR)
    told = explain(clock, CALENDAR)
    assert told.sentences[1:3] == (
        "经批准延长2个工作日，从原时限届满处接续计算。",
        "2026年11月4日（周三）09:00至2026年11月6日（周五）09:00挂起，不计时。",
    )
    # Seven working days from 2 November end on the 11th; two whole ones stood still: the 13th.
    assert told.due_at == local(11, 13, 17, 30)


def test_months_count_every_day_and_only_the_end_moves_over_the_spring_festival() -> None:
    clock, _ = started("2 months", local(12, 5, 16))  # 5 February 2027 is the first day off (provisional)
    told = explain(clock, CALENDAR)
    assert (told.counted, [s.first for s in told.skipped]) == ((), [date(2027, 2, 5)])
    assert "暂定" in told.sentences[-1]


def test_a_fixed_date_on_a_day_off_ends_at_midnight_of_that_day() -> None:
    clock, _ = started("until 31 January", local(12, 5))
    assert "时限止于2027年1月31日（周日）24:00。" in explain(clock, CALENDAR).sentences[-2]


@pytest.mark.parametrize(
    ("end", "words"), [(local(11, 3), "已按时完成"), (local(11, 9), "已完成，但超过时限")]
)
def test_a_clock_that_has_ended_says_how(end: datetime, words: str) -> None:
    clock, _ = started("2 working days", local(11, 2))
    assert words in explain(clocks.stop(clock, end), CALENDAR).sentences[-1]


def test_a_calendar_that_has_changed_since_is_noticed() -> None:
    clock, _ = started("3 working days", local(11, 2))
    closed = {
        "calendar": "cn",
        "year": 2026,
        "status": "official",
        "source": "示例",
        "off": {"2026-11-04": "停工"},
        "work": {},
    }
    changed = CALENDAR.with_year(closed)
    assert explain(clock, changed).differs
    assert not explain(clock, CALENDAR).differs


INSTANTS = st.datetimes(datetime(2024, 1, 1), datetime(2026, 10, 1)).map(lambda t: t.replace(tzinfo=CHINA))


@given(at=INSTANTS, hours=st.integers(1, 200), pauses=st.lists(st.integers(1, 200), max_size=6))
def test_the_minutes_told_add_up_to_the_limit_whatever_the_pauses(
    at: datetime, hours: int, pauses: list[int]
) -> None:
    at = at.replace(second=0, microsecond=0)
    clock, rule = started(Duration(hours, Unit.WORKING_HOUR).words, at)
    moment = at
    for n, length in enumerate(pauses):
        moment += timedelta(hours=length)
        if moment >= clock.due_at and clock.status == "running":
            break
        clock = clocks.pause(clock, moment) if n % 2 == 0 else clocks.resume(clock, rule, moment, CALENDAR)
    if clock.status == "paused":
        clock = clocks.resume(clock, rule, moment + timedelta(hours=1), CALENDAR)
    assert sum(c.minutes for c in explain(clock, CALENDAR).counted) == hours * 60

"""A clock against a twin that walks minute by minute through the calendar's hours and knows no arithmetic.

Moments here fall on whole minutes, so the twin is exact. It reads only the opening hours of single days (`Calendar.hours`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest

from adapters.calendars import load_calendar
from engine import clocks
from engine.calendar import Calendar
from engine.canonical import parse_instant
from engine.case import Clock
from engine.clocks import Rule
from engine.definition import Rung
from engine.durations import Duration, Unit
from engine.events import apply, read
from tests.support.histories import calendars, program_of, random_history

SOAK = int(os.environ.get("BIHUAN_SOAK", "1"))
MINUTE = timedelta(minutes=1)
CHINA = ZoneInfo("Asia/Shanghai")
CN = load_calendar("cn")


@dataclass
class Minutes:
    """The working minutes of a calendar, one by one, each named by the moment it begins."""

    calendar: Calendar
    days: dict[date, frozenset[int]] = field(default_factory=dict)

    def runs(self, moment: datetime) -> bool:
        local = moment.astimezone(CHINA)
        day = local.date()
        if day not in self.days:
            hours = self.calendar.hours(day)
            self.days[day] = frozenset(m for begin, end in hours for m in range(begin, end))
        return local.hour * 60 + local.minute in self.days[day]

    def from_(self, moment: datetime) -> Iterator[datetime]:
        while True:
            if self.runs(moment):
                yield moment
            moment += MINUTE

    def between(self, start: datetime, end: datetime) -> int:
        count = 0
        while start < end:
            count += self.runs(start)
            start += MINUTE
        return count

    def after(self, start: datetime, minutes: int) -> datetime:
        """The earliest moment by which so many minutes have run."""
        if not minutes:
            return start
        for number, minute in enumerate(self.from_(start), start=1):
            if number == minutes:
                return minute + MINUTE
        raise AssertionError

    def close_of_nth_day_after(self, start: datetime, n: int) -> datetime:
        """《民法典》第二百零一条: the day of the start is not counted."""
        day = start.astimezone(CHINA).date()
        while n:
            day += timedelta(days=1)
            n -= bool(self.calendar.hours(day))
        end = max(end for _, end in self.calendar.hours(day))
        return datetime(day.year, day.month, day.day, end // 60, end % 60, tzinfo=CHINA).astimezone(UTC)


@dataclass
class Twin:
    """One clock as a tape of minutes: which of them counted, and how many there are to count."""

    minutes: Minutes
    at: datetime
    unit: Unit
    amount: int
    counted: list[datetime] = field(default_factory=list)
    runs: bool = True

    def __post_init__(self) -> None:
        self.started = self.at

    def budget(self) -> int:
        if self.unit is Unit.WORKING_DAY:
            return self.minutes.between(
                self.started, self.minutes.close_of_nth_day_after(self.started, self.amount)
            )
        return self.amount * (60 if self.unit is Unit.WORKING_HOUR else 1)

    def go_on_to(self, moment: datetime) -> None:
        while self.at < moment:
            if self.runs and self.minutes.runs(self.at):
                self.counted.append(self.at)
            self.at += MINUTE

    def due(self) -> datetime:
        """The minute at which the budget is used up, going on from here if it is not yet."""
        budget = self.budget()
        if len(self.counted) >= budget:
            return self.counted[budget - 1] + MINUTE
        return self.minutes.after(self.at, budget - len(self.counted))


def random_lives(seed: int) -> tuple[Clock, Twin, Rule]:
    """A clock and its twin through the same random pauses, extensions, changes of limit and recounts."""
    random = Random(seed)
    calendar, unit = random.choice(calendars()), random.choice((Unit.WORKING_DAY, Unit.WORKING_HOUR))
    limit = Duration(random.randint(1, 6), unit)
    rule = Rule("示例", limit)
    now = datetime(2026, 9, 14, 1, 0, tzinfo=UTC) + MINUTE * random.randrange(60 * 24 * 30)
    clock = clocks.start(rule, limit, column="", cycle=1, at=now, calendar=calendar)
    twin = Twin(Minutes(calendar), now, unit, limit.amount)
    for _ in range(random.randint(1, 8)):
        now += MINUTE * random.choice((0, 17, 200, 60 * 24, 60 * 60))
        twin.go_on_to(now)
        match random.randrange(4):
            case 0 if clock.status == "running":
                clock, twin.runs = clocks.pause(clock, now), False
            case 1 if clock.status == "paused":
                clock, twin.runs = clocks.resume(clock, rule, now, calendar), True
            case 2:
                more = random.randint(1, 3)
                clock = clocks.extend(clock, rule, Duration(more, unit).words, calendar)
                twin.amount += more
            case 3:
                other = Duration(random.randint(1, 6), unit)
                twin.amount += other.amount - limit.amount
                limit = other
                clock = clocks.retarget(clock, rule, limit, calendar)
    if clock.status == "paused":
        clock, twin.runs = clocks.resume(clock, rule, now, calendar), True
    return clock, twin, rule


def test_the_running_intervals_hold_exactly_the_minutes_that_ran() -> None:
    for seed in range(150 * SOAK):
        clock, twin, _ = random_lives(seed)

        assert clocks.worked(clock, twin.at, twin.minutes.calendar) == MINUTE * len(twin.counted)


def test_the_due_moment_is_the_minute_in_which_the_limit_is_used_up() -> None:
    for seed in range(150 * SOAK):
        clock, twin, _ = random_lives(seed)

        assert clock.due_at == twin.due(), seed


def test_recounting_changes_nothing_under_the_same_calendar_and_everything_agrees_under_another() -> None:
    for seed in range(60 * SOAK):
        clock, twin, rule = random_lives(seed)
        here = twin.minutes.calendar
        there = next(c for c in calendars() if c is not here)

        assert clocks.recount(clock, rule, twin.at, here) == clock
        moved = clocks.recount(clock, rule, twin.at, there)
        assert moved == clocks.refresh(clock, rule, there)
        assert clocks.recount(moved, rule, twin.at, here) == clock


def test_remaining_and_worked_together_are_the_whole_limit_while_the_end_lies_ahead() -> None:
    for seed in range(60 * SOAK):
        clock, twin, _ = random_lives(seed)
        calendar = twin.minutes.calendar
        if twin.at <= clock.due_at:
            whole = clocks.worked(clock, twin.at, calendar) + clocks.remaining(clock, twin.at, calendar)
            assert whole == MINUTE * twin.budget()


def test_a_stopped_clock_never_changes_again_whatever_the_calendar_says() -> None:
    clock, twin, rule = random_lives(4)
    stopped = clocks.stop(clock, twin.at)

    assert clocks.refresh(stopped, rule, calendars()[1]).next_at is None
    assert clocks.worked(stopped, twin.at + timedelta(days=9), twin.minutes.calendar) == MINUTE * len(
        twin.counted
    )


def test_repeats_come_on_a_grid_and_an_outage_does_not_pile_them_up() -> None:
    """Due Monday 17:30 and then every working day at 17:30; the scheduler sleeps from Tuesday noon until Friday noon."""
    daily = Rung(stay=True, every=Duration(1, Unit.WORKING_DAY))
    rule = Rule("示例", Duration(1, Unit.WORKING_DAY), ladder=(daily,))
    friday = at("2026-03-06 10:00")
    clock = clocks.start(rule, Duration(1, Unit.WORKING_DAY), column="", cycle=1, at=friday, calendar=CN)
    rings = []
    for moment in ("2026-03-09 17:30", "2026-03-10 17:30", "2026-03-13 12:00", "2026-03-13 17:30"):
        rings.append((clock.next_rung, clock.next_at))
        clock = clocks.fire(clock, rule, clock.next_rung, at(moment), CN)

    assert rings == [
        ("due", at("2026-03-09 17:30")),
        ("again-1", at("2026-03-10 17:30")),
        ("again-2", at("2026-03-11 17:30")),
        ("again-4", at("2026-03-13 17:30")),
    ]
    assert clocks.recount(clock, rule, at("2026-03-14 09:00"), CN) == clock


def at(local: str) -> datetime:
    return datetime.fromisoformat(local).replace(tzinfo=CHINA).astimezone(UTC)


@pytest.mark.parametrize("workflow", ["tests/workflows/samples/full.yaml", "workflows/issue.yaml"])
def test_clocks_of_random_cases_hold_the_working_time_that_passed_while_they_ran(workflow: str) -> None:
    """From the events alone: a clock ran from each start or resume to the next pause or end of it, minute by minute."""
    for seed in range(8 * SOAK):
        history, _ = random_history(program_of(workflow), seed, 40)
        case = None
        spans: dict[tuple[str, int], list[tuple[datetime, datetime]]] = {}
        begun: dict[tuple[str, int], datetime] = {}
        inherited = set()
        for data in history.events:
            event = read(data)
            case = apply(case, event)
            for change in event.body["changes"]:
                if change["op"] != "clock":
                    continue
                key = (change["id"], change["clock"]["cycle"])
                if change["do"] == "inherit":
                    inherited.add(key)
                if change["do"] == "start":  # before the event, where the limit counts since a step
                    begun[key] = min(event.at, parse_instant(change["clock"]["started_at"]))
                elif change["do"] == "resume":
                    begun[key] = event.at
                elif change["do"] in ("pause", "met", "late", "cancelled") and key in begun:
                    spans.setdefault(key, []).append((begun.pop(key), event.at))
        assert case is not None
        for key, since in begun.items():
            spans.setdefault(key, []).append((since, case.at))
        for (clock_id, cycle), ran in spans.items():
            clock = case.clocks[clock_id]
            if clock.cycle == cycle and (clock_id, cycle) not in inherited:
                minutes = sum((CN.working_time(a, b) for a, b in ran), timedelta(0))
                assert clocks.worked(clock, case.at, CN) == minutes, (seed, clock_id)

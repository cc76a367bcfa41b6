"""A second way to the end of a limit: walk over the days one by one and count. Slow, and shares no arithmetic with `clocks.py`.

An auditor's answer to "was it computed right" must not come from the code that computed it. Of the calendar only the hours of a
date are asked (`Calendar.hours`) and its zone. See tests/property/test_deadlines.py for the equality with what was recorded.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from engine.calendar import Calendar
from engine.case import Clock
from engine.durations import Duration, FixedDate, Unit, parse_duration
from engine.recorded import Recorded, Until, parse_recorded

__all__ = ["due_again"]

_DAY: Final = timedelta(days=1)
_ZERO: Final = timedelta(0)
_MINUTES: Final = {Unit.WORKING_MINUTE: 1, Unit.WORKING_HOUR: 60}
_DAYS: Final = {Unit.DAY: 1, Unit.WEEK: 7}
_MONTHS: Final = {Unit.MONTH: 1, Unit.YEAR: 12}


def due_again(clock: Clock, calendar: Calendar) -> datetime:
    """When the clock is due: its limit and extensions counted from its start, pauses left out, under this calendar."""
    days, limit = _Days(calendar), parse_recorded(clock.limit)
    lengths, end, same_moment = _lengths(clock, limit), clock.started_at, clock.same_moment
    if not isinstance(limit, Duration):
        end, same_moment = days.end(limit, clock.started_at), True
    for amount, unit in lengths:
        end, same_moment = days.after(amount, unit, end, same_moment), True
    if isinstance(limit, Duration) and len(clock.segments) > 1:
        end = _along(clock, limit, end, days)
    return min(end, clock.not_after) if clock.not_after else end


def _lengths(clock: Clock, limit: Recorded) -> list[tuple[int, Unit]]:
    """What is counted, one after the other: an extension of the unit before it makes that longer."""
    found = [(limit.amount, limit.unit)] if isinstance(limit, Duration) else []
    for more in map(parse_duration, clock.extended):
        amount, unit = found[-1] if found else (0, more.unit)
        if more.unit == unit:
            found[-1:] = [(amount + more.amount, unit)]
        elif more.unit in _MINUTES and unit in _MINUTES:
            minutes = amount * _MINUTES[unit] + more.amount * _MINUTES[more.unit]
            found[-1:] = [(minutes, Unit.WORKING_MINUTE)]
        else:
            found.append((more.amount, more.unit))
    return found


def _along(clock: Clock, limit: Duration, end: datetime, days: _Days) -> datetime:
    """Pauses move the end on: working time is used up along the intervals that ran, other time by as long as it stood still."""
    if limit.unit in (*_MINUTES, Unit.WORKING_DAY):
        return days.used_up(days.worked(clock.started_at, end), clock.segments)
    stood = _ZERO
    for (_, stopped), (resumed, _) in zip(clock.segments, clock.segments[1:], strict=False):
        stood += resumed - (stopped or resumed)
    moved = end + stood
    day = moved.astimezone(days.zone).date()
    return moved if days.hours(day) else days.close(days.next_working(day + _DAY))


class _Days:
    """The dates of a calendar, asked one at a time."""

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar
        self.zone = ZoneInfo(calendar.zone)

    def hours(self, day: date) -> list[tuple[datetime, datetime]]:
        return [(self._at(day, a), self._at(day, b)) for a, b in self._calendar.hours(day)]

    def close(self, day: date) -> datetime:
        return self.hours(day)[-1][1]

    def next_working(self, day: date) -> date:
        while not self.hours(day):
            day += _DAY
        return day

    def end(self, limit: FixedDate | Until, start: datetime) -> datetime:
        """Of a limit that names a day: of every year, quarter or month, or one day with the most that it may be."""
        if isinstance(limit, FixedDate):
            return self._named_day(limit, start)
        most = limit.at_most
        latest = (
            self.after(most.amount, most.unit, start, False)
            if isinstance(most, Duration)
            else self._named_day(most, start)
        )
        if limit.day > latest.astimezone(self.zone).date():
            return latest
        return min(self._end_of(limit.day), latest)

    def after(self, amount: int, unit: Unit, start: datetime, same_moment: bool) -> datetime:
        if unit in _MINUTES:
            return self.used_up(timedelta(minutes=amount * _MINUTES[unit]), ((start, None),))
        first = start.astimezone(self.zone)
        if unit is Unit.WORKING_DAY:
            day = first.date()
            for _ in range(amount):
                day = self.next_working(day + _DAY)
            return self._same_moment(first, day) if same_moment else self.close(day)
        return self.close(self.next_working(_moved(first.date(), amount, unit)))

    def worked(self, start: datetime, end: datetime) -> timedelta:
        total = _ZERO
        for opens, closes in self._spans(start):
            if opens >= end:
                break
            total += min(closes, end) - max(opens, start)
        return total

    def used_up(self, budget: timedelta, segments: tuple[tuple[datetime, datetime | None], ...]) -> datetime:
        """Where so much working time has run along the segments; the last is taken to go on."""
        if budget <= _ZERO:
            return segments[0][0].astimezone(UTC)
        left = budget
        for n, (begun, until) in enumerate(segments):
            stop = until if n < len(segments) - 1 else None
            for opens, closes in self._spans(begun):
                if stop and opens >= stop:
                    break
                first, last = max(opens, begun), min(closes, stop) if stop else closes
                if last - first >= left:
                    return first + left
                left -= max(_ZERO, last - first)
        raise AssertionError("the last segment has no end")

    def _same_moment(self, first: datetime, day: date) -> datetime:
        """The wall time of the start within the hours of `day`; a start on a day off counts as the end of that day."""
        wall = first.time() if self.hours(first.date()) else time.max
        wanted = datetime.combine(day, wall, self.zone).astimezone(UTC)
        begun = [closes for opens, closes in self.hours(day) if opens <= wanted]
        return min(wanted, begun[-1]) if begun else self.hours(day)[0][0]

    def _named_day(self, limit: FixedDate, start: datetime) -> datetime:
        year = start.astimezone(self.zone).year
        while True:
            for month in limit.months:
                day = date(year, month, min(limit.day, monthrange(year, month)[1]))
                if self._end_of(day) > start:
                    return self._end_of(day)
            year += 1

    def _end_of(self, day: date) -> datetime:
        return self.close(day) if self.hours(day) else self._at(day, 24 * 60)

    def _spans(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Working intervals from the day of `start` on, without end."""
        day = start.astimezone(self.zone).date()
        while True:
            yield from ((a, b) for a, b in self.hours(day) if b > start)
            day += _DAY

    def _at(self, day: date, minute: int) -> datetime:
        midnight = datetime.combine(day + timedelta(days=minute // 1440), time.min, self.zone)
        return (midnight + timedelta(minutes=minute % 1440)).astimezone(UTC)


def _moved(day: date, amount: int, unit: Unit) -> date:
    """So many calendar days, weeks, months or years on; the last of the month where the date does not exist."""
    if unit in _DAYS:
        return day + timedelta(days=amount * _DAYS[unit])
    months = day.year * 12 + day.month - 1 + amount * _MONTHS[unit]
    year, month = months // 12, months % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))

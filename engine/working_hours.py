"""Working time on a weekly pattern with dated exceptions: how much has elapsed, and when so much will have.

Each local year is laid out once, on first use, as sorted intervals with running sums: a question then costs a
few bisections. What the days are called, how official they are and what a limit means is in `calendar.py`.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from engine.calendar_data import FIRST_YEAR, LAST_YEAR, CalendarDataError, Hours, Override, Week
from engine.errors import BihuanError

__all__ = ["BeyondCalendar", "NotAWorkingDay", "WorkingHours"]

ONE_DAY: Final = timedelta(days=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class BeyondCalendar(BihuanError):
    """Raised when an instant lies outside the years 2000 to 2100, or a limit would end there."""

    code, kind = "beyond_calendar", "invalid"

    def __init__(self, year: int) -> None:
        hint = f"日历只覆盖{FIRST_YEAR}年至{LAST_YEAR}年"
        super().__init__(f"日期超出日历范围：{year}年", hint=hint, year=year)


class NotAWorkingDay(BihuanError):
    """Raised when close of business is asked of a day without business."""

    code, kind = "not_a_working_day", "invalid"


@dataclass(frozen=True, slots=True)
class _Year:
    """One local year laid out; times in microseconds, `starts` and `ends` since 1970."""

    starts: tuple[int, ...]
    ends: tuple[int, ...]
    before: tuple[int, ...]  # working time of the year before interval i
    through: tuple[int, ...]  # working time of the year at the end of interval i
    total: int
    days: tuple[date, ...]
    closes: tuple[datetime, ...]  # close of business of each of `days`


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkingHours:
    """Weekly hours and dated exceptions both ways, in a zone. Instants come in aware and go out in UTC."""

    zone: str
    week: Week
    overrides: tuple[Override, ...] = ()
    _zone: ZoneInfo = field(init=False, compare=False, repr=False)
    _exceptions: dict[date, Override] = field(init=False, compare=False, repr=False)
    _laid_out: dict[int, _Year] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_zone", _zone_of(self.zone))
        object.__setattr__(self, "_exceptions", {override.date: override for override in self.overrides})
        object.__setattr__(self, "_laid_out", {})

    def local_date(self, t: datetime) -> date:
        return self._local(t).date()

    def is_working_day(self, d: date) -> bool:
        return bool(self.hours(d))

    def hours(self, d: date) -> Hours:
        """The intervals of `d`: its exception, else the week's. A make-up day has an ordinary day's hours."""
        override = self._exceptions.get(d)
        if override is None:
            return self.week[d.weekday()]
        if override.kind == "off":
            return ()
        return override.hours or self.week[d.weekday()] or next(hours for hours in self.week if hours)

    def nth_working_day_after(self, d: date, n: int) -> date:
        """The n-th working day after `d`, n ≥ 1; `d` itself is not counted (民法典 第二百零一条)."""
        year, index = self._nth_after(d, n)
        return year.days[index]

    def nth_working_day_before(self, d: date, n: int) -> date:
        """The n-th working day before `d`, n ≥ 1; `d` itself is not counted."""
        number = d.year
        index = bisect_left(self._year(number).days, d) - _at_least_one(n)
        while index < 0:
            number -= 1
            index += len(self._year(number).days)
        return self._year(number).days[index]

    def working_days_ahead(self, d: date, last: date) -> int:
        """How many working days there are after `d` up to `last`, which counts; 0 if `last` is not after `d`."""
        if last <= d:
            return 0
        years = (self._year(number).days for number in range(d.year, last.year + 1))
        return sum(bisect_right(days, last) - bisect_right(days, d) for days in years)

    def close_of_business(self, d: date) -> datetime:
        """The end of the last interval of `d`. Raises `NotAWorkingDay` when it has none."""
        year = self._year(d.year)
        index = bisect_left(year.days, d)
        if index == len(year.days) or year.days[index] != d:
            raise NotAWorkingDay(f"{d} 不是工作日", date=str(d))
        return year.closes[index]

    def working_time(self, start: datetime, end: datetime) -> timedelta:
        """Working time elapsed from `start` to `end`; zero when `end` is not after `start`."""
        first, last = self._local(start).year, self._local(end).year
        if end <= start:
            return timedelta(0)
        elapsed = self._elapsed(last, end) - self._elapsed(first, start)
        for number in range(first, last):
            elapsed += self._year(number).total
        return timedelta(microseconds=elapsed)

    def add_working_time(self, start: datetime, amount: timedelta) -> datetime:
        """The earliest instant by which `amount` has been worked since `start`; `start` itself for zero."""
        number = self._local(start).year
        if not (wanted := _positive(amount)):
            return start.astimezone(UTC)
        wanted += self._elapsed(number, start)
        year = self._year(number)
        while wanted > year.total:
            wanted -= year.total
            number += 1
            year = self._year(number)
        index = bisect_left(year.through, wanted)
        return _instant(year.starts[index] + wanted - year.before[index])

    def _nth_after(self, d: date, n: int) -> tuple[_Year, int]:
        """Where the n-th working day after `d` is laid out."""
        number = d.year
        year = self._year(number)
        index = bisect_right(year.days, d) + _at_least_one(n) - 1
        while index >= len(year.days):
            index -= len(year.days)
            number += 1
            year = self._year(number)
        return year, index

    def _elapsed(self, number: int, t: datetime) -> int:
        """Working microseconds of local year `number` before `t`."""
        year, at = self._year(number), _micros(t)
        index = bisect_right(year.starts, at) - 1
        if index < 0:
            return 0
        return year.before[index] + min(at, year.ends[index]) - year.starts[index]

    def _local(self, t: datetime) -> datetime:
        return _local_time(self._zone, t)

    def _intervals(self, d: date) -> Iterator[tuple[datetime, datetime]]:
        for begin, end in self.hours(d):
            yield self._at(d, begin), self._at(d, end)

    def _at(self, d: date, minute: int) -> datetime:
        days, minute = divmod(minute, 1440)  # 24:00 is the start of the next day
        wall = time(minute // 60, minute % 60)
        return datetime.combine(d + timedelta(days=days), wall, self._zone).astimezone(UTC)

    def _year(self, number: int) -> _Year:
        """Laid out on first use. Two threads may both do it; they store equal values."""
        year = self._laid_out.get(number)
        if year is None:
            if not FIRST_YEAR <= number <= LAST_YEAR:
                raise BeyondCalendar(number)
            year = self._laid_out[number] = self._lay_out(number)
        return year

    def _lay_out(self, number: int) -> _Year:
        first = date(number, 1, 1)
        every = (first + timedelta(days=i) for i in range((date(number + 1, 1, 1) - first).days))
        worked = {d: intervals for d in every if (intervals := list(self._intervals(d)))}
        pairs = [(_micros(a), _micros(b)) for intervals in worked.values() for a, b in intervals]
        sums = [0]
        for begin, end in pairs:
            sums.append(sums[-1] + end - begin)
        return _Year(
            starts=tuple(begin for begin, _ in pairs),
            ends=tuple(end for _, end in pairs),
            before=tuple(sums[:-1]),
            through=tuple(sums[1:]),
            total=sums[-1],
            days=tuple(worked),
            closes=tuple(intervals[-1][1] for intervals in worked.values()),
        )


def _zone_of(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        message, hint = f"不认识的时区：{name}", "例如 Asia/Shanghai"
        raise CalendarDataError(message, place="calendar.zone", hint=hint) from error


@lru_cache(maxsize=16_384)  # one step asks for the day of the same few moments many times
def _local_time(zone: ZoneInfo, t: datetime) -> datetime:
    if t.tzinfo is None:
        raise TypeError(f"an instant needs a time zone: {t.isoformat()}")
    if not FIRST_YEAR - 1 <= t.year <= LAST_YEAR + 1:  # astimezone overflows at the ends of datetime
        raise BeyondCalendar(t.year)
    local = t.astimezone(zone)
    if not FIRST_YEAR <= local.year <= LAST_YEAR:
        raise BeyondCalendar(local.year)
    return local


def _micros(t: datetime) -> int:
    return (t - _EPOCH) // _MICROSECOND


def _instant(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)


def _positive(amount: timedelta) -> int:
    if amount < timedelta(0):
        raise ValueError(f"working time cannot be negative: {amount}")
    return amount // _MICROSECOND


def _at_least_one(n: int) -> int:
    if n < 1:
        raise ValueError(f"count working days from 1, not {n}")
    return n

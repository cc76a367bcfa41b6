"""When a limit ends, which days were counted and which were skipped, and how far the answer can be relied on.

The arithmetic of working time is in `working_hours.py`, what a file may say in `calendar_data.py`; who stores
and publishes calendars is not known here.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from typing import Any, Final

from engine.calendar_data import (
    CalendarDataError,
    Hours,
    Override,
    YearRecord,
    YearStatus,
    overrides_as_data,
    parse_overrides,
    parse_week,
    parse_year,
    parse_years,
    refuse_unknown_keys,
    text_at,
    week_as_data,
    years_as_data,
)
from engine.canonical import encode, tagged_digest
from engine.durations import Duration, FixedDate, Unit
from engine.working_hours import ONE_DAY, BeyondCalendar, NotAWorkingDay, WorkingHours

__all__ = [
    "BeyondCalendar",
    "Calendar",
    "CalendarDataError",
    "CountedSpan",
    "Day",
    "NotAWorkingDay",
    "Override",
    "SkippedDay",
    "Spans",
    "YearRecord",
    "YearStatus",
]

CALENDAR_TAG: Final = "bihuan/calendar/v1"
_KEYS: Final = ("calendar", "title", "zone", "note", "week", "years", "overrides")
_MICROSECOND: Final = timedelta(microseconds=1)
_END_OF_DAY: Final = time.max
_MINUTES: Final = {Unit.WORKING_MINUTE: 1, Unit.WORKING_HOUR: 60}
_DAYS: Final = {Unit.DAY: 1, Unit.WEEK: 7}
_MONTHS: Final = {Unit.MONTH: 1, Unit.YEAR: 12}


@dataclass(frozen=True, slots=True)
class Day:
    """One local date; `reason` is why it is off or worked (周末, 国庆节, 国庆节调休上班), else empty."""

    date: date
    hours: Hours
    reason: str
    status: YearStatus

    @property
    def is_working(self) -> bool:
        return bool(self.hours)


@dataclass(frozen=True, slots=True)
class CountedSpan:
    """Working time that was counted, within one interval of one local date."""

    date: date
    start: datetime
    end: datetime
    reason: str
    status: YearStatus


@dataclass(frozen=True, slots=True)
class SkippedDay:
    """A whole local date on which nothing was counted, and why."""

    date: date
    reason: str
    status: YearStatus


@dataclass(frozen=True, slots=True)
class Spans:
    """The raw material of "explain this deadline": all working time, and all days without any, in order."""

    counted: tuple[CountedSpan, ...]
    skipped: tuple[SkippedDay, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar(WorkingHours):
    """Working hours with a name, and how official each year is; `digest` names exactly this content."""

    id: str
    title: str
    note: str = ""
    years: tuple[YearRecord, ...] = ()
    digest: str = field(init=False, compare=False)
    _statuses: dict[int, YearStatus] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        WorkingHours.__post_init__(self)
        object.__setattr__(self, "_statuses", {record.year: record.status for record in self.years})
        object.__setattr__(self, "digest", tagged_digest(CALENDAR_TAG, encode(self.to_data())))

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Calendar:
        """The calendar that `to_data` wrote. Raises `CalendarDataError` with the place of the first fault."""
        refuse_unknown_keys(data, _KEYS, "calendar")
        return cls(
            id=text_at(data, "calendar", "calendar"),
            title=text_at(data, "title", "calendar"),
            zone=text_at(data, "zone", "calendar"),
            note=text_at(data, "note", "calendar") if data.get("note") else "",
            week=parse_week(data.get("week"), "week"),
            years=parse_years(data.get("years", {})),
            overrides=parse_overrides(data.get("overrides", {})),
        )

    def to_data(self) -> dict[str, Any]:
        """Plain JSON values; the same content gives the same bytes and so the same `digest`."""
        return {
            "calendar": self.id,
            "title": self.title,
            "zone": self.zone,
            "note": self.note,
            "week": week_as_data(self.week),
            "years": years_as_data(self.years),
            "overrides": overrides_as_data(self.overrides),
        }

    def with_year(self, data: Mapping[str, Any]) -> Calendar:
        """This calendar with one year replaced by a notice: `{calendar, year, status, source, off, work}`."""
        calendar, record, days = parse_year(data)
        if calendar != self.id:
            raise CalendarDataError(
                f"属于另一日历：{calendar}", place="year.calendar", hint=f"这里是 {self.id}"
            )
        years = (*(y for y in self.years if y.year != record.year), record)
        others = (o for o in self.overrides if o.date.year != record.year)
        return replace(
            self, years=tuple(sorted(years, key=lambda y: y.year)), overrides=_sorted((*others, *days))
        )

    def with_overrides(self, overrides: Iterable[Override], *, id: str, title: str) -> Calendar:
        """A region's layer over this calendar: its dates win over the same dates here."""
        merged = {o.date: o for o in (*self.overrides, *overrides)}
        return replace(self, id=id, title=title, overrides=_sorted(merged.values()))

    def day(self, d: date) -> Day:
        return Day(d, self.hours(d), self._reason(d), self._status(d.year))

    def status(self, start: datetime, end: datetime) -> YearStatus:
        """The least reliable of the local years that the time from `start` to before `end` touches."""
        first = self._local(start).year
        last = self._local(max(start, end - _MICROSECOND)).year
        if first == last:
            return self._status(first)
        return max(
            (self._status(number) for number in range(first, last + 1)), key=lambda status: status.rank
        )

    def spans(self, start: datetime, end: datetime) -> Spans:
        """What was counted between the two instants, and which whole dates were skipped for which reason.

        A limit in working days counts from the next day: hand in the start of that day.
        """
        counted: list[CountedSpan] = []
        skipped: list[SkippedDay] = []
        for day in self._days_touched(start, end):
            if not day.is_working:
                skipped.append(SkippedDay(day.date, day.reason, day.status))
            for opens, closes in self._intervals(day.date):
                begin, until = max(opens, start).astimezone(UTC), min(closes, end).astimezone(UTC)
                if begin < until:
                    counted.append(CountedSpan(day.date, begin, until, day.reason, day.status))
        return Spans(tuple(counted), tuple(skipped))

    def limit_end(
        self, limit: Duration | FixedDate, start: datetime, *, same_moment: bool = False
    ) -> datetime:
        """When a limit that starts at `start` ends. Raises `BeyondCalendar` after the year 2100.

        - Working hours and minutes: when so much has been worked.
        - Working days: close of business of the n-th working day after the day of `start`, which does not
          count (民法典 第二百零一条). With `same_moment`, the wall time of `start` on that day, held within
          its hours; a start on a day off counts as the end of that day.
        - Days, weeks, months, years: counted from the next day; a month without that date gives its last
          day (第二百零二条); when that is off, the next working day; close of business (第二百零三条).
        - A fixed date (or the end of a quarter, a month) is the next one whose end is still ahead. It never moves to
          another day: the end is close of business, or 24:00 when the day is off.
        """
        if isinstance(limit, FixedDate):
            return self._fixed_date_end(limit, start)
        if minutes := _MINUTES.get(limit.unit):
            return self.add_working_time(start, timedelta(minutes=limit.amount * minutes))
        local = self._local(start)
        if limit.unit is not Unit.WORKING_DAY:
            year, index = self._nth_after(_moved(local.date(), limit) - ONE_DAY, 1)
            return year.closes[index]
        year, index = self._nth_after(local.date(), limit.amount)
        if not same_moment:
            return year.closes[index]
        wall = local.time() if self.is_working_day(local.date()) else _END_OF_DAY
        return self._moment_on(year.days[index], wall)

    def _fixed_date_end(self, limit: FixedDate, start: datetime) -> datetime:
        for number in count(self._local(start).year):
            ends = (self.end_of(_date_in(number, month, limit.day)) for month in limit.months)
            if ahead := next((end for end in ends if end > start), None):
                return ahead
        raise AssertionError  # the calendar refuses years without end

    def start_of(self, d: date) -> datetime:
        """Midnight at which a local day begins."""
        return self._at(d, 0)

    def end_of(self, d: date) -> datetime:
        """When a limit that names this very day ends: close of business, or 24:00 when the day is off."""
        if self.is_working_day(d):
            return self.close_of_business(d)
        midnight = self._at(d, 1440)
        self._local(midnight)  # refuses what lies beyond the calendar
        return midnight

    def _moment_on(self, d: date, wall: time) -> datetime:
        """The wall time on working day `d`; before all hours their start, in a gap the end before it."""
        wanted = datetime.combine(d, wall, self._zone).astimezone(UTC)
        intervals = list(self._intervals(d))
        begun = [closes for opens, closes in intervals if opens <= wanted]
        return min(wanted, begun[-1]) if begun else intervals[0][0]

    def _status(self, number: int) -> YearStatus:
        return self._statuses.get(number, YearStatus.MISSING)

    def _reason(self, d: date) -> str:
        if override := self._exceptions.get(d):
            return override.reason
        if self.is_working_day(d):
            return ""
        return "周末" if d.weekday() >= 5 else "非工作日"

    def _days_touched(self, start: datetime, end: datetime) -> Iterator[Day]:
        if end <= start:
            return
        d, last = self.local_date(start), self.local_date(end - _MICROSECOND)
        while d <= last:
            yield self.day(d)
            d += ONE_DAY


def _sorted(overrides: Iterable[Override]) -> tuple[Override, ...]:
    return tuple(sorted(overrides, key=lambda override: override.date))


def _moved(d: date, length: Duration) -> date:
    """`length` of calendar time after `d`; the end of the month where the date does not exist."""
    if length.unit in _MONTHS:
        month = d.year * 12 + d.month - 1 + length.amount * _MONTHS[length.unit]
        return _date_in(month // 12, month % 12 + 1, d.day)
    return d + timedelta(days=length.amount * _DAYS[length.unit])


def _date_in(year: int, month: int, day: int) -> date:
    return date(year, month, min(day, monthrange(year, month)[1]))

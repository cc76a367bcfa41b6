"""Read and write a calendar as data: hours, dated exceptions, years and where they were published.

Everything wrong is refused here with its place, so that `calendar.py` may trust what it counts on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from enum import StrEnum
from itertools import pairwise
from typing import Any, Final, Literal

from engine.errors import BihuanError

__all__ = [
    "FIRST_YEAR",
    "LAST_YEAR",
    "WEEKDAYS",
    "CalendarDataError",
    "Hours",
    "Override",
    "Week",
    "YearRecord",
    "YearStatus",
    "overrides_as_data",
    "parse_hours",
    "parse_overrides",
    "parse_week",
    "parse_year",
    "parse_years",
    "refuse_unknown_keys",
    "text_at",
    "week_as_data",
    "years_as_data",
]

FIRST_YEAR: Final = 2000
LAST_YEAR: Final = 2100
WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

Hours = tuple[tuple[int, int], ...]
"""Working intervals of one day: (from, to) in minutes after local midnight, sorted, apart from each other."""

Week = tuple[Hours, Hours, Hours, Hours, Hours, Hours, Hours]


class CalendarDataError(BihuanError, ValueError):
    """Raised when calendar data is not well formed; `place` says where, as in `overrides.2026-10-01`."""

    code, kind = "calendar_data", "invalid"

    def __init__(self, message: str, *, place: str, hint: str = "") -> None:
        super().__init__(f"{place}：{message}", hint=hint, place=place)
        self.place, self.detail = place, message


class YearStatus(StrEnum):
    """How far the days of a year can be relied on, best first."""

    OFFICIAL = "official"
    PROVISIONAL = "provisional"
    MISSING = "missing"

    @property
    def rank(self) -> int:
        return tuple(YearStatus).index(self)


@dataclass(frozen=True, slots=True)
class YearRecord:
    """Which document says what is off and worked in `year`."""

    year: int
    status: YearStatus
    source: str


@dataclass(frozen=True, slots=True)
class Override:
    """One date that differs from the week; worked without `hours`, it has an ordinary day's."""

    date: date
    kind: Literal["off", "work"]
    reason: str
    hours: Hours | None = None

    def __post_init__(self) -> None:
        if self.kind == "off" and self.hours is not None:
            raise CalendarDataError("休息日不能有工作时段", place=str(self.date), hint="上班请写 kind: work")


def parse_hours(value: Any, place: str) -> Hours:
    """`["09:00-12:00", "13:30-17:30"]` as minutes. Raises `CalendarDataError`."""
    if not isinstance(value, list | tuple):
        raise CalendarDataError("工作时段须为列表", place=place, hint='例如 ["09:00-12:00", "13:30-17:30"]')
    hours = tuple(_interval(item, f"{place}[{index}]") for index, item in enumerate(value))
    for index, ((begin, end), (after, _)) in enumerate(pairwise(hours), start=1):
        if after < begin:
            raise CalendarDataError("工作时段须按先后排列", place=f"{place}[{index}]")
        if after < end:
            raise CalendarDataError("工作时段重叠", place=f"{place}[{index}]")
    return hours


def parse_week(value: Any, place: str) -> Week:
    """The seven days by English name; a day left out is off. Refuses a week without any working time."""
    days = _mapping(value, place)
    refuse_unknown_keys(days, WEEKDAYS, place)
    hours = [parse_hours(days.get(name, ()), f"{place}.{name}") for name in WEEKDAYS]
    if not any(hours):
        raise CalendarDataError(
            "一周中没有工作时间", place=place, hint="没有工作时间的日历上，时限永远不会届满"
        )
    monday, tuesday, wednesday, thursday, friday, saturday, sunday = hours
    return (monday, tuesday, wednesday, thursday, friday, saturday, sunday)


def parse_overrides(value: Any, place: str = "overrides") -> tuple[Override, ...]:
    """`{"2026-10-10": {kind: work, reason: …, hours: […]}}` in the order of dates."""
    entries = _mapping(value, place).items()
    return tuple(
        sorted((_override(key, entry, f"{place}.{key}") for key, entry in entries), key=lambda o: o.date)
    )


def parse_years(value: Any, place: str = "years") -> tuple[YearRecord, ...]:
    """`{"2026": {status: official, source: …}}` in the order of years."""
    records = []
    for key, entry in _mapping(value, place).items():
        here = f"{place}.{key}"
        fields = _mapping(entry, here)
        refuse_unknown_keys(fields, ("status", "source"), here)
        records.append(YearRecord(_year(key, here), _status(fields, here), text_at(fields, "source", here)))
    return tuple(sorted(records, key=lambda record: record.year))


def parse_year(value: Any, place: str = "year") -> tuple[str, YearRecord, tuple[Override, ...]]:
    """A file of one year, as copied from a notice: the calendar's id, the record, the days off and worked.

    `{calendar, year, status, source, off: {date: reason}, work: {date: reason}}`, all dates in that year.
    """
    data = _mapping(value, place)
    refuse_unknown_keys(data, ("calendar", "year", "status", "source", "off", "work"), place)
    year = _year(data.get("year"), f"{place}.year")
    record = YearRecord(year, _status(data, place), text_at(data, "source", place))
    off = _reasons(data.get("off", {}), "off", year, f"{place}.off")
    work = _reasons(data.get("work", {}), "work", year, f"{place}.work")
    if both := {o.date for o in off} & {o.date for o in work}:
        raise CalendarDataError("同一天既放假又上班", place=f"{place}.work.{min(both)}")
    days = tuple(sorted((*off, *work), key=lambda o: o.date))
    return text_at(data, "calendar", place), record, days


def week_as_data(week: Week) -> dict[str, list[str]]:
    return {name: _hours_as_data(hours) for name, hours in zip(WEEKDAYS, week, strict=True)}


def overrides_as_data(overrides: Iterable[Override]) -> dict[str, dict[str, Any]]:
    return {
        str(o.date): {"kind": o.kind, "reason": o.reason}
        | ({} if o.hours is None else {"hours": _hours_as_data(o.hours)})
        for o in overrides
    }


def years_as_data(years: Iterable[YearRecord]) -> dict[str, dict[str, str]]:
    return {str(y.year): {"status": y.status.value, "source": y.source} for y in years}


def refuse_unknown_keys(data: Mapping[str, Any], known: Iterable[str], place: str) -> None:
    names = tuple(known)
    for key in data:
        if key not in names:
            near = get_close_matches(str(key), names, n=1)
            hint = f"是不是 {near[0]}？" if near else f"可用的键：{'、'.join(names)}"
            raise CalendarDataError(f"不认识的键 {key}", place=place, hint=hint)


def text_at(data: Mapping[str, Any], key: str, place: str) -> str:
    text = data.get(key)
    if not isinstance(text, str) or not text.strip():
        raise CalendarDataError("缺少文字，或不是文字", place=f"{place}.{key}")
    return text


_CLOCK: Final = re.compile(r"([0-9]{2}):([0-9]{2})-([0-9]{2}):([0-9]{2})")


def _interval(value: Any, place: str) -> tuple[int, int]:
    found = _CLOCK.fullmatch(value) if isinstance(value, str) else None
    if not found:
        raise CalendarDataError(f"看不懂的工作时段：{value}", place=place, hint="例如 09:00-12:00")
    from_hour, from_minute, to_hour, to_minute = map(int, found.groups())
    begin, end = from_hour * 60 + from_minute, to_hour * 60 + to_minute
    if from_minute > 59 or to_minute > 59 or end > 1440:
        raise CalendarDataError(f"没有这个时刻：{value}", place=place, hint="一天到 24:00 为止")
    if begin >= end:
        raise CalendarDataError(f"结束须晚于开始：{value}", place=place)
    return begin, end


def _hours_as_data(hours: Hours) -> list[str]:
    return [f"{a // 60:02}:{a % 60:02}-{b // 60:02}:{b % 60:02}" for a, b in hours]


def _override(key: Any, value: Any, place: str) -> Override:
    day, fields = _date(key, place), _mapping(value, place)
    refuse_unknown_keys(fields, ("kind", "reason", "hours"), place)
    kind: Literal["off", "work"]
    match fields.get("kind"):
        case "off":
            kind = "off"
        case "work":
            kind = "work"
        case other:
            raise CalendarDataError(f"kind 须为 off 或 work：{other}", place=place)
    hours = parse_hours(fields["hours"], f"{place}.hours") if "hours" in fields else None
    if hours == ():
        raise CalendarDataError("上班日没有工作时段", place=place, hint="全天休息请写 kind: off")
    return Override(day, kind, text_at(fields, "reason", place), hours)


def _reasons(value: Any, kind: Literal["off", "work"], year: int, place: str) -> tuple[Override, ...]:
    reasons = _mapping(value, place)
    days = [Override(_date(key, f"{place}.{key}"), kind, text_at(reasons, key, place)) for key in reasons]
    for day in days:
        if day.date.year != year:
            raise CalendarDataError(
                f"不是{year}年的日期", place=f"{place}.{day.date}", hint="每个文件只写一年"
            )
    return tuple(days)


def _date(value: Any, place: str) -> date:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        try:
            day = date.fromisoformat(value)
        except ValueError as error:
            raise CalendarDataError("没有这一天", place=place) from error
        _year(day.year, place)
        return day
    raise CalendarDataError("日期须写作文字 2026-10-01", place=place)


def _year(value: Any, place: str) -> int:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{4}", value):
        value = int(value)
    if type(value) is not int or not FIRST_YEAR <= value <= LAST_YEAR:
        raise CalendarDataError(f"年份须在{FIRST_YEAR}到{LAST_YEAR}之间：{value}", place=place)
    return value


def _status(data: Mapping[str, Any], place: str) -> YearStatus:
    status = data.get("status")
    if status not in ("official", "provisional"):
        raise CalendarDataError(f"status 须为 official 或 provisional：{status}", place=f"{place}.status")
    return YearStatus(status)


def _mapping(value: Any, place: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise CalendarDataError("须为键值表", place=place)
    return value

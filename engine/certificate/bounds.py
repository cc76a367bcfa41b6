"""The bounds that a certificate states, each with the path that takes it, in words and in days of the real calendar."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from engine.calendar import BeyondCalendar, Calendar, YearStatus
from engine.certificate.escalation import Legs, Silence
from engine.certificate.lateness import Endless, LastMoment, TooMany
from engine.certificate.lengths import words_zh

YEARS_AHEAD: Final = 3
_LATE: Final = time(23, 59)  # after hours: the working hours of that day no longer count


@dataclass(frozen=True, slots=True)
class CalendarBound:
    """The longest that the bound takes in days, over every day on which it may begin; `status` of those years."""

    days: int
    starts: date
    ends: date
    status: YearStatus

    def as_data(self) -> dict[str, Any]:
        return {
            "days": self.days,
            "ends": self.ends.isoformat(),
            "starts": self.starts.isoformat(),
            "status": str(self.status),
        }


@dataclass(frozen=True, slots=True)
class Bound:
    """`why_not`: why there is none, as a sentence; empty if there is. `calendar` is None where no calendar was given."""

    legs: Legs = ()
    why_not: str = ""
    calendar: CalendarBound | None = None

    @property
    def is_known(self) -> bool:
        return not self.why_not

    @property
    def words(self) -> str:
        return self.why_not or words_zh(part for leg in self.legs for part in leg.parts)

    def as_data(self) -> dict[str, Any]:
        legs = [
            {
                "chart": leg.chart,
                "lengths": [part.length.words for part in leg.parts],
                "state": leg.state,
                "title": leg.title,
                "until": leg.until,
            }
            for leg in self.legs
        ]
        calendar = self.calendar.as_data() if self.calendar else None
        return {"calendar": calendar, "known": self.is_known, "path": legs, "words": self.words}


@dataclass(frozen=True, slots=True)
class Bounds:
    """`nobody_acts`: until someone accountable holds the case or it ends, from wherever it is. `last_moment`: one round,
    everybody as late as allowed, all counts, extensions and pauses used up."""

    nobody_acts: Bound
    last_moment: Bound

    def as_data(self) -> dict[str, Any]:
        return {"last_moment": self.last_moment.as_data(), "nobody_acts": self.nobody_acts.as_data()}


def bounds(silence: Silence, late: LastMoment, *, calendar: Calendar | None, today: date) -> Bounds:
    worst = silence.worst
    if worst is None:
        nobody = Bound(why_not="无上限：有环节超期后到不了最终负责人")
    else:
        nobody = Bound(worst, calendar=_in_days(worst, calendar, today))
    return Bounds(nobody, _attempted(lambda: late.worst, calendar, today))


def _attempted(find: Callable[[], Legs], calendar: Calendar | None, today: date) -> Bound:
    try:
        legs = find()
    except Endless:
        return Bound(why_not="无上限：可以无限循环")
    except TooMany:
        return Bound(why_not="未计算：次数的组合过多")
    return Bound(legs, calendar=_in_days(legs, calendar, today))


def _in_days(legs: Legs, calendar: Calendar | None, today: date) -> CalendarBound | None:
    if calendar is None:
        return None
    zone = ZoneInfo(calendar.zone)
    worst: CalendarBound | None = None
    day, last = today, today.replace(year=today.year + YEARS_AHEAD, day=min(today.day, 28))
    while day < last:
        begun = datetime.combine(day, _LATE, zone)
        try:
            ended = _walked(legs, begun, calendar)
        except BeyondCalendar:
            break
        ends = ended.astimezone(zone).date()
        if worst is None or (ends - day).days > worst.days:
            worst = CalendarBound((ends - day).days, day, ends, calendar.status(begun, ended))
        day += timedelta(days=1)
    return worst


def _walked(legs: Legs, begun: datetime, calendar: Calendar) -> datetime:
    """When the path ends: each limit begins where the one before it ended."""
    moment = begun
    for leg in legs:
        for part in leg.parts:
            moment = calendar.limit_end(part.length, moment, same_moment=part.same_moment)
    return moment

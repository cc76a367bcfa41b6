"""The period of a report: a day, a month, a quarter, a half-year or a year, with its first and last day."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date

from engine.errors import BihuanError

__all__ = ["Period", "UnknownPeriod", "parse_period"]

_WORDS = re.compile(
    r"(?P<year>20\d\d)(?:-(?:Q(?P<quarter>[1-4])|H(?P<half>[12])|(?P<month>0[1-9]|1[0-2])(?:-(?P<day>[0-3]\d))?))?",
    re.ASCII,
)


class UnknownPeriod(BihuanError):
    """Raised when the words of a period cannot be read, or a report has no such period."""

    code, kind = "unknown_period", "invalid"


@dataclass(frozen=True, slots=True)
class Period:
    """`words` as people write it (`2026-03`); both days are included."""

    words: str
    title: str
    first: date
    last: date

    def __contains__(self, day: date | None) -> bool:
        return day is not None and self.first <= day <= self.last

    @property
    def year(self) -> int:
        return self.first.year


def parse_period(words: str) -> Period:
    """The period of its words: 2026, 2026-H1, 2026-Q1, 2026-03 or 2026-03-05. Errors: `UnknownPeriod`."""
    found = _WORDS.fullmatch(words.strip())
    try:
        if found:
            return _period(**found.groupdict())
    except ValueError:
        pass  # 30 February
    raise UnknownPeriod(
        f"看不懂的期间：{words[:40]}", hint="写法：2026、2026-H1、2026-Q1、2026-03、2026-03-05"
    )


def _period(
    *, year: str, quarter: str | None, half: str | None, month: str | None, day: str | None
) -> Period:
    if day:
        only = date(int(year), int(month or 0), int(day))
        return Period(f"{year}-{month}-{day}", f"{year}年{only.month}月{only.day}日", only, only)
    if month:
        return _months(year, f"-{month}", f"{int(month)}月", int(month), 1)
    if quarter:
        return _months(year, f"-Q{quarter}", f"第{'一二三四'[int(quarter) - 1]}季度", 3 * int(quarter) - 2, 3)
    if half:
        return _months(year, f"-H{half}", "上半年" if half == "1" else "下半年", 6 * int(half) - 5, 6)
    return _months(year, "", "", 1, 12)


def _months(year: str, tail: str, title: str, first: int, count: int) -> Period:
    last = first + count - 1
    end = date(int(year), last, calendar.monthrange(int(year), last)[1])
    return Period(
        f"{year}{tail}", f"{year}年{title}" if title else f"{year}年度", date(int(year), first, 1), end
    )

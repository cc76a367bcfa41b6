"""Months, quarters, half-years and years as values: `2026-03`, `2026-Q1`, `2026-H1`, `2026`.

Calendar periods of local days, never shifted for holidays. What is due in one is left to `obligations.py`.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from engine.errors import BihuanError

__all__ = ["Every", "Period", "PeriodUnreadable", "containing", "parse_period", "walk"]

Every = Literal["month", "quarter", "half-year", "year"]

_MONTHS: Final[dict[Every, int]] = {"month": 1, "quarter": 3, "half-year": 6, "year": 12}
_WORDS: Final = re.compile(
    r"(?P<year>[0-9]{4})(?:-(?:(?P<month>0[1-9]|1[0-2])|Q(?P<quarter>[1-4])|H(?P<half>[12])))?", re.ASCII
)


class PeriodUnreadable(BihuanError, ValueError):
    """Raised when words are not a period."""

    code, kind = "period_unreadable", "invalid"


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """The `n`-th period (from 1) of its kind in a year; `n` of a year is 1."""

    year: int
    every: Every
    n: int = 1

    @property
    def first(self) -> date:
        return date(self.year, self._first_month, 1)

    @property
    def last(self) -> date:
        month = self._first_month + _MONTHS[self.every] - 1
        return date(self.year, month, monthrange(self.year, month)[1])

    @property
    def next(self) -> Period:
        return self._shifted(1)

    @property
    def previous(self) -> Period:
        return self._shifted(-1)

    @property
    def zh(self) -> str:
        """`2026年3月`, `2026年第1季度`, `2026年上半年`, `2026年`."""
        if self.every == "month":
            return f"{self.year}年{self.n}月"
        if self.every == "quarter":
            return f"{self.year}年第{self.n}季度"
        if self.every == "half-year":
            return f"{self.year}年{'上' if self.n == 1 else '下'}半年"
        return f"{self.year}年"

    def contains(self, day: date) -> bool:
        return self.first <= day <= self.last

    def covers(self, other: Period) -> bool:
        """Whether the other lies within this one, or is it."""
        return self.first <= other.first and other.last <= self.last

    def parts(self, every: Every) -> tuple[Period, ...]:
        """The periods of that kind that lie within this one, in order."""
        return tuple(part for part in walk(every, self.first, self.last) if self.covers(part))

    def __str__(self) -> str:
        if self.every == "month":
            return f"{self.year:04d}-{self.n:02d}"
        mark = {"quarter": f"-Q{self.n}", "half-year": f"-H{self.n}", "year": ""}[self.every]
        return f"{self.year:04d}{mark}"

    @property
    def _first_month(self) -> int:
        return (self.n - 1) * _MONTHS[self.every] + 1

    def _shifted(self, by: int) -> Period:
        each = 12 // _MONTHS[self.every]
        years, n = divmod(self.n - 1 + by, each)
        return Period(self.year + years, self.every, n + 1)


def parse_period(words: str) -> Period:
    """The period of its words, as `str` writes them. Raises `PeriodUnreadable`."""
    found = _WORDS.fullmatch(words)
    if not found or not 1 <= int(found["year"]) <= 9998:
        raise PeriodUnreadable(f"看不懂的时期：{words[:40]}", hint="例如 2026、2026-H1、2026-Q1、2026-03")
    year = int(found["year"])
    if found["month"]:
        return Period(year, "month", int(found["month"]))
    if found["quarter"]:
        return Period(year, "quarter", int(found["quarter"]))
    if found["half"]:
        return Period(year, "half-year", int(found["half"]))
    return Period(year, "year")


def containing(every: Every, day: date) -> Period:
    """The period of that kind in which a local day lies."""
    return Period(day.year, every, (day.month - 1) // _MONTHS[every] + 1)


def walk(every: Every, first: date, last: date) -> Iterator[Period]:
    """The periods from the one that contains `first` to the one that contains `last`."""
    here, end = containing(every, first), containing(every, last)
    while here.first <= end.first:
        yield here
        here = here.next

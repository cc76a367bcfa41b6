"""Values in the words of an office: days, moments, 万元 and per cent."""

from __future__ import annotations

from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from adapters.reports.model import Kind, Value
from engine.calendar import Calendar

__all__ = ["NUMERALS", "day_words", "local", "moment_words", "text_of"]

NUMERALS = [
    "一",
    "二",
    "三",
    "四",
    "五",
    "六",
    "七",
    "八",
    "九",
    "十",
    "十一",
    "十二",
    "十三",
    "十四",
    "十五",
]
_FEN_IN_WAN = 1_000_000
NOTHING = "—"


def local(moment: datetime, calendar: Calendar) -> datetime:
    return moment.astimezone(ZoneInfo(calendar.zone))


def day_words(day: date | None) -> str:
    return f"{day.year}年{day.month}月{day.day}日" if day else ""


def moment_words(moment: datetime, calendar: Calendar) -> str:
    here = local(moment, calendar)
    return f"{day_words(here.date())}{here:%H:%M}"


def text_of(value: Value, kind: Kind, calendar: Calendar) -> str:
    """A cell as text, as it stands in a letter; nothing known is a dash in columns of numbers."""
    if value is None:
        return "" if kind in (Kind.TEXT, Kind.DATE, Kind.MOMENT) else NOTHING
    if isinstance(value, datetime):
        return moment_words(value, calendar)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return value
    return _number(value, kind)


def _number(value: int | Fraction, kind: Kind) -> str:
    if kind is Kind.PERCENT:
        return "100%" if value == 1 else f"{_rounded(Fraction(value) * 100, '0.1')}%"
    if kind is Kind.MONEY:
        return f"{_rounded(Fraction(value, _FEN_IN_WAN), '0.01'):,}"
    if kind is Kind.RATIO:
        return f"{_rounded(Fraction(value), '0.01'):,}"
    if isinstance(value, Fraction) and value.denominator != 1:
        return f"{_rounded(value, '0.1'):,}"
    return f"{int(value):,}"


def _rounded(value: Fraction, to: str) -> Decimal:
    return (Decimal(value.numerator) / Decimal(value.denominator)).quantize(Decimal(to), ROUND_HALF_UP)

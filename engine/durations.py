"""A limit written in words: `3 working days`, `2个月`, `until 31 January`, `20% before`.

Pure vocabulary: what a length of time means on a given day is said by `calendar.py`. ISO 8601 has no working
day, so its spelling is refused rather than guessed at.
"""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from functools import lru_cache
from typing import Final, Literal

from engine.errors import BihuanError

__all__ = [
    "MAX_DAYS",
    "MONTH_END",
    "QUARTER_END",
    "Duration",
    "DurationError",
    "FixedDate",
    "Offset",
    "Share",
    "Unit",
    "is_longer",
    "parse_duration",
    "parse_limit",
    "parse_offset",
    "plus",
    "same_kind",
]

MAX_DAYS: Final = 3_660  # ten years: longer is a slip of the pen, not a limit


class Unit(StrEnum):
    """What is counted; the value is the canonical English singular."""

    WORKING_MINUTE = "working minute"
    WORKING_HOUR = "working hour"
    WORKING_DAY = "working day"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


_ZH: Final = {
    Unit.WORKING_MINUTE: "个工作分钟",
    Unit.WORKING_HOUR: "个工作小时",
    Unit.WORKING_DAY: "个工作日",
    Unit.DAY: "天",
    Unit.WEEK: "周",
    Unit.MONTH: "个月",
    Unit.YEAR: "年",
}
_CHINESE: Final = {
    "工作分钟": Unit.WORKING_MINUTE,
    "工作小时": Unit.WORKING_HOUR,
    "工作日": Unit.WORKING_DAY,
    "天": Unit.DAY,
    "日": Unit.DAY,
    "自然日": Unit.DAY,
    "周": Unit.WEEK,
    "星期": Unit.WEEK,
    "月": Unit.MONTH,
    "年": Unit.YEAR,
}
_MEASURES: Final = {**{f"个{name}": unit for name, unit in _CHINESE.items()}, **_CHINESE}
# 3月 is March and 3个月 are three months; 个天, 个日, 个周 and 个年 are not Chinese.
for _not_said in ("月", "个天", "个日", "个周", "个年"):
    del _MEASURES[_not_said]
_ENGLISH: Final = {name: unit for unit in Unit for name in (unit.value, f"{unit.value}s")}

# Of each unit at most ten years; a working day is taken as eight hours here.
_MOST: Final = {
    Unit.WORKING_MINUTE: MAX_DAYS * 480,
    Unit.WORKING_HOUR: MAX_DAYS * 8,
    Unit.WORKING_DAY: MAX_DAYS,
    Unit.DAY: MAX_DAYS,
    Unit.WEEK: MAX_DAYS // 7,
    Unit.MONTH: 120,
    Unit.YEAR: 10,
}
_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


class DurationError(BihuanError, ValueError):
    """Raised when words are not a length of time, or two lengths do not add up; `code` says which."""

    code, kind = "duration_unreadable", "invalid"


class IsoDuration(DurationError):
    """Raised for `P1D` and its like."""

    code = "duration_iso8601"


class UnitMissing(DurationError):
    """Raised for a bare number: 3 of what?"""

    code = "duration_without_unit"


class NotPositive(DurationError):
    """Raised for zero and for negative lengths."""

    code = "duration_not_positive"


class ClockNotation(DurationError):
    """Raised for `1:30`, which one reader takes for hours and another for minutes."""

    code = "duration_clock_notation"


class NotWhole(DurationError):
    """Raised for 1.5 days; a smaller unit says it without a fraction."""

    code = "duration_not_whole"


class TooLong(DurationError):
    """Raised for more than ten years."""

    code = "duration_too_long"


class UnknownUnit(DurationError):
    """Raised for a number with a unit that is not counted here."""

    code = "duration_unknown_unit"


class NoSuchDate(DurationError):
    """Raised for 31 February."""

    code = "duration_no_such_date"


class UnitsDiffer(DurationError):
    """Raised when a limit is extended by a length of another unit."""

    code = "duration_units_differ"


@dataclass(frozen=True, slots=True)
class Duration:
    """`amount` of `unit`, from 1 to about ten years."""

    amount: int
    unit: Unit

    def __post_init__(self) -> None:
        if self.amount < 1:
            raise NotPositive(f"时限须大于零：{self.amount}", hint="例如 1 working day 或 1个工作日")
        if self.amount > _MOST[self.unit]:
            raise TooLong(
                f"时限超过 {MAX_DAYS} 天：{self.words}", hint=f"最长 {_MOST[self.unit]} {self.unit}s"
            )

    @property
    def words(self) -> str:
        """The canonical spelling; `parse_limit` reads it back."""
        return f"{self.amount} {self.unit}{'' if self.amount == 1 else 's'}"

    @property
    def zh(self) -> str:
        return f"{self.amount}{_ZH[self.unit]}"

    def __str__(self) -> str:
        return self.words


@dataclass(frozen=True, slots=True)
class FixedDate:
    """The same date every year; 29 February is the last day of February in the years between.

    `every` 3 or 1: not the year's date but the end of each quarter, or of each month (`QUARTER_END`, `MONTH_END`).
    """

    month: int
    day: int
    every: Literal[12, 3, 1] = 12

    def __post_init__(self) -> None:
        if not (1 <= self.month <= 12 and 1 <= self.day <= monthrange(2000, self.month)[1]):
            raise NoSuchDate(
                f"没有这一天：{self.month}月{self.day}日", hint="例如 until 31 January 或 1月31日前"
            )

    @property
    def words(self) -> str:
        return _PERIOD_WORDS.get(self.every) or f"until {self.day} {_MONTHS[self.month - 1]}"

    @property
    def zh(self) -> str:
        return _PERIOD_ZH.get(self.every) or f"{self.month}月{self.day}日前"

    @property
    def months(self) -> tuple[int, ...]:
        """The months of a year in which it comes, the earliest first."""
        return (self.month,) if self.every == 12 else tuple(range(self.every, 13, self.every))

    def __str__(self) -> str:
        return self.words


_PERIOD_WORDS: Final[dict[int, str]] = {3: "until quarter end", 1: "until month end"}
_PERIOD_ZH: Final[dict[int, str]] = {3: "季度末前", 1: "月底前"}
QUARTER_END: Final = FixedDate(12, 31, every=3)
MONTH_END: Final = FixedDate(12, 31, every=1)


@dataclass(frozen=True, slots=True)
class Share:
    """`percent` of the limit itself, from 1 to 99."""

    percent: int

    def __post_init__(self) -> None:
        if not 1 <= self.percent <= 99:
            raise DurationError(
                f"百分比须在 1% 到 99% 之间：{self.percent}%", hint="例如 20% before 或 提前20%"
            )

    @property
    def words(self) -> str:
        return f"{self.percent}%"

    @property
    def zh(self) -> str:
        return f"{self.percent}%"

    def __str__(self) -> str:
        return self.words


Offset = Duration | Share


@lru_cache(maxsize=1024)
def parse_limit(text: str) -> Duration | FixedDate:
    """`3 working days`, `3个工作日`, `until 31 January`, `1月31日前`. Raises a `DurationError`."""
    return _fixed_date(_tidy(text)) or parse_duration(text)


@lru_cache(maxsize=1024)
def parse_duration(text: str) -> Duration:
    """A length alone, without fixed dates. Raises a `DurationError`."""
    tidy = _tidy(text)
    _refuse_traps(tidy)
    if not (found := _AMOUNT.fullmatch(tidy)):
        raise DurationError(f"看不懂的时限：{_clip(text)}", hint=_EXAMPLES)
    unit = _unit(found["unit"])
    if unit is None:
        raise UnknownUnit(f"不认识的时间单位：{_clip(found['unit'])}", hint=_near_unit(found["unit"]))
    if len(found["amount"]) > 9:
        raise TooLong(f"时限超过 {MAX_DAYS} 天", hint=_EXAMPLES)
    return Duration(int(found["amount"]), unit)


def parse_offset(text: str) -> Offset:
    """How long before the end a reminder comes: `2 working days before`, `提前2个工作日`, `20% before`."""
    tidy = _tidy(text)
    if not (found := _BEFORE.fullmatch(tidy)):
        raise DurationError(
            f"看不懂的提前量：{_clip(text)}", hint="例如 2 working days before、20% before、提前2个工作日"
        )
    length = found["after"] or found["zh"]
    if share := _SHARE.fullmatch(length):
        return Share(int(share["percent"]))
    return parse_duration(length)


def same_kind(a: Duration, b: Duration) -> bool:
    """Whether the two can be added: the same unit, or working hours and working minutes."""
    return a.unit == b.unit or {a.unit, b.unit} <= _MINUTES.keys()


def is_longer(a: Duration, b: Duration) -> bool:
    """Whether `a` is more than `b`. Raises `UnitsDiffer` where the two cannot be compared."""
    if not same_kind(a, b):
        raise UnitsDiffer(f"不能比较：{a.zh}与{b.zh}", hint="请用同一单位")
    weight = _MINUTES if a.unit != b.unit else {a.unit: 1}
    return a.amount * weight[a.unit] > b.amount * weight[b.unit]


def plus(a: Duration, b: Duration) -> Duration:
    """One limit extended by another; hours and minutes meet in minutes. Raises `UnitsDiffer` or `TooLong`."""
    if a.unit == b.unit:
        return Duration(a.amount + b.amount, a.unit)
    if not same_kind(a, b):
        raise UnitsDiffer(
            f"不能相加：{a.zh}与{b.zh}", hint=f"延期请用同一单位，例如 {Duration(b.amount, a.unit).words}"
        )
    minutes = sum(part.amount * _MINUTES[part.unit] for part in (a, b))
    return Duration(minutes, Unit.WORKING_MINUTE)


_MINUTES: Final = {Unit.WORKING_MINUTE: 1, Unit.WORKING_HOUR: 60}
_EXAMPLES: Final = (
    "例如 3 working days、3个工作日、4 working hours、20 days、2 months、until 31 January、until quarter end"
)
_AMOUNT: Final = re.compile(r"(?P<amount>[0-9]+) ?(?P<unit>\D.*)")
_BEFORE: Final = re.compile(r"(?P<after>.+) before|(?:到期前|提前) ?(?P<zh>.+)", re.IGNORECASE)
_SHARE: Final = re.compile(r"(?P<percent>[0-9]{1,3}) ?%")
_UNTIL: Final = re.compile(
    r"until (?:(?P<day>[0-9]{1,2}) (?P<month>[a-z]+)|(?P<name>[a-z]+) (?P<d>[0-9]{1,2}))", re.IGNORECASE
)
_UNTIL_ZH: Final = re.compile(r"(?P<month>[0-9]{1,2}) ?月 ?(?P<day>[0-9]{1,2}) ?日(?:前|之前|以前)")

_TRAPS: Final[tuple[tuple[re.Pattern[str], type[DurationError], str, str], ...]] = (
    (
        re.compile(r"[+-]?P(?:T?[0-9].*)?", re.IGNORECASE),
        IsoDuration,
        "不接受 ISO 8601 时长",
        "ISO 8601 没有工作日，P1D 分不清是工作日还是自然日；请写 1 working day 或 1 day",
    ),
    (
        re.compile(r"[0-9]+:[0-9:]+.*"),
        ClockNotation,
        "不接受冒号写法",
        "1:30 分不清是小时还是分钟；请写 90 working minutes 或 90个工作分钟",
    ),
    (
        re.compile(r"[+]?[0-9]+"),
        UnitMissing,
        "只有数字，没有单位",
        "请写明单位，例如 3 working days 或 3个工作日",
    ),
    (re.compile(r"[0-9]+[.,/][0-9]+.*"), NotWhole, "时限须为整数", "请用更小的单位，例如 12 working hours"),
    (re.compile(r"[-−] ?[0-9].*|0+ ?\D.*|-?0+"), NotPositive, "时限须大于零", _EXAMPLES),
    (
        re.compile(r"[〇零一二两三四五六七八九十百半].*"),
        DurationError,
        "数目请用阿拉伯数字",
        "例如 3个工作日",
    ),
)


def _tidy(text: str) -> str:
    """One spelling for full-width digits, signs and spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).split())


def _clip(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:40]}…"


def _refuse_traps(tidy: str) -> None:
    for pattern, error, sentence, hint in _TRAPS:
        if pattern.fullmatch(tidy):
            raise error(f"{sentence}：{_clip(tidy)}", hint=hint)


def _unit(name: str) -> Unit | None:
    return _MEASURES.get(name) or _ENGLISH.get(name.lower())


def _near_unit(name: str) -> str:
    """The unit that was probably meant, else all of them."""
    if f"working {name.lower()}" in _ENGLISH:
        return f"只按工作时间计算：请写 working {name.lower()}"
    if name in ("小时", "个小时", "分钟", "个分钟"):
        return f"只按工作时间计算：请写 个工作{name.removeprefix('个')}"
    near = get_close_matches(name.lower(), _known_units(), n=1)
    return f"是不是 {near[0]}？" if near else f"可用的单位：{'、'.join(f'{unit}s' for unit in Unit)}"


def _known_units() -> Iterable[str]:
    return (*_ENGLISH, *_MEASURES)


def _fixed_date(tidy: str) -> FixedDate | None:
    for period in (QUARTER_END, MONTH_END):
        if tidy.lower() in (period.words, period.zh):
            return period
    if found := _UNTIL_ZH.fullmatch(tidy):
        return FixedDate(int(found["month"]), int(found["day"]))
    if not (found := _UNTIL.fullmatch(tidy)):
        return None
    name = found["month"] or found["name"]
    if name.capitalize() not in _MONTHS:
        raise NoSuchDate(f"没有这个月份：{name}", hint="例如 until 31 January")
    return FixedDate(_MONTHS.index(name.capitalize()) + 1, int(found["day"] or found["d"]))

"""Whether a figure can be what the programme says it is: its type, its year, its options. Every fault is named at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final

from engine.canonical import INTEGER_LIMIT
from engine.errors import Blocker, InvalidData
from engine.programme.facts import FactSpec, FactType
from engine.subjects import TIMELESS, Observation, Value

__all__ = ["InvalidFacts", "check_observation", "faults", "split_by_year"]

FIRST_YEAR: Final = 1990
_MOST_CHARACTERS: Final = 400
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_KINDS: Final = {
    FactType.MONEY: "金额（整数，单位分）",
    FactType.INTEGER: "整数",
    FactType.BOOLEAN: "是或否",
    FactType.DATE: "日期，例如 2026-03-01",
    FactType.TEXT: f"1 至 {_MOST_CHARACTERS} 个字的文字",
    FactType.CHOICE: "所列选项之一",
}


class InvalidFacts(InvalidData):
    """Raised when figures do not fit what the programme says of them; the blockers name each fact."""

    code = "invalid_facts"


def check_observation(specs: Mapping[str, FactSpec], observation: Observation, today: date) -> None:
    """Errors: `InvalidFacts`."""
    found = list(faults(specs, observation, today))
    if found:
        raise InvalidFacts(
            f"{observation.subject} 的数据有误",
            reasons=found,
            hint="逐项改正后再次提交",
            subject=observation.subject,
        )


def faults(specs: Mapping[str, FactSpec], observation: Observation, today: date) -> Iterator[Blocker]:
    year = observation.year
    if not observation.facts:
        yield _fault("facts", "没有任何指标", "no_facts")
    if observation.vintage > today:
        yield _fault("vintage", f"数据日期 {observation.vintage} 晚于今天", "future_vintage")
    if year != TIMELESS and not FIRST_YEAR <= year <= observation.vintage.year:
        yield _fault("year", f"年度 {year} 须在 {FIRST_YEAR} 年以后、数据日期所在年以前", "bad_year")
    for name, value in observation.facts.items():
        spec = specs.get(name)
        if spec is None:
            yield _fault(name, f"没有“{name}”这个指标", "unknown_fact")
        elif reason := _fault_of(spec, value, year):
            yield _fault(name, f"“{spec.title}”{reason}", "bad_fact")


def split_by_year(
    specs: Mapping[str, FactSpec], facts: Mapping[str, Value], year: int
) -> dict[int, dict[str, Value]]:
    """The facts of a year apart from those that belong to none, as observations need them; unknown ones stay with the year."""
    parts: dict[int, dict[str, Value]] = {}
    for name, value in facts.items():
        spec = specs.get(name)
        parts.setdefault(TIMELESS if spec and not spec.yearly else year, {})[name] = value
    return parts


def _fault_of(spec: FactSpec, value: Value, year: int) -> str:
    """Why the value cannot be this fact, as the end of a sentence that begins with its title."""
    if spec.yearly and year == TIMELESS:
        return "是年度指标，须写年度"
    if not spec.yearly and year != TIMELESS:
        return "不分年度，不应写年度"
    if spec.type is FactType.CHOICE:
        return "" if value in spec.options else f"应为：{'、'.join(map(str, spec.options.values()))}"
    return "" if _fits(spec.type, value) else f"应为{_KINDS[spec.type]}，现为 {value!r}"[:200]


def _fits(kind: FactType, value: Any) -> bool:
    if kind in (FactType.MONEY, FactType.INTEGER):
        return type(value) is int and abs(value) <= INTEGER_LIMIT
    if kind is FactType.BOOLEAN:
        return type(value) is bool
    if not isinstance(value, str):
        return False
    if kind is FactType.DATE:
        return _is_day(value)
    return 0 < len(value) <= _MOST_CHARACTERS and not _CONTROL.search(value)


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text and "1900" <= text < "2200"
    except ValueError:
        return False


def _fault(fact: str, message: str, code: str) -> Blocker:
    return Blocker(code, message, {"fact": fact})

"""Subjects as rules see them, in one line: `a_profile(staff=500)` knows the staff of 2025 and nothing else."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import cache

from engine.directory import SubjectId
from engine.programme.judging import Judge
from engine.programme.loading import ProgrammeSource, load_programme
from engine.subjects import TIMELESS, Known, Profile, Value
from workflows import programme

YEAR = 2025
TODAY = date(2026, 3, 2)
YUAN = 100  # fen
WAN = 10_000 * YUAN


@cache
def shipped_programme() -> ProgrammeSource:
    name, data = programme()
    return load_programme(data, name=name)


@cache
def judge() -> Judge:
    return Judge(shipped_programme().programme)


def known(value: Value, year: int = YEAR) -> Known:
    moment = datetime(2026, 2, 1, tzinfo=UTC)
    return Known(value, "示例", date(2026, 1, 31), True, "p-1", moment)


def a_profile(
    *,
    region: str = "340104",
    lists: tuple[str, ...] = (),
    years: dict[int, dict[str, Value]] | None = None,
    **facts: Value,
) -> Profile:
    """`facts` are of 2025 (yearly ones) or of no year; `years` adds those of other years."""
    specs = shipped_programme().programme.facts
    here = {(name, YEAR if specs[name].yearly else TIMELESS): known(value) for name, value in facts.items()}
    more = {(n, year): known(v, year) for year, values in (years or {}).items() for n, v in values.items()}
    return Profile(SubjectId("91340100MA2DD272X5"), "示例企业", region, {**here, **more}, frozenset(lists))

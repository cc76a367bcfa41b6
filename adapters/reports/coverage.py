"""走访覆盖矩阵: sixteen cities by twelve months, key subjects by four quarters; a visit made up late is yellow, never green."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Final

from adapters.reports.model import Behind, Cell, Column, Figure, Kind, Light, Report, Table, cells
from adapters.reports.question import Question, case_details, slot_details
from adapters.reports.sources import Slot
from engine.case import Case

CITY: Final = "city_visit"
KEY: Final = "key_visit"
TITLES: Final[Mapping[str, str]] = {CITY: "每月到市走访", KEY: "每季到重点联系企业走访"}
WORDS: Final[Mapping[Light, str]] = {"green": "按期", "yellow": "补访", "red": "未访", "grey": "待访"}
LEGEND: Final = "绿：按期走访；黄：逾期补访；红：期满未访；灰：尚在期内或未生成任务"


def slot_light(case: Case | None, slot: Slot, today: date) -> Light:
    """绿 made in its period, 黄 made up, 红 missed so far, 灰 still within its period."""
    taken = case.taken if case else {}
    if "finish" in taken:
        return "yellow" if "make_up" in taken or slot.was_late else "green"
    return "red" if slot.last < today else "grey"


def coverage(question: Question) -> Report:
    year = question.period.year
    slots = [slot for slot in question.sources.slots(CITY, KEY) if slot.period.startswith(str(year))]
    cases: dict[str, Case] = {case.id: case for case in question.sources.cases("visit")}
    months = [f"{year}-{month:02d}" for month in range(1, 13)]
    quarters = [f"{year}-Q{quarter}" for quarter in range(1, 5)]
    cities = _matrix(question, CITY, [s for s in slots if s.obligation == CITY], cases, months)
    keys = _matrix(question, KEY, [s for s in slots if s.obligation == KEY], cases, quarters)
    figures = [*_summary(question, slots, cases)]
    return question.report(
        tables=[cities, keys, _summary_table(figures)],
        figures=figures,
        details=[
            *slot_details(question.names, slots, TITLES),
            *case_details(question.names, cases.values()),
        ],
        sources=("走访任务（每市每月、每家重点联系企业每季各一次）及其走访事项", LEGEND),
    )


def _matrix(
    question: Question, key: str, slots: Sequence[Slot], cases: Mapping[str, Case], periods: Sequence[str]
) -> Table:
    found = {(slot.target, slot.period): slot for slot in slots}
    targets = sorted({(slot.region, slot.target) for slot in slots})
    rows = tuple(
        cells(
            question.names.full_region(region)
            if key == CITY
            else f"{question.names.subject(target)}（{question.names.full_region(region)}）",
            *(_cell(question, found.get((target, period)), cases) for period in periods),
        )
        for region, target in targets
    )
    columns = (
        Column("target", "市" if key == CITY else "重点联系企业", width=10 if key == CITY else 26),
        *(Column(f"p{n}", _short(period), width=5) for n, period in enumerate(periods, start=1)),
    )
    return Table(key, TITLES[key], columns, rows, note=LEGEND)


def _short(period: str) -> str:
    tail = period[5:]
    return f"{'一二三四'[int(tail[1]) - 1]}季度" if tail.startswith("Q") else f"{int(tail)}月"


def _cell(question: Question, slot: Slot | None, cases: Mapping[str, Case]) -> Cell:
    if slot is None:
        return Cell("—", "grey")
    light = slot_light(cases.get(slot.case), slot, question.today)
    return Cell(WORDS[light], light)


def _summary(question: Question, slots: Iterable[Slot], cases: Mapping[str, Case]) -> Iterable[Figure]:
    """Counts by light, and the rate of slots whose period is over that were kept in time."""
    mine = list(slots)
    for obligation in TITLES:
        lights = {
            slot.row: slot_light(cases.get(slot.case), slot, question.today)
            for slot in mine
            if slot.obligation == obligation
        }
        for light, word in WORDS.items():
            rows = tuple(Behind(row) for row, lit in sorted(lights.items()) if lit == light)
            yield Figure(f"{obligation}/{light}", word, rows)
        yield kept_rate(question, obligation, mine, cases)


def kept_rate(
    question: Question, obligation: str, slots: Iterable[Slot], cases: Mapping[str, Case], scope: str = ""
) -> Figure:
    """Kept in time, of those whose period is over or that are done already."""
    due = []
    for slot in slots:
        light = slot_light(cases.get(slot.case), slot, question.today)
        if slot.obligation == obligation and light != "grey":
            due.append(Behind(slot.row, light == "green"))
    key = f"{obligation}/{scope}/rate" if scope else f"{obligation}/rate"
    return Figure(key, "按期走访率", tuple(sorted(due, key=lambda b: b.row)), "rate")


def _summary_table(figures: Sequence[Figure]) -> Table:
    by_key = {figure.key: figure for figure in figures}
    columns = (
        Column("obligation", "任务", width=16),
        *(Column(light, word, Kind.INTEGER, 6) for light, word in WORDS.items()),
        Column("rate", "按期率", Kind.PERCENT, 7),
    )
    rows = tuple(
        cells(title, *(by_key[f"{key}/{column}"] for column in (*WORDS, "rate")))
        for key, title in TITLES.items()
    )
    return Table("summary", "汇总", columns, rows)

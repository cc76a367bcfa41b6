"""走访覆盖矩阵: sixteen cities by twelve months, key subjects by four quarters; a visit made up late is yellow, never green.

Which slot has which colour is said by the programme's obligations.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from adapters.programme.figures import Coloured
from adapters.reports.details import details_of, rows_of
from adapters.reports.figuring import Place
from adapters.reports.model import Cell, Column, Figure, Kind, Light, Report, Table, cells, counted
from adapters.reports.question import Question

CITY: Final = "city_visit"
KEY: Final = "key_visit"
TITLES: Final[Mapping[str, str]] = {CITY: "每月到市走访", KEY: "每季到重点联系企业走访"}
RATES: Final[Mapping[str, str]] = {
    CITY: "city_visits",
    KEY: "key_visits",
}  # the indicators of the obligations
WORDS: Final[Mapping[Light, str]] = {"green": "按期", "yellow": "补访", "red": "未访", "grey": "待访"}
LEGEND: Final = "绿：按期走访；黄：逾期补访；红：期满未访；灰：尚在期内或未生成任务"


def coverage(question: Question) -> Report:
    year = question.period.year
    slots = question.figuring.slots(*TITLES)
    months = [f"{year}-{month:02d}" for month in range(1, 13)]
    quarters = [f"{year}-Q{quarter}" for quarter in range(1, 5)]
    figures = {figure.key: figure for figure in _figures(question, slots)}
    return question.report(
        tables=[
            _matrix(question, CITY, slots, months),
            _matrix(question, KEY, slots, quarters),
            _summary(question, figures),
        ],
        figures=figures.values(),
        details=details_of(question, rows_of(figures.values())),
        sources=(
            "走访任务（每市每月、每家重点联系企业每季各一次）及其走访事项",
            LEGEND,
            "按期率只计期满的任务，与指标接口同一口径",
        ),
    )


def _matrix(question: Question, key: str, slots: Sequence[Coloured], periods: Sequence[str]) -> Table:
    found = {(c.slot.target, c.slot.period): c.colour for c in slots if c.slot.obligation == key}
    targets = sorted({(c.slot.region, c.slot.target) for c in slots if c.slot.obligation == key})
    rows = tuple(
        cells(
            question.names.full_region(region)
            if key == CITY
            else f"{question.names.subject(target)}（{question.names.full_region(region)}）",
            *(_cell(found.get((target, period))) for period in periods),
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


def _cell(light: Light | None) -> Cell:
    return Cell("—", "grey") if light is None else Cell(WORDS[light], light)


def _figures(question: Question, slots: Iterable[Coloured]) -> Iterator[Figure]:
    """Counts by light, and the rate of slots whose term is over that were kept in time."""
    mine, region = list(slots), question.region
    for obligation, title in TITLES.items():
        for light, word in WORDS.items():
            rows = sorted(c.slot.id for c in mine if c.slot.obligation == obligation and c.colour == light)
            yield counted(f"{obligation}/{light}", word, rows, column=f"{title}·{word}", region=region)
    whole = question.figuring.table(RATES.values(), level=question.names.depth(region) + 1)
    yield from whole[Place(region)].values()


def _summary(question: Question, figures: Mapping[str, Figure]) -> Table:
    columns = (
        Column("obligation", "任务", width=16),
        *(Column(light, word, Kind.INTEGER, 6) for light, word in WORDS.items()),
        Column("rate", "按期率", Kind.PERCENT, 7),
    )
    rows = tuple(
        cells(
            title,
            *(figures[f"{key}/{light}"] for light in WORDS),
            figures[f"{RATES[key]}/{question.region}"],
        )
        for key, title in TITLES.items()
    )
    return Table("summary", "汇总", columns, rows)

"""City score sheet, in two steps: freeze the figures with the rows behind them, then compute the sheet from what was frozen.

The sheet follows from the frozen bytes alone, so that anybody can compute it again years later. What is scored, the weights and
the bands are those of the programme's score, frozen with the figures; `engine/programme/figures.py` scores alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, Final, NamedTuple

from adapters.programme.figures import Table as FigureTable
from adapters.reports.model import Behind, Cell, Column, Detail, Figure, Kind, Light, Report, Table, cells
from adapters.reports.period import parse_period
from adapters.reports.question import Question, case_details, member_details, slot_details
from engine import canonical
from engine.programme import figures as scoring
from engine.programme.model import Programme

__all__ = ["CITY_SCORE", "Frozen", "Scored", "freeze", "frozen_figure", "score_sheet"]

CITY_SCORE: Final = "city_score"  # the indicator of the programme that the sheet is about
_LIGHTS: Final[tuple[Light, ...]] = ("green", "green", "yellow")  # of the bands, the highest first


class Scored(NamedTuple):
    """A part of the score: which indicator, how it is called, what it weighs, and the value that gives all points."""

    key: str
    title: str
    weight: int
    full: int


Frozen = Mapping[str, Any]


def freeze(question: Question, programme: Programme, table: FigureTable) -> Frozen:
    """Everything that the sheet follows from, as canonical data. `table` holds the parts of the score for each city."""
    score = programme.indicators[CITY_SCORE]
    parts = [
        Scored(w.indicator, programme.indicators[w.indicator].title.zh, w.weight, w.full or 1)
        for w in score.parts
    ]
    cities: dict[str, dict[str, Any]] = {
        city: {
            "title": question.names.region(city),
            "parts": {part.key: frozen_figure(figures[part.key]) for part in parts},
        }
        for city, figures in table.by_part.items()
    }
    named = {row[0] for city in cities.values() for part in city["parts"].values() for row in part["rows"]}
    return {
        "title": question.title,
        "programme": f"{programme.title.zh}（第 {programme.version} 版）",
        "period": question.period.words,
        "region": question.region,
        "region_title": question.names.full_region(question.region),
        "as_of": canonical.instant(question.now),
        "parts": [list(part) for part in parts],
        "bands": [[band.at_least, band.title.zh] for band in score.bands],
        "cities": cities,
        "details": {d.row: [d.what, d.title, d.region, d.note] for d in _details(question, programme, named)},
    }


def frozen_figure(figure: scoring.Figure) -> dict[str, Any]:
    """The rows of a rate with whether they count, of a count all of them; of another figure only its value."""
    part = frozenset(figure.part)
    target = {"target": figure.target} if figure.target else {}
    if figure.suppressed or figure.value is None:
        return {"measure": "rate", "rows": [], **target}
    if figure.denominator is not None and len(figure.rows) == figure.denominator:
        return {"measure": "rate", "rows": [[row, row in part] for row in figure.rows], **target}
    if figure.value == len(figure.rows):
        return {"measure": "count", "rows": [[row, True] for row in figure.rows], **target}
    return {"measure": "sum", "rows": [["value", True, str(figure.value)]], **target}


def _details(question: Question, programme: Programme, named: set[str]) -> Iterator[Detail]:
    names, sources = question.names, question.sources
    lists = {name: spec.title.zh for name, spec in programme.lists.items()}
    obligations = {name: spec.title.zh for name, spec in programme.obligations.items()}
    everything = (
        *case_details(names, sources.cases()),
        *member_details(names, sources.members(*lists), lists),
        *slot_details(names, sources.slots(*obligations), obligations),
    )
    return (detail for detail in everything if detail.row in named)


# From the frozen figures alone


def score_sheet(frozen: Frozen, digest: str) -> Report:
    """The same frozen figures give the same sheet."""
    period, parts = parse_period(frozen["period"]), [Scored(*part) for part in frozen["parts"]]
    figures, rows = [], []
    for city, told in sorted(frozen["cities"].items()):
        mine = {part.key: _part(frozen, city, part) for part in parts}
        total = _total(frozen, city, parts, mine)
        figures += [*mine.values(), total]
        rows.append((city, told["title"], mine, total))
    rows.sort(key=lambda row: (-(row[3].value or 0), row[0]))
    lines = tuple(
        cells(rank, title, *(mine[part.key] for part in parts), total, _band(frozen, total))
        for rank, (_, title, mine, total) in enumerate(rows, start=1)
    )
    columns = (
        Column("rank", "位次", Kind.INTEGER, 4),
        Column("city", "市", width=7),
        *(_column(frozen, part) for part in parts),
        Column("score", "得分", Kind.NUMBER, 8),
        Column("band", "等次", width=7),
    )
    return Report(
        kind="score",
        title=f"{frozen['region_title']}{period.title}{frozen['title']}",
        period=period.words,
        region=frozen["region"],
        as_of=canonical.parse_instant(frozen["as_of"]),
        tables=(Table("score", "考核得分", columns, lines, note="没有可计事项的指标不计权重"),),
        figures=tuple(figures),
        details={row: Detail(row, *told) for row, told in frozen["details"].items()},
        sources=(
            "得分 ＝ Σ（指标得分 × 权重）÷ Σ（有值的指标的权重）；比率以百分数为得分，其他按目标值或满分值折算，0 至 100",
            f"指标、权重和等次取自{frozen['programme']}，随快照冻结",
            f"由冻结的数据重算：bihuan report score --from-snapshot {digest}",
        ),
        conditions=(
            ("期间", period.title),
            ("区划", frozen["region_title"]),
            ("快照", digest),
        ),
    )


def _column(frozen: Frozen, part: Scored) -> Column:
    measures = {city["parts"][part.key]["measure"] for city in frozen["cities"].values()}
    kind = Kind.PERCENT if measures <= {"rate"} else Kind.NUMBER
    return Column(part.key, f"{part.title}（权重{part.weight}）", kind, 7)


def _part(frozen: Frozen, city: str, part: Scored) -> Figure:
    packed = frozen["cities"][city]["parts"][part.key]
    rows = tuple(Behind(row, counts, *map(Fraction, amount)) for row, counts, *amount in packed["rows"])
    return Figure(f"score/{city}/{part.key}", part.title, rows, packed["measure"])


def _total(frozen: Frozen, city: str, parts: Sequence[Scored], mine: Mapping[str, Figure]) -> Figure:
    return Figure(f"score/{city}/total", "得分", tuple(_weighed(frozen, city, parts, mine)), "ratio")


def _weighed(
    frozen: Frozen, city: str, parts: Sequence[Scored], mine: Mapping[str, Figure]
) -> Iterator[Behind]:
    """For each part that has a value its points by its weight, and its weight to divide by."""
    for part in parts:
        figure = mine[part.key]
        if figure.value is not None:
            whole = frozen["cities"][city]["parts"][part.key].get("target") or part.full
            points = max(Fraction(0), min(Fraction(100), Fraction(figure.value) * 100 / whole))
            yield Behind(figure.key, True, points * part.weight)
            yield Behind(figure.key, False, part.weight)


def _band(frozen: Frozen, total: Figure) -> Cell:
    if total.value is None:
        return Cell("—", "grey")
    bands = sorted(frozen["bands"], reverse=True)
    for (least, title), light in zip(bands, _LIGHTS, strict=False):
        if total.value >= least:
            return Cell(title, light)
    return Cell("不合格", "red")

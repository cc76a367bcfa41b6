"""City score sheet, in two steps: freeze the figures with the rows behind them, then compute the sheet from what was frozen.

The sheet follows from the frozen bytes alone, so that anybody can compute it again years later. What is scored, the weights and
the bands are those of the programme's score, frozen with the figures; the arithmetic is that of `engine/programme/figures.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Final, NamedTuple

from adapters.programme.figures import Table as FigureTable
from adapters.reports.details import details_of
from adapters.reports.figuring import Place, marked, measure_of
from adapters.reports.model import (
    Cell,
    Column,
    Detail,
    Figure,
    Kind,
    Light,
    Measure,
    Report,
    Table,
    cells,
    plain,
)
from adapters.reports.period import parse_period
from adapters.reports.question import Question
from engine import canonical
from engine.programme import figures as scoring
from engine.programme.indicators import Band
from engine.programme.model import Programme

__all__ = ["CITY_SCORE", "Frozen", "Scored", "freeze", "frozen_figure", "score_sheet"]

CITY_SCORE: Final = "city_score"  # the indicator of the programme that the sheet is about
_LIGHTS: Final[tuple[Light, ...]] = ("green", "green", "yellow")  # of the bands, the highest first


class Scored(NamedTuple):
    """A part of the score: which indicator, how it is called, what it weighs, the value that gives all points; 0: a whole."""

    key: str
    title: str
    weight: int
    full: int
    measure: Measure


Frozen = Mapping[str, Any]


def freeze(question: Question, programme: Programme, table: FigureTable) -> Frozen:
    """Everything that the sheet follows from, as canonical data. `table` holds the parts of the score for each city."""
    score = programme.indicators[CITY_SCORE]
    parts = [_scored(programme, weight.indicator, weight.weight, weight.full or 0) for weight in score.parts]
    cities: dict[str, dict[str, Any]] = {
        city: {
            "title": question.names.region(city),
            "parts": {part.key: frozen_figure(figures[part.key]) for part in parts},
        }
        for city, figures in table.by_part.items()
        if question.names.depth(city)  # what belongs to no city is nobody's score
    }
    named = {row for city in cities.values() for part in city["parts"].values() for row in part["rows"]}
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
        "details": {d.row: [d.what, d.title, d.region, d.note, d.code] for d in details_of(question, named)},
    }


def _scored(programme: Programme, name: str, weight: int, full: int) -> Scored:
    indicator = programme.indicators[name]
    return Scored(name, indicator.title.zh, weight, full, measure_of(indicator))


def frozen_figure(figure: scoring.Figure) -> dict[str, Any]:
    return {
        "value": plain(figure.value),
        "numerator": plain(figure.numerator),
        "denominator": plain(figure.denominator),
        "part": list(figure.part),
        "rows": list(figure.rows),
        "amounts": [plain(amount) for amount in figure.amounts],
        "suppressed": figure.suppressed,
        "target": figure.target,
    }


def thawed(frozen: Mapping[str, Any]) -> scoring.Figure:
    """What was frozen, as it was."""
    value, numerator, denominator = (
        None if frozen[name] is None else Fraction(frozen[name])
        for name in ("value", "numerator", "denominator")
    )
    return scoring.Figure(
        value=value,
        numerator=numerator,
        denominator=denominator,
        part=tuple(frozen["part"]),
        rows=tuple(frozen["rows"]),
        amounts=tuple(map(Fraction, frozen["amounts"])),
        suppressed=frozen["suppressed"],
        target=frozen["target"],
    )


# From the frozen figures alone


def score_sheet(frozen: Frozen, digest: str) -> Report:
    """The same frozen figures give the same sheet."""
    period, parts = parse_period(frozen["period"]), [Scored(*part) for part in frozen["parts"]]
    figures, rows = [], []
    for city, told in sorted(frozen["cities"].items()):
        mine = {part.key: _part(told, city, part) for part in parts}
        total = _total(city, parts, mine)
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
        *(_column(part) for part in parts),
        Column("score", "得分", Kind.RATIO, 8),
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


def _column(part: Scored) -> Column:
    kind = {"rate": Kind.PERCENT, "count": Kind.INTEGER}.get(part.measure, Kind.NUMBER)
    return Column(part.key, f"{part.title}（权重{part.weight}）", kind, 7)


def _part(told: Mapping[str, Any], city: str, part: Scored) -> Figure:
    found = thawed(told["parts"][part.key])
    return marked(f"score/{part.key}", part.title, found, Place(city), measure=part.measure)


def _total(city: str, parts: Sequence[Scored], mine: Mapping[str, Figure]) -> Figure:
    points = {part.key: scoring.points(mine[part.key].found, part.full or None) for part in parts}
    score = scoring.score_of([(part.weight, points[part.key]) for part in parts])
    return marked(
        "score/total", "得分", scoring.Figure(value=score, measures=points), Place(city), measure="value"
    )


def _band(frozen: Frozen, total: Figure) -> Cell:
    if total.value is None:
        return Cell("—", "grey")
    bands = [Band.model_validate({"from": least, "title": title}) for least, title in frozen["bands"]]
    reached = scoring.band_of(total.found.value, bands)
    order = [band.title.zh for band in sorted(bands, key=lambda band: band.at_least, reverse=True)]
    lights = dict(zip(order, _LIGHTS, strict=False))
    return Cell(reached, lights.get(reached, "")) if reached else Cell("不合格", "red")

"""双倍增 progress: how many there are now and were in the base year, where an even growth would be, and what is needed from here.

Base year, factor, end and the growth that is recommended are those of the programme's indicators (一、工作目标；四（一）).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Final, NamedTuple

from adapters.reports.clearing import levels_of, under_each_other
from adapters.reports.details import details_of, rows_of
from adapters.reports.figuring import Place, Placed, marked
from adapters.reports.model import Cell, Column, Figure, Kind, Report, Table, cells, shown
from adapters.reports.question import Question
from engine.programme.figures import Figure as Found
from engine.programme.indicators import Indicator

GROWTHS: Final[Mapping[str, str]] = {
    "sme_doubling": "科技型中小企业",
    "high_tech_doubling": "高新技术企业",
}
_MEASURES: Final = (
    ("factor", "倍数"),
    ("progress", "增长"),
    ("path", "按匀速应达到"),
    ("ahead", "与匀速相比"),
    ("annual", "年均增长"),
    ("required", "此后每年须增长"),
)


class Growing(NamedTuple):
    """An indicator of growth; `of` is the one that counts."""

    name: str
    title: str
    indicator: Indicator
    of: str
    base_year: int


def doubling(question: Question) -> Report:
    growing = [_growing(question, name, title) for name, title in GROWTHS.items()]
    placed = [_placed(question, each) for each in growing]
    figures = [figure for found in placed for each in found.values() for figure in each.values()]
    return question.report(
        tables=[_table(question, each, found) for each, found in zip(growing, placed, strict=True)],
        figures=figures,
        details=details_of(question, rows_of(figures)),
        sources=tuple(dict.fromkeys(words for each in growing for words in _told(question, each))),
    )


def _growing(question: Question, name: str, title: str) -> Growing:
    indicator = question.figuring.indicator(name)
    return Growing(name, title, indicator, indicator.of or "", indicator.base_year or 0)


def _placed(question: Question, each: Growing) -> Placed:
    found: dict[Place, Mapping[str, Figure]] = {}
    for level in levels_of(question):
        grown = question.figuring.table([each.name, each.of], level=level)
        then = question.figuring.table([each.of], level=level, year=each.base_year)
        for place, figures in grown.items():
            made = {f.key.split("/")[1]: f for f in _figures(each, place, figures, then.get(place, {}))}
            is_said = bool(made["now"].rows or made["base"].value)
            if place == Place(question.region) or (is_said and not place.is_own):
                found[place] = made
    return under_each_other(found)


def _figures(
    each: Growing, place: Place, figures: Mapping[str, Figure], then: Mapping[str, Figure]
) -> Iterable[Figure]:
    """What the growth is made of, and its measures: each as the programme computed it."""
    growth, now = figures[each.name].found, figures[each.of].found
    was = then[each.of].found if each.of in then else Found()
    # What is set for the base year has no rows behind it.
    rows = was.rows if was.target is None else ()
    base = Found(value=growth.denominator, numerator=growth.denominator, part=rows, rows=rows)
    head = f"{each.of}/{{}}".format
    yield marked(
        head("base"),
        f"{each.base_year}年基数",
        base,
        place,
        measure="count",
        column=f"{each.title}·{each.base_year}年",
    )
    yield marked(head("now"), "现有", now, place, measure="count", column=f"{each.title}·现有")
    for name, title in _MEASURES:
        measure = Found(
            value=growth.measures.get(name), numerator=growth.numerator, denominator=growth.denominator
        )
        yield marked(head(name), title, measure, place, measure="value")


def _table(question: Question, each: Growing, placed: Placed) -> Table:
    columns = (
        Column("region", "区划代码", width=8),
        Column("title", "区划", width=14),
        Column("base", f"{each.base_year}年基数", Kind.INTEGER, 8),
        Column("target", "倍增目标", Kind.INTEGER, 8),
        Column("now", "现有", Kind.INTEGER, 8),
        Column("factor", "倍数", Kind.RATIO, 6),
        Column("progress", "增长", Kind.PERCENT, 8),
        Column("path", "按匀速应达到", Kind.NUMBER, 9),
        Column("ahead", "与匀速相比", Kind.NUMBER, 9),
        Column("annual", "年均增长", Kind.PERCENT, 8),
        Column("required", "此后每年须增长", Kind.PERCENT, 9),
    )
    rows = tuple(_row(question, each, place, found) for place, found in placed.items())
    strong = frozenset(n for n, place in enumerate(placed) if question.names.depth(place.region) < 2)
    has_all = all(found["base"].value for found in placed.values())
    note = "" if has_all else f"{each.base_year}年基数为“—”的尚未设定，在目标表中填写后才能计算"
    return Table(each.name.removesuffix("_doubling"), f"{each.title}双倍增", columns, rows, strong, note)


def _row(question: Question, each: Growing, place: Place, found: Mapping[str, Figure]) -> tuple[Cell, ...]:
    base, ahead, annual = (found[name].value for name in ("base", "ahead", "annual"))
    advised = each.indicator.advisory
    is_slow = advised is not None and annual is not None and annual < Fraction(advised, 100)
    return cells(
        place.key,
        question.place(place),
        found["base"] if base else None,  # nothing is known of that year
        base * (each.indicator.factor or 2) if base else None,
        found["now"],
        found["factor"],
        found["progress"],
        found["path"],
        shown(found["ahead"], "red" if ahead is not None and ahead < 0 else ""),
        shown(found["annual"], "yellow" if is_slow else ""),
        found["required"],
    )


def _told(question: Question, each: Growing) -> Iterable[str]:
    base, until, factor = each.base_year, each.indicator.until_year or 0, each.indicator.factor or 2
    yield f"现有数：{question.cutoff} 在册的名单成员；基数：{base} 年基数（目标表），未设的取当年年末在册数"
    yield f"倍增目标 ＝ 基数 × {factor}，到 {until} 年底"
    yield f"匀速 ＝ 基数 × {factor} 的（已过月数 ÷ {12 * (until - base)}）次方，到期以后为倍增目标；与指标接口同一口径"
    if advised := each.indicator.advisory:
        yield f"黄色：年均增长低于 {advised}%（方案“建议”，只作提示）；红色：低于匀速应达到的数"

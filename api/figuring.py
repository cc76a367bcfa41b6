"""Figures as readers see them, over HTTP and at the command line: values in words beside what they are computed from.

Numbers leave as decimal text with six places, never as floats; what is divided by what goes with them.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from adapters.programme.figures import Coloured, LedgerTable, Table
from adapters.programme.targets import Target
from api.presenting import LIGHT_WORDS
from api.schemas import LightView, Named, View
from engine.directory import Directory
from engine.programme.figures import Figure
from engine.programme.indicators import CLEAR_RATE, Indicator
from engine.programme.ledger import TERMS, Ledger
from engine.programme.model import Programme
from engine.programme.periods import Period, parse_period

__all__ = [
    "FigureRows",
    "IndicatorTable",
    "LedgerView",
    "SlotList",
    "TargetBody",
    "TargetList",
    "TargetView",
    "figure_rows",
    "indicator_table",
    "ledger_view",
    "region_named",
    "slot_list",
    "target_view",
]

_PERCENT_MEASURES: Final = ("progress", "required", "annual")
_PLACES: Final = Decimal("0.000001")


class FigureView(View):
    """`value` is empty where there is nothing to say; `words` is what people read. `apart` says how many rows wait."""

    value: str | None
    words: str
    numerator: str | None = None
    denominator: str | None = None
    rows: int
    apart: dict[str, int] = Field(default_factory=dict)
    suppressed: bool = False
    target: int | None = None
    measures: dict[str, str | None] = Field(default_factory=dict)
    band: str = ""
    warning: str = ""


class RegionFigure(View):
    region: Named
    figure: FigureView


class IndicatorView(View):
    id: str
    title: str
    kind: str
    unit: str = ""
    note: str = ""
    beside: list[str]
    whole: FigureView
    parts: list[RegionFigure]


class IndicatorTable(View):
    period: Named
    region: Named
    indicators: list[IndicatorView]


class FigureRows(View):
    """The ids of the rows behind a figure: cases, `list/subject/n`, `obligation/target/period`, or subjects."""

    indicator: Named
    period: Named
    region: Named
    kind: str
    figure: FigureView
    part: list[str]
    rows: list[str]
    apart: dict[str, list[str]]


class SlotView(View):
    obligation: Named
    target: str
    region: Named
    period: Named
    first: str
    last: str
    opened_on: str
    was_late: bool
    case: str
    done: bool
    light: LightView


class SlotList(View):
    period: Named
    counts: dict[str, int]
    slots: list[SlotView]


class LedgerLine(View):
    region: Named
    counts: dict[str, int]
    clear_rate: str


class LedgerView(View):
    """`closing = opening + entered + relapsed + moved_in - cleared - exited - moved_out`; `rows` are those of the whole."""

    name: Named
    period: Named
    whole: LedgerLine
    parts: list[LedgerLine]
    rows: dict[str, list[str]]


class TargetBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    indicator: str = Field(max_length=48)
    region: str = Field(max_length=64)
    year: int = Field(ge=1990, le=2200)
    value: int = Field(ge=0, le=10**15)
    note: str = Field("", max_length=400)


class TargetView(View):
    indicator: str
    region: str
    year: int
    n: int
    value: int
    set_by: str
    set_at: AwareDatetime
    note: str


class TargetList(View):
    targets: list[TargetView]


def indicator_table(programme: Programme, table: Table, directory: Directory) -> IndicatorTable:
    return IndicatorTable(
        period=Named(id=str(table.period), title=table.period.zh),
        region=region_named(directory, table.region),
        indicators=[_indicator(programme, name, table, directory) for name in table.whole],
    )


def figure_rows(programme: Programme, name: str, table: Table, directory: Directory) -> FigureRows:
    indicator, figure = programme.indicators[name], table.whole[name]
    return FigureRows(
        indicator=Named(id=name, title=indicator.title.zh),
        period=Named(id=str(table.period), title=table.period.zh),
        region=region_named(directory, table.region),
        kind=_rows_of(programme, indicator),
        figure=figure_view(indicator, figure),
        part=list(figure.part),
        rows=list(figure.rows),
        apart={why: list(ids) for why, ids in figure.apart.items()},
    )


def slot_list(
    programme: Programme, period: Period, slots: Iterable[Coloured], directory: Directory
) -> SlotList:
    views = [_slot(programme, each, directory) for each in slots]
    counts = {light: sum(view.light.code == light for view in views) for light in LIGHT_WORDS}
    return SlotList(period=Named(id=str(period), title=period.zh), counts=counts, slots=views)


def ledger_view(programme: Programme, name: str, table: LedgerTable, directory: Directory) -> LedgerView:
    return LedgerView(
        name=Named(id=name, title=programme.lists[name].title.zh),
        period=Named(id=str(table.period), title=table.period.zh),
        whole=_line(table.region, table.whole, directory),
        parts=[_line(region, ledger, directory) for region, ledger in table.by_part.items()],
        rows={term: [spell.id for spell in table.whole.terms[term]] for term in TERMS},
    )


def target_view(target: Target) -> TargetView:
    return TargetView(**{name: getattr(target, name) for name in Target.__slots__})


def region_named(directory: Directory, region: str) -> Named:
    return Named(id=region, title=directory.region(region).title)


def figure_view(indicator: Indicator, figure: Figure) -> FigureView:
    return FigureView(
        value=_decimal(figure.value),
        words=_words(indicator, figure),
        numerator=_decimal(figure.numerator),
        denominator=_decimal(figure.denominator),
        rows=len(figure.rows),
        apart={why: len(ids) for why, ids in figure.apart.items()},
        suppressed=figure.suppressed,
        target=figure.target,
        measures={name: _decimal(value) for name, value in figure.measures.items()},
        band=figure.band,
        warning=figure.warning,
    )


def _indicator(programme: Programme, name: str, table: Table, directory: Directory) -> IndicatorView:
    indicator = programme.indicators[name]
    return IndicatorView(
        id=name,
        title=indicator.title.zh,
        kind=indicator.kind,
        unit=indicator.unit or "",
        note=indicator.note or "",
        beside=list(indicator.beside),
        whole=figure_view(indicator, table.whole[name]),
        parts=[
            RegionFigure(
                region=region_named(directory, part),
                figure=figure_view(indicator, table.by_part[part][name]),
            )
            for part in table.parts
        ],
    )


def _slot(programme: Programme, each: Coloured, directory: Directory) -> SlotView:
    slot = each.slot
    return SlotView(
        obligation=Named(id=slot.obligation, title=programme.obligations[slot.obligation].title.zh),
        target=slot.target,
        region=region_named(directory, slot.region),
        period=Named(id=slot.period, title=parse_period(slot.period).zh),
        first=slot.first.isoformat(),
        last=slot.last.isoformat(),
        opened_on=slot.opened_on.isoformat(),
        was_late=slot.was_late,
        case=slot.case,
        done=each.done,
        light=LightView(code=each.colour, word=LIGHT_WORDS[each.colour]),
    )


def _line(region: str, ledger: Ledger, directory: Directory) -> LedgerLine:
    return LedgerLine(
        region=region_named(directory, region),
        counts={term: ledger.count(term) for term in TERMS},
        clear_rate="—" if ledger.clear_rate is None else _percent(ledger.clear_rate),
    )


def _words(indicator: Indicator, figure: Figure) -> str:
    if figure.suppressed and (figure.denominator or 0) < indicator.suppress_below:
        return f"样本不足 {indicator.suppress_below} 个，不显示"
    if figure.suppressed:
        return "不显示（以免推算出样本不足的一处）"
    if figure.value is None:
        return "—"
    if _is_share(indicator):
        return _percent(figure.value)
    places = 0 if figure.value.denominator == 1 else 2
    return f"{_rounded(figure.value, places)}{indicator.unit or ''}"


def _is_share(indicator: Indicator) -> bool:
    if indicator.kind == "growth":
        return indicator.value in _PERCENT_MEASURES
    return indicator.kind == "rate" or (indicator.kind == "ledger" and indicator.value == CLEAR_RATE)


def _rows_of(programme: Programme, indicator: Indicator) -> str:
    """What the rows behind a figure are; a growth has those of the count that grows."""
    if indicator.of is not None:
        return _rows_of(programme, programme.indicators[indicator.of])
    return indicator.over.kind if indicator.over else ""


def _percent(value: Fraction) -> str:
    return f"{_rounded(value * 100, 1)}%"


def _rounded(value: Fraction, places: int) -> Decimal:
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    return exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def _decimal(value: Fraction | None) -> str | None:
    if value is None:
        return None
    if value.denominator == 1:
        return str(value.numerator)
    return str((Decimal(value.numerator) / Decimal(value.denominator)).quantize(_PLACES, ROUND_HALF_UP))

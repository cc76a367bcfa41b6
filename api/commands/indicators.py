"""`bihuan indicators`, `slots`, `ledger`: the figures of the programme, for people and as JSON."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from adapters.bootstrap import Container
from adapters.programme.figures import TERM_WORDS
from api.commands.opening import container, everything
from api.commands.output import AsJson, answer, row, table
from api.figuring import (
    FigureView,
    IndicatorTable,
    LedgerView,
    SlotList,
    indicator_table,
    ledger_view,
    slot_list,
)
from engine.programme.ledger import TERMS
from engine.programme.periods import Period, containing, parse_period

APART_WORDS = {"open": "未到期", "paused": "停走", "cancelled": "取消", "unknown": "存疑"}

Words = Annotated[
    str, typer.Option("--period", help="2026, 2026-H1, 2026-Q1 or 2026-03; this year if not said.")
]
Region = Annotated[str, typer.Option(help="A region and all under it; the root if not said.")]
Level = Annotated[int | None, typer.Option(min=0, max=9, help="Parts so many levels below the root.")]


def indicators(
    names: Annotated[list[str] | None, typer.Argument(help="Only these; all if none is named.")] = None,
    period: Words = "",
    region: Region = "",
    level: Level = None,
    as_json: AsJson = False,
) -> None:
    """Show the indicators of a period, each with what it is computed from, as a whole and by region."""
    with container() as made:
        now = made.now()
        programme = made.programmes.current(now).programme
        found = made.figures.table(
            programme,
            _period(made, period),
            now,
            reach=everything(made),
            region=region,
            level=level,
            names=names or (),
        )
        view = indicator_table(programme, found, made.directories.current())
    by_region = bool(names) or level is not None
    answer(
        view.model_dump(mode="json"), as_json, lambda shown: _show_figures(shown, view, by_region=by_region)
    )


def slots(
    names: Annotated[list[str] | None, typer.Argument(help="Only these obligations.")] = None,
    period: Words = "",
    region: Region = "",
    as_json: AsJson = False,
) -> None:
    """Show the slots of a period: done in time, made up, missed, or still open."""
    with container() as made:
        now, wanted = made.now(), _period(made, period)
        programme = made.programmes.current(now).programme
        found = made.figures.slots(
            programme, wanted, now, reach=everything(made), region=region, names=names or ()
        )
        view = slot_list(programme, wanted, found, made.directories.current())
    answer(view.model_dump(mode="json"), as_json, lambda shown: _show_slots(shown, view))


def ledger(
    name: Annotated[str, typer.Argument(help="A list of the programme.")],
    period: Words = "",
    region: Region = "",
    level: Level = None,
    as_json: AsJson = False,
) -> None:
    """Show who came on a list and who left it in a period, and how."""
    with container() as made:
        now = made.now()
        programme = made.programmes.current(now).programme
        found = made.figures.ledger(
            programme, name, _period(made, period), now, reach=everything(made), region=region, level=level
        )
        view = ledger_view(programme, name, found, made.directories.current())
    answer(view.model_dump(mode="json"), as_json, lambda shown: _show_ledger(shown, view))


def _period(made: Container, words: str) -> Period:
    if words:
        return parse_period(words)
    now = made.now()
    return containing("year", made.calendars.current(made.settings.calendar).local_date(now))


def _show_figures(console: Console, view: IndicatorTable, *, by_region: bool) -> None:
    console.print(f"{view.region.title}　{view.period.title}")
    shown = table("指标", "区划", "数值", "分子", "分母", "目标", "未计入", "")
    for each in view.indicators:
        row(shown, each.title, view.region.title, *_cells(each.whole))
        for part in each.parts if by_region else ():
            row(shown, "", part.region.title, *_cells(part.figure))
    console.print(shown)


def _cells(figure: FigureView) -> tuple[object, ...]:
    apart = "、".join(f"{APART_WORDS.get(why, why)} {number}" for why, number in figure.apart.items())
    remark = "　".join(filter(None, (figure.band, figure.warning)))
    target = "" if figure.target is None else figure.target
    return figure.words, figure.numerator or "", figure.denominator or "", target, apart, remark


def _show_slots(console: Console, view: SlotList) -> None:
    counts = view.counts
    console.print(
        f"{view.period.title}：按期 {counts['green']}，补做 {counts['yellow']}，未做 {counts['red']}，未到期 {counts['grey']}"
    )
    shown = table("事项", "对象", "区划", "时期", "截止", "灯", "编号", "")
    for slot in view.slots:
        late = "逾期登记" if slot.was_late else ""
        cells = (
            slot.target,
            slot.region.title,
            slot.period.title,
            slot.last,
            slot.light.word,
            slot.case,
            late,
        )
        row(shown, slot.obligation.title, *cells)
    console.print(shown)


def _show_ledger(console: Console, view: LedgerView) -> None:
    console.print(f"{view.name.title}　{view.period.title}")
    shown = table("区划", *(TERM_WORDS[term] for term in TERMS), "销号率")
    for line in (view.whole, *view.parts):
        row(shown, line.region.title, *(line.counts[term] for term in TERMS), line.clear_rate)
    console.print(shown)

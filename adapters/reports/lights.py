"""红黄灯清单: every open matter whose clock is red or yellow now, the reddest first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from adapters.reports.details import details_of, rows_of
from adapters.reports.limits import clock_holder, clock_title, left_words
from adapters.reports.model import Cell, Column, Kind, Light, Report, Table, cells, counted
from adapters.reports.question import Question
from engine import clocks
from engine.case import Case, Clock

WORDS: Final = {"green": "绿", "yellow": "黄", "red": "红", "grey": "灰"}
_COLUMNS: Final = (
    Column("light", "灯色", width=4),
    Column("case", "事项编号", width=8),
    Column("workflow", "流程", width=11),
    Column("subject", "服务对象", width=13),
    Column("region", "区划", width=9),
    Column("state", "环节", width=8),
    Column("holder", "经办", width=15),
    Column("clock", "时限", width=12),
    Column("due", "到期时间", Kind.MOMENT, 9),
    Column("left", "超期或剩余", width=10),
)


class Burning(NamedTuple):
    case: Case
    name: str
    clock: Clock
    light: Light


def lights(question: Question) -> Report:
    cases = question.sources.cases(open_only=True)
    lit = sorted(
        burning(question, cases), key=lambda b: (b.light != "red", b.clock.due_at, b.case.id, b.name)
    )
    figures = [
        counted(
            f"lights/{light}",
            f"{WORDS[light]}灯事项",
            _ids(lit, light),
            column=f"{WORDS[light]}灯事项",
            region=question.region,
        )
        for light in ("red", "yellow")
    ]
    summary = Table(
        "summary",
        "汇总",
        (Column("light", "灯色", width=8), Column("number", "事项数", Kind.INTEGER, 8)),
        tuple(
            (Cell(WORDS[light], light), Cell(figure.value, figure=figure.key))  # type: ignore[arg-type]
            for light, figure in zip(("red", "yellow"), figures, strict=True)
        ),
    )
    rows = tuple(_row(question, each) for each in lit)
    return question.report(
        title=f"{question.names.full_region(question.region)}{question.title}（{question.today}）",
        tables=[Table("lights", "红黄灯清单", _COLUMNS, rows), summary],
        figures=figures,
        details=details_of(question, rows_of(figures)),
        sources=("在办事项的时钟；红灯为已超期，黄灯为临近到期（剩余五分之一或两个工作日以内）",),
        conditions=(("事项", "在办，至少一个时钟为红灯或黄灯"),),
    )


def _ids(lit: list[Burning], light: str) -> list[str]:
    """Cases of that light; a case with red and yellow clocks is red."""
    red = {each.case.id for each in lit if each.light == "red"}
    yellow = {each.case.id for each in lit} - red
    return sorted(red if light == "red" else yellow)


def burning(question: Question, cases: Iterable[Case]) -> Iterator[Burning]:
    """Every clock that is red or yellow now."""
    calendar, now = question.names.calendar, question.now
    for case in cases:
        for name, clock in case.clocks.items():
            light = clocks.light(clock, now, calendar)
            if light in ("red", "yellow"):
                yield Burning(case, name, clock, light)


def _row(question: Question, each: Burning) -> tuple[Cell, ...]:
    case, names = each.case, question.names
    return cells(
        Cell(WORDS[each.light], each.light),
        case.id,
        names.workflow(case),
        names.target(case),
        names.full_region(case.region),
        names.state(case),
        clock_holder(question, case, each.name),
        clock_title(question, case, each.name),
        each.clock.due_at,
        left_words(question, each.clock),
    )

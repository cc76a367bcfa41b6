"""红黄灯清单: every open matter whose clock is red or yellow now, the reddest first; and which clock of a matter counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final, NamedTuple

from adapters.reports.model import Behind, Cell, Column, Figure, Kind, Light, Report, Table, cells
from adapters.reports.naming import Names
from adapters.reports.question import Question, case_details
from engine import clocks
from engine.case import STATE_CLOCK, Case, Clock, lane_of

WORDS: Final = {"green": "绿", "yellow": "黄", "red": "红", "grey": "灰"}
ANSWER: Final = "answer"
_COLUMNS: Final = (
    Column("light", "灯色", width=4),
    Column("case", "事项编号", width=8),
    Column("workflow", "流程", width=11),
    Column("subject", "服务对象", width=13),
    Column("region", "区划", width=9),
    Column("state", "环节", width=8),
    Column("holder", "经办", width=15),
    Column("clock", "时限", width=8),
    Column("due", "到期时间", Kind.MOMENT, 9),
    Column("left", "剩余工作时间（小时）", Kind.INTEGER, 6),
)


class Burning(NamedTuple):
    case: Case
    clock: str
    due_at: datetime
    light: Light
    hours: int


def lights(question: Question) -> Report:
    cases = [case for case in question.sources.cases() if case.is_open]
    lit = sorted(burning(question, cases), key=lambda b: (b.light != "red", b.due_at, b.case.id, b.clock))
    figures = [
        Figure(f"lights/{light}", f"{WORDS[light]}灯事项", tuple(Behind(row) for row in _ids(lit, light)))
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
    rows = tuple(_row(question.names, each) for each in lit)
    return question.report(
        title=f"{question.names.full_region(question.region)}{question.title}（{question.today}）",
        tables=[Table("lights", "红黄灯清单", _COLUMNS, rows), summary],
        figures=figures,
        details=case_details(question.names, cases),
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
                left = clocks.remaining(clock, now, calendar).total_seconds() / 3600
                yield Burning(case, name, clock.due_at, light, round(left))


def _row(names: Names, each: Burning) -> tuple[Cell, ...]:
    case = each.case
    return cells(
        Cell(WORDS[each.light], each.light),
        case.id,
        names.workflow(case),
        names.subject(case.subject),
        names.full_region(case.region),
        names.state(case),
        names.holder(case),
        clock_title(names, case, each.clock),
        each.due_at,
        each.hours,
    )


def clock_title(names: Names, case: Case, clock: str) -> str:
    definition = names.definition(case.digest)
    if clock in definition.clocks:
        return definition.clocks[clock].title.zh
    if lane := lane_of(clock):
        return definition.lanes[case.lanes[lane].type].title.zh
    return "环节时限" if clock == STATE_CLOCK else "全程时限"


def answer_clock(case: Case) -> Clock | None:
    """The clock that says by when a matter must be answered: its own `answer` clock, else that of its state."""
    return case.clocks.get(ANSWER) or case.clocks.get(STATE_CLOCK)

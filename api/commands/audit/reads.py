"""`bihuan audit reads`: who looked at a case."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from api.audit_schemas import ReadList
from api.commands.audit.questions import asking
from api.commands.cases import case_of
from api.commands.output import AsJson, answer, row, table
from api.commands.timeline import moment
from api.reading import read_list
from engine.calendar import Calendar


def reads(
    *,
    case: Annotated[str, typer.Option(help="The number of the case.")],
    as_json: AsJson = False,
) -> None:
    """Who was shown its personal values, exported it, drew it, or erased from it; and reports of its region."""
    with asking() as (made, names, calendar):
        view = read_list(made, names, case_of(made, case))
    answer(view.model_dump(mode="json"), as_json, lambda console: _show(console, view, calendar))


def _show(console: Console, view: ReadList, calendar: Calendar) -> None:
    if not view.reads:
        console.print(f"日志簿中没有查看事项 {view.case} 的记录")
        return
    shown = table("序号", "时刻", "谁", "做了什么", "事由", "")
    for each in view.reads:
        doubt = "" if each.is_certain else "所在区划的材料，可能含有它"
        row(shown, each.seq, moment(each.at, calendar), each.by.title, each.what_word, each.purpose, doubt)
    console.print(shown)

"""`bihuan audit escalations`: did each rung of a case fire when due, once, to whom, by which words of the definition."""

from __future__ import annotations

from typing import Annotated, Final

import typer
from rich.console import Console

from api.commands.cases import case_of
from api.commands.opening import container
from api.commands.output import AsJson, answer, row, table
from api.commands.timeline import moment
from engine.audit.escalations import Escalation
from engine.audit.escalations import escalations as escalations_of
from engine.calendar import Calendar

STATUSES: Final = {
    "fired": "已触发",
    "planned": "待触发",
    "paused": "停走",
    "due": "已到时，未触发",
    "lapsed": "无须触发",
    "missed": "应触发而未触发",
}


def escalations(
    number: Annotated[str, typer.Argument(help="The number of the case.")], as_json: AsJson = False
) -> None:
    """Each rung of each clock: planned, fired, late by, whom it told. Exit code 1 if one was missed, is due, or fired twice."""
    with container() as made:
        case = case_of(made, number)
        found = escalations_of(
            made.store.history(case.id),
            program=made.definitions.digest,
            calendar=made.calendars.digest,
            now=made.now(),
        )
        calendar = made.calendars.current(made.definitions.digest(case.digest).definition.calendar)
    data = {"case": case.id, "escalations": [each.as_data() for each in found]}
    answer(data, as_json, lambda console: _show(console, found, calendar))
    if any(each.status in ("missed", "due") or each.times > 1 for each in found):
        raise typer.Exit(1)


def _show(console: Console, found: list[Escalation], calendar: Calendar) -> None:
    shown = table("时钟", "级", "应在", "情形", "迟", "告知", "依据")
    for each in found:
        late = f"{each.late_seconds} 秒" if each.late_seconds else ""
        told = "；".join(f"{told.role}：{'、'.join(told.people) or '无人'}" for told in each.told)
        status = STATUSES[each.status] + (f"{each.times} 次" if each.times > 1 else "")
        style = "red" if each.status in ("missed", "due") or each.times > 1 else ""
        planned = moment(each.planned, calendar)
        row(shown, each.title, each.rung, planned, status, late, told, each.rule, style=style)
    console.print(shown)

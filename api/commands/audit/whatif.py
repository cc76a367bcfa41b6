"""`bihuan audit whatif`: history run again under other rules, beside what is recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.progress import Progress

from adapters.bootstrap import Container
from adapters.calendars import import_year
from adapters.evidence.whatif import Found, Plan, Question
from api.commands.audit.questions import Region, Since, Until, scope_asked
from api.commands.opening import container
from api.commands.output import AsJson, answer, row, table
from api.commands.output import console as made_console
from api.whatif_presenting import presented
from engine.calendar import Calendar
from engine.canonical import parse_instant

__all__ = ["whatif"]

Option = typer.Option
_ZONE: Final = ZoneInfo("Asia/Shanghai")
_LIGHTS: Final = {"green": "绿", "yellow": "黄", "red": "红", "grey": "灰"}
_LINES: Final = 40  # of a table; --json has them all


def whatif(
    *,
    workflow: Annotated[str, Option(help="The workflow whose rules would be others.")] = "issue",
    settings: Annotated[
        list[str] | None,
        Option("--set", help='A place and what is to stand there: states.NAME.due="7 working days".'),
    ] = None,
    since: Since,
    until: Until = "",
    region: Region = "",
    calendar: Annotated[
        str, Option(help="Count by this calendar instead: the id of one, or a year's notice as JSON.")
    ] = "",
    most: Annotated[int, Option(min=0, help="List at most so many cases that change.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Run history again under other limits: who would have been late, warned, told. Writes nothing.

    Without --set and --calendar nothing may differ: a check of the calculation itself.
    """
    with container(read_only=True) as made:
        selection = scope_asked(made, region, since, until).selection(workflow)
        question = Question(
            selection=selection, settings=tuple(settings or ()), calendar=_calendar(made, calendar)
        )
        plan = made.what_if.plan(question, now=made.now())
        found = _found(made, plan, most)
        data = presented(made, plan, found)
    answer(data, as_json, lambda shown: _show(shown, data))


def _calendar(made: Container, words: str) -> Calendar | None:
    """A file is a year's notice, laid over the calendar of the settings; anything else an id. Errors: `UnknownCalendar`."""
    if not words:
        return None
    if words.endswith(".json"):
        return import_year(Path(words), base=made.calendars.current(made.settings.calendar))
    return made.calendars.current(words)


def _found(made: Container, plan: Plan, most: int) -> Found:
    bar = made_console(stderr=True)
    with Progress(console=bar, disable=not bar.is_terminal, transient=True) as progress:
        task = progress.add_task("Comparing", total=plan.cases)
        return made.what_if.run(
            plan, keep=most, progress=lambda cases: progress.update(task, completed=cases)
        )


# Showing


def _show(shown: Console, data: Mapping[str, Any]) -> None:
    shown.print(data["assumption"])
    rules = "；".join(data["set"]) or "规则不变"
    shown.print(
        f"流程 {data['workflow']}：{rules}" + (f"；日历 {data['calendar'][:12]}" if data["calendar"] else "")
    )
    shown.print(
        f"{data['cases']} 件事项、{data['events']} 条记录；"
        f"时限或亮灯、上报有变化的 {data['cases_changed']} 件，其中有人会看到不同结果的 {data['cases_that_matter']} 件"
    )
    _show_totals(shown, data["totals"])
    _show_places(shown, data["places"])
    _show_loads(shown, data["loads"])
    for change in data["changes"]:
        _show_change(shown, change)
    if data["cases_that_matter"] > len(data["changes"]):
        shown.print(f"…… 共 {data['cases_that_matter']} 件，用 --most 多列")


def _show_totals(shown: Console, totals: Mapping[str, Any]) -> None:
    made = table("时钟", "实际", "设想", "增减")
    for what, title in (("runs", "计时次数"), ("late", "超期"), ("yellow", "亮过黄灯"), ("red", "亮过红灯")):
        before, after = totals[what]["before"], totals[what]["after"]
        row(made, title, before, after, f"{after - before:+d}")
    shown.print(made)
    made = table("触发", "多出", "省去", "时刻不同")
    for what, title in (("escalation", "上报"), ("reminder", "提醒"), ("elapsed", "期满")):
        row(made, title, *(totals[what][how] for how in ("extra", "saved", "moved")))
    shown.print(made)


def _show_places(shown: Console, places: Sequence[Mapping[str, Any]]) -> None:
    differing = [p for p in places if any(_differs(p[what]) for what in ("late", "yellow", "red"))]
    if not differing:
        return
    made = table("单位", "环节", "时钟", "超期", "黄", "红", title="按单位、环节（实际→设想）")
    for place in differing[:_LINES]:
        counts = (f"{place[what]['before']}→{place[what]['after']}" for what in ("late", "yellow", "red"))
        row(made, place["unit_title"], place["state_title"], place["clock"], *counts)
    shown.print(made)
    _more(shown, len(differing))


def _differs(pair: Mapping[str, int]) -> bool:
    return pair["before"] != pair["after"]


def _show_loads(shown: Console, loads: Sequence[Mapping[str, Any]]) -> None:
    escalations = [load for load in loads if load["what"] == "escalation"]
    if not escalations:
        return
    made = table("角色", "区划或单位", "周", "实际", "设想", "增减", title="上报到谁、哪一周（只列有变化的）")
    for load in escalations[:_LINES]:
        before, after = load["before"], load["after"]
        row(
            made, load["role_title"], load["place_title"], load["week"], before, after, f"{after - before:+d}"
        )
    shown.print(made)
    _more(shown, len(escalations))


def _more(shown: Console, number: int) -> None:
    if number > _LINES:
        shown.print(f"…… 共 {number} 行，全部见 --json")


def _show_change(shown: Console, change: Mapping[str, Any]) -> None:
    shown.print(f"\n事项 {change['case']}（{change['region']}）", style="bold")
    for clock in change["clocks"]:
        shown.print(f"  {clock['title']}：{_judged(clock['before'])} → {_judged(clock['after'])}")
        for name, when in (("实际", "before"), ("设想", "after")):
            if clock["explained"][when]:
                shown.print(f"    {name}：{''.join(clock['explained'][when])}")
    for name, kind in (("多出", "extra"), ("省去", "saved")):
        for firing in change[kind]:
            shown.print(f"  {name}：{_fired(firing)}")
    for pair in change["moved"]:
        shown.print(f"  时刻不同：{_fired(pair['before'])} → {_local(pair['after']['at'])}")


def _judged(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return "不计时"
    lights = "、".join(
        f"{_LIGHTS[light]}（{_local(at)}）" for at, light in found["lights"] if light in ("yellow", "red")
    )
    return f"止于{_local(found['due_at'])}，{'超期' if found['late'] else '未超期'}{'，' + lights if lights else ''}"


def _fired(firing: Mapping[str, Any]) -> str:
    desks = "、".join(firing["desks"]) or "经办人"
    leads = f"，并转到“{firing['to']}”" if firing["to"] else ""
    opens = f"，并另立“{firing['opens']}”" if firing["opens"] else ""
    return f"{_local(firing['at'])} 时钟 {firing['clock']} 的 {firing['rung']}，报 {desks}{leads}{opens}"


def _local(at: str) -> str:
    moment: datetime = parse_instant(at).astimezone(_ZONE)
    return f"{moment:%Y-%m-%d %H:%M}"

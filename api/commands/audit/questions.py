"""`bihuan audit asof`, `why`, `late`, `conduct`: what an auditor asks of histories, as the operator at the machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console

from adapters.bootstrap import Container
from api.audit_schemas import AsOfView, CaseTimeView, DeadlinesView, HintsView, TimesView
from api.auditing import (
    Scope,
    as_of_view,
    case_time_view,
    deadlines_view,
    hints_view,
    scope_of,
    times_view,
)
from api.auth import Caller
from api.commands.cases import case_of
from api.commands.opening import OPERATOR, container, everything
from api.commands.output import AsJson, answer, row, table, working_on
from api.commands.timeline import moment
from api.presenting import Presenter
from api.schemas import CaseView
from engine.calendar import Calendar
from engine.errors import BihuanError, UnknownClock

Number = Annotated[str, typer.Argument(help="The number of the case.")]
Region = Annotated[str, typer.Option(help="A region's code; the whole organisation.")]
Since = Annotated[str, typer.Option(help="The first day, as 2026-01-01.")]
Until = Annotated[str, typer.Option(help="The last day; today.")]
_MINUTE = 60_000_000  # microseconds


class BadMoment(BihuanError):
    """Raised when a day or a moment on the command line cannot be read."""

    code, kind = "bad_moment", "invalid"


def parse_moment(words: str, calendar: Calendar) -> datetime:
    """`2026-03-03T14:05+08:00`; without an offset it is local. Errors: `BadMoment`."""
    try:
        found = datetime.fromisoformat(words)
    except ValueError as error:
        raise BadMoment(f"看不懂的时刻：{words[:40]}", hint="例如 2026-03-03T14:05+08:00") from error
    return found if found.tzinfo else found.replace(tzinfo=ZoneInfo(calendar.zone))


def parse_day(words: str) -> date:
    """Errors: `BadMoment`."""
    try:
        return date.fromisoformat(words)
    except ValueError as error:
        raise BadMoment(f"看不懂的日期：{words[:40]}", hint="例如 2026-03-03") from error


def scope_asked(made: Container, region: str, since: str, until: str) -> Scope:
    """Errors: `BadMoment`, `WrongPeriod`, `UnknownRegion`."""
    last = parse_day(until) if until else None
    return scope_of(made, everything(made), region, parse_day(since), last)


@contextmanager
def asking() -> Iterator[tuple[Container, Presenter, Calendar]]:
    """The container, the operator's names for things, and the calendar of the place."""
    with container() as made:
        operator = Caller("operator", OPERATOR, OPERATOR, ())
        calendar = made.calendars.current(made.settings.calendar)
        yield made, Presenter(made, operator, made.now()), calendar


def asof(
    number: Number,
    *,
    at: Annotated[str, typer.Option(help="The moment, as 2026-03-03T14:05+08:00.")],
    occurred: Annotated[
        bool, typer.Option("--occurred", help="Also what is claimed to have happened by then.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """The state as known at a moment; with --occurred also what was recorded only later, and the difference."""
    with asking() as (made, names, calendar):
        case = case_of(made, number)
        view = as_of_view(made, names, case.id, parse_moment(at, calendar), occurred=occurred)
    answer(view.model_dump(mode="json"), as_json, lambda console: _show_as_of(console, view, calendar))


def _show_as_of(console: Console, view: AsOfView, calendar: Calendar) -> None:
    console.print(f"事项 {view.case}，{moment(view.at, calendar)}，按当时的记录：")
    _show_state(console, view.known, calendar)
    if view.claimed:
        console.print("按后来补记、自称那时已经发生的：")
        _show_state(console, view.claimed, calendar)
    for each in view.later:
        when, said = moment(each.at, calendar), moment(each.occurred_at, calendar)
        console.print(f"  第{each.seq}条 {each.title}（{each.actor.title}）：{when} 记录，称 {said} 发生")
    for difference in view.differences:
        console.print(f"  {difference.path}：{_words(difference.known)} → {_words(difference.claimed)}")


def _words(value: object) -> str:
    return "无" if value in (None, "") else str(value)


def _show_state(console: Console, case: CaseView | None, calendar: Calendar) -> None:
    if case is None:
        console.print("  还没有这件事项")
        return
    holder = "·".join(n.title for n in (case.holder.role, case.holder.unit, case.holder.person) if n)
    console.print(f"  {case.state.title}，{holder or '无人经办'}，第{case.seq}条记录为止")
    for clock in case.clocks:
        console.print(f"  {clock.title}：{clock.status_word}，至 {moment(clock.due_at, calendar)}")


def why(
    number: Number,
    clock: Annotated[str, typer.Argument(help="Only this clock: state, case, lane/…, or a named one.")] = "",
    as_json: AsJson = False,
) -> None:
    """Every deadline the case ever had, explained, and counted a second time. Exit code 1 if the counts differ."""
    with asking() as (made, names, calendar):
        case = case_of(made, number)
        view = deadlines_view(made, names, case.id, clock)
    if clock and not view.deadlines:
        raise UnknownClock(f"事项从来没有时钟“{clock}”", hint=f"现有：{'、'.join(case.clocks)}")
    answer(view.model_dump(mode="json"), as_json, lambda console: _show_why(console, view, calendar))
    if not view.agrees:
        raise typer.Exit(1)


def _show_why(console: Console, view: DeadlinesView, calendar: Calendar) -> None:
    for each in view.deadlines:
        number = f"第{each.cycle}次" + (f"第{each.stretch + 1}段" if each.stretch else "")
        console.print(f"{each.title}（{each.clock}，{number}）：{each.status_word}", style="bold")
        for sentence in each.sentences:
            console.print(f"  {sentence}")
        for computed in each.determinations:
            same = (
                "两种算法一致"
                if computed.agrees
                else f"另一算法得 {moment(computed.again, calendar)}，不一致"
            )
            style = "" if computed.agrees else "red"
            console.print(
                f"  第{computed.seq}条记录算得 {moment(computed.due_at, calendar)}；{same}", style=style
            )


def late(
    number: Annotated[str, typer.Argument(help="The number of a case; none for a whole region.")] = "",
    *,
    region: Region = "",
    since: Since = "",
    until: Until = "",
    as_json: AsJson = False,
) -> None:
    """Why is it late: every moment charged to who held it, and to one of running, paused, unaccepted. Sums are exact."""
    with asking() as (made, names, calendar):
        if number:
            case = case_of(made, number)
            view = case_time_view(made, names, case.id, made.now())
            if view is None:
                raise BadMoment("这件事项登记在现在以后", hint="核对本机的时钟")
            answer(view.model_dump(mode="json"), as_json, lambda c: _show_time(c, view, calendar))
            return
        scope = scope_asked(made, region, since or "2000-01-01", until)
        times = times_view(made, names, scope, lambda found, n: working_on("计时", found, n))
    answer(times.model_dump(mode="json"), as_json, lambda c: _show_times(c, times))


def _show_time(console: Console, view: CaseTimeView, calendar: Calendar) -> None:
    shown = table("自", "至", "环节", "经办", "性质", "历时", "其中工作时间")
    for span in view.spans:
        who = "·".join(n.title for n in (span.holder.role, span.holder.unit, span.holder.person) if n)
        state = f"{span.state.title}（{span.lane}）" if span.lane else span.state.title
        when = moment(span.since, calendar), moment(span.until, calendar)
        row(
            shown,
            *when,
            state,
            who,
            span.kind_word,
            wall_words(span.wall),
            wall_words(span.working, hours=True),
        )
    console.print(shown)
    total = view.total
    console.print(
        f"合计 {wall_words(view.life)}：办理 {wall_words(total.running)}，挂起 {wall_words(total.paused)}，"
        f"未接手 {wall_words(total.unaccepted)}；其中工作时间 {wall_words(total.working, hours=True)}"
    )


def _show_times(console: Console, view: TimesView) -> None:
    console.print(f"{view.since} 至 {view.until}，{view.cases} 件，合计 {wall_words(view.life)}")
    shown = table("单位", "流程", "环节", "件数", "历时", "工作时间", "办理", "挂起", "未接手")
    for each in view.rows:
        time = each.time
        parts = (wall_words(n) for n in (time.running, time.paused, time.unaccepted))
        lengths = wall_words(time.wall), wall_words(time.working, hours=True)
        row(shown, each.unit.title, each.workflow.title, each.state.title, each.cases, *lengths, *parts)
    console.print(shown)


def wall_words(length: int, *, hours: bool = False) -> str:
    """Microseconds as `3天4时5分`, or with `hours` as `76时5分`; less than a minute is 0分."""
    minutes = length // _MINUTE
    days, rest = (0, minutes) if hours else divmod(minutes, 1440)
    whole, minutes = divmod(rest, 60)
    parts = (f"{days}天" if days else "", f"{whole}时" if whole else "", f"{minutes}分" if minutes else "")
    return "".join(parts) or "0分"


def conduct(*, region: Region = "", since: Since, until: Until = "", as_json: AsJson = False) -> None:
    """Hints where to look: returns, last-minute closings, the same words, night bursts, late pauses, pairs."""
    with asking() as (made, names, calendar):
        scope = scope_asked(made, region, since, until)
        view = hints_view(made, names, scope, lambda found, n: working_on("查看", found, n))
    answer(view.model_dump(mode="json"), as_json, lambda console: _show_hints(console, view, calendar))


def _show_hints(console: Console, view: HintsView, calendar: Calendar) -> None:
    console.print(f"{view.since} 至 {view.until}，{view.cases} 件。{view.note}")
    for hint in view.hints:
        console.print(f"提示·{hint.title}：{hint.sentence}")
        for act in hint.acts:
            words = f"“{act.words}”" if act.words else ""
            console.print(f"    {act.case} 第{act.seq}条  {moment(act.at, calendar)}  {act.who.title}{words}")
    if not view.hints:
        console.print("没有达到界限的情形")

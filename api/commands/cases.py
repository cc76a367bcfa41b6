"""`bihuan case`: cases, as the operator at the machine sees them."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.console import Console

from adapters.bootstrap import Container
from adapters.db.views import Filter
from api.commands.opening import container, everything, operator
from api.commands.output import AsJson, answer, columns, row, table
from api.commands.timeline import Lookups, moment, show_lines, timeline, working_words
from api.presenting import CLOCK_WORDS, LIGHT_WORDS, OUTCOME_WORDS
from engine import clocks, timing
from engine.calendar import Calendar
from engine.canonical import instant
from engine.case import Case, CaseId
from engine.errors import UnknownCase, UnknownClock
from engine.explain import explain as explained
from engine.machine import Program
from engine.numbering import is_case_number
from engine.recorded import parse_recorded

app = typer.Typer(
    no_args_is_help=True,
    help="Cases: which there are; where one is, what happened, why a deadline is when it is.",
)

Number = Annotated[str, typer.Argument(help="The number of the case.")]


@app.command("list")
def list_cases(
    *,
    workflow: Annotated[str | None, typer.Option(help="Only of this workflow.")] = None,
    state: Annotated[str | None, typer.Option(help="Only in this state.")] = None,
    region: Annotated[str | None, typer.Option(help="Only of this region and below.")] = None,
    subject: Annotated[str | None, typer.Option(help="Only about this subject.")] = None,
    ended: Annotated[str | None, typer.Option(help="settled or final.")] = None,
    is_open: Annotated[
        bool | None, typer.Option("--open/--closed", help="Only open ones, or only settled and final ones.")
    ] = None,
    late: Annotated[
        bool | None, typer.Option("--late/--in-time", help="Only late ones, or only others.")
    ] = None,
    unit: Annotated[str | None, typer.Option(help="Only held by this unit.")] = None,
    person: Annotated[str | None, typer.Option(help="Only held by this person.")] = None,
    role: Annotated[str | None, typer.Option(help="Only held in this role.")] = None,
    text: Annotated[str | None, typer.Option(help="A part of the number, or the original number.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="At most so many.")] = 50,
    cursor: Annotated[str, typer.Option(help="The `next` of the page before.")] = "",
    as_json: AsJson = False,
) -> None:
    """List cases, the last changed first: number, workflow, state, who holds it, when it is due. Filters as in the API."""
    if ended not in (None, "settled", "final"):
        raise typer.BadParameter("--ended is settled or final")
    wanted = Filter(
        workflow=workflow,
        state=state,
        region=region,
        subject=subject,
        ended=ended,
        open=is_open,
        late=late,
        unit=unit,
        person=person,
        role=role,
        text=text,
    )
    with container() as made:
        reach = everything(made)
        page = made.views.list_cases(reach, wanted, limit=limit, start=cursor)
        lines = [_listed(made, case) for case in page.cases]
        total = made.views.count(reach, wanted)
    data = {"total": total, "cases": lines, "next": page.next}
    answer(data, as_json, lambda console: _show_list(console, data))


@app.command()
def show(number: Number, as_json: AsJson = False) -> None:
    """Where the case is, who holds it, its lanes and its clocks."""
    with container() as made:
        case = case_of(made, number)
        program = made.definitions.digest(case.digest)
        calendar = made.calendars.current(program.definition.calendar)
        data = {**case.as_data(), "head": case.head, "clocks": _clocks(case, program, calendar, made)}
        holder, region = _holder_words(made, case), _region_words(made, case.region)
    answer(
        data,
        as_json,
        lambda console: _show(console, case, program, data["clocks"], holder=holder, region=region),
    )


@app.command()
def history(number: Number, as_json: AsJson = False) -> None:
    """Everything that happened, one line for each event."""
    with container() as made:
        case = case_of(made, number)
        stored = made.views.history(case.id)
        lines = list(timeline(stored, lookups(made)))
    answer(
        {"case": case.id, "events": [line.as_data() for line in lines]},
        as_json,
        lambda c: show_lines(c, lines),
    )


@app.command()
def explain(
    number: Number,
    clock: Annotated[
        str, typer.Argument(help="A clock of the case: state, case, lane/…, or a named one.")
    ] = "state",
    as_json: AsJson = False,
) -> None:
    """Why a deadline is when it is: what was counted, what was skipped and why, pauses and extensions."""
    with container() as made:
        case = case_of(made, number)
        if clock not in case.clocks:
            raise UnknownClock(f"事项没有时钟“{clock}”", hint=f"现有：{'、'.join(case.clocks)}")
        calendar = made.calendars.current(made.definitions.digest(case.digest).definition.calendar)
        found = explained(case.clocks[clock], calendar)
    data = {
        "case": case.id,
        "clock": clock,
        "due_at": instant(found.due_at),
        "calendar": str(found.status),
        "differs": found.differs,
        "skipped": [{"first": s.first, "last": s.last, "reason": s.reason} for s in found.skipped],
        "sentences": list(found.sentences),
    }
    answer(data, as_json, lambda console: console.print("\n".join(found.sentences)))


@app.command()
def erase(
    number: Number,
    yes: Annotated[bool, typer.Option("--yes", help="Erase; without it, only say how many.")] = False,
    reason: Annotated[str, typer.Option(help="Why; it stays in the journal.")] = "",
    as_json: AsJson = False,
) -> None:
    """Erase the personal values of a case for ever, with a reason. Its history keeps their commitments and stays valid."""
    with container() as made:
        case = case_of(made, number)
        found = (
            made.personal.erase(case.id, reason=reason, actor=operator(), at=made.now())
            if yes
            else len(made.personal.of(case.id))
        )
    words = (
        f"已永久删除个人信息 {found} 项" if yes else f"有个人信息 {found} 项；加 --yes --reason … 永久删除"
    )
    data = {"case": case.id, "personal_values": found, "erased": yes}
    answer(data, as_json, lambda console: console.print(f"事项 {case.id}：{words}"))


def lookups(made: Container) -> Lookups:
    return Lookups(made.definitions.digest, made.calendars.digest, made.directories.current())


def case_of(made: Container, number: str) -> Case:
    """Errors: `UnknownCase`."""
    case = made.views.case(CaseId(number), everything(made))
    if case is None:
        raise UnknownCase(
            f"没有编号为 {number} 的事项", hint="核对编号" if is_case_number(number) else "编号有误，请核对"
        )
    return case


def _holder_words(made: Container, case: Case) -> str:
    directory, holder = made.directories.current(), case.holder
    unit, person = directory.unit(holder.unit), directory.person(holder.person)
    return " · ".join(
        words for words in (unit.title if unit else "", person.title if person else "") if words
    )


def _region_words(made: Container, region: str) -> str:
    return f"{made.directories.current().region(region).title}（{region}）"


def _clocks(case: Case, program: Program, calendar: Calendar, made: Container) -> list[dict[str, Any]]:
    now = made.now()
    found = []
    for clock_id, clock in case.clocks.items():
        rule = timing.rule_of(program, case, clock_id)
        remaining = clocks.remaining(clock, now, calendar)
        found.append(
            {
                "id": clock_id,
                "title": rule.title if rule else clock_id,
                "limit": clock.limit,
                "status": clock.status,
                "light": clocks.light(clock, now, calendar),
                "due_at": instant(clock.due_at),
                "due": moment(clock.due_at, calendar),
                "remaining_minutes": int(remaining.total_seconds() // 60),
                "remaining": working_words(remaining, calendar) if clock.is_open else "",
            }
        )
    return found


def _listed(made: Container, case: Case) -> dict[str, Any]:
    program = made.definitions.digest(case.digest)
    definition, calendar = program.definition, made.calendars.current(program.definition.calendar)
    due_at = min((clock.due_at for clock in case.clocks.values() if clock.is_open), default=None)
    return {
        "case": case.id,
        "workflow": case.workflow,
        "title": definition.title.zh,
        "state": case.state,
        "state_title": definition.states[case.state].title.zh,
        "region": case.region,
        "region_title": made.directories.current().region(case.region).title,
        "subject": case.subject,
        "role": case.holder.role,
        "unit": case.holder.unit,
        "person": case.holder.person,
        "holder": _holder_words(made, case),
        "due_at": instant(due_at) if due_at else None,
        "due": moment(due_at, calendar) if due_at else "",
        "late": any(c.due_at < made.now() for c in case.clocks.values() if c.status == "running"),
    }


def _show_list(console: Console, data: dict[str, Any]) -> None:
    shown = table("事项", "流程", "环节", "区划", "服务对象", "经办", "最近时限", "")
    for each in data["cases"]:
        late = "超期" if each["late"] else ""
        place = (each["title"], each["state_title"], each["region_title"], each["subject"])
        row(shown, each["case"], *place, each["holder"], each["due"], late)
    console.print(shown)
    more = f"；下一页加 --cursor {data['next']}" if data["next"] else ""
    console.print(f"共 {data['total']} 件，列出 {len(data['cases'])} 件{more}")


def _show(
    console: Console, case: Case, program: Program, running: list[dict[str, Any]], *, holder: str, region: str
) -> None:
    definition = program.definition
    role = definition.roles[case.holder.role].title.zh if case.holder.role in definition.roles else ""
    facts = [
        ("事项", case.id),
        ("流程", f"{definition.title.zh}（{case.workflow} 第 {case.version} 版）"),
        ("环节", f"{definition.states[case.state].title.zh}（{case.state}）"),
        ("经办", " · ".join(words for words in (role, holder) if words)),
        ("区划", region),
        ("服务对象", case.subject),
        ("轮次", f"第 {case.round} 轮"),
        ("记录", f"{case.seq} 条"),
    ]
    console.print(columns([(name, value) for name, value in facts if value]))
    shown = table("时钟", "编号", "时限", "截止", "还剩", "灯", "状态")
    for clock in running:
        limit, light = parse_recorded(clock["limit"]).zh, LIGHT_WORDS[clock["light"]]
        status = CLOCK_WORDS[clock["status"]]
        row(shown, clock["title"], clock["id"], limit, clock["due"], clock["remaining"], light, status)
    console.print(shown)
    for key, lane in case.lanes.items():
        title = definition.lanes[lane.type].states[lane.state].title.zh
        console.print(f"并行线 {key}：{title}（{OUTCOME_WORDS[lane.outcome]}）")

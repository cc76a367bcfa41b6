"""`bihuan case`: one case, as the operator at the machine sees it."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.console import Console

from adapters.bootstrap import Container
from api.commands.opening import OPERATOR, container, everything
from api.commands.output import AsJson, answer, columns, row, table
from api.commands.timeline import Lookups, moment, show_lines, timeline, working_words
from api.presenting import LIGHT_WORDS
from engine import clocks, timing
from engine.calendar import Calendar
from engine.canonical import instant
from engine.case import Case, CaseId
from engine.errors import UnknownCase, UnknownClock
from engine.explain import explain as explained
from engine.machine import Program
from engine.numbering import is_case_number

app = typer.Typer(
    no_args_is_help=True, help="One case: where it is, what happened, why a deadline is when it is."
)

Number = Annotated[str, typer.Argument(help="The number of the case.")]


@app.command()
def show(number: Number, as_json: AsJson = False) -> None:
    """Where the case is, who holds it, its lanes and its clocks."""
    with container() as made:
        case = case_of(made, number)
        program = made.definitions.digest(case.digest)
        calendar = made.calendars.current(program.definition.calendar)
        data = {**case.as_data(), "head": case.head, "clocks": _clocks(case, program, calendar, made)}
        holder = _holder_words(made, case)
    answer(data, as_json, lambda console: _show(console, case, program, holder, data["clocks"]))


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
            made.personal.erase(case.id, reason=reason, actor=OPERATOR, at=made.now())
            if yes
            else len(made.personal.of(case.id))
        )
    words = "personal values erased" if yes else "personal values; --yes --reason … erases them for ever"
    data = {"case": case.id, "personal_values": found, "erased": yes}
    answer(data, as_json, lambda console: console.print(f"case {case.id}: {found} {words}"))


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


def _show(console: Console, case: Case, program: Program, holder: str, running: list[dict[str, Any]]) -> None:
    definition = program.definition
    role = definition.roles[case.holder.role].title.zh if case.holder.role in definition.roles else ""
    facts = [
        ("case", case.id),
        ("workflow", f"{definition.title.zh} ({case.workflow} v{case.version})"),
        ("state", f"{definition.states[case.state].title.zh} ({case.state})"),
        ("holder", " · ".join(words for words in (role, holder) if words)),
        ("region", case.region),
        ("round", case.round),
        ("events", case.seq),
    ]
    console.print(columns([(name, value) for name, value in facts if value]))
    shown = table("clock", "limit", "due", "left", "light", "status")
    for clock in running:
        light = LIGHT_WORDS[clock["light"]]
        row(shown, clock["title"], clock["limit"], clock["due"], clock["remaining"], light, clock["status"])
    console.print(shown)
    for key, lane in case.lanes.items():
        title = definition.lanes[lane.type].states[lane.state].title.zh
        console.print(f"lane {key}: {title}{f' ({lane.outcome})' if lane.outcome else ''}")

"""`bihuan calendar`: the working days of a year, and the State Council's notice for a new one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from adapters.bootstrap import Container
from adapters.calendars import import_year
from adapters.db.views import Filter
from api.commands.opening import OPERATOR, container, everything
from api.commands.output import AsJson, answer, row, table, working_on
from api.commands.timeline import moment
from engine import clocks, timing
from engine.calendar import Calendar
from engine.canonical import instant, parse_instant
from engine.case import Case, CommandId
from engine.commands import Recount
from engine.errors import NothingDue
from engine.runtime import Accepted, Outcome

app = typer.Typer(no_args_is_help=True, help="Working days: what a year says, and importing a new one.")


@app.command()
def show(
    year: Annotated[int, typer.Argument(min=2000, max=2100)],
    calendar: Annotated[str, typer.Option(help="The id of the calendar.")] = "cn",
    as_json: AsJson = False,
) -> None:
    """The days of a year that differ from the week: holidays and make-up working days, with the document."""
    with container() as made:
        data = _year(made.calendars.current(calendar), year)
    answer(data, as_json, lambda console: _show_year(console, data))


@app.command("import")
def import_notice(
    file: Annotated[Path, typer.Argument(help="The notice as JSON, as adapters/calendars/cn-2026.json.")],
    calendar: Annotated[str, typer.Option(help="The id of the calendar.")] = "cn",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say which deadlines would move.")] = False,
    as_json: AsJson = False,
) -> None:
    """Adopt a year's notice and recount every case that is not final, each move with an event and a notice."""
    with container() as made:
        base = made.calendars.current(calendar)
        new = import_year(file, base=base)
        cases = [case for case in _unfinished(made) if _calendar_of(made, case) == calendar]
        moves = [m for c in working_on("Counting", cases, len(cases)) for m in _would_move(made, c, new)]
        if not dry_run:
            made.calendars.adopt(new, made.now())
            moves = list(_recounted(made, cases, new))
        now = instant(made.now())
    data = {"digest": new.digest, "adopted": not dry_run, "cases": len(cases), "moved": moves, "at": now}
    answer(data, as_json, lambda console: _show_moves(console, data, new))


def _year(calendar: Calendar, year: int) -> dict[str, Any]:
    record = next((y for y in calendar.years if y.year == year), None)
    days = [calendar.day(o.date) for o in calendar.overrides if o.date.year == year]
    every = (
        date.fromordinal(n) for n in range(date(year, 1, 1).toordinal(), date(year + 1, 1, 1).toordinal())
    )
    return {
        "calendar": calendar.id,
        "title": calendar.title,
        "digest": calendar.digest,
        "year": year,
        "status": str(record.status) if record else "missing",
        "source": record.source if record else "",
        "working_days": sum(calendar.is_working_day(d) for d in every),
        "days": [
            {"date": d.date.isoformat(), "kind": "work" if d.is_working else "off", "reason": d.reason}
            for d in days
        ],
    }


def _show_year(console: Console, data: dict[str, Any]) -> None:
    console.print(f"{data['title']} {data['year']}: {data['status']}, {data['working_days']} working days")
    console.print(
        data["source"] or "no document for this year: weekdays are counted, deadlines are provisional"
    )
    shown = table("date", "kind", "reason")
    for day in data["days"]:
        row(shown, day["date"], day["kind"], day["reason"])
    console.print(shown)


def _unfinished(made: Container) -> Iterator[Case]:
    """Open cases, and settled ones: their time to reopen counts too."""
    for ended in ("", "settled"):
        start, wanted = "", Filter(ended=ended)
        while True:
            page = made.views.list_cases(everything(made), wanted, start=start)
            yield from page.cases
            if not (start := page.next):
                break


def _calendar_of(made: Container, case: Case) -> str:
    return made.definitions.digest(case.digest).definition.calendar


def _would_move(made: Container, case: Case, new: Calendar) -> Iterator[dict[str, Any]]:
    program = made.definitions.digest(case.digest)
    for clock_id, clock in case.clocks.items():
        rule = timing.rule_of(program, case, clock_id) if clock.is_open else None
        due = clocks.due_moment(clock, new) if rule else clock.due_at
        if due != clock.due_at:
            yield _a_move(made, case.id, clock_id, instant(clock.due_at), instant(due))


def _a_move(made: Container, case: str, clock: str, before: str, after: str) -> dict[str, Any]:
    now = made.now()
    is_past = parse_instant(after) < now <= parse_instant(before)
    return {"case": case, "clock": clock, "from": before, "to": after, "now_overdue": is_past}


def _recounted(made: Container, cases: Sequence[Case], new: Calendar) -> Iterator[dict[str, Any]]:
    """Every deadline that moved, as the events say it."""
    writer = made.writer()
    try:
        futures = [
            writer.submit(
                Recount(
                    id=CommandId(f"recount/{case.id}/{case.seq}/{new.digest[-16:]}"),
                    case=case.id,
                    actor=OPERATOR,
                    reason=f"日历更新：{new.title}（{new.digest[:12]}）",
                )
            )
            for case in cases
        ]
        for future in working_on("Recounting", futures, len(futures)):
            yield from _moves_in(made, future.result())
    finally:
        writer.close()


def _moves_in(made: Container, outcome: Outcome) -> Iterator[dict[str, Any]]:
    if isinstance(outcome, Accepted):
        for effect in outcome.event.effects if outcome.event else ():
            if effect.get("about") == "deadline_moved":
                yield _a_move(
                    made, outcome.receipt["case"], effect["clock"], effect["due_from"], effect["due_to"]
                )
    elif not isinstance(outcome.error, NothingDue):
        raise outcome.error


def _show_moves(console: Console, data: dict[str, Any], new: Calendar) -> None:
    words = "adopted" if data["adopted"] else "not adopted (dry run)"
    console.print(
        f"calendar {data['digest'][-16:]} {words}; {data['cases']} cases looked at, {len(data['moved'])} deadlines"
    )
    shown = table("case", "clock", "from", "to", "")
    for move in data["moved"]:
        row(
            shown,
            move["case"],
            move["clock"],
            moment(parse_instant(move["from"]), new),
            moment(parse_instant(move["to"]), new),
            "OVERDUE" if move["now_overdue"] else "",
        )
    console.print(shown)

"""`bihuan status` and `bihuan replay`: whether the promises hold, for the operator."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Any

import typer
from rich.console import Console

from adapters.bootstrap import Container
from adapters.db.lateness import latenesses
from adapters.db.views import Filter, Owed
from api.commands.opening import container, everything
from api.commands.output import AsJson, answer, columns, row, table, working_on
from api.commands.replaying import Verified, every_case, replayed
from engine.canonical import instant
from engine.case import CaseId

_BANDS = (
    (1, "under 1 s"),
    (10, "1 to 10 s"),
    (60, "10 to 60 s"),
    (600, "1 to 10 min"),
    (3600, "10 to 60 min"),
)
_LAST_BAND = "over 1 h"
ALIVE = timedelta(minutes=1)  # a sweeper says every few seconds that it is there


def status(as_json: AsJson = False) -> None:
    """What is owed now, and how late clocks have fired. Exit code 1 if something due has not been fired."""
    with container() as made:
        owed = made.views.owed(made.now())
        data = {**_owed_data(owed), "lateness": histogram(latenesses(made.database)), "states": _states(made)}
    answer(data, as_json, lambda console: _show(console, data))
    if owed.overdue_timers or owed.tasks["dead"]:
        raise typer.Exit(1)


def replay(
    numbers: Annotated[list[str] | None, typer.Argument(help="Cases by number.")] = None,
    all_cases: Annotated[bool, typer.Option("--all", help="Every case in the database.")] = False,
    as_json: AsJson = False,
) -> None:
    """Verify chains and decide every event again. Exit code 1 if anything differs."""
    if all_cases == bool(numbers):
        raise typer.BadParameter("name cases, or say --all")
    with container() as made:
        cases = list(every_case(made)) if all_cases else [CaseId(n) for n in numbers or ()]
        found = sum((replayed(made, case) for case in working_on("Replaying", cases, len(cases))), Verified())
    answer(found.as_data(), as_json, found.show)
    if not found.is_sound:
        raise typer.Exit(1)


def histogram(seconds: Iterable[int]) -> dict[str, int]:
    """How many firings were how late, in bands."""
    found = Counter(next((name for most, name in _BANDS if late < most), _LAST_BAND) for late in seconds)
    return {name: found[name] for name in (*(name for _, name in _BANDS), _LAST_BAND)}


def _states(made: Container) -> dict[str, int]:
    if made.views.case_ids(limit=1) == []:
        return {}
    counted = made.views.count_by_state(everything(made), Filter())
    return {f"{workflow}.{state}": number for (workflow, state), number in sorted(counted.items())}


def _owed_data(owed: Owed) -> dict[str, Any]:
    newest_first = sorted(owed.beats.items(), key=lambda beat: beat[1], reverse=True)
    return {
        "at": instant(owed.at),
        "overdue_timers": owed.overdue_timers,
        "oldest_timer": instant(owed.oldest_timer) if owed.oldest_timer else None,
        "open_cases": owed.open_cases,
        "late_cases": owed.late_cases,
        "tasks": dict(owed.tasks),
        "refused": [asdict(each) for each in owed.refused],
        "sweepers": [
            {"worker": worker, "at": instant(at), "alive": owed.at - at < ALIVE}
            for worker, at in newest_first
        ],
    }


def _sweepers_words(sweepers: list[dict[str, Any]]) -> str:
    alive = [f"{sweeper['worker']} at {sweeper['at']}" for sweeper in sweepers if sweeper["alive"]]
    silent = len(sweepers) - len(alive)
    gone = [f"{silent} silent for over a minute"] if silent else []
    return ", ".join((*alive, *gone)) or "none yet"


def _show(console: Console, data: dict[str, Any]) -> None:
    overdue = data["overdue_timers"]
    style = "red" if overdue else "green"
    oldest = f"; the oldest since {data['oldest_timer']}" if overdue else ""
    console.print(f"{overdue} obligations due before {data['at']} unfired{oldest}", style=style)
    tasks = ", ".join(f"{number} {state}" for state, number in data["tasks"].items())
    console.print(
        columns(
            [
                ("open cases", f"{data['open_cases']} ({data['late_cases']} late)"),
                ("tasks", tasks),
                ("sweepers", _sweepers_words(data["sweepers"])),
            ]
        )
    )
    for each in data["refused"]:
        words = (
            f"{each['number']} of the programme ({each['kind']}) refused, {each['code']}: {each['reason']}"
        )
        console.print(words, style="yellow")
    late = table("clocks fired", "number")
    for band, number in data["lateness"].items():
        row(late, f"{band} late", number)
    console.print(late)
    if data["states"]:
        states = table("state", "cases")
        for state, number in data["states"].items():
            row(states, state, number)
        console.print(states)

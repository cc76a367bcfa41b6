"""`bihuan sample`: fill an empty database with an invented province, as large as wanted, that has worked for a while."""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Annotated, Final

import typer
from rich.console import Console

from adapters import logging
from adapters.bootstrap import Container, build
from adapters.clock import MovedClock, system_now
from adapters.population import Invented, population
from adapters.sample import REGION, SUBJECT, load_sample
from adapters.subjects.writing import NewSubject
from api.commands.opening import make_folder, read_settings
from api.commands.output import AsJson, answer, columns, tell, working_on
from api.simulation import Province
from api.simulation.manners import Manners
from api.simulation.province import ZONE, Happening
from api.simulation.setting import (
    an_issue,
    for_every_report,
    for_every_workflow,
    keep,
    nominate,
    set_bases,
    settle,
)
from engine.directory import RegionId
from engine.errors import BihuanError

MANY: Final = 100  # enterprises from which on every workflow has a few cases
_LIKELY: Final = {"redo": 0.12, "propose_explaining": 0.06, "hand_back": 0.06}
SMALL: Final = 60  # enterprises of `serve --sample`: some on every list, at once


class HasCases(BihuanError):
    """Raised when the database already holds cases: the past of a sample must not be written over a real one."""

    code = "has_cases"


def sample(
    enterprises: Annotated[
        int, typer.Option(min=1, max=100_000, help="How many invented enterprises.")
    ] = 300,
    issues: Annotated[int, typer.Option(min=0, help="Issues opened on each working day.")] = 5,
    days: Annotated[
        int, typer.Option(min=0, max=400, help="How many days the province has worked until today.")
    ] = 30,
    seed: Annotated[int, typer.Option(help="The same seed makes the same enterprises and choices.")] = 7,
    as_json: AsJson = False,
) -> None:
    """Fill an empty database with an invented province (示例): enterprises, lists, visits, issues, and their clocks.

    People act, are late or forget, as in the proof of a year; then `bihuan serve --sample` goes on from there.
    """
    logging.configure(level="error", form="console")
    with _at_work(days) as (made, clock):
        counts = play(made, clock, enterprises=enterprises, issues=issues, days=days, seed=seed)
    answer(counts, as_json, lambda console: _show(console, counts))


@contextmanager
def _at_work(days: int) -> Iterator[tuple[Container, MovedClock]]:
    """A container whose clock stands so many days back. Errors: `HasCases`."""
    settings = read_settings()
    make_folder(settings.database_url)
    clock = MovedClock(system_now() - timedelta(days=days))
    made = build(settings, now=clock, entropy=secrets.token_bytes)
    try:
        if made.views.case_ids(limit=1):
            raise HasCases(
                "the database holds cases already",
                hint="name a new one with BIHUAN_DATABASE_URL, for example sqlite:///var/sample.db",
            )
        yield made, clock
    finally:
        made.close()


def play(
    made: Container, clock: MovedClock, *, enterprises: int, issues: int, days: int, seed: int
) -> dict[str, int]:
    """Fill an empty database from the moment at which the clock stands; what is in it then."""
    tell(f"Registering {enterprises:,} enterprises and their figures")
    people = _settled(made, enterprises, seed)
    counts = _played(made, clock, people, issues=issues, days=days, seed=seed)
    return {"enterprises": len(people), **counts, **_lists(made)}


def small(made: Container) -> None:
    """What `serve --sample` starts with: a few enterprises, and the one of the walk; the sweeper fills lists and slots."""
    _settled(made, SMALL, 7)
    if not made.subjects.known([SUBJECT]):
        since = made.now().astimezone(ZONE).date()
        new = NewSubject(id=SUBJECT, title="示例企业", region=RegionId(REGION), since=since)
        made.subjects.register_many([new], made.now())


def _settled(made: Container, size: int, seed: int) -> list[Invented]:
    today = made.now().astimezone(ZONE).date()
    people = list(population(size, seed=seed, until_year=_last_known_year(today)))
    registries = (made.definitions, made.calendars, made.directories)
    load_sample(*registries, made.now(), made.programmes, subjects=[each.id for each in people])
    settle(made, people, known_from=today)
    nominate(made, people)
    return people


def _last_known_year(today: date) -> int:
    """Statistics of a year come in June of the next one."""
    return today.year - (1 if today.month > 6 else 2)


def _played(
    made: Container, clock: MovedClock, people: Sequence[Invented], *, issues: int, days: int, seed: int
) -> dict[str, int]:
    # So that something is late, whatever the seed and the season.
    manners = Manners(never=frozenset({("supervision", people[0].region)}), extends=0.03, likely=_LIKELY)
    with Province(made, clock, seed=seed, manners=manners) as province:
        tell(f"Filling the lists of {len(people):,} enterprises and opening their cases")
        keep(made, province.writer.submit)
        set_bases(made)
        tell(f"Working for {days} days, until today")
        today = province.today
        played = province.live(
            today + timedelta(days=days),
            happenings=_happenings(made, people, issues, seed, last=today + timedelta(days=days)),
            daily=lambda day: keep(made, province.writer.submit),
        )
        for _ in working_on("Working", played, days):
            pass
        return {
            "events": sum(province.tally.events.values()),
            "refused": sum(province.tally.refused.values()),
        }


def _happenings(
    made: Container, people: Sequence[Invented], number: int, seed: int, *, last: date
) -> Callable[[date], list[Happening]]:
    """Issues on each working day; on the first one also what the reports need."""
    rng, calendar = random.Random(f"{seed}/issues"), made.calendars.current("cn")
    worked: set[date] = set()

    def of(day: date) -> list[Happening]:
        if not calendar.day(day).is_working:
            return []
        once = [] if worked else for_every_report(made, people, day, last)
        if not worked and len(people) >= MANY:
            once += for_every_workflow(rng, people, day.year)
        worked.add(day)
        return [*once, *(an_issue(rng, people) for _ in range(number))]

    return of


def _lists(made: Container) -> dict[str, int]:
    owed = made.views.owed(made.now())
    return {
        "open cases": owed.open_cases,
        "late cases": owed.late_cases,
        "due and unfired": owed.overdue_timers,
    }


def _show(console: Console, counts: dict[str, int]) -> None:
    console.print(
        "An invented province (示例) is in the database; `bihuan serve --sample` goes on from here.\n"
    )
    console.print(columns(list(counts.items())))
    console.print(
        "\nrefused: attempts of the invented people that a rule turned away, as it should; nothing is recorded of them."
    )

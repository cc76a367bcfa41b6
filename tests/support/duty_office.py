"""The example programme at work over a database: rounds and requests, a moved clock, the figures and the slots."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert

from adapters.bootstrap import Container, build
from adapters.clock import MovedClock
from adapters.db.database import Database
from adapters.db.programme_tables import MEMBERSHIP, SUBJECT
from adapters.db.rows import micros
from adapters.programme.figures import Figures
from adapters.programme.slots import InForce, Ran, Slots
from adapters.settings import Settings
from engine.access import Actor, Grant
from engine.case import Case, CaseId, CommandId
from engine.commands import Command, Open, TakeStep
from engine.loading import load
from engine.runtime import Accepted, Outcome, Refused
from tests.support.duties import REQUEST, ROUND, duties, wards
from tests.support.stores import stored_rows

ZONE = ZoneInfo("Asia/Shanghai")
KEEPER = Actor(
    id="p-7-keeper", grants=(Grant("keeper", region="7"), Grant("chief", region="7")), channel="test"
)


def local(words: str) -> datetime:
    return datetime.strptime(words, "%Y-%m-%d %H:%M").replace(tzinfo=ZONE).astimezone(UTC)


@dataclass
class DutyOffice:
    """`since` is the first day of the obligations."""

    container: Container
    clock: MovedClock
    since: date
    slots: Slots
    figures: Figures
    _keys: Iterator[int] = field(default_factory=count)

    def submit(self, command: Command) -> Future[Outcome]:
        future: Future[Outcome] = Future()
        future.set_result(self.container.engine.handle([command])[0])
        return future

    def run(self, limit: int = 100) -> Ran:
        return self.slots.run(self.submit, self.container.now(), limit)

    def rows(self, table: str) -> list[dict[str, Any]]:
        return stored_rows(self.container.database, table)

    def case(self, case: str) -> Case:
        with self.container.store.unit() as unit:
            return unit.load({CaseId(case)}, ()).cases[CaseId(case)]

    def case_of(self, target: str, period: str) -> str:
        (row,) = [r for r in self.rows("slot") if (r["target"], r["period"]) == (target, period)]
        return str(row["case_id"])

    def until(self, words: str) -> None:
        """Move the clock, and let every clock of a case ring on the way."""
        self.clock.move_to(local(words))
        while self.container.engine.sweep(100):
            pass

    def step(self, case: str, name: str, **data: Any) -> None:
        key = CommandId(f"step-{next(self._keys)}")
        self.do(TakeStep(id=key, case=CaseId(case), actor=KEEPER, step=name, data=data))

    def open(self, workflow: str, *, region: str, subject: str = "", **data: Any) -> str:
        return self.do(
            Open(
                id=CommandId(f"open-{next(self._keys)}"),
                case=self.container.numbers.next(self.container.now()),
                actor=KEEPER,
                workflow=workflow,
                region=region,
                subject=subject,
                data=data,
            )
        )

    def do(self, command: Command) -> str:
        (outcome,) = self.container.engine.handle([command])
        if isinstance(outcome, Refused):
            raise outcome.error
        assert isinstance(outcome, Accepted)
        return str(outcome.receipt["case"])

    def enrol(self, name: str, subject: str, region: str, since: str, **more: Any) -> None:
        row = {"list": name, "subject": subject, "n": 1, "region": region, "since": micros(local(since))}
        usual = {"until": None, "how_in": "entered", "how_out": "", "reason": "", "year": 2025, "case_id": ""}
        with self.container.database.writing() as connection:
            connection.execute(insert(MEMBERSHIP).values({**row, **usual, "evidence": b"{}", **more}))

    def subject(self, subject: str, region: str) -> None:
        row = {"id": subject, "title": f"示例{subject}", "region": region, "doubt": "", "dirty": False}
        with self.container.database.writing() as connection:
            connection.execute(insert(SUBJECT).values(**row, created_at=0, updated_at=0))


@contextmanager
def duty_office(database: Database, at: str, *, since: date | None = None) -> Iterator[DutyOffice]:
    """Over a database with our schema; the obligations are in force from `since`, else from the day of `at`."""
    clock = MovedClock(local(at))
    url = f"sqlite:///{database.path}" if database.is_sqlite else database.dsn
    container = build(Settings(database_url=url, log="示例"), now=clock, upgrade=False)
    container.calendars.ensure("cn", clock())
    for name, text in (("round", ROUND), ("request", REQUEST)):
        container.definitions.publish(load(text.encode(), name=f"{name}.yaml"), clock())
    container.directories.adopt(wards(), clock())
    first = since or local(at).astimezone(ZONE).date()
    parts: dict[str, Any] = {
        name: getattr(container, name) for name in ("calendars", "definitions", "directories")
    }
    found = InForce(duties(), dict.fromkeys(duties().obligations, first))
    slots = Slots(container.database, **parts, numbers=container.numbers, in_force=lambda _: found)
    try:
        figures = Figures(container.database, **parts, profiles=container.profiles)
        yield DutyOffice(container, clock, first, slots, figures)
    finally:
        container.close()

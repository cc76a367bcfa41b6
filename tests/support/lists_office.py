"""An office whose lists keep themselves: the sample organisation, the workflows that lists open, and subjects put in by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, update

from adapters.bootstrap import Container, build
from adapters.clock import MovedClock
from adapters.db.programme_tables import OBSERVATION, SUBJECT
from adapters.db.rows import micros
from adapters.organisation import sample_directory
from adapters.programme.lists import Ran
from adapters.settings import Settings
from adapters.writer import Writer
from engine import canonical
from engine.access import Actor, Grant
from engine.case import Case, CaseId, CommandId
from engine.commands import Jump
from engine.directory import SubjectId
from engine.loading import load
from engine.programme.spells import Spell
from engine.runtime import Accepted, Outcome
from engine.subjects import TIMELESS, Value
from tests.support.profiles import shipped_programme
from workflows import shipped

MORNING = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)  # 09:00 in China, a Monday


class Killed(Exception):
    """Raised where a process dies."""


@dataclass
class ListsOffice:
    """A second passes with everything that is put in."""

    container: Container
    writer: Writer
    clock: MovedClock
    _n: int = 0

    def put(self, subject: str, *, region: str = "340104", year: int = 2025, **facts: Value) -> None:
        """The subject, where it now belongs, with one more observation of its facts."""
        self.clock.advance(timedelta(seconds=1))
        self._n += 1
        moment, specs = micros(self.clock()), self.container.programmes.current(self.clock()).programme.facts
        about = {"title": f"示例企业{subject}", "region": region, "dirty": True, "updated_at": moment}
        yearly: dict[int, dict[str, Value]] = {}
        for name, value in facts.items():
            yearly.setdefault(year if specs[name].yearly else TIMELESS, {})[name] = value
        with self.container.database.writing() as connection:
            known = connection.scalar(select(SUBJECT.c.id).where(SUBJECT.c.id == subject))
            if known:
                connection.execute(update(SUBJECT).where(SUBJECT.c.id == subject).values(**about))
            else:
                connection.execute(insert(SUBJECT).values(id=subject, doubt="", created_at=moment, **about))
            for at, values in yearly.items():
                self._n += 1
                connection.execute(
                    insert(OBSERVATION).values(**_observation(subject, self._n, at, values, moment))
                )

    def run(self) -> Ran:
        return self.container.lists.run_all(self.writer.submit)

    def run_until(self, stops: Callable[[], None]) -> None:
        """A pass that dies between its commands and its rows: `stops` is called in between, and must raise `Killed`."""

        class _Dying:
            def __init__(self, future: Future[Outcome]) -> None:
                self._future = future

            def result(self) -> Outcome:
                self._future.result()
                stops()
                raise AssertionError("unreachable")

        with suppress(Killed):
            self.container.lists.run(lambda command: _Dying(self.writer.submit(command)))  # type: ignore[arg-type,return-value]

    def dirty(self) -> list[str]:
        return [subject for subject, _ in self.container.profiles.dirty(1000)]

    def spells(self, subject: str, list_: str) -> list[Spell]:
        return [s for s in self.container.memberships.spells(SubjectId(subject)) if s.list == list_]

    def story(self, subject: str, list_: str) -> list[str]:
        """Each spell in words: `entered 340104 2025 - cleared`."""
        return [f"{s.how_in} {s.region} {s.year} - {s.how_out or 'on'}" for s in self.spells(subject, list_)]

    def case(self, number: str) -> Case:
        return self.container.memberships.cases([number])[number]

    def jump(self, case: str, state: str) -> None:
        """An administrator puts the case where the story needs it."""
        actor = Actor(
            id="p-34-administrator-1", grants=(Grant("administrator", region="34"),), channel="test"
        )
        self._n += 1
        command = Jump(
            id=CommandId(f"jump-{self._n}"),
            case=CaseId(case),
            actor=actor,
            state=state,
            reason="示例",
            second="p-34-leader-1",
        )
        outcome = self.writer.handle(command)
        assert isinstance(outcome, Accepted), outcome


def _observation(subject: str, n: int, year: int, facts: Mapping[str, Value], moment: int) -> dict[str, Any]:
    return {
        "subject": subject,
        "n": n,
        "year": year,
        "vintage": "2026-01-31",
        "source": "示例",
        "verified": True,
        "entered_by": "p-34-administrator-1",
        "entered_at": moment,
        "batch": "",
        "withdrawn_at": None,
        "body": canonical.encode(dict(facts)),
    }


def prepare(container: Container) -> None:
    """Publish the programme and the workflows that its lists open; again is welcome."""
    source = shipped_programme()
    needed = {spec.case.workflow for spec in source.programme.lists.values() if spec.case}
    container.calendars.ensure("cn", MORNING)
    container.directories.adopt(sample_directory([]), MORNING)
    for name, data in shipped():
        if name.removesuffix(".yaml") in needed:
            container.definitions.publish(load(data, name=name), MORNING)
    container.programmes.publish(source, MORNING)


@contextmanager
def lists_office(url: str) -> Iterator[ListsOffice]:
    """Over a database that has our schema."""
    clock = MovedClock(MORNING)
    container = build(Settings(database_url=url, log="示例"), now=clock, upgrade=False)
    prepare(container)
    writer = container.writer()
    try:
        yield ListsOffice(container, writer, clock)
    finally:
        writer.close()
        container.close()

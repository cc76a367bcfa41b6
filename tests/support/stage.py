"""A stage for stories told by hand: one workflow in memory, people named by their role, and the clock set to the minute.

`stage.does("clerk", "accept", at="2026-03-02 09:00")` takes a step in China's local time and returns the event.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from engine.access import Actor, grants_of
from engine.case import Case, CaseId, CommandId
from engine.commands import Command, Open, TakeStep
from engine.definition import RoleOf
from engine.directory import SubjectId
from engine.events import Event
from engine.runtime import Accepted
from tests.support.histories import (
    REGION,
    SUBJECT,
    UNITS,
    MemoryWorld,
    next_version,
    organisation_for,
    program_of,
)

CHINA = ZoneInfo("Asia/Shanghai")


def local(words: str) -> datetime:
    """`2026-03-02 09:00`, in China; seconds may follow."""
    return datetime.fromisoformat(words).replace(tzinfo=CHINA)


class Stage:
    """`person` of each role is number 1 of the county, of the first unit, or of the subject."""

    def __init__(self, workflow: str, case: str = "34202600000018") -> None:
        self.program = program_of(workflow)
        self.directory = organisation_for(self.program.definition)
        self.world = MemoryWorld((self.program, next_version(self.program)), self.directory)
        self.case = CaseId(case)
        self._ids = count()

    @property
    def now(self) -> Case:
        with self.world.store.unit() as unit:
            return unit.load({self.case}, ()).cases[self.case]

    @property
    def history(self) -> list[bytes]:
        return self.world.store.history(self.case)

    def actor(self, role: str, unit: str = UNITS[0], n: int = 1) -> Actor:
        definition = self.program.definition
        spec, post, on = definition.roles[role], self.program.post(role), date(2026, 6, 1)
        if spec.of is RoleOf.SUBJECT:
            people: Sequence[Any] = self.directory.subject_holders(post, subject=SubjectId(SUBJECT), on=on)
        elif spec.of is RoleOf.UNIT:
            people = self.directory.unit_holders(post, unit=unit, on=on)
        else:
            found = self.directory.resolve(self.program.address(role), region=REGION, unit=None, on=on)
            people = found.people
        posts = self.directory.posts_of(people[n - 1], on=on)
        return Actor(id=people[n - 1], grants=grants_of(posts), channel="api")

    def id(self) -> CommandId:
        return CommandId(f"stage-{self.case}-{next(self._ids)}")

    def send(self, command: Command, at: str) -> Event:
        self.world.move_to(local(at))
        (outcome,) = self.world.handle([command])
        assert isinstance(outcome, Accepted), outcome
        assert outcome.event is not None
        return outcome.event

    def opens(self, role: str, at: str, *, occurred: str = "", **data: Any) -> Event:
        command = Open(
            id=self.id(),
            case=self.case,
            actor=self.actor(role),
            occurred_at=local(occurred) if occurred else None,
            workflow=self.program.definition.workflow,
            region=REGION,
            subject=SUBJECT,
            data=data,
        )
        return self.send(command, at)

    def does(
        self,
        role: str,
        step: str,
        at: str,
        *,
        lane: str = "",
        unit: str = UNITS[0],
        n: int = 1,
        occurred: str = "",
        **data: Any,
    ) -> Event:
        command = TakeStep(
            id=self.id(),
            case=self.case,
            actor=self.actor(role, unit, n),
            occurred_at=local(occurred) if occurred else None,
            step=step,
            lane=lane,
            data=data,
        )
        return self.send(command, at)

    def sweep(self, at: str) -> list[Event]:
        """Let the clocks ring that are due."""
        self.world.move_to(local(at))
        return self.world.engine.sweep()

"""One case in memory for tests that tell a story: `office.open()`, `office.take("reply", by="clerk")`, then `wait_until`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from engine.access import Actor, grants_of
from engine.calendar import Calendar
from engine.case import Case, CaseId, Clock, CommandId
from engine.clocks import Light, light
from engine.commands import Command, Open, TakeStep, Tick
from engine.definition import RoleOf
from engine.events import Event, read
from engine.loading import load
from engine.machine import Program
from engine.runtime import CLOCK, Accepted, Refused
from tests.support.histories import REGION, SUBJECT, UNITS, MemoryWorld, organisation_for

CHINA = ZoneInfo("Asia/Shanghai")
CASE = CaseId("202600000015")
TODAY = date(2026, 1, 5)  # posts do not change in these stories


def at(local: str) -> datetime:
    """`2026-03-02 10:00` on a clock in China."""
    return datetime.fromisoformat(local).replace(tzinfo=CHINA).astimezone(UTC)


def local(moment: datetime) -> str:
    return moment.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")


def program_from(text: str | Mapping[str, Any]) -> Program:
    """A workflow from YAML, or from a mapping: JSON is YAML."""
    source = text if isinstance(text, str) else json.dumps(text, ensure_ascii=False)
    return Program(load(source.encode(), name="sample.yaml"))


def a_workflow(states: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """A workflow with the roles clerk, head, member (of a unit), citizen (the subject) and a handful of fields."""
    return {
        "language": 1,
        "workflow": "sample",
        "version": 1,
        "effective": "2018-01-01",
        "title": "示例",
        "roles": {
            "clerk": {"title": "办事员"},
            "head": {"title": "主任", "accountable": True},
            "member": {"title": "成员", "of": "unit"},
            "citizen": {"title": "群众", "of": "subject"},
        },
        "fields": {
            "note": {"title": "说明", "type": "text"},
            "phone": {"title": "电话", "type": "text", "personal": True},
            "class": {"title": "类别", "type": "choice", "options": {"plain": "一般", "hard": "疑难"}},
            "units": {"title": "单位", "type": "units"},
            "redo": {"title": "重做", "type": "choices", "options": {"a": "甲", "b": "乙", "c": "丙"}},
            "urgent": {"title": "紧急", "type": "boolean"},
            "other": {"title": "另一事项", "type": "case"},
        },
        "administrators": ["head"],
        "opening": {"by": ["clerk"], "may": ["note", "phone", "class", "units", "urgent"]},
        "start": "first",
        "states": {**states, "done": {"title": "办结", "final": True}},
        **more,
    }


def a_state(due: str = "3 working days", **more: Any) -> dict[str, Any]:
    """A state of the head, who may stay overdue in it."""
    overdue = {"stay": True, "every": "1 working day"}
    return {"title": "环节", "owner": "head", "due": due, "overdue": overdue, **more}


def a_step(to: Any = "done", by: str = "head", **more: Any) -> dict[str, Any]:
    return {"title": "动作", "by": [by], **({"to": to} if to else {"stay": True}), **more}


class Office:
    """One case of one workflow, acted on by named roles; refusals are raised."""

    def __init__(
        self,
        workflow: str | Mapping[str, Any],
        *,
        now: str = "2026-03-02 10:00",
        both: Sequence[Calendar] = (),
        later: Mapping[str, Any] | None = None,
    ) -> None:
        self.program = program_from(workflow)
        self.directory = organisation_for(self.program.definition)
        programs = (self.program, *([program_from(later)] if later else []))
        self.world = MemoryWorld(programs, self.directory, both=both)
        self.world.move_to(at(now))
        self.count = 0

    @property
    def now(self) -> datetime:
        return self.world.clock()

    @property
    def case(self) -> Case:
        with self.world.store.unit() as unit:
            return unit.load([CASE], []).cases[CASE]

    @property
    def events(self) -> list[Event]:
        return [read(data) for data in self.world.store.history(CASE)]

    def clock(self, name: str = "state") -> Clock:
        return self.case.clocks[name]

    def light(self, name: str = "state") -> Light:
        return light(self.clock(name), self.now, self.world.calendar("cn"))

    def people(self, role: str, *, unit: str = UNITS[0]) -> tuple[str, ...]:
        spec, post = self.program.role(role), self.program.post(role)
        if spec.of is RoleOf.UNIT:
            return self.directory.unit_holders(post, unit=unit, on=TODAY)
        if spec.of is RoleOf.SUBJECT:
            return self.directory.subject_holders(post, subject=SUBJECT, on=TODAY)
        return self.directory.holders(post, region=REGION, on=TODAY)

    def actor(self, role: str, *, number: int = 1, unit: str = UNITS[0]) -> Actor:
        """The first or second person in a role of the county, or of a unit."""
        person = self.people(role, unit=unit)[number - 1]
        return Actor(id=person, grants=grants_of(self.directory.posts_of(person, on=TODAY)), channel="api")

    def key(self) -> CommandId:
        self.count += 1
        return CommandId(f"key-{self.count}")

    def send(self, command: Command) -> Event:
        (outcome,) = self.world.handle([command])
        if isinstance(outcome, Refused):
            raise outcome.error
        assert isinstance(outcome, Accepted)
        assert outcome.event is not None
        return outcome.event

    def does(self, kind: type[Command], by: str = "head", number: int = 1, **asked: Any) -> Event:
        return self.send(kind(id=self.key(), case=CASE, actor=self.actor(by, number=number), **asked))

    def open(self, by: str = "clerk", **data: Any) -> Case:
        workflow, version = self.program.definition.workflow, self.program.definition.version
        self.does(Open, by, workflow=workflow, version=version, region=REGION, subject=SUBJECT, data=data)
        return self.case

    def take(
        self,
        step: str,
        by: str = "head",
        *,
        lane: str = "",
        number: int = 1,
        unit: str = UNITS[0],
        **data: Any,
    ) -> Case:
        actor = self.actor(by, number=number, unit=unit)
        self.send(TakeStep(id=self.key(), case=CASE, actor=actor, step=step, lane=lane, data=data))
        return self.case

    def move_to(self, moment: str) -> None:
        """Time goes on and nobody looks: nothing rings."""
        self.world.move_to(at(moment))

    def ring(self) -> list[Event]:
        """Everything that is due now, one event each."""
        return self.world.engine.sweep()

    def wait_until(self, moment: str) -> list[str]:
        """Time goes on and every clock rings at its moment; what rang, as `clock rung`."""
        rang = []
        while (wake_at := self.case.wake_at) and wake_at <= at(moment):
            self.world.move_to(max(self.now, wake_at))
            event = self.send(Tick(id=self.key(), case=CASE, actor=CLOCK))
            fired = event.body["inputs"]["fired"]
            rang.append(f"{fired['clock']} {fired['rung']}")
        self.move_to(moment)
        return rang

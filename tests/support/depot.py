"""A depot that handles lost parcels: a small workflow of another field, its people, and a container around them.

A parcel is reminded of, then overdue (notice to the chief), a working day later a chase is opened, three working
days later it goes to the chief, who is told again every working day.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

import orjson

from adapters.bootstrap import Container, build
from adapters.clock import MovedClock
from adapters.settings import Settings
from engine.access import Actor, Grant
from engine.case import CaseId, CommandId
from engine.commands import Command, Open, TakeStep
from engine.directory import Directory, Person, PersonId, Post, Region, RegionId, Unit, UnitId
from engine.loading import load
from engine.ports import Now
from engine.runtime import Accepted, Outcome, Refused
from tests.support.stores import stored_rows

MONDAY = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)  # 09:00 in China
ROOT = RegionId("7")
DEPOT = UnitId("u-7")
SINCE = date(2020, 1, 1)

PARCEL = """\
language: 1
workflow: parcel
version: 1
effective: "2020-01-01"
title: 寻件（示例）
calendar: cn
roles:
  clerk: {title: 柜员}
  chief: {title: 站长, accountable: true}
fields:
  what: {title: 物品, type: text}
  found: {title: 下落, type: text}
opening: {by: [clerk], needs: [what]}
start: missing
states:
  missing:
    title: 寻找中
    owner: clerk
    due: 1 working day
    remind: [2 working hours before]
    overdue:
      - {notify: [chief]}
      - {after: 1 working day, title: 开追查单, opens: {workflow: chase, with: {what: what}, relation: chase}}
      - {after: 3 working days, to: with_chief, notify: [chief]}
    steps:
      find: {title: 找到, by: [clerk], needs: [found], notify: [chief, clerk], to: back}
      chase: {title: 追查, by: [clerk], stay: true, opens: {workflow: chase, with: {what: what}, relation: chase}}
  with_chief:
    title: 报站长
    owner: chief
    due: 2 working days
    overdue: {stay: true, every: 1 working day, notify: [chief]}
    steps:
      find: {title: 找到, by: [chief], needs: [found], to: back}
  back: {title: 已找回, final: true}
"""

CHASE = """\
language: 1
workflow: chase
version: 1
effective: "2020-01-01"
title: 追查（示例）
calendar: cn
roles:
  chief: {title: 站长, accountable: true}
fields:
  what: {title: 物品, type: text}
opening: {by: [chief], needs: [what]}
start: chasing
states:
  chasing:
    title: 追查中
    owner: chief
    due: 5 working days
    overdue: {stay: true, every: 5 working days, notify: [chief]}
    steps:
      end: {title: 结束, by: [chief], to: ended}
  ended: {title: 已结束, final: true}
"""

CLERK = Actor(id="p-clerk", grants=(Grant("clerk", region=ROOT),), channel="test")


def people() -> Directory:
    return Directory(
        regions=(Region(ROOT, "示例区"),),
        units=(Unit(DEPOT, "示例站", ROOT),),
        people=tuple(Person(PersonId(f"p-{role}"), f"示例{role}", DEPOT) for role in ("clerk", "chief")),
        posts=tuple(
            Post(person=PersonId(f"p-{role}"), role=role, region=ROOT, since=SINCE)
            for role in ("clerk", "chief")
        ),
    )


@contextmanager
def depot(
    url: str, *, redis_url: str | None = None, clock: Now | None = None, **more: Any
) -> Iterator[Container]:
    """A container over a database with our schema; the first one there publishes the workflows and the people."""
    settings = Settings(database_url=url, redis_url=redis_url, log="示例", **{"sweep_seconds": 0.05, **more})
    container = build(settings, now=clock or MovedClock(MONDAY), upgrade=False)
    container.calendars.ensure(settings.calendar, MONDAY)
    try:
        if not container.definitions.all():
            publish(container, PARCEL, CHASE)
            container.directories.adopt(people(), MONDAY)
        yield container
    finally:
        container.close()


def publish(container: Container, *texts: str) -> None:
    for n, text in enumerate(texts):
        container.definitions.publish(load(text.encode(), name=f"{n}.yaml"), MONDAY)


def lost(container: Container, key: str, *, what: str = "示例包裹") -> Open:
    """The opening of a new case under the idempotency key `key`."""
    return Open(
        id=CommandId(key),
        case=container.numbers.next(container.now()),
        actor=CLERK,
        workflow="parcel",
        region=ROOT,
        data={"what": what},
    )


def step(case: CaseId, name: str, key: str, **data: Any) -> TakeStep:
    return TakeStep(id=CommandId(key), case=case, actor=CLERK, step=name, data=data)


def open_many(container: Container, count: int) -> list[CaseId]:
    return [
        accepted(o) for o in container.engine.handle([lost(container, f"open-{n}") for n in range(count)])
    ]


def do(container: Container, command: Command) -> CaseId:
    (outcome,) = container.engine.handle([command])
    return accepted(outcome)


def accepted(outcome: Outcome) -> CaseId:
    if isinstance(outcome, Refused):
        raise outcome.error
    assert isinstance(outcome, Accepted)
    return CaseId(outcome.receipt["case"])


def fired(container: Container, case: CaseId) -> list[dict[str, Any]]:
    """What the clocks of a case did, read from the bytes of its events: `clock`, `cycle`, `rung`, `late_seconds`, …"""
    bodies = map(orjson.loads, container.store.history(case))
    return [body["inputs"]["fired"] for body in bodies if body["type"] == "clock.fired"]


def task_states(container: Container) -> dict[str, str]:
    return {row["id"]: row["state"] for row in stored_rows(container.database, "task")}


def unfinished(container: Container) -> list[str]:
    return [task for task, state in task_states(container).items() if state != "done"]

"""The draft of one event: every fact that is read and every change that is made, in order.

`decide.py` works on a draft; sealing it gives the event. What it reads from outside (addresses, units, other cases) is
written into `inputs`, so that a replay can hand the same facts in again (`replay.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any, Protocol

from engine import canonical
from engine.access import Actor, Grant
from engine.calendar import Calendar
from engine.case import Case, CaseId, Clock, Holder
from engine.commands import Command
from engine.definition import RoleOf
from engine.directory import Address, Of, Resolution
from engine.errors import Blocker, InvalidData
from engine.events import EVENT_VERSION, Event, fold, seal, state_digest
from engine.expressions import Expression
from engine.machine import Program
from engine.naming import values_of


class Addressing(Protocol):
    """The part of the organisation that decisions read."""

    def resolve(self, address: Address, *, region: str, unit: str | None, on: date) -> Resolution: ...

    def subject_holders(self, role: str, *, subject: str, on: date) -> Sequence[str]: ...

    def region(self, region: str) -> Any: ...

    def unit(self, unit: str) -> Any: ...

    def person(self, person: str) -> Any: ...


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything a decision may know besides the case: `cases` are the other cases that the command names."""

    now: datetime
    calendar: Calendar
    directory: Addressing
    log: str
    engine: str
    cases: Mapping[CaseId, Case] = field(default_factory=dict)
    target: Program | None = None


class Draft:
    """Mutable while one command is decided, then thrown away."""

    def __init__(self, program: Program, case: Case | None, command: Command, facts: Facts) -> None:
        self.program = program
        self.command = command
        self.facts = facts
        self.before = case
        # A clock that steps back must not reorder a history: time never runs backwards within a case.
        self.at = max(facts.now, case.at) if case else facts.now
        self.changes: list[dict[str, Any]] = []
        self.effects: list[dict[str, Any]] = []
        self.inputs: dict[str, Any] = {}
        self.grant: Grant | None = None
        self._case = case
        self._resolved: dict[str, Resolution] = {}

    @property
    def case(self) -> Case:
        if self._case is None:
            raise ValueError("the case is not open yet")
        return self._case

    @property
    def actor(self) -> Actor:
        return self.command.actor

    @cached_property
    def day(self) -> date:
        """The local day of the decision."""
        return self.facts.calendar.local_date(self.at)

    def change(self, op: str, **values: Any) -> None:
        change = {"op": op, **values}
        self._case = fold(self._case, change, self.at)
        self.changes.append(change)

    def change_clock(self, clock_id: str, do: str, clock: Clock) -> None:
        """`status` says what the calendar of those years is worth: official, provisional or missing."""
        status = self.facts.calendar.status(clock.started_at, clock.due_at)
        data = {"clock": clock.as_data(), "do": do, "id": clock_id, "op": "clock", "status": str(status)}
        # What `fold` makes of this change, without reading back what was just spelled: tests/property/test_replay.py.
        self._case = self.case.with_clock(clock_id, clock)
        self.changes.append(data)

    def effect(self, kind: str, **values: Any) -> None:
        self.effects.append({"kind": kind, **values})

    def notify(self, words: Address, about: str, *, unit: str = "", **values: Any) -> None:
        """Tell the holders of an address; they are found in the organisation of this moment."""
        address = self.program.addressed(words)
        if self.program.role(words.role).of is RoleOf.SUBJECT:
            people = self.subject_holders(address.role)
        else:
            people = list(self.resolve(address, unit=unit).people)
        self.effect("notify", about=about, people=people, role=str(address), **values)

    def notify_holder(self, holder: Holder, about: str, **values: Any) -> None:
        """Tell who has it: the assigned person, else everybody in the role that holds it."""
        if holder.person:
            self.effect("notify", about=about, people=[holder.person], role=holder.role, **values)
        elif holder.role:
            self.notify(Address(holder.role), about, unit=holder.unit, **values)

    def resolve(self, address: Address, *, unit: str = "") -> Resolution:
        region = self.case.region
        unit = unit if address.of is Of.UNIT else ""
        key = f"{address}|{region}|{unit}"
        if key in self._resolved:
            return self._resolved[key]
        found = self.facts.directory.resolve(address, region=region, unit=unit or None, on=self.day)
        self._resolved[key] = found
        self.inputs.setdefault("addresses", {})[key] = {
            "climbed": found.climbed,
            "people": list(found.people),
            "region": found.region,
            "unit": found.unit or "",
        }
        return found

    def subject_holders(self, role: str) -> list[str]:
        """Who speaks for the subject of the case today; nobody else does in their place."""
        found = self.facts.directory.subject_holders(role, subject=self.case.subject, on=self.day)
        people = list(found)
        self.inputs.setdefault("subject", {})[role] = people
        return people

    def require_region(self, region: str) -> None:
        """Errors: `UnknownRegion`."""
        self.facts.directory.region(region)

    def require_unit(self, unit: str) -> None:
        known = self.facts.directory.unit(unit) is not None
        self.inputs.setdefault("units", {})[unit] = known
        if not known:
            reason = Blocker("unknown_unit", f"没有这个单位：{unit}", {"unit": unit})
            raise InvalidData("单位不存在", reasons=[reason], hint="从单位名录中选择")

    def require_person(self, person: str) -> None:
        known = self.facts.directory.person(person) is not None
        self.inputs.setdefault("people", {})[person] = known
        if not known:
            reason = Blocker("unknown_person", f"没有这个人员：{person}", {"person": person})
            raise InvalidData("人员不存在", reasons=[reason], hint="从人员名录中选择")

    def other_case(self, case_id: str) -> Mapping[str, Any] | None:
        """What a decision may know of another case; recorded. None if there is no such case."""
        other = self.facts.cases.get(CaseId(case_id))
        known = (
            {"ended": other.ended, "subject": other.subject, "workflow": other.workflow} if other else None
        )
        self.inputs.setdefault("cases", {})[case_id] = known
        return known

    def holds(
        self, expression: Expression, *, lane: str = "", incoming: Mapping[str, Any] | None = None
    ) -> bool:
        """The answer of a condition, noted with the values it read."""
        names = values_of(
            expression.names,
            self.program,
            self.case,
            lane=lane,
            incoming=incoming or {},
            ahead=lambda day: self.facts.calendar.working_days_ahead(self.day, day),
        )
        answer = expression.holds(names)
        self.inputs.setdefault("guards", []).append(
            {"check": expression.text, "names": names, "result": answer}
        )
        return answer

    def sealed(self) -> tuple[Event, Case]:
        """The finished event and the case after it."""
        before, command = self.before, self.command
        seq = before.seq + 1 if before else 1
        case = self.case.changed(seq=seq, at=self.at)
        body = {
            "actor": _actor_data(self.actor, self.grant),
            "after": state_digest(case),
            "asked": command.asked(),
            "at": canonical.instant(self.at),
            "calendar": {"digest": self.facts.calendar.digest, "id": self.facts.calendar.id},
            "case": case.id,
            "changes": self.changes,
            "command": command.id,
            "def": {"digest": case.digest, "id": case.workflow, "version": case.version},
            "effects": self.effects,
            "engine": self.facts.engine,
            "inputs": self.inputs,
            "log": self.facts.log,
            "occurred_at": canonical.instant(command.occurred_at or self.at),
            "prev": before.head if before else canonical.genesis(self.facts.log, case.id),
            "seq": seq,
            "state": case.state,
            "type": command.event,
            "v": EVENT_VERSION,
        }
        event = seal(body)
        return event, case.with_head(event.hash)


def _actor_data(actor: Actor, grant: Grant | None) -> dict[str, Any]:
    return {
        "channel": actor.channel,
        "for": actor.stands_in_for,
        "grant": {"region": grant.region, "role": grant.role, "subject": grant.subject, "unit": grant.unit}
        if grant
        else None,
        "id": actor.id,
        "kind": actor.kind,
    }

"""A small office for whole stories: the people of the sample organisation work on a moved clock, and the sweeper never sleeps.

Works directly on `engine.decide` with the shipped workflows: no database, no queue. Stories speak to it through
`api.demo.desk.Desk`; the demo tells the same ones at a desk with the real engine behind it.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import cache
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console

from adapters.calendars import load_calendar
from adapters.organisation import client_person, sample_directory
from api.commands.timeline import Line, Lookups, line_of, refusal, show_lines
from engine.access import Actor, grants_of
from engine.calendar import Calendar
from engine.canonical import decode, encode
from engine.case import Case, CaseId, CommandId
from engine.commands import (
    AddLane,
    AnswerExtension,
    AskExtension,
    Command,
    Import,
    Open,
    Relate,
    TakeStep,
    Tick,
    WithdrawLane,
)
from engine.decide import decide
from engine.definition import RoleOf
from engine.directory import Address, Directory, Of, SubjectId
from engine.draft import Facts
from engine.durations import parse_duration
from engine.errors import BihuanError
from engine.events import Event
from engine.loading import load
from engine.machine import Program
from engine.numbering import case_number
from engine.runtime import CLOCK
from engine.sealing import sealed
from workers.tasks import SYSTEM
from workflows import shipped

SUBJECT = SubjectId("91340100MA2DD272X5")  # a synthetic code of requirements §4.2
REGION = "340104"
ZONE = ZoneInfo("Asia/Shanghai")
RINGS_AT_MOST = 1000


@cache
def calendar() -> Calendar:
    return load_calendar("cn")


@cache
def directory() -> Directory:
    return sample_directory([SUBJECT])


@cache
def programs() -> Mapping[str, Program]:
    """The shipped workflows by name."""
    compiled = [Program(load(data, name=name)) for name, data in shipped()]
    return {program.definition.workflow: program for program in compiled}


def moment(local: str) -> datetime:
    """A local time in words as an instant."""
    return datetime.strptime(local, "%Y-%m-%d %H:%M").replace(tzinfo=ZONE).astimezone(UTC)


class StoryOffice:
    """`Desk` on the pure core. The case spoken of is the one opened last, until `turn_to` another.

    `region` and `subject` are those of every case opened here; a case about a region itself has no subject.
    """

    def __init__(self, *, region: str = REGION, subject: str = SUBJECT) -> None:
        self.region, self.subject = region, subject
        self.workflows = programs()
        self.now = moment("2018-01-01 00:00")
        self.cases: dict[CaseId, Case] = {}
        self.histories: dict[CaseId, list[Event]] = {}
        self._lookups = Lookups(
            lambda digest: next(p for p in self.workflows.values() if p.digest == digest),
            lambda _: calendar(),
            directory(),
        )
        self._lines: dict[CaseId, list[Line]] = {}
        self._spoken_of = CaseId("")
        self._commands = 0

    # The desk

    def open(self, workflow: str, *, by: str, at: str, **data: Any) -> str:
        self.until(at)
        number = self._next_number()
        self._spoken_of = number
        actor = self._opener(workflow, by)
        about = {"workflow": workflow, "region": self.region, "subject": self.subject, "data": data}
        self._do(Open(id=self._key(), case=number, actor=actor, **about))  # type: ignore[arg-type]
        return number

    def take_over(self, workflow: str, *, at: str, number: str, **stood: Any) -> str:
        """A case of another system; personal values are sealed with salts that are the same every time."""
        self.until(at)
        case = self._spoken_of = self._next_number()
        command = Import(
            id=CommandId(f"import/{number}"),
            case=case,
            actor=SYSTEM,
            workflow=workflow,
            region=self.region,
            subject=self.subject,
            number=number,
            **stood,
        )
        command, _ = sealed(self.workflows[workflow].definition, command, Random(7).randbytes)  # type: ignore[assignment]
        self._do(command)
        return case

    def step(self, step: str, *, by: str, at: str = "", lane: str = "", **data: Any) -> None:
        self._pass(at)
        self._do(self._taking(step, by, lane, data))

    def ask_extension(self, clock: str, *, by: str, reason: str, amount: str = "", at: str = "") -> None:
        self._pass(at)
        self._do(self._asking(clock, by, reason, amount))

    def answer_extension(self, clock: str, *, by: str, approve: bool, at: str = "") -> None:
        self._pass(at)
        envelope = self._envelope(by)
        self._do(AnswerExtension(**envelope, clock=clock, approve=approve))

    def add_lane(self, lane: str, *, by: str, reason: str, at: str = "") -> None:
        self._pass(at)
        self._do(AddLane(**self._envelope(by), lane=lane, reason=reason))

    def withdraw_lane(self, lane: str, *, by: str, reason: str, at: str = "") -> None:
        self._pass(at)
        self._do(WithdrawLane(**self._envelope(by), lane=lane, reason=reason))

    def refused(self, code: str, step: str, *, by: str, at: str = "", lane: str = "", **data: Any) -> None:
        self._pass(at)
        self._refuse(code, self._taking(step, by, lane, data), self._title_of(step, lane))

    def refused_extension(self, code: str, clock: str, *, by: str, reason: str, at: str = "") -> None:
        self._pass(at)
        self._refuse(code, self._asking(clock, by, reason, ""), "申请延期")

    # Time

    def until(self, local: str) -> None:
        self._wait(moment(local))

    def advance(self, words: str) -> None:
        """Let a length of time pass, counted from this very moment."""
        self._wait(calendar().limit_end(parse_duration(words), self.now, same_moment=True))

    def _pass(self, at: str) -> None:
        if at:
            self.until(at)

    def _wait(self, then: datetime) -> None:
        """Fire everything that falls due on the way, the earliest first, as the sweeper would."""
        for _ in range(RINGS_AT_MOST):
            waking = [
                (c.wake_at, number) for number, c in self.cases.items() if c.wake_at and c.wake_at <= then
            ]
            if not waking:
                self.now = max(self.now, then)
                return
            wake_at, number = min(waking)
            self.now = max(self.now, wake_at)
            self._do(Tick(id=self._key(), case=number, actor=CLOCK))
        raise AssertionError("the clocks do not come to rest")

    # Looking

    @property
    def case(self) -> Case:
        return self.cases[self._spoken_of]

    def turn_to(self, case: str) -> None:
        self._spoken_of = CaseId(case)

    def opened_from(self, case: str) -> CaseId:
        """The number of the case that was opened from this one."""
        links = self.cases[CaseId(case)].related
        return next(CaseId(other) for other, link in links.items() if link["news"] in ("opened", "ended"))

    def lines(self, case: str) -> list[Line]:
        """One for each event, and for each attempt that was refused."""
        return self._lines[CaseId(case)]

    def timeline(self, case: str) -> str:
        """The lines as `bihuan case history` prints them."""
        printed = io.StringIO()
        show_lines(Console(file=printed), self.lines(case))
        return printed.getvalue().rstrip("\n")

    def blockers(self, step: str, *, by: str, lane: str = "", **data: Any) -> list[str]:
        """The codes of everything that stands against a step now; empty if it would be taken."""
        try:
            self._decided(self._taking(step, by, lane, data))
        except BihuanError as error:
            return [b.code for b in error.blockers] or [error.code]
        return []

    # People

    def _opener(self, workflow: str, by: str) -> Actor:
        """`programme` is the system, whether or not the workflow has steps for it."""
        program = self.workflows[workflow]
        if by == "programme" or program.role(by).of is RoleOf.SYSTEM:
            return SYSTEM
        if program.role(by).of is RoleOf.SUBJECT:
            return self._actor(client_person(SUBJECT).id)
        return self._actor(self._resolved(program.address(by), self.region, ""))

    def _person(self, by: str, lane: str = "") -> str:
        if by.startswith("p-"):
            return by
        program = self._program(self._spoken_of)
        if program.role(by).of is RoleOf.SUBJECT:
            return client_person(SUBJECT).id
        here = self.case.lanes[lane].holder.unit if lane else self.case.holder.unit
        return self._resolved(program.address(by), self.case.region, here)

    def _resolved(self, address: Address, region: str, unit: str) -> str:
        if address.of is Of.UNIT and not unit:
            raise AssertionError(f"no unit holds the case: who is {address}?")
        found = directory().resolve(address, region=region, unit=unit or None, on=self._today)
        return found.people[0]

    def _actor(self, person: str) -> Actor:
        posts = directory().posts_of(person, on=self._today)
        return Actor(id=person, grants=grants_of(posts), channel="story")

    @property
    def _today(self) -> date:
        return self.now.astimezone(ZONE).date()

    # Deciding

    def _envelope(self, by: str, lane: str = "") -> dict[str, Any]:
        actor = SYSTEM if self._is_system(by) else self._actor(self._person(by, lane))
        return {"id": self._key(), "case": self._spoken_of, "actor": actor}

    def _is_system(self, by: str) -> bool:
        role = self._program(self._spoken_of).definition.roles.get(by)
        return role is not None and role.of is RoleOf.SYSTEM

    def _taking(self, step: str, by: str, lane: str, data: Mapping[str, Any]) -> TakeStep:
        return TakeStep(**self._envelope(by, lane), step=step, lane=lane, data=data)

    def _asking(self, clock: str, by: str, reason: str, amount: str) -> AskExtension:
        return AskExtension(**self._envelope(by), clock=clock, reason=reason, amount=amount)

    def _key(self) -> CommandId:
        self._commands += 1
        return CommandId(f"story-{self._commands}")

    def _next_number(self) -> CaseId:
        return case_number(self._today.year, len(self.cases) + 1)

    def _program(self, case: CaseId) -> Program:
        return self.workflows[self.cases[case].workflow]

    def _decided(self, command: Command) -> tuple[Event, Case]:
        before = self.cases.get(command.case)
        opened = command.workflow if isinstance(command, Open | Import) else ""
        program = self.workflows[opened] if opened else self._program(command.case)
        facts = Facts(
            now=self.now,
            calendar=calendar(),
            directory=directory(),
            log="示例",
            engine="story",
            cases=self.cases,
        )
        return decide(program, before, command, facts)

    def _do(self, command: Command) -> None:
        before = self.cases.get(command.case)
        event, case = self._decided(command)
        # As a store would: what is decided next starts from the stored form.
        self.cases[case.id] = Case.from_data(decode(encode(case.as_data())), head=case.head)
        self.histories.setdefault(case.id, []).append(event)
        self._lines.setdefault(case.id, []).append(line_of(event, before, case, self._lookups))
        for effect in event.effects:
            self._perform(case.id, effect)

    def _perform(self, case: CaseId, effect: Mapping[str, Any]) -> None:
        """What the workers would do: open the related case, report back."""
        if effect["kind"] == "open":
            cause = {"case": case, "relation": effect["relation"]}
            wanted = {k: effect[k] for k in ("workflow", "region", "subject", "data")}
            self._do(Open(id=self._key(), case=self._next_number(), actor=SYSTEM, cause=cause, **wanted))
        elif effect["kind"] == "relate":
            news = {k: effect[k] for k in ("news", "relation", "clocks")}
            self._do(Relate(id=self._key(), case=CaseId(effect["case"]), actor=SYSTEM, other=case, **news))

    def _refuse(self, code: str, command: Command, title: str) -> None:
        try:
            self._decided(command)
        except BihuanError as error:
            codes = [b.code for b in error.blockers] or [error.code]
            assert code in codes, f"refused, but for {codes}"
            reasons = [b.message for b in error.blockers] or [error.message]
            person = directory().person(command.actor.id)
            who, why = person.title if person else command.actor.id, "；".join(reasons)
            line = refusal(self.now, self.case, calendar(), who=who, what=title, why=why)
            self._lines[command.case].append(line)
            return
        raise AssertionError(f"{title} was not refused")

    def _title_of(self, step: str, lane: str) -> str:
        definition = self._program(self._spoken_of).definition
        chart = definition.chart(self.case.lanes[lane].type if lane else "")
        return next(state.steps[step].title.zh for state in chart.values() if step in state.steps)

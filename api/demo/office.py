"""A desk with the real engine behind it: commands through `Engine.handle`, clocks through `Engine.sweep`, on a moved clock."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from adapters.bootstrap import Container
from adapters.sample import REGION, SUBJECT
from api.commands.timeline import Line, Lookups, line_of, refusal
from engine.access import Actor, grants_of
from engine.case import Case, CaseId, CommandId
from engine.commands import AnswerExtension, AskExtension, Command, Open, TakeStep
from engine.definition import RoleOf
from engine.directory import Address, Of
from engine.errors import BihuanError
from engine.events import Event, apply
from engine.machine import Program
from engine.runtime import Refused

ZONE = ZoneInfo("Asia/Shanghai")
_INSTANT = timedelta(microseconds=1)


class StoryBroken(BihuanError):
    """Raised when a story does not go as it is told: a step was refused, or one that must be refused was not."""

    code = "story_broken"


class Entropy:
    """The same bytes in every run, so that every run gives the same history."""

    def __init__(self) -> None:
        self._asked = 0

    def __call__(self, size: int, /) -> bytes:
        self._asked += 1
        return hashlib.shake_256(self._asked.to_bytes(8, "big")).digest(size)


class Office:
    """`desk.Desk` on a container. `lines` is the timeline so far, in the order in which things happened."""

    def __init__(self, made: Container, move_to: Callable[[datetime], None]) -> None:
        self._made = made
        self._move_to = move_to
        self._cases: dict[CaseId, Case] = {}
        self._spoken_of = CaseId("")
        self._commands = 0
        self._calendar = made.calendars.current("cn")
        self._lookups = Lookups(made.definitions.digest, made.calendars.digest, made.directories.current())
        self.lines: list[tuple[CaseId, Line]] = []

    # The desk

    def open(self, workflow: str, *, by: str, at: str, **data: Any) -> str:
        self.until(at)
        self._spoken_of = self._made.numbers.next(self._made.now())
        program = self._made.definitions.current(workflow, self._made.now())
        self._do(
            Open(
                id=self._key(),
                case=self._spoken_of,
                actor=self._actor(self._holder(program, by, "")),
                workflow=workflow,
                region=REGION,
                subject=SUBJECT,
                data=data,
            )
        )
        return self._spoken_of

    def step(self, step: str, *, by: str, at: str = "", lane: str = "", **data: Any) -> None:
        self.until(at)
        self._do(self._taking(step, by, lane, data))

    def ask_extension(self, clock: str, *, by: str, reason: str, amount: str = "", at: str = "") -> None:
        self.until(at)
        self._do(self._asking(clock, by, reason, amount))

    def answer_extension(self, clock: str, *, by: str, approve: bool, at: str = "") -> None:
        self.until(at)
        actor = self._actor(self._person(by))
        self._do(
            AnswerExtension(id=self._key(), case=self._spoken_of, actor=actor, clock=clock, approve=approve)
        )

    def refused(self, code: str, step: str, *, by: str, at: str = "", lane: str = "", **data: Any) -> None:
        self.until(at)
        self._refuse(code, self._taking(step, by, lane, data), self._title_of(step, lane))

    def refused_extension(self, code: str, clock: str, *, by: str, reason: str, at: str = "") -> None:
        self.until(at)
        self._refuse(code, self._asking(clock, by, reason, ""), "申请延期")

    def until(self, moment: str) -> None:
        """Sweep at every moment on the way at which something is due; an empty `moment` lets no time pass."""
        if not moment:
            return
        then = datetime.strptime(moment, "%Y-%m-%d %H:%M").replace(tzinfo=ZONE).astimezone(UTC)
        while due := self._made.views.owed(then + _INSTANT).oldest_timer:
            self._move_to(due)
            for event in self._made.engine.sweep():
                self._note(event)
        self._move_to(then)

    # Deciding

    def _taking(self, step: str, by: str, lane: str, data: Mapping[str, Any]) -> TakeStep:
        actor = self._actor(self._person(by, lane))
        return TakeStep(id=self._key(), case=self._spoken_of, actor=actor, step=step, lane=lane, data=data)

    def _asking(self, clock: str, by: str, reason: str, amount: str) -> AskExtension:
        return AskExtension(
            id=self._key(),
            case=self._spoken_of,
            actor=self._actor(self._person(by)),
            clock=clock,
            reason=reason,
            amount=amount,
        )

    def _key(self) -> CommandId:
        self._commands += 1
        return CommandId(f"demo-{self._commands}")

    def _do(self, command: Command) -> None:
        [outcome] = self._made.engine.handle([command])
        if isinstance(outcome, Refused):
            reasons = "；".join(b.message for b in outcome.error.blockers)
            raise StoryBroken(f"{command.case} {command.asked()}: {outcome.error.message} {reasons}")
        if outcome.event:
            self._note(outcome.event)

    def _refuse(self, code: str, command: Command, title: str) -> None:
        [outcome] = self._made.engine.handle([command])
        if not isinstance(outcome, Refused):
            raise StoryBroken(f"{command.case} {title}: was not refused")
        error = outcome.error
        if code not in ([b.code for b in error.blockers] or [error.code]):
            raise StoryBroken(f"{command.case} {title}: refused, but for {error.code} and not for {code}")
        person = self._made.directories.current().person(command.actor.id)
        line = refusal(
            self._made.now(),
            self._case,
            self._calendar,
            who=person.title if person else command.actor.id,
            what=title,
            why="；".join(b.message for b in error.blockers) or error.message,
        )
        self.lines.append((command.case, line))

    def _note(self, event: Event) -> None:
        before = self._cases.get(event.case)
        after = self._cases[event.case] = apply(before, event)
        self.lines.append((event.case, line_of(event, before, after, self._lookups)))

    # People

    @property
    def _case(self) -> Case:
        return self._cases[self._spoken_of]

    def _person(self, by: str, lane: str = "") -> str:
        program = self._made.definitions.digest(self._case.digest)
        unit = self._case.lanes[lane].holder.unit if lane else self._case.holder.unit
        return self._holder(program, by, unit)

    def _holder(self, program: Program, by: str, unit: str) -> str:
        """Whoever holds the role for this case; `by` itself if it names a person."""
        directory = self._made.directories.current()
        if by.startswith("p-"):
            return by
        if program.role(by).of is RoleOf.SUBJECT:
            return directory.subject_holders(program.post(by), subject=SUBJECT, on=self._today)[0]
        address = program.address(by)
        if address.of is Of.UNIT and not unit:
            address = Address(program.post(by))
        return directory.resolve(address, region=REGION, unit=unit or None, on=self._today).people[0]

    def _actor(self, person: str) -> Actor:
        posts = self._made.directories.current().posts_of(person, on=self._today)
        return Actor(id=person, grants=grants_of(posts), channel="demo")

    @property
    def _today(self) -> Any:
        return self._made.now().astimezone(ZONE).date()

    def _title_of(self, step: str, lane: str) -> str:
        definition = self._made.definitions.digest(self._case.digest).definition
        chart = definition.chart(self._case.lanes[lane].type if lane else "")
        return next(state.steps[step].title.zh for state in chart.values() if step in state.steps)

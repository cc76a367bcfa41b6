"""The thin rim: load, decide, append, for a whole group of commands in one transaction.

One command is a group of one. Whatever waits when a transaction starts goes into it (`adapters/writer.py`), so a busy server
commits in groups by itself. The rim decides nothing; it fetches the facts that `decide` asks for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from engine import canonical
from engine.access import Actor
from engine.calendar_data import FIRST_YEAR, LAST_YEAR
from engine.case import Case, CaseId, CommandId
from engine.commands import Command, Import, MoveVersion, Open, TakeStep, Tick
from engine.decide import decide
from engine.definition import FieldType
from engine.draft import Facts
from engine.errors import BihuanError, CaseExists, KeyReused, NothingDue, StaleCase, UnknownCase
from engine.events import Event
from engine.fields import named_in
from engine.machine import Program
from engine.ports import (
    Calendars,
    CaseWrite,
    Definitions,
    Directories,
    Entropy,
    Loaded,
    Now,
    Receipt,
    Secret,
    Store,
    Unit,
    Writes,
)
from engine.sealing import sealed
from engine.working_hours import BeyondCalendar

REQUEST_TAG = "bihuan/request/v1"
ERASED_REQUEST = ""  # of a receipt whose request went with the personal values that it was a digest of
MAX_TRIES = 5
MAX_RINGS = 100  # rungs of one case in one sweep; what is left fires in the next

CLOCK = Actor(id="clock", kind="clock", channel="clock")


@dataclass(frozen=True, slots=True)
class Accepted:
    """`receipt` is what the caller is answered; a repeated key has no new event and no case."""

    receipt: Mapping[str, Any]
    event: Event | None = None
    case: Case | None = None

    @property
    def is_repeated(self) -> bool:
        return self.event is None


@dataclass(frozen=True, slots=True)
class Refused:
    error: BihuanError


Outcome = Accepted | Refused


@dataclass(frozen=True, slots=True)
class Engine:
    """Handles commands. Safe to share between threads as far as its store is."""

    store: Store
    definitions: Definitions
    calendars: Calendars
    directories: Directories
    now: Now
    entropy: Entropy
    log: str
    version: str

    def handle(self, commands: Sequence[Command]) -> list[Outcome]:
        """One outcome for each command, in order; all that is accepted is committed together when this returns."""
        for attempt in range(MAX_TRIES):
            try:
                return self._handle_once(commands)
            except (StaleCase, CaseExists):
                # Another writer took a key or a number first: what we decided on is gone, so decide again.
                if attempt == MAX_TRIES - 1:
                    raise
        raise AssertionError("unreachable")

    def sweep(self, limit: int = 500) -> list[Event]:
        """Fire what is due, at most `limit` cases in one transaction. [] when nothing is due."""
        now = self.now()
        try:
            with self.store.unit() as unit:
                return self._fire(unit, unit.due(now, limit), now)
        except BihuanError:
            raise
        except Exception:  # one row that cannot be written must not hold up the others of its group
            return self._sweep_apart(now, limit)

    def _fire(self, unit: Unit, due: Sequence[CaseId], now: datetime) -> list[Event]:
        group = _Group(self, now, unit, unit.load(due, ()))
        for case_id in due:
            group.ring(case_id)
        if writes := group.writes():
            unit.write(writes)
        return group.events

    def _sweep_apart(self, now: datetime, limit: int) -> list[Event]:
        """Each case in a transaction of its own; the one that fails is set aside, listed and owned."""
        with self.store.unit() as unit:
            due = unit.due(now, limit)
        fired: list[Event] = []
        for case_id in due:
            try:
                with self.store.unit() as unit:
                    fired += self._fire(unit, [case_id], now)
            except BihuanError:
                raise
            except Exception as error:
                with self.store.unit() as unit:
                    unit.set_aside(case_id, f"{type(error).__name__}: {error}", now)
        return fired

    def handle_in(self, unit: Unit, commands: Sequence[Command]) -> list[Outcome]:
        """The same in a transaction of the caller. Errors: `StaleCase`, `CaseExists`: begin the unit anew."""
        loaded = unit.load({c.case for c in commands}, {c.id for c in commands})
        group = _Group(self, self.now(), unit, loaded)
        outcomes = [group.take(command) for command in commands]
        if writes := group.writes():
            unit.write(writes)
        return outcomes

    def _handle_once(self, commands: Sequence[Command]) -> list[Outcome]:
        with self.store.unit() as unit:
            return self.handle_in(unit, commands)


class _Group:
    """The commands of one transaction: cases as they stand after each, and everything to be written."""

    def __init__(self, engine: Engine, now: datetime, unit: Unit, loaded: Loaded) -> None:
        self.engine = engine
        self.now = now
        self.unit = unit
        self.stored = loaded.cases
        self.cases: dict[CaseId, Case] = dict(loaded.cases)
        self.receipts: dict[CommandId, Receipt] = dict(loaded.receipts)
        self.new_receipts: list[Receipt] = []
        self.secrets: list[Secret] = []
        self.events: list[Event] = []
        self._facts_of: dict[str, Facts] = {}

    def take(self, command: Command) -> Outcome:
        try:
            clean, asked = _clean(command)
            request = _request_digest(clean, asked)
            if receipt := self.receipts.get(clean.id):
                return _answered(receipt, request)
            event = self._decide(clean)
        except BihuanError as error:
            return Refused(error)
        answer = event.receipt()
        receipt = Receipt(clean.id, event.case, request, canonical.encode(answer), event.at)
        self.receipts[clean.id] = receipt
        self.new_receipts.append(receipt)
        return Accepted(answer, event, self.cases[event.case])

    def ring(self, case_id: CaseId) -> None:
        """Fire every rung of the case that is due, each as an event of its own."""
        try:
            for _ in range(MAX_RINGS):
                seq = self.cases[case_id].seq + 1
                self._decide(Tick(id=CommandId(f"tick/{case_id}/{seq}"), case=case_id, actor=CLOCK))
        except NothingDue:
            return
        except Exception as error:  # a case that cannot ring must not silence the others
            self.unit.set_aside(case_id, f"{type(error).__name__}: {error}", self.now)

    def writes(self) -> Writes:
        by_case: dict[CaseId, list[Event]] = {}
        for event in self.events:
            by_case.setdefault(event.case, []).append(event)
        cases = [CaseWrite(self.cases[c], events, c not in self.stored) for c, events in by_case.items()]
        return Writes(cases, self.new_receipts, self.secrets)

    def _decide(self, command: Command) -> Event:
        case = self.cases.get(command.case)
        program = self._program(command, case)
        command, secrets = sealed(program.definition, command, self.engine.entropy)
        event, after = decide(program, case, command, self._facts(program, command, case))
        self.cases[event.case] = after
        self.events.append(event)
        self.secrets.extend(secrets)
        return event

    def _program(self, command: Command, case: Case | None) -> Program:
        definitions = self.engine.definitions
        if case is not None:
            return definitions.digest(case.digest)
        if not isinstance(command, Open | Import):
            raise UnknownCase(f"没有编号为 {command.case} 的事项", hint="核对编号，或检查您的职责范围")
        if command.version is not None:
            return definitions.version(command.workflow, command.version)
        return definitions.current(command.workflow, self.now)

    def _facts(self, program: Program, command: Command, case: Case | None) -> Facts:
        if isinstance(command, MoveVersion) and case is not None:
            target = self.engine.definitions.version(case.workflow, command.version)
            return replace(self._common(target), target=target)
        facts, named = self._common(program), self._named_cases(program, command)
        return replace(facts, cases=named) if named else facts

    def _common(self, program: Program) -> Facts:
        """What holds for every command of this group on cases of this calendar."""
        engine, calendar = self.engine, program.definition.calendar
        if calendar not in self._facts_of:
            self._facts_of[calendar] = Facts(
                now=self.now,
                calendar=engine.calendars.current(calendar),
                directory=engine.directories.current(),
                log=engine.log,
                engine=engine.version,
            )
        return self._facts_of[calendar]

    def _named_cases(self, program: Program, command: Command) -> Mapping[CaseId, Case]:
        """Other cases that the command's data name, as they stand within this group."""
        named = set(_case_fields(program, command))
        if not named:
            return {}
        if missing := named - self.cases.keys():
            self.cases = {**self.unit.load(missing, ()).cases, **self.cases}
            self.stored = {**self.stored, **{c: self.cases[c] for c in missing if c in self.cases}}
        return {c: self.cases[c] for c in named if c in self.cases}


def _case_fields(program: Program, command: Command) -> Iterator[CaseId]:
    if isinstance(command, TakeStep):
        for name, value in command.data.items():
            spec = program.definition.fields.get(name)
            if spec and spec.type in (FieldType.CASE, FieldType.CASES):
                yield from (CaseId(each) for each in named_in(value))


def _clean(command: Command) -> tuple[Command, Mapping[str, Any]]:
    """The same command with its text in one spelling, and what it asks. Errors: `NotCanonical` for what no event may hold."""
    given = command.asked()
    asked = canonical.cleaned(given)
    if command.occurred_at and not FIRST_YEAR <= command.occurred_at.year <= LAST_YEAR:
        raise BeyondCalendar(command.occurred_at.year)
    return (command if asked == given else replace(command, **asked)), asked


def request_of(command: Command) -> str:
    """The digest under which the receipt of this command remembers what was asked. Errors: `NotCanonical`."""
    return _request_digest(*_clean(command))


def _request_digest(command: Command, asked: Mapping[str, Any]) -> str:
    """Two requests under one key are the same if their kind, case, actor and content are."""
    request = {
        # What was taken over is the same work, whoever brings it again.
        "actor": "" if isinstance(command, Import) else command.actor.id,
        "asked": asked,
        # A repeated opening may come with another number; the first one stands.
        "case": "" if isinstance(command, Open | Import) else command.case,
        "kind": command.kind,
    }
    return canonical.tagged_digest(REQUEST_TAG, canonical.encode(request))


def _answered(receipt: Receipt, request: str) -> Outcome:
    """Where the digest was erased nobody can tell the requests apart: the key alone gets its first answer."""
    if receipt.request not in (request, ERASED_REQUEST):
        return Refused(KeyReused("这个幂等键已用于另一请求", hint="换一个新的 Idempotency-Key"))
    return Accepted(canonical.decode(receipt.response))

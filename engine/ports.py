"""What the engine needs from outside, as protocols. `adapters/bootstrap.py` says which class fills which."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from engine.calendar import Calendar
from engine.case import Case, CaseId, CommandId
from engine.directory import Directory
from engine.events import Event
from engine.machine import Program


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was answered to a command: kept with the events, so that a repeated key answers the same.

    `request` is the digest of the request; `response` the canonical bytes of `Event.receipt()`.
    """

    command: CommandId
    case: CaseId
    request: str
    response: bytes
    at: datetime


@dataclass(frozen=True, slots=True)
class Secret:
    """A personal value kept outside the log: erasing it leaves `commitment` in the events and the chain valid."""

    case: CaseId
    commitment: str
    field: str
    salt: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class CaseWrite:
    """A case after a group of commands: its new events in order, seq contiguous from the stored seq + 1."""

    case: Case
    events: Sequence[Event]
    is_new: bool


@dataclass(frozen=True, slots=True)
class Writes:
    """Everything one transaction writes. Timers (`case.wake_at`), holdings and tasks are derived from it by the store.

    A task is one entry of `event.effects`; its id is `<case>.<seq>.<n>`, n counting from 0 within the event.
    """

    cases: Sequence[CaseWrite] = ()
    receipts: Sequence[Receipt] = ()
    secrets: Sequence[Secret] = ()

    def __bool__(self) -> bool:
        return bool(self.cases)


@dataclass(frozen=True, slots=True)
class Loaded:
    """`cases` that exist among those asked for, and the receipts of commands that were already answered."""

    cases: Mapping[CaseId, Case] = field(default_factory=dict)
    receipts: Mapping[CommandId, Receipt] = field(default_factory=dict)


class Unit(Protocol):
    """One transaction. Rows read by `load` and `due` stay locked until it ends; nothing is written unless it ends well."""

    def load(self, cases: Collection[CaseId], commands: Collection[CommandId]) -> Loaded:
        """Case rows are locked in the order of their ids; unknown ids are left out."""

    def due(self, now: datetime, limit: int) -> Sequence[CaseId]:
        """At most `limit` cases with `wake_at <= now`, the earliest first; rows another unit holds are skipped."""

    def set_aside(self, case: CaseId, error: str, now: datetime) -> None:
        """Stop ringing a case that failed to ring, for an hour, and list it as a dead task of kind `ring`.

        The obligation stays visible in `status` as set aside; nothing is forgotten.
        """

    def write(self, writes: Writes) -> None:
        """Write a group. Errors: `CaseExists` when a new case's number is taken, `StaleCase` on a lost race."""


class Store(Protocol):
    def unit(self) -> AbstractContextManager[Unit]:
        """A transaction that commits when the block ends and rolls back when it raises."""

    def history(self, case: CaseId, *, until: int | None = None) -> list[bytes]:
        """The stored event bytes of a case, seq ascending; [] if there is no such case."""


class Definitions(Protocol):
    def current(self, workflow: str, at: datetime) -> Program:
        """The newest version that is in force at that moment. Errors: `UnknownWorkflow`."""

    def version(self, workflow: str, version: int) -> Program:
        """Errors: `UnknownWorkflow`."""

    def digest(self, digest: str) -> Program:
        """The program of a digest named in an event. Errors: `UnknownWorkflow`."""


class Calendars(Protocol):
    def current(self, calendar: str) -> Calendar: ...

    def digest(self, digest: str) -> Calendar: ...


class Directories(Protocol):
    def current(self) -> Directory: ...


class Now(Protocol):
    def __call__(self) -> datetime:
        """The present moment, aware, UTC."""


class Entropy(Protocol):
    def __call__(self, size: int, /) -> bytes: ...

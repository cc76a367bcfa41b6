"""Slots: opens the cases that obligations ask for, each once, and flags contacts that crowd one subject.

A slot is opened in two writes: the case under an idempotency key of its own, then the slot's row. Killed between the two, the
next run finds the receipt and writes the row that is missing; nothing is opened twice, whoever runs and however often.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any, Final

import structlog
from sqlalchemy import and_, or_, select, text

from adapters.db.database import Database
from adapters.db.programme_tables import MEMBERSHIP, SLOT
from adapters.db.rows import micros, moment, stored_case
from adapters.db.tables import CASE, RECEIPT
from adapters.numbers import Numbers
from adapters.programme.refusals import refusal, settle
from adapters.registry import CalendarRegistry, DefinitionRegistry, DirectoryRegistry
from engine.access import Actor
from engine.canonical import parse_instant
from engine.case import Case, CaseId, CommandId
from engine.commands import Command, Open, TakeStep
from engine.directory import Directory
from engine.programme.frequency import Contact, Frequency, crowded
from engine.programme.model import Programme
from engine.programme.obligations import (
    Enrolled,
    Obligation,
    SlotKey,
    brought,
    command_id,
    due_slots,
    region_targets,
)
from engine.programme.readings import At, Reading
from engine.runtime import Accepted, Outcome, Refused

__all__ = ["PROGRAMME", "InForce", "Ran", "Slots", "Submit"]

PROGRAMME: Final = Actor(id="programme", kind="system", channel="worker")

_REST: Final = timedelta(hours=1)
_BEHIND: Final = timedelta(minutes=2)  # a transaction that takes its time, and clocks of other machines

Submit = Callable[[Command], "Future[Outcome]"]

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class InForce:
    """The programme of a day, and since when each of its obligations is one."""

    programme: Programme
    since: Mapping[str, date]


@dataclass(frozen=True, slots=True)
class Ran:
    """What one run did; `more` if it stopped at its limit and not for lack of slots."""

    opened: int = 0
    refused: int = 0
    flagged: int = 0
    more: bool = False


class Slots:
    """Any number of processes may run it. `in_force` gives the programme of a moment, if there is one."""

    def __init__(
        self,
        database: Database,
        *,
        calendars: CalendarRegistry,
        definitions: DefinitionRegistry,
        directories: DirectoryRegistry,
        numbers: Numbers,
        in_force: Callable[[datetime], InForce | None],
    ) -> None:
        self._database = database
        self._calendars = calendars
        self._definitions = definitions
        self._directories = directories
        self._numbers = numbers
        self._in_force = in_force
        self._looked_at: dict[str, int] = {}
        self._refused_at: dict[str, datetime] = {}

    def run(self, submit: Submit, now: datetime, limit: int) -> Ran:
        """Open at most `limit` slots that are due to exist and do not yet; flag what is crowded."""
        found = self._in_force(now)
        if found is None:
            return Ran()
        today = self._calendars.current(found.programme.calendar).local_date(now)
        opened, refused, more = self._open_due(found, submit, now, today=today, limit=limit)
        flagged = sum(
            self._flag(name, frequency, found.programme, submit, now=now)
            for name, frequency in found.programme.frequency.items()
        )
        return Ran(opened, refused, flagged, more)

    # Opening

    def _open_due(
        self, found: InForce, submit: Submit, now: datetime, *, today: date, limit: int
    ) -> tuple[int, int, bool]:
        resting: list[str] = []
        missing = list(islice(self._wanted(found, now, today, resting), limit + 1))
        obligations, directory = found.programme.obligations, self._directories.current()
        before = self._receipts(command_id(key) for key in missing[:limit])
        waiting = [
            (key, submit(self._opening(obligations[key.obligation], key, directory, now, today=today)))
            for key in missing[:limit]
            if command_id(key) not in before
        ]
        answers = {command_id(key): future.result() for key, future in waiting}
        receipts = {**before, **self._answered(answers)}
        self._refused_at |= dict.fromkeys(answers.keys() - receipts.keys(), now)
        self._write((key for key in missing[:limit] if command_id(key) in receipts), receipts)
        self._settle(answers, receipts, now, missing=missing[limit:], resting=resting)
        return len(receipts), min(len(missing), limit) - len(receipts), len(missing) > limit

    def _wanted(self, found: InForce, now: datetime, today: date, resting: list[str]) -> Iterator[SlotKey]:
        """What is missing; the commands of what rests go to `resting`."""
        for key in self._missing(found, today):
            if self._rests(key, now):
                resting.append(command_id(key))
            else:
                yield key

    def _settle(
        self,
        answers: Mapping[str, Outcome],
        receipts: Mapping[str, tuple[str, int]],
        now: datetime,
        *,
        missing: Sequence[SlotKey],
        resting: Sequence[str],
    ) -> None:
        """Say what could not be opened; with some still `missing` it is not known what else is no longer asked for."""
        refused = [
            refusal(command, command, outcome.error)
            for command, outcome in answers.items()
            if isinstance(outcome, Refused) and command not in receipts
        ]
        settle(self._database, "slot", refused, now, about=receipts if missing else None, but=resting)

    def _rests(self, key: SlotKey, now: datetime) -> bool:
        """Refused a short while ago: what cannot be opened must not keep the others from being opened."""
        refused = self._refused_at.get(command_id(key))
        return refused is not None and refused <= now < refused + _REST

    def _missing(self, found: InForce, today: date) -> Iterator[SlotKey]:
        """Slots that are due to exist and have no row, of each obligation the newest period first."""
        regions = partial(region_targets, self._directories.current())
        for name, obligation in found.programme.obligations.items():
            since = found.since.get(name, today)
            present = self._present(name, since)
            spells = partial(self._spells, calendar=found.programme.calendar)
            for key in due_slots(name, obligation, since=since, on=today, regions=regions, spells=spells):
                if (key.target.id, str(key.period)) not in present:
                    yield key

    def _present(self, obligation: str, since: date) -> set[tuple[str, str]]:
        query = select(SLOT.c.target, SLOT.c.period).where(
            SLOT.c.obligation == obligation, SLOT.c.last >= since.isoformat()
        )
        with self._database.reading() as connection:
            return {(row.target, row.period) for row in connection.execute(query)}

    def _spells(self, list_name: str, *, calendar: str) -> list[Enrolled]:
        day = self._calendars.current(calendar).local_date
        columns = (MEMBERSHIP.c.subject, MEMBERSHIP.c.region, MEMBERSHIP.c.since, MEMBERSHIP.c.until)
        query = (
            select(*columns)
            .where(MEMBERSHIP.c.list == list_name)
            .order_by(MEMBERSHIP.c.subject, MEMBERSHIP.c.n)
        )
        with self._database.reading() as connection:
            return [
                Enrolled(
                    row.subject,
                    row.region,
                    day(moment(row.since)),
                    # It left during that day: the day before is the last whole one.
                    None if row.until is None else day(moment(row.until)) - timedelta(days=1),
                )
                for row in connection.execute(query)
            ]

    def _opening(
        self, obligation: Obligation, key: SlotKey, directory: Directory, now: datetime, *, today: date
    ) -> Open:
        return Open(
            id=CommandId(command_id(key)),
            case=self._numbers.next(now),
            actor=PROGRAMME,
            workflow=obligation.workflow,
            region=key.target.region,
            subject=key.target.subject,
            data=brought(obligation, key, directory, today),
        )

    def _answered(self, answers: Mapping[str, Outcome]) -> dict[str, tuple[str, int]]:
        """Receipts of what was opened now, or before with other data: a unit may have changed since."""
        found = {}
        refused = []
        for command, outcome in answers.items():
            if isinstance(outcome, Accepted):
                at = parse_instant(outcome.receipt["at"])
                found[command] = (outcome.receipt["case"], micros(at))
            elif isinstance(outcome, Refused):
                refused.append(command)
                log.warning(
                    "slot_refused", slot=command, code=outcome.error.code, reason=outcome.error.message
                )
        return {**found, **self._receipts(refused)}

    def _receipts(self, commands: Iterable[str]) -> dict[str, tuple[str, int]]:
        """The case and the moment under each idempotency key that has been used."""
        wanted = list(commands)
        if not wanted:
            return {}
        query = select(RECEIPT.c.command, RECEIPT.c.case_id, RECEIPT.c.at).where(
            RECEIPT.c.command.in_(wanted)
        )
        with self._database.reading() as connection:
            return {row.command: (row.case_id, row.at) for row in connection.execute(query)}

    def _write(self, keys: Iterable[SlotKey], receipts: Mapping[str, tuple[str, int]]) -> None:
        rows = [_row(key, *receipts[command_id(key)]) for key in keys]
        if rows:
            with self._database.writing() as connection:
                connection.execute(_KEEP, rows)

    # Frequency

    def _flag(
        self, name: str, frequency: Frequency, programme: Programme, submit: Submit, *, now: datetime
    ) -> int:
        """Take the step on planned cases that crowd their subject; looks only after a case of the workflow has moved."""
        moved = self._moved(name, frequency.workflow)
        if moved is None:
            return 0
        contacts = self._contacts(frequency, programme, now)
        waiting = [
            submit(_flagging(name, frequency, contact, number))
            for contact, number in crowded(contacts, most=frequency.most, days=frequency.days)
        ]
        taken = sum(isinstance(future.result(), Accepted) for future in waiting)
        # What was decided before, here or elsewhere, may be committed only now: it is looked at again until that is over.
        self._looked_at[name] = min(moved, micros(now - _BEHIND))
        return taken

    def _moved(self, name: str, workflow: str) -> int | None:
        """When the last case of the workflow moved, if one did after what was seen for good."""
        query = (
            select(CASE.c.at)
            .where(CASE.c.at > self._looked_at.get(name, -1), CASE.c.workflow == workflow)
            .order_by(CASE.c.at.desc())
            .limit(1)
        )
        with self._database.reading() as connection:
            return connection.scalar(query)

    def _contacts(self, frequency: Frequency, programme: Programme, now: datetime) -> list[Contact]:
        """Cases that may share a span with one that is planned: every open one, and those that moved within the span."""
        versions = self._definitions.versions(frequency.workflow)
        reading = Reading(versions)
        at = At(now, self._calendars.current(programme.calendar))
        planned, counts = (reading.compiled(each, {}) for each in (frequency.planned, frequency.counts))
        found = []
        for case in self._recent(frequency, now):
            read = partial(reading.value, case=case, at=at)
            is_planned = case.is_open and planned.holds(read)
            if is_planned or counts.holds(read):
                found.append(_contact(frequency, case, at, is_planned=is_planned))
        return found

    def _recent(self, frequency: Frequency, now: datetime) -> Sequence[Case]:
        after = micros(now - timedelta(days=frequency.days + 1))
        query = select(CASE.c.body, CASE.c.head).where(
            and_(
                CASE.c.workflow == frequency.workflow,
                CASE.c.subject != "",
                or_(CASE.c.ended == "", CASE.c.at >= after),
            )
        )
        with self._database.reading() as connection:
            return [stored_case(row.body, row.head) for row in connection.execute(query)]


_KEEP: Final = text("""
    INSERT INTO slot (obligation, target, period, region, first, last, case_id, opened_at)
    VALUES (:obligation, :target, :period, :region, :first, :last, :case_id, :opened_at)
    ON CONFLICT DO NOTHING
""")


def _row(key: SlotKey, case: str, at: int) -> dict[str, Any]:
    return {
        "obligation": key.obligation,
        "target": key.target.id,
        "period": str(key.period),
        "region": key.target.region,
        "first": key.first.isoformat(),
        "last": key.last.isoformat(),
        "case_id": case,
        "opened_at": at,
    }


def _contact(frequency: Frequency, case: Case, at: At, *, is_planned: bool) -> Contact:
    said = case.data.get(frequency.day or "")
    day = date.fromisoformat(said) if said else at.calendar.local_date(case.opened_at)
    flagged = case.data.get(frequency.number, 0) if frequency.step in case.taken else 0
    return Contact(case.id, case.subject, day, is_planned, flagged)


def _flagging(name: str, frequency: Frequency, contact: Contact, number: int) -> TakeStep:
    return TakeStep(
        id=CommandId(f"programme/frequency/{name}/{contact.case}/{number}"),
        case=CaseId(contact.case),
        actor=PROGRAMME,
        step=frequency.step,
        data={frequency.number: number},
    )

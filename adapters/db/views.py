"""What people see: lists, counts, the inbox, one case, its history, and what the system owes. Reads only.

Everything about cases takes the caller's `Reach`; outside of it a case looks as if it did not exist. The operator at
the machine reads with a reach of the root regions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select, text, tuple_, union_all

from adapters.db import rows
from adapters.db.access import readable, under, waiting_for
from adapters.db.aside import RING
from adapters.db.cursor import after, cursor
from adapters.db.database import Database
from adapters.db.history import history
from adapters.db.programme_tables import REFUSAL
from adapters.db.tables import (
    BEAT,
    CASE,
    CASE_IS_OPEN,
    HOLDING,
    RECEIPT,
    SECRET,
    TASK,
    TASK_IS_DEAD,
    TASK_IS_OPEN,
)
from engine.access import Actor, Reach
from engine.case import Case, CaseId, Holder

_NEVER = 2**63 - 1  # what is not due comes last


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What to list; None is "any". `open` leaves out settled and final cases.

    `text` is a part of the number, or the whole of the one under which the case was taken over.
    """

    workflow: str | None = None
    state: str | None = None
    region: str | None = None
    subject: str | None = None
    ended: str | None = None
    open: bool | None = None
    late: bool | None = None
    unit: str | None = None
    person: str | None = None
    role: str | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """`next` is where the following page begins; empty on the last one."""

    cases: tuple[Case, ...]
    next: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """One line of an inbox: the case, or its lane `lane`, and when its clock is due (None while it stands still)."""

    case: Case
    lane: str
    holder: Holder
    state: str
    due_at: datetime | None
    clock: str


@dataclass(frozen=True, slots=True)
class RefusedAlike:
    """So many commands of the programme (`kind`: list, slot or proposal) are refused for the same reason."""

    kind: str
    code: str
    reason: str
    number: int


@dataclass(frozen=True, slots=True)
class Owed:
    """What the system owes as of `at`: `overdue_timers` is 0 when no obligation due before `at` is unfired.

    `set_aside` are cases that failed to ring and rest for an hour: their obligations are not among the overdue timers.
    """

    at: datetime
    overdue_timers: int
    oldest_timer: datetime | None
    open_cases: int
    late_cases: int
    set_aside: int
    tasks: Mapping[str, int]
    beats: Mapping[str, datetime]
    refused: Sequence[RefusedAlike] = ()


class Views:
    def __init__(self, database: Database) -> None:
        self._database = database

    def case(self, case: CaseId, reach: Reach) -> Case | None:
        if "\x00" in case:
            return None
        found = self._cases(_CASES.where(CASE.c.id == case, readable(reach)))
        return found[0] if found else None

    def list_cases(self, reach: Reach, wanted: Filter, *, limit: int = 50, start: str = "") -> Page:
        """The last moved first. `start` is `Page.next` of the page before. Errors: `InvalidCursor`."""
        query = _CASES.where(*_conditions(reach, wanted)).order_by(CASE.c.at.desc(), CASE.c.id.desc())
        if start:
            query = query.where(tuple_(CASE.c.at, CASE.c.id) < tuple_(*after(start, int, str)))
        found = self._cases(query.limit(limit + 1))
        shown = found[:limit]
        more = len(found) > limit
        return Page(tuple(shown), cursor(rows.micros(shown[-1].at), shown[-1].id) if more else "")

    def count(self, reach: Reach, wanted: Filter) -> int:
        return self._number(select(func.count()).select_from(CASE).where(*_conditions(reach, wanted)))

    def count_by_state(self, reach: Reach, wanted: Filter) -> dict[tuple[str, str], int]:
        """How many cases there are by workflow and state."""
        query = select(CASE.c.workflow, CASE.c.state, func.count()).where(*_conditions(reach, wanted))
        with self._database.reading() as connection:
            grouped = connection.execute(query.group_by(CASE.c.workflow, CASE.c.state))
            return {(workflow, state): number for workflow, state, number in grouped}

    def inbox(self, actor: Actor, *, limit: int = 100, start: str = "") -> tuple[list[Held], str]:
        """What waits for the actor, the earliest due first, and where the next page begins. Errors: `InvalidCursor`."""
        due = func.coalesce(HOLDING.c.due_at, _NEVER)
        keys = (due, HOLDING.c.case_id, HOLDING.c.lane)
        query = _INBOX.where(waiting_for(actor)).order_by(*keys)
        if start:
            query = query.where(tuple_(*keys) > tuple_(*after(start, int, str, str)))
        with self._database.reading() as connection:
            found = connection.execute(query.limit(limit + 1)).all()
        last = found[limit - 1] if len(found) > limit else None
        place = (
            cursor(_NEVER if last.due_at is None else last.due_at, last.case_id, last.lane) if last else ""
        )
        return [_held(row) for row in found[:limit]], place

    def inbox_size(self, actor: Actor) -> int:
        return self._number(select(func.count()).select_from(_HELD_CASES).where(waiting_for(actor)))

    def history(
        self, case: CaseId, *, until: int | None = None, as_of: datetime | None = None
    ) -> list[bytes]:
        """Event bytes, seq ascending; fold them for the state as of then. Ask for the `case` first: no reach is asked here."""
        return history(self._database, case, until=until, as_of=as_of)

    def secrets(self, case: CaseId) -> dict[str, bytes]:
        """Commitment to personal value, of all that has not been erased. Who may see them is decided by the caller."""
        query = select(SECRET.c.commitment, SECRET.c.value).where(SECRET.c.case_id == case)
        with self._database.reading() as connection:
            return {row.commitment: row.value for row in connection.execute(query)}

    def case_ids(self, *, after: str = "", limit: int = 1000) -> list[CaseId]:
        """The next ids in byte order, for walks over everything (replay, recount)."""
        query = select(CASE.c.id).where(CASE.c.id > after).order_by(CASE.c.id).limit(limit)
        with self._database.reading() as connection:
            return [CaseId(case) for case in connection.scalars(query)]

    def owed(self, at: datetime) -> Owed:
        """Figures for `bihuan status` and the metrics; each is exact, all are of nearly the same moment."""
        until = CASE.c.wake_at < rows.micros(at)
        with self._database.reading() as connection:
            overdue, oldest = connection.execute(
                select(func.count(), func.min(CASE.c.wake_at)).where(until)
            ).one()
            open_cases, late = connection.execute(_OPEN_AND_LATE).one()
            return Owed(
                at=at,
                overdue_timers=overdue,
                oldest_timer=rows.moment_or_none(oldest),
                open_cases=open_cases,
                late_cases=late,
                set_aside=connection.scalar(_SET_ASIDE) or 0,
                tasks={
                    "ready": 0,
                    "leased": 0,
                    "dead": 0,
                    **{row.state: row.number for row in connection.execute(_UNFINISHED)},
                },
                beats={worker: rows.moment(beat) for worker, beat in connection.execute(select(BEAT))},
                refused=[RefusedAlike(*row) for row in connection.execute(_REFUSED)],
            )

    def _cases(self, query: Select[bytes, str]) -> list[Case]:
        with self._database.reading() as connection:
            return [rows.stored_case(body, head) for body, head in connection.execute(query)]

    def _number(self, query: Select[int]) -> int:
        with self._database.reading() as connection:
            return connection.scalar(query) or 0


_CASES: Select[bytes, str] = select(CASE.c.body, CASE.c.head)
_HELD_CASES = HOLDING.join(CASE, CASE.c.id == HOLDING.c.case_id)
_INBOX = select(HOLDING, CASE.c.body, CASE.c.head).select_from(_HELD_CASES)
# One count for each partial index, so that finished tasks are never looked at.
_UNFINISHED = union_all(
    *(
        select(TASK.c.state, func.count().label("number")).where(text(condition)).group_by(TASK.c.state)
        for condition in (TASK_IS_OPEN, TASK_IS_DEAD)
    )
)
_OPEN_AND_LATE = select(func.count(), func.count().filter(CASE.c.late)).where(text(CASE_IS_OPEN))
_REFUSED = (
    select(REFUSAL.c.kind, REFUSAL.c.code, REFUSAL.c.reason, func.count())
    .group_by(REFUSAL.c.kind, REFUSAL.c.code, REFUSAL.c.reason)
    .order_by(func.count().desc(), REFUSAL.c.kind, REFUSAL.c.code, REFUSAL.c.reason)
)
_SET_ASIDE = (
    select(func.count())
    .select_from(TASK.join(CASE, and_(CASE.c.id == TASK.c.case_id, CASE.c.seq == TASK.c.seq)))
    .where(text(f"task.{TASK_IS_DEAD}"), TASK.c.kind == RING)
)


def _conditions(reach: Reach, wanted: Filter) -> list[ColumnElement[bool]]:
    if any("\x00" in word for word in _words(wanted)):
        return [false()]  # no such row can exist, and PostgreSQL would refuse the question
    exact = {
        CASE.c.workflow: wanted.workflow,
        CASE.c.state: wanted.state,
        CASE.c.subject: wanted.subject,
        CASE.c.ended: wanted.ended,
        CASE.c.late: wanted.late,
    }
    conditions = [readable(reach), *(column == value for column, value in exact.items() if value is not None)]
    if wanted.region is not None:
        conditions.append(under(CASE.c.region, wanted.region))
    if wanted.open is not None:
        conditions.append(CASE.c.ended == "" if wanted.open else CASE.c.ended != "")
    if wanted.text:
        conditions.append(or_(CASE.c.id.contains(wanted.text, autoescape=True), _taken_over_as(wanted.text)))
    if held := _held_by(wanted):
        conditions.append(CASE.c.id.in_(select(HOLDING.c.case_id).where(and_(*held))))
    return conditions


def _taken_over_as(number: str) -> ColumnElement[bool]:
    """The case under whose key a work order of another system was taken over (`adapters/importing/workorders.py`)."""
    return CASE.c.id.in_(select(RECEIPT.c.case_id).where(RECEIPT.c.command == f"import/{number}"))


def _words(wanted: Filter) -> list[str]:
    return [value for name in Filter.__slots__ if isinstance(value := getattr(wanted, name), str)]


def _held_by(wanted: Filter) -> list[ColumnElement[bool]]:
    exact = {HOLDING.c.unit: wanted.unit, HOLDING.c.person: wanted.person, HOLDING.c.role: wanted.role}
    return [column == value for column, value in exact.items() if value is not None]


def _held(row: Any) -> Held:
    return Held(
        case=rows.stored_case(row.body, row.head),
        lane=row.lane,
        holder=Holder(row.role, row.unit, row.person),
        state=row.state,
        due_at=rows.moment_or_none(row.due_at),
        clock=row.clock,
    )

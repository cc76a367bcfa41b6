"""Tasks: claimed with a lease, performed outside any transaction, finished or failed by whoever still holds the lease.

A worker that dies loses its lease and the task comes back; after eight tries it is dead: listed, counted, re-runnable.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NewType

import orjson
from sqlalchemy import ColumnElement, Update, and_, case, literal_column, or_, select, text, update

from adapters.db import rows
from adapters.db.database import Database
from adapters.db.tables import TASK, TASK_IS_OPEN
from engine.case import CaseId, CommandId

TaskId = NewType("TaskId", str)

MOST_ATTEMPTS: Final = 8
_SILENT: Final = "no answer: the worker ended or took longer than its lease"


@dataclass(frozen=True, slots=True)
class Task:
    """`id` is also the key under which the world is asked: performing twice must be harmless. `attempts` counts this one.

    `command` made the event that asked for the task; for a case that failed to ring, its last event.
    """

    id: TaskId
    kind: str
    case: CaseId
    seq: int
    n: int
    command: CommandId
    effect: Mapping[str, Any]
    due_at: datetime
    state: str
    attempts: int
    last_error: str


class Tasks:
    def __init__(self, database: Database) -> None:
        self._database = database

    def due(self, now: datetime, limit: int) -> list[TaskId]:
        """Ids to hint at, the earliest first: ready and due, or with a lease that ran out. Nothing is claimed."""
        with self._database.reading() as connection:
            return [TaskId(task) for task in connection.scalars(_claimable(now, limit))]

    def claim(self, task: TaskId, owner: str, now: datetime, lease: timedelta) -> Task | None:
        """Lease one task; None if it is not due, done, or somebody else's. Held for `lease` even if the worker dies."""
        found = self._claim(and_(TASK.c.id == task, _is_claimable(now)), owner, now, lease)
        return found[0] if found else None

    def claim_ready(self, owner: str, now: datetime, lease: timedelta, limit: int) -> list[Task]:
        """Lease at most `limit` due tasks, the earliest first; those that another is just claiming are skipped."""
        chosen = _claimable(now, limit).with_for_update(skip_locked=True)
        found = self._claim(TASK.c.id.in_(chosen), owner, now, lease)
        return sorted(found, key=lambda task: (task.due_at, task.id))

    def claim_all(self, tasks: Collection[TaskId], owner: str, now: datetime, lease: timedelta) -> list[Task]:
        """Lease those of `tasks` that `claim` would lease, in one transaction, in the order of their ids."""
        wanted = select(TASK.c.id).where(TASK.c.id.in_(tasks), _is_claimable(now)).order_by(TASK.c.id)
        found = self._claim(TASK.c.id.in_(wanted.with_for_update(skip_locked=True)), owner, now, lease)
        return sorted(found, key=lambda task: task.id)

    def finish(self, task: TaskId, owner: str, now: datetime) -> bool:
        """False if the lease was lost; then somebody else does it again."""
        return self._settle(_held(task, owner).values(state="done", done_at=rows.micros(now), **_NO_LEASE))

    def finish_all(self, tasks: Collection[TaskId], owner: str, now: datetime) -> int:
        """How many of `tasks` were still held and are done now, in one transaction."""
        done = update(TASK).where(TASK.c.id.in_(tasks), TASK.c.state == "leased", TASK.c.lease_owner == owner)
        with self._database.writing() as connection:
            return connection.execute(
                done.values(state="done", done_at=rows.micros(now), **_NO_LEASE)
            ).rowcount

    def give_up(self, task: TaskId, owner: str, error: str) -> bool:
        """Dead at once, for what can never succeed. False if the lease was lost."""
        return self._settle(_held(task, owner).values(state="dead", last_error=error, **_NO_LEASE))

    def fail(self, task: TaskId, owner: str, error: str, retry_at: datetime) -> bool:
        """Try again at `retry_at`, or give it up as dead after the eighth attempt. False if the lease was lost."""
        is_last = TASK.c.attempts >= MOST_ATTEMPTS
        return self._settle(
            _held(task, owner).values(
                state=case((is_last, "dead"), else_="ready"),
                due_at=rows.micros(retry_at),
                last_error=error,
                **_NO_LEASE,
            )
        )

    def bury(self, now: datetime) -> int:
        """Give up tasks whose eighth worker never answered; returns how many. For the sweeper."""
        lost = and_(_lease_ran_out(now), TASK.c.attempts >= MOST_ATTEMPTS)
        with self._database.writing() as connection:
            buried = update(TASK).where(lost).values(state="dead", last_error=_SILENT, **_NO_LEASE)
            return connection.execute(buried).rowcount

    def rerun(self, task: TaskId, now: datetime) -> bool:
        """Give a dead task eight more tries. False if it is not dead."""
        again = update(TASK).where(TASK.c.id == task, TASK.c.state == "dead")
        return self._settle(again.values(state="ready", attempts=0, due_at=rows.micros(now)))

    def listed(self, state: str, *, limit: int = 100, after: str = "") -> list[Task]:
        """Tasks of a state in the order of their ids."""
        query = (
            select(TASK, _COMMAND)
            .where(TASK.c.state == state, TASK.c.id > after)
            .order_by(TASK.c.id)
            .limit(limit)
        )
        with self._database.reading() as connection:
            return [_task(row) for row in connection.execute(query)]

    def beat(self, worker: str, now: datetime) -> None:
        """The worker says that it is there."""
        with self._database.writing() as connection:
            connection.execute(_BEAT, {"worker": worker, "at": rows.micros(now)})

    def _claim(self, which: ColumnElement[bool], owner: str, now: datetime, lease: timedelta) -> list[Task]:
        leased = (
            update(TASK)
            .where(which)
            .values(
                state="leased",
                attempts=TASK.c.attempts + 1,
                lease_owner=owner,
                lease_until=rows.micros(now + lease),
            )
            .returning(*TASK.c, _COMMAND)
        )
        with self._database.writing() as connection:
            return [_task(row) for row in connection.execute(leased)]

    def _settle(self, change: Update) -> bool:
        with self._database.writing() as connection:
            return connection.execute(change).rowcount == 1


_BEAT: Final = text("""
    INSERT INTO beat (worker, at) VALUES (:worker, :at) ON CONFLICT (worker) DO UPDATE SET at = excluded.at
""")
# In words: within RETURNING, SQLAlchemy leaves out the names of tables for SQLite, and `seq = seq` is always true.
_COMMAND: Final[ColumnElement[str]] = literal_column(
    "(SELECT event.command FROM event WHERE event.case_id = task.case_id AND event.seq = task.seq)"
).label("command")
_NO_LEASE: Final[dict[str, None]] = {"lease_owner": None, "lease_until": None}


def _lease_ran_out(now: datetime) -> ColumnElement[bool]:
    return and_(text(TASK_IS_OPEN), TASK.c.state == "leased", TASK.c.lease_until <= rows.micros(now))


def _is_claimable(now: datetime) -> ColumnElement[bool]:
    return and_(
        text(TASK_IS_OPEN),
        TASK.c.due_at <= rows.micros(now),
        or_(TASK.c.state == "ready", _lease_ran_out(now)),
        TASK.c.attempts < MOST_ATTEMPTS,
    )


def _claimable(now: datetime, limit: int) -> Any:
    return select(TASK.c.id).where(_is_claimable(now)).order_by(TASK.c.due_at, TASK.c.id).limit(limit)


def _held(task: TaskId, owner: str) -> Update:
    return update(TASK).where(TASK.c.id == task, TASK.c.state == "leased", TASK.c.lease_owner == owner)


def _task(row: Any) -> Task:
    return Task(
        id=TaskId(row.id),
        kind=row.kind,
        case=CaseId(row.case_id),
        seq=row.seq,
        n=row.n,
        command=CommandId(row.command),
        effect=orjson.loads(row.body),
        due_at=rows.moment(row.due_at),
        state=row.state,
        attempts=row.attempts,
        last_error=row.last_error or "",
    )

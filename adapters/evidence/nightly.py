"""The replay of every case once a local day, in slices, and at its end the tree: any process may go on where another ended.

A run is a row of its day. Who works on it holds a lease; a slice reads without a lock and writes its sums in a short transaction.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from adapters.db.database import Database
from adapters.db.evidence_tables import REPLAY_RUN
from adapters.db.rows import micros, moment, moment_or_none
from adapters.evidence.journal import Journal
from adapters.evidence.replaying import Replays, Slice, Verified
from adapters.evidence.sound import FAULTS_KEPT
from adapters.evidence.tree_check import TreeCheck
from engine import canonical
from engine.audit.journal import EntryType

__all__ = ["AFTER", "SLICE", "Nightly", "ReplayRun"]

AFTER: Final = timedelta(hours=1)  # past local midnight
SLICE: Final = 100  # events: some fifteen milliseconds, so that people and clocks have their turn
_LEASE: Final = timedelta(minutes=2)
_LONG_LEASE: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class ReplayRun:
    """One night's replay; without `finished_at` it is under way."""

    day: str
    started_at: datetime
    finished_at: datetime | None
    cases: int
    events: int
    divergences: int
    faults: tuple[str, ...]

    def as_data(self) -> dict[str, Any]:
        return {
            "cases": self.cases,
            "day": self.day,
            "divergences": self.divergences,
            "events": self.events,
            "faults": list(self.faults),
            "finished_at": canonical.instant(self.finished_at) if self.finished_at else None,
            "started_at": canonical.instant(self.started_at),
        }


class Nightly:
    """`local_date` says which day it is for the office."""

    def __init__(
        self,
        database: Database,
        replays: Replays,
        tree: TreeCheck,
        journal: Journal,
        local_date: Callable[[datetime], date],
    ) -> None:
        self._database = database
        self._replays = replays
        self._tree = tree
        self._journal = journal
        self._local_date = local_date

    def run(self, now: datetime, *, worker: str, events: int = SLICE) -> bool:
        """Replay one slice if a run is due and nobody else is at it; whether more slices wait.

        The last one also holds every event against the tree, which takes seconds where there are very many.
        Errors: `StoreUnavailable`.
        """
        day = self._local_date(now - AFTER).isoformat()
        last = self._leased(day, worker, now)
        if last is None:
            return False
        found = self._replays.slice(last, events=events)
        if not found.last:
            found = Slice(found.verified + self._in_tree(day, worker, now), "")
        with self._database.writing() as connection:
            return self._add(connection, day, worker, found, now)

    def latest(self) -> ReplayRun | None:
        """The run of the last day that had one, finished or not."""
        with self._database.reading() as connection:
            row = connection.execute(_RUNS.limit(1)).first()
        return _run(row) if row else None

    def divergences(self) -> int:
        """Of the last two runs the more: one that has only begun does not hide what the one before found."""
        with self._database.reading() as connection:
            return max((row.divergences for row in connection.execute(_RUNS.limit(2))), default=0)

    def _leased(self, day: str, worker: str, now: datetime) -> str | None:
        """The case up to which today's run has come; None if it is finished or somebody else's."""
        lease = {"worker": worker, "leased_until": micros(now + _LEASE)}
        with self._database.reading() as connection:
            row = connection.execute(select(REPLAY_RUN).where(REPLAY_RUN.c.day == day)).first()
        if row is None:
            return self._begun(day, lease, now)
        is_leased = row.leased_until > micros(now)
        if row.finished_at is not None or (row.worker != worker and is_leased):
            return None
        if is_leased:
            return str(row.last)
        mine = update(REPLAY_RUN).where(
            REPLAY_RUN.c.day == day, REPLAY_RUN.c.worker == row.worker, REPLAY_RUN.c.last == row.last
        )
        with self._database.writing() as connection:
            taken = connection.execute(mine.values(**lease)).rowcount
        return str(row.last) if taken else None

    def _in_tree(self, day: str, worker: str, now: datetime) -> Verified:
        own = (REPLAY_RUN.c.day == day) & (REPLAY_RUN.c.worker == worker)
        until = micros(now + _LONG_LEASE)  # or another would begin with the tree before this one is through
        with self._database.writing() as connection:
            connection.execute(update(REPLAY_RUN).where(own).values(leased_until=until))
        sound = self._tree.of()
        faults = tuple(str(fault) for fault in sound.faults)
        return Verified(divergences=sound.found, found=sound.found, faults=faults)

    def _begun(self, day: str, lease: dict[str, Any], now: datetime) -> str | None:
        nothing = {"cases": 0, "events": 0, "divergences": 0, "faults": canonical.encode([]), "last": ""}
        try:
            with self._database.writing() as connection:
                connection.execute(
                    insert(REPLAY_RUN).values(day=day, started_at=micros(now), **lease, **nothing)
                )
        except IntegrityError:  # another process was first
            return None
        return ""

    def _add(self, connection: Connection, day: str, worker: str, found: Slice, now: datetime) -> bool:
        own = (REPLAY_RUN.c.day == day) & (REPLAY_RUN.c.worker == worker)
        row = connection.execute(select(REPLAY_RUN).where(own)).first()
        if row is None:
            return False  # the lease went to somebody else meanwhile, who replays the same slice
        verified = found.verified
        faults = [*canonical.decode(row.faults), *verified.faults][:FAULTS_KEPT]
        sums = {
            "cases": row.cases + verified.cases,
            "events": row.events + verified.events,
            "divergences": row.divergences + verified.found,
        }
        finished = None if found.last else micros(now)
        values = {**sums, "faults": canonical.encode(faults), "finished_at": finished}
        values |= {"last": found.last or row.last, "leased_until": micros(now + _LEASE)}
        connection.execute(update(REPLAY_RUN).where(own).values(**values))
        if finished:
            told = {**sums, "since": canonical.instant(moment(row.started_at))}
            self._journal.append(connection, EntryType.REPLAYED, told, actor=None, at=now)
        return not finished


_RUNS: Final = select(REPLAY_RUN).order_by(REPLAY_RUN.c.day.desc())


def _run(row: Any) -> ReplayRun:
    return ReplayRun(
        day=row.day,
        started_at=moment(row.started_at),
        finished_at=moment_or_none(row.finished_at),
        cases=row.cases,
        events=row.events,
        divergences=row.divergences,
        faults=tuple(canonical.decode(row.faults)),
    )

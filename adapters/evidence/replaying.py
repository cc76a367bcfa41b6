"""Level 3 over the database: every history decided again, and the stored case against what it comes to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, NamedTuple

from adapters.db.database import Database
from adapters.db.rows import CaseRow, case_row
from adapters.evidence.snapshot import WHOLE, Part, snapshot
from adapters.evidence.sound import FAULTS_KEPT
from adapters.evidence.stored import EVERYTHING, Stored, Wanted, bytes_of, stored_case, stored_cases
from adapters.registry import CalendarRegistry, DefinitionRegistry
from engine.audit.soundness import Examiner, Head, Row, against_cases
from engine.canonical import NotCanonical, loose
from engine.case import Case, CaseId
from engine.replay import replay

__all__ = ["Replays", "Slice", "Verified"]


@dataclass(frozen=True, slots=True)
class Verified:
    """What a replay found: histories whose chain is whole, differences between live and replay, all faults `found`.

    `faults` are the first of them as sentences that each name a case and an event; none of them is a sound history.
    """

    cases: int = 0
    events: int = 0
    chains: int = 0
    divergences: int = 0
    found: int = 0
    faults: tuple[str, ...] = ()

    @property
    def is_sound(self) -> bool:
        return not self.found

    def __add__(self, other: Verified) -> Verified:
        return Verified(
            self.cases + other.cases,
            self.events + other.events,
            self.chains + other.chains,
            self.divergences + other.divergences,
            self.found + other.found,
            (*self.faults, *other.faults)[:FAULTS_KEPT],
        )

    def as_data(self) -> dict[str, Any]:
        return {
            "cases": self.cases,
            "chains_intact": self.chains,
            "divergences": self.divergences,
            "events": self.events,
            "faults": list(self.faults),
        }

    def words(self) -> str:
        return (
            f"{self.cases} cases, {self.events} events: {self.chains} chains intact, "
            f"{self.divergences} divergences between live and replay"
        )


class Slice(NamedTuple):
    """A part of a long replay: what it found, and the last case it looked at; empty once no case follows."""

    verified: Verified
    last: str


class Replays:
    """Reads while others write: each part is replayed as of one moment."""

    def __init__(
        self, database: Database, definitions: DefinitionRegistry, calendars: CalendarRegistry, log: str
    ) -> None:
        self._database = database
        self._definitions = definitions
        self._calendars = calendars
        self._log = log

    def case(self, case: CaseId) -> Verified:
        """One history: what its bytes say against what deciding again gives, and against the stored case."""
        return self._sum(stored_case(self._database, case))

    def of(self, part: Part = WHOLE, wanted: Wanted = EVERYTHING) -> Verified:
        """Histories without a case are found where everything is wanted. Errors: `StoreUnavailable`."""
        return self._sum(stored_cases(self._database, part, wanted))

    def slice(self, after: str, *, events: int) -> Slice:
        """The cases after `after`, until they have about so many events together."""
        query = 'SELECT id, seq FROM "case" WHERE id > ? ORDER BY id LIMIT ?'
        with snapshot(self._database) as found:
            ahead = list(found.rows(query, [after, events]))
        total = list(accumulate(seq if type(seq) is int else 1 for _, seq in ahead))
        taken = 1 + sum(before < events for before in total[:-1]) if ahead else 0
        if not taken:  # histories may follow whose case is gone
            return Slice(self.of(Part(after)), "")
        last = ahead[taken - 1][0]
        return Slice(self.of(Part(after, last)), last)

    def _sum(self, found: Iterator[Stored]) -> Verified:
        return sum((self._one(*each) for each in found), Verified())

    def _one(self, case: str, history: Sequence[Row], row: CaseRow | None) -> Verified:
        examiner = Examiner(self._log, keep=FAULTS_KEPT)
        heads = list(examiner.heads(history))
        again = replay(bytes_of(history), self._definitions.digest, self._calendars.digest)
        stored = [Head(row.id, row.seq, row.head)] if row else []
        apart = [fault for fault in against_cases(heads, stored) if fault]
        is_same = bool(apart) or row is None or _is_same(row, again.case)
        faults = [str(fault) for fault in (*examiner.faults, *apart)]
        faults += [f"{case}#{d.seq}: {d.message} ({d.kind})" for d in again.divergences]
        if not is_same:
            faults.append(f"{case}: 事项现状与按记录推得的不同 (row)")
        divergences = len(again.divergences) + (not is_same)
        is_whole = not examiner.found and not apart
        found = examiner.found + len(apart) + divergences
        return Verified(1, again.events, int(is_whole), divergences, found, tuple(faults[:FAULTS_KEPT]))


def _is_same(row: CaseRow, case: Case | None) -> bool:
    """Every column that lists and limits are made from; and the stored bytes of the case, or at least what they say."""
    if case is None:
        return False
    due = case_row(case)
    if _rests(row, due):
        row = row._replace(wake_at=due.wake_at)
    if row == due:
        return True
    try:
        return row._replace(body=due.body) == due and bool(loose(row.body) == loose(due.body))
    except (NotCanonical, TypeError):
        return False


def _rests(row: CaseRow, due: CaseRow) -> bool:
    """A case that failed to ring is left alone for an hour (adapters/db/aside.py); level 4 asks what was not rung."""
    return type(row.wake_at) is int and due.wake_at is not None and row.wake_at > due.wake_at

"""Level 3 over the database: every history decided again, and the stored case against what it comes to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate, groupby
from operator import itemgetter
from typing import Any, Final, NamedTuple

from adapters.db import rows
from adapters.db.database import Database
from adapters.evidence.snapshot import Part, snapshot
from adapters.evidence.sound import FAULTS_KEPT
from adapters.registry import CalendarRegistry, DefinitionRegistry
from engine.audit.journal import JOURNAL
from engine.audit.soundness import COLUMNS, Examiner, Head, Row, against_cases
from engine.canonical import loose
from engine.case import Case, CaseId
from engine.replay import replay

__all__ = ["Replays", "Slice", "Verified", "Wanted"]


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


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which cases: of a region and all under it, of a workflow, changed since a moment. What is empty asks nothing."""

    region: str = ""
    workflow: str = ""
    since: datetime | None = None

    @property
    def is_everything(self) -> bool:
        return self == Wanted()

    def conditions(self) -> list[tuple[str, str | int]]:
        """SQL over the row `c` of a case, each with its parameter."""
        found: list[tuple[str, str | int]] = []
        if self.region:
            # In byte order everything under 3401 lies between 3401 and 3402: regions nest by their beginnings.
            found += [("c.region >= ?", self.region), ("c.region < ?", _after_all(self.region))]
        if self.workflow:
            found.append(("c.workflow = ?", self.workflow))
        if self.since:
            found.append(("c.at >= ?", rows.micros(self.since)))
        return found


def _after_all(prefix: str) -> str:
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)


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
        return self._judged([("c.id = ?", case)], [("e.case_id = ?", case)])

    def of(self, part: Part = Part(), wanted: Wanted = Wanted()) -> Verified:
        """Histories without a case are found where everything is wanted. Errors: `StoreUnavailable`."""
        inside = [("{} > ?", part.after), *([("{} <= ?", part.until)] if part.until is not None else [])]
        cases = [*((text.format("c.id"), value) for text, value in inside), *wanted.conditions()]
        events = [(text.format("e.case_id"), value) for text, value in inside] if wanted.is_everything else None
        return self._judged(cases, events)

    def slice(self, after: str, *, events: int) -> Slice:
        """The cases after `after`, until they have about so many events together."""
        query = 'SELECT id, seq FROM "case" WHERE id > ? ORDER BY id LIMIT ?'
        with snapshot(self._database) as found:
            ahead = list(found.rows(query, [after, events]))
        total = list(accumulate(seq for _, seq in ahead))
        taken = 1 + sum(before < events for before in total[:-1]) if ahead else 0
        if not taken:
            return Slice(Verified(), "")
        last = ahead[taken - 1][0]
        return Slice(self.of(Part(after, last)), last)

    def _judged(self, cases: Conditions, events: Conditions | None) -> Verified:
        """`events` None: the events of these cases alone."""
        total = Verified()
        with snapshot(self._database) as found:
            stored = found.rows(*_query(_CASES, cases, "c.id"))
            query = _query(_EVENTS_OF, cases, "c.id, e.seq") if events is None else _query(_EVENTS, events, "e.case_id, e.seq")
            histories = groupby(found.rows(*query), key=itemgetter(0))
            for case, history, row in _together(histories, stored):
                if case != JOURNAL:
                    total += self._one(case, history, row)
        return total

    def _one(self, case: str, history: Sequence[Row], row: _CaseRow | None) -> Verified:
        examiner = Examiner(self._log, keep=FAULTS_KEPT)
        heads = list(examiner.heads(history))
        again = replay((data for *_, data in history), self._definitions.digest, self._calendars.digest)
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


class _CaseRow(NamedTuple):
    id: str
    seq: int
    head: str
    body: bytes


Conditions = Sequence[tuple[str, Any]]
_CASES: Final = 'SELECT c.id, c.seq, c.head, c.body FROM "case" c'
_EVENTS: Final = f"SELECT {', '.join(f'e.{name}' for name in COLUMNS)} FROM event e"
_EVENTS_OF: Final = f'SELECT {", ".join(f"e.{name}" for name in COLUMNS)} FROM "case" c JOIN event e ON e.case_id = c.id'


def _query(query: str, conditions: Conditions, order: str) -> tuple[str, list[Any]]:
    where = " AND ".join(text for text, _ in conditions) or "TRUE"
    return f"{query} WHERE {where} ORDER BY {order}", [value for _, value in conditions]


def _together(
    histories: Iterable[tuple[str, Iterable[Row]]], stored: Iterable[tuple[Any, ...]]
) -> Iterator[tuple[str, list[Row], _CaseRow | None]]:
    """Each case with its events and its row, either of which may be missing; both come in the order of cases."""
    cases = iter(stored)
    row = _next(cases)
    for case, history in histories:
        while row and row.id < case:
            yield row.id, [], row
            row = _next(cases)
        if row and row.id == case:
            yield case, list(history), row
            row = _next(cases)
        else:
            yield case, list(history), None
    while row:
        yield row.id, [], row
        row = _next(cases)


def _next(cases: Iterator[tuple[Any, ...]]) -> _CaseRow | None:
    found = next(cases, None)
    return None if found is None else _CaseRow(*found)


def _is_same(row: _CaseRow, case: Case | None) -> bool:
    """The stored bytes of the case, or at least what they say."""
    if case is None:
        return False
    return row.body == case.encoded or loose(row.body) == loose(case.encoded)

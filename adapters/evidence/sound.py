"""Level 1 over the whole database: every row against its bytes, every chain, every case against its last event."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import starmap
from typing import Any, Final

from adapters.db.database import Database
from adapters.evidence.snapshot import WHOLE, Part, snapshot
from engine.audit.soundness import COLUMNS, Examiner, Fault, Head, against_cases

__all__ = ["FAULTS_KEPT", "Sound", "Soundness"]

FAULTS_KEPT: Final = 100  # named one by one; more are counted


@dataclass(frozen=True, slots=True)
class Sound:
    """What level 1 found. `found` counts all faults, `faults` are the first of them, in the order of cases."""

    cases: int = 0
    events: int = 0
    found: int = 0
    faults: tuple[Fault, ...] = ()

    @property
    def is_sound(self) -> bool:
        return not self.found

    def __add__(self, other: Sound) -> Sound:
        return Sound(
            self.cases + other.cases,
            self.events + other.events,
            self.found + other.found,
            (*self.faults, *other.faults)[:FAULTS_KEPT],
        )

    def as_data(self) -> dict[str, Any]:
        return {
            "cases": self.cases,
            "events": self.events,
            "faults": [fault.as_data() for fault in self.faults],
            "found": self.found,
        }


class Soundness:
    """Reads while others write: each part is looked at as of one moment."""

    def __init__(self, database: Database, log: str) -> None:
        self._database = database
        self._log = log

    def of(self, part: Part = WHOLE) -> Sound:
        """Errors: `StoreUnavailable`."""
        examiner = Examiner(self._log, keep=FAULTS_KEPT)
        cases, wrong, faults = 0, 0, []
        with snapshot(self._database) as found:
            rows: Any = found.rows(*_within(_EVENTS, "case_id", part, "case_id, seq"))
            stored = starmap(Head, found.rows(*_within(_CASES, "id", part, "id")))
            for fault in against_cases(examiner.heads(rows), stored):
                cases += 1
                wrong += fault is not None
                if fault and wrong <= FAULTS_KEPT:
                    faults.append(fault)
        every = sorted((*examiner.faults, *faults), key=lambda each: (each.case, each.seq))
        return Sound(cases, examiner.events, examiner.found + wrong, tuple(every[:FAULTS_KEPT]))


_EVENTS: Final = f"SELECT {', '.join(COLUMNS)} FROM event"
_CASES: Final = 'SELECT id, seq, head FROM "case"'


def _within(query: str, key: str, part: Part, order: str) -> tuple[str, list[str]]:
    until = f" AND {key} <= ?" if part.until is not None else ""
    parameters = [part.after] if part.until is None else [part.after, part.until]
    return f"{query} WHERE {key} > ?{until} ORDER BY {order}", parameters

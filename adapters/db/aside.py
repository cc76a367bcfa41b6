"""Cases that failed to ring: left alone for an hour and listed as a dead task, `<case>.ring`, so that somebody looks.

A case counts as set aside until it moves (the task keeps the seq at which it failed); after the hour it rings again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from adapters.db.rows import TaskRow, micros
from engine.canonical import encode
from engine.case import CaseId

RING: Final = "ring"
_REST: Final = timedelta(hours=1)
_BODY: Final = encode({"kind": RING})


@dataclass(frozen=True, slots=True)
class Aside:
    case: CaseId
    error: str
    at: datetime

    @property
    def task(self) -> str:
        return f"{self.case}.{RING}"

    @property
    def until(self) -> int:
        return micros(self.at + _REST)

    def row(self, seq: int, *, attempts: int) -> TaskRow:
        return TaskRow(self.task, RING, self.case, seq, 0, _BODY, micros(self.at), "dead", attempts)


def statements(mark: str) -> tuple[str, str]:
    """What puts a case to rest and what lists it, with the driver's mark for a parameter."""
    rest = f'UPDATE "case" SET wake_at = {mark} WHERE id = {mark}'
    listing = f"""
        INSERT INTO task (id, kind, case_id, seq, n, body, due_at, state, attempts, last_error)
        SELECT {mark}, '{RING}', id, seq, 0, {mark}, {mark}, 'dead', 1, {mark} FROM "case" WHERE id = {mark}
        ON CONFLICT (id) DO UPDATE SET seq = excluded.seq, due_at = excluded.due_at, state = 'dead',
            attempts = task.attempts + 1, last_error = excluded.last_error
    """
    return rest, listing


def parameters(asides: Iterable[Aside]) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """The rows for each of the two statements."""
    found = list(asides)
    return (
        [(aside.until, aside.case) for aside in found],
        [(aside.task, _BODY, micros(aside.at), aside.error, aside.case) for aside in found],
    )

"""Cases kept as values between transactions, so that a row which nobody moved meanwhile need not be read into one again.

A row whose head and body are those of the kept value holds that very value, whoever wrote it and whether or not it was
committed then. The row is always read, and locked.
"""

from __future__ import annotations

from collections.abc import Iterable
from threading import Lock
from typing import Final

from adapters.db import rows
from engine.case import Case, CaseId

CASES_KEPT: Final = 4096


class Shelf:
    """Shared by the units of a store, which run in several threads."""

    def __init__(self, most: int = CASES_KEPT) -> None:
        self._most = most
        self._cases: dict[CaseId, Case] = {}
        self._lock = Lock()

    def cases(self, found: Iterable[tuple[str, str, bytes]]) -> dict[CaseId, Case]:
        """The values of rows (id, head, body)."""
        return {CaseId(case): self._case(CaseId(case), head, body) for case, head, body in found}

    def keep(self, cases: Iterable[Case]) -> None:
        """The latest stay; those that moved longest ago make room."""
        with self._lock:
            for case in cases:
                self._cases.pop(case.id, None)
                self._cases[case.id] = case
            while len(self._cases) > self._most:
                del self._cases[next(iter(self._cases))]

    def _case(self, case: CaseId, head: str, body: bytes) -> Case:
        kept = self._cases.get(case)
        if kept is not None and kept.head == head and kept.encoded == body:
            return kept
        return rows.stored_case(body, head)

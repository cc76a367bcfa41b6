"""Case numbers, reserved in blocks so that opening cases never waits for one counter row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from threading import Lock
from typing import Final

from sqlalchemy import text

from adapters.db.database import Database
from engine.case import CaseId
from engine.numbering import case_number

BLOCK: Final = 100

# One statement, so that two processes that begin a year together both get a block.
_RESERVE: Final = text("""
    INSERT INTO counter (name, next) VALUES (:name, :block + 1)
    ON CONFLICT (name) DO UPDATE SET next = counter.next + :block
    RETURNING next
""")


class Numbers:
    """Gives each number once, also to several processes. Numbers left in a block are lost with the process: gaps are lawful.

    `local_date` says in which year a moment lies for the people who will say the number.
    """

    def __init__(
        self, database: Database, local_date: Callable[[datetime], date], *, block: int = BLOCK
    ) -> None:
        self._database = database
        self._local_date = local_date
        self._block = block
        self._left: dict[int, range] = {}
        self._lock = Lock()

    def next(self, now: datetime) -> CaseId:
        year = self._local_date(now).year
        with self._lock:
            left = self._left.get(year) or self._reserve(year, self._block)
            self._left[year] = left[1:]
            return case_number(year, left[0])

    def take(self, now: datetime, count: int) -> Sequence[CaseId]:
        """So many numbers at once, in one block of their own."""
        year = self._local_date(now).year
        return [case_number(year, n) for n in self._reserve(year, count)] if count else []

    def _reserve(self, year: int, count: int) -> range:
        with self._database.writing() as connection:
            following = connection.execute(_RESERVE, {"name": f"case/{year}", "block": count}).scalar_one()
        return range(following - count, following)

"""Case numbers, reserved in blocks so that opening cases never waits for one counter row."""

from __future__ import annotations

from datetime import datetime
from threading import Lock

from sqlalchemy import insert, select, update

from adapters.db.database import Database
from adapters.db.tables import COUNTER
from engine.case import CaseId
from engine.numbering import case_number

BLOCK = 100


class Numbers:
    """Gives each number once, also to several processes. Numbers left in a block are lost with the process: gaps are lawful."""

    def __init__(self, database: Database, *, block: int = BLOCK) -> None:
        self._database = database
        self._block = block
        self._left: dict[int, range] = {}
        self._lock = Lock()

    def next(self, now: datetime) -> CaseId:
        with self._lock:
            left = self._left.get(now.year) or self._reserve(now.year)
            self._left[now.year] = left[1:]
            return case_number(now.year, left[0])

    def _reserve(self, year: int) -> range:
        name = f"case/{year}"
        with self._database.writing() as connection:
            taken = connection.execute(
                update(COUNTER)
                .where(COUNTER.c.name == name)
                .values(next=COUNTER.c.next + self._block)
                .returning(COUNTER.c.next)
            ).scalar()
            if (
                taken is None
                and connection.scalar(select(COUNTER.c.next).where(COUNTER.c.name == name)) is None
            ):
                connection.execute(insert(COUNTER).values(name=name, next=self._block + 1))
                taken = self._block + 1
        first = int(taken or 0) - self._block
        return range(first, first + self._block)

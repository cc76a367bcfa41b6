"""Which cases somebody asks about, and their histories in the order of the cases, some hundred at a time: memory stays flat."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, true

from adapters.db.access import readable, under
from adapters.db.database import Database
from adapters.db.rows import micros
from adapters.db.tables import CASE, EVENT
from engine.access import Reach
from engine.case import CaseId
from engine.errors import BihuanError

__all__ = ["History", "Selection", "TooManyCases", "require_few"]

History = tuple[CaseId, list[bytes]]
_AT_ONCE = 200  # cases whose histories are read in one question


class TooManyCases(BihuanError):
    """Raised when more cases are asked about than one answer may take."""

    code, kind = "too_many_cases", "invalid"


def require_few(cases: int, most: int, command: str) -> None:
    """Errors: `TooManyCases`, naming the command that does as many as one likes."""
    if cases > most:
        raise TooManyCases(
            f"涉及 {cases} 件事项，一次至多 {most} 件",
            hint=f"缩短期间或缩小区划，或在服务器上用 {command}",
            cases=cases,
            most=most,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Cases within `reach` that lived between two moments: opened before `until`, and still open or moved since `since`.

    `region` is a region and all under it, empty for the whole reach; `workflow` empty for every one.
    """

    reach: Reach
    region: str = ""
    workflow: str = ""
    since: datetime
    until: datetime

    def count(self, database: Database) -> int:
        query = select(func.count()).select_from(CASE).where(self.condition)
        with database.reading() as connection:
            return connection.scalar(query) or 0

    def digests(self, database: Database) -> list[str]:
        """Of the definitions under which the cases stand."""
        query = select(CASE.c.digest).where(self.condition).distinct().order_by(CASE.c.digest)
        with database.reading() as connection:
            return list(connection.scalars(query))

    def rows(self, database: Database) -> Iterator[Any]:
        """The rows of the cases by id, without their bodies."""
        columns = [column for column in CASE.c if column.name != "body"]
        last = ""
        while True:
            query = select(*columns).where(self.condition, CASE.c.id > last).order_by(CASE.c.id)
            with database.reading() as connection:
                page = connection.execute(query.limit(_AT_ONCE)).all()
            if not page:
                return
            yield from page
            last = page[-1].id

    def histories(self, database: Database) -> Iterator[History]:
        """Each case with its events, by case id, seq ascending."""
        for chunk in self.chunks(database):
            yield from chunk

    def chunks(self, database: Database) -> Iterator[list[History]]:
        """The histories by case id, seq ascending, in lists of up to two hundred cases."""
        cases: list[str] = []
        for row in self.rows(database):
            cases.append(row.id)
            if len(cases) == _AT_ONCE:
                yield _histories(database, cases)
                cases = []
        if cases:
            yield _histories(database, cases)

    @property
    def condition(self) -> ColumnElement[bool]:
        still = or_(CASE.c.ended != "final", CASE.c.at >= micros(self.since))
        return and_(
            readable(self.reach),
            CASE.c.opened_at < micros(self.until),
            still,
            under(CASE.c.region, self.region) if self.region else true(),
            CASE.c.workflow == self.workflow if self.workflow else true(),
        )


def _histories(database: Database, cases: list[str]) -> list[History]:
    query = select(EVENT.c.case_id, EVENT.c.data).where(EVENT.c.case_id.in_(cases))
    found: dict[str, list[bytes]] = {case: [] for case in cases}
    with database.reading() as connection:
        for case, data in connection.execute(query.order_by(EVENT.c.case_id, EVENT.c.seq)):
            found[case].append(data)
    return [(CaseId(case), history) for case, history in found.items()]

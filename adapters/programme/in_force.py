"""The programme of a moment, and since when each obligation is one: owed is what a version says that was in force by then."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

from sqlalchemy import select

from adapters.db.database import Database
from adapters.db.programme_tables import PROGRAMME
from adapters.db.rows import moment
from adapters.programme.registry import ProgrammeRegistry, UnknownProgramme
from adapters.programme.slots import InForce
from engine.programme.obligations import first_days

__all__ = ["in_force"]


def in_force(
    database: Database, programmes: ProgrammeRegistry, local_date: Callable[[datetime], date]
) -> Callable[[datetime], InForce | None]:
    """Asks for the programme of a moment; None where none is in force yet."""

    def found(at: datetime) -> InForce | None:
        try:
            programme = programmes.current(at).programme
        except UnknownProgramme:
            return None
        return InForce(programme, first_days(_begun(database, programmes, local_date)))

    return found


def _begun(
    database: Database, programmes: ProgrammeRegistry, local_date: Callable[[datetime], date]
) -> list[tuple[date, list[str]]]:
    """Each version's first day in force: not before it was published, whatever it says."""
    query = select(PROGRAMME.c.version, PROGRAMME.c.effective, PROGRAMME.c.published_at)
    with database.reading() as connection:
        rows = connection.execute(query).all()
    return [
        (
            max(date.fromisoformat(row.effective), local_date(moment(row.published_at))),
            list(programmes.version(row.version).programme.obligations),
        )
        for row in rows
    ]

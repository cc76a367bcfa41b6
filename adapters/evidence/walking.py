"""Walk over the histories of a region and a time: which cases they are, and their bytes, some hundred cases at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, select

from adapters.db.access import readable, under
from adapters.db.database import Database
from adapters.db.rows import micros
from adapters.db.tables import CASE, EVENT
from engine.access import Reach
from engine.case import CaseId

__all__ = ["Walk", "cases_of", "histories"]

_MANY = 200  # cases whose histories are read at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """Cases within `reach` and `region` (empty: all of the reach) that were there between two moments."""

    reach: Reach
    region: str = ""
    since: datetime
    until: datetime


def cases_of(database: Database, walk: Walk) -> list[CaseId]:
    """Opened before `until`, and either still open or moved since `since`; by id."""
    query = select(CASE.c.id).where(_within(walk)).order_by(CASE.c.id)
    with database.reading() as connection:
        return [CaseId(case) for case in connection.scalars(query)]


def histories(database: Database, cases: Sequence[CaseId]) -> Iterator[tuple[CaseId, list[bytes]]]:
    """Each case with its events, seq ascending, in the order given."""
    for start in range(0, len(cases), _MANY):
        some = cases[start : start + _MANY]
        query = (
            select(EVENT.c.case_id, EVENT.c.data)
            .where(EVENT.c.case_id.in_(some))
            .order_by(EVENT.c.case_id, EVENT.c.seq)
        )
        found: dict[str, list[bytes]] = {}
        with database.reading() as connection:
            for case, data in connection.execute(query):
                found.setdefault(case, []).append(data)
        yield from ((case, found.get(case, [])) for case in some)


def _within(walk: Walk) -> ColumnElement[bool]:
    lived = and_(
        CASE.c.opened_at < micros(walk.until), or_(CASE.c.ended != "final", CASE.c.at >= micros(walk.since))
    )
    parts = [readable(walk.reach), lived]
    if walk.region:
        parts.append(under(CASE.c.region, walk.region))
    return and_(*parts)

"""The stored bytes of events, as they were hashed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from adapters.db import rows
from adapters.db.database import Database
from adapters.db.tables import EVENT
from engine.case import CaseId


def history(
    database: Database, case: CaseId, *, until: int | None = None, as_of: datetime | None = None
) -> list[bytes]:
    """The events of a case, seq ascending: up to seq `until`, or up to the moment `as_of`, both included."""
    query = select(EVENT.c.data).where(EVENT.c.case_id == case).order_by(EVENT.c.seq)
    if until is not None:
        query = query.where(EVENT.c.seq <= until)
    if as_of is not None:
        query = query.where(EVENT.c.at <= rows.micros(as_of))
    with database.reading() as connection:
        return list(connection.scalars(query))
